"""Run small cities on CPU and GPU and compare them bit for bit; as a script, print what differed as JSON.

Tests run it in a process of its own, because numba decides at import whether CUDA is simulated.
"""

from __future__ import annotations

import json

import numpy as np
from traffic_case import make_scenario, make_trips, open_to_bicycles, road_of

from citytwin.agents.fleet import Fleet, build_fleet
from citytwin.agents.routes import Router
from citytwin.kernels import traffic_tables as table
from citytwin.scenarios.junctions import build_network
from citytwin.scenarios.merge_shares import with_merge_shares
from citytwin.scenarios.network import RoadNetwork
from citytwin.scenarios.observed import Observed
from citytwin.scenarios.remedies import Impatience
from citytwin.scenarios.scenario import Drivers
from citytwin.scenarios.streets import BICYCLE
from citytwin.scenarios.synthetic import grid_city, random_city
from citytwin.sim.backend import on_backend
from citytwin.sim.calibrate.flows import Flows
from citytwin.sim.calibrate.runs import GroupRuns
from citytwin.sim.simulation import Simulation


def shared(network: RoadNetwork) -> RoadNetwork:
    """The same streets, each with a share of what it joins."""
    return with_merge_shares(network, {name: 1.0 + row % 3 for row, name in enumerate(network.links.id)})


CITIES = {
    "signals": lambda: build_network(grid_city(3, 3, block_m=60)),
    "short streets": lambda: build_network(grid_city(3, 2, block_m=40, lanes=1, signalised=False)),
    "shared merges": lambda: shared(build_network(grid_city(3, 2, block_m=60, lanes=2, signalised=False))),
    "random": lambda: build_network(random_city(7)),
    "bicycles": lambda: build_network(open_to_bicycles(grid_city(1, 3, block_m=600, lanes=1, signalised=False))),
}


def rows_of(network: RoadNetwork, trips: int, every_s: float) -> list[tuple]:
    rng = np.random.default_rng(3)
    ids = network.links.id
    pairs = rng.integers(0, network.link_count, (trips, 2))
    kinds = rng.integers(0, 3, trips)  # long vehicles reach back over more than one short street
    if (network.lanes.access & BICYCLE).all():
        kinds[::3] = table.BICYCLE_CLASS
    return [(f"t{i}", i * every_s, ids[a], ids[b], int(kinds[i])) for i, (a, b) in enumerate(pairs)]


def busy_fleet(network: RoadNetwork, *, trips: int = 150, every_s: float = 0.5, members: int = 2) -> Fleet:
    """Traffic with routes, of impatient drivers; the members differ in them."""
    table_of_trips = make_trips(network, rows_of(network, trips, every_s))
    hurry = Impatience(gap_share=0.5, after_s=5.0)
    fleet = build_fleet(network, table_of_trips, Drivers(), seed=1, members=members, impatience=hurry)
    routes = Router(network).plan(
        table_of_trips.origin_link, table_of_trips.destination_link, table_of_trips.key, noise=0.2, seed=1
    )
    for member in range(members):
        fleet.set_routes(member, np.arange(trips), routes.start, routes.link)
    return fleet


def steps_differ(network: RoadNetwork, steps: int, **traffic: float) -> list[str]:
    """Arrays that differ after so many steps on CPU and GPU."""
    here, there = busy_fleet(network, **traffic), on_backend(busy_fleet(network, **traffic), "cuda")
    here.advance(0, steps)
    for first in range(0, steps, 20):  # with looks in between
        there.advance(first, min(first + 20, steps))
        with there.reading():
            there.vehicles.speed_mps.mean()
    assert here.cities.counter[:, table.ENTERED].min() > 15
    return [
        name
        for name in table.OWN
        if not np.array_equal(getattr(here.cities, name), getattr(there.cities, name), equal_nan=name[-2:] == "_f")
    ]


def simulation_on(backend: str, *, until_s: float = 240.0) -> Simulation:
    """A grid with signals and drivers of all kinds, a closure, a lower limit, an incident.

    Drivers who are held up look for another way.
    """
    network = CITIES["signals"]()
    ids = network.links.id
    events = [
        {"kind": "road_closure", "link": ids[8], "start_s": 60, "end_s": 200},
        {"kind": "speed_limit", "link": ids[3], "start_s": 30, "speed_kmh": 20},
        {"kind": "incident", "link": ids[5], "position_m": 30, "start_s": 50, "duration_s": 100},
    ]
    routes = {"plan_every_s": 60, "reroute_blocked_after_s": 30}
    names = network.signals.id
    control = [
        {"kind": "actuated", "junctions": names[:2], "pedestrians": False, "priority": ["bus"]},
        {"kind": "max_pressure", "junctions": names[2:4], "pedestrians": False, "preemption": ["truck"]},
        {"kind": "fixed", "junctions": names[4:], "priority": ["bus"]},
    ]
    others = [{"share": 0.3, "model": "krauss", "imperfection": 0.5}, {"share": 0.3, "model": "acc"}]
    drivers = {"others": others, "spread": {"headway_s": {"sd": 0.2}}}
    scenario = make_scenario(events=events, routes=routes, signals={"control": control}, drivers=drivers)
    simulation = Simulation(scenario, network, make_trips(network, rows_of(network, 150, 1.0)), backend=backend)
    simulation.run(until_s)
    return simulation


def simulations_differ() -> list[str]:
    """What differs between the same simulation on CPU and GPU."""
    here, there = simulation_on("cpu"), simulation_on("cuda")
    differ = [] if here.model.fleet.state_hash() == there.model.fleet.state_hash() else ["state"]
    if here.entries != there.entries:
        differ.append("log")
    if not here.journeys.reroutes.any():
        differ.append("nobody changed the route: the case is too quiet")
    if not np.array_equal(here.journeys.reroutes, there.journeys.reroutes):
        differ.append("routes")
    return differ


def counts_differ() -> list[str]:
    """What differs of counts by group of two members of a calibration on CPU and GPU."""
    flows = Flows.of(["through", "first"], [[0, 1], [0]], 0.0, 10.0)
    observed = Observed.counts(["a", "b"], np.array([0, 1], np.int32), 0.0, np.array([18.0, 24.0]), np.ones(2))
    runs = GroupRuns(road_of([60.0, 60.0], speed_kmh=50.0), make_scenario().drivers, flows, observed)
    numbers = np.array([[3.0, 1.0], [1.0, 2.0]])
    found = []
    for runs.backend in ("cpu", "cuda"):
        there = runs(numbers, [3, 4])
        found.append(np.concatenate([there.counts.ravel(), there.passed.ravel(), there.entered, there.arrived]))
    assert found[0].sum() > 8
    return [] if np.array_equal(*found) else ["counts"]


if __name__ == "__main__":
    answers = {name: steps_differ(make(), 100) for name, make in CITIES.items()}
    answers["simulation"] = simulations_differ()
    answers["calibration"] = counts_differ()
    print(json.dumps(answers))
