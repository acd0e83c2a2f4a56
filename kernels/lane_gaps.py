"""Say whether a vehicle fits into a lane: the gap ahead of it and the one behind."""

from __future__ import annotations

import math

from .compile import woven
from .driving import brake_distance, safe_speed
from .gaps import rear_beyond
from .keep_clear import FORESIGHT_S
from .lane_desire import SHORTEST, shortened
from .pace import aimed, headway_on, wished_speed
from .rings import at
from .traffic_tables import (
    CAUSE,
    CLASS,
    COMFORT_DECEL,
    COUNT,
    INBOUND_M,
    LANE_LENGTH_M,
    LAST_OUT,
    LEAVING,
    LENGTH_M,
    LETS_IN,
    MIN_GAP_M,
    NEED_M,
    OVERHANG_M,
    POSITION_M,
    SHORTER,
    SPEED_MPS,
    City,
)


@woven
def place_in_lane(city: City, lane: int, position: float) -> int:
    """How many vehicles of a lane are at or beyond a position."""
    count = city.lane_i[COUNT, lane]
    for k in range(count - 1, -1, -1):
        if city.vehicle_f[at(city, lane, k), POSITION_M] >= position:
            return k + 1
    return 0


@woven
def ahead_of(city: City, lane: int, k: int) -> int:
    """Whoever is ahead of place ``k`` of a lane; only if ``gap_ahead`` is finite."""
    return at(city, lane, k - 1) if k > 0 else city.lane_i[LAST_OUT, lane]


@woven
def gap_ahead(city: City, lane: int, k: int, position: float) -> float:
    """Room from a position to the rear of whoever is ahead of place ``k`` of a lane, inf without anybody."""
    if k > 0:
        ahead = at(city, lane, k - 1)
        return city.vehicle_f[ahead, POSITION_M] - city.driver[city.vehicle_i[ahead, CLASS], LENGTH_M] - position
    rear = rear_beyond(city, lane)
    return math.inf if rear >= 0.0 else rear + city.lane_f[LANE_LENGTH_M, lane] - position


@woven
def fits_behind(city: City, lane: int, k: int, position: float) -> float:
    """Highest speed at which a vehicle can be put at a position in place ``k`` of a lane, -1 when there is no gap."""
    gap = gap_ahead(city, lane, k, position)
    if gap == math.inf:
        return math.inf
    ahead = ahead_of(city, lane, k)
    if gap < city.driver[city.vehicle_i[ahead, CLASS], MIN_GAP_M] / 2.0:
        return -1.0
    reach = brake_distance(city.vehicle_f[ahead, SPEED_MPS], city.max_decel, city.step_s)
    return safe_speed(gap + reach, city.max_decel, city.step_s)


@woven
def pace_behind(city: City, lane: int, k: int, position: float, kind: int, wanted: float) -> float:
    """Speed at which the gap to whoever is ahead is the one that a driver wants, -1 if that is less than keeping pace.

    Who squeezed in behind a moving vehicle and braked would make everybody behind start from rest: a queue beside the
    road would enter at two thirds of what a lane carries.
    """
    gap = gap_ahead(city, lane, k, position)
    if gap == math.inf:
        return math.inf
    pace = (gap - city.driver[kind, MIN_GAP_M]) / headway_on(city, lane, kind)
    return pace if pace >= min(city.vehicle_f[ahead_of(city, lane, k), SPEED_MPS], wanted) else -1.0


