"""Write what was calibrated as a scenario that inherits the one it began with, with its demand and tables."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ...scenarios.scenario import load_scenario
from ...scenarios.trips import VEHICLE_CLASSES, TripTable
from ..observers import link_totals
from ..run import network_of, trips_of
from ..simulation import Simulation
from .losses import geh, nrmse

if TYPE_CHECKING:
    from .before import Before
    from .gauss_newton import Fitted
    from .setting import Setting
    from .trust import Trust

SCENARIO, TRIPS, PARAMETERS, COUNTS = "calibrated.yaml", "trips.csv", "parameters.csv", "counts.csv"


def write_tables(setting: Setting, before: Before, found: Fitted, trust: Trust, out: Path) -> None:
    """Write the scenario, its trips, and tables of parameters and counts."""
    number = setting.numbers(found.values[np.newaxis])[0]
    trips, _, parent = setting.groups.trips(number, setting.scenario.seed)
    _write_trips(out / TRIPS, setting.groups.bound(trips, parent), setting.network.links.id)
    _write_scenario(setting, found, out)
    parameters, own = setting.parameters, setting.own
    columns = ("parameter", "kind", "unit", "scenario", "prior", "calibrated", "low", "high", "seen_share")
    rows = (
        (
            *(one.name, one.kind, one.unit, own[row], one.prior, found.values[row]),
            *(trust.low[row], trust.high[row], trust.known[row]),
        )
        for row, one in enumerate(parameters)
    )
    _write(out / PARAMETERS, columns, rows)
    observed, simulated = setting.loss.observed, found.simulated.counts[0]
    hours = (observed.end_s - observed.start_s) / 3600.0
    value = geh(simulated / hours, observed.value / hours)
    counts = (
        (
            *(observed.sensor_id[row], setting.network.links.id[observed.link[row]]),
            *(observed.start_s[row], observed.end_s[row], observed.value[row], simulated[row]),
            *(before.floor[row], value[row], "fitted" if observed.weight[row] > 0.0 else "left out"),
        )
        for row in range(len(observed))
    )
    _write(
        out / COUNTS,
        ("sensor", "link", "start_s", "end_s", "observed", "simulated", "floor", "geh", "used"),
        counts,
    )


def run_as_written(setting: Setting, out: Path) -> float:
    """NRMSE of the written scenario with everything that a run has: route choice, events, all who travel."""
    scenario = load_scenario(out / SCENARIO)
    network = network_of(scenario)
    simulation = Simulation(scenario, network, trips_of(scenario, network))
    observed = setting.loss.observed
    counts = np.zeros(len(observed))
    for edge_s in np.unique(np.concatenate([observed.start_s, observed.end_s])).tolist():
        simulation.run(edge_s)
        left = link_totals(simulation.model.fleet)[1][observed.link]
        counts += left * ((observed.end_s == edge_s).astype(float) - (observed.start_s == edge_s))
    fitted = observed.weight > 0.0
    return nrmse(counts[fitted], observed.value[fitted])


def _write_trips(path: Path, trips: TripTable, links: Sequence[str]) -> None:
    def place(position_m: float) -> str:
        return "" if np.isnan(position_m) else repr(float(position_m))

    columns = ["trip_id", "depart_s", "origin_link", "destination_link", "vehicle_class", "route"]
    placed = bool(np.isfinite(trips.origin_m).any() or np.isfinite(trips.destination_m).any())
    rows = []
    for row in range(len(trips)):
        cells = [
            *(trips.id[row], f"{trips.depart_s[row]:.3f}"),
            *(links[trips.origin_link[row]], links[trips.destination_link[row]]),
            VEHICLE_CLASSES[trips.vehicle_class[row]],
            " ".join(links[link] for link in trips.route(row)),
        ]
        rows.append([*cells, *([place(trips.origin_m[row]), place(trips.destination_m[row])] if placed else [])])
    _write(path, [*columns, *(["origin_m", "destination_m"] if placed else [])], rows)


def _write_scenario(setting: Setting, found: Fitted, out: Path) -> None:
    """A scenario that says what is different."""
    from ruamel.yaml import YAML

    scenario = setting.scenario
    beside = setting.file.parent / setting.asked.scenario
    here = next((path for path in (beside, Path(setting.asked.scenario)) if path.is_file()), None)
    named = setting.asked.scenario if here is None else Path(os.path.relpath(here, out)).as_posix()
    tree: dict[str, Any] = {
        "citytwin": 1,
        "name": f"{scenario.name}, calibrated"[:200],
        "base": named,
        "demand": [{"kind": "trips", "file": TRIPS}],
    }
    if scenario.demand_changes:
        tree["demand_changes"] = []  # they are in the trips
    drivers = {
        str(one.target): round(float(found.values[row]), 6)
        for row, one in enumerate(setting.parameters)
        if one.kind == "driver"
    }
    if drivers:
        tree["drivers"] = drivers
    yaml = YAML(typ="safe")
    yaml.default_flow_style = None
    yaml.sort_base_mapping_type_on_output = False  # type: ignore[assignment]
    with (out / SCENARIO).open("w", encoding="utf-8") as file:
        yaml.dump(tree, file)


def _write(path: Path, columns: Iterable[str], rows: Iterable[Iterable[Any]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows([f"{cell:.10g}" if isinstance(cell, float) else cell for cell in row] for row in rows)
