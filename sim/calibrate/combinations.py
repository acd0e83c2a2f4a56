"""Put into words which combinations of parameters sensors know, and which changes show in none of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...scenarios.network import Floats
from .parameters import Parameters
from .proportions import Seen

SURE = 1e-3  # of a parameter's share: nearer to 0 or 1 it is not known at all, or by itself
PIVOT = 1e-6  # of the largest factor: what is smaller is 0
NEARLY = 0.5  # of the largest: is among the largest
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

    Which combinations are known is a space, and any basis of it says the same. Elimination (Gauss-Jordan) gives sums
    of different parameters, and changes of one parameter that others make good.
    """
    share = seen.known_share
    alone = np.flatnonzero(share >= 1.0 - SURE)
    together = np.flatnonzero((share >= SURE) & (share < 1.0 - SURE))
    columns = np.concatenate([alone, together])
    reduced, pivots = _reduced(seen.directions[: seen.rank, columns] / parameters.scale[columns], alone.size)
    reduced, pivots = reduced[alone.size :, alone.size :], [column - alone.size for column in pivots[alone.size :]]
    known = np.zeros((len(reduced), len(parameters)))
    known[:, together] = reduced
    free = [column for column in range(together.size) if column not in pivots]
    unseen = np.zeros((len(free), len(parameters)))
    for row, column in enumerate(free):
        unseen[row, together[column]] = 1.0
        unseen[row, together[pivots]] = -reduced[:, column]
    return Combinations(known, unseen, parameters.name)


def _reduced(rows: Floats, alone: int) -> tuple[Floats, list[int]]:
    """Rows that each have a 1 where the others have 0, and the column of each 1; rows of nothing are left out.

    The first columns, ``alone`` of them, get theirs first. Otherwise the next 1 is the first factor that is among the
    largest left, so that no other becomes large.
    """
    matrix, pivots = rows.copy(), list[int]()
    tolerance = PIVOT * max(float(np.abs(matrix).max(initial=0.0)), 1e-300)
    while len(pivots) < min(matrix.shape):
        at = len(pivots)
        largest = np.abs(matrix[at:]).max(axis=0)
        if largest.max() <= tolerance:
            break
        column = at if at < alone else int((largest >= NEARLY * largest.max()).argmax())
        best = int(np.abs(matrix[at:, column]).argmax())
        matrix[[at, at + best]] = matrix[[at + best, at]]
        matrix[at] /= matrix[at, column]
        others = np.arange(len(matrix)) != at
        matrix[others] -= np.outer(matrix[others, column], matrix[at])
        pivots.append(column)
    return matrix[: len(pivots)], pivots


def _sum(factors: Floats, names: tuple[str, ...]) -> str:
    rows = np.flatnonzero(np.abs(factors) >= LEAST * np.abs(factors).max())
    rows = rows[np.argsort(-np.abs(factors[rows]).round(6), kind="stable")]
    words = ""
    for row in rows[:TERMS].tolist():
        size, same = abs(float(factors[row])), factors[row] * factors[rows[0]] > 0.0  # a direction has no sign
        words += "" if not words else " + " if same else " − "
        words += ("" if f"{size:.2g}" == "1" else f"{size:.2g} ") + names[row]
    return words + (f" and {rows.size - TERMS} more" if rows.size > TERMS else "")
