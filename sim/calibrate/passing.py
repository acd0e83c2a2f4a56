"""Tell which groups of trips passed which readings so far, by the routes that they are on."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ...agents.fleet import Fleet
from ...kernels.passings import Parts, count_passings
from ...scenarios.network import Ints
from ..device_fleet import DeviceFleet
from .gauges import COUNTED, Gauges


def groups_of_members(groups: Sequence[Ints]) -> Ints:
    """Groups of the vehicles of all members, -1 where a member has fewer than others, ``[member, vehicle]``."""
    padded = np.full((len(groups), max(group.size for group in groups)), -1, np.int32)
    for member, group in enumerate(groups):
        padded[member, : group.size] = group
    return padded


def passed_by_group(fleet: Fleet, group: Ints, groups: int, gauges: Gauges) -> Ints:
    """Vehicles of each group that passed the streets of every part of readings so far, ``[member, part, group]``.

    On routes that nobody changes a vehicle has left all links before the one it is on. Only what counts vehicles is
    passed; of other readings it is 0.

    Parameters
    ----------
    fleet
        Members of the network with all parts.
    group : [member, vehicle]
        See ``groups_of_members``.
    groups
        How many there are.
    gauges
        What is counted.
    """
    counted: NDArray[np.intp] = np.flatnonzero(gauges.of_kinds(COUNTED)[gauges.reading])
    part = counted[np.argsort(gauges.link[counted], kind="stable")].astype(np.int32)
    first = np.searchsorted(gauges.link[part], np.arange(fleet.network.link_count + 1)).astype(np.int32)
    parts = Parts(first, part, np.asarray(gauges.to_link, np.int32))
    passed = np.zeros((fleet.members, gauges.link.size, groups), np.int32)
    lanes = fleet.network.lane_count
    if isinstance(fleet, DeviceFleet):
        fleet.count_passings(group, lanes, parts, passed)
    else:
        count_passings(fleet.cities.vehicle_i, group, lanes, fleet.cities.route, parts, passed)
    return passed
