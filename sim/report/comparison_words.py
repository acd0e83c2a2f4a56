"""Say in plain sentences what a plan changes, how sure that is, and how many seeds more would tell."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..compare.differences import KEPT, LONGER, OVER_S
from ..compare.evacuation import ALL, clearance, first_order_s
from ..compare.weighing import NET_COST, PLAN_COST, TIME_WORTH
from . import style
from .comparison_air_words import breathed
from .remedies import remedies_compared
from .route_choice import how_compared

if TYPE_CHECKING:
    import pandas as pd

    from ..compare.comparison import Comparison
    from ..compare.plans import Plan

PLUS, MINUS = "+", "\N{MINUS SIGN}"
FEWEST_SEEDS = 2  # in which a figure is known that can be told from chance
UNLUCKY = {  # figure of an evacuation -> how its change is told
    "turned away": "times people are turned away",
    "stranded": "people are stranded",
    "incapacitated": "people are incapacitated by a hazard",
}


@dataclass(frozen=True, slots=True)
class TripsCounted:
    """How many trips gain and lose, over all seeds on average."""

    compared: int
    win: int  # more than a minute
    win_surely: int  # of these, beyond chance
    lose: int
    lose_surely: int


def verdicts(comparison: Comparison) -> list[str]:
    """One paragraph for each variant."""
    return [f"{plan.scenario.name}: {' '.join(sentences(comparison, plan.key))}" for plan in comparison.plans[1:]]


def sentences(comparison: Comparison, variant: str) -> list[str]:
    """What a planner can quote of one variant: delay, who gains and loses, how many arrive."""
    tables = comparison.differences
    network = rows_of(tables.network, variant)
    if all(
        _nothing_changes(rows_of(table, variant))
        for table in (tables.network, tables.evacuation, tables.walks, tables.air)
    ):
        seeds = style.count(len(comparison.seeds), "seed")
        return [f"It changes nothing: with each of the {seeds} all figures are the same to the last digit."]
    by_name = {row["quantity"]: row for row in records(network)}
    plan = next(plan for plan in comparison.plans if plan.key == variant)
    return [
        *breathed(comparison, variant),
        *_evacuation(comparison, variant),
        *_demand(comparison, variant),
        *_traffic(comparison, variant, by_name),
        *_on_foot(rows_of(tables.walks, variant)),
        *_worth(rows_of(tables.values, variant)),
        *_assumptions(comparison.plans[0], plan),
    ]


def _nothing_changes(table: pd.DataFrame) -> bool:
    """Whether every figure that is known is the same with every seed."""
    known = table[table["seeds"] > 0]
    return bool(((known["difference"] == 0.0) & (known["sd"].fillna(0.0) == 0.0)).all())


def _traffic(comparison: Comparison, variant: str, by_name: dict[str, dict[str, Any]]) -> list[str]:
    """Delays, who gains and loses, who arrives; nothing where nobody makes a trip."""
    if not any(len(plan.trips) for plan in comparison.plans if plan is comparison.plans[0] or plan.key == variant):
        return []
    return [
        _delay(by_name["mean delay"]),
        *_small_for_many(by_name["mean delay"], by_name[LONGER]),
        _winners(count_trips(comparison.differences.trips, variant)),
        *_arrivals(by_name["arrived"], by_name["stuck at the end"]),
        *_kept(by_name.get(KEPT)),
    ]


def brief(comparison: Comparison, variant: str) -> list[str]:
    """What is told of one variant among several: who is safe when, trips, delay, whether it pays, what was assumed."""
    told = sentences(comparison, variant)
    if len(told) == 1:
        return told
    tables = comparison.differences
    plan = next(plan for plan in comparison.plans if plan.key == variant)
    by_name = {row["quantity"]: row for row in records(rows_of(tables.network, variant))}
    return [
        *breathed(comparison, variant),
        *_evacuation(comparison, variant),
        *_demand(comparison, variant),
        *_traffic(comparison, variant, by_name)[:1],
        *_worth(rows_of(tables.values, variant)),
        *_assumptions(comparison.plans[0], plan),
    ]


def _assumptions(base: Plan, plan: Plan) -> list[str]:
    """What drivers may do against a standstill, and how routes were chosen."""
    return [*remedies_compared(base.scenario, plan.scenario), how_compared(base, plan)]


def count_trips(trips: pd.DataFrame, variant: str) -> TripsCounted:
    """How many trips gain or lose more than a minute, and how many of these beyond chance."""
    rows = rows_of(trips, variant)
    win, lose = rows["difference"] < -OVER_S, rows["difference"] > OVER_S
    return TripsCounted(
        len(rows), int(win.sum()), int((win & rows["found"]).sum()), int(lose.sum()), int((lose & rows["found"]).sum())
    )


def rows_of(table: pd.DataFrame, variant: str) -> pd.DataFrame:
    """Rows of one variant."""
    return table[table["variant"] == variant]


def records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows as mappings."""
    return [{str(name): value for name, value in row.items()} for row in table.to_dict("records")]


