"""Laws of route choice on whole networks, with a brute-force twin that knows where a route has been."""

from __future__ import annotations

import dataclasses
import itertools

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from citytwin.agents.routes import Router, drive_through_s, expected_wait_s
from citytwin.scenarios.junctions import build_network
from citytwin.scenarios.load_network import load_network
from citytwin.scenarios.network import Light
from citytwin.scenarios.places import find_places
from citytwin.scenarios.streets import BUS
from citytwin.scenarios.synthetic import grid_city, random_city


def everywhere(network):
    """Trips between all pairs of links."""
    links = np.arange(network.link_count, dtype=np.int32)
    origin, destination = np.repeat(links, links.size), np.tile(links, links.size)
    return origin, destination, np.arange(origin.size, dtype=np.uint64)


def with_rules(network, seed, destination_only=0.0, sequences=0):
    """The same network with some streets for residents only and some forbidden sequences of links."""
    rng = np.random.default_rng(seed)
    links = dataclasses.replace(network.links, destination_only=rng.random(network.link_count) < destination_only)
    behind = {}
    for source, target in zip(network.movements.from_link.tolist(), network.movements.to_link.tolist(), strict=True):
        behind.setdefault(source, []).append(target)
    forbidden = set()
    for _ in range(sequences):
        sequence = [int(rng.integers(network.link_count))]
        for _ in range(int(rng.integers(2, 4))):
            if sequence[-1] in behind:
                sequence.append(int(rng.choice(behind[sequence[-1]])))
        if len(sequence) >= 3:
            forbidden.add(tuple(sequence))
    return dataclasses.replace(network, links=links, forbidden_sequences=tuple(sorted(forbidden)))


def best_costs(network, router):
    """Cost of all pairs by networkx on states (last links driven, part of the route): slow and beyond doubt."""
    restricted, forbidden = network.links.destination_only, network.forbidden_sequences
    longest = max([len(sequence) for sequence in forbidden], default=2) - 1
    behind = {}
    for movement, pair in enumerate(
        zip(network.movements.from_link.tolist(), network.movements.to_link.tolist(), strict=True)
    ):
        behind.setdefault(pair[0], []).append((pair[1], movement))
    costs = {}
    for origin in range(network.link_count):
        start = ((origin,), "first" if restricted[origin] else "middle")
        street, queue, known = nx.DiGraph(), [start], {start}
        street.add_node(start)
        while queue:
            driven, part = here = queue.pop()
            for link, movement in behind.get(driven[-1], []):
                now = (*driven, link)
                if any(now[-len(sequence) :] == sequence for sequence in forbidden):
                    continue
                if part == "last" and not restricted[link]:
                    continue
                next_part = part
                if restricted[link] and part == "middle":
                    next_part = "last"
                elif not restricted[link]:
                    next_part = "middle"
                there = (now[-longest:], next_part)
                weight = router.link_s[link] + router.movement_s[movement]
                street.add_edge(here, there, weight=weight)
                if there not in known:
                    known.add(there)
                    queue.append(there)
        for (driven, _), cost in nx.single_source_dijkstra_path_length(street, start).items():
            pair = origin, driven[-1]
            costs[pair] = min(costs.get(pair, np.inf), cost + router.link_s[origin])
    return costs


@settings(max_examples=40)
@given(seed=st.integers(0, 10**6), destination_only=st.sampled_from([0.0, 0.3]), sequences=st.sampled_from([0, 8]))
def test_all_pairs_are_driven_as_cheaply_as_the_rules_allow(seed, destination_only, sequences):
    network = with_rules(build_network(random_city(seed)), seed, destination_only, sequences)
    router = Router(network)
    origin, destination, key = everywhere(network)
    routes = router.plan(origin, destination, key, noise=0.0, seed=0)
    best = best_costs(network, router)
    wanted = [best.get(pair, np.inf) for pair in zip(origin.tolist(), destination.tolist(), strict=True)]
    np.testing.assert_allclose(routes.cost_s, wanted, rtol=1e-12)


