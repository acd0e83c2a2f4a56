"""Whatever happens to the bytes of a street or demand file: it is read, or refused in words, and never a traceback."""

from __future__ import annotations

import gzip
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from citytwin.scenarios.load_network import load_network
from citytwin.scenarios.network import RoadNetwork
from citytwin.scenarios.problems import SourceError
from citytwin.scenarios.scenario import load_scenario
from citytwin.scenarios.trips import check_demand_files

NODES = {1: (7.4, 43.7), 2: (7.404, 43.7), 3: (7.404, 43.703), 4: (7.4, 43.703), 5: (7.408, 43.7), 6: (7.408, 43.703)}
WAYS = {10: (1, 2), 11: (2, 3), 12: (3, 4), 13: (4, 1), 14: (2, 5), 15: (5, 6), 16: (6, 3)}
TAGS = {"highway": "primary", "maxspeed": "50", "lanes": "2", "oneway": "no", "turn:lanes": "left|through"}
NODE_LINES = "\n".join(f'<node id="{node}" lon="{lon}" lat="{lat}"/>' for node, (lon, lat) in NODES.items())
TAG_LINES = "".join(f'<tag k="{key}" v="{value}"/>' for key, value in TAGS.items())
WAY_LINES = "\n".join(
    f'<way id="{way}"><nd ref="{first}"/><nd ref="{last}"/>{TAG_LINES}</way>' for way, (first, last) in WAYS.items()
)
TOWN = f"""\
<?xml version="1.0"?>
<osm version="0.6">
<bounds minlon="7.39" minlat="43.69" maxlon="7.42" maxlat="43.71"/>
{NODE_LINES}
<node id="7" lon="7.404" lat="43.7001"><tag k="highway" v="traffic_signals"/></node>
{WAY_LINES}
<relation id="1">
<member type="way" ref="10" role="from"/><member type="node" ref="2" role="via"/><member type="way" ref="14" role="to"/>
<tag k="type" v="restriction"/><tag k="restriction" v="no_left_turn"/>
</relation>
</osm>
"""
TABLES = {
    "trips.csv": "trip_id,depart_s,origin_link,destination_link,vehicle_class\na,0,way/11:1-0,way/14:0-1,car\n",
    "od.csv": "from_zone,to_zone,trips\na,b,10\nb,a,5\n",
    "profile.csv": "start_s,share\n0,1\n300,2\n",
    "grid.csv": "lon,lat,population\n7.402,43.701,100\n",
    "zones.geojson": """\
{"type": "FeatureCollection", "features": [
 {"type": "Feature", "properties": {"id": "a"}, "geometry": {"type": "Polygon",
  "coordinates": [[[7.39, 43.69], [7.403, 43.69], [7.403, 43.71], [7.39, 43.69]]]}},
 {"type": "Feature", "properties": {"id": "b"}, "geometry": {"type": "Polygon",
  "coordinates": [[[7.403, 43.69], [7.42, 43.69], [7.42, 43.71], [7.403, 43.69]]]}}]}
""",
}
SCENARIO = """\
citytwin: 1
start: "2026-05-04T07:00"
duration_s: 600
city: {osm: town.osm}
demand:
  - {kind: trips, file: trips.csv}
  - {kind: od_matrix, file: od.csv, zones: zones.geojson, departures: profile.csv}
  - {kind: random_trips, per_hour: 10, weights: population, file: grid.csv}
"""
NUMBERS = [b"-1", b"nan", b"1e999", b"0", b"9" * 25]
PIECES = [*NUMBERS, b"", b'"', b"\n", b",", b"\xff", b"\0", b"<", b">", b"</osm>", b"yes", b"{", b"]"]
damage = st.lists(st.tuples(st.floats(0, 1), st.integers(0, 12), st.sampled_from(PIECES)), min_size=1, max_size=4)
quietly = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def damaged(content: bytes, changes: list[tuple[float, int, bytes]]) -> bytes:
    for where, length, piece in changes:
        at = int(where * len(content))
        content = content[:at] + piece + content[at + length :]
    return content


def read_or_refuse(file: Path) -> None:
    with suppress(SourceError):
        assert isinstance(load_network(file, use_cache=False), RoadNetwork)


@quietly
@given(changes=damage)
def test_streets(changes: list[tuple[float, int, bytes]], tmp_path: Path) -> None:
    file = tmp_path / "town.osm"
    file.write_bytes(damaged(TOWN.encode(), changes))
    read_or_refuse(file)


@quietly
@given(changes=damage)
def test_compressed_streets(changes: list[tuple[float, int, bytes]], tmp_path: Path) -> None:
    file = tmp_path / "town.osm.gz"
    file.write_bytes(damaged(gzip.compress(TOWN.encode(), mtime=0), changes))
    read_or_refuse(file)


@pytest.mark.parametrize("name", TABLES)
@quietly
@given(changes=damage)
@example(changes=[(0.0, 0, b'"'), (1.0, 0, b'"')])  # the whole file is the name of one column
def test_tables(name: str, changes: list[tuple[float, int, bytes]], tmp_path: Path) -> None:
    for other, text in {**TABLES, "town.osm": TOWN, "scenario.yaml": SCENARIO}.items():
        (tmp_path / other).write_text(text)
    (tmp_path / name).write_bytes(damaged(TABLES[name].encode(), changes))
    for problem in check_demand_files(load_scenario(tmp_path / "scenario.yaml")):
        assert problem.text and "\n" not in str(problem)
