"""Bring together what a calibration is about: the scenario, its trips in groups, the readings, and what may change."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ...agents.drivers import COLUMNS
from ...agents.fleet import Fleet
from ...kernels import traffic_tables as table
from ...scenarios.calibrated_kinds import Departures, DriverNumber, FreeSpeed, Headway, SourcePlace, SourceRate
from ...scenarios.calibrated_numbers import CalibratedNumber, change_of, number_troubles
from ...scenarios.calibration_file import CalibrationFile, read_calibration
from ...scenarios.network import CLASS_NAMES, Floats, RoadNetwork
from ...scenarios.observed import KINDS
from ...scenarios.problems import InputError, ScenarioError
from ...scenarios.trips import VEHICLE_CLASSES
from ..backend import Backend, choose_backend
from ..run import trips_of
from ..signal_processes import signals_of
from .gauges import OF_TRAFFIC
from .journal import Simulate
from .losses import Loss
from .parameters import Parameter, Parameters
from .runs import GroupRuns, Simulated
from .seen import Seen, observed_by
from .trips import ScaledTrips, grouped_trips
from .whole_runs import Instruments, WholeRuns

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ...scenarios.scenario import Scenario
    from ...scenarios.trips import TripTable

NOT_SIMULATED = ("events", "measures", "hazards", "public_transport", "walks", "evacuation", "responders")
IN_AN_ENSEMBLE = (DriverNumber, FreeSpeed, Headway, Departures)  # of which members of one launch may have their own
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
    runs: GroupRuns | WholeRuns
    instruments: Instruments

    @property
    def own(self) -> Floats:
        """The scenario's own values of the parameters."""
        return self.parameters.inside(np.array([self._own(row, one) for row, one in enumerate(self.parameters)]))

    def _own(self, row: int, one: Parameter) -> float:
        if one.kind == "demand":
            return float(self.groups.number[self.parameters.groups(row)].sum())
        return 1.0 if one.kind == "departures" else self.number_of(one).own(self.scenario, self.network)

    @property
    def changes_demand(self) -> bool:
        """Whether the calibrated scenario has trips of its own."""
        return bool(self.parameters.of_kind("demand") or self.parameters.of_kind("departures"))

    @property
    def source_rates(self) -> list[int] | None:
        """Rows of the rates of sources where these and places are all that is not known; None where no place is."""
        kinds = [self.number_of(one) if one.kind == "number" else None for one in self.parameters]
        if not all(isinstance(one, (SourceRate, SourcePlace)) for one in kinds):
            return None
        rates = [row for row, one in enumerate(kinds) if isinstance(one, SourceRate)]
        return rates if 0 < len(rates) < len(kinds) else None

    def number_of(self, one: Parameter) -> CalibratedNumber:
        """The number of the scenario that a parameter is."""
        assert isinstance(one.target, int)
        return self.asked.numbers[one.target][1]

    def demand(self, values: Floats) -> Floats:
        """Trips of each group for some values of the parameters, ``[member, group]``."""
        own = self.groups.number
        numbers = np.tile(own, (len(values), 1))
        for row in self.parameters.of_kind("demand"):
            groups = self.parameters.groups(row)
            numbers[:, groups] = values[:, [row]] * (own[groups] / max(float(own[groups].sum()), 1e-300))
        for row, one in enumerate(self.parameters):
            if one.kind == "departures":
                numbers[:, self.groups.slot == one.target] *= values[:, [row]]
        return numbers

    def change(self, values: Floats) -> dict[str, Any]:
        """Keys of a scenario file that give the scenario these values of all parameters that are no demand."""
        rows = self.parameters.of_kind("number")
        numbers = [self.number_of(self.parameters[row]) for row in rows]
        return change_of(self.scenario, self.network, numbers, values[rows].tolist())

    def simulate(self, values: Floats, seeds: Sequence[int]) -> Simulated:
        """Run every row of values with its seed."""
        rows = self.parameters.of_kind("number")
        if isinstance(self.runs, WholeRuns):
            return self.runs(self.demand(values), values[:, rows], seeds)
        changes = [(row, self.number_of(self.parameters[row])) for row in rows]

        def adapt(fleet: Fleet, member: int) -> None:
            for row, number in changes:
                self._adapt(fleet, number, float(values[member, row]))

        return self.runs(self.demand(values), seeds, adapt if changes else None)

    def _adapt(self, fleet: Fleet, number: CalibratedNumber, value: float) -> None:
        """Give a member of an ensemble that has not begun its own value of a number."""
        if isinstance(number, DriverNumber):
            of_class = fleet.cities.driver[0, :, table.VEHICLE_CLASS] == VEHICLE_CLASSES.index(number.vehicle_class)
            fleet.cities.driver[0, of_class, COLUMNS[number.key]] = value
            return
        assert isinstance(number, (FreeSpeed, Headway)), "others need whole runs"
        links, lane_f = self.network.links, fleet.cities.lane_f[0]
        on_link = fleet.cities.lane_i[0, table.ON_LINK, : lane_f.shape[1]]
        rows = np.flatnonzero(links.road_class[on_link] == CLASS_NAMES.index(number.road_class))
        if isinstance(number, Headway):
            lane_f[table.HEADWAY_FACTOR, rows] = value
            return
        lanes = rows[rows < self.network.lane_count]
        own = number.own(self.scenario, self.network)
        lane_f[table.LIMIT_MPS, lanes] = links.speed_mps[on_link[lanes]] / own * value


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
    asked, tree = read_calibration(file)
    beside = file.parent / asked.scenario
    scenario_file = str(beside) if beside.is_file() else asked.scenario
    seen = observed_by(asked, file, scenario_file, force=force)
    scenario, network = seen.scenario, seen.network
    troubles = list(number_troubles(scenario, network, asked.numbers))
    if troubles:
        raise ScenarioError([tree.problem(place, text) for place, text in troubles])
    notes = list(seen.notes)
    trips = trips_of(scenario, network)
    if not len(trips) and asked.demand is not None:
        raise InputError(f"{scenario.name} has no trips: there is nothing to scale. Say `demand: null`.")
    departures = [one for one in asked.parameters if isinstance(one, Departures)]
    if len(departures) > 1:
        raise InputError("`departures` is given more than once among the `parameters`. Keep one.")
    slice_s = departures[0].slice_s if departures else None
    groups = grouped_trips(scenario, network, trips, asked.demand, slice_s=slice_s)
    whole = _whole(asked, trips, seen)
    numbers = [one for _, one in asked.numbers if not isinstance(one, Departures)]
    runs: GroupRuns | WholeRuns
    if whole:
        runs = WholeRuns(scenario, network, groups, seen.instruments, numbers)
    else:
        signals, commanded = signals_of(scenario, network, {})
        if commanded:
            notes.append("signals that Python objects decide at stand still while calibrating")
        left_out = [key for key in NOT_SIMULATED if getattr(scenario, key)]
        notes += [f"`{key}` of the scenario is left out while calibrating" for key in left_out]
        gauges = seen.instruments.gauges
        runs = GroupRuns(network, scenario.drivers, groups, gauges, scenario.step_s, signals)
    parameters = _parameters(asked, scenario, network, groups)
    fitted = int((seen.instruments.gauges.observed.weight > 0.0).sum())
    if fitted < len(parameters):
        notes.append(
            f"fewer readings ({fitted}) than parameters ({len(parameters)}): at most {fitted} combinations of them can "
            f"be known"
        )
    loss = Loss(seen.instruments.gauges.observed, asked.loss)
    setting = Setting(
        *(file, asked, scenario, network, groups, parameters, loss, seen.other_days, seen.other_dates),
        notes=tuple(notes),
        runs=runs,
        instruments=seen.instruments,
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


def _whole(asked: CalibrationFile, trips: TripTable, seen: Seen) -> bool:
    """Whether whole runs of the scenario are made: routes are chosen, or something needs more than the traffic."""
    needs = [f"`{place[0]}[{place[1]}]`" for place, one in asked.numbers if not isinstance(one, IN_AN_ENSEMBLE)]
    gauges = seen.instruments.gauges
    others = sorted({KINDS[kind] for kind in gauges.observed.kind[~gauges.of_kinds(OF_TRAFFIC)].tolist()})
    needs += [f"readings of {name}" for name in others]
    if asked.routes == "kept" and needs:
        raise InputError(f"`routes: kept` has runs of the traffic alone, but {needs[0]} need whole runs. Remove it.")
    bound = bool((np.diff(trips.route_start) > 0).all())
    return bool(needs) or asked.routes == "chosen" or (asked.routes is None and not bound)


def _parameters(asked: CalibrationFile, scenario: Scenario, network: RoadNetwork, groups: ScaledTrips) -> Parameters:
    parameters = []
    if asked.demand is not None:
        choice = asked.demand
        label = np.array(groups.label)
        for name in dict.fromkeys(groups.label):
            own = np.flatnonzero(label == name)
            number = float(groups.number[own].sum())
            low, high = choice.least * number, choice.most * number
            prior = min(max(choice.prior * number, low), high)
            start = min(max(FREE_SIDE * number, low), high)
            scale = max(MATTERS * number, 1.0)
            parameters.append(Parameter(name, "demand", "veh", prior, low, high, scale, start, tuple(own.tolist())))
    for number_row, (_, one) in enumerate(asked.numbers):
        own_value = min(max(one.own(scenario, network), one.low), one.high)
        prior = own_value if one.prior is None else one.prior
        if not isinstance(one, Departures):
            numbers = (prior, one.low, one.high, one.matters, own_value)
            parameters.append(Parameter(one.name, "number", one.unit, *numbers, number_row))
            continue
        for slot in sorted(set(groups.slot.tolist())):
            name = f"departures {slot * one.slice_s / 60:g}-{(slot + 1) * one.slice_s / 60:g} min"
            numbers = (prior, one.low, one.high, one.matters, own_value)
            parameters.append(Parameter(name, "departures", one.unit, *numbers, slot))
    if not parameters:
        raise InputError("nothing may change: give `demand`, `drivers` or `parameters`.")
    return Parameters(parameters)
