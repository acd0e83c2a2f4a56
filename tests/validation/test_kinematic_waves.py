"""Published figures of kinematic waves: UXsim's verification settings, shocks, lane drops, merges, spillback."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from micro_traffic import Part
from reference_cases import Case, parameters, score
from wave_roads import (
    NODE_M,
    Log,
    node_network,
    slow_stretch,
    trips,
    watch,
    wave_drivers,
    with_turns,
    without_crossings,
)

from citytwin.scenarios.merge_shares import with_merge_shares

UX_END_S = 2000.0  # of UXsim's tests, which the mean times on links depend on
STRETCH_M = 40.0  # of lower limit, where the case has a bottleneck without length
BRANCH_Y_M = 30.0
SIDE = {"O1": 1.0, "D1": 1.0, "O2": -1.0, "D2": -1.0}

DETOUR = (
    "who sets out within 100 s hears the same times, which are half of before: the queue swings between 0 and 200 s"
)
BOUNDED = "drivers start with a finite acceleration: the wave of half the speed is slower than that of starting"
PARTS = (
    "behind somebody who turns off at the line one follows nobody: 56 leave in a green of 60 s, where a lane carries 48"
)
KNOWN: dict[str, dict[str, str]] = {
    "ux_two_by_two_signal_over": {"tt_in_2": PARTS},
    "ux_route_bottleneck_detour": {"tt_short": DETOUR, "vol_short_after_600s": DETOUR},
    "lwr_temporary_block_q0.25_qb0": {
        "recovery_wave": BOUNDED,
        "recovery_meets_tail_after_end": "who comes last brakes early and not to the queue's speed",
        "farthest_tail": "who comes last brakes early and not to the queue's speed",
    },
    "lwr_temporary_block_q0.5_qb0.3": {
        "recovery_wave": BOUNDED,
        "recovery_meets_tail_after_end": "who comes last brakes early and not to the queue's speed",
        "farthest_tail": "who comes last brakes early and not to the queue's speed",
    },
    "spillback_time_150m": {"first_arrival_to_full": "drivers creep up to the tail: they stand some seconds later"},
}
Results = dict[str, Any]


def diagram(case: Case) -> tuple[dict[str, Any], float]:
    """Drivers of a case's fundamental diagram, and its free speed, m/s."""
    of = case["setup"].get("fd_per_lane", {"free_speed_m_s": 20.0, "wave_m_s": -5.0, "jam_density_veh_m_lane": 0.2})
    return wave_drivers(of["free_speed_m_s"], -of["wave_m_s"], of["jam_density_veh_m_lane"]), of["free_speed_m_s"]


def windows(case: Case, **of: str) -> list[tuple[float, float, float]]:
    """Demand of a case between two of its places, as from, until and flow."""
    return [
        (*entry["t"], entry["flow"])
        for entry in case["setup"]["demand"]
        if all(entry.get(key, place) == place for key, place in of.items())
    ]


def in_line(case: Case, until_s: float) -> Log:
    """Links one behind the other, bottlenecks without length as short stretches of a lower limit."""
    drivers, free_mps = diagram(case)
    parts: dict[str, Part] = {}
    for link in case["setup"]["links"]:
        lanes, speed = link.get("lanes", 1), link.get("free_speed", free_mps)
        narrow = STRETCH_M if "capacity_out" in link else 0.0
        parts[link["name"]] = Part(link["length_m"] - narrow, lanes, speed * 3.6, "signal_M" in case["setup"])
        if narrow:
            parts[link["name"] + " out"] = Part(narrow, lanes, slow_stretch(drivers, link["capacity_out"]))
    names = list(parts)
    at_m = np.concatenate([[0.0], np.cumsum([part.length_m for part in parts.values()])])
    places = {str(k): (x, 0.0) for k, x in enumerate(at_m)}
    links = {name: (str(k), str(k + 1), parts[name]) for k, name in enumerate(names)}
    if "signal_M" in case["setup"]:
        links[names[-1]] = (*links[names[-1]][:2], Part(parts[names[-1]].length_m, 1, free_mps * 3.6))
    network = node_network(places, links)
    if "signal_M" in case["setup"]:
        times = case["setup"]["signal_M"]
        network = with_turns(network, [(["a"], times["green_s"]), ([], times["red_s"])])
    return watch(network, trips(names[0], names[-1], windows(case)), until_s, drivers=drivers)


