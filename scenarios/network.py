"""Hold the road network: immutable arrays, and the source's own ids to name them.

Tables are structs of arrays. Rows refer to each other by row number (``int32``); ids are for people and files.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int32]
Bytes = NDArray[np.int8]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

# Road classes with their rank in right of way (higher goes first); ranks as SUMO's OSM typemap orders them.
ROAD_CLASSES: Mapping[str, int] = {
    "motorway": 14,
    "trunk": 13,
    "primary": 12,
    "secondary": 11,
    "tertiary": 10,
    "motorway_link": 9,
    "trunk_link": 8,
    "primary_link": 7,
    "secondary_link": 6,
    "tertiary_link": 5,
    "unclassified": 4,
    "residential": 3,
    "living_street": 2,
    "service": 1,
    "track": 1,
}
CLASS_NAMES = tuple(ROAD_CLASSES)


NO_PLACE = 0  # in place of an EPSG number: a network that lies nowhere on Earth


class Control(IntEnum):
    """How right of way is settled at a junction."""

    PRIORITY = 0  # signs or rank of roads
    SIGNAL = 1
    RIGHT_BEFORE_LEFT = 2  # left before right where traffic drives on the left
    ALL_WAY_STOP = 3
    FREE = 4  # nothing conflicts: a change of road, a dead end, a gate


class Turn(IntEnum):
    """Direction of a movement."""

    STRAIGHT = 0
    RIGHT = 1
    LEFT = 2
    UTURN = 3


class Light(IntEnum):
    """What a connector is shown. GREEN_YIELD: green, but give way to the foes it must yield to."""

    RED = 0
    YELLOW = 1
    GREEN_YIELD = 2
    GREEN = 3


class FoeKind(IntEnum):
    """Why two connectors may not be used together."""

    CROSS = 0
    MERGE = 1


@dataclass(frozen=True, slots=True)
class Fault:
    """Something wrong or doubtful in the source, with its place."""

    kind: str  # "signal_without_approach", "unreachable", "too_short", ...
    where: str  # id: "way/123", "node/45"
    x_m: float
    y_m: float
    text: str
    mode: str = ""  # for faults that hold for one mode only


@dataclass(frozen=True, slots=True, eq=False)
class Junctions:
    """Shapes ``[junction]``."""

    id: tuple[str, ...]
    x_m: Floats
    y_m: Floats
    control: Bytes  # Control
    source_nodes: tuple[tuple[int, ...], ...]
    gate: tuple[str, ...]  # "", "entry", "exit", "both"
    connector_start: Ints  # [junction + 1]; connectors of a junction are contiguous


@dataclass(frozen=True, slots=True, eq=False)
class Links:
    """Shapes ``[link]``; lanes of a link are contiguous, lane 0 at the kerb."""

    id: tuple[str, ...]
    name: tuple[str, ...]
    from_junction: Ints
    to_junction: Ints
    length_m: Floats  # from stop line to stop line: what a vehicle drives on its lanes, junction areas excluded
    speed_mps: Floats
    road_class: Bytes  # row in CLASS_NAMES
    lane_start: Ints  # [link + 1]
    movement_start: Ints  # [link + 1]; movements that leave this link are contiguous
    twin: Ints  # opposite direction of the same road, -1 when one-way
    roundabout: Bools
    destination_only: Bools
    layer: Bytes
    shape_start: NDArray[np.int64]  # [link + 1] into shape_xy
    shape_xy: Floats  # [point, 2] m
    source_ways: tuple[tuple[str, ...], ...]
    assumed: tuple[frozenset[str], ...]
    gradient: Floats = field(default_factory=lambda: np.zeros(0))  # metres up per metre driven, NaN: not known
    headway_factor: Floats = field(default_factory=lambda: np.zeros(0))  # headways kept there over the drivers' own
    merge_share: Floats = field(default_factory=lambda: np.zeros(0))  # of what gets in where it joins others, 0: none

    def __post_init__(self) -> None:
        if not self.gradient.size:
            object.__setattr__(self, "gradient", np.full(len(self.id), np.nan))
        if not self.headway_factor.size:
            object.__setattr__(self, "headway_factor", np.ones(len(self.id)))
        if not self.merge_share.size:
            object.__setattr__(self, "merge_share", np.zeros(len(self.id)))


@dataclass(frozen=True, slots=True, eq=False)
class Lanes:
    """Shapes ``[lane]``; connectors that leave a lane are contiguous."""

    link: Ints
    index: Bytes  # 0 at the kerb
    width_m: Floats
    access: Ints  # bits of scenarios.streets.MODES
    connector_start: Ints  # [lane + 1]
    stands_by: Bools = field(
        default_factory=lambda: np.zeros(0, np.bool_)
    )  # closed until contraflow turns traffic to it

    def __post_init__(self) -> None:
        if not self.stands_by.size:
            object.__setattr__(self, "stands_by", np.zeros(self.link.size, np.bool_))


@dataclass(frozen=True, slots=True, eq=False)
class Movements:
    """Shapes ``[movement]``: link → link, sorted by ``from_link``, then ``to_link``. Forbidden turns have no row."""

    from_link: Ints
    to_link: Ints
    turn: Bytes  # Turn
    junction: Ints
    length_m: Floats  # through the junction


@dataclass(frozen=True, slots=True, eq=False)
class Connectors:
    """Shapes ``[connector]``: lane → lane through a junction, sorted by junction, ``from_lane``, ``to_lane``.

    Conflicts are symmetric: if ``b`` is a foe of ``a``, ``a`` is one of ``b``. ``foe_yield`` is not: of two conflicting
    connectors at most one must yield, except where everybody yields to everybody (all-way stop, equal rank).
    """

    movement: Ints
    from_lane: Ints
    to_lane: Ints
    length_m: Floats
    speed_mps: Floats  # limit through the curve
    priority: Bytes  # order of service, higher first
    stop: Bools  # must stand at the line before entering
    signal: Ints  # row in Signals, -1: none
    group: Ints  # column of the controller's light table, -1: none
    foe_start: Ints  # [connector + 1]
    foe: Ints  # connector
    foe_kind: Bytes  # FoeKind
    foe_yield: Bools  # the owner gives way to this foe
    foe_reach_m: Floats  # along the foe: where it begins to get in the owner's way
    foe_clear_m: Floats  # and where it no longer does
    shape_start: NDArray[np.int64]  # [connector + 1]
    shape_xy: Floats  # [point, 2] m


@dataclass(frozen=True, slots=True, eq=False)
class Signals:
    """Shapes ``[controller]``; a controller runs its phases in turn for ever, a cycle beginning at ``offset_s``."""

    id: tuple[str, ...]  # of the junction
    junction: Ints
    offset_s: Floats
    phase_start: Ints  # [controller + 1]
    phase_s: Floats  # [phase] duration
    group_count: Ints  # [controller]
    light_start: Ints  # [phase + 1] into light
    light: Bytes  # Light of every group in every phase, phase by phase
    assumed: Bools  # [controller] the programme was generated
    # What an actuated programme says besides; left out, all programmes are fixed.
    actuated: Bools = field(default_factory=lambda: np.zeros(0, bool))  # [controller] phases follow the traffic
    shortest_s: Floats = field(default_factory=lambda: np.zeros(0))  # [phase] phase_s where the programme is fixed
    longest_s: Floats = field(default_factory=lambda: np.zeros(0))

    def __post_init__(self) -> None:
        if not self.actuated.size:
            object.__setattr__(self, "actuated", np.zeros(len(self.id), bool))
        if not self.shortest_s.size:
            object.__setattr__(self, "shortest_s", self.phase_s.copy())
            object.__setattr__(self, "longest_s", self.phase_s.copy())


@dataclass(frozen=True, slots=True, eq=False)
class RoadNetwork:
    """One city's streets as vehicles see them. Immutable: what changes during a run lives in the run's own state."""

    name: str
    epsg: int  # NO_PLACE: its coordinates are metres from nowhere in particular
    drives_on_left: bool
    country: str
    source: str
    attribution: str
    junctions: Junctions
    links: Links
    lanes: Lanes
    movements: Movements
    connectors: Connectors
    signals: Signals
    forbidden_sequences: tuple[tuple[int, ...], ...] = ()
    faults: tuple[Fault, ...] = ()
    notes: tuple[str, ...] = ()
    depends_on_time: bool = False  # whether its source has tags that hold at some times only
    slopes: bool = False  # whether vehicles feel the gradients of its links
    numbers: tuple[
        int, ...
    ] = ()  # by which chance knows the links, whatever a plan changed beside them; (): their rows
    assumed: Mapping[str, int] = field(default_factory=dict)  # value name -> number of links it was assumed for
    link_row: Mapping[str, int] = field(init=False, repr=False)
    junction_row: Mapping[str, int] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "link_row", {name: row for row, name in enumerate(self.links.id)})
        object.__setattr__(self, "junction_row", {name: row for row, name in enumerate(self.junctions.id)})
        for table in (self.junctions, self.links, self.lanes, self.movements, self.connectors, self.signals):
            for column in table.__dataclass_fields__:
                array = getattr(table, column)
                if isinstance(array, np.ndarray):
                    array.setflags(write=False)

    @property
    def link_count(self) -> int:
        """Number of links."""
        return len(self.links.id)

    @property
    def lane_count(self) -> int:
        """Number of lanes."""
        return int(self.lanes.link.size)

    def links_called(self, name: str) -> list[str]:
        """Ids of the links that a word means, which is one itself or the name of a street; none of another word."""
        if name in self.link_row:
            return [name]
        wanted = name.casefold()
        return [
            self.links.id[row] for row, street in enumerate(self.links.name) if wanted and street.casefold() == wanted
        ]

    def link_shape_xy(self, link: int) -> Floats:
        """Centre line of a link, ``[point, 2]`` m in the projected CRS."""
        start, end = self.links.shape_start[link], self.links.shape_start[link + 1]
        return self.links.shape_xy[start:end]
