"""Remedies against a standstill: nothing without them, what they do is counted, and the laws of traffic hold."""

from __future__ import annotations

import math
import sys
import types

import numpy as np
import pytest
from traffic_case import link_between, make_scenario, make_trips, simulate
from traffic_laws import TrafficLaws
from yield_roads import MOVEMENTS, junction_of, minor_capacity

from citytwin.agents.fleet import build_fleet
from citytwin.agents.routes import Router
from citytwin.kernels import traffic_tables as table
from citytwin.scenarios.junctions import build_network
from citytwin.scenarios.network import RoadNetwork
from citytwin.scenarios.remedies import Impatience
from citytwin.scenarios.streets import JunctionSpec
from citytwin.scenarios.synthetic import grid_city
from citytwin.scenarios.synthetic_roads import Road, draw_city
from citytwin.sim.outcome import summarise
from citytwin.sim.report.remedies import remedies_compared, remedies_used
from citytwin.sim.simulation import Simulation

from .test_watchdog import Elsewhere

CORNERS = 4
LEAVE = {"leave_locks_after_s": 60}
CLOSED = {"kind": "road_closure", "link": "way/node/001-001>node/002-001", "start_s": 0}
HURRY = {"impatience": {"gap_share": 0.5, "after_s": 20}}


@pytest.fixture(scope="module")
def block() -> RoadNetwork:
    """One-way streets round a block, and at every corner a dead end, where one can turn round."""
    specs, roads = [], []
    for k in range(CORNERS):
        x, y = math.cos(math.tau * k / CORNERS), math.sin(math.tau * k / CORNERS)
        specs.append(JunctionSpec(f"corner {k}", 85.0 * x, 85.0 * y))
        specs.append(JunctionSpec(f"end {k}", 235.0 * x, 235.0 * y))
        roads.append(Road(f"corner {k}", f"corner {(k + 1) % CORNERS}", 1, 0, "secondary"))
        roads.append(Road(f"end {k}", f"corner {k}", 1, 1, "secondary"))
    return build_network(draw_city("block", specs, roads))


def round_the_block() -> list[tuple]:
    """Cars that all want round three corners, from the block's own sides and from the dead ends: a lock."""
    sides = [link_between(f"corner {k}", f"corner {(k + 1) % CORNERS}") for k in range(CORNERS)]
    ends = [link_between(f"end {k}", f"corner {k}") for k in range(CORNERS)]
    return [
        (f"{kind} {k} car {i}", float(i), start, sides[k - 1], 0, at_m, 100.0)
        for kind, starts, at_m in (("side", sides, 60.0), ("end", ends, 30.0))
        for k, start in enumerate(starts)
        for i in range(10)
    ]


def planted(block: RoadNetwork, until_s: float = 4000.0, **remedies: object) -> Simulation:
    simulation = simulate(block, round_the_block(), duration_s=4000, remedies=remedies)
    simulation.run(until_s)
    return simulation


def arrived(simulation: Simulation) -> int:
    return int((simulation.model.fleet.vehicles.status[0] == table.ARRIVED).sum())


@pytest.fixture(scope="module")
def dissolved(block: RoadNetwork) -> Simulation:
    return planted(block, **LEAVE)


def test_a_lock_that_nobody_may_leave_holds_to_the_end(block: RoadNetwork) -> None:
    simulation = planted(block)
    (lock,) = simulation.locks
    assert np.isnan(lock.resolved_s)
    assert arrived(simulation) == 0
    assert summarise(simulation, setup_s=0.0, loop_s=1.0)["remedies"]["left_locks"] == 0


def test_it_dissolves_when_drivers_turn_off_and_everybody_arrives(dissolved: Simulation) -> None:
    assert arrived(dissolved) == len(round_the_block())
    assert dissolved.locks
    assert not any(np.isnan(lock.resolved_s) for lock in dissolved.locks)


