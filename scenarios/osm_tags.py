"""Interpret the tags of one OpenStreetMap way: lanes, speeds, access, turn arrows and direction of travel."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass

from .network import ROAD_CLASSES
from .osm_defaults import MPH_TO_KMH, NARROW_KMH, NARROW_LANE_M, WALK_KMH, ClassDefaults
from .osm_slopes import incline
from .streets import BICYCLE, BUS, CAR, EMERGENCY, FOOT, MODES, TRUCK

Tags = Mapping[str, str]
MAX_LANES = 10  # of one direction; more is a slip of the pen
# The keys that rule access for a mode, the most specific first.
ACCESS_KEYS: Mapping[str, tuple[str, ...]] = {
    "car": ("motorcar", "motor_vehicle", "vehicle", "access"),
    "bus": ("bus", "psv", "motor_vehicle", "vehicle", "access"),
    "truck": ("hgv", "motor_vehicle", "vehicle", "access"),
    "bicycle": ("bicycle", "vehicle", "access"),
    "foot": ("foot", "access"),
    "emergency": ("emergency",),
}
_ACCESS_WORDS = frozenset(key for keys in ACCESS_KEYS.values() for key in keys)
OPEN = CAR | TRUCK | BUS | BICYCLE | FOOT | EMERGENCY
OPEN_MOTORWAY = OPEN & ~(BICYCLE | FOOT)
CLOSED = frozenset(
    {"no", "private", "agricultural", "forestry", "delivery", "emergency", "bus", "psv", "military", "use_sidepath"}
)
LAST_LEG = frozenset({"destination", "customers", "customer", "permit", "residents"})
YES = frozenset({"yes", "true", "1"})
REVERSE = frozenset({"-1", "reverse"})
CHANGING = frozenset({"reversible", "alternating"})
# Barriers that stop cars unless their access tags say otherwise; gates are open unless they say otherwise.
SOLID_BARRIERS = frozenset(
    {"bollard", "block", "jersey_barrier", "cycle_barrier", "planter", "log", "debris", "wall", "turnstile"}
)
GATES = frozenset({"gate", "lift_gate", "swing_gate", "chain", "yes", "barrier"})
_WIDTH = re.compile(r"^(\d+(?:[.,]\d+)?)\s*m?$")
_SPEED = re.compile(r"^(\d+(?:\.\d+)?)\s*(km/h|kmh|kph|mph|knots)?$")


@dataclass(frozen=True, slots=True)
class Direction:
    """What drivers find in one direction of a way."""

    lane_access: tuple[int, ...]  # lane 0 at the kerb
    lane_width_m: float
    speed_kmh: float
    turn_lanes: tuple[tuple[str, ...], ...] | None  # left to right as driven
    destination_only: bool
    assumed: frozenset[str]
    gradient: float | None = None  # metres up per metre driven


@dataclass(frozen=True, slots=True)
class Road:
    """A way that cars may use; a direction that they may not drive is None."""

    road_class: str
    name: str
    layer: int
    roundabout: bool
    forward: Direction | None
    backward: Direction | None
    doubts: tuple[str, ...] = ()  # tags that could not be followed, in words
    width_m: float | None = None  # of the whole carriageway, where a tag says it


def read_road(tags: Tags, defaults: Mapping[str, ClassDefaults], *, urban: bool, on_left: bool) -> Road | None:
    """Interpret a way; None when cars cannot use it in any direction.

    Parameters
    ----------
    tags : mapping
        Tags of the way.
    defaults : mapping
        Assumed values by road class, see ``osm_defaults.defaults_for``.
    urban : bool
        Which of the assumed speeds hold.
    on_left : bool
        Whether traffic keeps to the left.
    """
    road_class = tags.get("highway", "")
    if road_class not in ROAD_CLASSES or tags.get("area") == "yes":
        return None
    doubts: list[str] = []
    roundabout = tags.get("junction") in {"roundabout", "circular"}
    goes_forward, goes_backward, assumed_oneway = _directions(tags, road_class, roundabout, doubts)
    gradient = incline(tags, doubts)
    directions: list[Direction | None] = []
    oneway = not (goes_forward and goes_backward)
    for suffix, goes in (("forward", goes_forward), ("backward", goes_backward)):
        bits, last_leg = access_bits(tags, road_class, suffix)
        if not goes or not bits & CAR:
            directions.append(None)
            continue
        assumed = {"oneway"} if assumed_oneway else set()
        known = defaults[road_class]
        count, width_m = _lane_count(tags, suffix, known, assumed, oneway=oneway)
        speed_kmh = _speed(tags, suffix, known, assumed, defaults, urban=urban)
        if width_m == NARROW_LANE_M and "speed_mps" in assumed:
            speed_kmh = min(speed_kmh, NARROW_KMH)
        known_lanes = "lanes" not in assumed
        access = _lane_access(tags, suffix, count, bits, oneway=oneway, on_left=on_left, lanes_known=known_lanes)
        turn_lanes = _turn_lanes(tags, suffix, len(access), oneway=oneway)
        up = gradient if gradient is None or suffix == "forward" else -gradient
        directions.append(Direction(access, width_m, speed_kmh, turn_lanes, last_leg, frozenset(assumed), up))
    if directions[0] is None and directions[1] is None:
        return None
    return Road(
        road_class=road_class,
        name=tags.get("name") or tags.get("ref") or "",
        layer=layer_of(tags),
        roundabout=roundabout,
        forward=directions[0],
        backward=directions[1],
        doubts=tuple(doubts),
        width_m=_width_m(tags),
    )


def access_bits(tags: Tags, road_class: str, suffix: str = "") -> tuple[int, bool]:
    """Who may use a way (bits of ``streets.MODES``), and whether cars may only at the end of their trip.

    Examples
    --------
    >>> access_bits({"access": "no", "motorcar": "yes"}, "residential")[0] & CAR
    1
    >>> access_bits({"motor_vehicle": "destination"}, "residential")[1]
    True
    """
    if _ACCESS_WORDS.isdisjoint(key.partition(":")[0] for key in tags):
        return (OPEN_MOTORWAY if road_class in {"motorway", "motorway_link"} else OPEN), False
    bits, last_leg = 0, False
    for mode, keys in ACCESS_KEYS.items():
        value = next((said for key in keys if (said := tags.get(f"{key}:{suffix}") or tags.get(key))), "")
        value = value.split(";")[0].strip()
        if value in CLOSED or (
            not value and road_class in {"motorway", "motorway_link"} and mode in {"bicycle", "foot"}
        ):
            continue
        bits |= MODES[mode]
        if mode == "car":
            last_leg = value in LAST_LEG
    return bits, last_leg


def is_closed_barrier(tags: Tags) -> bool:
    """Whether a node stops cars: a bollard without other word, a gate that is said to be closed."""
    barrier = tags.get("barrier", "")
    if barrier not in SOLID_BARRIERS and barrier not in GATES:
        return False
    value = next((tags[key] for key in ACCESS_KEYS["car"] if key in tags), "")
    if value:
        return value in CLOSED
    return barrier in SOLID_BARRIERS


def layer_of(tags: Tags) -> int:
    """Level of a way: its layer tag, else 1 on a bridge, -1 in a tunnel."""
    try:
        return max(-9, min(9, int(float(tags["layer"].split(";")[0]))))
    except (KeyError, ValueError, OverflowError):
        if tags.get("bridge", "no") != "no":
            return 1
        return -1 if tags.get("tunnel", "no") not in {"no", "building_passage"} else 0


def parse_speed(value: str, defaults: Mapping[str, ClassDefaults]) -> float | None:
    """Limit in km/h that a ``maxspeed`` value states; None when it states none.

    Lists give their lowest value. ``RO:urban`` and the like are looked up in the defaults.

    Examples
    --------
    >>> from citytwin.scenarios.osm_defaults import defaults_for
    >>> [parse_speed(text, defaults_for("FI")) for text in ("50", "walk", "50;30", "DE:zone:30", "FI:urban", "signals")]
    [50.0, 7.0, 30.0, 30.0, 50.0, None]
    """
    found = [speed for part in re.split(r"[;|,]", value) if (speed := _one_speed(part.strip(), defaults)) is not None]
    return min(found) if found else None


def _one_speed(text: str, defaults: Mapping[str, ClassDefaults]) -> float | None:
    text = text.lower()
    match = _SPEED.match(text)
    if match:
        factor = {"mph": MPH_TO_KMH, "knots": 1.852}.get(match[2] or "", 1.0)
        speed = float(match[1]) * factor
        return speed if 1.0 <= speed <= 250.0 else None
    if text == "walk":
        return WALK_KMH
    if text == "none":
        return defaults["motorway"].rural_kmh
    zone = text.rpartition(":")[2]
    if ":" in text and (number := _SPEED.match(zone.removeprefix("zone"))):
        return float(number[1])
    return {
        "urban": defaults["secondary"].urban_kmh,
        "rural": defaults["secondary"].rural_kmh,
        "motorway": defaults["motorway"].rural_kmh,
        "trunk": defaults["trunk"].rural_kmh,
        "living_street": defaults["living_street"].urban_kmh,
        "bicycle_road": 30.0,
        "walk": WALK_KMH,
    }.get(zone if ":" in text else "")


def _directions(tags: Tags, road_class: str, roundabout: bool, doubts: list[str]) -> tuple[bool, bool, bool]:
    """Whether cars go forward, backward, and whether no tag said so."""
    value = next((tags[key] for key in ("oneway:motorcar", "oneway:motor_vehicle", "oneway") if key in tags), "")
    if value in YES:
        return True, False, False
    if value in REVERSE:
        return False, True, False
    if value in CHANGING:
        doubts.append(f"oneway={value} changes with the time of day: taken as two-way")
        return True, True, True
    if roundabout or (road_class == "motorway" and value != "no"):
        return True, False, False
    return True, True, not value


def _width_m(tags: Tags) -> float | None:
    """Width of a carriageway in metres; None where no tag says it in metres."""
    found = _WIDTH.match(tags.get("width:carriageway") or tags.get("width") or "")
    return None if found is None else float(found[1].replace(",", "."))


def _whole(text: str | None) -> int | None:
    """A lane count; of a list the lowest; None when it is not one."""
    if not text:
        return None
    found = []
    for part in text.split(";"):
        try:
            number = float(part)
        except ValueError:
            return None
        if not math.isfinite(number) or not 0.0 <= number <= 2 * MAX_LANES:
            return None
        found.append(int(number))
    return min(found)


def _lane_count(tags: Tags, suffix: str, known: ClassDefaults, assumed: set[str], *, oneway: bool) -> tuple[int, float]:
    """Lanes of one direction, bus lanes included, and their width."""
    total = _whole(tags.get("lanes"))
    assumed.add("lane_width_m")
    if oneway:
        own = _whole(tags.get(f"lanes:{suffix}"))
        against = 1 if _contraflow_bus_lane(tags) else 0
        if own is None and total is not None:
            own = total - against
        if own is None:
            own = _count_of_lists(tags, ("", f":{suffix}"))
        if own is not None and own >= 1:
            return min(own, MAX_LANES), known.lane_width_m
        assumed.add("lanes")
        return known.lanes_oneway, known.lane_width_m
    own = _whole(tags.get(f"lanes:{suffix}")) or _count_of_lists(tags, (f":{suffix}",))
    if own is None and total is not None and total >= 1:
        if total == 1:
            return 1, NARROW_LANE_M
        other_suffix = "backward" if suffix == "forward" else "forward"
        other = _whole(tags.get(f"lanes:{other_suffix}")) or _count_of_lists(tags, (f":{other_suffix}",))
        shared = _whole(tags.get("lanes:both_ways")) or 0
        own = total - other - shared if other is not None else (total - shared) // 2
        own = max(own, 1)
    if own is not None and own >= 1:
        return min(own, MAX_LANES), known.lane_width_m
    assumed.add("lanes")
    return known.lanes_twoway, known.lane_width_m


def _count_of_lists(tags: Tags, suffixes: tuple[str, ...]) -> int | None:
    """Lanes that ``turn:lanes`` and its like list, where no count is given."""
    for suffix in suffixes:
        for key in ("turn", "change", "destination", "bus", "psv", "vehicle"):
            value = tags.get(f"{key}:lanes{suffix}")
            if value:
                return min(value.count("|") + 1, MAX_LANES)
    return None


def _contraflow_bus_lane(tags: Tags) -> bool:
    return any(tags.get(key, "").startswith("opposite") for key in ("busway", "busway:left", "busway:right"))


def _speed(
    tags: Tags,
    suffix: str,
    known: ClassDefaults,
    assumed: set[str],
    defaults: Mapping[str, ClassDefaults],
    *,
    urban: bool,
) -> float:
    keys = (f"maxspeed:motorcar:{suffix}", f"maxspeed:{suffix}", "maxspeed:motorcar", "maxspeed")
    for key in (*keys, f"maxspeed:type:{suffix}", "maxspeed:type", "source:maxspeed", "zone:maxspeed", "zone:traffic"):
        if key in tags:
            # A bare number in source:maxspeed is the year or the number of a survey as often as a limit.
            if key in {"source:maxspeed", "maxspeed:type"} and ":" not in tags[key]:
                continue
            speed = parse_speed(tags[key], defaults)
            if speed is not None:
                return speed
    assumed.add("speed_mps")
    return known.urban_kmh if urban else known.rural_kmh


def _lane_access(
    tags: Tags, suffix: str, count: int, bits: int, *, oneway: bool, on_left: bool, lanes_known: bool
) -> tuple[int, ...]:
    """Access bits per lane, lane 0 at the kerb; at least one lane stays open to cars."""
    bus_bits = BUS | EMERGENCY
    endings = (f":{suffix}", "") if oneway else (f":{suffix}",)
    lanes = [bits] * count
    listed = False
    for ending in endings:
        for key in ("bus:lanes", "psv:lanes", "motor_vehicle:lanes", "vehicle:lanes", "access:lanes"):
            values = tags.get(key + ending, "").split("|")
            if len(values) != count or values == [""]:
                continue
            if not on_left:
                values = values[::-1]  # tags go left to right as driven, lane 0 is at the kerb
            for lane, value in enumerate(values):
                if key in {"bus:lanes", "psv:lanes"} and value == "designated":
                    lanes[lane], listed = bus_bits | (bits & BICYCLE), True
                elif key not in {"bus:lanes", "psv:lanes"} and value in CLOSED and not listed:
                    lanes[lane] &= ~(CAR | TRUCK)
    if not listed:
        bus = _bus_lane_count(tags, suffix, oneway=oneway, on_left=on_left)
        if bus and not lanes_known:
            lanes += [bits] * bus  # the assumed count is of lanes for all
        for lane in range(min(bus, len(lanes) - 1)):
            lanes[lane] = bus_bits | (bits & BICYCLE)
    if not any(lane & CAR for lane in lanes):
        lanes[-1] = bits
    foot_off = ~FOOT
    return tuple(lane & foot_off if lane_number else lane for lane_number, lane in enumerate(lanes))


def _bus_lane_count(tags: Tags, suffix: str, *, oneway: bool, on_left: bool) -> int:
    for key in ("lanes:psv", "lanes:bus"):
        own = _whole(tags.get(f"{key}:{suffix}"))
        if own is not None:
            return own
        total = _whole(tags.get(key))
        if total:
            return total if oneway else total // 2
    kerb_side = "left" if on_left else "right"
    if suffix == "backward" and not oneway:
        kerb_side = "right" if on_left else "left"
    values = {tags.get("busway"), tags.get("busway:both"), tags.get(f"busway:{kerb_side}")}
    return 1 if "lane" in values else 0


def _turn_lanes(tags: Tags, suffix: str, count: int, *, oneway: bool) -> tuple[tuple[str, ...], ...] | None:
    """Arrows per lane, left to right; None when there are none or not one set for each lane."""
    value = tags.get(f"turn:lanes:{suffix}") or (tags.get("turn:lanes") if oneway else None)
    if not value:
        return None
    lanes = tuple(tuple(arrow.strip() for arrow in lane.split(";") if arrow.strip()) for lane in value.split("|"))
    return lanes if len(lanes) == count else None
