"""Keep a cloud that drifts over a city on a grid: what is in the air, on the ground, and has left."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..kernels import air_grid as grid

Floats = NDArray[np.float64]
FASTEST = (
    0.5  # of a cell that wind empties in a step in one direction, at most: with this and the next none is overdrawn
)
MOST_SPREAD = 0.1  # of a cell that diffusion gives each neighbour in a step, at most


class Cloud:
    """A cloud mixed over some depth above the ground, in square cells.

    Parameters
    ----------
    shape
        Rows (to the north) and columns (to the east).
    cell_m
        Size of a cell.
    depth_m
        Depth over which the cloud is mixed.
    deposition_mps
        Speed at which it settles on the ground.
    diffusivity_m2ps
        Horizontal diffusivity.
    """

    def __init__(
        self,
        shape: tuple[int, int],
        cell_m: float,
        depth_m: float,
        *,
        deposition_mps: float = 0.0,
        diffusivity_m2ps: float = 0.0,
    ) -> None:
        problems = [
            f"{name} = {value:g} is not {wanted}"
            for name, value, wanted, good in (
                ("cell_m", cell_m, "more than 0", cell_m > 0.0),
                ("depth_m", depth_m, "more than 0", depth_m > 0.0),
                ("deposition_mps", deposition_mps, "at least 0", deposition_mps >= 0.0),
                ("diffusivity_m2ps", diffusivity_m2ps, "at least 0", diffusivity_m2ps >= 0.0),
                ("fewest cells a side", min(shape), "at least 3", min(shape) >= 3),
            )
            if not good
        ]
        if problems:
            raise ValueError("cloud: " + "; ".join(problems))
        self.cell_m, self.depth_m = cell_m, depth_m
        self.deposition_mps, self.diffusivity_m2ps = deposition_mps, diffusivity_m2ps
        self.gm3 = np.zeros(shape)
        self.ground_gm3 = np.zeros(shape)  # deposited, as concentration it had in the air
        self.left_gm3 = 0.0  # over the edge, the same, summed over cells
        self._next = np.zeros(shape)
        self._gone = np.zeros((shape[0], 2)), np.zeros((shape[1], 2))
        self.turn = 0  # which direction goes first
        self.wind((0.0, 0.0))

    def wind(self, mps: Sequence[ArrayLike]) -> None:
        """Set the wind to the east and to the north: two numbers, or ``[row, face]`` and ``[face, column]``."""
        rows, columns = self.gm3.shape
        self._east = np.array(np.broadcast_to(np.asarray(mps[0], float), (rows, columns + 1)))
        self._north = np.array(np.broadcast_to(np.asarray(mps[1], float), (rows + 1, columns)))
        along = np.maximum(self._east[:, 1:], 0.0) - np.minimum(self._east[:, :-1], 0.0)
        across = np.maximum(self._north[1:], 0.0) - np.minimum(self._north[:-1], 0.0)
        self._fastest = float(max(along.max(), across.max()))
        self._sized: tuple[float, Floats, Floats] | None = None

    def add(self, row: int, column: int, grams: float) -> None:
        """Release into a cell."""
        if not grams >= 0.0:
            msg = f"a release of {grams:g} g is not at least 0"
            raise ValueError(msg)
        self.gm3[row, column] += grams / (self.cell_m * self.cell_m * self.depth_m)

    @property
    def grams(self) -> tuple[float, float, float]:
        """Mass in the air, on the ground and beyond the edge, g."""
        volume = self.cell_m * self.cell_m * self.depth_m
        return volume * float(self.gm3.sum()), volume * float(self.ground_gm3.sum()), volume * self.left_gm3

    def steps_of(self, span_s: float) -> int:
        """In how many steps a span is gone through so that none is too long."""
        by_wind = self._fastest * span_s / (FASTEST * self.cell_m)
        by_spread = self.diffusivity_m2ps * span_s / (MOST_SPREAD * self.cell_m * self.cell_m)
        return max(1, math.ceil(by_wind), math.ceil(by_spread))

    def advance(self, span_s: float) -> None:
        """Let time pass."""
        steps = self.steps_of(span_s)
        for _ in range(steps):
            self._step(span_s / steps)

    def _step(self, step_s: float) -> None:
        if self._sized is None or self._sized[0] != step_s:
            scale = step_s / self.cell_m
            self._sized = step_s, self._east * scale, self._north * scale
        _, east, north = self._sized
        exchange = self.diffusivity_m2ps * step_s / (self.cell_m * self.cell_m)
        moves = (grid.move_east, east, self._gone[0]), (grid.move_north, north, self._gone[1])
        for move, courant, gone in moves if self.turn == 0 else moves[::-1]:
            move(self.gm3, courant, exchange, self._next, gone)
            self.left_gm3 += float(gone.sum())
            self.gm3, self._next = self._next, self.gm3
        self.turn = 1 - self.turn
        if self.deposition_mps > 0.0:
            grid.settle(-math.expm1(-self.deposition_mps * step_s / self.depth_m), self.gm3, self.ground_gm3)
