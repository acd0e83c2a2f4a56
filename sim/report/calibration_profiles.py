"""Draw how observed and simulated readings of each sensor go over time, beside those of other days."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ...scenarios.network import Floats
from ...scenarios.observed import KINDS, UNITS
from . import style
from .figures import CLOCK_STEPS_S, Picture
from .svg import new_figure, to_svg

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ..calibrate.calibration import Calibration

SHOWN, COLUMNS = 12, 2
PANEL_PT, TOP_PT, BOTTOM_PT, LEFT_PT = 104.0, 34.0, 34.0, 42.0
HOUR_S = 3600.0


def time_profiles(found: Calibration) -> list[Picture]:
    """Sensors with several intervals, the worst first; no picture where there is none."""
    import matplotlib as mpl

    observed = found.setting.loss.observed
    sensors = _with_profiles(found)
    if not sensors:
        return []
    shown = sensors[:SHOWN]
    rows = -(-len(shown) // COLUMNS)
    height_pt = TOP_PT + rows * PANEL_PT + BOTTOM_PT
    with mpl.rc_context(style.RC):
        figure = new_figure(height_pt)
        width_pt = (style.FIGURE_WIDTH_PT - LEFT_PT) / COLUMNS
        for at, own in enumerate(shown):
            left_pt = LEFT_PT + (at % COLUMNS) * width_pt
            bottom_pt = height_pt - TOP_PT - (at // COLUMNS + 1) * PANEL_PT
            box = left_pt, bottom_pt + 24.0, width_pt - 38.0, PANEL_PT - 44.0
            page = style.FIGURE_WIDTH_PT, height_pt, style.FIGURE_WIDTH_PT, height_pt
            axes = figure.add_axes(tuple(pt / of for pt, of in zip(box, page, strict=True)))  # type: ignore[arg-type]
            _draw(axes, found, own)
            if at == 0:
                figure.legend(*axes.get_legend_handles_labels(), loc="upper left", ncols=4, frameon=False)
        more = f" of {len(sensors)}" if len(sensors) > len(shown) else ""
        title = f"Over time: {observed.sensor_id[shown[0][0]]} fits worst"
        svg = to_svg(figure, "profiles", title)
    days = " Grey: from the least to the most of the other days." if len(found.setting.other_days) else ""
    note = f"Observed and simulated, clock time; the {style.count(len(shown), 'sensor')}{more} that fit worst.{days}"
    return [Picture("profiles", title, note, svg)]


def _with_profiles(found: Calibration) -> list[NDArray[np.intp]]:
    """Readings of each sensor with at least two intervals, in their order; the worst fit first."""
    observed, simulated = found.setting.loss.observed, found.found.simulated.counts[0]
    error = np.abs(simulated - observed.value) / found.setting.loss.unit
    sensors = [f"{name} {kind}" for name, kind in zip(observed.sensor_id, observed.kind.tolist(), strict=True)]
    _, row_of = np.unique(np.array(sensors, np.str_), return_inverse=True)
    several = []
    for sensor in range(int(row_of.max(initial=-1)) + 1):
        own = np.flatnonzero(row_of == sensor)
        own = own[np.argsort(observed.start_s[own], kind="stable")]
        if own.size > 1:
            several.append(own)
    return sorted(several, key=lambda own: -float(error[own].mean()))


def _draw(axes: Axes, found: Calibration, own: NDArray[np.intp]) -> None:
    observed, setting = found.setting.loss.observed, found.setting
    kind = KINDS[int(observed.kind[own[0]])]
    flow = kind in ("count", "turning_count", "screen_line")
    by = (observed.end_s[own] - observed.start_s[own]) / HOUR_S if flow else np.ones(own.size)
    edges_s = np.append(observed.start_s[own], observed.end_s[own[-1]])
    days = setting.other_days[:, own]
    days = days[np.isfinite(days).all(axis=1)]
    if len(days):
        low, high = days.min(axis=0) / by, days.max(axis=0) / by
        low, high = (np.append(each, each[-1]) for each in (low, high))
        axes.fill_between(edges_s, low, high, step="post", color=style.LIGHT["rule"], lw=0.0, label="other days")
    for values, colour, words, dashes in (
        (observed.value, "ink", "observed", (0, (3, 1.5))),
        (found.found.simulated.counts[0], "accent", "simulated", "-"),
    ):
        each = values[own] / by
        axes.step(
            edges_s,
            np.append(each, each[-1]),
            where="post",
            color=style.LIGHT[colour],
            ls=dashes,
            lw=style.LINE_PT,
            label=words,
        )
    axes.set_ylim(bottom=0.0)
    axes.grid(axis="y")
    axes.tick_params(length=3)
    axes.yaxis.set_major_formatter(lambda value, _: style.tick(value))
    axes.locator_params(axis="y", nbins=3)
    _few_clock_times(axes, edges_s, setting.scenario.start)
    left_out = "" if observed.weight[own[0]] > 0.0 else ", left out"
    unit = "veh/h" if flow else UNITS[kind]
    axes.set_title(f"{_short(observed.sensor_id[own[0]])}{left_out}, {unit}", fontsize=style.SMALL_PT, loc="left")


def _few_clock_times(axes: Axes, edges_s: Floats, start: dt.datetime) -> None:
    """Two or three round times."""
    begin_s, end_s = float(edges_s[0]), float(edges_s[-1])
    step_s = next((step for step in CLOCK_STEPS_S if (end_s - begin_s) / step <= 2.5), CLOCK_STEPS_S[-1])
    since_midnight_s = start.hour * 3600 + start.minute * 60 + start.second
    ticks = np.arange(begin_s - (since_midnight_s + begin_s) % step_s, end_s + 1.0, step_s)
    ticks = ticks[ticks >= begin_s]
    axes.set_xlim(begin_s, end_s)
    axes.set_xticks(ticks, [style.clock(start, float(tick)) for tick in ticks])


def _short(name: str) -> str:
    return name if len(name) <= 24 else f"…{name[-23:]}"
