"""Drivers plan, and plan anew at events; a subclass may decide, and is told where it cannot be done."""

from __future__ import annotations

import numpy as np
import pytest
from traffic_case import link_between, make_scenario, simulate

from citytwin.agents.journeys import RouteError
from citytwin.agents.vehicle import Vehicle
from citytwin.kernels import traffic_tables as table
from citytwin.scenarios.junctions import build_network
from citytwin.scenarios.synthetic import grid_city
from citytwin.scenarios.trips import TripTable
from citytwin.sim.simulation import Simulation

GRID = build_network(grid_city(3, 3, 150.0, 1, signalised=False, gates=True))
WEST, EAST = link_between("gate/w001", "node/001-000"), link_between("node/001-002", "gate/e001")
AHEAD = link_between("node/001-000", "node/001-001")
MIDDLE = link_between("node/001-001", "node/001-002")
NORTH = (
    WEST,
    link_between("node/001-000", "node/002-000"),
    link_between("node/002-000", "node/002-001"),
    link_between("node/002-001", "node/002-002"),
    link_between("node/002-002", "node/001-002"),
    EAST,
)
CLOSURE = {"kind": "road_closure", "link": MIDDLE, "start_s": 5, "known_to": "broadcast"}


def trips(count: int = 1) -> list[tuple]:
    return [(f"car {k}", 3.0 * k, WEST, EAST, 0, 0.0, np.nan) for k in range(count)]


def city(rows, **keys):
    return simulate(GRID, rows, **({"routes": {"perception_noise": 0, "plan_every_s": 600}} | keys))


def test_the_fastest_way_is_straight_on():
    simulation = city(trips())
    simulation.run(0)
    assert simulation.model.vehicle(0).route == (WEST, AHEAD, MIDDLE, EAST)
    assert simulation.journeys.free_flow_s[0] == pytest.approx(4 * 150 / 13.9, rel=0.3)


def test_who_is_bound_to_a_route_takes_it_and_others_find_their_way():
    routes = (np.array([0, len(NORTH), len(NORTH)]), np.array([GRID.link_row[link] for link in NORTH], np.int32))
    ends = (np.array([GRID.link_row[end]] * 2, np.int32) for end in (WEST, EAST))
    table_ = TripTable.sorted(["bound", "free"], np.zeros(2), *ends, routes=routes)
    simulation = Simulation(make_scenario(routes={"perception_noise": 0}), GRID, table_)
    simulation.run(0)
    assert simulation.model.vehicle("bound").route == NORTH
    assert simulation.model.vehicle("free").route == (WEST, AHEAD, MIDDLE, EAST)
    simulation.run(400)
    assert (simulation.model.fleet.vehicles.status == table.ARRIVED).all()
    driven_m = simulation.model.fleet.vehicles.driven_m[0]
    assert driven_m[0] > driven_m[1] + 200  # two blocks more


def test_a_destination_behind_on_the_same_link_is_reached_round_the_block():
    simulation = city([("back", 0.0, AHEAD, AHEAD, 0, 100.0, 40.0), ("on", 0.0, AHEAD, AHEAD, 0, 20.0, 60.0)])
    simulation.run(0)
    back = simulation.model.vehicle("back")
    assert back.route[0] == back.route[-1] == AHEAD and len(back.route) > 2
    assert simulation.model.vehicle("on").route == (AHEAD,)
    simulation.run(600)
    assert back.status == "arrived"
    driven_m = simulation.model.fleet.vehicles.driven_m[0]
    assert driven_m[back.row] > 400 and driven_m[simulation.model.vehicle("on").row] < 60


def test_people_differ_in_what_they_believe():
    simulation = city(trips(60), routes={"perception_noise": 0.6, "plan_every_s": 600})
    simulation.run(0)
    assert len({simulation.model.vehicle(row).route for row in range(60)}) > 2


def test_who_chooses_another_way_drives_it():
    class GoesNorth(Vehicle):
        def choose_route(self, proposed):
            return NORTH

    simulation = city(trips(), vehicle_type=GoesNorth)
    simulation.run(0)
    car = simulation.model.vehicle(0)
    assert car.route == NORTH
    seen = []
    while car.status != "arrived":
        simulation.run(simulation.t_s + 1)
        if car.link is not None and car.link not in seen:
            seen.append(car.link)
        assert simulation.t_s < 300
    assert tuple(seen) == NORTH


