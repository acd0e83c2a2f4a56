"""Hold what sensors said, as it stood in their files: one row for each sensor and interval, nothing left out."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from .network import Floats, Ints
from .sensor_kinds import SENSOR_KINDS, SensorKind

UTC = dt.UTC
HOUR_S, DAY_S = 3600.0, 86_400.0
Rows = NDArray[np.integer[Any]]


@dataclass(frozen=True, slots=True)
class Sensor:
    """One thing that measures one quantity. NaN: not given.

    ``links`` is one link, the two of a turn, those of a screen line, or those that a travel time is taken over.
    """

    name: str
    kind: str
    links: tuple[str, ...] = ()
    lane: int | None = None
    lon: float = np.nan
    lat: float = np.nan
    heading_deg: float = np.nan  # towards which traffic drives, from north clockwise
    quality: float = np.nan  # standard error of a reading, as a share of it
    line: int | None = None  # in the table of sensors

    @property
    def measures(self) -> SensorKind:
        """What it measures."""
        return SENSOR_KINDS[self.kind]

    @property
    def placed(self) -> bool:
        """Whether it has a coordinate."""
        return bool(np.isfinite(self.lon) and np.isfinite(self.lat))


@dataclass(frozen=True, slots=True, eq=False)
class Readings:
    """Shapes ``[reading]``, sorted by sensor and beginning; ``value`` is NaN where a file has nothing in its place."""

    sensors: tuple[Sensor, ...]
    sensor: Ints
    begin_s: Floats  # since 1970-01-01, UTC
    span_s: Floats
    value: Floats  # in the unit of its sensor's kind
    source: Ints  # row in files
    line: Ints  # of the file; 0 where it has no lines
    files: tuple[Path, ...]
    zone: str  # of the place, IANA; "": clock times without daylight saving

    def __len__(self) -> int:
        return self.sensor.size

    def part(self, rows: np.ndarray) -> Readings:
        """Some of the readings, by number or mask; all sensors stay."""
        columns = ("sensor", "begin_s", "span_s", "value", "source", "line")
        return replace(self, **{name: getattr(self, name)[rows] for name in columns})

    def of(self, sensor: int) -> slice:
        """The rows of one sensor."""
        low, high = np.searchsorted(self.sensor, [sensor, sensor + 1])
        return slice(int(low), int(high))

    def clock(self, begin_s: float) -> dt.datetime:
        """Date and time of the place, without time zone."""
        moment = dt.datetime.fromtimestamp(begin_s, UTC)
        return (moment.astimezone(ZoneInfo(self.zone)) if self.zone else moment).replace(tzinfo=None)

    def local_s(self, begin_s: Floats) -> Floats:
        """Seconds since 1970-01-01 as the clocks of the place show them."""
        if not self.zone or not begin_s.size:
            return begin_s
        hours, back = np.unique(np.floor(begin_s / (HOUR_S / 4)), return_inverse=True)  # no zone changes more finely
        zone = ZoneInfo(self.zone)
        offset = [_offset_s(hour * HOUR_S / 4, zone) for hour in hours.tolist()]
        return np.asarray(begin_s + np.array(offset)[back])


def span_words(begin: dt.datetime, end: dt.datetime) -> str:
    """From when to when, as people write it.

    Examples
    --------
    >>> span_words(dt.datetime(2026, 3, 29, 8), dt.datetime(2026, 3, 29, 9, 30))
    '2026-03-29 08:00-09:30'
    """
    if end <= begin:  # clocks were put back in between
        return f"{begin:%Y-%m-%d %H:%M} (summer time)"
    shown = f"{end:%H:%M}" if end.date() == begin.date() else f"{end:%Y-%m-%d %H:%M}"
    return f"{begin:%Y-%m-%d %H:%M}-{shown}"


def _offset_s(moment_s: float, zone: ZoneInfo) -> float:
    offset = dt.datetime.fromtimestamp(moment_s, UTC).astimezone(zone).utcoffset()
    return 0.0 if offset is None else offset.total_seconds()


def sorted_readings(
    sensors: Sequence[Sensor], columns: dict[str, np.ndarray], files: Sequence[Path], zone: str
) -> Readings:
    """Readings in their order, from columns in any."""
    order = np.lexsort((columns["line"], columns["source"], columns["begin_s"], columns["sensor"]))
    return Readings(
        tuple(sensors), files=tuple(files), zone=zone, **{name: rows[order] for name, rows in columns.items()}
    )
