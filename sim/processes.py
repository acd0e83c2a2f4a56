"""Say what happens when: one SimPy process per event of the scenario, and the rhythms of planning.

A process waits, changes the city, and writes a line to the log. It never moves a vehicle.
"""

from __future__ import annotations

from collections.abc import Generator
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
    begin = {RoadClosure: close_road, SpeedLimit: limit_speed, SignalPlan: retime_signal, Incident: block_lane}
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
    if closure.known_to == "broadcast":
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
    """Hold another speed limit on some links for a time."""
    model = simulation.model
    links = [model.network.link_row[name] for name in limit.link_ids]
    where = ", ".join(limit.link_ids)
    yield simulation.env.timeout(limit.start_s)
    before_mps = [float(model.fleet.lane_limit_mps[0, model.network.links.lane_start[link]]) for link in links]
    for link in links:
        _set_limit(simulation, link, limit.speed_kmh / 3.6)
    simulation.log("speed_limit", where, f"{limit.speed_kmh:g} km/h")
    if limit.end_s is None:
        return
    yield simulation.env.timeout(limit.end_s - limit.start_s)
    for link, speed_mps in zip(links, before_mps, strict=True):
        _set_limit(simulation, link, speed_mps)
    simulation.log("speed_limit", where, "back to the limit before")


def retime_signal(simulation: Simulation, plan: SignalPlan) -> Process:
    """Run another programme at a junction for a time; phases that have begun end as they were to."""
    network = simulation.model.network
    controller = int(np.flatnonzero(network.signals.junction == network.junction_row[plan.junction])[0])
    yield simulation.env.timeout(plan.start_s)
    phase_s, offset_s = retimed(network, controller, plan)
    _change_programme(simulation, controller, phase_s, offset_s)
    simulation.log("signal_plan", plan.junction, f"cycle {phase_s.sum():g} s, offset {offset_s:g} s")
    if plan.end_s is None:
        return
    yield simulation.env.timeout(plan.end_s - plan.start_s)
    first, last = network.signals.phase_start[controller : controller + 2]
    _change_programme(simulation, controller, network.signals.phase_s[first:last], network.signals.offset_s[controller])
    simulation.log("signal_plan", plan.junction, "back to the programme before")


def block_lane(simulation: Simulation, incident: Incident) -> Process:
    """Let a broken-down vehicle stand on a lane for a time."""
    network, fleet = simulation.model.network, simulation.model.fleet
    lane = _lanes(simulation, [network.link_row[incident.link]], (incident.lane,))
    where = f"{incident.link} lane {incident.lane}"
    yield simulation.env.timeout(incident.start_s)
    before_m = fleet.obstacle_m[:, lane].copy()
    fleet.obstacle_m[:, lane] = np.minimum(before_m, incident.position_m)
    simulation.log("incident", where, f"a vehicle stands at {incident.position_m:g} m")
    yield simulation.env.timeout(incident.duration_s)
    fleet.obstacle_m[:, lane] = before_m
    simulation.log("incident", where, "cleared")


def _lanes(simulation: Simulation, links: list[int], indices: tuple[int, ...] | None) -> np.ndarray:
    """Lane rows of links, all of them or those with some indices."""
    start = simulation.model.network.links.lane_start
    rows = [np.arange(start[link], start[link + 1]) for link in links]
    if indices is not None:
        rows = [lanes[[index for index in indices if index < lanes.size]] for lanes in rows]
    return np.concatenate(rows)


def _update_closed(simulation: Simulation, links: list[int]) -> None:
    """A link is closed when all its lanes are."""
    start = simulation.model.network.links.lane_start
    for link in links:
        simulation.journeys.closed[link] = bool((simulation.shut[start[link] : start[link + 1]] > 0).all())


def _set_limit(simulation: Simulation, link: int, speed_mps: float) -> None:
    start = simulation.model.network.links.lane_start
    simulation.model.fleet.lane_limit_mps[:, start[link] : start[link + 1]] = speed_mps
    simulation.model.router.set_speed(link, speed_mps)


def _change_programme(simulation: Simulation, controller: int, phase_s: np.ndarray, offset_s: float) -> None:
    """Write phase durations, and lengthen one first phase so that cycles begin at the offset."""
    cities = simulation.model.fleet.cities
    first, last = cities.controller_i[0, table.FIRST_PHASE, controller : controller + 2]
    cities.phase_s[:, first:last] = phase_s
    phase = int(cities.controller_i[0, table.PHASE, controller])
    left_s = float(cities.controller_f[0, table.PHASE_LEFT_S, controller])
    next_cycle_s = simulation.env.now + left_s + float(cities.phase_s[0, phase + 1 : last].sum())
    cities.controller_f[:, table.STRETCH_S, controller] = (offset_s - next_cycle_s) % float(phase_s.sum())
