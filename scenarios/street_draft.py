"""Hold streets and junctions while a plan changes them: find, replace, turn, split and join them."""

from __future__ import annotations

import itertools
import math
import re
import zlib
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from .osm_outlines import clean_line, fit_trims, offset_line
from .problems import closest, shown_value
from .street_rows import order_streets
from .streets import CAR, JunctionSpec, Street, StreetGraph
from .synthetic_roads import setback_m

XY = tuple[float, float]
Place = tuple[str | int, ...]
HEADING_OVER_M = 10.0
PARALLEL_RAD = math.radians(20.0)  # arms closer than this are one road
SHOWN = 4  # ids in a sentence


class Refusal(Exception):
    """A change that cannot be made: keys of the change with what is wrong with each and the way out."""

    def __init__(self, *reasons: tuple[Place, str]) -> None:
        super().__init__("; ".join(text for _, text in reasons))
        self.reasons = reasons


class StreetDraft:
    """A street graph under change. Streets that no change touches stay the same objects."""

    def __init__(self, graph: StreetGraph) -> None:
        self.graph = graph
        self.streets = {street.id: street for street in graph.streets}
        self.junctions = {spec.id: spec for spec in graph.junctions}
        self.sequences = list(graph.forbidden_sequences)
        self.drawn = dict(self.streets)  # every street as it was before its lanes changed: shapes are made from these
        self.map_junctions = dict(self.junctions)
        self.became: dict[str, str] = {}  # id of a link or junction that is gone → what became of it, in words
        self.notes: list[str] = []
        self.refused: set[str] = set()  # ids of changes that could not be made: links they would have made are unknown

    @property
    def kerb(self) -> float:
        """Side of the kerb for ``offset_line``: 1 where traffic drives on the right, -1 on the left."""
        return -1.0 if self.graph.drives_on_left else 1.0

    def finished(self) -> StreetGraph:
        """The graph as it is now. Junctions at which no street is left are gone."""
        used = {end for street in self.streets.values() for end in (street.from_junction, street.to_junction)}
        return replace(
            self.graph,
            streets=tuple(self.streets.values()),
            junctions=tuple(spec for name, spec in self.junctions.items() if name in used),
            forbidden_sequences=tuple(self.sequences),
            notes=(*self.graph.notes, *self.notes),
            numbers=self._numbers(),
        )

    def _numbers(self) -> dict[str, int]:
        """Rows of the map's streets, which parts of them keep; new ones have a number that follows from their id."""
        rows = {street.id: row for row, street in enumerate(order_streets(self.graph).streets)}
        return {name: rows.get(name, rows.get(of_map(name), zlib.crc32(name.encode()) >> 1)) for name in self.streets}

    # Finding -----------------------------------------------------------------------------------------------------

    def street(self, name: str, key: Place) -> Street:
        """A street by its id."""
        return self.chosen([name], [key])[0]

    def chosen(self, ids: Sequence[str], keys: Sequence[Place], *, both_directions: bool = False) -> list[Street]:
        """Streets by their ids, each once, with their opposite directions if wanted; all unknown ones are told."""
        unknown = [(key, name) for key, name in zip(keys, ids, strict=True) if name not in self.streets]
        if unknown:
            raise Refusal(*((key, self.no_such_link(name)) for key, name in unknown if not self._was_refused(name)))
        names = dict.fromkeys(ids)
        if both_directions:
            names |= dict.fromkeys(twin for name in ids if (twin := self.streets[name].twin))
        return [self.streets[name] for name in names]

    def _was_refused(self, name: str) -> bool:
        return name.startswith("new/") and name.removeprefix("new/").partition(":")[0] in self.refused

    def no_such_link(self, name: str) -> str:
        """What to say of an id that no street has."""
        if name in self.became:
            return f"is not there any more: {self.became[name]}."
        named = [street.id for street in self.streets.values() if street.name.casefold() == name.casefold() != ""]
        if named:
            return f"is the name of a street: give the id of a link. Its links: {shown_list(named)}."
        way = name.partition(":")[0]
        near = closest(name, [link for link in self.streets if link.partition(":")[0] == way], at_least=0)
        found = _closest(near or closest(name, self.streets)) or " List all: `citytwin network FILE --links`."
        return f"no such link.{found}"

    def junction(self, name: str, key: Place) -> JunctionSpec:
        """A junction by its id."""
        if name in self.junctions:
            return self.junctions[name]
        if name in self.became:
            raise Refusal((key, f"is not there any more: {self.became[name]}."))
        if self._was_refused(name):
            raise Refusal
        raise Refusal((key, f"no such junction.{_closest(closest(name, self.junctions))}"))

    def entering(self, junction: str) -> list[Street]:
        """Streets that lead to a junction."""
        return [street for street in self.streets.values() if street.to_junction == junction]

    def leaving(self, junction: str) -> list[Street]:
        """Streets that lead away from a junction."""
        return [street for street in self.streets.values() if street.from_junction == junction]

    def is_signalised(self, junction: str) -> bool:
        """Whether lights control a junction."""
        spec = self.junctions[junction]
        flagged = spec.signalised or spec.crossing_signal or any(one.signalised for one in self.entering(junction))
        return flagged and not spec.gate

    def may_turn(self, first: Street, second: Street) -> bool:
        """Whether drivers may go from one street to the next one."""
        spec, pair = self.junctions[first.to_junction], (first.id, second.id)
        exists = spec.inner_paths is None or pair in spec.inner_paths
        return exists and pair not in spec.banned and pair not in self.sequences

    def ways_on(self, street: Street) -> list[Street]:
        """Streets that drivers may go on to, but for turning back."""
        onward = self.leaving(street.to_junction)
        return [other for other in onward if other.id != street.twin and self.may_turn(street, other)]

    # Changing ----------------------------------------------------------------------------------------------------

    def put(self, street: Street) -> None:
        """Replace a street by another version of itself, and draw it and its opposite direction anew."""
        self.streets[street.id] = street
        for name in (street.id, street.twin):
            if name in self.streets:
                self.streets[name] = self._redrawn(self.streets[name])

    def add(self, street: Street) -> None:
        """Add a street and let it meet all others at its junctions; one that was on the map looks as it did there."""
        before = self.drawn.get(street.id)
        self.became.pop(street.id, None)
        if before is None or (before.from_junction, before.to_junction) != (street.from_junction, street.to_junction):
            self.streets[street.id] = self.drawn[street.id] = street
            self._lay_paths(street)
            return
        arrows = before.turn_lanes if len(before.lane_access) == len(street.lane_access) else None
        self.put(replace(street, turn_lanes=arrows, sign=before.sign, signalised=before.signalised))

    def remove(self, street: Street, became: str) -> None:
        """Take a street out; its opposite direction becomes a one-way street."""
        del self.streets[street.id]
        self.became[street.id] = became
        twin = self.streets.get(street.twin)
        if twin is not None:
            self.put(replace(twin, twin="", oneway=True))

    def change_junction(self, spec: JunctionSpec) -> None:
        """Replace a junction by another version of itself."""
        self.junctions[spec.id] = spec

    def _redrawn(self, street: Street) -> Street:
        """A street with the shape that its lanes and those of its opposite direction ask for.

        The middle of a road that keeps both directions, or has none but this one, stays where it is. Where the opposite
        direction went, this one's kerb stays.
        """
        drawn = self.drawn[street.id]
        beside_m = 0.0
        if street.twin and drawn.twin:
            beside_m = (width_m(street) - width_m(drawn)) / 2.0
        elif street.twin and street.twin in self.streets:
            beside_m = width_m(self.streets[street.twin]) / 2.0
        elif drawn.twin:
            beside_m = -(width_m(street) - width_m(drawn)) / 2.0
        shape = drawn.shape_xy
        if beside_m:
            shape = np.array(offset_line(list(map(tuple, shape.tolist())), self.kerb * beside_m))
        return street if np.array_equal(shape, street.shape_xy) else replace(street, shape_xy=shape)

    def _lay_paths(self, street: Street) -> None:
        """Give a new street ways through junctions that list theirs one by one."""
        for name, entering in ((street.to_junction, True), (street.from_junction, False)):
            spec = self.junctions[name]
            if spec.inner_paths is None:
                continue
            others = self.leaving(name) if entering else self.entering(name)
            paths = dict(spec.inner_paths)
            for other in others:
                first, second = (street, other) if entering else (other, street)
                if other.id != street.id:
                    paths.setdefault((first.id, second.id), straight_path(first, second))
            self.change_junction(replace(spec, inner_paths=paths))

    # Splitting ---------------------------------------------------------------------------------------------------

    def split(self, street: Street, at: XY, junction: str, trim_m: float) -> tuple[Street, Street]:
        """Cut one direction of a street in two at a new junction; the parts are called ``<id>.1`` and ``<id>.2``."""
        import shapely
        from shapely.ops import substring

        line = shapely.LineString(street.shape_xy)
        along = float(line.project(shapely.Point(at)))
        ends = along - fit_trims(along, 0.0, trim_m)[1], along + fit_trims(line.length - along, trim_m, 0.0)[0]
        pieces = substring(line, 0.0, ends[0]), substring(line, ends[1], line.length)
        names = f"{street.id}.1", f"{street.id}.2"
        twins = (f"{street.twin}.2", f"{street.twin}.1") if street.twin else ("", "")
        parts = []
        for number, piece in enumerate(pieces):
            length_m = None if street.length_m is None else street.length_m * piece.length / line.length
            parts.append(
                replace(
                    street,
                    id=names[number],
                    shape_xy=shapely.get_coordinates(piece),
                    from_junction=junction if number else street.from_junction,
                    to_junction=street.to_junction if number else junction,
                    twin=twins[number],
                    turn_lanes=street.turn_lanes if number else None,
                    sign=street.sign if number else "",
                    signalised=street.signalised and bool(number),
                    length_m=length_m,
                )
            )
        first, second = parts
        del self.streets[street.id]
        self.became[street.id] = f"it was split into {shown_value(first.id)} and {shown_value(second.id)}"
        for part in parts:
            self.streets[part.id] = self.drawn[part.id] = part
        self._rename(street, first, second)
        return first, second

    def _rename(self, street: Street, first: Street, second: Street) -> None:
        """Let what the ends of a street said of it be said of its parts."""
        for name, place, part in ((street.to_junction, 0, second), (street.from_junction, 1, first)):
            spec = self.junctions[name]

            def renamed(pair: tuple[str, str], *, place: int = place, part: Street = part) -> tuple[str, str]:
                if pair[place] != street.id:
                    return pair
                return (part.id, pair[1]) if place == 0 else (pair[0], part.id)

            paths = spec.inner_paths
            self.change_junction(
                replace(
                    spec,
                    banned=frozenset(map(renamed, spec.banned)),
                    inner_paths=None if paths is None else {renamed(pair): path for pair, path in paths.items()},
                )
            )
        self.sequences = [tuple(_in_sequence(ids, street.id, first.id, second.id)) for ids in self.sequences]

    # Outlines ----------------------------------------------------------------------------------------------------

    def arms(self, junction: str) -> list[tuple[float, float]]:
        """Heading (rad) and half width (m) of every road that meets at a junction, seen from there."""
        found: list[tuple[float, float]] = []
        for street in (*self.entering(junction), *self.leaving(junction)):
            line = street.shape_xy if street.from_junction == junction else street.shape_xy[::-1]
            half_m = width_m(street) / (1.0 if street.twin else 2.0)
            heading = heading_of(line)
            near = [
                row
                for row, (other, _) in enumerate(found)
                if abs(math.remainder(other - heading, math.tau)) < PARALLEL_RAD
            ]
            if near:
                found[near[0]] = (found[near[0]][0], max(found[near[0]][1], half_m))
            else:
                found.append((heading, half_m))
        return found

    def stop_line_m(self, junction: str, heading: float, half_m: float) -> float:
        """How far from the middle of a junction a road with this heading and half width ends: as the others do."""
        spec = self.junctions[junction]
        arms = self.arms(junction)
        corner_m = setback_m([*arms, (heading, half_m)], heading)
        others = [
            math.dist(street.shape_xy[0 if street.from_junction == junction else -1], (spec.x_m, spec.y_m))
            for street in (*self.entering(junction), *self.leaving(junction))
        ]
        return max(corner_m, float(np.median(others)) if spec.inner_paths is not None and others else 0.0)


