"""Let groups of a scenario's trips become more or fewer, each on the way it would take through empty streets."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ...agents.routes import Router
from ...scenarios.chance import draws, keys_of
from ...scenarios.network import Floats, Ints, RoadNetwork
from ...scenarios.trip_zones import zones_of
from ...scenarios.trips import TripTable
from .flows import STREAM_IDS, Longs

if TYPE_CHECKING:
    from ...scenarios.calibration_file import DemandChoice
    from ...scenarios.scenario import Scenario


@dataclass(frozen=True, slots=True, eq=False)
class ScaledTrips:
    """A scenario's trips in groups whose numbers may change."""

    base: TripTable
    group: Ints  # [trip]
    name: tuple[str, ...]  # [group]
    route_start: Longs  # [route + 1]: one route for each trip of the base
    route_link: Ints
    label: tuple[str, ...]  # [group] the pair, zone or slice that it belongs to
    slot: Ints  # [group] the slice of departures; 0 where these are not told apart

    def __len__(self) -> int:
        return len(self.name)

    @property
    def number(self) -> Floats:
        """Trips of each group as the scenario has them."""
        return np.bincount(self.group, minlength=len(self)).astype(np.float64)

    def trips(self, number: Floats, seed: int) -> tuple[TripTable, Ints, Ints]:
        """So many trips of each group, the group of each, and its route.

        Who stays at home, and who is joined by others, is settled by the seed and the trip: with a lower number the
        same stay and more. Others set out when somebody else of their group does.
        """
        size = np.maximum(self.number, 1.0).astype(np.int64)
        turn = np.empty(len(self.base), np.int64)  # of each trip in its group: who comes first
        by_luck = np.lexsort((draws(seed, self.base.key, "turn"), self.group))
        turn[by_luck] = np.arange(turn.size) - (np.cumsum(size) - size)[self.group[by_luck]]
        rest = draws(seed, keys_of(self.name), "fraction of a trip")
        wanted = np.floor(number + rest).astype(np.int64)[self.group]
        copies = np.maximum(-(-(wanted - turn) // size[self.group]), 0)
        parent = np.repeat(np.arange(len(self.base)), copies)
        copy = np.arange(parent.size) - np.repeat(np.cumsum(copies) - copies, copies)
        key = self.base.key[parent] + copy.astype(np.uint64) * STREAM_IDS
        depart_s = self.base.depart_s[parent].copy()
        order = np.argsort(self.group, kind="stable")
        first = np.searchsorted(self.group[order], np.arange(len(self) + 1))
        joined = copy > 0
        whose = self.group[parent[joined]]
        chance = draws(seed, key[joined], "sets out with")
        at = first[whose] + np.floor(chance * (first[whose + 1] - first[whose])).astype(np.int64)
        depart_s[joined] = self.base.depart_s[order[at]]
        place = np.lexsort((copy, parent, depart_s))
        parent, copy = parent[place], copy[place]
        ids = tuple(
            f"{self.base.id[row]}+{number}" if number else self.base.id[row]
            for row, number in zip(parent.tolist(), copy.tolist(), strict=True)
        )
        base = self.base
        table = TripTable(
            ids,
            key[place],
            depart_s[place],
            base.origin_link[parent],
            base.destination_link[parent],
            base.origin_m[parent],
            base.destination_m[parent],
            base.vehicle_class[parent],
            np.zeros(parent.size + 1, np.int64),
            np.zeros(0, np.int32),
        )
        return table, self.group[parent], parent.astype(np.int32)

    def bound(self, table: TripTable, parent: Ints) -> TripTable:
        """Trips made by ``trips`` with the routes that the scenario's own trips are bound to, if any."""
        sizes = np.diff(self.base.route_start)[parent]
        begin = np.concatenate([[0], np.cumsum(sizes)])
        at = np.arange(begin[-1]) + np.repeat(self.base.route_start[parent] - begin[:-1], sizes)
        return replace(table, route_start=begin.astype(np.int64), route_link=self.base.route_link[at])


def grouped_trips(
    scenario: Scenario,
    network: RoadNetwork,
    trips: TripTable,
    choice: DemandChoice | None,
    *,
    slice_s: float | None = None,
) -> ScaledTrips:
    """The groups that a description asks for; without one, all trips together.

    ``slice_s`` tells them apart by slices of departures besides.
    """
    label = _labels(scenario, network, trips, choice)
    slot = np.zeros(len(trips), np.int64) if slice_s is None else np.floor(trips.depart_s / slice_s).astype(np.int64)
    names = [f"{one}, slice {row}" for one, row in zip(label.tolist(), slot.tolist(), strict=True)]
    known, first, group = np.unique(names if slice_s else label, return_index=True, return_inverse=True)
    start, link = _ways(network, trips)
    return ScaledTrips(
        *(trips, group.astype(np.int32), tuple(known.tolist()), start, link),
        label=tuple(label[first].tolist()),
        slot=slot[first].astype(np.int32),
    )


def _labels(
    scenario: Scenario, network: RoadNetwork, trips: TripTable, choice: DemandChoice | None
) -> NDArray[np.str_]:
    if choice is None or choice.by == "all":
        return np.full(len(trips), "all trips")
    if choice.by == "slice":
        slots = np.floor(trips.depart_s / choice.slice_s).astype(np.int64)
        minutes = choice.slice_s / 60.0
        return np.array([f"{slot * minutes:06.0f}-{(slot + 1) * minutes:06.0f} min" for slot in slots.tolist()])
    zones = zones_of(scenario, trips.id)
    links = {"origin": trips.origin_link, "destination": trips.destination_link}
    ends = {
        end: [zone or network.links.id[link] for zone, link in zip(zones[end], links[end].tolist(), strict=True)]
        for end in links
    }
    if choice.by != "pair":
        return np.array([f"{'from' if choice.by == 'origin' else 'to'} {zone}" for zone in ends[choice.by]])
    return np.array([f"{one} to {other}" for one, other in zip(ends["origin"], ends["destination"], strict=True)])


def _ways(network: RoadNetwork, trips: TripTable) -> tuple[Longs, Ints]:
    """Route of each trip: the one it is bound to, else the quickest through empty streets."""
    free = Router(network).plan(
        trips.origin_link, trips.destination_link, trips.key, noise=0.0, seed=0, vehicle_class=trips.vehicle_class
    )
    given = np.diff(trips.route_start) > 0
    if not given.any():
        return free.start, free.link
    routes = [
        trips.route(row) if given[row] else free.link[free.start[row] : free.start[row + 1]]
        for row in range(len(trips))
    ]
    sizes = np.array([route.size for route in routes], np.int64)
    return np.concatenate([[0], np.cumsum(sizes)]), np.concatenate(routes).astype(np.int32)
