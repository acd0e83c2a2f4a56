"""Bicycles on the carriageway: who passes them where, what it costs where nobody can, and that nobody is touched."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from micro_traffic import Part, Tracks, network_of, record, street
from traffic_case import open_to_bicycles, simulate
from traffic_laws import TrafficLaws

from citytwin.kernels import traffic_tables as table
from citytwin.scenarios.junctions import build_network
from citytwin.scenarios.network import RoadNetwork
from citytwin.scenarios.streets import BICYCLE, MOTOR, JunctionSpec
from citytwin.scenarios.synthetic import grid_city, random_city
from citytwin.sim.outcome import trip_times
from citytwin.sim.simulation import Simulation

from ..scenarios.plan_case import change, changed

CAR, BIKE = 0, table.BICYCLE_CLASS
BIKE_MPS, LIMIT_MPS = 4.5, 50.0 / 3.6
LENGTH_M = 1500.0
ALIKE = {"speed_factor_sd": 0.0}


def road(*, width_m: float = 3.25, two_way: bool = True) -> RoadNetwork:
    """A straight street with one lane in each direction, from gate to gate."""
    part, y = Part(LENGTH_M, lane_width_m=width_m), width_m / 2.0
    there = street("there", "w", "e", [[0.0, -y], [LENGTH_M, -y]], part)
    back = street("back", "e", "w", [[LENGTH_M, y], [0.0, y]], part)
    streets = [replace(there, twin="back", oneway=False), replace(back, twin="there", oneway=False)]
    streets = [replace(one, lane_access=(MOTOR | BICYCLE,)) for one in (streets if two_way else [there])]
    specs = [JunctionSpec("w", 0.0, 0.0, gate="both"), JunctionSpec("e", LENGTH_M, 0.0, gate="both")]
    return network_of("road", streets, specs)


def ride(
    network: RoadNetwork,
    *,
    bikes: int = 1,
    cars: Sequence[float] = (30.0, 34.0, 50.0),
    oncoming: Sequence[float] = (),
    **keys: Any,
) -> Simulation:
    """Bicycles that set out first, cars behind them, and others that come towards them."""
    rows = [(f"bike {k}", 6.0 * k, "there", "there", BIKE, 5.0, LENGTH_M - 10.0) for k in range(bikes)]
    rows += [(f"car {k}", t, "there", "there", CAR, 5.0, LENGTH_M - 10.0) for k, t in enumerate(cars)]
    rows += [(f"oncoming {k}", t, "back", "back", CAR, 5.0, LENGTH_M - 10.0) for k, t in enumerate(oncoming)]
    return simulate(network, rows, **{"duration_s": 400.0, "drivers": ALIKE, **keys})


def taken_s(simulation: Simulation, of: str) -> np.ndarray:
    """Time on the street of those whose ids begin so."""
    vehicles, ids = simulation.model.fleet.vehicles, simulation.model.fleet.trips.id
    rows = [row for row, name in enumerate(ids) if name.startswith(of)]
    return (vehicles.arrived_s[0] - vehicles.entered_s[0])[rows]


def alone_s() -> float:
    simulation = ride(road(), bikes=0, cars=(30.0,))
    simulation.run(200.0)
    return float(taken_s(simulation, "car")[0])


def test_without_room_to_pass_a_bicycle_sets_the_pace() -> None:
    """A moving bottleneck that nobody passes: everybody behind it drives at its speed (Newell 1998)."""
    simulation = ride(road(two_way=False))
    tracks: Tracks = record(simulation, 250.0, offset_m=np.zeros(4))
    behind = tracks.speed_mps[150:, [row for row, n in enumerate(simulation.model.fleet.trips.id) if n != "bike 0"]]
    assert np.nanmean(behind) == pytest.approx(BIKE_MPS, rel=0.02)


@pytest.mark.parametrize(
    "network, share", [(road(), 0.08), (road(two_way=False, width_m=4.6), 0.02)], ids=["other lane free", "wide lane"]
)
def test_where_there_is_room_bicycles_cost_cars_next_to_nothing(network: RoadNetwork, share: float) -> None:
    """Free passing is no loss; on the other side of the road one car after the other passes."""
    simulation = ride(network, bikes=3)
    simulation.run(260.0)
    assert taken_s(simulation, "car") == pytest.approx(alone_s(), rel=share)


def test_oncoming_traffic_keeps_drivers_behind() -> None:
    steady = np.arange(0.0, 400.0, 6.0)
    kept, free = (ride(road(), cars=(120.0,), oncoming=times) for times in (steady, ()))
    for simulation in (kept, free):
        simulation.run(300.0)
    position = kept.model.fleet.vehicles.position_m[0]
    assert position[list(kept.model.fleet.trips.id).index("car 0")] < position[0]
    assert taken_s(free, "car")[0] == pytest.approx(alone_s(), abs=2.0)


@pytest.mark.parametrize("clearance_m, passes", [(1.5, False), (1.0, True)])
def test_the_distance_they_keep_decides_where_they_pass(clearance_m: float, passes: bool) -> None:
    drivers = {**ALIKE, "passing_clearance_m": clearance_m}
    simulation = ride(road(two_way=False, width_m=4.0), cars=(40.0,), drivers=drivers)
    simulation.run(300.0)
    assert (taken_s(simulation, "car")[0] < 130.0) == passes


def test_the_laws_hold_while_bicycles_are_passed() -> None:
    """On a street with gaps in the oncoming traffic: nobody touches a bicycle, nor meets anybody head-on."""
    rng = np.random.default_rng(2)
    oncoming = np.cumsum(rng.exponential(25.0, 14))
    simulation = ride(road(), bikes=6, cars=np.arange(20.0, 260.0, 7.0), oncoming=oncoming, drivers={})
    watched = TrafficLaws(simulation)
    for _ in range(300):
        watched.step()
    assert watched.passed_on_the_other_side > 30
    assert (taken_s(simulation, "car") < 150.0).any()


@pytest.mark.parametrize("seed", [3, 7])
def test_the_laws_hold_in_cities_with_bicycles(seed: int) -> None:
    """Signals, priority, turns and full streets, with every third trip by bicycle."""
    network = build_network(open_to_bicycles(random_city(seed)))
    rng = np.random.default_rng(seed)
    ids, pairs = network.links.id, rng.integers(0, network.link_count, (150, 2))
    rows = [(f"t{i}", 1.0 * i, ids[a], ids[b], BIKE if i % 3 == 0 else i % 2) for i, (a, b) in enumerate(pairs)]
    simulation = simulate(network, rows, duration_s=400.0, seed=seed)
    watched = TrafficLaws(simulation)
    for _ in range(300):
        watched.step()
    arrived = simulation.model.fleet.vehicles.status[0] == table.ARRIVED
    assert arrived[::3].sum() > 5 and arrived.sum() > 40


def test_bicycles_take_the_way_that_is_open_to_them_at_their_own_pace() -> None:
    """The shortest way is closed to them: they ride round the block; delay counts from what a bicycle needs."""
    graph = open_to_bicycles(grid_city(3, 3, block_m=200, lanes=1, signalised=False))
    start, middle, end = (
        f"way/node/{way}" for way in ("001-000>node/001-001", "001-001>node/001-002", "001-002>node/002-002")
    )
    closed = [replace(one, lane_access=(MOTOR,)) if one.id == middle else one for one in graph.streets]
    network = build_network(replace(graph, streets=tuple(closed)))
    simulation = simulate(
        network, [("bike", 0.0, start, end, BIKE), ("car", 0.0, start, end, CAR)], drivers=ALIKE, duration_s=900
    )
    simulation.run()
    fleet = simulation.model.fleet
    assert fleet.vehicles.status[0].tolist() == [table.ARRIVED] * 2
    driven_m = fleet.vehicles.driven_m[0]
    assert driven_m[0] > driven_m[1] + 300.0
    _, _, free_s, delay_s = trip_times(simulation)
    assert free_s[0] == pytest.approx(driven_m[0] / BIKE_MPS, rel=0.1)
    assert 0.0 < delay_s[0] < 0.25 * free_s[0]


def test_a_cycle_lane_takes_bicycles_off_the_cars_lane() -> None:
    """On the lane that a plan gives them; before the stop line they go back to the lane that leads on."""
    base = open_to_bicycles(grid_city(1, 3, block_m=500, lanes=2, signalised=False))
    link = "way/node/000-000>node/000-001"
    network = build_network(changed(base, change("cycle_lane", link=link)))
    row = network.link_row[link]
    kerb = int(network.links.lane_start[row])
    rows = [(f"bike {k}", 4.0 * k, link, "way/node/000-001>node/000-002", BIKE, 5.0, np.nan) for k in range(4)]
    rows += [("car", 60.0, link, "way/node/000-001>node/000-002", CAR, 5.0, np.nan)]
    simulation = simulate(network, rows, duration_s=600, drivers=ALIKE)
    tracks = record(simulation, 400.0, offset_m=np.zeros(simulation.model.fleet.cities.lane_f.shape[2]))
    on_own = (tracks.lane[:, :4] == kerb) & (tracks.x_m[:, :4] > 0)
    assert (on_own.sum(axis=0) > 60).all()
    assert (simulation.model.fleet.vehicles.status[0] == table.ARRIVED).all()
    car = list(simulation.model.fleet.trips.id).index("car")
    assert np.nanmax(tracks.speed_mps[:, car]) > 0.95 * LIMIT_MPS