def interval(row: dict[str, Any], unit: str = "") -> str:
    """A confidence interval, as ``+0.5 to +1.9 s``, its ends as precise as its length deserves."""
    if not math.isfinite(_length(row)):
        return style.DASH
    return _with_unit(f"{_fixed(row['low'], row)} to {_fixed(row['high'], row)}", unit)


def difference(row: dict[str, Any], unit: str = "") -> str:
    """The difference to the decimals of its interval, as ``+1.2 s``.

    Examples
    --------
    >>> row = {"difference": 1.234, "low": 0.52, "high": 1.91}
    >>> difference(row), interval(row)
    ('+1.2', '+0.5 to +1.9')
    >>> difference({"difference": -1234.0, "low": -1500.0, "high": -968.0}).replace(style.THIN_SPACE, " ")
    '−1 234'
    """
    if not math.isfinite(float(row["difference"])):
        return style.DASH
    return _with_unit(_fixed(row["difference"], row), unit)


def level(row: dict[str, Any], side: str) -> str:
    """The mean in the base or with the variant, to the decimals of the interval of their difference."""
    value = float(row[side])
    return _grouped(value, _places(row)) if math.isfinite(value) else style.DASH


def certainty(row: dict[str, Any]) -> str:
    """Whether a difference is distinguishable, and if not, what it would take."""
    if row["distinguishable"]:
        return "distinguishable"
    if row["seeds"] < FEWEST_SEEDS:
        return f"known in both with {style.count(row['seeds'], 'seed')}, too few to tell"
    if float(row["difference"]) == 0.0 and float(row["sd"]) == 0.0:
        return "no difference at all"
    return f"not distinguishable with {style.count(row['seeds'], 'seed')}; {_seeds_needed(row)}"


def _seeds_needed(row: dict[str, Any]) -> str:
    import pandas as pd

    needed = row["seeds_for_1_percent"]
    if pd.isna(needed):
        return "no number of seeds would show 1 %"
    if needed <= row["seeds"]:
        return "a change of 1 % would have shown"
    return f"about {style.whole(float(f'{float(needed):.2g}'))} seeds would show 1 %"


def _length(row: dict[str, Any]) -> float:
    return float(row["high"]) - float(row["low"])


def _places(row: dict[str, Any]) -> int:
    """Decimals that show two figures of the interval's length; less than none where it is in the thousands."""
    length = _length(row)
    if length == 0.0 and 0.0 < abs(float(row.get("base", 0.0))) < 1.0:
        return 2 - math.floor(math.log10(abs(float(row["base"]))))  # the same with every seed
    if not (math.isfinite(length) and length > 0.0):
        return 1
    places = 1 - math.floor(math.log10(length))
    return places if length >= 1000.0 else max(0, places)


def _fixed(value: float, row: dict[str, Any]) -> str:
    """A value with its sign."""
    rounded = round(float(value), _places(row))
    if rounded == 0.0 and _length(row) == 0.0:
        return "0"
    sign = PLUS if rounded > 0 else MINUS if rounded < 0 else ""
    return f"{sign}{_grouped(abs(rounded), _places(row))}"


def _grouped(value: float, places: int) -> str:
    return f"{round(value, places):,.{max(0, places)}f}".replace(",", style.THIN_SPACE)


def _with_unit(text: str, unit: str) -> str:
    return f"{text}{style.NBSP}{unit}" if unit else text


def _demand(comparison: Comparison, variant: str) -> list[str]:
    """How many trips only one of the two has; nothing where they have the same."""
    base, other = (
        set(plan.trips.id) for plan in comparison.plans if plan is comparison.plans[0] or plan.key == variant
    )
    told = [
        f"{style.count(count, 'trip')} {'is' if count == 1 else 'are'} {words}"
        for count, words in ((len(other - base), "made in it only"), (len(base - other), "not made in it"))
        if count
    ]
    if not told:
        return []
    both = style.count(len(base & other), "trip")
    return [f"{' and '.join(told)}; delays and travel times below are those of {both} in both."]


