"""Lay out a space in the plane for a crowd: walls as a grid of distances, exits as grids of the way to them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt

from ..kernels.crowd_course import SIDES, add_to, over_relaxation, settle, weigh
from ..kernels.crowd_field import FAR, sweep
from ..scenarios.problems import NO_VALUE, InputError, Problem

Floats = NDArray[np.float64]
Point: TypeAlias = tuple[float, float]
Area: TypeAlias = shapely.Polygon | shapely.MultiPolygon

GRID_M = 0.1
BEYOND_M = 0.5  # behind a door people are out of the way; a door is as deep as that
EDGE_M = 0.8  # of the grid around the space
NEAR_WALL_M = 0.15  # closer to a wall a metre counts for more,
AT_WALL = 1.5  # and at the wall so much
SWEEPS = 200
COURSE_M = 1.0  # how far people may be put off the way that they mean to take: they keep off the inner edges of corners


@dataclass(frozen=True, slots=True)
class Door:
    """A way out: a line on the edge of a space."""

    start: Point
    end: Point
    per_s: float = math.inf  # people a second who may pass

    @property
    def width_m(self) -> float:
        """Length of the line."""
        return math.dist(self.start, self.end)


@dataclass(frozen=True, slots=True)
class Spot:
    """A place inside where people are at their goal."""

    centre: Point
    radius_m: float = 1.0
    per_s: float = math.inf


Exit: TypeAlias = Door | Spot


@dataclass(frozen=True, slots=True)
class CrowdSpace:
    """Grids ``[row, column]`` of a space; the first node is at the lower left."""

    area: Area
    exits: Mapping[str, Exit]
    core: Floats  # [exit, 4]: the line that people make for
    radius_m: Floats
    wall: Floats  # metres to the nearest wall
    to_go: Floats  # [exit, row, column], m: of the exits whose way is found
    found: NDArray[np.bool_]  # [exit]
    closed: NDArray[np.bool_]  # nobody makes for these nodes; who is there walks out
    left_m: float
    bottom_m: float
    grid_m: float

    @property
    def size_m(self) -> tuple[float, float]:
        """Across and up."""
        rows, columns = self.wall.shape
        return (columns - 1) * self.grid_m, (rows - 1) * self.grid_m

    @property
    def is_convex(self) -> bool:
        """Whether no wall ever stands between two people."""
        return bool(self.area.convex_hull.area - self.area.area < 1e-6)

    def way_to(self, exit_row: int) -> Floats:
        """How far it is to an exit from each node, found when somebody asks: many portals of a patch see nobody."""
        if not self.found[exit_row]:
            rows, columns = self.wall.shape
            across, up = np.arange(columns), np.arange(rows)
            x, y = np.meshgrid(self.left_m + self.grid_m * across, self.bottom_m + self.grid_m * up)
            weight = 1.0 + (AT_WALL - 1.0) * np.clip(1.0 - self.wall / NEAR_WALL_M, 0.0, 1.0)
            step = np.where((self.wall > 0.0) & ~self.closed, weight * self.grid_m, FAR)
            core = shapely.LineString(self.core[exit_row].reshape(2, 2))
            self.to_go[exit_row] = _way_to(core, step, x, y, self.grid_m)
            self.found[exit_row] = True
        to_go: Floats = self.to_go[exit_row]
        return to_go

    def metres_to(self, exit_row: int, x: Floats, y: Floats) -> Floats:
        """How far it is from places to an exit."""
        column = np.rint((x - self.left_m) / self.grid_m).astype(np.int64)
        row = np.rint((y - self.bottom_m) / self.grid_m).astype(np.int64)
        return np.asarray(self.way_to(exit_row)[row, column])

    def reaches(self, exit_row: int, x: Floats, y: Floats) -> NDArray[np.bool_]:
        """Whether a way leads from places to an exit."""
        return np.asarray(self.metres_to(exit_row, x, y) < FAR / 2)


def build_space(area: Area, exits: Mapping[str, Exit], *, grid_m: float = GRID_M) -> CrowdSpace:
    """Lay out a space.

    Parameters
    ----------
    area
        Where people can be; its edge is a wall except at doors. Holes are obstacles.
    exits
        By name.
    grid_m
        Between nodes; walls should be at least twice as thick.

    Raises
    ------
    InputError
        With every exit that lies elsewhere, or that has no width.
    """
    _check(area, exits)
    beyond = {name: _beyond(area, door) for name, door in exits.items() if isinstance(door, Door)}
    whole = shapely.union_all([area, *(door for door, _ in beyond.values())])
    left, bottom, right, top = whole.bounds
    left, bottom = left - EDGE_M, bottom - EDGE_M
    columns = math.ceil((right + EDGE_M - left) / grid_m) + 1
    rows = math.ceil((top + EDGE_M - bottom) / grid_m) + 1
    x, y = np.meshgrid(left + grid_m * np.arange(columns), bottom + grid_m * np.arange(rows))
    shapely.prepare(whole)
    edge = whole.boundary
    shapely.prepare(edge)
    wall = shapely.distance(edge, shapely.points(x, y))
    wall = np.where(shapely.contains_xy(whole, x, y), wall, -wall)
    cores = [
        beyond[name][1] if name in beyond else shapely.LineString([one.centre, one.centre])  # type: ignore[union-attr]
        for name, one in exits.items()
    ]
    return CrowdSpace(
        area=area,
        exits=dict(exits),
        core=np.array([np.asarray(core.coords).ravel() for core in cores]).reshape(len(cores), 4),
        radius_m=np.array([BEYOND_M if isinstance(one, Door) else one.radius_m for one in exits.values()]),
        wall=wall,
        to_go=np.zeros((len(exits), *wall.shape)),
        found=np.zeros(len(exits), np.bool_),
        closed=np.zeros(wall.shape, np.bool_),
        left_m=left,
        bottom_m=bottom,
        grid_m=grid_m,
    )


def with_closed(space: CrowdSpace, closed: NDArray[np.bool_]) -> CrowdSpace:
    """The space with other nodes for which nobody makes."""
    return replace(space, closed=closed, to_go=np.zeros_like(space.to_go), found=np.zeros_like(space.found))


def with_spot(space: CrowdSpace, name: str, spot: Spot) -> CrowdSpace:
    """The space with one more place that people go to."""
    return replace(
        space,
        exits={**space.exits, name: spot},
        core=np.vstack([space.core, [*spot.centre, *spot.centre]]),
        radius_m=np.append(space.radius_m, spot.radius_m),
        to_go=np.concatenate([space.to_go, np.zeros((1, *space.wall.shape))]),
        found=np.append(space.found, False),
    )


def with_first_exits(space: CrowdSpace, count: int) -> CrowdSpace:
    """The space without the exits that were added after the first ones."""
    return replace(
        space,
        exits=dict(list(space.exits.items())[:count]),
        core=space.core[:count],
        radius_m=space.radius_m[:count],
        to_go=space.to_go[:count],
        found=space.found[:count],
    )


def told(text: str) -> Problem:
    """A problem of a space that was made by hand."""
    return Problem(None, None, "", NO_VALUE, text)


def _check(area: Area, exits: Mapping[str, Exit]) -> None:
    problems = []
    if area.is_empty or not area.is_valid:
        reason = "it is empty" if area.is_empty else shapely.is_valid_reason(area)
        problems.append(told(f"The space is no area that people can walk in: {reason}."))
    for name, one in exits.items():
        if isinstance(one, Door) and one.width_m < 0.3:
            problems.append(told(f"Door '{name}' is {one.width_m:g} m wide: nobody gets through less than 0.3 m."))
        place = shapely.LineString([one.start, one.end]) if isinstance(one, Door) else shapely.Point(one.centre)
        if area.is_valid and area.distance(place) > 0.01:
            problems.append(told(f"Exit '{name}' lies {area.distance(place):.2f} m outside the space."))
    if problems:
        raise InputError(problems)


def _beyond(area: Area, door: Door) -> tuple[shapely.Polygon, shapely.LineString]:
    """What lies right behind a door, and the line in it that people make for."""
    (ax, ay), (bx, by) = door.start, door.end
    width_m = door.width_m
    normal = np.array([(by - ay) / width_m, (ax - bx) / width_m])
    middle = np.array([(ax + bx) / 2, (ay + by) / 2])
    inside = [shapely.distance(area, shapely.Point(middle + side * 0.05 * normal)) for side in (1, -1)]
    outward = normal if inside[0] > inside[1] else -normal
    along = np.array([bx - ax, by - ay]) / width_m
    trim = min(0.15, width_m / 2 - 0.05) * along  # people's middles keep off the jambs
    core = shapely.LineString([np.array(door.start) + trim, np.array(door.end) - trim])
    core = shapely.transform(core, lambda xy: xy + BEYOND_M * outward)
    corners = [door.start, door.end]
    out = [tuple(np.array(corner) + 1.6 * BEYOND_M * outward) for corner in corners[::-1]]
    into = [tuple(np.array(corner) - 0.01 * outward) for corner in corners]
    return shapely.Polygon([*into, *out]), core


def _way_to(core: shapely.LineString, step: Floats, x: Floats, y: Floats, grid_m: float) -> Floats:
    """Metres to a line from everywhere; in walls those of the nearest place outside, and more the deeper."""
    left, bottom, right, top = core.bounds
    about = 3.0 * grid_m
    rows, columns = np.nonzero(
        (abs(x - (left + right) / 2) < (right - left) / 2 + about)
        & (abs(y - (bottom + top) / 2) < (top - bottom) / 2 + about)
        & (step < FAR)
    )
    near = shapely.distance(core, shapely.points(x[rows, columns], y[rows, columns]))
    to_go = np.full(step.shape, FAR)
    to_go[rows, columns] = np.where(near < about, near, FAR)
    there = to_go < FAR
    if not there.any():
        return to_go  # it lies where nobody may go at present
    sweep(to_go, step, SWEEPS)
    _take_course(to_go, step, there, grid_m)
    distance, nearest = distance_transform_edt(to_go >= FAR, return_indices=True)
    filled = to_go[nearest[0], nearest[1]] + AT_WALL * grid_m * distance
    return np.where((to_go >= FAR) & (step >= FAR), filled, to_go)


def _take_course(to_go: Floats, step: Floats, there: NDArray[np.bool_], grid_m: float) -> None:
    """Turn the shortest ways into those that people take who may be put off them, from nodes that are not there yet."""
    order = np.flatnonzero((to_go < FAR) & ~there).astype(np.int32)
    order = order[np.argsort(to_go.ravel()[order], kind="stable")]
    beside = order[:, np.newaxis] + np.array([-1, 1, -step.shape[1], step.shape[1]], np.int32)
    beside = np.where(to_go.ravel()[beside] < FAR, beside, order[:, np.newaxis])
    weight = np.empty((order.size, SIDES))
    weigh(to_go.ravel(), step.ravel(), order, beside, COURSE_M, weight)
    share = np.ones(to_go.size)
    settle(share, order, beside, weight, over_relaxation(grid_m, COURSE_M))
    add_to(to_go.ravel(), order, share, COURSE_M)
