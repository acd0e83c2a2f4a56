"""Locks are named within a minute, with the right ring and the right times, and nothing else is called a lock."""

from __future__ import annotations

import math
import sys
import types
from typing import Any

import numpy as np
import pytest
from traffic_case import Notebook, link_between, make_trips, simulate

from citytwin.kernels import traffic_tables as table
from citytwin.kernels.traffic import run_member
from citytwin.kernels.traffic_tables import City
from citytwin.kernels.ways import renew_ways
from citytwin.scenarios.junctions import build_network
from citytwin.scenarios.network import RoadNetwork
from citytwin.scenarios.streets import JunctionSpec
from citytwin.scenarios.synthetic import grid_city, random_city
from citytwin.scenarios.synthetic_roads import Road, draw_city
from citytwin.sim import watchdog
from citytwin.sim.gridlock import _first_ring, find_locks
from citytwin.sim.network_facts import streets_columns
from citytwin.sim.outcome import summarise
from citytwin.sim.report import metrics, words
from citytwin.sim.report.page import render
from citytwin.sim.run_folder import RunFolder, read_run
from citytwin.sim.simulation import Simulation
from citytwin.sim.watchdog import CLOSED_S, write_locks

WITHIN_S = 60.0
NEVER = {"reroute_blocked_after_s": "never"}
SIDE_M = 120.0


def ring_city(corners: int, *, signalised: bool = False, widens: bool = False) -> RoadNetwork:
    """One-way streets round a block, and a two-way street to a gate at every corner.

    With ``widens`` each gets a second lane half-way, which only leads out to the gate.
    """
    radius = SIDE_M / (2.0 * math.sin(math.pi / corners))
    specs, roads = [], []
    for k in range(corners):
        angle = math.tau * k / corners
        x, y = math.cos(angle), math.sin(angle)
        specs.append(JunctionSpec(f"corner {k}", radius * x, radius * y, signalised=signalised))
        specs.append(JunctionSpec(f"gate {k}", (radius + 150.0) * x, (radius + 150.0) * y, gate="both"))
        ahead, begin, lanes = f"corner {(k + 1) % corners}", f"corner {k}", 1
        if widens:
            b = math.tau * (k + 1) / corners
            begin, lanes = f"half-way {k}", 2
            specs.append(JunctionSpec(begin, radius * (x + math.cos(b)) / 2.0, radius * (y + math.sin(b)) / 2.0))
            roads.append(Road(f"corner {k}", begin, 1, 0, "secondary", name=f"Side {k}"))
        arrows = {ahead: (("left",), ("right",))} if widens else {}
        roads.append(Road(begin, ahead, lanes, 0, "secondary", name=f"Side {k}", arrows=arrows))
        roads.append(Road(f"gate {k}", f"corner {k}", 1, 1, "secondary", name=f"Arm {k}"))
    return build_network(draw_city("block", specs, roads))


def sides(corners: int) -> list[str]:
    """Links round the block in the direction of travel."""
    return [link_between(f"corner {k}", f"corner {(k + 1) % corners}") for k in range(corners)]


def all_round(corners: int, *, each: int, every_s: float = 1.0) -> list[tuple]:
    """Cars that start on every side and want to its end by way of all others: more than the block can hold."""
    ring, rows = sides(corners), []
    for k, side in enumerate(ring):
        for i in range(each):
            gate = link_between(f"gate {k}", f"corner {k}")
            rows.append((f"side {k} car {i:03d}", every_s * i, side, ring[k - 1], 0, 60.0, 100.0))
            rows.append((f"arm {k} car {i:03d}", every_s * i, gate, ring[k - 1], 0, 30.0, 100.0))
    return rows


class SlowWitness:
    """Look every second when the first vehicle of each street last moved, and when anybody there did."""

    def __init__(self, simulation: Simulation, links: list[str]) -> None:
        self.simulation = simulation
        self.links = links
        network = simulation.model.network
        self.lanes = [int(network.links.lane_start[network.link_row[link]]) for link in links]
        self.last_moved_s = dict.fromkeys(links, 0.0)
        self.anybody_moved_s = 0.0
        self._seen: dict[int, tuple[int, float]] = {}

    def run(self, until_s: float) -> None:
        vehicles = self.simulation.model.fleet.vehicles
        while self.simulation.t_s < until_s:
            self.simulation.run(self.simulation.t_s + 1.0)
            for link, lane in zip(self.links, self.lanes, strict=True):
                present = np.flatnonzero(vehicles.lane[0] == lane)
                if (vehicles.speed_mps[0, present] >= 0.1).any():
                    self.anybody_moved_s = self.simulation.t_s
                if not present.size:
                    self.last_moved_s[link] = self.simulation.t_s
                    continue
                first = int(present[vehicles.position_m[0, present].argmax()])
                at_m = float(vehicles.position_m[0, first])
                before = self._seen.get(lane, (-1, 0.0))
                if before[0] != first or at_m - before[1] >= 0.1:
                    self.last_moved_s[link] = self.simulation.t_s
                self._seen[lane] = (first, at_m)


