"""Run many demands side by side and count who passed which sensor, by group."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

import numpy as np

from ...agents.ensemble import bind_to_routes, side_by_side
from ...agents.fleet import Fleet, build_fleet
from ...kernels import traffic_tables as table
from ...scenarios.drivers import Drivers
from ...scenarios.network import Floats, Ints, RoadNetwork
from ...scenarios.observed import Observed

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ...scenarios.controllers import ControlledSignal
    from ...scenarios.trips import TripTable

    Longs = NDArray[np.int64]

LARGEST_LAUNCH = 400_000  # vehicles of all members together: what fits into half a gigabyte


@dataclass(frozen=True, slots=True)
class Simulated:
    """What runs side by side gave."""

    counts: Floats  # [member, reading]: vehicles that left the reading's link within its time
    passed: Floats  # [member, reading, group]: of which group they were
    departed: Floats  # [member, group]: vehicles of each group
    entered: Floats  # [member]: share of them that found room on the streets by the end
    arrived: Floats  # [member]: share that reached their destination by the end

    def member(self, row: int) -> Simulated:
        """One of them alone."""
        return Simulated(*(getattr(self, name)[row : row + 1] for name in self.__dataclass_fields__))

    @classmethod
    def joined(cls, parts: Sequence[Simulated]) -> Simulated:
        """Members of several launches."""
        return cls(*(np.concatenate([getattr(part, name) for part in parts]) for name in cls.__dataclass_fields__))


class Groups(Protocol):
    """Trips in groups whose numbers may be asked for."""

    @property
    def route_start(self) -> Longs:
        """Where each route begins in ``route_link``, ``[route + 1]``."""

    @property
    def route_link(self) -> Ints:
        """Links of all routes."""

    def __len__(self) -> int:
        """How many groups."""

    def trips(self, number: Floats, seed: int) -> tuple[TripTable, Ints, Ints]:
        """Trips of so many vehicles of each group, the group of each, and its route."""


@dataclass(slots=True)
class GroupRuns:
    """Runs of one network in which every vehicle belongs to a group and keeps its route."""

    network: RoadNetwork
    drivers: Drivers
    groups: Groups
    observed: Observed
    step_s: float = 1.0
    signals: Sequence[ControlledSignal] = ()
    runs: int = field(default=0, init=False)  # simulated so far

    def __call__(
        self, numbers: Floats, seeds: Sequence[int], adapt: Callable[[Fleet, int], None] | None = None
    ) -> Simulated:
        """Simulate every row of ``numbers`` (``[member, group]``) with its seed.

        ``adapt`` changes a member's fleet before it begins, by the row: limits, drivers.
        """
        parts = []
        most = max(1, int(LARGEST_LAUNCH // max(numbers.sum(axis=1).max(), 1.0)))
        for begin in range(0, len(numbers), most):
            fleets, group_of, route_of = [], [], []
            for row in range(begin, min(begin + most, len(numbers))):
                fleet, group, route = self.fleet(numbers[row], seeds[row])
                if adapt is not None:
                    adapt(fleet, row)
                fleets.append(fleet)
                group_of.append(group)
                route_of.append(route)
            parts.append(self._run(side_by_side(fleets) if len(fleets) > 1 else fleets[0], group_of, route_of))
        self.runs += len(numbers)
        return Simulated.joined(parts)

    def fleet(self, number: Floats, seed: int) -> tuple[Fleet, Ints, Ints]:
        """A member before it begins, and the group and the route of each of its vehicles."""
        trips, group, route = self.groups.trips(number, seed)
        fleet = build_fleet(self.network, trips, self.drivers, seed=seed, step_s=self.step_s, signals=self.signals)
        bind_to_routes(fleet, route, self.groups.route_start, self.groups.route_link)
        return fleet, group, route

    def _run(self, fleet: Fleet, group_of: list[Ints], route_of: list[Ints]) -> Simulated:
        counts, passed = self._count(fleet, group_of, route_of)
        departed = np.stack([np.bincount(group, minlength=len(self.groups)) for group in group_of]).astype(np.float64)
        status = fleet.vehicles.status
        total = np.maximum(departed.sum(axis=1), 1.0)
        arrived = (status == table.ARRIVED).sum(axis=1) / total
        entered = arrived + (status == table.DRIVING).sum(axis=1) / total
        return Simulated(counts, passed, departed, entered, arrived)

    def _count(self, fleet: Fleet, group_of: list[Ints], route_of: list[Ints]) -> tuple[Floats, Floats]:
        """Let time pass and note at the ends of all intervals who passed what since."""
        observed, members = self.observed, fleet.members
        counts = np.zeros((members, len(observed)))
        passed = np.zeros((members, len(observed), len(self.groups)))
        at = 0
        for edge_s in np.unique(np.concatenate([observed.start_s, observed.end_s])):
            step = round(edge_s / self.step_s)
            fleet.advance(at, step)
            at = step
            if step == 0:
                continue
            sign = (observed.end_s == edge_s).astype(np.float64) - (observed.start_s == edge_s)
            rows = np.flatnonzero(sign).astype(np.int32)
            counts[:, rows] += sign[rows] * self._left(fleet)[:, observed.link[rows]]
            for member in range(members):
                so_far = self._passed(fleet, member, group_of[member], route_of[member], rows)
                passed[member, rows] += sign[rows, np.newaxis] * so_far
        return counts, passed

    def _left(self, fleet: Fleet) -> Floats:
        """Vehicles that left each link so far, over its end or because they arrived, ``[member, link]``."""
        lanes, of_link = self.network.lane_count, self.network.lanes.link
        out = fleet.cities.lane_i[:, table.WENT_OUT, :lanes]
        left = np.zeros((fleet.members, self.network.link_count))
        for member in range(fleet.members):
            left[member] = np.bincount(of_link, weights=out[member], minlength=self.network.link_count)
        return left

    def _passed(self, fleet: Fleet, member: int, group: Ints, route: Ints, rows: Ints) -> Floats:
        """Vehicles of each group that left the links of some readings so far, ``[reading, group]``.

        A vehicle on a route that nobody changes has left all links before the one it is on.
        """
        vehicles, size = fleet.vehicles, group.size
        status, lane = vehicles.status[member, :size], vehicles.lane[member, :size]
        done = vehicles.route_at[member, :size] + ((status == table.ARRIVED) | (lane >= self.network.lane_count))
        done = np.where((status == table.ARRIVED) | (status == table.DRIVING), done, 0)
        found = np.zeros((rows.size, len(self.groups)))
        start, links = self.groups.route_start, self.groups.route_link
        for at, link in enumerate(self.observed.link[rows]):
            hits = np.flatnonzero(links == link)
            of_route = np.searchsorted(start, hits, side="right") - 1
            while hits.size:  # once, but for routes that come by again
                here, which = np.unique(of_route, return_index=True)
                place = np.full(start.size - 1, links.size, np.int64)
                place[here] = hits[which] - start[here]
                by = np.flatnonzero(done > place[route])
                found[at] += np.bincount(group[by], minlength=len(self.groups))
                rest = np.ones(hits.size, np.bool_)
                rest[which] = False
                hits, of_route = hits[rest], of_route[rest]
        return found
