"""People walk beside the traffic: they wait for lights and gaps."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from traffic_case import write_scenario

from citytwin.kernels import traffic_tables, walking_tables
from citytwin.kernels.walk_crossings import open_crossings
from citytwin.scenarios.network import Light
from citytwin.scenarios.scenario import load_scenario
from citytwin.scenarios.walk_network import CrossingKind
from citytwin.sim.report import write_report
from citytwin.sim.run import network_of, run_scenario, trips_of
from citytwin.sim.run_folder import read_run
from citytwin.sim.simulation import Simulation
from citytwin.sim.walking import on_foot_of

WALKS = [{"kind": "random_trips", "per_hour": 3000, "min_distance_m": 100, "end_s": 240}]


def simulation_of(folder: Path, **keys) -> Simulation:
    scenario = load_scenario(write_scenario(folder, **keys))
    network = network_of(scenario)
    return Simulation(scenario, network, trips_of(scenario, network), on_foot=on_foot_of(scenario, network))


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory):
    folder = tmp_path_factory.mktemp("town")
    run_scenario(write_scenario(folder, walks=WALKS, walking={"links_every_s": 120}), folder / "run")
    return read_run(folder / "run")


def test_everybody_is_counted_and_has_a_row(run):
    facts = run.summary["walking"]
    parts = ("pending", "waiting", "walking", "arrived", "no_route")
    assert sum(facts[part] for part in parts) == facts["walks"] == len(run.walks) == 200
    assert facts["arrived"] > 50 and facts["no_route"] == 0
    assert (run.walks["status"] == "arrived").sum() == facts["arrived"]
    arrived = run.walks[run.walks["status"] == "arrived"]
    assert (arrived["delay_s"] > -1.5).all()
    assert (arrived["queued_s"] >= arrived["crossing_s"]).all() and arrived["crossing_s"].sum() > 0


def test_the_table_of_links_adds_up_to_the_walks(run):
    assert run.walk_links["person_m"].sum() == pytest.approx(run.walks["distance_m"].sum(), rel=1e-6)
    assert set(run.walk_links["link"]) <= set(run.walk_streets["link"])
    assert set(run.walk_links["level_of_service"]) <= set("ABCDEF")


def test_the_report_tells_of_people_on_foot(run):
    page = write_report(run.folder).read_text()
    assert "People on foot" in page and "lab_calibrated" in page and "level of service" in page


def test_the_traffic_waits_for_people_and_a_seed_gives_the_same_walks(run, tmp_path):
    alone = run_scenario(write_scenario(tmp_path), tmp_path / "alone").summary
    assert alone["state_hash"] != run.summary["state_hash"] and "walking" not in alone
    again = run_scenario(write_scenario(tmp_path, walks=WALKS), tmp_path / "again").summary
    assert again["walking"]["state_hash"] == run.summary["walking"]["state_hash"]
    assert again["state_hash"] == run.summary["state_hash"]
    assert "People on foot" not in write_report(tmp_path / "alone").read_text()


def test_nothing_of_walking_is_imported_where_nobody_walks(tmp_path):
    write_scenario(tmp_path)
    code = (
        "import sys; from citytwin.sim.simulation import Simulation; import citytwin.sim.run, citytwin.sim.report;"
        "print([name for name in sys.modules if 'kernels.walk' in name])"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "[]"


def test_people_start_across_only_when_cars_have_red_long_enough(tmp_path):
    simulation = simulation_of(tmp_path, walks=WALKS)
    walks, crossings = simulation.model.walkers.walks, simulation.model.walkers.network.crossings
    lit = np.flatnonzero(walks.crossing_i[0, walking_tables.LIGHT, :-1] >= 0)
    assert (crossings.kind[lit] == CrossingKind.SIGNAL).all() and lit.size
    entries = np.flatnonzero(np.isin(walks.cell_i[0, walking_tables.CROSSING], lit))
    crossed, now = 0, walks.cell_i[0, walking_tables.CAME_IN, entries].copy()
    for t_s in range(1, 200):
        simulation.run(t_s)
        walks = simulation.model.walkers.walks
        before, now = now, walks.cell_i[0, walking_tables.CAME_IN, entries].copy()
        cities = simulation.model.fleet.cities
        for cell in entries[now > before]:
            crossing = walks.cell_i[0, walking_tables.CROSSING, cell]
            first, last = walks.crossing_i[0, walking_tables.FIRST_GROUP, crossing : crossing + 2]
            phase = cities.controller_i[0, traffic_tables.PHASE, walks.crossing_i[0, walking_tables.LIGHT, crossing]]
            lights = cities.light[cities.phase_light[phase] + walks.group[first:last]]
            assert (lights == Light.RED).all()
            crossed += 1
    assert crossed > 5


def test_a_vehicle_that_comes_keeps_people_waiting_and_one_that_stands_across_too(tmp_path):
    simulation = simulation_of(tmp_path, walks=WALKS, demand=[])
    fleet, walks = simulation.model.fleet, simulation.model.walkers.walks
    city, table = fleet.cities, traffic_tables
    crossing = int(np.flatnonzero(walks.crossing_i[0, walking_tables.LIGHT, :-1] < 0)[0])
    place = int(walks.crossing_i[0, walking_tables.FIRST_LANE, crossing])
    lane, at_m = int(walks.crossed[place]), float(walks.crossed_f[walking_tables.AT_M, place])
    if at_m < 60.0:  # look where it crosses the end of a link
        place += 1
        lane, at_m = int(walks.crossed[place]), float(walks.crossed_f[walking_tables.AT_M, place])

    def is_open(position_m: float, speed_mps: float) -> bool:
        row = np.zeros((1, 1, table.VEHICLE_F_COLUMNS))
        row[0, 0, [table.POSITION_M, table.SPEED_MPS]] = position_m, speed_mps
        lane_i, ring = city.lane_i.copy(), city.ring.copy()
        lane_i[0, table.COUNT, lane], lane_i[0, table.HEAD, lane] = 1, 0
        ring[0, lane_i[0, table.RING_START, lane]] = 0
        rows = np.zeros((1, 1, table.VEHICLE_I_COLUMNS), np.int32)
        there = city._replace(vehicle_f=row, vehicle_i=rows, lane_i=lane_i, ring=ring)
        open_crossings(walks, there, 0)
        return bool(walks.crossing_i[0, walking_tables.IS_OPEN, crossing])

    needs_s = float(walks.crossing_f[walking_tables.NEEDS_S, crossing])
    assert needs_s > 3.0
    near_m = min(at_m - 2.0, 10.0 * needs_s - 15.0)
    assert not is_open(at_m - 1.0 - near_m, 10.0)
    assert is_open(at_m - 2.0, 0.0)  # it stands and lets people across
    assert not is_open(at_m + 2.0, 0.0)  # it stands across
    assert is_open(at_m - 1.0 - near_m, 0.9 * near_m / needs_s)


def test_a_person_can_be_looked_at(tmp_path):
    simulation = simulation_of(tmp_path, walks=WALKS)
    simulation.run(120)
    person = simulation.model.pedestrian(0)
    assert person.walk_id == simulation.model.walkers.trips.id[0]
    assert person.status in ("walking", "arrived") and person.walked_m > 30.0
    assert simulation.model.pedestrian(person.walk_id) is person
    assert person in simulation.model.agents
    with pytest.raises(KeyError):
        simulation.model.pedestrian("nobody")


def test_any_step_of_the_traffic_gives_people_whole_seconds(tmp_path):
    hashes = []
    for step_s in (1.0, 0.5, 0.3):
        simulation = simulation_of(tmp_path, walks=WALKS, demand=[], signals={}, step_s=step_s)
        simulation.run(60.0)
        walkers = simulation.model.walkers
        assert int(walkers.walks.counter[0, walking_tables.UPDATES]) > 0
        hashes.append(float(np.nansum(walkers.people.walked_m[0])))
    assert hashes[1] == pytest.approx(hashes[0], rel=0.02) and hashes[2] == pytest.approx(hashes[0], rel=0.05)
