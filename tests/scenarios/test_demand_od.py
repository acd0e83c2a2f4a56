"""Trips between zones: as many as the matrix says, when the profile says, in the zones; mistakes named."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from citytwin.scenarios.demand_od import read_profile
from citytwin.scenarios.places import find_places
from citytwin.scenarios.problems import ScenarioError, describe
from citytwin.scenarios.scenario import OdMatrix
from citytwin.scenarios.trips import build_trips, check_demand_files

from .demand_case import scenario, square, town


def feature(name, *corner, side_m=250.0):
    return {
        "type": "Feature",
        "properties": {"id": name},
        "geometry": {"type": "Polygon", "coordinates": [square(town(), *corner, side_m)]},
    }


def collection(*features, **more):
    return json.dumps({"type": "FeatureCollection", "features": list(features)} | more)


# South-west, north-east, and one without streets.
ZONES = collection(feature("sw", -20, -20), feature("ne", 380, 380), feature("sea", 5000, 0))
MATRIX = "from_zone,to_zone,trips,vehicle_class\nsw,ne,40.4,\nne,sw,10,truck\nsw,sw,5,\nsea,ne,0,\n"


@pytest.fixture
def make(tmp_path, monkeypatch):
    """Make an item of demand from the texts of its files."""
    monkeypatch.chdir(tmp_path)

    def make_item(matrix=MATRIX, zones=ZONES, profile=None, zones_name="zones.geojson", **more):
        for name, text in (("od.csv", matrix), (zones_name, zones), ("profile.csv", profile)):
            if text is not None:
                (tmp_path / name).write_bytes(text if isinstance(text, bytes) else text.encode())
        departures = {} if profile is None else {"departures": tmp_path / "profile.csv"}
        return OdMatrix(kind="od_matrix", file=tmp_path / "od.csv", zones=tmp_path / zones_name, **departures, **more)

    return make_item


def lines_of(item):
    """What is wrong with an item, as people read it."""
    return describe(check_demand_files(scenario(item), town())).splitlines()[:-1]


def test_as_many_trips_as_the_matrix_says_within_their_zones(make):
    places, links = find_places(town()), town().links
    counts = []
    for seed in range(30):
        trips = build_trips(scenario(make(), seed=seed), town())
        relation = np.array([name.rsplit("/", 1)[0] for name in trips.id])
        assert set(relation) == {"od_matrix/sw/ne", "od_matrix/ne/sw/truck", "od_matrix/sw/sw"}
        to_ne = relation == "od_matrix/sw/ne"
        counts.append(to_ne.sum())
        assert (relation == "od_matrix/ne/sw/truck").sum() == 10
        assert (relation == "od_matrix/sw/sw").sum() == 5
        assert (trips.vehicle_class[relation == "od_matrix/ne/sw/truck"] == 1).all()
        assert (places.x_m[trips.origin_link[to_ne]] < 230).all()
        assert (places.y_m[trips.destination_link[to_ne]] > 380).all()
        assert (trips.origin_link != trips.destination_link).all()
        assert ((trips.depart_s >= 0) & (trips.depart_s < 3600)).all()
        assert links.id
    assert set(counts) == {40, 41}  # 0.4 of a trip is one now and then


def test_more_trips_of_a_relation_change_no_other(make):
    def rows(matrix):
        trips = build_trips(scenario(make(matrix)), town())
        columns = trips.depart_s, trips.origin_link, trips.destination_link
        return {name: tuple(column[row] for column in columns) for row, name in enumerate(trips.id)}

    fewer = rows("from_zone,to_zone,trips\nsw,ne,40\nne,sw,10\n")
    more = rows("from_zone,to_zone,trips\nne,sw,11\nsw,ne,41\n")  # another order, too
    assert fewer.items() <= more.items()
    assert len(more) == len(fewer) + 2


@pytest.mark.parametrize("head", ["start_s,end_s,share", "start_s,share"])
def test_departures_follow_the_profile(make, head):
    ends = head.count(",") == 2
    profile = head + "\n" + ("0,600,1\n600,1200,3\n1800,3600,0\n" if ends else "0,1\n600,3\n1200,0\n")
    trips = build_trips(scenario(make("from_zone,to_zone,trips\nsw,ne,2000\n", profile=profile)), town())
    assert len(trips) == 2000
    early = (trips.depart_s < 600).sum()
    assert early == pytest.approx(500, abs=4 * np.sqrt(2000 * 0.25 * 0.75))
    assert trips.depart_s.max() < 1200


def test_the_window_cuts_the_profile(make):
    item = make(
        "from_zone,to_zone,trips\nsw,ne,1000\n", profile="start_s,share\n0,1\n1800,1\n", start_s=900.0, end_s=2700.0
    )
    trips = build_trips(scenario(item), town())
    assert ((trips.depart_s >= 900) & (trips.depart_s < 2700)).all()
    assert len(trips) == pytest.approx(500, abs=4 * np.sqrt(250))


@given(
    st.lists(st.tuples(st.floats(1, 1000), st.floats(0, 50), st.floats(0.01, 1)), min_size=1, max_size=8),
    st.lists(st.floats(0, 1), min_size=1),
)
def test_no_departure_falls_into_a_gap_of_the_profile(tmp_path_factory, intervals, shares):
    start, rows = 0.0, []
    for length, gap, share in intervals:
        rows.append((start, start + length, share))
        start += length + gap
    file = tmp_path_factory.getbasetemp() / "profile.csv"
    file.write_text("start_s,end_s,share\n" + "".join(f"{a!r},{b!r},{c!r}\n" for a, b, c in rows))
    profile, complaints = read_profile(file)
    assert not complaints
    for second in profile.at(np.array(shares)):
        assert any(a - 1e-6 <= second <= b + 1e-6 for a, b, _ in rows)


def test_zones_may_be_lists_of_nodes(make):
    nodes = "zone,node\nsw,node/000-000\nsw,000-001\nne,node/003-003\n"
    item = make("from_zone,to_zone,trips\nsw,ne,30\n", nodes, zones_name="zones.csv")
    trips, links = build_trips(scenario(item), town()), town().links
    assert {town().junctions.id[j] for j in links.from_junction[trips.origin_link]} == {"node/000-000", "node/000-001"}
    assert {town().junctions.id[j] for j in links.to_junction[trips.destination_link]} == {"node/003-003"}
    assert (trips.origin_m == 0).all()
    np.testing.assert_array_equal(trips.destination_m, links.length_m[trips.destination_link])


def test_a_node_that_is_not_there_is_named(make):
    lines = lines_of(
        make(
            "from_zone,to_zone,trips\nsw,ne,3\n",
            "zone,node\nsw,node/000-000\nne,node/003-004\n",
            zones_name="zones.csv",
        )
    )
    assert lines[0].startswith('zones.csv:3  node = "node/003-004"  no such junction in grid 4 x 4. Closest: "node/00')


SW = feature("sw", -20, -20)
PROJECTED = {
    **SW,
    "geometry": {
        "type": "Polygon",
        "coordinates": [[[385000, 6672000], [385100, 6672000], [385000, 6672100], [385000, 6672000]]],
    },
}
SWAPPED = {
    **SW,
    "geometry": {"type": "Polygon", "coordinates": [[[y, x] for x, y in SW["geometry"]["coordinates"][0]]]},
}
FAR_AWAY = {
    **SW,
    "geometry": {"type": "Polygon", "coordinates": [[[24.9, 60.1], [25, 60.1], [25, 60.2], [24.9, 60.1]]]},
}
ONE = "from_zone,to_zone,trips\nsw,sw,3\n"
# ruff: noqa: E501 (a message is one line)
CASES = [
    ("empty matrix", {"matrix": ""}, ["od.csv  is empty. It needs the columns from_zone, to_zone, trips."]),
    ("only a header", {"matrix": "from_zone,to_zone,trips\n"}, ["od.csv  holds a header but no rows. Was the export cut off?"]),
    ("all zero", {"matrix": "from_zone,to_zone,trips\nsw,ne,0\n"}, ["od.csv  holds no trips: every number is 0."]),
    ("negative trips", {"matrix": "from_zone,to_zone,trips\nsw,ne,-4\n"}, ["od.csv:2  trips = -4.0  must be at least 0."]),
    ("nan", {"matrix": "from_zone,to_zone,trips\nsw,ne,NaN\n"}, ['od.csv:2  trips = "NaN"  must be a finite number.']),
    ("too many", {"matrix": "from_zone,to_zone,trips\nsw,ne,1e9\n"}, ["od.csv  holds 1,000,000,000 trips; at most 10,000,000 are simulated. Is the unit right?"]),
    ("relation twice", {"matrix": "from_zone,to_zone,trips\nsw,ne,4\nsw,ne,5\n"}, ["od.csv:3  trips = 5.0  sw to ne stands in line 2 already. Add the two up."]),
    ("unknown zone", {"matrix": "from_zone,to_zone,trips\nsee,ne,4\nsee,sw,2\n"}, ['od.csv:2  from_zone = "see"  no such zone. Closest: "sea".']),
    ("unknown class", {"matrix": "from_zone,to_zone,trips,vehicle_class\nsw,ne,4,cat\n"}, ['od.csv:2  vehicle_class = "cat"  no such vehicle class. Closest: "car". All: car, truck, bus, emergency, bicycle.']),
    ("zone without streets", {"matrix": "from_zone,to_zone,trips\nsea,ne,4\n"}, ['zones.geojson  zone "sea": no street in it where a trip can begin. Enlarge it, or join it to its neighbour.']),
    ("zones empty", {"zones": ""}, ["zones.geojson  is empty."]),
    ("zones cut off", {"zones": '{"type": "FeatureCollection",\n"features": ['}, ["zones.geojson:2  is not JSON: Expecting value. Was the file cut off?"]),
    ("zones in latin-1", {"zones": ZONES.replace("sea", "sjö").encode("latin-1", "replace").replace(b"\\u00f6", b"\xf6")}, ["zones.geojson  is not UTF-8 text. Export the zones as GeoJSON."]),
    ("no collection", {"zones": json.dumps(SW)}, ["zones.geojson  is not a GeoJSON FeatureCollection. Export the zones as GeoJSON, or as CSV with zone,node."]),
    ("no zones", {"zones": collection()}, ["zones.geojson  holds no zones."]),
    ("other crs", {"matrix": ONE, "zones": collection(SW, crs={"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::3879"}})}, ['zones.geojson  its crs is "urn:ogc:def:crs:EPSG::3879"; GeoJSON zones are in longitude and latitude (EPSG:4326). Reproject the file.']),
    ("projected", {"matrix": ONE, "zones": collection(PROJECTED)}, ["zones.geojson  features[0]: 385000, 6672000 is no place on Earth: projected coordinates? GeoJSON is in degrees (EPSG:4326)."]),
    ("swapped", {"matrix": ONE, "zones": collection(SWAPPED)}, ["zones.geojson  longitude and latitude are swapped: the other way round the zones lie in grid 4 x 4."]),
    ("no id", {"matrix": ONE, "zones": collection(SW, {**SW, "properties": {}})}, ["zones.geojson  features[1] has no id. Give each zone the property `id`."]),
    ("same id", {"matrix": ONE, "zones": collection(SW, SW)}, ['zones.geojson  features[1]: the zone "sw" is there already. Ids differ.']),
    ("a point", {"matrix": ONE, "zones": collection(SW, {**SW, "properties": {"id": "p"}, "geometry": {"type": "Point", "coordinates": [4, 0]}})}, ["zones.geojson  features[1]: a zone is a Polygon or MultiPolygon, not Point."]),
    ("no geometry", {"matrix": ONE, "zones": collection(SW, {**SW, "properties": {"id": "p"}, "geometry": None})}, ["zones.geojson  features[1]: a zone is a Polygon or MultiPolygon, not without geometry."]),
    ("bad corners", {"matrix": ONE, "zones": collection(SW, {**SW, "properties": {"id": "p"}, "geometry": {"type": "Polygon", "coordinates": [[["x"]]]}})}, ["zones.geojson  features[1]: its coordinates cannot be read."]),
    ("profile overlaps", {"profile": "start_s,end_s,share\n0,600,1\n300,900,1\n"}, ["profile.csv:3  start_s = 300.0  begins before the interval above ends (600 s). Intervals follow each other."]),
    ("profile backwards", {"profile": "start_s,end_s,share\n600,0,1\n"}, ["profile.csv:2  end_s = 0.0  must be after start_s (600). Swapped?"]),
    ("profile without shares", {"profile": "start_s,share\n0,0\n600,0\n"}, ["profile.csv  holds no departures: every share is 0."]),
    ("profile with a negative share", {"profile": "start_s,share\n0,1\n600,-1\n"}, ["profile.csv:3  share = -1.0  must be at least 0."]),
    ("profile by the clock", {"profile": "start_s,share\n07:00,1\n08:00,1\n"}, ['profile.csv:2  start_s = "07:00"  is a clock time: give seconds after the scenario\'s start.', 'profile.csv:3  start_s = "08:00"  is a clock time: give seconds after the scenario\'s start.']),
]  # fmt: skip


@pytest.mark.parametrize("files, said", [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_a_mistake_is_named_with_its_place_and_way_out(make, files, said):
    assert lines_of(make(**files)) == said


def test_zones_of_another_city_are_recognised(make):
    [line] = lines_of(make(ONE, collection(FAR_AWAY)))
    assert line.startswith("zones.geojson  no zone holds a street of grid 4 x 4: the first lies ")
    assert line.endswith("km from its middle. Wrong place, or wrong coordinate system?")


def test_all_files_are_checked_in_one_go(make):
    item = make(
        "from_zone,to_zone,trips\nsw,ne,-4\nsw,nowhere,3\n",
        collection(SW, SW, feature("ne", 380, 380)),
        "start_s,share\n0,0\n",
    )
    said = [problem.file.name for problem in check_demand_files(scenario(item))]
    assert said == ["od.csv", "od.csv", "zones.geojson", "profile.csv"]
    with pytest.raises(ScenarioError):
        build_trips(scenario(item), town())


@given(st.data())
def test_no_damage_to_zones_makes_it_crash(tmp_path_factory, data):
    content = bytearray(ZONES.encode())
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(content) - 1))
        if data.draw(st.booleans()):
            content[place] = data.draw(st.sampled_from(list(b'0{}[],:"e-n ')))
        else:
            del content[place : place + data.draw(st.integers(1, 30))]
    folder = tmp_path_factory.getbasetemp()
    (folder / "damaged.geojson").write_bytes(bytes(content))
    (folder / "od.csv").write_text(MATRIX)
    item = OdMatrix(kind="od_matrix", file=folder / "od.csv", zones=folder / "damaged.geojson")
    check_demand_files(scenario(item), town())
