"""Where people walk in small towns and in the bundled cities."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from citytwin.scenarios.city import bundled_cities
from citytwin.scenarios.junctions import build_network
from citytwin.scenarios.load_network import load_network, load_walk_network
from citytwin.scenarios.network import CLASS_NAMES
from citytwin.scenarios.network_store import read_kept, save_network
from citytwin.scenarios.synthetic import grid_city
from citytwin.scenarios.walk_build import ONLY_STREETS, build_walk_network
from citytwin.scenarios.walk_laws import check_walk_network
from citytwin.scenarios.walk_network import CrossingKind, WalkKind, WalkNetwork
from citytwin.scenarios.walk_tags import is_square, read_sidewalk, read_walk_way

from .osm_case import RESIDENTIAL
from .test_network_store import same
from .walk_case import walk_town

CROSS = {1: (-200, 0), 2: (0, 0), 3: (200, 0), 4: (0, 200), 5: (0, -200)}
STREETS = [(10, [1, 2, 3], RESIDENTIAL), (11, [4, 2, 5], RESIDENTIAL)]
FOOTWAY = {"highway": "footway"}
ZEBRA = {"highway": "crossing", "crossing": "zebra"}


def kinds(walk: WalkNetwork) -> Counter[str]:
    return Counter(WalkKind(kind).name for kind in walk.links.kind)


def crossings(walk: WalkNetwork) -> Counter[str]:
    return Counter(CrossingKind(kind).name for kind in walk.crossings.kind)


def test_streets_get_sidewalks_on_both_sides_and_crossings_over_every_arm(tmp_path):
    walk, roads = walk_town(tmp_path, CROSS, STREETS)
    assert kinds(walk) == {"SIDEWALK": 8, "CROSSING": 4}
    assert crossings(walk) == {"UNMARKED": 4}
    assert walk.links.inferred.all() and walk.links.width_assumed.all()
    assert not walk.parts().any()
    # Every sidewalk runs beside its own street, outside its carriageway.
    for row in np.flatnonzero(walk.links.kind == WalkKind.SIDEWALK):
        beside = walk.link_shape_xy(row)[1:-1] - [roads.junctions.x_m.mean(), roads.junctions.y_m.mean()]
        assert np.abs(beside).min(axis=1) == pytest.approx(2.75 + 1.5 / 2.0, abs=0.1)


def test_signals_make_signalled_crossings_that_know_their_controller(tmp_path):
    walk, roads = walk_town(tmp_path, CROSS, STREETS, {2: {"highway": "traffic_signals"}})
    assert crossings(walk) == {"SIGNAL": 4}
    assert (walk.crossings.controller == 0).all()
    assert set(walk.crossings.road_link.tolist()) == set(range(roads.link_count))


def test_a_marked_crossing_in_mid_block_cuts_both_sidewalks(tmp_path):
    walk, roads = walk_town(
        tmp_path, {1: (-200, 0), 2: (0, 0), 3: (200, 0)}, [(10, [1, 2, 3], RESIDENTIAL)], {2: ZEBRA}
    )
    assert kinds(walk) == {"SIDEWALK": 4, "CROSSING": 1}
    assert crossings(walk) == {"ZEBRA": 1}
    first, last = walk.crossings.road_start[:2]
    assert walk.crossings.road_at_m[first:last] == pytest.approx(roads.links.length_m / 2.0, abs=0.5)
    length_m = walk.links.length_m[walk.crossings.link[0]]
    assert 5.5 < length_m < 9.0  # two lanes of 2.75 m, and half of each sidewalk


def test_a_footway_across_a_street_ends_at_both_sidewalks_and_is_a_crossing_between(tmp_path):
    places = {1: (-200, 0), 2: (0, 0), 3: (200, 0), 6: (0, 100), 7: (0, -100)}
    walk, _ = walk_town(tmp_path, places, [(10, [1, 2, 3], RESIDENTIAL), (20, [6, 2, 7], FOOTWAY)])
    assert kinds(walk) == {"SIDEWALK": 4, "CROSSING": 1, "FOOTWAY": 2}
    assert not walk.parts().any()
    footways = walk.links.length_m[walk.links.kind == WalkKind.FOOTWAY]
    assert footways == pytest.approx([100.0 - 3.5] * 2, abs=0.3)


def test_a_footway_to_a_junction_ends_at_the_corner_it_comes_from(tmp_path):
    walk, roads = walk_town(tmp_path, {**CROSS, 6: (80, 80)}, [*STREETS, (20, [6, 2], FOOTWAY)])
    (row,) = np.flatnonzero(walk.links.kind == WalkKind.FOOTWAY)
    at = roads.junction_row["node/2"]
    end = walk.links.to_node[row]
    assert walk.nodes.x_m[end] > roads.junctions.x_m[at] and walk.nodes.y_m[end] > roads.junctions.y_m[at]
    assert np.isin(end, walk.links.from_node[walk.links.kind == WalkKind.SIDEWALK]) or np.isin(
        end, walk.links.to_node[walk.links.kind == WalkKind.SIDEWALK]
    )


def test_a_mapped_sidewalk_takes_the_place_of_the_inferred_one(tmp_path):
    places = {1: (-200, 0), 3: (200, 0), 6: (-195, 5), 7: (195, 5)}
    tags = {"highway": "footway", "footway": "sidewalk", "width": "3.2"}
    walk, _ = walk_town(tmp_path, places, [(10, [1, 3], RESIDENTIAL), (20, [6, 7], tags)])
    own = walk.links.kind == WalkKind.SIDEWALK
    assert own.sum() == 2
    assert sorted(walk.links.inferred[own]) == [False, True]
    assert walk.links.width_m[own & ~walk.links.inferred] == pytest.approx([3.2])
    assert not walk.links.width_assumed[own & ~walk.links.inferred].any()


def test_levels_meet_only_at_shared_nodes(tmp_path):
    places = {1: (-200, 0), 3: (200, 0), 6: (0, 100), 7: (0, -100)}
    bridge = {"highway": "footway", "bridge": "yes", "layer": "1"}
    walk, _ = walk_town(tmp_path, places, [(10, [1, 3], RESIDENTIAL), (20, [6, 7], bridge)])
    assert np.bincount(walk.parts()).size == 2
    assert (walk.links.layer == (walk.links.kind == WalkKind.FOOTWAY)).all()


def test_a_square_is_crossed_straight_and_its_area_is_shared_out(tmp_path):
    places = {
        1: (-300, 0),
        2: (300, 0),
        11: (0, 20),
        12: (40, 20),
        13: (40, 60),
        14: (0, 60),
        21: (-50, 20),
        22: (90, 60),
    }
    ways = [
        (10, [1, 2], RESIDENTIAL),
        (20, [11, 12, 13, 14, 11], {"highway": "pedestrian", "area": "yes", "name": "Markt"}),
        (21, [21, 11], FOOTWAY),
        (22, [13, 22], FOOTWAY),
    ]
    walk, _ = walk_town(tmp_path, places, ways)
    (row,) = np.flatnonzero(walk.links.kind == WalkKind.SQUARE)
    assert walk.links.length_m[row] == pytest.approx(40.0 * 2**0.5, rel=1e-3)
    assert walk.links.length_m[row] * walk.links.width_m[row] == pytest.approx(1600.0, rel=1e-3)
    assert walk.links.name[row] == "Markt"
    assert walk.squares.area_m2 == pytest.approx([1600.0], rel=1e-3)


def test_entrances_lie_on_the_nearest_way(tmp_path):
    places = {1: (-200, 0), 3: (200, 0), 6: (10, 12), 7: (30, 12), 8: (30, 30), 9: (10, 30)}
    ways = [(10, [1, 3], RESIDENTIAL), (30, [6, 7, 8, 9, 6], {"building": "yes"})]
    walk, _ = walk_town(tmp_path, places, ways, {6: {"entrance": "main"}, 8: {"entrance": "no-such-tag"}, 9: {}})
    assert walk.entrances.id == ("node/6", "node/8")
    assert WalkKind(walk.links.kind[walk.entrances.link[0]]) == WalkKind.SIDEWALK


def test_motorways_have_no_sidewalks_and_nobody_crosses_them(tmp_path):
    places = {1: (-200, 0), 2: (0, 0), 3: (200, 0), 4: (0, 150)}
    motorway = {"highway": "motorway", "oneway": "yes"}
    walk, roads = walk_town(tmp_path, places, [(10, [1, 2, 3], motorway), (11, [2, 4], RESIDENTIAL)])
    assert kinds(walk) == {"SIDEWALK": 2, "CROSSING": 1}
    classes = {CLASS_NAMES[roads.links.road_class[link]] for link in walk.crossings.road_link}
    assert classes == {"residential"}


def test_a_plan_that_is_not_drawn_from_a_map_gets_inferred_sidewalks_and_says_so():
    roads = build_network(grid_city(3, 3))
    walk = build_walk_network(roads, "grid.net.xml")
    check_walk_network(walk, roads)
    assert walk.notes == (ONLY_STREETS,)
    assert not walk.parts().any()


def test_there_and_back(tmp_path):
    walk, _ = walk_town(tmp_path, CROSS, STREETS)
    save_network(walk, tmp_path / "walk.npz")
    same(walk, read_kept(tmp_path / "walk.npz", WalkNetwork))


def test_tags_say_who_may_walk():
    assert read_walk_way({"highway": "cycleway"}) is None
    assert read_walk_way({"highway": "footway", "access": "private"}) is None
    assert read_walk_way({"highway": "primary"}) is None
    steps = read_walk_way({"highway": "steps", "width": "1.2 m"})
    assert steps is not None and (steps.kind, steps.width_m, steps.width_assumed) == (WalkKind.STEPS, 1.2, False)
    assert is_square({"highway": "pedestrian", "area": "yes"}) and not is_square({"highway": "pedestrian"})


@pytest.mark.parametrize(
    "tags, left, there",
    [
        ({"sidewalk": "left"}, True, True),
        ({"sidewalk": "left"}, False, False),
        ({"sidewalk": "separate"}, True, False),
        ({"sidewalk:both": "yes"}, False, True),
        ({"sidewalk:right": "no"}, False, False),
        ({"tunnel": "yes"}, True, False),
        ({}, True, True),
    ],
)
def test_tags_say_on_which_side_a_sidewalk_is(tags, left, there):
    assert read_sidewalk(tags, "residential", left=left, speed_mps=10.0).there is there


@pytest.mark.parametrize("city", ["monaco", "helsinki"])
def test_bundled_cities_keep_all_laws_and_are_connected(city):
    file = bundled_cities()[city]
    roads = load_network(file)
    walk = load_walk_network(file, roads)
    check_walk_network(walk, roads)
    part_m = np.bincount(walk.parts()[walk.links.from_node], weights=walk.links.length_m)
    assert part_m[0] > 0.97 * part_m.sum()
    same(walk, load_walk_network(file, roads))  # from the cache
