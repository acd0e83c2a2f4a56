"""Lay sidewalks along the streets of a road network, corners at its junctions, and crossings over the arms there."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from .network import CLASS_NAMES, Control, Floats, RoadNetwork
from .osm_chains import XY, line_length
from .osm_outlines import offset_line
from .osm_read import Tags
from .walk_draft import Across, Draft, Piece
from .walk_network import CrossingKind, WalkKind
from .walk_tags import CROSSING_M, Sidewalk, crossing_kind, read_sidewalk

SEEN_M = 15.0  # along an arm: where its bearing is taken
AT_JUNCTION_M = 4.0  # from the end of a link: what crosses there crosses at the junction
MIDDLE_M = 2.0  # of a junction: what is marked there belongs to no arm
LIGHT_WITHIN_M = 30.0  # of a crossing: signals there show its light
MEDIAN_M = 20.0  # between a one-way street's side and the opposite carriageway
ROUNDABOUT_AS = "tertiary"
MOST_LANES = 4  # that people cross where nothing is marked

SideKey = tuple[int, int]  # road link, +1 its right, -1 its left


@dataclass(slots=True)
class Side:
    """One side of a street."""

    key: SideKey
    line: list[XY]  # where its sidewalk lies, or would
    sidewalk: Sidewalk
    start: str = ""  # corner at the link's beginning
    end: str = ""
    piece: Piece | None = None


@dataclass(slots=True)
class Arm:
    """A street as it leaves a junction."""

    angle: float
    into: int  # link that leads into the junction, -1
    out: int
    marks: list[Tags] = field(default_factory=list)  # of crossings drawn there

    @property
    def links(self) -> list[int]:
        """The road links of the arm."""
        return [link for link in (self.into, self.out) if link >= 0]


class RoadSides:
    """The sides of all streets, and the corners between them."""

    def __init__(self, roads: RoadNetwork, way_tags: Mapping[str, Tags], draft: Draft) -> None:
        self.roads, self.draft = roads, draft
        self.kerb = -1 if roads.drives_on_left else 1
        lanes = roads.lanes
        self.width_m = np.add.reduceat(lanes.width_m, roads.links.lane_start[:-1])
        self.controller = {int(junction): row for row, junction in enumerate(roads.signals.junction)}
        lit = roads.connectors.signal >= 0  # one programme may run several junctions
        at = roads.movements.junction[roads.connectors.movement[lit]]
        self.controller |= dict(zip(at.tolist(), roads.connectors.signal[lit].tolist(), strict=True))
        self.sides = {key: self._side(key, way_tags) for key in self._keys()}
        self.arms: dict[int, list[Arm]] = {}
        self.corner: dict[tuple[int, int], str] = {}  # junction, number of the arm it follows counter-clockwise
        self._lay_corners()

    def _keys(self) -> list[SideKey]:
        twin = self.roads.links.twin
        keys: list[SideKey] = []
        for link in range(self.roads.link_count):
            keys += [(link, self.kerb)] if twin[link] >= 0 else [(link, 1), (link, -1)]
        return keys

    def _side(self, key: SideKey, way_tags: Mapping[str, Tags]) -> Side:
        link, sign = key
        links = self.roads.links
        way, _, span = links.id[link].partition(":")
        first, _, last = span.partition("-")
        along = not (first.isdigit() and last.isdigit()) or int(first) < int(last)
        tags = way_tags.get(way, {})
        road_class = CLASS_NAMES[links.road_class[link]]
        if links.roundabout[link]:
            road_class = ROUNDABOUT_AS  # whatever road it belongs to, people get round it
        sidewalk = read_sidewalk(tags, road_class, left=(sign < 0) == along, speed_mps=float(links.speed_mps[link]))
        away_m = sign * (float(self.width_m[link]) + sidewalk.width_m) / 2.0
        line = offset_line([(float(x), float(y)) for x, y in self.roads.link_shape_xy(link)], away_m)
        return Side(key, line, sidewalk)

    def _lay_corners(self) -> None:
        links, junctions = self.roads.links, self.roads.junctions
        for link in range(self.roads.link_count):
            twin = int(links.twin[link])
            if twin < 0 or link < twin:
                self._add_arm(int(links.from_junction[link]), into=twin, out=link)
                self._add_arm(int(links.to_junction[link]), into=link, out=twin)
        for junction, arms in self.arms.items():
            arms.sort(key=lambda arm: (arm.angle, arm.links))
            for number, arm in enumerate(arms):
                after = arms[(number + 1) % len(arms)]
                name = f"{junctions.id[junction]}/{number}"
                ends = [
                    self._end(self._side_of_arm(arm, 1), junction),
                    self._end(self._side_of_arm(after, -1), junction),
                ]
                self.corner[junction, number] = name
                self.draft.places[name] = (sum(x for x, _ in ends) / 2.0, sum(y for _, y in ends) / 2.0)
                self._set_end(self._side_of_arm(arm, 1), junction, name, outward=arm)
                self._set_end(self._side_of_arm(after, -1), junction, name, outward=after)

    def _add_arm(self, junction: int, *, into: int, out: int) -> None:
        angles = []
        for link, backwards in ((out, False), (into, True)):
            if link >= 0:
                shape = self.roads.link_shape_xy(link)
                x, y = point_along(shape[::-1] if backwards else shape, SEEN_M)
                angles.append((x - self.roads.junctions.x_m[junction], y - self.roads.junctions.y_m[junction]))
        x, y = (sum(place) for place in zip(*angles, strict=True))
        self.arms.setdefault(junction, []).append(Arm(math.atan2(y, x), into, out))

    def _side_of_arm(self, arm: Arm, turn: int) -> SideKey:
        """Side of an arm counter-clockwise (1) or clockwise (-1) of it, seen from above."""
        # Looking outward along the arm, counter-clockwise is its left: right of a link that comes in.
        if arm.into >= 0 and arm.out >= 0:
            return (arm.into, self.kerb) if turn == self.kerb else (arm.out, self.kerb)
        return (arm.into, turn) if arm.into >= 0 else (arm.out, -turn)

    def _end(self, key: SideKey, junction: int) -> XY:
        line = self.sides[key].line
        return line[0] if self.roads.links.from_junction[key[0]] == junction else line[-1]

    def _set_end(self, key: SideKey, junction: int, name: str, *, outward: Arm) -> None:
        side = self.sides[key]
        if outward.out == key[0]:
            side.start = name
        else:
            side.end = name

    def across(self, link: int, sign: int) -> SideKey:
        """Side of the street that a link belongs to, on its right (+1) or its left (-1)."""
        twin = int(self.roads.links.twin[link])
        if twin < 0:
            return link, sign
        return (link, self.kerb) if sign == self.kerb else (twin, self.kerb)

    def is_quiet(self, link: int) -> bool:
        """Whether people cross a street where nothing is marked."""
        twin, starts = int(self.roads.links.twin[link]), self.roads.links.lane_start
        lanes = sum(int(starts[row + 1] - starts[row]) for row in (link, twin) if row >= 0)
        return CLASS_NAMES[self.roads.links.road_class[link]] != "motorway" and lanes <= MOST_LANES

    def arm_towards(self, junction: int, place: XY) -> Arm | None:
        """Arm of a junction on which a place lies; None where it lies in its middle, unless all arms are one street."""
        arms = self.arms.get(junction, [])
        x, y = place[0] - self.roads.junctions.x_m[junction], place[1] - self.roads.junctions.y_m[junction]
        if not arms or (math.hypot(x, y) < MIDDLE_M and len(arms) > 2):
            return None
        angle = math.atan2(y, x)
        return min(arms, key=lambda arm: abs((arm.angle - angle + math.pi) % (2.0 * math.pi) - math.pi))

    def corner_towards(self, junction: int, place: XY) -> str | None:
        """Corner of a junction in whose sector a place lies; None at a junction without streets."""
        arms = self.arms.get(junction)
        if not arms:
            return None
        x, y = self.roads.junctions.x_m[junction], self.roads.junctions.y_m[junction]
        angle = math.atan2(place[1] - y, place[0] - x)
        before = [number for number, arm in enumerate(arms) if arm.angle <= angle]
        return self.corner[junction, before[-1] if before else len(arms) - 1]

    def lay_sidewalks(self, is_mapped: Callable[[Side], bool]) -> None:
        """Put a sidewalk on every side that has one, and that the map does not draw as a way of its own."""
        medians = self._medians()
        links = self.roads.links
        for key, side in self.sides.items():
            link, sign = key
            inner = bool(links.roundabout[link]) and sign != self.kerb
            if not side.sidewalk.there or (not side.sidewalk.tagged and (inner or key in medians)) or is_mapped(side):
                continue
            kind, width_m = WalkKind.SIDEWALK, side.sidewalk.width_m
            if CLASS_NAMES[links.road_class[link]] == "living_street":
                kind, width_m = WalkKind.STREET, float(self.width_m[link])
            side.piece = Piece(
                f"{links.id[link]}/{'right' if sign > 0 else 'left'}",
                [self.draft.places[side.start], *side.line, self.draft.places[side.end]],
                side.start,
                side.end,
                kind,
                width_m,
                side.sidewalk.width_assumed,
                inferred=True,
                name=links.name[link],
                road_link=link,
                layer=int(links.layer[link]),
            )
            self.draft.pieces.append(side.piece)

    def _medians(self) -> set[SideKey]:
        """Sides of one-way streets that look at the opposite carriageway."""
        import shapely

        links = self.roads.links
        single = [link for link in range(self.roads.link_count) if links.twin[link] < 0]
        if not single:
            return set()
        shapes = [shapely.LineString(self.roads.link_shape_xy(link)) for link in single]
        tree = shapely.STRtree(shapes)
        found = set()
        for link, shape in zip(single, shapes, strict=True):
            own = _course(shape, 0.5 * shape.length)
            for sign in (1, -1):
                x, y = point_along(np.array(self.sides[link, sign].line), line_length(self.sides[link, sign].line) / 2)
                spot = shapely.Point(x, y)
                for row in tree.query(spot.buffer(MEDIAN_M)):
                    same = links.name[single[row]] == links.name[link]
                    if single[row] == link or not same or spot.distance(shapes[row]) > MEDIAN_M:
                        continue
                    at = shapes[row].project(spot)
                    other, near = _course(shapes[row], at), shapes[row].interpolate(at)
                    beside = own[0] * (near.y - y) - own[1] * (near.x - x)  # left of the own direction
                    if own[0] * other[0] + own[1] * other[1] < -0.9 and beside * sign < -0.5:
                        found.add((link, sign))
        return found

    def lay_crossings(self) -> None:
        """Let people cross the arms of junctions where they may, and where no crossing is drawn a little further on."""
        drawn = {
            (junction, link)
            for piece in self.draft.pieces
            for link, at_m in (piece.across.roads if piece.across else ())
            for junction in self._ends_within(link, at_m)
        }
        for junction, arms in sorted(self.arms.items()):
            for number, arm in enumerate(arms):
                kind = self._kind_across(junction, arms, number)
                if kind is None or any((junction, link) in drawn for link in arm.links):
                    continue
                start, end = self.corner[junction, (number - 1) % len(arms)], self.corner[junction, number]
                links = self.roads.links
                roads = [(link, float(links.length_m[link]) if link == arm.into else 0.0) for link in arm.links]
                name = f"{self.roads.junctions.id[junction]} across {links.id[arm.links[0]]}"
                self.add_crossing(name, start, end, Across(kind, junction, self.controller.get(junction, -1), roads))

    def _kind_across(self, junction: int, arms: list[Arm], number: int) -> CrossingKind | None:
        arm = arms[number]
        signalised = self.roads.junctions.control[junction] == Control.SIGNAL
        motorway = any(CLASS_NAMES[self.roads.links.road_class[link]] == "motorway" for link in arm.links)
        kinds = [kind for tags in arm.marks if (kind := crossing_kind(tags, signalised=signalised)) is not None]
        if len(arms) < 2 or motorway:
            return None
        if len(arms) == 2:  # both arms join the same two corners
            kinds += [
                kind
                for tags in arms[1 - number].marks
                if (kind := crossing_kind(tags, signalised=signalised)) is not None
            ]
            if number or not (kinds or signalised):
                return None
        if signalised:
            return CrossingKind.SIGNAL
        if kinds:
            marked = [kind for kind in kinds if kind != CrossingKind.SIGNAL]
            return min(marked) if marked else CrossingKind.ZEBRA
        quiet = not arm.marks and all(self.is_quiet(link) for link in arm.links)
        return CrossingKind.UNMARKED if quiet else None

    def add_crossing(self, name: str, start: str, end: str, across: Across) -> None:
        """Put a crossing between two places."""
        line = [self.draft.places[start], self.draft.places[end]]
        self.draft.pieces.append(
            Piece(
                name,
                line,
                start,
                end,
                WalkKind.CROSSING,
                CROSSING_M[across.kind],
                inferred=True,
                name=self.roads.links.name[across.roads[0][0]],
                road_link=across.roads[0][0],
                across=across,
                layer=int(self.roads.links.layer[across.roads[0][0]]),
            )
        )

    def _ends_within(self, link: int, at_m: float) -> list[int]:
        """Junctions at the ends of a link that a place on it is near."""
        links = self.roads.links
        ends = ((links.from_junction[link], at_m), (links.to_junction[link], links.length_m[link] - at_m))
        return [int(junction) for junction, away_m in ends if away_m <= LIGHT_WITHIN_M]

    def light_near(self, link: int, at_m: float) -> int:
        """Controller of the signals near a place on a road link, -1: none."""
        links = self.roads.links
        ahead_m = float(links.length_m[link]) - at_m
        for junction, away_m in sorted(
            [(int(links.to_junction[link]), ahead_m), (int(links.from_junction[link]), at_m)], key=lambda end: end[1]
        ):
            if away_m <= LIGHT_WITHIN_M and junction in self.controller:
                return self.controller[junction]
        return -1


def point_along(line: Floats, at_m: float) -> XY:
    """Place so many metres along a line, at most at its end."""
    steps = np.hypot(*np.diff(line, axis=0).T)
    along = np.concatenate([[0.0], np.cumsum(steps)])
    at_m = min(at_m, float(along[-1]))
    return float(np.interp(at_m, along, line[:, 0])), float(np.interp(at_m, along, line[:, 1]))


def _course(shape: object, at_m: float) -> XY:
    """Unit vector of a line's direction at a place."""
    import shapely

    assert isinstance(shape, shapely.LineString)
    a, b = shape.interpolate(max(at_m - 1.0, 0.0)), shape.interpolate(min(at_m + 1.0, shape.length))
    size = math.hypot(b.x - a.x, b.y - a.y) or 1.0
    return (b.x - a.x) / size, (b.y - a.y) / size
