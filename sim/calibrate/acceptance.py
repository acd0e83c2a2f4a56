"""Judge a calibrated model by published acceptance criteria: GEH, the UK's TAG, and FHWA's of 2004 and 2019.

Sources: Department for Transport, TAG Unit M3.1 Highway Assignment Modelling, tables on link flow, turning movement,
screen line and journey time validation; Dowling, Skabardonis, Alexiadis (2004), Traffic Analysis Toolbox Volume III,
FHWA-HRT-04-040, table of Wisconsin DOT's criteria; Wunderlich, Vasudevan, Wang (2019), Traffic Analysis Toolbox
Volume III, 2019 update, FHWA-HOP-18-036, four criteria against a representative day. Of its second criterion the part
about two critical times is left to the reader, who has to choose them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...scenarios.network import Floats
from .losses import geh

HOUR_S = 3600.0
GEH_GOOD = 5.0
LOW_VPH, HIGH_VPH = 700.0, 2700.0
WITHIN_LOW_VPH, WITHIN_SHARE, WITHIN_HIGH_VPH = 100.0, 0.15, 400.0
MOST_CASES = 0.85  # of flows, turns and journey times
SCREEN_LINE_SHARE, SCREEN_LINE_CASES = 0.05, 0.95  # "all or nearly all" screen lines; 95 % is how we read it
SUM_SHARE, SUM_GEH = 0.05, 4.0
JOURNEY_SHARE, JOURNEY_S = 0.15, 60.0
OUTLIERS_Z, OUTLIERS_CASES = 1.96, 0.95
INLIERS_Z, INLIERS_CASES = 1.0, 2.0 / 3.0
FEW_INTERVALS = 20  # with fewer, one may lie outside
BIAS_SHARE = 1.0 / 3.0


@dataclass(frozen=True, slots=True)
class Criterion:
    """One line of an acceptance table; ``measured`` NaN: there is nothing to judge by."""

    guideline: str
    what: str
    measured: float
    wanted: float
    at_most: bool  # wanted is an upper bound, otherwise a lower
    cases: int

    @property
    def met(self) -> bool | None:
        """Whether it is met; None where there is nothing to judge by."""
        if math.isnan(self.measured):
            return None
        return self.measured <= self.wanted if self.at_most else self.measured >= self.wanted


def within_flow_band(modelled_vph: Floats, counted_vph: Floats) -> NDArray[np.bool_]:
    """Whether flows are near enough: 100 veh/h below 700 counted, 15 % up to 2,700, 400 veh/h above."""
    allowed = np.where(counted_vph < LOW_VPH, WITHIN_LOW_VPH, WITHIN_SHARE * counted_vph)
    allowed = np.where(counted_vph > HIGH_VPH, WITHIN_HIGH_VPH, allowed)
    return np.asarray(np.abs(modelled_vph - counted_vph) <= allowed)


def tag_flows(modelled_vph: Floats, counted_vph: Floats, *, of: str = "links") -> list[Criterion]:
    """TAG Unit M3.1: link flows or turning movements; one of the two criteria is to be met by more than 85 %."""
    size = modelled_vph.size
    return [
        Criterion(
            "TAG M3.1",
            f"flows of {of} within their band",
            _share(within_flow_band(modelled_vph, counted_vph)),
            MOST_CASES,
            False,
            size,
        ),
        Criterion(
            "TAG M3.1",
            f"flows of {of} with GEH < 5",
            _share(geh(modelled_vph, counted_vph) < GEH_GOOD),
            MOST_CASES,
            False,
            size,
        ),
    ]


def tag_screen_lines(modelled_veh: Floats, counted_veh: Floats) -> Criterion:
    """TAG Unit M3.1: screen lines whose total differs by less than 5 % from what was counted."""
    near = np.abs(modelled_veh - counted_veh) < SCREEN_LINE_SHARE * counted_veh
    return Criterion("TAG M3.1", "screen lines within 5 %", _share(near), SCREEN_LINE_CASES, False, counted_veh.size)


def journey_times(modelled_s: Floats, measured_s: Floats, *, guideline: str = "TAG M3.1") -> Criterion:
    """Journey times within 15 %, or within one minute where that is more, on more than 85 % of the routes."""
    near = np.abs(modelled_s - measured_s) <= np.maximum(JOURNEY_SHARE * measured_s, JOURNEY_S)
    return Criterion(guideline, "journey times within 15 % or 1 min", _share(near), MOST_CASES, False, measured_s.size)


def fhwa_2004_flows(modelled_vph: Floats, counted_vph: Floats) -> list[Criterion]:
    """FHWA 2004: hourly flows one by one as TAG's, and their sum."""
    size = modelled_vph.size
    total = np.array([modelled_vph.sum()]), np.array([counted_vph.sum()])
    off = abs(total[0][0] - total[1][0]) / total[1][0] if total[1][0] > 0 else math.nan
    sum_geh = float(geh(*total)[0]) if size else math.nan
    return [
        Criterion(
            "FHWA 2004",
            "flows within their band",
            _share(within_flow_band(modelled_vph, counted_vph)),
            MOST_CASES,
            False,
            size,
        ),
        Criterion(
            "FHWA 2004",
            "flows with GEH < 5",
            _share(geh(modelled_vph, counted_vph) < GEH_GOOD),
            MOST_CASES,
            False,
            size,
        ),
        Criterion("FHWA 2004", "sum of all flows, share off", float(off), SUM_SHARE, True, size),
        Criterion("FHWA 2004", "sum of all flows, GEH", sum_geh, SUM_GEH, True, size),
    ]


