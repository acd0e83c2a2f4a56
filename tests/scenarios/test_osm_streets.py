"""Streets and junctions of small towns and of real cities."""

from __future__ import annotations

import dataclasses
import random

import numpy as np
import pytest

from citytwin.scenarios.city import NetworkOptions
from citytwin.scenarios.junctions import build_network
from citytwin.scenarios.load_network import load_streets
from citytwin.scenarios.network import ROAD_CLASSES
from citytwin.scenarios.osm_place import utm_epsg
from citytwin.scenarios.osm_read import read_osm
from citytwin.scenarios.osm_streets import build_streets
from citytwin.scenarios.problems import SourceError
from citytwin.scenarios.streets import CAR

from .osm_case import LAT, LON, ONEWAY, RESIDENTIAL, town

CROSS = {1: (-200, 0), 2: (0, 0), 3: (200, 0), 4: (0, 200), 5: (0, -200)}
SMALL = [
    "berlin_neukolln/berlin_neukolln.osm.gz",
    "helsinki_centre/helsinki_centre.osm.gz",
    "kotka/kotka.osm.gz",
    "leeds/leeds.osm.gz",
    "monaco/monaco_core.osm.gz",
    "shanghai/shanghai.osm.gz",
    "taipei/taipei.osm.gz",
]


def test_a_crossroads():
    graph = build_streets(town(CROSS, [(10, [1, 2, 3], RESIDENTIAL), (11, [4, 2, 5], ONEWAY)]))
    assert [street.id for street in graph.streets] == [
        "way/10:0-1",
        "way/10:1-0",
        "way/10:1-2",
        "way/10:2-1",
        "way/11:0-1",
        "way/11:1-2",
    ]
    assert [spec.id for spec in graph.junctions] == [f"node/{node}" for node in range(1, 6)]
    street = graph.streets[0]
    assert (street.from_junction, street.to_junction, street.twin) == ("node/1", "node/2", "way/10:1-0")
    assert not street.oneway
    assert graph.streets[4].oneway
    assert graph.streets[4].twin == ""
    assert graph.epsg == 32632
    assert graph.attribution.startswith("© OpenStreetMap")


def test_ends_are_gates_where_a_one_way_ends_or_the_extract_is_cut():
    graph = build_streets(town(CROSS, [(10, [1, 2, 3], RESIDENTIAL), (11, [4, 2, 5], ONEWAY)], cut_nodes=[1]))
    assert {spec.id: spec.gate for spec in graph.junctions} == {
        "node/1": "both",
        "node/2": "",
        "node/3": "",
        "node/4": "entry",
        "node/5": "exit",
    }


def test_main_roads_do_not_end_in_nothing():
    graph = build_streets(town(CROSS, [(10, [1, 2, 3], {"highway": "primary"})]))
    assert {spec.gate for spec in graph.junctions} == {"both"}


def test_short_stubs_at_the_cut_edge_are_drawn_on():
    places = {**CROSS, 6: (206, 0)}
    ways = [(10, [1, 2, 3], RESIDENTIAL), (12, [3, 4], RESIDENTIAL), (13, [3, 6], RESIDENTIAL)]
    graph = build_streets(town(places, ways, cut_nodes=[6]))
    lengths = {s.id: np.hypot(*np.diff(s.shape_xy, axis=0).T).sum() for s in graph.streets}
    assert lengths["way/13:0-1"] >= 10.0
    assert any("1 stubs at the cut edge" in note for note in graph.notes)


def test_streets_change_where_lanes_change_for_long_enough():
    tags = {"highway": "primary", "oneway": "yes", "maxspeed": "50"}
    places = {1: (-200, 0), 2: (0, 0), 3: (10, 0), 4: (300, 0)}
    ways = [
        (10, [1, 2], {**tags, "lanes": "2"}),
        (11, [2, 3], {**tags, "lanes": "3"}),
        (12, [3, 4], {**tags, "lanes": "2"}),
    ]
    assert len(build_streets(town(places, ways)).streets) == 1
    places = {**places, 3: (100, 0)}
    streets = build_streets(town(places, ways)).streets
    assert [len(street.lane_access) for street in streets] == [2, 3, 2]


def test_short_changes_of_speed_keep_the_time_it_takes():
    tags = {"highway": "primary", "oneway": "yes", "lanes": "2"}
    places = {1: (0, 0), 2: (20, 0), 3: (120, 0)}
    ways = [(10, [1, 2], {**tags, "maxspeed": "20"}), (11, [2, 3], {**tags, "maxspeed": "50"})]
    (street,) = build_streets(town(places, ways)).streets
    assert 120.0 / street.speed_mps == pytest.approx(20.0 / (20 / 3.6) + 100.0 / (50 / 3.6), rel=1e-3)


def test_parts_of_a_street_cut_by_a_bollard_have_ids_of_their_own():
    places = {1: (-200, 0), 2: (0, 0), 3: (200, 0)}
    graph = build_streets(
        town(places, [(10, [1, 2, 3], RESIDENTIAL)], node_tags={2: {"barrier": "bollard"}}), {"country": "FI"}
    )
    assert sorted(spec.id for spec in graph.junctions) == ["node/1", "node/2", "node/2b", "node/3"]
    assert len(graph.streets) == 4


@pytest.mark.parametrize("ways", [[], [(10, [1, 2], {"highway": "service"})], [(10, [1, 2], {"highway": "footway"})]])
def test_no_streets(ways):
    with pytest.raises(SourceError, match="no streets for cars in it"):
        build_streets(town(CROSS, ways))


def test_no_open_streets():
    with pytest.raises(SourceError, match="no street in it is open to cars"):
        build_streets(town(CROSS, [(10, [1, 2], {"highway": "residential", "access": "private"})]))


