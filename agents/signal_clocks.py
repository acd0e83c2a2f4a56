"""Say which phase signals run that follow the clock, and lay out their tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..kernels import traffic_tables as table

if TYPE_CHECKING:
    from ..scenarios.network import RoadNetwork

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]


def controller_tables(network: RoadNetwork, step_s: float) -> tuple[Ints, Floats]:
    """Tables of all controllers at t = 0, each running its programme by the clock."""
    phase, left_s = phases_at(network, 0.0)
    rows = np.zeros((table.CONTROLLER_I_COLUMNS, phase.size + 1), np.int32)
    rows[table.FIRST_PHASE] = network.signals.phase_start
    rows[table.PHASE, :-1] = phase
    numbers = np.zeros((table.CONTROLLER_F_COLUMNS, phase.size))
    numbers[table.PHASE_LEFT_S] = left_s + step_s  # a step begins by taking its length off
    return rows, numbers


def phases_at(network: RoadNetwork, t_s: float) -> tuple[Ints, Floats]:
    """Running phase of every controller at a time, and how long it still lasts, s."""
    signals = network.signals
    controllers = len(signals.id)
    phase, left_s = np.zeros(controllers, np.int32), np.zeros(controllers)
    for controller in range(controllers):
        first, last = signals.phase_start[controller], signals.phase_start[controller + 1]
        ends = np.cumsum(signals.phase_s[first:last])
        into_s = (t_s - signals.offset_s[controller]) % ends[-1]
        place = int(np.searchsorted(ends, into_s, side="right"))
        phase[controller], left_s[controller] = first + place, ends[place] - into_s
    return phase, left_s
