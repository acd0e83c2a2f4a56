"""Hold a base and a variant side by side, and make rows of tables from what both have with every seed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .link_match import LinkMatch
from .statistics import Paired, paired, seeds_for

if TYPE_CHECKING:
    import pandas as pd

    from ...scenarios.network import RoadNetwork
    from .stacks import Stack

Floats = NDArray[np.float64]
Rows = NDArray[np.int64]

TOLD_SHARE = 0.01  # of the base's value: the change that "about so many seeds would show"


# Results of links, and how those of the parts of a link that was split make one.
LINK_COLUMNS = {
    "entered_veh": "entering",
    "lost_s": "together",
    "vehicle_m": "together",
    "vehicle_s": "together",
    "stops": "together",
    "standing_s": "together",
    "longest_queue_veh": "largest",
}
Columns = Mapping[str, Floats]  # [seed, link] each


@dataclass(frozen=True, slots=True, eq=False)
class LinkGroup:
    """Results of some links in base and variant; of those that one of them does not have it has 0."""

    only_in: str  # "": both have them
    network: RoadNetwork  # that has them
    names: Sequence[str]
    rows: Rows  # of a street in parts its first one
    sides: tuple[Columns, Columns]


@dataclass(frozen=True, slots=True, eq=False)
class Pair:
    """A base and a variant, and which trips and links they have in common."""

    base: Stack
    variant: Stack
    trips: tuple[Rows, Rows]
    links: LinkMatch

    @classmethod
    def of(cls, base: Stack, variant: Stack) -> Pair:
        """Match trips and links by id."""
        trips = common(base.plan.trips.id, variant.plan.trips.id)
        return cls(base, variant, trips, LinkMatch.of(base.plan.network, variant.plan.network))

    @property
    def stacks(self) -> tuple[Stack, Stack]:
        """Base and variant."""
        return self.base, self.variant

    def link_groups(self) -> Iterator[LinkGroup]:
        """Results of the links of both, of those that only the base has, and of those that only the variant has."""
        match, base, variant = self.links, self.base, self.variant
        ours, theirs = (
            {name: getattr(parts, how)(getattr(stack, name)) for name, how in LINK_COLUMNS.items()}
            for parts, stack in ((match.base, base), (match.variant, variant))
        )
        yield LinkGroup("", base.plan.network, match.names, match.base.first, (ours, theirs))
        of_base = {name: getattr(base, name) for name in LINK_COLUMNS}
        of_variant = {name: getattr(variant, name) for name in LINK_COLUMNS}
        for only_in, stack, rows, columns in (
            ("base", base, match.gone, of_base),
            ("variant", variant, match.new, of_variant),
        ):
            if rows.size:
                there = _chosen(columns, rows)
                none = {name: np.zeros_like(values) for name, values in there.items()}
                sides = (there, none) if only_in == "base" else (none, there)
                names = [stack.plan.network.links.id[row] for row in rows]
                yield LinkGroup(only_in, stack.plan.network, names, rows, sides)

    def of_trips(self, name: str) -> tuple[Floats, Floats]:
        """A quantity of the trips in common that arrived in both, ``[seed, trip]``; NaN of the others."""
        both = self.base.arrived[:, self.trips[0]] & self.variant.arrived[:, self.trips[1]]
        ours, theirs = getattr(self.base, name)[:, self.trips[0]], getattr(self.variant, name)[:, self.trips[1]]
        return np.where(both, ours, np.nan), np.where(both, theirs, np.nan)


def _chosen(columns: Columns, rows: Rows) -> Columns:
    return {name: values[:, rows] for name, values in columns.items()}


def row(
    quantity: str,
    unit: str,
    ours: Floats,
    theirs: Floats,
    *,
    resolution: float = 0.0,
    of: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """One line of a table, from a quantity with every seed in both scenarios."""
    result = paired((theirs - ours)[:, np.newaxis], resolution=resolution)
    table = numbers(result, mean(ours[np.newaxis]), mean(theirs[np.newaxis]))
    line: dict[str, Any] = {**(of or {}), "quantity": quantity, "unit": unit}
    line.update({str(name): values[0] for name, values in table.items()})
    line["seeds"] = int(line["seeds"])
    line["seeds_for_1_percent"] = seeds_for(float(result.sd[0]), TOLD_SHARE * abs(float(line["base"])))
    return line


def joined(rows: Sequence[dict[str, Any]], *keys: str) -> pd.DataFrame:
    """Lines as a table; with its columns (``keys`` come first) where there are none."""
    import pandas as pd

    if not rows:
        return pd.DataFrame(columns=[*keys, *row("", "", np.zeros(2), np.zeros(2))])
    table = pd.DataFrame(rows)
    table["seeds_for_1_percent"] = table["seeds_for_1_percent"].astype("Int64")
    return table


def numbers(result: Paired, base: Floats, variant: Floats) -> pd.DataFrame:
    """The columns that every table has."""
    import pandas as pd

    return pd.DataFrame(
        {
            "base": base,
            "with_variant": variant,
            "difference": result.mean,
            "low": result.low,
            "high": result.high,
            "sd": result.sd,
            "p": result.p,
            "distinguishable": result.distinguishable,
            "seeds": result.seeds,
        }
    )


def mean(values: Floats) -> Floats:
    """Mean over the last axis of what is known; NaN where nothing is."""
    known = ~np.isnan(values)
    count = known.sum(axis=-1)
    return np.where(count > 0, np.where(known, values, 0.0).sum(axis=-1) / np.maximum(count, 1), np.nan)


def common(ours: Sequence[str], theirs: Sequence[str]) -> tuple[Rows, Rows]:
    """Rows of the ids that both have."""
    if ours == theirs:
        rows = np.arange(len(ours))
        return rows, rows
    row_of = {name: row for row, name in enumerate(theirs)}
    pairs = [(row, row_of[name]) for row, name in enumerate(ours) if name in row_of]
    both = np.array(pairs, np.int64).reshape(-1, 2)
    return both[:, 0], both[:, 1]
