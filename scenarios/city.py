"""Say which city's streets a scenario uses, and how they are read."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationInfo,
    field_validator,
    model_validator,
)

from .inherit import LIBRARY
from .network import ROAD_CLASSES
from .problems import closest_hint
from .strict import InputFile, Listed, Strict, existing_file, follow_path

OSM_SUFFIXES = (".osm", ".osm.gz", ".osm.bz2", ".pbf")
GRAPHML_SUFFIXES = (".graphml",)
SUMO_SUFFIXES = ("net.xml", "net.xml.gz")
SUFFIXES = {"osm": OSM_SUFFIXES, "graphml": GRAPHML_SUFFIXES, "sumo_net": SUMO_SUFFIXES, "tntp": (".tntp",)}
KIND_NAMES = {
    "osm": "an OpenStreetMap file",
    "graphml": "a GraphML file",
    "sumo_net": "a SUMO net",
    "tntp": "a TNTP net",
}
CITY_KEYS = (*SUFFIXES, "gmns", "place")


def bundled_cities() -> dict[str, Path]:
    """OpenStreetMap extracts that come with the package, by the name of their city."""
    return {file.parent.name: file for file in sorted(LIBRARY.glob("*/*.osm.gz"))}


def _city_file(value: object) -> Path:
    """A file of the person's own, or the bundled city of that name."""
    file = follow_path(value)
    if isinstance(value, str) and not file.exists() and "/" not in value and "." not in value:
        cities = bundled_cities()
        if value.casefold() in cities:
            return cities[value.casefold()]
        raise ValueError(f"no such file, and no bundled city of that name. Bundled: {', '.join(sorted(cities))}.")
    return existing_file(value)


def _gmns_folder(value: object) -> Path:
    """A folder with the two tables that every GMNS network has."""
    folder = follow_path(value)
    missing = [name for name in ("node.csv", "link.csv") if not (folder / name).is_file()]
    if missing:
        raise ValueError(f"is no folder with a GMNS network: it has no {' and no '.join(missing)}.")
    return folder


