"""Measure how many people on foot one core moves a second, in open corridors and in a city.

Run with ``python benchmarks/walking.py``; CPU time, the best of three minutes.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import numpy as np

from citytwin.agents.walk_routes import WalkRouter
from citytwin.agents.walkers import Walkers, build_walkers
from citytwin.kernels import walking_tables as table
from citytwin.scenarios.city import bundled_cities
from citytwin.scenarios.load_network import load_network, load_walk_network
from citytwin.scenarios.trips import TripTable
from citytwin.scenarios.walk_presets import PRESETS

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from corridors import ROADS, Passage, building

PEOPLE = 50_000
RUN_IN_S, MINUTE_S = 120, 60


def corridors() -> Walkers:
    """A hundred wide corridors of 30 m, one after the other."""
    network = building(*(Passage(f"n{k}", f"n{k + 1}", 30, 60) for k in range(100)))
    rng = np.random.default_rng(0)
    links = rng.integers(0, 50, PEOPLE), rng.integers(50, 100, PEOPLE)
    return build_walkers(network, ROADS, _all_at_once(*links), PRESETS["lab_calibrated"])


def city(name: str) -> Walkers:
    """A bundled city with people who walk from anywhere to anywhere, their crossings shut or open for good."""
    file = bundled_cities()[name]
    roads = load_network(file)
    network = load_walk_network(file, roads)
    rng = np.random.default_rng(0)
    there = np.flatnonzero(network.parts()[network.links.from_node] == 0)
    walkers = build_walkers(network, roads, _all_at_once(*rng.choice(there, (2, PEOPLE))), PRESETS["lab_calibrated"])
    walkers.walks.crossing_i[:, table.IS_OPEN] = 1
    return walkers


def _all_at_once(origin: np.ndarray, destination: np.ndarray) -> TripTable:
    ids = [f"{row:06d}" for row in range(PEOPLE)]
    return TripTable.sorted(ids, np.zeros(PEOPLE), origin.astype(np.int32), destination.astype(np.int32))


def updates_per_s(walkers: Walkers) -> tuple[float, int]:
    """People moved by a second of theirs in a second of one core, and how many were out."""
    WalkRouter(walkers, 1.34).plan(0, np.arange(PEOPLE))
    walkers.advance(0, RUN_IN_S)
    best = 0.0
    for minute in range(3):
        before = int(walkers.walks.counter[0, table.UPDATES])
        start = time.process_time()
        first = RUN_IN_S + minute * MINUTE_S
        walkers.advance(first, first + MINUTE_S)
        best = max(best, (int(walkers.walks.counter[0, table.UPDATES]) - before) / (time.process_time() - start))
    return best, int(walkers.walks.counter[0, table.OUT])


if __name__ == "__main__":
    for name, walkers in (("corridors", corridors()), ("monaco", city("monaco")), ("helsinki", city("helsinki"))):
        speed, out = updates_per_s(walkers)
        print(f"{name}: {speed / 1e6:.1f} M walker updates a second, {out:,} people out")
