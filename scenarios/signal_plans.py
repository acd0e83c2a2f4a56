"""Make fixed-time programmes for signals: cycles, greens and offsets for the stages of every junction."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .conflicts import Conflicts, Ways, mirrored
from .network import Bools, Bytes, Control, Ints, Light, Signals
from .signal_stages import LONGEST_CYCLE_S, Controller, StagePlanner
from .street_rows import StreetRows, wrap

GUESSED_CYCLE_S = (70, 90)  # without counts
SATURATION_VPH = 1800.0
COORDINATE_WITHIN_M = 300.0
CLEAR_FIRST_WITHIN_M = 80.0
CLEAR_FIRST_S = 5.0


@dataclass(frozen=True, slots=True, eq=False)
class SignalPlans:
    """The ``Signals`` table with the columns it needs in ``Connectors`` and the right of way that it leaves open."""

    signals: Signals
    signal: Ints  # [connector]
    group: Ints  # [connector]
    foe_yield: Bools  # [pair]


def webster_cycle(flow_ratios: Sequence[float], lost_time_s: float) -> float:
    """Return the cycle with the least delay (s), ``C = (1.5 L + 5) / (1 - Y)``.

    Webster (1958), Traffic signal settings, Road Research Technical Paper 39. ``flow_ratios`` are flow divided by
    saturation flow of the critical approach of each stage, ``lost_time_s`` is summed over the cycle. Infinite where
    the junction is oversaturated.
    """
    total = sum(flow_ratios)
    return math.inf if total >= 1.0 else (1.5 * lost_time_s + 5.0) / (1.0 - total)


def webster_greens(flow_ratios: Sequence[float], lost_time_s: float, cycle_s: float) -> list[float]:
    """Share a cycle's green time (s) among the stages in proportion to their flow ratios (Webster 1958)."""
    total = sum(flow_ratios)
    return [(cycle_s - lost_time_s) * ratio / total for ratio in flow_ratios]


def plan_signals(rows: StreetRows, ways: Ways, conflicts: Conflicts, foe_yield: Bools, control: Bytes) -> SignalPlans:
    """Make a programme for every signalled junction.

    At signals right of way is left only between connectors that are green together: a red light needs no yielding.
    """
    pair_start = np.searchsorted(conflicts.own, np.arange(ways.from_link.size + 1))
    mirror = mirrored(conflicts)
    signal = np.full(ways.from_link.size, -1, dtype=np.int32)
    group = np.full(ways.from_link.size, -1, dtype=np.int32)
    open_yield = foe_yield.copy()
    controllers: list[Controller] = []
    for junction in np.flatnonzero(control == Control.SIGNAL):
        connectors = range(ways.junction_start[junction], ways.junction_start[junction + 1])
        if not connectors:
            continue
        planner = StagePlanner(rows, ways, conflicts, open_yield, pair_start, mirror, int(junction), connectors)
        controller = planner.plan()
        signal[connectors.start : connectors.stop] = len(controllers)
        group[connectors.start : connectors.stop] = [planner.group_of[c] for c in connectors]
        controllers.append(controller)
    _coordinate(rows, controllers)
    return SignalPlans(_to_table(rows, controllers), signal, group, open_yield)


def _coordinate(rows: StreetRows, controllers: Sequence[Controller]) -> None:
    """Choose cycles and greens; signals close to each other share a cycle and start it as traffic arrives.

    A junction with so many stages that its cycle is long keeps it to itself: a neighbourhood does not wait for one.
    """
    for controller in controllers:
        _set_cycle(controller, _own_cycle_s(controller))
    at = {controller.junction: controller for controller in controllers if controller.cycle_s <= GUESSED_CYCLE_S[1]}
    steps: dict[int, list[tuple[int, int, int]]] = {junction: [] for junction in at}
    for link in range(len(rows.streets)):
        start, end = int(rows.from_junction[link]), int(rows.to_junction[link])
        if start != end and start in at and end in at and float(rows.length_m[link]) < COORDINATE_WITHIN_M:
            steps[start].append((-int(rows.rank[link]), link, end))
    importance = {j: max(int(rows.rank[link]) for link in rows.links_in[j]) for j in at}
    seen: set[int] = set()
    for root in sorted(at, key=lambda j: (-importance[j], j)):
        if root in seen:
            continue
        order: list[tuple[int, int]] = [(root, -1)]
        seen.add(root)
        frontier = sorted(steps[root])
        while frontier:  # widest roads first, so that progression follows them
            _, link, end = frontier.pop(0)
            if end not in seen:
                seen.add(end)
                order.append((end, link))
                frontier = sorted([*frontier, *steps[end]])
        cycle = max(at[junction].cycle_s for junction, _ in order)
        for junction, _ in order:
            _set_cycle(at[junction], cycle)
        for junction, link in order[1:]:
            before = at[int(rows.from_junction[link])]
            length = float(rows.length_m[link])
            travel = -CLEAR_FIRST_S if length < CLEAR_FIRST_WITHIN_M else length / rows.streets[link].speed_mps
            green_before = before.offset_s + _green_start_s(before, _feeding_link(rows, before, link))
            here = at[junction]
            here.offset_s = float(round(green_before + travel - _green_start_s(here, link)) % here.cycle_s)