def width_m(street: Street) -> float:
    """Width of a street's lanes."""
    return len(street.lane_access) * street.lane_width_m


def car_lanes(street: Street) -> int:
    """How many of a street's lanes cars may use."""
    return sum(bool(bits & CAR) for bits in street.lane_access)


def heading_of(line: NDArray[np.float64]) -> float:
    """Heading (rad) from the first point of a line to the one so many metres along."""
    left_m, (x, y) = HEADING_OVER_M, line[-1]
    for a, b in itertools.pairwise(line):
        step_m = math.dist(a, b)
        if step_m >= left_m > 0.0:
            x, y = a + (b - a) * left_m / step_m
            break
        left_m -= step_m
    return math.atan2(y - line[0][1], x - line[0][0])


def straight_path(first: Street, second: Street) -> NDArray[np.float64]:
    """A way through a junction that goes straight from the end of one street to the beginning of another."""
    ends = [tuple(first.shape_xy[-1].tolist()), tuple(second.shape_xy[0].tolist())]
    return np.array(clean_line(ends))


def reversed_id(name: str) -> str:
    """Id of the other direction of a street.

    Examples
    --------
    >>> reversed_id("way/12:0-4"), reversed_id("way/a>b"), reversed_id("way/a>b:back")
    ('way/12:4-0', 'way/a>b:back', 'way/a>b')
    """
    found = re.fullmatch(r"(.*):(\d+)-(\d+)((?:\.\d+)*)", name)
    if found is not None:
        return f"{found[1]}:{found[3]}-{found[2]}{found[4]}"
    return name.removesuffix(":back") if name.endswith(":back") else f"{name}:back"


