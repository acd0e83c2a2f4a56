"""Broken street and demand files as a person meets them, through `citytwin validate`: each with its exact words."""

from __future__ import annotations

import bz2
import gzip
import json
from pathlib import Path

import pytest

from citytwin.scenarios.load_network import load_network
from citytwin.scenarios.problems import describe
from citytwin.scenarios.scenario import check_scenario, load_scenario
from citytwin.scenarios.trips import build_trips

# ruff: noqa: E501 (a message is one line)
PBF = Path(__file__).resolve().parents[2].parent / "shared/data/osm/helsinki_centre/helsinki_centre_raw_clipped.osm.pbf"
NODES = {1: (7.4, 43.7), 2: (7.404, 43.7), 3: (7.404, 43.703), 4: (7.4, 43.703), 5: (7.408, 43.7), 6: (7.408, 43.703)}
WAYS = {
    10: ((1, 2), "residential"),
    11: ((2, 3), "residential"),
    12: ((3, 4), "residential"),
    13: ((4, 1), "residential"),
    14: ((2, 5), "primary"),
    15: ((5, 6), "residential"),
    16: ((6, 3), "residential"),
}


def osm(
    nodes: dict[int, tuple[float | str, float]], ways: dict[int, tuple[tuple[int, ...], str]], *, bounds: bool = False
) -> str:
    """A town of a few streets as OpenStreetMap XML."""
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', '<osm version="0.6">']
    if bounds:
        lines.append('<bounds minlon="7.39" minlat="43.69" maxlon="7.42" maxlat="43.71"/>')
    lines += [f'<node id="{node}" lon="{lon}" lat="{lat}"/>' for node, (lon, lat) in nodes.items()]
    for way, (refs, kind) in ways.items():
        inner = "".join(f'<nd ref="{ref}"/>' for ref in refs)
        lines.append(f'<way id="{way}">{inner}<tag k="highway" v="{kind}"/><tag k="name" v="Rue"/></way>')
    return "\n".join([*lines, "</osm>", ""])


def grid(x: float, y: float, width: float = 0.004) -> list[list[list[float]]]:
    """Outline of a rectangle in degrees."""
    return [[[x, y], [x + width, y], [x + width, y + 0.003], [x, y + 0.003], [x, y]]]


def zones(a: list[list[list[float]]], b: list[list[list[float]]], **more: object) -> str:
    """Two zones as GeoJSON."""
    features = [
        {"type": "Feature", "properties": {"id": name}, "geometry": {"type": "Polygon", "coordinates": outline}}
        for name, outline in (("a", a), ("b", b))
    ]
    return json.dumps({"type": "FeatureCollection", "features": features, **more})


TOWN = osm(NODES, WAYS, bounds=True)
WEST, EAST = grid(7.399, 43.699), grid(7.4035, 43.699, 0.006)
TRIPS = "trip_id,depart_s,origin_link,destination_link\n"
TRIP = "a,0,way/11:1-0,way/14:0-1\n"
LON_LAT = "trip_id,depart_s,origin_lon,origin_lat,destination_lon,destination_lat\n"
MATRIX = "from_zone,to_zone,trips\n"

SCENARIO = 'citytwin: 1\nname: Town\nstart: "2026-05-04T07:00"\nduration_s: 600\ncity: {osm: %s}\n'
BY_TRIPS = "demand:\n  - {kind: trips, file: trips.csv}\n"
BY_MATRIX = "demand:\n  - {kind: od_matrix, file: od.csv, zones: zones.geojson, departures: profile.csv}\n"
GOOD_FILES = {
    "town.osm": TOWN,
    "trips.csv": TRIPS + TRIP,
    "od.csv": MATRIX + "a,b,10\n",
    "zones.geojson": zones(WEST, EAST),
    "profile.csv": "start_s,share\n0,1\n",
    "grid.csv": "lon,lat,population\n7.402,43.701,100\n",
}

