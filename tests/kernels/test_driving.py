"""Laws of the driving formulas: published equilibria, stops that are exact, followers that never hit their leader."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from citytwin.kernels.driving import (
    ACC,
    IDM,
    IDM_PLUS,
    KRAUSS,
    acc_accel,
    aimed_speed,
    brake_distance,
    idm_accel,
    idm_plus_accel,
    krauss_safe_speed,
    safe_speed,
    safely,
    slowed,
    slowing_speed,
    stopping_speed,
    stops_within,
)

SPEEDS = st.floats(0.0, 45.0)
PACES = st.floats(-30.0, 60.0)
ROOMS = st.floats(-5.0, 500.0)
DECELS = st.floats(0.5, 9.0)
STEPS = st.sampled_from([0.1, 0.25, 0.3, 0.5, 1.0])
CLOSE = 1e-9


@pytest.fixture
def car_following(data):
    cases = json.loads((data / "traffic" / "car_following.json").read_text())["cases"]
    return {case["id"]: case for case in cases}


def parameters(case) -> dict[str, float]:
    given_as = case["setup"]["params"]
    return {
        "desired_speed": given_as["v0_m_s"],
        "headway": given_as["T_s"],
        "min_gap": given_as["s0_m"],
        "max_accel": given_as["a_m_s2"],
        "comfort_decel": given_as["b_m_s2"],
    }


def equilibrium_gap(speed: float, driver: dict[str, float]) -> float:
    """Gap at which a driver behind a leader of the same speed keeps it, by bisection."""
    low, high = 0.1, 1e5
    for _ in range(200):
        middle = (low + high) / 2
        if idm_accel(speed, middle, 0.0, **driver) < 0.0:
            low = middle
        else:
            high = middle
    return high


EQUILIBRIA = ("tk_urban", "tk_motorway", "idm_2000", "urban_50_T1p2")


@pytest.mark.parametrize("name", EQUILIBRIA)
def test_gap_density_and_flow_at_equilibrium(car_following, name):
    case = car_following[f"idm_equilibrium_{name}"]
    driver, table = parameters(case), case["expected"]["table"]
    length = case["setup"]["params"]["length_m"]
    for row in table["rows"]:
        gap = equilibrium_gap(row["v_m_s"], driver)
        density = 1000.0 / (gap + length)
        assert gap == pytest.approx(row["gap_m"], rel=table["tol_rel"])
        assert density == pytest.approx(row["density_veh_km"], rel=table["tol_rel"])
        assert density * row["v_m_s"] * 3.6 == pytest.approx(row["flow_veh_h"], rel=table["tol_rel"])


@pytest.mark.parametrize("name", EQUILIBRIA)
def test_the_largest_flow(car_following, name):
    case = car_following[f"idm_equilibrium_{name}"]
    driver, expected = parameters(case), case["expected"]
    length = case["setup"]["params"]["length_m"]

    def flow(speed: float) -> float:
        return 3600.0 * speed / (equilibrium_gap(speed, driver) + length)

    speeds = [driver["desired_speed"] * k / 400 for k in range(1, 400)]
    best = max(speeds, key=flow)
    assert flow(best) == pytest.approx(expected["q_max"]["value"], rel=expected["q_max"]["tol_rel"])
    assert best == pytest.approx(expected["v_at_q_max"]["value"], rel=expected["v_at_q_max"]["tol_rel"])


@pytest.mark.parametrize(
    "name, driver_of",
    [("tk_urban_0_50", "tk_urban"), ("urban_50_T1p2_0_45", "urban_50_T1p2"), ("idm_2000_0_50", "idm_2000")],
)
def test_a_start_from_rest_takes_the_published_time(car_following, name, driver_of):
    case = car_following[f"idm_accel_{name}"]
    driver = parameters(car_following[f"idm_equilibrium_{driver_of}"])
    speed, position, t_s, step = 0.0, 0.0, 0.0, 0.05
    while speed < case["setup"]["to_m_s"]:
        new = speed + step * idm_accel(speed, math.inf, 0.0, **driver)
        position += step * (speed + new) / 2
        speed, t_s = new, t_s + step
    for value, expected in ((t_s, "time"), (position, "distance")):
        wanted = case["expected"][expected]
        assert abs(value - wanted["value"]) <= wanted["tol_abs"] + wanted["tol_rel"] * wanted["value"]


KRAUSS_CASES = ("g20_v13.89_vl13.89", "g10_v13.89_vl0", "g50_v27.78_vl20", "g5_v5_vl2", "g100_v33.33_vl0")


@pytest.mark.parametrize("name", KRAUSS_CASES)
def test_the_safe_speed_becomes_the_braking_form_of_krauss_as_steps_shrink(car_following, name):
    """Published for a reaction time of one second and steps without length; here the reaction is one step."""
    case, step = car_following[f"krauss_vsafe_{name}"], 1e-3
    setup, wanted = case["setup"], case["expected"]["v_safe_braking"]
    leader = brake_distance(setup["leader_speed_m_s"], setup["decel_m_s2"], step)
    while_reacting = wanted["value"] * (setup["tau_s"] - step)
    got = safe_speed(setup["net_gap_beyond_min_gap_m"] + leader - while_reacting, setup["decel_m_s2"], step)
    assert got == pytest.approx(wanted["value"], rel=wanted["tol_rel"])


def brake_step_by_step(speed: float, decel: float, step: float) -> float:
    distance, k = 0.0, 1
    while (slower := speed - k * decel * step) > 0.0:
        distance += step * slower
        k += 1
    return distance


@given(speed=SPEEDS, decel=DECELS, step=STEPS)
def test_brake_distance_is_what_braking_step_by_step_takes(speed, decel, step):
    assert brake_distance(speed, decel, step) == pytest.approx(brake_step_by_step(speed, decel, step), abs=1e-8)


@given(reach=st.floats(0.0, 500.0), decel=DECELS, step=STEPS)
def test_safe_speed_inverts_the_stop(reach, decel, step):
    speed = safe_speed(reach, decel, step)
    assert speed >= 0.0
    assert speed * step + brake_distance(speed, decel, step) == pytest.approx(reach, abs=1e-7)


@given(speed=SPEEDS, decel=DECELS, step=STEPS)
def test_safe_speed_is_the_highest(speed, decel, step):
    reach = speed * step + brake_distance(speed, decel, step)
    assert safe_speed(reach, decel, step) == pytest.approx(speed, abs=1e-7)


def test_no_reach_no_speed():
    assert safe_speed(0.0, 4.0, 1.0) == 0.0
    assert safe_speed(-3.0, 4.0, 1.0) == 0.0
    assert brake_distance(0.0, 4.0, 1.0) == 0.0


@given(reach=st.floats(0.0, 300.0), more=st.floats(0.0, 50.0), decel=DECELS, step=STEPS)
def test_more_room_never_means_less_speed(reach, more, decel, step):
    assert safe_speed(reach + more, decel, step) >= safe_speed(reach, decel, step) - CLOSE


@given(
    gap=st.floats(0.0, 100.0),
    leader_speed=SPEEDS,
    max_decel=st.floats(2.0, 9.0),
    step=STEPS,
    wishes=st.lists(st.tuples(st.floats(0.0, 1.0), st.floats(-1.0, 3.0)), min_size=1, max_size=60),
)
def test_a_follower_never_hits_a_leader_that_brakes_within_its_bound(gap, leader_speed, max_decel, step, wishes):
    """Whatever both wish: the leader brakes by any share of the bound, the follower accelerates as it likes."""
    speed = safe_speed(gap + brake_distance(leader_speed, max_decel, step), max_decel, step)
    for leader_brakes, follower_wants in wishes:
        bound = safe_speed(gap + brake_distance(leader_speed, max_decel, step), max_decel, step)
        new_speed = max(0.0, min(speed + follower_wants * step, bound))
        assert new_speed >= speed - max_decel * step - 1e-7, "braking harder than possible"
        leader_speed = max(0.0, leader_speed + (1.0 - 2.0 * leader_brakes) * max_decel * step)
        gap += (leader_speed - new_speed) * step
        speed = new_speed
        assert gap >= -1e-6


@given(
    speed=SPEEDS,
    reach=st.floats(0.0, 400.0),
    comfort=st.floats(0.5, 3.0),
    step=STEPS,
)
def test_a_stop_is_never_overshot_where_it_was_possible(speed, reach, comfort, step):
    firm, hard = max(3.0, comfort), 6.0
    assume(brake_distance(speed, hard, step) <= reach)
    left, hardest = reach, 0.0
    for _ in range(2000):
        new = stopping_speed(speed, left, comfort, firm, hard, step)
        hardest = max(hardest, (speed - new) / step)
        assert new >= 0.0
        new = min(new, speed + 2.0 * step)
        left -= new * step
        speed = new
        assert left >= -1e-7
    assert speed < 0.1
    assert hardest <= hard + 1e-6


@given(speed=SPEEDS, comfort=st.floats(0.5, 3.0), step=STEPS)
def test_who_can_stop_comfortably_does(speed, comfort, step):
    reach = brake_distance(speed, comfort, step) + 1e-6
    assert stopping_speed(speed, reach, comfort, 3.5, 6.0, step) >= speed - comfort * step - 1e-6


@given(pace=PACES, its_speed=SPEEDS, room=ROOMS, limit=SPEEDS, decel=DECELS, firm=DECELS, speed=SPEEDS, step=STEPS)
@example(pace=0.0, its_speed=0.0, room=0.0, limit=0.0, decel=2.0, firm=3.5, speed=0.0, step=1.0)
@example(pace=9.0, its_speed=9.0, room=9.0, limit=9.0, decel=9.0, firm=3.5, speed=9.0, step=1.0)
def test_a_root_is_left_out_only_where_it_would_not_count(pace, its_speed, room, limit, decel, firm, speed, step):
    """To the last bit, also at the very speed that is safe, and one above and below."""
    reach = room + brake_distance(its_speed, decel, step)
    safe, slow = safe_speed(reach, decel, step), slowing_speed(max(room, 0.0), limit, decel, step)
    for near in (pace, *around(safe), *around(slow)):
        assert safely(near, room, its_speed, decel, step) == min(near, safe)
        assert slowed(near, max(room, 0.0), limit, decel, step) == min(near, slow)
        if stops_within(near, reach, decel, step):
            assert near < safe
            for hard in (decel, 9.0):
                assert near <= stopping_speed(speed, max(reach, 0.0), decel, firm, hard, step)


@given(speed=SPEEDS, its_speed=SPEEDS, gap=st.floats(0.1, 300.0), wished=SPEEDS, decel=DECELS, step=STEPS)
def test_a_driver_after_krauss_asks_for_the_safe_speed_only_where_it_counts(speed, its_speed, gap, wished, decel, step):
    safe = krauss_safe_speed(speed, gap - 2.5, its_speed, decel, 1.0)
    for near in (wished, *around(max(safe, 0.0))):
        found = aimed_speed(KRAUSS, speed, gap, its_speed, near, 1.0, 2.5, 2.6, decel, step)
        assert found == min(speed + 2.6 * step, near, safe)


def around(speed: float) -> tuple[float, float, float]:
    """A speed, the one just below and the one just above."""
    return math.nextafter(speed, -math.inf), speed, math.nextafter(speed, math.inf)


@given(speed=SPEEDS, limit=SPEEDS, decel=DECELS, step=STEPS, distance=st.floats(0.0, 500.0))
def test_a_slower_stretch_is_reached_at_its_limit(speed, limit, decel, step, distance):
    """Who starts no faster than the rule allows arrives at the limit or less, braking by ``decel`` at most."""
    speed = min(speed, slowing_speed(distance, limit, decel, step))
    for _ in range(3000):
        new = slowing_speed(distance, limit, decel, step)
        new = min(new, speed + 2.0 * step)
        assert new >= min(speed, limit) - CLOSE or speed - new <= decel * step + 1e-6
        assert speed - new <= decel * step + 1e-6
        speed = new
        distance -= speed * step
        if distance <= 0.0:
            assert speed <= limit + 1e-6
            break
        if speed < 1e-3:
            break


@given(
    speed=SPEEDS,
    closing=st.floats(-20.0, 20.0),
    gap=st.floats(0.1, 500.0),
    wanted=st.floats(2.0, 40.0),
    headway=st.floats(0.5, 3.0),
)
def test_nobody_accelerates_more_than_they_can(speed, closing, gap, wanted, headway):
    driver = (wanted, headway, 2.0, 1.5, 2.0)
    accel = idm_accel(speed, gap, closing, *driver)
    assert accel <= 1.5
    assert idm_accel(speed, gap + 10.0, closing, *driver) >= accel - CLOSE
    assert idm_accel(speed, math.inf, closing, *driver) >= accel - CLOSE
    assert idm_accel(speed, gap, closing + 1.0, *driver) <= accel + CLOSE


ACCELERATION = {IDM: idm_accel, IDM_PLUS: idm_plus_accel, ACC: lambda *values: acc_accel(*values[:-1])}


@given(
    model=st.sampled_from(sorted(ACCELERATION)),
    speed=SPEEDS,
    leader_speed=SPEEDS,
    gap=st.floats(0.1, 500.0),
    wanted=st.floats(2.0, 40.0),
    headway=st.floats(0.5, 3.0),
    step=STEPS,
)
def test_drivers_aim_at_no_more_than_their_model_gives_midway_through_the_step(
    model, speed, leader_speed, gap, wanted, headway, step
):
    """And at no less than it gives at the speed that they have, or would have: the equation's solution lies between."""
    driver = (wanted, headway, 2.0, 1.5, 2.0)

    def accel(at: float) -> float:
        return ACCELERATION[model](at, gap, at - leader_speed, *driver)

    new = aimed_speed(model, speed, gap, leader_speed, *driver, step)
    if new < 0.0:
        assert accel(speed) < 0.0
        return
    given = (new - speed) / step
    assert given <= accel((speed + new) / 2.0) + 1e-6
    assert min(accel(speed), accel(max(0.0, speed + accel(speed) * step / 2.0))) - 1e-6 <= given


