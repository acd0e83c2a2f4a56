"""Make signals keep step: one cycle for a group of them, and offsets by the time from one to the next."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from .network import Floats, Light, RoadNetwork, Turn
from .retiming import SHORTEST_GREEN_S, changeover_s, green_phases
from .signal_control import Coordination

FURTHEST_M = 3000.0  # between two signals of a group


@dataclass(frozen=True, slots=True)
class Stretch:
    """The way from one stop line to the next: its first and last link, and the junctions before and between them."""

    first_link: int
    last_link: int
    length_m: float
    free_s: float  # at the speed limits


def coordinated(network: RoadNetwork, coordination: Coordination | None) -> RoadNetwork:
    """The network with the cycles and offsets of a scenario's groups.

    Of each group the first signal keeps its offset. Every other one gives green to those who come from the signal
    before when the first of them, who left there as green began, arrives: the ideal offset of one-way progression,
    ``distance / speed``. The greens of a cycle that changes grow or shrink in proportion.
    """
    if coordination is None:
        return network
    signals = network.signals
    phase_s, offset_s = signals.phase_s.copy(), signals.offset_s.copy()
    for group in coordination.groups:
        controllers = [signals.id.index(name) for name in group]
        cycle_s = common_cycle_s(network, controllers, coordination.cycle_s)
        for controller in controllers:
            first, last = signals.phase_start[controller : controller + 2]
            phase_s[first:last] = _stretched(network, controller, cycle_s)
        for before, here in pairwise(controllers):
            way = stretch_between(network, before, here)
            if way is None:
                continue  # reported by the checks
            travel_s = way.free_s if coordination.speed_kmh is None else way.length_m / (coordination.speed_kmh / 3.6)
            leaves_s = offset_s[before] + green_start_s(network, before, phase_s, to_link=way.first_link)
            arrives_s = green_start_s(network, here, phase_s, from_link=way.last_link)
            offset_s[here] = round(leaves_s + travel_s - arrives_s, 3) % cycle_s
    return replace(network, signals=replace(signals, phase_s=phase_s, offset_s=offset_s))


def common_cycle_s(network: RoadNetwork, controllers: Sequence[int], wanted_s: float | None) -> float:
    """The cycle of a group: as wanted, or the longest that one of its signals has."""
    starts = network.signals.phase_start
    own_s = [float(network.signals.phase_s[starts[c] : starts[c + 1]].sum()) for c in controllers]
    return max(own_s) if wanted_s is None else wanted_s


def shortest_cycle_s(network: RoadNetwork, controller: int) -> float:
    """The shortest cycle into which a signal's yellow, all-red and greens of ``SHORTEST_GREEN_S`` fit."""
    return changeover_s(network, controller) + SHORTEST_GREEN_S * len(green_phases(network, controller))


def _stretched(network: RoadNetwork, controller: int, cycle_s: float) -> Floats:
    """Phases of a controller with their greens in proportion, so that they make another cycle."""
    signals = network.signals
    first, last = (int(row) for row in signals.phase_start[controller : controller + 2])
    phase_s = signals.phase_s[first:last].copy()
    rows = np.array(green_phases(network, controller)) - first
    phase_s[rows] *= (cycle_s - changeover_s(network, controller)) / phase_s[rows].sum()
    return phase_s


def green_start_s(
    network: RoadNetwork, controller: int, phase_s: Floats, *, from_link: int = -1, to_link: int = -1
) -> float:
    """Second of the cycle in which green begins for those from a link, or for most lanes that lead to a link."""
    connectors, signals, lanes = network.connectors, network.signals, network.lanes
    mine = connectors.signal == controller
    if from_link >= 0:
        mine &= lanes.link[connectors.from_lane] == from_link
        straight = mine & (network.movements.turn[connectors.movement] == Turn.STRAIGHT)
        mine = straight if straight.any() else mine
    else:
        mine &= lanes.link[connectors.to_lane] == to_link
    groups = np.bincount(connectors.group[mine], minlength=1)
    first, last = (int(row) for row in signals.phase_start[controller : controller + 2])
    width = int(signals.group_count[controller])
    lights = signals.light[signals.light_start[first] : signals.light_start[last]].reshape(last - first, width)
    green = lights[:, int(np.argmax(groups))] >= Light.GREEN_YIELD
    begins = np.flatnonzero(green & ~np.roll(green, 1))
    return float(phase_s[first : first + begins[0]].sum()) if begins.size else 0.0


def stretch_between(network: RoadNetwork, start: int, end: int) -> Stretch | None:
    """The quickest way from one signal to another along the turns that are allowed; None without one nearby."""
    links, movements, signals = network.links, network.movements, network.signals
    free_s = links.length_m / links.speed_mps
    queue: list[tuple[float, float, int, int]] = []
    for link in np.flatnonzero(links.from_junction == signals.junction[start]).tolist():
        inside_m = _across_m(network, link)
        time_s = inside_m / float(links.speed_mps[link]) + float(free_s[link])
        heapq.heappush(queue, (time_s, inside_m + float(links.length_m[link]), link, link))
    seen: set[int] = set()
    while queue:
        time_s, length_m, link, first = heapq.heappop(queue)
        if links.to_junction[link] == signals.junction[end]:
            return Stretch(first, link, length_m, time_s)
        if link in seen or length_m > FURTHEST_M:
            continue
        seen.add(link)
        for row in range(int(links.movement_start[link]), int(links.movement_start[link + 1])):
            onward, inside_m = int(movements.to_link[row]), float(movements.length_m[row])
            if onward not in seen and onward != links.twin[link]:
                more_s = float(free_s[onward]) + inside_m / float(links.speed_mps[onward])
                length = length_m + inside_m + float(links.length_m[onward])
                heapq.heappush(queue, (time_s + more_s, length, onward, first))
    return None


def _across_m(network: RoadNetwork, link: int) -> float:
    """How far it is through the junction at a link's beginning, for those who come straight on where there are any."""
    movements = network.movements
    into = np.flatnonzero(movements.to_link == link)
    straight = into[movements.turn[into] == Turn.STRAIGHT]
    into = straight if straight.size else into
    return float(movements.length_m[into].min()) if into.size else 0.0
