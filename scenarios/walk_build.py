"""Build the walk network of a city from its road network and, where there is one, its OpenStreetMap extract."""

from __future__ import annotations

from pathlib import Path

from .network import RoadNetwork
from .osm_read import ATTRIBUTION, PBF_ENDINGS, XML_ENDINGS
from .walk_draft import Draft, to_network
from .walk_network import WalkNetwork
from .walk_sides import RoadSides
from .walk_squares import lay_squares
from .walk_ways import WayLayer, read_walk_map

ONLY_STREETS = "The source draws no ways for people on foot: all sidewalks and crossings are inferred from its streets."


def build_walk_network(roads: RoadNetwork, source: Path | str) -> WalkNetwork:
    """Lay out where people walk.

    Parameters
    ----------
    roads
        The road network, with what a plan changed in it.
    source
        What it was read from. OpenStreetMap files say where people walk; of any other source sidewalks and crossings
        are inferred from the streets alone.

    Raises
    ------
    SourceError
        The file cannot be read.
    """
    draft = Draft()
    if not str(source).lower().endswith((*XML_ENDINGS, *PBF_ENDINGS)) or str(source).endswith(
        ("net.xml", "net.xml.gz")
    ):
        sides = RoadSides(roads, {}, draft)
        sides.lay_sidewalks(lambda _: False)
        sides.lay_crossings()
        draft.notes.append(ONLY_STREETS)
        draft.drop_blind_crossings()
        return to_network(draft, roads, attribution=roads.attribution)
    walk_map = read_walk_map(Path(source), roads)
    sides = RoadSides(roads, {name.rpartition(":")[0]: way.tags for name, way in walk_map.road_ways.items()}, draft)
    layer = WayLayer(walk_map, sides, draft)
    sides.lay_sidewalks(layer.mapped_beside())
    layer.lay_ways()
    lay_squares(walk_map.squares, layer, draft)
    layer.lay_crossings()
    sides.lay_crossings()
    layer.join_loose_sides()
    draft.entrances = [(f"node/{node}", walk_map.xy[node]) for node in walk_map.doors]
    draft.cut()
    blind = draft.drop_blind_crossings()
    if blind:
        draft.notes.append(f"{blind} crossings lead to a side on which nobody walks; they were left out.")
    if layer.without_light:
        draft.notes.append(
            f"{layer.without_light} signalled crossings stand where the road network has no signals; they are crossed "
            "as marked ones."
        )
    return to_network(draft, roads, attribution=ATTRIBUTION)
