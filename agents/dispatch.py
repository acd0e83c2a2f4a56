"""Decide which unit answers which call: the nearest free one of its kind, calls in the order in which they came."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from .remembering import Remembers

Floats = NDArray[np.float64]
Longs = NDArray[np.int64]


class Dispatcher(Remembers):
    """Who is free and who waits.

    Parameters
    ----------
    kind
        What each unit is.
    """

    KEEPS = ("free", "out", "waiting")

    def __init__(self, kind: Sequence[str]) -> None:
        self.kind = np.array(kind, dtype=str)
        self.free = np.ones(self.kind.size, np.bool_)
        self.out = np.zeros(self.kind.size, np.bool_)  # of service: finishes what it does, and is sent nowhere else
        self.waiting: list[int] = []  # calls, first come first

    def assign(self, needs: Sequence[str], time_to: Callable[[Longs, int], Floats]) -> list[tuple[int, int]]:
        """Send free units to calls that wait, and return the pairs of unit and call.

        Parameters
        ----------
        needs
            What each call needs, ``[call]``.
        time_to
            Tells how long some units need to a call, s; inf where there is no way.
        """
        sent: list[tuple[int, int]] = []
        for call in tuple(self.waiting):
            units = np.flatnonzero(self.free & ~self.out & (self.kind == needs[call]))
            if not units.size:
                continue
            seconds = time_to(units, call)
            if not np.isfinite(seconds).any():
                continue
            unit = int(units[seconds.argmin()])
            self.free[unit] = False
            self.waiting.remove(call)
            sent.append((unit, call))
        return sent
