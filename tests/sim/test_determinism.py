"""The same file and seed give the same bits, however many threads, processes, members or calls there are."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from traffic_case import make_scenario, make_trips, simulate, write_scenario

from citytwin.agents.city_model import CityModel
from citytwin.agents.fleet import Fleet, build_fleet
from citytwin.agents.journeys import Journeys
from citytwin.kernels import traffic_tables as table
from citytwin.scenarios.junctions import build_network
from citytwin.scenarios.synthetic import random_city
from citytwin.scenarios.trips import TripTable

NETWORK = build_network(random_city(8, 9))
END_S = 240.0


def random_rows(count: int = 120) -> list[tuple[str, float, str, str]]:
    rng = np.random.default_rng(11)
    links = NETWORK.links.id
    ends = rng.integers(len(links), size=(count, 2))
    return [(f"trip {k}", float(rng.uniform(0, 120)), links[a], links[b]) for k, (a, b) in enumerate(ends)]


def run_to_end(rows, **keys):
    simulation = simulate(NETWORK, rows, duration_s=END_S, routes={"plan_every_s": 60}, **keys)
    simulation.run()
    return simulation


@pytest.fixture(scope="module")
def finished():
    return run_to_end(random_rows(), seed=5)


def test_twice_the_same(finished):
    assert run_to_end(random_rows(), seed=5).model.fleet.state_hash() == finished.model.fleet.state_hash()


def test_another_seed_is_another_run(finished):
    assert run_to_end(random_rows(), seed=6).model.fleet.state_hash() != finished.model.fleet.state_hash()


@pytest.mark.parametrize("stops_s", [(1.0,), (59.0, 60.0, 61.0), (0.0, 7.5, 100.2)])
def test_time_may_pass_in_pieces(finished, stops_s):
    simulation = simulate(NETWORK, random_rows(), duration_s=END_S, routes={"plan_every_s": 60}, seed=5)
    for stop_s in stops_s:
        simulation.run(stop_s)
    simulation.run()
    assert simulation.model.fleet.state_hash() == finished.model.fleet.state_hash()


def test_mesa_steps_are_the_same_as_one_run(finished):
    simulation = simulate(NETWORK, random_rows(), duration_s=END_S, routes={"plan_every_s": 60}, seed=5)
    for _ in range(int(END_S)):
        simulation.model.step()
    assert simulation.model.fleet.state_hash() == finished.model.fleet.state_hash()


@pytest.fixture
def searched_at(monkeypatch):
    """Steps before which everything is looked through, because somebody may have changed something."""
    steps, advance = [], Fleet.advance

    def note(self, first_step, last_step, *, as_left):
        if not as_left:
            steps.append(first_step)
        advance(self, first_step, last_step, as_left=as_left)

    monkeypatch.setattr(Fleet, "advance", note)
    return steps


class EveryStep:
    every_s = 1.0

    def observe(self, t_s, model):
        pass


def test_who_only_looks_leaves_no_trace_and_costs_the_next_step_no_search(finished, searched_at):
    simulation = simulate(NETWORK, random_rows(), duration_s=END_S, routes={"plan_every_s": 60}, seed=5)
    simulation.watch([EveryStep()])
    simulation.run()
    assert simulation.model.fleet.state_hash() == finished.model.fleet.state_hash()
    assert searched_at == [0, 60, 120, 180]  # departures are planned


def test_after_an_event_the_next_step_searches(searched_at):
    closure = {"kind": "road_closure", "link": NETWORK.links.id[0], "start_s": 75, "end_s": 95}
    simulation = simulate(NETWORK, [], duration_s=END_S, routes={"plan_every_s": 60}, events=[closure])
    simulation.run(100.0)
    simulation.run()
    assert searched_at == [0, 60, 75, 95, 100, 120, 180]


def test_a_trip_more_changes_nobody_elses_luck():
    """Wanted speed and route of everybody else at the start, with the same expectation of the streets."""
    rows = random_rows()
    extra = ("a new one", 3.5, *rows[7][2:4])
    drawn = []
    for trips in (rows, [*rows[:50], extra, *rows[50:]]):
        simulation = simulate(NETWORK, trips, seed=5, routes={"plan_every_s": 600, "perception_noise": 0.5})
        simulation.run(0.0)
        fleet = simulation.model.fleet
        drawn.append(
            {
                name: (fleet.vehicles.speed_factor[0, row], tuple(fleet.route(0, row)))
                for row, name in enumerate(fleet.trips.id)
            }
        )
    new = drawn[1].pop("a new one")
    assert drawn[0] == drawn[1]
    assert new[0] not in {factor for factor, _ in drawn[0].values()}


def planned(fleet: Fleet, member: int, seed: int) -> None:
    journeys = Journeys(CityModel(NETWORK, fleet), member, seed, 0.3)
    journeys.plan_departures(np.arange(len(fleet.trips)))


def make_fleet(trips: TripTable, *, seed: int, members: int) -> Fleet:
    return build_fleet(NETWORK, trips, make_scenario().drivers, seed=seed, members=members)


def test_members_of_an_ensemble_are_single_runs_with_the_seeds_that_follow():
    trips = make_trips(NETWORK, random_rows())
    together = make_fleet(trips, seed=20, members=3)
    for member in range(3):
        planned(together, member, 20 + member)
    together.advance(0, 60)
    together.advance(60, int(END_S))
    hashes = [together.state_hash(member) for member in range(3)]
    for member in range(3):
        alone = make_fleet(trips, seed=20 + member, members=1)
        planned(alone, 0, 20 + member)
        alone.advance(0, int(END_S))
        assert alone.cities.counter[0, table.ARRIVALS] > 0
        assert alone.state_hash() == hashes[member]
    assert len(set(hashes)) == 3


def test_the_hash_notices_every_part_of_the_state(finished):
    fleet = finished.model.fleet
    before = fleet.state_hash()
    for name in table.OWN:
        if name in ("driver", "sensor", "junction"):
            continue
        array = getattr(fleet.cities, name)
        if not array.size:
            continue
        changed = array.copy()
        changed.flat[0] += 1
        assert replace(fleet, cities=fleet.cities._replace(**{name: changed})).state_hash() != before, name


RUN = """
import json, sys
from citytwin.sim.run import run_scenario
result = run_scenario(sys.argv[1], sys.argv[2], threads=int(sys.argv[3]))
import numba
print(json.dumps([result.summary["state_hash"], result.summary["arrived"], numba.get_num_threads()]))
"""


@pytest.mark.slow
def test_one_two_or_four_threads_in_fresh_processes(tmp_path):
    path = write_scenario(tmp_path, duration_s=400)
    answers = []
    for threads in (1, 2, 4):
        environment = os.environ | {"PYTHONHASHSEED": str(100 + threads), "NUMBA_NUM_THREADS": "4"}
        command = [sys.executable, "-c", RUN, str(path), str(tmp_path / f"out {threads}"), str(threads)]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        answers.append(json.loads(done.stdout))
    assert [used for *_, used in answers] == [1, 2, 4]
    assert answers[0][1] > 10
    assert answers[0][:2] == answers[1][:2] == answers[2][:2]
