"""Raise and lower the levels of alarms, each after it has held long enough."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .remembering import Remembers

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


class AlarmLevels(Remembers):
    """Which level is in force for each of some units: 0 for none, then higher ones.

    A level is raised when it was reached all the time for so long, and given up when what keeps it was missing all the
    time for so long. What keeps a level may be easier than what reaches it: hysteresis.

    Attributes
    ----------
    level : [unit]
        In force.
    raised : [level]
        How often each was raised so far.
    """

    KEEPS = ("level", "raised", "_above_s", "_below_s")

    def __init__(self, units: int, levels: int) -> None:
        self.level = np.zeros(units, np.int64)
        self.raised = np.zeros(levels + 1, np.int64)
        self._above_s, self._below_s = np.zeros((levels, units)), np.zeros((levels, units))

    def pass_time(
        self, reached: Bools, kept: Bools, span_s: float, *, raise_after_s: float, lower_after_s: float
    ) -> Ints:
        """Let an interval pass, and return the levels that were in force before it.

        Parameters
        ----------
        reached, kept : [level - 1, unit]
            Whether each level was reached in the interval, and whether it was kept.
        span_s
            Length of the interval. What has to hold for less than that has to hold for an interval.
        raise_after_s, lower_after_s
            How long a level has to hold, and to be missing.
        """
        self._above_s = np.where(reached, self._above_s + span_s, 0.0)
        self._below_s = np.where(kept, 0.0, self._below_s + span_s)
        rank = np.arange(1, self._above_s.shape[0] + 1)[:, np.newaxis]
        up = rank * (self._above_s >= max(raise_after_s, span_s))
        stays = rank * (self._below_s < max(lower_after_s, span_s))
        before = self.level
        self.level = np.maximum(up.max(axis=0), np.minimum(before, stays.max(axis=0)))
        np.add.at(self.raised, self.level[self.level > before], 1)
        return before

    def forget_time(self) -> None:
        """Count anew how long levels hold and are missing; those in force stay."""
        self._above_s[:], self._below_s[:] = 0.0, 0.0
