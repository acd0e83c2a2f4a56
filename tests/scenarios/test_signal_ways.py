"""Programmes taken apart into stages, and the ways between any two of them."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from citytwin.scenarios.junctions import build_network
from citytwin.scenarios.network import Light
from citytwin.scenarios.network_laws import programme
from citytwin.scenarios.signal_ways import lights_for, stage_rows, stages_of
from citytwin.scenarios.synthetic import grid_city, random_city

from .small_streets import crossing

FOUR = ("e", "n", "w", "s")
G, g, y, r = Light.GREEN, Light.GREEN_YIELD, Light.YELLOW, Light.RED
PROTECTED = build_network(crossing({arm: {"lanes": 3, "backward_lanes": 3} for arm in FOUR}, spec={"signalised": True}))


@pytest.mark.parametrize(
    "lights, seconds, rows",
    [
        ([[G, r], [y, r], [r, r], [r, G], [r, y], [r, r]], [30, 3, 1, 20, 3, 1], [0, 3]),
        ([[G, r], [y, r], [r, G], [r, y]], [30, 3, 20, 3], [0, 2]),  # no all-red
        ([[G, G, r], [G, y, r], [G, r, r], [G, r, G], [y, r, y]], [30, 3, 2, 20, 3], [0, 3]),  # clears beside a green
        ([[G, G, r], [G, y, r], [G, r, r], [G, r, G], [y, r, y]], [30, 3, 12, 20, 3], [0, 2, 3]),  # too long to clear
        ([[G], [y], [r], [r], [r]], [30, 3, 1, 11, 1], [0, 3]),  # people cross while everybody stands
        ([[g, r], [G, r], [y, r], [r, G], [r, y]], [10, 10, 3, 20, 3], [0, 1, 3]),
        ([[G, g]], [60], [0]),
        ([[r, r]], [5], []),
    ],
)
def test_stages_are_told_from_what_lies_between(lights, seconds, rows):
    assert stage_rows(np.array(lights, np.int8), np.array(seconds, float)) == rows


def test_the_way_to_the_next_stage_is_the_programmes_own():
    stages = stages_of(PROTECTED, 0)
    phase_s, lights = programme(PROTECTED.signals, 0)
    assert stages.count == 4
    unfolded = [
        row for k in range(4) for row in [stages.light[k].tolist(), *stages.ways[k, (k + 1) % 4].light.tolist()]
    ]
    assert unfolded == lights.tolist()
    seconds = [s for k in range(4) for s in (stages.green_s[k], *stages.ways[k, (k + 1) % 4].phase_s)]
    assert seconds == phase_s.tolist()
    assert stages.begins_s[0] == 0.0 and (np.diff(stages.begins_s) > 0).all()


@given(number=st.integers(0, 100_000))
def test_every_way_ends_greens_by_yellow_and_red_and_begins_none(number):
    network = build_network(random_city(number, 6))
    for controller in range(len(network.signals.id)):
        stages = stages_of(network, controller)
        for (i, j), way in stages.ways.items():
            was, will = stages.light[i] >= g, stages.light[j] >= g
            rows = [stages.light[i], *way.light, stages.light[j]]
            for before, after in pairwise(rows):
                assert not ((before >= g) & (after == r)).any()
                assert not ((before == y) & (after >= g)).any()
                begun = (before < g) & (after >= g)
                assert not begun.any() or after is rows[-1]
            assert all(((row >= g) | ~(was & will)).all() for row in way.light), "a green that goes on is interrupted"
            ends, begins = (was & ~will).any(), (will & ~was).any()
            assert not ends or sum(way.phase_s) >= 3 + begins
            assert all(seconds > 0 for seconds in way.phase_s)


def test_a_way_that_the_programme_lacks_clears_the_junction_no_shorter():
    """Backwards through the stages: as much yellow, and all-red in the bounds of a planned one."""
    stages = stages_of(PROTECTED, 0)
    for (i, j), way in stages.ways.items():
        if j != (i + 1) % stages.count:
            yellow_s, red_s = way.phase_s
            assert yellow_s == 3.0
            assert 1.0 <= red_s <= 6.0


def test_people_need_time_for_the_width_of_the_road():
    narrow, wide = (build_network(grid_city(1, 1, 100.0, lanes, gates=True)) for lanes in (1, 3))
    for network, lanes in ((narrow, 2), (wide, 6)):
        stages = stages_of(network, 0)
        crossed = stages.walk_s[stages.walk_s > 0]
        assert crossed.size and (crossed == np.ceil(5.0 + lanes * 3.0 / 1.2)).all()


def test_lights_for_some_groups_say_what_meets():
    network = build_network(grid_city(1, 1, 100.0, 1, gates=True))
    stages = stages_of(network, 0)
    for k in range(stages.count):
        light, wrong = lights_for(network, 0, set(np.flatnonzero(stages.light[k] >= g).tolist()))
        assert not wrong
        assert (light == stages.light[k]).all(), "the planner shows the same"
    _, wrong = lights_for(network, 0, set(range(network.signals.group_count[0])))
    assert "meet, and neither gives way" in wrong
