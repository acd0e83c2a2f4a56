"""Describe what a plan changes in the streets for good: new and removed roads, lanes, directions, turns, signals."""

from __future__ import annotations

import re
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, ValidationInfo, field_validator, model_validator

from .areas import Area
from .city import NodeId, RoadClass
from .osm_tags import MAX_LANES
from .strict import InputFile, Listed, Strict
from .told import LonLat
from .whereabouts import LINK_HELP, OnLinks, only_one

JUNCTION_HELP = "Junction id as listed by `citytwin network`."
BOTH_HELP = "Whether the opposite directions of the same roads change too."
Lanes = Annotated[int, Field(ge=1, le=MAX_LANES)]
SpeedKmh = Annotated[float, Field(ge=3, le=200)]
LaneUser = Literal["car", "bus", "truck", "bicycle", "emergency"]


def _plain_id(name: str) -> str:
    if not re.fullmatch(r"[\w.-]+", name):
        raise ValueError("must be of letters, digits, `_`, `-` and `.`: new links are named after it.")
    return name


def _way_id(name: str) -> str:
    if not re.fullmatch(r"way/\d{1,18}", name):
        raise ValueError("must be the id of an OpenStreetMap way such as way/123")
    return name


class _Change(Strict):
    id: Annotated[str, AfterValidator(_plain_id)] = Field(
        description="A name of your own; a file that inherits this one changes the entry by it."
    )


class ChangeOnLinks(OnLinks, _Change):
    """A change of links that are named."""


class RoadAdded(_Change):
    """A new road. It joins the junctions and streets that its ends lie near, and every street that it crosses.

    Its links are called `new/<id>:0-1`, `new/<id>:1-2` … from join to join, and `new/<id>:1-0` in the other direction.
    """

    kind: Literal["road_added"] = Field(description="`road_added`.")
    line: Listed[LonLat] | None = Field(
        None,
        min_length=2,
        description="Its course from point to point, [longitude, latitude] each. One of `line` and `file`.",
    )
    file: InputFile | None = Field(None, description="GeoJSON with one LineString. One of `line` and `file`.")
    name: str = Field("", max_length=200, description="Name of the street.")
    road_class: RoadClass = Field("residential", description="Its class: `primary`, `residential`, …")
    lanes: Lanes = Field(1, description="Lanes in each direction.")
    speed_kmh: SpeedKmh = Field(description="Speed limit, km/h.")
    one_way: bool = Field(False, description="Whether it may be driven in the direction of its line only.")
    lane_width_m: float = Field(3.25, ge=2, le=6, description="Width of a lane, m.")
    level: int = Field(
        0, ge=-9, le=9, description="1 for a bridge, -1 for a tunnel: streets of other levels are crossed, not joined."
    )
    join_within_m: float = Field(25.0, ge=1, le=100, description="How far its ends may lie from what they join, m.")

    @field_validator("file")
    @classmethod
    def _one_of_both(cls, file: object, info: ValidationInfo) -> object:
        return only_one(file, info, "line")

    @model_validator(mode="after")
    def _somewhere(self) -> Self:
        if self.line is None and self.file is None:
            raise ValueError("needs `line` or `file`: where the road runs.")
        return self


class RoadRemoved(ChangeOnLinks):
    """A road that is no longer there. A closure for a time is an event: `road_closure`."""

    kind: Literal["road_removed"] = Field(description="`road_removed`.")
    both_directions: bool = Field(True, description=BOTH_HELP)


