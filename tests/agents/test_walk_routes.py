"""Ways on foot are the quickest there are, and hang together."""

from __future__ import annotations

import numpy as np
from corridors import Passage, building, people, walking
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from citytwin.agents.walk_routes import WalkRouter
from citytwin.scenarios.trips import TripTable
from citytwin.scenarios.walk_network import WalkKind
from citytwin.scenarios.walk_presets import PRESETS


def test_routes_are_quickest_and_hang_together(rng):
    places = [(x, y) for x in range(6) for y in range(6)]
    network = building(
        *(
            Passage(f"{x},{y}", f"{x + dx},{y + dy}", float(rng.uniform(1, 90)), 2.0, WalkKind(rng.choice([1, 3])))
            for x, y in places
            for dx, dy in ((1, 0), (0, 1))
            if rng.random() < 0.8
        )
    )
    count, links = 200, network.links
    ends = rng.integers(0, network.link_count, (2, count)).astype(np.int32)
    at_m = rng.uniform(0, 1, (2, count)) * links.length_m[ends]
    walks = TripTable.sorted(
        [f"{k:03d}" for k in range(count)], np.zeros(count), *ends, origin_m=at_m[0], destination_m=at_m[1]
    )
    walkers = walking(network, walks)
    router = WalkRouter(walkers, 1.34)
    router.plan(0, np.arange(count))
    nodes = len(network.nodes.id)
    shape = (nodes, nodes)
    graph = csr_array((router.link_s, (links.from_node, links.to_node)), shape=shape)
    between_s = dijkstra(graph, directed=False)
    for walk in range(count):
        start, size = walkers.people.route_start[0, walk], walkers.people.route_size[0, walk]
        route = walkers.walks.route[start : start + size]
        first, last = ends[:, walk]
        if first == last:
            assert route.tolist() == [2 * first + int(at_m[1, walk] < at_m[0, walk])]
            continue
        offsets = [
            [(links.from_node[link], share), (links.to_node[link], 1.0 - share)]
            for link, share in (
                (first, at_m[0, walk] / links.length_m[first]),
                (last, at_m[1, walk] / links.length_m[last]),
            )
        ]
        best_s = min(
            a * router.link_s[first] + between_s[one, other] + b * router.link_s[last]
            for one, a in offsets[0]
            for other, b in offsets[1]
        )
        if not np.isfinite(best_s):
            assert size == 0
            continue
        heads = np.where(route % 2 == 0, links.to_node[route // 2], links.from_node[route // 2])
        tails = np.where(route % 2 == 0, links.from_node[route // 2], links.to_node[route // 2])
        assert (heads[:-1] == tails[1:]).all() and route[0] // 2 == first and route[-1] // 2 == last
        share_first = next(share for node, share in offsets[0] if node == heads[0])
        share_last = next(share for node, share in offsets[1] if node == tails[-1])
        took_s = router.link_s[route[1:-1] // 2].sum()
        took_s += share_first * router.link_s[first] + share_last * router.link_s[last]
        np.testing.assert_allclose(took_s, best_s)


def test_a_members_tables_are_views_of_its_own_rows():
    network = building(Passage("a", "b", 30, 2))
    walkers = walking(network, people(network, [("a-b", "a-b", np.zeros(3))]), PRESETS["lab_calibrated"])
    own = walkers.of_member(0)
    assert own.walker_i.shape == walkers.walks.walker_i.shape[1:]
    own.walker_f[1, 1] = 1.25
    assert walkers.people.speed_mps[0, 1] == 1.25
