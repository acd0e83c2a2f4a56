"""Name what can be doubtful about readings: how grave it is, and the way out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple

import numpy as np

from .readings import Readings, span_words

WHOLE_FILE = -1


class Severity(IntEnum):
    """How grave a finding is."""

    NOTE = 0  # to be known
    DOUBTFUL = 1  # to be looked at before anybody believes a fit
    WRONG = 2  # these readings cannot be right
    REFUSED = 3  # nothing is fitted to this unless somebody insists


class Sort(NamedTuple):
    """A sort of finding."""

    severity: Severity
    words: str
    way_out: str


NOTE, DOUBTFUL, WRONG, REFUSED = Severity
FINDINGS: Mapping[str, Sort] = {
    "outage_file": Sort(
        REFUSED, "outage of the whole file", "Fit another day. --force fits it all the same, and says so in the report."
    ),
    "all_zero": Sort(REFUSED, "nothing but zeros", "Take the sensor out (`drop`), or find out why it never counted."),
    "negative": Sort(
        WRONG, "below zero", "Drop it (`drop` with `findings: [negative]`): less than nothing passes nowhere."
    ),
    "impossible": Sort(
        WRONG, "more than can pass", "Drop it, or put right the unit, the interval or the number of lanes."
    ),
    "outage": Sort(
        WRONG, "outage", "Drop it (`drop` with `findings: [outage]`), or enter the closure in the scenario."
    ),
    "stuck": Sort(WRONG, "stuck at one value", "Drop it (`drop` with `findings: [stuck]`)."),
    "double": Sort(WRONG, "two readings of one interval", "Keep one row in the file; until then the first is used."),
    "hour_never": Sort(
        WRONG, "an hour that never was", "Say the file's own time zone (`timezone`): its clock was not put forward."
    ),
    "hour_twice": Sort(
        DOUBTFUL,
        "an hour that was there twice",
        "Write times with their offset from UTC; the first of the two is assumed.",
    ),
    "clock_shift": Sort(DOUBTFUL, "clock wrong", "Check the clock and `timezone`; put it right with a `shift` rule."),
    "drift": Sort(DOUBTFUL, "drift", "Have the sensor checked; use the days before it began, or `scale`."),
    "copy": Sort(DOUBTFUL, "the same values as another sensor", "One of the two is a copy: find out which, drop it."),
    "not_conserved": Sort(
        DOUBTFUL, "more goes in than comes out", "Check links, lanes and directions of these sensors."
    ),
    "unknown_link": Sort(WRONG, "no such link", "Name a link that `citytwin network FILE --links` lists."),
    "unknown_lane": Sort(WRONG, "no such lane", "Lanes are counted from 0 at the kerb."),
    "nowhere": Sort(WRONG, "no place", "Give its link, or its longitude and latitude, in the table of sensors."),
    "far": Sort(WRONG, "far from every street", "Check the coordinate, or name the link."),
    "other_link": Sort(DOUBTFUL, "nearer to another link", "Check which link it stands on."),
    "other_direction": Sort(DOUBTFUL, "against the traffic of its link", "Name the link of the other direction."),
    "closed_link": Sort(
        WRONG, "counts on a closed link", "Check the closure's time and link, or the sensor's link and clock."
    ),
    "gap": Sort(NOTE, "nothing written", "It is left out; a `fill` rule closes short gaps."),
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is doubtful: of one sensor and time, or of a whole file (``sensor`` is ``WHOLE_FILE``)."""

    sort: str  # key of FINDINGS
    sensor: int
    begin_s: float  # NaN: at all times
    end_s: float
    value: float  # the reading, or what the text is about; NaN: none
    text: str
    source: int = -1  # row in Readings.files
    line: int = 0

    @property
    def severity(self) -> Severity:
        """How grave it is."""
        return FINDINGS[self.sort].severity

    @property
    def way_out(self) -> str:
        """What can be done."""
        return FINDINGS[self.sort].way_out

    def rows(self, readings: Readings) -> np.ndarray:
        """The readings it is about, as rows."""
        part = readings.of(self.sensor) if self.sensor != WHOLE_FILE else slice(0, len(readings))
        rows = np.arange(part.start, part.stop)
        if self.sensor == WHOLE_FILE and self.source >= 0:
            rows = rows[readings.source[part] == self.source]
        if np.isnan(self.begin_s):
            return rows
        begin_s = readings.begin_s[rows]
        return rows[(begin_s >= self.begin_s) & (begin_s < self.end_s)]

    def when(self, readings: Readings) -> str:
        """Its time as the clocks of the place show it."""
        if np.isnan(self.begin_s):
            return ""
        return span_words(readings.clock(self.begin_s), readings.clock(self.end_s))


def in_order_of_gravity(findings: list[Finding]) -> list[Finding]:
    """The gravest first; of one severity by sort, sensor and time."""
    order = list(FINDINGS)
    return sorted(findings, key=lambda one: (-one.severity, order.index(one.sort), one.sensor, one.begin_s))
