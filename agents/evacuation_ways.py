"""Choose where evacuees go, and find their ways there on foot: one tree of ways for each haven serves everybody."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from ..scenarios.evacuation_people import Havens
    from .walk_routes import WalkRouter

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]
Longs = NDArray[np.int64]
Bools = NDArray[np.bool_]


class WaysOnFoot:
    """Ways on foot to every haven. Both directions of a link take as long, so each tree grows from its haven."""

    def __init__(self, router: WalkRouter, havens: Havens) -> None:
        self.router, self.havens = router, havens
        self.on_foot = np.flatnonzero(havens.walk_link >= 0)
        self._tree = np.full(len(havens.id), -1, np.int64)
        self._tree[self.on_foot] = np.arange(self.on_foot.size)
        self._places = np.column_stack([havens.walk_link[self.on_foot].astype(np.float64), havens.walk_m[self.on_foot]])
        self._seconds, self._arc_in = router.grow(self._places)

    def look_again(self, closed: Bools, felt: Floats) -> None:
        """Find the ways anew, over no closed link and with others so many times longer than they are (``[link]``)."""
        self.router.avoid(closed, felt)
        self._seconds, self._arc_in = self.router.grow(self._places)

    def seconds(self, link: Ints, at_m: Floats) -> Floats:
        """Time from places to every haven with nobody around, ``[place, haven]`` s; inf where there is no way."""
        there_s = np.full((link.size, len(self.havens.id)), np.inf)
        if self.on_foot.size:
            ends = self.router.ends[link]
            to_ends_s = self.router.to_ends(link, at_m)
            each = self._seconds[:, ends] + to_ends_s  # [haven, place, end]
            there_s[:, self.on_foot] = each.min(axis=2).T
            same = link[:, np.newaxis] == self.havens.walk_link[self.on_foot]
            away_m = np.abs(at_m[:, np.newaxis] - self.havens.walk_m[self.on_foot])
            along_s = away_m * (self.router.cost_s[link] / self.router.length_m[link])[:, np.newaxis]
            there_s[:, self.on_foot] = np.where(same, along_s, there_s[:, self.on_foot])
        return there_s

    def routes(self, haven: Ints, link: Ints, at_m: Floats) -> tuple[Longs, Ints]:
        """Ways from places to havens: where each begins (``[place + 1]``), and directed links one after the other."""
        alone = self.havens.walk_link[haven] == link
        sizes = alone.astype(np.int64)
        back = self.havens.walk_m[haven] < at_m
        others = np.flatnonzero(~alone)
        tree = self._tree[haven[others]]
        sizes[others], found = self.router.read(
            self._places, (self._seconds, self._arc_in), tree, link[others], at_m[others]
        )
        start = np.concatenate([[0], np.cumsum(sizes)])
        route = np.zeros(start[-1], np.int32)
        route[start[:-1][alone]] = 2 * link[alone] + back[alone]
        ends = np.cumsum(sizes[others])
        place = np.repeat(start[1:][others] - 1 + ends - sizes[others], sizes[others]) - np.arange(found.size)
        route[place] = found ^ 1  # from the haven to the place: walked the other way round
        return start, route


def nearest(there_s: Floats, may: Bools, room: Ints | Floats, size: Ints) -> Ints:
    """Row of the nearest haven of each group of people, -1 where there is none to go to.

    Parameters
    ----------
    there_s, may : [group, haven]
        Time to each haven, and whether the group thinks of going there.
    room : [haven]
        People who still get a place, where places have to be taken beforehand; inf elsewhere.
    size : [group]
        People; the first group chooses first.
    """
    cost_s = np.where(may, there_s, np.inf)
    left = np.asarray(room, np.float64).copy()
    haven = np.full(size.size, -1, np.int32)
    waiting = np.arange(size.size)
    while waiting.size:
        best = cost_s[waiting].argmin(axis=1) if cost_s.shape[1] else np.zeros(0, np.int64)
        reached = np.isfinite(cost_s[waiting, best]) if best.size else np.zeros(waiting.size, np.bool_)
        again = []
        for choice in np.unique(best[reached]).tolist():
            rows = waiting[reached & (best == choice)]
            taken = np.cumsum(size[rows]) <= left[choice]
            haven[rows[taken]] = choice
            left[choice] -= size[rows[taken]].sum()
            cost_s[rows[~taken], choice] = np.inf
            again.append(rows[~taken])
        waiting = np.sort(np.concatenate(again)) if again else np.zeros(0, np.int64)
    return haven
