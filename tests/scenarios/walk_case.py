"""Make walk networks of small towns drawn in OpenStreetMap's terms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from xml.sax.saxutils import quoteattr

from citytwin.scenarios.load_network import load_network
from citytwin.scenarios.network import RoadNetwork
from citytwin.scenarios.walk_build import build_walk_network
from citytwin.scenarios.walk_laws import check_walk_network
from citytwin.scenarios.walk_network import WalkNetwork

from .osm_case import FAR_M, Way, lon_lat

FAR = {9_000_001: (-FAR_M, -FAR_M), 9_000_002: (FAR_M, FAR_M)}  # so that street ends are dead ends, not cuts


def write_osm(
    path: Path,
    places: Mapping[int, tuple[float, float]],
    ways: Sequence[Way],
    node_tags: Mapping[int, Mapping[str, str]] | None = None,
) -> Path:
    """Write a town into a file."""

    def tags(of: Mapping[str, str]) -> str:
        return "".join(f"<tag k={quoteattr(key)} v={quoteattr(value)}/>" for key, value in of.items())

    nodes = []
    for node, place in {**places, **FAR}.items():
        lon, lat = lon_lat(*place)
        nodes.append(
            f'<node id="{node}" lon="{lon:.8f}" lat="{lat:.8f}">{tags((node_tags or {}).get(node, {}))}</node>'
        )
    lines = [
        f'<way id="{way}">{"".join(f"<nd ref={quoteattr(str(ref))}/>" for ref in refs)}{tags(of)}</way>'
        for way, refs, of in ways
    ]
    path.write_text(f'<osm version="0.6">{"".join(nodes + lines)}</osm>', encoding="utf-8")
    return path


def walk_town(
    folder: Path,
    places: Mapping[int, tuple[float, float]],
    ways: Sequence[Way],
    node_tags: Mapping[int, Mapping[str, str]] | None = None,
) -> tuple[WalkNetwork, RoadNetwork]:
    """Walk network and road network of a town; both keep all laws."""
    file = write_osm(folder / "town.osm", places, ways, node_tags)
    roads = load_network(file, use_cache=False)
    walk = build_walk_network(roads, file)
    check_walk_network(walk, roads)
    return walk, roads
