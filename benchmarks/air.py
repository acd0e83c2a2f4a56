"""Measure how fast concentrations are found: one core's pairs of source and place, a city's matrix, a step, a cloud.

Run with ``python benchmarks/air.py``. Single figures are the best of some rounds, since other processes only make them
worse.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numba
import numpy as np

from citytwin.agents.air_cloud import Cloud
from citytwin.agents.air_matrix import dispersion_matrix
from citytwin.agents.air_sources import LineSources, Receptors
from citytwin.agents.air_weather import Weather
from citytwin.kernels.air_plumes import URBAN, Plume, fill_open

LINKS = PLACES = 10_000
SIDE_M = 10_000.0
ROUNDS = 9
WEATHERS = {
    "neutral, 3 m/s": Weather(250.0, 3.0, 0.3),
    "unstable, 2.5 m/s": Weather(250.0, 2.5, 0.3, obukhov_length_m=-15.0, mixing_height_m=1200.0),
    "stable, 1 m/s": Weather(250.0, 1.0, 0.1, obukhov_length_m=20.0, mixing_height_m=150.0),
}


def best_s(work: Callable[[], object], rounds: int = ROUNDS) -> float:
    """Shortest time of some rounds, after one that compiles."""
    work()
    spans = []
    for _ in range(rounds):
        start = time.perf_counter()
        work()
        spans.append(time.perf_counter() - start)
    return min(spans)


def city(links: int, places: int) -> tuple[LineSources, Receptors]:
    """Links of 20 to 200 m in all directions, and places, all over a square."""
    rng = np.random.default_rng(1)
    x, y = rng.uniform(0.0, SIDE_M, (2, links))
    length, angle = rng.uniform(20.0, 200.0, links), rng.uniform(0.0, 2.0 * np.pi, links)
    roads = LineSources(x, y, x + length * np.cos(angle), y + length * np.sin(angle))
    return roads, Receptors(*rng.uniform(0.0, SIDE_M, (2, places)))


def point_pairs_per_s() -> float:
    """Pairs of stack and place a second of one core, places all around."""
    size = 20_000
    ahead, left = np.random.default_rng(0).uniform(-5000.0, 5000.0, (2, size))
    height, share = np.full(size, 1.5), np.empty(size)
    plume = Plume(80.0, 4.0, 0.95, 5.0, 5.0, 1000.0, URBAN[3])
    return size / best_s(lambda: fill_open(plume, 0.0, 0.0, ahead, left, height, share), 200)


def line_pairs_per_s() -> float:
    """Pairs of link and place a second of one core, all worked out exactly."""
    roads, places = city(2_000, 300)
    weather = WEATHERS["neutral, 3 m/s"]
    numba.set_num_threads(1)
    try:
        twice = best_s(lambda: dispersion_matrix(roads, places, weather, 0.0), 3)
        estimates = best_s(lambda: dispersion_matrix(roads, places, weather, 0.999), 3)  # and the table of spreads
    finally:
        numba.set_num_threads(numba.config.NUMBA_NUM_THREADS)
    return len(roads) * len(places) / (twice - estimates)


def measure_city() -> None:
    """Prepare a city's matrix and multiply it, in each weather."""
    roads, places = city(LINKS, PLACES)
    rates = np.random.default_rng(2).uniform(0.0, 1.0, LINKS)
    dispersion_matrix(*city(10, 10), WEATHERS["neutral, 3 m/s"]).concentration_gm3(np.ones(10))
    for name, weather in WEATHERS.items():
        start, busy = time.perf_counter(), time.process_time()
        found = dispersion_matrix(roads, places, weather)
        wall, cpu = time.perf_counter() - start, time.process_time() - busy
        step = best_s(lambda found=found: found.concentration_gm3(rates))
        print(
            f"{LINKS:,} links and {PLACES:,} places, {name}: {wall:.1f} s ({cpu:.1f} s of CPU), "
            f"{found.matrix.nnz / LINKS / PLACES:.1%} kept, dropped share at most {found.dropped_share.max():.2%}; "
            f"a step {1000.0 * step:.1f} ms"
        )


def cloud_speed() -> float:
    """Seconds of a cloud on 1,000 x 1,000 cells of 20 m in a second."""
    cloud = Cloud((1000, 1000), 20.0, 200.0, deposition_mps=0.01, diffusivity_m2ps=20.0)
    cloud.add(500, 500, 1e6)
    cloud.wind((3.0, 2.0))
    return 1.0 / best_s(lambda: cloud.advance(1.0), 30)


if __name__ == "__main__":
    print(f"point kernel: {point_pairs_per_s() / 1e6:.0f} M pairs a second of one core")
    print(f"line kernel: {line_pairs_per_s() / 1e6:.1f} M pairs a second of one core")
    measure_city()
    print(f"cloud of 1,000 x 1,000 cells: {cloud_speed():.0f} times real time in steps of 1 s")
