"""Find streets that houses close in: how far houses stand from the middle on each side, and how high they are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .buildings import Houses
from .network import Bools, Floats, Ints, RoadNetwork

APART_M = 25.0  # between places along a street from which is looked to both sides
LEAST_PLACES = 3
REACH_M = 40.0  # houses farther from the middle of a street do not close it in
LEAST_BUILT = 0.5  # share of each side along which houses must stand
TANGENT_M = 0.5
AT_WALL_M = 0.1  # a middle so near a house runs through it: a passage
SIDES = (1.0, -1.0)  # left and right


@dataclass(frozen=True, slots=True, eq=False)
class StreetSides:
    """What stands along streets; shapes ``[link, side]``, left and right of the link's direction."""

    away_m: Floats  # of the houses from the middle, median; NaN where there are none
    height_m: Floats  # mean along the side, gaps counted as 0; NaN where no height is known
    built_share: Floats
    assumed_share: Floats  # of what is built, whose height the extract does not say and that was taken as assumed
    unknown_share: Floats  # of what is built, whose height nobody says
    houses: int  # along all streets
    without_height: int  # of them, as the extract goes
    twin: Ints  # [link]: the other direction of the street; -1 where there is none

    @property
    def width_m(self) -> Floats:
        """From house to house, ``[link]``; NaN where there are none on one side."""
        return np.asarray(self.away_m.sum(axis=1))

    @property
    def mean_height_m(self) -> Floats:
        """Of both sides, ``[link]``; NaN where one is not known."""
        return np.asarray(self.height_m.mean(axis=1))

    @property
    def ratio(self) -> Floats:
        """Height over width, ``[link]``."""
        return self.mean_height_m / self.width_m

    def closed(self, from_ratio: float) -> Bools:
        """Whether houses stand along most of both sides, higher than so many widths of the street, ``[link]``.

        Both directions of a street are closed in, or neither.
        """
        built = (self.built_share >= LEAST_BUILT).all(axis=1) & (self.unknown_share <= 1.0 - LEAST_BUILT).all(axis=1)
        own = built & (np.nan_to_num(self.ratio) > from_ratio)
        return np.asarray(own & ((self.twin < 0) | own[self.twin]))


def street_sides(network: RoadNetwork, houses: Houses, assumed_m: float | None) -> StreetSides:
    """Look to both sides from places along every street on the ground; elsewhere nothing is built.

    Parameters
    ----------
    assumed_m
        Height of a building of which the extract does not say it; None: it is not known.
    """
    import shapely

    rows = np.flatnonzero(network.links.layer == 0)
    shapes = np.array([shapely.LineString(network.link_shape_xy(int(row))) for row in rows], object)
    link, middle, ahead = _places(shapes)
    wall = houses.outline[houses.wall]
    known_m = houses.height_m[houses.wall]
    tree, walls = shapely.STRtree(wall), _walls_of(wall)
    seen: list[NDArray[np.int64]] = []
    columns = np.full((5, network.link_count, 2), np.nan)
    columns[2:] = 0.0
    for side, sign in enumerate(SIDES):
        away_m, house = _nearest(tree, walls, middle, sign * np.column_stack([-ahead[:, 1], ahead[:, 0]]))
        outside = away_m > AT_WALL_M
        seen.append(house[outside & (house >= 0)])
        height_m = np.where(house >= 0, np.append(known_m, 0.0)[house], 0.0)[outside]
        assumed = np.isnan(height_m) & (assumed_m is not None)
        height_m[assumed] = assumed_m
        columns[:, rows, side] = _sums(link[outside], len(rows), away_m[outside], height_m, assumed)
    along = np.unique(np.concatenate(seen))
    away_m, height_m, built, guessed, unknown = columns
    unsaid = int(np.isnan(known_m[along]).sum())
    return StreetSides(away_m, height_m, built, guessed, unknown, along.size, unsaid, network.links.twin)


