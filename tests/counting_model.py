"""Stand in for the traffic: roads with proportions that are known, and with bottlenecks where that is wanted."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from citytwin.scenarios.observed import Observed
from citytwin.sim.calibrate.losses import Loss, LossName
from citytwin.sim.calibrate.parameters import Parameters, demand_parameters
from citytwin.sim.calibrate.runs import Simulated


class CountingModel:
    """Vehicles of each group pass sensors in fixed shares, behind a bottleneck of which only so many get through.

    ``jam`` is how many fewer get through for each that comes too many: a queue that blocks a junction.
    """

    def __init__(
        self,
        share: np.ndarray,
        *,
        capacity: float = np.inf,
        behind: Sequence[int] = (),
        jam: float = 0.0,
        noise: float = 0.0,
    ) -> None:
        self.share, self.capacity, self.behind, self.jam, self.noise = share, capacity, list(behind), jam, noise
        self.calls = 0

    def __call__(self, values: np.ndarray, seeds: Sequence[int]) -> Simulated:
        self.calls += 1
        passed = self.share[np.newaxis] * values[:, np.newaxis, :]
        if self.behind:
            wanted = passed[:, self.behind[0]].sum(axis=1)
            over = np.maximum(wanted - self.capacity, 0.0)
            through = np.maximum(wanted - over - self.jam * over, 0.0) / np.maximum(wanted, 1e-9)
            passed[:, self.behind] *= through[:, np.newaxis, np.newaxis]
        counts = passed.sum(axis=2)
        for member, seed in enumerate(seeds):
            counts[member] += self.noise * np.random.default_rng(seed).normal(size=counts.shape[1])
        whole = np.ones(len(values))
        return Simulated(counts, passed, values.copy(), whole, whole)


def loss_of(counts: np.ndarray, name: LossName = "l2") -> Loss:
    """A loss over these counts."""
    rows = len(counts)
    sensors = [f"sensor {row}" for row in range(rows)]
    return Loss(Observed.counts(sensors, np.arange(rows, dtype=np.int32), 0.0, 3600.0, np.asarray(counts, float)), name)


def parameters_of(number: int, *, start: float = 10.0, prior: float = 0.0, high: float = 2000.0) -> Parameters:
    """So many pairs."""
    names = [f"pair {row}" for row in range(number)]
    return demand_parameters(names, low=0.0, high=high, prior=prior, start=start, scale=100.0)
