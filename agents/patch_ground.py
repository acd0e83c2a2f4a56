"""Know where the cells of a walk network lie in the plane, which follow which, and which is nearest to a place."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import shapely
import shapely.ops
from numpy.typing import NDArray

if TYPE_CHECKING:
    from .crowd_space import CrowdSpace
    from .walkers import Walkers

Floats = NDArray[np.float64]
Longs = NDArray[np.int64]

Point = tuple[float, float]

COARSE_M = 1.0  # grid on which the nearest cell is known


class CellLines:
    """Centre lines of all directed cells of a walk network, each in its direction, and the cells after each."""

    def __init__(self, walkers: Walkers) -> None:
        self.line = _lines(walkers)
        self.after = _cells_after(walkers)


def _lines(walkers: Walkers) -> NDArray[np.object_]:
    lines: list[shapely.LineString] = []
    first_cell = walkers.walks.first_cell
    for directed in range(first_cell.size - 1):
        shape = shapely.LineString(walkers.network.link_shape_xy(directed // 2))
        if directed % 2 == 1:
            shape = shape.reverse()
        number = int(first_cell[directed + 1] - first_cell[directed])
        lines += [shapely.ops.substring(shape, k / number, (k + 1) / number, normalized=True) for k in range(number)]
    return np.array(lines, dtype=object)


def _cells_after(walkers: Walkers) -> list[list[int]]:
    """Cells into which people may go on from each cell."""
    walks, links = walkers.walks, walkers.network.links
    to_node = np.column_stack([links.to_node, links.from_node]).ravel()
    from_node = np.column_stack([links.from_node, links.to_node]).ravel()
    leaving: dict[int, list[int]] = {}
    for directed, node in enumerate(from_node.tolist()):
        leaving.setdefault(node, []).append(int(walks.first_cell[directed]))
    after: list[list[int]] = []
    for directed in range(to_node.size):
        first, last = int(walks.first_cell[directed]), int(walks.first_cell[directed + 1])
        after += [[cell + 1] for cell in range(first, last - 1)]
        back = int(walks.first_cell[directed ^ 1])
        after.append([cell for cell in leaving.get(int(to_node[directed]), []) if cell != back])
    return after


class NearestCells:
    """Which of some cells is nearest, everywhere in a space; of cells that are as near, the first."""

    def __init__(self, space: CrowdSpace, cells: Longs, lines: NDArray[np.object_]) -> None:
        self._left_m, self._bottom_m = space.left_m, space.bottom_m
        across_m, up_m = space.size_m
        x = space.left_m + COARSE_M * np.arange(int(across_m / COARSE_M) + 2)
        y = space.bottom_m + COARSE_M * np.arange(int(up_m / COARSE_M) + 2)
        points = shapely.points(*np.meshgrid(x, y))
        best_m = np.full(points.shape, np.inf)
        self._cell = np.full(points.shape, -1, np.int64)
        for cell, line in zip(cells.tolist(), lines, strict=True):
            away_m = shapely.distance(line, points)
            nearer = away_m < best_m - 1e-9
            best_m[nearer], self._cell[nearer] = away_m[nearer], cell

    def at(self, x_m: Floats, y_m: Floats) -> Longs:
        """Nearest cell of each place."""
        rows, columns = self._cell.shape
        column = np.clip(np.rint((x_m - self._left_m) / COARSE_M).astype(np.int64), 0, columns - 1)
        row = np.clip(np.rint((y_m - self._bottom_m) / COARSE_M).astype(np.int64), 0, rows - 1)
        return np.asarray(self._cell[row, column])

    def nodes(self, space: CrowdSpace) -> Longs:
        """Nearest cell of each node of a space's grid, ``[row, column]``."""
        rows, columns = space.wall.shape
        x = space.left_m + space.grid_m * np.arange(columns)
        y = space.bottom_m + space.grid_m * np.arange(rows)
        return self.at(*np.meshgrid(x, y))


def beside(line: shapely.LineString, share: float, aside_m: float) -> Point:
    """A place beside a line, left of it where ``aside_m`` is above 0."""
    length_m = line.length
    before, after = (line.interpolate(min(max(share * length_m + step, 0.0), length_m)) for step in (-0.05, 0.05))
    on = line.interpolate(share, normalized=True)
    dx, dy = after.x - before.x, after.y - before.y
    size = max(float(np.hypot(dx, dy)), 1e-9)
    return float(on.x - dy / size * aside_m), float(on.y + dx / size * aside_m)
