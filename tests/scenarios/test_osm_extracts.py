"""Every real extract becomes the same streets as before; a changed number is a changed program, made on purpose."""

from __future__ import annotations

import datetime as dt
from typing import NamedTuple

import pytest

from citytwin.scenarios.load_network import load_network, load_streets
from citytwin.scenarios.network_doctor import examine
from citytwin.scenarios.period import Period

MORNING = Period.lasting(dt.datetime(2026, 5, 4, 7), 7200)  # a Monday's, for what holds at certain times only


class Counts(NamedTuple):
    """What a street graph is made of."""

    streets: int
    junctions: int
    merged: int  # junctions of several nodes
    signalised: int  # without crossings in mid-block
    crossings: int  # signalised, in mid-block
    gates: int
    ring_arcs: int
    banned: int
    epsg: int


SMALL = {
    "berlin_neukolln/berlin_neukolln.osm.gz": Counts(26, 14, 1, 1, 0, 6, 0, 3, 32633),
    "helsinki_centre/helsinki_centre.osm.gz": Counts(334, 184, 24, 43, 17, 40, 0, 53, 32635),
    "helsinki_centre/helsinki_centre_raw_clipped.osm.pbf": Counts(338, 186, 22, 43, 17, 42, 0, 53, 32635),
    "kotka/kotka.osm.gz": Counts(503, 242, 10, 0, 0, 24, 0, 2, 32635),
    "kotka/kotka_raw_clipped.osm.pbf": Counts(503, 242, 10, 0, 0, 26, 0, 2, 32635),
    "leeds/leeds.osm.gz": Counts(3734, 1469, 130, 36, 16, 33, 12, 28, 32630),
    "monaco/monaco_core.osm.gz": Counts(1009, 508, 86, 3, 1, 42, 37, 75, 32632),
    "shanghai/shanghai.osm.gz": Counts(950, 656, 69, 130, 37, 130, 0, 39, 32651),
    "taipei/taipei.osm.gz": Counts(28, 26, 1, 2, 3, 17, 0, 21, 32651),
}
LARGE = {
    "liechtenstein/liechtenstein.osm.gz": Counts(4236, 1788, 64, 2, 3, 8, 50, 8, 32632),
    "monaco/monaco.osm.gz": Counts(2296, 1109, 130, 10, 2, 35, 76, 100, 32632),
    "portland/portland.osm.gz": Counts(10101, 3697, 181, 436, 21, 77, 17, 545, 32610),
    "porto_alegre/porto_alegre.osm.gz": Counts(17704, 7383, 740, 721, 307, 85, 20, 499, 32722),
}


def counted(graph):
    return Counts(
        streets=len(graph.streets),
        junctions=len(graph.junctions),
        merged=sum(len(spec.source_nodes) > 1 for spec in graph.junctions),
        signalised=sum(spec.signalised and not spec.crossing_signal for spec in graph.junctions),
        crossings=sum(spec.crossing_signal for spec in graph.junctions),
        gates=sum(bool(spec.gate) for spec in graph.junctions),
        ring_arcs=sum(street.roundabout for street in graph.streets),
        banned=sum(len(spec.banned) for spec in graph.junctions),
        epsg=graph.epsg,
    )


def load(data, name):
    if name.endswith(".pbf"):
        pytest.importorskip("osmium")
    return load_streets(data / "osm" / name, period=MORNING)


@pytest.mark.parametrize("name, counts", SMALL.items())
def test_small_extracts(data, name, counts):
    graph = load(data, name)
    assert counted(graph) == counts
    assert graph.drives_on_left == name.startswith("leeds")


@pytest.mark.slow
@pytest.mark.parametrize("name, counts", LARGE.items())
def test_large_extracts(data, name, counts):
    assert counted(load(data, name)) == counts


@pytest.mark.parametrize(
    "name, share",
    [
        ("monaco/monaco_core.osm.gz", 0.90),
        ("leeds/leeds.osm.gz", 0.96),
        ("kotka/kotka.osm.gz", 0.85),
        ("helsinki_centre/helsinki_centre.osm.gz", 0.70),
    ],
)
def test_cars_get_about(data, name, share):
    network = load_network(data / "osm" / name, use_cache=False)
    cars = examine(network).reach[0]
    assert cars.strongly_connected >= share * cars.links
    assert cars.cut_off <= 0.03 * cars.links


@pytest.mark.slow
def test_a_whole_region(data):
    """Porto and its surroundings, from PBF: 50,000 junctions."""
    pytest.importorskip("osmium")
    graph = load_streets(data / "osm" / "porto" / "porto.osm.pbf")
    assert len(graph.streets) > 110_000
    assert graph.country == "PT"
    assert min(len(street.shape_xy) for street in graph.streets) >= 2