class City(Strict):
    """Where the streets come from: exactly one of these."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1, "maxProperties": 1})

    osm: Annotated[Path, BeforeValidator(_city_file)] | None = Field(
        None,
        description="OpenStreetMap extract (.osm, .osm.gz, .osm.bz2, .pbf), or a bundled city: `monaco`, `helsinki`.",
    )
    graphml: Annotated[Path, BeforeValidator(existing_file)] | None = Field(
        None, description="Street graph saved by OSMnx (.graphml)."
    )
    sumo_net: Annotated[Path, BeforeValidator(existing_file)] | None = Field(
        None, description="Network of the traffic simulator SUMO (.net.xml, .net.xml.gz), taken as it stands."
    )
    tntp: Annotated[Path, BeforeValidator(existing_file)] | None = Field(
        None, description="Net of a static assignment in TNTP form (_net.tntp); its units stand under `network.tntp`."
    )
    gmns: Annotated[Path, BeforeValidator(_gmns_folder)] | None = Field(
        None, description="Folder with a GMNS network: node.csv and link.csv, perhaps config, lane and movement."
    )
    place: str | None = Field(
        None,
        min_length=1,
        max_length=200,
        description="Name of a place, downloaded from OpenStreetMap once and kept: `Monaco`.",
    )

    @field_validator(*SUFFIXES)
    @classmethod
    def _right_kind_of_file(cls, file: Path | None, info: ValidationInfo) -> Path | None:
        key = str(info.field_name)
        if file is None or file.name.casefold().endswith(SUFFIXES[key]):
            return file
        for other, suffixes in SUFFIXES.items():
            if file.name.casefold().endswith(suffixes):
                raise ValueError(f"is {KIND_NAMES[other]}: write it under `{other}` instead.")
        raise ValueError(f"is not of a kind that is read here: {', '.join(SUFFIXES[key])}.")

    @field_validator("graphml", "sumo_net", "tntp", "gmns", "place")
    @classmethod
    def _only_one(cls, value: object, info: ValidationInfo) -> object:
        others = [key for key in CITY_KEYS if info.data.get(key) is not None]
        if value is not None and others:
            raise ValueError(f"is given besides `{others[0]}`. Keep one; an inherited one is removed by `null`.")
        return value

    @model_validator(mode="after")
    def _at_least_one(self) -> Self:
        if not self.source:
            raise ValueError("needs one of `osm`, `graphml`, `sumo_net`, `tntp`, `gmns` and `place`.")
        return self

    @property
    def source(self) -> Path | str:
        """What ``load_network`` reads: a file, or a place name."""
        return self.osm or self.graphml or self.sumo_net or self.tntp or self.gmns or self.place or ""


class ClassDefaults(Strict):
    """What is assumed of a road class where no tag says it. What is left out stays as built in."""

    lanes_oneway: int | None = Field(None, ge=1, le=8, description="Lanes of a one-way street.")
    lanes_twoway: int | None = Field(None, ge=1, le=8, description="Lanes in each direction of a two-way street.")
    speed_kmh: float | None = Field(None, ge=3, le=200, description="Speed limit, km/h.")
    lane_width_m: float | None = Field(None, ge=2, le=6, description="Width of a lane, m.")


def _road_class(name: str) -> str:
    if name not in ROAD_CLASSES:
        raise ValueError(f"no such road class.{closest_hint(name, ROAD_CLASSES)} All: {', '.join(ROAD_CLASSES)}.")
    return name


RoadClass = Annotated[str, AfterValidator(_road_class)]


def _node_id(name: str) -> str:
    if not re.fullmatch(r"node/\d{1,18}", name):
        raise ValueError("must be the id of an OpenStreetMap node such as node/123")
    return name


NodeId = Annotated[str, AfterValidator(_node_id)]


class TntpOptions(Strict):
    """What a TNTP net does not say of itself. Units differ from network to network: see its README."""

    nodes: InputFile = Field(description="Places of its nodes: GeoJSON points with `id`, or a table node, x, y.")
    crs: int | None = Field(None, ge=1024, description="EPSG number of these places. Left out: 4326, for GeoJSON.")
    length_unit: Literal["m", "km", "ft", "mi"] = Field(description="Unit of `length`: `m`, `km`, `ft` or `mi`.")
    time_unit: Literal["s", "min", "h", "0.01 h"] = Field(
        description="Unit of `free_flow_time`: `s`, `min`, `h` or `0.01 h`."
    )
    lane_capacity: float = Field(
        1800.0, gt=0, description="Capacity of one lane, in the net's unit: links get `capacity` over this as lanes."
    )


class GmnsOptions(Strict):
    """What a GMNS network does not say of itself where it has no config.csv."""

    crs: int | None = Field(None, ge=1024, description="EPSG number of its coordinates.")
    length_unit: Literal["m", "km", "ft", "mi"] | None = Field(None, description="Unit of `length`.")
    speed_unit: Literal["km/h", "mph", "m/s"] | None = Field(None, description="Unit of `free_speed`.")


class NetworkOptions(Strict):
    """How the streets are read."""

    tntp: TntpOptions | None = Field(None, description="Units and places of `city.tntp`.")
    gmns: GmnsOptions | None = Field(None, description="Units of `city.gmns`, where it has no config.csv.")

    defaults: dict[RoadClass, ClassDefaults] = Field(
        default_factory=dict,
        description="Assumed values by road class (`residential`, `primary`, …) that replace the built-in ones.",
    )
    driving_side: Literal["left", "right"] | None = Field(
        None, description="Side of the road one drives on. Left out: the country's."
    )
    country: str | None = Field(
        None,
        pattern="^[A-Z]{2}$",
        description="Country whose habits hold, two letters (`MC`). Left out: by place.",
    )
    merge: Listed[Annotated[Listed[NodeId], Field(min_length=2)]] = Field(
        (), description="Groups of node ids (`node/123`) that are one junction."
    )
    keep: Listed[NodeId] = Field((), description="Node ids that are never merged with another.")
    pedestrians: bool = Field(
        True,
        description="Whether stages of generated signal programmes last until people are across the roads that stand.",
    )
    slopes: bool = Field(
        False,
        description="Whether vehicles feel that streets rise and fall, where the source knows it: OpenStreetMap by "
        "`incline` of ways or `ele` of nodes, OSMnx by `elevation` of nodes, SUMO by shapes with heights, new roads by "
        "a GeoJSON with heights. `citytwin network FILE` says for how many links it does.",
    )
    pockets: bool = Field(
        False,
        description="Whether streets get the turn pockets that the source knows: in GMNS lanes with a negative "
        "`lane_num`, 30 m long; in OpenStreetMap 30 m before signals, where a street with one lane in this direction "
        "that also serves the turn across oncoming traffic is at least 9 m wide by its tag `width`.",
    )
    speed_factors: dict[RoadClass, Annotated[float, Field(ge=0.3, le=2)]] = Field(
        default_factory=dict,
        description="Speed of free traffic as a multiple of the limit, by road class, as measured or calibrated.",
    )
    headway_factors: dict[RoadClass, Annotated[float, Field(ge=0.5, le=3)]] = Field(
        default_factory=dict,
        description="Headways that drivers keep as a multiple of their own, by road class, as measured or calibrated: "
        "they make what a lane carries.",
    )
    merge_shares: dict[str, Annotated[float, Field(gt=0, le=1000)]] = Field(
        default_factory=dict,
        description="Links that share the lanes in which they join in proportion to these numbers, by link id as "
        "listed by `citytwin network`. None gives way there; of two queues, two go in from a link with `2` for each "
        "from one with `1`.",
    )
    signal_programmes: Listed[InputFile] = Field(
        (),
        description="Files with SUMO's signal programmes (`tlLogic`) that hold instead of those in the `sumo_net`; the "
        "last one that names a signal counts.",
    )
