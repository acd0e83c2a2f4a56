"""Work out what a `signal_plan` makes of a junction's signal programme."""

from __future__ import annotations

import numpy as np

from .events import SignalPlan
from .network import Floats, Light, RoadNetwork

SHORTEST_GREEN_S = 5.0


def green_phases(network: RoadNetwork, controller: int) -> list[int]:
    """Rows in ``Signals.phase_s`` of a controller's green phases, in order: somebody has green and nobody yellow."""
    signals = network.signals
    first, last = int(signals.phase_start[controller]), int(signals.phase_start[controller + 1])
    found = []
    for phase in range(first, last):
        lights = signals.light[signals.light_start[phase] : signals.light_start[phase + 1]]
        if (lights >= Light.GREEN_YIELD).any() and not (lights == Light.YELLOW).any():
            found.append(phase)
    return found


def changeover_s(network: RoadNetwork, controller: int) -> float:
    """Seconds of a controller's cycle in which nobody's green goes on: yellow and all-red, which no plan changes."""
    first, last = network.signals.phase_start[controller : controller + 2]
    greens = network.signals.phase_s[green_phases(network, controller)].sum()
    return float(network.signals.phase_s[first:last].sum() - greens)


def retimed(network: RoadNetwork, controller: int, plan: SignalPlan) -> tuple[Floats, float]:
    """Duration of every phase of the controller, s, and the offset of its cycle, s, while ``plan`` holds.

    With ``green_s`` the cycle follows from the greens; with ``cycle_s`` alone the greens grow or shrink in proportion.
    ``check_against_network`` has made sure that they fit.
    """
    signals = network.signals
    first, last = int(signals.phase_start[controller]), int(signals.phase_start[controller + 1])
    phase_s = np.array(signals.phase_s[first:last])
    rows = np.array(green_phases(network, controller)) - first
    if plan.green_s is not None:
        phase_s[rows] = plan.green_s
    elif plan.cycle_s is not None:
        greens = phase_s[rows]
        phase_s[rows] = greens * ((plan.cycle_s - changeover_s(network, controller)) / greens.sum())
    offset_s = float(signals.offset_s[controller]) if plan.offset_s is None else plan.offset_s
    return phase_s, offset_s
