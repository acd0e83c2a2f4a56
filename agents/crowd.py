"""Hold a crowd in the plane: who is where, and what lets them walk."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..kernels import crowd_tables as table
from ..kernels.crowd import advance_crowd
from ..kernels.crowd_laws import Law
from ..scenarios.problems import InputError
from .crowd_space import (
    GRID_M,
    Area,
    CrowdSpace,
    Exit,
    Spot,
    build_space,
    told,
    with_closed,
    with_first_exits,
    with_spot,
)
from .remembering import Remembers, State, overwrite

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]

STEP_S = 0.1
FIRST_ROWS = 256

# Fitted once to the four tables of speed against density and to bottlenecks up to 2.5 m, and frozen (docs/crowds.md).
LAB_LAW = Law(
    stop_m=0.39,
    headway_m=1.0,
    breadth_m=0.475,
    body_m=0.32,
    contact_m=0.28,
    wall_m=0.132,
    strength=1.227,
    reach_m=0.198,
    wall_strength=0.06,
    wall_reach_m=0.05,
    anticipation_s=0.2,
    turning_s=0.3,
    range_m=1.4,
)


@dataclass(slots=True)
class CrowdState:
    """All people of a crowd, one row a visit: views of the kernels' tables."""

    x_m: Floats
    y_m: Floats
    vx_mps: Floats
    vy_mps: Floats
    desired_mps: Floats
    start_s: Floats
    entered_s: Floats  # nan before
    left_s: Floats  # nan before
    walked_m: Floats
    stood_s: Floats
    status: Ints
    exit_row: Ints