def branches(case: Case, until_s: float, rows: list[Any]) -> Log:
    """Two roads into one, or one into two; what narrows a branch lies a little way in."""
    drivers, free_mps = diagram(case)
    places: dict[str, tuple[float, float]] = {}
    links: dict[str, tuple[str, str, Part]] = {}
    signal = "signal_M" in case["setup"]
    for link in case["setup"]["links"]:
        name, lanes, speed_kmh = link["name"], link["lanes"], free_mps * 3.6
        x = {"O": -1.0, "D": 1.0}
        ends = [(1000.0 * x.get(end[0], 0.0), BRANCH_Y_M * SIDE.get(end, 0.0)) for end in (link["from"], link["to"])]
        stops = [(link["from"], name, 0.0, link["length_m"], speed_kmh)]
        if link.get("capacity_in"):
            slow_kmh, narrow_m = slow_stretch(drivers, link["capacity_in"]), (STRETCH_M, 2.0 * STRETCH_M)
            stops = [
                (link["from"], f"{name} in", 0.0, narrow_m[0], speed_kmh),
                (f"{name} in", f"{name} narrow", narrow_m[0], narrow_m[1], slow_kmh),
                (f"{name} narrow", name, narrow_m[1], link["length_m"], speed_kmh),
            ]
        for k, (start, own, first_m, last_m, limit_kmh) in enumerate(stops):
            end = link["to"] if k + 1 == len(stops) else own
            for place, at_m in ((start, first_m), (end, last_m)):
                share = at_m / link["length_m"]
                places[place] = tuple(a + share * (b - a) for a, b in zip(*ends, strict=True))  # type: ignore[assignment]
            links[own] = (start, end, Part(last_m - first_m, lanes, limit_kmh, signal and end == "M"))
    network = node_network(places, links)
    if signal:
        times = case["setup"]["signal_M"]
        network = with_turns(network, [(["a"], times["a_green_s"]), (["b"], times["b_green_s"])])
    elif "priority" in case["setup"]["links"][0]:  # of each lane: it is drawn among those at the head of their lanes
        network = with_merge_shares(
            network,
            {one["name"]: one["priority"] * one["lanes"] for one in case["setup"]["links"] if "priority" in one},
        )
    return watch(network, rows, until_s, drivers=drivers)


def stretch_s(case: Case) -> float:
    """How much longer the stretches of lower limit take an empty road, s: the case's bottlenecks take no time."""
    drivers, free_mps = diagram(case)
    of = [link["capacity_out"] for link in case["setup"]["links"] if "capacity_out" in link]
    return sum((STRETCH_M + NODE_M) * (3.6 / slow_stretch(drivers, flow) - 1.0 / free_mps) for flow in of)


def straight_free(case: Case) -> Results:
    log = in_line(case, 700.0)
    return {
        "vehicles": log.trip_s.size,
        "mean_travel_time": float(log.trip_s.mean()),
        "mean_delay": float(log.trip_s.mean() - 50.0),
        "total_travel_time": float(log.trip_s.sum()),
        "state_t300": log.state("a", (200, 800), (250, 350)),
    }


def straight_capacity(case: Case) -> Results:
    return in_line(case, 1500.0).state("a", (200, 900), (500, 1500))


def slow_second(case: Case) -> Results:
    log = in_line(case, 800.0)
    return {
        "mean_travel_time": float(log.trip_s.mean()),
        "total_travel_time": float(log.trip_s.sum()),
        "k_b": log.state("b", (200, 900), (250, 450))["k"],
    }


def bottleneck(case: Case) -> Results:
    log = in_line(case, 1900.0)
    free_s = 150.0 if "free_speed" in case["setup"]["links"][1] else 100.0
    took_s = log.trip_s - stretch_s(case)
    return {
        "vehicles": took_s.size,
        "mean_travel_time": float(took_s.mean()),
        "mean_delay": float(took_s.mean() - free_s),
        "total_travel_time": float(took_s.sum()),
        "a_congested": log.state("a", (600, 950), (250, 500)),
        "b_after": log.state("b", (300, 900), (250, 500)),
        "a_recovered": log.state("a", (100, 900), (1300, 1480)),
    }


