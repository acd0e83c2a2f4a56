"""Put the part of a comparison's report together that is about evacuations: times by zone, and one figure of all."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from ..compare.evacuation import ALL, RANGE, clearance, first_order_s, safe_over_time
from ..evacuation_outcome import SHARES
from . import style
from .comparison_words import records
from .figures import Picture, chart, clock_axis, figure_of
from .svg import to_svg

if TYPE_CHECKING:
    from ..compare.comparison import Comparison
    from ..compare.stacks import Stack

LINES = ("muted", "accent", "second", "third", "ink")  # scenarios drawn, the base first
MOMENTS = 241  # at which curves are drawn
ROOM_FOR_NAME = 0.08  # above the curves, of their height
NINE_IN_TEN = clearance(90)
NOT_SAFE = ("still on the way", "stranded", "incapacitated")


def evacuation_section(comparison: Comparison) -> dict[str, Any] | None:
    """What the report tells of the evacuations of all scenarios; None where there is none."""
    if comparison.evacuation_ranges.empty:
        return None
    start, base = comparison.plans[0].scenario.start, comparison.stacks[0]
    return {
        "from": style.clock(start, first_order_s(base)),
        "picture": clearance_curves(comparison),
        "zones": _zone_rows(comparison),
    }


def clearance_curves(comparison: Comparison) -> Picture:
    """How many people are safe over time in every scenario, with the spread over seeds."""
    import matplotlib as mpl

    scenario = comparison.plans[0].scenario
    told = [stack for stack in comparison.stacks if stack.evacuated is not None]
    shown = told[: len(LINES)]
    t_s = np.linspace(0.0, scenario.duration_s, MOMENTS)
    key, title = "clearance", _title(comparison)
    with mpl.rc_context(style.RC):
        axes = chart()
        most = 1.0
        for stack, colour in zip(shown, LINES, strict=False):
            assert stack.evacuated is not None, "others are left out"
            safe = safe_over_time(stack.evacuated, t_s)
            low, high = np.percentile(safe, (RANGE[0], RANGE[-1]), axis=0)
            axes.fill_between(t_s, low, high, color=style.LIGHT[colour], lw=0, alpha=0.2)
            axes.plot(t_s, safe.mean(axis=0), color=style.LIGHT[colour], label=_name(comparison, stack))
            most = max(most, float(high.max()))
        axes.set_ylim(0, (1.08 + ROOM_FOR_NAME * len(shown)) * most)
        axes.set_ylabel("people who are safe")
        clock_axis(axes, t_s, scenario.start)
        axes.legend(loc="upper left", frameon=False, fontsize=style.SMALL_PT, handlelength=1.4)
        note = "People in shelters and out by exits, mean over the seeds; clock time. Bands: 5 to 95 % of the seeds."
        if len(told) > len(shown):
            note += f" The first {len(shown)} of {len(told)} scenarios."
        return Picture(key, title, note, to_svg(figure_of(axes), key, title))


def _title(comparison: Comparison) -> str:
    """When nine in ten are safe in the base and in the variants."""
    ranges = comparison.evacuation_ranges
    rows = ranges[(ranges["zone"] == ALL) & (ranges["quantity"] == NINE_IN_TEN)].set_index("scenario")["mean"]
    start, from_s = comparison.plans[0].scenario.start, first_order_s(comparison.stacks[0])

    def at(minutes: float) -> str:
        return style.clock(start, from_s + 60.0 * minutes) if math.isfinite(minutes) else "not by the end"

    base = comparison.plans[0].key
    plans = [float(value) for key, value in rows.items() if key != base]
    before = (
        f"Nine in ten are safe {_preposition(rows[base])}{at(rows[base])} in the base" if base in rows.index else ""
    )
    if len(plans) == 1:
        after = f"{_preposition(plans[0])}{at(plans[0])} with the plan"
    elif all(map(math.isfinite, plans)):
        after = f"from {at(min(plans))} to {at(max(plans))} with the plans"
    else:
        after = f"not by the end in {style.count(sum(map(math.isnan, plans)), 'plan')}"
    return f"{before}, {after}" if before and plans else before or f"Nine in ten are safe {after}"


def _preposition(minutes: float) -> str:
    return "at " if math.isfinite(minutes) else ""


def _name(comparison: Comparison, stack: Stack) -> str:
    """A scenario as it is called beside its line."""
    name = stack.plan.scenario.name
    return f"{name} (base)" if stack.plan.key == comparison.plans[0].key else name


def _zone_rows(comparison: Comparison) -> list[dict[str, Any]]:
    """A line for every zone and scenario: who leaves, and the time estimates from its own first order."""
    ranges, start = comparison.evacuation_ranges, comparison.plans[0].scenario.start
    lines = []
    for zone in ranges["zone"].unique():
        for stack in comparison.stacks:
            people, own = stack.evacuated, ranges[(ranges["zone"] == zone) & (ranges["scenario"] == stack.plan.key)]
            if people is None or own.empty:
                continue
            by_name = {row["quantity"]: row for row in records(own)}
            ordered_s = float(people.ordered_s[zone][0])
            lines.append(
                {
                    "zone": f"all{style.NBSP}zones" if zone == ALL else zone,
                    "scenario": _name(comparison, stack),
                    "ordered": style.clock(start, ordered_s),
                    "leave": style.whole(by_name["leave"]["mean"]),
                    "times": [_spread(by_name[f"{clearance(share)}, from its own order"]) for share in SHARES],
                    "lost": style.number(sum(by_name[name]["mean"] for name in NOT_SAFE)),
                }
            )
    return lines


def _spread(row: dict[str, Any]) -> str:
    """The median over the seeds, and in brackets where 5 and 95 % of them lie."""
    if not math.isfinite(row["p5"]):
        return style.DASH
    low, middle, high = (
        style.number(row[name]) if math.isfinite(row[name]) else "after the end" for name in ("p5", "p50", "p95")
    )
    return f"{middle} " + f"({low} to {high})".replace(" ", style.NBSP)
