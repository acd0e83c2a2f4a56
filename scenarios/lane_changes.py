"""Change lanes, who may use them, and speed limits of streets under a plan."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from .network import ROAD_CLASSES
from .plan_shapes import area_of
from .street_changes import (
    BusLane,
    CycleLane,
    LaneCount,
    ModalFilter,
    ParkingAdded,
    ParkingRemoved,
    SpeedZone,
)
from .street_draft import Place, Refusal, StreetDraft, shown_list
from .streets import BICYCLE, CAR, FOOT, MODES, MOTOR, Street

Reasons = list[tuple[Place, str]]
NO_CAR_LANE = "leaves no lane for cars. To close a link to them, write `kind: modal_filter`."


def change_lane_count(draft: StreetDraft, change: LaneCount) -> str:
    """Take or give lanes."""

    def changed(street: Street) -> Street | str:
        lanes, more = street.lane_access, change.lanes - len(street.lane_access)
        if more == 0:
            return f"{street.id} has {_lanes(len(lanes))} already: nothing would change."
        if more > 0:
            one = next((bits for bits in _from_side(lanes, change.side) if bits & CAR), MOTOR) & ~FOOT
            new = (*lanes, *(one,) * more) if change.side == "middle" else (*(one,) * more, *lanes)
        else:
            new = lanes[:more] if change.side == "middle" else lanes[-more:]
        return _with_lanes(draft, street, new) if any(bits & CAR for bits in new) else f"{street.id}: {NO_CAR_LANE}"

    streets = _change_all(draft, change, changed, ("lanes",))
    return f"{_lanes(change.lanes)} on {_links(streets)}"


def _from_side(lanes: Sequence[int], side: str) -> Sequence[int]:
    return lanes[::-1] if side == "middle" else lanes


def remove_parking(draft: StreetDraft, change: ParkingRemoved) -> str:
    """Add a lane at the kerb."""
    access = _bits(change.open_to)
    streets = _change_all(draft, change, lambda street: _with_lanes(draft, street, (access, *street.lane_access)))
    return f"a lane in place of parking on {_links(streets)}"


def add_parking(draft: StreetDraft, change: ParkingAdded) -> str:
    """Take the lane at the kerb."""

    def changed(street: Street) -> Street | str:
        new = street.lane_access[1:]
        return _with_lanes(draft, street, new) if any(bits & CAR for bits in new) else f"{street.id}: {NO_CAR_LANE}"

    return f"parking in place of a lane on {_links(_change_all(draft, change, changed))}"


def reserve_lane(draft: StreetDraft, change: BusLane | CycleLane) -> str:
    """Keep a lane for buses or cycles."""
    access = BICYCLE if isinstance(change, CycleLane) else _bits(change.open_to)

    def changed(street: Street) -> Street | str:
        lanes = list(street.lane_access)
        if change.lane >= len(lanes):
            last = f" to {len(lanes) - 1}" if len(lanes) > 1 else ""
            return f"no such lane: {street.id} has {_lanes(len(lanes))}: 0 (at the kerb){last}."
        if lanes[change.lane] & MOTOR == access & MOTOR:
            return f"of {street.id} is kept for them already: nothing would change."
        lanes[change.lane] = access | (lanes[change.lane] & FOOT)
        if not any(bits & CAR for bits in lanes):
            return f"of {street.id} {NO_CAR_LANE} Or give it another lane first: `kind: lanes`."
        return _with_lanes(draft, street, tuple(lanes))

    streets = _change_all(draft, change, changed, ("lane",))
    return f"{'cycle' if isinstance(change, CycleLane) else 'bus'} lane on {_links(streets)}"


def filter_modes(draft: StreetDraft, change: ModalFilter) -> str:
    """Close links to all but some."""
    access = _bits(change.open_to) | FOOT

    def changed(street: Street) -> Street | str:
        new = tuple(bits & access for bits in street.lane_access)
        return (
            replace(street, lane_access=new) if new != street.lane_access else f"{street.id} is closed to all others."
        )

    return f"closed to through traffic: {_links(_change_all(draft, change, changed))}"


def limit_zone(draft: StreetDraft, change: SpeedZone) -> str:
    """Give all streets of an area one limit."""
    import shapely

    area = area_of(change, draft.graph.epsg)
    streets = list(draft.streets.values())
    lines = np.array([shapely.LineString(street.shape_xy) for street in streets])
    inside = shapely.length(shapely.intersection(lines, area)) > shapely.length(lines) / 2.0
    wanted = change.road_classes or tuple(ROAD_CLASSES)
    chosen = [street for street, within in zip(streets, inside, strict=True) if within and street.road_class in wanted]
    where: Place = ("file",) if change.file is not None else ("polygon",)
    if not chosen:
        middle = shapely.centroid(area)
        away_m = float(shapely.distance(shapely.MultiLineString(list(lines)), middle)) if len(lines) else 0.0
        of = " of these classes" if change.road_classes and inside.any() else ""
        said = f"no street{of} lies in it; its middle is {away_m:,.0f} m from the nearest street."
        raise Refusal((where, f"{said} Longitude first, then latitude."))
    other = [street for street in chosen if abs(street.speed_mps * 3.6 - change.speed_kmh) > 1e-9]
    if not other:
        raise Refusal((("speed_kmh",), f"is the limit of all {len(chosen)} links in it already: nothing would change."))
    for street in other:
        known = street.assumed - {"speed_mps"}
        draft.put(replace(street, speed_mps=change.speed_kmh / 3.6, assumed=known))
    return f"{change.speed_kmh:g} km/h on {len(chosen)} links"


def _change_all(
    draft: StreetDraft,
    change: LaneCount | ParkingRemoved | ParkingAdded | BusLane | CycleLane | ModalFilter,
    changed: Callable[[Street], Street | str],
    key: Place | None = None,
) -> list[Street]:
    """Change every link of a change, or none: ``changed`` gives the street's new version, or why there is none."""
    streets = draft.chosen(change.link_ids, change.link_keys, both_directions=change.both_directions)
    results = [changed(street) for street in streets]
    where = change.link_keys[0][:1] if key is None else key
    reasons = [(where, result) for result in results if isinstance(result, str)]
    if reasons:
        raise Refusal(*reasons)
    for result in results:
        if isinstance(result, Street):
            draft.put(result)
    return streets


def _with_lanes(draft: StreetDraft, street: Street, lanes: tuple[int, ...]) -> Street:
    """A street with these lanes; its arrows stay where they are as many as before, and come back with the lanes."""
    drawn = draft.drawn[street.id]
    arrows = next((one.turn_lanes for one in (street, drawn) if len(one.lane_access) == len(lanes)), None)
    return replace(street, lane_access=lanes, turn_lanes=arrows, assumed=street.assumed - {"lanes"})


def _bits(users: Sequence[str]) -> int:
    bits = 0
    for user in users:
        bits |= MODES[user]
    return bits


def _lanes(count: int) -> str:
    return "one lane" if count == 1 else f"{count} lanes"


def _links(streets: Sequence[Street]) -> str:
    return shown_list(street.id for street in streets)