@pytest.mark.parametrize("corners", [3, 4, 6])
@pytest.mark.parametrize("signalised", [False, True])
def test_a_block_that_fills_up_is_named_with_its_ring_and_its_times(corners: int, signalised: bool) -> None:
    network = ring_city(corners, signalised=signalised)
    simulation = simulate(network, all_round(corners, each=40), routes=NEVER)
    witness = SlowWitness(simulation, sides(corners))
    witness.run(500.0)
    assert (simulation.model.fleet.vehicles.status[0] == table.ARRIVED).sum() == 0
    (lock,) = simulation.locks
    truth = witness.last_moved_s
    order = sides(corners)
    start = order.index(lock.links[0])
    assert lock.links == (*order[start:], *order[:start]), "each waits for the next"
    assert lock.first_blocked_s == min(truth.values())
    assert truth[lock.links[0]] == lock.first_blocked_s
    assert lock.closed_s == witness.anybody_moved_s, "the last of the queues has closed up"
    assert lock.closed_s < lock.found_s <= lock.closed_s + WITHIN_S
    assert np.isnan(lock.resolved_s)
    on_ring = np.isin(simulation.model.fleet.vehicles.lane[0], witness.lanes)
    assert lock.vehicles == on_ring.sum()
    assert find_locks(simulation.model.fleet) == [lock.links]


def test_an_empty_lane_that_nobody_wants_frees_no_queue() -> None:
    """The lane out to the gate is empty, but all want round the block, and wait for the lane beside it."""
    network = ring_city(4, widens=True)
    narrow = [link_between(f"corner {k}", f"half-way {k}") for k in range(4)]
    wide = [link_between(f"half-way {k}", f"corner {(k + 1) % 4}") for k in range(4)]
    rows = [
        (f"{start} {i}", 1.0 * i, start, wide[k - 1], 0, 20.0, 40.0)
        for k in range(4)
        for start in (narrow[k], link_between(f"gate {k}", f"corner {k}"))
        for i in range(40)
    ]
    simulation = simulate(network, rows, routes=NEVER)
    simulation.run(600.0)
    assert (simulation.model.fleet.vehicles.speed_mps[0] == 0.0).all()
    (lock,) = simulation.locks
    assert np.isnan(lock.resolved_s)
    assert set(lock.links) == {*narrow, *wide}
    kerb = [network.links.lane_start[network.link_row[name]] for name in wide]
    assert (simulation.model.fleet.cities.lane_i[0, table.COUNT, kerb] == 0).all()


def test_a_lock_dissolves_when_a_driver_in_it_gives_way_to_another_route() -> None:
    simulation = simulate(ring_city(4), all_round(4, each=40), routes=NEVER)
    simulation.run(120.0)
    (lock,) = simulation.locks
    assert np.isnan(lock.resolved_s)
    network, fleet = simulation.model.network, simulation.model.fleet
    corner = lock.links[0].rpartition(">")[2]
    leaves = link_between(corner, corner.replace("corner", "gate"))
    route = np.array([network.link_row[lock.links[0]], network.link_row[leaves]], np.int32)
    driver = np.array([lock.heads[0]])
    fleet.set_routes(0, driver, np.array([0, 2]), route)
    renew_ways(fleet.cities, 0, driver)
    simulation.run(140.0)
    assert lock.resolved_s in (130.0, 140.0)
    assert [entry.text for entry in simulation.entries if "dissolved" in entry.text]


def test_two_cars_that_each_want_into_the_lane_of_the_other_are_a_lock_until_they_cross() -> None:
    """Both ways on are closed as they come, so each stands in the lane of the other when they open again."""
    specs = [
        JunctionSpec("west", -200.0, 0.0, gate="both"),
        JunctionSpec("fork", 0.0, 0.0),
        JunctionSpec("north", 0.0, 200.0, gate="both"),
        JunctionSpec("south", 0.0, -200.0, gate="both"),
    ]
    arrows = {"fork": (("left",), ("right",))}
    roads = [
        Road("west", "fork", 2, 1, "secondary", arrows=arrows),
        Road("fork", "north", 1, 1, "secondary"),
        Road("fork", "south", 1, 1, "secondary"),
    ]
    network = build_network(draw_city("fork", specs, roads))
    way_in, north, south = (link_between(*pair) for pair in (("west", "fork"), ("fork", "north"), ("fork", "south")))
    closures = [{"kind": "road_closure", "links": [north, south], "start_s": 0, "end_s": 80}]
    rows = [("a", 0.0, way_in, north), ("b", 0.0, way_in, south)]
    simulation = simulate(network, rows, routes=NEVER, events=closures)
    simulation.run(900.0)
    assert (simulation.model.fleet.vehicles.status[0] == table.ARRIVED).all()
    (lock,) = simulation.locks
    assert lock.links == (way_in,)
    assert lock.vehicles == 2
    assert 80.0 <= lock.resolved_s <= 100.0


