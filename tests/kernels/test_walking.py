"""People on foot move as the laws say, share the room, and nobody gets lost."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from corridors import Passage, arrivals, building, counts, people, walking
from hypothesis import given, settings
from hypothesis import strategies as st

from citytwin.kernels import walking_tables as table
from citytwin.kernels.walking_laws import HYDRAULIC, WEIDMANN, speed_ratio, supply_share
from citytwin.scenarios.trips import TripTable
from citytwin.scenarios.walk_network import WalkKind
from citytwin.scenarios.walk_presets import PRESETS

LAB, CODE = PRESETS["lab_calibrated"], PRESETS["code_conservative"]
ALIKE = replace(LAB, speed_sd_mps=0.0)


@pytest.mark.parametrize("law", [WEIDMANN, HYDRAULIC])
def test_the_denser_the_slower_and_at_the_jam_nobody_moves(law):
    density = np.linspace(0.0, 6.0, 200)
    ratio = np.array([speed_ratio(law, value) for value in density])
    assert ratio[0] == 1.0 and ratio[-1] == 0.0
    assert (np.diff(ratio) <= 1e-12).all()
    share = np.array([supply_share(law, value) for value in density])
    assert (np.diff(share) <= 1e-12).all() and share[0] == 1.0 and share[-1] == 0.05


def test_somebody_alone_walks_the_desired_speed_over_links_of_any_length():
    parts = [3.0, 0.7, 0.5, 24.0, 11.0, 1.2, 40.0]
    network = building(*(Passage(f"n{k}", f"n{k + 1}", size, 2.0) for k, size in enumerate(parts)))
    walkers = walking(network, people(network, [("n0-n1", "n6-n7", np.array([0.0, 500.3]))]), ALIKE)
    arrived = arrivals(walkers)
    assert arrived - walkers.trips.depart_s == pytest.approx([sum(parts) / 1.34] * 2, abs=1.0)
    assert walkers.people.walked_m[0] == pytest.approx([sum(parts)] * 2)


def test_a_queue_leaves_at_capacity_and_spills_back():
    network = building(Passage("a", "b", 90, 4), Passage("b", "c", 30, 2), Passage("c", "d", 90, 4))
    depart_s = np.linspace(0.0, 200.0, 900)  # 4.5 a second; the middle takes 2.45
    walkers = walking(network, people(network, [("a-b", "c-d", depart_s)]), ALIKE)
    walkers.advance(0, 120)
    passed = walkers.walks.cell_i[0, table.CAME_IN].copy()
    walkers.advance(120, 200)
    passed = walkers.walks.cell_i[0, table.CAME_IN] - passed
    entry = walkers.walks.first_cell[2 * network.link_row["b-c"]]
    assert passed[entry] == pytest.approx(80 * 2 * LAB.level_per_m_s, rel=0.02)
    before = walkers.walks.cell_i[0, table.COUNT, : walkers.walks.first_cell[1]]
    assert before[-1] > 2 * before[0] > 0  # the queue has grown from the end of the first link
    assert before[-1] <= 60 * 5.4


def test_streams_share_a_merge_by_width():
    network = building(Passage("a", "m", 60, 1), Passage("b", "m", 60, 3), Passage("m", "z", 60, 2))
    now = np.zeros(400)
    walkers = walking(network, people(network, [("a-m", "m-z", now), ("b-m", "m-z", now)]), ALIKE)
    walkers.advance(0, 60)
    before = walkers.walks.cell_i[0, table.WENT_OUT].copy()
    walkers.advance(60, 160)
    passed = walkers.walks.cell_i[0, table.WENT_OUT] - before
    ends = [walkers.walks.first_cell[2 * network.link_row[name] + 1] - 1 for name in ("a-m", "b-m")]
    narrow, wide = passed[ends]
    assert narrow + wide == pytest.approx(100 * 2 * LAB.level_per_m_s, rel=0.02)
    assert wide / narrow == pytest.approx(3.0, rel=0.1)


def two_ways(network, first: str, last: str, there: int, back: int) -> TripTable:
    """People from end to end of a chain of links, and others the other way."""
    ends = network.link_row[first], network.link_row[last]
    length_m = network.links.length_m[list(ends)]
    tables = []
    for name, count, (begin, end), origin_m, destination_m in (
        ("there", there, ends, 0.0, length_m[1]),
        ("back", back, ends[::-1], length_m[1], 0.0),
    ):
        tables.append(
            TripTable.sorted(
                [f"{name}{k:04d}" for k in range(count)],
                np.zeros(count),
                np.full(count, begin, np.int32),
                np.full(count, end, np.int32),
                origin_m=np.full(count, origin_m),
                destination_m=np.full(count, destination_m),
            )
        )
    return TripTable.joined(tables)


@pytest.mark.parametrize("width_m", [0.5, 2.0])
def test_two_crowds_that_meet_get_past_each_other(width_m):
    network = building(Passage("a", "b", 45, 2), Passage("b", "c", 30, width_m), Passage("c", "d", 45, 2))
    walkers = walking(network, two_ways(network, "a-b", "c-d", 300, 300), ALIKE)
    arrived = arrivals(walkers, 4000)
    assert counts(walkers)[table.ARRIVED] == 600
    alone = arrivals(walking(network, two_ways(network, "a-b", "c-d", 300, 0), ALIKE), 4000)
    assert arrived.max() > 1.3 * alone.max()  # they share the width


def test_stairs_are_slower_and_let_fewer_through():
    def last(kind: WalkKind, count: int) -> float:
        network = building(Passage("a", "b", 30, 2), Passage("b", "c", 30, 2, kind), Passage("c", "d", 30, 2))
        return float(arrivals(walking(network, people(network, [("a-b", "c-d", np.zeros(count))]), ALIKE)).max())

    assert last(WalkKind.STEPS, 1) - last(WalkKind.FOOTWAY, 1) == pytest.approx(30 / 1.34 * (1 / 0.6 - 1), abs=1.0)
    flow = 400 / (last(WalkKind.STEPS, 600) - last(WalkKind.STEPS, 200))
    assert flow == pytest.approx(2 * LAB.stairs_per_m_s, rel=0.03)


def test_who_has_no_way_is_said_so():
    network = building(Passage("a", "b", 30, 2), Passage("c", "d", 30, 2))
    walkers = walking(network, people(network, [("a-b", "c-d", np.zeros(3))]))
    walkers.advance(0, 10)
    assert counts(walkers)[table.NO_ROUTE] == 3


@settings(max_examples=25)
@given(seed=st.integers(0, 10_000), crowd=st.integers(50, 400), width_m=st.sampled_from([0.6, 1.5, 4.0]))
def test_nobody_is_lost_on_random_nets_and_all_arrive(seed, crowd, width_m):
    rng = np.random.default_rng(seed)
    passages = [
        Passage(f"{x},{y}", f"{x + dx},{y + dy}", float(rng.uniform(0.5, 70)), float(rng.uniform(0.5, 2) * width_m))
        for x in range(3)
        for y in range(3)
        for dx, dy in ((1, 0), (0, 1))
    ]
    network = building(*passages)
    ends = rng.integers(0, len(passages), (2, crowd)).astype(np.int32)
    walks = TripTable.sorted(
        [f"{k}" for k in range(crowd)], rng.uniform(0, 120, crowd), *ends, destination_m=rng.uniform(0, 50, crowd)
    )
    walkers = walking(network, walks)
    for step in range(150):
        walkers.advance(step, step + 1)
        out = counts(walkers)
        inside = walkers.walks.cell_i[0, table.COUNT]
        assert sum(out.values()) == crowd
        assert inside.sum() == out[table.WALKING] + out[table.QUEUED] == walkers.walks.counter[0, table.OUT]
        assert (inside >= 0).all() and (walkers.walks.cell_i[0, table.WANTED] >= 0).all()
        both = inside + inside[walkers.walks.cell_i[0, table.OPPOSITE]]
        assert (both <= walkers.walks.cell_f[0, table.STORE] + 1e-9).all()
    walkers.advance(150, 4000)
    assert counts(walkers)[table.ARRIVED] == crowd


def test_what_those_who_stand_are_owed_is_the_same_whenever_somebody_looks():
    network = building(Passage("a", "b", 90, 3), Passage("b", "c", 30, 1), Passage("c", "d", 90, 2))
    walks = people(network, [("a-b", "c-d", np.linspace(0, 60, 300))])
    seldom, often = walking(network, walks), walking(network, walks)
    often.walks.walker_f[0, :, table.QUEUED_S] = seldom.walks.walker_f[0, :, table.QUEUED_S] = 0.1  # sums are rounded
    stood_s = seconds = 0.0
    for step in range(200):
        for walkers in (seldom, often):
            walkers.advance(step, step + 1)
        seconds += often.walks.counter[0, table.OUT]  # those who arrived in this step were out, too
        stood_s = often.people.queued_s.sum()
        assert often.people.crossing_s.max() == 0.0
    assert often.state_hash() == seldom.state_hash()
    assert stood_s - 30.0 == pytest.approx(often.walks.cell_f[0, table.STOOD_S].sum()) and stood_s > 5_000.0
    arrived = (often.people.status == table.ARRIVED).sum()
    assert often.walks.cell_f[0, table.PERSON_S].sum() == seconds + arrived


def test_members_and_threads_do_not_change_anybody():
    network = building(Passage("a", "b", 90, 2), Passage("b", "c", 30, 1), Passage("c", "d", 90, 2))
    walks = people(network, [("a-b", "c-d", np.linspace(0, 100, 300))])
    together = walking(network, walks, seed=4, members=3)
    together.advance(0, 250)
    for member in range(3):
        alone = walking(network, walks, seed=4 + member)
        for step in range(0, 250, 10):
            alone.advance(step, step + 10)
        assert alone.state_hash() == together.state_hash(member)
    assert together.state_hash(0) != together.state_hash(1)
