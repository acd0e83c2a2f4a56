"""Work out which control runs each signal of a network, and its stages' shortest and longest greens."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .network import CLASS_NAMES, Bytes, Floats, RoadNetwork
from .signal_control import ActuatedControl, Control, FixedControl, ObjectControl
from .signal_ways import Stages, stages_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .signal_control import SignalControl

# What runs a programme whose source says that it is actuated, unless the scenario says otherwise. Times to cross are in
# the source's own shortest greens, and stages come round whether somebody calls or not, as SUMO's do.
AS_IN_SOURCE = ActuatedControl(kind="actuated", pedestrians=False, recall="none")


@dataclass(frozen=True, slots=True, eq=False)
class ControlledSignal:
    """One signal that does not run by the clock alone. Shapes ``[stage]``."""

    control: Control | ObjectControl
    stages: Stages
    least_s: Floats  # shortest green
    most_s: Floats  # longest green, inf: as long as it is wanted
    recalled: tuple[int, ...]  # stages that come without a call
    extended: tuple[int, ...]  # stages that last to their longest without a call
    skips: bool  # leaves out stages that nobody calls, and rests where nobody calls at all


def control_of(signals: SignalControl, network: RoadNetwork) -> list[Control | None]:
    """What the scenario, or else the source, says of each controller; None where the clock alone rules."""
    found: list[Control | None] = [AS_IN_SOURCE if actuated else None for actuated in network.signals.actuated]
    for entry in signals.control:
        for controller in range(len(found)):
            if holds_for(entry, network, controller):
                found[controller] = entry
    by_clock = [isinstance(entry, FixedControl) and not entry.priority and not entry.preemption for entry in found]
    return [None if plain else entry for entry, plain in zip(found, by_clock, strict=True)]


def holds_for(entry: Control, network: RoadNetwork, controller: int) -> bool:
    """Whether an entry speaks of a controller."""
    if entry.junctions is not None and network.signals.id[controller] not in entry.junctions:
        return False
    if entry.road_classes is None:
        return True
    lanes = network.connectors.from_lane[network.connectors.signal == controller]
    classes = {CLASS_NAMES[row] for row in network.links.road_class[np.unique(network.lanes.link[lanes])]}
    return bool(classes & set(entry.road_classes))


def controlled_signal(
    control: Control | ObjectControl, network: RoadNetwork, controller: int, more: Sequence[Bytes] = ()
) -> ControlledSignal:
    """Stages of a signal with the greens that its control allows them.

    Parameters
    ----------
    control
        What runs it.
    network, controller
        Which signal.
    more
        Lights of stages that its programme has not (``signal_ways.lights_for``).
    """
    stages = stages_of(network, controller, more)
    own = stages.count - len(more)
    least_s = np.full(stages.count, control.min_green_s)
    if control is AS_IN_SOURCE:
        least_s = stages.shortest_s.copy()
    elif control.min_greens_s is not None:
        least_s[:own] = control.min_greens_s[:own]
    elif isinstance(control, FixedControl):
        least_s[:own] = np.minimum(least_s[:own], stages.green_s[:own])
    recalled = set[int]()
    if control.pedestrians:
        wanted_s = np.where(stages.green_s > 0.0, np.minimum(stages.walk_s, stages.green_s), stages.walk_s)
        least_s = np.maximum(least_s, wanted_s)
        recalled |= set(np.flatnonzero(stages.walk_s > 0.0).tolist())
    most_s, extended = np.full(stages.count, np.inf), set[int]()
    if isinstance(control, FixedControl):
        most_s = np.maximum(stages.green_s, least_s)
    elif isinstance(control, ActuatedControl):
        most_s = np.full(stages.count, control.max_green_s)
        if control is AS_IN_SOURCE:
            most_s = stages.longest_s.copy()
        elif control.max_greens_s is not None:
            most_s[:own] = control.max_greens_s[:own]
        most_s = np.maximum(most_s, least_s)
        main = int(np.argmax(stages.green_s))
        if control.recall != "none":
            recalled.add(main)
        if control.recall == "maximum":
            extended.add(main)
    skips = control is not AS_IN_SOURCE
    return ControlledSignal(control, stages, least_s, most_s, tuple(sorted(recalled)), tuple(sorted(extended)), skips)
