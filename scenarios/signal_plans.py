"""Make fixed-time programmes for signals: stages without conflicting greens, clearance times, cycles and offsets."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from .conflicts import Conflicts
from .movements import far_turn
from .network import Bools, Bytes, Control, Floats, FoeKind, Ints, Light, Signals, Turn
from .right_of_way import ONCOMING_FROM_RAD, PARALLEL_WITHIN_RAD
from .street_rows import StreetRows, wrap

OPPOSITE_WITHIN_RAD = math.radians(40.0)
PROTECT_FROM_LANES = 2
PROTECT_FROM_MPS = 70.0 / 3.6
MIN_GREEN_S = 7
WALK_START_S = 5.0
WALK_MPS = 1.2
LONGEST_WALK_S = 30.0
LONGEST_ALL_RED_S = 6
CLEARING_LENGTH_M = 5.0
SLOWEST_CLEARING_MPS = 7.0  # of turning vehicles (RiLSA 2015, section 2.5)
SHORTEST_CYCLE_S, LONGEST_CYCLE_S = 50, 120
GUESSED_CYCLE_S = (70, 90)  # without counts
SATURATION_VPH = 1800.0
GUESSED_FLOW_VPH = 45.0  # per lane and rank of the road: 540 on a primary lane, 135 on a residential one
COORDINATE_WITHIN_M = 300.0
CLEAR_FIRST_WITHIN_M = 80.0
CLEAR_FIRST_S = 5.0


@dataclass(slots=True)
class Stage:
    """Groups that are green together; none of them in a stage for people on foot."""

    lights: dict[int, Light]
    weight: float
    least_s: int


@dataclass(slots=True)
class Controller:
    """One junction's programme while it is being made."""

    junction: int
    groups: dict[tuple[int, int], int]  # (approach link, kind of turn) -> column
    stages: list[Stage]
    clearances: list[tuple[int, int]] = field(default_factory=list)  # yellow and all-red after every stage
    cycle_s: int = 0
    green_s: list[int] = field(default_factory=list)
    offset_s: float = 0.0

    @property
    def lost_s(self) -> int:
        """Part of the cycle in which nobody is given green."""
        return sum(yellow + red for yellow, red in self.clearances)

    @property
    def shortest_s(self) -> int:
        """Cycle with every stage at its shortest."""
        return self.lost_s + sum(stage.least_s for stage in self.stages)


@dataclass(frozen=True, slots=True, eq=False)
class SignalPlans:
    """The ``Signals`` table with the columns it needs in ``Connectors`` and the right of way that it leaves open."""

    signals: Signals
    signal: Ints  # [connector]
    group: Ints  # [connector]
    foe_yield: Bools  # [pair]


@dataclass(frozen=True, slots=True, eq=False)
class Crossing:
    """What signals need to know of the connectors. Shapes ``[connector]``."""

    from_link: Ints
    to_link: Ints
    from_lane: Ints
    turn: Bytes
    speed_mps: Floats
    junction_start: Ints  # [junction + 1]


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


def yellow_s(speed_mps: float) -> int:
    """Duration of yellow: 3 s to 50 km/h, 4 s to 60, 5 s above (RiLSA 2015, section 2.4)."""
    kmh = speed_mps * 3.6
    return 3 if kmh <= 50.5 else 4 if kmh <= 60.5 else 5


def plan_signals(
    rows: StreetRows, crossing: Crossing, conflicts: Conflicts, foe_yield: Bools, control: Bytes
) -> SignalPlans:
    """Make a programme for every signalled junction.

    At signals right of way is left only between connectors that are green together: a red light needs no yielding.
    """
    pair_start = np.searchsorted(conflicts.own, np.arange(crossing.from_link.size + 1))
    signal = np.full(crossing.from_link.size, -1, dtype=np.int32)
    group = np.full(crossing.from_link.size, -1, dtype=np.int32)
    open_yield = foe_yield.copy()
    controllers: list[Controller] = []
    for junction in np.flatnonzero(control == Control.SIGNAL):
        connectors = range(crossing.junction_start[junction], crossing.junction_start[junction + 1])
        if not connectors:
            continue
        planner = _Planner(rows, crossing, conflicts, open_yield, pair_start, int(junction), connectors)
        controller = planner.plan()
        signal[connectors.start : connectors.stop] = len(controllers)
        group[connectors.start : connectors.stop] = [planner.group_of[c] for c in connectors]
        controllers.append(controller)
    _coordinate(rows, controllers)
    return SignalPlans(_to_table(rows, controllers), signal, group, open_yield)


