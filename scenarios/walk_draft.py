"""Collect the pieces of a walk network, cut them where others join, and make the network of them."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from .network import Floats, RoadNetwork
from .osm_chains import XY, line_length
from .osm_outlines import cut_line
from .walk_network import (
    CrossingKind,
    Crossings,
    Entrances,
    Squares,
    WalkKind,
    WalkLinks,
    WalkNetwork,
    WalkNodes,
)

SHORTEST_M = 0.5  # of a link; what is drawn shorter is walked as if it were so long
JOINED_WITHIN_M = 1.0  # of the end of a piece: a break there is that end


@dataclass(slots=True)
class Across:
    """What a piece that is a crossing crosses."""

    kind: CrossingKind
    junction: int
    controller: int
    roads: list[tuple[int, float]]  # road link, and where along it, m


@dataclass(slots=True)
class Piece:
    """A line on which people walk, from node to node, with the nodes that join it in between."""

    id: str
    line: list[XY]
    start: str
    end: str
    kind: WalkKind
    width_m: float
    width_assumed: bool = True
    inferred: bool = False
    name: str = ""
    road_link: int = -1
    across: Across | None = None
    breaks: list[tuple[float, str]] = field(default_factory=list)
    layer: int = 0  # level

    @property
    def length_m(self) -> float:
        """Length of its line."""
        return line_length(self.line)


@dataclass(slots=True)
class Draft:
    """A walk network in the making."""

    places: dict[str, XY] = field(default_factory=dict)  # of nodes
    pieces: list[Piece] = field(default_factory=list)
    entrances: list[tuple[str, XY]] = field(default_factory=list)
    squares: list[tuple[str, str, NDArray[np.float64]]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def cut(self) -> None:
        """Cut all pieces at the nodes that join them."""
        self.pieces = [part for piece in self.pieces for part in _parts(piece, self.places)]

    def drop_blind_crossings(self) -> int:
        """Leave out crossings that lead to a place where nothing else does; return how many."""
        dropped = 0
        while True:
            degree: dict[str, int] = {}
            for piece in self.pieces:
                for node in (piece.start, piece.end):
                    degree[node] = degree.get(node, 0) + 1
            kept = [
                piece
                for piece in self.pieces
                if piece.across is None
                or (min(degree[piece.start], degree[piece.end]) > 1 and piece.start != piece.end)
            ]
            if len(kept) == len(self.pieces):
                return dropped
            dropped += len(self.pieces) - len(kept)
            self.pieces = kept


def _parts(piece: Piece, places: dict[str, XY]) -> list[Piece]:
    """A piece cut at its breaks, which are drawn to where their nodes lie."""
    length_m = piece.length_m
    inside = sorted((at_m, node) for at_m, node in piece.breaks if JOINED_WITHIN_M < at_m < length_m - JOINED_WITHIN_M)
    if not inside:
        return [piece]
    stops = [(0.0, piece.start), *inside, (length_m, piece.end)]
    found = []
    for number, ((from_m, start), (to_m, end)) in enumerate(itertools.pairwise(stops)):
        if start == end:
            continue
        line = (
            cut_line(piece.line, from_m, length_m - to_m) if to_m - from_m > 0.05 else [piece.line[0], piece.line[-1]]
        )
        line = [places[start], *line[1:-1], places[end]]
        found.append(
            Piece(
                f"{piece.id}.{number}",
                line,
                start,
                end,
                piece.kind,
                piece.width_m,
                piece.width_assumed,
                piece.inferred,
                piece.name,
                piece.road_link,
                layer=piece.layer,
            )
        )
    return found


def to_network(draft: Draft, roads: RoadNetwork, *, attribution: str) -> WalkNetwork:
    """The immutable network of a draft whose pieces have been cut; rows are sorted by id."""
    pieces = sorted((piece for piece in draft.pieces if piece.start != piece.end), key=lambda piece: piece.id)
    used = sorted({node for piece in pieces for node in (piece.start, piece.end)})
    row = {node: number for number, node in enumerate(used)}
    lines = [np.array(piece.line, np.float64) for piece in pieces]
    crossing = [number for number, piece in enumerate(pieces) if piece.across is not None]
    links = WalkLinks(
        id=tuple(piece.id for piece in pieces),
        name=tuple(piece.name for piece in pieces),
        from_node=np.array([row[piece.start] for piece in pieces], np.int32),
        to_node=np.array([row[piece.end] for piece in pieces], np.int32),
        length_m=np.array([max(piece.length_m, SHORTEST_M) for piece in pieces]),
        width_m=np.array([piece.width_m for piece in pieces], np.float64),
        width_assumed=np.array([piece.width_assumed for piece in pieces], np.bool_),
        inferred=np.array([piece.inferred for piece in pieces], np.bool_),
        kind=np.array([piece.kind for piece in pieces], np.int8),
        layer=np.array([piece.layer for piece in pieces], np.int8),
        road_link=np.array([piece.road_link for piece in pieces], np.int32),
        shape_start=_starts([len(line) for line in lines]),
        shape_xy=np.concatenate(lines) if lines else np.zeros((0, 2)),
    )
    return WalkNetwork(
        name=roads.name,
        epsg=roads.epsg,
        source=roads.source,
        attribution=attribution,
        nodes=WalkNodes(
            tuple(used),
            np.array([draft.places[node][0] for node in used]),
            np.array([draft.places[node][1] for node in used]),
        ),
        links=links,
        crossings=_crossings(crossing, [pieces[number].across for number in crossing]),
        entrances=_entrances(draft.entrances, lines),
        squares=_squares(draft.squares),
        notes=tuple(draft.notes),
    )


def _starts(sizes: Sequence[int]) -> NDArray[np.int64]:
    return np.concatenate([[0], np.cumsum(np.asarray(sizes, np.int64))]).astype(np.int64)


def _crossings(rows: Sequence[int], across: Sequence[Across | None]) -> Crossings:
    known = [one for one in across if one is not None]
    roads = [road for one in known for road in one.roads]
    return Crossings(
        link=np.array(rows, np.int32),
        kind=np.array([one.kind for one in known], np.int8),
        junction=np.array([one.junction for one in known], np.int32),
        controller=np.array([one.controller for one in known], np.int32),
        road_start=_starts([len(one.roads) for one in known]).astype(np.int32),
        road_link=np.array([link for link, _ in roads], np.int32),
        road_at_m=np.array([at_m for _, at_m in roads], np.float64),
    )


def _entrances(doors: Sequence[tuple[str, XY]], lines: Sequence[Floats]) -> Entrances:
    """Doors with the place on a link that is nearest to each."""
    import shapely

    kept = sorted(doors) if lines else []
    points = np.array([place for _, place in kept], np.float64).reshape(-1, 2)
    link, at_m = np.zeros(len(kept), np.int32), np.zeros(len(kept))
    if kept:
        shapes = [shapely.LineString(line) for line in lines]
        link = shapely.STRtree(shapes).nearest(shapely.points(points)).astype(np.int32)
        at_m = shapely.line_locate_point([shapes[row] for row in link], shapely.points(points))
    return Entrances(tuple(name for name, _ in kept), points[:, 0].copy(), points[:, 1].copy(), link, at_m)


def _squares(squares: Sequence[tuple[str, str, Floats]]) -> Squares:
    rings = [ring for _, _, ring in squares]
    area = [abs(_ring_area(ring)) for ring in rings]
    return Squares(
        id=tuple(name for name, _, _ in squares),
        name=tuple(name for _, name, _ in squares),
        area_m2=np.array(area, np.float64),
        shape_start=_starts([len(ring) for ring in rings]),
        shape_xy=np.concatenate(rings) if rings else np.zeros((0, 2)),
    )


def _ring_area(ring: Floats) -> float:
    """Signed area of a closed ring, m²."""
    x, y = ring[:, 0], ring[:, 1]
    return float(np.sum(x[:-1] * y[1:] - x[1:] * y[:-1])) / 2.0
