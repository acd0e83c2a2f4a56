"""Say how much a driver desires another lane, and what he or she puts up with for it.

Schakel, Knoop, van Arem (2012), *Integrated Lane Change Model with Relaxation and Synchronization*, Transportation
Research Record 2316, with its parameters: the nearer the place where the lane must have been left, the smaller the gaps
that are accepted; drivers first keep pace with the lane they want, then are let in; a short headway after a change of
lanes grows slowly to what the driver likes.
"""

from __future__ import annotations

from .compile import kernel, woven
from .traffic_tables import CONNECTOR, CONTENT, SPEED_MPS, City
from .ways import leads_on_m

SEE_M = 295.0  # its x_0, for each change of lanes
SEE_S = 43.0  # its t_0
CHANGES = 0.365  # desire of any change of lanes that is made
SYNCHRONISES = 0.577  # desire from which a driver keeps pace with the lane beside
IS_LET_IN = 0.788  # and from which others make room
SHORTEST = 1.0 - 0.56 / 1.2  # by how much the headway is shortened at most: T_min over T_max
RELAXES_S = 25.0  # its tau
KEEPS_PACE_MPS2 = 2.09  # its b: no driver brakes harder to keep pace with another lane
KEEPS_PACE_MPS = 1.0  # nor below this speed, so that whoever stands beside is passed


@kernel
def desire(left: float, speed: float, changes: int) -> float:
    """Desire (0 to 1) to change lanes so many times within ``left`` metres."""
    by_place = 1.0 - left / (changes * SEE_M)
    by_time = 1.0 - left / (max(speed, 0.1) * changes * SEE_S)
    return min(1.0, max(0.0, by_place, by_time))


@kernel
def relaxed(shorter: float, step: float) -> float:
    """Share by which a headway is shorter, a step later: it grows by ``step / tau`` of what is missing."""
    share = shorter * (1.0 - step / RELAXES_S)
    return 0.0 if share < 0.01 else share


@kernel
def shortened(gap: float, speed: float, headway: float, min_gap: float) -> float:
    """By which share a headway is shorter than the one wished for, at most ``SHORTEST``."""
    if speed <= 0.0:
        return 0.0
    return min(SHORTEST, max(0.0, 1.0 - (gap - min_gap) / (speed * headway)))


@woven
def way_wanted(city: City, vehicle: int, lane: int, left: float) -> float:
    """Desire (0 to 1) of a driver, ``left`` metres before a link's end, for a lane that serves the route better."""
    changes = -city.vehicle_i[vehicle, CONTENT]
    if changes <= 0:
        return 0.0
    if city.vehicle_i[vehicle, CONNECTOR] >= 0:
        left += leads_on_m(city, vehicle, lane)
    return desire(left, city.vehicle_f[vehicle, SPEED_MPS], changes)
