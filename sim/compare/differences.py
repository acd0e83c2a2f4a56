"""Work out what every variant changes against the base, with its interval: tables in, tables out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np

from .air import air, air_grid
from .evacuation import evacuation
from .pairs import Floats, LinkGroup, Pair, Rows, joined, mean, numbers, row
from .statistics import found_among_many, paired
from .walks import walks
from .weighing import ranking, routes, values

if TYPE_CHECKING:
    import pandas as pd

    from .stacks import Stack
    from .zones import Zones

# What is told of links: its name, its unit, the value from the columns of results and the hours of the run, and how
# finely it is counted.
LINK_QUANTITIES: Sequence[
    tuple[str, str, Callable[[Mapping[str, Floats], float], Floats], Callable[[float], float]]
] = (
    ("flow", "veh/h", lambda of, hours: of["entered_veh"] / hours, lambda hours: 1.0 / hours),
    ("time lost", "veh-min/h", lambda of, hours: of["lost_s"] / 60.0 / hours, lambda hours: 0.0),
    ("mean speed", "km/h", lambda of, hours: _over(of["vehicle_m"], of["vehicle_s"]), lambda hours: 0.0),
    ("stops", "per h", lambda of, hours: of["stops"] / hours, lambda hours: 1.0 / hours),
    ("mean queue", "vehicles", lambda of, hours: of["standing_s"] / 3600.0 / hours, lambda hours: 0.0),
    ("longest queue", "vehicles", lambda of, hours: of["longest_queue_veh"], lambda hours: 1.0),
)
LONGER = "trips that take longer"  # of the two the one in which they do
KEPT = "kept from driving by measures"
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
    zones: pd.DataFrame  # and zone, end (origin or destination); ``found`` holds for all zones together
    links: pd.DataFrame  # and link, name, road_class, only_in; ``found`` holds for all together (Benjamini-Hochberg)
    trips: pd.DataFrame  # and trip_id: travel time of those that arrived in both
    routes: pd.DataFrame  # and route: time to drive it; empty where the base names none
    values: pd.DataFrame  # what the change is worth a year; empty where the base does not say what time is worth
    evacuation: pd.DataFrame  # and zone: those of the evacuation, or all; empty without one in both
    walks: pd.DataFrame  # of people on foot; empty where nobody walks in one of both
    air: pd.DataFrame  # and kind, of: concentrations, doses, emissions, warnings, gas; empty where nobody asks
    air_grid: pd.DataFrame  # and receptor, entry, x_m, y_m of grids; ``found`` holds for those of a pollutant together
    ranking: pd.DataFrame  # and rank, the best first, ahead_p: of so large a lead over the next by chance

    def tables(self) -> dict[str, pd.DataFrame]:
        """All tables by name."""
        return {field.name: getattr(self, field.name) for field in fields(self)}


def differences(base: Stack, variants: Sequence[Stack], zones: Zones) -> Differences:
    """All tables for all variants; ``zones`` are those of the base."""
    pairs = [Pair.of(base, variant) for variant in variants]
    makers: dict[str, Callable[[Pair], pd.DataFrame]] = {
        "network": _network,
        "road_classes": _road_classes,
        "vehicle_classes": _vehicle_classes,
        "zones": lambda pair: _zones(pair, zones),
        "links": _links,
        "trips": _trips,
        "routes": routes,
        "values": values,
        "evacuation": evacuation,
        "walks": walks,
        "air": air,
        "air_grid": air_grid,
    }
    tables = {name: _of_all(pairs, make) for name, make in makers.items()}
    return Differences(**tables, ranking=ranking(pairs))


def _of_all(pairs: Sequence[Pair], make: Callable[[Pair], pd.DataFrame]) -> pd.DataFrame:
    """One table of all variants."""
    import pandas as pd

    made = []
    for pair in pairs:
        table = make(pair)
        table.insert(0, "variant", pair.variant.plan.key)
        made.append(table)
    return pd.concat([table for table in made if len(table)] or made[:1], ignore_index=True)


def mean_delays_s(base: Stack, variant: Stack) -> tuple[Floats, Floats]:
    """Mean delay of the trips that arrived in both, ``[seed]`` each."""
    ours, theirs = Pair.of(base, variant).of_trips("delay_s")
    return mean(ours), mean(theirs)


def _network(pair: Pair) -> pd.DataFrame:
    travel = pair.of_trips("travel_s")
    delay = pair.of_trips("delay_s")
    stacks, seconds = pair.stacks, pair.base.plan.scenario.duration_s
    return joined(
        [
            row("mean delay", "s", *(mean(values) for values in delay)),
            row("mean travel time", "s", *(mean(values) for values in travel)),
            row("90th percentile of travel time", "s", *(_p90(values) for values in travel)),
            row(LONGER, "% of trips", *_longer_percent(*travel)),
            row("time spent by all, waiting included", "veh-h", *(one.spent_s.sum(axis=1) / 3600 for one in stacks)),
            row("distance driven", "veh-km", *(_driven_km(one) for one in stacks)),
            row("mean speed", "km/h", *(_speed_kmh(one, slice(None)) for one in stacks)),
            row("stops", "per veh-km", *(_stops_per_km(one) for one in stacks)),
            row("mean queue", "vehicles", *(one.standing_s.sum(axis=1) / seconds for one in stacks)),
            row("arrived", "trips", *(one.arrived.sum(axis=1).astype(float) for one in stacks), resolution=1.0),
            row("stuck at the end", "vehicles", *(one.stuck for one in stacks), resolution=1.0),
            *_kept(pair),
            *_demand(pair),
            *_tolls(pair),
        ]
    )


def _kept(pair: Pair) -> list[dict[str, Any]]:
    """Trips that measures keep from setting out, where there are any."""
    if not any(one.kept.any() for one in pair.stacks):
        return []
    return [row(KEPT, "trips", *(one.kept for one in pair.stacks), resolution=1.0)]


def _tolls(pair: Pair) -> list[dict[str, Any]]:
    """What tolls bring in, where there are any."""
    if not any(one.tolls_paid.any() for one in pair.stacks):
        return []
    currency = pair.variant.plan.scenario.routes.currency
    return [row("tolls paid", currency, *(one.tolls_paid for one in pair.stacks))]


def _demand(pair: Pair) -> list[dict[str, Any]]:
    """How many trips there are, where they are not the same."""
    if pair.base.plan.trips.id == pair.variant.plan.trips.id:
        return []
    return [row("trips", "trips", *(np.full(len(one.seeds), float(len(one.plan.trips))) for one in pair.stacks))]


def _road_classes(pair: Pair) -> pd.DataFrame:
    from ...scenarios.network import CLASS_NAMES

    rows = []
    classes = [one.plan.network.links.road_class for one in pair.stacks]
    for road_class in np.unique(np.concatenate(classes)).tolist():
        sides = [(one, np.flatnonzero(of == road_class)) for one, of in zip(pair.stacks, classes, strict=True)]
        more = {"road_class": CLASS_NAMES[road_class]}
        rows += [
            row("distance driven", "veh-km", *(one.vehicle_m[:, at].sum(axis=1) / 1000 for one, at in sides), of=more),
            row("time driven", "veh-h", *(one.vehicle_s[:, at].sum(axis=1) / 3600 for one, at in sides), of=more),
            row("time lost", "veh-h", *(one.lost_s[:, at].sum(axis=1) / 3600 for one, at in sides), of=more),
            row("mean speed", "km/h", *(_speed_kmh(one, at) for one, at in sides), of=more),
        ]
    return joined(rows)


def _vehicle_classes(pair: Pair) -> pd.DataFrame:
    from ...scenarios.trips import VEHICLE_CLASSES

    of = pair.base.plan.trips.vehicle_class[pair.trips[0]]
    groups = [({"vehicle_class": VEHICLE_CLASSES[kind]}, np.flatnonzero(of == kind)) for kind in np.unique(of).tolist()]
    return _of_groups(pair, groups, "vehicle_class")


def _zones(pair: Pair, zones: Zones) -> pd.DataFrame:
    groups = []
    for end, names in zones.of_trips.items():
        of = names[pair.trips[0]]
        groups += [({"zone": zone, "end": end}, np.flatnonzero(of == zone)) for zone in sorted(set(of) - {""})]
    table = _of_groups(pair, groups, "zone", "end")
    table["found"] = False
    for quantity in table["quantity"].unique():
        rows = table["quantity"] == quantity
        table.loc[rows, "found"] = found_among_many(table.loc[rows, "p"].to_numpy(dtype=float))
    return table


def _of_groups(pair: Pair, groups: Sequence[tuple[Mapping[str, str], Rows]], *keys: str) -> pd.DataFrame:
    """Delay, travel time and arrivals of groups of the trips in common."""
    rows = []
    travel, delay = pair.of_trips("travel_s"), pair.of_trips("delay_s")
    arrived = pair.base.arrived[:, pair.trips[0]], pair.variant.arrived[:, pair.trips[1]]
    for of, chosen in groups:
        counts = [there[:, chosen].sum(axis=1).astype(float) for there in arrived]
        rows += [
            row("mean delay", "s", *(mean(values[:, chosen]) for values in delay), of=of),
            row("mean travel time", "s", *(mean(values[:, chosen]) for values in travel), of=of),
            row("arrived", "trips", *counts, resolution=1.0, of=of),
        ]
    return joined(rows, *keys)


def _links(pair: Pair) -> pd.DataFrame:
    """Flow, time lost, speed, stops and queues of every link of either, and whether they changed beyond chance.

    A link that only one of them has (``only_in``) is told with 0 in the other and is no part of the tests: that it
    differs is the plan itself. A street that is split in one of them is one with its parts.
    """
    import pandas as pd

    hours = pair.base.plan.scenario.duration_s / 3600.0
    tables = []
    for quantity, unit, of, resolution in LINK_QUANTITIES:
        parts = []
        for group in pair.link_groups():
            ours, theirs = (of(columns, hours) for columns in group.sides)
            table = numbers(paired(theirs - ours, resolution=resolution(hours)), mean(ours.T), mean(theirs.T))
            both = not group.only_in
            table["found"] = found_among_many(table["p"].to_numpy(dtype=float)) if both else False
            parts.append(pd.concat([_named(group), table], axis=1))
            parts[-1]["only_in"] = group.only_in
        table = pd.concat(parts, ignore_index=True)
        table.insert(0, "unit", unit)
        table.insert(0, "quantity", quantity)
        tables.append(table)
    return pd.concat(tables, ignore_index=True)


def _named(group: LinkGroup) -> pd.DataFrame:
    """Id, name and class of links."""
    import pandas as pd

    from ...scenarios.network import CLASS_NAMES

    links = group.network.links
    return pd.DataFrame(
        {
            "link": list(group.names),
            "name": [links.name[row] for row in group.rows],
            "road_class": [CLASS_NAMES[kind] for kind in links.road_class[group.rows]],
        }
    )


def _trips(pair: Pair) -> pd.DataFrame:
    """Change of travel time of every trip that arrived in both with some seed."""
    ours, theirs = pair.of_trips("travel_s")
    result = paired(theirs - ours)
    table = numbers(result, mean(ours.T), mean(theirs.T))
    table.insert(0, "trip_id", [pair.base.plan.trips.id[trip] for trip in pair.trips[0]])
    table["found"] = found_among_many(result.p)
    return table[table["seeds"] > 0]


def _longer_percent(ours: Floats, theirs: Floats) -> tuple[Floats, Floats]:
    """How many trips take longer in the base than in the variant, and the other way round, ``[seed]`` % each.

    A few trips that chance holds up for minutes move a mean, but count here like any other: a small change for many
    shows long before the mean delay tells it.
    """
    both = np.maximum((~np.isnan(ours)).sum(axis=1), 1)
    known = (~np.isnan(ours)).any(axis=1)
    sides = (ours > theirs, theirs > ours)  # comparisons with NaN are false
    in_base, in_variant = (np.where(known, 100.0 * longer.sum(axis=1) / both, np.nan) for longer in sides)
    return in_base, in_variant


def _p90(values: Floats) -> Floats:
    return np.array(
        [np.percentile(seed[~np.isnan(seed)], 90) if (~np.isnan(seed)).any() else np.nan for seed in values]
    )


def _stops_per_km(stack: Stack) -> Floats:
    """Stops of all vehicles over the distance that they drove, ``[seed]``; NaN where nobody drove."""
    km = _driven_km(stack)
    return np.where(km > 0.0, stack.stops.sum(axis=1) / np.where(km > 0.0, km, 1.0), np.nan)


def _driven_km(stack: Stack) -> Floats:
    """What all vehicles drove, ``[seed]``."""
    return np.asarray((stack.driven_m.sum(axis=1) + stack.others_m) / 1000.0)


def _speed_kmh(stack: Stack, at: Any) -> Floats:
    """Distance over time on some links together, ``[seed]`` km/h; NaN where nobody drove."""
    return _over(stack.vehicle_m[:, at].sum(axis=1), stack.vehicle_s[:, at].sum(axis=1))


def _over(metres: Floats, seconds: Floats) -> Floats:
    return np.where(seconds > 0.0, 3.6 * metres / np.where(seconds > 0.0, seconds, 1.0), np.nan)
