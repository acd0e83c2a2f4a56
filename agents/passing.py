"""Note where drivers may pass bicycles, and what room they have."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..kernels import traffic_tables as table
from ..scenarios.network import RoadNetwork
from ..scenarios.streets import BICYCLE

KERB_M = 0.5  # from the edge of the lane to a bicycle
BICYCLE_M = 0.65  # its width, as SUMO's


def note_passing(
    network: RoadNetwork, lane_f: NDArray[np.float64], lane_i: NDArray[np.int32], clearance_m: float
) -> None:
    """Fill the columns of lanes that bicycles and others share: those of streets with one lane.

    Where there are several, drivers change lanes to overtake a bicycle as to overtake anybody.
    """
    links, lanes = network.links, np.arange(network.lane_count)
    alone = np.diff(links.lane_start)[network.lanes.link] == 1
    shared = lanes[alone & (network.lanes.access & BICYCLE != 0)]
    twin = links.twin[network.lanes.link[shared]]
    lane_i[table.OPPOSITE, shared] = np.where(twin >= 0, links.lane_start[twin + 1] - 1, table.NO_OPPOSITE)
    lane_f[table.PASSING_ROOM_M, shared] = network.lanes.width_m[shared] - KERB_M - BICYCLE_M - clearance_m
