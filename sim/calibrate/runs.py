"""Run many demands side by side and measure what sensors would, and who passed them, by group."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Protocol

import numpy as np

from ...agents.ensemble import bind_to_routes, side_by_side
from ...agents.fleet import Fleet, build_fleet
from ...kernels import traffic_tables as table
from ...scenarios.drivers import Drivers
from ...scenarios.network import Floats, Ints, RoadNetwork
from ...scenarios.observed import Observed
from ..backend import on_backend
from .gauges import Gauges, TrafficGauges
from .passing import groups_of_members, passed_by_group

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ...scenarios.controllers import ControlledSignal
    from ...scenarios.trips import TripTable

    Longs = NDArray[np.int64]

LARGEST_LAUNCH = 400_000  # vehicles of all members together: what fits into half a gigabyte


@dataclass(frozen=True, slots=True)
class Simulated:
    """What runs side by side gave."""

    counts: Floats  # [member, reading]: what the run has for each reading, in the unit of its kind
    passed: Floats  # [member, reading, group]: of which group those were that a reading counts; 0 where it counts none
    departed: Floats  # [member, group]: vehicles of each group
    entered: Floats  # [member]: share of them that found room on the streets by the end
    arrived: Floats  # [member]: share that reached their destination by the end

    def member(self, row: int) -> Simulated:
        """One of them alone."""
        return self.members(row, row + 1)

    def members(self, first: int, last: int) -> Simulated:
        """Some that stand side by side, without the last."""
        return Simulated(*(getattr(self, name)[first:last] for name in self.__dataclass_fields__))

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
    observed: Observed | Gauges
    step_s: float = 1.0
    signals: Sequence[ControlledSignal] = ()
    backend: Literal["cpu", "cuda"] = "cpu"
    runs: int = field(default=0, init=False)  # simulated so far

    @property
    def gauges(self) -> Gauges:
        """What of a run stands for each reading."""
        return self.observed if isinstance(self.observed, Gauges) else Gauges.of(self.observed)

    def __call__(
        self, numbers: Floats, seeds: Sequence[int], adapt: Callable[[Fleet, int], None] | None = None
    ) -> Simulated:
        """Simulate every row of ``numbers`` (``[member, group]``) with its seed.

        ``adapt`` changes a member's fleet before it begins, by the row: limits, drivers.
        """
        parts = []
        most = max(1, int(LARGEST_LAUNCH // max(numbers.sum(axis=1).max(), 1.0)))
        for begin in range(0, len(numbers), most):
            fleets, group_of = [], []
            for row in range(begin, min(begin + most, len(numbers))):
                fleet, group, _ = self.fleet(numbers[row], seeds[row])
                if adapt is not None:
                    adapt(fleet, row)
                fleets.append(fleet)
                group_of.append(group)
            together = side_by_side(fleets) if len(fleets) > 1 else fleets[0]
            parts.append(self._run(on_backend(together, self.backend), group_of))
        self.runs += len(numbers)
        return Simulated.joined(parts)

    def fleet(self, number: Floats, seed: int) -> tuple[Fleet, Ints, Ints]:
        """A member before it begins, and the group and the route of each of its vehicles."""
        trips, group, route = self.groups.trips(number, seed)
        fleet = build_fleet(self.network, trips, self.drivers, seed=seed, step_s=self.step_s, signals=self.signals)
        bind_to_routes(fleet, route, self.groups.route_start, self.groups.route_link)
        return fleet, group, route

    def _run(self, fleet: Fleet, group_of: list[Ints]) -> Simulated:
        counts, passed = self._count(fleet, group_of)
        departed = np.stack([np.bincount(group, minlength=len(self.groups)) for group in group_of]).astype(np.float64)
        status = fleet.vehicles.status
        total = np.maximum(departed.sum(axis=1), 1.0)
        arrived = (status == table.ARRIVED).sum(axis=1) / total
        entered = arrived + (status == table.DRIVING).sum(axis=1) / total
        return Simulated(counts, passed, departed, entered, arrived)

    def _count(self, fleet: Fleet, group_of: list[Ints]) -> tuple[Floats, Floats]:
        """Let time pass and note at the ends of all intervals what was measured, and who passed what, since."""
        gauges, group = self.gauges, groups_of_members(group_of)
        meters = TrafficGauges(gauges, self.network, fleet.members)
        passed = np.zeros((fleet.members, len(gauges), len(self.groups)))
        start_s, end_s = (times[gauges.reading] for times in (gauges.observed.start_s, gauges.observed.end_s))
        at = 0
        for edge_s in meters.edges_s:
            step = round(edge_s / self.step_s)
            fleet.advance(at, step)
            at = step
            if step == 0:
                continue
            meters.look(fleet, edge_s)
            sign = (end_s == edge_s).astype(np.float64) - (start_s == edge_s)
            so_far = passed_by_group(fleet, group, len(self.groups), gauges) * sign[:, np.newaxis]
            for member in range(fleet.members):
                np.add.at(passed[member], gauges.reading, so_far[member])
        return meters.values(), passed