class RoadOpened(_Change):
    """A way that the map has closed to cars becomes a street, or a barrier goes. OpenStreetMap only; comes first."""

    kind: Literal["road_opened"] = Field(description="`road_opened`.")
    ways: Listed[Annotated[str, AfterValidator(_way_id)]] | None = Field(
        None, min_length=1, description="Ids of OpenStreetMap ways (`way/123`) that cars may use from now on."
    )
    barriers: Listed[NodeId] | None = Field(
        None, min_length=1, description="Ids of nodes (`node/123`) whose bollard or gate goes."
    )
    road_class: RoadClass | None = Field(
        None, description="Class of the ways. Left out: their own, or `residential` where that is none for cars."
    )
    lanes: Lanes | None = Field(None, description="Lanes in each direction. Left out: as the map says or assumes.")
    speed_kmh: SpeedKmh | None = Field(None, description="Speed limit, km/h. Left out: as the map says or assumes.")

    @model_validator(mode="after")
    def _something(self) -> Self:
        if self.ways is None and self.barriers is None:
            raise ValueError("needs `ways` or `barriers`: what is to be opened.")
        return self


class LaneCount(ChangeOnLinks):
    """Lanes taken or given: another number of lanes, those for buses and cycles included."""

    kind: Literal["lanes"] = Field(description="`lanes`.")
    lanes: Lanes = Field(description="Lanes of each link from now on.")
    side: Literal["middle", "kerb"] = Field("middle", description="Where lanes come or go.")
    both_directions: bool = Field(False, description=BOTH_HELP)


class TurnPocket(ChangeOnLinks):
    """A lane that begins some metres before the stop line, for the turn to its side only.

    The link becomes two, `<link>.1` and behind it `<link>.2` with the pocket; so does its opposite direction.
    """

    kind: Literal["turn_pocket"] = Field(description="`turn_pocket`.")
    length_m: float = Field(30.0, ge=10, le=200, description="How long before the stop line it begins, m.")
    side: Literal["middle", "kerb"] = Field(
        "middle", description="Where it lies: at the middle of the road it serves the turn across oncoming traffic."
    )
    both_directions: bool = Field(False, description=BOTH_HELP)


class ParkingRemoved(ChangeOnLinks):
    """Parking at the kerb gives way to a lane."""

    kind: Literal["parking_removed"] = Field(description="`parking_removed`.")
    open_to: Listed[LaneUser] = Field(
        ("car", "bus", "truck", "emergency"), min_length=1, description="Who may use the new lane at the kerb."
    )
    both_directions: bool = Field(False, description=BOTH_HELP)


class ParkingAdded(ChangeOnLinks):
    """The lane at the kerb becomes parking."""

    kind: Literal["parking_added"] = Field(description="`parking_added`.")
    both_directions: bool = Field(False, description=BOTH_HELP)


class BusLane(ChangeOnLinks):
    """A lane that cars and trucks may no longer use."""

    kind: Literal["bus_lane"] = Field(description="`bus_lane`.")
    lane: int = Field(0, ge=0, description="Which lane, 0 at the kerb.")
    open_to: Listed[LaneUser] = Field(("bus", "emergency"), min_length=1, description="Who may use it.")
    both_directions: bool = Field(False, description=BOTH_HELP)


class CycleLane(ChangeOnLinks):
    """A lane that only cycles may use from now on."""

    kind: Literal["cycle_lane"] = Field(description="`cycle_lane`.")
    lane: int = Field(0, ge=0, description="Which lane, 0 at the kerb.")
    both_directions: bool = Field(False, description=BOTH_HELP)


class SpeedZone(_Change):
    """One speed limit on all streets that lie in an area by more than half of their length."""

    kind: Literal["speed_zone"] = Field(description="`speed_zone`.")
    polygon: Area | None = Field(
        None,
        description="Its corners, [longitude, latitude] each, in the order in which one walks round. One of `polygon` "
        "and `file`.",
    )
    file: InputFile | None = Field(None, description="GeoJSON with polygons. One of `polygon` and `file`.")
    speed_kmh: SpeedKmh = Field(description="The limit, km/h.")
    road_classes: Listed[RoadClass] = Field((), description="Only for these classes. Left out: all.")

    @field_validator("file")
    @classmethod
    def _one_of_both(cls, file: object, info: ValidationInfo) -> object:
        return only_one(file, info, "polygon")

    @model_validator(mode="after")
    def _somewhere(self) -> Self:
        if self.polygon is None and self.file is None:
            raise ValueError("needs `polygon` or `file`: where the limit holds.")
        return self


