"""Match the links of a base with those of a variant whose streets differ: the same, split into parts, new, or gone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ...scenarios.street_draft import of_map

if TYPE_CHECKING:
    import shapely

    from ...scenarios.network import RoadNetwork

Floats = NDArray[np.float64]
Rows = NDArray[np.int64]

SAME_LENGTH_M = 5.0  # a link with the same id that is longer or shorter by more was split somewhere else
ALONG_M = 2.0  # links that lie so near to one another for longer than that are the same street,
SAME_WAY = 0.9  # if their directions differ by less than about 25°: the cosine
AHEAD_M = 1.0  # over which a direction is measured, to both sides


@dataclass(frozen=True)
class Parts:
    """The links of one network that make up each street that both have."""

    rows: Rows  # links, one street after the other, as they are driven
    street: Rows  # [link] place of the street

    @classmethod
    def of(cls, streets: Sequence[Sequence[int]]) -> Parts:
        """From the rows of each street."""
        rows = np.array([row for street in streets for row in street], np.int64)
        return cls(rows, np.repeat(np.arange(len(streets)), [len(street) for street in streets]).astype(np.int64))

    @cached_property
    def _starts(self) -> Rows:
        return np.flatnonzero(np.diff(self.street, prepend=-1))

    @property
    def first(self) -> Rows:
        """The first link of each street, where vehicles enter it."""
        return self.rows[self._starts]

    def entering(self, values: Floats) -> Floats:
        """Of each street what its first link has, ``[seed, street]`` from ``[seed, link]``."""
        return values[:, self.first]

    def together(self, values: Floats) -> Floats:
        """Of each street the sum over its links."""
        return np.asarray(np.add.reduceat(values[:, self.rows], self._starts, axis=1))

    def largest(self, values: Floats) -> Floats:
        """Of each street the largest of its links."""
        return np.asarray(np.maximum.reduceat(values[:, self.rows], self._starts, axis=1))


@dataclass(frozen=True)
class LinkMatch:
    """Which links belong together. Where a street is split in one of both, or elsewhere, its parts count as one."""

    names: tuple[str, ...]  # of the streets that both have: a link's id; of one that both split that of the map
    base: Parts
    variant: Parts
    gone: Rows  # of the base's links that the variant does not have
    new: Rows  # of the variant's links that the base does not have

    @classmethod
    def of(cls, base: RoadNetwork, variant: RoadNetwork) -> LinkMatch:
        """Match by id, and what was split by where it lies."""
        pairs = [
            ([row], [variant.link_row[name]])
            for row, name in enumerate(base.links.id)
            if name in variant.link_row and _as_long(base, row, variant, variant.link_row[name])
        ]
        left = [
            np.setdiff1d(np.arange(network.link_count), [own[side][0] for own in pairs])
            for side, network in enumerate((base, variant))
        ]
        pairs += _streets_of_parts(base, variant, left[0], left[1])
        pairs.sort()
        ours, theirs = (Parts.of([own[side] for own in pairs]) for side in (0, 1))
        gone, new = np.setdiff1d(left[0], ours.rows), np.setdiff1d(left[1], theirs.rows)
        names = tuple(_name(base, variant, *own) for own in pairs)
        return cls(names, ours, theirs, gone.astype(np.int64), new.astype(np.int64))

    def street_of(self, base: RoadNetwork) -> list[str]:
        """Of each link of the base the name that its results have."""
        found = list(base.links.id)
        for row, street in zip(self.base.rows.tolist(), self.base.street.tolist(), strict=True):
            found[row] = self.names[street]
        return found


def _as_long(base: RoadNetwork, row: int, variant: RoadNetwork, theirs: int) -> bool:
    return abs(float(base.links.length_m[row] - variant.links.length_m[theirs])) <= SAME_LENGTH_M


def _streets_of_parts(
    base: RoadNetwork, variant: RoadNetwork, ours: Rows, theirs: Rows
) -> list[tuple[list[int], list[int]]]:
    """Links that lie on one another or have the same id, as streets that both have."""
    import networkx as nx

    graph: nx.Graph[tuple[str, int]] = nx.Graph()
    for row in ours.tolist():
        if (other := variant.link_row.get(base.links.id[row])) is not None:
            graph.add_edge(("base", row), ("variant", other))
    graph.add_edges_from((("base", a), ("variant", b)) for a, b in _on_one_another(base, ours, variant, theirs))
    found = []
    for street in nx.connected_components(graph):
        rows = [[row for side, row in street if side == which] for which in ("base", "variant")]
        found.append((_as_driven(base, rows[0]), _as_driven(variant, rows[1])))
    return found


def _on_one_another(one: RoadNetwork, rows: Rows, other: RoadNetwork, others: Rows) -> Iterator[tuple[int, int]]:
    """Links of two networks that lie on one another for some way and lead the same way."""
    import shapely

    if not rows.size or not others.size:
        return
    lines = [[shapely.LineString(net.link_shape_xy(row)) for row in of] for net, of in ((one, rows), (other, others))]
    near = shapely.STRtree(lines[1]).query(lines[0], predicate="dwithin", distance=ALONG_M)
    for place, on in near.T.tolist():
        own, its = lines[0][place], lines[1][on]
        common = own.intersection(its.buffer(ALONG_M, cap_style="flat"))
        if common.length <= min(SAME_LENGTH_M, 0.5 * own.length, 0.5 * its.length):
            continue
        middle = common.interpolate(0.5, normalized=True) if common.geom_type == "LineString" else common.centroid
        same_way = _direction(own, middle) @ _direction(its, middle) > SAME_WAY
        if same_way and one.links.layer[rows[place]] == other.links.layer[others[on]]:
            yield int(rows[place]), int(others[on])


def _direction(line: shapely.LineString, place: shapely.Point) -> Floats:
    """Where a line leads to at a place, as a vector of length 1."""
    at_m = line.project(place)
    before, after = line.interpolate(max(at_m - AHEAD_M, 0.0)), line.interpolate(at_m + AHEAD_M)
    ahead = np.array([after.x - before.x, after.y - before.y])
    return np.asarray(ahead / max(float(np.hypot(*ahead)), 1e-9))


def _as_driven(network: RoadNetwork, rows: list[int]) -> list[int]:
    """Parts of a street one after the other."""
    by_start = {int(network.links.from_junction[row]): row for row in sorted(rows, reverse=True)}
    ends = {int(network.links.to_junction[row]) for row in rows}
    row: int | None = next((by_start[start] for start in by_start if start not in ends), min(rows))
    ordered: list[int] = []
    while row is not None and row not in ordered:
        ordered.append(row)
        row = by_start.get(int(network.links.to_junction[row]))
    return ordered + sorted(set(rows) - set(ordered))


def _name(base: RoadNetwork, variant: RoadNetwork, ours: list[int], theirs: list[int]) -> str:
    """Id of the one link that a street is in one of both; of one that both split the map's."""
    if len(ours) == 1 or len(theirs) > 1:
        return base.links.id[ours[0]] if len(ours) == 1 else of_map(base.links.id[ours[0]])
    return variant.links.id[theirs[0]]
