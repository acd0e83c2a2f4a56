"""The clock: time passes in whole steps, events come first, and one car does what one expects of it."""

from __future__ import annotations

import numpy as np
import pytest
from traffic_case import make_scenario, make_trips, road_of, simulate

from citytwin.kernels import traffic_tables as table
from citytwin.sim.simulation import Simulation, sensors_of

ROAD = road_of([300.0, 300.0], lanes=2)
FIRST, LAST = ROAD.links.id


def test_one_car_drives_at_its_own_speed_and_arrives():
    simulation = simulate(ROAD, [("car", 10.0, FIRST, LAST, 0, 0.0, np.nan)])
    car = simulation.model.vehicle("car")
    simulation.run(10)
    assert car.status == "pending"
    simulation.run(11)
    assert car.status == "driving"
    simulation.run(30)
    wanted = ROAD.links.speed_mps[0] * simulation.model.fleet.vehicles.speed_factor[0, 0]
    assert car.speed_mps == pytest.approx(wanted, rel=0.02)
    simulation.run(120)
    assert car.status == "arrived"
    vehicles = simulation.model.fleet.vehicles
    middle_of_last = ROAD.links.length_m[1] / 2
    whole = ROAD.links.length_m[0] + ROAD.connectors.length_m[0] + middle_of_last
    assert vehicles.driven_m[0, 0] == pytest.approx(whole, abs=wanted + 5.0)
    assert vehicles.entered_s[0, 0] == 10.0
    assert vehicles.arrived_s[0, 0] - 10.0 == pytest.approx(whole / wanted, abs=3.0)


@pytest.mark.parametrize("step_s", [1.0, 0.5, 0.1])
def test_the_end_is_reached_with_any_step(step_s):
    simulation = simulate(ROAD, [("car", 0.0, FIRST, LAST)], step_s=step_s, duration_s=50)
    simulation.run()
    assert simulation.t_s == pytest.approx(50.0)
    assert simulation.model.t_s == simulation.t_s
    simulation.run()
    assert simulation.t_s == pytest.approx(50.0), "there is no time after the end unless one asks for it"


def test_observers_look_in_their_rhythm_after_what_happens_at_the_same_time():
    class Watcher:
        every_s = 20.0

        def __init__(self) -> None:
            self.seen: list[tuple[float, float, float]] = []

        def observe(self, t_s, model):
            self.seen.append((t_s, model.t_s, float(model.fleet.lane_limit_mps[0, 0]) * 3.6))

    limit = {"kind": "speed_limit", "link": FIRST, "start_s": 40, "end_s": 60, "speed_kmh": 30}
    simulation = simulate(ROAD, [], events=[limit])
    watcher = Watcher()
    simulation.watch([watcher])
    simulation.run(80)
    assert [(t_s, model_s) for t_s, model_s, _ in watcher.seen] == [(20, 20), (40, 40), (60, 60), (80, 80)]
    assert [limit for *_, limit in watcher.seen] == pytest.approx([50, 30, 50, 50])


def test_a_loop_without_a_lane_lies_on_every_lane_of_its_link():
    scenario = make_scenario(
        sensors=[
            {"kind": "loop", "link": LAST, "id": "all"},
            {"kind": "loop", "link": FIRST, "lane": 1, "position_m": 20.0},
        ]
    )
    sensors = sensors_of(scenario, ROAD)
    assert [(sensor.name, sensor.lane, sensor.at_m) for sensor in sensors] == [
        ("all", 2, ROAD.links.length_m[1] / 2),
        ("all", 3, ROAD.links.length_m[1] / 2),
        ("loop 1", 1, 20.0),
    ]


def test_a_seed_may_replace_the_scenarios():
    scenario = make_scenario(seed=4)
    trips = make_trips(ROAD, [("car", 0.0, FIRST, LAST)])
    assert Simulation(scenario, ROAD, trips).seed == 4
    assert Simulation(scenario, ROAD, trips, seed=9).seed == 9


def test_drivers_learn_that_a_street_is_slow():
    """Cars creep over the first link; whoever plans then expects it to take long."""
    limit = {"kind": "speed_limit", "link": FIRST, "start_s": 0, "speed_kmh": 5}
    trips = [(f"car {k}", k * 10.0, FIRST, LAST, 0, 0.0, np.nan) for k in range(30)]
    simulation = simulate(ROAD, trips, routes={"plan_every_s": 60}, events=[limit])
    free_s = simulation.model.router.link_s.copy()
    simulation.run(400)
    expected_s = simulation.model.router.link_s
    assert expected_s[0] > 5 * free_s[0]
    assert expected_s[1] < 2 * free_s[1]


def test_everybody_who_set_out_is_counted_somewhere_at_all_times():
    trips = [(f"car {k}", k * 0.7, FIRST, LAST, 0, 0.0, np.nan) for k in range(300)]
    simulation = simulate(ROAD, trips)
    status, counter = simulation.model.fleet.vehicles.status[0], simulation.model.fleet.cities.counter[0]
    for until_s in range(1, 280, 7):
        simulation.run(until_s)
        where = np.bincount(status, minlength=5)
        assert counter[table.CREATED] == where[1:].sum()
        assert where[table.PENDING] == sum(depart_s > until_s - 1 for _, depart_s, *_ in trips)
    assert where[table.WAITING] > 0, "the road takes one car a second or less: some wait to enter"
