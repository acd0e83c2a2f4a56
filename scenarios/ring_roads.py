"""Put a roundabout in place of a junction: a ring of one-way links with a junction at every arm."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .junction_changes import KEY, make_mini_roundabout, refuse_in_ring
from .network import ROAD_CLASSES
from .osm_outlines import fit_trims
from .street_changes import Roundabout
from .street_draft import Refusal, StreetDraft, width_m
from .streets import MOTOR, JunctionSpec, Street

LANE_WIDTH_M = 4.0  # of the circular carriageway: FHWA, Roundabouts: An Informational Guide (2000), 4.3 to 4.9 m
SAME_ARM_RAD = math.radians(30.0)  # both carriageways of one road
GAP_M = 2.0  # from the outer edge of the ring to the stop lines
SHORTEST_ARM_M = 7.5  # that must be left of a street
# Between two arms: three quarters of it stay link, 13 m, on which two vehicles fit. Where only one does, a ring of four
# arms jams at 250 vehicles an hour and arm; with two it passes 450 with 35 s of delay.
SHORTEST_ARC_M = 17.5


def make_roundabout(draft: StreetDraft, change: Roundabout) -> str:
    """Build a ring, or let the junction be a mini-roundabout."""
    if change.diameter_m is None:
        return make_mini_roundabout(draft, change)
    spec = draft.junction(change.junction, KEY)
    if spec.gate:
        raise Refusal((KEY, "lies at the cut edge of the map: its other arms are not known."))
    refuse_in_ring(draft, spec.id)
    arms = _arms(draft, spec)
    if len(arms) < 3:
        said = f"has {len(arms)} of the three arms that a ring needs. A mini-roundabout needs no `diameter_m`."
        raise Refusal((KEY, said))
    _check_room(change, arms)
    radius_m = change.diameter_m / 2.0
    _move_arms(draft, change, spec, arms, radius_m)
    _draw_ring(draft, change, spec, [angle for angle, _ in arms], radius_m)
    del draft.junctions[spec.id]
    draft.became[spec.id] = (
        f'"{change.id}" makes it a roundabout of the junctions "new/{change.id}:0" to ":{len(arms) - 1}"'
    )
    return f"a roundabout of {change.diameter_m:g} m with {len(arms)} arms in place of {spec.id}"


def _arms(draft: StreetDraft, spec: JunctionSpec) -> list[tuple[float, list[str]]]:
    """Heading (rad) of every road that meets there, seen from the middle, and its streets; in driving order."""
    found: list[tuple[list[float], list[str]]] = []
    for street in (*draft.entering(spec.id), *draft.leaving(spec.id)):
        at = street.shape_xy[-1 if street.to_junction == spec.id else 0]
        angle = math.atan2(at[1] - spec.y_m, at[0] - spec.x_m)
        own = [row for row, (_, names) in enumerate(found) if street.twin in names]
        near = [
            row
            for row, (angles, _) in enumerate(found)
            if abs(math.remainder(angles[0] - angle, math.tau)) < SAME_ARM_RAD
        ]
        for row in [*own, *near][:1]:
            found[row][0].append(angle)
            found[row][1].append(street.id)
        if not own and not near:
            found.append(([angle], [street.id]))
    arms = [
        (math.atan2(*map(sum, zip(*((math.sin(a), math.cos(a)) for a in angles), strict=True))), names)
        for angles, names in found
    ]
    return sorted(arms, reverse=draft.graph.drives_on_left)


def _check_room(change: Roundabout, arms: list[tuple[float, list[str]]]) -> None:
    """Refuse a ring on which no two vehicles fit between neighbouring arms."""
    assert change.diameter_m is not None
    angles = sorted(angle % math.tau for angle, _ in arms)
    narrowest = min((b - a) % math.tau for a, b in itertools.pairwise([*angles, angles[0]]))
    between_m = narrowest * change.diameter_m / 2.0
    if between_m < SHORTEST_ARC_M:
        needed = math.ceil(2.0 * SHORTEST_ARC_M / max(narrowest, 1e-3))
        said = f"leaves {between_m:.1f} m of the ring between two of its arms; {SHORTEST_ARC_M:g} m is the least."
        raise Refusal((("diameter_m",), f"{said} {needed} m would do; a mini-roundabout needs no `diameter_m`."))


def _move_arms(
    draft: StreetDraft, change: Roundabout, spec: JunctionSpec, arms: list[tuple[float, list[str]]], radius_m: float
) -> None:
    """Let every street end at the ring instead of the junction."""
    import shapely

    outside_m = radius_m + change.lanes * LANE_WIDTH_M / 2.0 + GAP_M
    circle = shapely.Point(spec.x_m, spec.y_m).buffer(outside_m, quad_segs=32)
    moved = []
    for number, (angle, names) in enumerate(arms):
        place = f"new/{change.id}:{number}"
        for name in names:
            street = draft.streets[name]
            entering = street.to_junction == spec.id
            line = street.shape_xy if entering else street.shape_xy[::-1]  # towards the ring
            shape = _up_to(line, circle, (spec.x_m, spec.y_m), angle, outside_m)
            if shapely.LineString(shape).length < SHORTEST_ARM_M:
                said = f"leaves nothing of {street.id}: it is {shapely.LineString(line).length:.0f} m long."
                raise Refusal((("diameter_m",), f"{said} A smaller ring, or a mini-roundabout without `diameter_m`."))
            length_m = _length(street, shape)
            if entering:
                own = replace(street, to_junction=place, turn_lanes=None, sign="", signalised=False)
                moved.append(replace(own, shape_xy=shape, length_m=length_m))
            else:
                moved.append(replace(street, from_junction=place, shape_xy=shape[::-1], length_m=length_m))
    for street in moved:
        draft.streets[street.id] = draft.drawn[street.id] = street


def _up_to(
    line: NDArray[np.float64], circle: Any, middle: tuple[float, float], angle: float, outside_m: float
) -> NDArray[np.float64]:
    """A line that ends at a circle: cut where it first enters, or drawn on to the arm's place on it."""
    import shapely

    drawn = shapely.LineString(line)
    if not circle.intersects(drawn):
        there = middle[0] + outside_m * math.cos(angle), middle[1] + outside_m * math.sin(angle)
        return np.array([*line, there])
    outside = shapely.get_parts(drawn.difference(circle))
    first = [part for part in outside if shapely.distance(part, shapely.Point(line[0])) < 1e-6]
    return np.array(first[0].coords) if first else line[:1].repeat(2, axis=0)


