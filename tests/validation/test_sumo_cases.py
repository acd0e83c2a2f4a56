"""Tiny networks and flows of another simulator, imported and run here: flows, delays, lane shares against its own."""

from __future__ import annotations

import csv
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from micro_traffic import ring_at
from reference_cases import FOLDER, hold

from citytwin.scenarios.capacity import roundabout_capacity, siegloch_capacity
from citytwin.scenarios.scenario import load_scenario
from citytwin.scenarios.sumo_import import import_sumo
from citytwin.sim.run import network_of, trips_of
from citytwin.sim.simulation import Simulation

Note = Callable[[str, Any], None]
CASES = FOLDER / "sumo_cases"
FIRST_S, LAST_S = 900.0, 4500.0
CONFIG = (
    '<configuration><input><net-file value="{net}"/><route-files value="{routes}"/></input>'
    '<time><begin value="0"/><end value="4500"/><step-length value="0.5"/></time></configuration>'
)


def theirs() -> dict[tuple[str, str], dict[str, float]]:
    """Means of their runs, by case and condition."""
    found: dict[tuple[str, str], dict[str, float]] = {}
    if not CASES.exists():
        return found
    with (CASES / "summary.csv").open(encoding="utf-8") as lines:
        for row in csv.DictReader(lines):
            found.setdefault((row["case"], row["condition"]), {})[row["quantity"]] = float(row["mean"])
    return found


THEIRS = theirs()


@dataclass(frozen=True, slots=True)
class Ran:
    """Trips of one run: where from and to, when, and how long they took more than alone; lanes used before the end."""

    origin: np.ndarray
    destination: np.ndarray
    entered_s: np.ndarray
    arrived_s: np.ndarray
    lost_s: np.ndarray
    lane_share: np.ndarray  # of the first link, by the way driven in its last kilometre

    def flow(self, *, first_s: float = FIRST_S, last_s: float = LAST_S, **of: str) -> float:
        """Arrivals an hour."""
        counted = (self.arrived_s > first_s) & (self.arrived_s <= last_s) & self._which(**of)
        return float(counted.sum() / (last_s - first_s) * 3600.0)

    def lost(self, **of: str) -> float:
        """Mean time lost of those who set out in 600-3,600 s, s."""
        counted = (self.entered_s > 600.0) & (self.entered_s < 3600.0) & ~np.isnan(self.lost_s) & self._which(**of)
        return float(self.lost_s[counted].mean())

    def _which(self, origin: str = "", destination: str = "") -> np.ndarray:
        chosen = np.ones(self.origin.size, bool)
        for column, name in ((self.origin, origin), (self.destination, destination)):
            if name:
                chosen &= np.char.startswith(column, name)
        return chosen


@cache
def ran(case: str, routes: str, net: str = "net.net.xml") -> Ran:
    """Import a case and run it for their 4,500 s in their step of 0.5 s."""
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder, "run.sumocfg")
        files = {"net": CASES / case / net, "routes": CASES / case / f"{routes}.rou.xml"}
        config.write_text(CONFIG.format(**files), encoding="utf-8")
        scenario = load_scenario(import_sumo(config, Path(folder, "out")).scenario)
        network = network_of(scenario)
        trips = trips_of(scenario, network)
    simulation = Simulation(scenario, network, trips)
    fleet = simulation.model.fleet
    first, last = network.links.lane_start[trips.origin_link[0] : trips.origin_link[0] + 2]
    length_m = float(network.links.length_m[trips.origin_link[0]])
    driven = np.zeros(int(last - first))
    while simulation.t_s < LAST_S - 1e-9:
        simulation.run(min(simulation.t_s + 5.0, LAST_S))
        if simulation.t_s > FIRST_S and last - first > 1:
            lane, there = fleet.vehicles.lane[0], fleet.vehicles.position_m[0] > length_m - 1000.0
            for k in range(driven.size):
                driven[k] += float(fleet.vehicles.speed_mps[0][there & (lane == first + k)].sum())
    names = np.array(network.links.id)
    entered, arrived = fleet.vehicles.entered_s[0].copy(), fleet.vehicles.arrived_s[0].copy()
    return Ran(
        names[trips.origin_link],
        names[trips.destination_link],
        entered,
        arrived,
        arrived - entered - simulation.journeys.free_flow_s,
        driven / max(driven.sum(), 1.0),
    )


@dataclass(frozen=True, slots=True)
class Question:
    """One condition of a case, and what is asked of it."""

    case: str
    condition: str
    routes: str
    ours: Callable[[Ran], dict[str, float]]
    net: str = "net.net.xml"
    handbook: Callable[[], float] | None = None  # of flows: whoever is nearer to it than they are is as good