def spillback(case: Case) -> Results:
    log = in_line(case, case["setup"]["end_s"])
    took_s = log.trip_s - stretch_s(case)
    return {
        "vehicles": log.depart_s.size,
        "completed": took_s.size,
        "mean_travel_time": float(took_s.mean()),
        "mean_delay": float(took_s.mean() - 150.0),
        "a_before": log.state("a", (200, 900), (60, 150)),
        "a_spilled_t600": log.state("a", (600, 950), (550, 650)),
        "b_spilled_t600": log.state("b", (100, 900), (550, 650)),
    }


def mid_signal(case: Case) -> Results:
    log = in_line(case, 2300.0)
    left = log.left("a")
    return {
        "vehicles": log.depart_s.size,
        "mean_travel_time": float(log.trip_s.mean()),
        "mean_delay": float(log.trip_s.mean() - 100.0),
        "mean_flow_end_of_a": float((left <= 2000.0).sum() / 2000.0),
    }


def merge(case: Case) -> Results:
    rows = trips("a", "c", windows(case, **{"from": "O1"})) + trips("b", "c", windows(case, **{"from": "O2"}))
    until_s = case["setup"]["demand"][0]["t"][1]
    log = branches(case, until_s + 600.0, rows)
    settled = (0.4 * until_s, until_s)
    flow = {link: log.flow(link, settled) for link in "abc"}
    wait = {link: log.mean_time_on(link, 50.0, UX_END_S) for link in "abc"}
    found: Results = {f"q_{link}": flow[link] for link in "abc"} | {f"tt_{link}": wait[link] for link in "abc"}
    found |= {"vol_c": log.left("c").size, "tt_a_over_tt_b": wait["a"] / wait["b"]}
    found["q_b_over_q_a"] = flow["b"] / flow["a"] if flow["a"] else math.inf
    found |= {f"k_{link}": log.state(link, (300, 900), settled)["k"] for link in "ab"}
    return found


def diverge(case: Case) -> Results:
    """One road into two; a queue before a narrow place a little way in counts for the road, which it would fill."""
    rows = trips("a", "b", windows(case, to="D1")) + trips("a", "c", windows(case, to="D2"))
    log = branches(case, 2400.0, rows)
    times_s = {f"tt_{link}": log.mean_time_on(link, 50.0, UX_END_S) for link in "abc"}
    for link in case["setup"]["links"]:
        if link.get("capacity_in"):
            queued_s = log.times_on(f"{link['name']} in") - STRETCH_M / diagram(case)[1]
            times_s["tt_a"] += float(queued_s.sum()) / log.left("a").size
    return times_s | {f"vol_{link}": log.left(link).size for link in "bc"}


def lane_drop(case: Case) -> Results:
    log = in_line(case, 1000.0)
    return {
        "a_before": log.state("a", (500, 2000), (120, 180)),
        "a_after": log.state("a", (2200, 2900), (600, 1000)),
        "b": log.state("b", (500, 2500), (500, 1000)),
    }


def two_by_two(case: Case) -> Results:
    """Two roads into two, everybody to everywhere; with a signal one road at a time."""
    signal = case["id"].endswith("signal_over")
    drivers, free_mps = diagram(case)
    places = {name: (1000.0 * (1 if name[0] == "D" else -1), BRANCH_Y_M * SIDE[name]) for name in SIDE}
    road = Part(1000.0, 1, free_mps * 3.6)
    links = {f"in {k}": (f"O{k}", "M", Part(1000.0, 1, free_mps * 3.6, signal)) for k in (1, 2)}
    links |= {f"out {k}": ("M", f"D{k}", road) for k in (1, 2)}
    network = without_crossings(node_network(places | {"M": (0.0, 0.0)}, links))
    if signal:
        network = with_turns(network, [(["in 1"], 60.0), (["in 2"], 60.0)])
    rows = [row for k in (1, 2) for j in (1, 2) for row in trips(f"in {k}", f"out {j}", [(0.0, 1000.0, 0.3)])]
    log = watch(network, rows, 2000.0, drivers=drivers)
    times = [log.mean_time_on(f"in {k}", 50.0, UX_END_S) for k in (1, 2)]
    volumes = [log.left(name).size for name in links]
    return {
        "tt_in": float(np.mean(times)),
        "tt_in_1": times[0],
        "tt_in_2": times[1],
        "vol_each_link": min(volumes),
    }


