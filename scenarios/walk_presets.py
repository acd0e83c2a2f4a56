"""Hold the two sets of figures by which people walk: as measured, and as codes for safe exits reckon."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from .walking import Walking


@dataclass(frozen=True, slots=True)
class WalkPreset:
    """What decides how fast people walk and how many get through."""

    law: str  # "weidmann" or "hydraulic", see kernels.walking_laws
    speed_mps: float  # mean over people, nobody around
    speed_sd_mps: float
    boundary_m: float  # what people keep from a wall on each side
    level_per_m_s: float  # most people a second through a metre of effective width
    stairs_per_m_s: float
    door_per_m_s: float  # through a passage no longer than DOOR_M
    door_less_per_s: float  # of which so many are lost whatever its width
    stairs_slow: float  # speed on stairs over speed on the level


OWN = ("speed_mps", "speed_sd_mps", "door_per_m_s", "door_less_per_s")  # what a scenario may say itself
DOOR_M = 5.0  # a link no longer than this is passed like a door
LEAST_DOOR_PER_S = 0.1
SLOWEST_MPS, FASTEST_MPS = 0.5, 2.2  # RiMEA as Vadere draws it: speeds are cut off there
SIGNAL_MPS = 1.2  # at which people cross at lights
GAP_MPS, GAP_START_S = 1.07, 3.0  # Highway Capacity Manual: critical gap = length / 1.07 m/s + 3 s

PRESETS: Mapping[str, WalkPreset] = {
    # Weidmann (1993): 1.34 +- 0.26 m/s, at most 1.225 people a second and metre. Doors: 49 flows of six laboratory
    # experiments up to 2.5 m wide, J = 2.09 w - 0.15. Stairs: mean of up and down over the 12 groups of IMO
    # MSC.1/Circ.1533 (0.60 of the speed on the level), and its specific flow upstairs.
    "lab_calibrated": WalkPreset("weidmann", 1.34, 0.26, 0.0, 1.225, 0.88, 2.09, 0.15, 0.60),
    # SFPE Handbook: k = 1.40 m/s, 1.08 m/s on stairs of 18 / 28 cm, boundary layers of 0.15 m, specific flow k / 4a;
    # doors as IMO 4 and NIST TN 1822 5.2 allow: 1.33 people a second and metre.
    "code_conservative": WalkPreset("hydraulic", 1.199, 0.0, 0.15, 1.316, 1.015, 1.33, 0.0, 1.08 / 1.40),
}


def preset_of(walking: Walking) -> WalkPreset:
    """The preset of a scenario, with what it says of speeds and doors itself."""
    preset = PRESETS[walking.preset]
    own = {name: getattr(walking, name) for name in OWN}
    return replace(preset, **{name: value for name, value in own.items() if value is not None})


def door_flow_per_s(widths_m: Sequence[float], preset: WalkPreset) -> float:
    """Most people a second through doors side by side; inf where there are none to pass."""
    if not widths_m:
        return math.inf
    return sum(max(preset.door_per_m_s * width_m - preset.door_less_per_s, LEAST_DOOR_PER_S) for width_m in widths_m)
