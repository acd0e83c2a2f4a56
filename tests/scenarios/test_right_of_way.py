"""Who goes first where streams meet."""

from __future__ import annotations

import numpy as np
import pytest

from citytwin.scenarios.junctions import build_network
from citytwin.scenarios.network import Control
from citytwin.scenarios.synthetic import grid_city, random_city

from .small_streets import crossing, mirrored, yields

FOUR = ("e", "n", "w", "s")


def control_of(network, junction="x"):
    return Control(network.junctions.control[network.junction_row[junction]])


def test_a_sign_yields_to_everybody_without_one():
    arms = {"e": {}, "w": {}, "s": {"sign": "give_way"}}
    network = build_network(crossing(arms))
    found = yields(network)
    assert (("s", "w"), ("w", "e")) in found
    assert (("s", "w"), ("e", "w")) in found
    assert not any(loser[0] != "s" and winner[0] == "s" for loser, winner in found)
    assert control_of(network) == Control.PRIORITY


def test_a_stop_sign_counts_more_than_the_rank_of_the_road():
    arms = {"e": {"road_class": "residential"}, "w": {"road_class": "residential"}}
    network = build_network(crossing(arms | {"s": {"road_class": "primary", "sign": "stop"}}))
    assert (("s", "w"), ("w", "e")) in yields(network)
    stops = network.connectors.stop
    from_link = network.lanes.link[network.connectors.from_lane]
    assert np.array_equal(stops, from_link == network.link_row["way/s>x"])


def test_the_higher_road_goes_first():
    arms = {"e": {"road_class": "primary"}, "w": {"road_class": "primary"}, "s": {}, "n": {}}
    found = yields(build_network(crossing(arms)))
    assert (("s", "n"), ("w", "e")) in found
    assert (("s", "n"), ("e", "s")) in found, "not even a left turn from the main road waits for the side road"
    assert (("s", "w"), ("n", "s")) in found
    assert not any(loser[0] in "ew" and winner[0] in "ns" for loser, winner in found)


@pytest.mark.parametrize("signalised", [True, False])
def test_turning_across_waits_for_oncoming_traffic(signalised):
    network = build_network(crossing({arm: {} for arm in FOUR}, spec={"signalised": signalised}))
    found = yields(network)
    assert (("s", "w"), ("n", "s")) in found
    assert (("s", "w"), ("n", "w")) in found, "nor does it cut in before the oncoming right turn"
    assert (("n", "s"), ("s", "w")) not in found


def test_turning_across_waits_for_an_oncoming_road_with_fewer_lanes():
    arms = {"e": {"lanes": 3, "backward_lanes": 1}, "w": {"lanes": 1, "backward_lanes": 3}, "s": {}}
    assert (("e", "s"), ("w", "e")) in yields(build_network(crossing(arms)))


def test_a_main_road_that_bends_keeps_its_priority():
    arms = {"w": {"road_class": "primary"}, "n": {"road_class": "primary"}, "e": {}}
    found = yields(build_network(crossing(arms)))
    assert (("e", "w"), ("w", "n")) in found
    assert (("w", "n"), ("e", "w")) not in found


def test_the_right_goes_first_among_equals_and_the_left_where_one_drives_on_the_left():
    network = build_network(crossing({arm: {} for arm in FOUR}))
    found = yields(network)
    assert (("s", "n"), ("e", "w")) in found  # heading north, the east is on the right
    assert (("e", "w"), ("s", "n")) not in found
    assert control_of(network) == Control.RIGHT_BEFORE_LEFT
    mirror = yields(build_network(crossing({arm: {} for arm in FOUR}, drives_on_left=True)))
    assert (("s", "n"), ("w", "e")) in mirror
    assert (("w", "e"), ("s", "n")) not in mirror


def test_straight_on_goes_before_turning_among_equals():
    found = yields(build_network(crossing({"e": {}, "w": {}, "s": {}})))
    assert (("s", "w"), ("e", "w")) in found
    assert (("e", "w"), ("s", "w")) not in found


def test_equals_in_the_united_states_all_stop():
    network = build_network(crossing({arm: {} for arm in FOUR}, country="US"))
    found = yields(network)
    assert control_of(network) == Control.ALL_WAY_STOP
    assert (("s", "n"), ("e", "w")) in found and (("e", "w"), ("s", "n")) in found
    assert network.connectors.stop[network.connectors.foe_start[:-1] < network.connectors.foe_start[1:]].all()
    main = {"e": {"road_class": "primary"}, "w": {"road_class": "primary"}, "s": {}, "n": {}}
    assert control_of(build_network(crossing(main, country="US"))) == Control.PRIORITY


def test_stop_signs_on_every_approach_are_an_all_way_stop():
    network = build_network(crossing({arm: {"sign": "stop"} for arm in FOUR}))
    assert control_of(network) == Control.ALL_WAY_STOP


@pytest.mark.parametrize("drives_on_left", [True, False])
def test_a_painted_ring_gives_way_to_who_circulates(drives_on_left):
    spec = {"mini_roundabout": True}
    found = yields(build_network(crossing({a: {} for a in FOUR}, spec=spec, drives_on_left=drives_on_left)))
    first, second = ("s", "n"), ("e", "w")
    assert ((first, second) in found) == drives_on_left  # round a ring on the left, traffic comes from the right
    assert ((second, first) in found) != drives_on_left


def test_a_ring_goes_before_who_enters_it():
    for seed in range(30):
        network = build_network(random_city(seed, rings=1.0, drives_on_left=seed % 2 == 1))
        ring = network.links.roundabout[network.lanes.link]
        c = network.connectors
        own = np.repeat(np.arange(c.movement.size), np.diff(c.foe_start))
        entering = ~ring[c.from_lane[own]] & ring[c.from_lane[c.foe]]
        assert np.all(c.foe_yield[entering])
        assert not np.any(c.foe_yield[ring[c.from_lane[own]] & ~ring[c.from_lane[c.foe]]])


def test_a_u_turn_waits_for_everybody():
    arrows = (("reverse", "left"), ("through", "right"))
    arms = {arm: {"lanes": 2, "backward_lanes": 2} for arm in FOUR}
    arms["s"] = arms["s"] | {"turn_lanes": arrows, "road_class": "primary"}
    found = yields(build_network(crossing(arms)))
    assert (("s", "s"), ("e", "s")) in found
    assert not any(winner == ("s", "s") for _, winner in found)


@pytest.mark.parametrize("lanes", [1, 2, 3])
def test_left_hand_traffic_yields_as_its_mirror_image(lanes):
    graph = grid_city(3, 3, lanes=lanes, gates=True)
    here, there = build_network(graph), build_network(mirrored(graph))
    for column in ("from_lane", "to_lane", "foe_start", "foe", "foe_kind", "foe_yield", "priority", "stop", "group"):
        assert np.array_equal(getattr(here.connectors, column), getattr(there.connectors, column)), column
    np.testing.assert_allclose(here.connectors.length_m, there.connectors.length_m)
    assert np.array_equal(here.signals.light, there.signals.light)
    assert np.array_equal(here.signals.phase_s, there.signals.phase_s)
