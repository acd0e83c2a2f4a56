"""Turn numbers of travellers into trips: streams of vehicles on one route each, evenly spread over their time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...scenarios.chance import draws, keys_of
from ...scenarios.network import Floats, Ints
from ...scenarios.trips import TripTable

Longs = NDArray[np.int64]
STREAM_IDS = np.uint64(0x9E3779B97F4A7C15)  # odd, so that ids of a stream's vehicles do not meet


@dataclass(frozen=True, slots=True, eq=False)
class Flows:
    """Streams of vehicles, ``[flow]`` each: who belongs to one takes the same route within the same time."""

    name: tuple[str, ...]
    route: Ints  # row of the routes
    begin_s: Floats  # departures from here
    end_s: Floats  # up to here
    route_start: Longs  # [route + 1] into route_link
    route_link: Ints
    key: NDArray[np.uint64]  # stands for the name in random numbers

    @classmethod
    def of(cls, name: Sequence[str], routes: Sequence[Sequence[int]], begin_s: float, end_s: float) -> Flows:
        """One stream for each route, all over the same time."""
        sizes = np.array([len(route) for route in routes], np.int64)
        return cls(
            tuple(name),
            np.arange(len(name), dtype=np.int32),
            np.full(len(name), float(begin_s)),
            np.full(len(name), float(end_s)),
            np.concatenate([[0], np.cumsum(sizes)]),
            np.array([link for route in routes for link in route], np.int32),
            keys_of(name),
        )

    def __len__(self) -> int:
        return len(self.name)

    def links(self, flow: int) -> Ints:
        """The route of a stream."""
        row = self.route[flow]
        return self.route_link[self.route_start[row] : self.route_start[row + 1]]

    def departures(self, number: Floats, seed: int) -> tuple[Ints, Floats]:
        """Stream and departure of every vehicle, in the order of departure.

        A stream of ``n`` vehicles departs at equal distances of ``1 / n`` of its time. Where the first one departs is
        drawn from the seed and the stream's name, so that a stream keeps its luck when others change, and on average
        over seeds exactly ``n`` depart, fractions included.
        """
        phase = draws(seed, self.key, "phase of a stream")
        count = np.maximum(np.ceil(number - phase), 0.0).astype(np.int64)
        flow = np.repeat(np.arange(len(self), dtype=np.int32), count)
        place = np.arange(flow.size) - np.repeat(np.cumsum(count) - count, count)
        span_s = self.end_s - self.begin_s
        depart_s = self.begin_s[flow] + (place + phase[flow]) * (span_s[flow] / number[flow])
        order = np.lexsort((place, flow, depart_s))
        return flow[order], depart_s[order]

    def trips(self, number: Floats, seed: int) -> tuple[TripTable, Ints, Ints]:
        """The trips of ``number`` vehicles of each stream, each one's stream, and its route.

        They begin at the start of their first link and end at the end of their last.
        """
        flow, depart_s = self.departures(number, seed)
        place = np.empty(flow.size, np.int64)
        for_flow = np.argsort(flow, kind="stable")
        sizes = np.bincount(flow, minlength=len(self))
        place[for_flow] = np.arange(flow.size) - np.repeat(np.cumsum(sizes) - sizes, sizes)
        first = self.route_link[self.route_start[self.route]]
        last = self.route_link[self.route_start[self.route + 1] - 1]
        table = TripTable(
            tuple(f"{self.name[row]} {at}" for row, at in zip(flow.tolist(), place.tolist(), strict=True)),
            self.key[flow] + place.astype(np.uint64) * STREAM_IDS,
            depart_s,
            first[flow],
            last[flow],
            np.zeros(flow.size),
            np.full(flow.size, np.inf),
            np.zeros(flow.size, np.int8),
            np.zeros(flow.size + 1, np.int64),
            np.zeros(0, np.int32),
        )
        return table, flow, self.route[flow]
