"""Give the scalar formulas of driving: following, braking, stopping, curves.

Every function takes and returns plain floats, so that a CPU loop and a CUDA thread run the same formula. Speeds are in
m/s, distances in m, times in s. Positions advance by ``new speed × step`` (semi-implicit Euler), and the braking
functions are exact for that update, not for continuous time.
"""

from __future__ import annotations

import math

from .compile import kernel


@kernel
def idm_accel(
    speed: float,
    gap: float,
    closing: float,
    desired_speed: float,
    headway: float,
    min_gap: float,
    max_accel: float,
    comfort_decel: float,
) -> float:
    """Acceleration of one vehicle (m/s²), Intelligent Driver Model.

    Treiber, Hennecke, Helbing (2000), Phys. Rev. E 62, eq. 2-3. ``closing`` is own speed minus the leader's; an empty
    road is ``gap = inf``.
    """
    reaction = speed * headway + speed * closing / (2.0 * math.sqrt(max_accel * comfort_decel))
    wanted_gap = min_gap + max(0.0, reaction)
    ratio = speed / desired_speed
    squeeze = wanted_gap / gap
    return max_accel * (1.0 - ratio * ratio * ratio * ratio - squeeze * squeeze)


@kernel
def brake_distance(speed: float, decel: float, step: float) -> float:
    """Distance (m) covered while braking to rest, the first reduction taking effect in the coming step.

    The sum of ``step × (speed − k × decel × step)`` over the steps k = 1, 2, … in which that speed is positive.
    """
    steps = math.floor(speed / (decel * step))
    return step * (steps * speed - decel * step * steps * (steps + 1.0) / 2.0)


@kernel
def safe_speed(reach: float, decel: float, step: float) -> float:
    """Highest speed for the coming step that still allows a stop within ``reach`` metres at ``decel``.

    Solves ``speed × step + brake_distance(speed) = reach``, the discrete form of the safe speed of Krauss (1998).
    With ``reach = gap + brake_distance(leader's speed)`` no follower can hit a leader that brakes at up to ``decel``:
    the inequality is kept from step to step, and the deceleration it asks for never exceeds ``decel``.
    """
    if reach <= 0.0:
        return 0.0
    unit = decel * step * step
    steps = math.floor((math.sqrt(1.0 + 8.0 * reach / unit) - 1.0) / 2.0)
    return (reach + unit * steps * (steps + 1.0) / 2.0) / ((steps + 1.0) * step)


@kernel
def stopping_speed(
    speed: float,
    reach: float,
    comfort_decel: float,
    firm_decel: float,
    max_decel: float,
    step: float,
) -> float:
    """Highest speed for the coming step on the way to a stop ``reach`` metres ahead, braking no harder than needed.

    Comfortably where that still suffices, else firmly, else as hard as the vehicle can. Never below
    ``speed − max_decel × step``.
    """
    wanted = safe_speed(reach, comfort_decel, step)
    if wanted >= speed - comfort_decel * step:
        return wanted
    wanted = safe_speed(reach, firm_decel, step)
    if wanted >= speed - firm_decel * step:
        return wanted
    return max(safe_speed(reach, max_decel, step), speed - max_decel * step)


@kernel
def slowing_speed(distance: float, limit: float, decel: float, step: float) -> float:
    """Highest speed for the coming step so that a point ``distance`` ahead is passed at ``limit`` or less.

    Solves ``v × step + (v² − limit²) / (2 × decel) = distance``; a vehicle faster than ``limit`` does not reach the
    point within the step, and the deceleration asked for later is at most ``decel``.
    """
    bend = decel * step
    return max(limit, math.sqrt(bend * bend + limit * limit + 2.0 * decel * distance) - bend)
