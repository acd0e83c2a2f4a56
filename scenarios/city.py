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
from .strict import Listed, Strict, existing_file, follow_path

OSM_SUFFIXES = (".osm", ".osm.gz", ".osm.bz2", ".pbf")
GRAPHML_SUFFIXES = (".graphml",)


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
    place: str | None = Field(
        None,
        min_length=1,
        max_length=200,
        description="Name of a place, downloaded from OpenStreetMap once and kept: `Monaco`.",
    )

    @field_validator("osm", "graphml")
    @classmethod
    def _right_kind_of_file(cls, file: Path | None, info: ValidationInfo) -> Path | None:
        suffixes = OSM_SUFFIXES if info.field_name == "osm" else GRAPHML_SUFFIXES
        if file is None or file.name.casefold().endswith(suffixes):
            return file
        if info.field_name == "osm" and file.name.casefold().endswith(GRAPHML_SUFFIXES):
            raise ValueError("is a GraphML file: write it under `graphml` instead.")
        if info.field_name == "graphml" and file.name.casefold().endswith(OSM_SUFFIXES):
            raise ValueError("is an OpenStreetMap file: write it under `osm` instead.")
        raise ValueError(f"is not of a kind that is read here: {', '.join(suffixes)}.")

    @field_validator("graphml", "place")
    @classmethod
    def _only_one(cls, value: object, info: ValidationInfo) -> object:
        others = [key for key in ("osm", "graphml", "place") if info.data.get(key) is not None]
        if value is not None and others:
            raise ValueError(f"is given besides `{others[0]}`. Keep one; an inherited one is removed by `null`.")
        return value

    @model_validator(mode="after")
    def _at_least_one(self) -> Self:
        if self.osm is None and self.graphml is None and self.place is None:
            raise ValueError("needs one of `osm`, `graphml` and `place`.")
        return self

    @property
    def source(self) -> Path | str:
        """What ``load_network`` reads: a file, or a place name."""
        return self.osm or self.graphml or self.place or ""


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


def _node_id(name: str) -> str:
    if not re.fullmatch(r"node/\d{1,18}", name):
        raise ValueError("must be the id of an OpenStreetMap node such as node/123")
    return name


NodeId = Annotated[str, AfterValidator(_node_id)]


class NetworkOptions(Strict):
    """How the streets are read."""

    defaults: dict[Annotated[str, AfterValidator(_road_class)], ClassDefaults] = Field(
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
