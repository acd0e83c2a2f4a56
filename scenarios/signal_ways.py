"""Take a signal programme apart into stages, and find the way from each to each: yellow, all-red, and for how long."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .network import Bytes, Floats, Light, RoadNetwork, Turn
from .network_laws import programme
from .signal_stages import CLEARING_LENGTH_M, LONGEST_ALL_RED_S, SLOWEST_CLEARING_MPS, walk_s, yellow_s

MOST_STAGES = 30  # what fits into the bits of a number


@dataclass(frozen=True, slots=True, eq=False)
class Way:
    """How one stage becomes another: phases with their durations (s) and lights ``[phase, group]``."""

    phase_s: tuple[float, ...]
    light: Bytes


@dataclass(frozen=True, slots=True, eq=False)
class Stages:
    """The stages of one controller in the order of its programme. Shapes ``[stage]``."""

    controller: int
    light: Bytes  # [stage, group]
    green_s: Floats  # as the programme has it
    shortest_s: Floats  # the same for fixed programmes
    longest_s: Floats
    begins_s: Floats  # second of the cycle
    walk_s: Floats  # what people need to cross while it lasts, 0 where nobody does
    ways: dict[tuple[int, int], Way]

    @property
    def count(self) -> int:
        """Number of stages."""
        return len(self.light)

    @property
    def ends_s(self) -> Floats:
        """Second of the cycle at which each green ends."""
        return self.begins_s + self.green_s

    def has_green(self, stage: int, group: int) -> bool:
        """Whether a group has green in a stage."""
        return bool(self.light[stage, group] >= Light.GREEN_YIELD)


def stages_of(network: RoadNetwork, controller: int, more: Sequence[Bytes] = ()) -> Stages:
    """Stages of a controller's programme, and behind them ``more`` by their lights (see ``lights_for``).

    From a stage to the next in the programme the way is the programme's own. Any other has the yellow of the groups
    that end, and all-red until the last of them has left the way of those that begin, as ``signal_stages`` counts it
    but without the time that these take to arrive.
    """
    signals = network.signals
    first, last = (int(row) for row in signals.phase_start[controller : controller + 2])
    phase_s, lights = programme(signals, controller)
    rows = stage_rows(lights, phase_s)
    everything = np.concatenate([lights[rows], *(light[None] for light in more)]) if rows or more else lights[:0]
    ways = {}
    clearing = _Clearing(network, controller)
    for i in range(len(everything)):
        for j in range(len(everything)):
            if i != j:
                ways[i, j] = clearing.way(everything[i], everything[j])
    for i, row in enumerate(rows if len(rows) > 1 else ()):
        between = _phases_between(row, rows[(i + 1) % len(rows)], len(lights))
        ways[i, (i + 1) % len(rows)] = Way(tuple(phase_s[between].tolist()), lights[between])
    ends_s = np.cumsum(phase_s)
    no_time = np.zeros(len(more))
    return Stages(
        controller,
        everything,
        np.concatenate([phase_s[rows], no_time]),
        np.concatenate([signals.shortest_s[first:last][rows], no_time]),
        np.concatenate([signals.longest_s[first:last][rows], no_time]),
        np.concatenate([ends_s[rows] - phase_s[rows], no_time]),
        _walks(network, controller, everything, np.concatenate([phase_s[rows], no_time])),
        ways,
    )


def stage_count(network: RoadNetwork, controller: int) -> int:
    """Number of stages of a controller's programme."""
    phase_s, lights = programme(network.signals, controller)
    return len(stage_rows(lights, phase_s))


def stage_rows(lights: Bytes, phase_s: Floats) -> list[int]:
    """Phases of a programme that are stages; the others lead from one to the next.

    A stage gives green to somebody and shows nobody yellow, or gives green to nobody for longer than clearing the
    junction takes: people cross then. After a yellow, what is left of the greens before those that begin is no stage.
    """
    count, rows = len(lights), []
    for phase in range(count):
        green, after = lights[phase] >= Light.GREEN_YIELD, lights[(phase + 1) % count] >= Light.GREEN_YIELD
        if (lights[phase] == Light.YELLOW).any():
            continue
        short = phase_s[phase] <= LONGEST_ALL_RED_S
        clears = (lights[phase - 1] == Light.YELLOW).any() and not (green & ~after).any() and (after & ~green).any()
        if short and (clears or not green.any()):
            continue
        rows.append(phase)
    return rows


def _phases_between(start: int, end: int, count: int) -> list[int]:
    """Phases after ``start`` and before ``end``, round the end of the cycle where needed."""
    steps = (end - start - 1) % count
    return [(start + 1 + step) % count for step in range(steps)]


