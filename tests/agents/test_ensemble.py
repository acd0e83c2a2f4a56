"""Members of an ensemble with demands of their own do what they would do alone."""

from __future__ import annotations

import numpy as np
import pytest
from traffic_case import make_scenario, road_of

from citytwin.agents.ensemble import side_by_side
from citytwin.agents.fleet import build_fleet
from citytwin.scenarios.observed import Observed
from citytwin.sim.calibrate.flows import Flows
from citytwin.sim.calibrate.runs import GroupRuns

ROAD = road_of([300.0, 300.0, 300.0], speed_kmh=50.0)
FLOWS = Flows.of(["through", "first half"], [[0, 1, 2], [0, 1]], 0.0, 240.0)
LINKS = np.array([0, 1, 2], np.int32)
OBSERVED = Observed.counts(
    ["a", "b", "c", "c later"], LINKS[[0, 1, 2, 2]], 0.0, np.array([400.0, 400.0, 180.0, 400.0]), np.ones(4)
)
NUMBERS = np.array([[60.0, 20.0], [10.0, 0.0], [0.0, 90.5]])


@pytest.fixture(scope="module")
def runs():
    return GroupRuns(ROAD, make_scenario().drivers, FLOWS, OBSERVED)


@pytest.fixture(scope="module")
def together(runs):
    return runs(NUMBERS, [3, 3, 4])


def test_members_are_single_runs_to_the_last_vehicle(runs, together):
    for member, seed in enumerate([3, 3, 4]):
        alone = runs(NUMBERS[member : member + 1], [seed])
        for name in ("counts", "passed", "departed", "entered", "arrived"):
            np.testing.assert_array_equal(getattr(alone, name)[0], getattr(together, name)[member], err_msg=name)
    assert runs.runs == 6


def test_states_are_the_same_bit_for_bit(runs):
    fleets = [runs.fleet(number, seed)[0] for number, seed in zip(NUMBERS, [3, 3, 4], strict=True)]
    alone = [runs.fleet(number, seed)[0] for number, seed in zip(NUMBERS, [3, 3, 4], strict=True)]
    ensemble = side_by_side(fleets)
    ensemble.advance(0, 120)
    for member, fleet in enumerate(alone):
        fleet.advance(0, 120)
        size = len(fleet.trips)
        np.testing.assert_array_equal(ensemble.cities.vehicle_f[member, :size], fleet.cities.vehicle_f[0])
        np.testing.assert_array_equal(ensemble.cities.lane_f[member], fleet.cities.lane_f[0])
        assert (ensemble.vehicles.status[member, size:] == 0).all()


def test_streams_add_up_to_the_counts(together):
    np.testing.assert_array_equal(together.passed.sum(axis=2), together.counts)
    np.testing.assert_array_equal(together.passed[:, 2:, 1], 0.0)  # who stops after the second link
    assert together.counts[0, 2] < together.counts[0, 3]


def test_nobody_is_lost_on_a_free_road(together):
    np.testing.assert_array_equal(together.counts[1], [10.0, 10.0, together.counts[1, 2], 10.0])
    assert together.entered.tolist() == [1.0, 1.0, 1.0]
    assert together.arrived[1] == 1.0


def test_fractions_depart_on_average():
    count = [FLOWS.departures(np.array([2.25, 0.0]), seed)[0].size for seed in range(400)]
    assert set(count) == {2, 3}
    assert np.mean(count) == pytest.approx(2.25, abs=0.08)


def test_departures_are_even_and_in_order():
    flow, depart_s = FLOWS.departures(np.array([24.0, 12.0]), 5)
    assert (np.diff(depart_s) >= 0.0).all()
    for stream, gap_s in ((0, 10.0), (1, 20.0)):
        np.testing.assert_allclose(np.diff(depart_s[flow == stream]), gap_s)
    assert depart_s.min() >= 0.0
    assert depart_s.max() < 240.0


def test_other_networks_are_refused(runs):
    other = road_of([300.0, 300.0, 400.0], speed_kmh=50.0)
    trips = FLOWS.trips(NUMBERS[1], 0)[0]
    fleets = [build_fleet(network, trips, make_scenario().drivers) for network in (ROAD, other)]
    with pytest.raises(ValueError, match="on one network"):
        side_by_side(fleets)
