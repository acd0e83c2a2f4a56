"""What somebody looks at is copied from the device once a step, and back only if it may have been changed.

The device is a stand-in here: ``tests/kernels/test_cuda_city.py`` runs the real one.
"""

from __future__ import annotations

from typing import cast

import numpy as np
import pytest
from traffic_case import make_trips, road_of

from citytwin.agents.fleet import Fleet, VehicleState, build_fleet
from citytwin.kernels import traffic_tables as table
from citytwin.kernels.traffic import run_member
from citytwin.kernels.traffic_tables import City
from citytwin.scenarios.scenario import Drivers
from citytwin.sim.device_fleet import DeviceFleet

ROAD = road_of([200.0, 200.0], lanes=2)
ROWS = [(f"t{k}", 4.0 * k, "way/place 0>place 1", "way/place 1>place 2") for k in range(20)]


def of(name: str, array: np.ndarray, column: int | None) -> np.ndarray:
    """A whole table, or one column of it."""
    return array if column is None else table.column_of(name, array, column)


class StandIn:
    """Keeps its arrays in another piece of memory, as a GPU does, and notes every copy."""

    def __init__(self, cities: City) -> None:
        self.host = cities
        self.there = {name: value.copy() for name, value in cities._asdict().items() if isinstance(value, np.ndarray)}
        self.copies: list[tuple[str, str, int | None]] = []

    def run(self, first_step: int, last_step: int) -> None:
        run_member(self.host._replace(**self.there), 0, first_step, last_step)

    def fetch(self, name: str, column: int | None = None) -> None:
        self.copies.append(("fetch", name, column))
        of(name, getattr(self.host, name), column)[:] = of(name, self.there[name], column)

    def push(self, name: str, column: int | None = None) -> None:
        self.copies.append(("push", name, column))
        of(name, self.there[name], column)[:] = of(name, getattr(self.host, name), column)

    def push_routes(self, route, used: int, needed: int) -> None:
        if route.size != self.there["route"].size:
            self.host, self.there["route"] = self.host._replace(route=route), route.copy()
        self.there["route"][used:needed] = route[used:needed]

    def copied(self) -> list[tuple[str, str, int | None]]:
        copies, self.copies = self.copies, []
        return copies


def fleet_here() -> Fleet:
    return build_fleet(ROAD, make_trips(ROAD, ROWS), Drivers(), seed=1)


@pytest.fixture
def fleet(monkeypatch: pytest.MonkeyPatch) -> DeviceFleet:
    import sys
    import types

    module = types.ModuleType("citytwin.kernels.cuda_city")
    module.DeviceCity = StandIn  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "citytwin.kernels.cuda_city", module)
    return DeviceFleet(fleet_here())


@pytest.fixture
def device(fleet: DeviceFleet) -> StandIn:
    return cast("StandIn", fleet._mirror.device)


def give_routes(fleet: Fleet) -> None:
    """More than the table of routes has room for at first."""
    count = len(ROWS)
    route = np.tile(np.array([0, 1], np.int32), count)
    for _ in range(40):
        fleet.set_routes(0, np.arange(count), 2 * np.arange(count + 1), route)


def test_it_runs_as_the_fleet_it_was_made_of(fleet):
    here = fleet_here()
    for one in (here, fleet):
        give_routes(one)
        for first in range(0, 60, 20):
            one.advance(first, first + 20)
            one.lane_limit_mps[:, 0] *= 0.9  # an event
    assert here.cities.counter[0, table.ENTERED] > 5
    assert fleet.state_hash() == here.state_hash()
    assert fleet.members == 1


def test_nothing_is_copied_unless_somebody_looks(fleet, device):
    give_routes(fleet)
    fleet.advance(0, 10)
    device.copied()
    fleet.advance(10, 20)
    assert device.copied() == []


def test_a_look_at_one_column_copies_that_column_once(fleet, device):
    give_routes(fleet)
    fleet.advance(0, 20)
    device.copied()
    assert fleet.vehicles.speed_mps.max() > 0.0
    assert fleet.vehicles.speed_mps.max() > 0.0
    assert device.copied() == [("fetch", "vehicle_f", table.SPEED_MPS)]


def test_what_was_looked_at_goes_back_but_not_what_was_only_read(fleet, device):
    give_routes(fleet)
    fleet.advance(0, 20)
    device.copied()
    with fleet.reading():
        assert fleet.vehicles.speed_mps.size
        assert fleet.cities.lane_f.size
    fleet.vehicles.ask[0, 0] = table.CLOSED
    fleet.advance(20, 21)
    assert [copy for copy in device.copied() if copy[0] == "push"] == [("push", "vehicle_i", table.ASK)]
    assert device.there["vehicle_i"][0, 0, table.ASK] == table.CLOSED


def test_a_change_of_what_was_read_before_goes_back_too(fleet, device):
    give_routes(fleet)
    fleet.advance(0, 5)
    with fleet.reading():
        assert not fleet.vehicles.ask.any()
    fleet.vehicles.ask[0, 3] = table.RED
    fleet.advance(5, 6)
    assert device.there["vehicle_i"][0, 3, table.ASK] == table.RED


def test_compiled_functions_get_the_named_tables_fresh(fleet, device):
    give_routes(fleet)
    fleet.advance(0, 20)
    device.copied()
    cities = fleet.tables("vehicle_i", "lane_i")
    assert isinstance(cities, City)
    assert device.copied() == [("fetch", "vehicle_i", None), ("fetch", "lane_i", None)]
    cities.vehicle_i[0, 2, table.CONTENT] = 1
    fleet.advance(20, 20)
    assert device.there["vehicle_i"][0, 2, table.CONTENT] == 1


def test_without_names_they_get_all(fleet, device):
    fleet.advance(0, 1)
    device.copied()
    fleet.tables()
    assert {name for _, name, _ in device.copied()} == set(table.OWN)


def test_every_named_column_is_the_one_of_the_host(fleet):
    named = VehicleState.of(fleet.tables())
    for name in VehicleState.__slots__:
        assert np.shares_memory(getattr(fleet.vehicles, name), getattr(named, name)), name
    with pytest.raises(AttributeError, match="colour"):
        _ = fleet.vehicles.colour


def test_numbers_are_those_of_the_city(fleet):
    assert fleet.cities.step_s == 1.0
    with pytest.raises(AttributeError, match="colour"):
        _ = fleet.cities.colour


def test_a_state_is_put_back_on_the_device_too(fleet):
    here = fleet_here()
    give_routes(here)
    give_routes(fleet)
    here.advance(0, 120)
    fleet.advance(0, 40)
    state = fleet.state()
    fleet.advance(40, 90)
    fleet.restore(state)
    fleet.advance(40, 120)
    assert fleet.state_hash() == here.state_hash()
    again = DeviceFleet(fleet_here())
    again.restore(state)
    again.advance(40, 120)
    assert again.state_hash() == here.state_hash()
