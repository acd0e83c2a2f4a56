"""Give streets turn pockets: a lane that begins some metres before the stop line and serves the turn to its side only.

A street with a pocket is two links, ``<id>.1`` and ``<id>.2``, with a junction ``pocket/<id>`` between them at which
nothing conflicts; where the street has an opposite direction that one is parted there too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Literal, TypeAlias

import numpy as np

from .movements import far_turn, list_exits, near_turn
from .network import Turn
from .street_changes import TurnPocket
from .street_draft import Refusal, StreetDraft, car_lanes, shown_list
from .street_rows import StreetRows, order_streets
from .streets import CAR, FOOT, MOTOR, JunctionSpec, Street, StreetGraph

Side: TypeAlias = Literal["middle", "kerb"]
POCKET_M = 30.0  # where a source does not say how long
BEFORE_M = 15.0  # of street that remain before a pocket: room for two vehicles
HALF_GAP_M = 1.0  # of road inside the junction between both links
WIDE_ENOUGH_M = 9.0  # a carriageway on which people mark a pocket between one lane in each direction
POCKET_JUNCTION = "pocket/"  # what ids of junctions before pockets begin with


def add_pockets(draft: StreetDraft, change: TurnPocket) -> str:
    """Give links a pocket each, and say which."""
    streets = draft.chosen(change.link_ids, change.link_keys, both_directions=change.both_directions)
    rows = order_streets(draft.finished())
    found = [(street, _why_not(rows, street, change.length_m, change.side)) for street in streets]
    reasons = [(change.link_keys[0][:1], f"{street.id} {why}") for street, why in found if why]
    if reasons:
        raise Refusal(*reasons)
    for street in streets:
        _dig(draft, street.id, change.length_m, change.side)
    return f"a turn pocket of {change.length_m:g} m on {shown_list(street.id for street in streets)}"


def with_pockets(graph: StreetGraph, sides: Mapping[str, Side]) -> tuple[StreetGraph, int]:
    """Streets of a source with those pockets (street id → side) for which there are room and a turn; how many."""
    draft, rows, dug = StreetDraft(graph), order_streets(graph), 0
    for street in graph.streets:
        side = sides.get(street.id)
        if side is not None and not _why_not(rows, street, POCKET_M, side):
            _dig(draft, street.id, POCKET_M, side)
            dug += 1
    return replace(draft.finished(), numbers={}), dug


def pockets_by_width(graph: StreetGraph, width_m: Mapping[str, float]) -> dict[str, Side]:
    """Where a signalised approach whose only lane serves the far-side turn and through traffic has room for a pocket.

    ``width_m`` has the carriageway of streets (by id) of which a tag says it.
    """
    draft, rows = StreetDraft(graph), order_streets(graph)
    far = far_turn(graph.drives_on_left)
    found: dict[str, Side] = {}
    for row, street in enumerate(rows.streets):
        lanes = len(street.lane_access) == 1 and car_lanes(street) == 1
        if lanes and width_m.get(street.id, 0.0) >= WIDE_ENOUGH_M and draft.is_signalised(street.to_junction):
            turns = {way_out.turn for way_out in list_exits(rows, row)}
            if {far, Turn.STRAIGHT} <= turns:
                found[street.id] = "middle"
    return found


def _why_not(rows: StreetRows, street: Street, length_m: float, side: Side) -> str:
    """Why a street cannot have a pocket; "" where it can."""
    row = rows.streets.index(street)
    wanted = far_turn(rows.drives_on_left) if side == "middle" else near_turn(rows.drives_on_left)
    if street.pocket:
        return "is a pocket's link already."
    if street.roundabout:
        return "is part of a roundabout, where nobody turns to that side."
    if wanted not in {way_out.turn for way_out in list_exits(rows, row)}:
        way = "left" if wanted is Turn.LEFT else "right"
        return f"has no turn to the {way} at its end, which a pocket at the {side} would serve."
    drawn_m = float(np.hypot(*np.diff(street.shape_xy, axis=0).T).sum())
    if drawn_m < length_m + BEFORE_M:
        longest_m = drawn_m - BEFORE_M
        way_out = f"`length_m` may be {longest_m:.0f} at most" if longest_m >= 10.0 else "there is no room for one"
        return f"is {drawn_m:.0f} m long, of which {BEFORE_M:g} m stay as they are: {way_out}."
    return ""


def _dig(draft: StreetDraft, name: str, length_m: float, side: Side) -> None:
    """Part a street, or the last part of one, so many metres before its end and add a lane from there on."""
    import shapely

    while name not in draft.streets:
        name = f"{name}.2"
    street = draft.streets[name]
    both = [street, *([draft.streets[street.twin]] if street.twin else [])]
    line = shapely.LineString(street.shape_xy)
    begin = line.interpolate(line.length - length_m)
    lines = [shapely.LineString(one.shape_xy) for one in both]
    places = [one.interpolate(one.project(begin)) for one in lines]
    junction = f"{POCKET_JUNCTION}{name}"
    middle = np.mean([(place.x, place.y) for place in places], axis=0).tolist()
    draft.change_junction(JunctionSpec(junction, *middle))
    for one, place in zip(both, places, strict=True):
        draft.split(one, (place.x, place.y), junction, HALF_GAP_M)
    last = draft.streets[f"{name}.2"]
    lanes = last.lane_access
    beside = lanes if side == "kerb" else lanes[::-1]
    own = next((bits for bits in beside if bits & CAR), MOTOR) & ~FOOT
    wider = (own, *lanes) if side == "kerb" else (*lanes, own)
    draft.put(replace(last, lane_access=wider, turn_lanes=None, pocket=side))