STREETS: list[tuple[str, str, str | bytes, list[str]]] = [
    ("empty", "town.osm", "", ['scenario.yaml:5  city.osm = "town.osm"  the file is empty.']),
    ("a text", "town.osm", "hello", ['scenario.yaml:5  city.osm = "town.osm"  not OpenStreetMap XML (syntax error).']),
    (
        "a web page",
        "town.osm",
        "<html><body>Too many requests</body></html>",
        ['scenario.yaml:5  city.osm = "town.osm"  not OpenStreetMap XML: its outermost element is <html>, not <osm>.'],
    ),
    (
        "XML that ends too early",
        "town.osm",
        TOWN[:700],
        ['scenario.yaml:5  city.osm = "town.osm"  the XML ends too early, at line 13. Download or export it again.'],
    ),
    (
        "no nodes",
        "town.osm",
        "<osm/>",
        ['scenario.yaml:5  city.osm = "town.osm"  holds no nodes. Was the extract cut in a place without data?'],
    ),
    (
        "nodes without ways",
        "town.osm",
        osm(NODES, {}),
        ['scenario.yaml:5  city.osm = "town.osm"  no streets for cars in it (highway=residential, primary, ...).'],
    ),
    (
        "footways only",
        "town.osm",
        osm(NODES, {1: ((1, 2, 3), "footway")}),
        ['scenario.yaml:5  city.osm = "town.osm"  no streets for cars in it (highway=residential, primary, ...).'],
    ),
    (
        "longitude and latitude swapped",
        "town.osm",
        osm({node: (lat, lon) for node, (lon, lat) in NODES.items()}, WAYS, bounds=True),
        [
            'scenario.yaml:5  city.osm = "town.osm"  its nodes lie outside its own bounds, but inside when longitude and latitude are swapped.'
        ],
    ),
    (
        "latitude beyond the pole",
        "town.osm",
        osm({node: (lon, lat + 95) for node, (lon, lat) in NODES.items()}, WAYS),
        [
            'scenario.yaml:5  city.osm = "town.osm"  node/1 lies at lon=7.4, lat=138.7: are longitude and latitude swapped?'
        ],
    ),
    (
        "projected coordinates",
        "town.osm",
        osm({node: (lon * 1e5, lat * 1e5) for node, (lon, lat) in NODES.items()}, WAYS),
        [
            'scenario.yaml:5  city.osm = "town.osm"  node/1 lies at lon=740000.0, lat=4370000.0: are these projected coordinates?'
        ],
    ),
    (
        "NaN",
        "town.osm",
        osm({**NODES, 3: ("NaN", 43.7)}, WAYS),
        ['scenario.yaml:5  city.osm = "town.osm"  node/3 lies at lon=nan, lat=43.7: it must be a number of degrees.'],
    ),
    (
        "a longitude that is no number",
        "town.osm",
        osm({**NODES, 3: ("east", 43.7)}, WAYS),
        [
            "scenario.yaml:5  city.osm = \"town.osm\"  line 5: node cannot be read: could not convert string to float: 'east'."
        ],
    ),
    (
        "a node without longitude",
        "town.osm",
        TOWN.replace('lon="7.4" ', "", 1),
        ["scenario.yaml:5  city.osm = \"town.osm\"  line 4: node cannot be read: attribute 'lon' is missing."],
    ),
    (
        "gzip cut off",
        "town.osm.gz",
        gzip.compress(TOWN.encode())[:-30],
        [
            'scenario.yaml:5  city.osm = "town.osm.gz"  the compressed file ends too early or is damaged (Compressed file ended before the end-of-stream marker was reached). Download it again.'
        ],
    ),
    (
        "gzip damaged",
        "town.osm.gz",
        b"\x1f\x8b" + b"x" * 50,
        ['scenario.yaml:5  city.osm = "town.osm.gz"  cannot be read (Unknown compression method).'],
    ),
    (
        "bzip2 cut off",
        "town.osm.bz2",
        bz2.compress(TOWN.encode())[:-30],
        [
            'scenario.yaml:5  city.osm = "town.osm.bz2"  the compressed file ends too early or is damaged (Compressed file ended before the end-of-stream marker was reached). Download it again.'
        ],
    ),
    (
        "bzip2 damaged",
        "town.osm.bz2",
        b"BZh9" + b"x" * 50,
        ['scenario.yaml:5  city.osm = "town.osm.bz2"  cannot be read (Invalid data stream).'],
    ),
    ("PBF empty", "town.osm.pbf", b"", ['scenario.yaml:5  city.osm = "town.osm.pbf"  the file is empty.']),
    (
        "PBF of other bytes",
        "town.osm.pbf",
        b"\0\0\0\x0dxxxxxx" * 5,
        [
            'scenario.yaml:5  city.osm = "town.osm.pbf"  not a whole OpenStreetMap PBF file (invalid tag exception). Download it again.'
        ],
    ),
]
GRAPHML: list[tuple[str, str, list[str]]] = [
    (
        "empty",
        "",
        [
            'scenario.yaml:5  city.graphml = "town.graphml"  not a street graph as OSMnx saves it (ParseError: no element found: line 1, column 0).'
        ],
    ),
    (
        "a text",
        "hello",
        [
            'scenario.yaml:5  city.graphml = "town.graphml"  not a street graph as OSMnx saves it (ParseError: syntax error: line 1, column 0).'
        ],
    ),
    (
        "no graph of OSMnx",
        '<graphml xmlns="http://graphml.graphdrawing.org/xmlns"><graph edgedefault="directed"/></graphml>',
        ["scenario.yaml:5  city.graphml = \"town.graphml\"  not a street graph as OSMnx saves it (KeyError: 'crs')."],
    ),
]
DEMAND: list[tuple[str, str, dict[str, str | bytes], list[str]]] = [
    ("trips empty", BY_TRIPS, {"trips.csv": ""}, ["trips.csv  is empty. It needs the columns trip_id, depart_s."]),
    (
        "trips without rows",
        BY_TRIPS,
        {"trips.csv": TRIPS},
        ["trips.csv  holds a header but no rows. Was the export cut off?"],
    ),
    (
        "trips with other columns",
        BY_TRIPS,
        {"trips.csv": "a,departs\n1,2\n"},
        [
            "trips.csv:1  has no column `trip_id`. It has: a, departs.",
            'trips.csv:1  has no column `depart_s`. Closest: "departs". It has: a, departs.',
        ],
    ),
    (
        "departure NaN",
        BY_TRIPS,
        {"trips.csv": TRIPS + TRIP.replace(",0,", ",nan,")},
        ['trips.csv:2  depart_s = "nan"  must be a finite number.'],
    ),
    (
        "departure negative",
        BY_TRIPS,
        {"trips.csv": TRIPS + TRIP.replace(",0,", ",-5,")},
        ["trips.csv:2  depart_s = -5.0  must be at least 0 s."],
    ),
    (
        "departure in words",
        BY_TRIPS,
        {"trips.csv": TRIPS + TRIP.replace(",0,", ",soon,")},
        ['trips.csv:2  depart_s = "soon"  is not a number.'],
    ),
    (
        "no such link",
        BY_TRIPS,
        {"trips.csv": TRIPS + TRIP.replace("14:0-1", "14:0-9")},
        [
            'trips.csv:2  destination_link = "way/14:0-9"  no such link. Closest: "way/14:0-1", "way/12:0-1", "way/11:0-1". List all: `citytwin network`.'
        ],
    ),
    (
        "10,000 trips twice",
        BY_TRIPS,
        {"trips.csv": TRIPS + TRIP * 10_001},
        [
            'trips.csv:3  trip_id = "a"  stands in line 2 already, and so on: 10,000 rows repeat an id. Ids must differ. Was the file appended to itself?'
        ],
    ),
    (
        "trips in Latin-1",
        BY_TRIPS,
        {"trips.csv": (TRIPS + TRIP.replace("a", "é", 1)).encode("latin-1")},
        ["trips.csv:2  is not UTF-8 text (byte 0xE9). Save the file as UTF-8."],
    ),
    (
        "trips with semicolons",
        BY_TRIPS,
        {"trips.csv": (TRIPS + TRIP).replace(",", ";")},
        ["trips.csv:1  is separated by semicolons. Save it with commas between columns and a point in numbers."],
    ),
    (
        "trips compressed",
        BY_TRIPS,
        {"trips.csv": gzip.compress(b"x")},
        ["trips.csv  is compressed (gzip). Unpack it first."],
    ),
    (
        "places swapped",
        BY_TRIPS,
        {"trips.csv": LON_LAT + "a,0,43.7,7.4,43.703,7.404\n"},
        [
            "trips.csv:1  `origin_lon` and `origin_lat` are swapped: the other way round they lie in town.",
            "trips.csv:1  `destination_lon` and `destination_lat` are swapped: the other way round they lie in town.",
        ],
    ),
    (
        "place far away",
        BY_TRIPS,
        {"trips.csv": LON_LAT + "a,0,8.4,43.7,7.404,43.703\n"},
        ['trips.csv:2  origin_lon, origin_lat = "8.4, 43.7"  lies 79.9 km from the nearest street (at most 200 m).'],
    ),
    ("matrix negative", BY_MATRIX, {"od.csv": MATRIX + "a,b,-1\n"}, ["od.csv:2  trips = -1.0  must be at least 0."]),
    ("matrix NaN", BY_MATRIX, {"od.csv": MATRIX + "a,b,nan\n"}, ['od.csv:2  trips = "nan"  must be a finite number.']),
    ("matrix of zeros", BY_MATRIX, {"od.csv": MATRIX + "a,b,0\n"}, ["od.csv  holds no trips: every number is 0."]),
    ("no such zone", BY_MATRIX, {"od.csv": MATRIX + "a,c,1\n"}, ['od.csv:2  to_zone = "c"  no such zone.']),
    (
        "zones cut off",
        BY_MATRIX,
        {"zones.geojson": zones(WEST, EAST)[:100]},
        ["zones.geojson:1  is not JSON: Expecting ':' delimiter. Was the file cut off?"],
    ),
    (
        "zones of another CRS",
        BY_MATRIX,
        {"zones.geojson": zones(WEST, EAST, crs={"properties": {"name": "EPSG:3857"}})},
        [
            'zones.geojson  its crs is "EPSG:3857"; GeoJSON zones are in longitude and latitude (EPSG:4326). Reproject the file.'
        ],
    ),
    (
        "zones in metres",
        BY_MATRIX,
        {"zones.geojson": zones(WEST, grid(372000, 4840000, 400))},
        [
            "zones.geojson  features[1]: 372000, 4840000 is no place on Earth: projected coordinates? GeoJSON is in degrees (EPSG:4326)."
        ],
    ),
    (
        "zones swapped",
        BY_MATRIX,
        {"zones.geojson": zones(*([[[y, x] for x, y in ring] for ring in zone] for zone in (WEST, EAST)))},
        ["zones.geojson  longitude and latitude are swapped: the other way round the zones lie in town."],
    ),
    (
        "zone outside",
        BY_MATRIX,
        {"zones.geojson": zones(WEST, grid(9.4, 43.7))},
        ['zones.geojson  zone "b": no street in it where a trip can end. Enlarge it, or join it to its neighbour.'],
    ),
    (
        "profile of zeros",
        BY_MATRIX,
        {"profile.csv": "start_s,share\n0,0\n"},
        ["profile.csv  holds no departures: every share is 0."],
    ),
    (
        "profile negative",
        BY_MATRIX,
        {"profile.csv": "start_s,share\n0,-1\n"},
        ["profile.csv:2  share = -1.0  must be at least 0."],
    ),
    (
        "too far",
        "demand:\n  - {kind: random_trips, per_hour: 9, min_distance_m: 99999}\n",
        {},
        [
            "scenario.yaml:7  demand[0].min_distance_m = 99999  no two streets of this map lie so far apart (the map is 647 m across). Lower it."
        ],
    ),
    (
        "no buildings",
        "demand:\n  - {kind: random_trips, per_hour: 9, weights: buildings}\n",
        {},
        [
            'scenario.yaml:7  demand[0].weights = "buildings"  this extract holds no buildings and no land use. Use `weights: uniform`.'
        ],
    ),
    (
        "nobody lives here",
        "demand:\n  - {kind: random_trips, per_hour: 9, weights: population, file: grid.csv}\n",
        {"grid.csv": "lon,lat,population\n9.4,43.7,5\n"},
        ["grid.csv  nobody lives along the streets of town as this grid goes. Another city?"],
    ),
    (
        "a mistake in the file hides none in its tables and streets",
        'seed: x\nevents:\n  - {kind: road_closure, link: "way/14:0-2", start_s: 9, end_s: 5}\n' + BY_TRIPS,
        {"trips.csv": TRIPS + TRIP.replace(",0,", ",-5,")},
        [
            'scenario.yaml:6  seed = "x"  must be a whole number.',
            "scenario.yaml:8  events[0].end_s = 5  must be after start_s (9). Did you swap them?",
            'scenario.yaml:8  events[0].link = "way/14:0-2"  no such link. Closest: "way/14:0-1". List all: citytwin network scenario.yaml --links',
            "trips.csv:2  depart_s = -5.0  must be at least 0 s.",
        ],
    ),
]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to work in, with a cache of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path


