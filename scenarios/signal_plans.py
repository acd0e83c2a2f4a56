"""Make fixed-time programmes for signals: cycles, greens and offsets for the stages of every junction."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from operator import itemgetter

import networkx as nx
import numpy as np

from .conflicts import Conflicts, Ways, mirrored
from .network import Bools, Bytes, Control, Ints, Light, Signals
from .signal_stages import LONGEST_CYCLE_S, Controller, StagePlanner, is_between
from .street_rows import StreetRows, wrap

GUESSED_CYCLE_S = (70, 90)  # without counts
SATURATION_VPH = 1800.0
COORDINATE_WITHIN_M = 300.0
SHARE_WITHIN_M = 100.0  # a queue of fifteen cars: closer signals with different cycles fill the street between them
SERVICE_RANK = 1  # of service roads and tracks, which carry no through traffic
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
    for junctions in _close_together(rows, ways, control):
        planner = StagePlanner(rows, ways, conflicts, open_yield, pair_start, mirror, junctions)
        if planner.can_share:
            controllers.append(planner.plan())
            continue
        for junction in junctions:
            alone = StagePlanner(rows, ways, conflicts, open_yield, pair_start, mirror, [junction])
            controllers.append(alone.plan())
    _coordinate(rows, controllers)
    heads = sorted(
        ((junction, controller) for controller in controllers for junction in controller.junctions), key=itemgetter(0)
    )
    for row, (junction, controller) in enumerate(heads):
        columns = _columns(ways, junction, controller)
        for connector in range(ways.junction_start[junction], ways.junction_start[junction + 1]):
            signal[connector], group[connector] = row, columns.index(controller.group_of[connector])
    return SignalPlans(_to_table(rows, ways, heads), signal, group, open_yield)


def _close_together(rows: StreetRows, ways: Ways, control: Bytes) -> list[list[int]]:
    """Signalled junctions by those that streets too short to wait on join; most are alone."""
    signalled = {
        int(junction)
        for junction in np.flatnonzero(control == Control.SIGNAL)
        if ways.junction_start[junction] < ways.junction_start[junction + 1]
    }
    joined: nx.Graph[int] = nx.Graph()
    joined.add_nodes_from(sorted(signalled))
    for link in range(len(rows.streets)):
        ends = int(rows.from_junction[link]), int(rows.to_junction[link])
        if is_between(rows, link) and signalled.issuperset(ends):
            joined.add_edge(*ends)
    return sorted(sorted(junctions) for junctions in nx.connected_components(joined))


@dataclass(frozen=True, slots=True, order=True)
class _Step:
    """A way from one signal to the next; those of wide roads sort first."""

    minus_rank: int
    link: int  # that leads to the next signal
    end: int  # its junction
    first_link: int  # that leads away from the signal before
    length_m: float
    travel_s: float
    against: bool = False  # the streets lead the other way: ``end`` is the signal before


def _coordinate(rows: StreetRows, controllers: Sequence[Controller]) -> None:
    """Choose cycles and greens; signals close to each other share a cycle and start it as traffic arrives.

    Signals so close that a queue reaches from one to the next always do, with the longest cycle that one of them needs.
    Beyond, a junction with so many stages that its cycle is long keeps it to itself: a neighbourhood does not wait for
    one.
    """
    at = {junction: controller for controller in controllers for junction in controller.junctions}
    for controller in controllers:
        _set_cycle(controller, _own_cycle_s(controller))
    close = {junction: _close_signals(rows, at, junction) for junction in at}
    for group in _joined(close):
        cycle = max(at[junction].cycle_s for junction in group)
        for junction in group:
            _set_cycle(at[junction], cycle)
    steps = {junction: list(found) for junction, found in close.items()}
    for start, found in close.items():
        for step in found:
            if all(back.end != start for back in close[step.end]):
                steps[step.end].append(replace(step, end=start, against=True))
    for link in range(len(rows.streets)):
        start, end = int(rows.from_junction[link]), int(rows.to_junction[link])
        length = float(rows.length_m[link])
        if start == end or start not in at or end not in at or not SHARE_WITHIN_M <= length < COORDINATE_WITHIN_M:
            continue
        if max(at[start].cycle_s, at[end].cycle_s) <= GUESSED_CYCLE_S[1]:
            travel_s = length / rows.streets[link].speed_mps
            steps[start].append(_Step(-int(rows.rank[link]), link, end, link, length, travel_s))
    importance = {j: max(int(rows.rank[link]) for link in rows.links_in[j]) for j in at}
    seen: set[int] = set()
    for root in sorted(at, key=lambda j: (-importance[j], j)):
        if root in seen:
            continue
        taken: list[tuple[int, _Step]] = []
        seen.update(at[root].junctions)
        frontier = sorted((step, junction) for junction in at[root].junctions for step in steps[junction])
        while frontier:  # widest roads first, so that progression follows them
            step, start = frontier.pop(0)
            if step.end not in seen:
                together = at[step.end].junctions
                seen.update(together)
                taken.append((start, step))
                frontier = sorted([*frontier, *((further, end) for end in together for further in steps[end])])
        cycle = max(at[junction].cycle_s for junction in (root, *(step.end for _, step in taken)))
        for junction in (root, *(step.end for _, step in taken)):
            _set_cycle(at[junction], cycle)
        for start, step in taken:
            _follow(rows, at[start], at[step.end], step)


def _follow(rows: StreetRows, before: Controller, here: Controller, step: _Step) -> None:
    """Let the green of a signal begin as traffic arrives from the one before, or clear a short street first."""
    travel_s = -CLEAR_FIRST_S if step.length_m < CLEAR_FIRST_WITHIN_M else step.travel_s
    first, second = (here, before) if step.against else (before, here)
    leaves_s = _green_start_s(first, _feeding_link(rows, first, step.first_link))
    arrives_s = _green_start_s(second, step.link)
    if step.against:
        here.offset_s = float(round(before.offset_s + arrives_s - travel_s - leaves_s) % here.cycle_s)
    else:
        here.offset_s = float(round(before.offset_s + leaves_s + travel_s - arrives_s) % here.cycle_s)


def _close_signals(rows: StreetRows, at: Mapping[int, Controller], start: int) -> list[_Step]:
    """Ways of less than ``SHARE_WITHIN_M`` to other signals, on roads with through traffic."""
    found: dict[int, _Step] = {}
    todo = [(float(rows.length_m[link]), link, link) for link in rows.links_out[start]]
    seen = set[int]()
    times = {link: float(rows.length_m[link]) / rows.streets[link].speed_mps for link in rows.links_out[start]}
    while todo:
        todo.sort()
        length, link, first = todo.pop(0)
        if length >= SHARE_WITHIN_M or link in seen or rows.rank[link] <= SERVICE_RANK:
            continue
        seen.add(link)
        end = int(rows.to_junction[link])
        if end in at:
            if end != start and end not in found:
                found[end] = _Step(-int(rows.rank[link]), link, end, first, length, times[link])
            continue
        for onward in rows.links_out[end]:
            if onward != rows.twin[link] and onward not in seen:
                further = float(rows.length_m[onward])
                times[onward] = times[link] + further / rows.streets[onward].speed_mps
                todo.append((length + further, onward, first))
    return list(found.values())


def _joined(close: Mapping[int, Sequence[_Step]]) -> list[list[int]]:
    """Groups of junctions that steps join in either direction."""
    group_of = {junction: [junction] for junction in close}
    for start in sorted(close):
        for step in close[start]:
            one, other = group_of[start], group_of[step.end]
            if one is not other:
                one += other
                for junction in other:
                    group_of[junction] = one
    return [group for junction, group in group_of.items() if group[0] == junction]


def _feeding_link(rows: StreetRows, controller: Controller, link: int) -> int:
    """Return the approach of a junction that goes straightest into a link."""
    approaches = {a for a, _ in controller.groups if rows.to_junction[a] == rows.from_junction[link]}
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


def _columns(ways: Ways, junction: int, controller: Controller) -> list[int]:
    """Columns of a controller that belong to one of its junctions."""
    connectors = range(ways.junction_start[junction], ways.junction_start[junction + 1])
    return sorted({controller.group_of[connector] for connector in connectors})


def _to_table(rows: StreetRows, ways: Ways, heads: Sequence[tuple[int, Controller]]) -> Signals:
    """Unfold stages into phases, for every junction with its controller: green, yellow, all-red."""
    phase_s: list[float] = []
    phase_start, light_start, light = [0], [0], list[int]()
    group_count = []
    for junction, controller in heads:
        columns = _columns(ways, junction, controller)
        group_count.append(len(columns))
        before: list[int] | None = None
        for duration, lights in _phases(controller):
            shown = [int(lights.get(column, Light.RED)) for column in columns]
            if shown == before and any(shown):  # what changes, changes at another junction of the same controller
                phase_s[-1] += duration
                continue
            before = shown
            phase_s.append(float(duration))
            light += shown
            light_start.append(len(light))
        phase_start.append(len(phase_s))
    return Signals(
        id=tuple(rows.junctions[junction].id for junction, _ in heads),
        junction=np.array([junction for junction, _ in heads], dtype=np.int32),
        offset_s=np.array([controller.offset_s for _, controller in heads], dtype=np.float64),
        phase_start=np.array(phase_start, dtype=np.int32),
        phase_s=np.array(phase_s, dtype=np.float64),
        group_count=np.array(group_count, dtype=np.int32),
        light_start=np.array(light_start, dtype=np.int32),
        light=np.array(light, dtype=np.int8),
        assumed=np.ones(len(heads), dtype=bool),
    )


def _phases(controller: Controller) -> Iterator[tuple[int, dict[int, Light]]]:
    """Duration (s) and lights of every phase of a controller's cycle."""
    count = len(controller.stages)
    for i, stage in enumerate(controller.stages):
        after = controller.stages[(i + 1) % count]
        yellow, red = controller.clearances[i]
        ending = set(stage.lights) - set(after.lights)
        staying = {column: state for column, state in stage.lights.items() if column not in ending}
        for duration, lights in (
            (controller.green_s[i], stage.lights),
            (yellow, staying | dict.fromkeys(ending, Light.YELLOW)),
            (red, staying),
        ):
            if duration > 0:
                yield duration, lights
