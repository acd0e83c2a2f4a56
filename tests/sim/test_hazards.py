"""Hazards close and slow down what they reach, restore it when they go, and lose nobody."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from hazard_case import CRS, box, flood, write_series
from traffic_case import BLOCK_DEGREES, TOWN_AT, road_of, simulate, write_scenario

from citytwin.agents.hazard_field import HazardField
from citytwin.kernels import traffic_tables as table
from citytwin.kernels import walking_tables
from citytwin.kernels.hazards import car_speed_in_water
from citytwin.scenarios.scenario import load_scenario
from citytwin.sim.report import write_report
from citytwin.sim.run import network_of, run_scenario, trips_of
from citytwin.sim.run_folder import read_run
from citytwin.sim.simulation import Simulation
from citytwin.sim.snapshot import restore, take
from citytwin.sim.walking import on_foot_of

WALKS = [{"kind": "random_trips", "per_hour": 3000, "min_distance_m": 100}]

ROAD = road_of([200.0, 200.0, 200.0], lanes=2)
FIRST, MIDDLE, LAST = ROAD.links.id
ON_MIDDLE = box(300.0, -20.0, 350.0, 20.0)  # in the middle of the middle link
EDGE_M = 96.0  # where the first piece begins whose middle is in it: streets begin behind the junction


def stream(count: int, every_s: float = 8.0) -> list[tuple]:
    return [(f"car {k:03d}", k * every_s, FIRST, LAST, 0, 0.0, np.nan) for k in range(count)]


def walkers_of(path) -> Simulation:
    scenario = load_scenario(path)
    network = network_of(scenario)
    return Simulation(scenario, network, trips_of(scenario, network), on_foot=on_foot_of(scenario, network))


def limits(simulation) -> np.ndarray:
    return simulation.model.fleet.lane_limit_mps[0, : ROAD.lane_count].copy()


def test_without_hazards_nothing_of_them_is_there():
    simulation = simulate(ROAD, stream(3))
    simulation.run(300)
    assert simulation.hazards is None and np.isinf(simulation.caps_mps).all()


def test_a_flood_that_rises_slows_then_closes_and_leaves_everything_as_it_was(tmp_path):
    rises = flood(tmp_path / "flood.geojson", (0, ON_MIDDLE, 0.0), (200, ON_MIDDLE, 0.4), end_s=400)
    simulation = simulate(ROAD, stream(70), hazards=[rises])
    own, row = limits(simulation), ROAD.link_row[MIDDLE]
    lanes = slice(*ROAD.links.lane_start[row : row + 2])
    simulation.run(100)  # 0.2 m deep
    assert limits(simulation)[lanes] == pytest.approx(car_speed_in_water(0.2))
    others = np.delete(limits(simulation), np.arange(ROAD.lane_count)[lanes])
    assert (others == np.delete(own, np.arange(ROAD.lane_count)[lanes])).all()
    simulation.run(180)  # 0.36 m
    assert not simulation.model.fleet.lane_open[0, lanes].any()
    assert simulation.model.fleet.obstacle_m[0, lanes] == pytest.approx(EDGE_M)
    simulation.run(390)
    arrived = (simulation.model.fleet.vehicles.status[0] == table.ARRIVED).sum()
    simulation.run(410)
    assert (limits(simulation) == own).all()
    assert simulation.model.fleet.lane_open[0].all() and np.isinf(simulation.model.fleet.obstacle_m[0]).all()
    assert (simulation.model.fleet.vehicles.speed_factor[0] == simulation.hazards.hazards.own_factor).all()
    simulation.run(1500)
    assert (simulation.model.fleet.vehicles.status[0] == table.ARRIVED).all() and arrived < 70


def test_who_is_in_deep_water_is_stranded_there_and_goes_on_when_it_falls(tmp_path):
    comes = flood(tmp_path / "flood.geojson", (60, ON_MIDDLE, 0.5), (299, ON_MIDDLE, 0.5), (300, None, 0.0))
    simulation = simulate(ROAD, stream(30, 3.0), hazards=[comes])
    simulation.run(90)
    felt, vehicles = simulation.hazards.hazards.in_vehicles, simulation.model.fleet.vehicles
    held = np.flatnonzero(simulation.hazards.hazards.held)
    assert held.size
    places = vehicles.position_m[0, held].copy()
    assert ((places >= EDGE_M) & (places <= 155.0)).all()
    assert not np.isnan(felt.stranded_s[held]).any() and (felt.stranded_by[held] == 0).all()
    before = np.flatnonzero((felt.stranded_by == 0) & ~simulation.hazards.hazards.held)
    simulation.run(200)
    assert vehicles.position_m[0, held] == pytest.approx(places, abs=1.0)
    queue = np.flatnonzero((felt.stranded_by == 0) & ~simulation.hazards.hazards.held)
    assert queue.size >= before.size and queue.size, "who stands before the water is stranded too"
    assert np.isnan(felt.lost_s).all()
    simulation.run(1200)
    assert (vehicles.status[0] == table.ARRIVED).all()
    assert np.isnan(felt.stranded_s).all()


def test_speed_limits_closures_and_hazards_on_one_street_hold_together_and_end_one_by_one(tmp_path):
    rises = flood(tmp_path / "flood.geojson", (0, ON_MIDDLE, 0.15), end_s=300)
    smoke = {"kind": "smoke", "file": str(tmp_path / "smoke.geojson"), "crs": CRS, "start_s": 100, "end_s": 400}
    write_series(tmp_path / "smoke.geojson", (0, ON_MIDDLE, {"extinction_per_m": 0.5}))
    fire = {"kind": "fire", "file": str(tmp_path / "fire.geojson"), "crs": CRS, "start_s": 500, "end_s": 600}
    write_series(tmp_path / "fire.geojson", (0, ON_MIDDLE, {}))
    events = [
        {"kind": "speed_limit", "link": MIDDLE, "start_s": 50, "end_s": 350, "speed_kmh": 20},
        {"kind": "speed_limit", "link": MIDDLE, "start_s": 150, "end_s": 200, "speed_kmh": 5},
        {"kind": "road_closure", "link": MIDDLE, "start_s": 550, "end_s": 700},
        {"kind": "incident", "link": MIDDLE, "lane": 0, "position_m": 180, "start_s": 450, "duration_s": 100},
    ]
    simulation = simulate(ROAD, [], hazards=[rises, smoke, fire], events=events)
    row, own = ROAD.link_row[MIDDLE], float(ROAD.links.speed_mps[1])
    lane = int(ROAD.links.lane_start[row])
    water = car_speed_in_water(0.15)
    seen = []
    for until_s in (10, 60, 110, 160, 210, 310, 360, 410):
        simulation.run(until_s)
        seen.append(float(simulation.model.fleet.lane_limit_mps[0, lane]))
    sees = seen[2]
    assert seen == [water, 20 / 3.6, sees, 5 / 3.6, sees, sees, sees, own] and sees < 20 / 3.6
    opened = []
    for until_s in (460, 510, 560, 610, 710):
        simulation.run(until_s)
        fleet = simulation.model.fleet
        opened.append((int(fleet.lane_open[0, lane]), float(fleet.obstacle_m[0, lane])))
    assert opened == [(1, 180.0), (0, EDGE_M), (0, EDGE_M), (0, np.inf), (1, np.inf)]


def test_smoke_harms_by_dose_and_fire_at_once(tmp_path):
    write_series(tmp_path / "smoke.geojson", (0, box(-50, -50, 650, 50), {"extinction_per_m": 3.0, "co_ppm": 6000}))
    smoke = {"kind": "smoke", "file": str(tmp_path / "smoke.geojson"), "crs": CRS, "every_s": 5}
    simulation = simulate(ROAD, [("car", 0.0, FIRST, LAST, 0, 0.0, np.nan)], hazards=[smoke])
    simulation.run(1000)
    felt = simulation.hazards.hazards.in_vehicles
    per_min = 2.764e-5 * 6000**1.036 * np.exp(2.0004) / 7.1
    assert felt.lost_s[0] == pytest.approx(60.0 / per_min, abs=6.0)
    assert simulation.model.vehicle("car").status == "driving" and simulation.model.vehicle("car").standing_s > 100
    write_series(tmp_path / "fire.geojson", (10, box(-50, -50, 650, 50), {}))
    fire = {"kind": "fire", "file": str(tmp_path / "fire.geojson"), "crs": CRS, "every_s": 5, "start_s": 20}
    simulation = simulate(ROAD, stream(5, 1.0), hazards=[fire])
    simulation.run(100)
    felt = simulation.hazards.hazards.in_vehicles
    assert (felt.lost_s[~np.isnan(felt.lost_s)] == 30.0).all() and (~np.isnan(felt.lost_s)).any()
    simulation.run(400)
    assert (simulation.model.fleet.vehicles.status[0] != table.ARRIVED).all()


def test_a_flood_on_the_radio_turns_drivers_round_before_they_set_out(tmp_path):
    told = flood(tmp_path / "flood.geojson", (10, ON_MIDDLE, 0.5), known_to="broadcast")
    simulation = simulate(ROAD, stream(3, 100.0), hazards=[told], routes={"plan_every_s": 30})
    simulation.run(400)
    assert simulation.journeys.announced[ROAD.link_row[MIDDLE]]
    assert simulation.model.vehicle("car 002").status == "no_route"


def test_in_a_town_nobody_is_lost_whatever_comes_and_everything_is_restored(tmp_path):
    west, south = TOWN_AT
    part = (BLOCK_DEGREES[0], BLOCK_DEGREES[1])
    parts = [
        (30.0, box(west - 1e-4, south - 1e-4, west + 1.2 * part[0], south + 1.2 * part[1]), {"depth_m": 0.4}),
        (120.0, box(west - 1e-4, south - 1e-4, west + 2.2 * part[0], south + 1.2 * part[1]), {"depth_m": 1.3}),
    ]
    write_series(tmp_path / "water.geojson", *parts)
    write_series(tmp_path / "smoke.geojson", (0, parts[1][1], {"extinction_per_m": 1.0, "co_ppm": 3000}))
    write_series(tmp_path / "fire.geojson", (0, box(west + part[0], south + part[1], west + 2.1 * part[0], 48.0), {}))
    hazards = [
        {"kind": "flood", "file": "water.geojson", "every_s": 10, "end_s": 200},
        {"kind": "smoke", "file": "smoke.geojson", "start_s": 20, "end_s": 220, "known_to": "broadcast"},
        {"kind": "fire", "file": "fire.geojson", "start_s": 150, "end_s": 230, "every_s": 20},
    ]
    scenario = load_scenario(write_scenario(tmp_path, walks=WALKS, hazards=hazards, duration_s=300))
    network = network_of(scenario)
    on_foot = on_foot_of(scenario, network)
    simulation = Simulation(scenario, network, trips_of(scenario, network), on_foot=on_foot)
    walks, fleet = simulation.model.walkers.walks, simulation.model.fleet
    slow, store = (walks.cell_f[0, column].copy() for column in (walking_tables.SLOW, walking_tables.STORE))
    own_mps, vehicles = fleet.lane_limit_mps[0].copy(), len(fleet.trips.id)
    for until_s in range(10, 300, 10):
        simulation.run(until_s)
        walks, fleet = simulation.model.walkers.walks, simulation.model.fleet
        status = simulation.model.walkers.people.status[0]
        out = np.isin(status, (walking_tables.WALKING, walking_tables.QUEUED, walking_tables.INCAPACITATED))
        assert walks.cell_i[0, walking_tables.COUNT].sum() == out.sum() == walks.counter[0, walking_tables.OUT]
        assert (walks.cell_i[0, walking_tables.WANTED] >= 0).all()
        assert walks.cell_i[0, walking_tables.QUEUE].sum() == (status == walking_tables.QUEUED).sum()
        driving = (fleet.vehicles.status[0] == table.DRIVING).sum()
        assert fleet.cities.lane_i[0, table.COUNT, :-1].sum() == driving and len(fleet.trips.id) == vehicles
    felt = simulation.hazards.hazards
    assert (~np.isnan(felt.on_foot.lost_s)).any() and (~np.isnan(felt.in_vehicles.lost_s)).any()
    assert (status == walking_tables.INCAPACITATED).sum() == (~np.isnan(felt.on_foot.lost_s)).sum()
    assert (walks.cell_f[0, walking_tables.SLOW] == slow).all() and (
        walks.cell_f[0, walking_tables.STORE] == store
    ).all()
    assert (fleet.lane_limit_mps[0] == own_mps).all() and fleet.lane_open.all() and not simulation.journeys.closed.any()
    assert (
        not simulation.journeys.announced.any()
        and np.isinf(fleet.obstacle_m).all()
        and np.isinf(simulation.edges_m).all()
    )
    assert not simulation.events.at(("limit", 0)) and not simulation.hazards.detours.closed.any()


def test_footbridges_stay_dry(tmp_path):
    west, south = TOWN_AT
    everywhere = box(west - 1e-3, south - 1e-3, west + 1e-2, south + 1e-2)
    write_series(tmp_path / "water.geojson", (0, everywhere, {"depth_m": 0.8}))
    hazards = [{"kind": "flood", "file": "water.geojson"}]
    simulation = walkers_of(write_scenario(tmp_path, walks=WALKS, demand=[], hazards=hazards))
    walkers, hazard = simulation.model.walkers, simulation.hazards.hazards
    layer = np.zeros(walkers.network.link_count, np.int8)
    layer[0] = 1
    walkers.network = replace(walkers.network, links=replace(walkers.network.links, layer=layer))
    field = HazardField(hazard.fields[0].threat, simulation.model.network, hazard.pieces, walkers)
    field.look(1.0)
    assert (field.shuts_cells == (walkers.link_of != 0)).all()


def test_a_run_leaves_its_tables_and_lists(tmp_path):
    west, south = TOWN_AT
    ring = box(west - 1e-3, south - 1e-3, west + 1.3 * BLOCK_DEGREES[0], south + 1.3 * BLOCK_DEGREES[1])
    write_series(tmp_path / "water.geojson", (60, ring, {"depth_m": 0.8, "velocity_mps": 0.5}))
    hazards = [{"id": "river", "kind": "flood", "file": "water.geojson", "every_s": 20, "closes_walks_at_m": 0.5}]
    path = write_scenario(tmp_path, walks=WALKS, hazards=hazards, duration_s=240)
    summary = run_scenario(path, tmp_path / "run").summary
    run = read_run(tmp_path / "run")
    facts = summary["hazards"]["river"]
    counted = run.trapped.groupby("mode").size().reindex(["vehicle", "on_foot"], fill_value=0)
    assert facts["stranded"] == counted.to_dict()
    assert facts["detours_on_foot"] > 0
    assert set(run.events.loc[run.events["kind"] == "flood", "text"]) == {"14 streets closed"}
    assert sum(facts["stranded"].values()) > 0 and facts["most_streets_closed"] > 0
    assert run.hazards["t_s"].tolist() == [60 + 20 * k for k in range(10)]
    assert run.hazards["on_foot_stranded"].iloc[-1] == facts["stranded"]["on_foot"]
    assert len(run.exposure) == sum(facts["exposed"].values()) and (run.exposure["worst"] == 0.8).all()
    assert run.exposure["rating_m2ps"].to_numpy() == pytest.approx(0.8)
    assert set(run.hazard_links["network"]) == {"road", "walk"} and run.hazard_links["closed"].any()
    places = json.loads((tmp_path / "run" / "people_in_hazards.geojson").read_text())["features"]
    assert len(places) == len(run.trapped) + len(run.casualties)
    assert len((tmp_path / "run" / "trapped.csv").read_text().splitlines()) == len(run.trapped) + 1
    assert set(run.trapped["cause"]) <= {"in water 0.80 m deep", "the way on is closed by river"}
    assert run.trapped["lon"].between(west - 2e-3, west + 3 * BLOCK_DEGREES[0]).all()


def test_the_report_has_maps_curves_and_the_nearest_unit_of_everybody(tmp_path):
    west, south = TOWN_AT
    ring = box(west - 1e-3, south - 1e-3, west + 1.3 * BLOCK_DEGREES[0], south + 1.3 * BLOCK_DEGREES[1])
    write_series(tmp_path / "water.geojson", (30, ring, {"depth_m": 0.8, "velocity_mps": 1.0}))
    units = [{"id": f"A{k}", "at": [west + k * BLOCK_DEGREES[0], south + 3 * BLOCK_DEGREES[1]]} for k in (2, 3)]
    responders = {"units": units, "random_calls": [{"id": "ill", "per_hour": 120}], "on_scene_s": 20}
    hazards = [{"id": "river", "kind": "flood", "file": "water.geojson", "every_s": 20}]
    path = write_scenario(tmp_path, walks=WALKS, hazards=hazards, responders=responders, duration_s=200)
    run_scenario(path, tmp_path / "run")
    run = read_run(tmp_path / "run")
    assert len(run.casualties) > 0 and set(run.casualties["nearest_unit"]) <= {"A2", "A3"}
    assert run.casualties["nearest_unit_m"].between(50, 800).all()
    assert not run.trips["trip_id"].str.startswith("#responder").all() and len(run.trips) < 200
    first = run.casualties.sort_values("t_s", kind="stable").iloc[0]
    nearest = f"{first['nearest_unit']} ({first['nearest_unit_m']:.0f} m)"
    page = write_report(tmp_path / "run").read_text()
    for said in ("river is on", 'id="inside-river"', "lost the footing in water 0.80 m deep", "NHS England", nearest):
        assert said in page, said


def test_people_go_round_smoke_that_they_could_pass_if_it_weighs_enough(tmp_path):
    """Of the same walks fewer than half as many lead through smoke that everybody knows of."""
    west, south = TOWN_AT
    across, up = BLOCK_DEGREES
    ring = box(west + 0.5 * across, south + 0.5 * up, west + 1.5 * across, south + 1.5 * up)
    write_series(tmp_path / "smoke.geojson", (0, ring, {"extinction_per_m": 0.5}))
    smoke = {"kind": "smoke", "file": "smoke.geojson", "known_to": "broadcast", "every_s": 20}
    exposed = {}
    for weight in (None, 1, 8):
        walking = {} if weight is None else {"hazard_weight": weight}
        simulation = walkers_of(write_scenario(tmp_path, walks=WALKS, demand=[], hazards=[smoke], walking=walking))
        simulation.run(150.0)
        middle = take(simulation)
        simulation.run(300.0)
        exposed[weight] = int((simulation.hazards.hazards.on_foot.inside_s[0] > 0.0).sum())
        before = simulation.model.walkers.state_hash()
        restore(simulation, middle)
        simulation.run(300.0)
        assert simulation.model.walkers.state_hash() == before
    assert exposed[None] >= exposed[1] > 2 * exposed[8] > 0
