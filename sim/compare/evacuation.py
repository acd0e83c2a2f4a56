"""Compare evacuations: when people are safe, who is not, and what it costs them, with every seed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..evacuation_outcome import INCAPACITATED, SHARES
from .pairs import joined, mean, row

if TYPE_CHECKING:
    import pandas as pd

    from ..run_folder import Run
    from .pairs import Pair
    from .stacks import Stack

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

ALL = "all"  # zones together
RANKED_BY = 90  # per cent who are safe
RANGE = (5, 50, 95)  # per cent of the seeds
SECOND_MIN = 1.0 / 60.0  # people are looked at every second


@dataclass(frozen=True, slots=True, eq=False)
class Evacuated:
    """What became of the people of one scenario's evacuation. People are in the same order with every seed."""

    zone: NDArray[Any]  # [person] names
    leaving: Bools  # [seed, person]: who goes, by the end or later
    left_s: Floats  # NaN of those who have not gone by the end
    safe_s: Floats  # NaN of those who are not safe by the end
    turned_away: Floats  # how often
    stranded: Bools
    incapacitated: Bools
    ordered_s: dict[str, Floats]  # zone, or ALL -> [seed]: its first order; NaN without one
    lost_person_h: Floats  # [seed]

    @property
    def zones(self) -> list[str]:
        """Names of the zones, and ALL in front."""
        return [ALL, *(name for name in self.ordered_s if name != ALL)]

    def of(self, zone: str) -> Bools:
        """Who lives there, ``[person]``."""
        return np.ones(self.zone.size, np.bool_) if zone == ALL else np.asarray(self.zone == zone)


class Figure(NamedTuple):
    """A quantity with every seed."""

    quantity: str
    unit: str
    values: Floats  # [seed]
    resolution: float = 0.0


def read_evacuated(runs: Sequence[Run]) -> Evacuated | None:
    """What became of people in the runs of one scenario; None where it has no evacuation."""
    if "evacuation" not in runs[0].summary:
        return None
    people = [run.evacuees for run in runs]
    hurt = [run.stranded.loc[run.stranded["cause"] == INCAPACITATED, "person"] for run in runs]
    orders = [run.evacuation_zones.set_index("zone")["ordered_s"] for run in runs]

    def column(name: str) -> Floats:
        return np.array([table[name].to_numpy(dtype=float) for table in people])

    return Evacuated(
        zone=people[0]["zone"].to_numpy(dtype=object),
        leaving=~np.isnan(column("ready_s")),
        left_s=column("left_s"),
        safe_s=column("safe_s"),
        turned_away=column("turned_away"),
        stranded=np.array([(table["status"] == "stranded").to_numpy() for table in people]),
        incapacitated=np.array([table["person"].isin(ids).to_numpy() for table, ids in zip(people, hurt, strict=True)]),
        ordered_s={name: np.array([one[name] for one in orders], np.float64) for name in orders[0].index},
        lost_person_h=np.array([sum(run.summary["evacuation"]["lost_person_h"].values()) for run in runs]),
    )


def evacuation(pair: Pair) -> pd.DataFrame:
    """What a variant changes for all evacuees and for those of zones that both have; nothing without evacuations."""
    ours, theirs = (one.evacuated for one in pair.stacks)
    if ours is None or theirs is None:
        return joined([], "zone")
    from_s = first_order_s(pair.base)
    rows = []
    for zone in ours.zones:
        if zone in theirs.zones:
            for one, other in zip(_figures(ours, zone, from_s), _figures(theirs, zone, from_s), strict=True):
                either_unknown = np.isnan(one.values) | np.isnan(other.values)
                values = [np.where(either_unknown, np.nan, of.values) for of in (one, other)]
                rows.append(row(one.quantity, one.unit, *values, resolution=one.resolution, of={"zone": zone}))
    return joined(rows, "zone")


