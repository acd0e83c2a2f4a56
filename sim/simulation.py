"""Run the clock: SimPy decides when something happens, compiled steps fill the time between."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from ..agents.bus_lines import bus_lines_of
from ..agents.city_model import CityModel
from ..agents.fleet import Sensor, build_fleet
from ..agents.journeys import Journeys
from ..agents.measures import measures_of
from ..agents.remembering import Remembers, State
from ..agents.vehicle import Vehicle
from ..kernels import traffic_tables as table
from ..scenarios.coordination import coordinated
from .backend import on_backend
from .bus_lines import start_bus_lines
from .duties import Duties, Duty
from .measures import start_measures
from .observers import Observer
from .processes import ANSWER_EVERY_S, AnswerDrivers, Events, PlanDepartures
from .signal_processes import begin_controllers, signals_of
from .watchdog import CHECK_EVERY_S, Lock, WatchForLocks

if TYPE_CHECKING:
    import simpy

    from ..agents.signal_controller import SignalController
    from ..scenarios.network import RoadNetwork
    from ..scenarios.scenario import Scenario
    from ..scenarios.trips import TripTable
    from .air import AirWatch
    from .air_warnings import WarningWatch
    from .checkpoints import Checkpoints
    from .crowd_sights import CrowdTable
    from .evacuation import Rescue
    from .hazards import HazardWatch
    from .responders import ResponseTeam
    from .walking import OnFoot, WalkingClock

Floats = NDArray[np.float64]

STUCK_INTERVALS = 4.0  # for so many times as long as nobody has moved on a street, drivers expect to stand there


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the log: what happened when and where."""

    t_s: float
    kind: str
    where: str
    text: str


