"""Bring together what a calibration is about: the scenario, its trips in groups, the counts, and what may change."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ...agents.drivers import COLUMNS
from ...agents.fleet import Fleet
from ...kernels import traffic_tables as table
from ...scenarios.calibration_file import CalibrationFile, read_calibration
from ...scenarios.coordination import coordinated
from ...scenarios.data_health import refuse_outages
from ...scenarios.network import Floats, RoadNetwork
from ...scenarios.observed import KINDS, NO_LINK, Observed
from ...scenarios.observed_days import days_of, leave_sensors_out, observed_on
from ...scenarios.problems import NO_VALUE, InputError, Problem, ScenarioError
from ...scenarios.sensor_cleaning import clean
from ..backend import Backend, choose_backend
from ..observations import examine_observations
from ..run import network_of, trips_of
from ..signal_processes import signals_of
from .journal import Simulate
from .losses import Loss
from .parameters import Parameter, Parameters
from .runs import GroupRuns, Simulated
from .trips import ScaledTrips, grouped_trips

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ...scenarios.scenario import Scenario

COUNT = KINDS.index("count")
NOT_SIMULATED = ("events", "measures", "hazards", "public_transport", "walks", "evacuation", "responders")
SHOWN = 10  # of what there may be many of
MATTERS = 0.1  # of a group's trips: a change that matters
FREE_SIDE = 0.5  # of the scenario's own demand: where the search begins, so that queues do not lead it astray


@dataclass(slots=True)
class Setting:
    """Everything a calibration needs."""

    file: Path
    asked: CalibrationFile
    scenario: Scenario
    network: RoadNetwork
    groups: ScaledTrips
    parameters: Parameters
    loss: Loss
    other_days: Floats  # [day, reading], nan where nothing is known
    other_dates: tuple[str, ...]
    notes: tuple[str, ...]
    runs: GroupRuns

    @property
    def own(self) -> Floats:
        """The scenario's own values of the parameters."""
        number = self.groups.number
        driver = self.scenario.drivers
        values = [
            number[int(one.target)] if one.kind == "demand" else float(getattr(driver, str(one.target)))
            for one in self.parameters
        ]
        return self.parameters.inside(np.array(values, np.float64))

    def numbers(self, values: Floats) -> Floats:
        """Trips of each group for some values of the parameters, ``[member, group]``."""
        numbers = np.tile(self.groups.number, (len(values), 1))
        for row, one in enumerate(self.parameters):
            if one.kind == "demand":
                numbers[:, int(one.target)] = values[:, row]
        return numbers

    def simulate(self, values: Floats, seeds: Sequence[int]) -> Simulated:
        """Run every row of values with its seed."""
        drivers = [(row, COLUMNS[str(one.target)]) for row, one in enumerate(self.parameters) if one.kind == "driver"]

        def adapt(fleet: Fleet, member: int) -> None:
            cars = fleet.cities.driver[0, :, table.VEHICLE_CLASS] == 0.0
            for row, column in drivers:
                fleet.cities.driver[0, cars, column] = values[member, row]

        return self.runs(self.numbers(values), seeds, adapt if drivers else None)


def set_up(file: Path, *, force: bool = False) -> tuple[Setting, Simulate]:
    """Read a description and everything that it names.

    Parameters
    ----------
    file
        Description of the calibration.
    force
        Fit even to observations that should not be.

    Raises
    ------
    InputError
        With every problem of every file, or where there is nothing to fit.
    """
    asked = read_calibration(file)
    beside = file.parent / asked.scenario
    examined = examine_observations(asked.observations, str(beside) if beside.is_file() else asked.scenario)
    scenario, health = examined.scenario, examined.health
    assert scenario is not None and health.placed is not None  # a scenario was named
    insisted = refuse_outages(health, force=force)
    network = coordinated(network_of(scenario), scenario.signals.coordination)
    readings = clean(health).readings
    days = days_of(readings)
    seen, notes = _counts(observed_on(readings, health.placed, scenario.start, scenario.duration_s), network)
    if not len(seen):
        told = [f"{health.name(found)}: {found.text} {found.way_out}" for found in health.findings[:SHOWN]]
        told.append(_nothing(scenario, days))
        raise ScenarioError([Problem(asked.observations, None, "", NO_VALUE, text) for text in told])
    notes += [said.rstrip(".") for said in insisted]
    lost = [readings.sensors[row].name for row, links in enumerate(health.placed.links) if not links.size]
    if lost:
        notes.append(
            f"{len(lost)} sensors are not fitted, nobody knows on which link they are: {', '.join(lost[:SHOWN])}"
        )
    split = leave_sensors_out(seen, *_middles(network, seen), share=asked.left_out, seed=scenario.seed)
    observed = replace(seen, weight=np.where(split.fitted, seen.weight, 0.0))
    dates, other_days = [], []
    for day in days:
        if day == scenario.start.date():
            continue
        start = dt.datetime.combine(day, scenario.start.time())
        other = observed_on(readings, health.placed, start, scenario.duration_s)
        found = _matched(observed, other)
        if np.isfinite(found).any():
            dates.append(day.isoformat())
            other_days.append(found)
    trips = trips_of(scenario, network)
    if not len(trips):
        raise InputError(f"{scenario.name} has no trips: there is nothing to scale.")
    groups = grouped_trips(scenario, network, trips, asked.demand)
    signals, commanded = signals_of(scenario, network, {})
    if commanded:
        notes.append("signals that Python objects decide at stand still while calibrating")
    left_out = [key for key in NOT_SIMULATED if getattr(scenario, key)]
    notes += [f"`{key}` of the scenario is left out while calibrating" for key in left_out]
    runs = GroupRuns(network, scenario.drivers, groups, observed, scenario.step_s, signals)
    parameters = _parameters(asked, scenario, groups)
    days_table = np.array(other_days) if other_days else np.zeros((0, len(observed)))
    loss = Loss(observed, asked.loss)
    setting = Setting(
        file, asked, scenario, network, groups, parameters, loss, days_table, tuple(dates), tuple(notes), runs
    )
    return setting, setting.simulate


