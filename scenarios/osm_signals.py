"""Find the approach that each signal, stop and give-way node in OpenStreetMap belongs to."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from .osm_chains import Chain, ChainGraph
from .osm_read import Tags

APPROACH_M = 40.0  # a signal this far before a junction is the junction's
EXIT_SIDE_M = 20.0  # a signal this far behind a junction too
SIGN_M = 60.0
ONE_CROSSING_M = 30.0  # signals this near each other on one street serve one pedestrian crossing


@dataclass(slots=True)
class Controls:
    """Where lights and signs stand, besides what is written on the chains."""

    signal_nodes: set[int] = field(default_factory=set)  # junction nodes with lights
    all_way_stop: set[int] = field(default_factory=set)
    minor_stop: dict[int, str] = field(default_factory=dict)  # junction node whose lesser streets stop or give way
    mini_roundabouts: set[int] = field(default_factory=set)
    crossings: list[tuple[int, int]] = field(default_factory=list)  # (chain, node) of signals in mid-block
    crossing_nodes: set[int] = field(default_factory=set)  # those of them that became junctions
    placed: dict[str, int] = field(default_factory=dict)  # how many signal nodes were found where


def is_signal(tags: Tags) -> bool:
    """Whether a node is a light for cars."""
    return tags.get("highway") == "traffic_signals"


def is_crossing_signal(tags: Tags) -> bool:
    """Whether a node is a pedestrian crossing with lights; the cars' own light may be drawn elsewhere or not at all."""
    return tags.get("highway") == "crossing" and "traffic_signals" in (
        tags.get("crossing"),
        tags.get("crossing:signals"),
    )


def place_controls(graph: ChainGraph, node_tags: Mapping[int, Tags]) -> Controls:
    """Write signals and signs on the approaches they stand at; collect those on junctions and in mid-block."""
    controls = Controls()
    inner = _inner_nodes(graph, node_tags)
    lights = [node for node, tags in node_tags.items() if is_signal(tags)]
    for node in sorted(node_tags):
        tags = node_tags[node]
        if tags.get("highway") == "mini_roundabout" and node in graph.at:
            controls.mini_roundabouts.add(node)
        kind = "signal" if is_signal(tags) else tags.get("highway", "")
        if is_crossing_signal(tags) and node in inner:
            _place_crossing(graph, controls, inner[node], node, lights)
        if kind not in {"signal", "stop", "give_way"}:
            continue
        if node in graph.at:
            _place_on_node(graph, controls, node, kind, tags)
        elif node in inner:
            _place_on_chain(graph, controls, inner[node], node, kind, tags)
    controls.crossings = _one_per_crossing(graph, controls.crossings)
    return controls


def _inner_nodes(graph: ChainGraph, node_tags: Mapping[int, Tags]) -> dict[int, int]:
    """Chain that passes each node with tags that is not one of its ends."""
    found: dict[int, int] = {}
    for key, chain in graph.chains.items():
        for runs in (chain.forward, chain.backward):
            for node in graph.run_nodes(runs)[1:-1]:
                if node in node_tags:
                    found.setdefault(node, key)
    return found


def _count(controls: Controls, where: str, kind: str) -> None:
    if kind == "signal":
        controls.placed[where] = controls.placed.get(where, 0) + 1


def _place_on_node(graph: ChainGraph, controls: Controls, node: int, kind: str, tags: Tags) -> None:
    if graph.degree(node) == 1:
        _count(controls, "edge", kind)
    elif kind == "signal":
        controls.signal_nodes.add(node)
        _count(controls, "junction", kind)
    elif kind == "stop" and (tags.get("stop") == "all" or tags.get("stop:all") == "yes"):
        controls.all_way_stop.add(node)
    else:
        controls.minor_stop[node] = kind


