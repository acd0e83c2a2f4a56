"""Graphs and places of OSMnx."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from citytwin.scenarios import load_network as loading
from citytwin.scenarios.load_network import load_network, load_streets
from citytwin.scenarios.osm_graphml import graph_data, read_graphml, read_place
from citytwin.scenarios.osm_read import read_osm
from citytwin.scenarios.osm_streets import build_streets
from citytwin.scenarios.problems import SourceError

ox = pytest.importorskip("osmnx")
REPLIES = Path(__file__).parent / "replies" / "neukoelln.json"
TAGS = ["highway", "oneway", "lanes", "maxspeed", "name", "junction", "access", "motor_vehicle", "turn:lanes"]


@pytest.fixture(scope="module")
def kotka(data_folder, tmp_path_factory):
    """The streets of Kotka as OSMnx reads them: highways only, or every building becomes an edge."""
    from citytwin.scenarios.osm_graphml import DRIVABLE

    classes = set(DRIVABLE.split("|"))
    source = data_folder / "osm" / "kotka" / "kotka.osm.gz"
    with gzip.open(source, "rt", encoding="utf-8") as file:
        lines = file.read().split("  <way ")
    head, ways = lines[0], lines[1:]
    kept = [way for way in ways if any(f'k="highway" v="{name}"' in way for name in classes)]
    xml = tmp_path_factory.mktemp("kotka") / "kotka.osm"
    tail = "" if "</osm>" in kept[-1] else "</osm>"
    kept = [way.partition("  <relation")[0].replace("</osm>", "") for way in kept]
    xml.write_text(head + "".join(f"  <way {way}" for way in kept) + (tail or "</osm>"), encoding="utf-8")
    before = ox.settings.useful_tags_way
    ox.settings.useful_tags_way = TAGS
    try:
        return ox.graph_from_xml(xml, simplify=False, retain_all=True), source
    finally:
        ox.settings.useful_tags_way = before


@pytest.fixture(scope="module")
def data_folder(request):
    folder = request.config.rootpath.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("the real extracts are not on this machine")
    return folder


def kilometres(graph):
    import numpy as np

    return sum(np.hypot(*np.diff(street.shape_xy, axis=0).T).sum() for street in graph.streets) / 1000.0


def test_a_graph_gives_the_streets_that_the_file_gives(kotka, tmp_path):
    graph, source = kotka
    file = tmp_path / "kotka.graphml"
    ox.save_graphml(graph, file)
    from_graph, from_file = load_streets(file, {"country": "FI"}), build_streets(read_osm(source))
    assert len(from_graph.streets) == pytest.approx(len(from_file.streets), rel=0.02)
    assert len(from_graph.junctions) == pytest.approx(len(from_file.junctions), rel=0.02)
    assert kilometres(from_graph) == pytest.approx(kilometres(from_file), rel=0.01)
    assert {way for s in from_graph.streets for way in s.source_ways} == {
        way for s in from_file.streets for way in s.source_ways
    }
    assert any("no turn restrictions" in note for note in from_graph.notes)


@pytest.mark.parametrize("projected", [False, True])
def test_simplified_and_projected_graphs(kotka, tmp_path, projected):
    graph = ox.simplify_graph(kotka[0])
    if projected:
        graph = ox.project_graph(graph)
    file = tmp_path / "kotka.graphml"
    ox.save_graphml(graph, file)
    streets = build_streets(read_graphml(file), {"country": "FI"})
    assert kilometres(streets) == pytest.approx(kilometres(build_streets(read_osm(kotka[1]))), rel=0.02)
    assert len({street.id for street in streets.streets}) == len(streets.streets)


def test_a_graph_loads_as_a_network(kotka, tmp_path):
    file = tmp_path / "kotka.graphml"
    ox.save_graphml(kotka[0], file)
    network = load_network(file, use_cache=False)
    assert network.name == "kotka"
    assert network.link_count > 400


@pytest.mark.parametrize("text", ["", "hello", "<graphml/>", "<graphml><graph></graph></graphml>", "<osm/>"])
def test_what_is_no_graph_of_osmnx(tmp_path, text):
    file = tmp_path / "town.graphml"
    file.write_text(text)
    with pytest.raises(SourceError, match="not a street graph as OSMnx saves it"):
        read_graphml(file)


def test_a_wrong_crs_is_noticed():
    import networkx as nx

    graph = nx.MultiDiGraph(crs="epsg:4326")
    graph.add_node(1, x=372_763.0, y=4_844_315.0)
    with pytest.raises(SourceError, match="Is its crs right"):
        graph_data(graph, name="town", source="town.graphml")


@pytest.fixture
def recorded(monkeypatch):
    """Answer every request of OSMnx from a recorded reply; the list tells what was asked."""
    replies = json.loads(REPLIES.read_text(encoding="utf-8"))
    asked = []

    def answer(url, **_):
        asked.append(url)
        reply = next((replies[word] for word in replies if url.endswith(word)), {})
        text = json.dumps(reply)
        return SimpleNamespace(
            ok=True, status_code=200, reason="OK", url=url, content=text.encode(), text=text, json=lambda: reply
        )

    import requests

    monkeypatch.setattr(requests, "get", answer)
    monkeypatch.setattr(requests, "post", answer)
    monkeypatch.setattr(ox.settings, "overpass_rate_limit", False)
    monkeypatch.setattr("socket.gethostbyname", lambda _: "127.0.0.1")
    monkeypatch.setattr("time.sleep", lambda _: None)
    return asked


def test_a_place_is_downloaded_once(recorded, tmp_path, monkeypatch):
    monkeypatch.setattr(loading, "cache_folder", lambda: tmp_path)
    before = dict(vars(ox.settings))
    streets = load_streets("Neukölln, Berlin")
    assert len(recorded) == 2
    assert streets.name == "Neukölln, Berlin"
    assert streets.country == "DE"
    assert len(streets.streets) > 20
    again = load_streets("Neukölln, Berlin")
    assert len(recorded) == 2
    assert [street.id for street in again.streets] == [street.id for street in streets.streets]
    assert dict(vars(ox.settings)) == before
    assert list((tmp_path / "places").glob("neuk*.graphml"))


def test_a_place_gives_the_streets_of_the_file(recorded, tmp_path, data):
    place = build_streets(read_place("Neukölln", tmp_path))
    file = build_streets(read_osm(data / "osm" / "berlin_neukolln" / "berlin_neukolln.osm.gz"))
    assert {street.source_ways for street in place.streets} == {street.source_ways for street in file.streets}


def test_no_network(tmp_path, monkeypatch):
    import requests

    def refuse(*_, **__):
        raise requests.exceptions.ConnectionError

    monkeypatch.setattr(requests, "get", refuse)
    monkeypatch.setattr("time.sleep", lambda _: None)
    with pytest.raises(SourceError, match=r'"Monaco" could not be downloaded \(ConnectionError\)\. Give a file'):
        read_place("Monaco", tmp_path)


def test_an_unknown_place(recorded, tmp_path, monkeypatch):
    import requests

    nothing = SimpleNamespace(ok=True, status_code=200, reason="OK", url="u", content=b"[]", text="[]", json=list)
    monkeypatch.setattr(requests, "get", lambda *_, **__: nothing)
    with pytest.raises(SourceError, match="no streets found under this name"):
        read_place("Nowhere at all", tmp_path)
