"""Hold the walk network: where people may walk, how wide it is, and where their ways cross the streets.

Tables are structs of arrays, as those of the road network. Every link is walked in both directions; rows refer to each
other, and to rows of the road network, by number (``int32``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from .network import Bools, Bytes, Floats, Ints


class WalkKind(IntEnum):
    """What a link is to somebody on foot."""

    SIDEWALK = 0  # beside a carriageway, mapped or inferred
    FOOTWAY = 1
    PATH = 2
    STEPS = 3
    SQUARE = 4  # a line across an open space, with its share of the area
    STREET = 5  # no room of one's own: service ways, yards, living streets
    CROSSING = 6


class CrossingKind(IntEnum):
    """Who goes first at a crossing."""

    SIGNAL = 0
    ZEBRA = 1  # marked: walkers first
    UNMARKED = 2  # walkers wait for a gap


KIND_WORDS: Mapping[int, str] = {kind: kind.name.lower() for kind in WalkKind}
CROSSING_WORDS: Mapping[int, str] = {kind: kind.name.lower() for kind in CrossingKind}


@dataclass(frozen=True, slots=True, eq=False)
class WalkNodes:
    """Shapes ``[node]``."""

    id: tuple[str, ...]
    x_m: Floats
    y_m: Floats


@dataclass(frozen=True, slots=True, eq=False)
class WalkLinks:
    """Shapes ``[link]``."""

    id: tuple[str, ...]
    name: tuple[str, ...]
    from_node: Ints
    to_node: Ints
    length_m: Floats
    width_m: Floats
    width_assumed: Bools  # no tag gave it
    inferred: Bools  # a sidewalk or crossing that no way of the map draws
    kind: Bytes  # WalkKind
    layer: Bytes  # level, 0: on the ground
    road_link: Ints  # road link it lies beside or crosses, -1: none
    shape_start: NDArray[np.int64]  # [link + 1] into shape_xy
    shape_xy: Floats  # [point, 2] m


@dataclass(frozen=True, slots=True, eq=False)
class Crossings:
    """Shapes ``[crossing]``: links across streets, and what they cross."""

    link: Ints  # row in WalkLinks
    kind: Bytes  # CrossingKind
    junction: Ints  # road junction it belongs to, -1: in mid-block
    controller: Ints  # row of the road network's Signals that shows its light, -1: none
    road_start: Ints  # [crossing + 1]
    road_link: Ints  # road links it crosses
    road_at_m: Floats  # and where along each


@dataclass(frozen=True, slots=True, eq=False)
class Entrances:
    """Shapes ``[entrance]``: doors of buildings, and the nearest place on a link."""

    id: tuple[str, ...]
    x_m: Floats
    y_m: Floats
    link: Ints
    at_m: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Squares:
    """Shapes ``[square]``: open spaces as they are drawn."""

    id: tuple[str, ...]
    name: tuple[str, ...]
    area_m2: Floats
    shape_start: NDArray[np.int64]  # [square + 1]
    shape_xy: Floats  # [point, 2] m


@dataclass(frozen=True, slots=True, eq=False)
class WalkNetwork:
    """One city as people on foot see it. Immutable, as the road network that it belongs to."""

    name: str
    epsg: int
    source: str
    attribution: str
    nodes: WalkNodes
    links: WalkLinks
    crossings: Crossings
    entrances: Entrances
    squares: Squares
    notes: tuple[str, ...] = ()
    link_row: Mapping[str, int] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "link_row", {name: row for row, name in enumerate(self.links.id)})
        for table in (self.nodes, self.links, self.crossings, self.entrances, self.squares):
            for column in table.__dataclass_fields__:
                array = getattr(table, column)
                if isinstance(array, np.ndarray):
                    array.setflags(write=False)

    @property
    def link_count(self) -> int:
        """Number of links."""
        return len(self.links.id)

    def link_shape_xy(self, link: int) -> Floats:
        """Centre line of a link from its first node to its last, ``[point, 2]`` m."""
        start, end = self.links.shape_start[link], self.links.shape_start[link + 1]
        return self.links.shape_xy[start:end]

    def parts(self) -> Ints:
        """Number of the connected part that every node belongs to, ``[node]``; 0 is the longest in metres."""
        from scipy.sparse import coo_array
        from scipy.sparse.csgraph import connected_components

        count = len(self.nodes.id)
        ends = (self.links.from_node, self.links.to_node)
        joined = coo_array((np.ones(self.link_count), ends), shape=(count, count))
        number, part = connected_components(joined, directed=False)
        length_m = np.bincount(part[self.links.from_node], weights=self.links.length_m, minlength=number)
        rank = np.empty(number, np.int32)
        rank[np.argsort(-length_m, kind="stable")] = np.arange(number)
        return rank[part]
