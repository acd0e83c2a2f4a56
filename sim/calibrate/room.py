"""Keep a fit from sending more over a street than it can carry: sensors alone would not forbid it.

Where few sensors leave much demand open, the least demand that explains the counts sends whole streams round a single
ramp that no sensor watches. The simulation then queues, and shows nothing that the next step could be built on.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ...scenarios.capacity import lane_capacity
from ...scenarios.drivers import Drivers
from ...scenarios.network import Floats, RoadNetwork
from ...scenarios.observed import KINDS, Observed
from .flows import Longs
from .parameters import Parameters
from .runs import Groups
from .weaving import WEAVES_VPH, LaneChanges

PRACTICAL = 0.85  # of what a lane carries at most: beyond it queues come and go by chance
STRICT = 3.0  # a vehicle too many on a link weighs as much as three that a count is off
BINDS = 1e-6  # share of its room within which a link counts as full
LEAST_S = 60.0  # that trips are taken to depart in


@dataclass(frozen=True, slots=True)
class Room:
    """What links carry, and what a unit of each parameter sends over them."""

    load: Floats  # [link, parameter] vehicles; below links those who must change lanes on one, where anybody must
    most: Floats  # [link] vehicles over the time in which trips depart
    link: Longs  # [link] row in the network
    counted: Floats | None = None  # [link] what was counted there, at least this many can pass; None: nowhere

    def tighter(self, share: float) -> Room:
        """The same where streets are asked for no more than a share of it."""
        most = share * self.most
        return replace(self, most=most if self.counted is None else np.maximum(most, self.counted))

    def full(self, values: Floats, before: np.ndarray) -> np.ndarray:
        """Links that are asked for more than they carry, and those of ``before`` that are just full, ``[link]``."""
        asked = self.load @ values
        beyond: np.ndarray = asked > self.most * (1.0 + BINDS)
        return beyond | (before & (asked > self.most * (1.0 - BINDS)))


def room_of(
    network: RoadNetwork, drivers: Drivers, groups: Groups, number: Floats, parameters: Parameters, observed: Observed
) -> Room:
    """Room of every link that demand can pass, for as long as trips depart.

    A lane is taken to carry ``PRACTICAL`` times what its drivers carry at equilibrium, a link as many who must change
    lanes as a weaving section; a link on which more was counted carries that. Lights are not looked at.

    Parameters
    ----------
    number : [group]
        Trips of each group, for the routes that they take; groups that no parameter is about keep them.
    """
    trips, group, route = groups.trips(number, 0)
    trips_of = np.bincount(group, minlength=len(groups)).astype(np.float64)
    count = len(network.links.id)
    passes = np.zeros((2 * count, len(groups)))  # below, who must change lanes there
    changes = LaneChanges(network)
    ways, number_of = np.unique(np.column_stack([group, route]), axis=0, return_counts=True)
    for (whose, way), vehicles in zip(ways.tolist(), number_of.tolist(), strict=True):
        links = groups.route_link[groups.route_start[way] : groups.route_start[way + 1]]
        np.add.at(passes[:, whose], links, vehicles)
        np.add.at(passes[count:, whose], changes.on(links), vehicles)
    load, free = np.zeros((len(passes), len(parameters))), np.ones(len(groups), bool)
    for row in parameters.of_kind("demand"):
        rows = parameters.groups(row)
        load[:, row] = passes[:, rows].sum(axis=1) / max(trips_of[rows].sum(), 1.0)
        free[rows] = False
    hours = max(float(np.ptp(trips.depart_s)), LEAST_S) / 3600.0
    streets = np.column_stack([network.links.speed_mps, network.links.headway_factor])
    kinds, of_kind = np.unique(streets, axis=0, return_inverse=True)
    a_lane = np.array([PRACTICAL * lane_capacity(drivers, *kind) for kind in kinds.tolist()])
    most = np.diff(network.links.lane_start) * a_lane[of_kind.reshape(-1)] * hours
    most = np.concatenate([most, np.full(count, PRACTICAL * WEAVES_VPH * hours)])
    counts, seen = observed.kind == KINDS.index("count"), np.zeros(2 * count)
    np.maximum.at(seen, observed.link[counts], observed.value[counts])
    used, others = (load > 0.0).any(axis=1), passes[:, free].sum(axis=1)
    most, seen = (np.maximum(vehicles - others, 0.0)[used] for vehicles in (np.maximum(most, seen), seen))
    return Room(load[used], most, np.flatnonzero(used) % count, seen)
