"""Hold sensors against each other and against other days: copies, drift, wrong clocks, outages of whole files."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator

import numpy as np

from .network import Floats
from .planner_words import lasting, number
from .reading_grid import Grid, runs
from .readings import DAY_S, HOUR_S, Readings
from .sensor_findings import WHOLE_FILE, Finding

ALIKE_AT_LEAST = 8  # equal readings, zeros apart, before a sensor is called a copy
DRIFT_DAYS, DRIFT_OTHERS = 14, 3
DRIFT_SHARE = 0.2  # over all days
SHIFT_MOST_S = 3 * HOUR_S
SHIFT_DAY_SHARE = 0.8  # of a day's steps that must be read
SHIFT_FITS, SHIFT_GAINS = 0.9, 0.1  # correlation with the usual day once shifted, and how much better that is
SHIFT_GAINS_TOGETHER = 0.02  # of all sensors together, whose chance is small
SHIFT_BUSY_VEH = 500.0  # on a usual day: with fewer, chance makes its shape
SHIFT_ODD_DAYS = 3  # on end, before a shift that is small or not by whole hours is more than a late night
OUTAGE_FILE_SHARE = 0.5  # of the usual total: no day of a week is so quiet against its like
QUIET_VPH_PER_LANE = 40.0  # 2 % of a motorway lane's capacity, by day on half of all sensors


def copies(grid: Grid) -> Iterator[Finding]:
    """Sensors whose readings are those of another one."""
    first: dict[bytes, int] = {}
    for place, sensor in enumerate(grid.column.tolist()):
        value = grid.value[:, place]
        if np.count_nonzero(np.nan_to_num(value)) < ALIKE_AT_LEAST:
            continue
        other = first.setdefault(value.tobytes() + grid.readings.sensors[sensor].kind.encode(), sensor)
        if other != sensor:
            text = f"all {np.isfinite(value).sum()} readings are those of {grid.readings.sensors[other].name}."
            yield Finding("copy", sensor, math.nan, math.nan, math.nan, text)


def drifts(grid: Grid) -> Iterator[Finding]:
    """Sensors that count ever more or ever less against all others, day by day (Theil and Sen's slope)."""
    cube = grid.by_day(grid.value)
    read = np.isfinite(cube).sum(axis=1)
    whole = read >= 0.9 * max(1, int(read.max(initial=0)))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # days and sensors without a reading
        total = np.where(whole, np.nanmean(cube, axis=1), np.nan)
        level = total / np.nanmedian(total, axis=0)
        others = np.nanmedian(level, axis=1, keepdims=True)
    ratio = level / others
    enough = np.isfinite(level).sum(axis=1) > DRIFT_OTHERS
    for place, sensor in enumerate(grid.column.tolist()):
        days = np.flatnonzero(np.isfinite(ratio[:, place]) & enough)
        if days.size < DRIFT_DAYS:
            continue
        yield from _drift(grid, sensor, days, ratio[days, place])


def _drift(grid: Grid, sensor: int, days: np.ndarray, ratio: Floats) -> Iterator[Finding]:
    from scipy.stats import theilslopes

    found = theilslopes(ratio, days.astype(float))
    span = float(days[-1] - days[0])
    first = max(float(found.intercept + found.slope * days[0]), 1e-9)
    change = max(float(found.slope) * span / first, -1.0)
    sure = found.low_slope * found.high_slope > 0
    if abs(change) < DRIFT_SHARE or not sure or span < DRIFT_DAYS:
        return
    scatter = float(np.median(np.abs(ratio - (found.intercept + found.slope * days))))
    if abs(change) * first < 3 * scatter:
        return
    begin_s = grid.day_begin_s[[days[0], days[-1]]]
    text = f"{100 * change:+.0f} % against the other sensors in {days[-1] - days[0]} days."
    yield Finding("drift", sensor, float(begin_s[0]), float(begin_s[1]) + DAY_S, change, text)


def clock_shifts(grid: Grid, usual: Floats) -> Iterator[Finding]:
    """Days that fit the usual day far better when all their times are moved; only what is counted keeps such hours."""
    steps = round(DAY_S / grid.step_s)
    if steps < 24:
        return
    day, typical = grid.by_day(grid.value)[:, :steps], grid.by_day(usual)[:, :steps]
    poisson = np.array([grid.readings.sensors[sensor].measures.poisson for sensor in grid.column])
    day = np.where((np.nansum(typical, axis=1) >= SHIFT_BUSY_VEH)[:, None] & poisson, day, np.nan)
    most = round(SHIFT_MOST_S / grid.step_s)
    lags = np.arange(-most, most + 1)
    lags = lags[lags * grid.step_s % 900.0 == 0]  # clocks are wrong by quarters of hours
    fit = _fits(day, typical, lags)
    together = _fits(_mean(day), _mean(typical), lags)
    whole, after, before = _best(together, lags, SHIFT_GAINS_TOGETHER)
    if grid.column.size > DRIFT_OTHERS:
        yield from _shifts_of(grid, WHOLE_FILE, whole[:, 0], after[:, 0], before[:, 0])
    else:
        whole = np.zeros_like(whole)
    lag, after, before = _best(fit, lags, SHIFT_GAINS)
    for place, sensor in enumerate(grid.column.tolist()):
        own = np.where(whole[:, 0] == lag[:, place], 0, lag[:, place])
        yield from _shifts_of(grid, sensor, own, after[:, place], before[:, place])


def _fits(day: Floats, typical: Floats, lags: np.ndarray) -> Floats:
    """Correlation of each day with the usual one moved by each lag, ``[lag, day, column]``."""
    return np.stack([_correlation(day, np.roll(typical, lag, axis=1)) for lag in lags])


def _mean(day: Floats) -> Floats:
    """All sensors as one, each in the measure of its own mean."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # steps at which nobody read anything
        level = np.nanmean(day, axis=(0, 1))
        return np.asarray(np.nanmean(day / np.where(level > 0, level, np.nan), axis=2, keepdims=True))


def _best(fit: Floats, lags: np.ndarray, gains: float) -> tuple[np.ndarray, Floats, Floats]:
    """The lag with which each day fits (0 where none is better by enough), and how well with it and without."""
    unshifted = fit[lags == 0][0]
    best = fit.argmax(axis=0)
    after = np.take_along_axis(fit, best[None], axis=0)[0]
    shifted = (after >= SHIFT_FITS) & (after - unshifted >= gains)
    return np.where(shifted, lags[best], 0), after, unshifted


def _shifts_of(grid: Grid, sensor: int, lag: np.ndarray, after: Floats, before: Floats) -> Iterator[Finding]:
    for value in np.unique(lag[lag != 0]).tolist():
        for first, end in runs(lag == value):
            small = float((after - before)[first:end].mean()) < SHIFT_GAINS
            if end - first < SHIFT_ODD_DAYS and (small or value * grid.step_s % HOUR_S):
                continue
            begin_s = grid.day_begin_s[[first, end - 1]]
            late = "late" if value > 0 else "early"
            days = "1 day" if end - first == 1 else f"{end - first} days"
            text = (
                f"{days} {lasting(abs(value) * grid.step_s)} {late} against the usual day: "
                f"correlation {after[first:end].mean():.2f} once shifted, {before[first:end].mean():.2f} as written."
            )
            yield Finding(
                "clock_shift", sensor, float(begin_s[0]), float(begin_s[1]) + DAY_S, value * grid.step_s, text
            )


def _correlation(day: Floats, typical: Floats) -> Floats:
    """Pearson's correlation over the steps of a day, ``[day, column]``; -1 where too little was read."""
    known = np.isfinite(day) & np.isfinite(typical)
    count = known.sum(axis=1)
    x, y = np.where(known, day, 0.0), np.where(known, typical, 0.0)
    size = np.maximum(count, 1)
    mean_x, mean_y = x.sum(axis=1) / size, y.sum(axis=1) / size
    x, y = (np.where(known, part - mean[:, None], 0.0) for part, mean in ((x, mean_x), (y, mean_y)))
    scale = np.sqrt((x * x).sum(axis=1) * (y * y).sum(axis=1))
    fit = np.divide((x * y).sum(axis=1), scale, out=np.full(scale.shape, -1.0), where=scale > 0)
    return np.where(count >= SHIFT_DAY_SHARE * day.shape[1], fit, -1.0)


def outages_of_files(grid: Grid, usual: Floats) -> Iterator[Finding]:
    """Files in which about nothing was counted, or of whose usual sensors most are silent."""
    readings = grid.readings
    read = grid.row >= 0
    zero_is_odd = np.array([not readings.sensors[sensor].measures.often_zero for sensor in grid.column.tolist()])
    source = np.where(read, readings.source[grid.row], -1)
    for file in np.unique(source[read]).tolist():
        own = source == file
        slots = np.flatnonzero(own.any(axis=1))
        value = grid.value[own]
        begin_s, end_s = float(grid.begin_s[slots[0]]), float(grid.begin_s[slots[-1]]) + grid.step_s
        some = own & zero_is_odd
        text = (_silent(grid.value[some]) or _few(grid, usual, some)) if some.any() else ""
        text = text or _missing(grid, slots, own)
        if text:
            total = float(np.nansum(value))
            yield Finding(
                "outage_file", WHOLE_FILE, begin_s, end_s, total, f"{readings.files[file].name}: {text}", file
            )


def _silent(value: Floats) -> str:
    silent = np.isnan(value) | (value <= 0)
    if silent.mean() <= OUTAGE_FILE_SHARE:
        return ""
    return f"{silent.sum()} of {silent.size} readings are empty, zero or below."


def _few(grid: Grid, usual: Floats, own: np.ndarray) -> str:
    """What a file says against the same sensors at the same time of other days."""
    known = own & np.isfinite(grid.value) & np.isfinite(usual)
    counted, expected = float(grid.value[known].sum()), float(usual[known].sum())
    if expected <= 0 or counted >= OUTAGE_FILE_SHARE * expected or known.sum() < OUTAGE_FILE_SHARE * own.sum():
        return ""
    return f"{number(counted)} in all, where {number(expected)} are usual ({100 * counted / expected:.0f} %)."


def _missing(grid: Grid, slots: np.ndarray, own: np.ndarray) -> str:
    """How many sensors that other files have at these times of day are not in this one."""
    if np.unique(grid.readings.source).size < 3:
        return ""
    of_day = np.unique(grid.of_day[slots])
    at_times = np.isin(grid.of_day, of_day)
    others = (grid.row >= 0) & ~own & at_times[:, None]
    files = np.unique(grid.readings.source[grid.row[others]]).size
    days = np.array([np.unique(grid.day[others[:, place]]).size for place in range(grid.column.size)])
    expected = days > files / 2
    missing = expected & ~own.any(axis=0)
    if not expected.any() or missing.sum() <= OUTAGE_FILE_SHARE * expected.sum():
        return ""
    return f"{missing.sum()} of {expected.sum()} sensors that other files have are missing."


def quiet_motorways(readings: Readings, lanes: Floats, motorway: np.ndarray) -> Iterator[Finding]:
    """Files in which half of the sensors on motorways count about nothing by day (6 to 20 h).

    Parameters
    ----------
    lanes, motorway : [sensor]
        Lanes that it stands on, and whether on a motorway.
    """
    hour = readings.local_s(readings.begin_s) % DAY_S / HOUR_S
    counts = np.array([sensor.kind == "count" for sensor in readings.sensors])
    use = (counts & motorway)[readings.sensor] & (hour >= 6) & (hour < 20) & np.isfinite(readings.value)
    least_veh = QUIET_VPH_PER_LANE * readings.span_s / HOUR_S * np.maximum(lanes, 1)[readings.sensor]
    for file in np.unique(readings.source[use]).tolist():
        own = use & (readings.source == file)
        quiet = readings.value[own] < least_veh[own]
        if quiet.mean() >= OUTAGE_FILE_SHARE:
            begin_s = readings.begin_s[own]
            end_s = float(begin_s.max() + readings.span_s[own].max())
            text = f"{quiet.sum()} of {quiet.size} on motorways by day are under {QUIET_VPH_PER_LANE:g} veh/h a lane."
            total = float(readings.value[own].sum())
            yield Finding(
                "outage_file",
                WHOLE_FILE,
                float(begin_s.min()),
                end_s,
                total,
                f"{readings.files[file].name}: {text}",
                file,
            )
