"""Lay readings out on even steps of time, sensor beside sensor, and say what a usual day is."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from .network import Bools, Floats, Ints
from .readings import DAY_S, Readings, Rows

FEWEST_DAYS = 3  # of a kind (workdays, weekends) before anything is called usual
USUAL_SHARE = 0.5  # of days on which a time of day was measured: then it is expected on all
MOST_SLOTS = 2_000_000
THURSDAY = 3  # 1970-01-01


@dataclass(frozen=True, slots=True, eq=False)
class Grid:
    """Sensors with the same step. Shapes ``[slot, column]``, ``[slot]`` or ``[column]``."""

    readings: Readings
    step_s: float
    column: Ints  # [column] sensor
    begin_s: Floats  # [slot]
    value: Floats  # NaN: no reading
    row: Ints  # of the reading, -1: none
    expected: Bools  # [slot] something should have been written
    day: Ints  # [slot] number of the local day, from 0
    of_day: Ints  # [slot] number of the step within its local day
    weekend: Bools  # [day]

    @property
    def day_begin_s(self) -> Floats:
        """Beginning of the first slot of each day, ``[day]``."""
        first = np.searchsorted(self.day, np.arange(self.weekend.size))
        return np.asarray(self.begin_s[np.minimum(first, self.day.size - 1)])

    def by_day(self, values: Floats) -> Floats:
        """Values of slots as ``[day, step of day, column]``."""
        steps = max(round(DAY_S / self.step_s), int(self.of_day.max(initial=0)) + 1)
        cube = np.full((self.weekend.size, steps, values.shape[1]), np.nan)
        cube[self.day, self.of_day] = values
        return cube

    def usual(self) -> Floats:
        """Median of each sensor at that time of day over the days of the same kind; NaN where there are too few."""
        cube = self.by_day(self.value)
        result = np.full(self.value.shape, np.nan)
        for weekend in (False, True):
            days = self.weekend == weekend
            if not days.any():
                continue
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", RuntimeWarning)  # of a time of day at which nothing was ever read
                median = np.nanmedian(cube[days], axis=0)
            median[np.isfinite(cube[days]).sum(axis=0) < FEWEST_DAYS] = np.nan
            slots = days[self.day]
            result[slots] = median[self.of_day[slots]]
        return result


def grids(readings: Readings) -> Iterator[Grid]:
    """One grid for each length of interval that occurs; of two readings of one interval the first is in it."""
    span_s = np.round(readings.span_s, 3)
    for step_s in np.unique(span_s[span_s > 0]).tolist():
        rows = np.flatnonzero((span_s == step_s) & np.isfinite(readings.begin_s))
        if rows.size:
            yield _grid(readings, rows, step_s)


def _grid(readings: Readings, rows: Rows, step_s: float) -> Grid:
    begin_s = readings.begin_s[rows]
    slot = np.round((begin_s - begin_s.min()) / step_s).astype(np.int64)
    if slot.max() >= MOST_SLOTS:  # a lone date far off: only the slots that occur
        _, slot = np.unique(slot, return_inverse=True)
    size = int(slot.max()) + 1
    axis_s = begin_s.min() + np.arange(size) * step_s
    axis_s[slot] = begin_s
    column, place = np.unique(readings.sensor[rows], return_inverse=True)
    row = np.full((size, column.size), -1, np.int32)
    row[slot[::-1], place[::-1]] = rows[::-1]  # of two readings of one interval the first counts
    value = np.where(row >= 0, readings.value[row], np.nan)
    local_s = readings.local_s(axis_s)
    day = np.floor(local_s / DAY_S).astype(np.int64)
    of_day = np.floor((local_s - day * DAY_S) / step_s).astype(np.int32)
    weekend = (np.arange(day[0], day[-1] + 1) + THURSDAY) % 7 >= 5
    day = (day - day[0]).astype(np.int32)
    anybody = (row >= 0).any(axis=1)
    days_seen = np.zeros((weekend.size, int(of_day.max()) + 1), np.bool_)
    days_seen[day[anybody], of_day[anybody]] = True
    usual_time = days_seen.mean(axis=0) >= USUAL_SHARE
    expected = anybody | (usual_time[of_day] & (weekend.size >= FEWEST_DAYS))
    return Grid(readings, step_s, column.astype(np.int32), axis_s, value, row, expected, day, of_day, weekend)


def runs(mask: Bools) -> Iterator[tuple[int, int]]:
    """First and past-the-last index of every run of True."""
    edges = np.diff(np.concatenate([[0], mask.astype(np.int8), [0]]))
    yield from zip(np.flatnonzero(edges == 1).tolist(), np.flatnonzero(edges == -1).tolist(), strict=True)