def check(files: dict[str, str | bytes]) -> list[str]:
    for name, content in files.items():
        Path(name).write_bytes(content if isinstance(content, bytes) else content.encode())
    return describe(check_scenario("scenario.yaml")).splitlines()[:-1]


@pytest.mark.parametrize("name,file,content,want", STREETS, ids=[row[0] for row in STREETS])
def test_streets(name: str, file: str, content: str | bytes, want: list[str], folder: Path) -> None:
    assert check({file: content, "scenario.yaml": SCENARIO % file}) == want


@pytest.mark.parametrize("name,content,want", GRAPHML, ids=[row[0] for row in GRAPHML])
def test_graphml(name: str, content: str, want: list[str], folder: Path) -> None:
    scenario = SCENARIO.replace("osm: %s", "graphml: town.graphml")
    assert check({"town.graphml": content, "scenario.yaml": scenario}) == want


@pytest.mark.parametrize("name,demand,files,want", DEMAND, ids=[row[0] for row in DEMAND])
def test_demand(name: str, demand: str, files: dict[str, str | bytes], want: list[str], folder: Path) -> None:
    assert check({**GOOD_FILES, **files, "scenario.yaml": SCENARIO % "town.osm" + demand}) == want


@pytest.mark.parametrize(
    "city,parts,named",
    [
        (
            "nowhere.osm",
            "events: [{kind: road_closure, link: a, start_s: 5}]\nsensors: [{kind: loop, link: b}]\n",
            "`events`, `sensors`",
        ),
        ("broken.osm", BY_TRIPS + "outputs: {fcd_links: [a]}\n", "`demand`, `outputs`"),
        (
            "broken.osm",
            "signals: {control: [{kind: fixed, junctions: [node/1]}]}\nnetwork: {keep: [node/1]}\n",
            "`network`, `signals`",
        ),
    ],
)
def test_what_could_not_be_looked_up_is_said(city: str, parts: str, named: str, folder: Path) -> None:
    found = check({**GOOD_FILES, "broken.osm": "<osm", "scenario.yaml": SCENARIO % city + parts})
    assert len(found) == 2 and found[1] == (
        f"scenario.yaml:5  city  the streets could not be read, so the links, junctions and places under {named} were "
        "not looked up. Put the rest right and validate again."
    )