class _Clearing:
    """Yellow and all-red between any two sets of lights of one controller."""

    def __init__(self, network: RoadNetwork, controller: int) -> None:
        connectors, links = network.connectors, network.links
        mine = np.flatnonzero(connectors.signal == controller)
        groups = int(network.signals.group_count[controller])
        self.yellow_s = np.zeros(groups)
        link = network.lanes.link[connectors.from_lane[mine]]
        for group, row in zip(connectors.group[mine].tolist(), link.tolist(), strict=True):
            self.yellow_s[group] = max(self.yellow_s[group], yellow_s(float(links.speed_mps[row])))
        # Seconds that the last of a group (row) needs to get out of the way of another (column); 0: never in it.
        self.out_s = np.zeros((groups, groups))
        for own in mine.tolist():
            for pair in range(int(connectors.foe_start[own]), int(connectors.foe_start[own + 1])):
                foe = int(connectors.foe[pair])
                if connectors.signal[foe] != controller:
                    continue
                pace = max(SLOWEST_CLEARING_MPS, float(connectors.speed_mps[foe]))
                need = (float(connectors.foe_clear_m[pair]) + CLEARING_LENGTH_M) / pace
                place = int(connectors.group[foe]), int(connectors.group[own])
                self.out_s[place] = max(self.out_s[place], need)

    def way(self, before: Bytes, after: Bytes) -> Way:
        """From some lights to others."""
        was, will = before >= Light.GREEN_YIELD, after >= Light.GREEN_YIELD
        ending, beginning = was & ~will, will & ~was
        if not ending.any():
            return Way((), np.zeros((0, before.size), np.int8))
        yellow = np.where(ending, np.int8(Light.YELLOW), before)
        red = np.where(ending, np.int8(Light.RED), before)
        need = self.out_s[np.ix_(ending, beginning)].max(initial=1.0)
        all_red_s = min(LONGEST_ALL_RED_S, math.ceil(need - 1e-6))
        return Way((float(self.yellow_s[ending].max()), float(all_red_s)), np.stack([yellow, red]).astype(np.int8))


def _walks(network: RoadNetwork, controller: int, lights: Bytes, green_s: Floats) -> Floats:
    """Time (s) to walk across the widest approach that people cross in each stage.

    Each approach is crossed in the longest stage in which its traffic stands and more than turning traffic moves.
    """
    connectors, links = network.connectors, network.links
    mine = np.flatnonzero(connectors.signal == controller)
    link = network.lanes.link[connectors.from_lane[mine]]
    group = connectors.group[mine]
    far = Turn.RIGHT if network.drives_on_left else Turn.LEFT
    turn = network.movements.turn[connectors.movement[mine]]
    straight = np.unique(group[(turn != far) & (turn != Turn.UTURN)])
    green = lights >= Light.GREEN_YIELD
    only_turns = green.any(axis=1) & ~green[:, straight].any(axis=1)
    needed_s = np.zeros(len(lights))
    for approach in np.unique(link):
        stands = ~green[:, np.unique(group[link == approach])].any(axis=1) & ~only_turns
        if stands.any():
            both = [approach, links.twin[approach]] if links.twin[approach] >= 0 else [approach]
            width_m = sum(_width_m(network, int(row)) for row in both)
            stage = int(np.argmax(np.where(stands, green_s, -1.0)))
            needed_s[stage] = max(needed_s[stage], math.ceil(walk_s(width_m)))
    return needed_s


def _width_m(network: RoadNetwork, link: int) -> float:
    first, last = network.links.lane_start[link : link + 2]
    return float(network.lanes.width_m[first:last].sum())


def lights_for(network: RoadNetwork, controller: int, groups: Collection[int]) -> tuple[Bytes, str]:
    """Lights with green for some groups only, and what is wrong with them: which groups meet although neither yields.

    A connector that must yield to another green one is shown green with yielding.
    """
    connectors, movements = network.connectors, network.movements
    light = np.zeros(int(network.signals.group_count[controller]), np.int8)
    light[list(groups)] = Light.GREEN
    far = (Turn.RIGHT if network.drives_on_left else Turn.LEFT, Turn.UTURN)
    wrong = ""
    for own in np.flatnonzero((connectors.signal == controller) & np.isin(connectors.group, list(groups))).tolist():
        for pair in range(int(connectors.foe_start[own]), int(connectors.foe_start[own + 1])):
            foe = int(connectors.foe[pair])
            link = network.lanes.link[connectors.from_lane[[own, foe]]]
            if connectors.signal[foe] != controller or connectors.group[foe] not in groups or link[0] == link[1]:
                continue
            back = _mirror(network, own, foe)
            both_turn = all(movements.turn[connectors.movement[c]] in far for c in (own, foe))
            if connectors.foe_yield[pair] or both_turn:
                light[connectors.group[own]] = Light.GREEN_YIELD
            elif not connectors.foe_yield[back]:
                names = [network.links.id[row] for row in link]
                wrong = f"{names[0]} and {names[1]} meet, and neither gives way"
    return light, wrong


def _mirror(network: RoadNetwork, own: int, foe: int) -> int:
    """Row of the pair in which the foe is the owner."""
    connectors = network.connectors
    first, last = int(connectors.foe_start[foe]), int(connectors.foe_start[foe + 1])
    return first + int(np.flatnonzero(connectors.foe[first:last] == own)[0])


def lanes_before(network: RoadNetwork, controller: int) -> NDArray[np.int32]:
    """Lanes that lead to a controller's lights."""
    connectors = network.connectors
    return np.unique(connectors.from_lane[connectors.signal == controller]).astype(np.int32)
