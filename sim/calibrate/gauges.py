"""Say what of a run stands for each reading: counts, speeds, times, turns, lines and queues of the traffic."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ...kernels import traffic_tables as table
from ...scenarios.network import Bools, Floats, Ints, RoadNetwork
from ...scenarios.observed import KINDS, NO_LINK, Observed

if TYPE_CHECKING:
    from ...agents.fleet import Fleet

COUNTED = ("count", "turning_count", "screen_line")  # each vehicle that passes adds one
OF_TRAFFIC = (*COUNTED, "speed", "travel_time", "queue")
OF_EXPERIMENTS = ("walk_speed", "bottleneck_flow")
LEAST_M = 1.0  # driven by all together: with less, a link's speed is that of who stands


@dataclass(frozen=True, slots=True, eq=False)
class Gauges:
    """Readings, one row each, and the streets that each one is about: one for most, several for a line or a way."""

    observed: Observed  # [reading]
    reading: NDArray[np.int64]  # [part]
    link: Ints  # [part]
    to_link: Ints  # [part] the link that a turn, or the way on, leads into; else NO_LINK
    receptor: tuple[str, ...] = ()  # [reading] id of the receptor of an air reading
    condition: Floats = field(default_factory=lambda: np.zeros(0))  # [reading] of experiments: people/m² or m
    quality: Floats = field(default_factory=lambda: np.zeros(0))  # [reading] standard error of its detector, as a share

    @property
    def spread(self) -> Floats:
        """Relative standard error of each reading by its detector, 0 where nobody says."""
        return np.nan_to_num(self.quality) if self.quality.size else np.zeros(len(self))

    @classmethod
    def of(cls, observed: Observed) -> Gauges:
        """Each row for itself."""
        return cls(observed, np.arange(len(observed)), observed.link, observed.to_link)

    @classmethod
    def gathered(cls, rows: Observed) -> Gauges:
        """One reading for all rows of one sensor, kind and interval, as ``observed_on`` lists lines and ways."""
        keys = list(zip(rows.sensor_id, rows.kind.tolist(), rows.start_s.tolist(), rows.end_s.tolist(), strict=True))
        first: dict[tuple[str, int, float, float], int] = {}
        reading = np.array([first.setdefault(key, len(first)) for key in keys], np.int64)
        begin = np.unique(reading, return_index=True)[1]
        to_link = rows.to_link.copy()
        on_a_way = np.flatnonzero((reading[:-1] == reading[1:]) & (rows.kind[:-1] == KINDS.index("travel_time")))
        to_link[on_a_way] = rows.link[on_a_way + 1]
        return cls(rows.part(begin), reading, rows.link, to_link)

    def __len__(self) -> int:
        return len(self.observed)

    def of_kinds(self, names: tuple[str, ...]) -> Bools:
        """Which readings are of some kinds, ``[reading]``."""
        return np.isin(self.observed.kind, [KINDS.index(name) for name in names])


class TrafficGauges:
    """What runs side by side came to at every reading of the traffic, ``[member, reading]``; nan for other kinds.

    A count is the vehicles that left its link, a turning count those that turned, a screen line the sum over its links.
    A speed is the mean over space, distance driven over time spent (Edie 1963), a travel time the sum of length over
    that speed along the links and through the junctions between them; where nobody drove, both are those of the speed
    limit. A queue is the mean number that stood.
    """

    def __init__(self, gauges: Gauges, network: RoadNetwork, members: int) -> None:
        self._gauges, self._network = gauges, network
        parts = gauges.link.size
        kind = np.array([KINDS[row] for row in gauges.observed.kind])[gauges.reading]
        self._rows = {name: np.flatnonzero(kind == name) for name in OF_TRAFFIC}
        self._start_s = gauges.observed.start_s[gauges.reading]
        self._end_s = gauges.observed.end_s[gauges.reading]
        self._sums = np.zeros((members, 4, parts))  # first what is counted, or metres and seconds of link and turn
        self._turns = [
            _connectors(network, int(link), int(to_link)) if to_link != NO_LINK else np.zeros(0, np.int64)
            for link, to_link in zip(gauges.link.tolist(), gauges.to_link.tolist(), strict=True)
        ]

    @property
    def edges_s(self) -> Floats:
        """When to look: the ends of all intervals."""
        return np.unique(np.concatenate([self._start_s, self._end_s]))

    def look(self, fleet: Fleet, edge_s: float) -> None:
        """Add what happened up to now to the readings that end, and take it from those that begin."""
        sign = (self._end_s == edge_s).astype(np.float64) - (self._start_s == edge_s)
        now = np.flatnonzero(sign)
        now = now[np.isin(now, np.concatenate(list(self._rows.values())))]
        totals = LinkSums(fleet, np.unique(self._gauges.link[now]))
        for name, rows in self._rows.items():
            for part in rows[np.isin(rows, now)].tolist():
                self._sums[:, :, part] += sign[part] * self._of_part(name, part, totals, fleet)

    def _of_part(self, name: str, part: int, totals: LinkSums, fleet: Fleet) -> Floats:
        sums = np.zeros((fleet.members, 4))
        link, turn = int(self._gauges.link[part]), self._turns[part] + self._network.lane_count
        if name == "turning_count":
            sums[:, 0] = fleet.cities.lane_i[:, table.WENT_OUT, :][:, turn].sum(axis=1)
        elif name in COUNTED:
            sums[:, 0] = totals.left[:, totals.row[link]]
        elif name == "queue":
            sums[:, 0] = totals.standing_s[:, totals.row[link]]
        else:
            sums[:, 0], sums[:, 1] = totals.vehicle_m[:, totals.row[link]], totals.vehicle_s[:, totals.row[link]]
            for column, of_lanes in ((2, table.VEHICLE_M), (3, table.VEHICLE_S)):
                sums[:, column] = fleet.cities.lane_f[:, of_lanes, :][:, turn].sum(axis=1)
        return sums

    def values(self) -> Floats:
        """Every reading as the runs have it."""
        gauges, network = self._gauges, self._network
        of_parts = self._sums[:, 0].copy()
        span_s = self._end_s - self._start_s
        of_parts[:, self._rows["queue"]] /= span_s[self._rows["queue"]]
        for name in ("speed", "travel_time"):
            for part in self._rows[name].tolist():
                link = int(gauges.link[part])
                pace = _pace_s_per_m(self._sums[:, :2, part], float(network.links.speed_mps[link]))
                if name == "speed":
                    of_parts[:, part] = 1.0 / pace
                    continue
                of_parts[:, part] = pace * float(network.links.length_m[link])
                turn = self._turns[part]
                if turn.size:
                    length_m = float(network.connectors.length_m[turn].mean())
                    free_mps = float(network.connectors.speed_mps[turn].mean())
                    of_parts[:, part] += length_m * _pace_s_per_m(self._sums[:, 2:, part], free_mps)
        found = np.zeros((len(of_parts), len(gauges)))
        for member, row in enumerate(of_parts):
            found[member] = np.bincount(gauges.reading, weights=row, minlength=len(gauges))
        found[:, ~gauges.of_kinds(OF_TRAFFIC)] = np.nan
        return found


class LinkSums:
    """What some links saw since the start, ``[member, link]``; the inside of junctions belongs to no link."""

    def __init__(self, fleet: Fleet, links: NDArray[np.integer]) -> None:
        network = fleet.network
        self.row = {int(link): row for row, link in enumerate(links)}
        first, last = network.links.lane_start[links], network.links.lane_start[links + 1]
        lanes = [np.arange(one, other) for one, other in zip(first.tolist(), last.tolist(), strict=True)]
        cities = fleet.cities

        def total(of_lanes: NDArray[np.generic]) -> Floats:
            sums = np.zeros((fleet.members, len(lanes)))
            for row, own in enumerate(lanes):
                sums[:, row] = of_lanes[:, own].sum(axis=1)
            return sums

        self.left = total(cities.lane_i[:, table.WENT_OUT, :])
        self.standing_s = total(cities.lane_i[:, table.STANDING_STEPS, :]) * cities.step_s
        self.vehicle_m = total(cities.lane_f[:, table.VEHICLE_M, :])
        self.vehicle_s = total(cities.lane_f[:, table.VEHICLE_S, :])


def _pace_s_per_m(metres_and_seconds: Floats, free_mps: float) -> Floats:
    """Time that a metre takes, of every member."""
    metres, seconds = metres_and_seconds[:, 0], metres_and_seconds[:, 1]
    return np.where(seconds > 0.0, seconds / np.maximum(metres, LEAST_M), 1.0 / free_mps)


def _connectors(network: RoadNetwork, link: int, to_link: int) -> NDArray[np.int64]:
    """Connectors of the turn from one link into another; none where there is no such turn."""
    first, last = network.links.movement_start[link : link + 2]
    turns = np.arange(first, last)[network.movements.to_link[first:last] == to_link]
    return np.flatnonzero(np.isin(network.connectors.movement, turns))