def all_way(pattern: str, arms: str, vph: int) -> Question:
    condition = f"pattern={pattern};arms={arms};offered_veh_h_per_arm={vph}"
    saturated = {"one_arm": 923.0, "four": 375.0}

    def ours(run: Ran) -> dict[str, float]:
        found = {"flow_per_arm_veh_h": run.flow() / len(arms)}
        return found if vph > 1000 else found | {"time_loss_s": run.lost()}

    handbook = saturated.get(pattern.removesuffix("_saturated"))
    return Question("allway_stop", condition, pattern, ours, handbook=(lambda: handbook) if handbook else None)


def arterial(plan: str) -> Question:
    def ours(run: Ran) -> dict[str, float]:
        return {f"time_loss_s_{way}": run.lost(origin=start) for way, start in (("east", "E0"), ("west", "W5"))}

    return Question("arterial_5", f"plan={plan}", "flows", ours, net=f"net_{plan}.net.xml")


def lane_drop(vph: int) -> Question:
    condition = f"offered_veh_h={vph};truck_share=0.0"
    return Question(
        "lane_drop_3_2", condition, f"q{vph}", lambda run: {"discharge_veh_h_1800_4500": run.flow(first_s=1800.0)}
    )


def lanes(case: str, vph: int, trucks: float, condition_trucks: str) -> Question:
    def ours(run: Ran) -> dict[str, float]:
        return {"flow_veh_h": run.flow()} | {f"share_lane{k}": float(share) for k, share in enumerate(run.lane_share)}

    condition = f"offered_veh_h={vph};truck_share={condition_trucks}"
    return Question(case, condition, f"q{vph}_t{100 * trucks:.0f}", ours)


def on_ramp(main: int, ramp: int) -> Question:
    return Question(
        "onramp_2lane", f"main_veh_h={main}", f"m{main}_r{ramp}",
        lambda run: {"down_veh_h_1800_4500": run.flow(first_s=1800.0), "ramp_veh_h": run.flow(origin="ramp")},
    )  # fmt: skip


def weaving(name: str, condition: str) -> Question:
    return Question("weaving_400m", condition, name, lambda run: {"off_veh_h": run.flow(destination="off")})


def minor(movement: str, vph: int) -> Question:
    critical = 6.4 if movement == "left" else 6.2
    conflicting = 2.0 * vph if movement == "left" else float(vph)

    def theory() -> float:
        """Siegloch's capacity for the follow-up time that their vehicles have here."""
        follow_up_s = 3600.0 / ran("priority_t_50", f"{movement}_q0", "net.net.xml").flow(origin="s_in")
        return siegloch_capacity(conflicting, critical, follow_up_s)

    return Question(
        "priority_t_50", f"minor_movement={movement};major_flow_each_way_veh_h={vph}", f"{movement}_q{vph}",
        lambda run: {"minor_capacity_veh_h": run.flow(origin="s_in")},
        handbook=theory,
    )  # fmt: skip


def entry(vph: int) -> Question:
    condition = f"kind=one saturated entry against a circulating stream;circulating_set_veh_h={vph}"
    return Question(
        "roundabout_r18", condition, f"circ_q{vph}", lambda run: {"entry_capacity_veh_h": run.flow(origin="w_in")},
        handbook=lambda: roundabout_capacity(float(vph)),
    )  # fmt: skip


def balanced(vph: int) -> Question:
    condition = f"kind=balanced, 60 % straight, 20 % left, 20 % right;demand_veh_h_per_arm={vph}"
    return Question("roundabout_r18", condition, f"balanced_q{vph}", lambda run: {"time_loss_s": run.lost()})


def cross(case: str, vph: int) -> Question:
    def ours(run: Ran) -> dict[str, float]:
        found = {}
        for way, starts in (("n", ("n_in", "s_in")), ("e", ("e_in", "w_in"))):
            found[f"throughput_veh_h_{way}"] = float(
                np.mean([run.flow(origin=start, last_s=3600.0) for start in starts])
            )
            found[f"time_loss_s_{way}"] = float(np.mean([run.lost(origin=start) for start in starts]))
        return found

    return Question(case, f"demand_veh_h_per_arm={vph}", f"q{vph}", ours)