def representative_day(days: Floats) -> int:
    """The day that differs least from the mean of all, as shares of it summed over times (FHWA 2019, chapter 3).

    Parameters
    ----------
    days : [day, time]
        What was observed at one place on days with like conditions.
    """
    mean = days.mean(axis=0)
    off = np.abs(days - mean) / np.where(mean > 0, mean, 1.0)
    return int(off.sum(axis=1).argmin())


def fhwa_2019(modelled: Floats, days: Floats, *, name: str = "") -> list[Criterion]:
    """FHWA 2019: one simulated day against a representative day and how much days differ.

    Parameters
    ----------
    modelled : [time]
        Of the quantity and place that ``days`` are about.
    days : [day, time]
        Observed on days with like conditions, at least three.
    name
        Of the place, for the table.

    Raises
    ------
    ValueError
        Fewer than three days: how much days differ is not known.
    """
    if days.shape[0] < 3:
        msg = f"at least three days with like conditions are needed, not {days.shape[0]}"
        raise ValueError(msg)
    chosen = representative_day(days)
    typical, others = days[chosen], np.delete(days, chosen, axis=0)
    spread = days.std(axis=0, ddof=1)
    size = typical.size
    off = np.abs(modelled - typical)
    wanted = OUTLIERS_CASES if size >= FEW_INTERVALS else (size - 1) / size
    allowed = float(np.abs(others - typical).mean())
    suffix = f", {name}" if name else ""
    return [
        Criterion(
            "FHWA 2019 I",
            f"times within 1.96 standard deviations{suffix}",
            _share(off <= OUTLIERS_Z * spread),
            wanted,
            False,
            size,
        ),
        Criterion(
            "FHWA 2019 II",
            f"times within 1 standard deviation{suffix}",
            _share(off <= INLIERS_Z * spread),
            INLIERS_CASES,
            False,
            size,
        ),
        Criterion("FHWA 2019 III", f"mean absolute error (BDAE){suffix}", float(off.mean()), allowed, True, size),
        Criterion(
            "FHWA 2019 IV",
            f"mean error without sign{suffix}",
            abs(float((modelled - typical).mean())),
            BIAS_SHARE * allowed,
            True,
            size,
        ),
    ]


def fhwa_2019_sensors(modelled: Floats, days: Floats, sensor: Sequence[str]) -> list[Criterion]:
    """FHWA 2019 for many sensors: which share of them meets each criterion, where all of them should.

    Parameters
    ----------
    modelled : [reading]
        Of all sensors and intervals.
    days : [day, reading]
        Observed on days with like conditions; nan where nothing is known. Sensors with fewer than three whole days or
        a single interval are left out.
    sensor
        Of each reading.
    """
    names, row_of = np.unique(np.array(sensor, np.str_), return_inverse=True)
    met: list[list[bool | None]] = []
    for row in range(names.size):
        own = np.flatnonzero(row_of == row)
        whole = days[np.isfinite(days[:, own]).all(axis=1)][:, own]
        if own.size > 1 and len(whole) > 2:
            met.append([one.met for one in fhwa_2019(modelled[own], whole)])
    shares = np.array(met, np.float64).mean(axis=0) if met else np.full(4, math.nan)
    words = {
        "I": "sensors with enough times within 1.96 standard deviations of days",
        "II": "sensors with enough times within 1 standard deviation",
        "III": "sensors that err no more than days differ (BDAE)",
        "IV": "sensors whose bias is below a third of that",
    }
    return [
        Criterion(f"FHWA 2019 {number}", what, float(share), 1.0, False, len(met))
        for (number, what), share in zip(words.items(), shares, strict=True)
    ]


def acceptance_table(
    modelled_veh: Floats,
    counted_veh: Floats,
    span_s: Floats,
    *,
    travel_s: tuple[Floats, Floats] | None = None,
    screen_lines: tuple[Floats, Floats] | None = None,
) -> list[Criterion]:
    """All criteria that need one day: flows, and journey times and screen lines where there are any.

    Parameters
    ----------
    modelled_veh, counted_veh, span_s : [flow]
        Vehicles in an interval of that length.
    travel_s, screen_lines
        Modelled and measured values of each route and line.
    """
    modelled_vph, counted_vph = (veh * HOUR_S / span_s for veh in (modelled_veh, counted_veh))
    table = [*tag_flows(modelled_vph, counted_vph), *fhwa_2004_flows(modelled_vph, counted_vph)]
    if screen_lines is not None:
        table.append(tag_screen_lines(*screen_lines))
    if travel_s is not None:
        table += [journey_times(*travel_s), journey_times(*travel_s, guideline="FHWA 2004")]
    return table


def table_rows(criteria: Sequence[Criterion]) -> list[dict[str, object]]:
    """The table for JSON and pages."""
    return [
        {
            "guideline": one.guideline,
            "what": one.what,
            "measured": None if math.isnan(one.measured) else one.measured,
            "wanted": one.wanted,
            "at_most": one.at_most,
            "cases": one.cases,
            "met": one.met,
        }
        for one in criteria
    ]


def _share(good: NDArray[np.bool_]) -> float:
    return float(good.mean()) if good.size else math.nan
