"""Lay a new road into a city's streets: find what it joins, split the streets it meets, and draw its links."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .osm_outlines import LARGEST_TRIM_M, TWO_VEHICLES_M, clean_line, fit_trims, offset_line
from .plan_shapes import heights_of, line_of
from .street_changes import RoadAdded
from .street_draft import Place, Refusal, StreetDraft, heading_of, width_m
from .streets import MOTOR, JunctionSpec, Street
from .synthetic_roads import setback_m

XY = tuple[float, float]
SHORTEST_M = 10.0  # of a part of a street, up to the middle of a junction
ONE_JUNCTION_M = 30.0  # along the road: streets that it meets closer together are crossed at one junction


@dataclass(slots=True)
class _Join:
    """A place where the road meets others: a junction that is there, or streets that are split."""

    along_m: float  # on the road's line
    at: XY
    junction: str = ""
    streets: list[str] = field(default_factory=list)  # to split, opposite directions not among them
    away_m: float = 0.0  # of the end of the road's line


def add_road(draft: StreetDraft, change: RoadAdded) -> str:
    """Add a road and say what it joins."""
    import shapely

    key: Place = ("line",) if change.line is not None else ("file",)
    line = shapely.LineString(line_of(change, draft.graph.epsg))
    ends = [_join_of_end(draft, change, line, along_m) for along_m in (0.0, line.length)]
    far = [(key, text) for text in ends if isinstance(text, str)]
    if far:
        raise Refusal(*far)
    begin, end = (one for one in ends if isinstance(one, _Join))
    joins = _one_by_one([begin, *_joins_between(draft, change, line, begin, end), end])
    edges = [join.junction for join in joins if join.junction and draft.junctions[join.junction].gate]
    if edges:
        said = f"joins {', '.join(edges)}, where the map ends: nobody knows what meets there. Join a street before it."
        raise Refusal((key, said))
    if len(joins) < 2 or (
        len(joins) == 2 and _both(draft, begin.streets) & _both(draft, end.streets) and line.length < ONE_JUNCTION_M
    ):
        raise Refusal((key, f"joins {_told(begin)} with both of its ends. Make it longer."))
    for one, other in itertools.pairwise(joins):
        gap_m = other.along_m - one.along_m
        if gap_m < TWO_VEHICLES_M or (one.junction and one.junction == other.junction):
            said = f"meets {_told(one)} and {_told(other)} within {gap_m:.0f} m: no link fits in between."
            raise Refusal((key, f"{said} Draw it to one of them, or at least {TWO_VEHICLES_M:g} m apart."))
    _split_streets(draft, change, line, joins, key)
    _draw_links(draft, change, line, joins)
    told = "; ".join(_told_with_distance(join) for join in joins)
    links = f"{len(joins) - 1} {'link' if len(joins) == 2 else 'links'} a direction"
    return f"a new road of {line.length:.0f} m, {links}, joining {told}"


def _join_of_end(draft: StreetDraft, change: RoadAdded, line: Any, along_m: float) -> _Join | str:
    """What an end of the road joins, or that there is nothing near."""
    import shapely

    point = line.interpolate(along_m)
    levels = {0, change.level}
    streets = [street for street in draft.streets.values() if street.layer in levels]
    specs = list(draft.junctions.values())
    street_m = shapely.distance([shapely.LineString(street.shape_xy) for street in streets], point)
    spec_m = np.hypot([spec.x_m - point.x for spec in specs], [spec.y_m - point.y for spec in specs])
    which = "first" if along_m == 0.0 else "last"
    near_street, near_spec = float(street_m.min(initial=math.inf)), float(spec_m.min(initial=math.inf))
    if min(near_street, near_spec) > change.join_within_m:
        what = streets[int(street_m.argmin())].id if near_street < near_spec else specs[int(spec_m.argmin())].id
        away = f"{min(near_street, near_spec):,.0f} m from its {which} point is {what}"
        return (
            f"joins nothing there: {away}. Draw it nearer, or allow more: `join_within_m` ({change.join_within_m:g})."
        )
    if near_spec <= near_street:
        join = _at_junction(specs[int(spec_m.argmin())], along_m)
    else:
        join = _on_street(draft, streets[int(street_m.argmin())], (point.x, point.y), along_m)
    join.away_m = min(near_street, near_spec)
    return join


def _at_junction(spec: JunctionSpec, along_m: float) -> _Join:
    return _Join(along_m, (spec.x_m, spec.y_m), junction=spec.id)


def _on_street(draft: StreetDraft, street: Street, at: XY, along_m: float) -> _Join:
    """A join where a street comes nearest to a place: at one of its ends where no link would be left before it."""
    import shapely

    line = shapely.LineString(street.shape_xy)
    place_m = float(line.project(shapely.Point(at)))
    room_m = TWO_VEHICLES_M + width_m(street)
    if min(place_m, line.length - place_m) < room_m:
        name = street.from_junction if place_m < line.length / 2.0 else street.to_junction
        return _at_junction(draft.junctions[name], along_m)
    found = line.interpolate(place_m)
    places = [(found.x, found.y)]
    if street.twin:
        beside = shapely.LineString(draft.streets[street.twin].shape_xy)
        other = beside.interpolate(beside.project(found))
        places.append((other.x, other.y))
    middle = tuple(np.mean(places, axis=0).tolist())
    return _Join(along_m, middle, streets=[street.id])


def _joins_between(draft: StreetDraft, change: RoadAdded, line: Any, begin: _Join, end: _Join) -> list[_Join]:
    """Where the road crosses streets of its level on its way."""
    import shapely

    at_ends = {join.junction for join in (begin, end)} - {""}
    ends = {name: join for join in (begin, end) for name in _both(draft, join.streets)}
    taken: set[str] = set()
    joins: list[_Join] = []
    for street in list(draft.streets.values()):
        if street.layer != change.level or street.id in taken:
            continue
        crossing = line.intersection(shapely.LineString(street.shape_xy))
        if crossing.is_empty:
            continue
        taken.update(_both(draft, [street.id]))
        for place in shapely.get_coordinates(shapely.centroid(shapely.get_parts(crossing))):
            along_m = float(line.project(shapely.Point(place)))
            if street.id in ends and abs(along_m - ends[street.id].along_m) < ONE_JUNCTION_M:
                continue  # where its end joins it
            join = _on_street(draft, street, (float(place[0]), float(place[1])), along_m)
            if join.junction not in at_ends:
                joins.append(join)
    return sorted(joins, key=lambda join: (join.along_m, join.junction, join.streets))


def _one_by_one(joins: list[_Join]) -> list[_Join]:
    """Joins with those made one that lie close together and split streets; the same junction is joined once."""
    merged: list[_Join] = []
    for join in joins:
        before = merged[-1] if merged else None
        close = before is not None and join.along_m - before.along_m < ONE_JUNCTION_M
        if before is not None and join.junction and join.junction in [one.junction for one in merged]:
            continue
        if (
            before is not None
            and close
            and join.streets
            and before.streets
            and set(join.streets).isdisjoint(before.streets)
        ):
            before.streets += join.streets
            before.at = tuple(np.mean([before.at, join.at], axis=0).tolist())
            before.along_m = join.along_m if join is joins[-1] else before.along_m
            continue
        merged.append(join)
    return merged


def _both(draft: StreetDraft, names: list[str]) -> set[str]:
    """Streets with their opposite directions."""
    return {*names, *(draft.streets[name].twin for name in names)} - {""}


def _split_streets(draft: StreetDraft, change: RoadAdded, line: Any, joins: list[_Join], key: Place) -> None:
    """Make a junction at every join that has none, and split the streets that meet there."""
    import shapely

    half_m = change.lanes * change.lane_width_m * (0.5 if change.one_way else 1.0)
    number = 0
    for join in joins:
        if join.junction:
            continue
        join.junction = f"new/{change.id}:{number}"
        number += 1
        draft.change_junction(JunctionSpec(join.junction, *join.at))
        course = _course(line, join.along_m)
        for name in sorted(_both(draft, [_part_at(draft, name, join.at) for name in join.streets])):
            street = draft.streets[name]
            heading = _heading_at(street, join.at)
            own_m = width_m(street) / (1.0 if street.twin else 2.0)
            arms = [(heading, own_m), (heading + math.pi, own_m), *((angle, half_m) for angle in course)]
            trim_m = min(LARGEST_TRIM_M, max(setback_m(arms, heading), setback_m(arms, heading + math.pi)))
            drawn = shapely.LineString(street.shape_xy)
            along_m = float(drawn.project(shapely.Point(join.at)))
            if min(along_m, drawn.length - along_m) < SHORTEST_M:
                said = (
                    f"meets {street.id} too close to where it meets another street: no link fits in between. Move it."
                )
                raise Refusal((key, said))
            draft.split(street, join.at, join.junction, trim_m)


def _part_at(draft: StreetDraft, name: str, at: XY) -> str:
    """A street, or that of its parts that a place lies at, where this road has split it already."""
    import shapely

    while name not in draft.streets:
        parts = [f"{name}.{number}" for number in (1, 2)]
        lines = [shapely.LineString(draft.drawn[part].shape_xy) for part in parts]
        name = parts[int(np.argmin(shapely.distance(lines, shapely.Point(at))))]
    return name


def _course(line: Any, along_m: float) -> list[float]:
    """Headings (rad) in which the road leaves a join."""
    here = line.interpolate(along_m)
    found = []
    for other_m in (along_m - 10.0, along_m + 10.0):
        if 0.0 <= other_m <= line.length or line.length < 10.0:
            other = line.interpolate(min(max(other_m, 0.0), line.length))
            found.append(math.atan2(other.y - here.y, other.x - here.x))
    return found


def _heading_at(street: Street, at: XY) -> float:
    """Heading (rad) of a street where it passes a place."""
    import shapely

    line = shapely.LineString(street.shape_xy)
    along_m = float(line.project(shapely.Point(at)))
    before, after = line.interpolate(max(along_m - 5.0, 0.0)), line.interpolate(min(along_m + 5.0, line.length))
    return math.atan2(after.y - before.y, after.x - before.x)


def _draw_links(draft: StreetDraft, change: RoadAdded, line: Any, joins: list[_Join]) -> None:
    """Draw the road's links from join to join, between their stop lines."""
    from shapely.ops import substring

    width = change.lanes * change.lane_width_m
    half_m = width * (0.5 if change.one_way else 1.0)
    pieces: list[NDArray[np.float64]] = []
    for one, other in itertools.pairwise(joins):
        inner = np.array(substring(line, one.along_m, other.along_m).coords)[1:-1]
        pieces.append(np.array([one.at, *inner, other.at]))
    # Stop lines before any link is there: all of them see the same arms.
    trims = [
        [
            draft.stop_line_m(join.junction, heading_of(points), half_m)
            for join, points in ((one, piece), (other, piece[::-1]))
        ]
        for piece, (one, other) in zip(pieces, itertools.pairwise(joins), strict=True)
    ]
    new = []
    for number, (piece, gradient) in enumerate(zip(pieces, _gradients(change, line, joins), strict=True)):
        shape = _trimmed(piece, *trims[number])
        names = f"new/{change.id}:{number}-{number + 1}", f"new/{change.id}:{number + 1}-{number}"
        for forward in (True, False) if not change.one_way else (True,):
            points = clean_line(list(map(tuple, (shape if forward else shape[::-1]).tolist())))
            if not change.one_way:
                points = clean_line(offset_line(points, draft.kerb * width / 2.0))
            ends = (joins[number].junction, joins[number + 1].junction)[:: 1 if forward else -1]
            new.append(
                Street(
                    id=names[0 if forward else 1],
                    from_junction=ends[0],
                    to_junction=ends[1],
                    shape_xy=np.array(points),
                    road_class=change.road_class,
                    speed_mps=change.speed_kmh / 3.6,
                    lane_width_m=change.lane_width_m,
                    lane_access=(MOTOR,) * change.lanes,
                    name=change.name,
                    source_ways=(f"new/{change.id}",),
                    oneway=change.one_way,
                    layer=change.level,
                    twin="" if change.one_way else names[1 if forward else 0],
                    gradient=gradient if gradient is None or forward else -gradient,
                )
            )
    for street in new:
        draft.add(street)


