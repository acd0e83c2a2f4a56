"""Check that a walk network keeps every law its tables promise."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from .network import RoadNetwork
from .walk_network import CrossingKind, WalkKind, WalkNetwork

NEAR_M = 0.01


def check_walk_network(walk: WalkNetwork, roads: RoadNetwork) -> None:
    """Check the tables of a walk network, also against the road network that it belongs to.

    Raises
    ------
    ValueError
        With one line for every law that is broken.
    """
    broken = [*_link_laws(walk), *_crossing_laws(walk, roads), *_entrance_laws(walk)]
    if broken:
        raise ValueError("\n".join(broken))


def _link_laws(walk: WalkNetwork) -> Iterator[str]:
    links, nodes = walk.links, walk.nodes
    if len(set(links.id)) != len(links.id) or len(set(nodes.id)) != len(nodes.id):
        yield "ids of links and nodes are unique"
    for name, ends, place in (("from_node", links.from_node, 0), ("to_node", links.to_node, -1)):
        drawn = np.array([walk.link_shape_xy(row)[place] for row in range(walk.link_count)]).reshape(-1, 2)
        away_m = np.hypot(drawn[:, 0] - nodes.x_m[ends], drawn[:, 1] - nodes.y_m[ends])
        yield from (f"{links.id[row]}: its line ends at its {name}" for row in np.flatnonzero(away_m > NEAR_M))
    for name, wrong in (
        ("joins two nodes", links.from_node == links.to_node),
        ("has a length", ~(links.length_m > 0.0)),
        ("has a width", ~(links.width_m > 0.0)),
    ):
        yield from (f"{links.id[row]}: every link {name}" for row in np.flatnonzero(wrong))


def _crossing_laws(walk: WalkNetwork, roads: RoadNetwork) -> Iterator[str]:
    crossings, links = walk.crossings, walk.links
    if not np.array_equal(np.flatnonzero(links.kind == WalkKind.CROSSING), crossings.link):
        yield "every link that is a crossing has one row among the crossings"
        return
    for row, link in enumerate(crossings.link):
        name = links.id[link]
        first, last = crossings.road_start[row : row + 2]
        over = crossings.road_link[first:last]
        if not over.size or (over < 0).any() or (over >= roads.link_count).any():
            yield f"{name}: a crossing lies on a street"
            continue
        at_m, long_m = crossings.road_at_m[first:last], roads.links.length_m[over]
        if (at_m < -NEAR_M).any() or (at_m > long_m + 1.0).any():
            yield f"{name}: a crossing lies within the streets it crosses"
        junction, controller = int(crossings.junction[row]), int(crossings.controller[row])
        ends = np.concatenate([roads.links.from_junction[over], roads.links.to_junction[over]])
        if junction >= 0 and junction not in ends:
            yield f"{name}: a crossing at a junction crosses a street of that junction"
        if (crossings.kind[row] == CrossingKind.SIGNAL) and controller < 0:
            yield f"{name}: a signalled crossing has a controller"
        lit = roads.movements.junction[roads.connectors.movement[roads.connectors.signal == controller]]
        if controller >= 0 and not set(ends) & {int(roads.signals.junction[controller]), *lit.tolist()}:
            yield f"{name}: the light of a crossing is shown at an end of its street"


def _entrance_laws(walk: WalkNetwork) -> Iterator[str]:
    doors = walk.entrances
    wrong = (doors.at_m < 0.0) | (doors.at_m > walk.links.length_m[doors.link] + NEAR_M)
    yield from (f"{doors.id[row]}: an entrance lies on its link" for row in np.flatnonzero(wrong))
