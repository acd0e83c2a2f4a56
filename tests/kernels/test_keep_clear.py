"""Who waits for a place on short loops gets one in the end."""

from __future__ import annotations

import numpy as np
import pytest
from row_conflicts import plain
from traffic_case import simulate

from citytwin.kernels import traffic_tables as table
from citytwin.kernels.keep_clear import loops_have_room
from citytwin.kernels.members import member_of
from citytwin.scenarios.junctions import build_network
from citytwin.scenarios.synthetic import grid_city

STEPS = 40


@pytest.fixture(scope="module")
def blocks():
    """A city of blocks of 20 m, the lanes of its loops, and the question whether somebody may enter one in a step."""
    network = build_network(grid_city(3, 3, 20.0))
    simulation = simulate(network, [], duration_s=60.0)
    simulation.run(1)
    city = plain(member_of, {})(simulation.model.fleet.cities, 0)
    needed = float(city.driver[0, table.LENGTH_M] + city.driver[0, table.MIN_GAP_M])
    has_room = plain(loops_have_room, {})
    lanes = np.flatnonzero(city.lane_i[table.KNOT, : network.lane_count] >= 0)
    assert lanes.size == 48

    def may_enter(lane: int, step: int, wanted: np.ndarray) -> bool:
        city.lane_i[table.WANTED_BEFORE] = -1
        city.lane_i[table.WANTED_BEFORE, wanted] = step
        return bool(has_room(city, -1, lane, needed, float(step)))

    return lanes, may_enter


@pytest.mark.filterwarnings("ignore:overflow encountered")
def test_every_lane_has_its_turn_in_all_of_its_loops_at_once(blocks):
    """Each lane is part of many loops, and has to have its turn in all of them.

    Turns that came round loop by loop came together once in eight steps for some, and on a real net never.
    """
    lanes, may_enter = blocks
    turns = [sum(may_enter(lane, step, lanes) for step in range(STEPS)) for lane in lanes.tolist()]
    assert STEPS // 5 <= min(turns) and max(turns) < STEPS


@pytest.mark.filterwarnings("ignore:overflow encountered")
def test_only_lanes_that_somebody_asked_for_draw_lots(blocks):
    """Who asks alone enters in the next step, whatever the lots of the others are; who has not asked, does not."""
    lanes, may_enter = blocks
    for lane in lanes[::7].tolist():
        assert all(may_enter(lane, step, np.array([lane])) for step in range(STEPS))
        assert not any(may_enter(lane, step, lanes[lanes != lane]) for step in range(STEPS))
