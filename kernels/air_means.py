"""Average concentrations over the last hours, with gaps."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

NOWCAST_H = 12
LEAST_WEIGHT = 0.5
RECENT_H, RECENT_NEEDED = 3, 2


def mean_with_gaps(samples: NDArray[np.float64], least_share: float) -> float:
    """Mean of those samples that are there; NaN where their share is less than ``least_share``.

    Parameters
    ----------
    samples
        Means of equally long intervals, µg/m³; NaN: none.
    least_share
        Share of the samples that must be there, 0 to 1.
    """
    there = np.isfinite(samples)
    count = int(there.sum())
    if count == 0 or count < least_share * samples.size - 1e-9:
        return math.nan
    return float(samples[there].mean())


def nowcast(hourly: NDArray[np.float64]) -> float:
    """Weighted mean of the last twelve hours, which follows quick changes of PM; NaN without two of the last three.

    US EPA, EPA-454/B-24-002 (2024), section IV, "How the NowCast is calculated": each hour weighs ``w`` times what the
    hour after it weighs, with ``w`` the least of the hours divided by the largest, at least 0.5.

    Parameters
    ----------
    hourly
        Hourly means, µg/m³, the latest last; NaN: none.
    """
    latest_first = hourly[::-1][:NOWCAST_H]
    there = np.isfinite(latest_first)
    if there[:RECENT_H].sum() < RECENT_NEEDED:
        return math.nan
    values, age_h = latest_first[there], np.flatnonzero(there)
    largest = float(values.max())
    weight = max(float(values.min()) / largest, LEAST_WEIGHT) if largest > 0.0 else 1.0
    weights = weight**age_h
    return float((weights * values).sum() / weights.sum())
