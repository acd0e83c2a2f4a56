"""Say when a run takes place, for what depends on the day and the hour."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Period:
    """From ``start`` up to but not including ``end``, in the time of the place (no time zone)."""

    start: dt.datetime
    end: dt.datetime

    @classmethod
    def lasting(cls, start: dt.datetime, duration_s: float) -> Period:
        """The period of a run that begins at ``start``; what a time zone says besides is left out."""
        start = start.replace(tzinfo=None)
        return cls(start, start + dt.timedelta(seconds=duration_s))

    def __str__(self) -> str:
        end = f"{self.end:%H:%M}" if self.end.date() == self.start.date() else f"{self.end:%A %d %B %Y, %H:%M}"
        return f"{self.start:%A %d %B %Y, %H:%M} to {end}"
