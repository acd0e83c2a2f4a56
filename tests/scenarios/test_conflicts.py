"""Curves through junctions and the pairs of them that meet."""

from __future__ import annotations

import numpy as np
import pytest
from citytwin.scenarios.conflicts import SIDE_ROOM_M, VEHICLE_WIDTH_M
from citytwin.scenarios.junctions import build_network
from citytwin.scenarios.network import FoeKind
from citytwin.scenarios.synthetic import grid_city, random_city

from .small_streets import crossing


def dense(points, count=60):
    steps = np.hypot(*np.diff(points, axis=0).T)
    along = np.concatenate(([0.0], np.cumsum(steps)))
    want = np.linspace(0.0, along[-1], count)
    return np.stack([np.interp(want, along, points[:, k]) for k in (0, 1)], axis=1)


def foes_the_slow_way(network):
    """Conflicts found by measuring between many points of both curves; undecided within a few centimetres."""
    c = network.connectors
    lines = [dense(c.shape_xy[c.shape_start[i] : c.shape_start[i + 1]]) for i in range(c.movement.size)]
    junction = network.movements.junction[c.movement]
    sure, maybe = set(), set()
    for a in range(c.movement.size):
        for b in range(c.movement.size):
            if junction[a] != junction[b] or c.from_lane[a] == c.from_lane[b]:
                continue
            gap = np.hypot(*(lines[a][:, None] - lines[b][None]).reshape(-1, 2).T).min()
            if c.to_lane[a] == c.to_lane[b] or gap < VEHICLE_WIDTH_M + SIDE_ROOM_M:
                sure.add((a, b))
            if c.to_lane[a] == c.to_lane[b] or gap < VEHICLE_WIDTH_M + SIDE_ROOM_M + 0.1:
                maybe.add((a, b))
    return sure, maybe


@pytest.mark.parametrize("seed", range(3))
def test_conflicts_are_those_of_the_slow_way(seed):
    network = build_network(random_city(seed, 5))
    c = network.connectors
    own = np.repeat(np.arange(c.movement.size), np.diff(c.foe_start))
    found = set(zip(own.tolist(), c.foe.tolist(), strict=True))
    sure, maybe = foes_the_slow_way(network)
    assert sure <= found <= maybe


def test_a_crossing_of_two_single_lanes_has_the_textbook_conflicts():
    """Four arms, one lane each: 16 crossing and 8 merging points (every textbook's figure of the 32 with diverges)."""
    network = build_network(crossing({arm: {"lane_width_m": 3.5} for arm in ("e", "n", "w", "s")}))
    kinds = np.bincount(network.connectors.foe_kind) // 2
    # Three streams merge pairwise in every exit: 12 pairs for what the figure draws as 8 points.
    assert kinds[FoeKind.MERGE] == 12
    assert kinds[FoeKind.CROSS] >= 16


def test_oncoming_straight_traffic_does_not_meet():
    network = build_network(grid_city(3, 3))
    c = network.connectors
    straight = network.movements.turn[c.movement] == 0
    heading = np.diff(c.shape_xy[np.stack((c.shape_start[:-1], c.shape_start[1:] - 1), axis=1)], axis=1)[:, 0]
    own = np.repeat(np.arange(c.movement.size), np.diff(c.foe_start))
    both = straight[own] & straight[c.foe]
    assert both.any()
    dot = (heading[own[both]] * heading[c.foe[both]]).sum(axis=1)
    assert np.all(np.abs(dot) < 1e-6), "only streams at right angles meet in a grid"


def test_turns_are_slower_than_straight_on():
    c = build_network(grid_city(3, 3)).connectors
    assert c.speed_mps.max() == pytest.approx(50 / 3.6)
    assert c.speed_mps.min() >= 4.0
    assert c.length_m.min() >= 2.0
