"""Put into words which combinations of parameters sensors know, and which changes show in none of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...scenarios.network import Floats
from .parameters import Parameters
from .proportions import Seen

SURE = 1e-6  # of a parameter's share: nearer to 0 or 1 it is not known at all, or by itself
LEAST = 0.01  # of the largest factor: what is smaller is rounded away
TERMS = 6  # of a combination; more are counted


@dataclass(frozen=True, slots=True)
class Combinations:
    """What is known only together, and what not at all. Factors are of the parameters' own units."""

    known: Floats  # [combination, parameter], the first factor 1
    unseen: Floats  # [change, parameter]: directions into which the sensors see nothing change
    name: tuple[str, ...]  # [parameter]

    @property
    def known_in_words(self) -> tuple[str, ...]:
        """Each as a sum, such as ``a + 0.5 b``."""
        return tuple(_sum(row, self.name) for row in self.known)

    @property
    def unseen_in_words(self) -> tuple[str, ...]:
        """Each as a change, such as ``a − b``: more of the one with as much less of the other."""
        return tuple(_sum(row, self.name) for row in self.unseen)


def combinations(seen: Seen, parameters: Parameters) -> Combinations:
    """Combinations with as few parameters as elimination finds, of those that are known only together.

    Which combinations are known is a space, and any basis of it says the same. Reduced rows (Gauss-Jordan) give sums
    that begin with different parameters, and changes of one parameter that others make good.
    """
    share = seen.known_share
    together = np.flatnonzero((share >= SURE) & (share < 1.0 - SURE))
    reduced, pivots = _reduced(seen.directions[: seen.rank, together] / parameters.scale[together])
    known = np.zeros((len(reduced), len(parameters)))
    known[:, together] = reduced
    free = [column for column in range(together.size) if column not in pivots]
    unseen = np.zeros((len(free), len(parameters)))
    for row, column in enumerate(free):
        unseen[row, together[column]] = 1.0
        unseen[row, together[pivots]] = -reduced[:, column]
    return Combinations(known, unseen, parameters.name)


def _reduced(rows: Floats) -> tuple[Floats, list[int]]:
    """Reduced row echelon form without rows of nothing, and the columns in which rows begin."""
    matrix, pivots = rows.copy(), list[int]()
    tolerance = SURE * max(float(np.abs(matrix).max(initial=0.0)), 1e-300)
    for column in range(matrix.shape[1]):
        at = len(pivots)
        if at == len(matrix):
            break
        best = at + int(np.abs(matrix[at:, column]).argmax())
        if abs(matrix[best, column]) <= tolerance:
            matrix[at:, column] = 0.0
            continue
        matrix[[at, best]] = matrix[[best, at]]
        matrix[at] /= matrix[at, column]
        others = np.arange(len(matrix)) != at
        matrix[others] -= np.outer(matrix[others, column], matrix[at])
        pivots.append(column)
    return matrix[: len(pivots)], pivots


def _sum(factors: Floats, names: tuple[str, ...]) -> str:
    rows = np.flatnonzero(np.abs(factors) >= LEAST * np.abs(factors).max())
    rows = rows[np.argsort(-np.abs(factors[rows]), kind="stable")]
    words = ""
    for row in rows[:TERMS].tolist():
        size, same = abs(float(factors[row])), factors[row] * factors[rows[0]] > 0.0  # a direction has no sign
        words += "" if not words else " + " if same else " − "
        words += ("" if abs(size - 1.0) < LEAST else f"{size:.2g} ") + names[row]
    return words + (f" and {rows.size - TERMS} more" if rows.size > TERMS else "")