class _Planner:
    """Work out the stages of one junction."""

    def __init__(
        self,
        rows: StreetRows,
        crossing: Crossing,
        conflicts: Conflicts,
        foe_yield: Bools,
        pair_start: np.ndarray[tuple[int], np.dtype[np.int64]],
        junction: int,
        connectors: range,
    ) -> None:
        self.rows, self.crossing, self.junction, self.connectors = rows, crossing, junction, connectors
        self.conflicts, self.foe_yield = conflicts, foe_yield
        self.pairs = range(int(pair_start[connectors.start]), int(pair_start[connectors.stop]))
        self.far = far_turn(rows.drives_on_left)
        kinds = sorted({(int(crossing.from_link[c]), self._kind(c)) for c in connectors})
        self.groups = {key: column for column, key in enumerate(kinds)}
        self.group_of = {c: self.groups[int(crossing.from_link[c]), self._kind(c)] for c in connectors}
        self.approaches = sorted({link for link, _ in self.groups})

    def _kind(self, connector: int) -> int:
        """Straight 0, near side 1, far side and U-turn 2: what gets a light of its own."""
        turn = self.crossing.turn[connector]
        return 0 if turn == Turn.STRAIGHT else 2 if turn in (self.far, Turn.UTURN) else 1

    def plan(self) -> Controller:
        """Stages, their clearances and their shortest durations."""
        sets = self._approach_sets()
        if any(self._collides(self._groups_of(links)) for links in sets):
            sets = [[link] for link in self.approaches]
        green_sets: list[set[int]] = []
        for links in sets:
            protected = self._protected(links)
            rest = self._groups_of(links) - protected
            green_sets += [rest, *self._split(protected)]
        stages = [self._stage(greens) for greens in green_sets if greens]
        if len(stages) == 1:
            width = max(self._road_width_m(link) for link in self.approaches)
            stages.append(Stage({}, 0.0, math.ceil(_walk_s(width))))
        self._keep_open_yields(stages)
        for stage in stages:
            self._permit(stage)
        clearances = [self._clearance(stage, stages[(i + 1) % len(stages)]) for i, stage in enumerate(stages)]
        controller = Controller(self.junction, self.groups, stages, clearances)
        while controller.shortest_s > LONGEST_CYCLE_S and max(stage.least_s for stage in stages) > MIN_GREEN_S:
            longest = max(stages, key=lambda stage: stage.least_s)  # wide roads are crossed in two goes, then
            longest.least_s = max(MIN_GREEN_S, longest.least_s - 1)
        return controller

    def _groups_of(self, links: Iterable[int]) -> set[int]:
        wanted = set(links)
        return {column for (link, _), column in self.groups.items() if link in wanted}

    def _approach_sets(self) -> list[list[int]]:
        """Opposite and parallel approaches, most important road first."""
        left = sorted(self.approaches, key=lambda link: (-self._weight(link), link))
        sets = []
        while left:
            leader = left[0]
            heading = self.rows.heading_in[leader]
            together = []
            for link in left:
                angle = abs(wrap(float(self.rows.heading_in[link] - heading)))
                if angle <= PARALLEL_WITHIN_RAD or angle >= math.pi - OPPOSITE_WITHIN_RAD:
                    together.append(link)
            sets.append(sorted(together))
            left = [link for link in left if link not in together]
        return sets

    def _weight(self, link: int) -> float:
        return float(len(self.rows.motor_lanes(link)) * self.rows.rank[link])

    def _collides(self, greens: set[int]) -> bool:
        """Whether some pair could not both be green, not even with one of them waiting for a gap."""
        for pair in self.pairs:
            own, foe = int(self.conflicts.own[pair]), int(self.conflicts.foe[pair])
            if self.group_of[own] not in greens or self.group_of[foe] not in greens:
                continue
            if self.crossing.from_link[own] != self.crossing.from_link[foe] and not self._one_may_wait(pair, own, foe):
                return True
        return False

    def _one_may_wait(self, pair: int, own: int, foe: int) -> bool:
        if self._kind(own) == self._kind(foe) == 2:
            return True  # both wait for oncoming traffic and then for each other, first come, first served
        owner_yields = bool(self.foe_yield[pair])
        foe_yields = bool(self.foe_yield[self._mirror(pair)])
        if owner_yields == foe_yields:
            return False
        kind = self._kind(own if owner_yields else foe)
        return kind == 2 or (kind == 1 and self.conflicts.kind[pair] == FoeKind.MERGE)

    def _mirror(self, pair: int) -> int:
        """Return the row in which the foe of a pair is the owner."""
        own, foe = self.conflicts.own[pair], self.conflicts.foe[pair]
        low = self.pairs.start + int(np.searchsorted(self.conflicts.own[self.pairs.start : self.pairs.stop], foe))
        high = self.pairs.start + int(
            np.searchsorted(self.conflicts.own[self.pairs.start : self.pairs.stop], foe, "right")
        )
        return low + int(np.searchsorted(self.conflicts.foe[low:high], own))

    def _protected(self, links: Sequence[int]) -> set[int]:
        """Far-side turns of a stage that get one of their own: with an own lane, against much or fast traffic."""
        chosen = set()
        for link in links:
            column = self.groups.get((link, 2))
            if column is None or not self._has_own_lane(column):
                continue
            opposing = [
                other
                for other in links
                if abs(wrap(float(self.rows.heading_in[other] - self.rows.heading_in[link]))) >= ONCOMING_FROM_RAD
                and (other, 0) in self.groups
            ]
            lanes = sum(len(self._lanes_of(self.groups[other, 0])) for other in opposing)
            fast = any(self.rows.streets[other].speed_mps >= PROTECT_FROM_MPS - 0.1 for other in opposing)
            if lanes >= PROTECT_FROM_LANES or fast:
                chosen.add(column)
        return chosen

    def _lanes_of(self, column: int) -> set[int]:
        return {int(self.crossing.from_lane[c]) for c in self.connectors if self.group_of[c] == column}

    def _has_own_lane(self, column: int) -> bool:
        others = {int(self.crossing.from_lane[c]) for c in self.connectors if self.group_of[c] != column}
        return not self._lanes_of(column) & others

    def _split(self, protected: set[int]) -> list[set[int]]:
        """Put protected turns together where they do not meet, else one after the other."""
        if not protected:
            return []
        meet = any(
            {self.group_of[int(self.conflicts.own[p])], self.group_of[int(self.conflicts.foe[p])]} <= protected
            and self.crossing.from_link[self.conflicts.own[p]] != self.crossing.from_link[self.conflicts.foe[p]]
            for p in self.pairs
        )
        return [{column} for column in sorted(protected)] if meet else [protected]

    def _stage(self, greens: set[int]) -> Stage:
        """Collect a stage's lights, its share of the green and the time people need to cross beside it."""
        links = {link for (link, _), column in self.groups.items() if column in greens}
        only_turns = all(kind == 2 for (_, kind), column in self.groups.items() if column in greens)
        weight = max(self._weight(link) for link in links)
        if only_turns:
            lanes = max(len(self._lanes_of(column)) for column in greens)
            weight = lanes * max(float(self.rows.rank[link]) for link in links) / 2.0
            return Stage(dict.fromkeys(greens, Light.GREEN), weight, MIN_GREEN_S)
        crossed = [self._road_width_m(link) for link in self.approaches if link not in links]
        walk = math.ceil(_walk_s(max(crossed))) if crossed else 0
        return Stage(dict.fromkeys(greens, Light.GREEN), weight, max(MIN_GREEN_S, walk))

    def _road_width_m(self, link: int) -> float:
        both = [link] if self.rows.twin[link] < 0 else [link, int(self.rows.twin[link])]
        return sum(len(self.rows.streets[row].lane_access) * self.rows.streets[row].lane_width_m for row in both)

    def _keep_open_yields(self, stages: Sequence[Stage]) -> None:
        """Drop right of way between connectors that are never green together."""
        for pair in self.pairs:
            own, foe = self.group_of[int(self.conflicts.own[pair])], self.group_of[int(self.conflicts.foe[pair])]
            if not any(own in stage.lights and foe in stage.lights for stage in stages):
                self.foe_yield[pair] = False

    def _permit(self, stage: Stage) -> None:
        """Show green with yielding to the groups that must, or may have to, let another green group go first."""
        for pair in self.pairs:
            own, foe = int(self.conflicts.own[pair]), int(self.conflicts.foe[pair])
            column = self.group_of[own]
            if column not in stage.lights or self.group_of[foe] not in stage.lights:
                continue
            other_road = self.crossing.from_link[own] != self.crossing.from_link[foe]
            if self.foe_yield[pair] or (other_road and self._kind(own) == self._kind(foe) == 2):
                stage.lights[column] = Light.GREEN_YIELD

    def _clearance(self, stage: Stage, after: Stage) -> tuple[int, int]:
        """Yellow and all-red between two stages (s).

        All-red is ``(way out of the conflict + 5 m) / speed - time of the next to reach it``, as RiLSA counts
        intergreen times, at least 1 s.
        """
        ending = set(stage.lights) - set(after.lights)
        if not ending:
            return (0, 1) if not stage.lights else (0, 0)
        links = {link for (link, _), column in self.groups.items() if column in ending}
        need = 1.0
        for pair in self.pairs:
            own, foe = int(self.conflicts.own[pair]), int(self.conflicts.foe[pair])
            if self.group_of[own] in ending and self.group_of[foe] in set(after.lights) - set(stage.lights):
                out = (self.conflicts.leave_m[pair] + CLEARING_LENGTH_M) / max(
                    SLOWEST_CLEARING_MPS, self.crossing.speed_mps[own]
                )
                reach = self.conflicts.enter_m[self._mirror(pair)] / self.crossing.speed_mps[foe]
                need = max(need, float(out - reach))
        yellow = max(yellow_s(self.rows.streets[link].speed_mps) for link in links)
        return yellow, min(LONGEST_ALL_RED_S, math.ceil(need - 1e-6))