class OneWay(ChangeOnLinks):
    """Two-way roads become one-way: the links named stay, their opposite directions go."""

    kind: Literal["one_way"] = Field(description="`one_way`.")
    lanes: Lanes | None = Field(None, description="Lanes from now on. Left out: as many as before.")


class OneWayTurned(ChangeOnLinks):
    """One-way roads are driven the other way round from now on."""

    kind: Literal["one_way_turned"] = Field(description="`one_way_turned`.")


class TwoWay(ChangeOnLinks):
    """One-way roads may be driven in both directions from now on."""

    kind: Literal["two_way"] = Field(description="`two_way`.")
    lanes: Lanes | None = Field(
        None, description="Lanes of the direction there was. Left out: half of them, or one where there is one."
    )
    lanes_back: Lanes | None = Field(
        None, description="Lanes of the new direction. Left out: the other half, or one where there is one."
    )


class _Turn(_Change):
    from_link: str = Field(min_length=1, description=f"{LINK_HELP} Where drivers come from.")
    to_link: str = Field(min_length=1, description=f"{LINK_HELP} Where they go.")


class TurnBan(_Turn):
    """A turn that nobody may make from now on."""

    kind: Literal["turn_ban"] = Field(description="`turn_ban`.")


class TurnAllowed(_Turn):
    """A turn that the map forbids and that may be made from now on."""

    kind: Literal["turn_allowed"] = Field(description="`turn_allowed`.")


class SignalAdded(_Change):
    """A signal where there was none. Its programme is made as for the map's own signals."""

    kind: Literal["signal_added"] = Field(description="`signal_added`.")
    junction: str = Field(min_length=1, description=JUNCTION_HELP)


class SignalRemoved(_Change):
    """A signal that goes: signs, the rank of the roads, or who comes from the right decide from now on."""

    kind: Literal["signal_removed"] = Field(description="`signal_removed`.")
    junction: str = Field(min_length=1, description=JUNCTION_HELP)


class Roundabout(_Change):
    """A roundabout in place of what controls a junction now.

    With a diameter it is a ring of one-way links `new/<id>:0-1`, `new/<id>:1-2` … round a middle, with a junction at
    every arm; without, a mini-roundabout: the junction stays one, and who is on it goes before who comes to it.
    """

    kind: Literal["roundabout"] = Field(description="`roundabout`.")
    junction: str = Field(min_length=1, description=JUNCTION_HELP)
    diameter_m: float | None = Field(
        None,
        ge=15,
        le=150,
        description="From middle to middle of the circular carriageway, m. Left out: a mini-roundabout.",
    )
    lanes: int = Field(1, ge=1, le=3, description="Lanes of the ring.")
    speed_kmh: SpeedKmh = Field(30.0, description="Speed limit on the ring, km/h.")


class ModalFilter(ChangeOnLinks):
    """Links that cars may no longer use, as at the edge of a low-traffic neighbourhood."""

    kind: Literal["modal_filter"] = Field(description="`modal_filter`.")
    open_to: Listed[LaneUser] = Field(
        ("bus", "bicycle", "emergency"), description="Who gets through. Empty: people on foot only."
    )
    both_directions: bool = Field(True, description=BOTH_HELP)


StreetChange = Annotated[
    RoadAdded
    | RoadRemoved
    | RoadOpened
    | LaneCount
    | TurnPocket
    | ParkingRemoved
    | ParkingAdded
    | BusLane
    | CycleLane
    | SpeedZone
    | OneWay
    | OneWayTurned
    | TwoWay
    | TurnBan
    | TurnAllowed
    | SignalAdded
    | SignalRemoved
    | Roundabout
    | ModalFilter,
    Field(discriminator="kind"),
]
