"""Say in plain sentences what a plan changes in the air: casualties of gas, what people breathe, what is emitted."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from ..compare.air import ALL, EXPECTED_LOST, MEAN, NAMES, PREFERRED
from . import style

if TYPE_CHECKING:
    from ..compare.comparison import Comparison

MINUS = "\N{MINUS SIGN}"


def breathed(comparison: Comparison, variant: str) -> list[str]:
    """What a planner can quote of the air of one variant; nothing where nobody asks for it in both."""
    table = comparison.differences.air
    rows = [{str(key): value for key, value in row.items()} for row in table.to_dict("records")]
    rows = [row for row in rows if row["variant"] == variant]
    return [*_gas(rows), *_concentration(rows), *_emitted(rows)]


def _gas(rows: list[dict[str, Any]]) -> list[str]:
    """How many people gas is expected to incapacitate, and who is harmed."""
    told = []
    for row in rows:
        if row["kind"] == "gas" and row["quantity"] == EXPECTED_LOST and str(row["of"]).endswith(f": {ALL}"):
            harmed = next(
                one for one in rows if one["of"] == row["of"] and str(one["quantity"]).startswith("lasting harm")
            )
            name = str(row["of"]).removesuffix(f": {ALL}")
            told.append(
                f"The gas of “{name}” is expected to incapacitate {_level(row, 'with_variant')} people instead of "
                f"{_level(row, 'base')} ({_sure(row)}); {_level(harmed, 'with_variant')} instead of "
                f"{_level(harmed, 'base')} breathe enough for lasting harm ({_sure(harmed)})."
            )
    return told


def _concentration(rows: list[dict[str, Any]]) -> list[str]:
    """What residents breathe on average; without any, the point whose air changes most beyond chance."""
    for name in PREFERRED:
        quantity = f"{MEAN} {NAMES[name]}"
        for row in rows:
            if row["kind"] == "everybody" and row["quantity"] == quantity:
                return [_breathe("Residents breathe", row, name)]
        points = [row for row in rows if row["kind"] == "receptor" and row["quantity"] == quantity]
        if points:
            most = max(points, key=lambda row: (bool(row["distinguishable"]), abs(float(row["difference"]))))
            return [_breathe(f"At “{most['of']}” there are", most, name)]
    return []


def _breathe(begin: str, row: dict[str, Any], name: str) -> str:
    unit = f"{style.NBSP}µg/m³"
    base = f"{style.number(float(row['base']))}{unit} of {NAMES[name]}"
    if not row["distinguishable"]:
        return f"{begin} {base} on average; that does not change by more than chance would ({_interval(row)}{unit})."
    more = "more" if row["difference"] > 0 else "less"
    by = f"{style.number(abs(float(row['difference'])), figures=2)}{unit} {more}"
    return f"{begin} {by} {NAMES[name]} on average ({_sure(row)}) than the {base} in the base."


def _emitted(rows: list[dict[str, Any]]) -> list[str]:
    """By how much all together emit more or less NOx."""
    row = next((one for one in rows if one["of"] == ALL and one["quantity"] == "NOx emitted"), None)
    if row is None or not row["distinguishable"] or not float(row["base"]) > 0.0:
        return []
    more = "more" if row["difference"] > 0 else "less"
    share = style.percent(abs(float(row["difference"])) / float(row["base"]))
    return [f"All sources together emit {share} {more} NOx (95 % interval {_interval(row)} kg)."]


def _level(row: dict[str, Any], side: str) -> str:
    return style.number(float(row[side]), figures=2)


def _sure(row: dict[str, Any]) -> str:
    """The interval of a difference, or that it could be chance."""
    told = f"95 % interval of the difference {_interval(row)}"
    return told if row["distinguishable"] else f"not distinguishable, {told}"


def _interval(row: dict[str, Any]) -> str:
    low, high = (_signed(float(row[end])) for end in ("low", "high"))
    return f"{low} to {high}"


def _signed(value: float) -> str:
    if not math.isfinite(value):
        return style.DASH
    sign = "+" if value > 0 else MINUS if value < 0 else ""
    return f"{sign}{style.number(abs(value), figures=2)}"
