"""Plant faults in made counts and say how many of them the health check finds, and how long it takes.

Run with ``python benchmarks/data_health.py [WEEKS]``; every finding in healthy counts would be a false one.
"""

from __future__ import annotations

import datetime as dt
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from citytwin.scenarios.data_health import Health, examine
from citytwin.scenarios.sensor_files import read_observations

SENSORS, STEP_MIN, SEED = 40, 30, 20260302
STEPS = 24 * 60 // STEP_MIN
MONDAY = dt.datetime(2026, 3, 2)
FLOWS_VPH = (60.0, 200.0, 600.0, 1500.0)  # in the busiest hour
Fault = Callable[[np.ndarray, np.random.Generator], None]


def counts(weeks: int, rng: np.random.Generator) -> np.ndarray:
    """Healthy counts, ``[slot, sensor]``: a shape of its own for every sensor, busier and quieter days, chance."""
    hour = np.arange(0, 24, STEP_MIN / 60)[:, None]
    morning, evening = rng.uniform(0.3, 1.0, SENSORS), rng.uniform(0.3, 1.0, SENSORS)
    workday = 0.05 + morning * np.exp(-((hour - 8) ** 2) / 4) + evening * np.exp(-((hour - 17) ** 2) / 6)
    workday += 0.45 * (abs(hour - 13) < 6)
    weekend = 0.05 + 0.6 * np.exp(-((hour - 14) ** 2) / 16) * np.ones(SENSORS)
    days = [weekend if day % 7 >= 5 else workday for day in range(7 * weeks)]
    busy = rng.normal(1.0, 0.07, (7 * weeks, 1, 1)) * rng.normal(1.0, 0.05, (7 * weeks, 1, SENSORS))
    level = np.resize(FLOWS_VPH, SENSORS) * STEP_MIN / 60
    mean = (np.stack(days) * busy).clip(0) / workday.max(axis=0) * level
    return rng.poisson(mean.reshape(-1, SENSORS)).astype(float)


def outage(steps: int) -> Fault:
    """Nothing for so many steps between 8 and 20 h of a working day."""

    def spoil(values: np.ndarray, rng: np.random.Generator) -> None:
        first = _by_day(values, rng)
        values[first : first + steps] = 0

    return spoil


def stuck(steps: int) -> Fault:
    """The same value for so many steps between 8 and 20 h of a working day."""

    def spoil(values: np.ndarray, rng: np.random.Generator) -> None:
        first = _by_day(values, rng)
        values[first : first + steps] = values[first]

    return spoil


def late_clock(days: int) -> Fault:
    """So many working days that are an hour late."""

    def spoil(values: np.ndarray, rng: np.random.Generator) -> None:
        first = STEPS * 7 * int(rng.integers(0, len(values) // STEPS // 7))
        values[first : first + days * STEPS] = np.roll(values[first : first + days * STEPS], 2)

    return spoil


def drift(share: float) -> Fault:
    """Such a share of the vehicles missed in the end, more and more from the beginning."""

    def spoil(values: np.ndarray, rng: np.random.Generator) -> None:
        values[:] = rng.binomial(values.astype(int), np.linspace(1.0, 1.0 - share, len(values)))

    return spoil


FAULTS: dict[str, tuple[Fault, str]] = {
    "outage of 30 min by day": (outage(1), "outage"),
    "outage of 2 h by day": (outage(4), "outage"),
    "stuck for 2 h": (stuck(4), "stuck"),
    "stuck for 4 h": (stuck(8), "stuck"),
    "1 h late for 1 day": (late_clock(1), "clock_shift"),
    "1 h late for 3 days": (late_clock(3), "clock_shift"),
    "20 % fewer in the end": (drift(0.2), "drift"),
    "40 % fewer in the end": (drift(0.4), "drift"),
}


def _by_day(values: np.ndarray, rng: np.random.Generator) -> int:
    """A slot between 8 and 16 h of a working day."""
    day = 7 * int(rng.integers(0, len(values) // STEPS // 7)) + int(rng.integers(0, 5))
    return STEPS * day + 2 * int(rng.integers(8, 16))


def health_of(values: np.ndarray, folder: Path) -> tuple[Health, float, float]:
    """What is found, and the seconds that reading and examining took."""
    times = [(MONDAY + dt.timedelta(minutes=STEP_MIN * row)).isoformat() for row in range(len(values))]
    rows = [",".join([at, *(f"{one:.0f}" for one in row)]) for at, row in zip(times, values, strict=True)]
    header = ",".join(["time", *(f"s{number:02d}" for number in range(values.shape[1]))])
    (folder / "counts.csv").write_text("\n".join([header, *rows]) + "\n")
    (folder / "made.yaml").write_text("observations: 1\nfiles: [{file: counts.csv, layout: wide}]\n")
    begin_s = time.process_time()
    described = read_observations(folder / "made.yaml")
    read_s = time.process_time()
    return examine(described), read_s - begin_s, time.process_time() - read_s


def main() -> None:
    """Print a table of what was found."""
    weeks = int(sys.argv[1]) if len(sys.argv) > 1 else 8
    rng = np.random.default_rng(SEED)
    with tempfile.TemporaryDirectory() as folder:
        healthy = counts(weeks, rng)
        health_of(healthy[: 2 * STEPS], Path(folder))  # imports what is needed
        health, read_s, examine_s = health_of(healthy, Path(folder))
        millions = healthy.size / 1e6
        print(f"{SENSORS} sensors, {weeks} weeks of half hours, {healthy.size:,} readings, seed {SEED}")
        print(
            f"read {read_s / millions:.2f} s, examined {examine_s / millions:.2f} s of CPU time for a million readings"
        )
        print(f"healthy: {len(health.findings)} findings ({health.counts()})")
        print(
            f"{'planted in every sensor':28}" + "".join(f"{flow:>9.0f}" for flow in FLOWS_VPH) + "  veh/h at the peak"
        )
        for name, (fault, sort) in FAULTS.items():
            print(f"{name:28}" + "".join(f"{found:9.0%}" for found in _found(fault, sort, weeks, Path(folder))))


def _found(fault: Fault, sort: str, weeks: int, folder: Path) -> list[float]:
    """Share of the planted faults that are found, by how busy the sensor is; sensors are spoilt among healthy ones."""
    rng = np.random.default_rng([SEED, len(sort)])
    hits = np.zeros(SENSORS, bool)
    groups = np.arange(SENSORS) // len(FLOWS_VPH) % 4  # a quarter of the sensors at a time
    for group in range(4):
        values, own = counts(weeks, rng), np.flatnonzero(groups == group)
        for sensor in own:
            fault(values[:, sensor], rng)
        health = health_of(values, folder)[0]
        hits[own] = np.isin(own, [found.sensor for found in health.findings if found.sort == sort])
    return [float(hits[level :: len(FLOWS_VPH)].mean()) for level in range(len(FLOWS_VPH))]


if __name__ == "__main__":
    main()
