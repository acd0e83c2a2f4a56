"""Lay the ways that OpenStreetMap draws for people on foot, and join them to the sides of the streets."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from .network import Floats, RoadNetwork
from .osm_chains import XY, line_length
from .osm_place import project
from .osm_read import OsmWay, Tags, cut_at_missing_nodes, scan_file
from .osm_tags import layer_of
from .walk_draft import JOINED_WITHIN_M, Across, Draft, Piece
from .walk_network import CrossingKind, WalkKind
from .walk_sides import AT_JUNCTION_M, RoadSides, Side, point_along
from .walk_tags import WIDTH_M, WalkWay, crossing_kind, is_square, read_walk_way

if TYPE_CHECKING:
    import shapely

SEEN_M = 3.0  # from a street's node: on which side of it a way lies
BESIDE_M = 6.0  # between a way and where a sidewalk would lie
BESIDE_SHARE = 0.6  # of a street's side that has such a way
ALONG_COSINE = 0.85
SNAP_M = 8.0  # a side of a street without a sidewalk is joined to a way so near
PROBE_M = 10.0


@dataclass(frozen=True, slots=True)
class WalkMap:
    """What an extract says to people on foot. Positions in m."""

    xy: Mapping[int, XY]
    node_tags: Mapping[int, Tags]
    ways: tuple[tuple[OsmWay, WalkWay], ...]
    squares: tuple[OsmWay, ...]  # closed
    road_ways: Mapping[str, OsmWay]  # ways that the road network is made of, piece by piece
    doors: tuple[int, ...]  # nodes that are entrances of buildings


def read_walk_map(path: Path, roads: RoadNetwork) -> WalkMap:
    """Read from an OpenStreetMap file what the walk network is made of.

    Raises
    ------
    SourceError
        As ``read_osm``.
    """
    scan = scan_file(
        path,
        keep_way=lambda tags: "highway" in tags or "building" in tags,
        keep_relation=is_square,
    )
    outer = {
        ref for relation in scan.relations for kind, ref, role in relation.members if kind == "way" and role != "inner"
    }
    known, _, _ = cut_at_missing_nodes(scan.ways, scan.nodes)
    known_roads = {name for names in roads.links.source_ways for name in names}
    ways, squares, road_ways = [], [], {}
    doors = {
        node
        for way in known
        if "building" in way.tags
        for node in way.nodes
        if "entrance" in scan.node_tags.get(node, {})
    }
    for way in known:
        closed = len(way.nodes) > 3 and way.nodes[0] == way.nodes[-1]
        if closed and (is_square(way.tags) or way.id in outer):
            squares.append(way)
        elif f"way/{way.id}" in known_roads:
            road_ways[f"way/{way.id}:{way.first_index}"] = way
        elif "highway" in way.tags and (walk := read_walk_way(way.tags)) is not None:
            ways.append((way, walk))
    used = {node for way in (*known, *squares) for node in way.nodes} | doors
    xy = project({node: scan.nodes[node] for node in used}, roads.epsg)
    return WalkMap(xy, scan.node_tags, tuple(ways), tuple(squares), road_ways, tuple(sorted(doors)))


@dataclass(slots=True)
class Meeting:
    """A node of a street in mid-block that people use: where it lies on its link, and the sides they come from."""

    link: int
    at_m: float
    tags: Tags = field(default_factory=dict)
    sides: set[int] = field(default_factory=set)  # +1 right, -1 left of the link


class WayLayer:
    """Lays ways of the map as pieces of a walk network."""

    def __init__(self, walk_map: WalkMap, sides: RoadSides, draft: Draft) -> None:
        self.map, self.sides, self.draft = walk_map, sides, draft
        self.meetings: dict[int, Meeting] = {}
        self.without_light = 0
        junctions, links = sides.roads.junctions, sides.roads.links
        self._junction = {
            n: row for row, nodes in enumerate(junctions.source_nodes) for n in nodes if row in sides.arms
        }
        self._road = {node: name.rpartition(":")[0] for name, way in walk_map.road_ways.items() for node in way.nodes}
        self._links: dict[str, list[int]] = {}
        for link, names in enumerate(links.source_ways):
            for name in names:
                self._links.setdefault(name, []).append(link)
        times: Counter[int] = Counter()
        for way, _ in walk_map.ways:
            times.update((*set(way.nodes), way.nodes[0], way.nodes[-1]))
        met = {node for node, count in times.items() if count > 1}
        self._split = met | self._road.keys() | {node for way in walk_map.squares for node in way.nodes}

    def lay_ways(self) -> None:
        """Lay all ways, cut where they meet each other, a street or a square."""
        self._mark_crossings()
        for way, walk in self.map.ways:
            first = 0
            for index in range(1, len(way.nodes)):
                if way.nodes[index] in self._split or index == len(way.nodes) - 1:
                    self._lay_part(way, walk, first, index)
                    first = index

    def _lay_part(self, way: OsmWay, walk: WalkWay, first: int, last: int) -> None:
        nodes = way.nodes[first : last + 1]
        line = [self.map.xy[node] for node in nodes]
        start, end = self.node_key(nodes[0], line), self.node_key(nodes[-1], line[::-1])
        if way.tags.get("footway") == "crossing":
            for node in (nodes[0], nodes[-1]):
                if node in self.meetings and not self.meetings[node].tags:
                    self.meetings[node].tags = way.tags
        line = [self.draft.places[start], *line[1:-1], self.draft.places[end]]
        name = f"way/{way.id}:{way.first_index + first}-{way.first_index + last}"
        said = way.tags.get("name", "")
        layer = layer_of(way.tags)
        self.draft.pieces.append(
            Piece(name, line, start, end, walk.kind, walk.width_m, walk.width_assumed, name=said, layer=layer)
        )

    def node_key(self, node: int, line: Sequence[XY]) -> str:
        """Name of the place where a way that leaves a node along a line begins.

        At a street that is a place on the side, or the corner of the junction, from which the way comes.
        """
        where = self._where(node)
        seen = point_along(np.array(line), SEEN_M)
        if isinstance(where, Meeting):
            sign = 1 if _is_right(self.sides.roads.link_shape_xy(where.link), where.at_m, seen) else -1
            where.sides.add(sign)
            return self.side_node(node, where, sign)
        if where is not None:
            corner = self.sides.corner_towards(where, seen)
            if corner is not None:
                return corner
        name = f"node/{node}"
        self.draft.places[name] = self.map.xy[node]
        return name

    def _where(self, node: int) -> Meeting | int | None:
        """Where on a street a node lies: in mid-block, at a junction (row), or not at all."""
        if node in self.meetings or node in self._junction or node not in self._road:
            return self.meetings.get(node, self._junction.get(node))
        import shapely

        links, place = self.sides.roads.links, shapely.Point(self.map.xy[node])
        found = min(
            ((place.distance(shape := self._shape(link)), link, shape) for link in self._links[self._road[node]]),
            key=lambda row: row[:2],
            default=None,
        )
        if found is None:
            return None
        _, link, shape = found
        at_m = float(shape.project(place))
        for junction, away_m in ((links.from_junction[link], at_m), (links.to_junction[link], shape.length - at_m)):
            if away_m < AT_JUNCTION_M:
                self._junction[node] = int(junction)
                return int(junction)
        self.meetings[node] = Meeting(link, at_m)
        return self.meetings[node]

    def _shape(self, link: int) -> shapely.LineString:
        import shapely

        return shapely.LineString(self.sides.roads.link_shape_xy(link))

    def side_node(self, node: int, meeting: Meeting, sign: int) -> str:
        """Place on a side of a street beside one of its nodes; a sidewalk there is cut at it."""
        import shapely

        name = f"node/{node}/{'right' if sign > 0 else 'left'}"
        if name not in self.draft.places:
            side = self.sides.sides[self.sides.across(meeting.link, sign)]
            line, place = shapely.LineString(side.line), shapely.Point(self.map.xy[node])
            spot = line.interpolate(line.project(place))
            self.draft.places[name] = (spot.x, spot.y)
            if side.piece is not None:
                side.piece.breaks.append((shapely.LineString(side.piece.line).project(spot), name))
        return name

    def _mark_crossings(self) -> None:
        """Note the crossings that the map marks on streets, at the arms of junctions or in mid-block."""
        for node in sorted(self._road):
            tags = self.map.node_tags.get(node, {})
            if tags.get("highway") != "crossing":
                continue
            where = self._where(node)
            if isinstance(where, Meeting):
                where.tags = tags
                where.sides |= {1, -1}
            elif where is not None:
                arm = self.sides.arm_towards(where, self.map.xy[node])
                if arm is not None:
                    arm.marks.append(tags)

    def lay_crossings(self) -> None:
        """Join both sides of streets where people cross in mid-block."""
        for node, meeting in sorted(self.meetings.items()):
            kind = self._kind_at(meeting)
            if kind is None:
                continue
            link, at_m, roads = meeting.link, meeting.at_m, self.sides.roads
            controller = self.sides.light_near(link, at_m) if kind == CrossingKind.SIGNAL else -1
            if kind == CrossingKind.SIGNAL and controller < 0:
                self.without_light += 1
                kind = CrossingKind.ZEBRA
            crossed, twin = [(link, at_m)], int(roads.links.twin[link])
            if twin >= 0:
                place = self._shape(link).interpolate(at_m)
                crossed.append((twin, float(self._shape(twin).project(place))))
            start, end = (self.side_node(node, meeting, sign) for sign in (1, -1))
            self.sides.add_crossing(f"crossing/{node}", start, end, Across(kind, -1, controller, crossed))

    def _kind_at(self, meeting: Meeting) -> CrossingKind | None:
        if meeting.tags:
            return crossing_kind(meeting.tags, signalised=False)
        if len(meeting.sides) == 2:
            return CrossingKind.UNMARKED
        (sign,) = meeting.sides
        other = self.sides.sides[self.sides.across(meeting.link, -sign)]
        return CrossingKind.UNMARKED if other.piece is not None and self.sides.is_quiet(meeting.link) else None

    def mapped_beside(self) -> Callable[[Side], bool]:
        """A question: whether the map draws a way of its own where a side of a street would have its sidewalk."""
        import shapely

        segments = [
            (self.map.xy[a], self.map.xy[b])
            for way, walk in self.map.ways
            if walk.kind not in (WalkKind.STREET, WalkKind.STEPS) and way.tags.get("footway") != "crossing"
            for a, b in itertools.pairwise(way.nodes)
            if self.map.xy[a] != self.map.xy[b]
        ]
        lines = [shapely.LineString(segment) for segment in segments]
        tree = shapely.STRtree(lines)

        def is_mapped(side: Side) -> bool:
            line = np.array(side.line)
            length_m = line_length(side.line)
            probes = np.linspace(0.0, length_m, max(3, int(length_m / PROBE_M) + 2))[1:-1]
            places = shapely.points([point_along(line, at_m) for at_m in probes])
            hit = set()
            for probe, row in tree.query(places, predicate="dwithin", distance=BESIDE_M).T.tolist():
                before, after = point_along(line, probes[probe] - 1.0), point_along(line, probes[probe] + 1.0)
                if probe not in hit and _is_along((after[0] - before[0], after[1] - before[1]), segments[row]):
                    hit.add(probe)
            return len(hit) >= BESIDE_SHARE * len(probes)

        return is_mapped

    def join_loose_sides(self) -> None:
        """Join places at streets where no sidewalk lies to the nearest way that the map draws."""
        import shapely

        walked: set[str] = set()
        for piece in self.draft.pieces:
            if piece.across is None:
                walked |= {piece.start, piece.end, *(node for _, node in piece.breaks)}
        ends = {node for piece in self.draft.pieces if piece.across for node in (piece.start, piece.end)}
        pieces = [piece for piece in self.draft.pieces if piece.across is None and piece.length_m > 0.0]
        if not pieces:
            return
        lines = [shapely.LineString(piece.line) for piece in pieces]
        tree = shapely.STRtree(lines)
        for node in sorted(ends - walked):
            place = shapely.Point(self.draft.places[node])
            near = tree.query_nearest(place, max_distance=SNAP_M, all_matches=False)
            if not near.size:
                continue
            row = int(near[0])
            at_m = float(lines[row].project(place))
            spot, name = lines[row].interpolate(at_m), f"{node}/join"
            if at_m <= JOINED_WITHIN_M or at_m >= lines[row].length - JOINED_WITHIN_M:
                name = pieces[row].start if at_m <= JOINED_WITHIN_M else pieces[row].end
            else:
                pieces[row].breaks.append((at_m, name))
                self.draft.places[name] = (spot.x, spot.y)
            line = [self.draft.places[node], self.draft.places[name]]
            self.draft.pieces.append(
                Piece(f"{node} to {name}", line, node, name, WalkKind.FOOTWAY, WIDTH_M["footway"], inferred=True)
            )


def _is_along(course: XY, segment: tuple[XY, XY]) -> bool:
    """Whether a segment lies along a course, in either direction."""
    (x1, y1), (x2, y2) = segment
    size = math.hypot(*course) * math.hypot(x2 - x1, y2 - y1)
    return size > 0.0 and abs(course[0] * (x2 - x1) + course[1] * (y2 - y1)) > ALONG_COSINE * size


def _is_right(line: Floats, at_m: float, place: XY) -> bool:
    """Whether a place lies to the right of a line at some distance along it."""
    (x1, y1), (x2, y2) = point_along(line, max(at_m - 1.0, 0.0)), point_along(line, at_m + 1.0)
    x, y = point_along(line, at_m)
    return (x2 - x1) * (place[1] - y) - (y2 - y1) * (place[0] - x) < 0.0
