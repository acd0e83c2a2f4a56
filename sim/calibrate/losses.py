"""Say how far simulated readings are from observed ones, with slopes: L(M, D) of the calibration equation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from ...scenarios.network import Floats
from ...scenarios.observed import Observed

LossName = Literal["l1", "l2", "poisson", "geh"]
LEAST_RATE = 0.5  # vehicles: below, a Poisson rate is so small that one vehicle more says everything


@dataclass(frozen=True, slots=True)
class Loss:
    """Mean over the readings, by weight, of a distance between simulated and observed.

    ``l1``: |error|, rounded off within ``soft`` so that it has a slope everywhere. ``l2``: error². ``poisson``: the
    deviance 2 (c ln(c/m) − c + m) of a count c that is expected to be m. ``geh``: GEH² = 2 error² / (m + c).
    """

    observed: Observed
    name: LossName = "l2"
    soft: float = 1.0  # in the readings' unit

    @property
    def share(self) -> Floats:
        """Part that each reading has in the mean, ``[reading]``."""
        return self.observed.weight / max(float(self.observed.weight.sum()), 1e-300)

    def terms(self, simulated: Floats) -> Floats:
        """Distance of each reading, ``[…, reading]``."""
        seen, error = self.observed.value, simulated - self.observed.value
        if self.name == "l1":
            rounded: Floats = np.sqrt(error**2 + self.soft**2) - self.soft
            return rounded
        if self.name == "l2":
            return error**2
        if self.name == "geh":
            return 2.0 * error**2 / np.maximum(simulated + seen, 1.0)
        rate = np.maximum(simulated, LEAST_RATE)
        logs = np.where(seen > 0.0, seen * np.log(np.maximum(seen, LEAST_RATE) / rate), 0.0)
        deviance: Floats = 2.0 * (logs - seen + rate)
        return deviance

    def __call__(self, simulated: Floats) -> Floats:
        """The mean, for each member: ``[member]`` from ``[member, reading]``."""
        mean: Floats = self.terms(simulated) @ self.share
        return mean

    def slope(self, simulated: Floats) -> Floats:
        """Derivative of the mean by each simulated reading."""
        seen, error = self.observed.value, simulated - self.observed.value
        if self.name == "l1":
            by_reading = error / np.sqrt(error**2 + self.soft**2)
        elif self.name == "l2":
            by_reading = 2.0 * error
        elif self.name == "geh":
            total = np.maximum(simulated + seen, 1.0)
            by_reading = 4.0 * error / total - np.where(simulated + seen > 1.0, 2.0 * (error / total) ** 2, 0.0)
        else:
            rate = np.maximum(simulated, LEAST_RATE)
            by_reading = np.where(simulated > LEAST_RATE, 2.0 * (1.0 - seen / rate), 0.0)
        slope: Floats = by_reading * self.share
        return slope

    def bend(self, simulated: Floats) -> Floats:
        """Weight of each squared error in the parabola that touches the mean here: what Gauss-Newton steps go by."""
        seen, error = self.observed.value, simulated - self.observed.value
        if self.name == "l1":
            by_reading = 1.0 / np.sqrt(error**2 + self.soft**2)
        elif self.name == "l2":
            by_reading = np.full_like(error, 2.0)
        elif self.name == "geh":
            by_reading = 4.0 / np.maximum(simulated + seen, 1.0)
        else:
            by_reading = 2.0 / np.maximum(simulated, LEAST_RATE)
        bend: Floats = by_reading * self.share
        return bend


def geh(simulated: Floats, observed: Floats) -> Floats:
    """GEH of hourly flows: root of 2 (m − c)² / (m + c)."""
    total = simulated + observed
    with np.errstate(invalid="ignore", divide="ignore"):
        value: Floats = np.where(total > 0.0, np.sqrt(2.0 * (simulated - observed) ** 2 / total), 0.0)
    return value


def nrmse(simulated: Floats, observed: Floats) -> float:
    """Root of n Σ (c − m)² over Σ c: the root mean square error over the mean count (Ryu et al. 2025)."""
    squares = float(((observed - simulated) ** 2).sum())
    return float(np.sqrt(observed.size * squares)) / max(float(observed.sum()), 1e-300)
