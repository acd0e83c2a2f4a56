"""Run many demands side by side and count who passed which sensor, by stream."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from ...agents.ensemble import bind_to_routes, side_by_side
from ...agents.fleet import Fleet, build_fleet
from ...kernels import traffic_tables as table
from ...scenarios.drivers import Drivers
from ...scenarios.network import Floats, Ints, RoadNetwork
from ...scenarios.observed import Observed
from .flows import Flows

LARGEST_LAUNCH = 400_000  # vehicles of all members together: what fits into half a gigabyte


@dataclass(frozen=True, slots=True)
class Simulated:
    """What runs side by side gave."""

    counts: Floats  # [member, reading]: vehicles that left the reading's link within its time
    passed: Floats  # [member, reading, flow]: of which stream they were
    departed: Floats  # [member, flow]: vehicles of each stream
    entered: Floats  # [member]: share of them that found room on the streets by the end
    arrived: Floats  # [member]: share that reached their destination by the end

    def member(self, row: int) -> Simulated:
        """One of them alone."""
        return Simulated(*(getattr(self, name)[row : row + 1] for name in self.__dataclass_fields__))

    @classmethod
    def joined(cls, parts: Sequence[Simulated]) -> Simulated:
        """Members of several launches."""
        return cls(*(np.concatenate([getattr(part, name) for part in parts]) for name in cls.__dataclass_fields__))


@dataclass(slots=True)
class StreamRuns:
    """Runs of one network in which every vehicle belongs to a stream and keeps its route."""

    network: RoadNetwork
    drivers: Drivers
    flows: Flows
    observed: Observed
    step_s: float = 1.0
    adapt: Callable[[Fleet, int], None] | None = None  # changes a member's fleet, by its number in the call
    runs: int = field(default=0, init=False)  # simulated so far

    def __call__(self, numbers: Floats, seeds: Sequence[int]) -> Simulated:
        """Simulate every row of ``numbers`` (``[member, flow]``) with its seed."""
        parts = []
        most = max(1, int(LARGEST_LAUNCH // max(numbers.sum(axis=1).max(), 1.0)))
        for begin in range(0, len(numbers), most):
            chosen = slice(begin, begin + most)
            parts.append(self._launch(numbers[chosen], seeds[chosen], begin))
        self.runs += len(numbers)
        return Simulated.joined(parts)

    def fleet(self, number: Floats, seed: int) -> tuple[Fleet, Ints]:
        """A member before it begins, and the stream of each of its vehicles."""
        trips, flow = self.flows.trips(number, seed)
        fleet = build_fleet(self.network, trips, self.drivers, seed=seed, step_s=self.step_s)
        bind_to_routes(fleet, self.flows.route[flow], self.flows.route_start, self.flows.route_link)
        return fleet, flow

    def _launch(self, numbers: Floats, seeds: Sequence[int], begin: int) -> Simulated:
        fleets, flow_of = [], []
        for member, (number, seed) in enumerate(zip(numbers, seeds, strict=True)):
            fleet, flow = self.fleet(number, seed)
            if self.adapt is not None:
                self.adapt(fleet, begin + member)
            fleets.append(fleet)
            flow_of.append(flow)
        fleet = side_by_side(fleets) if len(fleets) > 1 else fleets[0]
        counts, passed = self._count(fleet, flow_of)
        departed = np.stack([np.bincount(flow, minlength=len(self.flows)) for flow in flow_of]).astype(np.float64)
        status = fleet.vehicles.status
        total = np.maximum(departed.sum(axis=1), 1.0)
        arrived = (status == table.ARRIVED).sum(axis=1) / total
        entered = arrived + (status == table.DRIVING).sum(axis=1) / total
        return Simulated(counts, passed, departed, entered, arrived)

    def _count(self, fleet: Fleet, flow_of: list[Ints]) -> tuple[Floats, Floats]:
        """Let time pass and note at the ends of all intervals who passed what since."""
        observed, members = self.observed, fleet.members
        counts = np.zeros((members, len(observed)))
        passed = np.zeros((members, len(observed), len(self.flows)))
        at = 0
        for edge_s in np.unique(np.concatenate([observed.start_s, observed.end_s])):
            step = round(edge_s / self.step_s)
            fleet.advance(at, step)
            at = step
            begins, ends = observed.start_s == edge_s, observed.end_s == edge_s
            if step == 0:
                continue
            sign = ends.astype(np.float64) - begins
            rows = np.flatnonzero(sign).astype(np.int32)
            counts[:, rows] += sign[rows] * self._left(fleet)[:, observed.link[rows]]
            for member, flow in enumerate(flow_of):
                passed[member, rows] += sign[rows, np.newaxis] * self._passed(fleet, member, flow, rows)
        return counts, passed

    def _left(self, fleet: Fleet) -> Floats:
        """Vehicles that left each link so far, over its end or because they arrived, ``[member, link]``."""
        lanes, of_link = self.network.lane_count, self.network.lanes.link
        out = fleet.cities.lane_i[:, table.WENT_OUT, :lanes]
        left = np.zeros((fleet.members, self.network.link_count))
        for member in range(fleet.members):
            left[member] = np.bincount(of_link, weights=out[member], minlength=self.network.link_count)
        return left

    def _passed(self, fleet: Fleet, member: int, flow: Ints, rows: Ints) -> Floats:
        """Vehicles of each stream that left the links of some readings so far, ``[reading, flow]``.

        A vehicle on a route that nobody changes has left all links before the one it is on.
        """
        vehicles, size = fleet.vehicles, flow.size
        status, lane = vehicles.status[member, :size], vehicles.lane[member, :size]
        done = vehicles.route_at[member, :size] + ((status == table.ARRIVED) | (lane >= self.network.lane_count))
        done = np.where((status == table.ARRIVED) | (status == table.DRIVING), done, 0)
        longest = int(np.diff(self.flows.route_start).max())
        by_place = np.bincount(flow * (longest + 1) + done, minlength=len(self.flows) * (longest + 1))
        beyond = by_place.reshape(len(self.flows), longest + 1)[:, ::-1].cumsum(axis=1)[:, ::-1]
        found = np.zeros((rows.size, len(self.flows)))
        for at, link in enumerate(self.observed.link[rows]):
            for stream in range(len(self.flows)):
                places = np.flatnonzero(self.flows.links(stream) == link)
                found[at, stream] = sum(beyond[stream, place + 1] for place in places)
        return found
