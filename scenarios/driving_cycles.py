"""Hold the driving cycles that vehicle-level emissions are fitted on: WLTC class 3b and class 1 (UN GTR No. 15)."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import NamedTuple

import numpy as np

from .network import Floats

CYCLES = Path(__file__).with_name("driving_cycles.csv")
LIGHT, HEAVY = "wltc_class_3b_kmh", "wltc_class_1_kmh"  # class 1: vehicles of at most 22 W/kg, as buses and lorries are
LOW_PHASE_S = 589  # the first part of each, in town


class Driven(NamedTuple):
    """A drive, second by second."""

    v_mps: Floats  # mean speed in each second
    accel_mps2: Floats

    @property
    def length_m(self) -> float:
        """How far it goes."""
        return float(self.v_mps.sum())

    @property
    def mean_kmh(self) -> float:
        """Mean speed, with stops."""
        return 3.6 * self.length_m / self.v_mps.size


@functools.cache
def cycle(name: str) -> tuple[Driven, Driven]:
    """A whole cycle, and its part in town."""
    kmh = np.genfromtxt(CYCLES, delimiter=",", names=True)[name]
    whole = driven(kmh[~np.isnan(kmh)])
    return whole, Driven(whole.v_mps[:LOW_PHASE_S], whole.accel_mps2[:LOW_PHASE_S])


def driven(kmh: Floats) -> Driven:
    """A drive from its speed at every full second."""
    v_mps = kmh / 3.6
    return Driven(0.5 * (v_mps[1:] + v_mps[:-1]), np.diff(v_mps))