class Simulation(Remembers):
    """One scenario in motion.

    Parameters
    ----------
    scenario, network, trips
        What is simulated; see ``load_scenario``, ``load_network`` and ``build_trips``.
    seed
        Instead of the scenario's.
    vehicle_type
        Class of the vehicles; a subclass of ``Vehicle`` that overrides a decision takes it.
    controllers
        Objects that decide at signals, by junction, instead of what the scenario says there.
    backend
        Where the steps are computed; see ``choose_backend``.
    on_foot
        Who walks and where, and whom an evacuation is about; left out: nobody.

    Examples
    --------
    >>> simulation = Simulation(scenario, network, trips)  # doctest: +SKIP
    >>> simulation.run(600)  # doctest: +SKIP
    >>> simulation.model.vehicle("trip 17").speed_mps  # doctest: +SKIP
    """

    KEEPS = (
        "_step",
        "_learned_s",
        "_link_time_s",
        "_lane_totals",
        "_turn_more_s",
        "shut",
        "caps_mps",
        "edges_m",
    )

    def __init__(
        self,
        scenario: Scenario,
        network: RoadNetwork,
        trips: TripTable,
        *,
        seed: int | None = None,
        vehicle_type: type[Vehicle] = Vehicle,
        controllers: Mapping[str, SignalController] | None = None,
        backend: Literal["cpu", "cuda"] = "cpu",
        on_foot: OnFoot | None = None,
    ) -> None:
        self.scenario = scenario
        self.seed = scenario.seed if seed is None else seed
        network = coordinated(network, scenario.signals.coordination)
        plan = None
        if scenario.responders is not None:
            from ..scenarios.responder_places import rescue_plan
            from .responders import with_responders

            plan = rescue_plan(scenario, network, None if on_foot is None else on_foot.evacuees)
            trips = with_responders(trips, plan)
        if on_foot is not None and on_foot.evacuees is not None:
            from .evacuation import with_evacuees

            trips, on_foot = with_evacuees(trips, on_foot, on_foot.evacuees)
        signals, commanded = signals_of(scenario, network, controllers or {})
        crossed = None
        if on_foot is not None:
            from ..agents.walk_crossings import crossed_lanes

            crossed = crossed_lanes(on_foot.network, network)
        fleet = build_fleet(
            network,
            trips,
            scenario.drivers,
            seed=self.seed,
            step_s=scenario.step_s,
            reroute_blocked_after_s=scenario.routes.reroute_blocked_after_s,
            impatience=scenario.remedies.impatience,
            sensors=(*sensors_of(scenario, network), *(loop for one in commanded for _, loop in one.loops)),
            signals=signals,
            crossed=crossed,
        )
        fleet = on_backend(fleet, backend)
        self.signals = signals
        self.model = CityModel(network, fleet, vehicle_type=vehicle_type, seed=self.seed)
        self.model.pass_time = self._pass_step
        measures = measures_of(scenario, network, trips, self.seed)
        buses = bus_lines_of(scenario, network, trips)
        self.journeys = Journeys(self.model, 0, self.seed, scenario.routes.perception_noise, measures, buses)
        self.entries: list[Entry] = []
        self.locks: list[Lock] = []
        self.shut = np.zeros(network.lane_count, np.int32)  # closures that hold on each lane
        self.caps_mps = np.full(network.link_count, np.inf)  # speed that hazards leave on each link
        most = 1 + table.FURTHER_OBSTACLES_END - table.FURTHER_OBSTACLES_M
        self.edges_m = np.full((network.link_count, most), np.inf)  # where on each link hazards close it
        self.events = Events(self)
        self.duties = Duties(self)
        self.parts: dict[str, Remembers] = {}  # what a snapshot keeps, by name
        self.checkpoints: Checkpoints | None = None  # takes snapshots while time passes
        self._observers = 0
        self._step = 0
        self._learned_s = 0.0
        self._link_time_s = np.full(network.link_count, np.nan)
        self._lane_totals = np.zeros((2, network.lane_count))
        self._turn_more_s = np.zeros(network.movements.from_link.size)
        pairs = np.stack([network.connectors.movement, network.connectors.from_lane], axis=1)
        self._lanes_of_turns = np.unique(pairs, axis=0).T
        for name, part in (("simulation", self), ("events", self.events), ("fleet", fleet), ("model", self.model)):
            self.remember(name, part)
        self.remember("journeys", self.journeys)
        self.events.start()
        start_measures(self)
        self.air_warnings: WarningWatch | None = None
        if scenario.air_warnings:
            from .air_warnings import start_air_warnings

            self.air_warnings = start_air_warnings(self)
        start_bus_lines(self)
        begin_controllers(self, commanded)
        self.duties.begin(PlanDepartures())
        if scenario.routes.reroute_blocked_after_s is not None or scenario.events or scenario.hazards:
            self.answer_drivers()
        self.duties.begin(WatchForLocks(fleet), CHECK_EVERY_S)
        self.walking: WalkingClock | None = None
        if on_foot is not None:
            from .walking import start_walking

            self.walking = start_walking(self, on_foot)
        self.crowd: CrowdTable | None = None  # the crowd monitor, once somebody asks for it
        self.rescue: Rescue | None = None
        if on_foot is not None and on_foot.evacuees is not None:
            from .evacuation import start_evacuation

            self.rescue = start_evacuation(self, on_foot.evacuees)
        self.hazards: HazardWatch | None = None
        if scenario.hazards:
            from .hazards import start_hazards

            self.hazards = start_hazards(self)
        self.responders: ResponseTeam | None = None
        if plan is not None:
            from .responders import start_responders

            self.responders = start_responders(self, plan)
        self.air: AirWatch | None = None
        if scenario.air is not None:
            from .air import start_air

            self.air = start_air(self)

    @property
    def t_s(self) -> float:
        """Simulated time."""
        return self._step * self.scenario.step_s

    @property
    def env(self) -> simpy.Environment:
        """The clock that duties wait on."""
        return self.duties.env

    def remember(self, name: str, part: Remembers) -> None:
        """Have snapshots keep a part of the run; parts are put back in the order in which they are named here.

        Raises
        ------
        ValueError
            When there is a part of that name.
        """
        if name in self.parts:
            msg = f"there are two parts called {name!r}"
            raise ValueError(msg)
        self.parts[name] = part

    def answer_drivers(self) -> None:
        """Let drivers look for another way where theirs is blocked, from now on if they do not already."""
        if AnswerDrivers.name not in self.duties:
            self.duties.begin(AnswerDrivers(), ANSWER_EVERY_S)

    def watch(self, observers: Sequence[Observer]) -> None:
        """Let observers look, each in its rhythm, after everything else that happens at the same time."""
        for observer in observers:
            name = f"{type(observer).__name__} {self._observers}"
            self._observers += 1
            self.duties.begin(Watch(name, observer), observer.every_s)
            if isinstance(observer, Remembers):
                self.remember(name, observer)

    def run(self, until_s: float | None = None) -> None:
        """Let time pass until ``until_s``, the scenario's end by default."""
        end_s = self.scenario.duration_s if until_s is None else until_s
        last = math.ceil(end_s / self.scenario.step_s - 1e-9)
        self.duties.disturbed = True  # by whoever had a look between two calls
        while True:
            while self.env.peek() <= self.t_s + 1e-9:
                self.env.step()
            if self._step >= last:
                return
            if self.checkpoints is not None:
                self.checkpoints.look(self)
            due = math.ceil(min(self.env.peek(), end_s) / self.scenario.step_s - 1e-9)
            stop = min(max(due, self._step + 1), last)
            if self.walking is not None:
                stop = min(stop, self.walking.next_step(self._step))
            if self.checkpoints is not None:
                stop = min(stop, self.checkpoints.next_step(self.scenario.step_s))
            self.model.fleet.advance(self._step, stop, as_left=not self.duties.disturbed)
            self.duties.disturbed = False
            self._step = stop
            self.model.t_s = self.t_s
            if self.walking is not None:
                self.walking.follow(self.t_s)

    def log(self, kind: str, where: str, text: str) -> None:
        """Write down what happens now that an event is handled."""
        self.entries.append(Entry(self.env.now, kind, where, text))

    def note(self, kind: str, where: str, text: str) -> None:
        """Write down what somebody does while the clock stands still."""
        self.entries.append(Entry(self.t_s, kind, where, text))

    def state(self) -> State:
        """What is kept of the simulation itself."""
        return {
            **super().state(),
            "entries": [[entry.t_s, entry.kind, entry.where, entry.text] for entry in self.entries],
            "locks": [asdict(lock) for lock in self.locks],
        }

    def restore(self, state: State) -> None:
        """Be again where it was."""
        super().restore(state)
        self.entries[:] = [Entry(*row) for row in state["entries"]]
        self.locks[:] = [Lock.read(row) for row in state["locks"]]

    def learn_link_times(self) -> None:
        """Tell the router how long streets and turns took since the last time, half of it remembered from before."""
        lately_s, turn_s = self._lately()
        known = self._link_time_s
        self._link_time_s = np.where(
            np.isnan(known), lately_s, np.where(np.isnan(lately_s), np.nan, (known + lately_s) / 2)
        )
        more_s = turn_s - lately_s[self.model.network.movements.from_link]
        more_s = np.where(np.isnan(more_s), 0.0, more_s)
        self._turn_more_s = (self._turn_more_s + more_s) / 2
        self._learned_s = self.t_s
        self.model.router.observe(self._link_time_s, self._turn_more_s)

    def _lately(self) -> tuple[Floats, Floats]:
        """Time on every link since the last time, and in the lanes of every movement, s; NaN where nobody drove.

        Time over distance of all who were there, whether they have left or not (Edie 1963): who counts those who left
        takes a street that fills for one that takes an hour. Where hardly anybody moved nobody knows for how long.
        """
        network, cities = self.model.network, self.model.fleet.cities
        roads, links = network.lane_count, network.links
        now = cities.lane_f[0, [table.VEHICLE_S, table.VEHICLE_M], :roads]
        there_s, driven_m = now - self._lane_totals
        self._lane_totals = now
        most_s = STUCK_INTERVALS * (self.t_s - self._learned_s)

        def time_of(group: NDArray[np.integer], lane: NDArray[np.integer], link: NDArray[np.integer]) -> Floats:
            sum_s = np.bincount(group, weights=there_s[lane], minlength=link.size)
            sum_m = np.bincount(group, weights=driven_m[lane], minlength=link.size)
            time_s = links.length_m[link] * sum_s / np.maximum(sum_m, 1e-9)
            free_s = links.length_m[link] / links.speed_mps[link]
            return np.where(sum_s > 0.0, np.minimum(time_s, free_s + most_s), np.nan)

        movement, lane = self._lanes_of_turns
        return (
            time_of(network.lanes.link, np.arange(roads), np.arange(network.link_count)),
            time_of(movement, lane, network.movements.from_link),
        )

    def _pass_step(self) -> None:
        self.run(self.t_s + self.scenario.step_s)


class Watch(Duty):
    """Let an observer look in its rhythm."""

    only_looks = True

    def __init__(self, name: str, observer: Observer) -> None:
        self.name, self._observer = name, observer

    def act(self, simulation: Simulation) -> float:
        """Let it look."""
        with simulation.model.fleet.reading():
            self._observer.observe(simulation.env.now, simulation.model)
        return self._observer.every_s


def sensors_of(scenario: Scenario, network: RoadNetwork) -> tuple[Sensor, ...]:
    """Loops on lanes: one that names no lane becomes one on every lane of its link."""
    sensors = []
    for number, loop in enumerate(scenario.sensors):
        link = network.link_row[loop.link]
        first, last = network.links.lane_start[link : link + 2]
        lanes = range(first, last) if loop.lane is None else (first + loop.lane,)
        at_m = float(network.links.length_m[link]) / 2.0 if loop.position_m is None else loop.position_m
        sensors += [Sensor(loop.id or f"loop {number}", int(lane), at_m) for lane in lanes]
    return tuple(sensors)
