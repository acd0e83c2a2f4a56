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


@pytest.mark.filterwarnings("ignore:overflow encountered")
def test_every_lane_has_its_turn_in_all_of_its_loops_at_once():
    """Blocks of 20 m: each lane is part of many loops, and has to have its turn in all of them.

    Turns that came round loop by loop came together once in eight steps for some, and on a real net never.
    """
    network = build_network(grid_city(3, 3, 20.0))
    simulation = simulate(network, [], duration_s=60.0)
    simulation.run(1)
    city = plain(member_of, {})(simulation.model.fleet.cities, 0)
    needed = float(city.driver[0, table.LENGTH_M] + city.driver[0, table.MIN_GAP_M])
    has_room = plain(loops_have_room, {})
    lanes = np.flatnonzero(city.lane_i[table.KNOT, : network.lane_count] >= 0)
    assert lanes.size == 48
    turns = [sum(has_room(city, -1, lane, needed, float(step)) for step in range(STEPS)) for lane in lanes.tolist()]
    assert min(turns) >= STEPS // 5
