"""Let people walk straight across squares: lines between the places where they are entered."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np

from .osm_chains import XY, line_length
from .osm_read import OsmWay
from .osm_tags import layer_of
from .walk_draft import Draft, Piece
from .walk_network import WalkKind
from .walk_ways import WayLayer

ROOM_M = 0.5  # a line may leave the square by so much: maps are drawn by hand
SHORTEST_LINE_M = 1.0


def lay_squares(squares: Sequence[OsmWay], layer: WayLayer, draft: Draft) -> None:
    """Lay lines across every square that is entered at two places at least.

    The area of a square is shared among its lines by their length, so that as many people find room on them as on the
    square.
    """
    import shapely

    met = {node for piece in draft.pieces for node in (piece.start, piece.end)}
    for way in squares:
        ring = np.array([layer.map.xy[node] for node in way.nodes])
        shape = shapely.Polygon(ring)
        if not shape.is_valid or shape.area <= 0.0:
            draft.notes.append(f"way/{way.id}: the outline of this square crosses itself; nobody walks across it.")
            continue
        name = way.tags.get("name", "")
        draft.squares.append((f"way/{way.id}", name, ring))
        inside = shape.representative_point()
        keys = [layer.node_key(node, [layer.map.xy[node], (inside.x, inside.y)]) for node in way.nodes[:-1]]
        entered = {
            key: draft.places[key] for key in keys if key in met or not key.startswith("node/") or "/" in key[5:]
        }
        _lay_lines(f"way/{way.id}", name, entered, shape.buffer(ROOM_M), shape.area, layer_of(way.tags), draft)


def _lay_lines(
    name: str, said: str, entered: dict[str, XY], room: object, area_m2: float, level: int, draft: Draft
) -> None:
    """Lines between places that see each other, so that no two cross."""
    import shapely

    assert isinstance(room, shapely.Polygon)
    keys = sorted(entered)
    pairs = [
        (a, b)
        for a, b in _neighbours([entered[key] for key in keys])
        if _seen(room, entered[keys[a]], entered[keys[b]])
    ]
    lines = [[entered[keys[a]], entered[keys[b]]] for a, b in pairs]
    total_m = sum(line_length(line) for line in lines)
    for number, ((a, b), line) in enumerate(zip(pairs, lines, strict=True)):
        width_m = area_m2 / total_m
        piece = Piece(
            f"{name}/across{number}", line, keys[a], keys[b], WalkKind.SQUARE, width_m, width_assumed=False, name=said
        )
        piece.layer = level
        draft.pieces.append(piece)


def _neighbours(places: Sequence[XY]) -> list[tuple[int, int]]:
    """Pairs of places that are neighbours in the triangles between all of them."""
    if len(places) < 4:
        return list(itertools.combinations(range(len(places)), 2))
    from scipy.spatial import Delaunay, QhullError

    try:
        triangles = Delaunay(np.array(places)).simplices
    except QhullError:  # all on one line
        order = sorted(range(len(places)), key=lambda row: places[row])
        return [(min(pair), max(pair)) for pair in itertools.pairwise(order)]
    return sorted(
        {(min(a, b), max(a, b)) for corners in triangles.tolist() for a, b in itertools.combinations(corners, 2)}
    )


def _seen(room: object, one: XY, other: XY) -> bool:
    import shapely

    assert isinstance(room, shapely.Polygon)
    line = shapely.LineString([one, other])
    return bool(line.length >= SHORTEST_LINE_M and room.buffer(1.0).covers(line))
