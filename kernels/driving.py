"""Give the scalar formulas of driving: following, braking, stopping, curves.

Every function takes and returns plain floats, so that a CPU loop and a CUDA thread run the same formula. Speeds are in
m/s, distances in m, times in s. Positions advance by ``new speed × step``, and the braking functions are exact for that
update, not for continuous time. What does not change between two calls for one vehicle is divided by first, so that
the compiler shares it.
"""

from __future__ import annotations

import math
from typing import Final

from .compile import kernel, woven

# How a driver follows, as ``scenarios.drivers.MODELS`` orders them.
IDM: Final = 0
IDM_PLUS: Final = 1
KRAUSS: Final = 2
ACC: Final = 3

# Gains of the adaptive cruise control that Milanés and Shladover (2014) identified on cars with a production system.
ACC_SPACING = 0.23  # 1/s²
ACC_CLOSING = 0.07  # 1/s
ACC_FREE = 0.4  # 1/s, towards the set speed: Xiao, Wang, van Arem (2017)

GRAVITY = 9.81  # m/s²
LEAST_ACCEL = 0.3  # m/s²: on a steep road drivers press harder rather than stand
# What holds back a heavy vehicle: Rakha et al. (2001), eq. 3 and 4, for radial tyres on good asphalt (C_r = 1.25,
# c_2 = 0.0328, c_3 = 4.575) and 10 m² of front (C_d = 0.78) before 30 t.
ROLLING = GRAVITY * 1.25 * 4.575 / 1000.0  # m/s²
ROLLING_PER_SPEED = GRAVITY * 1.25 * 0.0328 * 3.6 / 1000.0  # 1/s
DRAG = 0.047285 * 0.78 * 10.0 * 3.6 * 3.6 / 30000.0  # 1/m

ROUNDING = 1e-6  # m²/s²: more than a square of a speed is ever off by


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
    reaction = speed * (headway + closing * (1.0 / (2.0 * math.sqrt(max_accel * comfort_decel))))
    wanted_gap = min_gap + max(0.0, reaction)
    ratio = speed * (1.0 / desired_speed)
    squeeze = wanted_gap * (1.0 / gap)
    return max_accel * (1.0 - ratio * ratio * ratio * ratio - squeeze * squeeze)


@kernel
def idm_plus_accel(
    speed: float,
    gap: float,
    closing: float,
    desired_speed: float,
    headway: float,
    min_gap: float,
    max_accel: float,
    comfort_decel: float,
) -> float:
    """Acceleration of one vehicle (m/s²), IDM+: the free-road and the following part limit it one by one.

    Schakel, Knoop, van Arem (2012), Transportation Research Record 2316, eq. 1-2; arguments as for ``idm_accel``. At
    equilibrium the gap is ``min_gap + speed × headway`` up to the desired speed, so that a lane carries more than with
    the same headway under the IDM.
    """
    reaction = speed * (headway + closing * (1.0 / (2.0 * math.sqrt(max_accel * comfort_decel))))
    wanted_gap = min_gap + max(0.0, reaction)
    ratio = speed * (1.0 / desired_speed)
    squeeze = wanted_gap * (1.0 / gap)
    return max_accel * min(1.0 - ratio * ratio * ratio * ratio, 1.0 - squeeze * squeeze)


@kernel
def acc_accel(
    speed: float, gap: float, closing: float, desired_speed: float, headway: float, min_gap: float, max_accel: float
) -> float:
    """Acceleration of a vehicle under adaptive cruise control (m/s²), at most ``max_accel``.

    Milanés and Shladover (2014), Transportation Research Part C 48, eq. 4: linear in the error of the gap and in the
    difference of speeds; towards the set speed as in Xiao, Wang, van Arem (2017). Such cars amplify disturbances, as
    the measured ones did. Arguments as for ``idm_accel``.
    """
    follow = ACC_SPACING * (gap - min_gap - headway * speed) - ACC_CLOSING * closing
    return min(max_accel, ACC_FREE * (desired_speed - speed), follow)


@kernel
def krauss_safe_speed(speed: float, gap: float, leader_speed: float, decel: float, reaction: float) -> float:
    """Speed (m/s) at which a driver who reacts after ``reaction`` s can stop behind a leader that brakes.

    Krauss (1998), Microscopic Modeling of Traffic Flow, eq. 4.8: linearised about the mean of both speeds. ``gap`` is
    what lies beyond the gap of standing vehicles, m.
    """
    return leader_speed + (gap - leader_speed * reaction) / ((speed + leader_speed) / (2.0 * decel) + reaction)


@kernel
def accel_on_slope(max_accel: float, gradient: float) -> float:
    """Acceleration (m/s²) that a driver's foot gives on a road that rises ``gradient`` metres per metre.

    What is ``max_accel`` on the level loses ``g × gradient`` uphill and gains it downhill (Treiber and Kesting 2013,
    *Traffic Flow Dynamics*, section 20.2), but for slopes that nobody would get up that way.
    """
    if gradient == 0.0:
        return max_accel
    return max(max_accel - GRAVITY * gradient, min(max_accel, LEAST_ACCEL))


