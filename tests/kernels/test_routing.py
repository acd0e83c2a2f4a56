"""Laws of the shortest paths, with scipy and networkx as oracles on random graphs."""

from __future__ import annotations

import itertools
import math

import networkx as nx
import numba
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from citytwin.kernels.chance import ROUTE_NOISE, normal
from citytwin.kernels.routing import Expectation, TurnGraph, Wishes, perceived_s, plan_routes


def graph_of(arcs, links):
    """Graph of (from link, to link) pairs; movement numbers are shuffled rows to catch mixed-up indices."""
    arcs = sorted(arcs)
    start = np.searchsorted([a for a, _ in arcs], np.arange(links + 1)).astype(np.int64)
    movement = np.random.default_rng(0).permutation(len(arcs)).astype(np.int32)
    return TurnGraph(
        start, np.array([b for _, b in arcs], np.int32).reshape(-1), movement, np.arange(links, dtype=np.int32)
    )


def random_case(seed, links=30, arcs_per_link=2.5, closed=0.0):
    rng = np.random.default_rng(seed)
    pairs = {(int(a), int(b)) for a, b in rng.integers(0, links, (int(links * arcs_per_link), 2))}
    graph = graph_of(pairs, links)
    expected = Expectation(
        rng.uniform(0.5, 20, links), rng.uniform(0.1, 5, graph.arc_to.size), rng.random(links) >= closed
    )
    return graph, expected


def wishes_of(origin, destination, first=None, first_key=0):
    origin, destination = np.asarray(origin, np.int32), np.asarray(destination, np.int32)
    first = first or [[]] * origin.size
    return Wishes(
        origin,
        destination,
        np.arange(first_key, first_key + origin.size, dtype=np.uint64),
        np.cumsum([0, *map(len, first)]).astype(np.int64),
        np.array([link for allowed in first for link in allowed], np.int32),
    )


def all_pairs(links):
    return wishes_of(np.repeat(np.arange(links), links), np.tile(np.arange(links), links))


def routes_of(result):
    start, link, _ = result
    return [link[a:b].tolist() for a, b in itertools.pairwise(start)]


def cost_of(route, graph, expected):
    """What a route costs, straight from the definition; fails on a turn that does not exist."""
    total = sum(expected.link_s[link] for link in route)
    for here, there in itertools.pairwise(route):
        arcs = range(graph.arc_start[here], graph.arc_start[here + 1])
        [arc] = [arc for arc in arcs if graph.arc_to[arc] == there]
        total += expected.movement_s[graph.arc_movement[arc]]
    return total


def scipy_costs(graph, expected):
    """Cost between all pairs of links: leaving a link costs its time, entering a closed one is impossible."""
    links = expected.link_s.size
    source = np.repeat(np.arange(links), np.diff(graph.arc_start))
    weight = expected.link_s[source] + expected.movement_s[graph.arc_movement]
    ok = expected.open_link[graph.arc_to]
    matrix = csr_array((weight[ok], (source[ok], graph.arc_to[ok])), shape=(links, links))
    return dijkstra(matrix) + expected.link_s[None, :]


@settings(max_examples=150)
@given(seed=st.integers(0, 10**6), links=st.integers(1, 40), arcs=st.floats(0.3, 4), closed=st.sampled_from([0.0, 0.2]))
def test_every_pair_costs_what_scipy_says(seed, links, arcs, closed):
    graph, expected = random_case(seed, links, arcs, closed)
    result = plan_routes(graph, expected, all_pairs(links), seed=1, noise=0.0)
    cost_s = result[2].reshape(links, links)
    np.testing.assert_allclose(cost_s, scipy_costs(graph, expected), rtol=1e-12)
    for row, route in enumerate(routes_of(result)):
        origin, destination = divmod(row, links)
        if math.isinf(cost_s[origin, destination]):
            assert route == []
            continue
        assert (route[0], route[-1]) == (origin, destination)
        assert len(set(route)) == len(route)
        assert all(expected.open_link[link] for link in route[1:])
        assert cost_s[origin, destination] == pytest.approx(cost_of(route, graph, expected), rel=1e-12)


@settings(max_examples=50)
@given(seed=st.integers(0, 10**6), noise=st.sampled_from([0.1, 0.5]))
def test_with_noise_each_person_takes_the_best_way_as_perceived(seed, noise):
    links = 25
    graph, expected = random_case(seed, links)
    rng = np.random.default_rng(seed)
    wishes = wishes_of(rng.integers(0, links, 20), rng.integers(0, links, 20), first_key=2**63 + seed)
    result = plan_routes(graph, expected, wishes, seed=5, noise=noise)
    for trip, route in enumerate(routes_of(result)):
        key = wishes.key[trip]
        believed = np.array([perceived_s(t, link, key, np.uint64(5), noise) for link, t in enumerate(expected.link_s)])
        street = nx.DiGraph()
        street.add_nodes_from(range(links))
        for here in range(links):
            for arc in range(graph.arc_start[here], graph.arc_start[here + 1]):
                weight = believed[here] + expected.movement_s[graph.arc_movement[arc]]
                street.add_edge(here, int(graph.arc_to[arc]), weight=weight)
        origin, destination = int(wishes.origin[trip]), int(wishes.destination[trip])
        if not nx.has_path(street, origin, destination):
            assert route == []
            continue
        best = nx.dijkstra_path_length(street, origin, destination) + believed[destination]
        assert cost_of(route, graph, expected._replace(link_s=believed)) == pytest.approx(best, rel=1e-12)
        assert result[2][trip] == pytest.approx(cost_of(route, graph, expected), rel=1e-12)