@settings(max_examples=40)
@given(seed=st.integers(0, 10**6), noise=st.sampled_from([0.0, 0.3]))
def test_a_route_is_a_chain_of_allowed_turns_that_costs_the_sum_of_its_parts(seed, noise):
    network = with_rules(build_network(random_city(seed)), seed, 0.2, 5)
    router = Router(network)
    origin, destination, key = everywhere(network)
    routes = router.plan(origin, destination, key, noise=noise, seed=seed)
    row = {
        pair: movement
        for movement, pair in enumerate(
            zip(network.movements.from_link.tolist(), network.movements.to_link.tolist(), strict=True)
        )
    }
    for trip in range(origin.size):
        route = routes.route(trip).tolist()
        if not route:
            assert np.isinf(routes.cost_s[trip])
            continue
        assert (route[0], route[-1]) == (origin[trip], destination[trip])
        movements = [row[pair] for pair in itertools.pairwise(route)]
        parts = sum(router.link_s[link] for link in route) + sum(router.movement_s[m] for m in movements)
        assert routes.cost_s[trip] == pytest.approx(parts, rel=1e-12)
        ends = "".join("d" if network.links.destination_only[link] else "." for link in route)
        assert "d" not in ends.strip("d")
        for sequence in network.forbidden_sequences:
            windows = [tuple(route[i : i + len(sequence)]) for i in range(len(route))]
            assert sequence not in windows


@pytest.fixture(scope="module")
def grid():
    return build_network(grid_city(4, 4))


def random_trips(network, count=50, seed=0):
    rng = np.random.default_rng(seed)
    origin, destination = rng.integers(0, network.link_count, (2, count))
    return origin.astype(np.int32), destination.astype(np.int32), np.arange(count, dtype=np.uint64)


def test_a_closed_street_is_avoided_until_it_opens(grid):
    router = Router(grid)
    origin, destination, key = random_trips(grid)
    before = router.plan(origin, destination, key, noise=0.1, seed=0)
    inner = np.concatenate([before.route(trip)[1:-1] for trip in range(origin.size)])
    busiest = int(np.bincount(inner).argmax())
    router.open_link[busiest] = False
    during = router.plan(origin, destination, key, noise=0.1, seed=0)
    for trip in range(origin.size):
        if destination[trip] == busiest and origin[trip] != busiest:
            assert during.route(trip).size == 0
        else:
            assert busiest not in during.route(trip)[1:]
    one_call = Router(grid).plan(origin, destination, key, noise=0.1, seed=0, open_link=router.open_link)
    np.testing.assert_array_equal(one_call.link, during.link)
    router.open_link[busiest] = True
    after = router.plan(origin, destination, key, noise=0.1, seed=0)
    np.testing.assert_array_equal(after.link, before.link)


def test_a_vehicle_in_a_turning_lane_begins_with_that_turn(grid):
    router = Router(grid)
    origin, destination, key = random_trips(grid)
    movements = grid.movements
    choices = [movements.to_link[movements.from_link == link] for link in origin]
    allowed = [links[:1] for links in choices]
    start = np.cumsum([0, *map(len, allowed)])
    routes = router.plan(origin, destination, key, noise=0.0, seed=0, allowed_next=(start, np.concatenate(allowed)))
    for trip in range(origin.size):
        if origin[trip] != destination[trip]:
            assert routes.route(trip)[1] == allowed[trip][0]


def test_jams_are_avoided_and_the_wait_at_a_red_light_is_not_counted_twice(grid):
    router = Router(grid)
    free_s, expected_s = router.link_s.copy(), router.link_s + mean_wait_s(grid)
    router.observe(expected_s)
    np.testing.assert_allclose(router.link_s, free_s)
    jam = expected_s.copy()
    jam[5] += 600
    jam[6] = np.nan  # nobody drove there: as if empty
    router.observe(jam)
    assert router.link_s[5] == pytest.approx(free_s[5] + 600)
    assert router.link_s[6] == free_s[6]
    router.observe(free_s)  # nobody had to wait
    no_waits_s = router.link_s.copy()
    np.testing.assert_allclose(no_waits_s, np.maximum(free_s - mean_wait_s(grid), 0.0))
    router.observe(np.zeros(grid.link_count))
    np.testing.assert_allclose(router.link_s, no_waits_s)  # nobody is faster than the limit


def mean_wait_s(network):
    wait_s = expected_wait_s(network)
    return np.array([wait_s[network.movements.from_link == link].mean() for link in range(network.link_count)])


def test_a_new_speed_limit_is_known(grid):
    router = Router(grid)
    router.set_speed(3, 1.0)
    assert router.link_s[3] == grid.links.length_m[3]
    assert router.link_s[2] == grid.links.length_m[2] / grid.links.speed_mps[2]


def test_free_flow_time_is_driving_only(grid):
    router = Router(grid)
    origin, destination, key = random_trips(grid)
    routes = router.plan(origin, destination, key, noise=0.2, seed=1)
    through_s = drive_through_s(grid)
    for trip, free_s in enumerate(router.free_flow_s(routes)):
        route = routes.route(trip)
        wanted = sum(grid.links.length_m[route] / grid.links.speed_mps[route])
        for here, there in itertools.pairwise(route):
            wanted += through_s[(grid.movements.from_link == here) & (grid.movements.to_link == there)].item()
        assert free_s == pytest.approx(wanted)
        assert free_s <= routes.cost_s[trip] + 1e-9


