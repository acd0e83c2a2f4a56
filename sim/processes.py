"""Say what happens when: one SimPy process per event of the scenario, and the rhythms of planning.

A process waits, changes the city, and writes a line to the log. It never moves a vehicle.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import TYPE_CHECKING, Any

import numpy as np
import simpy

from ..kernels import traffic_tables as table
from ..scenarios.events import Incident, RoadClosure, SignalPlan, SpeedLimit
from ..scenarios.retiming import retimed

if TYPE_CHECKING:
    from .simulation import Simulation

Process = Generator[simpy.Event, Any, None]

ANSWER_EVERY_S = 10.0  # how soon a blocked driver decides


def start_events(simulation: Simulation) -> None:
    """Put every event of the scenario on the clock."""
    begin: dict[type, Callable[[Simulation, Any], Process]] = {
        RoadClosure: close_road,
        SpeedLimit: limit_speed,
        SignalPlan: retime_signal,
        Incident: block_lane,
    }
    for event in simulation.scenario.events:
        simulation.env.process(begin[type(event)](simulation, event))


def plan_departures(simulation: Simulation) -> Process:
    """Plan each batch of departures shortly before they set out, on the times that streets took lately."""
    every_s = simulation.scenario.routes.plan_every_s
    depart_s = simulation.model.fleet.trips.depart_s
    while True:
        now_s = simulation.env.now
        if now_s > 0:
            simulation.learn_link_times()
        first, last = np.searchsorted(depart_s, [now_s if now_s > 0 else -np.inf, now_s + every_s])
        simulation.journeys.plan_departures(np.arange(first, last))
        yield simulation.env.timeout(every_s)


def answer_drivers(simulation: Simulation) -> Process:
    """Let drivers who found their way blocked look for another."""
    while True:
        yield simulation.env.timeout(ANSWER_EVERY_S)
        simulation.journeys.answer_requests(simulation.env.now)


def close_road(simulation: Simulation, closure: RoadClosure) -> Process:
    """Keep a road, or some of its lanes, shut for a time; who is on it drives on."""
    network, fleet, journeys = simulation.model.network, simulation.model.fleet, simulation.journeys
    links = [network.link_row[name] for name in closure.link_ids]
    lanes = _lanes(simulation, links, closure.lanes)
    where = ", ".join(closure.link_ids)
    yield simulation.env.timeout(closure.start_s)
    simulation.shut[lanes] += 1
    fleet.lane_open[:, lanes] = 0
    _update_closed(simulation, links)
    known = ""
    scenario = simulation.scenario
    if closure.known_to == "broadcast" or (scenario.routes.adapts and closure in scenario.everyday_events):
        journeys.announced[links] = journeys.closed[links]
        known = f", announced to all; {journeys.announce()} drivers under way changed their route"
    what = "closed" if closure.lanes is None else f"lanes {', '.join(map(str, closure.lanes))} closed"
    simulation.log("road_closure", where, what + known)
    if closure.end_s is None:
        return
    yield simulation.env.timeout(closure.end_s - closure.start_s)
    simulation.shut[lanes] -= 1
    fleet.lane_open[:, lanes] = np.where(simulation.shut[lanes] > 0, 0, 1)
    _update_closed(simulation, links)
    journeys.announced &= journeys.closed
    simulation.log("road_closure", where, "open again" if closure.lanes is None else "lanes open again")


def limit_speed(simulation: Simulation, limit: SpeedLimit) -> Process:
    """Hold another speed limit on some links for a time; of several on one link the latest holds."""
    model = simulation.model
    links = [model.network.link_row[name] for name in limit.link_ids]
    where = ", ".join(limit.link_ids)
    yield simulation.env.timeout(limit.start_s)
    for link in links:
        _set_limit(simulation, link, simulation.in_force.begin(("limit", link), limit))
    simulation.log("speed_limit", where, f"{limit.speed_kmh:g} km/h")
    if limit.end_s is None:
        return
    yield simulation.env.timeout(limit.end_s - limit.start_s)
    for link in links:
        _set_limit(simulation, link, simulation.in_force.end(("limit", link), limit))
    simulation.log("speed_limit", where, "back to the limit before")


def retime_signal(simulation: Simulation, plan: SignalPlan) -> Process:
    """Run another programme at a junction for a time; the phase that has begun ends as it was to."""
    network = simulation.model.network
    controller = int(np.flatnonzero(network.signals.junction == network.junction_row[plan.junction])[0])
    yield simulation.env.timeout(plan.start_s)
    cycle_s, offset_s = _run_programme(simulation, controller, simulation.in_force.begin(("signal", controller), plan))
    simulation.log("signal_plan", plan.junction, f"cycle {cycle_s:g} s, offset {offset_s:g} s")
    if plan.end_s is None:
        return
    yield simulation.env.timeout(plan.end_s - plan.start_s)
    _run_programme(simulation, controller, simulation.in_force.end(("signal", controller), plan))
    simulation.log("signal_plan", plan.junction, "back to the programme before")


def block_lane(simulation: Simulation, incident: Incident) -> Process:
    """Let a broken-down vehicle stand on a lane for a time."""
    network, fleet = simulation.model.network, simulation.model.fleet
    lane = int(_lanes(simulation, [network.link_row[incident.link]], (incident.lane,))[0])
    place = ("obstacle", lane)
    where = f"{incident.link} lane {incident.lane}"
    yield simulation.env.timeout(incident.start_s)
    simulation.in_force.begin(place, incident)
    fleet.block(lane, [other.position_m for other in simulation.in_force.at(place)])
    simulation.log("incident", where, f"a vehicle stands at {incident.position_m:g} m")
    yield simulation.env.timeout(incident.duration_s)
    simulation.in_force.end(place, incident)
    fleet.block(lane, [other.position_m for other in simulation.in_force.at(place)])
    simulation.log("incident", where, "cleared")


class InForce:
    """Which events hold at a place at the moment, in the order in which they began."""

    def __init__(self) -> None:
        self._events: dict[tuple[str, int], list[Any]] = {}

    def at(self, place: tuple[str, int]) -> tuple[Any, ...]:
        """Events that hold at a place."""
        return tuple(self._events.get(place, ()))

    def begin(self, place: tuple[str, int], event: Any) -> Any:
        """Let an event hold from now on, and return it."""
        self._events.setdefault(place, []).append(event)
        return event

    def end(self, place: tuple[str, int], event: Any) -> Any:
        """Let an event hold no longer, and return the latest of those that still do, None without any."""
        left = [other for other in self._events[place] if other is not event]
        self._events[place] = left
        return left[-1] if left else None


def _lanes(simulation: Simulation, links: list[int], indices: tuple[int, ...] | None) -> np.ndarray:
    """Lane rows of links, all of them or those with some indices."""
    start = simulation.model.network.links.lane_start
    rows = [np.arange(start[link], start[link + 1]) for link in links]
    if indices is not None:
        rows = [lanes[[index for index in indices if index < lanes.size]] for lanes in rows]
    return np.concatenate(rows)


def _update_closed(simulation: Simulation, links: list[int]) -> None:
    """A link is closed when all its lanes are. Everybody looks again whether the own lane still is the best."""
    simulation.model.fleet.cities.vehicle_i[..., table.CONTENT] = 0
    start = simulation.model.network.links.lane_start
    for link in links:
        simulation.journeys.closed[link] = bool((simulation.shut[start[link] : start[link + 1]] > 0).all())


def _set_limit(simulation: Simulation, link: int, limit: SpeedLimit | None) -> None:
    """Let a limit hold on a link, or the street's own."""
    network = simulation.model.network
    speed_mps = float(network.links.speed_mps[link]) if limit is None else limit.speed_kmh / 3.6
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
