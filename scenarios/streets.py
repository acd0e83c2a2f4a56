"""Describe streets between junctions before movements, conflicts and signals are built.

A ``StreetGraph`` is what every source (OSM, GraphML, a synthetic grid) is brought to; ``junctions.build_network``
turns it into the one immutable ``RoadNetwork``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from .network import Fault

# Who may use a lane, as bits. A link's access is the union of its lanes' access.
CAR, BUS, TRUCK, BICYCLE, FOOT, EMERGENCY = 1, 2, 4, 8, 16, 32
MOTOR = CAR | BUS | TRUCK | EMERGENCY
MODES = {"car": CAR, "bus": BUS, "truck": TRUCK, "bicycle": BICYCLE, "foot": FOOT, "emergency": EMERGENCY}


@dataclass(frozen=True, slots=True)
class Street:
    """One direction of travel from one junction to another, as driven."""

    id: str  # "way/123:0-4": first way of the chain, index of its first and last node in that way
    from_junction: str
    to_junction: str
    shape_xy: NDArray[np.float64]  # [point, 2] m in the projected CRS, centre line of this direction, first to last
    road_class: str  # a key of ROAD_CLASSES: "primary", "residential", "primary_link", ...
    speed_mps: float
    lane_width_m: float
    lane_access: tuple[int, ...]  # access bits per lane, lane 0 at the kerb (right where traffic drives on the right)
    name: str = ""
    source_ways: tuple[str, ...] = ()
    oneway: bool = False
    roundabout: bool = False  # a link of a ring; entering traffic gives way to it
    destination_only: bool = False  # access=destination, customers: the first or last link of a trip only
    # turn:lanes as driven from left to right, a tuple of arrows a lane: (("left",), ("through", "right")); None: no tag
    turn_lanes: tuple[tuple[str, ...], ...] | None = None
    pocket: str = ""  # "middle" or "kerb": its lane there is a turn pocket, for the turn to that side only
    sign: str = ""  # at its end: "stop", "give_way" or ""
    signalised: bool = False  # a signal node on this approach, on the junction or just behind it
    layer: int = 0
    twin: str = ""  # id of the opposite direction of the same way(s); "" when one-way
    # Names of values that no tag gave: "lanes", "speed_mps", "lane_width_m", "oneway", …
    assumed: frozenset[str] = frozenset()
    gradient: float | None = None  # metres that it rises per metre driven, where known
    length_m: float | None = None  # what is driven, where the source says that it is not the length of the shape


@dataclass(frozen=True, slots=True)
class JunctionSpec:
    """A place where streets meet; one junction however many source nodes it was drawn with."""

    id: str  # "node/123" (the lowest node id of a cluster)
    x_m: float
    y_m: float
    source_nodes: tuple[int, ...] = ()
    signalised: bool = False
    all_way_stop: bool = False
    mini_roundabout: bool = False
    gate: str = ""  # "entry", "exit" or "both" at the cut edge of an extract: no U-turn there
    # (from street, to street) that restrictions forbid, or that is impossible inside a merged cluster.
    banned: frozenset[tuple[str, str]] = frozenset()
    # Movements that exist inside a merged cluster with the path they follow ([point, 2] m); None: every pair exists.
    inner_paths: dict[tuple[str, str], NDArray[np.float64]] | None = None
    crossing_signal: bool = False  # a signalled pedestrian crossing in mid-block


@dataclass(frozen=True, slots=True)
class StreetGraph:
    """Streets and junctions of one place, in one projected CRS."""

    name: str
    epsg: int
    drives_on_left: bool
    country: str  # ISO 3166-1 alpha-2, "" when unknown
    source: str  # what it was read from, for people
    attribution: str  # must stay visible wherever the data are shown
    streets: tuple[Street, ...]
    junctions: tuple[JunctionSpec, ...]
    forbidden_sequences: tuple[tuple[str, ...], ...] = ()  # restrictions via a way, as street ids
    faults: tuple[Fault, ...] = ()
    notes: tuple[str, ...] = field(default=())  # what was repaired while reading, in words
    numbers: Mapping[str, int] = field(default_factory=dict)  # by which chance knows the streets; empty: by their rows
    people_cross: bool = True  # generated signal programmes give people time to walk
    depends_on_time: bool = False  # whether the source has tags that hold at some times only
