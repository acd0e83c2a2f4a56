"""Curves through junctions and the pairs of them that meet."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from micro_traffic import Part
from wave_roads import node_network

from citytwin.scenarios.conflicts import SIDE_ROOM_M, VEHICLE_WIDTH_M
from citytwin.scenarios.junctions import build_network
from citytwin.scenarios.network import FoeKind, Turn
from citytwin.scenarios.streets import JunctionSpec
from citytwin.scenarios.synthetic import grid_city, random_city
from citytwin.scenarios.synthetic_roads import Road, draw_city

from .small_streets import crossing, into


def dense(points, count=60):
    steps = np.hypot(*np.diff(points, axis=0).T)
    along = np.concatenate(([0.0], np.cumsum(steps)))
    want = np.linspace(0.0, along[-1], count)
    return np.stack([np.interp(want, along, points[:, k]) for k in (0, 1)], axis=1)


def aware(network, a, b):
    """Whether two connectors run side by side, or turn across the oncoming from opposite directions."""
    c, m = network.connectors, network.movements
    (a_from, a_to), (b_from, b_to) = ((m.from_link[c.movement[k]], m.to_link[c.movement[k]]) for k in (a, b))
    if a_from == b_from or a_to == b_to:
        return True
    far = Turn.RIGHT if network.drives_on_left else Turn.LEFT
    ends = [network.link_shape_xy(int(link))[-2:] for link in (a_from, b_from)]
    (ax, ay), (bx, by) = (line[1] - line[0] for line in ends)
    opposite = (ax * bx + ay * by) / np.hypot(ax, ay) / np.hypot(bx, by) <= np.cos(np.radians(140.0))
    return bool(opposite and m.turn[c.movement[a]] == m.turn[c.movement[b]] in (far, Turn.STRAIGHT))


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
            room = 0.0 if aware(network, a, b) else VEHICLE_WIDTH_M + SIDE_ROOM_M
            if c.to_lane[a] == c.to_lane[b] or gap < room:
                sure.add((a, b))
            if c.to_lane[a] == c.to_lane[b] or gap < room + 0.4:
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


def test_opposite_left_turns_pass_in_front_of_each_other_and_cut_on_a_wide_median():
    def meet(graph):
        network = build_network(graph)
        c, links = network.connectors, network.movements.from_link[network.connectors.movement]
        own = np.repeat(np.arange(c.movement.size), np.diff(c.foe_start))
        left = network.movements.turn[c.movement] == Turn.LEFT
        north_south = np.isin(links, [network.link_row[into("n")], network.link_row[into("s")]])
        pick = left & north_south
        return bool(np.any(pick[own] & pick[c.foe] & (links[own] != links[c.foe])))

    graph = crossing({arm: {} for arm in ("e", "n", "w", "s")})
    assert not meet(graph)

    def widened(street):
        """Nine metres further to the right, and the stop line nine metres further from the middle."""
        along = np.diff(street.shape_xy, axis=0)[0] / np.hypot(*np.diff(street.shape_xy, axis=0)[0])
        back = [[0.0, 0.0], -9.0 * along] if street.to_junction == "x" else [9.0 * along, [0.0, 0.0]]
        return replace(street, shape_xy=street.shape_xy + 9.0 * np.array([along[1], -along[0]]) + back)

    wide = tuple(widened(street) for street in graph.streets)
    assert meet(replace(graph, streets=wide))


def test_turns_are_slower_than_straight_on():
    c = build_network(grid_city(3, 3)).connectors
    assert c.speed_mps.max() == pytest.approx(50 / 3.6)
    assert c.speed_mps.min() >= 4.0
    assert c.length_m.min() >= 2.0


@pytest.mark.parametrize("lanes, kinds", [(3, set()), (2, {"MERGE"})])
def test_a_ramp_that_brings_its_own_lane_meets_nobody_and_one_without_merges(lanes, kinds):
    """Two lanes and a ramp whose axes meet at a hairline angle, so that their lanes overlap at the joint."""
    places = {"main": (-800.0, 40.0), "ramp": (-800.0, -40.0), "joint": (0.0, 0.0), "on": (800.0, 0.0)}
    links = {"a": ("main", "joint", Part(800.0, 2)), "b": ("ramp", "joint", Part(800.0, 1))}
    network = node_network(places, links | {"c": ("joint", "on", Part(800.0, lanes))})
    assert {FoeKind(kind).name for kind in network.connectors.foe_kind} == kinds


@pytest.mark.parametrize(
    "arrows, kinds", [(("through", "slight_right"), set()), (("slight_right", "through"), {"CROSS"})]
)
def test_lanes_that_part_at_an_acute_angle_cross_only_out_of_order(arrows, kinds):
    """A motorway and its exit, lanes from left to right: who leaves from the left lane cuts across the right one."""
    places = {"main": (-300.0, 0.0), "fork": (0.0, 0.0), "on": (300.0, 0.0), "off": (300.0, -90.0)}
    specs = [JunctionSpec(name, *xy, gate="" if name == "fork" else "both") for name, xy in places.items()]
    roads = [
        Road("main", "fork", 2, 0, "motorway", arrows={"fork": tuple((arrow,) for arrow in arrows)}),
        Road("fork", "on", 1, 0, "motorway"),
        Road("fork", "off", 1, 0, "motorway_link"),
    ]
    network = build_network(draw_city("exit", specs, roads))
    assert {FoeKind(kind).name for kind in network.connectors.foe_kind} == kinds
