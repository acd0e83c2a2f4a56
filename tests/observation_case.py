"""Make observations of a small town: counts with the shape of a day and the chance of counting, and their files."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np
from micro_traffic import Part, network_of, straight, street

from citytwin.scenarios.data_health import Health, examine
from citytwin.scenarios.network import RoadNetwork
from citytwin.scenarios.sensor_files import read_observations
from citytwin.scenarios.streets import JunctionSpec

MONDAY = dt.datetime(2026, 3, 2)
NAMES = ("north", "east", "south", "west", "bridge", "tunnel")


def counts(days: int = 14, step_min: int = 30, seed: int = 1, level: float = 900.0) -> np.ndarray:
    """Vehicles per step, ``[slot, sensor]``: two peaks on workdays, one hump at weekends."""
    rng = np.random.default_rng(seed)
    hour = np.arange(0, 24, step_min / 60)
    workday = 0.1 + np.exp(-((hour - 8) ** 2) / 3) + 1.1 * np.exp(-((hour - 17) ** 2) / 5) + 0.5 * (abs(hour - 13) < 5)
    weekend = 0.1 + 0.8 * np.exp(-((hour - 14) ** 2) / 14)
    shape = [weekend if (MONDAY + dt.timedelta(days=day)).weekday() >= 5 else workday for day in range(days)]
    share = np.linspace(0.6, 1.4, len(NAMES))
    return rng.poisson(np.concatenate(shape)[:, None] * level * step_min / 60 * share).astype(float)


def write_counts(folder: Path, values: np.ndarray, *, step_min: int = 30, more: str = "", **keys: str) -> Path:
    """Write counts as one column a sensor with a description beside; NaN becomes an empty cell."""
    lines = ["time," + ",".join(NAMES[: values.shape[1]])]
    for row, counted in enumerate(values):
        at = MONDAY + dt.timedelta(minutes=row * step_min)
        lines.append(",".join([at.isoformat(), *("" if np.isnan(one) else f"{one:g}" for one in counted)]))
    (folder / "counts.csv").write_text("\n".join(lines) + "\n")
    part = {"file": "counts.csv", "layout": "wide", **keys}
    text = (
        "observations: 1\n"
        + more
        + "files:\n  - {"
        + ", ".join(f"{key}: {value}" for key, value in part.items())
        + "}\n"
    )
    path = folder / "town.yaml"
    path.write_text(text)
    return path


def health_of(folder: Path, values: np.ndarray, network: RoadNetwork | None = None, **keys: str) -> Health:
    """Examine counts that were written to files and read again."""
    return examine(read_observations(write_counts(folder, values, **keys)), network)


def sorts(health: Health) -> set[tuple[str, str]]:
    """Sort and sensor of everything found."""
    return {(found.sort, health.name(found)) for found in health.findings}


def road(parts: int = 3, lanes: int = 1) -> RoadNetwork:
    """Links "0", "1", … one after the other, one way."""
    return straight([Part(300.0, lanes, 50.0)] * parts)


def fork() -> RoadNetwork:
    """A motorway "in" that splits into "left" and "right"; all three end at gates."""
    part = Part(400.0, 2, 100.0)
    ends = {
        "in": ("a", "b", [[0, 0], [400, 0]]),
        "left": ("b", "c", [[400, 0], [800, 90]]),
        "right": ("b", "d", [[400, 0], [800, -90]]),
    }
    streets = [street(name, *where, part, road_class="motorway") for name, where in ends.items()]
    specs = [
        JunctionSpec("a", 0.0, 0.0, gate="entry"),
        JunctionSpec("b", 400.0, 0.0),
        JunctionSpec("c", 800.0, 90.0, gate="exit"),
        JunctionSpec("d", 800.0, -90.0, gate="exit"),
    ]
    return network_of("fork", streets, specs)