def _place_on_chain(graph: ChainGraph, controls: Controls, key: int, node: int, kind: str, tags: Tags) -> None:
    chain = graph.chains[key]
    said = _direction_said(graph, chain, node, kind, tags)
    reach = APPROACH_M if kind == "signal" else SIGN_M
    # Distance to the junction that each direction comes to next, and to the one it comes from.
    ahead = {}
    behind = {}
    for forward in (True, False):
        nodes = graph.run_nodes(chain.forward if forward else chain.backward)
        if node not in nodes or (said is not None and said != forward):
            continue
        place = nodes.index(node)
        steps = [math.dist(graph.xy[a], graph.xy[b]) for a, b in itertools.pairwise(nodes)]
        ahead[forward], behind[forward] = sum(steps[place:]), sum(steps[:place])
    near = [
        (distance, forward)
        for forward, distance in ahead.items()
        if distance <= reach and _is_junction(graph, chain, forward)
    ]
    if near:
        distance, forward = min(near, key=lambda pair: (pair[0], not pair[1]))
        _write(graph, key, forward, kind)
        _count(controls, f"approach {15 if distance <= 15.0 else 30 if distance <= 30.0 else 40} m", kind)
    elif kind == "signal":
        back = [
            (distance, forward)
            for forward, distance in behind.items()
            if distance <= EXIT_SIDE_M and _is_junction(graph, chain, not forward)
        ]
        if back:
            controls.signal_nodes.add(chain.u if min(back)[1] else chain.v)
            _count(controls, "exit side", kind)
        else:
            controls.crossings.append((key, node))
            _count(controls, "mid-block", kind)


def _place_crossing(graph: ChainGraph, controls: Controls, key: int, node: int, lights: list[int]) -> None:
    """A crossing with lights far from every junction and every other light stops cars by itself."""
    if any(math.dist(graph.xy[node], graph.xy[light]) <= ONE_CROSSING_M for light in lights):
        return
    chain = graph.chains[key]
    for forward in (True, False):
        nodes = graph.run_nodes(chain.forward if forward else chain.backward)
        if node in nodes and _is_junction(graph, chain, forward):
            rest = nodes[nodes.index(node) :]
            if sum(math.dist(graph.xy[a], graph.xy[b]) for a, b in itertools.pairwise(rest)) <= APPROACH_M:
                return
    controls.crossings.append((key, node))


def _direction_said(graph: ChainGraph, chain: Chain, node: int, kind: str, tags: Tags) -> bool | None:
    """Direction of the chain that a node's tags name; None when they name none. Tags speak of the way's direction."""
    keys = ("traffic_signals:direction", "direction") if kind == "signal" else ("direction",)
    value = next((tags[key] for key in keys if tags.get(key) in {"forward", "backward"}), None)
    if value is None:
        return None
    for forward, runs in ((True, chain.forward), (False, chain.backward)):
        for run in runs:
            low, high = sorted((run.first, run.last))
            if node in graph.ways[run.way].nodes[low : high + 1]:
                same_as_way = run.last > run.first
                return forward if same_as_way == (value == "forward") else not forward
    return None


def _is_junction(graph: ChainGraph, chain: Chain, forward: bool) -> bool:
    return graph.degree(chain.v if forward else chain.u) >= 3


def _write(graph: ChainGraph, key: int, forward: bool, kind: str) -> None:
    chain = graph.chains[key]
    if kind == "signal":
        graph.put(key, replace(chain, signal_forward=True) if forward else replace(chain, signal_backward=True))
    else:
        graph.put(key, replace(chain, sign_forward=kind) if forward else replace(chain, sign_backward=kind))


def _one_per_crossing(graph: ChainGraph, crossings: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Keep one node of those that stand close together on one street."""
    kept: list[tuple[int, int]] = []
    for key, node in sorted(crossings):
        if all(key != other or math.dist(graph.xy[node], graph.xy[place]) > ONE_CROSSING_M for other, place in kept):
            kept.append((key, node))
    return kept
