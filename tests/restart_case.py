"""Make a town in which everything happens that a snapshot has to keep: events, buses, tolls, people, a controller."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from evacuation_case import write_case
from hazard_case import box, write_series
from patch_case import square
from traffic_case import BLOCK_DEGREES, TOWN_AT, write_scenario, write_town

from citytwin.scenarios.load_network import load_network
from citytwin.scenarios.scenario import load_scenario
from citytwin.sim.run import network_of, trips_of, walks_of
from citytwin.sim.simulation import Simulation

ALARM = {"warning": "smog", "level": "alarm"}
CONTROLLER = """
from citytwin.agents.signal_controller import Detector, SignalController


class Counts(SignalController):
    every_s = 7.0

    def __init__(self):
        self.seen, self.log = 0, []

    def detectors(self, signal):
        return [Detector("in", signal.approaches[0], before_line_m=20.0)]

    def decide(self, t_s, signal, readings):
        self.seen += readings["in"].count
        self.log.append([t_s, self.seen])
        return (signal.stage + self.seen % 2) % signal.stage_count
"""


def write_busy_town(folder: Path, **keys: Any) -> Path:
    """Write a town of eight minutes with a bit of everything; ``keys`` replace or add to its own."""
    network = load_network(write_town(folder / "town.osm"))
    links, signals = list(network.links.id), list(network.signals.id)
    (folder / "weather.csv").write_text("t_s,wind_mps,wind_from_deg\n0,3,90\n200,1,0\n", encoding="utf-8")
    (folder / "counts.py").write_text(CONTROLLER, encoding="utf-8")
    west, south = TOWN_AT
    corner = box(west - 1e-3, south - 1e-3, west + 1.3 * BLOCK_DEGREES[0], south + 1.3 * BLOCK_DEGREES[1])
    write_series(folder / "water.geojson", (60, corner, {"depth_m": 0.1}), (240, corner, {"depth_m": 0.9}))
    write_series(folder / "smoke.geojson", (0, corner, {"extinction_per_m": 1.0, "co_ppm": 4000}))
    minutes = [*[6000] * 5, *[0] * 55, *[0] * 4, 30_000, ""]  # an alarm to 180 s and from 300 s on, then no data
    rows = [f"port,{60 * (minute - 59)},{ugm3}" for minute, ugm3 in enumerate(minutes)]
    (folder / "air.csv").write_text("\n".join(["station,t_s,no2_ugm3", *rows, ""]), encoding="utf-8")
    stops = [{"link": links[0], "position_m": 50}, {"link": links[4], "position_m": 60}, {"link": links[9]}]
    defaults: dict[str, Any] = {
        "duration_s": 480,
        "demand": [{"kind": "random_trips", "per_hour": 2400, "min_distance_m": 200}],
        "routes": {"plan_every_s": 60, "reroute_blocked_after_s": 60, "value_of_time_per_h": {"car": 12}},
        "walks": [{"kind": "random_trips", "per_hour": 1500, "min_distance_m": 100}],
        "events": [
            {"kind": "road_closure", "link": links[5], "start_s": 100, "end_s": 300, "known_to": "broadcast"},
            {"kind": "speed_limit", "link": links[7], "speed_kmh": 20, "start_s": 50, "end_s": 350},
            {"kind": "speed_limit", "link": links[7], "speed_kmh": 30, "start_s": 90, "end_s": 400},
            {"kind": "signal_plan", "junction": signals[1], "cycle_s": 60, "start_s": 60, "end_s": 240},
            {"kind": "incident", "link": links[2], "start_s": 80, "duration_s": 200, "position_m": 60},
        ],
        "measures": [
            {"kind": "toll", "id": "ring", "links": links[10:14], "price": 0.2, "start_s": 60, "end_s": 400},
            {"kind": "plate_restriction", "id": "plates", "links": links[16:20], "when": ALARM},
            {"kind": "slow_zone", "id": "slow", "links": links[20:24], "speed_kmh": 20, "when": ALARM},
            {"kind": "cancelled_walks", "id": "sport", "share": 0.2, "when": ALARM},
        ],
        "air_warnings": [
            {"id": "smog", "series": "air.csv", "pollutant": "no2", "every_s": 60}
            | {"levels": [{"name": "alarm", "at": 250}], "stale_after_s": 100}
        ],
        "public_transport": [
            {"kind": "bus_line", "id": "4", "stops": stops, "headway_s": 120, "boarding_per_h": 300, "end_s": 300}
        ],
        "signals": {"control": [{"kind": "python", "junctions": [signals[0]], "file": "counts.py", "name": "Counts"}]},
        "sensors": [{"kind": "loop", "id": "loop", "link": links[3], "every_s": 70}],
        "hazards": [
            {"kind": "flood", "file": "water.geojson", "every_s": 25, "end_s": 330},
            {"kind": "smoke", "file": "smoke.geojson", "start_s": 45, "known_to": "broadcast"},
        ],
        "responders": {
            "units": [
                {"id": f"A{k}", "at": [west + k * BLOCK_DEGREES[0], south + 3 * BLOCK_DEGREES[1]]} for k in (2, 3)
            ],
            "hospitals": [{"id": "H", "at": [west + 2.5 * BLOCK_DEGREES[0], south + 2 * BLOCK_DEGREES[1]]}],
            "random_calls": [{"id": "ill", "per_hour": 60}],
            "on_scene_s": 30,
            "handover_s": 20,
        },
        "air": {
            "meteorology": {"kind": "series", "file": "weather.csv"},
            "fleet": {"country": "DE", "year": 2024},
            "emissions": "vehicles",
            "doses": True,
            "receptors": [{"id": "corner", "kind": "point", "at": [west - 1e-3, south]}],
            "every_s": 110,
        },
        "crowd_monitor": {"least_per_m2": 0.01, "hold_s": 10},
        "remedies": {"leave_locks_after_s": 60},
        "outputs": {"links_every_s": 90, "network_every_s": 35, "sumo": ["tripinfo", "edgedata"]},
        "checkpoint": {"every_s": 40, "keep": 3},
    }
    return write_scenario(folder, **(defaults | keys))


def write_evacuated_town(folder: Path) -> Path:
    """Write a town that is left on foot, by car and by bus while water rises, with crowds in the plane."""
    first, last = square(1, 1, 0.3), square(2.5, 2, 0.3)
    write_series(
        folder / "water.geojson",
        (60, [*first, first[0]], {"depth_m": 0.2}),
        (200, [*first, first[0]], {"depth_m": 1.3}),
    )
    drawn = [{"id": "market", "polygon": square(1.5, 1, 0.25)}, {"id": "gate", "polygon": square(2, 2, 0.15)}]
    scenario = {
        "duration_s": 700,
        "demand": [{"kind": "random_trips", "per_hour": 900, "min_distance_m": 200}],
        "walks": [{"kind": "random_trips", "per_hour": 6000, "min_distance_m": 100, "end_s": 300}],
        "patches": drawn,
        "walking": {"patches_above_per_m2": 0.2},
        "hazards": [
            {"kind": "flood", "file": "water.geojson", "every_s": 20},
            {"kind": "blocked_area", "polygon": last, "start_s": 150, "end_s": 350, "every_s": 20},
        ],
        "crowd_monitor": {"least_per_m2": 0.01, "hold_s": 10},
        "checkpoint": {"every_s": 40, "keep": 3},
    }
    at_once = {"kind": "uniform", "least_s": 0, "most_s": 120}
    return write_case(folder, scenario=scenario, preparation=at_once, modes={"car": 0.3})


def simulation_of(path: Path, **more: Any) -> Simulation:
    """The simulation of a scenario file, at t = 0."""
    scenario = load_scenario(path)
    network = network_of(scenario)
    return Simulation(scenario, network, trips_of(scenario, network), on_foot=walks_of(scenario, network), **more)


def end_of(simulation: Simulation) -> tuple[Any, ...]:
    """What two runs that went the same way have in common."""
    fleet, journeys, walkers = simulation.model.fleet, simulation.journeys, simulation.model.walkers
    return (
        fleet.state_hash(),
        "" if walkers is None else walkers.state_hash(),
        list(simulation.entries),
        [str(lock) for lock in simulation.locks],
        None if journeys.measures is None else journeys.measures.paid.tolist(),
        None if journeys.bus_lines is None else [str(call) for call in journeys.bus_lines.finish(fleet)],
        hashlib.sha256(simulation.model.router.link_s.tobytes()).hexdigest(),
        fleet.cities.sensor.tolist(),
        fleet.cities.counter.tolist(),
        None if simulation.hazards is None else list(simulation.hazards.counts),
        None if simulation.air_warnings is None else list(simulation.air_warnings.told),
        None if simulation.responders is None else str(simulation.responders.state()["arrived_s"]),
        None if simulation.air is None else simulation.air.total_ugm3_s.tolist(),
    )


def files_of(folder: Path) -> dict[str, str]:
    """SHA-256 of every table and SUMO file of a run folder."""
    files = sorted(path for path in folder.iterdir() if path.suffix in (".parquet", ".xml", ".gz"))
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files}
