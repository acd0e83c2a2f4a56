"""Judge what was calibrated, kind by kind of reading, by the acceptance criteria that are about it."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import numpy as np

from ...scenarios.network import Bools, Floats
from ...scenarios.observed import KINDS
from .acceptance import HOUR_S, Criterion, acceptance_table, fhwa_2019_sensors, tag_flows

if TYPE_CHECKING:
    from .setting import Setting

SATURDAY = 5


def judged(setting: Setting, simulated: Floats, chosen: Bools) -> list[Criterion]:
    """All criteria that these readings can be held against; the same ones for any choice of rows.

    Parameters
    ----------
    setting
        With what was observed, on that day and on others.
    simulated : [reading]
        Of the calibrated scenario.
    chosen : [reading]
        Which readings: those that were fitted, or those that were left out.
    """
    observed = setting.loss.observed
    span_s = observed.end_s - observed.start_s

    def of_kind(name: str) -> Bools:
        rows: Bools = observed.kind == KINDS.index(name)
        return rows

    def pair(name: str) -> tuple[Floats, Floats] | None:
        rows = of_kind(name)
        return (simulated[rows & chosen], observed.value[rows & chosen]) if rows.any() else None

    flows, turns = of_kind("count"), of_kind("turning_count")
    table = acceptance_table(
        simulated[flows & chosen],
        observed.value[flows & chosen],
        span_s[flows & chosen],
        travel_s=pair("travel_time"),
        screen_lines=pair("screen_line"),
    )
    if turns.any():
        hours = span_s[turns & chosen] / HOUR_S
        table += tag_flows(simulated[turns & chosen] / hours, observed.value[turns & chosen] / hours, of="turns")
    days = _days_alike(setting)
    if len(days) > 2:
        rows = np.flatnonzero(flows & chosen)
        table += fhwa_2019_sensors(simulated[rows], days[:, rows], [observed.sensor_id[row] for row in rows.tolist()])
    return table


def _days_alike(setting: Setting) -> Floats:
    """The day that was fitted and others like it, workdays or weekends, ``[day, reading]``."""
    fitted = setting.scenario.start.date().weekday() >= SATURDAY
    alike = [dt.date.fromisoformat(date).weekday() >= SATURDAY for date in setting.other_dates]
    others = setting.other_days[np.array([one == fitted for one in alike], np.bool_)]
    return np.concatenate([setting.loss.observed.value[np.newaxis], others])
