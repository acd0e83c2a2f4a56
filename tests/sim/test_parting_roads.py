"""Lanes are changed until a road parts, among those who already know that they may go on."""

from __future__ import annotations

import numpy as np
import pytest
from micro_traffic import Part
from wave_roads import NO_DETOURS, node_network, simulate, watch

from citytwin.kernels import traffic_tables as table

PLACES = {
    "A": (-500.0, 20.0),
    "B": (-500.0, -20.0),
    "M": (0.0, 0.0),
    "N": (150.0, 0.0),
    "C": (650.0, 20.0),
    "D": (650.0, -20.0),
}
LINKS = {
    "a": ("A", "M", Part(500.0, 1, 110.0)),
    "b": ("B", "M", Part(500.0, 1, 110.0)),
    "w": ("M", "N", Part(150.0, 2, 110.0)),
    "c": ("N", "C", Part(500.0, 1, 110.0)),
    "d": ("N", "D", Part(500.0, 1, 110.0)),
}


@pytest.fixture(scope="module")
def network():
    """Two motorways of one lane run side by side for 150 m, less than drivers need to stop."""
    return node_network(PLACES, LINKS)


@pytest.mark.parametrize("depart_s", [25.0, 26.0])
def test_a_driver_finds_a_place_in_a_stream_that_is_about_to_go_on(network, depart_s):
    """Who comes in on the right and leaves on the left, beside vehicles 85 m apart, need not stop for their sake."""
    stream = [(f"stream {k}", 3.0 * k, "a", "c", 0, 0.0, 1e9) for k in range(25)]
    log = watch(network, [*stream, ("changes", depart_s, "b", "c", 0, 0.0, 1e9)], 130.0, step_s=1.0, routes=NO_DETOURS)
    mine = int(np.flatnonzero((log.link == network.link_row["b"]).any(axis=0))[0])
    beside = log.link[:, mine] == network.link_row["w"]
    assert beside.any()
    assert log.speed_mps[beside, mine].min() > 15.0
    assert np.isfinite(log.arrived_s).all()


def test_what_is_promised_beyond_is_kept_in_step(network):
    """Once everybody is gone nothing is promised to anybody, however many changed lanes at the last moment."""
    rng = np.random.default_rng(5)
    ways = [("a", "c"), ("a", "d"), ("b", "c"), ("b", "d")]
    rows = [(str(k), float(t), *ways[k % 4], 0, 0.0, 1e9) for k, t in enumerate(np.sort(rng.uniform(0, 150, 60)))]
    simulation = simulate(network, rows, duration_s=600, routes=NO_DETOURS)
    simulation.run()
    cities = simulation.model.fleet.cities
    assert cities.counter[0, table.LANE_CHANGES] > 20
    assert np.abs(cities.lane_f[0, table.INBOUND_M]).max() < 1e-6
    assert (simulation.model.fleet.vehicles.status[0] == table.ARRIVED).all()