def _walk_s(width_m: float) -> float:
    return min(LONGEST_WALK_S, WALK_START_S + width_m / WALK_MPS)


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
        if start != end and start in at and end in at and _length_m(rows, link) < COORDINATE_WITHIN_M:
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
            length = _length_m(rows, link)
            travel = -CLEAR_FIRST_S if length < CLEAR_FIRST_WITHIN_M else length / rows.streets[link].speed_mps
            green_before = before.offset_s + _green_start_s(before, _feeding_link(rows, before, link))
            here = at[junction]
            here.offset_s = float(round(green_before + travel - _green_start_s(here, link)) % here.cycle_s)


def _length_m(rows: StreetRows, link: int) -> float:
    steps = np.diff(rows.streets[link].shape_xy, axis=0)
    return float(np.hypot(steps[:, 0], steps[:, 1]).sum())


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
    """Guess flow over saturation flow per stage: there are no counts, so lanes and rank of the road stand for them."""
    lanes_ratio = GUESSED_FLOW_VPH / SATURATION_VPH
    return [stage.weight * lanes_ratio / max(1.0, stage.weight / 14.0) for stage in controller.stages]


def _own_cycle_s(controller: Controller) -> int:
    low, high = GUESSED_CYCLE_S
    wanted = min(max(webster_cycle(_flow_ratios(controller), controller.lost_s), low), high)
    return max(math.ceil(wanted), controller.shortest_s)


def _greens(controller: Controller, green_s: int) -> list[int]:
    """Share whole seconds of green in proportion to the stages' weights, nobody below their least."""
    greens = [stage.least_s for stage in controller.stages]
    total = sum(stage.weight for stage in controller.stages) or 1.0
    goal = [green_s * stage.weight / total for stage in controller.stages]
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
