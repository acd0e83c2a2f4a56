"""Say and draw how people chose their routes: unprepared, or as those who have got used to the streets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from . import style
from .figures import Picture, chart, figure_of
from .svg import to_svg

if TYPE_CHECKING:
    import pandas as pd

    from ..compare.plans import Plan


def how_chosen(facts: Mapping[str, Any]) -> str:
    """One sentence from the figures of a run; empty where it was written before there was a choice."""
    choice, gap, iterations = (facts.get(key) for key in ("route_choice", "relative_gap", "route_iterations"))
    if choice == "known":
        return (
            "Drivers choose their routes on the day, by what streets took lately; who learns of an event looks for "
            "another way, and nobody has had time to get used to what is new."
        )
    if choice is None or gap is None or iterations is None:
        return ""
    saved = f"relative gap {style.percent(gap)}: on their quickest routes all together would save that much"
    if choice == "equilibrium":
        return f"Drivers know the streets: user equilibrium, {style.count(iterations, 'iteration')} ({saved})."
    return f"Drivers learned the streets from day to day; this is day {style.whole(iterations)} ({saved})."


def how_compared(base: Plan, variant: Plan) -> str:
    """One sentence on the routes of a variant and its base."""
    choice = variant.scenario.routes.choice
    if base.settled is None or variant.settled is None:
        return "Routes: chosen on the day, by what streets took lately; nobody has had time to get used to the plan."
    gaps = [style.percent(plan.settled.chosen.relative_gap) for plan in (base, variant) if plan.settled is not None]
    state = "user equilibrium" if choice == "equilibrium" else "after days of learning"
    told = f"Routes: drivers know the streets ({state}, relative gap {gaps[0]} in the base, {gaps[1]} with the plan)"
    lasting = set(map(id, variant.scenario.everyday_events))
    surprised = any(id(event) not in lasting for event in variant.scenario.events)
    told += "; what holds for a part of the run only finds them unprepared." if surprised else "."
    excess_s = max(_excess_s(base), _excess_s(variant))
    if excess_s == 0.0:
        return told
    unsure = f"{style.number(excess_s, figures=1)}{style.NBSP}s"
    return f"{told} A difference of less than about {unsure} a trip may come of routes that have not quite settled."


def _excess_s(plan: Plan) -> float:
    """What all would save on their quickest routes, by trip: the average excess cost."""
    if plan.settled is None or not len(plan.trips):
        return 0.0
    return (plan.settled.chosen.total_s - plan.settled.chosen.shortest_s) / len(plan.trips)


def gap_figure(iterations: pd.DataFrame, wanted: float | None, choice: str) -> Picture:
    """How the relative gap fell, from iteration to iteration."""
    import matplotlib as mpl

    number, gap = iterations["iteration"].to_numpy(int), 100.0 * iterations["relative_gap"].to_numpy(float)
    unit = "day" if choice == "day_to_day" else "iteration"
    best = int(gap.argmin()) if wanted is not None else gap.size - 1
    first, last = style.percent(gap[0] / 100.0), style.percent(gap[best] / 100.0)
    when = f"{unit} {style.whole(number[best])}"
    if gap.size == 1:
        title = f"The relative gap of routes is {last} at once"
    elif gap[best] < gap[0]:
        title = f"The relative gap of routes fell from {first} to {last} at {when}"
    else:
        title = f"The relative gap of routes did not fall: {first} at first, {last} at {when}"
    if wanted is not None and gap[best] > 100.0 * wanted:
        title += f"; no equilibrium at {style.percent(wanted)}"
    with mpl.rc_context(style.RC):
        axes = chart()
        axes.plot(number, gap, color=style.LIGHT["accent"], marker="o", markersize=3.5)
        if wanted is not None:
            axes.axhline(100.0 * wanted, color=style.LIGHT["muted"], lw=0.8, ls=(0, (4, 3)))
            axes.annotate(
                f"wanted: {style.percent(wanted)}",
                (0.0, 100.0 * wanted),
                (4, 3),
                xycoords=("axes fraction", "data"),
                textcoords="offset points",
                ha="left",
                fontsize=style.SMALL_PT,
            )
        axes.set_xlim(0.7, max(2.0, float(number[-1])) + 0.3)
        axes.set_xticks(_round_steps(int(number[-1])))
        axes.set_ylim(0.0, 1.1 * max(float(gap.max()), 100.0 * (wanted or 0.0), 0.1))
        axes.set_xlabel(unit)
        axes.set_ylabel("relative gap, %")
        note = (
            "Time of all trips over what they would take on their quickest routes at the times of that "
            f"{unit}, minus one (Chiu et al. 2011)."
        )
        return Picture("equilibrium", title, note, to_svg(figure_of(axes), "equilibrium", title))


def _round_steps(last: int) -> Sequence[int]:
    """Whole numbers for an axis from 1, at most about ten."""
    step = next(step for step in (1, 2, 5, 10, 20, 50, 100, 200) if last / step <= 10)
    ticks = np.arange(0, last + 1, step)
    return [int(tick) or 1 for tick in ticks if tick or step > 1]
