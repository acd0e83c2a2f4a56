"""Keep junctions clear: let in only whoever will find room behind."""

from __future__ import annotations

from .compile import bare, woven
from .rings import at
from .traffic_tables import (
    CLASS,
    COUNT,
    FIRST_CONNECTOR,
    INBOUND_M,
    LANE_LENGTH_M,
    LENGTH_M,
    MIN_GAP_M,
    POSITION_M,
    PROMISED_M,
    SPEED_MPS,
    TO_LANE,
    TO_LINK,
    City,
)
from .ways import link_ahead

FORESIGHT_S = 3.0  # how far ahead the last vehicle behind a junction is assumed to drive on


@woven
def free_room(city: City, lane: int, needed: float) -> float:
    """Metres at a lane's start that will be free soon, promises to others not counted."""
    count = city.lane_i[COUNT, lane]
    length = city.lane_f[LANE_LENGTH_M, lane]
    if count == 0:
        return max(length, needed)  # whoever is longer than an empty lane may enter it
    last = at(city, lane, count - 1)
    rear = city.vehicle_f[POSITION_M, last] - city.driver[city.vehicle_i[CLASS, last], LENGTH_M]
    moving_on = min(rear + city.vehicle_f[SPEED_MPS, last] * FORESIGHT_S, length - count * needed)
    return max(rear, moving_on)


@woven
def room_beyond(city: City, lane: int, needed: float) -> bool:
    """Whether a vehicle that needs so many metres will not come to rest inside the junction before a lane."""
    return free_room(city, lane, needed) - city.lane_f[INBOUND_M, lane] >= needed


@woven
def has_way_off(city: City, vehicle: int, lane: int, steps: int, needed: float) -> bool:
    """Whether some way from a lane to the link ``steps`` ahead on a vehicle's route has room, promises counted."""
    wanted = link_ahead(city, vehicle, steps)
    leads_there = False
    for connector in range(city.lane_i[FIRST_CONNECTOR, lane], city.lane_i[FIRST_CONNECTOR, lane + 1]):
        if city.connector[TO_LINK, connector] != wanted:
            continue
        leads_there = True
        far = city.connector[TO_LANE, connector]
        if free_room(city, far, needed) - city.lane_f[PROMISED_M, far] >= needed:
            return True
    return not leads_there


@bare
def stays_clear(city: City, vehicle: int, lane: int, needed: float) -> bool:
    """Whether a vehicle that enters a tight lane, and whoever is on it already, will find room behind it.

    Asked of those who come from elsewhere, not of those who go from one tight lane to the next: so the last place on a
    ring stays free for who is on it. Without this, vehicles that want round a roundabout or an island, or turn back
    over a wide median from both sides, wait for each other for ever.
    """
    if not has_way_off(city, vehicle, lane, 2, needed):
        return False
    for k in range(city.lane_i[COUNT, lane]):
        other = at(city, lane, k)
        kind = city.vehicle_i[CLASS, other]
        if not has_way_off(city, other, lane, 1, city.driver[kind, LENGTH_M] + city.driver[kind, MIN_GAP_M]):
            return False
    return True
