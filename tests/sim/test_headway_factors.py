"""Roads of a class on which drivers keep longer or shorter headways: a lane carries as much less or more."""

from __future__ import annotations

import numpy as np
import pytest
from micro_traffic import discharge_vph, signal_road
from traffic_case import write_scenario

from citytwin.scenarios.capacity import lane_capacity
from citytwin.scenarios.drivers import Drivers
from citytwin.scenarios.planned_streets import with_headway_factors
from citytwin.scenarios.scenario import load_scenario
from citytwin.sim.run import network_of, trips_of
from citytwin.sim.simulation import Simulation

ALIKE = {"speed_factor_sd": 0.0}
CLASS = "secondary"  # of the roads of ``micro_traffic``


def queue_vph(factor: float) -> float:
    """Flow of a queue at a signal whose drivers keep headways that much longer."""
    return discharge_vph(with_headway_factors(signal_road(), {CLASS: factor}), ALIKE)


@pytest.mark.parametrize("factor", [1.3, 2.0])
def test_a_queue_leaves_with_headways_as_much_longer(factor: float) -> None:
    own, longer, drivers = queue_vph(1.0), queue_vph(factor), Drivers(**ALIKE)
    assert 3600.0 / longer - 3600.0 / own == pytest.approx((factor - 1.0) * drivers.headway_s, rel=0.1)
    limit_mps = 50.0 / 3.6
    wanted = lane_capacity(drivers, limit_mps, factor) / lane_capacity(drivers, limit_mps)
    assert longer / own == pytest.approx(wanted, rel=0.08)


def test_shorter_ones_let_more_pass_as_far_as_drivers_accelerate() -> None:
    assert 1.1 * queue_vph(1.0) < queue_vph(0.7) < 1.24 * queue_vph(1.0)


def hash_of(folder, **keys) -> str:
    """What a town comes to after five minutes."""
    folder.mkdir()
    demand = [{"kind": "random_trips", "per_hour": 1500, "end_s": 300}]
    scenario = load_scenario(write_scenario(folder, demand=demand, duration_s=300, **keys))
    network = network_of(scenario)
    simulation = Simulation(scenario, network, trips_of(scenario, network))
    simulation.run(300.0)
    return simulation.model.fleet.state_hash()


def test_a_factor_of_one_changes_nothing_to_the_bit(tmp_path) -> None:
    plain = hash_of(tmp_path / "plain")
    assert hash_of(tmp_path / "one", network={"headway_factors": {CLASS: 1.0}}) == plain
    assert hash_of(tmp_path / "other", network={"headway_factors": {"motorway": 2.0}}) == plain
    assert hash_of(tmp_path / "longer", network={"headway_factors": {CLASS: 1.2}}) != plain


def test_only_roads_of_the_class_have_it() -> None:
    road = with_headway_factors(signal_road(), {CLASS: 1.4, "motorway": 2.0})
    np.testing.assert_array_equal(road.links.headway_factor, np.full(road.link_count, 1.4))
    np.testing.assert_array_equal(with_headway_factors(road, {"motorway": 2.0}).links.headway_factor, 1.0)
