"""Equilibria of simulated traffic against closed forms: a bottleneck with a way round it, and Braess' paradox."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from reference_cases import hold
from two_routes import braess, evenly, on_roads, two_routes, who_uses

from citytwin.scenarios.network import RoadNetwork
from citytwin.sim.equilibrium import Settled
from citytwin.sim.everyday import settle
from citytwin.sim.simulation import Simulation

Note = Callable[[str, Any], None]
CAPACITY, DEMAND, UNTIL_S = 0.3, 0.5, 1500.0  # vehicles a second; s


def settled(network: RoadNetwork, demand: float, duration_s: float, **routes: Any) -> Settled:
    scenario = on_roads(duration_s, routes)
    return settle(scenario, network, evenly(network, demand, UNTIL_S), tell=lambda _: None)


@pytest.mark.parametrize("longer_s", [30.0, 60.0])
def test_flows_of_a_corridor_with_two_routes(longer_s: float, record_property: Note) -> None:
    """Within 3 % of a point queue's equilibrium, and who drives each way takes as long.

    All take the short route until its queue costs as much as the way round, then as many as the bottleneck carries.
    """
    network = two_routes(CAPACITY, longer_s)
    scenario = on_roads(2200.0, {"iterations": 40, "gap": 0.01})
    found = settle(scenario, network, evenly(network, DEMAND, UNTIL_S), tell=lambda _: None)
    fills_s = longer_s / (DEMAND / CAPACITY - 1.0)
    wanted = DEMAND * fills_s + CAPACITY * (UNTIL_S - fills_s)
    short = who_uses(network, found.trips, "short")
    ours = float(short.sum())
    hold(record_property, "trips on the short route", ours, (0.97 * wanted, 1.03 * wanted), "trips")
    hold(record_property, "relative gap", found.chosen.relative_gap, (0.0, 0.02))
    run = Simulation(scenario, network, found.trips)
    run.run()
    vehicles = run.model.fleet.vehicles
    took_s, later = vehicles.arrived_s[0] - found.trips.depart_s, found.trips.depart_s > fills_s
    ways = [took_s[later & some].mean() for some in (short, ~short)]
    hold(record_property, "time on the short way over that round it", ways[0] / ways[1], (0.97, 1.03))


def test_nobody_goes_round_a_bottleneck_that_is_not_full() -> None:
    network = two_routes(CAPACITY, 30.0)
    found = settled(network, 0.8 * CAPACITY, 2000.0, iterations=12, gap=1e-6)
    assert found.iterations[0].relative_gap > 0.005
    assert found.chosen.relative_gap == 0.0
    assert who_uses(network, found.trips, "short").all()


def test_with_a_bridge_everybody_takes_longer(record_property: Note) -> None:
    """Braess (1968), with queues: the bridge lets all crowd both bottlenecks until the queues have cost its gain."""
    without, with_bridge = (settled(braess(0.24, bridge=bridge), 0.4, 2700.0, iterations=9) for bridge in (False, True))
    used = who_uses(braess(0.24, bridge=True), with_bridge.trips, "bridge")
    assert 0.1 <= used.mean() <= 0.9
    longer = with_bridge.chosen.mean_travel_s / without.chosen.mean_travel_s - 1.0
    hold(record_property, "mean travel time with the bridge, more than without", longer, (0.05, np.inf))
