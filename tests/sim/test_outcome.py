"""How trips ended, who is stuck and why, and the sums of a run."""

from __future__ import annotations

import numpy as np
import pytest
from traffic_case import Notebook, road_of, simulate

from citytwin.kernels import traffic_tables as table
from citytwin.scenarios.junctions import build_network
from citytwin.scenarios.streets import JunctionSpec
from citytwin.scenarios.synthetic_roads import Road, draw_city
from citytwin.sim import outcome

ROAD = road_of([250.0, 250.0])
FIRST, LAST = ROAD.links.id


def two_islands():
    """Two roads that do not meet."""
    specs = [
        JunctionSpec(name, x, y, gate=gate)
        for name, x, y, gate in [
            ("a", 0.0, 0.0, "entry"),
            ("b", 200.0, 0.0, ""),
            ("c", 400.0, 0.0, "exit"),
            ("d", 0.0, 300.0, "entry"),
            ("e", 200.0, 300.0, ""),
            ("f", 400.0, 300.0, "exit"),
        ]
    ]
    roads = [Road(start, end, 1, 0, "secondary") for start, end in ("ab", "bc", "de", "ef")]
    return build_network(draw_city("islands", specs, roads))


def run_stuck():
    """An incident that lasts blocks a road of one lane: a queue behind it, arrivals before it, some cannot enter."""
    incident = {"kind": "incident", "link": LAST, "position_m": 150.0, "start_s": 60, "duration_s": 5000}
    trips = [(f"car {k:02d}", 4.0 * k, FIRST, LAST, 0, 0.0, 1e9) for k in range(150)]
    simulation = simulate(ROAD, trips, events=[incident], outputs={"stuck_after_s": 120})
    simulation.run(1500)
    return simulation


@pytest.fixture(scope="module")
def stuck():
    return run_stuck()


def test_times_of_trips_fit_together(stuck):
    travel_s, waiting_s, free_s, delay_s = outcome.trip_times(stuck)
    vehicles, trips = stuck.model.fleet.vehicles, stuck.model.fleet.trips
    arrived = vehicles.status[0] == table.ARRIVED
    assert arrived.sum() > 5
    assert (np.isnan(travel_s) == ~arrived).all()
    assert (vehicles.entered_s[0, arrived] >= trips.depart_s[arrived]).all()
    assert (vehicles.arrived_s[0, arrived] > vehicles.entered_s[0, arrived]).all()
    assert travel_s[arrived] == pytest.approx(vehicles.arrived_s[0, arrived] - trips.depart_s[arrived])
    assert delay_s[arrived] == pytest.approx(travel_s[arrived] - free_s[arrived])
    assert (delay_s[arrived] > -2.0).all(), "nobody is faster than on empty streets, but for the steps' grain"
    waits = vehicles.status[0] == table.WAITING
    assert waiting_s[waits] == pytest.approx(stuck.t_s - trips.depart_s[waits])


def test_a_car_alone_loses_hardly_any_time():
    simulation = simulate(ROAD, [("car", 0.0, FIRST, LAST, 0, 0.0, np.nan)])
    simulation.run(200)
    *_, delay_s = outcome.trip_times(simulation)
    assert -1.0 <= delay_s[0] < 4.0


def test_every_status_is_told_apart(stuck):
    names = outcome.statuses(stuck)
    assert set(names) == {"arrived", "stuck", "waiting"}
    head = {name: names.count(name) for name in ("arrived", "stuck", "waiting")}
    summary = outcome.summarise(stuck, setup_s=1.0, loop_s=2.0)
    assert {name: summary[name] for name in head} == head
    assert summary["created"] == sum(head.values()) == 150


def test_everybody_stuck_is_listed_with_place_and_cause(stuck):
    notebook = Notebook()
    outcome.write_stuck(notebook, stuck)
    rows = notebook.table("stuck")
    assert len(rows["trip_id"]) == outcome.statuses(stuck).count("stuck") > 20
    assert set(rows["cause"]) == {
        "lane blocked by an incident",
        "in a queue, its head: lane blocked by an incident",
    }
    first = np.flatnonzero(rows["cause"] == "lane blocked by an incident")
    assert rows["link"][first].tolist() == [LAST]
    assert 145 <= rows["position_m"][first[0]] <= 150
    assert (rows["since_s"] <= 1500 - 120).all()
    x, y = ROAD.links.shape_xy[:, 0], ROAD.links.shape_xy[:, 1]
    assert np.ptp(rows["lon"]) > 0 and np.ptp(rows["lat"]) < 1e-4 * max(np.ptp(x), np.ptp(y), 1.0)


def test_who_waits_to_enter_says_why(stuck):
    names, why = outcome.statuses(stuck), outcome.causes(stuck.model.fleet)
    waiting = [text for name, text in zip(names, why, strict=True) if name == "waiting"]
    assert waiting
    assert set(waiting) == {"no gap to enter the street"}
    assert all(text == "" for name, text in zip(names, why, strict=True) if name == "arrived")


def test_trips_without_a_way_are_listed_and_the_rest_runs():
    islands = two_islands()
    ab, bc, de, ef = ("way/a>b", "way/b>c", "way/d>e", "way/e>f")
    trips = [("good", 0.0, ab, bc), ("lost", 0.0, ab, ef), ("backwards", 5.0, bc, ab), ("also good", 9.0, de, ef)]
    simulation = simulate(islands, trips)
    simulation.run(300)
    status = dict(zip(simulation.model.fleet.trips.id, outcome.statuses(simulation), strict=True))
    assert status == {"good": "arrived", "lost": "no_route", "backwards": "no_route", "also good": "arrived"}
    why = dict(zip(simulation.model.fleet.trips.id, outcome.causes(simulation.model.fleet), strict=True))
    assert why["lost"] == why["backwards"] == "no route to its destination"
    summary = outcome.summarise(simulation, setup_s=0.0, loop_s=1.0)
    assert (summary["created"], summary["arrived"], summary["stuck"], summary["no_route"]) == (4, 2, 2, 2)
    travel_s, *_ = outcome.trip_times(simulation)
    assert np.isnan(travel_s).sum() == 2


def test_the_summary_has_the_keys_that_were_promised(stuck):
    summary = outcome.summarise(stuck, setup_s=1.0, loop_s=2.0)
    promised = (
        "created arrived active waiting stuck sim_s wall_s setup_s real_time_factor vehicle_updates "
        "vehicle_updates_per_s mean_travel_s mean_delay_s vehicle_km state_hash"
    )
    assert set(promised.split()) <= set(summary)
    assert summary["sim_s"] == 1500
    assert summary["real_time_factor"] == 750
    assert len(summary["state_hash"]) == 64


def test_the_log_is_written_as_it_happened(stuck):
    notebook = Notebook()
    outcome.write_events(notebook, stuck)
    rows = notebook.table("events")
    assert rows["t_s"].tolist() == [60.0]
    assert rows["kind"].tolist() == ["incident"]
    assert rows["where"].tolist() == [f"{LAST} lane 0"]
