"""Name the items of a scenario's lists: its demand and the changes of it, which trips are called after; measures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .demand_kinds import Demand, DemandScale
    from .measures import Measure
    from .scenario import Scenario


def named_demand(scenario: Scenario) -> Iterator[tuple[str, Demand]]:
    """Each item with the name its trips carry: its id, else its kind, numbered from the second on."""
    seen: Counter[str] = Counter()
    for item in scenario.demand:
        yield _named(item.id, item.kind, seen), item


def named_changes(scenario: Scenario) -> Iterator[tuple[str, DemandScale]]:
    """Each change with the name that ends the ids of its new trips: its id, else its kind, numbered likewise."""
    seen: Counter[str] = Counter()
    for change in scenario.demand_changes:
        yield _named(change.id, change.kind, seen), change


def named_measures(scenario: Scenario) -> Iterator[tuple[str, Measure]]:
    """Each measure with what people call it: its id, else its kind, numbered likewise."""
    seen: Counter[str] = Counter()
    for measure in scenario.measures:
        yield _named(measure.id, measure.kind.replace("_", " "), seen), measure


def _named(name: str | None, kind: str, seen: Counter[str]) -> str:
    seen[kind] += 1
    return name or (kind if seen[kind] == 1 else f"{kind}-{seen[kind]}")