def test_free_flow_time_of_no_way_is_unknown(grid):
    router = Router(grid)
    router.open_link[:] = False
    routes = router.plan(np.array([0, 1]), np.array([1, 1]), np.array([0, 1]), noise=0.0, seed=0)
    free_s = router.free_flow_s(routes)
    assert np.isnan(free_s[0])
    assert free_s[1] == router.link_s[1]


def test_the_wait_at_a_signal_is_that_of_a_random_arrival(grid):
    signals, connectors = grid.signals, grid.connectors
    wait_s = expected_wait_s(grid)
    plain = np.isin(grid.movements.turn, [0, 1])  # nothing is added for crossing the oncoming traffic
    controller = 5
    first, last = signals.phase_start[controller], signals.phase_start[controller + 1]
    groups = signals.group_count[controller]
    lights = signals.light[signals.light_start[first] : signals.light_start[last]].reshape(-1, groups)
    checked = 0
    for connector in np.flatnonzero(connectors.signal == controller):
        movement = connectors.movement[connector]
        if not plain[movement]:
            continue
        green = np.repeat(
            lights[:, connectors.group[connector]] >= Light.GREEN_YIELD, signals.phase_s[first:last].astype(int)
        )
        if np.abs(np.diff(green.astype(int))).sum() + (green[0] != green[-1]) > 2:
            continue  # green twice a cycle: the formula is for once
        twice = np.concatenate((green, green))
        waits = [np.flatnonzero(twice[second:])[0] for second in range(green.size)]
        assert wait_s[movement] == pytest.approx(np.mean(waits), abs=1.0)
        checked += 1
    assert checked > 0


def test_cars_keep_off_bus_lanes():
    graph = grid_city(3, 3, signalised=False)
    bus_street = graph.streets[4].id
    streets = tuple(
        dataclasses.replace(street, lane_access=(BUS,) * len(street.lane_access)) if street.id == bus_street else street
        for street in graph.streets
    )
    network = build_network(dataclasses.replace(graph, streets=streets))
    bus_link = network.link_row[bus_street]
    router = Router(network)
    origin, destination, key = everywhere(network)
    keep = (origin != bus_link) & (destination != bus_link)
    origin, destination, key = origin[keep], destination[keep], key[keep]
    classes = (key % 3).astype(np.int8)  # car, truck, bus in turn
    routes = router.plan(origin, destination, key, noise=0.0, seed=0, vehicle_class=classes)
    uses = np.array([bus_link in routes.route(trip) for trip in range(origin.size)])
    assert not uses[classes != 2].any()
    assert uses[classes == 2].any()
    # Planned together or by class, nobody's route changes.
    for kind in range(3):
        rows = np.flatnonzero(classes == kind)
        alone = router.plan(origin[rows], destination[rows], key[rows], noise=0.0, seed=0, vehicle_class=classes[rows])
        for place, trip in enumerate(rows):
            np.testing.assert_array_equal(alone.route(place), routes.route(trip))


def test_no_trips_need_no_routes(grid):
    routes = Router(grid).plan(np.zeros(0, int), np.zeros(0, int), np.zeros(0, int), noise=0.1, seed=0)
    assert routes.start.tolist() == [0]


@settings(max_examples=40)
@given(seed=st.integers(0, 10**6), destination_only=st.sampled_from([0.0, 0.3]))
def test_whoever_may_set_out_arrives(seed, destination_only):
    network = with_rules(build_network(random_city(seed)), seed, destination_only)
    places = find_places(network)
    begin, end = np.flatnonzero(places.may_begin), np.flatnonzero(places.may_end)
    origin, destination = np.repeat(begin, end.size), np.tile(end, begin.size)
    routes = Router(network).plan(origin, destination, np.arange(origin.size), noise=0.0, seed=0)
    assert np.isfinite(routes.cost_s).all()


@pytest.mark.parametrize("city", ["monaco/monaco_core", "helsinki/helsinki_centre"])
def test_all_random_trips_of_a_bundled_city_have_a_way(library, city):
    network = load_network(library / f"{city}.osm.gz")
    places = find_places(network)
    rng = np.random.default_rng(1)
    origin, destination = (
        rng.choice(np.flatnonzero(may), 3000).astype(np.int32) for may in (places.may_begin, places.may_end)
    )
    routes = Router(network).plan(origin, destination, np.arange(3000), noise=0.1, seed=0)
    assert np.isfinite(routes.cost_s).all()