@pytest.mark.parametrize(
    "answer, says",
    [
        ((), "must begin with"),
        ((AHEAD, MIDDLE, EAST), "must begin with"),
        ((WEST, AHEAD, MIDDLE), "end with"),
        ((WEST, "nowhere", EAST), "'nowhere', which is no link"),
        ((WEST, MIDDLE, EAST), f"turns from '{WEST}' to '{MIDDLE}', where no turn is allowed"),
    ],
)
def test_a_way_that_cannot_be_driven_is_refused_in_words(answer, says):
    class Dreamer(Vehicle):
        def choose_route(self, proposed):
            return answer

    simulation = city(trips(), vehicle_type=Dreamer)
    with pytest.raises(RouteError, match="choose_route of Dreamer for trip 'car 0'") as error:
        simulation.run(0)
    assert says in str(error.value)


def test_who_is_under_way_turns_off_when_the_radio_tells_of_a_closure():
    simulation = city(trips(), events=[CLOSURE])
    simulation.run(4)
    assert MIDDLE in simulation.model.vehicle(0).route
    simulation.run(6)
    assert MIDDLE not in simulation.model.vehicle(0).route
    assert simulation.journeys.reroutes[0] == 1
    simulation.run(400)
    assert simulation.model.vehicle(0).status == "arrived"


def test_who_does_not_listen_stays_on_the_way():
    asked = []

    class Stubborn(Vehicle):
        def replans(self, cause):
            asked.append(cause)
            return False

    simulation = city(trips(), events=[CLOSURE], vehicle_type=Stubborn)
    simulation.run(200)
    car = simulation.model.vehicle(0)
    assert (car.status, car.link, car.cause) == ("driving", AHEAD, "road closed")
    assert set(asked) == {"road closed"}
    assert simulation.journeys.reroutes[0] == 0


def test_a_choice_is_asked_for_again_when_planning_anew():
    proposals = []

    class Notes(Vehicle):
        def choose_route(self, proposed):
            proposals.append(tuple(proposed))
            return proposed

    simulation = city(trips(), events=[CLOSURE], vehicle_type=Notes)
    simulation.run(100)
    assert len(proposals) == 2
    assert proposals[0] == (WEST, AHEAD, MIDDLE, EAST)
    assert MIDDLE not in proposals[1]


def test_a_closure_by_sight_is_met_at_the_junction():
    simulation = city(trips(), events=[CLOSURE | {"known_to": "sight"}])
    simulation.run(10)
    car = simulation.model.vehicle(0)
    assert MIDDLE in car.route
    simulation.run(400)
    assert car.status == "arrived"
    assert simulation.journeys.informed[0]
    assert simulation.model.fleet.cities.lane_i[0, table.CAME_IN, GRID.links.lane_start[GRID.link_row[MIDDLE]]] == 0


def test_without_another_way_and_no_way_round_one_waits():
    """The destination itself is closed, and so is every turn before it."""
    before = [link_between("node/001-002", f"node/{place}") for place in ("000-002", "002-002", "001-001")]
    simulation = city(trips(), events=[CLOSURE | {"link": None, "links": [EAST, *before]}])
    simulation.run(300)
    car = simulation.model.vehicle(0)
    assert (car.status, car.cause) == ("driving", "road closed")
    assert car.route[-1] == EAST


def test_a_route_may_be_empty():
    simulation = city([("lost", 0.0, EAST, WEST), *trips()])
    simulation.run(2)
    assert simulation.model.vehicle("lost").status == "no_route"
    assert simulation.model.vehicle("lost").route == ()
    assert np.isnan(simulation.journeys.free_flow_s[simulation.model.fleet.trips.id.index("lost")])


def test_who_wants_into_a_closed_street_drives_round_and_keeps_nobody_from_turning_off():
    shut = {"kind": "road_closure", "link": MIDDLE, "start_s": 0, "end_s": 900, "known_to": "sight"}
    rows = [("into it", 1.0, WEST, MIDDLE, 0, 0.0, 60.0), ("past it", 12.0, WEST, EAST, 0, 0.0, np.nan)]
    simulation = city(rows, events=[shut])
    inside, past = simulation.model.vehicle("into it"), simulation.model.vehicle("past it")
    simulation.run(600)
    assert past.status == "arrived"  # behind the other, and not held up by it
    assert inside.status == "driving" and simulation.journeys.reroutes[inside.row] > 1
    assert simulation.model.fleet.vehicles.driven_m[0, inside.row] > 1000
    simulation.run(1500)
    assert inside.status == "arrived"
    assert simulation.model.fleet.vehicles.arrived_s[0, inside.row] > 900
