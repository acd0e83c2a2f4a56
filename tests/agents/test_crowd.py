"""A crowd in the plane: its laws one by one, what it refuses, and that nobody is ever lost."""

from __future__ import annotations

import math
import subprocess
import sys

import numpy as np
import pytest
import shapely
from hypothesis import example, given, settings
from hypothesis import strategies as st
from rooms import STRAIGHT, Laws, clear, room_with_passage

from citytwin.agents.crowd import Crowd
from citytwin.agents.crowd_space import Door, Spot, build_space
from citytwin.agents.crowd_start import choose_exits, fill, places_in
from citytwin.kernels import crowd_laws as laws
from citytwin.kernels import crowd_tables as table
from citytwin.kernels.crowd_field import FAR, sweep
from citytwin.scenarios.problems import InputError

HALL = shapely.box(0, 0, 8, 5)
DOOR = {"door": Door((8, 2), (8, 3))}


def test_speed_grows_with_the_room_ahead():
    assert laws.speed_share(0.3, 1.0, 0.4, 1.0) == 0.0
    assert laws.speed_share(0.9, 1.0, 0.4, 1.0) == pytest.approx(0.5)
    assert laws.speed_share(2.0, 1.0, 0.4, 1.0) == 1.0
    assert laws.shrink(0.0, 0.5) == 1.0
    assert laws.shrink(0.3, 0.5) == pytest.approx(0.8)
    assert laws.shrink(0.5, 0.5) == 0.0
    assert laws.breadth_between(0.5, 0.4, 1.0) == 0.5
    assert laws.breadth_between(0.5, 0.4, -1.0) == 0.4


def test_people_turn_aside_from_those_who_come_towards_them():
    towards, along = (laws.influence(1.0, alike, 0.6, 0.4, 0.1) for alike in (-1.0, 1.0))
    assert towards == pytest.approx(2.0 * math.exp(-2.0))
    assert along == pytest.approx(math.exp(-2.0))
    assert laws.anticipated_m(1.0, 2.0, 0.25) == 0.5
    assert laws.anticipated_m(1.0, 9.0, 0.25) == 0.0
    assert laws.turned(0.0, 1.0, 0.3, 0.1) == pytest.approx(1 / 3)


def test_the_way_round_a_wall():
    """Metres from everywhere to a corner of a grid with a wall across that leaves a gap."""
    grid_m = 0.1
    step = np.full((101, 101), grid_m)
    step[50, :80] = FAR
    metres = np.full((101, 101), FAR)
    metres[0, 0] = 0.0
    assert sweep(metres, step, 50)
    assert metres[0, 100] == pytest.approx(10.0, abs=1e-9)
    round_the_end = math.hypot(8.0, 5.0) + 5.0
    assert metres[100, 80] == pytest.approx(round_the_end, rel=0.02)


def test_a_door_lets_as_many_through_as_it_is_told_to():
    crowd = Crowd(HALL, {"door": Door((8, 2), (8, 3), per_s=0.5)})
    fill(crowd, HALL, 20, "door")
    clear(crowd)
    passed = np.sort(crowd.people.left_s)
    assert np.diff(passed)[5:].mean() == pytest.approx(2.0, rel=0.02)


def test_who_comes_to_a_closed_door_stands_until_sent_elsewhere():
    """NIST 4.1: an exit closes."""
    crowd = Crowd(HALL, DOOR | {"other": Door((0, 2), (0, 3))})
    crowd.add(4.0, 2.5, "door")
    crowd.advance(10)
    crowd.open_exit("door", False)
    crowd.advance(100)
    assert crowd.people.status[0] == table.INSIDE
    assert crowd.people.stood_s[0] > 5.0
    crowd.send(0, "other")
    clear(crowd)
    assert (crowd.passed("door"), crowd.passed("other")) == (0, 1)


def test_nobody_begins_where_somebody_stands():
    crowd = Crowd(HALL, DOOR)
    crowd.add([4.0] * 5, [2.5] * 5, "door")
    laws_held = Laws()
    clear(crowd, laws_held)
    assert laws_held.hold(crowd)
    assert len(set(crowd.people.entered_s)) == 5


