"""Which control runs each signal, and what greens it allows."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from pydantic import ValidationError
from traffic_case import make_scenario

from citytwin.scenarios.controllers import control_of, controlled_signal
from citytwin.scenarios.junctions import build_network
from citytwin.scenarios.synthetic import grid_city

GRID = build_network(grid_city(2, 2, 150.0, 2, gates=True))
NAMES = GRID.signals.id


def controls(*entries, network=GRID):
    return control_of(make_scenario(signals={"control": entries}).signals, network)


def test_nobody_follows_the_traffic_unless_told():
    assert controls() == [None] * len(NAMES)
    assert controls({"kind": "fixed"}) == [None] * len(NAMES)


def test_the_last_entry_that_speaks_of_a_junction_holds():
    found = controls(
        {"kind": "max_pressure"},
        {"kind": "actuated", "junctions": NAMES[:2]},
        {"kind": "fixed", "junctions": NAMES[1:2]},
        {"kind": "actuated", "road_classes": ["motorway"]},
    )
    assert [entry and entry.kind for entry in found] == ["actuated", None, "max_pressure", "max_pressure"]
    assert controls({"kind": "fixed", "priority": ["bus"]})[0].kind == "fixed"


def test_greens_are_as_told_and_long_enough_to_walk():
    (entry, *_) = controls({"kind": "actuated", "min_green_s": 5, "max_green_s": 12, "pedestrians": False})
    signal = controlled_signal(entry, GRID, 0)
    assert signal.least_s.tolist() == [5.0] * signal.stages.count
    assert signal.most_s.tolist() == [12.0] * signal.stages.count
    assert signal.recalled == (int(np.argmax(signal.stages.green_s)),)
    (entry, *_) = controls({"kind": "actuated", "min_green_s": 5, "max_green_s": 12})
    walking = controlled_signal(entry, GRID, 0)
    assert (walking.least_s == walking.stages.walk_s).all() and (walking.least_s > 12).all()
    assert (walking.most_s == walking.least_s).all(), "the longest is not below the shortest"
    assert walking.recalled == tuple(range(walking.stages.count))
    greens = {"kind": "actuated", "pedestrians": False, "min_greens_s": [5, 6], "max_greens_s": [20, 30]}
    signal = controlled_signal(controls(greens)[0], GRID, 0)
    assert (signal.least_s.tolist(), signal.most_s.tolist()) == ([5, 6], [20, 30])


def test_the_clock_with_priority_keeps_the_programmes_greens():
    signal = controlled_signal(controls({"kind": "fixed", "priority": ["bus"]})[0], GRID, 0)
    assert (signal.most_s == signal.stages.green_s).all()
    assert (signal.least_s <= signal.most_s).all()


def test_a_programme_that_is_actuated_in_its_source_stays_so():
    signals = GRID.signals
    shortest_s, longest_s = signals.phase_s.copy(), signals.phase_s.copy()
    longest_s[signals.phase_s > 10] = 60.0
    shortest_s[signals.phase_s > 10] = 6.0
    actuated = np.arange(len(NAMES)) == 1
    network = replace(GRID, signals=replace(signals, actuated=actuated, shortest_s=shortest_s, longest_s=longest_s))
    found = controls(network=network)
    assert [entry and entry.kind for entry in found] == [None, "actuated", None, None]
    signal = controlled_signal(found[1], network, 1)
    assert set(signal.least_s.tolist()) == {6.0} and set(signal.most_s.tolist()) == {60.0}
    assert not signal.skips and signal.recalled == ()
    assert controls({"kind": "fixed"}, network=network) == [None] * len(NAMES)


@pytest.mark.parametrize(
    "entry, says",
    [
        ({"kind": "actuated", "min_green_s": 20, "max_green_s": 10}, "must not be below min_green_s"),
        ({"kind": "actuated", "priority": ["tram"]}, "no such vehicle class"),
        ({"kind": "max_pressure", "passage_s": 3}, "Extra inputs"),
        ({"kind": "adaptive"}, "does not match any of the expected tags"),
        ({"kind": "python", "file": "nowhere.py", "name": "Mine"}, "no such file"),
        ({"kind": "actuated", "road_classes": ["avenue"]}, "no such road class"),
    ],
)
def test_what_cannot_be_is_refused(entry, says):
    with pytest.raises(ValidationError, match=says):
        controls(entry)


def test_a_signal_keeps_step_with_one_group_only():
    groups = [[NAMES[0], NAMES[1]], [NAMES[1], NAMES[2]]]
    with pytest.raises(ValidationError, match="twice"):
        make_scenario(signals={"coordination": {"groups": groups}})
