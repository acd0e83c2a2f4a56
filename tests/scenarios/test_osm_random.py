"""Whatever a map draws becomes streets that keep their promises, or one clear error."""

from __future__ import annotations

import numpy as np
from hypothesis import given, reject, settings
from hypothesis import strategies as st

from citytwin.scenarios.junctions import build_network
from citytwin.scenarios.osm_streets import build_streets
from citytwin.scenarios.problems import SourceError
from citytwin.scenarios.streets import CAR

from .osm_case import restriction, town

NODES = range(1, 13)
TAGS = st.fixed_dictionaries(
    {"highway": st.sampled_from(["primary", "residential", "motorway_link", "living_street", "tertiary"])},
    optional={
        "oneway": st.sampled_from(["yes", "no", "-1"]),
        "lanes": st.sampled_from(["1", "2", "3", "5"]),
        "junction": st.sampled_from(["roundabout"]),
        "maxspeed": st.sampled_from(["20", "50"]),
        "access": st.sampled_from(["destination", "yes"]),
        "busway": st.sampled_from(["lane"]),
        "bridge": st.sampled_from(["yes"]),
        "turn:lanes": st.sampled_from(["left|right", "left|through|right"]),
    },
)
NODE_TAGS = st.sampled_from(
    [
        {"highway": "traffic_signals"},
        {"highway": "crossing", "crossing": "traffic_signals"},
        {"highway": "stop"},
        {"highway": "stop", "stop": "all"},
        {"highway": "give_way", "direction": "backward"},
        {"highway": "mini_roundabout"},
        {"barrier": "bollard"},
    ]
)
METRES = st.integers(0, 25).map(lambda step: 9.0 * step)


@st.composite
def towns(draw):
    """Up to eight ways over a dozen nodes that lie close enough to make clusters of every kind."""
    places = {node: (draw(METRES), draw(METRES)) for node in NODES}
    sequences = st.lists(st.sampled_from(NODES), min_size=2, max_size=6)
    drawn = draw(st.lists(st.tuples(sequences, TAGS), min_size=1, max_size=8))
    ways = [(100 + number, nodes, tags) for number, (nodes, tags) in enumerate(drawn)]
    numbers = st.integers(100, 99 + len(ways))
    kinds = st.sampled_from(["no_left_turn", "no_u_turn", "only_straight_on", "no_straight_on", "only_left_turn"])
    via = st.one_of(st.sampled_from(NODES), st.lists(numbers, min_size=1, max_size=2))
    relations = [
        restriction(number, kind, a, v, b)
        for number, (kind, a, v, b) in enumerate(draw(st.lists(st.tuples(kinds, numbers, via, numbers), max_size=4)))
    ]
    node_tags = draw(st.dictionaries(st.sampled_from(NODES), NODE_TAGS, max_size=4))
    return town(places, ways, node_tags=node_tags, restrictions=relations)


def built(data):
    """Streets of a town, or none where it has no length."""
    try:
        return build_streets(data)
    except SourceError as error:
        assert "no length" in str(error)  # noqa: PT017
        reject()


@given(towns())
@settings(max_examples=150)
def test_streets_keep_their_promises(data):
    graph = built(data)
    names = [street.id for street in graph.streets]
    junctions = {spec.id: spec for spec in graph.junctions}
    assert len(set(names)) == len(names)
    assert len(junctions) == len(graph.junctions)
    leaving: dict[str, list[str]] = {name: [] for name in junctions}
    for street in graph.streets:
        leaving[street.from_junction].append(street.id)
        assert len(street.shape_xy) >= 2
        assert np.isfinite(street.shape_xy).all()
        assert street.from_junction != street.to_junction
        assert any(lane & CAR for lane in street.lane_access)
        assert street.turn_lanes is None or len(street.turn_lanes) == len(street.lane_access)
    for street in graph.streets:
        spec = junctions[street.to_junction]
        ways_on = [other for other in leaving[spec.id] if (street.id, other) not in spec.banned]
        assert ways_on or spec.gate in {"exit", "both"}
        if spec.inner_paths is not None and leaving[spec.id]:
            assert any((street.id, other) in spec.inner_paths for other in leaving[spec.id])
    for sequence in graph.forbidden_sequences:
        assert len(sequence) >= 3
        assert set(sequence) <= set(names)


@given(towns())
@settings(max_examples=60)
def test_every_town_can_be_built(data):
    graph = built(data)
    network = build_network(graph)
    assert network.link_count == len(graph.streets)
    without = np.flatnonzero(np.diff(network.links.movement_start) == 0)
    gates = np.array(network.junctions.gate)[network.links.to_junction[without]]
    assert np.isin(gates, ("exit", "both")).all()
