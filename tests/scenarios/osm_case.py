"""Draw small towns in OpenStreetMap's terms: positions in metres, ways as (id, nodes, tags)."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from citytwin.scenarios.osm_read import OsmData, OsmRelation, OsmWay, bounding_box

# On the middle meridian of a UTM zone, so that metres here are metres there and north is up.
LON, LAT = 9.0, 47.0
METRE_LAT = 1.0 / 111_180.0
METRE_LON = 1.0 / (111_412.84 * math.cos(math.radians(LAT)) - 93.5 * math.cos(3 * math.radians(LAT)))
RESIDENTIAL = {"highway": "residential", "oneway": "no"}
ONEWAY = {"highway": "residential", "oneway": "yes"}
FAR_M = 3000.0  # corners of the extract lie this far away, so that street ends are dead ends, not cuts

Way = tuple[int, Sequence[int], Mapping[str, str]]


def lon_lat(x_m: float, y_m: float) -> tuple[float, float]:
    """Degrees of a place given in metres east and north of the middle of the town."""
    return LON + x_m * METRE_LON, LAT + y_m * METRE_LAT


def town(
    places: Mapping[int, tuple[float, float]],
    ways: Sequence[Way],
    *,
    node_tags: Mapping[int, Mapping[str, str]] | None = None,
    restrictions: Sequence[OsmRelation] = (),
    cut_nodes: Sequence[int] = (),
) -> OsmData:
    """OpenStreetMap data of a small town."""
    nodes = {node: lon_lat(*place) for node, place in places.items()}
    for number, (x, y) in enumerate([(-1, -1), (1, -1), (1, 1), (-1, 1)]):
        nodes[10_000_000 + number] = lon_lat(x * FAR_M, y * FAR_M)
    return OsmData(
        name="town",
        source="town.osm",
        nodes=nodes,
        node_tags=node_tags or {},
        ways=tuple(OsmWay(number, tuple(refs), tags) for number, refs, tags in ways),
        restrictions=tuple(restrictions),
        cut_nodes=frozenset(cut_nodes),
        bbox=bounding_box(nodes),
    )


def restriction(
    number: int, kind: str, from_way: int, via: int | Sequence[int], to_way: int, **more: str
) -> OsmRelation:
    """A turn restriction via a node, or via ways when a list of them is given."""
    vias = [("node", via, "via")] if isinstance(via, int) else [("way", way, "via") for way in via]
    members = (("way", from_way, "from"), *vias, ("way", to_way, "to"))
    return OsmRelation(number, members, {"type": "restriction", "restriction": kind, **more})
