"""OpenStreetMap files of every kind, whole and broken."""

from __future__ import annotations

import bz2
import gzip
import random
import sys
from xml.etree import ElementTree

import pytest

from citytwin.scenarios.osm_read import cut_at_missing_nodes, plain_name, read_osm
from citytwin.scenarios.problems import SourceError

TOWN = """<?xml version='1.0' encoding='UTF-8'?>
<osm version="0.6">
  <node id="1" lat="47.0" lon="9.0"><tag k="highway" v="traffic_signals"/></node>
  <node id="2" lat="47.001" lon="9.0"/>
  <node id="3" lat="47.002" lon="9.001"><tag k="addr:country" v="LI"/></node>
  <node id="4" lat="47.003" lon="9.002"/>
  <way id="11"><nd ref="2"/><nd ref="3"/><tag k="highway" v="residential"/></way>
  <way id="10"><nd ref="1"/><nd ref="2"/><tag k="highway" v="primary"/><tag k="name" v="Höhenweg"/></way>
  <way id="12"><nd ref="1"/><nd ref="4"/><tag k="building" v="yes"/></way>
  <relation id="5"><member type="way" ref="10" role="from"/><member type="node" ref="2" role="via"/>
    <member type="way" ref="11" role="to"/><tag k="type" v="restriction"/>
    <tag k="restriction" v="no_left_turn"/></relation>
  <relation id="6"><member type="way" ref="10" role=""/><tag k="type" v="route"/></relation>
</osm>
"""


@pytest.mark.parametrize(
    "ending, pack", [(".osm", bytes), (".osm.gz", gzip.compress), (".osm.bz2", bz2.compress), (".xml", bytes)]
)
def test_xml_plain_and_packed(tmp_path, ending, pack):
    file = tmp_path / f"town{ending}"
    file.write_bytes(pack(TOWN.encode()))
    data = read_osm(file)
    assert data.name == "town"
    assert [way.id for way in data.ways] == [10, 11]
    assert data.ways[0].tags["name"] == "Höhenweg"
    assert data.nodes == {1: (9.0, 47.0), 2: (9.0, 47.001), 3: (9.001, 47.002)}
    assert data.node_tags[1] == {"highway": "traffic_signals"}
    assert [relation.id for relation in data.restrictions] == [5]
    assert data.countries == {"LI": 1}
    assert data.bbox == (9.0, 47.0, 9.002, 47.003)


def test_a_packed_file_is_known_by_its_first_bytes(tmp_path):
    file = tmp_path / "town.osm"
    file.write_bytes(gzip.compress(TOWN.encode()))
    assert len(read_osm(file).ways) == 2


def broken(tmp_path, content, name="town.osm"):
    file = tmp_path / name
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(SourceError) as caught:
        read_osm(file)
    return str(caught.value).replace(str(file), "FILE")


@pytest.mark.parametrize(
    "content, message",
    [
        ("", "FILE: the file is empty."),
        ("hello", "FILE: not OpenStreetMap XML (syntax error)."),
        ('{"elements": []}', "FILE: not OpenStreetMap XML (not well-formed (invalid token))."),
        ("<html><body/></html>", "FILE: not OpenStreetMap XML: its outermost element is <html>, not <osm>."),
        ("<osm></osm>", "FILE: holds no nodes. Was the extract cut in a place without data?"),
        (TOWN[:700], "FILE: the XML ends too early, at line 11. Download or export it again."),
        (TOWN.replace("</way>", "</wey>", 1), "FILE: broken XML at line 7 (mismatched tag)."),
        (
            TOWN.replace('lat="47.0"', 'lat="nan"'),
            "FILE: node/1 lies at lon=9.0, lat=nan: it must be a number of degrees.",
        ),
        (TOWN.replace('lat="47.0"', ""), "FILE: line 3: node cannot be read: attribute 'lat' is missing."),
        (
            TOWN.replace('lat="47.0"', 'lat="north"'),
            "FILE: line 3: node cannot be read: could not convert string to float: 'north'.",
        ),
        (
            TOWN.replace('lat="47.0"', 'lat="121.5"').replace('lon="9.0"', 'lon="31.2"'),
            "FILE: node/1 lies at lon=31.2, lat=121.5: are longitude and latitude swapped?",
        ),
        (
            TOWN.replace('lat="47.0"', 'lat="4844000.0"'),
            "FILE: node/1 lies at lon=9.0, lat=4844000.0: are these projected coordinates?",
        ),
        (
            TOWN.replace("<osm ", '<!DOCTYPE osm [<!ENTITY a "aaaa">]><osm ', 1),
            "FILE: declares XML entities, which OpenStreetMap files never do; it was not read.",
        ),
        (
            TOWN.replace(
                '<osm version="0.6">', '<osm><bounds minlat="8.99" minlon="46.99" maxlat="9.01" maxlon="47.01"/>'
            ),
            "FILE: its nodes lie outside its own bounds, but inside when longitude and latitude are swapped.",
        ),
    ],
)
def test_broken_xml(tmp_path, content, message):
    assert broken(tmp_path, content) == message