def test_every_driver_who_turned_off_is_in_the_log_the_trips_and_the_summary(dissolved: Simulation) -> None:
    log = [entry for entry in dissolved.entries if entry.kind == "left_lock"]
    facts = summarise(dissolved, setup_s=0.0, loop_s=1.0)["remedies"]
    assert facts["left_locks"] == len(log) == dissolved.journeys.left_locks.sum() > 0
    assert facts["leave_locks_after_s"] == 60.0
    first = dissolved.locks[0]
    assert log[0].t_s - first.closed_s >= 50.0  # of what may have begun ten seconds before, nobody knew
    assert log[0].where in first.links
    assert log[0].text == "side 3 car 2 gives way, turning off into way/corner 0>end 0"
    for entry in log:
        _, _, here = entry.where.partition("corner ")[2].partition(">corner ")
        assert entry.text.endswith(f"into way/corner {here}>end {here}"), "only there is room"
    assert f"turning off out of a lock after 1 min, {len(log)} times" in plain(remedies_used(facts))


def plain(sentences: list[str]) -> str:
    return " ".join(sentences).replace("\N{NO-BREAK SPACE}", " ")


def test_nobody_leaves_by_magic(block: RoadNetwork) -> None:
    """The laws of traffic hold step by step while a lock is left."""
    simulation = planted(block, 0.0, leave_locks_after_s=30)
    laws = TrafficLaws(simulation)
    for _ in range(130):
        laws.step()
    assert simulation.journeys.left_locks.sum() > 0


def test_a_driver_whose_lane_leads_nowhere_else_stays(block: RoadNetwork) -> None:
    """So do those who could turn off, but not into the street that is shut."""
    ends = [link_between(f"corner {k}", f"end {k}") for k in range(CORNERS)]
    shut = [{"kind": "road_closure", "links": ends, "start_s": 0, "known_to": "broadcast"}]
    simulation = simulate(block, round_the_block(), remedies=LEAVE, events=shut)
    simulation.run(400.0)
    assert simulation.locks
    assert simulation.journeys.left_locks.sum() == 0


def test_the_same_seed_leaves_the_same_locks(block: RoadNetwork, dissolved: Simulation) -> None:
    again = planted(block, **LEAVE)
    assert again.entries == dissolved.entries
    assert again.model.fleet.state_hash() == dissolved.model.fleet.state_hash()


def test_locks_are_left_on_a_gpu_too(
    block: RoadNetwork, dissolved: Simulation, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = types.ModuleType("citytwin.kernels.cuda_city")
    module.DeviceCity = Elsewhere  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "citytwin.kernels.cuda_city", module)
    trips = make_trips(block, round_the_block())
    there = Simulation(make_scenario(duration_s=4000, remedies=LEAVE), block, trips, backend="cuda")
    there.run(4000.0)
    assert there.entries == dissolved.entries
    assert there.model.fleet.state_hash() == dissolved.model.fleet.state_hash()


def test_who_has_waited_accepts_less_and_the_minor_road_carries_more() -> None:
    """Beside 1,400 vehicles an hour waits are long; each step of impatience lets more through."""
    junction, shares = junction_of("wes", minor="s"), (None, 0.8, 0.6, 0.4)
    asked = [{} if share is None else {"impatience": {"gap_share": share, "after_s": 30.0}} for share in shares]
    carried = [minor_capacity(junction, *MOVEMENTS["minor_left_T"], 1400.0, hours=0.5, remedies=of)[0] for of in asked]
    assert carried == sorted(carried)
    assert carried[-1] > 1.25 * carried[0]


def crossing(until_s: float, **remedies: object) -> Simulation:
    network = junction_of("wens", minor="sn")
    rows = []
    for minor in "sn":
        rows += [(f"{minor}{k}", 4.0 * k, *ends(minor, "w"), k % 3, 400.0) for k in range(40)]
    for major, other in ("we", "ew"):
        rows += [(f"{major}{k}", 5.0 * k + 0.7 * k % 3, *ends(major, other), 0, 300.0) for k in range(120)]
    simulation = simulate(network, rows, remedies=remedies)
    simulation.run(until_s)
    return simulation


def ends(start: str, end: str) -> tuple[str, str]:
    return link_between(start, "middle"), link_between("middle", end)


