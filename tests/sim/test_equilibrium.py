"""Laws of how people get used to streets: no trip is lost, threads change nothing, surprises stay surprises."""

from __future__ import annotations

import numba
import numpy as np
import pytest
from traffic_case import make_trips
from two_routes import evenly, on_roads, two_routes, who_uses

from citytwin.agents.routes import Router
from citytwin.agents.travel_times import usual_times
from citytwin.scenarios.public_transport import bus_trips
from citytwin.scenarios.trips import TripTable
from citytwin.sim.everyday import settle
from citytwin.sim.simulation import Simulation
from citytwin.sim.turn_times import TurnTimes

CAPACITY, DEMAND = 0.3, 0.5
CLOSED = {"kind": "road_closure", "link": "short", "start_s": 0}


def quiet(text: str) -> None:
    """Nobody is told."""


@pytest.fixture(scope="module")
def network():
    return two_routes(CAPACITY, 40.0)


@pytest.fixture(scope="module")
def trips(network):
    return evenly(network, DEMAND, 400.0)


@pytest.fixture(scope="module")
def scenario():
    return on_roads(1000.0, {"iterations": 6, "gap": 0.001})


@pytest.fixture(scope="module")
def settled(scenario, network, trips):
    return settle(scenario, network, trips, tell=quiet)


def test_trips_are_the_same_and_every_one_has_a_way(settled, trips) -> None:
    for column in ("id", "key", "depart_s", "origin_link", "destination_link", "vehicle_class"):
        assert np.array_equal(getattr(settled.trips, column), getattr(trips, column))
    assert (np.diff(settled.trips.route_start) > 0).all()


def test_the_gap_falls_and_the_best_routes_are_kept(settled) -> None:
    gaps = [row.relative_gap for row in settled.iterations]
    assert min(gaps) < gaps[0] / 3
    assert settled.chosen.relative_gap == min(gaps)
    assert [row.iteration for row in settled.iterations] == list(range(1, len(gaps) + 1))
    assert all(row.total_s >= row.shortest_s for row in settled.iterations)


def test_the_run_is_the_day_whose_gap_is_told(settled, scenario, network) -> None:
    run = Simulation(scenario, network, settled.trips)
    run.run()
    vehicles = run.model.fleet.vehicles
    arrived = ~np.isnan(vehicles.arrived_s[0])
    took_s = vehicles.arrived_s[0] - settled.trips.depart_s
    assert float(took_s[arrived].mean()) == settled.chosen.mean_travel_s


def test_threads_change_nothing(settled, scenario, network, trips) -> None:
    before = numba.get_num_threads()
    numba.set_num_threads(1)
    try:
        again = settle(scenario, network, trips, tell=quiet)
    finally:
        numba.set_num_threads(before)
    assert again.iterations == settled.iterations
    assert np.array_equal(again.trips.route_link, settled.trips.route_link)


def test_another_seed_is_another_chance(settled, scenario, network, trips) -> None:
    assert settle(scenario, network, trips, seed=9, tell=quiet).iterations != settled.iterations


def test_given_routes_are_kept(scenario, network, trips) -> None:
    way = np.array([network.link_row[name] for name in ("in", "round", "round 2", "out")], np.int32)
    first = trips.bound_to(np.array([0, 7]), np.array([0, way.size, 2 * way.size]), np.tile(way, 2))
    found = settle(scenario, network, first, tell=quiet)
    assert [found.trips.route(trip).tolist() for trip in (0, 7)] == [way.tolist()] * 2


def test_what_holds_all_the_time_is_known_and_what_does_not_is_a_surprise(network, trips) -> None:
    """A street that is gone is avoided by all; one that closes for a while finds them on their usual ways."""
    routes = {"iterations": 2}
    usual, gone, shut = (
        settle(on_roads(1000.0, routes, events=events), network, trips, tell=quiet)
        for events in ([], [CLOSED], [CLOSED | {"end_s": 300}])
    )
    assert not who_uses(network, gone.trips, "short").any()
    assert np.array_equal(shut.trips.route_link, usual.trips.route_link)
    assert shut.iterations == usual.iterations
    scenario = on_roads(1000.0, routes, events=[CLOSED])
    run = Simulation(scenario, network, gone.trips)
    run.run(1.0)
    assert run.journeys.announced[network.link_row["short"]]


