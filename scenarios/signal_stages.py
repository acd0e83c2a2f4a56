"""Divide the green of a signalled junction, or of some close together, among stages without conflicts.

Between junctions closer than a queue is long nobody can wait: they get one programme, in which whoever is let onto a
street between them finds green at its end.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from .conflicts import Conflicts, Ways
from .movements import far_turn
from .network import Bools, FoeKind, Light, Turn
from .street_rows import ONCOMING_FROM_RAD, PARALLEL_WITHIN_RAD, StreetRows, wrap

OPPOSITE_WITHIN_RAD = math.radians(40.0)
PROTECT_FROM_LANES = 2
PROTECT_FROM_MPS = 70.0 / 3.6
# Without counts, a lane is taken to carry 150 vehicles an hour and 25 more per rank of its road: 225 on a residential
# street, 450 on a primary one. More lanes carry more but clear as much faster, so they make no difference to the green.
LANE_FLOW_VPH, RANK_FLOW_VPH = 150.0, 25.0
MIN_GREEN_S = 7
WALK_START_S = 5.0
WALK_MPS = 1.2
LONGEST_WALK_S = 30.0
LONGEST_ALL_RED_S = 6
CLEARING_LENGTH_M = 5.0
SLOWEST_CLEARING_MPS = 7.0  # of turning vehicles (RiLSA 2015, section 2.5)
LONGEST_CYCLE_S = 120
NOBODY_WAITS_WITHIN_M = 30.0  # room for four cars: what one turn lets in during its shortest green

Rows = NDArray[np.int64]


@dataclass(slots=True)
class Stage:
    """Groups that are green together; none of them in a stage for people on foot."""

    lights: dict[int, Light]
    lane_flow_vph: float  # of the busiest lane, guessed from the rank of its road
    least_s: int


@dataclass(slots=True)
class Controller:
    """The programme of one junction, or of junctions close together, while it is being made."""

    junctions: tuple[int, ...]
    groups: dict[tuple[int, int], int]  # (approach link, kind of turn) -> column
    group_of: dict[int, int]  # connector -> column
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


def yellow_s(speed_mps: float) -> int:
    """Duration of yellow: 3 s to 50 km/h, 4 s to 60, 5 s above (RiLSA 2015, section 2.4)."""
    kmh = speed_mps * 3.6
    return 3 if kmh <= 50.5 else 4 if kmh <= 60.5 else 5


def is_between(rows: StreetRows, link: int) -> bool:
    """Whether a street is so short that drivers cannot wait on it, if there are signals at both its ends."""
    return bool(rows.length_m[link] < NOBODY_WAITS_WITHIN_M and rows.from_junction[link] != rows.to_junction[link])


class StagePlanner:
    """Work out the stages of one junction, or of some that share a programme."""

    def __init__(
        self,
        rows: StreetRows,
        ways: Ways,
        conflicts: Conflicts,
        foe_yield: Bools,
        pair_start: Rows,
        mirror: Rows,
        junctions: Sequence[int],
    ) -> None:
        self.rows, self.ways, self.junctions = rows, ways, tuple(junctions)
        self.conflicts, self.foe_yield = conflicts, foe_yield
        self.mirror = mirror  # [pair] the row in which the foe of a pair is the owner
        spans = [(int(ways.junction_start[j]), int(ways.junction_start[j + 1])) for j in junctions]
        self.connectors = [c for first, last in spans for c in range(first, last)]
        self.pairs = [pair for first, last in spans for pair in range(int(pair_start[first]), int(pair_start[last]))]
        far = far_turn(rows.drives_on_left)
        self.kinds = [0 if turn == Turn.STRAIGHT else 2 if turn in (far, Turn.UTURN) else 1 for turn in Turn]
        kinds = sorted({(int(ways.from_link[c]), self._kind(c)) for c in self.connectors})
        self.groups = {key: column for column, key in enumerate(kinds)}
        self.group_of = {c: self.groups[int(ways.from_link[c]), self._kind(c)] for c in self.connectors}
        links = {link for link, _ in self.groups}
        between = {link for link in links if is_between(rows, link) and int(rows.from_junction[link]) in junctions}
        self.approaches = sorted(links - between)
        self.feeds = self._feeds(between)
        self.meets, self.clashes = self._group_conflicts()

    def _feeds(self, between: set[int]) -> dict[int, set[int]]:
        """Groups at the end of the streets between the junctions that each group lets vehicles onto."""
        found: dict[int, set[int]] = {}
        for connector, column in self.group_of.items():
            link = int(self.ways.to_link[connector])
            if link in between:
                found.setdefault(column, set()).update(self._groups_of([link]))
        return found

    def _with_fed(self, columns: Iterable[int]) -> set[int]:
        """Groups, and all those that whoever they let in comes to before he has left the junctions."""
        found = set(columns)
        todo = list(found)
        while todo:
            fed = self.feeds.get(todo.pop(), set()) - found
            found |= fed
            todo += fed
        return found

    @property
    def can_share(self) -> bool:
        """Whether nobody who is let in meets others of his own street at a further junction."""
        return all(
            not self._any(self.clashes, greens, greens)
            for greens in (self._with_fed(self._groups_of([link])) for link in self.approaches)
        )

    def _group_conflicts(self) -> tuple[set[tuple[int, int]], set[tuple[int, int]]]:
        """Pairs of groups of different approaches that meet, and those that cannot both be green, gaps or not."""
        meets, clashes = set(), set()
        for pair in self.pairs:
            own, foe = int(self.conflicts.own[pair]), int(self.conflicts.foe[pair])
            if self.ways.from_link[own] != self.ways.from_link[foe]:
                columns = (self.group_of[own], self.group_of[foe])
                meets.add(columns)
                if columns not in clashes and not self._one_may_wait(pair, own, foe):
                    clashes |= {columns, columns[::-1]}
        return meets, clashes

    def _kind(self, connector: int) -> int:
        """Straight 0, near side 1, far side and U-turn 2: what gets a light of its own."""
        return self.kinds[int(self.ways.turn[connector])]

    def plan(self) -> Controller:
        """Stages, their clearances and their shortest durations."""
        green_sets: list[set[int]] = []
        parts = [part for links in self._approach_sets() for part in self._part(links)]
        for links in self._join(parts):
            protected = self._protected(links)
            green_sets += [self._with_fed(self._groups_of(links) - protected), *self._split(protected)]
        green_sets = [greens for greens in green_sets if greens]
        self._open_further(green_sets)
        stages = [self._stage(greens) for greens in green_sets]
        self._give_time_to_walk(stages)
        if len(stages) == 1:
            width = max(self._road_width_m(link) for link in self.approaches)
            stages.append(Stage({}, 0.0, math.ceil(walk_s(width))))
        self._keep_open_yields(stages)
        for stage in stages:
            self._permit(stage)
        clearances = [self._clearance(stage, stages[(i + 1) % len(stages)]) for i, stage in enumerate(stages)]
        controller = Controller(self.junctions, self.groups, self.group_of, stages, clearances)
        while controller.shortest_s > LONGEST_CYCLE_S and max(stage.least_s for stage in stages) > MIN_GREEN_S:
            longest = max(stages, key=lambda stage: stage.least_s)  # wide roads are crossed in two goes, then
            longest.least_s = max(MIN_GREEN_S, longest.least_s - 1)
        return controller

    def _groups_of(self, links: Iterable[int]) -> set[int]:
        wanted = set(links)
        return {column for (link, _), column in self.groups.items() if link in wanted}

    def _approach_sets(self) -> list[list[int]]:
        """Opposite and parallel approaches, most important road first."""
        left = sorted(self.approaches, key=lambda link: (-self._importance(link), link))
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

    def _importance(self, link: int) -> int:
        return int(len(self.rows.motor_lanes[link]) * self.rows.rank[link])

    def _part(self, links: Sequence[int]) -> list[list[int]]:
        """Divide approaches that clash among as few stages as they need, most important first."""
        parts: list[list[int]] = []
        for link in sorted(links, key=lambda link: (-self._importance(link), link)):
            mine = self._with_fed(self._groups_of([link]))
            for part in parts:
                if not self._any(self.clashes, mine, self._with_fed(self._groups_of(part))):
                    part.append(link)
                    break
            else:
                parts.append([link])
        return parts

    def _join(self, sets: Sequence[list[int]]) -> list[list[int]]:
        """Put approaches of different directions together where they do not even meet."""
        joined: list[list[int]] = []
        for links in sets:
            mine = self._with_fed(self._groups_of(links))
            for other in joined:
                if not self._any(self.meets, mine, self._with_fed(self._groups_of(other))):
                    other += links
                    break
            else:
                joined.append(list(links))
        return joined

    def _any(self, pairs: set[tuple[int, int]], some: set[int], others: set[int]) -> bool:
        return any((one, other) in pairs for one in some for other in others)

    def _open_further(self, green_sets: Sequence[set[int]]) -> None:
        """Give green in further stages to groups that meet nobody there, but leave one to walk across their road."""
        links = {column: link for (link, _), column in self.groups.items()}
        for greens in green_sets:
            for column, link in sorted(links.items()):
                opened = self._with_fed({column})
                if column in greens or self._any(self.meets, opened, greens | opened):
                    continue
                mine = self._groups_of([link])
                walks = [other for other in green_sets if not mine & other and not self._only_turns(other)]
                if walks not in ([], [greens]):
                    greens |= opened

    def _only_turns(self, greens: set[int]) -> bool:
        return all(
            kind == 2 for (link, kind), column in self.groups.items() if column in greens and link in self.approaches
        )

    def _one_may_wait(self, pair: int, own: int, foe: int) -> bool:
        if self._kind(own) == self._kind(foe) == 2:
            return True  # both wait for oncoming traffic and then for each other, first come, first served
        owner_yields = bool(self.foe_yield[pair])
        foe_yields = bool(self.foe_yield[self.mirror[pair]])
        if owner_yields == foe_yields:
            return False
        kind = self._kind(own if owner_yields else foe)
        return kind == 2 or (kind == 1 and self.conflicts.kind[pair] == FoeKind.MERGE)

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
        return {int(self.ways.from_lane[c]) for c in self.connectors if self.group_of[c] == column}

    def _has_own_lane(self, column: int) -> bool:
        others = {int(self.ways.from_lane[c]) for c in self.connectors if self.group_of[c] != column}
        return not self._lanes_of(column) & others

    def _split(self, protected: set[int]) -> list[set[int]]:
        """Put protected turns together where they do not meet, else one after the other."""
        if not protected:
            return []
        opened = self._with_fed(protected)
        if self._any(self.meets, opened, opened):
            return [self._with_fed({column}) for column in sorted(protected)]
        return [opened]

    def _stage(self, greens: set[int]) -> Stage:
        """Collect a stage's lights and guess the flow that they must let through."""
        links = {link for (link, _), column in self.groups.items() if column in greens}
        flow = LANE_FLOW_VPH + RANK_FLOW_VPH * max(float(self.rows.rank[link]) for link in links)
        share = 0.5 if self._only_turns(greens) else 1.0
        return Stage(dict.fromkeys(sorted(greens), Light.GREEN), flow * share, MIN_GREEN_S)

    def _give_time_to_walk(self, stages: Sequence[Stage]) -> None:
        """Make one stage, the longest in which its traffic stands, long enough to walk across each approach."""
        for link in self.approaches if self.rows.people_cross else ():
            mine = self._groups_of([link])
            walks = [
                stage for stage in stages if not mine & set(stage.lights) and not self._only_turns(set(stage.lights))
            ]
            if walks:
                longest = max(walks, key=lambda stage: stage.lane_flow_vph)
                longest.least_s = max(longest.least_s, math.ceil(walk_s(self._road_width_m(link))))

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
            other_road = self.ways.from_link[own] != self.ways.from_link[foe]
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
                    SLOWEST_CLEARING_MPS, self.ways.speed_mps[own]
                )
                reach = self.conflicts.enter_m[self.mirror[pair]] / self.ways.speed_mps[foe]
                need = max(need, float(out - reach))
        yellow = max(yellow_s(self.rows.streets[link].speed_mps) for link in links)
        return yellow, min(LONGEST_ALL_RED_S, math.ceil(need - 1e-6))


def walk_s(width_m: float) -> float:
    """Green that people need to cross a road (s): some to set out, then walking; wide roads are crossed in two goes."""
    return min(LONGEST_WALK_S, WALK_START_S + width_m / WALK_MPS)
