"""Run what calibration does on a GPU beside what it does on a CPU and print, as JSON, what has the same bits.

Tests run it in a process of its own, because numba decides at import whether CUDA is simulated.
"""

from __future__ import annotations

import json

import numpy as np
from numba import cuda

from citytwin.kernels import cuda_readings, losses, passings, traffic_tables

MEMBERS, READINGS, GROUPS, DIRECTIONS, VEHICLES, LANES = 3, 5, 2, 4, 20, 5


def weighed(distance: int) -> list[np.ndarray]:
    """Distances, slopes and bends, and means, of CPU and GPU."""
    rng = np.random.default_rng(distance)
    seen, share = rng.poisson(20.0, READINGS).astype(float), rng.random(READINGS)
    simulated = rng.uniform(0.0, 40.0, (MEMBERS, READINGS))
    seen[0], simulated[0, :2] = 0.0, 0.0
    rest = np.full(READINGS, distance), seen, rng.uniform(0.5, 2.0, READINGS), np.ones(READINGS)
    readings = np.stack(rest, axis=1).astype(float)
    found = []
    for weigh in (losses.weigh, cuda_readings.weigh):
        written, mean = np.zeros((MEMBERS, READINGS, losses.COLUMNS)), np.zeros(MEMBERS)
        weigh(readings, share, simulated, written, mean)
        assert (mean > 0.0).all()
        found.append(np.append(written, mean))
    return found


def counted() -> list[np.ndarray]:
    """Who passed what by CPU and GPU: vehicles somewhere on two routes, some of them not there."""
    rng = np.random.default_rng(9)
    vehicles = np.zeros((MEMBERS, VEHICLES, 16), np.int32)
    vehicles[:, :, traffic_tables.STATUS] = rng.integers(0, 4, (MEMBERS, VEHICLES))
    vehicles[:, :, traffic_tables.LANE] = rng.integers(0, LANES + 3, (MEMBERS, VEHICLES))
    vehicles[:, :, traffic_tables.ROUTE_START] = 3 * rng.integers(0, 2, (MEMBERS, VEHICLES))
    vehicles[:, :, traffic_tables.ROUTE_AT] = rng.integers(0, 3, (MEMBERS, VEHICLES))
    group = rng.integers(-1, GROUPS, (MEMBERS, VEHICLES)).astype(np.int32)
    route = np.array([0, 1, 2, 3, 1, 3], np.int32)  # the second comes by link 3 twice
    vehicles[:, :, traffic_tables.ROUTE_SIZE] = 3
    columns = [0, 1, 3, 3, 4], [2, 0, 1, 3], [-1, 3, -1, -1, -1]  # who leaves link 1, and who of them turns into 3
    parts = passings.Parts(*(np.array(column, np.int32) for column in columns))
    found = [np.zeros((MEMBERS, READINGS, GROUPS), np.int32) for _ in range(2)]
    passings.count_passings(vehicles, group, LANES, route, parts, found[0])
    cuda_readings.count_passings(cuda.to_device(vehicles), group, LANES, cuda.to_device(route), parts, found[1])
    assert found[0].sum() > 30
    return found


def mended() -> list[np.ndarray]:
    """Slopes of CPU and GPU from replicas of two seeds."""
    rng = np.random.default_rng(11)
    moved, slopes = rng.normal(size=(DIRECTIONS, 6)), rng.normal(size=(READINGS, 6))
    inverse = np.ascontiguousarray(np.linalg.pinv(moved).T)
    replicas, base = rng.normal(size=(2, DIRECTIONS, READINGS)), rng.normal(size=READINGS)
    found = []
    for mend in (passings.mend_slopes, cuda_readings.mend_slopes):
        change, better = np.zeros((READINGS, DIRECTIONS)), np.zeros_like(slopes)
        mend(replicas, base, moved, inverse, slopes, change, better)
        found.append(np.append(change, better))
    return found


def main() -> dict[str, bool]:
    """Whether CPU and GPU agree to the last bit."""
    found = {name: weighed(getattr(losses, name)) for name in ("L1", "L2", "POISSON", "GEH")}
    found |= {"count_passings": counted(), "mend_slopes": mended()}
    return {name: bool(np.array_equal(*both)) for name, both in found.items()}


if __name__ == "__main__":
    print(json.dumps(main()))
