"""Work out what every variant changes against the base, with its interval: tables in, tables out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ...scenarios.trip_zones import zones_of
from .statistics import Paired, found_among_many, paired, seeds_for

if TYPE_CHECKING:
    import pandas as pd

    from .stacks import Stack

Floats = NDArray[np.float64]
Rows = NDArray[np.int64]

TOLD_SHARE = 0.01  # of the base's value: the change that "about so many seeds would show"
OVER_S = 60.0  # who gains or loses more travel time than this counts as a winner or loser


@dataclass(frozen=True)
class Differences:
    """What the variants change. One row per variant and quantity; ``difference`` is variant minus base.

    ``low`` and ``high`` are the ends of its 95 % confidence interval over seeds, ``p`` the chance of so large a
    difference without a cause, and ``seeds_for_1_percent`` says with how many seeds the interval would be about 1 % of
    the base's value to each side.
    """

    network: pd.DataFrame  # variant, quantity, unit
    road_classes: pd.DataFrame  # and road_class
    vehicle_classes: pd.DataFrame  # and vehicle_class
    zones: pd.DataFrame  # and zone, end (origin or destination); empty without an OD matrix
    links: pd.DataFrame  # and link, name, road_class; ``found`` holds for all links together (Benjamini-Hochberg)
    trips: pd.DataFrame  # and trip_id: travel time of those that arrived in both

    def tables(self) -> dict[str, pd.DataFrame]:
        """All tables by name."""
        return {field.name: getattr(self, field.name) for field in fields(self)}


@dataclass(frozen=True, slots=True, eq=False)
class _Pair:
    """A base and a variant, and which trips and links they have in common."""

    base: Stack
    variant: Stack
    trips: tuple[Rows, Rows]
    links: tuple[Rows, Rows]

    @classmethod
    def of(cls, base: Stack, variant: Stack) -> _Pair:
        """Match trips and links by id."""
        trips = _common(base.plan.trips.id, variant.plan.trips.id)
        return cls(base, variant, trips, _common(base.plan.network.links.id, variant.plan.network.links.id))

    def of_trips(self, name: str) -> tuple[Floats, Floats]:
        """A quantity of the trips in common that arrived in both, ``[seed, trip]``; NaN of the others."""
        both = self.base.arrived[:, self.trips[0]] & self.variant.arrived[:, self.trips[1]]
        ours, theirs = getattr(self.base, name)[:, self.trips[0]], getattr(self.variant, name)[:, self.trips[1]]
        return np.where(both, ours, np.nan), np.where(both, theirs, np.nan)


def differences(base: Stack, variants: Sequence[Stack]) -> Differences:
    """All tables for all variants."""
    import pandas as pd

    makers = {
        "network": _network,
        "road_classes": _road_classes,
        "vehicle_classes": _vehicle_classes,
        "zones": _zones,
        "links": _links,
        "trips": _trips,
    }
    pairs = [_Pair.of(base, variant) for variant in variants]
    tables = {}
    for name, make in makers.items():
        made = []
        for pair in pairs:
            table = make(pair)
            table.insert(0, "variant", pair.variant.plan.key)
            made.append(table)
        tables[name] = pd.concat(made, ignore_index=True)
    return Differences(**tables)


def mean_delays_s(base: Stack, variant: Stack) -> tuple[Floats, Floats]:
    """Mean delay of the trips that arrived in both, ``[seed]`` each."""
    ours, theirs = _Pair.of(base, variant).of_trips("delay_s")
    return _mean(ours), _mean(theirs)


def _network(pair: _Pair) -> pd.DataFrame:
    travel = pair.of_trips("travel_s")
    delay = pair.of_trips("delay_s")
    stacks = pair.base, pair.variant
    return _joined(
        [
            _row("mean delay", "s", *(_mean(values) for values in delay)),
            _row("mean travel time", "s", *(_mean(values) for values in travel)),
            _row("90th percentile of travel time", "s", *(_p90(values) for values in travel)),
            _row("time spent by all, waiting included", "veh-h", *(one.spent_s.sum(axis=1) / 3600 for one in stacks)),
            _row("distance driven", "veh-km", *(one.driven_m.sum(axis=1) / 1000 for one in stacks)),
            _row("mean speed", "km/h", *(_speed_kmh(one, slice(None)) for one in stacks)),
            _row("arrived", "trips", *(one.arrived.sum(axis=1).astype(float) for one in stacks), resolution=1.0),
            _row("stuck at the end", "vehicles", *(one.stuck for one in stacks), resolution=1.0),
            *_demand(pair),
        ]
    )


def _demand(pair: _Pair) -> list[dict[str, Any]]:
    """How many trips there are, where they are not the same."""
    sides = pair.base, pair.variant
    if sides[0].plan.trips.id == sides[1].plan.trips.id:
        return []
    return [_row("trips", "trips", *(np.full(len(one.seeds), float(len(one.plan.trips))) for one in sides))]


def _road_classes(pair: _Pair) -> pd.DataFrame:
    from ...scenarios.network import CLASS_NAMES

    rows = []
    classes = [one.plan.network.links.road_class for one in (pair.base, pair.variant)]
    for road_class in np.unique(np.concatenate(classes)).tolist():
        sides = [
            (one, np.flatnonzero(of == road_class)) for one, of in zip((pair.base, pair.variant), classes, strict=True)
        ]
        more = {"road_class": CLASS_NAMES[road_class]}
        rows += [
            _row("distance driven", "veh-km", *(one.vehicle_m[:, at].sum(axis=1) / 1000 for one, at in sides), of=more),
            _row("time driven", "veh-h", *(one.vehicle_s[:, at].sum(axis=1) / 3600 for one, at in sides), of=more),
            _row("time lost", "veh-h", *(one.lost_s[:, at].sum(axis=1) / 3600 for one, at in sides), of=more),
            _row("mean speed", "km/h", *(_speed_kmh(one, at) for one, at in sides), of=more),
        ]
    return _joined(rows)


def _vehicle_classes(pair: _Pair) -> pd.DataFrame:
    from ...scenarios.trips import VEHICLE_CLASSES

    of = pair.base.plan.trips.vehicle_class[pair.trips[0]]
    groups = [({"vehicle_class": VEHICLE_CLASSES[row]}, np.flatnonzero(of == row)) for row in np.unique(of).tolist()]
    return _of_groups(pair, groups, "vehicle_class")


def _zones(pair: _Pair) -> pd.DataFrame:
    groups = []
    for end, zones in zones_of(pair.base.plan.scenario, pair.base.plan.trips.id).items():
        of = zones[pair.trips[0]]
        groups += [({"zone": zone, "end": end}, np.flatnonzero(of == zone)) for zone in sorted(set(of) - {""})]
    return _of_groups(pair, groups, "zone", "end")


def _of_groups(pair: _Pair, groups: Sequence[tuple[Mapping[str, str], Rows]], *keys: str) -> pd.DataFrame:
    """Delay, travel time and arrivals of groups of the trips in common."""
    rows = []
    travel, delay = pair.of_trips("travel_s"), pair.of_trips("delay_s")
    arrived = pair.base.arrived[:, pair.trips[0]], pair.variant.arrived[:, pair.trips[1]]
    for of, chosen in groups:
        counts = [there[:, chosen].sum(axis=1).astype(float) for there in arrived]
        rows += [
            _row("mean delay", "s", *(_mean(values[:, chosen]) for values in delay), of=of),
            _row("mean travel time", "s", *(_mean(values[:, chosen]) for values in travel), of=of),
            _row("arrived", "trips", *counts, resolution=1.0, of=of),
        ]
    return _joined(rows, *keys)


def _links(pair: _Pair) -> pd.DataFrame:
    """Flow and time lost on every link that exists in both, and whether they changed beyond chance."""
    import pandas as pd

    from ...scenarios.network import CLASS_NAMES

    network = pair.base.plan.network
    hours = pair.base.plan.scenario.duration_s / 3600.0
    rows = pair.links[0]
    tables = []
    for quantity, unit, column, scale in (
        ("flow", "veh/h", "entered_veh", 1.0 / hours),
        ("time lost", "veh-min/h", "lost_s", 1.0 / 60.0 / hours),
    ):
        ours, theirs = (
            getattr(one, column)[:, at] * scale for one, at in zip((pair.base, pair.variant), pair.links, strict=True)
        )
        counted = scale if column == "entered_veh" else 0.0
        result = paired(theirs - ours, resolution=counted)
        table = _numbers(result, _mean(ours.T), _mean(theirs.T))
        table.insert(0, "unit", unit)
        table.insert(0, "quantity", quantity)
        table["found"] = found_among_many(result.p)
        table.insert(0, "road_class", [CLASS_NAMES[row] for row in network.links.road_class[rows]])
        table.insert(0, "name", [network.links.name[row] for row in rows])
        table.insert(0, "link", [network.links.id[row] for row in rows])
        tables.append(table)
    return pd.concat(tables, ignore_index=True)


def _trips(pair: _Pair) -> pd.DataFrame:
    """Change of travel time of every trip that arrived in both with some seed."""
    ours, theirs = pair.of_trips("travel_s")
    result = paired(theirs - ours)
    table = _numbers(result, _mean(ours.T), _mean(theirs.T))
    table.insert(0, "trip_id", [pair.base.plan.trips.id[row] for row in pair.trips[0]])
    table["found"] = found_among_many(result.p)
    return table[table["seeds"] > 0]


def _row(
    quantity: str,
    unit: str,
    ours: Floats,
    theirs: Floats,
    *,
    resolution: float = 0.0,
    of: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """One line of a table, from a quantity with every seed in both scenarios."""
    result = paired((theirs - ours)[:, np.newaxis], resolution=resolution)
    numbers = _numbers(result, _mean(ours[np.newaxis]), _mean(theirs[np.newaxis]))
    row: dict[str, Any] = {**(of or {}), "quantity": quantity, "unit": unit}
    row.update({str(name): values[0] for name, values in numbers.items()})
    row["seeds"] = int(row["seeds"])
    row["seeds_for_1_percent"] = seeds_for(float(result.sd[0]), TOLD_SHARE * abs(float(row["base"])))
    return row


def _joined(rows: Sequence[dict[str, Any]], *keys: str) -> pd.DataFrame:
    import pandas as pd

    if not rows:
        return pd.DataFrame(columns=[*keys, *_row("", "", np.zeros(2), np.zeros(2))])
    table = pd.DataFrame(rows)
    table["seeds_for_1_percent"] = table["seeds_for_1_percent"].astype("Int64")
    return table


def _numbers(result: Paired, base: Floats, variant: Floats) -> pd.DataFrame:
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


def _common(ours: Sequence[str], theirs: Sequence[str]) -> tuple[Rows, Rows]:
    """Rows of the ids that both have."""
    if ours == theirs:
        rows = np.arange(len(ours))
        return rows, rows
    row_of = {name: row for row, name in enumerate(theirs)}
    pairs = [(row, row_of[name]) for row, name in enumerate(ours) if name in row_of]
    both = np.array(pairs, np.int64).reshape(-1, 2)
    return both[:, 0], both[:, 1]


def _mean(values: Floats) -> Floats:
    """Mean over the last axis of what is known; NaN where nothing is."""
    known = ~np.isnan(values)
    count = known.sum(axis=-1)
    return np.where(count > 0, np.where(known, values, 0.0).sum(axis=-1) / np.maximum(count, 1), np.nan)


def _p90(values: Floats) -> Floats:
    return np.array([np.percentile(row[~np.isnan(row)], 90) if (~np.isnan(row)).any() else np.nan for row in values])


def _speed_kmh(stack: Stack, at: Any) -> Floats:
    """Distance over time on some links, km/h; NaN where nobody drove."""
    metres, seconds = stack.vehicle_m[:, at].sum(axis=1), stack.vehicle_s[:, at].sum(axis=1)
    return np.where(seconds > 0.0, 3.6 * metres / np.where(seconds > 0.0, seconds, 1.0), np.nan)
