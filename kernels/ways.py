"""Answer where a vehicle can go from its lane."""

from __future__ import annotations

import math

from .compile import bare, bare_entry, woven
from .members import member_of
from .traffic_tables import (
    ACCESS,
    CLASS,
    CONNECTOR,
    CONTENT,
    FIRST_CONNECTOR,
    FIRST_LANE,
    GRANTED,
    LANE,
    LANE_LENGTH_M,
    LIMIT_MPS,
    ON_LINK,
    OPEN,
    ROUTE_AT,
    ROUTE_SIZE,
    ROUTE_START,
    TO_LANE,
    TO_LINK,
    City,
    Longs,
)

SEE_S = 30.0  # at the limit: how far ahead drivers mind which lane leads where
FITS = 8  # how well a lane that leads on at once serves a route


@woven
def link_ahead(city: City, vehicle: int, steps: int) -> int:
    """Link ``steps`` places further on the vehicle's route, -1 behind its end."""
    place = city.vehicle_i[vehicle, ROUTE_AT] + steps
    if place >= city.vehicle_i[vehicle, ROUTE_SIZE]:
        return -1
    return city.route[city.vehicle_i[vehicle, ROUTE_START] + place]


@woven
def goes_on(city: City, vehicle: int, steps: int) -> bool:
    """Whether the vehicle's route has a link ``steps`` places further on."""
    return city.vehicle_i[vehicle, ROUTE_AT] + steps < city.vehicle_i[vehicle, ROUTE_SIZE]


@woven
def leads(city: City, lane: int, link: int) -> bool:
    """Whether a lane has a connector to a link."""
    for connector in range(city.lane_i[FIRST_CONNECTOR, lane], city.lane_i[FIRST_CONNECTOR, lane + 1]):
        if city.connector[TO_LINK, connector] == link:
            return True
    return False


@woven
def may_use(city: City, lane: int, access: int) -> bool:
    """Whether a lane is open and allows this kind of vehicle."""
    return city.lane_i[OPEN, lane] != 0 and (city.lane_i[ACCESS, lane] & access) != 0


@bare
def way_on(city: City, vehicle: int, lane: int, avoid: int) -> int:
    """Connector from a lane towards the next link of a vehicle's route, -1 when the lane does not lead there.

    Of several, the one whose far lane is nearest to one that leads to the link after; closed lanes only where nothing
    else leads there. A connector equal to ``avoid`` comes last.
    """
    wanted = link_ahead(city, vehicle, 1)
    access = city.class_access[city.vehicle_i[vehicle, CLASS]]
    best, best_score = -1, -1
    if wanted < 0:
        return best
    for connector in range(city.lane_i[FIRST_CONNECTOR, lane], city.lane_i[FIRST_CONNECTOR, lane + 1]):
        if city.connector[TO_LINK, connector] != wanted:
            continue
        far = city.connector[TO_LANE, connector]
        score = 2 * fits_on(city, vehicle, far)
        if may_use(city, far, access):
            score += 1 << 20
        if connector != avoid:
            score += 1
        if score > best_score:
            best, best_score = connector, score
    return best


@woven
def lanes_beyond(city: City, link: int, lanes: int, wanted: int) -> int:
    """Open lanes of the next link to which some lanes of a link lead, as bits, the lane nearest the kerb first."""
    first, begin, found = city.link[FIRST_LANE, link], city.link[FIRST_LANE, wanted], 0
    for lane in range(first, city.link[FIRST_LANE, link + 1]):
        if (lanes >> (lane - first)) & 1 == 0:
            continue
        for connector in range(city.lane_i[FIRST_CONNECTOR, lane], city.lane_i[FIRST_CONNECTOR, lane + 1]):
            to_lane = city.connector[TO_LANE, connector]
            if city.connector[TO_LINK, connector] == wanted and city.lane_i[OPEN, to_lane] != 0:
                found |= 1 << (to_lane - begin)
    return found


