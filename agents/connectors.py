"""Lay out for kernels how ways lead through junctions, and which of them cross or join."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..kernels import traffic_tables as table
from ..scenarios.critical_gaps import gap_rules
from ..scenarios.merge_shares import shared_merges
from ..scenarios.network import Bools, FoeKind

if TYPE_CHECKING:
    from ..scenarios.network import RoadNetwork

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]
LEAST_SHARE = 0.05  # of a lane, left to a road whose other lanes carry its share already


def connector_table(network: RoadNetwork) -> Ints:
    """Ways through junctions, ``[column, connector + 1]``."""
    lanes, connectors = network.lanes, network.connectors
    rows = np.zeros((table.CONNECTOR_COLUMNS, connectors.movement.size + 1), np.int32)
    rows[table.FIRST_FOE] = connectors.foe_start
    rows[table.FROM_LANE, :-1] = connectors.from_lane
    rows[table.TO_LANE, :-1] = connectors.to_lane
    rows[table.TO_LINK, :-1] = lanes.link[connectors.to_lane]
    rows[table.PRIORITY, :-1] = connectors.priority
    rows[table.STOP, :-1] = connectors.stop
    rows[table.SIGNAL, :-1] = connectors.signal
    rows[table.GROUP, :-1] = connectors.group
    owner = np.repeat(np.arange(connectors.movement.size), np.diff(connectors.foe_start))
    merges = connectors.foe_kind == FoeKind.MERGE
    equal = merges & ~connectors.foe_yield.astype(bool) & ~_foe_gives_way(network) & (connectors.signal[owner] < 0)
    rows[table.MERGES, owner[merges]] = 1
    rows[table.ZIPS, owner[equal]] = 1
    rows[table.LOOKS, :-1] = gap_rules(network).looks
    rows[table.JOINT, :-1] = is_joint(network)
    rows[table.JOINT, -1] = rows[table.JOINT, :-1].sum()
    return rows


def is_joint(network: RoadNetwork) -> Bools:
    """Of every connector whether it has no light and no stop line, and nobody crosses or joins its way."""
    connectors = network.connectors
    undisputed: Bools = (np.diff(connectors.foe_start) == 0) & (connectors.signal < 0) & (connectors.stop == 0)
    return undisputed


def _foe_gives_way(network: RoadNetwork) -> Bools:
    """Of every pair of foes whether the foe gives way to the owner: what the pair the other way round says."""
    return network.connectors.foe_yield[_mirrored(network)].astype(np.bool_)


def _mirrored(network: RoadNetwork) -> NDArray[np.int64]:
    """Of every pair of foes the pair the other way round; pairs are sorted by owner and foe."""
    owner = np.repeat(np.arange(network.connectors.movement.size), np.diff(network.connectors.foe_start))
    return np.lexsort((owner, network.connectors.foe))


def foe_table(network: RoadNetwork) -> Ints:
    """Pairs of ways that cross or join, ``[column, pair]``."""
    connectors = network.connectors
    rows = np.empty((table.FOE_COLUMNS, connectors.foe.size), np.int32)
    rows[table.FOE] = connectors.foe
    rows[table.FOE_YIELDED_TO] = connectors.foe_yield
    rows[table.FOE_MERGES] = connectors.foe_kind == FoeKind.MERGE
    rows[table.FOE_GIVES_WAY] = _foe_gives_way(network)
    return rows


def foe_numbers(network: RoadNetwork) -> Floats:
    """Where those of a pair meet, and which gaps they ask for, ``[column, pair]``."""
    connectors = network.connectors
    rows = np.empty((table.FOE_F_COLUMNS, connectors.foe.size))
    rows[table.FOE_REACH_M] = connectors.foe_reach_m
    rows[table.FOE_CLEAR_M] = connectors.foe_clear_m
    rows[table.FOE_STOP_M] = connectors.foe_reach_m[_mirrored(network)]
    rules = gap_rules(network)
    rows[table.FOE_GAP], rows[table.FOE_PASS_S] = rules.factor, rules.passing_s
    return rows


def turns_taken(network: RoadNetwork) -> Floats:
    """What a vehicle's turn takes where its road shares a merge, ``[connector]``: one over its share; 0: none.

    Shares are of all lanes beyond, of which a road may have some for itself: in those it joins it gets what is left.
    """
    lanes, connectors, movement = network.lanes, network.connectors, network.connectors.movement
    share = network.links.merge_share[network.movements.from_link]
    owner = np.repeat(np.arange(movement.size), np.diff(connectors.foe_start))
    takes, joins = np.zeros(movement.size), np.zeros(movement.size, np.bool_)
    joins[owner[shared_merges(network)]] = True
    to_link = lanes.link[connectors.to_lane]
    for link in np.unique(to_link[joins]):
        roads = np.unique(movement[joins & (to_link == link)])
        lanes_beyond = np.unique(connectors.to_lane[np.isin(movement, roads)]).size
        for road in roads:
            own, shared = (movement == road) & ~joins, (movement == road) & joins
            lanes_left = lanes_beyond * share[road] / share[roads].sum() - np.count_nonzero(own)
            takes[shared] = np.count_nonzero(shared) / max(lanes_left, LEAST_SHARE)
    return takes
