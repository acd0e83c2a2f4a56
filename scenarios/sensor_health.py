"""Look at what each sensor said by itself: gaps, outages, values that stick, and what cannot be true."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from .network import Bools, Floats
from .planner_words import lasting, number
from .reading_grid import Grid, runs
from .readings import HOUR_S, Readings
from .sensor_findings import Finding
from .sensor_kinds import FASTEST_MPS, SensorKind

SURE_VEH = 20.0  # expected in a time without: by chance once in e^20, 5e8 times
OUTAGE_SHARE = 0.1  # of what is usual: less is no quiet day
STUCK_AT_LEAST = 4
STUCK_ANY = 8  # equal values in a row of what is not counted: Turner, Margiotta, Lomax (2004), FHWA-HOP-05-018
MOST_EQUAL = 0.5  # chance of two equal counts, however coarse
STUCK_CHANCE = 1e-3  # of one such run in a sensor's whole series
LANES_UNKNOWN = 6


def impossible_readings(readings: Readings, lanes: Floats) -> Iterator[Finding]:
    """Readings below zero, and above what a link can carry.

    Parameters
    ----------
    lanes : [sensor]
        Lanes that it stands on; NaN where that is not known.
    """
    value = readings.value
    for row in np.flatnonzero(value < 0).tolist():
        yield _of_row(readings, row, "negative", f"{number(value[row])} {_kind(readings, row).unit}.")
    most = np.array([sensor.measures.most for sensor in readings.sensors])[readings.sensor]
    poisson = np.array([sensor.measures.poisson for sensor in readings.sensors])[readings.sensor]
    on = np.where(np.isnan(lanes), LANES_UNKNOWN, lanes)[readings.sensor]
    limit = np.where(poisson, most * on * readings.span_s / HOUR_S, most)
    for row in np.flatnonzero(value > limit).tolist():
        unit = _kind(readings, row).unit
        said = f"{number(value[row])} {unit} in {lasting(readings.span_s[row])}"
        text = f"{said}; at most {number(limit[row])} {unit} can be"
        if poisson[row]:
            lanes_words = "lane" if on[row] == 1 else "lanes"
            text += f" on {on[row]:.0f} {lanes_words}"
        yield _of_row(readings, row, "impossible", f"{text}.")


def impossible_travel_times(readings: Readings, length_m: Floats) -> Iterator[Finding]:
    """Travel times in which nobody can have driven that far.

    Parameters
    ----------
    length_m : [sensor]
        Of the links that it is taken over, NaN: not known.
    """
    over = np.array([sensor.kind == "travel_time" for sensor in readings.sensors])
    least_s = np.where(over & np.isfinite(length_m), length_m / FASTEST_MPS, -np.inf)[readings.sensor]
    for row in np.flatnonzero((readings.value >= 0) & (readings.value < least_s)).tolist():
        far_m = float(length_m[readings.sensor[row]])
        text = f"{number(readings.value[row])} s for {far_m:,.0f} m: faster than {FASTEST_MPS * 3.6:.0f} km/h."
        yield _of_row(readings, row, "impossible", text)


def doubtful_times(readings: Readings, never: np.ndarray, twice: np.ndarray) -> Iterator[Finding]:
    """Readings of hours that never were, of hours that were there twice, and of intervals read before."""
    for rows, sort, said in (
        (never, "hour_never", "clocks were put forward over this hour, and yet it has a reading"),
        (twice, "hour_twice", "clocks showed this hour twice, and the file has it once"),
    ):
        for sensor in np.unique(readings.sensor[rows]).tolist():
            own = rows[readings.sensor[rows] == sensor]
            for hour in np.unique(np.floor(readings.begin_s[own] / HOUR_S)).tolist():
                row = int(own[np.floor(readings.begin_s[own] / HOUR_S) == hour][0])
                yield _of_row(readings, row, sort, f"{said}.")
    again = np.flatnonzero((np.diff(readings.sensor) == 0) & (np.diff(readings.begin_s) < readings.span_s[:-1] - 1e-3))
    for first in again.tolist():
        row = first + 1
        where = "" if readings.line[first] == 0 else f" in line {readings.line[first]}"
        same = readings.value[first] == readings.value[row]
        text = f"this time was read already{where}: {number(readings.value[first])}, "
        yield _of_row(
            readings, row, "double", text + ("the same." if same else f"and here {number(readings.value[row])}.")
        )


def zeros_and_gaps(grid: Grid, usual: Floats) -> Iterator[Finding]:
    """Sensors that say nothing, or nothing but zero, for a time."""
    for place, sensor in enumerate(grid.column.tolist()):
        value = grid.value[:, place]
        read = np.isfinite(value)
        zero_is_odd = not grid.readings.sensors[sensor].measures.often_zero
        if zero_is_odd and read.any() and not value[read].any():
            text = f"all {read.sum()} readings are 0."
            first, last = np.flatnonzero(read)[[0, -1]]
            yield _of_slots(grid, place, "all_zero", int(first), int(last) + 1, 0.0, text)
            continue
        yield from _gaps(grid, place, read)
        if grid.readings.sensors[sensor].measures.poisson:
            yield from _outages(grid, place, value, usual[:, place])


def _gaps(grid: Grid, place: int, read: Bools) -> Iterator[Finding]:
    slots = np.flatnonzero(grid.expected)
    for first, end in runs(~read[slots]):
        missing = slots[first:end]
        text = f"no reading for {lasting(missing.size * grid.step_s)} ({missing.size} of {slots.size} intervals)."
        yield _of_slots(grid, place, "gap", int(missing[0]), int(missing[-1]) + 1, math.nan, text)


def _outages(grid: Grid, place: int, value: Floats, usual: Floats) -> Iterator[Finding]:
    """Times in which far less was counted than on other days; shorter ones are quiet minutes."""
    known = np.isfinite(value) & np.isfinite(usual)
    slots = np.flatnonzero(known)
    for first, end in runs(value[slots] <= OUTAGE_SHARE * usual[slots]):
        own = slots[first:end]
        counted, expected = float(value[own].sum()), float(usual[own].sum())
        if expected < SURE_VEH or counted < 0 or not own.size:
            continue
        unit = grid.readings.sensors[int(grid.column[place])].measures.unit
        said = (
            f"{number(counted)} {unit} in {lasting(own.size * grid.step_s)}, where {number(expected)} {unit} are usual."
        )
        yield _of_slots(grid, place, "outage", int(own[0]), int(own[-1]) + 1, counted, said)


def stuck_values(grid: Grid) -> Iterator[Finding]:
    """The same value over and over, more often than chance would have it.

    Two counts around m are equal with chance 1 / (2 √(π m)) where counting is Poisson's, g times as often where a
    sensor counts in steps of g; a run of k equal ones among n readings is expected n (g / (2 √(π m)))^(k-1) times.
    """
    for place, sensor in enumerate(grid.column.tolist()):
        measures = grid.readings.sensors[sensor].measures
        slots = np.flatnonzero(np.isfinite(grid.value[:, place]))
        value = grid.value[slots, place]
        coarse = float(np.median(np.diff(np.unique(value)))) if np.unique(value).size > 1 else 1.0
        for first, end in runs(np.diff(value) == 0):
            level, equal = float(value[first]), end - first + 1
            if level <= 0 or equal < STUCK_AT_LEAST or equal < (0 if measures.poisson else STUCK_ANY):
                continue
            chance = min(MOST_EQUAL, coarse / (2.0 * math.sqrt(math.pi * max(level, 1.0))))
            if measures.poisson and value.size * chance ** (equal - 1) > STUCK_CHANCE:
                continue
            text = f"{equal} times {number(level)} {measures.unit} in a row, {lasting(equal * grid.step_s)}."
            yield _of_slots(grid, place, "stuck", int(slots[first]), int(slots[end]) + 1, level, text)


def _kind(readings: Readings, row: int) -> SensorKind:
    return readings.sensors[int(readings.sensor[row])].measures


def _of_row(readings: Readings, row: int, sort: str, text: str) -> Finding:
    begin_s = float(readings.begin_s[row])
    return Finding(
        sort,
        int(readings.sensor[row]),
        begin_s,
        begin_s + float(readings.span_s[row]),
        float(readings.value[row]),
        text,
        int(readings.source[row]),
        int(readings.line[row]),
    )


def _of_slots(grid: Grid, place: int, sort: str, first: int, end: int, value: float, text: str) -> Finding:
    row = int(grid.row[first, place])
    return Finding(
        sort,
        int(grid.column[place]),
        float(grid.begin_s[first]),
        float(grid.begin_s[end - 1]) + grid.step_s,
        value,
        text,
        int(grid.readings.source[row]) if row >= 0 else -1,
        int(grid.readings.line[row]) if row >= 0 else 0,
    )
