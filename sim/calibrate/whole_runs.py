"""Run whole scenarios, with their route choice, events, walkers and air, and measure everything that sensors would."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from ...kernels import traffic_tables as table
from ...kernels.walking_laws import HYDRAULIC, WEIDMANN, speed_ratio
from ...scenarios.air import POLLUTANTS
from ...scenarios.calibrated_numbers import CalibratedNumber, change_of, with_change
from ...scenarios.network import Floats, Ints, RoadNetwork
from ...scenarios.trips import TripTable
from ...scenarios.walk_presets import door_flow_per_s, preset_of
from ..run import network_of, walks_of
from ..simulation import Simulation
from ..walking import walk_totals
from .gauges import COUNTED, OF_EXPERIMENTS, OF_TRAFFIC, Gauges, TrafficGauges
from .passing import passed_by_group
from .runs import Simulated

if TYPE_CHECKING:
    from ...scenarios.air import Pollutant, ReceptorPoint
    from ...scenarios.scenario import Scenario
    from .trips import ScaledTrips

NOBODY: Mapping[str, Any] = {
    **dict.fromkeys(("demand", "events", "hazards", "public_transport", "walks", "patches", "air_warnings"), ()),
    **dict.fromkeys(("evacuation", "crowd_monitor", "responders"), None),
}
STREETS = ("city", "network", "streets", "events")  # parts of a scenario from which its streets are made


@dataclass(frozen=True, slots=True, eq=False)
class Instruments:
    """What is measured in a run: readings, and for those of the air where and of what."""

    gauges: Gauges
    points: tuple[ReceptorPoint, ...] = ()  # receptors that the scenario has not
    pollutant: Pollutant | None = None

    def on(self, scenario: Scenario) -> Scenario:
        """The scenario with the receptors that the readings of the air need."""
        if not self.points or scenario.air is None:
            return scenario
        air = scenario.air.model_copy(update={"receptors": (*scenario.air.receptors, *self.points)})
        changed = scenario.model_copy(update={"air": air})
        changed._files, changed._source_map = scenario.files, scenario.source_map
        return changed


@dataclass(slots=True)
class WholeRuns:
    """Runs of a scenario as `citytwin run` makes them, one after the other, with other demand and other numbers."""

    scenario: Scenario
    network: RoadNetwork
    groups: ScaledTrips
    instruments: Instruments
    numbers: Sequence[CalibratedNumber]
    backend: Literal["cpu", "cuda"] = "cpu"

    def __call__(self, demand: Floats, values: Floats, seeds: Sequence[int]) -> Simulated:
        """Simulate each row of ``demand`` (``[member, group]``) and ``values`` (``[member, number]``) with its seed."""
        rows = zip(demand, values, seeds, strict=True)
        return Simulated.joined([self._one(number, value, seed) for number, value, seed in rows])

    def _one(self, demand: Floats, values: Floats, seed: int) -> Simulated:
        scenario = with_change(self.scenario, change_of(self.scenario, self.network, self.numbers, values.tolist()))
        network = self.network
        if any(getattr(scenario, part) != getattr(self.scenario, part) for part in STREETS):
            network = network_of(scenario)
        trips, group, parent = self.groups.trips(demand, seed)
        return measured(
            scenario,
            network,
            self.groups.bound(trips, parent),
            self.instruments,
            seed=seed,
            backend="cpu" if scenario.evacuation is not None or scenario.responders is not None else self.backend,
            groups=len(self.groups),
            group_of=dict(zip(trips.id, group.tolist(), strict=True)),
        )


def measured(
    scenario: Scenario,
    network: RoadNetwork,
    trips: TripTable,
    instruments: Instruments,
    *,
    seed: int | None = None,
    backend: Literal["cpu", "cuda"] = "cpu",
    groups: int = 0,
    group_of: Mapping[str, int] | None = None,
) -> Simulated:
    """Run one scenario up to the last reading, and measure.

    Parameters
    ----------
    scenario, network, trips
        What is simulated.
    instruments
        What is measured.
    seed
        Instead of the scenario's.
    backend
        Where the traffic is computed.
    groups, group_of
        How many groups of trips there are, and to which each trip belongs, by id.
    """
    gauges = instruments.gauges
    values = laws_of_walking(scenario, gauges)
    nobody = Simulated(
        values[np.newaxis], np.zeros((1, len(gauges), groups)), np.zeros((1, groups)), np.ones(1), np.ones(1)
    )
    if gauges.of_kinds(OF_EXPERIMENTS).all():
        return nobody
    scenario = instruments.on(scenario)
    if _air_alone(scenario, gauges):
        nowhere = np.zeros(0, np.int32)
        scenario = scenario.model_copy(update=NOBODY)
        trips = TripTable.sorted((), np.zeros(0), nowhere, nowhere)
    if scenario.routes.adapts:
        from ..everyday import settle

        trips = settle(scenario, network, trips, seed=seed, tell=lambda _: None).trips
    on_foot = walks_of(scenario, network)
    simulation = Simulation(scenario, network, trips, seed=seed, backend=backend, on_foot=on_foot)
    watch = _Watch(simulation, instruments, groups, group_of or {})
    for edge_s in watch.edges_s.tolist():
        simulation.run(edge_s)
        with simulation.model.fleet.reading():
            watch.look(edge_s)
    return watch.found(nobody)


def laws_of_walking(scenario: Scenario, gauges: Gauges) -> Floats:
    """What experiments would show by the laws that people walk by, ``[reading]``; nan for all other readings.

    Speed is the mean person's at the density, flow the most that a passage of the width lets through.
    """
    values = np.full(len(gauges), np.nan)
    preset = preset_of(scenario.walking)
    law = WEIDMANN if preset.law == "weidmann" else HYDRAULIC
    for row in np.flatnonzero(gauges.of_kinds(("walk_speed",))).tolist():
        values[row] = preset.speed_mps * speed_ratio(law, float(gauges.condition[row]))
    for row in np.flatnonzero(gauges.of_kinds(("bottleneck_flow",))).tolist():
        values[row] = door_flow_per_s([float(gauges.condition[row]) - 2.0 * preset.boundary_m], preset)
    return values


def _air_alone(scenario: Scenario, gauges: Gauges) -> bool:
    """Whether nothing that is measured depends on who travels: air to which traffic adds nothing."""
    nobody = scenario.air is not None and scenario.air.fleet is None and not scenario.measures
    return nobody and bool(gauges.of_kinds(("air", *OF_EXPERIMENTS)).all())


class _Watch:
    """Everything that is measured in one run."""

    def __init__(
        self, simulation: Simulation, instruments: Instruments, groups: int, group_of: Mapping[str, int]
    ) -> None:
        self._simulation, self._instruments, self._gauges = simulation, instruments, instruments.gauges
        gauges, observed = self._gauges, self._gauges.observed
        self._traffic = TrafficGauges(gauges, simulation.model.network, 1)
        driven = ~gauges.of_kinds(OF_EXPERIMENTS)
        self.edges_s = np.unique(np.concatenate([observed.start_s[driven], observed.end_s[driven]]))
        self._group = np.array([group_of.get(name, -1) for name in simulation.model.fleet.trips.id], np.int32)
        self._groups = groups
        self._passed = np.zeros((len(gauges), groups))
        self._counts_groups = bool(groups) and bool(gauges.of_kinds(COUNTED).any())
        self._others = np.zeros(len(gauges))
        self._walkers = np.flatnonzero(gauges.of_kinds(("walkers",)))
        self._air = np.flatnonzero(gauges.of_kinds(("air",)))

    def look(self, edge_s: float) -> None:
        """Add what happened since to the readings that end now, and take it from those that begin."""
        gauges, observed, model = self._gauges, self._gauges.observed, self._simulation.model
        if edge_s > 0.0:
            self._traffic.look(model.fleet, edge_s)
        sign = (observed.end_s == edge_s).astype(np.float64) - (observed.start_s == edge_s)
        for rows, of_readings in ((self._walkers, self._people), (self._air, self._breathed)):
            now = rows[sign[rows] != 0.0]
            if now.size:
                self._others[now] += sign[now] * of_readings(now, edge_s)
        if self._counts_groups:
            so_far = passed_by_group(model.fleet, self._group[np.newaxis], self._groups, gauges)[0]
            np.add.at(self._passed, gauges.reading, sign[gauges.reading, np.newaxis] * so_far)

    def _people(self, rows: Ints, edge_s: float) -> Floats:
        """People who left the walk links of some readings so far, both ways."""
        walkers = self._simulation.model.walkers
        assert walkers is not None, "somebody walks where walkers are counted"
        left: Floats = walk_totals(walkers)[1]
        return left[self._gauges.observed.link[rows]]

    def _breathed(self, rows: Ints, edge_s: float) -> Floats:
        """Concentration times time at the receptors of some readings so far, µg/m³ s."""
        watch, pollutant = self._simulation.air, self._instruments.pollutant
        assert watch is not None and pollutant is not None, "the air is watched where it is measured"
        place = [watch.receptors.id.index(self._gauges.receptor[row]) for row in rows.tolist()]
        return watch.breathed_ugm3_s(edge_s)[place, POLLUTANTS.index(pollutant)]

    def found(self, nobody: Simulated) -> Simulated:
        """Everything that was measured."""
        gauges, observed = self._gauges, self._gauges.observed
        values = nobody.counts[0].copy()
        traffic = gauges.of_kinds(OF_TRAFFIC)
        values[traffic] = self._traffic.values()[0, traffic]
        values[self._walkers] = self._others[self._walkers]
        span_s = observed.end_s - observed.start_s
        values[self._air] = self._others[self._air] / span_s[self._air]
        ours = self._group >= 0
        departed = np.bincount(self._group[ours], minlength=self._groups).astype(np.float64)
        status = self._simulation.model.fleet.vehicles.status[0, ours]
        total = max(float(departed.sum()), 1.0)
        arrived = float((status == table.ARRIVED).sum()) / total
        entered = arrived + float((status == table.DRIVING).sum()) / total
        found = replace(
            nobody, counts=values[np.newaxis], passed=self._passed[np.newaxis], departed=departed[np.newaxis]
        )
        return found if not ours.any() else replace(found, entered=np.array([entered]), arrived=np.array([arrived]))
