"""The city is a Mesa model; its agents are made when somebody looks."""

from __future__ import annotations

import mesa
import pytest
from traffic_case import make_scenario, make_trips, road_of, simulate

from citytwin.agents.city_model import CityModel
from citytwin.agents.fleet import build_fleet
from citytwin.agents.vehicle import Vehicle

ROAD = road_of([200.0, 200.0])
FIRST, LAST = ROAD.links.id
TRIPS = [(f"car {k}", 2.0 * k, FIRST, LAST) for k in range(10)]


class Plain(Vehicle):
    """Adds a look, decides nothing."""

    @property
    def is_late(self) -> bool:
        return self.standing_s > 60


class Decides(Vehicle):
    def replans(self, cause: str) -> bool:
        return False


@pytest.mark.parametrize("kind", [Vehicle, Plain])
def test_vehicles_that_decide_nothing_are_made_when_somebody_looks(kind):
    model = simulate(ROAD, TRIPS, vehicle_type=kind).model
    assert isinstance(model, mesa.Model)
    assert len(model.agents) == 0
    car = model.vehicle("car 3")
    assert type(car) is kind
    assert list(model.agents) == [car]
    assert model.vehicle(3) is car
    assert model.vehicle("car 3") is car
    everybody = model.look_at_all()
    assert len(everybody) == len(model.agents) == 10
    assert {agent.trip_id for agent in everybody} == {name for name, *_ in TRIPS}


def test_vehicles_that_decide_are_there_from_the_start():
    model = simulate(ROAD, TRIPS, vehicle_type=Decides).model
    assert len(model.agents) == 10
    assert all(isinstance(agent, Decides) for agent in model.agents)


def test_mesa_selects_and_sums_over_vehicles():
    simulation = simulate(ROAD, TRIPS)
    agents = simulation.model.look_at_all()
    simulation.run(12)
    driving = agents.select(lambda agent: agent.status == "driving")
    assert len(driving) == 6
    assert driving.agg("speed_mps", max) > 5.0


@pytest.mark.parametrize("trip", ["nobody", -1, 10])
def test_a_trip_that_is_not_there_is_a_key_error(trip):
    with pytest.raises(KeyError):
        simulate(ROAD, TRIPS).model.vehicle(trip)


def test_a_step_of_the_model_is_a_step_of_time():
    simulation = simulate(ROAD, TRIPS, step_s=0.5)
    for _ in range(5):
        simulation.model.step()
    assert simulation.t_s == simulation.model.t_s == 2.5
    assert simulation.model.vehicle(0).status == "driving"


def test_without_a_simulation_no_time_passes():
    fleet = build_fleet(ROAD, make_trips(ROAD, TRIPS), make_scenario().drivers)
    with pytest.raises(RuntimeError, match="no simulation drives this model"):
        CityModel(ROAD, fleet).step()


def test_looking_at_nobody():
    model = simulate(ROAD, []).model
    assert len(model.look_at_all()) == 0