@pytest.mark.parametrize("seed", range(4))
def test_random_cities_in_moderate_traffic_are_silent(seed: int) -> None:
    network = build_network(random_city(seed))
    rng = np.random.default_rng(seed)
    inner = [link for link in range(network.link_count) if network.links.length_m[link] > 40.0]
    ends = rng.choice(inner, (120, 2))
    ids = network.links.id
    rows = [(f"car {k:03d}", 5.0 * k, ids[a], ids[b]) for k, (a, b) in enumerate(ends.tolist()) if a != b]
    simulation = simulate(network, rows, routes=NEVER)
    simulation.run(900.0)
    assert simulation.locks == []


def test_long_red_lights_with_full_streets_are_no_lock() -> None:
    """A grid in which queues reach back over junctions, but everybody heads out of it: it drains."""
    network = build_network(grid_city(2, 2, 120.0, 1, gates=True))
    pairs = [("gate/w000", "gate/e000", 0), ("gate/e001", "gate/w001", 1)]
    rows = []
    for start, end, row in pairs:
        first = link_between(start, f"node/{row:03d}-{0 if start[5] == 'w' else 1:03d}")
        last = link_between(f"node/{row:03d}-{1 if end[5] == 'e' else 0:03d}", end)
        rows += [(f"{start} {i:03d}", 1.0 * i, first, last, 0, 20.0, np.nan) for i in range(200)]
    junctions = [name for name in network.junctions.id if name.startswith("node/")]
    plans = [{"kind": "signal_plan", "junction": name, "start_s": 0, "cycle_s": 150} for name in junctions[:1]]
    simulation = simulate(network, rows, routes=NEVER, events=plans)
    standing_s = 0.0
    for until_s in range(10, 900, 10):
        simulation.run(float(until_s))
        standing_s = max(standing_s, float(simulation.model.fleet.vehicles.standing_s[0].max()))
    assert standing_s > CLOSED_S, "queues stand longer than the watchdog waits"
    assert simulation.locks == []


def test_queues_behind_an_incident_wait_in_a_ring_but_it_will_be_cleared() -> None:
    """The same full block, but what stops it first is a broken-down vehicle on one of its sides."""
    incident = {
        "kind": "incident",
        "link": sides(4)[0],
        "lane": 0,
        "position_m": 100.0,
        "start_s": 0,
        "duration_s": 400,
    }
    simulation = simulate(ring_city(4), all_round(4, each=40), routes=NEVER, events=[incident])
    simulation.run(400.0)
    assert simulation.locks == []
    simulation.run(800.0)
    (lock,) = simulation.locks
    assert lock.closed_s > 400.0 - CLOSED_S


@pytest.mark.parametrize("lanes, signalised", [(1, False), (2, True)])
def test_in_an_overloaded_grid_every_lock_that_is_named_holds_and_none_is_missed(lanes: int, signalised: bool) -> None:
    """Nobody looks for another way here, so a lock that dissolves was none."""
    network = build_network(grid_city(4, 4, 90.0, lanes, signalised=signalised))
    rng = np.random.default_rng(5)
    ids = network.links.id
    pairs = rng.integers(0, network.link_count, (1500 * lanes, 2)).tolist()
    rows = [(f"car {k:04d}", 0.4 / lanes * k, ids[a], ids[b]) for k, (a, b) in enumerate(pairs) if a != b]
    simulation = simulate(network, rows, routes=NEVER)
    simulation.run(1800.0)
    assert simulation.locks, "the grid locks"
    named = {link for lock in simulation.locks for link in lock.links}
    for lock in simulation.locks:
        assert np.isnan(lock.resolved_s)
        assert lock.found_s <= lock.closed_s + WITHIN_S
    for ring in find_locks(simulation.model.fleet):
        assert named & set(ring), f"nobody named {ring}"


def test_of_the_rings_that_wait_the_one_that_closed_first_is_named() -> None:
    onward = {1: [2], 2: [3, 1], 3: [4], 4: [1]}
    assert set(_first_ring([3, 2, 1, 4], onward)) == {1, 2}
    assert set(_first_ring([1, 3, 4, 2], onward)) == {1, 2}, "of two that close at once the shorter"
    assert _first_ring([1, 3, 4, 2], {1: [2], 2: [3], 3: [4], 4: [1]}) == (2, 3, 4, 1)
    with pytest.raises(ValueError, match="in a ring"):
        _first_ring([1, 2], {1: [2]})


