"""Make up a run folder of a small town, plausible enough for a report, without running a simulation."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import shapely

from citytwin.sim.run_folder import RunFolder

NAMES = ("Quai Antoine Ier", "Rue des Moulins", "Mannerheimintie", "北京东路", "Chestnut Avenue & Sons <East>", "")
CLASSES = ("primary", "secondary", "residential")
EPSG = 32632


def make_run(path: Path, *, stuck: int = 2, events: bool = True, trips: int = 1500, status: str = "finished") -> Path:
    """Write the folder and return it: a two-hour morning on a grid of 10 by 7 junctions."""
    rng = np.random.default_rng(7)
    streets = _streets(rng)
    count = len(streets["link"])
    folder = RunFolder(
        path,
        scenario="Made-up morning",
        seed=7,
        command="citytwin run morning.yaml -o out",
        start="2026-05-04T07:00:00",
        duration_s=7200.0,
        wall_s=6.2,
        setup_s=1.4,
        loop_s=4.8,
        device="cpu",
        threads=2,
        epsg=EPSG,
        attribution="© OpenStreetMap contributors",
        network={
            "name": "Gridville",
            "source": "made up",
            "links": count,
            "lanes": count,
            "junctions": 70,
            "signals": 4,
            "signals_assumed": 4,
            "road_km": float(streets["length_m"].sum() / 1000),
            "lane_km": 42.0,
        },
        assumed={"lanes": 120, "speed_mps": 40},
        scenario_file="my town/morning.yaml",
        fault_kinds=[
            {"kind": "unreachable", "mode": "car", "count": 1, "first": [_fault("unreachable", "way/9:0-1", "car")]},
            {
                "kind": "odd_sign",
                "mode": "",
                "count": 1204,
                "first": [_fault("odd_sign", f"node/{i}") for i in range(5)],
            },
        ],
        notes=["2 ways referred to nodes that the extract lacks and were cut there"],
    )
    folder.warn("3 trips have no route and were left out")
    folder.writer("streets").write(streets)

    depart_s = np.sort(rng.uniform(0, 7000, trips))
    waiting_s = np.where(rng.random(trips) < 0.1, rng.exponential(30, trips), 0.0)
    free_flow_s = rng.lognormal(5.5, 0.4, trips)
    travel_s = free_flow_s * (1.05 + rng.gamma(1.5, 0.25, trips))
    entered_s = depart_s + waiting_s
    arrived_s = entered_s + travel_s
    kind = np.where(arrived_s <= 7200, "arrived", np.where(entered_s <= 7200, "active", "waiting")).astype(object)
    kind[np.flatnonzero(kind == "active")[:stuck]] = "stuck"
    entered_s[kind == "waiting"] = np.nan
    arrived = kind == "arrived"
    not_yet = np.where(arrived, 0.0, np.nan)
    no_route = 3
    pad = [np.nan] * no_route
    folder.writer("trips").write(
        {
            "trip_id": [f"trip{i}" for i in range(trips + no_route)],
            "depart_s": [*depart_s, 10.0, 20.0, 30.0],
            "entered_s": [*entered_s, *pad],
            "arrived_s": [*(arrived_s + not_yet), *pad],
            "origin_link": rng.choice(streets["link"], trips + no_route),
            "destination_link": rng.choice(streets["link"], trips + no_route),
            "status": [*kind, *["no_route"] * no_route],
            "vehicle_class": ["car"] * (trips + no_route),
            "waiting_s": [*waiting_s, *[0.0] * no_route],
            "travel_time_s": [*(travel_s + waiting_s + not_yet), *pad],
            "free_flow_s": [*free_flow_s, *pad],
            "delay_s": [*(travel_s + waiting_s - free_flow_s + not_yet), *pad],
            "distance_m": [*(free_flow_s * 11), *[0.0] * no_route],
            "reroutes": [0] * (trips + no_route),
            "left_locks": [0] * (trips + no_route),
            "cause": [*np.where(kind == "stuck", "the link ahead is full", ""), *["unreachable"] * no_route],
            "toll_paid": [0.0] * (trips + no_route),
        }
    )

    _links(folder, streets, rng)
    created = _network(folder, depart_s, entered_s, np.where(arrived, arrived_s, np.inf), stuck, no_route, streets)
    if events:
        folder.writer("events").write(
            {
                "t_s": [600.0, 3600.0, 5400.0],
                "kind": ["road_closure", "incident", "road_closure"],
                "where": [streets["link"][3], streets["link"][30], streets["link"][3]],
                "text": ["closed", "a vehicle stops on lane 0", "open again"],
            }
        )
    rows = np.flatnonzero(kind == "stuck")
    folder.writer("stuck").write(
        {
            "trip_id": [f"trip{i}" for i in rows],
            "link": rng.choice(streets["link"], rows.size),
            "lane": [0] * rows.size,
            "position_m": rng.uniform(0, 50, rows.size),
            "lon": [7.4201] * rows.size,
            "lat": [43.7312] * rows.size,
            "since_s": rng.uniform(5000, 6000, rows.size),
            "cause": ["the link ahead is full"] * rows.size,
        }
    )
    folder.summarise(_summary(kind, created, travel_s + waiting_s, free_flow_s))
    folder.close(status)  # type: ignore[arg-type]
    return path


def _fault(kind: str, where: str, mode: str = "") -> dict[str, Any]:
    return {"kind": kind, "where": where, "mode": mode, "lon": 7.42, "lat": 43.73, "text": f"{where} looks odd"}


def _streets(rng: np.random.Generator) -> dict[str, Any]:
    across, up, block_m = 10, 7, 130.0
    places = [(i, j) for i in range(across) for j in range(up)]
    at = {(i, j): (i * block_m + rng.normal(0, 8), j * block_m + rng.normal(0, 8)) for i, j in places}
    ids, names, classes, lines = [], [], [], []
    for (i, j), here in at.items():
        for step_i, step_j in ((1, 0), (0, 1)):
            there = at.get((i + step_i, j + step_j))
            if there is None:
                continue
            way = 1000 + 10 * i + j if step_i else 2000 + 10 * i + j
            number = (j if step_i else i) % len(NAMES)
            for a, b, end in ((here, there, "0-1"), (there, here, "1-0")):
                ids.append(f"way/{way}:{end}")
                names.append(NAMES[number])
                classes.append(CLASSES[number % len(CLASSES)])
                lines.append(np.array([a, b]) + np.array([372_000, 4_842_000]))
    shapes = [shapely.LineString(line) for line in lines]
    return {
        "link": ids,
        "name": names,
        "road_class": classes,
        "length_m": np.array([shape.length - 12 for shape in shapes]),
        "lanes": [1] * len(ids),
        "speed_mps": [13.9] * len(ids),
        "geometry": [shapely.to_wkb(shape) for shape in shapes],
    }


def _links(folder: RunFolder, streets: dict[str, Any], rng: np.random.Generator) -> None:
    length_m = np.asarray(streets["length_m"], dtype=float)
    count = length_m.size
    busy = rng.lognormal(0, 1.0, count)
    busy[5:9] = 0.0
    for interval in range(24):
        peak = np.exp(-(((interval - 13) / 7) ** 2))
        entered = rng.poisson(9 * busy * peak)
        speed_mps = 13.0 / (1 + 0.04 * entered)
        vehicle_m = entered * length_m
        vehicle_s = vehicle_m / speed_mps
        folder.writer("links").write(
            {
                "interval_start_s": np.full(count, interval * 300.0),
                "interval_end_s": np.full(count, interval * 300.0 + 300),
                "link": streets["link"],
                "entered_veh": entered,
                "left_veh": entered,
                "vehicle_s": vehicle_s,
                "vehicle_m": vehicle_m,
                "mean_speed_mps": np.where(entered > 0, speed_mps, np.nan),
                "flow_vph": entered * 12.0,
                "density_vpkm": vehicle_s / 300 / (length_m / 1000),
                "delay_s": vehicle_s - vehicle_m / 13.9,
                "stops": entered // 2,
                "standing_s": 0.2 * vehicle_s,
                "mean_queue_veh": 0.2 * vehicle_s / 300,
                "longest_queue_so_far_veh": np.full(count, interval // 4),
            }
        )


def _network(
    folder: RunFolder,
    depart_s: np.ndarray,
    entered_s: np.ndarray,
    arrived_s: np.ndarray,
    stuck: int,
    no_route: int,
    streets: dict[str, Any],
) -> int:
    t_s = np.arange(60.0, 7201.0, 60.0)
    created = np.searchsorted(depart_s, t_s, side="right")
    entered = np.array([np.count_nonzero(entered_s <= t) for t in t_s])
    arrived = np.array([np.count_nonzero(arrived_s <= t) for t in t_s])
    held = np.where(t_s > 6000, stuck, 0)
    lane_km = float(np.asarray(streets["length_m"], dtype=float).sum() / 1000)
    active = entered - arrived - held
    speed_mps = 11.0 / (1 + active / 150)
    folder.writer("network").write(
        {
            "t_s": t_s,
            "created": created + no_route,
            "arrived": arrived,
            "active": active,
            "waiting": created - entered,
            "stuck": held + no_route,
            "running_mean_speed_mps": speed_mps,
            "vehicle_km": np.cumsum(active * speed_mps * 60 / 1000),
            "flow_vph_per_lane": active / lane_km * speed_mps * 3.6,
            "density_vpkm_per_lane": active / lane_km,
            "stops": 3 * arrived,
            "mean_queue_veh": 0.2 * active,
        }
    )
    return int(created[-1]) + no_route


def _summary(kind: np.ndarray, created: int, travel_s: np.ndarray, free_flow_s: np.ndarray) -> dict[str, Any]:
    arrived = kind == "arrived"
    count = {name: int(np.count_nonzero(kind == name)) for name in ("arrived", "active", "waiting", "stuck")}
    count["stuck"] = created - count["arrived"] - count["active"] - count["waiting"]  # those without a route too
    return {
        "created": created,
        **count,
        "sim_s": 7200.0,
        "wall_s": 6.2,
        "setup_s": 1.4,
        "real_time_factor": 1500.0,
        "vehicle_updates": 2_000_000,
        "vehicle_updates_per_s": 400_000.0,
        "mean_travel_s": float(travel_s[arrived].mean()),
        "mean_delay_s": float((travel_s - free_flow_s)[arrived].mean()),
        "vehicle_km": float(free_flow_s.sum() * 11 / 1000),
        "state_hash": "c0ffee",
    }