def _places(shapes: NDArray[np.object_]) -> tuple[NDArray[np.int64], Floats, Floats]:
    """Places along streets: row of the street, point, and direction of the street there, of length 1."""
    import shapely

    length_m = shapely.length(shapes)
    count = np.maximum(np.ceil(length_m / APART_M).astype(np.int64), LEAST_PLACES)
    link = np.repeat(np.arange(len(shapes)), count)
    number = np.arange(link.size) - np.repeat(np.cumsum(count) - count, count)
    at_m = (number + 0.5) / count[link] * length_m[link]
    middle, before, after = (
        shapely.get_coordinates(shapely.line_interpolate_point(shapes[link], np.clip(at_m + step, 0.0, length_m[link])))
        for step in (0.0, -TANGENT_M, TANGENT_M)
    )
    along = after - before
    return link, middle, along / np.maximum(np.hypot(*along.T), 1e-9)[:, np.newaxis]


@dataclass(frozen=True, slots=True, eq=False)
class _Walls:
    """Straight pieces of walls, those of one house after those of another; shapes ``[piece, axis]``."""

    begin: NDArray[np.int64]  # [house + 1]
    start: Floats
    along: Floats


def _walls_of(outlines: NDArray[np.object_]) -> _Walls:
    import shapely

    parts, house = shapely.get_parts(outlines, return_index=True)
    rings, part = shapely.get_rings(parts, return_index=True)
    corners, ring = shapely.get_coordinates(rings, return_index=True)
    joined = ring[1:] == ring[:-1]
    owner = house[part[ring[:-1][joined]]]
    begin = np.searchsorted(owner, np.arange(len(outlines) + 1))
    return _Walls(begin, corners[:-1][joined], np.diff(corners, axis=0)[joined])


def _nearest(tree: object, walls: _Walls, middle: Floats, aside: Floats) -> tuple[Floats, NDArray[np.int64]]:
    """How far the first house to one side is, m, and which it is; inf and -1 where none is within reach.

    ``aside`` is of length 1. Of a place inside a house it is 0.
    """
    import shapely

    assert isinstance(tree, shapely.STRtree)
    sights = shapely.linestrings(np.stack([middle, middle + REACH_M * aside], axis=1))
    place, house = tree.query(sights)
    count = walls.begin[house + 1] - walls.begin[house]
    pair = np.repeat(np.arange(place.size), count)
    piece = walls.begin[house][pair] + np.arange(pair.size) - np.repeat(np.cumsum(count) - count, count)
    place, house = place[pair], house[pair]
    apart, along, look = walls.start[piece] - middle[place], walls.along[piece], aside[place]
    with np.errstate(divide="ignore", invalid="ignore"):  # parallel to a wall
        turned = _cross(look, along)
        met_m, share = _cross(apart, along) / turned, _cross(apart, look) / turned
        meets = (met_m >= 0.0) & (met_m <= REACH_M) & (share >= 0.0) & (share <= 1.0)
    place, house, met_m = place[meets], house[meets], met_m[meets]
    order = np.lexsort((house, met_m, place))
    first = order[np.unique(place[order], return_index=True)[1]]
    away_m, found = np.full(len(middle), np.inf), np.full(len(middle), -1)
    away_m[place[first]], found[place[first]] = met_m[first], house[first]
    inside, house = tree.query(shapely.points(middle), predicate="within")
    away_m[inside], found[inside] = 0.0, house
    return away_m, found


def _cross(one: Floats, other: Floats) -> Floats:
    return np.asarray(one[:, 0] * other[:, 1] - one[:, 1] * other[:, 0])


def _sums(link: NDArray[np.int64], links: int, away_m: Floats, height_m: Floats, assumed: Bools) -> Floats:
    """What goes into ``StreetSides`` of one side of all streets; an infinite distance is a gap, NaN not known."""
    built, known = np.isfinite(away_m), np.isfinite(height_m)

    def count(which: Bools | Floats) -> Floats:
        return np.asarray(np.bincount(link, weights=which, minlength=links), np.float64)

    houses = count(built)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean_m = count(np.where(known, height_m, 0.0)) / count(known)
        unknown = np.nan_to_num(count(~known) / houses)
        share, guessed = np.nan_to_num(houses / count(np.ones(link.size))), np.nan_to_num(count(assumed) / houses)
    order = np.lexsort((away_m, link))
    first = np.searchsorted(link[order], np.arange(links))
    sorted_m, there = np.append(away_m[order], np.nan), houses > 0
    middle = np.where(there, first + (houses.astype(np.int64) - 1) // 2, -1)
    other = np.where(there, first + houses.astype(np.int64) // 2, -1)
    return np.stack([0.5 * (sorted_m[middle] + sorted_m[other]), mean_m, share, guessed, unknown])
