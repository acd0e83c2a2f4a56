"""People on foot before something closed take another way, turn round, or stand there; nobody is lost."""

from __future__ import annotations

import numpy as np
from corridors import Passage, building, people, walking
from hypothesis import given, settings
from hypothesis import strategies as st

from citytwin.agents.walk_detours import WalkDetours
from citytwin.agents.walk_routes import WalkRouter
from citytwin.kernels import walking_tables as table
from citytwin.kernels.walk_gates import leave_queue

# a-b, then either straight on by the short b-c or round by b-d-c, then c-e
NETWORK = building(
    Passage("a", "b", 60, 3),
    Passage("b", "c", 60, 3),
    Passage("b", "d", 90, 3),
    Passage("d", "c", 90, 3),
    Passage("c", "e", 60, 3),
)
SHORT = NETWORK.link_row["b-c"]


def shut(walkers, cells: list[int]) -> np.ndarray:
    """Close directed cells of the short link, and those in the other direction."""
    first = walkers.walks.first_cell[2 * SHORT]
    found = np.zeros(walkers.link_of.size, np.bool_)
    for cell in cells:
        found[first + cell] = True
        found[walkers.walks.cell_i[0, table.OPPOSITE, first + cell]] = True
    walkers.walks.cell_f[0, table.STORE, found] = 0.0
    return found


def start(depart_s: np.ndarray):
    walkers = walking(NETWORK, people(NETWORK, [("a-b", "c-e", depart_s)]))
    return walkers, WalkDetours(walkers, WalkRouter(walkers, 1.34))


def let_pass(walkers, detours, cells, first_s: int, last_s: int, *, announced: bool = False) -> None:
    for step in range(first_s, last_s):
        walkers.advance(step, step + 1)
        if step % 10 == 0:
            detours.closed = walkers.of_links(0, cells) > 0.0
            detours.announced = detours.closed if announced else detours.announced
            detours.find(cells)
        assert (walkers.walks.cell_i[0, table.COUNT] >= 0).all() and (walkers.walks.cell_i[0, table.WANTED] >= 0).all()
        out = np.isin(walkers.people.status[0], (table.WALKING, table.QUEUED, table.INCAPACITATED))
        assert walkers.walks.cell_i[0, table.COUNT].sum() == out.sum()


def test_who_comes_to_a_closed_way_goes_round_and_who_is_in_it_turns_round():
    walkers, detours = start(np.arange(60.0))
    cells = np.zeros(walkers.link_of.size, np.bool_)
    let_pass(walkers, detours, cells, 0, 75)
    cells = shut(walkers, [2])  # some are in the two cells before it
    first = walkers.walks.first_cell[2 * SHORT]
    caught = walkers.walks.cell_i[0, table.COUNT, first : first + 2].sum()
    beyond = walkers.walks.cell_i[0, table.COUNT, first + 2 :].sum()
    assert caught > 3
    let_pass(walkers, detours, cells, 75, 800)
    assert (walkers.people.status[0] == table.ARRIVED).sum() == 60 and beyond >= 0
    longer = walkers.people.walked_m[0] > 190.0
    assert longer.sum() >= caught and walkers.people.walked_m[0].max() > 300.0
    assert walkers.walks.cell_i[0, table.QUEUE].sum() == walkers.walks.cell_i[0, table.WANTED].sum() == 0


def test_who_hears_of_it_does_not_go_there():
    walkers, detours = start(np.arange(30.0))
    cells = shut(walkers, [0, 1, 2, 3])
    let_pass(walkers, detours, cells, 0, 600, announced=True)
    assert (walkers.people.status[0] == table.ARRIVED).all()
    assert walkers.walks.cell_i[0, table.CAME_IN, walkers.walks.first_cell[2 * SHORT]] == 0
    assert walkers.people.queued_s[0].max() < 25.0


def test_without_another_way_people_stand_and_go_on_when_it_opens():
    network = building(Passage("a", "b", 60, 3), Passage("b", "c", 60, 3), Passage("c", "d", 60, 3))
    walkers = walking(network, people(network, [("a-b", "c-d", np.arange(10.0))]))
    detours = WalkDetours(walkers, WalkRouter(walkers, 1.34))
    first = walkers.walks.first_cell[2]
    store = walkers.walks.cell_f[0, table.STORE].copy()
    cells = np.zeros(walkers.link_of.size, np.bool_)
    cells[[first + 1, walkers.walks.cell_i[0, table.OPPOSITE, first + 1]]] = True
    walkers.walks.cell_f[0, table.STORE, cells] = 0.0
    let_pass(walkers, detours, cells, 0, 300)
    assert (walkers.people.status[0] == table.QUEUED).all()
    walkers.walks.cell_f[0, table.STORE] = store
    let_pass(walkers, detours, np.zeros_like(cells), 300, 600)
    assert (walkers.people.status[0] == table.ARRIVED).all()


def test_who_lies_down_in_a_queue_lets_the_others_go_on():
    network = building(Passage("a", "b", 30, 3), Passage("b", "c", 30, 3))
    walkers = walking(network, people(network, [("a-b", "b-c", np.zeros(6))]))
    first = walkers.walks.first_cell[2]
    store = walkers.walks.cell_f[0, table.STORE].copy()
    walkers.walks.cell_f[0, table.STORE, first] = 0.0
    walkers.advance(0, 60)
    assert (walkers.people.status[0] == table.QUEUED).all()
    walk = walkers.of_member(0)
    for one in (0, 3, 5):
        leave_queue(walk, one)
        walk.walker_i[one, table.STATUS] = table.INCAPACITATED
    walkers.walks.cell_f[0, table.STORE] = store
    walkers.advance(60, 200)
    lie = np.isin(np.arange(6), (0, 3, 5))
    assert (walkers.people.status[0][lie] == table.INCAPACITATED).all()
    assert (walkers.people.status[0][~lie] == table.ARRIVED).all()
    assert (walkers.people.walked_m[0][lie] < 33.0).all()
    assert walkers.walks.cell_i[0, table.COUNT].sum() == 3


@settings(max_examples=20, deadline=None)
@given(st.data())
def test_nobody_is_lost_whatever_closes_and_whoever_falls(data):
    walkers, detours = start(np.arange(40.0) * 0.5)
    free = walkers.walks.cell_f[0, table.STORE].copy()
    links = NETWORK.link_count
    step = 0
    while step < 240:
        closed_links = data.draw(st.sets(st.integers(0, links - 1), max_size=3))
        cells = np.isin(walkers.link_of, list(closed_links))
        walkers.walks.cell_f[0, table.STORE] = np.where(cells, 0.0, free)
        walk = walkers.of_member(0)
        for one in data.draw(st.sets(st.integers(0, 39), max_size=2)):
            if walk.walker_i[one, table.STATUS] == table.QUEUED:
                leave_queue(walk, one)
            if walk.walker_i[one, table.STATUS] == table.WALKING:
                walk.walker_i[one, table.STATUS] = table.INCAPACITATED
        let_pass(walkers, detours, cells, step, step + 60, announced=data.draw(st.booleans()))
        step += 60
    walkers.walks.cell_f[0, table.STORE] = free
    let_pass(walkers, detours, np.zeros_like(cells), step, step + 900)
    done = np.isin(walkers.people.status[0], (table.ARRIVED, table.INCAPACITATED))
    assert done.all() and walkers.walks.cell_i[0, table.WANTED].sum() == 0