def two_routes(case: Case) -> Results:
    """A choice between two roads; drivers know the times so far and plan every 100 s."""
    drivers, free_mps = diagram(case)
    kmh, detour = free_mps * 3.6, case["id"].endswith("detour")
    far_m = {"ux_route_two_equal": 1000.0}.get(case["id"], 2000.0)
    lanes = 2 if detour else 1
    places = {"O": (-1500.0, 0.0), "A": (-1000.0, 0.0), "1": (0.0, 200.0), "2": (0.0, -200.0), "B": (1000.0, 0.0)}
    links = {
        "in": ("O", "A", Part(500.0, 4 if detour else 1, kmh)),
        "1 first": ("A", "1", Part(1000.0, lanes, kmh)),
        "1 second": ("1", "B", Part(1000.0, 1, kmh)),
        "2 first": ("A", "2", Part(far_m, lanes, kmh)),
        "2 second": ("2", "B", Part(far_m, lanes, kmh)),
        "out": ("B", "D", Part(500.0, lanes + 1, kmh)),
    }
    until_s, flow = (3000.0, 1.6) if detour else (1500.0, 0.8)
    network = node_network(places | {"D": (1500.0, 0.0)}, links)
    log = watch(
        network, trips("in", "out", [(0.0, until_s, flow)]), until_s + 1000.0, drivers=drivers, every_s=2.0,
        routes={"plan_every_s": 100.0, "reroute_blocked_after_s": "never"},
    )  # fmt: skip
    took = {k: log.times_on(f"{k} first").mean() + log.times_on(f"{k} second").mean() for k in "12"}
    return {
        "vol_route_1": log.left("1 first").size,
        "vol_route_2": log.left("2 first").size,
        "tt": float((log.trip_s - 50.0).mean()),
        "tt_short": float(took["1"]),
        "tt_long": float(took["2"]),
        "vol_short_after_600s": int((log.left("1 first") > 600.0).sum()),
    }


def crossings(log: Log, link: str, speed_mps: float, *, rising: bool) -> tuple[np.ndarray, np.ndarray]:
    """When and where each vehicle of a link first falls below a speed, or last rises above it."""
    there = log.link == log.network.link_row[link]
    slow = there & (log.speed_mps < speed_mps)
    found = np.flatnonzero(slow.any(axis=0))
    first = slow[:, found].argmax(axis=0)
    last = np.minimum(slow.shape[0] - slow[::-1, found].argmax(axis=0), slow.shape[0] - 1)
    at = last if rising else first
    return log.t_s[at], log.x_m[at, found]


