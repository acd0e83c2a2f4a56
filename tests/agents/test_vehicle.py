"""Vehicles are Mesa agents that show one row of the fleet."""

from __future__ import annotations

import mesa
import numpy as np
import pytest
from traffic_case import road_of, simulate

from citytwin.agents.vehicle import CAUSES, NOT_CALLED, STATUS, Vehicle, overrides
from citytwin.kernels import traffic_tables as table

ROAD = road_of([200.0, 200.0])
FIRST, LAST = ROAD.links.id


@pytest.fixture
def simulation():
    trips = [("car", 5.0, FIRST, LAST, 0, 0.0, np.nan), ("truck", 20.0, FIRST, LAST, 1), ("bus", 30.0, FIRST, LAST, 2)]
    return simulate(ROAD, trips)


def test_a_vehicle_tells_what_its_row_holds(simulation):
    car = simulation.model.vehicle("car")
    assert isinstance(car, mesa.Agent)
    assert (car.trip_id, car.vehicle_class, car.destination) == ("car", "car", LAST)
    assert [simulation.model.vehicle(name).vehicle_class for name in ("truck", "bus")] == ["truck", "bus"]
    assert (car.status, car.link, car.speed_mps) == ("pending", None, 0.0)
    simulation.run(12)
    vehicles = simulation.model.fleet.vehicles
    assert (car.status, car.link, car.route) == ("driving", FIRST, (FIRST, LAST))
    assert car.speed_mps == vehicles.speed_mps[0, 0] > 0
    assert car.position_m == vehicles.position_m[0, 0] > 0
    assert (car.standing_s, car.cause) == (0.0, "")
    simulation.run(120)
    assert (car.status, car.link, car.route) == ("arrived", None, (LAST,))


def test_inside_a_junction_it_is_on_the_link_it_leaves(simulation):
    car = simulation.model.vehicle("car")
    for t_s in range(5, 60):
        simulation.run(t_s)
        if simulation.model.fleet.vehicles.lane[0, 0] >= ROAD.lane_count:
            assert car.link == FIRST
            assert car.route == (FIRST, LAST)
            break
    else:
        pytest.fail("it never was inside the junction")


def test_every_status_and_cause_has_its_words():
    codes = {name: value for name, value in vars(table).items() if name.isupper() and isinstance(value, int)}
    statuses = ("PENDING", "WAITING", "DRIVING", "ARRIVED", "NO_ROUTE")
    assert set(STATUS) == {*(codes[name] for name in statuses), NOT_CALLED}
    assert set(CAUSES) == set(range(codes["PEOPLE"] + 1))
    assert all(CAUSES[code] for code in CAUSES if code != table.NOTHING)


def test_overriding_is_noticed_in_grandchildren_too():
    class Child(Vehicle):
        def replans(self, cause):
            return False

    class Grandchild(Child):
        pass

    assert overrides(Grandchild, "replans")
    assert not overrides(Grandchild, "choose_route")
    assert not overrides(Vehicle, "replans")