def test_no_gap_is_so_small_that_somebody_crashes_and_all_of_them_are_counted() -> None:
    """The smallest gaps that can be asked for, from the first second, under the laws of traffic."""
    simulation = crossing(0.0, impatience={"gap_share": 0.3, "after_s": 1})
    laws = TrafficLaws(simulation)
    for _ in range(200):
        laws.step()
    facts = summarise(simulation, setup_s=0.0, loop_s=1.0)["remedies"]
    assert facts["small_gaps"] == simulation.model.fleet.cities.counter[0, table.SMALL_GAPS] > 10
    told = f"smaller gaps, down to 30 % of the critical gap after a wait of 1 s, {facts['small_gaps']} times"
    assert told in plain(remedies_used(facts))


def test_without_impatience_no_gap_is_small() -> None:
    assert crossing(300.0).model.fleet.cities.counter[0, table.SMALL_GAPS] == 0


def test_members_are_as_impatient_as_single_runs() -> None:
    network = junction_of("wens", minor="sn")
    rows = [(f"{a}{k}", 3.0 * k, *ends(a, b)) for a, b in ("sw", "nw", "we", "ew") for k in range(60)]
    trips, impatience = make_trips(network, rows), Impatience(gap_share=0.4, after_s=10.0)
    routes = Router(network).plan(trips.origin_link, trips.destination_link, trips.key, noise=0.0, seed=0)

    def advanced(seed: int, members: int) -> list[tuple[str, int]]:
        fleet = build_fleet(network, trips, make_scenario().drivers, seed=seed, members=members, impatience=impatience)
        for member in range(members):
            fleet.set_routes(member, np.arange(len(trips)), routes.start, routes.link)
        fleet.advance(0, 240)
        small = fleet.cities.counter[:, table.SMALL_GAPS]
        return [(fleet.state_hash(member), int(small[member])) for member in range(members)]

    together = advanced(7, 2)
    assert together == [*advanced(7, 1), *advanced(8, 1)]
    assert all(small > 0 for _, small in together)


def test_ways_found_after_standing_are_counted_apart_from_those_round_a_closure() -> None:
    network = build_network(grid_city(3, 3, 90.0, 1, signalised=False))
    ids, pairs = network.links.id, np.random.default_rng(5).integers(0, network.link_count, (600, 2)).tolist()
    rows = [(f"car {k}", 0.4 * k, ids[a], ids[b]) for k, (a, b) in enumerate(pairs) if a != b]
    full, shut = simulate(network, rows), simulate(network, rows[:9], events=[CLOSED])
    for simulation in (full, shut):
        simulation.run(400.0)
        assert simulation.journeys.reroutes.sum() > 0
    facts = summarise(full, setup_s=0.0, loop_s=1.0)["remedies"]
    assert facts["rerouted_standing"] == full.journeys.reroutes.sum()
    told = f"another way after standing for 1 min, {facts['rerouted_standing']} times."
    assert plain(remedies_used(facts)) == f"Against a standstill drivers did this: {told}"
    assert summarise(shut, setup_s=0.0, loop_s=1.0)["remedies"]["rerouted_standing"] == 0


def test_a_comparison_says_what_drivers_may_do() -> None:
    none, leave, both = (make_scenario(remedies=of) for of in ({}, LEAVE, LEAVE | HURRY))
    assert remedies_compared(none, none) == []
    assert plain(remedies_compared(leave, leave)) == (
        "Remedies against a standstill, in both: turning off out of a lock after 1 min."
    )
    assert plain(remedies_compared(none, both)) == (
        "Remedies against a standstill: none in the base, smaller gaps, down to 50 % of the critical gap after a wait "
        "of 20 s and turning off out of a lock after 1 min with the plan; a part of the difference comes of that."
    )


def test_a_run_in_which_nobody_needed_a_remedy_says_nothing(block: RoadNetwork) -> None:
    simulation = simulate(block, round_the_block()[:5])
    simulation.run(200.0)
    assert remedies_used(summarise(simulation, setup_s=0.0, loop_s=1.0)["remedies"]) == []
    assert remedies_used(None) == [], "a run of before"
