"""Say how people choose a direction and a speed among others in the plane, one function a formula.

The speed is that of the collision-free speed model (Tordeux, Chraibi, Seyfried 2016, Collision-free speed model for
pedestrian dynamics, arXiv:1512.05597): it grows with the room to the nearest person ahead. The direction is that of the
anticipation velocity model (Xu, Chraibi, Seyfried 2021, Anticipation in a velocity-based model for pedestrian dynamics,
Transportation Research C 133, arXiv:2107.00624): people step aside from where others are about to be. Bodies are
ellipses, as in Xu, Chraibi, Tordeux, Zhang 2019 (Generalized collision-free velocity model, Physica A 535): the room
that somebody asks for is shorter beside a person than behind them. Everything uses + - * /, square roots and our own
``exp``, so that every machine computes the same bits.
"""

from __future__ import annotations

import math
from typing import Final, NamedTuple

from .chance import exp
from .compile import kernel

FREE: Final = 1e9  # a room that holds nobody up
FAINT: Final = 7.0  # an influence e⁻⁷ times as strong as at contact is none


class Law(NamedTuple):
    """What decides how people walk among others."""

    stop_m: float  # between the middles of two people, one behind the other, who both stand
    headway_m: float  # beyond it, at which somebody walks as fast as they like
    breadth_m: float  # to the side at which somebody is no longer in the way
    body_m: float  # diameter that nobody else enters
    contact_m: float  # room in which people slow down who have to get past somebody whom they do not follow
    wall_m: float  # between somebody's middle and a wall, at least
    strength: float  # how far people turn aside from somebody whom they are about to touch
    reach_m: float  # at which that is 1/e of it
    wall_strength: float
    wall_reach_m: float
    anticipation_s: float
    turning_s: float  # in which people turn
    range_m: float  # within which people look at others


@kernel
def shrink(across_m: float, breadth_m: float) -> float:
    """Share of the room behind a person that somebody asks for so far to the side; 0 where they are not in the way."""
    if across_m >= breadth_m:
        return 0.0
    return math.sqrt(1.0 - (across_m / breadth_m) ** 2)


@kernel
def speed_share(ahead_m: float, share: float, stop_m: float, headway_m: float) -> float:
    """Share of the desired speed behind somebody: (s - l) / (v0 T), the room that they ask for shrunk to a share.

    The time gap T of the model is ``headway_m`` over the desired speed, so that people in a hurry follow more closely,
    and the diagrams of hurried and of calm people are one but for their speed.
    """
    return min(max((ahead_m - stop_m * share) / (headway_m * share), 0.0), 1.0)


@kernel
def breadth_between(breadth_m: float, stop_m: float, alike: float) -> float:
    """To the side up to which two people are in each other's way, by the cosine between their directions.

    People who follow each other keep lanes; people who meet turn their shoulders.
    """
    return stop_m + (breadth_m - stop_m) * max(alike, 0.0)


@kernel
def anticipated_m(apart_m: float, approach_mps: float, anticipation_s: float) -> float:
    """Distance to somebody after a while at the present speeds, as far as they lie on the line between both."""
    return max(apart_m - approach_mps * anticipation_s, 0.0)


@kernel
def influence(strength: float, alike: float, apart_m: float, contact_m: float, reach_m: float) -> float:
    """How far people turn aside: k (1 + (1 - e0 · e) / 2) exp((l - s) / D); most from those who come towards them."""
    far = (apart_m - contact_m) / reach_m
    if far > FAINT:
        return 0.0
    return strength * (1.0 + 0.5 * (1.0 - alike)) * exp(-max(far, 0.0))


@kernel
def wall_influence(strength: float, room_m: float, reach_m: float) -> float:
    """How far people turn away from a wall, by the room between it and them."""
    far = room_m / reach_m
    if far > FAINT:
        return 0.0
    return strength * exp(-max(far, 0.0))


@kernel
def turned(now: float, wished: float, turning_s: float, step_s: float) -> float:
    """A component of the direction after a step of de/dt = (E - e) / tau; ends at most at the wish."""
    return now + (wished - now) * min(step_s / turning_s, 1.0)