def temporary_block(case: Case) -> Results:
    """A stretch that lets through little or nothing for a time: the tail of its queue, and how it dissolves."""
    setup, begin_s, block_m = case["setup"], 600.0, 7000.0
    free_mps, flow, held = setup["free_speed_m_s"], setup["inflow_veh_s"], setup["restricted_flow_veh_s"]
    drivers = wave_drivers(free_mps, setup["wave_m_s"], setup["jam_density_veh_m"], 4.5)
    places = {"O": (0.0, 0.0), "M": (block_m, 0.0), "N": (block_m + STRETCH_M, 0.0), "D": (block_m + 2000.0, 0.0)}
    links = {
        "before": ("O", "M", Part(block_m, 1, free_mps * 3.6)),
        "held": ("M", "N", Part(STRETCH_M, 1, free_mps * 3.6)),
        "behind": ("N", "D", Part(2000.0 - STRETCH_M, 1, free_mps * 3.6)),
    }
    network = node_network(places, links)
    end_s = begin_s + setup["duration_s"]
    if held:
        event = {"kind": "speed_limit", "link": "held", "start_s": begin_s, "end_s": end_s}
        event |= {"speed_kmh": slow_stretch(drivers, held)}
    else:
        event = {
            "kind": "incident",
            "link": "before",
            "position_m": float(network.links.length_m[network.link_row["before"]]) - 1.0,
        }
        event |= {"start_s": begin_s, "duration_s": setup["duration_s"]}
    rows, long_s = (
        trips("before", "behind", [(0.0, begin_s + 4.0 * setup["duration_s"], flow)]),
        5.0 * setup["duration_s"],
    )
    log = watch(network, rows, begin_s + long_s + 700.0, drivers=drivers, events=[event])
    queue_mps = held / (setup["jam_density_veh_m"] - held / setup["wave_m_s"])
    middle = 0.5 * (free_mps + queue_mps)
    tail_t, tail_x = crossings(log, "before", queue_mps + 0.5, rising=False)
    back_t, back_x = crossings(log, "before", middle, rising=True)
    held_up = tail_t < end_s
    recovers = back_t > end_s
    tail = np.polyfit(tail_t[held_up][2:], tail_x[held_up][2:], 1)
    back = np.polyfit(back_t[recovers][3:-3], back_x[recovers][3:-3], 1)
    slowed_t, slowed_x = crossings(log, "before", middle, rising=False)
    delay = log.trip_s - np.median(log.trip_s[: int(flow * 60)])
    passed = log.left("before")
    out = passed[passed > end_s][3 : held_up.sum() - 3]
    at = np.searchsorted(log.t_s, end_s - 1.0)
    dense = log.state("before", (block_m - 1000.0, block_m - 100.0), (end_s - 200.0, end_s))
    queue = np.sort(log.x_m[at][(log.speed_mps[at] < middle) & (log.link[at] == network.link_row["before"])])
    return {
        "capacity": float((out.size - 1) / (out[-1] - out[0])),
        "queue_density": dense["k"] if held else float(1.0 / np.diff(queue)[2:-2].mean()),
        "tail_velocity": float(tail[0]),
        "recovery_wave": float(back[0]),
        "recovery_meets_tail_after_end": float(slowed_t.max() - end_s),
        "farthest_tail": block_m - float(slowed_x.min()),
        "last_delayed_passes_block_at": float(passed[np.flatnonzero(delay > 2.0)[-1]] - begin_s),
        "total_delay": float(delay.sum()),
        "vehicles_delayed": int((delay > 2.0).sum()),
    }


def lwr_lane_drop(case: Case) -> Results:
    """Fewer lanes: what gets through, and how the queue before grows."""
    setup = case["setup"]
    free_mps, flow = setup["free_speed_m_s"], setup["inflow_veh_s"]
    drivers = wave_drivers(free_mps, setup["wave_m_s"], setup["jam_density_veh_m_lane"], 4.5)
    places = {"O": (0.0, 0.0), "M": (4000.0, 0.0), "D": (6000.0, 0.0)}
    links = {
        "before": ("O", "M", Part(4000.0, setup["lanes_before"], free_mps * 3.6)),
        "behind": ("M", "D", Part(2000.0, setup["lanes_after"], free_mps * 3.6)),
    }
    until_s = 1500.0
    log = watch(
        node_network(places, links), trips("before", "behind", [(0.0, until_s, flow)]), until_s, drivers=drivers
    )
    slow_from = []
    stations = np.arange(1000.0, 3700.0, 200.0)
    for x in stations:
        speeds = [log.state("before", (x, x + 100.0), (t, t + 20.0))["v"] for t in np.arange(0.0, until_s - 20.0, 20.0)]
        slow = np.flatnonzero(np.array(speeds) < 0.5 * free_mps)
        slow_from.append(20.0 * slow[0] + 10.0 if slow.size else math.nan)
    seen = ~np.isnan(slow_from)
    tail = np.polyfit(np.array(slow_from)[seen], stations[seen], 1)[0]
    state = log.state("before", (3000.0, 3800.0), (800.0, until_s))
    return {
        "discharge": log.flow("behind", (600.0, until_s)),
        "queue_speed": state["v"],
        "tail_velocity": float(tail),
        "time_to_spill_1km": -1000.0 / float(tail),
    }