def test_nothing_is_said_of_looking_up_where_nothing_is_named(folder: Path) -> None:
    parts = "demand: [{kind: random_trips, per_hour: 9}]\noutputs: {links_every_s: 60}\n"
    found = check({**GOOD_FILES, "broken.osm": "<osm", "scenario.yaml": SCENARIO % "broken.osm" + parts})
    assert len(found) == 1 and found[0].startswith("scenario.yaml:5  city.osm")


@pytest.mark.skipif(not PBF.is_file(), reason="the PBF extract is not beside this checkout")
def test_a_truncated_pbf(folder: Path) -> None:
    content = PBF.read_bytes()
    assert check({"town.osm.pbf": content[: len(content) // 2], "scenario.yaml": SCENARIO % "town.osm.pbf"}) == [
        'scenario.yaml:5  city.osm = "town.osm.pbf"  not a whole OpenStreetMap PBF file (PBF error: unexpected EOF). Download it again.'
    ]


def test_the_good_files_are_good(folder: Path) -> None:
    assert check({**GOOD_FILES, "scenario.yaml": SCENARIO % "town.osm" + BY_TRIPS}) == []
    assert check({**GOOD_FILES, "scenario.yaml": SCENARIO % "town.osm" + BY_MATRIX}) == []


def test_an_origin_without_way_out_is_no_mistake_of_the_file(folder: Path) -> None:
    """Its trip is listed by the run, and the rest runs."""
    nodes = {**NODES, 7: (7.412, 43.7), 8: (7.416, 43.7)}
    island = osm(nodes, {**WAYS, 17: ((7, 8), "residential")})
    trips = TRIPS + TRIP + "b,0,way/17:0-1,way/14:0-1\n"
    assert (
        check({**GOOD_FILES, "town.osm": island, "trips.csv": trips, "scenario.yaml": SCENARIO % "town.osm" + BY_TRIPS})
        == []
    )
    scenario = load_scenario("scenario.yaml")
    assert build_trips(scenario, load_network(scenario.city.source, scenario.network)).id == ("a", "b")
