"""Draw small junctions for tests: arms around a centre, named by where they come from."""

from __future__ import annotations

import math
import random
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from citytwin.scenarios.network import RoadNetwork
from citytwin.scenarios.streets import JunctionSpec, Street, StreetGraph
from citytwin.scenarios.synthetic_roads import Road, draw_city

COMPASS = {"e": 0.0, "ne": 45.0, "n": 90.0, "nw": 135.0, "w": 180.0, "sw": 225.0, "s": 270.0, "se": 315.0}


def crossing(
    arms: Mapping[str, Mapping[str, Any]],
    *,
    spec: Mapping[str, Any] | None = None,
    drives_on_left: bool = False,
    country: str = "",
    arm_m: float = 150.0,
) -> StreetGraph:
    """One junction ``x`` with arms named by compass points, each ending at a gate; arm options are those of ``Road``.

    ``inward=True`` makes an arm one-way towards the junction, ``outward=True`` away from it.
    """
    specs = [JunctionSpec("x", 0.0, 0.0, **(spec or {}))]
    roads = []
    for name, options in arms.items():
        angle = math.radians(COMPASS[name])
        specs.append(JunctionSpec(name, arm_m * math.cos(angle), arm_m * math.sin(angle), gate="both"))
        values = dict(options)
        start, end = ("x", name) if values.pop("outward", False) else (name, "x")
        if values.pop("inward", False) or start == "x":
            values["backward_lanes"] = 0
        if "sign" in values:
            values["signs"] = {"x": values.pop("sign")}
        if "turn_lanes" in values:
            values["arrows"] = {"x": values.pop("turn_lanes")}
        roads.append(Road(start, end, **values))
    return draw_city("crossing", specs, roads, drives_on_left=drives_on_left, country=country)


def into(name: str) -> str:
    """Id of the link from an arm into the junction."""
    return f"way/{name}>x"


def out_to(name: str) -> str:
    """Id of the link from the junction into an arm."""
    return f"way/x>{name}"


def turns(network: RoadNetwork) -> dict[tuple[str, str], list[tuple[int, int]]]:
    """Lane pairs, counted from the kerb, of every movement ``(from arm, to arm)`` at ``x``."""
    links, lanes, connectors = network.links, network.lanes, network.connectors
    found: dict[tuple[str, str], list[tuple[int, int]]] = {}
    for row in range(connectors.movement.size):
        own, goal = connectors.from_lane[row], connectors.to_lane[row]
        name = (links.id[lanes.link[own]][4:].split(">")[0], links.id[lanes.link[goal]][4:].split(">")[1])
        found.setdefault(name, []).append((int(lanes.index[own]), int(lanes.index[goal])))
    return found


def yields(network: RoadNetwork) -> set[tuple[tuple[str, str], tuple[str, str]]]:
    """Pairs of movements, each ``(from arm, to arm)``, of which the first gives way to the second."""
    links, lanes, connectors = network.links, network.lanes, network.connectors

    def name(row: int) -> tuple[str, str]:
        start = links.id[lanes.link[connectors.from_lane[row]]][4:].split(">")[0]
        return start, links.id[lanes.link[connectors.to_lane[row]]][4:].split(">")[1]

    pairs = set()
    for row in range(connectors.movement.size):
        for k in range(connectors.foe_start[row], connectors.foe_start[row + 1]):
            if connectors.foe_yield[k]:
                pairs.add((name(row), name(int(connectors.foe[k]))))
    return pairs


SWAP = {a + b: a + c for a in ("", "slight_", "sharp_", "merge_to_") for b, c in (("left", "right"), ("right", "left"))}


def mirrored(graph: StreetGraph) -> StreetGraph:
    """The same city in a mirror: west is east, and traffic keeps to the other side."""

    def street(s: Street) -> Street:
        arrows = s.turn_lanes and tuple(tuple(SWAP.get(a, a) for a in lane) for lane in reversed(s.turn_lanes))
        return replace(s, shape_xy=s.shape_xy * [-1.0, 1.0], turn_lanes=arrows)

    def junction(j: JunctionSpec) -> JunctionSpec:
        paths = j.inner_paths and {pair: path * [-1.0, 1.0] for pair, path in j.inner_paths.items()}
        return replace(j, x_m=-j.x_m, inner_paths=paths)

    return replace(
        graph,
        drives_on_left=not graph.drives_on_left,
        streets=tuple(map(street, graph.streets)),
        junctions=tuple(map(junction, graph.junctions)),
    )


def shuffled(graph: StreetGraph, seed: int) -> StreetGraph:
    """The same city, listed in another order."""
    order = random.Random(seed)
    streets, junctions = list(graph.streets), list(graph.junctions)
    order.shuffle(streets)
    order.shuffle(junctions)
    return replace(graph, streets=tuple(streets), junctions=tuple(junctions))
