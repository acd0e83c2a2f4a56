"""Say of an OpenStreetMap way what it is to people on foot: kind, width, sidewalks, crossings."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from .network import ROAD_CLASSES
from .osm_read import Tags
from .walk_network import CrossingKind, WalkKind

# Clear widths where no tag says one, m: assumptions of this program, counted as such wherever they are used.
WIDTH_M: Mapping[str, float] = {
    "footway": 2.0,
    "sidewalk": 2.0,
    "pedestrian": 6.0,
    "path": 1.5,
    "steps": 2.0,
    "cycleway": 2.5,
    "corridor": 2.0,
    "platform": 3.0,
    "elevator": 1.5,
    "service": 3.0,
    "track": 2.5,
    "street": 4.0,
}
SIDEWALK_M: Mapping[str, float] = {"primary": 2.5, "secondary": 2.5, "tertiary": 2.0}  # all others:
QUIET_SIDEWALK_M = 1.5
CROSSING_M: Mapping[int, float] = {CrossingKind.SIGNAL: 4.0, CrossingKind.ZEBRA: 4.0, CrossingKind.UNMARKED: 2.0}
NARROWEST_M, WIDEST_M = 0.5, 60.0
FAST_MPS = 65.0 / 3.6  # streets with a higher limit have no sidewalk unless a tag says so

NO = frozenset({"no", "private", "use_sidepath", "agricultural", "forestry", "customers", "military"})
YES = frozenset({"yes", "designated", "permissive", "official"})
KINDS: Mapping[str, WalkKind] = {
    "footway": WalkKind.FOOTWAY,
    "pedestrian": WalkKind.FOOTWAY,
    "corridor": WalkKind.FOOTWAY,
    "platform": WalkKind.FOOTWAY,
    "elevator": WalkKind.FOOTWAY,
    "path": WalkKind.PATH,
    "cycleway": WalkKind.PATH,
    "steps": WalkKind.STEPS,
}
ALWAYS = ("residential", "living_street")  # have one whatever the limit
WITHOUT_SIDEWALK = frozenset({"motorway", "motorway_link", "trunk", "trunk_link", "track", "service"})


@dataclass(frozen=True, slots=True)
class WalkWay:
    """A way on which people walk."""

    kind: WalkKind
    width_m: float
    width_assumed: bool


def read_walk_way(tags: Tags) -> WalkWay | None:
    """What a way is to people on foot; None where they may not walk, or walk beside it."""
    highway = tags.get("highway", "")
    if not _may_walk(tags, highway):
        return None
    kind = KINDS.get(highway)
    if kind is None:
        if highway not in ROAD_CLASSES or ROAD_CLASSES[highway] > ROAD_CLASSES["tertiary"]:
            return None
        kind = WalkKind.STREET
    if highway == "footway" and tags.get("footway") == "sidewalk":
        kind = WalkKind.SIDEWALK
    width_m = tagged_width(tags, "width", "est_width")
    name = "sidewalk" if kind == WalkKind.SIDEWALK else highway
    assumed_m = WIDTH_M.get(name, WIDTH_M["street"])
    return WalkWay(kind, assumed_m if width_m is None else width_m, width_m is None)


def _may_walk(tags: Tags, highway: str) -> bool:
    foot = tags.get("foot", "")
    if foot in NO:
        return False
    if highway == "cycleway" and foot not in YES:
        return False
    return foot in YES or tags.get("access", "") not in NO


def is_square(tags: Tags) -> bool:
    """Whether a closed way or a multipolygon is an open space for people on foot."""
    return (
        tags.get("highway") in ("pedestrian", "footway")
        and tags.get("area", "yes") == "yes"
        and (tags.get("area") == "yes" or tags.get("type") == "multipolygon")
    )


def tagged_width(tags: Tags, *keys: str) -> float | None:
    """The first width that tags give in metres, kept between what a person needs and what a street may be."""
    for key in keys:
        found = re.fullmatch(r"\s*(\d+(?:[.,]\d+)?)\s*m?\s*", tags.get(key, ""))
        if found:
            return min(max(float(found[1].replace(",", ".")), NARROWEST_M), WIDEST_M)
    return None


@dataclass(frozen=True, slots=True)
class Sidewalk:
    """What the tags or the class of a street say of one of its sides."""

    there: bool
    width_m: float
    width_assumed: bool
    tagged: bool  # a tag says that it is there


def read_sidewalk(tags: Tags, road_class: str, *, left: bool, speed_mps: float) -> Sidewalk:
    """The sidewalk on one side of a street, seen along its way (``left``) in the map."""
    side = "left" if left else "right"
    said = tags.get(f"sidewalk:{side}") or tags.get("sidewalk:both") or tags.get("sidewalk", "")
    base = road_class.removesuffix("_link")
    tagged_m = tagged_width(tags, f"sidewalk:{side}:width", "sidewalk:both:width", "sidewalk:width")
    width_m = SIDEWALK_M.get(base, QUIET_SIDEWALK_M) if tagged_m is None else tagged_m
    if said in ("both", "yes", side):
        return Sidewalk(True, width_m, tagged_m is None, True)
    if said or tags.get("foot") in NO or tags.get("tunnel", "no") not in ("no", "building_passage"):
        return Sidewalk(False, width_m, True, bool(said))
    slow = speed_mps <= FAST_MPS or road_class in ALWAYS
    return Sidewalk(road_class not in WITHOUT_SIDEWALK and slow, width_m, True, False)


def crossing_kind(tags: Tags, *, signalised: bool) -> CrossingKind | None:
    """Kind of a crossing by the tags of its node or way; None where they say there is none."""
    said = tags.get("crossing", "")
    marked = tags.get("crossing:markings", "")
    if said == "no":
        return None
    if said == "traffic_signals" or tags.get("crossing:signals") == "yes" or (signalised and not said):
        return CrossingKind.SIGNAL
    if said == "unmarked" or marked == "no":
        return CrossingKind.UNMARKED
    return CrossingKind.ZEBRA
