"""Let people begin somewhere in a space, and let them choose among its exits."""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray

from ..kernels import chance
from ..kernels import crowd_tables as table
from ..scenarios.problems import InputError
from ..scenarios.walk_presets import FASTEST_MPS, SLOWEST_MPS
from .crowd import Crowd
from .crowd_space import Area, Door, told

Floats = NDArray[np.float64]

MEAN_MPS, SD_MPS = 1.34, 0.26  # Weidmann (1993)
DOOR_PER_M_S = 1.9  # what people reckon gets through a metre of door in a second: the median of the laboratories
SWITCHES_AT = 0.8  # of the time to the exit chosen so far; a smaller gain changes no mind


def places_in(area: Area, count: int, *, apart_m: float, wall_m: float, seed: int = 0) -> tuple[Floats, Floats]:
    """Draw places in an area, none closer than ``apart_m`` to another and ``wall_m`` to the edge.

    They are places of a triangular lattice, as wide as the number allows, each moved a little.

    Raises
    ------
    InputError
        If so many find no room.
    """
    inner = area.buffer(-wall_m)
    if inner.is_empty:
        raise InputError([told(f"The area is narrower than {2 * wall_m:g} m: nobody finds room in it.")])
    shapely.prepare(inner)
    spacing_m = max((inner.area / max(count, 1)) ** 0.5 * 1.1, apart_m)
    x, y = _lattice(inner, spacing_m)
    while x.size < count and spacing_m > apart_m:
        spacing_m = max(0.97 * spacing_m, apart_m)
        x, y = _lattice(inner, spacing_m)
    if x.size < count:
        raise InputError([told(f"{count} people find no room in {area.area:.1f} m²: {x.size} do.")])
    draws = _draws(x.size, seed)
    chosen = np.argsort(draws[0], kind="stable")[:count]
    free_m = (spacing_m - apart_m) / 2.0 / 2.0**0.5
    moved = [xy[chosen] + free_m * (2.0 * draw[chosen] - 1.0) for xy, draw in zip((x, y), draws[1:], strict=True)]
    inside = shapely.contains_xy(inner, *moved)
    return np.where(inside, moved[0], x[chosen]), np.where(inside, moved[1], y[chosen])


def _lattice(inner: Area, spacing_m: float) -> tuple[Floats, Floats]:
    left, bottom, right, top = inner.bounds
    row_m = spacing_m * 3.0**0.5 / 2.0
    x, y = np.meshgrid(np.arange(left, right + 1e-9, spacing_m), np.arange(bottom, top + 1e-9, row_m))
    x[1::2] += spacing_m / 2.0
    inside = shapely.contains_xy(inner, x, y)
    return x[inside], y[inside]


def _draws(count: int, seed: int) -> Floats:
    """Three uniform numbers a place."""
    numbers = [
        chance.uniform(np.uint64(seed), np.uint64(place), chance.CROWD_PLACE, k)
        for place in range(count)
        for k in range(3)
    ]
    return np.array(numbers).reshape(count, 3).T


def speeds(count: int, *, mean_mps: float = MEAN_MPS, sd_mps: float = SD_MPS, seed: int = 0) -> Floats:
    """Draw desired speeds: normal, none below 0.5 or above 2.2 m/s."""
    spread = np.empty(count)
    chance.fill_normals(np.uint64(seed), np.arange(count, dtype=np.uint64), chance.WALKER_SPEED, spread)
    return np.clip(mean_mps + sd_mps * spread, min(SLOWEST_MPS, mean_mps), max(FASTEST_MPS, mean_mps))


def fill(
    crowd: Crowd,
    area: Area,
    count: int,
    exit_name: str | None,
    *,
    mean_mps: float = MEAN_MPS,
    sd_mps: float = SD_MPS,
    start_s: float = 0.0,
    seed: int = 0,
) -> NDArray[np.int64]:
    """Let people begin at drawn places of an area; their rows."""
    law = crowd.tables.law
    x, y = places_in(area, count, apart_m=law.stop_m, wall_m=law.wall_m + 0.05, seed=seed)
    return crowd.add(
        x, y, exit_name, speed_mps=speeds(count, mean_mps=mean_mps, sd_mps=sd_mps, seed=seed), start_s=start_s
    )


def choose_exits(crowd: Crowd, names: list[str]) -> int:
    """Let everybody inside who makes for one of some exits choose again, by the way and by who is before them.

    The time to an exit is that of the way at the desired speed, and that in which those who make for it and have less
    far to go get through it. Doors that are closed are left out.

    Returns
    -------
    int
        How many changed their minds.
    """
    rows = crowd.inside
    candidates = [crowd.exit_row[name] for name in names if crowd.is_open(name)]
    now = crowd.tables.person_i[table.EXIT, rows]
    rows = rows[np.isin(now, [crowd.exit_row[name] for name in names])]
    now = crowd.tables.person_i[table.EXIT, rows].astype(np.int64)
    if rows.size == 0 or not candidates:
        return 0
    x, y, speed = crowd.tables.person_f[[table.X, table.Y, table.SPEED_MPS]][:, rows]
    exits = list(crowd.space.exits.values())
    times = np.full((len(exits), rows.size), np.inf)
    for row in candidates:
        to_go = crowd.space.metres_to(row, x, y)
        before = np.searchsorted(np.sort(to_go[now == row]), to_go)
        one = exits[row]
        per_s = min(one.per_s, DOOR_PER_M_S * one.width_m) if isinstance(one, Door) else one.per_s
        times[row] = to_go / speed + before / per_s
    best = np.argmin(times, axis=0)
    people = np.arange(rows.size)
    changes = (best != now) & (times[best, people] < SWITCHES_AT * times[now, people])
    for row in candidates:
        crowd.send(rows[changes & (best == row)], list(crowd.exit_row)[row])
    return int(changes.sum())
