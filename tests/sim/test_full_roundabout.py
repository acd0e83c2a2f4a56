"""A roundabout whose arms all want to go round it never locks: places stay free for who is on it."""

from __future__ import annotations

import math

import numpy as np
import pytest
from traffic_case import link_between, simulate
from traffic_laws import TrafficLaws
from yield_roads import roundabout

from citytwin.kernels import traffic_tables as table

ARMS = "enws"


@pytest.mark.parametrize("turns", [2, 3, 4])
def test_it_keeps_turning(turns):
    """Everybody leaves ``turns`` arms further on, and on every arm a queue waits all the time."""
    network = roundabout()
    rows = []
    for place, arm in enumerate(ARMS):
        leaves = ARMS[(place + turns) % 4]
        origin, destination = link_between(arm, f"ring {arm}"), link_between(f"ring {leaves}", leaves)
        rows += [(f"{arm}{k}", 3.0 * k, origin, destination, 0, 0.0, math.inf) for k in range(200)]
    simulation = simulate(network, rows, duration_s=900.0, routes={"reroute_blocked_after_s": "never"})
    laws = TrafficLaws(simulation)
    ring = network.links.roundabout[network.lanes.link]
    last_move_s, before = 60.0, 0  # the arms are long
    for step in range(600):
        laws.step()
        went_out = simulation.model.fleet.cities.lane_i[0, table.WENT_OUT, : network.lane_count][ring].sum()
        if went_out != before:
            last_move_s, before = float(step), went_out
        assert step - last_move_s < 30.0, f"nobody on the ring has moved since {last_move_s} s"
    assert np.isfinite(simulation.model.fleet.vehicles.arrived_s[0]).sum() > 100