def test_broken_archives(tmp_path):
    packed = gzip.compress(TOWN.encode() * 50)
    assert "ends too early or is damaged" in broken(tmp_path, packed[: len(packed) // 2], "town.osm.gz")
    assert "ends too early or is damaged" in broken(tmp_path, packed[:60] + b"xxxx" + packed[64:], "town.osm.gz")
    packed = bz2.compress(TOWN.encode() * 50)
    assert "ends too early or is damaged" in broken(tmp_path, packed[: len(packed) // 2], "town.osm.bz2")


def test_a_missing_file(tmp_path):
    with pytest.raises(SourceError, match="no such file"):
        read_osm(tmp_path / "nowhere.osm")


def test_broken_pbf(tmp_path, data):
    pytest.importorskip("osmium")
    whole = (data / "osm" / "kotka" / "kotka_raw_clipped.osm.pbf").read_bytes()
    for size in (10, 1000, len(whole) // 2, len(whole) - 5):
        assert "not a whole OpenStreetMap PBF file" in broken(tmp_path, whole[:size], "town.osm.pbf")
    assert "not a whole OpenStreetMap PBF file" in broken(tmp_path, TOWN, "town.osm.pbf")


def test_pbf_without_pyosmium_names_the_extra(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "osmium", None)
    assert "citytwin[pbf]" in broken(tmp_path, b"anything", "town.osm.pbf")


def test_ways_are_cut_where_nodes_are_missing():
    nodes = dict.fromkeys([1, 2, 3, 6, 7], (9.0, 47.0))
    pieces, cut, note = cut_at_missing_nodes([(5, (1, 2, 3, 4, 5, 6, 7), {}), (4, (9, 1, 9), {})], nodes)
    assert [(piece.id, piece.nodes, piece.first_index) for piece in pieces] == [(5, (1, 2, 3), 0), (5, (6, 7), 5)]
    assert cut == {1, 3, 6}
    assert "2 ways" in note


def test_raw_clipped_files_load_and_say_so(data):
    pytest.importorskip("osmium")
    raw = read_osm(data / "osm" / "helsinki_centre" / "helsinki_centre_raw_clipped.osm.pbf")
    assert "191 ways refer to nodes that the file does not hold" in raw.notes[0]
    assert raw.cut_nodes
    assert all(node in raw.nodes for way in raw.ways for node in way.nodes)


def test_the_order_in_a_file_does_not_matter(tmp_path, data):
    whole = data / "osm" / "berlin_neukolln" / "berlin_neukolln.osm.gz"
    with gzip.open(whole) as file:
        tree = ElementTree.parse(file)
    root = tree.getroot()
    things = list(root)
    random.Random(1).shuffle(things)
    root[:] = things
    shuffled = tmp_path / "berlin_neukolln.osm"
    tree.write(shuffled)
    one, other = read_osm(whole), read_osm(shuffled)
    assert (one.ways, one.nodes, one.node_tags, one.restrictions) == (
        other.ways,
        other.nodes,
        other.node_tags,
        other.restrictions,
    )


def test_plain_names():
    from pathlib import Path

    assert plain_name(Path("a/monaco_core.osm.gz")) == "monaco_core"
    assert plain_name(Path("porto.osm.pbf")) == "porto"


def test_what_editors_and_servers_write(tmp_path):
    file = tmp_path / "town.osm"
    deleted = TOWN.replace('<way id="11">', '<way id="11" action="delete">')
    twice = deleted.replace(
        "</osm>",
        '<way id="10"><bounds minlat="0" minlon="0" maxlat="1" maxlon="1"/>'
        '<nd ref="1"/><nd ref="77" lat="47.005" lon="9.005"/><tag k="highway" v="tertiary"/></way></osm>',
    )
    file.write_text(twice, encoding="utf-8")
    data = read_osm(file)
    assert [(way.id, way.nodes, way.tags["highway"]) for way in data.ways] == [(10, (1, 77), "tertiary")]
    assert data.nodes[77] == (9.005, 47.005)
