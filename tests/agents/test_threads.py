"""One city on several threads: the same bits on any number, and nobody waits for ever."""

from __future__ import annotations

import multiprocessing
import sys
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from traffic_case import make_trips

from citytwin.agents import threads
from citytwin.agents.fleet import Fleet, build_fleet
from citytwin.agents.routes import Router
from citytwin.kernels import traffic_tables as table
from citytwin.scenarios.city import bundled_cities
from citytwin.scenarios.junctions import build_network
from citytwin.scenarios.load_network import load_network
from citytwin.scenarios.network import RoadNetwork
from citytwin.scenarios.scenario import Drivers
from citytwin.scenarios.synthetic import grid_city, random_city

STEPS = 300


@pytest.fixture(autouse=True)
def together(monkeypatch: pytest.MonkeyPatch) -> None:
    """However busy the machine is, nobody works alone."""
    monkeypatch.setattr(threads, "LEAST_SHARE", 0.0)
    monkeypatch.setattr(threads._team, "alone", 0)


def busy_fleet(network: RoadNetwork, seed: int = 1) -> Fleet:
    """Traffic that fills a network: 900 trips, motor vehicles and bicycles, within five minutes."""
    rng = np.random.default_rng(3)
    ids = network.links.id
    pairs = rng.integers(0, network.link_count, (900, 2))
    rows = [(f"t{i}", i / 3.0, ids[a], ids[b], 4 if i % 9 == 0 else 0) for i, (a, b) in enumerate(pairs)]
    trips = make_trips(network, rows)
    fleet = build_fleet(network, trips, Drivers(), seed=seed)
    routes = Router(network).plan(trips.origin_link, trips.destination_link, trips.key, noise=0.2, seed=1)
    fleet.set_routes(0, np.arange(len(trips)), routes.start, routes.link)
    return fleet


@pytest.fixture(scope="module", params=["signals", "random", "Monaco"])
def network(request: pytest.FixtureRequest) -> RoadNetwork:
    if request.param == "Monaco":
        return load_network(bundled_cities()["monaco"])
    return build_network(grid_city(4, 4, block_m=90) if request.param == "signals" else random_city(7))


def test_the_same_bits_on_any_number_of_threads(network: RoadNetwork) -> None:
    alone = busy_fleet(network)
    threads.run_on_threads(alone.cities, 0, 0, STEPS, 1)
    assert alone.cities.counter[0, table.ENTERED] > 100
    for parts in (2, 3, 7):
        shared = busy_fleet(network)
        for first in range(0, STEPS, 100):
            threads.run_on_threads(shared.cities, 0, first, first + 100, parts)
        assert shared.state_hash() == alone.state_hash()
        assert (shared.cities.counter == alone.cities.counter).all()


@pytest.mark.parametrize("parts", [1, 3])
def test_looks_that_change_nothing_leave_no_trace(network: RoadNetwork, parts: int) -> None:
    alone, watched = busy_fleet(network), busy_fleet(network)
    threads.run_on_threads(alone.cities, 0, 0, STEPS, 1)
    for first in range(0, STEPS, 3):
        threads.run_on_threads(watched.cities, 0, first, first + 3, parts, as_left=first > 0)
    assert watched.state_hash() == alone.state_hash()
    assert (watched.cities.counter == alone.cities.counter).all()


def test_two_runs_at_once_do_not_wait_for_each_other() -> None:
    network = build_network(grid_city(4, 4, block_m=90))
    fleets = [busy_fleet(network, seed) for seed in range(4)]
    with ThreadPoolExecutor(4) as people:
        list(people.map(lambda fleet: threads.run_on_threads(fleet.cities, 0, 0, STEPS, 3), fleets))
    for seed, fleet in enumerate(fleets):
        alone = busy_fleet(network, seed)
        alone.advance(0, STEPS)
        assert fleet.state_hash() == alone.state_hash()


def test_who_cannot_start_all_calls_the_others_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """As when somebody presses Ctrl-C just then: nothing has changed, and a second try comes to the same."""
    fleet = busy_fleet(build_network(grid_city(4, 4, block_m=90)))
    before = fleet.state_hash()
    submit = ThreadPoolExecutor.submit

    def start_one(self: ThreadPoolExecutor, function: Any, *arguments: Any) -> Future[Any]:
        if arguments[-1] == 2:
            raise KeyboardInterrupt
        return submit(self, function, *arguments)

    with monkeypatch.context() as patch:
        patch.setattr(ThreadPoolExecutor, "submit", start_one)
        with pytest.raises(KeyboardInterrupt):
            threads.run_on_threads(fleet.cities, 0, 0, STEPS, 3)
    assert fleet.state_hash() == before
    threads.run_on_threads(fleet.cities, 0, 0, STEPS, 3)
    alone = busy_fleet(fleet.network)
    alone.advance(0, STEPS)
    assert fleet.state_hash() == alone.state_hash()


def run_in_child(answers: Any) -> None:
    fleet = busy_fleet(build_network(grid_city(4, 4, block_m=90)))
    threads.run_on_threads(fleet.cities, 0, 0, STEPS, 2)
    answers.put(fleet.state_hash())


@pytest.mark.skipif(sys.platform != "linux", reason="processes fork on Linux")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_process_has_threads_of_its_own() -> None:
    fleet = busy_fleet(build_network(grid_city(4, 4, block_m=90)))
    threads.run_on_threads(fleet.cities, 0, 0, STEPS, 2)
    fork = multiprocessing.get_context("fork")
    answers = fork.SimpleQueue()
    child = fork.Process(target=run_in_child, args=(answers,))
    child.start()
    child.join(120)
    assert child.exitcode == 0
    assert answers.get() == fleet.state_hash()


def test_who_gets_too_little_of_the_cores_goes_on_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a machine where others use them: a while later it tries again."""
    fleet, used = busy_fleet(build_network(grid_city(4, 4, block_m=90))), []
    share_out = threads._share_out

    def note(cities: Any, m: int, first_step: int, last_step: int, parts: int, *, as_left: bool) -> None:
        used.append(parts)
        share_out(cities, m, first_step, last_step, parts, as_left=as_left)

    monkeypatch.setattr(threads, "_share_out", note)
    monkeypatch.setattr(threads, "LEAST_SHARE", 0.7)
    monkeypatch.setattr(threads.time, "process_time", lambda: 0.0)
    for step in range(threads.ALONE + 2):
        threads.run_on_threads(fleet.cities, 0, step, step + 1, 2)
    assert used == [2, *[1] * threads.ALONE, 2]


def test_a_small_city_is_not_shared_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threads.numba, "get_num_threads", lambda: 8)
    assert [threads.threads_for(driving) for driving in (0, 1_999, 2_000, 5_500, 1_000_000)] == [1, 1, 2, 5, 8]