def _evacuation(comparison: Comparison, variant: str) -> list[str]:
    """When nine in ten are safe, and who is not by the end; nothing where not both have an evacuation."""
    rows = rows_of(comparison.differences.evacuation, variant)
    by_name = {row["quantity"]: row for row in records(rows[rows["zone"] == ALL])}
    if not by_name:
        return []
    if nobody_leaves := _nobody_leaves(comparison, variant):
        return nobody_leaves
    told = [_nine_in_ten(comparison, variant, by_name[clearance(90)])]
    safe = by_name["safe at the end"]
    if safe["distinguishable"]:
        more = "more" if safe["difference"] > 0 else "fewer"
        count = style.count(abs(float(safe["difference"])), f"{more} person is", f"{more} people are")
        base = style.whole(float(safe["base"]))
        told.append(f"By the end {count} safe (95 % interval {interval(safe)}) than the {base} in the base.")
    for name, words in UNLUCKY.items():
        row = by_name[name]
        if row["distinguishable"]:
            with_plan, base = (style.number(float(row[end]), figures=2) for end in ("with_variant", "base"))
            told.append(f"{with_plan} {words} instead of {base} (95 % interval of the difference {interval(row)}).")
    return told


def _nobody_leaves(comparison: Comparison, variant: str) -> list[str]:
    """That nobody is told to leave in a plan; nothing where somebody is."""
    for stack in comparison.stacks:
        if stack.plan.key == variant and stack.evacuated is not None and not stack.evacuated.leaving.any():
            return ["Nobody leaves in the plan, so there is no time until people are safe to compare."]
    return []


def _nine_in_ten(comparison: Comparison, variant: str, row: dict[str, Any]) -> str:
    """When nine in ten of those who leave are safe, and in how many seeds that is by the end."""
    first, told = comparison.stacks[0], ""
    seeds = style.count(len(comparison.seeds), "seed")
    if row["seeds"] < len(comparison.seeds):
        ranges = comparison.evacuation_ranges
        known = ranges[(ranges["zone"] == ALL) & (ranges["quantity"] == clearance(90))].set_index("scenario")["seeds"]
        told = f"by the end with {known[first.plan.key]} of {seeds} in the base and with {known[variant]} in the plan"
    if row["seeds"] < FEWEST_SEEDS:
        return f"Nine in ten of those who leave are safe {told}: too few to compare when."
    told = f" Safe {told}: the others are no part of this." if told else ""
    after = f"{style.NBSP}min after {style.clock(first.plan.scenario.start, first_order_s(first))}, "
    base = f"{style.number(float(row['base']))}{after}when the base gives its first order"
    if not row["distinguishable"]:
        return f"When nine in ten of those who leave are safe ({base}) {_by_chance(row, 'min')}{told}"
    later = "later" if row["difference"] > 0 else "earlier"
    by = f"{style.number(abs(float(row['difference'])), figures=2)}{style.NBSP}min {later}"
    return (
        f"Nine in ten of those who leave are safe {by} (95 % interval {interval(row, 'min')}): "
        f"{style.number(float(row['with_variant']))} instead of {base}.{told}"
    )


def _on_foot(walks: pd.DataFrame) -> list[str]:
    """How long people walk; nothing where nobody does."""
    by_name = {row["quantity"]: row for row in records(walks)}
    if not by_name or not math.isfinite(float(by_name["mean travel time"]["low"])):
        return []
    row = by_name["mean travel time"]
    base = f"{style.number(float(row['base']))}{style.NBSP}s"
    if row["distinguishable"]:
        longer = "longer" if row["difference"] > 0 else "shorter"
        by = f"{style.number(abs(float(row['difference'])), figures=2)}{style.NBSP}s {longer}"
        return [f"People on foot are on their way {by} (95 % interval {interval(row, 's')}) than {base}."]
    return [f"How long people on foot are on their way ({base}) {_by_chance(row, 's')}"]


def _delay(row: dict[str, Any]) -> str:
    base = float(row["base"])
    if not math.isfinite(float(row["difference"])):
        return "No trip arrived in both scenarios, so delays cannot be compared."
    share = f"{style.percent(abs(float(row['difference'])) / base)}, " if base > 0 else ""
    if row["distinguishable"]:
        verb = "lengthens" if row["difference"] > 0 else "shortens"
        return (
            f"The plan {verb} the mean delay by {style.number(abs(float(row['difference'])), figures=2)}{style.NBSP}s "
            f"({share}95 % interval {interval(row, 's')}) from {style.number(base)}{style.NBSP}s a trip."
        )
    return f"The mean delay ({style.number(base)}{style.NBSP}s a trip) {_by_chance(row, 's')}"