@pytest.mark.parametrize("model", sorted(ACCELERATION))
def test_the_error_of_a_step_falls_with_its_square(model):
    """A start behind a leader at rest who accelerates evenly, 10 s: speeds belong to the middle of a step."""

    def end(step: float) -> float:
        driver, speed, position = (15.0, 1.2, 2.0, 1.5, 2.0), 0.0, -6.0
        for k in range(round(10.0 / step)):
            gap = 0.4 * (k * step) ** 2 - position
            lead = 0.8 * k * step
            new = aimed_speed(model, speed, gap, lead, *driver, step if k else step / 2.0)
            position += new * step
            speed = new
        return position

    exact = end(1.0 / 512.0)
    assert abs(end(0.5) - exact) < 0.15
    assert abs(end(0.25) - exact) < 0.3 * abs(end(0.5) - exact) + 1e-3


SIMULATED = """
import numpy as np
from numba import cuda
from citytwin.kernels import driving

@cuda.jit
def drive(speed, reach, out):
    i = cuda.grid(1)
    if i < speed.size:
        out[0, i] = driving.brake_distance(speed[i], 4.5, 0.5)
        out[1, i] = driving.safe_speed(reach[i], 4.5, 0.5)
        out[2, i] = driving.stopping_speed(speed[i], reach[i], 2.0, 3.0, 6.0, 1.0)
        out[3, i] = driving.slowing_speed(reach[i], 8.3, 2.0, 1.0)
        out[4, i] = driving.idm_accel(speed[i], reach[i] + 0.1, speed[i] - 7.0, 13.9, 1.2, 2.0, 1.5, 2.0)
        for model in range(4):
            out[5 + model, i] = driving.aimed_speed(
                model, speed[i], reach[i] + 0.1, 7.0, 13.9, 1.2, 2.0, 1.5, 2.0, 1.0
            )

rng = np.random.default_rng(5)
speed, reach = rng.uniform(0, 40, 300), rng.uniform(0, 300, 300)
out = np.zeros((9, 300))
drive[10, 32](speed, reach, out)
for i in range(300):
    v, r = speed[i], reach[i]
    wanted = [
        driving.brake_distance(v, 4.5, 0.5), driving.safe_speed(r, 4.5, 0.5),
        driving.stopping_speed(v, r, 2.0, 3.0, 6.0, 1.0), driving.slowing_speed(r, 8.3, 2.0, 1.0),
        driving.idm_accel(v, r + 0.1, v - 7.0, 13.9, 1.2, 2.0, 1.5, 2.0),
        *(driving.aimed_speed(model, v, r + 0.1, 7.0, 13.9, 1.2, 2.0, 1.5, 2.0, 1.0) for model in range(4)),
    ]
    assert (out[:, i] == np.array(wanted)).all(), (i, out[:, i], wanted)
"""


def test_a_cuda_kernel_drives_by_the_same_formulas_bit_for_bit():
    """On numba's simulator, which needs no GPU."""
    environment = os.environ | {"NUMBA_ENABLE_CUDASIM": "1"}
    command = [sys.executable, "-c", SIMULATED]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
