"""Fixed-time programmes."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from citytwin.scenarios.junctions import build_network
from citytwin.scenarios.network import Control, Light
from citytwin.scenarios.network_laws import check_network, programme
from citytwin.scenarios.signal_plans import webster_cycle, webster_greens
from citytwin.scenarios.signal_stages import yellow_s
from citytwin.scenarios.synthetic import grid_city

from .small_streets import crossing, into, out_to

FOUR = ("e", "n", "w", "s")
SIGNAL = {"signalised": True}


def lights_of(network, start, end):
    """Lights of a movement, ``[phase]``."""
    c = network.connectors
    link = network.lanes.link
    row = next(
        i
        for i in range(c.movement.size)
        if link[c.from_lane[i]] == network.link_row[into(start)] and link[c.to_lane[i]] == network.link_row[out_to(end)]
    )
    return programme(network.signals, int(c.signal[row]))[1][:, c.group[row]]


def test_webster_agrees_with_the_published_values(data):
    cases = json.loads((data / "traffic" / "signals.json").read_text())["cases"]
    cases = [case for case in cases if case["id"].startswith("webster_cycle")]
    assert cases
    for case in cases:
        ratios, lost = case["setup"]["critical_flow_ratios"], case["setup"]["lost_time_s"]
        cycle = webster_cycle(ratios, lost)
        assert cycle == pytest.approx(case["expected"]["cycle"]["value"], rel=1e-3)
        greens = webster_greens(ratios, lost, cycle)
        assert greens == pytest.approx(case["expected"]["effective_greens"]["rows"], rel=1e-3)


def test_webster_has_no_cycle_for_too_much_traffic():
    assert webster_cycle([0.6, 0.4], 10) == np.inf


@pytest.mark.parametrize("kmh, seconds", [(30, 3), (50, 3), (60, 4), (70, 5), (100, 5)])
def test_yellow_grows_with_speed(kmh, seconds):
    assert yellow_s(kmh / 3.6) == seconds


def test_opposite_approaches_share_a_stage_and_left_turns_wait_for_a_gap():
    network = build_network(crossing({arm: {} for arm in FOUR}, spec=SIGNAL))
    check_network(network)
    straight = lights_of(network, "s", "n")
    assert np.array_equal(straight, lights_of(network, "n", "s"))
    left = lights_of(network, "s", "w")
    assert np.array_equal(left == Light.GREEN_YIELD, straight == Light.GREEN)
    side = lights_of(network, "e", "w")
    assert not np.any((side >= Light.GREEN_YIELD) & (straight >= Light.YELLOW))
    assert programme(network.signals, 0)[0].size == 6  # green, yellow, all-red, twice


def test_left_turns_with_a_lane_of_their_own_against_two_lanes_get_a_stage():
    arms = {arm: {"lanes": 3, "backward_lanes": 3} for arm in FOUR}
    network = build_network(crossing(arms, spec=SIGNAL))
    check_network(network)
    left, straight = lights_of(network, "s", "w"), lights_of(network, "n", "s")
    assert np.any(left == Light.GREEN)
    assert not np.any((left >= Light.GREEN_YIELD) & (straight >= Light.GREEN_YIELD))


def test_fast_oncoming_traffic_protects_left_turns_too():
    arrows = (("left",), ("through", "right"))
    arms = {arm: {"lanes": 2, "backward_lanes": 1, "turn_lanes": arrows} for arm in ("n", "s")}
    slow = build_network(crossing(arms | {"e": {}, "w": {}}, spec=SIGNAL))
    assert np.any(lights_of(slow, "s", "w") == Light.GREEN_YIELD)
    fast = {arm: options | {"speed_kmh": 70.0} for arm, options in arms.items()}
    network = build_network(crossing(fast | {"e": {}, "w": {}}, spec=SIGNAL))
    assert not np.any(lights_of(network, "s", "w") == Light.GREEN_YIELD)
    assert 5.0 in network.signals.phase_s


def test_a_turn_that_meets_nobody_keeps_its_green():
    """One-way street from the south into a T: whoever turns right from the east meets nobody who turns left."""
    arms = {
        "n": {"inward": True, "lanes": 2},
        "s": {"outward": True, "lanes": 2},
        "e": {"lanes": 2, "backward_lanes": 2},
    }
    network = build_network(crossing(arms | {"w": {"lanes": 2, "backward_lanes": 2}}, spec=SIGNAL))
    check_network(network)
    for column in lights_of(network, "n", "s"), lights_of(network, "e", "w"), lights_of(network, "w", "s"):
        assert np.any(column >= Light.GREEN_YIELD) and np.any(column == Light.RED)


def test_approaches_that_never_meet_share_a_stage():
    arms = {"w": {"inward": True}, "n": {"outward": True}, "e": {"inward": True}, "s": {"outward": True}}
    banned = frozenset({(into("w"), out_to("s")), (into("e"), out_to("n")), (into("e"), out_to("w"))})
    network = build_network(crossing(arms, spec=SIGNAL | {"banned": banned}))
    check_network(network)
    assert np.array_equal(lights_of(network, "w", "n"), lights_of(network, "e", "s"))


def test_one_signalled_approach_makes_a_signal():
    graph = crossing({arm: {} for arm in FOUR})
    streets = list(graph.streets)
    row = next(k for k, street in enumerate(streets) if street.id == into("s"))
    streets[row] = replace(streets[row], signalised=True)
    network = build_network(replace(graph, streets=tuple(streets)))
    assert network.junctions.control[network.junction_row["x"]] == Control.SIGNAL
    check_network(network)


@pytest.mark.parametrize("flag", ["crossing_signal", "signalised"])
def test_a_signal_in_mid_block_stops_for_people_on_foot(flag):
    network = build_network(crossing({"e": {"lanes": 2, "backward_lanes": 2}, "w": {"lanes": 2}}, spec={flag: True}))
    check_network(network)
    durations, lights = programme(network.signals, 0)
    walking = durations[(lights == Light.RED).all(axis=1)].sum()
    assert walking >= 5.0 + 12.0 / 1.2
    assert durations[(lights == Light.GREEN).all(axis=1)].sum() > 20.0


def test_people_have_time_to_cross_the_wide_road():
    wide = {"lanes": 3, "backward_lanes": 3, "road_class": "primary"}
    network = build_network(crossing({"e": wide, "w": wide, "n": {}, "s": {}}, spec=SIGNAL))
    durations, _ = programme(network.signals, 0)
    side_green = durations[lights_of(network, "s", "n") >= Light.GREEN_YIELD].sum()
    assert side_green >= 5.0 + 18.0 / 1.2


def test_the_busier_road_has_more_green():
    main = {"lanes": 2, "backward_lanes": 2, "road_class": "primary"}
    network = build_network(crossing({"e": main, "w": main, "n": {}, "s": {}}, spec=SIGNAL))
    durations, _ = programme(network.signals, 0)
    east = durations[lights_of(network, "e", "w") >= Light.GREEN_YIELD].sum()
    north = durations[lights_of(network, "n", "s") >= Light.GREEN_YIELD].sum()
    assert east > 1.3 * north


def test_neighbours_share_a_cycle_and_make_a_green_wave():
    network = build_network(grid_city(1, 6, gates=True))
    signals = network.signals
    cycles = [programme(signals, row)[0].sum() for row in range(len(signals.id))]
    assert len(set(cycles)) == 1
    starts = []
    for row in np.argsort(signals.id):
        durations, lights = programme(signals, row)
        c = network.connectors
        east = network.link_row[f"way/node/000-00{row - 1}>node/000-00{row}" if row else "way/gate/w000>node/000-000"]
        column = c.group[network.lanes.connector_start[network.links.lane_start[east] + 1]]
        before = np.flatnonzero(lights[:, column] >= Light.GREEN_YIELD)[0]
        starts.append(signals.offset_s[row] + durations[:before].sum())
    travel = 180 / (50 / 3.6)
    steps = np.diff(starts) % cycles[0]
    off = np.minimum(np.abs(steps - travel), np.abs(cycles[0] - steps - travel))
    assert np.all(off <= 0.5), "offsets are the driving time in one direction"


def test_signals_far_apart_go_their_own_way():
    network = build_network(grid_city(2, 2, block_m=400, gates=True))
    assert np.all(network.signals.offset_s == 0.0)


def test_durations_are_whole_seconds():
    network = build_network(grid_city(3, 4, lanes=3, gates=True))
    assert np.array_equal(network.signals.phase_s, np.round(network.signals.phase_s))
    assert np.array_equal(network.signals.offset_s, np.round(network.signals.offset_s))


def test_without_people_on_foot_narrow_roads_get_as_little_green_as_their_traffic_needs():
    arms = {arm: {"road_class": "primary", "lanes": 3, "backward_lanes": 3} for arm in ("n", "s")}
    graph = crossing(arms | {arm: {"road_class": "residential"} for arm in ("e", "w")}, spec=SIGNAL)
    least_s = {}
    for people_cross in (True, False):
        network = build_network(replace(graph, people_cross=people_cross))
        check_network(network)
        phase_s, _ = programme(network.signals, 0)
        side = lights_of(network, "e", "w") >= Light.GREEN_YIELD
        least_s[people_cross] = phase_s[side].sum()
    assert least_s[True] >= 5 + 6 * 3.0 / 1.2
    assert least_s[False] < least_s[True]
