"""The course of people who may be put off their way: against a direct solution, in mazes, round corners."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from rooms import STRAIGHT
from scipy.sparse import coo_array
from scipy.sparse.linalg import spsolve

from citytwin.agents import crowd_space
from citytwin.agents.crowd_space import COURSE_M, CrowdSpace, Door, build_space

WIDE_M = 2.4


def corridor_with_corner() -> CrowdSpace:
    """Ten metres to the east, round to the left, and eight metres to the north."""
    area = STRAIGHT.area((0, 0, 10 + WIDE_M, WIDE_M), (10, 0, 10 + WIDE_M, 10))
    return build_space(area, {"out": Door((10, 10), (10 + WIDE_M, 10))})


def maze(legs: int) -> CrowdSpace:
    """A corridor that turns back again and again."""
    boxes = []
    for leg in range(legs):
        bottom = leg * (WIDE_M + 0.6)
        boxes.append((0.0, bottom, 20.0, bottom + WIDE_M))
        if leg + 1 < legs:
            left = 20.0 - WIDE_M if leg % 2 == 0 else 0.0
            boxes.append((left, bottom, left + WIDE_M, bottom + WIDE_M + 0.6 + WIDE_M))
    return build_space(STRAIGHT.area(*boxes), {"out": Door((0, 0), (0, WIDE_M))})


def pillars(seed: int) -> CrowdSpace:
    """A hall in which things stand anywhere, some of them in each other."""
    rng = np.random.default_rng(seed)
    hall = shapely.box(0, 0, 14, 10)
    for _ in range(9):
        left, bottom = rng.uniform((0, 0), (12, 8))
        hall = hall.difference(
            shapely.box(left, bottom, min(left + rng.uniform(0.4, 4), 13), bottom + rng.uniform(0.4, 4))
        )
    return build_space(hall, {"out": Door((14, 9), (14, 10))})


def shortest(space: CrowdSpace, monkeypatch: pytest.MonkeyPatch) -> np.ndarray:
    """Metres to the exit by the shortest way."""
    with monkeypatch.context() as patched:
        patched.setattr(crowd_space, "_take_course", lambda *_: None)
        return crowd_space.with_closed(space, space.closed).way_to(0)


def solved_at_once(space: CrowdSpace, to_go: np.ndarray) -> np.ndarray:
    """The same course from one system of equations for exp(-W/L), ordinary numbers: for short ways only."""
    free = (space.wall > 0.0) & (to_go < crowd_space.FAR)
    fixed = free & (to_go < 3.0 * space.grid_m)
    weight = 1.0 + (crowd_space.AT_WALL - 1.0) * np.clip(1.0 - space.wall / crowd_space.NEAR_WALL_M, 0.0, 1.0)
    number = np.full(free.shape, -1)
    number[free] = np.arange(free.sum())
    rows, columns, values = [], [], []
    right = np.zeros(free.sum())
    for row, column in zip(*np.nonzero(free), strict=True):
        own = number[row, column]
        diagonal = 1.0
        if fixed[row, column]:
            right[own] = np.exp(-to_go[row, column] / COURSE_M)
        else:
            diagonal = 2.0 * np.cosh(weight[row, column] * space.grid_m / COURSE_M) - 2.0
            for beside in ((row - 1, column), (row + 1, column), (row, column - 1), (row, column + 1)):
                if free[beside]:
                    diagonal += 1.0
                    rows, columns, values = [*rows, own], [*columns, number[beside]], [*values, -1.0]
        rows, columns, values = [*rows, own], [*columns, own], [*values, diagonal]
    found = np.full(free.shape, np.nan)
    found[free] = -COURSE_M * np.log(spsolve(coo_array((values, (rows, columns))).tocsr(), right))
    return found


def test_the_course_is_that_of_a_direct_solution(monkeypatch):
    """Within 2 cm on ways of up to 20 m."""
    space = corridor_with_corner()
    wanted = solved_at_once(space, shortest(space, monkeypatch))
    free = np.isfinite(wanted)
    assert free.sum() > 4000
    assert np.abs(space.way_to(0) - wanted)[free].max() < 0.02


def test_a_straight_way_is_as_long_as_it_is():
    space = build_space(STRAIGHT.area((0, 0, 30, WIDE_M)), {"out": Door((30, 0), (30, WIDE_M))})
    x = np.arange(1.0, 29.0)
    metres = space.metres_to(0, x, np.full(x.size, WIDE_M / 2))
    assert metres == pytest.approx(30.0 - x + crowd_space.BEYOND_M, rel=0.02)


def ways_down(space: CrowdSpace) -> int:
    """Nodes from which a way leads, but from none of whose neighbours less is to go."""
    to_go = np.where((space.wall > 0.0) & (space.way_to(0) < crowd_space.FAR), space.way_to(0), crowd_space.FAR)
    lowest = np.min([np.roll(to_go, by, axis) for by in (-1, 1) for axis in (0, 1)], axis=0)
    goal = to_go < 4.0 * space.grid_m
    return int(((lowest >= to_go) & (to_go < crowd_space.FAR) & ~goal).sum())


@pytest.mark.parametrize("seed", range(8))
def test_from_everywhere_less_is_to_go_one_step_on(seed):
    """Otherwise people would gather there."""
    assert ways_down(pillars(seed)) == 0


def test_a_maze_settles():
    """Fourteen legs, a way of 256 m that leads through them in their order."""
    space = maze(14)
    assert ways_down(space) == 0
    middles = space.metres_to(0, np.full(14, 10.0), np.arange(14) * (WIDE_M + 0.6) + WIDE_M / 2)
    assert np.diff(middles) == pytest.approx(18.9, abs=0.2)


def test_people_keep_beside_each_other_until_a_corner(monkeypatch):
    """Four metres before it the shortest way leads to the inner edge; with chance people walk along the corridor."""
    space = corridor_with_corner()
    row = np.rint((np.array([0.6, 1.2, 1.8]) - space.bottom_m) / space.grid_m).astype(int)
    column = round((6.0 - space.left_m) / space.grid_m)

    def degrees(to_go: np.ndarray) -> np.ndarray:
        up, along = to_go[row - 1, column] - to_go[row + 1, column], to_go[row, column - 1] - to_go[row, column + 1]
        return np.degrees(np.arctan2(up, along))

    assert degrees(shortest(space, monkeypatch)).min() > 8.0
    assert np.abs(degrees(space.way_to(0))).max() < 5.0