@bare
def leads_on_m(city: City, vehicle: int, lane: int) -> float:
    """Metres beyond its end over which a lane leads along a vehicle's route without a change; no further than seen."""
    link = city.lane_i[ON_LINK, lane]
    lanes, sight = 1 << (lane - city.link[FIRST_LANE, link]), SEE_S * city.lane_f[LIMIT_MPS, lane]
    reach, steps = 0.0, 1
    while reach < sight:
        wanted = link_ahead(city, vehicle, steps)
        if wanted < 0:
            return math.inf
        lanes = lanes_beyond(city, link, lanes, wanted)
        if lanes == 0:
            break
        reach += city.lane_f[LANE_LENGTH_M, city.link[FIRST_LANE, wanted]]
        link, steps = wanted, steps + 1
    return reach


@bare
def fits_on(city: City, vehicle: int, lane: int) -> int:
    """How well a lane of the next link of a route serves what comes after.

    ``FITS`` if it leads to the link after, and one more for each further link in sight that is reached without a change
    of lanes; one less for every lane that one has to change, at least 1.
    """
    after = link_ahead(city, vehicle, 2)
    if after < 0:
        return FITS
    link = city.lane_i[ON_LINK, lane]
    first, last = city.link[FIRST_LANE, link], city.link[FIRST_LANE, link + 1]
    lanes, found, steps = 1 << (lane - first), FITS - 1, 2
    seen, sight = city.lane_f[LANE_LENGTH_M, lane], SEE_S * city.lane_f[LIMIT_MPS, lane]
    while after >= 0:
        lanes = lanes_beyond(city, link, lanes, after)
        if lanes == 0:
            break
        found += 1
        if seen >= sight:
            break
        link, steps = after, steps + 1
        seen += city.lane_f[LANE_LENGTH_M, city.link[FIRST_LANE, link]]
        after = link_ahead(city, vehicle, steps)
    if found >= FITS:
        return found
    for away in range(1, min(last - first, FITS - 1)):
        for side in range(-1, 2, 2):
            other = lane + side * away
            if first <= other < last and leads(city, other, after):
                return FITS - away
    return 1


@bare
def suits(city: City, vehicle: int, lane: int) -> int:
    """How well a lane serves a route: 0 if it does not lead to the next link, else as ``fits_on`` says of the far lane.

    Over lanes that are open: who sees that the lane ahead is closed looks for another.
    """
    wanted, found = link_ahead(city, vehicle, 1), 0
    for connector in range(city.lane_i[FIRST_CONNECTOR, lane], city.lane_i[FIRST_CONNECTOR, lane + 1]):
        far = city.connector[TO_LANE, connector]
        if city.connector[TO_LINK, connector] == wanted and city.lane_i[OPEN, far] != 0:
            found = max(found, fits_on(city, vehicle, far))
    return found


@bare
def lane_towards(city: City, vehicle: int, link: int, lane: int) -> int:
    """Nearest open lane of the link that serves a vehicle's route better than ``lane``, -1: none."""
    first, last = city.link[FIRST_LANE, link], city.link[FIRST_LANE, link + 1]
    best, best_suits, access = -1, suits(city, vehicle, lane), city.class_access[city.vehicle_i[vehicle, CLASS]]
    for away in range(1, last - first):
        for side in range(-1, 2, 2):
            other = lane + side * away
            if first <= other < last and may_use(city, other, access):
                other_suits = suits(city, vehicle, other)
                if other_suits > best_suits:
                    best, best_suits = other, other_suits
    return best


@bare_entry
def renew_ways(cities: City, m: int, vehicles: Longs) -> None:
    """Choose the way on from their lanes for vehicles on road lanes that were given new routes."""
    city = member_of(cities, m)
    for i in range(vehicles.size):
        vehicle = vehicles[i]
        lane = city.vehicle_i[vehicle, LANE]
        if 0 <= lane < city.road_lanes and city.vehicle_i[vehicle, GRANTED] == 0:
            city.vehicle_i[vehicle, CONNECTOR] = way_on(city, vehicle, lane, -1)
            city.vehicle_i[vehicle, CONTENT] = 0
