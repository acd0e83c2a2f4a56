"""Published figures of car following: equilibria, stability, waves, starting and stopping."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from idm_theory import Idm, named_sets
from micro_traffic import Part, Tracks, put_on, record, ring_at, rows_from, straight, with_programme
from reference_cases import Case, parameters, read_cases, score
from traffic_case import simulate

from citytwin.kernels.driving import brake_distance, krauss_safe_speed, safe_speed

CASES = read_cases("car_following")
SETS = named_sets(CASES)
FINE_S = 0.1  # the shortest step that a scenario may have
LINE_M = 600.0
NO_DETOURS = {"reroute_blocked_after_s": "never"}

KNOWN: dict[str, dict[str, str]] = {}


def equilibrium(case: Case) -> dict[str, Any]:
    model = Idm.of(case["setup"]["params"])
    rows = []
    for row in case["expected"]["table"]["rows"]:
        v, gap = row["v_m_s"], model.gap(row["v_m_s"])
        found = {"v_m_s": v, "gap_m": gap, "density_veh_km": 1000.0 / (gap + model.length), "flow_veh_h": model.flow(v)}
        if v > 0.0:
            found |= {"wave_dQdk_m_s": model.wave(v), "string_margin_per_s": model.margin(v)}
        rows.append(found)
    flow, speed = model.largest_flow()
    density = 1000.0 / (model.gap(speed) + model.length)
    return {"table": rows, "q_max": flow, "v_at_q_max": speed, "k_at_q_max": density}


def string_stability(case: Case) -> dict[str, Any]:
    model = Idm.of(case["setup"]["params"])
    low, high = model.unstable_speeds()
    density = [1000.0 / (model.gap(v) + model.length) for v in (high, low)]
    return {
        "unstable_from_v": low,
        "unstable_to_v": high,
        "unstable_density_from": density[0],
        "unstable_density_to": density[1],
    }


def jam_velocity(tracks: Tracks, length_m: float) -> float:
    """Speed of the place of slowest traffic on a ring, m/s, from the shift that maps one profile onto a later one."""
    cells, lag = 200, 20
    place = (tracks.driven_m + start_places(tracks, length_m)) % length_m
    profiles = []
    for x, v in zip(place[-600:], tracks.speed_mps[-600:], strict=True):
        order = np.argsort(x)
        at = (np.arange(cells) + 0.5) * length_m / cells
        profiles.append(np.interp(at, x[order], v[order], period=length_m))
    shifts = []
    for one, other in zip(profiles[:-lag], profiles[lag:], strict=True):
        a, b = np.fft.rfft(one - one.mean()), np.fft.rfft(other - other.mean())
        shift = int(np.argmax(np.fft.irfft(b * a.conj(), cells)))
        shifts.append((shift + cells / 2) % cells - cells / 2)
    step_s = tracks.t_s[1] - tracks.t_s[0]
    return float(np.mean(shifts)) * length_m / cells / (lag * step_s)


def start_places(tracks: Tracks, length_m: float) -> np.ndarray:
    vehicles = tracks.driven_m.shape[1]
    return np.arange(vehicles) * length_m / vehicles


def ring_road(case: Case) -> dict[str, Any]:
    setup = case["setup"]
    model, length_m, vehicles = SETS[setup["params"]], setup["ring_m"], setup["vehicles"]
    speed = model.speed_at(vehicles / length_m)
    simulation = ring_at(
        length_m, vehicles, speed, moved_m=1.0, speed_kmh=model.v0 * 3.6,
        duration_s=setup["duration_s"], step_s=FINE_S, drivers=model.drivers,
    )  # fmt: skip
    tracks = record(simulation, setup["duration_s"], every=10)
    mean = float((tracks.driven_m[-1] - tracks.driven_m[-601]).mean() / 600.0)
    found = {
        "equilibrium_speed": speed,
        "speed_sd_last_200s": float(tracks.speed_mps[-200:].std(axis=1).mean()),
        "mean_speed_last_600s": mean,
        "flow_last_600s": mean * vehicles / length_m * 3600.0,
    }
    if "jam_velocity" in case["expected"]:
        found["jam_velocity"] = jam_velocity(tracks, length_m)
    return found


def alone(model: Idm, to_mps: float) -> dict[str, Any]:
    """Start of one vehicle from rest on an empty road: when it has a speed, and where."""
    network = straight([Part(2000.0, speed_kmh=model.v0 * 3.6)])
    simulation = simulate(
        network,
        rows_from(np.zeros(1), "0", "0"),
        duration_s=60,
        step_s=FINE_S,
        drivers=model.drivers,
        routes=NO_DETOURS,
    )
    simulation.run(0)
    put_on(simulation, 0, np.zeros(1, int), np.array([10.0]), 0.0)
    tracks = record(simulation, 60.0)
    speed, x = tracks.speed_mps[:, 0], tracks.x_m[:, 0] - 10.0
    k = int(np.argmax(speed >= to_mps))
    share = (to_mps - speed[k - 1]) / (speed[k] - speed[k - 1])
    return {"time": tracks.t_s[k - 1] + share * FINE_S, "distance": float(x[k - 1] + share * (x[k] - x[k - 1]))}


def idm_start(case: Case) -> dict[str, Any]:
    return alone(SETS[case["setup"]["params"]], case["setup"]["to_m_s"])


def krauss_start(case: Case) -> dict[str, Any]:
    setup = case["setup"]
    drivers = {"model": "krauss", "max_accel_mps2": setup["accel_m_s2"], "speed_factor_sd": 0.0}
    network = straight([Part(2000.0, speed_kmh=setup["to_m_s"] * 3.6)])
    simulation = simulate(network, rows_from(np.zeros(1), "0", "0"), duration_s=60, step_s=FINE_S, drivers=drivers)
    simulation.run(0)
    put_on(simulation, 0, np.zeros(1, int), np.array([10.0]), 0.0)
    tracks = record(simulation, 20.0)
    k = int(np.argmax(tracks.speed_mps[:, 0] >= setup["to_m_s"] - 1e-3))
    return {"time": float(tracks.t_s[k]), "distance_continuous": float(tracks.x_m[k, 0] - 10.0)}


def idm_stop(case: Case) -> dict[str, Any]:
    """A vehicle comes up to one that stands at a red light."""
    setup = case["setup"]
    model, gap = SETS[setup["params"]], setup["initial_gap_m"]
    network = with_programme(
        straight([Part(LINE_M, speed_kmh=model.v0 * 3.6, signal_at_end=True), Part(100.0)]), 0.0, 9e3
    )
    rows = rows_from(np.zeros(2), "0", "1")
    simulation = simulate(network, rows, duration_s=100, step_s=FINE_S, drivers=model.drivers, routes=NO_DETOURS)
    simulation.run(0)
    stands = network.links.length_m[0] - 1.0
    start = np.array([stands, stands - model.length - gap])
    put_on(simulation, 0, np.arange(2), start, np.array([0.0, setup["initial_speed_m_s"]]))
    tracks = record(simulation, 90.0)
    gaps = tracks.x_m[:, 0] - tracks.x_m[:, 1] - model.length
    speed = np.concatenate([[setup["initial_speed_m_s"]], tracks.speed_mps[:, 1]])
    return {
        "gap_after_90s": float(gaps[-1]),
        "peak_deceleration": float(-np.diff(speed).min() / FINE_S),
        "time_to_below_0p1_m_s": float(tracks.t_s[np.argmax(tracks.speed_mps[:, 1] < 0.1)]),
        "min_gap_ever": float(gaps.min()),
        "collision": float((gaps <= 0.0).any()),
    }


def krauss_safe(case: Case) -> dict[str, Any]:
    """The 1998 form is what the model follows by; the braking form bounds every model, as steps shrink."""
    setup, step = case["setup"], 1e-3
    gap, decel, tau = setup["net_gap_beyond_min_gap_m"], setup["decel_m_s2"], setup["tau_s"]
    braking = case["expected"]["v_safe_braking"]["value"]
    reach = gap + brake_distance(setup["leader_speed_m_s"], decel, step) - braking * (tau - step)
    return {
        "v_safe_1998": krauss_safe_speed(setup["speed_m_s"], gap, setup["leader_speed_m_s"], decel, tau),
        "v_safe_braking": safe_speed(reach, decel, step),
    }


def krauss_flow(case: Case) -> dict[str, Any]:
    """A platoon behind a slow leader."""
    setup, count = case["setup"], 40
    v, length, min_gap = setup["speed_m_s"], setup["length_m"], setup["min_gap_m"]

    def run(speed: float) -> float:
        drivers = {
            "model": "krauss", "headway_s": setup["tau_s"], "min_gap_m": min_gap, "length_m": length,
            "speed_factor_sd": 0.0, "max_accel_mps2": 2.6, "comfort_decel_mps2": 4.5,
        }  # fmt: skip
        network = straight([Part(20_000.0, speed_kmh=speed * 3.6)])
        rows = rows_from(np.zeros(count), "0", "0")
        simulation = simulate(network, rows, duration_s=400, step_s=0.5, drivers=drivers, routes=NO_DETOURS)
        simulation.run(0)
        put_on(simulation, 0, np.arange(count), 2500.0 - np.arange(count) * 0.9 * (length + min_gap + speed), speed)
        tracks = record(simulation, 400.0, every=100)
        x = tracks.x_m[-1]
        return float((x[0] - x[-1]) / (count - 1))

    spacing = run(v)
    slower = run(v * 0.8)
    flow, flow_slower = v / spacing, 0.8 * v / slower
    return {
        "flow": 3600.0 * flow,
        "gap": spacing - length,
        "kinematic_wave": (flow - flow_slower) / (1.0 / spacing - 1.0 / slower),
        "jam_density": 1000.0 / (length + min_gap),
    }


def queue_discharge(case: Case) -> dict[str, Any]:
    setup = case["setup"]
    model, count = SETS[setup["params"]], setup["queue"]
    network = straight([Part(LINE_M, speed_kmh=model.v0 * 3.6), Part(3000.0, speed_kmh=model.v0 * 3.6)])
    simulation = simulate(
        network, rows_from(np.zeros(count), "0", "1"), duration_s=200, step_s=FINE_S, drivers=model.drivers,
        routes=NO_DETOURS,
    )  # fmt: skip
    simulation.run(0)
    line = float(network.links.length_m[0])
    first = line - setup["stop_line_m_ahead_of_first"]
    put_on(simulation, 0, np.arange(count), first - setup["spacing_m"] * np.arange(count), 0.0)
    tracks = record(simulation, 120.0)
    rear = tracks.when_past(line + model.length)
    headways = np.diff(rear)
    moved = tracks.t_s[np.argmax(tracks.speed_mps > 0.5, axis=0)]
    slope = np.polyfit(moved[4:], -setup["spacing_m"] * np.arange(count)[4:], 1)[0]
    wanted = len(case["expected"]["headways_rear_bumper"]["rows"])
    return {
        "headways_rear_bumper": headways[:wanted].tolist(),
        "saturation_headway_5_on": float(np.mean(headways[4:])),
        "t_rear_4th": float(rear[3]),
        "starting_wave": float(-slope),
    }


def stopping_wave(case: Case) -> dict[str, Any]:
    """Evenly spaced arrivals at a red light: how fast the end of the queue comes upstream."""
    setup = case["setup"]
    flow, v, jam_m = setup["arrival_flow_veh_h"], setup["arrival_speed_m_s"], 1000.0 / setup["jam_density_veh_km"]
    drivers = {"length_m": jam_m - 2.5, "min_gap_m": 2.5, "speed_factor_sd": 0.0}
    network = with_programme(straight([Part(3000.0, speed_kmh=v * 3.6, signal_at_end=True), Part(100.0)]), 0.0, 9e4)
    gaps = np.arange(3600.0 / flow, 600.0, 3600.0 / flow)
    simulation = simulate(network, rows_from(gaps, "0", "1"), duration_s=800, drivers=drivers, routes=NO_DETOURS)
    tracks = record(simulation, 600.0)
    stop_s, stop_m = [], []
    for vehicle in range(tracks.x_m.shape[1]):
        stands = np.flatnonzero(tracks.speed_mps[:, vehicle] < 0.5)
        stands = stands[tracks.x_m[stands, vehicle] > 1000.0]
        if stands.size:
            stop_s.append(tracks.t_s[stands[0]])
            stop_m.append(tracks.x_m[-1, vehicle])
    late = slice(10, None)
    tail = float(np.polyfit(np.array(stop_s)[late], np.array(stop_m)[late], 1)[0])
    growth = 3600.0 * float(np.polyfit(np.array(stop_s)[late], np.arange(len(stop_s))[late], 1)[0])
    return {"tail_velocity": tail, "queue_growth": growth}


SOLVERS: dict[str, Callable[[Case], dict[str, Any]]] = {
    "idm_equilibrium": equilibrium,
    "idm_string_stability": string_stability,
    "idm_ring": ring_road,
    "idm_accel": idm_start,
    "krauss_accel": krauss_start,
    "idm_stop": idm_stop,
    "krauss_vsafe": krauss_safe,
    "krauss_flow": krauss_flow,
    "idm_queue_discharge": queue_discharge,
    "stopping_wave": stopping_wave,
}


@pytest.mark.parametrize("case", parameters("car_following"))
def test_car_following(case: Case, record_property: Callable[[str, Any], None]) -> None:
    solve = next(solver for prefix, solver in SOLVERS.items() if case["id"].startswith(prefix))
    score(case, solve(case), record_property, KNOWN.get(case["id"], {}))
