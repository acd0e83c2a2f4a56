"""Weigh variants: routes people ask for, what the change is worth against its cost, and who comes first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from .air import expected_lost, residents_ugm3
from .evacuation import RANKED_BY, clear_by_min, clearance, first_order_s
from .pairs import Floats, Pair, joined, row
from .routes import route_times_s
from .statistics import paired

if TYPE_CHECKING:
    import pandas as pd

    from ...scenarios.told import Values
    from .stacks import Stack

TIME_SPENT = "time spent by trips in common"
TIME_WORTH = "worth of the time spent"
PLAN_COST = "cost of the plan"
NET_COST = "time and plan together"


def routes(pair: Pair) -> pd.DataFrame:
    """Time to drive the routes that both scenarios name."""
    ours, theirs = (one.plan.routes for one in pair.stacks)
    rows = [
        row("time to drive", "s", *times, of={"route": name})
        for name in ours
        if name in theirs
        and (times := [route_times_s(pair.base, ours[name]), route_times_s(pair.variant, theirs[name])])
    ]
    return joined(rows, "route")


def values(pair: Pair) -> pd.DataFrame:
    """What the time of the trips in common is worth a year, what the plan costs, and both together."""
    worth = pair.base.plan.scenario.values
    if worth is None:
        return joined([])
    unit = f"{worth.currency} a year"
    time, cost = _worth_of_time(pair, worth), _cost(pair)
    both = [one + other for one, other in zip(time, cost, strict=True)]
    return joined([row(TIME_WORTH, unit, *time), row(PLAN_COST, unit, *cost), row(NET_COST, unit, *both)])


def ranking(pairs: Sequence[Pair]) -> pd.DataFrame:
    """The variants, best first, and less is better.

    By what residents breathe where the base says so (``report: {rank_by: air}``); else by what variants cost all told
    where time has a value, by whom gas is expected to incapacitate where there is some, by when people are safe where
    all are evacuations, or by the time people spend. A seed in which fewer than nine in ten are safe by the end counts
    as if they were then.

    ``ahead_p`` tests the lead of each over the one after it, paired by seed; NaN for the last.
    """
    scored = sorted(
        ((_score(pair), number) for number, pair in enumerate(pairs)),
        key=lambda one: (float(np.mean(one[0][1] - one[0][0])), one[1]),
    )
    rows = []
    for rank, ((score, number), after) in enumerate(zip(scored, [*scored[1:], None], strict=True), start=1):
        lead = np.nan
        if after is not None:
            lead = float(paired(((score[1] - score[0]) - (after[0][1] - after[0][0]))[:, np.newaxis]).p[0])
        quantity, unit = _ranked_by(pairs[number])
        of = {"variant": pairs[number].variant.plan.key, "rank": rank}
        rows.append({**row(quantity, unit, *score, of=of), "ahead_p": lead})
    return joined(rows)


def _score(pair: Pair) -> tuple[Floats, Floats]:
    """What variants are ranked by in the base and in the variant, ``[seed]``; less is better."""
    worth = pair.base.plan.scenario.values
    if (air := _by_air(pair)) is not None:
        return air[1]
    if worth is None and (lost := _by_gas(pair)) is not None:
        return lost
    if worth is None and _is_evacuation(pair):
        ours, theirs = (_clear_min(stack, pair) for stack in pair.stacks)
        return ours, theirs
    if worth is None:
        ours, theirs = (seconds.sum(axis=1) / 3600.0 for seconds in _spent_s(pair))
        return ours, theirs
    time, cost = _worth_of_time(pair, worth), _cost(pair)
    return time[0] + cost[0], time[1] + cost[1]


def _ranked_by(pair: Pair) -> tuple[str, str]:
    worth = pair.base.plan.scenario.values
    if (air := _by_air(pair)) is not None:
        return air[0], "µg/m³"
    if worth is None and _by_gas(pair) is not None:
        return "expected number of people whom gas incapacitates", "people"
    if worth is not None:
        return NET_COST, f"{worth.currency} a year"
    return (f"time until {clearance(RANKED_BY)}", "min") if _is_evacuation(pair) else (TIME_SPENT, "veh-h")


def _by_air(pair: Pair) -> tuple[str, tuple[Floats, Floats]] | None:
    """What residents breathe, where the base wants plans ranked by it and both know it."""
    if pair.base.plan.scenario.report.rank_by != "air":
        return None
    ours, theirs = (residents_ugm3(stack) for stack in pair.stacks)
    if ours is None or theirs is None or ours[0] != theirs[0]:
        return None
    return ours[0], (ours[1], theirs[1])


def _by_gas(pair: Pair) -> tuple[Floats, Floats] | None:
    """How many people gas is expected to incapacitate, where there is some in both."""
    ours, theirs = (expected_lost(stack) for stack in pair.stacks)
    return None if ours is None or theirs is None else (ours, theirs)


def _is_evacuation(pair: Pair) -> bool:
    return all(stack.evacuated is not None for stack in pair.stacks)


def _clear_min(stack: Stack, pair: Pair) -> Floats:
    assert stack.evacuated is not None, "only evacuations are ranked by it"
    return clear_by_min(stack.evacuated, first_order_s(pair.base), pair.base.plan.scenario.duration_s)


def _spent_s(pair: Pair) -> tuple[Floats, Floats]:
    """Time that every trip in common spent on its way, arrived or not, ``[seed, trip]``."""
    return pair.base.spent_s[:, pair.trips[0]], pair.variant.spent_s[:, pair.trips[1]]


def _worth_of_time(pair: Pair, worth: Values) -> tuple[Floats, Floats]:
    """What the time of the trips in common is worth a year, ``[seed]``."""
    from ...scenarios.trips import VEHICLE_CLASSES

    an_hour = np.array([getattr(worth.hour, name, None) or 0.0 for name in VEHICLE_CLASSES])
    of_trips = an_hour[pair.base.plan.trips.vehicle_class[pair.trips[0]]]
    runs_a_year = worth.hours_a_year / (pair.base.plan.scenario.duration_s / 3600.0)
    ours, theirs = (seconds @ of_trips / 3600.0 * runs_a_year for seconds in _spent_s(pair))
    return ours, theirs


def _cost(pair: Pair) -> tuple[Floats, Floats]:
    """What each plan costs a year, the same with every seed."""
    ours, theirs = (np.full(len(one.seeds), _cost_a_year(one)) for one in pair.stacks)
    return ours, theirs


def _cost_a_year(stack: Stack) -> float:
    worth: Any = stack.plan.scenario.values
    return 0.0 if worth is None else float(worth.cost_a_year)