def same_run() -> str:
    area, exits, room = room_with_passage(1.0)
    crowd = Crowd(area, exits)
    fill(crowd, room, 60, "out", seed=7)
    crowd.advance(200)
    return crowd.state_hash()


def test_same_seed_same_bits_in_another_process():
    code = "import test_crowd; print(test_crowd.same_run())"
    path = ":".join(sys.path) + ":" + str(__file__).rsplit("/", 1)[0]
    told = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": path, "NUMBA_NUM_THREADS": "1"},
        capture_output=True,
        check=True,
    )
    assert told.stdout.decode().strip() == same_run()


# Who waits at a closed door is sent elsewhere.
@example(seed=43, width_m=1.0, events=[("close", 0), ("add", 0), ("add", 0), ("send", 52)])
@settings(max_examples=12, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    width_m=st.floats(0.6, 3.0),
    events=st.lists(
        st.tuples(st.sampled_from(["add", "close", "open", "send", "choose"]), st.integers(0, 99)), max_size=12
    ),
)
def test_everybody_is_somewhere_whatever_happens(seed, width_m, events):
    """People are added, sent elsewhere, and doors close: all are counted, none overlaps or is in a wall."""
    area, exits, room = room_with_passage(width_m)
    exits = dict(exits) | {"back": STRAIGHT.door((0, 2), (0, 4)), "spot": STRAIGHT.spot(2, 2)}
    crowd = Crowd(build_space(area, exits, grid_m=0.1))
    rows = fill(crowd, room, 40, "out", seed=seed)
    held = Laws()
    for kind, number in events:
        if kind == "add":
            x, y = places_in(room, 5, apart_m=0.4, wall_m=0.3, seed=number)
            crowd.add(x, y, list(exits)[number % 3], start_s=crowd.t_s)
        elif kind in ("close", "open"):
            crowd.open_exit(list(exits)[number % 3], kind == "open")
        elif kind == "send":
            crowd.send(rows[number % rows.size], list(exits)[number % 3])
        else:
            choose_exits(crowd, ["out", "back"])
        crowd.advance(20)
        held(crowd)
        status = crowd.people.status
        assert (status == table.INSIDE).sum() == crowd.inside.size == len(set(crowd.inside))
        assert (status == table.LEFT).sum() == sum(crowd.passed(name) for name in exits)
        assert np.isin(status, (table.PENDING, table.INSIDE, table.LEFT)).all()
    assert held.hold(crowd), (held.closest_m, held.into_wall_m)


@pytest.mark.parametrize(
    "area, exits, text",
    [
        (shapely.Polygon([(0, 0), (2, 2), (2, 0), (0, 2)]), {}, "The space is no area that people can walk in"),
        (HALL, {"a": Door((8, 2), (8, 2))}, "Door 'a' is 0 m wide: nobody gets through less than 0.3 m."),
        (HALL, {"a": Door((9, 2), (9, 3))}, "Exit 'a' lies 1.00 m outside the space."),
        (HALL, {"a": Spot((10, 2))}, "Exit 'a' lies 2.00 m outside the space."),
    ],
)
def test_spaces_that_are_none(area, exits, text):
    with pytest.raises(InputError, match=text):
        Crowd(area, exits)


def test_people_who_cannot_begin():
    crowd = Crowd(shapely.union_all([HALL, shapely.box(10, 0, 12, 5)]), DOOR)
    with pytest.raises(InputError, match=r"Nobody can stand at \(9.00, 2.00\)"):
        crowd.add(9.0, 2.0, "door")
    with pytest.raises(InputError, match=r"No way leads from \(11.00, 2.00\) to exit 'door'"):
        crowd.add(11.0, 2.0, "door")
    with pytest.raises(InputError, match=r"There is no exit 'gate'. Exits here: 'door'"):
        crowd.add(4.0, 2.0, "gate")
    with pytest.raises(InputError, match=r"1000 people find no room in 40.0 m²"):
        fill(crowd, HALL, 1000, "door")
    with pytest.raises(InputError, match=r"A ring of 2 m is too short"):
        Crowd(shapely.box(0, 0, 2, 2), period_m=2.0)