@kernel
def power_accel(speed: float, gradient: float, power_per_mass: float) -> float:
    """Acceleration (m/s²) that is left of a heavy vehicle's power uphill; less than 0 above its crawl speed.

    Rakha, Lucic, Demarchi, Setti, Van Aerde (2001), *Vehicle Dynamics Model for Predicting Maximum Truck Acceleration
    Levels*, Journal of Transportation Engineering 127(5), eq. 1 to 5, per mass: power over speed, less rolling
    resistance, drag and slope. ``power_per_mass`` is in W/kg at the wheels.
    """
    held_back = ROLLING + ROLLING_PER_SPEED * speed + DRAG * speed * speed + GRAVITY * gradient
    return power_per_mass / max(speed, 1.0) - held_back


@kernel
def dawdled(speed: float, imperfection: float, max_accel: float, step: float, draw: float) -> float:
    """Speed (m/s) of a driver who does not quite reach the one aimed at; ``draw`` in [0, 1) is random.

    Krauss (1998), eq. 4.9: up to ``imperfection`` times what one step of acceleration gives is lost.
    """
    return max(0.0, speed - imperfection * max_accel * step * draw)


@woven
def midway_of(speed: float, accel: float, step: float) -> float:
    """Speed (m/s) in the middle of a step in which one accelerates so much."""
    return max(0.0, speed + accel * step / 2.0)


@kernel
def aimed_speed(
    model: int,
    speed: float,
    gap: float,
    leader_speed: float,
    desired_speed: float,
    headway: float,
    min_gap: float,
    max_accel: float,
    comfort_decel: float,
    step: float,
) -> float:
    """Speed (m/s) that a driver aims at for the coming step, by the model that he or she drives by.

    ``model`` is one of ``IDM``, ``IDM_PLUS``, ``KRAUSS``, ``ACC``; the gap is to the leader's rear, above 0, and inf on
    an empty road. May be negative. But for Krauss, whose model has steps of its own, ``leader_speed`` is best the one
    midway through the step.

    Drivers accelerate by the gap as it is and the speed midway through the step. With positions that advance by the new
    speed this is the leapfrog of Störmer and Verlet, whose error is of the second order of the step (Hairer, Lubich,
    Wanner 2003, Acta Numerica 12, section 1). The equation for the speed midway is solved by one secant, from the
    present speed to the one that the present acceleration would give: as no model accelerates more at a higher speed,
    and none has a graph that bends upwards, it never gives a higher speed than the equation.
    """
    if model == KRAUSS:
        most, room, twice = min(speed + max_accel * step, desired_speed), gap - min_gap, 2.0 * comfort_decel
        told = (most - leader_speed) * (speed + leader_speed + twice * headway)
        if told + ROUNDING < twice * (room - leader_speed * headway):
            return most  # less than the safe speed for sure, whatever that is
        return min(most, krauss_safe_speed(speed, room, leader_speed, comfort_decel, headway))
    closing = speed - leader_speed
    if model == IDM:  # twice the same formula in one piece: what both divide by is shared
        now = idm_accel(speed, gap, closing, desired_speed, headway, min_gap, max_accel, comfort_decel)
        midway = midway_of(speed, now, step)
        closing = midway - leader_speed
        then = idm_accel(midway, gap, closing, desired_speed, headway, min_gap, max_accel, comfort_decel)
    elif model == IDM_PLUS:
        now = idm_plus_accel(speed, gap, closing, desired_speed, headway, min_gap, max_accel, comfort_decel)
        midway = midway_of(speed, now, step)
        closing = midway - leader_speed
        then = idm_plus_accel(midway, gap, closing, desired_speed, headway, min_gap, max_accel, comfort_decel)
    else:
        now = acc_accel(speed, gap, closing, desired_speed, headway, min_gap, max_accel)
        midway = midway_of(speed, now, step)
        then = acc_accel(midway, gap, midway - leader_speed, desired_speed, headway, min_gap, max_accel)
    change = midway - speed
    if change == 0.0:
        return speed + now * step
    return speed + now * step * change / (change - (then - now) * step / 2.0)


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
def stops_within(speed: float, reach: float, decel: float, step: float) -> bool:
    """Whether ``safe_speed`` is higher than a speed for sure, told without dividing and without a root.

    ``brake_distance`` is at most ``speed² / (2 × decel)``. False says nothing.
    """
    return speed * (speed + 2.0 * decel * step) + ROUNDING < 2.0 * decel * reach


@kernel
def safely(pace: float, room: float, leader_speed: float, decel: float, step: float) -> float:
    """Speed (m/s), no higher than ``pace``, that is safe ``room`` metres behind a leader who may brake at ``decel``.

    The lower of ``pace`` and ``safe_speed`` of the room and of what the leader needs to stop, its ``brake_distance``:
    that is at least ``speed² / (2 × decel) − step × speed / 2``, so that most need not be told it exactly.
    """
    unit = decel * step
    if pace * (pace + 2.0 * unit) + ROUNDING < 2.0 * decel * room + leader_speed * (leader_speed - unit):
        return pace
    return min(pace, safe_speed(room + brake_distance(leader_speed, decel, step), decel, step))


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


@kernel
def slowed(pace: float, distance: float, limit: float, decel: float, step: float) -> float:
    """The lower of a speed (m/s) and ``slowing_speed``."""
    if pace <= limit or pace * (pace + 2.0 * decel * step) + ROUNDING < limit * limit + 2.0 * decel * distance:
        return pace
    return min(pace, slowing_speed(distance, limit, decel, step))