def test_perception_is_lognormal_around_the_expected_time():
    z = normal(np.uint64(3), np.uint64(4), ROUTE_NOISE, 5)
    assert perceived_s(10.0, 5, np.uint64(4), np.uint64(3), 0.2) == pytest.approx(10 * math.exp(0.2 * z), rel=1e-14)
    assert perceived_s(10.0, 5, np.uint64(4), np.uint64(3), 0.0) == 10.0


def test_one_more_trip_changes_no_other():
    graph, expected = random_case(3, links=200, arcs_per_link=3)
    rng = np.random.default_rng(3)
    origin, destination = rng.integers(0, 200, 60), rng.integers(0, 200, 60)
    for noise in (0.0, 0.3):
        fewer = routes_of(plan_routes(graph, expected, wishes_of(origin[:-1], destination[:-1]), seed=1, noise=noise))
        more = routes_of(plan_routes(graph, expected, wishes_of(origin, destination), seed=1, noise=noise))
        assert fewer == more[:-1]


def test_people_differ_and_a_seed_repeats():
    graph, expected = random_case(4, links=300, arcs_per_link=4)
    wishes = wishes_of([0] * 100, [150] * 100)

    def plan(seed):
        return routes_of(plan_routes(graph, expected, wishes, seed=seed, noise=0.4))

    assert len({tuple(route) for route in plan(1)}) > 3
    assert plan(1) == plan(1)
    assert plan(1) != plan(2)


@pytest.mark.skipif(numba.config.NUMBA_NUM_THREADS < 2, reason="one core")
@pytest.mark.parametrize("noise", [0.0, 0.2])
def test_the_number_of_threads_changes_nothing(noise):
    graph, expected = random_case(5, links=500, arcs_per_link=3)
    rng = np.random.default_rng(5)
    wishes = wishes_of(rng.integers(0, 500, 400), rng.integers(0, 500, 400))
    before = numba.get_num_threads()
    results = []
    try:
        for threads in (1, 2):
            numba.set_num_threads(threads)
            results.append(plan_routes(graph, expected, wishes, seed=1, noise=noise))
    finally:
        numba.set_num_threads(before)
    for one, two in zip(*results, strict=True):
        assert one.tobytes() == two.tobytes()


def test_the_first_turn_can_be_prescribed():
    # 0 → 1 → 3 is short; 0 → 2 → 0 → 1 → 3 is the way for a vehicle in the lane that leads to 2 only.
    graph = graph_of([(0, 1), (0, 2), (1, 3), (2, 0)], 4)
    expected = Expectation(np.ones(4), np.zeros(4), np.ones(4, np.bool_))
    wishes = wishes_of([0, 0, 0], [3, 3, 3], first=[[], [2], [3]])
    result = plan_routes(graph, expected, wishes, seed=0, noise=0.0)
    assert routes_of(result) == [[0, 1, 3], [0, 2, 0, 1, 3], []]
    np.testing.assert_array_equal(result[2], [3, 5, np.inf])


def test_a_closed_link_may_be_left_but_not_entered():
    graph = graph_of([(0, 1), (1, 2), (0, 3), (3, 2)], 4)
    expected = Expectation(np.array([1.0, 1.0, 1.0, 9.0]), np.zeros(4), np.array([False, False, True, True]))
    result = plan_routes(graph, expected, wishes_of([0, 0, 1], [2, 1, 2]), seed=0, noise=0.0)
    assert routes_of(result) == [[0, 3, 2], [], [1, 2]]


def test_who_is_there_already_needs_no_turn():
    graph, expected = random_case(1)
    result = plan_routes(graph, expected, wishes_of([4], [4]), seed=0, noise=0.0)
    assert routes_of(result) == [[4]]
    assert result[2][0] == expected.link_s[4]


def test_a_long_route_widens_the_table():
    links = 1000
    graph = graph_of([(i, i + 1) for i in range(links - 1)], links)
    expected = Expectation(np.ones(links), np.zeros(links), np.ones(links, np.bool_))
    result = plan_routes(graph, expected, wishes_of([0, 990], [999, 999]), seed=0, noise=0.0)
    assert routes_of(result) == [list(range(1000)), list(range(990, 1000))]