def _by_chance(row: dict[str, Any], unit: str) -> str:
    """That a figure does not change by more than chance would, and how many seeds it would take."""
    change, ends = difference(row, unit), interval(row, unit)
    return f"does not change by more than chance would: {change}, 95 % interval {ends}; {certainty(row)}."


def _small_for_many(delay: dict[str, Any], longer: dict[str, Any]) -> list[str]:
    """That more trips take longer than take less, where the mean delay does not tell."""
    if delay["distinguishable"] or not longer["distinguishable"]:
        return []
    ends = ("with_variant", "base") if longer["difference"] > 0 else ("base", "with_variant")
    shares = [style.percent(float(longer[end]) / 100.0) for end in ends]
    verb = "longer" if longer["difference"] > 0 else "less time"
    other = "less time" if longer["difference"] > 0 else "longer"
    balance = f"95 % interval of the balance {interval(longer, '%')}"
    told = f"Yet {shares[0]} of the trips take {verb} with it and {shares[1]} {other}"
    return [f"{told}, which is more than chance ({balance})."]


def _winners(trips: TripsCounted) -> str:
    if not trips.compared:
        return "No trip can be compared."

    def told(count: int, surely: int) -> str:
        beyond = "none of them" if surely == 0 else "all of them" if surely == count else style.whole(surely)
        return f"{style.whole(count)} ({beyond} beyond chance)" if count else "none"

    return (
        f"Of {style.count(trips.compared, 'trip')} that arrive in both, {told(trips.lose, trips.lose_surely)} "
        f"{'loses' if trips.lose == 1 else 'lose'} more than a minute on average over the seeds and "
        f"{told(trips.win, trips.win_surely)} {'gains' if trips.win == 1 else 'gain'} as much."
    )


def _arrivals(arrived: dict[str, Any], stuck: dict[str, Any]) -> list[str]:
    told = []
    if arrived["distinguishable"]:
        more = "more" if arrived["difference"] > 0 else "fewer"
        count = style.number(abs(float(arrived["difference"])), figures=2)
        told.append(
            f"By the end {count} {more} trips arrive (95 % interval {interval(arrived)}) of "
            f"{style.whole(float(arrived['base']))}."
        )
    if stuck["distinguishable"]:
        told.append(
            f"{style.number(float(stuck['with_variant']), figures=2)} vehicles are stuck at the end instead of "
            f"{style.number(float(stuck['base']), figures=2)}."
        )
    return told


def _kept(kept: dict[str, Any] | None) -> list[str]:
    """How many trips measures keep from setting out."""
    if kept is None:
        return []
    before = f" instead of {style.number(float(kept['base']), figures=2)}" if kept["base"] else ""
    count = style.number(float(kept["with_variant"]), figures=2)
    return [f"Measures keep {count} trips from being driven{before}: they are made otherwise, or not at all."]


def _worth(values: pd.DataFrame) -> list[str]:
    """What a year with the plan is worth against one without; nothing where time has no value."""
    by_name = {row["quantity"]: row for row in records(values)}
    if not by_name:
        return []
    time, cost, both = (by_name[name] for name in (TIME_WORTH, PLAN_COST, NET_COST))
    if time["distinguishable"]:
        verb = "saves" if time["difference"] < 0 else "takes"
        told = f"The time it {verb} is worth {_money(abs(float(time['difference'])), time)} ({_money_range(time)})"
    else:
        told = f"Whether it saves time is not to be told from chance ({_money_range(time, saved=True)})"
    if cost["difference"] == 0.0:
        return [f"{told}."]
    more = "costs" if cost["difference"] > 0 else "saves"
    told += f"; the plan {more} {_money(abs(float(cost['difference'])), cost)}"
    if not both["distinguishable"]:
        return [f"{told}: whether it pays cannot be told from chance ({_money_range(both, saved=True)} in its favour)."]
    pays = "it pays: all told it saves" if both["difference"] < 0 else "it does not pay: all told it costs"
    return [f"{told}: {pays} {_money(abs(float(both['difference'])), both)} ({_money_range(both)})."]


def _money(value: float, row: dict[str, Any]) -> str:
    return f"{style.number(value, figures=2)}{style.NBSP}{row['unit']}"


def _money_range(row: dict[str, Any], *, saved: bool = False) -> str:
    """The interval of a sum as a size; with ``saved`` as what is saved, negative where it is lost."""
    ends = sorted(-float(row[end]) if saved else abs(float(row[end])) for end in ("low", "high"))
    low, high = (f"{MINUS if end < 0 else ''}{style.number(abs(end), figures=2)}" for end in ends)
    return f"95 % interval {low} to {high}"
