"""What a run has for each kind of reading is what its vehicles did."""

from __future__ import annotations

import numpy as np
import pytest
from comparison_case import ZONES
from counting_model import parameters_of
from traffic_case import write_scenario

from citytwin.agents.ensemble import bind_to_routes
from citytwin.agents.fleet import build_fleet
from citytwin.kernels import traffic_tables as table
from citytwin.scenarios.observed import KINDS, NO_LINK, Observed
from citytwin.scenarios.scenario import load_scenario
from citytwin.sim.calibrate.flows import Flows
from citytwin.sim.calibrate.gauges import Gauges, TrafficGauges
from citytwin.sim.calibrate.gauss_newton import GaussNewton
from citytwin.sim.calibrate.journal import Journal
from citytwin.sim.calibrate.losses import Loss
from citytwin.sim.calibrate.runs import Simulated
from citytwin.sim.observers import stop_totals
from citytwin.sim.run import network_of

SPAN_S = 600.0


def observed(rows):
    """Rows of sensor, kind, link, to_link."""
    names, kinds, link, to_link = zip(*rows, strict=True)
    return Observed(
        names,
        np.array(link, np.int32),
        np.array(to_link, np.int32),
        np.zeros(len(rows)),
        np.full(len(rows), SPAN_S),
        np.array([KINDS.index(kind) for kind in kinds], np.int8),
        np.ones(len(rows)),
        np.ones(len(rows)),
    )


@pytest.fixture(scope="module")
def driven(tmp_path_factory):
    """Twenty cars on two streets one after the other, and every reading of them."""
    folder = tmp_path_factory.mktemp("gauges")
    (folder / "zones.csv").write_text(ZONES)
    scenario = load_scenario(write_scenario(folder, demand=[]))
    network = network_of(scenario)
    first, second, third = (network.link_row[f"way/101:{at}-{at + 1}"] for at in range(3))
    flows = Flows.of(["along 101"], [[first, second, third]], 0.0, 200.0)
    trips, _, _ = flows.trips(np.array([20.0]), 1)
    fleet = build_fleet(network, trips, scenario.drivers, seed=1)
    bind_to_routes(fleet, np.zeros(len(trips), np.int32), flows.route_start, flows.route_link)
    rows = [
        ("a", "count", first, NO_LINK),
        ("b", "speed", second, NO_LINK),
        ("c", "travel_time", second, NO_LINK),
        ("way", "travel_time", first, NO_LINK),
        ("way", "travel_time", second, NO_LINK),
        ("way", "travel_time", third, NO_LINK),
        ("turn", "turning_count", first, second),
        ("line", "screen_line", first, NO_LINK),
        ("line", "screen_line", second, NO_LINK),
        ("queue", "queue", first, NO_LINK),
        ("empty", "speed", int(network.links.twin[second]), NO_LINK),
        ("air", "air", NO_LINK, NO_LINK),
    ]
    gauges = Gauges.gathered(observed(rows))
    meters = TrafficGauges(gauges, network, 1)
    fleet.advance(0, 1)
    meters.look(fleet, 0.0)
    for edge_s in meters.edges_s[1:]:
        fleet.advance(1, int(edge_s))
        meters.look(fleet, edge_s)
    found = dict(zip(gauges.observed.sensor_id, meters.values()[0].tolist(), strict=True))
    return network, fleet, (first, second, third), gauges, found


def test_lines_and_ways_are_one_reading_each(driven):
    gauges = driven[3]
    assert gauges.observed.sensor_id == ("a", "b", "c", "way", "turn", "line", "queue", "empty", "air")
    np.testing.assert_array_equal(gauges.reading, [0, 1, 2, 3, 3, 3, 4, 5, 5, 6, 7, 8])


def test_counts_turns_and_lines_count_vehicles(driven):
    found = driven[4]
    assert found["a"] == found["turn"] == 20.0
    assert found["line"] == 40.0


def test_speed_and_travel_time_are_of_one_drive(driven):
    network, _, (_, second, _), _, found = driven
    assert found["c"] == pytest.approx(network.links.length_m[second] / found["b"])
    assert found["b"] < 1.2 * network.links.speed_mps[second]


def test_the_time_along_a_way_is_what_its_vehicles_took(driven):
    _, fleet, _, _, found = driven
    vehicles = fleet.vehicles
    assert (vehicles.status[0] == table.ARRIVED).all()
    took_s = float((vehicles.arrived_s[0] - vehicles.entered_s[0]).mean())
    assert found["way"] == pytest.approx(took_s, rel=0.03)


def test_a_queue_is_the_mean_number_that_stood(driven):
    _, fleet, (first, _, _), _, found = driven
    assert found["queue"] == pytest.approx(float(stop_totals(fleet).standing_s[first]) / SPAN_S)


def test_what_nobody_drove_on_is_as_fast_as_allowed_and_other_kinds_are_unknown(driven):
    network, _, (_, second, _), _, found = driven
    assert found["empty"] == pytest.approx(float(network.links.speed_mps[network.links.twin[second]]))
    assert np.isnan(found["air"])


def test_readings_of_several_kinds_weigh_alike_by_their_mean():
    rows = observed([("a", "count", 0, NO_LINK), ("b", "count", 1, NO_LINK), ("s", "speed", 0, NO_LINK)])
    rows.value[:] = 300.0, 500.0, 10.0
    assert Loss(rows).unit.tolist() == [1.0, 1.0, 10.0 / 400.0]
    ten_percent_off = rows.value + np.array([0.0, 0.0, 1.0])
    assert float(Loss(rows)(ten_percent_off)) == pytest.approx(40.0**2 / 3.0)
    only = rows.part([2])
    assert Loss(only).unit.tolist() == [1.0]


@pytest.mark.parametrize("name", ["l1", "l2", "poisson", "geh"])
def test_slopes_of_mixed_losses_are_their_derivatives(name):
    rows = observed([("a", "count", 0, NO_LINK), ("s", "speed", 0, NO_LINK), ("t", "travel_time", 0, NO_LINK)])
    rows.value[:] = 300.0, 10.0, 80.0
    loss, at, change = Loss(rows, name), np.array([320.0, 7.0, 95.0]), 1e-5
    ahead, behind = (loss(at + side * change * np.eye(3)) for side in (1.0, -1.0))
    np.testing.assert_allclose(loss.slope(at), (ahead - behind) / (2.0 * change), rtol=1e-4)


def test_demand_is_found_from_speeds_alone():
    """Nobody is counted, so that only runs can show what demand does."""
    rows = observed([("a", "speed", 0, NO_LINK), ("b", "speed", 1, NO_LINK)])
    rows.value[:] = 14.0 - 0.01 * 400.0, 14.0 - 0.02 * 250.0

    def simulate(values, seeds):
        speeds = 14.0 - values * np.array([0.01, 0.02])
        nobody = np.zeros((len(values), 2, 2))
        return Simulated(speeds, nobody, values.copy(), *(np.ones(len(values)),) * 2)

    found = GaussNewton(Journal(simulate, 20), Loss(rows), parameters_of(2)).run()
    np.testing.assert_allclose(found.values, [400.0, 250.0], rtol=0.01)