def test_table_summary_log_and_report_say_the_same(tmp_path) -> None:
    simulation = simulate(ring_city(4), all_round(4, each=40), routes=NEVER)
    simulation.run(120.0)
    (lock,) = simulation.locks
    facts = summarise(simulation, setup_s=0.0, loop_s=1.0)["locks"]
    assert facts == [
        {
            "links": list(lock.links),
            "first_blocked_s": lock.first_blocked_s,
            "closed_s": lock.closed_s,
            "found_s": lock.found_s,
            "vehicles": lock.vehicles,
            "resolved_s": None,
        }
    ]
    notebook = Notebook()
    write_locks(notebook, simulation.locks)
    assert notebook.tables["locks"]["links"] == [", ".join(lock.links)]
    (entry,) = [entry for entry in simulation.entries if entry.kind == "lock"]
    assert (entry.t_s, entry.where) == (lock.found_s, ", ".join(lock.links))
    with RunFolder(tmp_path / "run", start="2026-05-04T07:00") as folder:
        write_locks(folder, simulation.locks)
        folder.writer("streets").write(streets_columns(simulation.model.network))
        folder.summarise({"created": 1, "sim_s": 120.0})
    run = read_run(tmp_path / "run")
    *_, sentence = words.sentences(run, metrics.headline(run), metrics.link_totals(run.links, run.streets))
    assert "Dashed: queues that held each other up" in render(run)
    assert "Once queues held each other up in a ring, on Side" in sentence
    assert sentence.endswith("and did so to the end.")


def test_the_same_run_names_the_same_locks() -> None:
    def result() -> tuple[str, list]:
        simulation = simulate(ring_city(4, signalised=True), all_round(4, each=40), routes=NEVER)
        simulation.run(300.0)
        return simulation.model.fleet.state_hash(), [(*lock.links, lock.closed_s) for lock in simulation.locks]

    assert result() == result()
    assert result()[1]


def test_watching_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    hashes = set()
    for every_s in (10.0, 1000.0):
        monkeypatch.setattr(watchdog, "CHECK_EVERY_S", every_s)
        simulation = simulate(ring_city(4), all_round(4, each=40), routes=NEVER)
        simulation.run(200.0)
        hashes.add(simulation.model.fleet.state_hash())
        assert bool(simulation.locks) == (every_s < 200.0)
    assert len(hashes) == 1


class Elsewhere:
    """Stands in for a GPU: keeps its arrays in another piece of memory, and counts what is copied back."""

    def __init__(self, cities: City) -> None:
        self.host, self.pushed = cities, 0
        self.there = {name: value.copy() for name, value in cities._asdict().items() if isinstance(value, np.ndarray)}

    def run(self, first_step: int, last_step: int) -> None:
        run_member(self.host._replace(**self.there), 0, first_step, last_step)

    def place(self, name: str, column: int | None) -> Any:
        """Of vehicles the last axis is the column, of lanes and the rest the one behind the members."""
        if column is None:
            return slice(None)
        return (..., column) if name.startswith("vehicle_") else (slice(None), column)

    def fetch(self, name: str, column: int | None = None) -> None:
        place = self.place(name, column)
        getattr(self.host, name)[place] = self.there[name][place]

    def push(self, name: str, column: int | None = None) -> None:
        self.pushed += 1
        place = self.place(name, column)
        self.there[name][place] = getattr(self.host, name)[place]

    def push_routes(self, route: np.ndarray, used: int, needed: int) -> None:
        self.host, self.there["route"] = self.host._replace(route=route), route.copy()


def test_traffic_on_a_gpu_is_watched_too_and_nothing_is_copied_back(monkeypatch: pytest.MonkeyPatch) -> None:
    module = types.ModuleType("citytwin.kernels.cuda_city")
    module.DeviceCity = Elsewhere  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "citytwin.kernels.cuda_city", module)
    here = simulate(ring_city(4), all_round(4, each=40), routes=NEVER)
    network = here.model.network
    there = Simulation(here.scenario, network, make_trips(network, all_round(4, each=40)), backend="cuda")
    here.run(200.0)
    there.run(50.0)
    device = there.model.fleet._mirror.device
    there.run(200.0)
    assert repr(there.locks) == repr(here.locks)  # nan, not resolved, equals nan in no other form
    assert there.locks
    device.pushed = 0
    for observed_s in (210.0, 220.0):
        there.run(observed_s)
    assert device.pushed == 0