class Crowd(Remembers):
    """People in a space.

    Parameters
    ----------
    area
        Where they can be: a polygon in metres; its edge is a wall except at doors. Or a space that was laid out before,
        with its exits.
    exits
        Doors and spots by name.
    law
        How they walk among others.
    grid_m
        Between the nodes on which distances are known.
    period_m
        Length after which people who walk along x begin anew; 0: nobody does.

    Examples
    --------
    >>> import shapely
    >>> crowd = Crowd(shapely.box(0, 0, 8, 5), {"door": Door((8, 2), (8, 3))})  # doctest: +SKIP
    >>> crowd.add([1.0, 2.0], [2.0, 3.0], "door", speed_mps=1.3)  # doctest: +SKIP
    >>> crowd.run(20.0)  # doctest: +SKIP
    """

    def __init__(
        self,
        area: Area | CrowdSpace,
        exits: Mapping[str, Exit] | None = None,
        *,
        law: Law = LAB_LAW,
        grid_m: float = GRID_M,
        period_m: float = 0.0,
        step_s: float = STEP_S,
    ) -> None:
        self.space = area if isinstance(area, CrowdSpace) else build_space(area, exits or {}, grid_m=grid_m)
        exits = self.space.exits
        self.exit_row = {name: row for row, name in enumerate(exits)}
        self.step = 0
        left_m = float(self.space.area.bounds[0]) if period_m > 0.0 else self.space.left_m
        across_m, up_m = self.space.size_m
        if period_m > 0.0:
            across_m = period_m
        wall = self.space.wall
        range_m = law.range_m
        across = max(math.floor(across_m / range_m), 1) if period_m > 0.0 else math.ceil(across_m / range_m)
        up = math.ceil(up_m / range_m)
        if period_m > 0.0:
            if across < 3:
                raise InputError([told(f"A ring of {period_m:g} m is too short: it takes {3 * range_m:g} m.")])
            law = law._replace(range_m=period_m / across)
            wall = np.repeat(wall[:, wall.shape[1] // 2][:, np.newaxis], wall.shape[1], axis=1)
            self.space = replace(self.space, wall=wall)
        exit_f = np.zeros((table.EXIT_F_COLUMNS, len(exits)))
        exit_f[[table.CORE_X, table.CORE_Y, table.CORE_TO_X, table.CORE_TO_Y]] = self.space.core.T
        exit_f[table.RADIUS] = self.space.radius_m
        exit_f[table.PER_S] = [one.per_s for one in exits.values()]
        exit_i = np.zeros((table.EXIT_I_COLUMNS, len(exits)), np.int32)
        exit_i[table.OPEN] = 1
        self.tables = table.Crowd(
            person_f=np.zeros((table.PERSON_F_COLUMNS, FIRST_ROWS)),
            person_i=np.zeros((table.PERSON_I_COLUMNS, FIRST_ROWS), np.int32),
            order=np.zeros(FIRST_ROWS, np.int32),
            sorted_f=np.zeros((table.SORTED_COLUMNS, FIRST_ROWS)),
            cell_start=np.zeros(across * up + 1, np.int32),
            near=np.zeros((table.NEAR_COLUMNS, table.MOST_NEAR)),
            near_slot=np.zeros(2 * table.MOST_NEAR, np.int32),
            exit_f=exit_f,
            exit_i=exit_i,
            counter=np.zeros(table.COUNTERS, np.int64),
            wall=wall,
            to_go=self.space.to_go,
            left_m=left_m,
            bottom_m=self.space.bottom_m,
            grid_m=self.space.grid_m,
            cells_across=across,
            cells_up=up,
            convex=self.space.is_convex,
            period_m=period_m,
            law=law,
            step_s=step_s,
        )

    @property
    def t_s(self) -> float:
        """Time that has passed."""
        return self.step * self.tables.step_s

    @property
    def rows(self) -> int:
        """People who are, were, or will be there."""
        return int(self.tables.counter[table.ROWS])

    @property
    def people(self) -> CrowdState:
        """Views of all people."""
        numbers, rows = self.tables.person_f[:, : self.rows], self.tables.person_i[:, : self.rows]
        return CrowdState(
            x_m=numbers[table.X],
            y_m=numbers[table.Y],
            vx_mps=numbers[table.VX],
            vy_mps=numbers[table.VY],
            desired_mps=numbers[table.SPEED_MPS],
            start_s=numbers[table.START_S],
            entered_s=numbers[table.ENTERED_S],
            left_s=numbers[table.LEFT_S],
            walked_m=numbers[table.WALKED_M],
            stood_s=numbers[table.STOOD_S],
            status=rows[table.STATUS],
            exit_row=rows[table.EXIT],
        )

    @property
    def inside(self) -> Ints:
        """Rows of those inside, in order."""
        return np.sort(self.tables.order[: self.tables.counter[table.PEOPLE]])

    def passed(self, name: str) -> int:
        """People who have left through an exit."""
        return int(self.tables.exit_i[table.PASSED, self.exit_row[name]])

    def add(
        self,
        x_m: ArrayLike,
        y_m: ArrayLike,
        exit_name: str | None,
        *,
        speed_mps: ArrayLike = 1.34,
        start_s: ArrayLike = 0.0,
    ) -> NDArray[np.int64]:
        """Let people begin at places, each as soon as nobody stands there.

        Parameters
        ----------
        x_m, y_m
            Places.
        exit_name
            Where they go; None: straight on along x.
        speed_mps
            Desired.
        start_s
            When they begin, not before those who were added earlier.

        Returns
        -------
        numpy.ndarray
            Their rows.

        Raises
        ------
        InputError
            With those who begin in a wall, or where no way leads to the exit from.
        """
        exit_row = table.STRAIGHT_ON if exit_name is None else self._row_of(exit_name)
        x, y, speed, start = np.broadcast_arrays(
            *(np.atleast_1d(np.asarray(value, np.float64)) for value in (x_m, y_m, speed_mps, start_s))
        )
        self._check_places(x, y, exit_row)
        self._make_room(x.size)
        first = self.rows
        rows = np.arange(first, first + x.size)
        numbers, words = self.tables.person_f, self.tables.person_i
        numbers[:, rows] = 0.0
        numbers[table.X, rows], numbers[table.Y, rows] = x, y
        numbers[table.SPEED_MPS, rows], numbers[table.START_S, rows] = speed, start
        numbers[table.ENTERED_S, rows] = numbers[table.LEFT_S, rows] = np.nan
        words[table.STATUS, rows], words[table.EXIT, rows] = table.PENDING, exit_row
        self._set_out(rows)
        self.tables.counter[table.ROWS] += x.size
        return rows

    def stand(self, x_m: float, y_m: float) -> int:
        """Let somebody stand at a place; their row."""
        row = int(self.add(x_m, y_m, None, start_s=self.t_s)[0])
        self.halt(row)
        return row

    def halt(self, rows: ArrayLike) -> None:
        """Let people stand where they are until they are sent somewhere."""
        rows = np.atleast_1d(np.asarray(rows, np.int64))
        self.tables.person_i[table.EXIT, rows] = table.STANDING
        self.tables.person_f[table.EX : table.EY + 1, rows] = 0.0

    def send(self, rows: ArrayLike, exit_name: str) -> None:
        """Let people go to another exit."""
        rows = np.atleast_1d(np.asarray(rows, np.int64))
        self.tables.person_i[table.EXIT, rows] = self._row_of(exit_name)
        self._set_out(rows)

    def open_exit(self, name: str, is_open: bool) -> None:
        """Open or close an exit: who reaches a closed one stands there until they are sent elsewhere."""
        self.tables.exit_i[table.OPEN, self._row_of(name)] = int(is_open)

    def is_open(self, name: str) -> bool:
        """Whether an exit is open."""
        return bool(self.tables.exit_i[table.OPEN, self._row_of(name)])

    def add_spot(self, name: str, spot: Spot) -> None:
        """Let there be one more place that people go to."""
        self._take(with_spot(self.space, name, spot))
        new = np.zeros((table.EXIT_F_COLUMNS, 1))
        new[[table.CORE_X, table.CORE_Y, table.CORE_TO_X, table.CORE_TO_Y], 0] = self.space.core[-1]
        new[table.RADIUS], new[table.PER_S] = spot.radius_m, spot.per_s
        opened = np.array([[1], [0]], np.int32)
        self.tables = self.tables._replace(
            exit_f=np.hstack([self.tables.exit_f, new]), exit_i=np.hstack([self.tables.exit_i, opened])
        )

    def keep_exits(self, count: int) -> None:
        """Let there be no other exits than the first ones; nobody goes to another."""
        self._take(with_first_exits(self.space, count))
        exit_f, exit_i = self.tables.exit_f[:, :count].copy(), self.tables.exit_i[:, :count].copy()
        self.tables = self.tables._replace(exit_f=exit_f, exit_i=exit_i)

    def close_ground(self, closed: NDArray[np.bool_]) -> None:
        """Let nobody make for nodes of the grid that are closed; who is there walks out."""
        self._take(with_closed(self.space, closed))

    def _take(self, space: CrowdSpace) -> None:
        self.space = space
        self.exit_row = {name: row for row, name in enumerate(space.exits)}
        self.tables = self.tables._replace(to_go=space.to_go)
        self._find_ways()

    def _find_ways(self) -> None:
        """Find the ways to all exits that people make for, but for those to exits that are no more."""
        words = self.tables.person_i[:, : self.rows]
        for row in np.unique(words[table.EXIT, words[table.STATUS] != table.LEFT]):
            if 0 <= row < len(self.exit_row):
                self.space.way_to(row)

    def reaches(self, rows: ArrayLike, exit_name: str) -> NDArray[np.bool_]:
        """Whether a way leads people to an exit."""
        people, rows = self.people, np.atleast_1d(np.asarray(rows, np.int64))
        return self.space.reaches(self._row_of(exit_name), people.x_m[rows], people.y_m[rows])

    def advance(self, steps: int) -> None:
        """Let steps pass."""
        advance_crowd(self.tables, self.step, self.step + steps)
        self.step += steps

    def run(self, until_s: float) -> None:
        """Let time pass until everybody has left, at most until ``until_s``."""
        last = math.ceil(until_s / self.tables.step_s - 1e-9)
        while self.step < last and (self.people.status != table.LEFT).any():
            self.advance(min(10, last - self.step))

    def state(self) -> State:
        """All that changes while people walk."""
        rows, tables = self.rows, self.tables
        return {
            "step": self.step,
            "person_f": tables.person_f[:, :rows].copy(),
            "person_i": tables.person_i[:, :rows].copy(),
            "order": tables.order[: tables.counter[table.PEOPLE]].copy(),
            **{name: getattr(tables, name).copy() for name in ("exit_f", "exit_i", "counter")},
        }

    def restore(self, state: State) -> None:
        """Have everybody where they were."""
        self.step = int(state["step"])
        self._make_room(state["person_f"].shape[1])
        tables, rows = self.tables, state["person_f"].shape[1]
        tables.person_f[:, :rows], tables.person_i[:, :rows] = state["person_f"], state["person_i"]
        tables.order[: state["order"].size] = state["order"]
        overwrite(tables, ("exit_f", "exit_i", "counter"), state)
        self._find_ways()

    def state_hash(self) -> str:
        """SHA-256 over everything that decides how people go on."""
        digest = hashlib.sha256()
        digest.update(self.tables.person_f[: table.NEXT_X, : self.rows].tobytes())
        digest.update(self.tables.person_i[: table.BEHIND, : self.rows].tobytes())
        for array in (self.tables.exit_f, self.tables.exit_i, np.array([self.step])):
            digest.update(array.tobytes())
        return digest.hexdigest()

    def _row_of(self, exit_name: str) -> int:
        if exit_name not in self.exit_row:
            known = ", ".join(f"'{name}'" for name in self.exit_row) or "none"
            raise InputError([told(f"There is no exit '{exit_name}'. Exits here: {known}.")])
        return self.exit_row[exit_name]

    def _check_places(self, x: Floats, y: Floats, exit_row: int) -> None:
        space = self.space
        rows, columns = space.wall.shape
        column = np.rint((x - space.left_m) / space.grid_m).astype(np.int64)
        row = np.rint((y - space.bottom_m) / space.grid_m).astype(np.int64)
        outside = (column < 0) | (column >= columns) | (row < 0) | (row >= rows)
        room = space.wall[np.clip(row, 0, rows - 1), np.clip(column, 0, columns - 1)]
        bad = np.flatnonzero(outside | (room < self.tables.law.wall_m - space.grid_m))
        problems = [
            told(f"Nobody can stand at ({x[k]:.2f}, {y[k]:.2f}): it is outside, or closer than 0.15 m to a wall.")
            for k in bad[:5]
        ]
        if not problems and exit_row >= 0:
            lost = np.flatnonzero(~space.reaches(exit_row, x, y))
            name = list(self.exit_row)[exit_row]
            problems = [told(f"No way leads from ({x[k]:.2f}, {y[k]:.2f}) to exit '{name}'.") for k in lost[:5]]
        if problems:
            raise InputError(problems)

    def _make_room(self, more: int) -> None:
        have, need = self.tables.order.size, self.rows + more
        if need <= have:
            return
        extra = max(need, 2 * have) - have
        tables, wider = self.tables, ((0, 0), (0, extra))
        self.tables = tables._replace(
            person_f=np.pad(tables.person_f, wider),
            person_i=np.pad(tables.person_i, wider),
            sorted_f=np.pad(tables.sorted_f, wider),
            order=np.pad(tables.order, (0, extra)),
        )

    def _set_out(self, rows: NDArray[np.int64]) -> None:
        """Turn people towards their exits."""
        numbers, words = self.tables.person_f, self.tables.person_i
        numbers[table.EX, rows], numbers[table.EY, rows] = 1.0, 0.0
        space = self.space
        for row in np.unique(words[table.EXIT, rows]):
            if row < 0:
                continue
            own = rows[words[table.EXIT, rows] == row]
            column = np.rint((numbers[table.X, own] - space.left_m) / space.grid_m).astype(np.int64)
            line = np.rint((numbers[table.Y, own] - space.bottom_m) / space.grid_m).astype(np.int64)
            to_go = space.way_to(row)
            numbers[table.TO_GO, own] = to_go[line, column]
            ex, ey = (
                to_go[line, column - 1] - to_go[line, column + 1],
                to_go[line - 1, column] - to_go[line + 1, column],
            )
            size = np.hypot(ex, ey)
            numbers[table.EX, own] = np.where(size > 1e-9, ex / np.maximum(size, 1e-9), 1.0)
            numbers[table.EY, own] = np.where(size > 1e-9, ey / np.maximum(size, 1e-9), 0.0)
