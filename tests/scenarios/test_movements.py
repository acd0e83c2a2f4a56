"""Turns and their lanes: what a driver expects from the arrows on the road, or from habit where there are none."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from citytwin.scenarios.junctions import build_network
from citytwin.scenarios.movements import match_in_order, share_lanes
from citytwin.scenarios.network import Turn
from citytwin.scenarios.network_laws import check_network
from citytwin.scenarios.streets import BUS, JunctionSpec
from citytwin.scenarios.synthetic_roads import Road, draw_city

from .small_streets import crossing, into, mirrored, out_to, turns

FOUR = ("e", "n", "w", "s")


@given(st.integers(1, 8), st.lists(st.integers(1, 5), min_size=1, max_size=6))
def test_shared_lanes_are_side_by_side_and_none_is_left_out(lane_count, exit_lanes):
    shares = share_lanes(lane_count, exit_lanes)
    assert all(shares)
    assert {lane for share in shares for lane in share} == set(range(lane_count))
    for near, far in pairwise(shares):
        assert max(near) <= min(far), "two lanes of one approach would cross"
    for share in shares:
        assert share == list(range(share[0], share[-1] + 1))


@given(
    st.lists(st.sampled_from([135.0, 90.0, 40.0, 0.0, -40.0, -90.0, -135.0]), min_size=1, unique=True),
    st.lists(st.floats(-150, 150), min_size=1, max_size=6, unique=True),
)
def test_arrows_match_exits_in_order(arrows, exits):
    arrows, exits = sorted(arrows, reverse=True), sorted(exits, reverse=True)
    matched = match_in_order(arrows, exits)
    if len(arrows) < len(exits):
        assert matched is None
    else:
        assert matched == sorted(matched) and set(matched) == set(range(len(exits)))


def test_near_side_leaves_the_kerb_and_far_side_the_innermost_lane():
    found = turns(build_network(crossing({arm: {"lanes": 3, "backward_lanes": 3} for arm in FOUR})))
    assert found["s", "e"] == [(0, 0)]  # right turn
    assert found["s", "w"] == [(2, 2)]  # left turn
    assert found["s", "n"] == [(0, 0), (1, 1)]  # with three lanes the innermost is for turning only


def test_two_lanes_go_straight_from_both():
    found = turns(build_network(crossing({arm: {"lanes": 2, "backward_lanes": 2} for arm in FOUR})))
    assert found["s", "n"] == [(0, 0), (1, 1)]
    assert found["s", "w"] == [(1, 1)]


@pytest.mark.parametrize("lanes", [1, 2, 3])
def test_left_hand_traffic_is_the_mirror_image(lanes):
    graph = crossing({arm: {"lanes": lanes, "backward_lanes": lanes} for arm in ("e", "w", "s")})
    assert turns(build_network(mirrored(graph))) == turns(build_network(graph))
    left = turns(build_network(crossing({a: {"lanes": 3, "backward_lanes": 3} for a in FOUR}, drives_on_left=True)))
    assert left["s", "w"] == [(0, 0)]
    assert left["s", "e"] == [(2, 2)]


def test_lanes_of_a_street_that_ends_are_split():
    found = turns(build_network(crossing({"e": {"lanes": 2}, "w": {"lanes": 2}, "s": {"lanes": 2}})))
    assert [own for own, _ in found["s", "e"]] == [0]
    assert [own for own, _ in found["s", "w"]] == [1]


def test_surplus_lanes_merge_into_the_last():
    graph = crossing({"w": {"lanes": 3, "inward": True}, "e": {"lanes": 2, "outward": True}})
    assert turns(build_network(graph))["w", "e"] == [(0, 0), (1, 1), (2, 1)]


def test_lanes_of_a_street_that_widens_can_all_be_entered():
    graph = crossing({"w": {"lanes": 1, "inward": True}, "e": {"lanes": 3, "outward": True}})
    assert turns(build_network(graph))["w", "e"] == [(0, 0), (0, 1), (0, 2)]
    graph = crossing({"w": {"lanes": 2, "inward": True}, "e": {"lanes": 3, "outward": True}})
    assert turns(build_network(graph))["w", "e"] == [(0, 0), (1, 1), (1, 2)]


def test_through_lanes_keep_their_place_beside_a_turning_lane():
    arrows = (("through",), ("through",), ("right",))
    arms = {"w": {"lanes": 3, "turn_lanes": arrows, "inward": True}, "e": {"lanes": 3, "outward": True}}
    graph = crossing(arms | {"s": {}})
    assert turns(build_network(graph))["w", "e"] == [(1, 1), (2, 2)]


@pytest.mark.parametrize(
    "lanes, ramp, room, goals, ramp_goals",
    [(2, 1, 3, [1, 2], [0]), (2, 1, 2, [0, 1], [0]), (2, 2, 3, [1, 2], [0, 1]), (1, 1, 1, [0], [0])],
)
def test_streams_that_join_lie_side_by_side(lanes, ramp, room, goals, ramp_goals):
    arms = {"w": {"lanes": lanes, "inward": True}, "sw": {"lanes": ramp, "inward": True}}
    graph = crossing(arms | {"e": {"lanes": room, "outward": True}})
    flat = tuple(
        replace(s, shape_xy=np.array([[-150.0, -60.0], [-15.0, -4.0]])) if s.id == into("sw") else s
        for s in graph.streets
    )
    for g in (replace(graph, streets=flat), mirrored(replace(graph, streets=flat))):
        found = turns(build_network(g))
        assert [goal for _, goal in found["w", "e"]] == goals
        assert [goal for _, goal in found["sw", "e"]] == ramp_goals


def test_an_off_ramp_shares_the_kerb_lane():
    arms = {"w": {"lanes": 3, "inward": True}, "e": {"lanes": 3, "outward": True}}
    graph = crossing(arms | {"se": {"lanes": 1, "outward": True}})
    bent = tuple(
        replace(s, shape_xy=np.array([[10.0, -3.0], [150.0, -60.0]])) if s.id == out_to("se") else s
        for s in graph.streets
    )
    found = turns(build_network(replace(graph, streets=bent)))
    assert found["w", "e"] == [(0, 0), (1, 1), (2, 2)]
    assert found["w", "se"] == [(0, 0)]


def test_arrows_decide_where_they_fit():
    arrows = (("left",), ("left",), ("through", "right"))
    arms = {arm: {"lanes": 2, "backward_lanes": 2} for arm in FOUR} | {"s": {"lanes": 3, "turn_lanes": arrows}}
    found = turns(build_network(crossing(arms)))
    assert [own for own, _ in found["s", "w"]] == [1, 2]
    assert [own for own, _ in found["s", "n"]] == [0]
    assert [own for own, _ in found["s", "e"]] == [0]


def test_arrows_are_ordinal():
    """A slip to the right signed as "through" beside a bend signed as "left" still sorts by angle."""
    arms = {"s": {"lanes": 2, "turn_lanes": (("left",), ("through",))}, "n": {}, "e": {}}
    found = turns(build_network(crossing(arms)))
    assert [own for own, _ in found["s", "n"]] == [1]
    assert [own for own, _ in found["s", "e"]] == [0]


@pytest.mark.parametrize("arrows", [(("through",),), (("through",), ("through",))])
def test_arrows_that_miss_an_exit_or_a_lane_are_ignored(arrows):
    plain = {arm: {"lanes": 2, "backward_lanes": 2} for arm in FOUR}
    tagged = plain | {"s": plain["s"] | {"turn_lanes": arrows}}
    assert turns(build_network(crossing(tagged))) == turns(build_network(crossing(plain)))


def test_cars_turn_right_beside_a_bus_lane_and_buses_from_it():
    arms = {arm: {"lanes": 2, "backward_lanes": 2} for arm in FOUR}
    network = build_network(crossing(arms | {"s": {"lanes": 2, "backward_lanes": 2, "bus_lane": True}}))
    found = turns(network)
    assert (1, 0) in found["s", "e"] and (0, 0) in found["s", "e"]
    assert found["s", "w"] == [(1, 1)]
    assert network.lanes.access[network.links.lane_start[network.link_row[into("s")]]] & BUS


def test_no_way_back_but_at_dead_ends():
    specs = [JunctionSpec("a", 0, 0), JunctionSpec("b", 100, 0), JunctionSpec("c", 200, 30)]
    network = build_network(draw_city("dead end", specs, [Road("a", "b"), Road("b", "c")]))
    check_network(network)
    back = network.movements.turn == Turn.UTURN
    ends = {network.junctions.id[row] for row in network.movements.junction[back]}
    assert ends == {"a", "c"}
    gate = [replace(specs[0], gate="both"), *specs[1:]]
    network = build_network(draw_city("gate", gate, [Road("a", "b"), Road("b", "c")]))
    check_network(network)
    assert {network.junctions.id[row] for row in network.movements.junction} == {"b", "c"}


@pytest.mark.parametrize("length_m, turns_back", [(40.0, False), (300.0, True)])
def test_nobody_turns_back_round_a_short_island(length_m, turns_back):
    """A street that splits round an island, ``a = b - c``, with both sides between the places b and c."""
    specs = [JunctionSpec("a", 0, 0), JunctionSpec("b", 200, 0), JunctionSpec("c", 200 + length_m, 0)]
    specs += [JunctionSpec("d", 200 + length_m, 200), JunctionSpec("e", 400 + length_m, 0)]
    roads = [
        Road("a", "b"),
        Road("b", "c", backward_lanes=0),
        Road("c", "b", backward_lanes=0),
        Road("c", "d"),
        Road("c", "e"),
    ]
    network = build_network(draw_city("island", specs, roads))
    links, movements = network.links, network.movements
    made = {(links.id[a], links.id[b]) for a, b in zip(movements.from_link, movements.to_link, strict=True)}
    assert (("way/b>c", "way/c>b") in made) == turns_back
    assert (("way/c>b", "way/b>c") in made) == turns_back
    check_network(network)


def test_a_reverse_arrow_allows_turning_round():
    arrows = (("reverse", "left"), ("through", "right"))
    plain = {arm: {"lanes": 2, "backward_lanes": 2} for arm in FOUR}
    found = turns(build_network(crossing(plain | {"s": plain["s"] | {"turn_lanes": arrows}})))
    assert found["s", "s"] == [(1, 1)]
    assert ("n", "n") not in found


def test_banned_turns_and_missing_inner_paths_have_no_movement():
    arms = {arm: {} for arm in FOUR}
    graph = crossing(arms, spec={"banned": frozenset({(into("s"), out_to("w"))})})
    assert ("s", "w") not in turns(build_network(graph))
    path = np.array([[0.0, -8.0], [4.0, -3.0], [4.0, 3.0], [0.0, 8.0]])
    inner = {(into("s"), out_to("n")): path, (into("n"), out_to("s")): path[::-1]}
    network = build_network(crossing({arm: {} for arm in ("n", "s", "w")}, spec={"inner_paths": inner}))
    assert set(turns(network)) == {("s", "n"), ("n", "s"), ("w", "w")}
    middle = network.connectors.shape_xy[network.connectors.shape_start[:-1] + 4]
    assert middle[:2, 0].max() > 3.0, "the inner path was not followed"
