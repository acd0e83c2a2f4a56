"""Say what happens when: one duty per event of the scenario, and the rhythms of planning.

A duty changes the city and writes a line to the log. It never moves a vehicle.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

import numpy as np
from pydantic import TypeAdapter

from ..agents.remembering import Remembers, State
from ..kernels import traffic_tables as table
from ..scenarios.events import Contraflow, Event, Incident, RoadClosure, SignalPlan, SpeedLimit
from ..scenarios.retiming import retimed
from .duties import Duty

if TYPE_CHECKING:
    from .simulation import Simulation

CLEAR_EVERY_S = 1.0  # how often somebody looks whether lanes are clear
ANSWER_EVERY_S = 10.0  # how soon a blocked driver decides

Kind = TypeVar("Kind", RoadClosure, SpeedLimit, SignalPlan, Incident, Contraflow)


class PlanDepartures(Duty):
    """Plan each batch of departures shortly before they set out, on the times that streets took lately."""

    name = "plan departures"

    def act(self, simulation: Simulation) -> float:
        """Plan the next batch."""
        every_s = simulation.scenario.routes.plan_every_s
        depart_s = simulation.model.fleet.trips.depart_s
        now_s = simulation.env.now
        if now_s > 0:
            simulation.learn_link_times()
        first, last = np.searchsorted(depart_s, [now_s if now_s > 0 else -np.inf, now_s + every_s])
        simulation.journeys.plan_departures(np.arange(first, last))
        return every_s


class AnswerDrivers(Duty):
    """Let drivers who found their way blocked look for another."""

    name = "answer drivers"
    only_looks = True

    def act(self, simulation: Simulation) -> float:
        """Answer all who ask."""
        if simulation.journeys.answer_requests(simulation.env.now):
            simulation.duties.disturbed = True
        return ANSWER_EVERY_S


class Happening(Duty, Generic[Kind]):
    """An event that begins and, unless it lasts to the end of the run, ends."""

    KEEPS: ClassVar[tuple[str, ...]] = ("begun", "ended")

    def __init__(self, name: str, event: Kind) -> None:
        self.name, self.begun, self.ended = name, False, False
        self.event: Kind = event

    def act(self, simulation: Simulation) -> float | None:
        """Let the event begin, or end."""
        if self.begun:
            self.ended = True
            self.end(simulation)
            return None
        self.begun = True
        self.begin(simulation)
        return self.lasts_s()

    def cannot(self, *, to_end: bool) -> str:
        """Why it cannot begin, or end, at the moment; "" where it can."""
        if self.ended:
            return "has ended already"
        return "" if self.begun == to_end else "has begun already" if self.begun else "has not begun"

    def lasts_s(self) -> float | None:
        """How long it lasts, s; None: to the end of the run."""
        return None if self.event.end_s is None else self.event.end_s - self.event.start_s

    def begin(self, simulation: Simulation) -> None:
        """Change the city."""
        raise NotImplementedError

    def end(self, simulation: Simulation) -> None:
        """Leave things as they would be without it."""
        raise NotImplementedError


class CloseRoad(Happening[RoadClosure]):
    """Keep a road, or some of its lanes, shut for a time; who is on it drives on."""

    def begin(self, simulation: Simulation) -> None:
        """Shut it."""
        closure, journeys = self.event, simulation.journeys
        links, lanes = self._place(simulation)
        simulation.shut[lanes] += 1
        simulation.model.fleet.lane_open[:, lanes] = 0
        update_closed(simulation, links)
        known = ""
        scenario = simulation.scenario
        if closure.known_to == "broadcast" or (scenario.routes.adapts and closure in scenario.everyday_events):
            journeys.announced[links] = journeys.closed[links]
            known = f", announced to all; {journeys.announce()} drivers under way changed their route"
        what = "closed" if closure.lanes is None else f"lanes {', '.join(map(str, closure.lanes))} closed"
        simulation.log("road_closure", ", ".join(closure.link_ids), what + known)

    def end(self, simulation: Simulation) -> None:
        """Open it, unless another closure holds."""
        closure, journeys = self.event, simulation.journeys
        links, lanes = self._place(simulation)
        simulation.shut[lanes] -= 1
        simulation.model.fleet.lane_open[:, lanes] = np.where(simulation.shut[lanes] > 0, 0, 1)
        update_closed(simulation, links)
        journeys.announced &= journeys.closed
        again = "open again" if closure.lanes is None else "lanes open again"
        simulation.log("road_closure", ", ".join(closure.link_ids), again)

    def _place(self, simulation: Simulation) -> tuple[list[int], np.ndarray]:
        links = [simulation.model.network.link_row[name] for name in self.event.link_ids]
        return links, _lanes(simulation, links, self.event.lanes)


class LimitSpeed(Happening[SpeedLimit]):
    """Hold another speed limit on some links for a time; of several on one link the latest holds."""

    def begin(self, simulation: Simulation) -> None:
        """Hold it."""
        limit = self.event
        for link in self._links(simulation):
            set_limit(simulation, link, simulation.events.begin(("limit", link), limit))
        simulation.log("speed_limit", ", ".join(limit.link_ids), f"{limit.speed_kmh:g} km/h")

    def end(self, simulation: Simulation) -> None:
        """Hold it no longer."""
        for link in self._links(simulation):
            set_limit(simulation, link, simulation.events.end(("limit", link), self.event))
        simulation.log("speed_limit", ", ".join(self.event.link_ids), "back to the limit before")

    def _links(self, simulation: Simulation) -> list[int]:
        return [simulation.model.network.link_row[name] for name in self.event.link_ids]


class RetimeSignal(Happening[SignalPlan]):
    """Run another programme at a junction for a time; the phase that has begun ends as it was to."""

    def begin(self, simulation: Simulation) -> None:
        """Run it."""
        plan, controller = self.event, self._controller(simulation)
        latest = simulation.events.begin(("signal", controller), plan)
        cycle_s, offset_s = _run_programme(simulation, controller, latest)
        simulation.log("signal_plan", plan.junction, f"cycle {cycle_s:g} s, offset {offset_s:g} s")

    def end(self, simulation: Simulation) -> None:
        """Run the programme before."""
        controller = self._controller(simulation)
        _run_programme(simulation, controller, simulation.events.end(("signal", controller), self.event))
        simulation.log("signal_plan", self.event.junction, "back to the programme before")

    def _controller(self, simulation: Simulation) -> int:
        network = simulation.model.network
        return int(np.flatnonzero(network.signals.junction == network.junction_row[self.event.junction])[0])


class BlockLane(Happening[Incident]):
    """Let a broken-down vehicle stand on a lane for a time."""

    def lasts_s(self) -> float:
        """How long it stands, s."""
        return float(self.event.duration_s)

    def begin(self, simulation: Simulation) -> None:
        """Let it stand there."""
        lane, where = self._place(simulation)
        simulation.events.begin(("obstacle", lane), self.event)
        block(simulation, lane)
        simulation.log("incident", where, f"a vehicle stands at {self.event.position_m:g} m")

    def end(self, simulation: Simulation) -> None:
        """Take it away."""
        lane, where = self._place(simulation)
        simulation.events.end(("obstacle", lane), self.event)
        block(simulation, lane)
        simulation.log("incident", where, "cleared")

    def _place(self, simulation: Simulation) -> tuple[int, str]:
        link = simulation.model.network.link_row[self.event.link]
        lane = int(_lanes(simulation, [link], (self.event.lane,))[0])
        return lane, f"{self.event.link} lane {self.event.lane}"


class TurnLanes(Happening[Contraflow]):
    """Let lanes be driven the other way for a time: clear them, open them, clear them again, and give them back.

    A link is closed when nobody is on those of the others that lead to it, so that who is on them can drive off.
    """

    KEEPS: ClassVar[tuple[str, ...]] = (*Happening.KEEPS, "phase", "closed")

    def __init__(self, name: str, event: Contraflow) -> None:
        super().__init__(name, event)
        self.phase = 0  # 0: as ever, 1: being cleared, 2: turned, 3: being cleared again, 4: given back
        self.closed: list[int] = []  # links that have lost lanes

    def act(self, simulation: Simulation) -> float | None:
        """Go on to the next phase where the lanes are clear."""
        own, turned = self.lanes(simulation)
        if self.phase == 0:
            self._go_on(simulation, "closed one after the other, to be cleared for the other direction")
        elif self.phase == 1:
            self._close_next(simulation)
            if len(self.closed) == len(self.event.link_ids) and self._clear(simulation, own):
                _shut(simulation, turned, -1)
                self._go_on(simulation, f"driven the other way on {turned.size} lanes")
                end_s = self.event.end_s
                return None if end_s is None else max(end_s - simulation.env.now, CLEAR_EVERY_S)
        elif self.phase == 2:
            _shut(simulation, turned, 1)
            self._go_on(simulation, "closed to the other direction, to be cleared")
        elif self.phase == 3 and self._clear(simulation, turned):
            _shut(simulation, own, -1)
            self._go_on(simulation, "open again as ever")
            return None
        return CLEAR_EVERY_S

    def cannot(self, *, to_end: bool) -> str:
        """Why it cannot begin, or end, at the moment; "" where it can."""
        if self.phase == (2 if to_end else 0):
            return ""
        phases = "has not begun", "is being cleared", "has begun already", "is being cleared", "has ended already"
        return phases[self.phase]

    def lanes(self, simulation: Simulation) -> tuple[np.ndarray, np.ndarray]:
        """Lanes that lose their direction, and those in which the others drive instead."""
        network = simulation.model.network
        rows = [network.link_row[name] for name in self.event.link_ids]
        turned = []
        for link in rows:
            twin, count = int(network.links.twin[link]), self._of_link(simulation, link).size
            turned.append(np.arange(network.links.lane_start[twin + 1] - count, network.links.lane_start[twin + 1]))
        return np.concatenate([self._of_link(simulation, link) for link in rows]), np.concatenate(turned)

    def _of_link(self, simulation: Simulation, link: int) -> np.ndarray:
        """Lanes of a link that lose their direction."""
        network = simulation.model.network
        first, last = network.links.lane_start[link : link + 2]
        own = np.arange(first, last)[~network.lanes.stands_by[first:last]]
        return own[self.event.keep_lanes :]

    def _close_next(self, simulation: Simulation) -> None:
        """Close links to which none leads on which there is still somebody."""
        network = simulation.model.network
        rows = [network.link_row[name] for name in self.event.link_ids]
        into, from_link = network.movements.to_link, network.movements.from_link
        ready = []
        for link in set(rows) - set(self.closed):
            before = [other for other in from_link[into == link].tolist() if other in rows]
            clear = (self._clear(simulation, self._of_link(simulation, other)) for other in before)
            if set(before) <= set(self.closed) and all(clear):
                ready.append(link)
        for link in sorted(ready):
            self.closed.append(link)
            _shut(simulation, self._of_link(simulation, link), 1)

    def _clear(self, simulation: Simulation, lanes: np.ndarray) -> bool:
        """Whether nobody is on lanes, or in a junction on the way to them."""
        network = simulation.model.network
        into = network.lane_count + np.flatnonzero(np.isin(network.connectors.to_lane, lanes))
        with simulation.model.fleet.reading():
            count = simulation.model.fleet.cities.lane_i[0, table.COUNT]
            return not (count[lanes].any() or count[into].any())

    def _go_on(self, simulation: Simulation, text: str) -> None:
        """Begin the next phase."""
        self.phase += 1
        simulation.log("contraflow", ", ".join(self.event.link_ids), text)


def _shut(simulation: Simulation, lanes: np.ndarray, change: int) -> None:
    """Close lanes, or open them again, which everybody knows."""
    simulation.shut[lanes] += change
    simulation.model.fleet.lane_open[:, lanes] = np.where(simulation.shut[lanes] > 0, 0, 1)
    links = np.unique(simulation.model.network.lanes.link[lanes]).tolist()
    update_closed(simulation, links)
    journeys = simulation.journeys
    journeys.announced[links] = journeys.closed[links]
    if change > 0:
        journeys.announce()


class Events(Remembers):
    """Events of a run, those of the scenario and those that were added on the way, and which hold at the moment.

    Parameters
    ----------
    simulation
        Whose.
    """

    HAPPENS: ClassVar[dict[type, type[Happening[Any]]]] = {
        RoadClosure: CloseRoad,
        SpeedLimit: LimitSpeed,
        SignalPlan: RetimeSignal,
        Incident: BlockLane,
        Contraflow: TurnLanes,
    }

    def __init__(self, simulation: Simulation) -> None:
        self._simulation = simulation
        self.all: list[Event] = list(simulation.scenario.events)
        self._in_force: dict[tuple[str, int], list[Any]] = {}  # in the order in which they began

    def start(self) -> None:
        """Put every event of the scenario on the clock, and close the lanes that stand by for contraflow."""
        for number, event in enumerate(self.all):
            self._simulation.duties.begin(self._duty(number), event.start_s)
        stand_by = np.flatnonzero(self._simulation.model.network.lanes.stands_by)
        if stand_by.size:
            _shut(self._simulation, stand_by, 1)

    def add(self, event: Event) -> None:
        """Put another event on the clock of a run that goes on; its times lie ahead, in seconds after the start.

        Raises
        ------
        ValueError
            When it begins in the past.
        """
        simulation = self._simulation
        if event.start_s <= simulation.t_s - simulation.scenario.step_s:  # what is due is due at the next whole step
            msg = f"begins at {event.start_s:g} s, and it is {simulation.t_s:g} s already"
            raise ValueError(msg)
        self.all.append(event)
        simulation.duties.begin(self._duty(len(self.all) - 1), max(event.start_s - simulation.env.now, 0.0))
        simulation.answer_drivers()

    def hurry(self, name: str, *, to_end: bool) -> str:
        """Let an event of the scenario begin, or end, now instead of at its time; why not, "" where it does.

        ``name`` is its id.
        """
        number = next(row for row, event in enumerate(self._simulation.scenario.events) if event.id == name)
        duty = self._simulation.duties[f"event {number}"]
        assert isinstance(duty, Happening), "events are called so"
        if why := duty.cannot(to_end=to_end):
            return why
        self._simulation.duties.act_now(duty.name)
        return ""

    def at(self, place: tuple[str, int]) -> tuple[Any, ...]:
        """Events that hold at a place."""
        return tuple(self._in_force.get(place, ()))

    def begin(self, place: tuple[str, int], event: Any) -> Any:
        """Let an event hold from now on, and return it."""
        self._in_force.setdefault(place, []).append(event)
        return event

    def end(self, place: tuple[str, int], event: Any) -> Any:
        """Let an event hold no longer, and return the latest of those that still do, None without any."""
        left = [other for other in self._in_force[place] if other is not event]
        self._in_force[place] = left
        return left[-1] if left else None

    def state(self) -> State:
        """Events that were added, and the numbers of those in force."""
        number = {id(event): row for row, event in enumerate(self.all)}
        first = len(self._simulation.scenario.events)
        return {
            "added": [event.model_dump(mode="json") for event in self.all[first:]],
            "in_force": [[*place, [number[id(event)] for event in held]] for place, held in self._in_force.items()],
        }

    def restore(self, state: State) -> None:
        """Have the events that there were."""
        first, added = len(self._simulation.scenario.events), state["added"]
        self.all = [*self.all[:first], *(_read_event(event) for event in added)]
        for number in range(first, len(self.all)):
            self._simulation.duties.offer(self._duty(number))
        if added:
            self._simulation.duties.offer(AnswerDrivers())
        self._in_force = {
            (kind, row): [self.all[number] for number in numbers] for kind, row, numbers in state["in_force"]
        }

    def _duty(self, number: int) -> Happening[Any]:
        event = self.all[number]
        return self.HAPPENS[type(event)](f"event {number}", event)


def _read_event(written: dict[str, Any]) -> Event:
    reader: TypeAdapter[Event] = TypeAdapter(Event)
    return reader.validate_python(written)


def _lanes(simulation: Simulation, links: Sequence[int], indices: tuple[int, ...] | None) -> np.ndarray:
    """Lane rows of links, all of them or those with some indices."""
    start = simulation.model.network.links.lane_start
    rows = [np.arange(start[link], start[link + 1]) for link in links]
    if indices is not None:
        rows = [lanes[[index for index in indices if index < lanes.size]] for lanes in rows]
    return np.concatenate(rows)


def update_closed(simulation: Simulation, links: list[int]) -> None:
    """A link is closed when all its lanes are. Everybody looks again whether the own lane still is the best."""
    simulation.model.fleet.cities.vehicle_i[..., table.CONTENT] = 0
    start = simulation.model.network.links.lane_start
    for link in links:
        simulation.journeys.closed[link] = bool((simulation.shut[start[link] : start[link + 1]] > 0).all())


def block(simulation: Simulation, lane: int) -> None:
    """Block a lane where vehicles that broke down stand, and where hazards close it."""
    edges_m = simulation.edges_m[simulation.model.network.lanes.link[lane]]
    places_m = [incident.position_m for incident in simulation.events.at(("obstacle", lane))]
    simulation.model.fleet.block(lane, [*places_m, *edges_m[np.isfinite(edges_m)].tolist()])


def set_limit(simulation: Simulation, link: int, limit: SpeedLimit | None) -> None:
    """Let a limit hold on a link, or the street's own; hazards may ask for less."""
    network = simulation.model.network
    speed_mps = float(network.links.speed_mps[link]) if limit is None else limit.speed_kmh / 3.6
    speed_mps = min(speed_mps, float(simulation.caps_mps[link]))
    first, last = network.links.lane_start[link : link + 2]
    simulation.model.fleet.lane_limit_mps[:, first:last] = speed_mps
    simulation.model.router.set_speed(link, speed_mps)


def _run_programme(simulation: Simulation, controller: int, plan: SignalPlan | None) -> tuple[float, float]:
    """Run the programme of a plan, or the junction's own, and return its cycle and offset, s.

    Phases get their new durations at once, and the first phase of the next cycle is stretched so that the cycles after
    it begin at the offset.
    """
    network, cities = simulation.model.network, simulation.model.fleet.cities
    first, last = network.signals.phase_start[controller : controller + 2]
    phase_s, offset_s = network.signals.phase_s[first:last], float(network.signals.offset_s[controller])
    if plan is not None:
        phase_s, offset_s = retimed(network, controller, plan)
    cities.phase_s[:, first:last] = phase_s
    phase = int(cities.controller_i[0, table.PHASE, controller])
    left_s = float(cities.controller_f[0, table.PHASE_LEFT_S, controller]) - cities.step_s  # as the next step begins
    next_cycle_s = simulation.env.now + left_s + float(cities.phase_s[0, phase + 1 : last].sum())
    cycle_s = float(phase_s.sum())
    cities.controller_f[:, table.STRETCH_S, controller] = round(offset_s - next_cycle_s, 6) % cycle_s
    return cycle_s, offset_s