def test_no_trips_give_no_routes():
    graph, expected = random_case(1)
    start, link, cost_s = plan_routes(graph, expected, wishes_of([], []), seed=0, noise=0.1)
    assert (start.tolist(), link.size, cost_s.size) == ([0], 0, 0)


@pytest.mark.parametrize("bad", [-1.0, math.nan])
def test_a_time_below_zero_is_refused(bad):
    graph, expected = random_case(1)
    expected.link_s[7] = bad
    with pytest.raises(ValueError, match=r"link_s\[7\] = .* is no time"):
        plan_routes(graph, expected, wishes_of([1], [2]), seed=0, noise=0.0)


def by_the_clock(times_s, row, at_s, every_s):
    """Time at a moment: numpy's interpolation between the middles of intervals."""
    middles = (np.arange(times_s.shape[1]) + 0.5) * every_s
    return np.interp(at_s, middles, times_s[row])


def earliest(graph, expected, origin, depart_s):
    """When each link can be entered at the earliest: tried until nothing gets better, slow and beyond doubt."""
    when = {}

    def leave(link, at_s):
        along_s = by_the_clock(expected.link_s, link, at_s, expected.every_s)
        for arc in range(graph.arc_start[link], graph.arc_start[link + 1]):
            turn_s = by_the_clock(expected.movement_s, graph.arc_movement[arc], at_s, expected.every_s)
            yield int(graph.arc_to[arc]), at_s + along_s + turn_s

    waiting = [(origin, depart_s)]
    while waiting:
        for link, at_s in leave(*waiting.pop()):
            if at_s < when.get(link, math.inf) - 1e-9:
                when[link] = at_s
                waiting.append((link, at_s))
    return when


@settings(max_examples=60)
@given(seed=st.integers(0, 10**6), intervals=st.integers(2, 6))
def test_with_times_by_the_clock_nobody_could_arrive_earlier(seed, intervals):
    links, every_s = 12, 30.0
    graph, expected = random_case(seed, links, 2.0)
    rng = np.random.default_rng(seed)
    shape = (links, intervals), (graph.arc_to.size, intervals)  # no time falls by more than an interval
    expected = Expectation(rng.uniform(0, 20, shape[0]), rng.uniform(0, 10, shape[1]), expected.open_link, every_s)
    depart_s = float(rng.uniform(-10, every_s * intervals))
    for origin in range(links):
        wishes = wishes_of([origin] * links, range(links))._replace(depart_s=np.full(links, depart_s))
        _, _, cost_s = plan_routes(graph, expected, wishes, seed=0, noise=0.0)
        when = earliest(graph, expected, origin, depart_s)
        for link in set(range(links)) - {origin}:
            wanted = math.inf
            if link in when:
                along_s = by_the_clock(expected.link_s, link, when[link], every_s)
                wanted = when[link] + along_s - depart_s
            assert cost_s[link] == pytest.approx(wanted, rel=1e-9)


def test_who_sets_out_later_takes_another_way():
    graph = graph_of([(0, 1), (0, 2), (1, 3), (2, 3)], 4)
    link_s = np.array([[1.0, 1.0], [5.0, 50.0], [20.0, 20.0], [1.0, 1.0]])
    expected = Expectation(link_s, np.zeros((4, 2)), np.ones(4, np.bool_), 600.0)
    wishes = wishes_of([0, 0], [3, 3])._replace(depart_s=np.array([0.0, 900.0]))
    assert routes_of(plan_routes(graph, expected, wishes, seed=0, noise=0.0)) == [[0, 1, 3], [0, 2, 3]]


def test_a_time_by_the_clock_below_zero_is_refused():
    graph, expected = random_case(1)
    times_s = np.ones((30, 3))
    times_s[7, 2] = -1.0
    by_clock = expected._replace(link_s=times_s, movement_s=np.ones((graph.arc_to.size, 3)), every_s=60.0)
    with pytest.raises(ValueError, match=r"link_s\[7, 2\] = .* is no time"):
        plan_routes(graph, by_clock, wishes_of([1], [2]), seed=0, noise=0.0)


def test_a_link_that_takes_for_ever_is_avoided():
    graph = graph_of([(0, 1), (1, 2)], 3)
    expected = Expectation(np.array([1.0, np.inf, 1.0]), np.zeros(2), np.ones(3, np.bool_))
    assert routes_of(plan_routes(graph, expected, wishes_of([0], [2]), seed=0, noise=0.0)) == [[]]


def test_read_only_arrays_are_planned_on_as_they_are():
    graph, expected = random_case(6)
    wishes = all_pairs(30)
    wanted = plan_routes(graph, expected, wishes, seed=0, noise=0.1)
    for array in (*graph, *expected[:3], *wishes):
        array.setflags(write=False)
    for got, want in zip(plan_routes(graph, expected, wishes, seed=0, noise=0.1), wanted, strict=True):
        np.testing.assert_array_equal(got, want)