def merge_shares(case: Case) -> Results:
    """Who gets through where two roads meet and less fits than comes."""
    setup = case["setup"]
    drivers = wave_drivers(20.0, 5.0, 0.2)
    slow_kmh = slow_stretch(drivers, setup["supply"])
    places = {"O1": (-1000.0, BRANCH_Y_M), "O2": (-1000.0, -BRANCH_Y_M), "M": (0.0, 0.0), "N": (100.0, 0.0)}
    links = {
        "a": ("O1", "M", Part(1000.0, 1, 72.0)),
        "b": ("O2", "M", Part(1000.0, 1, 72.0)),
        "c": ("M", "N", Part(100.0, 1, 72.0)),
        "narrow": ("N", "E", Part(STRETCH_M, 1, slow_kmh)),
        "d": ("E", "D", Part(860.0, 1, 72.0)),
    }
    network = node_network(places | {"E": (100.0 + STRETCH_M, 0.0), "D": (1000.0, 0.0)}, links)
    network = with_merge_shares(network, {"a": setup["priority_1"], "b": 1.0 - setup["priority_1"]})
    rows = trips("a", "d", [(0.0, 1500.0, setup["demand_1"])]) + trips("b", "d", [(0.0, 1500.0, setup["demand_2"])])
    log = watch(network, rows, 1500.0, drivers=drivers)
    return {"q1": log.flow("a", (500.0, 1500.0)), "q2": log.flow("b", (500.0, 1500.0))}


def spillback_time(case: Case) -> Results:
    """How long a queue takes to fill a street, and how many stand there then."""
    setup, road_m = case["setup"], 2000.0
    free_mps, flow, out = setup["free_speed_m_s"], setup["inflow_veh_s"], setup["outflow_veh_s"]
    drivers = wave_drivers(free_mps, setup["wave_m_s"], setup["jam_density_veh_m"], 4.5)
    places = {"O": (0.0, 0.0), "M": (road_m, 0.0), "N": (road_m + STRETCH_M, 0.0), "D": (road_m + 500.0, 0.0)}
    limit_kmh = slow_stretch(drivers, out) if out else free_mps * 3.6
    links = {
        "street": ("O", "M", Part(road_m, 1, free_mps * 3.6, not out)),
        "narrow": ("M", "N", Part(STRETCH_M, 1, limit_kmh)),
        "behind": ("N", "D", Part(500.0 - STRETCH_M, 1, free_mps * 3.6)),
    }
    network = node_network(places, links)
    if not out:
        network = with_turns(network, [([], 9e3)])
    log = watch(network, trips("street", "behind", [(0.0, 600.0, flow)]), 600.0, drivers=drivers)
    queue_mps = out / (setup["jam_density_veh_m"] - out / setup["wave_m_s"])
    when, where = crossings(log, "street", queue_mps + 0.5, rising=False)
    tail = np.polyfit(when[5:50], where[5:50], 1)  # the first do not meet a queue yet
    full_s = -setup["length_m"] / float(tail[0])
    at = np.searchsorted(log.t_s, (road_m - setup["length_m"] - tail[1]) / tail[0])
    there = (log.link[at] == network.link_row["street"]) & (log.x_m[at] > road_m - setup["length_m"])
    return {"first_arrival_to_full": full_s, "stored": int((there & (log.x_m[at] <= road_m)).sum())}


SOLVERS: dict[str, Callable[[Case], Results]] = {
    "ux_straight_free": straight_free,
    "ux_straight_capacity": straight_capacity,
    "ux_two_links_slow_second": slow_second,
    "ux_bottleneck": bottleneck,
    "ux_spillback": spillback,
    "ux_signal_mid": mid_signal,
    "ux_merge": merge,
    "ux_diverge": diverge,
    "ux_lane_drop": lane_drop,
    "ux_two_by_two": two_by_two,
    "ux_route": two_routes,
    "lwr_temporary_block": temporary_block,
    "lwr_lane_drop": lwr_lane_drop,
    "merge_daganzo": merge_shares,
    "spillback_time": spillback_time,
}


@pytest.mark.parametrize("case", parameters("kinematic_waves"))
def test_kinematic_waves(case: Case, record_property: Callable[[str, Any], None]) -> None:
    solve = next(solver for prefix, solver in SOLVERS.items() if case["id"].startswith(prefix))
    score(case, solve(case), record_property, KNOWN.get(case["id"], {}))