def test_streets_without_length():
    with pytest.raises(SourceError, match="no length"):
        build_streets(town({1: (0, 0), 2: (0, 0)}, [(10, [1, 2], RESIDENTIAL)]))


def test_options_of_a_scenario():
    options = NetworkOptions(
        defaults={"residential": {"speed_kmh": 20, "lanes_oneway": 2}}, driving_side="left", country="FR"
    )
    graph = build_streets(town(CROSS, [(10, [1, 2, 3], RESIDENTIAL), (11, [4, 2, 5], ONEWAY)]), options)
    assert graph.drives_on_left
    assert graph.country == "FR"
    assert all(street.speed_mps == pytest.approx(20 / 3.6) for street in graph.streets)
    assert len(graph.streets[4].lane_access) == 2


def test_nodes_to_merge_must_be_numbers():
    with pytest.raises(SourceError, match="node/123"):
        build_streets(town(CROSS, [(10, [1, 2, 3], RESIDENTIAL)]), {"merge": [["node/a", "node/2"]]})


@pytest.mark.parametrize("seed", range(3))
def test_the_order_of_ways_does_not_matter(seed, data):
    whole = read_osm(data / "osm" / "helsinki_centre" / "helsinki_centre.osm.gz")
    chance = random.Random(seed)
    ways, nodes, relations = list(whole.ways), list(whole.nodes.items()), list(whole.restrictions)
    for items in (ways, nodes, relations):
        chance.shuffle(items)
    shuffled = dataclasses.replace(whole, ways=tuple(ways), nodes=dict(nodes), restrictions=tuple(relations))
    same_streets(build_streets(whole), build_streets(shuffled))


def same_streets(one, other):
    for a, b in zip(one.streets, other.streets, strict=True):
        np.testing.assert_array_equal(a.shape_xy, b.shape_xy)
        assert dataclasses.replace(a, shape_xy=None) == dataclasses.replace(b, shape_xy=None)
    for a, b in zip(one.junctions, other.junctions, strict=True):
        assert dataclasses.replace(a, inner_paths=None) == dataclasses.replace(b, inner_paths=None)
        assert (a.inner_paths or {}).keys() == (b.inner_paths or {}).keys()
    assert one.forbidden_sequences == other.forbidden_sequences


@pytest.fixture(scope="module", params=SMALL)
def real(request):
    """Street graph and network of a real extract."""
    folder = request.config.rootpath.parent / "shared" / "data" / "osm"
    if not folder.is_dir():
        pytest.skip("the real extracts are not on this machine")
    streets = load_streets(folder / request.param)
    return streets, build_network(streets)


def test_ids_are_unique_and_fit(real):
    streets, _ = real
    names = {street.id for street in streets.streets}
    places = {spec.id for spec in streets.junctions}
    assert len(names) == len(streets.streets)
    assert len(places) == len(streets.junctions)
    for street in streets.streets:
        assert {street.from_junction, street.to_junction} <= places
        assert street.road_class in ROAD_CLASSES
        assert street.source_ways[0] == street.id.partition(":")[0]
        assert street.from_junction != street.to_junction
    by_id = {street.id: street for street in streets.streets}
    for street in streets.streets:
        if street.twin:
            twin = by_id[street.twin]
            assert twin.twin == street.id
            assert (twin.from_junction, twin.to_junction) == (street.to_junction, street.from_junction)


def test_a_vehicle_fits_on_every_street(real):
    streets, _ = real
    for street in streets.streets:
        assert np.isfinite(street.shape_xy).all()
        assert np.hypot(*np.diff(street.shape_xy, axis=0).T).sum() >= 7.49, street.id
        assert any(lane & CAR for lane in street.lane_access)
        assert 1.0 < street.speed_mps < 60.0


def test_no_source_node_belongs_to_two_junctions(real):
    streets, _ = real
    nodes = [node for spec in streets.junctions for node in spec.source_nodes if not spec.id[-1].isalpha()]
    assert len(nodes) == len(set(nodes))


def test_no_lane_for_cars_ends_in_nothing(real):
    _, network = real
    gate_of = dict(zip(network.junctions.id, network.junctions.gate, strict=True))
    ends = np.diff(network.lanes.connector_start) == 0
    for lane in np.flatnonzero(ends & ((network.lanes.access & CAR) != 0)):
        link = network.lanes.link[lane]
        junction = network.junctions.id[network.links.to_junction[link]]
        assert gate_of[junction] in {"exit", "both"}, network.links.id[link]


def test_no_movement_breaks_a_restriction(real):
    streets, network = real
    made = set(zip(network.movements.from_link.tolist(), network.movements.to_link.tolist(), strict=True))
    for spec in streets.junctions:
        for a, b in spec.banned:
            assert (network.link_row[a], network.link_row[b]) not in made


def test_inner_paths_begin_and_end_at_stop_lines(real):
    streets, _ = real
    by_id = {street.id: street for street in streets.streets}
    for spec in streets.junctions:
        for (a, b), path in (spec.inner_paths or {}).items():
            np.testing.assert_allclose(path[0], by_id[a].shape_xy[-1], atol=0.02)
            np.testing.assert_allclose(path[-1], by_id[b].shape_xy[0], atol=0.02)
            assert (a, b) not in spec.banned


def test_the_utm_zone_is_the_one_that_geopandas_chooses(real):
    geopandas = pytest.importorskip("geopandas")
    streets, _ = real
    spec = streets.junctions[0]
    point = geopandas.GeoSeries.from_xy([spec.x_m], [spec.y_m], crs=streets.epsg).to_crs(4326)
    assert point.estimate_utm_crs().to_epsg() == streets.epsg
    assert utm_epsg(LON, LAT) == 32632