def test_a_day_teaches_as_much_as_the_learning_rate_says(network, trips) -> None:
    """With rate 1 people believe the last day: all to the same side, and back. A low rate calms that."""
    swings = []
    for rate in (1.0, 0.2):
        routes = {"choice": "day_to_day", "iterations": 6, "learning_rate": rate, "perception_noise": 0.0}
        days = settle(on_roads(1000.0, routes), network, trips, tell=quiet).iterations
        assert [day.iteration for day in days] == [1, 2, 3, 4, 5, 6]
        swings.append(np.mean([day.changed_share for day in days[2:]]))
    assert swings[1] < swings[0] / 2


def test_a_toll_counts_as_the_time_it_is_worth(network, trips) -> None:
    """40 s on the short way, paid for 60 s: nobody takes it, though it would be quicker."""
    toll = {"kind": "toll", "links": ["short"], "price": 1.0}
    keys = {"measures": [toll]}
    worth = {"value_of_time_per_h": {"car": 60.0}, "iterations": 12, "gap": 1e-6}
    found = settle(on_roads(1000.0, worth, **keys), network, evenly(network, 0.2, 400.0), tell=quiet)
    assert found.chosen.relative_gap == 0.0
    assert not who_uses(network, found.trips, "short").any()
    cheap = worth | {"value_of_time_per_h": {"car": 600.0}}
    found = settle(on_roads(1000.0, cheap, **keys), network, evenly(network, 0.2, 400.0), tell=quiet)
    assert who_uses(network, found.trips, "short").all()


def test_buses_keep_to_their_line_and_do_not_make_a_street_slow(network) -> None:
    """Buses have no choice: none is given a route, and they stand at stops, which says nothing of the street."""
    stops = [{"link": "in"}, {"link": "round", "position_m": 400}, {"link": "out"}]
    line = {"kind": "bus_line", "id": "4", "stops": stops, "headway_s": 200, "dwell_min_s": 60}
    scenario = on_roads(1000.0, {"iterations": 2}, public_transport=[line])
    trips = TripTable.joined(bus_trips(scenario, network))
    found = settle(scenario, network, trips, tell=quiet)
    usual = usual_times(Router(network), 60.0, 17)
    run = Simulation(scenario, network, trips)
    watch = TurnTimes(run, usual)
    run.watch([watch])
    run.run()
    np.testing.assert_array_equal(watch.times().turn_s, usual.turn_s)
    assert len(trips) == 5
    assert not np.diff(found.trips.route_start).any()  # they find their way by their stops
    assert found.chosen.total_s == 0.0


def test_nobody_to_choose(scenario, network) -> None:
    found = settle(scenario, network, make_trips(network, []), tell=quiet)
    assert found.chosen.relative_gap == 0.0
    assert len(found.iterations) == 1


def test_times_of_turns_are_those_that_each_vehicle_took(scenario, network, trips) -> None:
    """The slow twin looks at every vehicle after every step."""
    usual = usual_times(Router(network), 60.0, 17)
    run = Simulation(scenario, network, trips)
    watch = TurnTimes(run, usual)
    run.watch([watch])
    came: dict[int, tuple[int, float]] = {}
    took: dict[tuple[int, int, int], list[float]] = {}
    for second in range(1, 1001):
        run.run(float(second))
        vehicles, fleet = run.model.fleet.vehicles, run.model.fleet
        for row in np.flatnonzero(~np.isnan(vehicles.entered_s[0])).tolist():
            link = int(fleet.cities.route[vehicles.route_start[0, row] + vehicles.route_at[0, row]])
            before, since = came.setdefault(row, (link, float(vehicles.entered_s[0, row])))
            if link != before:
                took.setdefault((before, link, int(since // 60.0)), []).append(second - since)
                came[row] = link, float(second)
    times = watch.times()
    compared = 0
    for (link, to_link, interval), all_s in took.items():
        if len(all_s) >= 10:
            [movement] = np.flatnonzero((network.movements.from_link == link) & (network.movements.to_link == to_link))
            n, wanted = len(all_s), float(np.mean(all_s))
            with_usual = (n * wanted + usual.turn_s[movement, interval]) / (n + 1)
            assert times.turn_s[movement, interval] == pytest.approx(with_usual, abs=4.0)
            compared += 1
    assert compared >= 10