def of_map(part: str) -> str:
    """Id of the street of which one is a part.

    Examples
    --------
    >>> of_map("way/12:0-4.1.2"), of_map("way/12:0-4")
    ('way/12:0-4', 'way/12:0-4')
    """
    return re.sub(r"(\.\d)+$", "", part)


def parts_by_street(names: Iterable[str]) -> dict[str, list[str]]:
    """Ids of the parts into which new roads split streets, as they are driven, by the id of what was split.

    Examples
    --------
    >>> parts_by_street(["a.2", "a.1.1", "a.1.2", "b"])
    {'a': ['a.1.1', 'a.1.2', 'a.2'], 'a.1': ['a.1.1', 'a.1.2']}
    """
    found: dict[str, list[str]] = {}
    for name in sorted(names):
        street = of_map(name)
        for length in range(len(street), len(name), 2):
            found.setdefault(name[:length], []).append(name)
    return found


def in_parts(names: Iterable[str], known: Container[str], parts: Mapping[str, Sequence[str]]) -> list[str]:
    """Links one after the other, of those that are not known but were split their parts (``parts_by_street``)."""
    return [part for name in names for part in ([name] if name in known else parts.get(name, [name]))]


def shown_list(ids: Iterable[str]) -> str:
    """Ids in quotes, of many only the first."""
    ids = list(ids)
    more = f" and {len(ids) - SHOWN} more" if len(ids) > SHOWN else ""
    return ", ".join(shown_value(name) for name in ids[:SHOWN]) + more


def _closest(names: Sequence[str]) -> str:
    return f" Closest: {', '.join(shown_value(name) for name in names)}." if names else ""


def _in_sequence(ids: Sequence[str], street: str, first: str, second: str) -> Iterator[str]:
    """A forbidden sequence in which a street was split."""
    for place, name in enumerate(ids):
        if name != street:
            yield name
            continue
        if place > 0:
            yield first
        if place < len(ids) - 1:
            yield second
