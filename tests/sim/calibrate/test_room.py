"""A fit keeps to what streets carry, where sensors alone would send everybody over one of them."""

from __future__ import annotations

import numpy as np
import pytest
from counting_model import CountingModel, loss_of, parameters_of
from idm_theory import Idm
from micro_traffic import Part
from wave_roads import node_network

from citytwin.scenarios.capacity import lane_capacity
from citytwin.scenarios.drivers import Drivers
from citytwin.scenarios.observed import Observed
from citytwin.sim.calibrate.flows import Flows
from citytwin.sim.calibrate.gauss_newton import GaussNewton
from citytwin.sim.calibrate.journal import Journal
from citytwin.sim.calibrate.proportions import Linear, bounded_fit
from citytwin.sim.calibrate.room import PRACTICAL, Room, room_of

DRIVERS = Drivers(speed_factor_sd=0.0)
RAMPS = {
    "r": ("A", "M", Part(300.0, 1, 50.0)),
    "s": ("B", "M", Part(300.0, 2, 100.0)),
    "t": ("M", "D", Part(300.0, 3, 100.0)),
}
PLACES = {"A": (-300.0, 30.0), "B": (-300.0, -30.0), "M": (0.0, 0.0), "D": (300.0, 0.0)}


def room_of_links(*most: float) -> Room:
    """Links that every second pair goes over, with room for so many vehicles."""
    load = np.zeros((len(most), 2 * len(most)))
    load[np.arange(len(most)), 2 * np.arange(len(most))] = 1.0
    return Room(load, np.array(most), np.arange(len(most)))


def test_who_does_not_fit_on_one_street_comes_by_another():
    """One sensor counts both pairs; the least change would share its 1,000 between them."""
    linear, loss = Linear(np.zeros(2), np.zeros(1), np.ones((1, 2))), loss_of(np.array([1000.0]))
    free = bounded_fit(linear, loss, parameters_of(2))
    held = bounded_fit(linear, loss, parameters_of(2), room=room_of_links(300.0))
    np.testing.assert_allclose(free, [500.0, 500.0], rtol=1e-3)
    np.testing.assert_allclose(held, [300.0, 700.0], rtol=1e-3)


def test_room_that_is_not_needed_changes_nothing():
    linear, loss = Linear(np.zeros(2), np.zeros(1), np.ones((1, 2))), loss_of(np.array([1000.0]))
    free = bounded_fit(linear, loss, parameters_of(2))
    assert (bounded_fit(linear, loss, parameters_of(2), room=room_of_links(501.0)) == free).all()


def test_the_search_keeps_to_it():
    model = CountingModel(np.array([[1.0, 1.0], [1.0, 0.5]]))
    loss = loss_of(np.array([900.0, 900.0]))  # the first pair alone would explain both
    free = GaussNewton(Journal(model, 10), loss, parameters_of(2), enough=1e-6).run()
    held = GaussNewton(Journal(model, 10), loss, parameters_of(2), enough=1e-6, room=room_of_links(400.0)).run()
    assert free.values[0] == pytest.approx(900.0, rel=0.01)
    assert held.values[0] == pytest.approx(400.0, rel=0.3)


def test_links_carry_what_their_lanes_do_and_at_least_what_was_counted():
    network = node_network(PLACES, RAMPS)
    rows = [network.link_row[name] for name in "rst"]
    flows = Flows.of(["over the ramp", "on the road"], [[rows[0], rows[2]], [rows[1], rows[2]]], 0.0, 3600.0)
    counted = Observed.counts(["road"], np.array(rows[1:2], np.int32), 0.0, 3600.0, np.array([9000.0]))
    room = room_of(network, DRIVERS, flows, np.array([500.0, 500.0]), parameters_of(2), counted)
    assert room.link.tolist() == sorted(rows)
    by_name = dict(zip((network.links.id[row] for row in room.link), range(3), strict=True))
    ramp, road, both = (by_name[name] for name in "rst")
    np.testing.assert_allclose(room.load[[ramp, road, both]], [[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
    assert room.most[ramp] == pytest.approx(PRACTICAL * lane_capacity(DRIVERS, 50.0 / 3.6), rel=0.01)
    assert room.most[road] == 9000.0


def test_a_lane_carries_what_the_idm_does_at_equilibrium():
    one = DRIVERS
    own = (one.headway_s, one.min_gap_m, one.max_accel_mps2, one.comfort_decel_mps2, one.length_m)
    largest, _ = Idm(50.0 / 3.6, *own).largest_flow()
    assert lane_capacity(one, 50.0 / 3.6) == pytest.approx(largest, rel=1e-3)
    krauss = one.model_copy(update={"model": "krauss"})
    assert lane_capacity(krauss, 50.0 / 3.6) == pytest.approx(
        3600.0 / (one.headway_s + (one.min_gap_m + one.length_m) / (50.0 / 3.6)), rel=0.01
    )
