"""Say what water and smoke do to people and vehicles: published formulas, and loops that apply them to every place.

A *field* is ``[column, place]``: what a hazard is at every place at one moment. Everything uses + - * / and our own
``exp`` and ``log``, so that every machine computes the same bits.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

from .chance import exp, log
from .compile import kernel

Floats = NDArray[np.float64]
Longs = NDArray[np.int64]
Bools = NDArray[np.bool_]

# Columns of a field of water and of one of smoke; areas (fire, blocked) have one column, 1 inside.
DEPTH_M: Final = 0
VELOCITY_MPS: Final = 1
EXTINCTION_PER_M: Final = 0
CO_PPM: Final = 1
CO2_PERCENT: Final = 2
O2_LACKS_PERCENT: Final = 3  # of the 20.9 % that air has
INSIDE: Final = 0

# Pregnolato, Ford, Wilkinson, Dawson (2017), Transportation Research Part D 55: fastest safe speed, km/h, by depth, mm.
CAR_A: Final = 0.0009
CAR_B: Final = -0.5529
CAR_C: Final = 86.9448
CAR_LOWEST_MM: Final = -CAR_B / (2.0 * CAR_A)  # where the fitted parabola turns up again

# Li, Song, Zhang, Bode (2026), Acta Polytechnica CTU Proceedings 57: at 0.35 m men walk 38.6 % and women 44.8 % slower,
# and deeper water slows them down less and less: an exponential through that point.
WADING_M: Final = 0.35
WADING_RATIO: Final = 1.0 - (0.386 + 0.448) / 2.0

# Frantzich and Nilsson (2003), Lund University report 3126: walking speed by extinction coefficient, in the form of
# FDS+Evac (read in the documentation of pyFDS-Evac; the report was not at hand).
LUND_ALPHA: Final = 0.706
LUND_BETA: Final = -0.057
LUND_LEAST: Final = 0.1
FRIDOLF_M: Final = 2.0  # visibility at which people walk half as fast

# What drivers can see and stop within: visibility of reflecting things is 3 / K (Jin 1978); AASHTO (2018), A Policy on
# Geometric Design, 3.2.2: 2.5 s until they brake, 3.4 m/s².
VISIBLE: Final = 3.0
REACTION_S: Final = 2.5
BRAKES_MPS2: Final = 3.4

# Purser, SFPE Handbook of Fire Protection Engineering, ch. 63, as in FDS+Evac: doses a minute.
CO_RATE: Final = 2.764e-5
CO_POWER: Final = 1.036
HYPERVENTILATION: Final = 0.1903
HYPERVENTILATION_0: Final = 2.0004
HYPERVENTILATION_OVER: Final = 7.1
O2_0: Final = 8.13
O2_SLOPE: Final = 0.54
O2_HARMLESS_PERCENT: Final = 0.9  # lacking: the formula is for less than 20 %

SLOWEST_MPS: Final = 0.1  # no formula divides by nothing
STANDS: Final = 1e-6  # share of their speed at which people stand who cannot go on


@kernel
def car_speed_in_water(depth_m: float) -> float:
    """Fastest safe speed of a car in standing water, m/s; inf on a dry road."""
    if depth_m <= 0.0:
        return math.inf
    depth_mm = min(1000.0 * depth_m, CAR_LOWEST_MM)
    return max((CAR_A * depth_mm * depth_mm + CAR_B * depth_mm + CAR_C) / 3.6, SLOWEST_MPS)


@kernel
def walking_ratio_in_water(depth_m: float) -> float:
    """Walking speed in still water over that on dry ground."""
    return exp(depth_m / WADING_M * log(WADING_RATIO)) if depth_m > 0.0 else 1.0


@kernel
def car_speed_in_smoke(extinction_per_m: float) -> float:
    """Speed from which a driver can stop within what can be seen, m/s; inf in clear air."""
    if extinction_per_m <= 0.0:
        return math.inf
    reacts_mps = BRAKES_MPS2 * REACTION_S
    sees_m = VISIBLE / extinction_per_m
    return max(math.sqrt(reacts_mps * reacts_mps + 2.0 * BRAKES_MPS2 * sees_m) - reacts_mps, SLOWEST_MPS)


@kernel
def walking_ratio_in_smoke(extinction_per_m: float, seen: float) -> float:
    """Walking speed in smoke over that in clear air: after Fridolf by the visibility V, V / (V + 2 m), or after Lund.

    ``seen`` is visibility times extinction (Jin): 3 for what reflects light, 8 for what is lit; 0: after Lund.
    """
    if seen > 0.0:
        return seen / (seen + FRIDOLF_M * extinction_per_m)
    return max(LUND_LEAST, 1.0 + LUND_BETA * extinction_per_m / LUND_ALPHA)


@kernel
def dose_per_s(co_ppm: float, co2_percent: float, o2_lacks_percent: float) -> float:
    """Fractional effective dose that somebody breathes in a second; at 1 half of the people are incapacitated."""
    dose = 0.0
    if co_ppm > 0.0:
        faster = exp(HYPERVENTILATION * co2_percent + HYPERVENTILATION_0) / HYPERVENTILATION_OVER
        dose += CO_RATE * exp(CO_POWER * log(co_ppm)) * faster
    if o2_lacks_percent > O2_HARMLESS_PERCENT:
        dose += exp(O2_SLOPE * o2_lacks_percent - O2_0)
    return dose / 60.0


@kernel
def hazard_rating(depth_m: float, velocity_mps: float) -> float:
    """Danger of water to people, m²/s, debris left out: above 0.75 to some, 1.25 to most, 2 to all (Defra FD2321)."""
    return depth_m * (velocity_mps + 0.5)


@kernel
def slow_down_in_water(field: Floats, passable: Bools, ratio: Floats) -> None:
    """Multiply the walking speeds of places by what water leaves of them; where nobody gets through, people stand."""
    for place in range(ratio.size):
        ratio[place] *= walking_ratio_in_water(field[DEPTH_M, place]) if passable[place] else STANDS


@kernel
def slow_down_in_smoke(field: Floats, seen: float, ratio: Floats) -> None:
    """Multiply the walking speeds of places by what smoke leaves of them; ``seen`` as in walking_ratio_in_smoke."""
    for place in range(ratio.size):
        ratio[place] *= walking_ratio_in_smoke(field[EXTINCTION_PER_M, place], seen)


@kernel
def cap_in_water(field: Floats, passable: Bools, link_of: Longs, cap_mps: Floats) -> None:
    """Lower the speeds of links to what is safe at their deepest place that can be passed."""
    for place in range(link_of.size):
        if passable[place]:
            link = link_of[place]
            cap_mps[link] = min(cap_mps[link], car_speed_in_water(field[DEPTH_M, place]))


@kernel
def cap_in_smoke(field: Floats, link_of: Longs, cap_mps: Floats) -> None:
    """Lower the speeds of links to what is safe where least can be seen."""
    for place in range(link_of.size):
        link = link_of[place]
        cap_mps[link] = min(cap_mps[link], car_speed_in_smoke(field[EXTINCTION_PER_M, place]))


@kernel
def breathe(field: Floats, place: Longs, span_s: float, dose: Floats) -> None:
    """Add what people breathe at their places of a field of smoke to their doses, ``[person]`` both."""
    for person in range(place.size):
        at = place[person]
        dose[person] += span_s * dose_per_s(field[CO_PPM, at], field[CO2_PERCENT, at], field[O2_LACKS_PERCENT, at])
