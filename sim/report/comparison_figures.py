"""Draw who gains and who loses by how much, and how many are on their way at what time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..compare.differences import OVER_S
from ..compare.runs import read_result
from ..compare.statistics import paired
from . import style
from .comparison_words import count_trips, rows_of
from .figures import Picture, chart, clock_axis, figure_of
from .metrics import held_up
from .svg import to_svg

if TYPE_CHECKING:
    from ..compare.comparison import Comparison

Floats = NDArray[np.float64]

SHOWN_PERCENTILE = 99.0  # of changes; the outermost bars hold what lies beyond


def trips_histogram(comparison: Comparison, variant: str) -> Picture:
    """How the change of travel time is spread over trips."""
    import matplotlib as mpl

    minutes = rows_of(comparison.differences.trips, variant)["difference"].to_numpy(dtype=float) / 60.0
    counted = count_trips(comparison.differences.trips, variant)
    lose = style.percent(counted.lose / counted.compared) if counted.compared else style.DASH
    win = style.percent(counted.win / counted.compared) if counted.compared else style.DASH
    title = f"{lose} of the trips lose more than a minute, {win} gain as much"
    if not (counted.lose or counted.win):
        title = "No trip gains or loses more than a minute"
    key = f"trips-{variant}"
    with mpl.rc_context(style.RC):
        axes = chart()
        note = "Mean change of a trip's travel time over the seeds; trips that arrived in both. Logarithmic height."
        if minutes.size:
            end = max(2.0, float(np.ceil(np.percentile(np.abs(minutes), SHOWN_PERCENTILE))))
            edges = np.linspace(-end, end, 2 * _steps(end) + 1)
            counts, _ = np.histogram(np.clip(minutes, -end, end), edges)
            middles = (edges[1:] + edges[:-1]) / 2
            over = OVER_S / 60.0
            colours = [
                style.LESS[1] if at < -over else style.MORE[1] if at > over else style.LIGHT["road"] for at in middles
            ]
            axes.bar(middles, counts, width=0.92 * (edges[1] - edges[0]), color=colours)
            axes.set_yscale("log")
            axes.yaxis.set_major_formatter(lambda value, _: style.tick(value))
            axes.set_ylim(0.7, max(10.0, 1.6 * counts.max()))
            axes.set_xlim(-end, end)
            beyond = int((np.abs(minutes) > end).sum())
            if beyond:
                note += f" The outermost bars hold {style.count(beyond, 'trip')} beyond {end:g} min too."
        axes.xaxis.set_major_formatter(lambda value, _: style.tick(value).replace("-", "\N{MINUS SIGN}"))
        axes.set_xlabel("change of travel time, min (left: gains, right: loses)")
        axes.set_ylabel("trips")
        return Picture(key, title, note, to_svg(figure_of(axes), key, title))


def vehicles_over_time(comparison: Comparison, variant: str) -> Picture:
    """Vehicles on their way in the base and with the plan, mean over the seeds, with the interval of the difference."""
    import matplotlib as mpl

    t_s, base = _on_their_way(comparison, comparison.plans[0].key)
    _, plan = _on_their_way(comparison, variant)
    start = comparison.plans[0].scenario.start
    change = paired(plan - base)
    middle = base.mean(axis=0)
    largest = int(np.abs(change.mean).argmax())
    by = float(change.mean[largest])
    title = "As many vehicles are on the way as without the plan, at all times"
    if round(abs(by)):
        more = "more" if by > 0 else "fewer"
        vehicles = style.count(abs(by), f"{more} vehicle is", f"{more} vehicles are")
        title = f"At {style.clock(start, float(t_s[largest]))} {vehicles} on the way than without the plan"
    key = f"vehicles-{variant}"
    with mpl.rc_context(style.RC):
        axes = chart()
        axes.plot(t_s, middle, color=style.LIGHT["muted"], label="base")
        axes.fill_between(t_s, middle + change.low, middle + change.high, color=style.MORE[0], lw=0, alpha=0.6)
        axes.plot(t_s, middle + change.mean, color=style.LIGHT["second"], label="variant")
        axes.set_ylim(0, max(1.0, 1.08 * float((middle + np.maximum(change.high, 0.0)).max())))
        axes.set_ylabel("vehicles")
        clock_axis(axes, t_s, start)
        axes.legend(loc="upper left", frameon=False, fontsize=style.SMALL_PT, handlelength=1.4)
        note = (
            "Vehicles that drive, stand or wait to enter, mean over the seeds; clock time. Band: 95 % interval of the "
            "difference at each time."
        )
        return Picture(key, title, note, to_svg(figure_of(axes), key, title))


def _on_their_way(comparison: Comparison, key: str) -> tuple[Floats, Floats]:
    """Times (s), and vehicles at each with every seed, ``[seed, time]``; whom measures keep from driving is nowhere."""
    runs = [read_result(comparison.folder, key, seed) for seed in comparison.seeds]
    count = [
        (run.network["active"] + run.network["waiting"]).to_numpy(dtype=float) + held_up(run.trips, run.network)
        for run in runs
    ]
    return runs[0].network["t_s"].to_numpy(dtype=float), np.array(count)


def _steps(end: float) -> int:
    """Bars to each side, of a round width that has an edge at one minute."""
    return int(end * next(per_minute for per_minute in (4, 2, 1) if end * per_minute <= 40 or per_minute == 1))
