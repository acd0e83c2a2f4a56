"""Find the streets that a change of the streets cuts off: cars got there and away before, and do not any more."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .movements import list_exits
from .network import Bools, Floats, Ints
from .street_draft import of_map
from .street_rows import order_streets
from .streets import StreetGraph


@dataclass(frozen=True, slots=True, eq=False)
class _Reach:
    """Shapes ``[street]``, of those that cars may use."""

    names: tuple[str, ...]
    length_m: Floats
    part: Ints  # number of the strongly connected part
    turns: tuple[Ints, Ints]  # from which street to which

    def to_and_from(self, part: int) -> tuple[Bools, Bools]:
        """Whether cars get from each street to a part, and from the part to it."""
        from scipy.sparse import csr_array
        from scipy.sparse.csgraph import breadth_first_order

        count = len(self.names)
        start = int(np.flatnonzero(self.part == part)[0])
        there = csr_array((np.ones(self.turns[0].size, np.int8), self.turns), shape=(count, count))
        reached = []
        for graph in (there.T.tocsr(), there):
            rows = np.zeros(count, bool)
            rows[breadth_first_order(graph, start, return_predecessors=False)] = True
            reached.append(rows)
        return reached[0], reached[1]


def cut_off_for_cars(before: StreetGraph, after: StreetGraph) -> list[str]:
    """Streets of both that are open to cars in both and lost their way to, or from, the largest connected part."""
    old, new = _reach(before), _reach(after)
    core = int(np.bincount(old.part, weights=old.length_m, minlength=1).argmax())
    in_core = {name for name, part in zip(old.names, old.part.tolist(), strict=True) if part == core}
    kept = np.array([name in in_core or of_map(name) in in_core for name in new.names], bool)
    if not kept.any():
        return []
    same = int(np.bincount(new.part, weights=new.length_m * kept).argmax())
    was = dict(zip(old.names, zip(*old.to_and_from(core), strict=True), strict=True))
    now = dict(zip(new.names, zip(*new.to_and_from(same), strict=True), strict=True))
    return [name for name in now if name in was and any(a and not b for a, b in zip(was[name], now[name], strict=True))]


def _reach(graph: StreetGraph) -> _Reach:
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import connected_components

    rows = order_streets(graph)
    open_rows = [link for link, lanes in enumerate(rows.car_lanes) if lanes]
    number = {link: place for place, link in enumerate(open_rows)}
    pairs = [
        (number[link], number[way_out.to_link])
        for link in open_rows
        for way_out in list_exits(rows, link)
        if way_out.to_link in number
    ]
    source, target = np.array(pairs, np.int32).reshape(-1, 2).T
    there = csr_array((np.ones(source.size, np.int8), (source, target)), shape=(len(open_rows), len(open_rows)))
    _, part = connected_components(there, directed=True, connection="strong")
    names = tuple(rows.streets[link].id for link in open_rows)
    return _Reach(names, rows.length_m[open_rows], np.asarray(part), (source, target))
