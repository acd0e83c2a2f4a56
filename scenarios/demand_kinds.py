"""Describe demand: trips one by one, between zones, at random, and by how much it is scaled."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, ValidationInfo, field_validator

from .areas import Area
from .drivers import VehicleClass
from .strict import EndSeconds, InputFile, Seconds, Strict
from .whereabouts import InArea


class _Demand(Strict):
    id: str | None = Field(
        None, min_length=1, description="A name of your own; a file that inherits this one changes the demand by it."
    )


class TripFile(_Demand):
    """Trips one by one from a table."""

    kind: Literal["trips"] = Field(description="`trips`.")
    file: InputFile = Field(
        description="CSV or Parquet, a trip a row: trip_id, depart_s, origin_link and destination_link (or origin_lon, "
        "origin_lat, destination_lon, destination_lat), and if you like vehicle_class (car, truck, bus, emergency, "
        "bicycle) and route (the links to drive, with spaces between; empty: the driver finds the way)."
    )


class _Between(_Demand):
    start_s: Seconds = Field(0.0, description="First departures, seconds after the scenario's start.")
    end_s: EndSeconds = Field(
        None, description="Last departures, seconds after the scenario's start. Left out: until the end of the run."
    )


class OdMatrix(_Between):
    """Trips between zones, from how many want to go from each to each."""

    kind: Literal["od_matrix"] = Field(description="`od_matrix`.")
    file: InputFile = Field(
        description="CSV or Parquet, a relation a row: from_zone, to_zone, trips; or trips in TNTP form (.tntp)."
    )
    zones: InputFile | None = Field(
        None,
        validate_default=True,
        description="Zones: GeoJSON polygons with the property `id`, or CSV with zone, node. Left out with .tntp: each "
        "zone is the node of its number.",
    )
    factor: float = Field(1.0, gt=0, le=100, description="All trips are multiplied by this.")
    departures: InputFile | None = Field(
        None, description="When they set out: CSV with start_s, share (and end_s). Left out: evenly."
    )

    @field_validator("zones")
    @classmethod
    def _zones_or_tntp(cls, zones: Path | None, info: ValidationInfo) -> Path | None:
        file = info.data.get("file")
        if zones is None and file is not None and not file.name.casefold().endswith(".tntp"):
            raise ValueError("is missing. Zones: GeoJSON polygons with the property `id`, or CSV with zone, node.")
        return zones


WeightsKind = Literal["uniform", "buildings", "population"]


def _grid_has_a_use(file: Path | None, info: ValidationInfo) -> Path | None:
    if file is not None and info.data.get("weights") in ("uniform", "buildings"):
        raise ValueError("is used with `weights: population` only.")
    if file is None and info.data.get("weights") == "population":
        raise ValueError("is missing: `weights: population` needs a population grid (CSV).")
    return file


Grid = Annotated[InputFile | None, AfterValidator(_grid_has_a_use)]  # of inhabitants, below `weights`


class RandomTrips(_Between):
    """Trips between random places, for a city without counts."""

    kind: Literal["random_trips"] = Field(description="`random_trips`.")
    per_hour: float = Field(gt=0, le=1e6, description="Departures in an hour.")
    min_distance_m: float = Field(0.0, ge=0, description="Shortest distance of a trip as the crow flies, m.")
    weights: WeightsKind = Field(
        "uniform",
        description="Where trips begin and end: `uniform` by street length, `buildings` by the extract's buildings and "
        "land use, `population` by a grid of inhabitants (`file`).",
    )
    file: Grid = Field(None, validate_default=True, description="Population grid (CSV) for the weights `population`.")


class Development(InArea, _Between):
    """Trips to and from something new, by how much of what is built there and when people come and go.

    They come and go along the streets of its area, or along its links.
    """

    kind: Literal["development"] = Field(description="`development`.")
    uses: dict[str, Annotated[float, Field(gt=0)]] = Field(
        min_length=1,
        description="How much of what: `dwelling` (how many), `office_m2`, `shop_m2` (floor), or uses of your own "
        "`rates`.",
    )
    rates: InputFile | None = Field(
        None,
        description="Car trips of a unit of each use (CSV): use, start_hour, end_hour (of the day), in_per_hour, "
        "out_per_hour. Left out: orders of magnitude after ITE's Trip Generation Manual.",
    )
    min_distance_m: float = Field(0.0, ge=0, description="Shortest distance of a trip as the crow flies, m.")
    weights: WeightsKind = Field(
        "uniform",
        description="Where the others' ends are: `uniform` by street length, `buildings` by the extract's buildings "
        "and land use, `population` by a grid of inhabitants (`file`).",
    )
    file: Grid = Field(None, validate_default=True, description="Population grid (CSV) for the weights `population`.")


Demand = Annotated[TripFile | OdMatrix | RandomTrips | Development, Field(discriminator="kind")]


def _no_slash(name: str | None) -> str | None:
    if name is not None and "/" in name:
        raise ValueError("must not hold a `/`: the ids of new trips end with it.")
    return name


class DemandScale(Strict):
    """Some of the trips of `demand`, times a factor.

    Below 1 some trips stay home, and those that travel are the same as before. Above 1 all travel as before, and others
    join them: each has the ends of one of them and sets out when another does.
    """

    kind: Literal["scale"] = Field(description="`scale`.")
    id: Annotated[str | None, AfterValidator(_no_slash)] = Field(
        None, min_length=1, description="A name of your own, which the ids of new trips end with."
    )
    demand: str | None = Field(None, min_length=1, description="Trips of which demand, by its id. Left out: of all.")
    from_zone: str | None = Field(None, min_length=1, description="Only trips that begin in this zone of an OD matrix.")
    to_zone: str | None = Field(None, min_length=1, description="Only trips that end in this zone of an OD matrix.")
    from_polygon: Area | None = Field(
        None, description="Only trips that begin in this area: longitude and latitude of each corner."
    )
    to_polygon: Area | None = Field(
        None, description="Only trips that end in this area: longitude and latitude of each corner."
    )
    vehicle_class: VehicleClass | None = Field(None, description="Only trips by this vehicle class. Left out: all.")
    start_s: Seconds = Field(0.0, description="Only departures from, seconds after the scenario's start.")
    end_s: EndSeconds = Field(
        None, description="Only departures until, seconds after the scenario's start. Left out: until the end."
    )
    factor: float = Field(ge=0, le=100, description="How many times as many as before.")

    @field_validator("factor")
    @classmethod
    def _changes_something(cls, factor: float) -> float:
        if factor == 1.0:
            raise ValueError("changes nothing: leave the entry out.")
        return factor
