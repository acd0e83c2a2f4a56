"""Write what was calibrated as a scenario that inherits the one it began with, with its demand and tables."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ...scenarios.observed import KINDS, NO_LINK, UNITS
from ...scenarios.scenario import load_scenario
from ...scenarios.trips import VEHICLE_CLASSES, TripTable
from ..run import network_of, trips_of
from .gauges import COUNTED, OF_TRAFFIC
from .losses import geh
from .whole_runs import measured

if TYPE_CHECKING:
    from .before import Before
    from .gauss_newton import Fitted
    from .setting import Setting
    from .trust import Trust

SCENARIO, TRIPS, PARAMETERS, COUNTS = "calibrated.yaml", "trips.csv", "parameters.csv", "counts.csv"


def write_tables(setting: Setting, before: Before, found: Fitted, trust: Trust, out: Path) -> None:
    """Write the scenario, its trips, and tables of parameters and counts."""
    if setting.changes_demand:
        number = setting.demand(found.values[np.newaxis])[0]
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
    counted, has_floor = setting.instruments.gauges.of_kinds(COUNTED), bool(setting.parameters.of_kind("demand"))
    hours = np.maximum(observed.end_s - observed.start_s, 1.0) / 3600.0
    value = geh(simulated / hours, observed.value / hours)
    names = [KINDS[kind] for kind in observed.kind.tolist()]
    counts = (
        (
            *(observed.sensor_id[row], names[row], UNITS[names[row]], _link(setting, row)),
            *(observed.start_s[row], observed.end_s[row], observed.value[row], simulated[row]),
            *(before.floor[row] if counted[row] and has_floor else "", value[row] if counted[row] else ""),
            "fitted" if observed.weight[row] > 0.0 else "left out",
        )
        for row in range(len(observed))
    )
    counts_columns = (
        "sensor",
        "kind",
        "unit",
        "link",
        "start_s",
        "end_s",
        "observed",
        "simulated",
        "floor",
        "geh",
        "used",
    )
    _write(out / COUNTS, counts_columns, counts)


def _link(setting: Setting, row: int) -> str:
    """The (first) street of a reading; those of walkers and of the air are on none."""
    link = int(setting.loss.observed.link[row])
    on_street = setting.instruments.gauges.of_kinds(OF_TRAFFIC)[row] and link != NO_LINK
    return setting.network.links.id[link] if on_street else ""


def run_as_written(setting: Setting, out: Path) -> float:
    """NRMSE of the written scenario with everything that a run has: route choice, events, all who travel."""
    scenario = load_scenario(out / SCENARIO)
    network = network_of(scenario)
    found = measured(scenario, network, trips_of(scenario, network), setting.instruments)
    return setting.loss.nrmse(found.counts[0], setting.loss.observed.weight > 0.0)


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
    tree: dict[str, Any] = {"citytwin": 1, "name": f"{scenario.name}, calibrated"[:200], "base": named}
    if setting.changes_demand:
        tree["demand"] = [{"kind": "trips", "file": TRIPS}]
        if scenario.demand_changes:
            tree["demand_changes"] = []  # they are in the trips
    tree |= _rounded(setting.change(found.values))
    yaml = YAML(typ="safe")
    yaml.default_flow_style = None
    yaml.sort_base_mapping_type_on_output = False  # type: ignore[assignment]
    with (out / SCENARIO).open("w", encoding="utf-8") as file:
        yaml.dump(tree, file)


def _rounded(part: Any) -> Any:
    """Numbers with as many digits as anybody can use; degrees to the centimetre."""
    if isinstance(part, dict):
        return {key: _rounded(value) for key, value in part.items()}
    if isinstance(part, list):
        return [_rounded(value) for value in part]
    return round(part, 7) if isinstance(part, float) else part


def _write(path: Path, columns: Iterable[str], rows: Iterable[Iterable[Any]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows([f"{cell:.10g}" if isinstance(cell, float) else cell for cell in row] for row in rows)
