"""Let drivers who have waited long at a line accept smaller gaps, where a scenario says so."""

from __future__ import annotations

from .compile import bare, woven
from .gaps import DARK, approaches, claimed, critical_gap, light_of
from .merging import may_join
from .traffic_tables import (
    CLASS,
    FIRST_FOE,
    FOE,
    FOE_MERGES,
    FOE_PASS_S,
    FOE_REACH_M,
    FOE_YIELDED_TO,
    IMPATIENT_AFTER_S,
    LANE_LENGTH_M,
    LEAST_GAP_SHARE,
    STANDING_S,
    City,
)


@woven
def gap_share(city: City, vehicle: int) -> float:
    """Share of its critical gap that a vehicle insists on: all of it at first, evenly less while it stands.

    Adebisi and Sama (1989), *Influence of Stopped Delay on Driver Gap Acceptance Behavior*, Journal of Transportation
    Engineering 115 (3): critical gaps are larger than the mean before stops of less than 25 s and smaller after more
    than 30 s.
    """
    kind = city.vehicle_i[vehicle, CLASS]
    least = city.driver[kind, LEAST_GAP_SHARE]
    if least == 1.0:
        return 1.0
    return 1.0 - (1.0 - least) * min(1.0, city.vehicle_f[vehicle, STANDING_S] / city.driver[kind, IMPATIENT_AFTER_S])


@bare
def is_gap_small(city: City, vehicle: int, connector: int, left: float) -> bool:
    """Whether somebody with right of way comes within all of the critical gap of a vehicle ``left`` m from its line."""
    dark = light_of(city, connector) == DARK
    to_join = left + city.lane_f[LANE_LENGTH_M, city.road_lanes + connector]
    for place in range(city.connector[FIRST_FOE, connector], city.connector[FIRST_FOE, connector + 1]):
        if city.foe[FOE_YIELDED_TO, place] == 0:
            continue
        foe, beyond = city.foe[FOE, place], city.foe_f[FOE_REACH_M, place]
        within_s = critical_gap(city, vehicle, place) - city.foe_f[FOE_PASS_S, place]
        if dark and city.foe[FOE_MERGES, place] != 0:
            beyond = city.lane_f[LANE_LENGTH_M, city.road_lanes + foe]
            if not may_join(city, vehicle, to_join, place, within_s):
                return True
        elif claimed(city, place, within_s):
            return True
        if approaches(city, foe, within_s, beyond):
            return True
    return False