def _feeding_link(rows: StreetRows, controller: Controller, link: int) -> int:
    """Return the approach of a junction that goes straightest into a link."""
    approaches = {approach for approach, _ in controller.groups}
    return min(approaches, key=lambda a: (abs(wrap(float(rows.heading_out[link] - rows.heading_in[a]))), a))


def _green_start_s(controller: Controller, link: int) -> float:
    """Second of the cycle in which an approach first gets green."""
    t = 0.0
    columns = {column for (approach, _), column in controller.groups.items() if approach == link}
    for stage, green, (yellow, red) in zip(controller.stages, controller.green_s, controller.clearances, strict=True):
        if columns & set(stage.lights):
            return t
        t += green + yellow + red
    return 0.0


def _set_cycle(controller: Controller, cycle_s: int) -> None:
    controller.cycle_s = cycle_s
    controller.green_s = _greens(controller, cycle_s - controller.lost_s)


def _flow_ratios(controller: Controller) -> list[float]:
    return [stage.lane_flow_vph / SATURATION_VPH for stage in controller.stages]


def _own_cycle_s(controller: Controller) -> int:
    low, high = GUESSED_CYCLE_S
    if len(controller.stages) > 3:  # a third of a shorter cycle would go to clearing the junction
        high = LONGEST_CYCLE_S
    wanted = min(max(webster_cycle(_flow_ratios(controller), controller.lost_s), low), high)
    return max(math.ceil(wanted), controller.shortest_s)


def _greens(controller: Controller, green_s: int) -> list[int]:
    """Share whole seconds of green in proportion to their flows, nobody below their least."""
    greens = [stage.least_s for stage in controller.stages]
    goal = webster_greens(_flow_ratios(controller), 0.0, green_s)
    for _ in range(green_s - sum(greens)):
        behind = max(range(len(greens)), key=lambda i: (goal[i] - greens[i], -i))
        greens[behind] += 1
    return greens


def _to_table(rows: StreetRows, controllers: Sequence[Controller]) -> Signals:
    """Unfold stages into phases: green, yellow, all-red."""
    phase_s: list[float] = []
    phase_start, light_start, light = [0], [0], list[int]()
    for controller in controllers:
        count = len(controller.stages)
        for i, stage in enumerate(controller.stages):
            after = controller.stages[(i + 1) % count]
            yellow, red = controller.clearances[i]
            ending = set(stage.lights) - set(after.lights)
            staying = {column: state for column, state in stage.lights.items() if column not in ending}
            parts = [
                (controller.green_s[i], stage.lights),
                (yellow, staying | dict.fromkeys(ending, Light.YELLOW)),
                (red, staying),
            ]
            for duration, lights in parts:
                if duration > 0:
                    phase_s.append(float(duration))
                    light += [int(lights.get(column, Light.RED)) for column in range(len(controller.groups))]
                    light_start.append(len(light))
        phase_start.append(len(phase_s))
    return Signals(
        id=tuple(rows.junctions[controller.junction].id for controller in controllers),
        junction=np.array([controller.junction for controller in controllers], dtype=np.int32),
        offset_s=np.array([controller.offset_s for controller in controllers], dtype=np.float64),
        phase_start=np.array(phase_start, dtype=np.int32),
        phase_s=np.array(phase_s, dtype=np.float64),
        group_count=np.array([len(controller.groups) for controller in controllers], dtype=np.int32),
        light_start=np.array(light_start, dtype=np.int32),
        light=np.array(light, dtype=np.int8),
        assumed=np.ones(len(controllers), dtype=bool),
    )