@woven
def fits_before(city: City, lane: int, k: int, rear: float, speed: float, tight: bool, firmly: bool) -> bool:
    """Whether whoever comes behind place ``k`` of a lane can cope with a vehicle put there, its rear at ``rear``.

    ``tight``: whoever stands there copes with any gap, as do those who have stopped to let somebody in. ``firmly``:
    they may have to brake firmly, not only comfortably.
    """
    step, hard = city.step_s, city.max_decel
    if k >= city.lane_i[COUNT, lane]:
        # What was promised to others stays free, or will be: as far as ``keep_clear.free_room`` looks ahead.
        place_m = city.driver[0, LENGTH_M] + city.driver[0, MIN_GAP_M]
        stay_m = (city.lane_i[COUNT, lane] - city.lane_i[LEAVING, lane] + 1) * place_m
        stay_m += max(0.0, city.lane_f[OVERHANG_M, lane])
        moving_on = min(rear + speed * FORESIGHT_S, city.lane_f[LANE_LENGTH_M, lane] - stay_m)
        room = max(rear, moving_on) >= city.lane_f[INBOUND_M, lane]
        return room and rear + brake_distance(speed, hard, step) >= city.lane_f[NEED_M, lane]
    behind = at(city, lane, k)
    kind, its_speed = city.vehicle_i[behind, CLASS], city.vehicle_f[behind, SPEED_MPS]
    gap = rear - city.vehicle_f[behind, POSITION_M]
    any_gap = its_speed == 0.0 and (tight or city.vehicle_i[behind, CAUSE] == LETS_IN)
    if gap < (-1e-9 if any_gap else city.driver[kind, MIN_GAP_M] / 2.0):
        return False
    gap = max(gap, 0.0)  # bumper to bumper, but for rounding
    comfort = city.firm_decel if firmly else city.driver[kind, COMFORT_DECEL]
    return gap + brake_distance(speed, hard, step) >= brake_distance(its_speed, hard, step) and gap + brake_distance(
        speed, comfort, step
    ) >= brake_distance(its_speed, comfort, step)


@woven
def copes_with(city: City, lane: int, place: int, rear: float, speed: float) -> bool:
    """Whether whoever is in a place of a lane can brake firmly to the speed of somebody who comes in ahead."""
    if place >= city.lane_i[COUNT, lane]:
        return False
    behind = at(city, lane, place)
    its_speed, step = city.vehicle_f[behind, SPEED_MPS], city.step_s
    gap = rear - city.vehicle_f[behind, POSITION_M]
    room = gap - city.driver[city.vehicle_i[behind, CLASS], MIN_GAP_M] / 2.0
    closing = max(0.0, its_speed - speed)
    if room < 0.0 or gap + brake_distance(speed, city.max_decel, step) < brake_distance(
        its_speed, city.max_decel, step
    ):
        return False
    return closing * closing <= 2.0 * city.firm_decel * room


@woven
def fits_among(city: City, vehicle: int, lane: int, place: int, wish: float) -> bool:
    """Whether a driver with some desire for a lane puts up with the gap to whoever would be next ahead there."""
    position, speed = city.vehicle_f[vehicle, POSITION_M], city.vehicle_f[vehicle, SPEED_MPS]
    gap = gap_ahead(city, lane, place, position)
    if gap == math.inf:
        return True
    ahead = ahead_of(city, lane, place)
    its_speed, step = city.vehicle_f[ahead, SPEED_MPS], city.step_s
    if gap < city.driver[city.vehicle_i[ahead, CLASS], MIN_GAP_M] / 2.0:
        return False
    if gap + brake_distance(its_speed, city.max_decel, step) < brake_distance(speed, city.max_decel, step):
        return False
    pace = aimed(city, vehicle, gap, its_speed, max(wished_speed(city, lane, vehicle), speed), SHORTEST * wish)
    return pace >= speed - city.firm_decel * wish * step


@woven
def shorten(city: City, lane: int, place: int) -> None:
    """Let a driver keep, for a while, the gap to whoever has just come in ahead."""
    vehicle = at(city, lane, place)
    kind = city.vehicle_i[vehicle, CLASS]
    gap = gap_ahead(city, lane, place, city.vehicle_f[vehicle, POSITION_M])
    if gap < math.inf:
        share = shortened(
            gap, city.vehicle_f[vehicle, SPEED_MPS], headway_on(city, lane, kind), city.driver[kind, MIN_GAP_M]
        )
        city.vehicle_f[vehicle, SHORTER] = max(city.vehicle_f[vehicle, SHORTER], share)
