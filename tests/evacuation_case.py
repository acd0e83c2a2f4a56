"""Make an evacuation of a small town, and run it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from traffic_case import BLOCK_DEGREES, TOWN_AT, write_scenario

from citytwin.scenarios.scenario import load_scenario
from citytwin.sim.run import network_of, trips_of, walks_of
from citytwin.sim.simulation import Simulation

LON, LAT = TOWN_AT
WIDTH, HEIGHT = BLOCK_DEGREES


def corner(column: float, row: float) -> list[float]:
    """Longitude and latitude of a crossing of the town."""
    return [LON + column * WIDTH, LAT + row * HEIGHT]


def box(first_column: float, first_row: float, last_column: float, last_row: float) -> list[list[float]]:
    """An area round some of the town's crossings."""
    beyond = 0.0002
    west, south = corner(first_column, first_row)
    east, north = corner(last_column, last_row)
    west, south, east, north = west - beyond, south - beyond, east + beyond, north + beyond
    return [[west, south], [east, south], [east, north], [west, north]]


def evacuation(**keys: Any) -> dict[str, Any]:
    """An evacuation of the western half of the town; ``keys`` replace or add to it."""
    defaults: dict[str, Any] = {
        "zones": [
            {"id": "west", "polygon": box(0, 0, 1, 3), "population": 120},
            {"id": "east", "polygon": box(2, 0, 3, 3), "population": 80},
        ],
        "groups": [{"id": "school", "at": corner(0, 0), "persons": 40, "doors": [{"width_m": 1.0}]}],
        "orders": [{"id": "first", "zones": ["west"], "start_s": 30.0, "compliance": 0.9}],
        "channels": [
            {"kind": "siren", "reaches": 0.6},
            {"kind": "cell_broadcast", "reaches": 0.8, "delay_s": 10.0, "seen_after_s": 20.0},
            {"kind": "neighbours", "reaches": 0.5, "delay_s": 20.0},
        ],
        "preparation": {"kind": "uniform", "least_s": 10, "most_s": 100},
        "cue_factor": 0.8,
        "shadow": {"share": 0.3, "within_m": 400.0},
        "modes": {"car": 0.4},
        "shelters": [
            {"id": "hall", "at": corner(2, 2), "capacity": 30, "announced_after_s": 20.0},
            {"id": "park", "at": corner(3, 0)},
        ],
        "exits": [{"id": "north", "at": corner(3, 3)}],
    }
    return defaults | keys


def write_case(folder: Path, *, scenario: dict[str, Any] | None = None, **keys: Any) -> Path:
    """Write a scenario with the evacuation; ``keys`` are those of ``evacuation``."""
    whole = {"duration_s": 900, "demand": [], "signals": {}} | (scenario or {})
    return write_scenario(folder, evacuation=evacuation(**keys), **whole)


def rescue_of(folder: Path, *, scenario: dict[str, Any] | None = None, **keys: Any) -> Simulation:
    """A simulation of the case at t = 0."""
    read = load_scenario(write_case(folder, scenario=scenario, **keys))
    network = network_of(read)
    return Simulation(read, network, trips_of(read, network), on_foot=walks_of(read, network))
