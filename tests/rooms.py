"""Draw rooms, corridors and doors in the plane, turned by any angle, and watch the people in them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import shapely
from scipy.spatial import cKDTree
from shapely.affinity import rotate

from citytwin.agents.crowd import Crowd
from citytwin.agents.crowd_space import Door, Exit, Spot
from citytwin.kernels import crowd_tables as table

ENOUGH_S = 900.0


@dataclass(frozen=True)
class Turned:
    """A frame turned about the origin."""

    degrees: float = 0.0

    def area(self, *boxes: tuple[float, float, float, float]) -> shapely.Polygon:
        """The union of boxes, which overlap by a hair where they touch."""
        whole = shapely.union_all([shapely.box(*box).buffer(1e-3, join_style="mitre") for box in boxes])
        return rotate(whole.buffer(-1e-3, join_style="mitre"), self.degrees, origin=(0, 0))

    def point(self, x: float, y: float) -> tuple[float, float]:
        turned = rotate(shapely.Point(x, y), self.degrees, origin=(0, 0))
        return turned.x, turned.y

    def door(self, start: tuple[float, float], end: tuple[float, float], **more: float) -> Door:
        return Door(self.point(*start), self.point(*end), **more)

    def spot(self, x: float, y: float, radius_m: float = 1.0) -> Spot:
        return Spot(self.point(x, y), radius_m)


STRAIGHT = Turned()


def clear(crowd: Crowd, watch: Callable[[Crowd], None] | None = None, *, until_s: float = ENOUGH_S) -> float:
    """Let time pass until everybody has left; when the last did, s. ``watch`` looks every half second."""
    while (crowd.people.status != table.LEFT).any() and crowd.t_s < until_s:
        crowd.advance(5)
        if watch is not None:
            watch(crowd)
    assert (crowd.people.status == table.LEFT).all(), f"{(crowd.people.status != table.LEFT).sum()} are still there"
    return float(crowd.people.left_s.max())


class Laws:
    """What holds at any moment: how close people have been to each other, and who was in a wall."""

    def __init__(self) -> None:
        self.closest_m, self.into_wall_m = np.inf, 0.0

    def __call__(self, crowd: Crowd) -> None:
        rows = crowd.inside
        if rows.size == 0:
            return
        x, y = crowd.people.x_m[rows], crowd.people.y_m[rows]
        if rows.size > 1:
            places = np.column_stack([x, y])
            self.closest_m = min(self.closest_m, float(cKDTree(places).query(places, k=2)[0][:, 1].min()))
        outside = shapely.distance(crowd.space.area, shapely.points(x, y))
        self.into_wall_m = max(self.into_wall_m, float(outside.max()))

    def hold(self, crowd: Crowd) -> bool:
        """No two people overlap by more than 5 cm, and nobody was in a wall by more than 1 mm."""
        return self.closest_m >= crowd.tables.law.body_m - 0.05 and self.into_wall_m <= 0.001


def room_with_passage(
    width_m: float, *, long_m: float = 0.2, turned: Turned = STRAIGHT, room: tuple[float, float] = (8.0, 6.0)
) -> tuple[shapely.Polygon, Mapping[str, Exit], shapely.Polygon]:
    """A room, a passage in the middle of its right side, and a hall beyond; also the room alone."""
    across, up = room
    own = (0.0, 0.0, across, up)
    passage = (across, up / 2 - width_m / 2, across + long_m, up / 2 + width_m / 2)
    hall = (across + long_m, 0.0, across + long_m + 4.0, up)
    far = across + long_m + 4.0
    return turned.area(own, passage, hall), {"out": turned.door((far, 0.0), (far, up))}, turned.area(own)


def flow_through(crowd: Crowd, x_m: float) -> float:
    """People a second past a line across a passage, without the first third and the last seventh of them."""
    count = crowd.rows
    passed = np.full(count, np.nan)
    while np.isnan(passed).any() and crowd.t_s < ENOUGH_S:
        crowd.advance(2)
        passed[(crowd.people.x_m > x_m) & np.isnan(passed)] = crowd.t_s
    passed = np.sort(passed)
    first, last = count // 3, count - 1 - count // 7
    return float((last - first) / (passed[last] - passed[first]))
