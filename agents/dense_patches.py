"""Let people walk in the plane where links have become dense, and on links again when they have room."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from ..kernels import walking_tables as table
from .crowd_patches import Patch, layer_of_cells, may_be_taken
from .patch_ground import CellLines
from .patch_handover import hand_back, take_over
from .remembering import Remembers, State
from .walkers import Walkers

Longs = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

SQUARE_M = 20.0
HOLD_S = 30  # a square is dense, or has room again, when it has been so for as long
ROOM_AGAIN = 0.5  # of the density from which on people walk in the plane


class Change(NamedTuple):
    """A patch that has come or gone."""

    comes: bool
    link: int  # of the walk network, in it
    people: int


class DensePatches(Remembers):
    """Squares of 20 m of one level of a walk network that become patches while they are dense.

    Squares side by side, or that share a link, are one patch; when another joins or leaves them the patch is laid out
    anew, with everybody where they are. Its ground is that of the links.

    Parameters
    ----------
    walkers
        Everybody on foot; patches that are there already stay as they are, with the cells next to them.
    cells
        Where all cells lie.
    above_per_m2
        People per m² of the links in a square above which it is dense.
    """

    def __init__(self, walkers: Walkers, cells: CellLines, above_per_m2: float) -> None:
        self._walkers, self._cells, self._above_per_m2 = walkers, cells, above_per_m2
        middle = shapely.line_interpolate_point(cells.line, 0.5, normalized=True)
        opposite = walkers.walks.cell_i[0, table.OPPOSITE]
        at = np.column_stack([shapely.get_x(middle), shapely.get_y(middle)])
        at = at[np.minimum(np.arange(opposite.size), opposite)]  # both directions of a cell are in one square
        layer = layer_of_cells(walkers)
        square = np.column_stack([np.floor(at / SQUARE_M), layer]).astype(np.int64)
        self._squares, self._square_of = np.unique(square, axis=0, return_inverse=True)
        self._eligible = may_be_taken(walkers) & ~self._near_patches() & ~self._near_other_levels(layer)
        self._area_m2 = self._per_square(walkers.walks.cell_f[0, table.AREA_M2] / 2.0)
        self._beside = self._neighbours()
        self.is_dense = np.zeros(len(self._squares), np.bool_)
        self._above_s, self._below_s = (np.zeros(len(self._squares), np.int64) for _ in range(2))
        self._patches: dict[tuple[int, ...], Patch] = {}  # by the squares they are made of
        self.came = 0  # squares that became dense
        self.most = 0  # squares that were at once
        self.person_s = 0  # that people walked in one

    def _near_patches(self) -> Bools:
        near = np.zeros(self._square_of.size, np.bool_)
        for patch in self._walkers.patches:
            near |= patch.taken
            near[patch.portals] = near[patch.enters] = True
        return np.asarray(near | near[self._walkers.walks.cell_i[0, table.OPPOSITE]])

    def _near_other_levels(self, layer: NDArray[np.int8]) -> Bools:
        """Cells from which one goes on to another level: they stay links, so that each patch lies on one."""
        near = np.zeros(layer.size, np.bool_)
        for cell, after in enumerate(self._cells.after):
            other = [one for one in after if layer[one] != layer[cell]]
            near[other] = True
            near[cell] |= bool(other)
        return np.asarray(near | near[self._walkers.walks.cell_i[0, table.OPPOSITE]])

    def _per_square(self, of_cells: Floats) -> Floats:
        weights = of_cells * self._eligible
        return np.bincount(self._square_of, weights=weights, minlength=len(self._squares)).astype(np.float64)

    def _neighbours(self) -> tuple[Longs, Longs]:
        """Pairs of squares that touch each other, or in which cells follow one another."""
        row_of = {tuple(square): row for row, square in enumerate(self._squares.tolist())}
        pairs = []
        for (across, up, level), row in row_of.items():
            for side in ((1, 0), (0, 1), (1, 1), (1, -1)):
                other = row_of.get((across + side[0], up + side[1], level))
                pairs += [] if other is None else [(row, other)]
        level = self._squares[self._square_of, 2]
        for cell, after in enumerate(self._cells.after):
            own = int(self._square_of[cell])
            pairs += [(own, int(self._square_of[other])) for other in after if level[other] == level[cell]]
        joined = np.array(pairs, np.int64).reshape(-1, 2)
        return joined[:, 0], joined[:, 1]

    def look(self, t_s: float) -> list[Change]:
        """Note how dense it is after a second that ended at ``t_s``, and let patches come and go."""
        _, cell = self._walkers.people_out()
        people = self._per_square(np.bincount(cell, minlength=self._square_of.size).astype(np.float64))
        density = people / np.maximum(self._area_m2, 1e-9)
        self._above_s = np.where(density > self._above_per_m2, self._above_s + 1, 0)
        self._below_s = np.where(density < ROOM_AGAIN * self._above_per_m2, self._below_s + 1, 0)
        dense = (self.is_dense | (self._above_s >= HOLD_S)) & (self._below_s < HOLD_S)
        for patch in self._patches.values():
            self.person_s += patch.watch()
        if (dense == self.is_dense).all():
            return []
        self.came += int((dense & ~self.is_dense).sum())
        self.is_dense, self.most = dense, max(self.most, int(dense.sum()))
        return self._change(t_s)

    def _change(self, t_s: float) -> list[Change]:
        wanted, changes = self._wanted(), []
        for squares in [squares for squares in self._patches if squares not in wanted]:
            patch = self._patches.pop(squares)
            changes.append(Change(False, int(self._walkers.link_of[patch.lower[0]]), patch.inside))
            self._walkers.patches.remove(patch)
            hand_back(self._walkers, patch)
        self._walkers.open_cells()
        for squares in wanted:
            if squares not in self._patches:
                patch = self._begin(squares)
                patch.set_clock(t_s)
                take_over(self._walkers, patch, t_s)
                changes.append(Change(True, int(self._walkers.link_of[patch.lower[0]]), patch.inside))
        return changes

    def _wanted(self) -> list[tuple[int, ...]]:
        """Squares of each patch that there should be."""
        dense = np.flatnonzero(self.is_dense)
        one, other = self._beside
        both = self.is_dense[one] & self.is_dense[other]
        shape = (len(self._squares), len(self._squares))
        joins = coo_array((np.ones(both.sum()), (one[both], other[both])), shape=shape)
        _, part = connected_components(joins, directed=False)
        return [tuple(dense[part[dense] == label].tolist()) for label in np.unique(part[dense])]

    def _begin(self, squares: tuple[int, ...]) -> Patch:
        taken = self._eligible & np.isin(self._square_of, squares)
        patch = Patch(f"dense {'+'.join(map(str, squares))}", taken, self._walkers, self._cells)
        self._patches[squares] = patch
        self._walkers.patches.append(patch)
        self._walkers.open_cells()
        return patch

    KEEPS = ("is_dense", "_above_s", "_below_s", "came", "most", "person_s")

    def state(self) -> State:
        """How dense it is and was, and all patches that are there."""
        patches = [[list(squares), patch.state()] for squares, patch in self._patches.items()]
        return {**super().state(), "patches": patches}

    def restore(self, state: State) -> None:
        """Be again as it was."""
        super().restore(state)
        for patch in self._patches.values():
            self._walkers.patches.remove(patch)
        self._patches = {}
        for squares, kept in state["patches"]:
            self._begin(tuple(int(square) for square in squares)).restore(kept)

    def facts(self) -> dict[str, float]:
        """What they add to the summary."""
        return {
            "above_per_m2": self._above_per_m2,
            "squares_that_became_dense": self.came,
            "most_squares_at_once": self.most,
            "inside": sum(patch.inside for patch in self._patches.values()),
            "person_h": self.person_s / 3600.0,
        }
