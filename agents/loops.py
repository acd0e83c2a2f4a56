"""Lay out what junctions and drivers must know of short loops: their lanes and how much they hold."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..kernels import traffic_tables as table
from ..scenarios.network import RoadNetwork
from ..scenarios.short_loops import find_short_loops

LANES_PER_RESERVE = 3  # one place stays free for so many lanes of a loop
STOPS_SHORT_M = 1.0  # of the end of its lane, whoever stands there


def note_loops(
    network: RoadNetwork,
    lane_f: NDArray[np.float64],
    lane_i: NDArray[np.int32],
    listed: NDArray[np.int32],
    driver: NDArray[np.float64],
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Fill the columns of lanes in short loops; return the table of loops, and the list with what belongs to them."""
    lanes = network.lane_count
    lane_i[table.KNOT] = -1
    lane_i[table.KNOT, :lanes], loops = find_short_loops(network)
    size = np.array([len(loop) for loop in loops], np.int64)
    lane = np.array([lane for loop in loops for lane in loop], np.int32)
    rows = np.zeros((table.LOOP_COLUMNS, size.size + 1), np.int32)
    rows[table.FIRST_LOOP_LANE] = listed.size + np.concatenate([[0], np.cumsum(size)])
    rows[table.LOOP_RESERVE, :-1] = -(-size // LANES_PER_RESERVE)
    listed = np.concatenate([listed, lane])
    order = np.argsort(lane, kind="stable")
    lane_i[table.FIRST_LOOP, : lanes + 1] = listed.size + np.searchsorted(lane[order], np.arange(lanes + 1))
    lane_i[table.FIRST_LOOP, lanes + 1 :] = lane_i[table.FIRST_LOOP, lanes]
    listed = np.concatenate([listed, np.repeat(np.arange(size.size), size)[order].astype(np.int32)])

    inside = np.unique(lane)
    car_m, gap_m = driver[0, table.LENGTH_M], driver[0, table.MIN_GAP_M]
    cars = np.maximum(np.floor((lane_f[table.LANE_LENGTH_M, inside] - STOPS_SHORT_M + gap_m) / (car_m + gap_m)), 1.0)
    lane_f[table.LOOP_SPACE_M, inside] = cars * (car_m + gap_m)
    return rows, listed