def compute_on(setting: Setting, backend: Backend) -> None:
    """Choose where runs, losses and slopes are computed, by the trips of a run for every direction that can be seen.

    Raises
    ------
    InputError
        When a GPU is asked for and cannot be used.
    """
    members = max(1, min(len(setting.parameters), len(setting.loss.observed)))
    chosen = choose_backend(backend, vehicles=members * int(setting.groups.number.sum()))
    setting.runs.backend = chosen.name
    setting.loss = replace(setting.loss, backend=chosen.name)


def _counts(seen: Observed, network: RoadNetwork) -> tuple[Observed, list[str]]:
    """The vehicle counts among what was observed, and what was left out."""
    usable = (seen.kind == COUNT) & (seen.link != NO_LINK)
    others = sorted({KINDS[kind] for kind in seen.kind[~usable].tolist()})
    notes = [f"observations of {', '.join(others)} are not fitted: only counts are"] if others else []
    return seen.part(usable), notes


def _nothing(scenario: Scenario, days: Sequence[dt.date]) -> str:
    known = f"{days[0]} to {days[-1]}" if days else "no day"
    return (
        f"has no counts within the run ({scenario.start:%Y-%m-%d %H:%M}, {scenario.duration_s:g} s). It has those of "
        f"{known}: set `start` and `duration_s` of the scenario so that whole intervals lie within."
    )


def _middles(network: RoadNetwork, observed: Observed) -> tuple[Floats, Floats]:
    """Where each row was observed, m."""
    ends = network.links.from_junction[observed.link], network.links.to_junction[observed.link]
    x_m, y_m = ((axis[ends[0]] + axis[ends[1]]) / 2.0 for axis in (network.junctions.x_m, network.junctions.y_m))
    return x_m, y_m


def _matched(observed: Observed, other: Observed) -> Floats:
    """What the same sensors counted in the same intervals of another day, nan where they did not."""
    known: dict[Any, float] = {
        (other.sensor_id[row], int(other.link[row]), float(other.start_s[row]), float(other.end_s[row])): float(
            other.value[row]
        )
        for row in np.flatnonzero(other.kind == COUNT).tolist()
    }
    keys = zip(
        observed.sensor_id, observed.link.tolist(), observed.start_s.tolist(), observed.end_s.tolist(), strict=True
    )
    return np.array([known.get(key, np.nan) for key in keys])


def _parameters(asked: CalibrationFile, scenario: Scenario, groups: ScaledTrips) -> Parameters:
    parameters = []
    if asked.demand is not None:
        choice = asked.demand
        for row, (name, number) in enumerate(zip(groups.name, groups.number.tolist(), strict=True)):
            low, high = choice.least * number, choice.most * number
            prior = min(max(choice.prior * number, low), high)
            start = min(max(FREE_SIDE * number, low), high)
            scale = max(MATTERS * number, 1.0)
            parameters.append(Parameter(name, "demand", "veh", prior, low, high, scale, start, row))
    for driver in asked.drivers:
        own = min(max(float(getattr(scenario.drivers, driver.key)), driver.low), driver.high)
        scale = MATTERS * (driver.high - driver.low)
        unit = driver.key.rsplit("_", 1)[-1]
        parameters.append(Parameter(driver.key, "driver", unit, own, driver.low, driver.high, scale, own, driver.key))
    if not parameters:
        raise InputError("nothing may change: give `demand` or `drivers`.")
    return Parameters(parameters)
