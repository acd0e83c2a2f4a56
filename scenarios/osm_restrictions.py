"""Turn OpenStreetMap's turn restrictions into forbidden pairs and sequences of streets."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from .osm_chains import ChainGraph
from .osm_read import OsmRelation

Drive = tuple[int, bool]  # a chain in one direction: (number, forward)
# Which way a kind of restriction turns, degrees to the left of straight on.
TURN_DEG = {"left_turn": 90.0, "right_turn": -90.0, "straight_on": 0.0, "u_turn": 180.0}


@dataclass(slots=True)
class Restrictions:
    """What drivers must not do."""

    banned: set[tuple[Drive, Drive]] = field(default_factory=set)  # at the node where the first ends
    sequences: set[tuple[Drive, ...]] = field(default_factory=set)
    used: int = 0
    conditional: int = 0  # hold at other times, or under conditions that were not read
    elsewhere: int = 0  # name ways or nodes that are not in the network
    for_others: int = 0  # do not bind cars


class Drives:
    """Directed chains by the node they arrive at and leave."""

    def __init__(self, graph: ChainGraph) -> None:
        self.graph = graph
        self.arriving: dict[int, list[Drive]] = {}
        self.leaving: dict[int, list[Drive]] = {}
        for key, chain in sorted(graph.chains.items()):
            for forward, runs in ((True, chain.forward), (False, chain.backward)):
                if runs:
                    start, end = (chain.u, chain.v) if forward else (chain.v, chain.u)
                    self.leaving.setdefault(start, []).append((key, forward))
                    self.arriving.setdefault(end, []).append((key, forward))

    def ends(self, drive: Drive) -> tuple[int, int]:
        """Nodes that a drive leads from and to."""
        chain = self.graph.chains[drive[0]]
        return (chain.u, chain.v) if drive[1] else (chain.v, chain.u)

    def way_at(self, drive: Drive, *, last: bool) -> int:
        """Id of the way that a drive ends or begins on."""
        chain = self.graph.chains[drive[0]]
        runs = chain.forward if drive[1] else chain.backward
        return self.graph.ways[runs[-1 if last else 0].way].id

    def ways_of(self, drive: Drive) -> set[int]:
        """Ids of all ways of a drive."""
        chain = self.graph.chains[drive[0]]
        return {self.graph.ways[run.way].id for run in (chain.forward if drive[1] else chain.backward)}

    def turn_deg(self, before: Drive, after: Drive) -> float:
        """Angle from one drive into the next, degrees to the left, in (-180, 180]."""
        node = self.ends(before)[1]
        x1, y1 = self.graph.leaving(before[0], node)
        x2, y2 = self.graph.leaving(after[0], node)
        x1, y1 = -x1, -y1
        return math.degrees(math.atan2(x1 * y2 - y1 * x2, x1 * x2 + y1 * y2))


def read_restrictions(drives: Drives, relations: Iterable[OsmRelation]) -> Restrictions:
    """Resolve every restriction that binds cars and lies in the network."""
    found = Restrictions()
    for relation in relations:
        kind = _kind(relation)
        if kind is None:
            if any(key.startswith("restriction") and key.endswith(":conditional") for key in relation.tags):
                found.conditional += 1
            else:
                found.for_others += 1
            continue
        if _resolve(drives, relation, kind, found):
            found.used += 1
        else:
            found.elsewhere += 1
    return found


def _kind(relation: OsmRelation) -> str | None:
    tags = relation.tags
    exempt = {part.strip() for part in tags.get("except", "").split(";")}
    if exempt & {"motorcar", "motor_vehicle", "vehicle"}:
        return None
    for key in ("restriction:motorcar", "restriction:motor_vehicle", "restriction:vehicle", "restriction"):
        value = tags.get(key, "")
        if value.startswith(("no_", "only_")):
            return value
    return None


def _resolve(drives: Drives, relation: OsmRelation, kind: str, found: Restrictions) -> bool:
    roles: dict[str, list[tuple[str, int]]] = {"from": [], "via": [], "to": []}
    for member_kind, ref, role in relation.members:
        if role in roles:
            roles[role].append((member_kind, ref))
    via_nodes = [ref for member_kind, ref in roles["via"] if member_kind == "node"]
    via_ways = [ref for member_kind, ref in roles["via"] if member_kind == "way"]
    done = False
    for _, from_way in roles["from"]:
        for _, to_way in roles["to"]:
            if via_ways:
                done |= _via_ways(drives, from_way, via_ways, to_way, kind, found)
            elif len(via_nodes) == 1:
                done |= _via_node(drives, from_way, via_nodes[0], to_way, kind, found)
    return done


def _via_node(drives: Drives, from_way: int, node: int, to_way: int, kind: str, found: Restrictions) -> bool:
    before = [d for d in drives.arriving.get(node, ()) if drives.way_at(d, last=True) == from_way]
    after = [d for d in drives.leaving.get(node, ()) if drives.way_at(d, last=False) == to_way]
    pairs = [(a, b) for a in before for b in after if (a[0] == b[0]) == kind.endswith("u_turn") or from_way != to_way]
    if not pairs:
        return False
    # A way that goes on past the node offers two arms; the kind of turn says which is meant.
    wanted = TURN_DEG.get(kind.partition("_")[2])
    if len(pairs) > 1 and wanted is not None:
        pairs = [min(pairs, key=lambda pair: _difference_deg(drives.turn_deg(*pair), wanted))]
    for a, b in pairs:
        if kind.startswith("no_"):
            found.banned.add((a, b))
        else:
            found.banned.update((a, other) for other in drives.leaving[node] if other != b)
    return True


def _difference_deg(a: float, b: float) -> float:
    return abs((a - b + 180.0) % 360.0 - 180.0)


def _via_ways(
    drives: Drives, from_way: int, via_ways: Sequence[int], to_way: int, kind: str, found: Restrictions
) -> bool:
    """Follow the via ways from the end of the first way to the beginning of the last."""
    allowed = set(via_ways)
    done = False
    for node in sorted(drives.arriving):
        for start in drives.arriving[node]:
            if drives.way_at(start, last=True) != from_way:
                continue
            for path in _paths_along(drives, start, allowed, limit=8):
                if not allowed <= {way for drive in path[1:] for way in drives.ways_of(drive)}:
                    continue
                end = drives.ends(path[-1])[1]
                leaving = [d for d in drives.leaving.get(end, ()) if d[0] != path[-1][0]]
                targets = [d for d in leaving if drives.way_at(d, last=False) == to_way]
                if not targets:
                    continue
                done = True
                forbidden = targets if kind.startswith("no_") else [d for d in leaving if d not in targets]
                found.sequences.update((*path, target) for target in forbidden)
    return done


def _paths_along(drives: Drives, start: Drive, ways: set[int], *, limit: int) -> Iterable[tuple[Drive, ...]]:
    """Every way to drive on from ``start`` along the given ways without turning round."""
    waiting: list[tuple[Drive, ...]] = [(start,)]
    while waiting:
        path = waiting.pop()
        if len(path) > 1:
            yield path
        if len(path) > limit:
            continue
        for drive in drives.leaving.get(drives.ends(path[-1])[1], ()):
            fresh = all(drive[0] != earlier[0] for earlier in path)
            if fresh and drives.ways_of(drive) <= ways:
                waiting.append((*path, drive))
