"""Clean observations by the rules of their description: raw values are kept, and every change is listed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from .data_health import Health
from .network import Floats
from .reading_grid import Grid, grids, runs
from .readings import Readings, sorted_readings
from .sensor_cleaning_rules import CleaningRule, Drop, Fill, Scale, Shift
from .sensor_findings import FINDINGS
from .sensor_times import moments

LEVEL_SHARE = 0.5  # of a day that must be read before one says how busy it is


@dataclass(frozen=True, slots=True)
class Change:
    """One reading that is not used as it was written."""

    sensor: int
    begin_s: float  # as written; of a gap, where it is filled
    before: float
    after: float
    moved_s: float
    rule: int  # row in the description's cleaning
    words: str


@dataclass(frozen=True, slots=True, eq=False)
class Cleaned:
    """Readings to work with; ``raw_row`` says where each stood (-1: filled in), NaN is a reading that is not used."""

    raw: Readings
    readings: Readings
    raw_row: np.ndarray
    changes: tuple[Change, ...]


def clean(health: Health, rules: Sequence[CleaningRule] | None = None) -> Cleaned:
    """Apply rules, those of the description where none are given; of two readings of one interval the first is used."""
    raw = health.readings
    rules = health.described.asked.cleaning if rules is None else rules
    cleaned = Cleaned(raw, raw, np.arange(len(raw)), ())
    for number, rule in enumerate(rules):
        rows = _rows_meant(rule, cleaned, health)
        if isinstance(rule, Drop):
            cleaned = _changed(cleaned, rows, np.full(rows.size, np.nan), number, _drop_words(rule))
        elif isinstance(rule, Scale):
            values = cleaned.readings.value[rows] * rule.factor
            cleaned = _changed(cleaned, rows, values, number, f"times {rule.factor:g}")
        elif isinstance(rule, Shift):
            cleaned = _moved(cleaned, rows, rule.by_s, number)
        else:
            cleaned = _filled(cleaned, rule, number)
    again = np.flatnonzero(np.isin(cleaned.raw_row, _read_before(raw)))
    return _changed(cleaned, again, np.full(again.size, np.nan), -1, "read before")


def _read_before(readings: Readings) -> np.ndarray:
    """Rows of intervals that a row before has already."""
    same = (np.diff(readings.sensor) == 0) & (np.diff(readings.begin_s) < readings.span_s[:-1] - 1e-3)
    return np.flatnonzero(same) + 1


def _rows_meant(rule: CleaningRule, cleaned: Cleaned, health: Health) -> np.ndarray:
    """Rows of the readings as they are now, for which a rule is meant."""
    readings = cleaned.readings
    meant = np.ones(len(readings), np.bool_)
    if rule.sensors is not None:
        names = set(rule.sensors)
        meant &= np.array([sensor.name in names for sensor in readings.sensors])[readings.sensor]
    for bound, after in ((rule.begin, True), (rule.end, False)):
        if bound is not None:
            at_s = _moment_s(bound, readings.zone)
            meant &= (readings.begin_s >= at_s) if after else (readings.begin_s < at_s)
    if isinstance(rule, Drop) and rule.findings is not None:
        found = [one.rows(cleaned.raw) for one in health.findings if one.sort in rule.findings]
        meant &= np.isin(cleaned.raw_row, np.concatenate([*found, np.zeros(0, np.int64)]))
    return np.flatnonzero(meant)


def _moment_s(local: dt.datetime, zone: str) -> float:
    return float(moments([local.isoformat()], np.zeros(1, np.int32), None, zone).utc_s[0])


def _drop_words(rule: Drop) -> str:
    if rule.findings is None:
        return "not used"
    return "not used: " + ", ".join(FINDINGS[sort].words for sort in rule.findings)


def _changed(cleaned: Cleaned, rows: np.ndarray, values: Floats, rule: int, words: str) -> Cleaned:
    readings = cleaned.readings
    differ = ~((readings.value[rows] == values) | (np.isnan(readings.value[rows]) & np.isnan(values)))
    rows, values = rows[differ], values[differ]
    value = readings.value.copy()
    value[rows] = values
    made = tuple(
        Change(
            int(readings.sensor[row]),
            float(readings.begin_s[row]),
            float(readings.value[row]),
            float(new),
            0.0,
            rule,
            words,
        )
        for row, new in zip(rows.tolist(), values.tolist(), strict=True)
    )
    return replace(cleaned, readings=replace(readings, value=value), changes=(*cleaned.changes, *made))


def _moved(cleaned: Cleaned, rows: np.ndarray, by_s: float, rule: int) -> Cleaned:
    readings = cleaned.readings
    begin_s = readings.begin_s.copy()
    begin_s[rows] += by_s
    made = tuple(
        Change(
            int(readings.sensor[row]),
            float(readings.begin_s[row]),
            float(readings.value[row]),
            float(readings.value[row]),
            by_s,
            rule,
            f"moved by {by_s:+g} s",
        )
        for row in rows.tolist()
    )
    order = np.lexsort((cleaned.raw_row, begin_s, readings.sensor))
    moved = replace(readings, begin_s=begin_s).part(order)
    return Cleaned(cleaned.raw, moved, cleaned.raw_row[order], (*cleaned.changes, *made))


def _filled(cleaned: Cleaned, rule: Fill, number: int) -> Cleaned:
    """Close gaps of the sensors and times that a rule names."""
    readings, made, added = cleaned.readings, [], []
    names = None if rule.sensors is None else set(rule.sensors)
    from_s, to_s = (
        bound if at is None else _moment_s(at, readings.zone)
        for at, bound in ((rule.begin, -np.inf), (rule.end, np.inf))
    )
    value = readings.value.copy()
    for grid in grids(readings):
        guess = _usual_level(grid) if rule.by == "usual_day" else _lines(grid)
        inside = grid.expected & (grid.begin_s >= from_s) & (grid.begin_s < to_s)
        for place, sensor in enumerate(grid.column.tolist()):
            if names is not None and readings.sensors[sensor].name not in names:
                continue
            for slot in _gap_slots(grid, place, inside, rule.longest_s):
                after = float(guess[slot, place])
                if not np.isfinite(after):
                    continue
                row = int(grid.row[slot, place])
                begin_s = float(grid.begin_s[slot])
                words = "filled as the usual day" if rule.by == "usual_day" else "filled in a line"
                made.append(Change(sensor, begin_s, np.nan, after, 0.0, number, words))
                if row >= 0:
                    value[row] = after
                else:
                    added.append((sensor, begin_s, grid.step_s, after))
    return _with_added(cleaned, value, added, made)


def _with_added(cleaned: Cleaned, value: Floats, added: list[Any], made: list[Change]) -> Cleaned:
    readings, size = cleaned.readings, len(added)
    new = [np.array([row[place] for row in added]) for place in range(4)] if size else [np.zeros(0)] * 4
    columns = {
        "sensor": np.concatenate([readings.sensor, new[0].astype(np.int32)]),
        "begin_s": np.concatenate([readings.begin_s, new[1]]),
        "span_s": np.concatenate([readings.span_s, new[2]]),
        "value": np.concatenate([value, new[3]]),
        "source": np.concatenate([readings.source, np.full(size, -1, np.int32)]),
        "line": np.concatenate([readings.line, np.zeros(size, np.int32)]),
    }
    raw_row = np.concatenate([cleaned.raw_row, np.full(size, -1, np.int64)])
    order = np.lexsort((columns["line"], columns["source"], columns["begin_s"], columns["sensor"]))
    filled = sorted_readings(readings.sensors, columns, readings.files, readings.zone)
    return Cleaned(cleaned.raw, filled, raw_row[order], (*cleaned.changes, *made))


def _gap_slots(grid: Grid, place: int, inside: np.ndarray, longest_s: float) -> list[int]:
    slots = np.flatnonzero(grid.expected)
    missing = ~np.isfinite(grid.value[slots, place])
    short = [slots[first:end] for first, end in runs(missing) if (end - first) * grid.step_s <= longest_s]
    return [slot for part in short for slot in part.tolist() if inside[slot]]


def _usual_level(grid: Grid) -> Floats:
    """The usual day, times how busy each day is against it where enough of that day was read."""
    usual = grid.usual()
    known = np.isfinite(grid.value) & np.isfinite(usual)
    seen, typical = (grid.by_day(np.where(known, part, np.nan)) for part in (grid.value, usual))
    whole = np.isfinite(grid.by_day(usual)).sum(axis=1)
    read = np.isfinite(typical).sum(axis=1)
    total, ordinary = np.nansum(seen, axis=1), np.nansum(typical, axis=1)
    level = np.divide(total, ordinary, out=np.ones(total.shape), where=(ordinary > 0) & (read >= LEVEL_SHARE * whole))
    return np.asarray(usual * level[grid.day])


def _lines(grid: Grid) -> Floats:
    """Straight lines between readings; NaN before the first and after the last."""
    result = np.full(grid.value.shape, np.nan)
    slots = np.arange(grid.begin_s.size, dtype=float)
    for place in range(grid.column.size):
        known = np.isfinite(grid.value[:, place])
        if known.any():
            result[:, place] = np.interp(slots, slots[known], grid.value[known, place], left=np.nan, right=np.nan)
    return result