def _length(street: Street, shape: NDArray[np.float64]) -> float | None:
    """Length to drive, where the source says that it is not that of the shape: changed as the shape is."""
    if street.length_m is None:
        return None
    before, after = (float(np.hypot(*np.diff(line, axis=0).T).sum()) for line in (street.shape_xy, shape))
    return street.length_m + after - before


def _draw_ring(
    draft: StreetDraft, change: Roundabout, spec: JunctionSpec, angles: list[float], radius_m: float
) -> None:
    """Junctions at the arms, and the one-way links between them."""
    ring_width_m = change.lanes * LANE_WIDTH_M
    highest = max(
        (draft.streets[name] for name in draft.streets if _ends_at_ring(draft.streets[name], change.id)),
        key=lambda s: ROAD_CLASSES[s.road_class],
    )
    turn = -1.0 if draft.graph.drives_on_left else 1.0
    for number, angle in enumerate(angles):
        place = spec.x_m + radius_m * math.cos(angle), spec.y_m + radius_m * math.sin(angle)
        draft.change_junction(
            JunctionSpec(f"new/{change.id}:{number}", *place, source_nodes=() if number else spec.source_nodes)
        )
    for number, angle in enumerate(angles):
        after = (number + 1) % len(angles)
        arc = (turn * (angles[after] - angle)) % math.tau
        wanted_m = [_half_arm_m(draft, f"new/{change.id}:{row}") for row in (number, after)]
        first, last = (trim_m / radius_m for trim_m in fit_trims(arc * radius_m, *wanted_m))
        course = np.linspace(first, arc - last, max(4, math.ceil(arc / 0.15)))
        at = angle + turn * course
        draft.add(
            Street(
                id=f"new/{change.id}:{number}-{after}",
                from_junction=f"new/{change.id}:{number}",
                to_junction=f"new/{change.id}:{after}",
                shape_xy=np.column_stack([spec.x_m + radius_m * np.cos(at), spec.y_m + radius_m * np.sin(at)]),
                road_class=highest.road_class,
                speed_mps=change.speed_kmh / 3.6,
                lane_width_m=ring_width_m / change.lanes,
                lane_access=(MOTOR,) * change.lanes,
                name=highest.name,
                source_ways=(f"new/{change.id}",),
                oneway=True,
                roundabout=True,
                layer=highest.layer,
            )
        )


def _ends_at_ring(street: Street, name: str) -> bool:
    return any(end.startswith(f"new/{name}:") for end in (street.from_junction, street.to_junction))


def _half_arm_m(draft: StreetDraft, junction: str) -> float:
    """Half of what an arm takes of the ring, m, with the corner before it."""
    streets = [*draft.entering(junction), *draft.leaving(junction)]
    arms = [street for street in streets if not street.roundabout]
    return sum(width_m(street) for street in arms) / 2.0 + GAP_M
