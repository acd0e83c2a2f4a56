"""Take the days of observations that a scenario is about: one table a day, resampled, roughened or split for a test."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from .chance import stream
from .network import Bools, Floats
from .observed import KINDS, NO_LINK, UNITS, Observed
from .readings import DAY_S, Readings, Rows
from .sensor_kinds import SENSOR_KINDS
from .sensor_places import Placed
from .sensor_times import moments


def observed_on(
    readings: Readings,
    placed: Placed,
    start: dt.datetime,
    duration_s: float,
    *,
    weights: Mapping[str, float] | None = None,
) -> Observed:
    """What was observed within a run that begins at ``start`` (clock of the place): whole intervals with a reading.

    A screen line gives one row for each of its links, a travel time one for each of the links it is taken over, all
    with the whole value. ``weights`` are by kind, 1 where they say nothing.
    """
    local = start.replace(tzinfo=None).isoformat()
    from_s = float(moments([local], np.zeros(1, np.int32), None, readings.zone).utc_s[0])
    begin_s = readings.begin_s - from_s
    inside = (begin_s >= 0) & (begin_s + readings.span_s <= duration_s + 1e-6) & np.isfinite(readings.value)
    rows = [row for row in np.flatnonzero(inside).tolist() if _usable(readings, placed, row)]
    table = [entry for row in rows for entry in _entries(readings, placed, row, weights or {})]
    if not table:
        nothing = np.zeros(0)
        no_link = nothing.astype(np.int32)
        return Observed((), no_link, no_link, nothing, nothing, nothing.astype(np.int8), nothing, nothing)
    row, link, to_link, kind, weight = (np.array(part) for part in zip(*table, strict=True))
    return Observed(
        tuple(readings.sensors[int(readings.sensor[one])].name for one in row),
        link.astype(np.int32),
        to_link.astype(np.int32),
        begin_s[row],
        begin_s[row] + readings.span_s[row],
        kind.astype(np.int8),
        readings.value[row],
        weight.astype(np.float64),
    )


def _usable(readings: Readings, placed: Placed, row: int) -> bool:
    sensor = int(readings.sensor[row])
    kind = readings.sensors[sensor].measures
    if kind.name not in UNITS:
        return False
    if kind.place == "walk_link":
        return bool(placed.walk_link[sensor] >= 0)
    return kind.place == "point" or placed.links[sensor].size > 0


def _entries(
    readings: Readings, placed: Placed, row: int, weights: Mapping[str, float]
) -> list[tuple[int, int, int, int, float]]:
    sensor = int(readings.sensor[row])
    kind = readings.sensors[sensor].measures
    links = placed.links[sensor].tolist() or [NO_LINK]
    if kind.place == "walk_link":
        links = [int(placed.walk_link[sensor])]
    number, weight = KINDS.index(kind.name), float(weights.get(kind.name, 1.0))
    if kind.place == "turn":
        return [(row, links[0], links[-1], number, weight)]
    if kind.place == "links":
        return [(row, link, NO_LINK, number, weight) for link in links]
    return [(row, links[0], NO_LINK, number, weight)]


def days_of(readings: Readings) -> list[dt.date]:
    """The local days on which anything was read, in order."""
    days = np.unique(np.floor(readings.local_s(readings.begin_s[np.isfinite(readings.value)]) / DAY_S))
    return [dt.date(1970, 1, 1) + dt.timedelta(days=int(day)) for day in days.tolist()]


def is_weekend(day: dt.date) -> bool:
    """Saturday or Sunday."""
    return day.weekday() >= 5


def draw_days(days: Sequence[dt.date], seed: int, number: int = 0) -> list[dt.date]:
    """As many days drawn with replacement, workdays from workdays and weekends from weekends (a bootstrap of days)."""
    chance = stream(seed, f"days {number}")
    groups = {weekend: [day for day in days if is_weekend(day) == weekend] for weekend in (False, True)}
    return [groups[is_weekend(day)][int(chance.integers(len(groups[is_weekend(day)])))] for day in days]


def roughened(observed: Observed, quality: Mapping[str, float], seed: int, number: int = 0) -> Observed:
    """The same table with the chance of counting and the errors of its detectors on top, to train or to resample.

    Counts are drawn from Poisson's distribution around what was counted; then every sensor gets one factor for all of
    its readings (lognormal, mean 1, with the standard deviation that ``quality`` says of the sensor).
    """
    chance = stream(seed, f"roughened {number}")
    poisson = np.array([name in SENSOR_KINDS and SENSOR_KINDS[name].poisson for name in KINDS])[observed.kind]
    value = np.where(poisson, chance.poisson(np.maximum(observed.value, 0.0)), observed.value)
    names, back = np.unique(np.array(observed.sensor_id, np.str_), return_inverse=True)
    spread = np.sqrt(np.log1p(np.square([quality.get(name, 0.0) for name in names.tolist()])))
    factor = np.exp(chance.standard_normal(names.size) * spread - spread**2 / 2)
    return replace(observed, value=value * factor[back])


@dataclass(frozen=True, slots=True, eq=False)
class Split:
    """What is fitted, and what is left out to see whether the fit is any good."""

    fitted: Bools  # [row of Observed]
    left_out: tuple[str, ...]  # names of sensors


def leave_sensors_out(observed: Observed, x_m: Floats, y_m: Floats, *, share: float = 0.2, seed: int = 0) -> Split:
    """Leave a share of the sensors out, one of each group of neighbours, so that every part of town is in both.

    Parameters
    ----------
    x_m, y_m : [row]
        Where each row was observed.
    share
        Of the sensors, at least so much; one at least, as long as two are left.
    """
    names, first = np.unique(np.array(observed.sensor_id, np.str_), return_index=True)
    wanted = int(np.ceil(share * names.size))
    if names.size < 3 or wanted == 0:
        return Split(np.ones(len(observed), np.bool_), ())
    chance = stream(seed, "sensors left out")
    groups = _neighbours(np.arange(names.size), x_m[first], y_m[first], wanted)
    out = [str(names[group[int(chance.integers(len(group)))]]) for group in groups]
    return Split(~np.isin(np.array(observed.sensor_id, np.str_), out), tuple(out))


def _neighbours(rows: Rows, x_m: Floats, y_m: Floats, parts: int) -> list[Rows]:
    """Rows in so many groups of about one size, by cutting the longer side of the area again and again."""
    if parts <= 1:
        return [rows]
    along = x_m if np.ptp(x_m[rows]) >= np.ptp(y_m[rows]) else y_m
    order = rows[np.argsort(along[rows], kind="stable")]
    half = parts // 2
    cut = round(rows.size * half / parts)
    return [*_neighbours(order[:cut], x_m, y_m, half), *_neighbours(order[cut:], x_m, y_m, parts - half)]


def leave_days_out(days: Sequence[dt.date], *, share: float = 0.2, seed: int = 0) -> list[dt.date]:
    """A share of the days, of workdays and weekends each; none of a kind with a single day."""
    out: list[dt.date] = []
    for weekend in (False, True):
        own = [day for day in days if is_weekend(day) == weekend]
        if len(own) > 1:
            chance = stream(seed, f"days left out {weekend}")
            chosen = chance.choice(len(own), size=int(np.ceil(share * len(own))), replace=False)
            out += [own[row] for row in sorted(chosen.tolist())]
    return sorted(out)