def evacuation_ranges(stacks: Sequence[Stack]) -> pd.DataFrame:
    """Every figure of every scenario with its spread over seeds, and times from the zone's own first order besides.

    Who is not safe by the end is so at no time: where a share of the seeds is beyond the end its column is empty.
    """
    import pandas as pd

    from_s = first_order_s(stacks[0])
    rows = []
    for stack in stacks:
        people = stack.evacuated
        if people is None:
            continue
        for zone in people.zones:
            own = [
                one._replace(quantity=f"{one.quantity}, from its own order")
                for one in _clearance(people, people.of(zone), people.ordered_s[zone])
            ]
            for one in (*_figures(people, zone, from_s), *own):
                of = {"scenario": stack.plan.key, "zone": zone, "quantity": one.quantity, "unit": one.unit}
                rows.append({**of, **_spread(one.values)})
    return pd.DataFrame(rows)


def first_order_s(base: Stack) -> float:
    """From when clearance times of all scenarios count: the first order of the base; its begin where it has none."""
    told = base.plan.scenario.evacuation
    return min((order.start_s for order in told.orders), default=0.0) if told is not None else 0.0


def clear_by_min(people: Evacuated, from_s: float, end_s: float) -> Floats:
    """When nine in ten of those who leave are safe, min from a moment, ``[seed]``; the end where they are not yet."""
    everybody = people.of(ALL)
    figures = _clearance(people, everybody, np.full(len(people.safe_s), from_s))
    clear_min = next(one.values for one in figures if one.quantity == clearance(RANKED_BY))
    return np.where(np.isnan(clear_min), (end_s - from_s) / 60.0, clear_min)


def safe_over_time(people: Evacuated, t_s: Floats) -> Floats:
    """How many people are safe at each moment, ``[seed, time]``."""
    return np.array([np.searchsorted(np.sort(safe_s), t_s, side="right") for safe_s in people.safe_s], np.float64)


def clearance(share: int) -> str:
    """Name of the time until so many per cent of those who leave are safe.

    Examples
    --------
    >>> clearance(90)
    '90 % are safe'
    """
    return f"{share} % are safe"


def _figures(people: Evacuated, zone: str, from_s: float) -> list[Figure]:
    """Everything that is told of the people of a zone, times from one moment."""
    own = people.of(zone)
    left, safe_s = ~np.isnan(people.left_s[:, own]), people.safe_s[:, own]
    safe, stranded, hurt = ~np.isnan(safe_s), people.stranded[:, own], people.incapacitated[:, own]

    def count(quantity: str, chosen: Bools) -> Figure:
        return Figure(quantity, "people", chosen.sum(axis=1).astype(float), 1.0)

    return [
        *_clearance(people, own, np.full(len(safe_s), from_s)),
        Figure("mean time to safety", "min", (mean(safe_s) - from_s) / 60.0),
        Figure("mean time on the way", "min", mean(safe_s - people.left_s[:, own]) / 60.0),
        count("leave", people.leaving[:, own]),
        count("safe at the end", safe),
        count("still on the way", left & ~safe & ~stranded & ~hurt),
        count("stranded", stranded & ~hurt),
        count("incapacitated", hurt),
        Figure("turned away", "times", people.turned_away[:, own].sum(axis=1), 1.0),
        *([Figure("time lost", "person-h", people.lost_person_h)] if zone == ALL else []),
    ]


def _clearance(people: Evacuated, own: Bools, from_s: Floats) -> Iterator[Figure]:
    """When so many per cent of those who leave are safe, with every seed; NaN where they are not by the end."""
    leaving = people.leaving[:, own].sum(axis=1)
    in_order_s = np.sort(people.safe_s[:, own], axis=1)  # NaN stands last
    for share in SHARES:
        needed = np.ceil(leaving * share / 100.0 - 1e-9).astype(int)
        known = needed > 0
        at_s = np.full(leaving.size, np.nan)
        at_s[known] = in_order_s[known, needed[known] - 1]
        yield Figure(clearance(share), "min", (at_s - from_s) / 60.0, SECOND_MIN)


def _spread(values: Floats) -> dict[str, float]:
    """Mean over the seeds and values below which so many per cent of them lie; NaN beyond what is known."""
    never = np.where(np.isnan(values), np.inf, values)
    with np.errstate(invalid="ignore"):
        found = np.percentile(never, RANGE)
    shares = {f"p{share}": float(at) if np.isfinite(at) else np.nan for share, at in zip(RANGE, found, strict=True)}
    return {"mean": float(values.mean()), **shares, "seeds": int((~np.isnan(values)).sum())}