MOTORWAY = ((600, 0.0), (600, 0.15), (3000, 0.0), (3000, 0.15))
QUESTIONS = [
    *(all_way(f"{name}_saturated", arms, 1800) for name, arms in (("one_arm", "n"), ("two_opposing", "ns"))),
    *(all_way(f"{name}_saturated", arms, 1800) for name, arms in (("two_crossing", "ne"), ("four", "nesw"))),
    *(all_way(f"four_q{vph}", "nesw", vph) for vph in (150, 250)),
    *(arterial(plan) for plan in ("simultaneous", "green_wave_east", "green_wave_west", "alternate_half_cycle")),
    *(lane_drop(vph) for vph in (2000, 3600, 5000)),
    *(
        lanes("motorway_3lane", vph, trucks, text)
        for vph in (600, 3000)
        for trucks, text in ((0.0, "0.0"), (0.15, "0.15"))
    ),
    *(lanes("overtaking_2lane", vph, 0.1, "0.1") for vph in (300, 1800)),
    *(on_ramp(main, ramp) for main, ramp in ((1500, 300), (3000, 600), (3600, 800))),
    weaving("mm1500_mo300_rm300_ro100", "main_main=1500;main_off=300;on_main=300;on_off=100;weaving_share=0.273"),
    weaving("mm2400_mo800_rm700_ro100", "main_main=2400;main_off=800;on_main=700;on_off=100;weaving_share=0.375"),
    *(minor(movement, vph) for movement in ("left", "right") for vph in (0, 400, 800)),
    *(entry(vph) for vph in (0, 400, 800)),
    balanced(400),
    *(cross("signal_cross_c60", vph) for vph in (200, 600, 800)),
    *(cross("signal_cross_c90_2lane", vph) for vph in (1000, 1600)),
]


def name_of(question: Question) -> str:
    return f"{question.case}-{question.routes}" + ("" if question.net == "net.net.xml" else f"-{question.net[4:-8]}")


@pytest.mark.slow
@pytest.mark.parametrize("question", QUESTIONS, ids=name_of)
def test_sumo_cases(question: Question, record_property: Note) -> None:
    """Both with their own lane changing and junctions: flows within 15 %, delays 25 % or 3 s, lane shares 0.10.

    Nearer to the handbook than they are is as good.
    """
    if not THEIRS:
        pytest.skip(f"{CASES} is not on this machine")
    wanted = THEIRS[question.case, question.condition]
    misses = []
    for quantity, value in question.ours(ran(question.case, question.routes, question.net)).items():
        other = wanted[quantity]
        slack, unit = 0.15 * other, "veh/h"
        if "time_loss" in quantity:
            slack, unit = max(0.25 * other, 3.0), "s"
        elif "share" in quantity:
            slack, unit = 0.10, ""
        good = abs(value - other) <= slack
        if question.handbook is not None and "veh_h" in quantity:
            theory = question.handbook()
            good = good or abs(value - theory) <= abs(other - theory)
        record_property("compared", (quantity, float(value), [other - slack, other + slack], unit, bool(good)))
        if not good:
            misses.append(f"{quantity} = {value:.4g} {unit}, they {other:.4g}")
    known = KNOWN.get(name_of(question), "")
    if known:
        assert misses, "known to miss, but now within"
        pytest.xfail(f"{'; '.join(misses)} ({known})")
    assert not misses, "; ".join(misses)


KEEP_RIGHT = "drivers here go back to the kerb sooner than theirs"
KNOWN = {
    "motorway_3lane-q600_t15": KEEP_RIGHT,
    "motorway_3lane-q3000_t15": KEEP_RIGHT,
    "overtaking_2lane-q300_t10": KEEP_RIGHT,
    "roundabout_r18-circ_q400": "the handbook has 918",
}

RINGS = [
    *(("ring_1000m_krauss", 997.1, n, 50.004, 0.5) for n in (20, 40, 60, 100)),
    *(("ring_1000m_krauss_sigma0", 997.1, n, 50.004, 0.0) for n in (40, 60, 90)),
    *(("ring_230m_22", 229.4, n, 29.988, 0.5) for n in (16, 22)),
]


@pytest.mark.parametrize("case, length_m, vehicles, limit_kmh, sigma", RINGS)
def test_rings_of_krauss_drivers(
    case: str, length_m: float, vehicles: int, limit_kmh: float, sigma: float, record_property: Note
) -> None:
    """Flow within 5 %: the same drivers on a ring of the same length."""
    if not THEIRS:
        pytest.skip(f"{CASES} is not on this machine")
    drivers = {"model": "krauss", "headway_s": 1.0, "min_gap_m": 2.5, "length_m": 5.0, "max_accel_mps2": 2.6}
    drivers |= {"comfort_decel_mps2": 4.5, "imperfection": sigma, "speed_factor_sd": 0.0}
    keys = {"duration_s": 1800, "step_s": 0.5, "drivers": drivers, "speed_kmh": limit_kmh}
    start = max(0.0, min(limit_kmh / 3.6, length_m / vehicles - 7.5)) * 0.9
    simulation = ring_at(length_m, vehicles, start, **keys)
    simulation.run(1200)
    driven = simulation.model.fleet.vehicles.driven_m[0].copy()
    simulation.run(1800)
    speed = float((simulation.model.fleet.vehicles.driven_m[0] - driven).mean() / 600.0)
    flow, other = 3600.0 * speed * vehicles / length_m, THEIRS[case, f"N={vehicles}"]["q_kv_veh_h"]
    band = (0.95 * other, 1.05 * other)
    hold(record_property, f"flow, {vehicles} on the ring", flow, band, "veh/h")
