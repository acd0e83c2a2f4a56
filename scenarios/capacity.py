"""Say in closed form what lanes, signals and minor roads carry, and how long people wait there.

Flows in vehicles an hour, times in s. These are what planners know from handbooks; the simulation is held against them
(``docs/validation``).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from .drivers import Drivers

LOS_SIGNAL_S = (10.0, 20.0, 35.0, 55.0, 80.0)  # HCM 7, exhibit 19-8: control delay up to which it is A, B, C, D, E


def saturation_flow(
    lane_width_m: float, *, turning_share: float = 0.0, radius_m: float = math.inf, nearside: bool, uphill_pct: float
) -> float:
    """Saturation flow of a lane at signals, pcu/h.

    Kimber, McDonald, Hounsell (1986), TRRL Research Report 67.
    """
    base = 2080.0 - 140.0 * nearside - 42.0 * uphill_pct + 100.0 * (lane_width_m - 3.25)
    return base / (1.0 + 1.5 * turning_share / radius_m)


def lane_capacity(drivers: Drivers, limit_mps: float, headway_factor: float = 1.0) -> float:
    """Most vehicles an hour that these drivers carry in one lane at equilibrium, without dawdling or lane changes.

    With gaps of standing gap + headway × speed; under the IDM larger by 1 / sqrt(1 − (v / v₀)⁴): Treiber, Hennecke,
    Helbing (2000), Phys. Rev. E 62, eq. 4.
    """
    desired = min(limit_mps, drivers.top_speed_mps or math.inf) * drivers.speed_factor_mean
    speed = np.linspace(0.0, desired, 501)[1:-1]
    gap = drivers.min_gap_m + drivers.headway_s * headway_factor * speed
    if drivers.model == "idm":
        gap /= np.sqrt(1.0 - (speed / desired) ** 4)
    return float((3600.0 * speed / (gap + drivers.length_m)).max())


def uniform_delay(cycle_s: float, green_s: float, saturation: float) -> float:
    """Mean delay of evenly spaced arrivals at a signal: the first term of Webster (1958) and of HCM 7, eq. 19-20.

    ``green_s`` is effective green, ``saturation`` flow over capacity; above 1 the delay within the cycle only.
    """
    share = green_s / cycle_s
    return cycle_s * (1.0 - share) ** 2 / (2.0 * (1.0 - min(1.0, saturation) * share))


def webster_delay(cycle_s: float, green_s: float, flow: float, saturation_flow: float) -> float:
    """Mean delay at a signal with random arrivals, in a steady state: all three terms.

    Webster (1958), Traffic signal settings, Road Research Technical Paper 39, eq. 1. Infinite at capacity.
    """
    share = green_s / cycle_s
    x, arrivals = flow / (saturation_flow * share), flow / 3600.0
    if x >= 1.0:
        return math.inf
    random = x * x / (2.0 * arrivals * (1.0 - x))
    correction = 0.65 * math.cbrt(cycle_s / arrivals**2) * math.pow(x, 2.0 + 5.0 * share)
    return uniform_delay(cycle_s, green_s, x) + random - correction


def hcm_delay(cycle_s: float, green_s: float, flow: float, saturation_flow: float, period_h: float = 0.25) -> float:
    """Control delay at a fixed-time signal of its own, no queue before: HCM 7, eq. 19-20 and 19-26 (k = 0.5, I = 1)."""
    capacity = saturation_flow * green_s / cycle_s
    x = flow / capacity
    over = x - 1.0
    incremental = 900.0 * period_h * (over + math.sqrt(over * over + 4.0 * x / (capacity * period_h)))
    return uniform_delay(cycle_s, green_s, x) + incremental


def level_of_service(delay_s: float, saturation: float = 0.0) -> str:
    """Letter A to F of a signal's control delay; F above capacity."""
    if saturation > 1.0:
        return "F"
    return "ABCDEF"[sum(delay_s > limit for limit in LOS_SIGNAL_S)]


def harders_capacity(conflicting: float, critical_s: float, follow_up_s: float) -> float:
    """Capacity of a minor stream whose drivers take gaps in one other: Harders (1968), HCM 7, eq. 20-32."""
    if conflicting <= 0.0:
        return 3600.0 / follow_up_s
    q = conflicting / 3600.0
    return conflicting * math.exp(-q * critical_s) / (1.0 - math.exp(-q * follow_up_s))


def siegloch_capacity(conflicting: float, critical_s: float, follow_up_s: float) -> float:
    """The same where drivers use longer gaps in proportion: Siegloch (1973)."""
    return 3600.0 / follow_up_s * math.exp(-conflicting / 3600.0 * (critical_s - follow_up_s / 2.0))


def tanner_capacity(conflicting: float, critical_s: float, follow_up_s: float, least_headway_s: float = 2.0) -> float:
    """The same where the other stream keeps a least headway and is bunched as far as it goes: Tanner (1962)."""
    if conflicting <= 0.0:
        return 3600.0 / follow_up_s
    q = conflicting / 3600.0
    free = 1.0 - q * least_headway_s
    return 3600.0 * q * free * math.exp(-q * (critical_s - least_headway_s)) / (1.0 - math.exp(-q * follow_up_s))


def roundabout_capacity(circulating: float, intercept: float = 1380.0, slope_h: float = 0.00102) -> float:
    """Capacity of a roundabout's entry, pc/h: HCM 7, eq. 22-1 (one lane; HCM 2010 had 1,130 and 0.0010)."""
    return intercept * math.exp(-slope_h * circulating)


def unsignalised_delay(flow: float, capacity: float, period_h: float = 0.25, *, roundabout: bool = False) -> float:
    """Control delay of a minor stream, s: HCM 7, eq. 20-64; of a roundabout's entry eq. 22-17."""
    x = flow / capacity
    over = x - 1.0
    queueing = 900.0 * period_h * (over + math.sqrt(over * over + 3600.0 / capacity * x / (450.0 * period_h)))
    return 3600.0 / capacity + queueing + (5.0 * min(x, 1.0) if roundabout else 5.0)


def queue_95(flow: float, capacity: float, period_h: float = 0.25) -> float:
    """Vehicles that the queue of a minor stream does not exceed nineteen times in twenty: HCM 7, eq. 20-68."""
    x = flow / capacity
    over = x - 1.0
    return (
        900.0
        * period_h
        * (over + math.sqrt(over * over + 3600.0 / capacity * x / (150.0 * period_h)))
        * capacity
        / 3600.0
    )


def platoon_behind(arrivals: list[float], travel_s: float, alpha: float = 0.35, beta: float = 0.8) -> list[float]:
    """Flow downstream of a signal, per step of 1 s, as a platoon spreads: Robertson (1969), TRANSYT.

    ``arrivals`` is the flow at the signal; the result begins at the same moment and lasts until the platoon has passed.
    """
    smoothing = 1.0 / (1.0 + alpha * beta * travel_s)
    lag = int(beta * travel_s)
    behind = [0.0] * lag
    for t in range(len(arrivals) + 20 * lag):
        now = arrivals[t] if t < len(arrivals) else 0.0
        behind.append(smoothing * now + (1.0 - smoothing) * behind[-1])
    return behind
