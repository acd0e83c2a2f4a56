"""Units answer calls: the nearest free one comes, takes people to a hospital with room, drives back; no call is lost."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pyproj import Transformer
from traffic_case import Notebook, make_scenario, make_trips, road_of, write_scenario

from citytwin.scenarios.junctions import build_network
from citytwin.scenarios.scenario import check_scenario
from citytwin.scenarios.synthetic import grid_city
from citytwin.sim.responder_tables import call_states, responder_facts, unit_places, write_responders
from citytwin.sim.responders import FREE, RETURNING, TO_SCENE
from citytwin.sim.simulation import Simulation

# ruff: noqa: E501 (a message is one line)

GRID = build_network(grid_city(3, 3, 150.0, 1))
TO_DEGREES = Transformer.from_crs("EPSG:32632", "EPSG:4326", always_xy=True)


def at(x_m: float, y_m: float) -> list[float]:
    return list(TO_DEGREES.transform(x_m, y_m))


WEST, EAST = at(80.0, 2.0), at(220.0, 302.0)  # on the southern and on the northern side of the grid
SCENE, FAR_SCENE = at(130.0, 148.0), at(230.0, 298.0)


def team_of(**responders) -> Simulation:
    return Simulation(make_scenario(duration_s=1200, responders=responders), GRID, make_trips(GRID, []))


def test_a_call_is_answered_by_the_nearest_unit_and_ends_at_the_nearest_hospital_with_room():
    simulation = team_of(
        units=[{"id": "far", "at": EAST}, {"id": "near", "at": WEST}],
        hospitals=[{"id": "small", "at": at(70.0, 148.0), "capacity": 1}, {"id": "large", "at": EAST}],
        calls=[{"id": f"call {k}", "at": SCENE, "t_s": 10 + 400 * k, "on_scene_s": 60} for k in range(2)],
        transport_share=1.0,
        handover_s=0.0,
        dispatch_delay_s=20,
    )
    simulation.run(1200)
    team = simulation.responders
    assert [team.plan.unit_id[row] for row in team.unit] == ["near", "near"]
    assert (team.sent_s == [30.0, 430.0]).all() and (team.arrived_s > team.sent_s + 10).all()
    assert [team.plan.hospital_id[row] for row in team.hospital] == ["small", "large"]
    assert (team.at_hospital_s > team.arrived_s + 60).all() and (team.over_s >= team.at_hospital_s).all()
    assert (team.doing == FREE).all() and (team.place == [0, 1]).all(), "both are back at their stations"
    assert call_states(team, team.came_in()) == ["over", "over"] and team.beyond.tolist() == [0, 0]


def test_a_unit_on_its_way_back_is_sent_elsewhere():
    def team(*times_s: float):
        calls = [
            {"id": f"{k}", "at": (FAR_SCENE, SCENE)[k], "t_s": t_s, "on_scene_s": 10} for k, t_s in enumerate(times_s)
        ]
        units = [{"id": "unit", "at": WEST}]
        return team_of(units=units, calls=calls, transport_share=0.0, dispatch_delay_s=0)

    first = team(5)
    while first.responders.doing[0] != RETURNING:
        first.run(first.t_s + 1)
    simulation = team(5, first.t_s + 8)
    simulation.run(first.t_s + 9)
    assert simulation.responders.doing[0] == TO_SCENE and simulation.responders.used.tolist() == [1, 1, 0]
    simulation.run(1200)
    both = simulation.responders
    assert call_states(both, both.came_in()) == ["over", "over"] and both.doing[0] == FREE and both.place[0] == 0
    vehicle = simulation.model.vehicle("#responder/1/0")
    assert vehicle.status == "arrived" and vehicle.destination == GRID.links.id[both.plan.link[2]]


def test_calls_wait_for_a_unit_and_every_call_is_in_one_state():
    calls = [{"id": f"call {k}", "at": FAR_SCENE, "t_s": 5 + k, "on_scene_s": 200} for k in range(5)]
    simulation = team_of(units=[{"id": "only", "at": WEST}], calls=calls, transport_share=0.0)
    for until_s in range(50, 1200, 50):
        simulation.run(until_s)
        states = responder_facts(simulation.responders)["responders"]["states"]
        assert sum(states.values()) == 5
    team = simulation.responders
    order = np.argsort(team.arrived_s)
    assert order.tolist()[:3] == [0, 1, 2], "first come, first served"
    assert states["over"] >= 3
    trips, x_m = simulation.model.fleet.trips, unit_places(team)[0]
    assert len(trips) - team.unused().size == team.used.sum() and np.isfinite(x_m).all()


def test_fire_engines_answer_fires_and_what_needs_another_unit_waits():
    simulation = team_of(
        units=[{"id": "doctor", "at": WEST}, {"id": "engine", "kind": "fire_engine", "at": EAST}],
        calls=[
            {"id": f"fire {k}", "needs": "fire_engine", "at": SCENE, "t_s": 10, "on_scene_s": 500} for k in range(2)
        ],
    )
    simulation.run(500)
    team = simulation.responders
    assert sorted(call_states(team, team.came_in())) == ["unit there", "waiting"] and team.dispatcher.free.tolist() == [
        True,
        False,
    ]
    simulation.run(1200)
    assert team.hospital.tolist() == [-1, -1] and (team.unit == 1).all()


def test_without_a_way_a_call_waits_and_nobody_is_lost(tmp_path):
    road = road_of([200.0, 200.0])  # one way: nobody can drive back
    calls = [{"id": "behind", "at": at(50.0, 0.0), "t_s": 10}, {"id": "before", "at": at(380.0, 0.0), "t_s": 60}]
    responders = {"units": [{"id": "unit", "at": at(150.0, 0.0)}], "calls": calls, "transport_share": 0.0}
    simulation = Simulation(make_scenario(responders=responders), road, make_trips(road, []))
    simulation.run(900)
    assert call_states(simulation.responders, simulation.responders.came_in())[0] == "waiting"
    assert responder_facts(simulation.responders)["responders"]["calls"] == 2


def test_random_calls_are_poisson_and_more_units_change_none():
    few, many = (
        team_of(
            units=[{"id": f"unit {k}", "at": WEST} for k in range(count)],
            random_calls=[{"id": "ill", "per_hour": 90.0}],
            on_scene_s=30.0,
            transport_share=0.0,
        ).responders.plan.calls
        for count in (1, 3)
    )
    assert 15 <= len(few.id) <= 48  # 30 expected
    assert (few.t_s == many.t_s).all() and (few.link == many.link).all() and (few.on_scene_s == many.on_scene_s).all()
    assert few.id[0] == "ill/0"


def test_what_is_written():
    notebook = Notebook()
    simulation = team_of(
        units=[{"id": "unit", "at": WEST}], calls=[{"id": "call", "at": SCENE, "t_s": 10, "on_scene_s": 60}]
    )
    simulation.run(600)
    write_responders(notebook, simulation.responders)
    calls, units = notebook.tables["calls"], notebook.tables["response_units"]
    assert list(calls["call"]) == ["call"] and calls["status"] == ["over"]
    assert np.asarray(calls["lon"])[0] == pytest.approx(SCENE[0], abs=1e-4)
    assert list(units["calls"]) == [1] and units["busy_s"][0] == pytest.approx(calls["over_s"][0] - 60.0)
    facts = responder_facts(simulation.responders)["responders"]
    standards = {(row["system"], row["call_class"], row["statistic"]): row for row in facts["standards"]}
    mean = standards["NHS England ARP (2017-)", "category 1", "mean"]
    assert mean["measured"] == pytest.approx(facts["mean_response_s"] / 60) and mean["met"] is True
    assert standards["NFPA 1710", "basic life support", "percentile"]["measured"] < mean["measured"]


def test_what_is_wrong_with_responders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    here, far = [9.002, 47.0], [9.5, 47.0]
    responders = {
        "units": [{"id": "A", "at": here}, {"id": "A", "at": far}],
        "hospitals": [{"id": "H", "at": [47.0, 99.0]}],
        "calls": [{"id": "fire", "needs": "fire_engine", "at": here, "t_s": -5}],
        "random_calls": [{"id": "r", "per_hour": 0, "polygon": [[8, 46], [8.1, 46], [8.1, 46.1]]}],
        "transport_share": 2,
    }
    write_scenario(tmp_path, demand=[], responders=responders)
    assert [str(found).partition("  ")[2] for found in check_scenario("town.yaml", with_network=False)] == [
        "responders.hospitals[0].at = [47.0, 99.0]  is no [longitude, latitude]. Did you swap them?",
        "responders.calls[0].t_s = -5  must be at least 0.",
        "responders.random_calls[0].per_hour = 0  must be above 0.",
        "responders.transport_share = 2  must be at most 1.",
        'responders.calls[0].needs = "fire_engine"  no unit is a fire engine: add one to `units`.',
        'responders.units[1].id = "A"  is the id of units[0] already. Ids differ.',
    ]
    fire = {"id": "fire", "needs": "fire_engine", "at": here, "t_s": 5}
    right = {"hospitals": [], "calls": [fire], "transport_share": 1}
    random = [{"id": "r", "per_hour": 10, "polygon": responders["random_calls"][0]["polygon"]}]
    write_scenario(tmp_path, demand=[], responders=responders | right | {"random_calls": random})
    assert [str(found).partition("  ")[2] for found in check_scenario("town.yaml")] == [
        'responders.calls[0].needs = "fire_engine"  no unit is a fire engine: add one to `units`.',
        'responders.units[1].id = "A"  is the id of units[0] already. Ids differ.',
        "responders.units[1].at = [9.5, 47.0]  is 37,555 m from the nearest street that a vehicle can use (at most 500 m). Wrong place?",
        "responders.random_calls[0].polygon = [[8, 46], [8.1, 46], [8.1, 46.1]]  holds no street of town where somebody could call from.",
    ]
