"""A fit keeps to what streets carry, where sensors alone would send everybody over one of them."""

from __future__ import annotations

from dataclasses import replace

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
from citytwin.sim.calibrate.runs import Simulated
from citytwin.sim.calibrate.weaving import WEAVES_VPH, LaneChanges

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


WEAVE = {
    "on": ("A", "M", Part(300.0, 1, 50.0)),
    "road": ("B", "M", Part(300.0, 2, 100.0)),
    "weave": ("M", "D", Part(100.0, 3, 100.0)),
    "off": ("D", "E", Part(300.0, 1, 50.0)),
    "on_road": ("D", "F", Part(300.0, 2, 100.0)),
}
WEAVE_AT = {**PLACES, "D": (100.0, 0.0), "E": (400.0, 30.0), "F": (400.0, -30.0)}


def test_a_short_link_carries_fewer_who_must_change_lanes():
    """Of the four ways through a weaving section, those from the ramp on and those to the other one must."""
    network = node_network(WEAVE_AT, WEAVE)
    names = [["on", "weave", "off"], ["on", "weave", "on_road"], ["road", "weave", "off"], ["road", "weave", "on_road"]]
    routes = [[network.link_row[name] for name in route] for route in names]
    changes = LaneChanges(network)
    weave = network.link_row["weave"]
    needed = [changes.on(np.array(route)) for route in routes]
    assert needed[3] == []
    assert sum(found == [weave] for found in needed) == 2
    flows = Flows.of([" ".join(route) for route in names], routes, 0.0, 3600.0)
    nothing = Observed.counts([], np.zeros(0, np.int32), 0.0, 3600.0, np.zeros(0))
    room = room_of(network, DRIVERS, flows, np.full(4, 500.0), parameters_of(4), nothing)
    assert room.link.tolist().count(weave) == 2
    np.testing.assert_array_equal(room.load[-1], [float(found == [weave]) for found in needed])
    assert room.most[-1] == pytest.approx(PRACTICAL * WEAVES_VPH, rel=0.01)


def test_less_may_be_asked_of_streets_but_not_less_than_was_counted():
    room = room_of_links(1000.0, 1000.0)
    np.testing.assert_array_equal(room.tighter(0.5).most, [500.0, 500.0])
    counted = replace(room, counted=np.array([0.0, 800.0]))
    np.testing.assert_array_equal(counted.tighter(0.5).most, [500.0, 800.0])


def test_where_sensors_leave_a_choice_streets_are_filled_alike():
    linear, loss = Linear(np.zeros(2), np.zeros(1), np.array([[1.0, 0.9]])), loss_of(np.array([1000.0]))
    room = Room(np.eye(2), np.array([800.0, 800.0]), np.arange(2))
    near = np.array([800.0, 200.0])
    plain = bounded_fit(linear, loss, parameters_of(2), room=room, near=near)
    even = bounded_fit(linear, loss, parameters_of(2), room=room, near=near, spread=1e-3)
    assert plain[0] > 700.0
    assert abs(even[0] - even[1]) < 100.0
    assert linear.predict(even) == pytest.approx([1000.0], rel=0.01)


def breaks_down(values, seeds):
    """One sensor counts both pairs. The first one's street jams above 600, well below what its lanes carry."""
    through = np.where(values[:, 0] > 600.0, 300.0, values[:, 0])
    passed = np.stack([through, 0.7 * values[:, 1]], axis=1)[:, np.newaxis]
    return Simulated(passed.sum(axis=2), passed, values.copy(), np.ones(len(values)), np.ones(len(values)))


def test_a_search_whose_first_step_queues_asks_less_of_streets():
    loss, room = loss_of(np.array([1000.0])), Room(np.eye(2), np.array([900.0, 1800.0]), np.arange(2))
    found = GaussNewton(Journal(breaks_down, 20), loss, parameters_of(2), weight_decay=1.0, room=room).run()
    assert found.simulated.counts[0] == pytest.approx([1000.0], rel=0.01)
    assert found.values[0] < 600.0
    assert found.room is not room
    alone = GaussNewton(Journal(breaks_down, 20), loss, parameters_of(2), weight_decay=1.0, replicas=False).run()
    assert alone.values[0] > 600.0  # in the queue
    assert alone.loss > found.loss


def locks_by_luck(values, seeds):
    """The same where the first one's street jams above 600 with every second seed only, and else carries all."""
    found = breaks_down(values, seeds)
    flows = np.array([seed % 2 == 0 for seed in seeds])
    passed = found.passed.copy()
    passed[flows, 0, 0] = values[flows, 0]
    return replace(found, counts=passed.sum(axis=2), passed=passed)


@pytest.mark.parametrize("seeds, holds", [((0,), False), ((0, 1, 2, 3), True)])
def test_what_some_seeds_lock_is_not_kept_where_several_judge(seeds, holds):
    loss, room = loss_of(np.array([1000.0])), Room(np.eye(2), np.array([900.0, 1800.0]), np.arange(2))
    journal = Journal(locks_by_luck, 60)
    found = GaussNewton(journal, loss, parameters_of(2), weight_decay=1.0, room=room, seeds=seeds).run()
    assert found.simulated.counts[0] == pytest.approx([1000.0], rel=0.01)
    assert (found.values[0] <= 600.0) == holds
    other = locks_by_luck(found.values[np.newaxis], [7]).counts[0]
    assert (other == pytest.approx([1000.0], rel=0.01)) == holds
    assert journal.runs <= 60


def test_a_lane_carries_what_the_idm_does_at_equilibrium():
    one = DRIVERS
    own = (one.headway_s, one.min_gap_m, one.max_accel_mps2, one.comfort_decel_mps2, one.length_m)
    largest, _ = Idm(50.0 / 3.6, *own).largest_flow()
    assert lane_capacity(one, 50.0 / 3.6) == pytest.approx(largest, rel=1e-3)
    krauss = one.model_copy(update={"model": "krauss"})
    assert lane_capacity(krauss, 50.0 / 3.6) == pytest.approx(
        3600.0 / (one.headway_s + (one.min_gap_m + one.length_m) / (50.0 / 3.6)), rel=0.01
    )
