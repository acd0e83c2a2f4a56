"""Say how far simulated readings are from observed ones, with slopes: L(M, D) of the calibration equation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from ...kernels import losses
from ...scenarios.network import Bools, Floats
from ...scenarios.observed import KINDS, Observed
from ...scenarios.sensor_kinds import SENSOR_KINDS

# [kind] whose errors grow with the root of the reading: counts, and air, in which plumes are wrong in proportion.
DEVIANCE = np.array([name == "air" or (name in SENSOR_KINDS and SENSOR_KINDS[name].poisson) for name in KINDS])
LossName = Literal["l1", "l2", "poisson", "geh"]
POISSON = np.array([name in SENSOR_KINDS and SENSOR_KINDS[name].poisson for name in KINDS])  # [kind] whose values count


@dataclass(frozen=True, slots=True)
class Loss:
    """Mean over the readings, by weight, of a distance between simulated and observed.

    ``l1``: |error|, rounded off within ``soft`` so that it has a slope everywhere. ``l2``: error². ``poisson``: the
    deviance 2 (c ln(c/m) − c + m) of a count c that is expected to be m. ``geh``: GEH² = 2 error² / (m + c).

    Readings of several kinds have several units. Then errors are brought to one: to that of the counts, or of the first
    kind where there are none, so that an error of one mean reading weighs alike in every kind (``unit``). ``poisson``
    and ``geh`` are about counts, and are taken of air too, as a quasi-likelihood; of other kinds they take error² over
    the mean count, which weighs like the former near the solution.
    """

    observed: Observed
    name: LossName = "l2"
    soft: float = 1.0  # in the unit of the counts, or of the first kind
    backend: Literal["cpu", "cuda"] = "cpu"  # where it is worked out; to the same bits

    @property
    def unit(self) -> Floats:
        """What of each reading's own unit is worth one of the common unit, ``[reading]``; 1 where all are of a kind."""
        return self._units()[0]

    def _units(self) -> tuple[Floats, float]:
        """Units, and the mean reading in the common one."""
        kinds, seen = self.observed.kind, np.abs(self.observed.value)
        fitted = self.observed.weight > 0.0
        mean = {kind: float(seen[fitted & (kinds == kind)].mean()) for kind in np.unique(kinds[fitted]).tolist()}
        counts = [kind for kind in mean if POISSON[kind] and mean[kind] > 0.0]
        first = min(counts or mean, default=0)
        unit = np.ones(len(self.observed))
        for kind in np.unique(kinds).tolist():
            other = mean.get(kind, float(seen[kinds == kind].mean()))
            if kind != first and other > 0.0 and mean.get(first, 0.0) > 0.0:
                unit[kinds == kind] = other / mean[first]
        return unit, max(mean.get(first, 1.0), losses.LEAST_RATE)

    @property
    def share(self) -> Floats:
        """Part that each reading has in the mean, ``[reading]``."""
        return self.observed.weight / max(float(self.observed.weight.sum()), 1e-300)

    def terms(self, simulated: Floats) -> Floats:
        """Distance of each reading, ``[…, reading]``."""
        return self._weighed(simulated)[0][..., losses.TERM]

    def __call__(self, simulated: Floats) -> Floats:
        """The mean, for each member: ``[member]`` from ``[member, reading]``."""
        return self._weighed(simulated)[1]

    def slope(self, simulated: Floats) -> Floats:
        """Derivative of the mean by each simulated reading."""
        slope: Floats = self._weighed(simulated)[0][..., losses.SLOPE] * self.share
        return slope

    def bend(self, simulated: Floats) -> Floats:
        """Weight of each squared error in the parabola that touches the mean here: what Gauss-Newton steps go by."""
        bend: Floats = self._weighed(simulated)[0][..., losses.BEND] * self.share
        return bend

    def _weighed(self, simulated: Floats) -> tuple[Floats, Floats]:
        """Distance, slope and bend of every reading, ``[…, reading, column]``, and the mean of each member."""
        rows = np.ascontiguousarray(simulated, np.float64).reshape(-1, len(self.observed))
        written, mean = np.empty((*rows.shape, losses.COLUMNS)), np.empty(len(rows))
        weigh = losses.weigh
        if self.backend == "cuda":
            from ...kernels.cuda_readings import weigh
        weigh(self._readings(), self.share, rows, written, mean)
        shape = np.shape(simulated)
        return written.reshape(*shape, losses.COLUMNS), mean.reshape(shape[:-1])

    def _readings(self) -> Floats:
        """What was observed, for the kernels, ``[reading, column]``."""
        unit, typical = self._units()
        table = np.empty((len(self.observed), losses.READING_COLUMNS))
        distance = np.full(len(table), losses.DISTANCES.index(self.name))
        if self.name in ("poisson", "geh"):
            others = ~DEVIANCE[self.observed.kind]
            distance[others], unit = losses.L2, np.where(others, unit * np.sqrt(typical), 1.0)
        table[:, losses.DISTANCE], table[:, losses.SEEN] = distance, self.observed.value
        table[:, losses.UNIT], table[:, losses.SOFT] = unit, self.soft
        return table

    def nrmse(self, simulated: Floats, rows: Bools, target: Floats | None = None) -> float:
        """``nrmse`` of some readings in the common unit, against ``target`` instead of what was observed; nan of none.

        Readings that the target does not know (nan) are left out.
        """
        target = self.observed.value if target is None else target
        known = rows & np.isfinite(target) & np.isfinite(simulated)
        unit = self.unit[known]
        return nrmse(simulated[known] / unit, target[known] / unit) if known.any() else float("nan")


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