def _gradients(change: RoadAdded, line: Any, joins: list[_Join]) -> list[float | None]:
    """How much the road rises from join to join, metres per metre, where its file has heights."""
    import shapely

    heights_m = heights_of(change)
    if heights_m is None:
        return [None] * (len(joins) - 1)
    steps_m = np.hypot(*np.diff(shapely.get_coordinates(line), axis=0).T)
    at_joins_m = np.interp([join.along_m for join in joins], np.concatenate([[0.0], np.cumsum(steps_m)]), heights_m)
    rises = np.diff(at_joins_m) / np.diff([join.along_m for join in joins])
    return [float(rise) for rise in rises]


def _trimmed(points: NDArray[np.float64], start_m: float, end_m: float) -> NDArray[np.float64]:
    import shapely
    from shapely.ops import substring

    line = shapely.LineString(points)
    first_m, last_m = fit_trims(line.length, min(start_m, LARGEST_TRIM_M), min(end_m, LARGEST_TRIM_M))
    return np.array(substring(line, first_m, line.length - last_m).coords)


def _told(join: _Join) -> str:
    return join.junction or " and ".join(join.streets)


def _told_with_distance(join: _Join) -> str:
    what = f"the new junction {join.junction} on {' and '.join(join.streets)}" if join.streets else join.junction
    return f"{what} ({join.away_m:.0f} m from its end)" if join.away_m >= 0.5 else what
