"""Tell differences from chance: paired intervals, many tests at once, seeds still needed. Numbers in, numbers out.

Every seed is run with and without the plan, so what is tested is the difference within a seed (Student 1908): luck that
both share cancels out. Confidence is 95 % throughout.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

CONFIDENCE = 0.95
MOST_SEEDS_TOLD = 100_000  # beyond it the answer is: never


@dataclass(frozen=True, slots=True)
class Paired:
    """Mean differences with their intervals, one for each quantity (``[quantity]``)."""

    seeds: NDArray[np.int64]  # in which the quantity is known
    mean: Floats
    sd: Floats  # of the differences between seeds
    low: Floats  # ends of the interval; NaN with fewer than two seeds
    high: Floats
    p: Floats  # of so large a difference by chance; 1 where there is none at all, NaN where nothing is known

    @property
    def half_width(self) -> Floats:
        """Half the length of the interval."""
        return (self.high - self.low) / 2.0

    @property
    def distinguishable(self) -> Bools:
        """Whether the interval leaves out zero."""
        return np.asarray(self.p < 1.0 - CONFIDENCE)


def paired(differences: Floats, *, resolution: float = 0.0) -> Paired:
    """Mean difference over seeds with its interval and the two-sided p value, Student's t.

    Parameters
    ----------
    differences
        Variant minus base, ``[seed, quantity]``; NaN where one of the two is not known.
    resolution
        Step of a quantity that is counted. Rounding alone has a variance of its square over 12, so that the same whole
        number in a few seeds does not pass for certainty.
    """
    from scipy import stats

    known = ~np.isnan(differences)
    seeds = known.sum(axis=0)
    enough = np.maximum(seeds, 1)
    mean = np.where(known, differences, 0.0).sum(axis=0) / enough
    squares = np.where(known, (differences - mean) ** 2, 0.0).sum(axis=0)
    sd = np.sqrt(np.maximum(squares / np.maximum(seeds - 1, 1), np.where(mean == 0.0, 0.0, resolution**2 / 12.0)))
    testable = seeds >= 2
    freedom = np.maximum(seeds - 1, 1)
    error = sd / np.sqrt(enough)
    half = np.where(testable, stats.t.ppf(0.5 + CONFIDENCE / 2.0, freedom) * error, np.nan)
    with np.errstate(divide="ignore", invalid="ignore"):
        p = np.where(mean == 0.0, 1.0, 2.0 * stats.t.sf(np.abs(mean) / error, freedom))
    p = np.where(testable, p, np.nan)
    mean = np.where(seeds > 0, mean, np.nan)
    return Paired(seeds, mean, np.where(testable, sd, np.nan), mean - half, mean + half, p)


def found_among_many(p: Floats, rate: float = 1.0 - CONFIDENCE) -> Bools:
    """Which of many tests found something, when at most a share ``rate`` of those named may be mistaken.

    Benjamini and Hochberg (1995). What is not known (NaN) is no test.
    """
    found = np.zeros(p.size, np.bool_)
    tests = np.flatnonzero(~np.isnan(p))
    order = tests[np.argsort(p[tests], kind="stable")]
    passes = np.flatnonzero(p[order] <= rate * np.arange(1, order.size + 1) / max(order.size, 1))
    if passes.size:
        found[order[: passes[-1] + 1]] = True
    return found


def seeds_for(sd: float, half_width: float) -> int | None:
    """Seeds after which an interval is about as narrow as wanted; None where no number of seeds is told.

    Parameters
    ----------
    sd
        Standard deviation of the differences between seeds.
    half_width
        Wanted half length of the interval, in the same unit.

    Examples
    --------
    >>> seeds_for(2.0, 1.0), seeds_for(0.0, 1.0), seeds_for(1.0, 0.0)
    (18, 2, None)
    """
    from scipy import stats

    if not half_width > 0.0 or not np.isfinite(sd):
        return 2 if sd == 0.0 else None
    wanted = np.arange(2, 1000)
    narrow = stats.t.ppf(0.5 + CONFIDENCE / 2.0, wanted - 1) * sd / np.sqrt(wanted) <= half_width
    if narrow.any():
        return int(wanted[int(narrow.argmax())])
    z = float(stats.norm.ppf(0.5 + CONFIDENCE / 2.0))
    many = (z * sd / half_width) ** 2 + (z**2 + 1.0) / 2.0  # Student's t is z times 1 + (z² + 1) / 4n, nearly
    return int(np.ceil(many)) if many <= MOST_SEEDS_TOLD else None
