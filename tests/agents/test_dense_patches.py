"""Patches come where links become dense and go where people have room again; nobody is lost or hurried by it."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from corridors import ROADS, people, walking
from rooms import Laws

from citytwin.agents.crowd_patches import Patch
from citytwin.agents.dense_patches import HOLD_S, DensePatches
from citytwin.agents.patch_ground import CellLines
from citytwin.agents.walkers import Walkers
from citytwin.kernels import walking_tables as table
from citytwin.scenarios.walk_draft import Draft, Piece, to_network
from citytwin.scenarios.walk_network import WalkKind

X_M = {"a": 0.0, "b": 80.0, "c": 92.0, "d": 152.0}
WIDTH_M = {"a-b": 2.5, "b-c": 1.0, "c-d": 4.0}


def bottleneck():
    """A wide way, a narrow one, and a wide one, in a line."""
    draft = Draft()
    draft.places.update({node: (x, 0.0) for node, x in X_M.items()})
    for name, width_m in WIDTH_M.items():
        start, end = name.split("-")
        line = [(X_M[start], 0.0), (X_M[end], 0.0)]
        draft.pieces.append(Piece(name, line, start, end, WalkKind.FOOTWAY, width_m, width_assumed=False))
    return to_network(draft, ROADS, attribution="")


NETWORK = bottleneck()
PEOPLE = 500
DENSE_PER_M2 = 1.8


def crowd() -> Walkers:
    groups = [("a-b", "c-d", np.sort(np.arange(PEOPLE) * 0.25)), ("c-d", "a-b", 5.0 * np.arange(20))]
    return walking(NETWORK, people(NETWORK, groups))


def lawful(patch: Patch) -> bool:
    laws = Laws()
    laws(patch.crowd)
    return laws.hold(patch.crowd)


def pass_seconds(walkers: Walkers, dense: DensePatches | None, first_s: int, last_s: int) -> None:
    for second in range(first_s, last_s):
        walkers.advance(second, second + 1)
        for patch in walkers.patches:
            patch.pass_second(float(second))
        if dense is not None:
            dense.look(second + 1.0)
        cells, status = walkers.walks.cell_i[0], walkers.people.status[0]
        inside = sum(patch.inside for patch in walkers.patches)
        assert (status == table.IN_PATCH).sum() == inside, second
        out = np.isin(status, (table.WALKING, table.QUEUED)).sum()
        assert cells[table.COUNT].sum() == out == walkers.walks.counter[0, table.OUT], second
        assert cells[table.WANTED].sum() == cells[table.QUEUE].sum() == (status == table.QUEUED).sum(), second
        taken = np.zeros(cells.shape[1], np.bool_)
        for patch in walkers.patches:
            taken |= patch.taken
        assert second % 10 or all(lawful(patch) for patch in walkers.patches), second
        assert (cells[table.COUNT][taken] == 0).all() and (walkers.walks.cell_f[0, table.STORE][taken] == 0.0).all()


@pytest.fixture(scope="module")
def run():
    """A crowd before a bottleneck, what was there in the middle, and the same on links only."""
    walkers = crowd()
    dense = DensePatches(walkers, CellLines(walkers), DENSE_PER_M2)
    own_store = walkers.walks.cell_f[0, table.STORE].copy()
    pass_seconds(walkers, dense, 0, 200)
    middle = walkers.state(), dense.state(), [patch.name for patch in walkers.patches]
    pass_seconds(walkers, dense, 200, 650)
    links_only = crowd()
    pass_seconds(links_only, None, 0, 650)
    return walkers, dense, middle, own_store, links_only


def test_squares_become_dense_and_open_again(run):
    walkers, dense, middle, own_store, _ = run
    assert middle[2] and dense.came > 1 and dense.most > 1 and dense.person_s > 1000
    assert not walkers.patches and not dense.is_dense.any()
    assert (walkers.walks.cell_f[0, table.STORE] == own_store).all()


def test_everybody_arrives_about_when_they_do_on_links(run):
    walkers, _, _, _, links_only = run
    for one in (walkers, links_only):
        assert (one.people.status[0] == table.ARRIVED).all()
    last = [one.people.arrived_s[0].max() for one in (walkers, links_only)]
    assert last[0] == pytest.approx(last[1], rel=0.25)
    walked = [one.people.walked_m[0, : PEOPLE // 2].mean() for one in (walkers, links_only)]
    assert walked[0] == pytest.approx(walked[1], rel=0.05)


def test_what_happens_in_them_counts_as_on_their_links(run):
    """Everybody is on some link from when they set out until they are there."""
    for walkers in (run[0], run[4]):
        people = walkers.people
        out_s = (people.arrived_s[0] - people.entered_s[0]).sum()
        assert walkers.walks.cell_f[0, table.PERSON_S].sum() == pytest.approx(out_s, rel=0.02)


def test_a_run_goes_on_from_a_snapshot_with_patches_that_have_come(run):
    walkers, dense, middle, _, _ = run
    again = crowd()
    anew = DensePatches(again, CellLines(again), DENSE_PER_M2)
    pass_seconds(again, anew, 0, 5)
    again.restore(middle[0])
    anew.restore(middle[1])
    assert [patch.name for patch in again.patches] == middle[2]
    pass_seconds(again, anew, 200, 650)
    assert again.state_hash() == walkers.state_hash() and anew.facts() == dense.facts()


def test_a_short_rush_makes_no_patch():
    walkers = walking(NETWORK, people(NETWORK, [("a-b", "c-d", np.zeros(60))]))
    dense = DensePatches(walkers, CellLines(walkers), 0.5)
    pass_seconds(walkers, dense, 0, HOLD_S - 2)
    assert dense.came == 0


def over_and_under() -> Walkers:
    """A footbridge with ramps over a way on the ground, and people on both."""
    draft = Draft()
    across = {"w": (-95.0, 0.0), "l": (-45.0, 0.0), "r": (45.0, 0.0), "e": (95.0, 0.0)}
    draft.places.update(across | {"s": (0.0, -75.0), "n": (0.0, 75.0)})
    for start, end, layer in (("w", "l", 0), ("l", "r", 1), ("r", "e", 0), ("s", "n", 0)):
        line = [draft.places[start], draft.places[end]]
        draft.pieces.append(Piece(f"{start}-{end}", line, start, end, WalkKind.FOOTWAY, 2.0, layer=layer))
    network = to_network(draft, ROADS, attribution="")
    depart_s = 3.0 * np.arange(60)
    return walking(network, people(network, [("w-l", "r-e", depart_s), ("s-n", "s-n", depart_s)]))


def test_who_is_on_a_bridge_does_not_meet_who_is_under_it():
    walkers = over_and_under()
    layer = walkers.network.links.layer[walkers.link_of]
    dense = DensePatches(walkers, CellLines(walkers), 0.02)
    pass_seconds(walkers, dense, 0, 150)
    levels = [set(layer[patch.taken].tolist()) for patch in walkers.patches]
    assert {0} in levels and {1} in levels and all(len(one) == 1 for one in levels)
    bridge, under = (next(p for p, one in zip(walkers.patches, levels, strict=True) if one == {k}) for k in (1, 0))
    assert bridge.inside > 5 and under.inside > 5
    pass_seconds(walkers, dense, 150, 700)
    assert (walkers.people.status[0] == table.ARRIVED).all()


def test_a_patch_that_is_drawn_takes_the_level_with_most_ways():
    walkers = over_and_under()
    layer = walkers.network.links.layer[walkers.link_of]
    patch = Patch.of_area("square", shapely.box(-20, -40, 20, 40), walkers, CellLines(walkers))
    assert patch.taken.any() and (layer[patch.taken] == 0).all()
    assert not patch.taken[walkers.walks.first_cell[2 * walkers.network.link_row["l-r"]] + 2]
