"""Describe hazards that come, move and go: floods, smoke, gas, fires, areas that nobody can pass."""

from __future__ import annotations

import re
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, ValidationInfo, field_validator, model_validator

from .areas import Area
from .strict import EndSeconds, InputFile, Listed, Seconds, Strict
from .told import LonLat
from .toxic_gases import GasName, toxic_gas
from .whereabouts import only_one

EPSG = re.compile(r"EPSG:\d{4,6}")


def _known_crs(name: str) -> str:
    from pyproj import CRS
    from pyproj.exceptions import CRSError

    if not EPSG.fullmatch(name):
        raise ValueError('must be the number of a coordinate system, such as "EPSG:25832".')
    try:
        CRS.from_user_input(name)
    except CRSError:
        raise ValueError("is no coordinate system that is known here. Look it up at epsg.io.") from None
    return name


Crs = Annotated[str, AfterValidator(_known_crs)]


class _Hazard(Strict):
    id: str | None = Field(
        None, min_length=1, description="A name of your own; a file that inherits this one changes the hazard by it."
    )
    start_s: Seconds = Field(0.0, description="Seconds after the scenario's start that its times count from.")
    end_s: EndSeconds = Field(
        None,
        description="Gone at, in seconds after the scenario's start. Left out: what was last there stays to the end of "
        "the run.",
    )
    every_s: float = Field(
        30.0, ge=1, le=3600, description="How often streets and people are looked at while it is there, s."
    )
    known_to: Literal["sight", "broadcast"] = Field(
        "sight",
        description="Who knows what it closes: `sight`, whoever comes there; `broadcast`, everybody at once.",
    )


class RasterAt(Strict):
    """A raster of a series."""

    t_s: Seconds = Field(description="When it is so, in seconds from the hazard's `start_s`.")
    file: InputFile = Field(description="GeoTIFF or another raster that GDAL reads; needs the extra `raster`.")


class _Series(_Hazard):
    file: InputFile | None = Field(
        None,
        description="GeoJSON: polygons with the property `t_s`, in the order of their times, and what is there. One of "
        "`file` and `rasters`.",
    )
    rasters: Listed[RasterAt] | None = Field(
        None, min_length=1, description="Rasters, in the order of their times. One of `file` and `rasters`."
    )
    crs: Crs | None = Field(
        None,
        description="Coordinate system of the files. Left out: longitude and latitude in GeoJSON, the streets' own in "
        "rasters.",
    )

    @field_validator("rasters")
    @classmethod
    def _one_of_both(cls, rasters: tuple[RasterAt, ...] | None, info: ValidationInfo) -> tuple[RasterAt, ...] | None:
        for before, after in zip((rasters or ())[:-1], (rasters or ())[1:], strict=True):
            if after.t_s <= before.t_s:
                raise ValueError(f"are not in the order of their times: {after.t_s:g} s is behind {before.t_s:g} s.")
        return only_one(rasters, info, "file")

    @model_validator(mode="after")
    def _something(self) -> Self:
        if self.file is None and self.rasters is None:
            raise ValueError("needs `file` or `rasters`: where it is at which time.")
        return self


class Flood(_Series):
    """Water on the streets: depth, and speed where it flows. Between two times it changes evenly.

    Features have `depth_m` and perhaps `velocity_mps`; rasters have the depth in their first band and perhaps the speed
    in the second.
    """

    kind: Literal["flood"] = Field(description="`flood`.")
    closes_roads_at_m: float = Field(
        0.3, gt=0, le=2, description="Deeper water closes roads, and stops vehicles in it, m."
    )
    closes_walks_at_m: float = Field(
        0.6, gt=0, le=2, description="Deeper water closes ways on foot, and stops people in it, m."
    )
    incapacitates_at_m: float = Field(1.2, gt=0, le=5, description="People in deeper water are casualties, m.")
    incapacitates_at_m2ps: float = Field(
        0.6,
        gt=0,
        le=5,
        description="People in water of more depth times speed than this are casualties, m²/s.",
    )


class Smoke(_Series):
    """Smoke or a plume: how far one can see, and what one breathes. Between two times it changes evenly.

    Features have `extinction_per_m` and perhaps `co_ppm`, `co2_percent` and `o2_percent`; rasters have them in this
    order as bands.
    """

    kind: Literal["smoke"] = Field(description="`smoke`.")
    closes_at_per_m: float | None = Field(
        None, gt=0, le=50, description="Denser smoke closes roads and ways on foot, 1/m. Left out: it closes nothing."
    )
    walking_law: Literal["lund", "fridolf_reflective", "fridolf_lit"] = Field(
        "lund",
        description="How people slow down: by the extinction (`lund`, Frantzich and Nilsson), or by how far one sees "
        "what reflects light or is lit (`fridolf_…`).",
    )
    incapacitates_at_dose: float = Field(
        1.0, gt=0, le=10, description="Fractional effective dose at which people are casualties."
    )


class Fire(_Hazard):
    """Ground that burns: closed to all, and whoever is on it is a casualty. A polygon holds until the next time."""

    kind: Literal["fire"] = Field(description="`fire`.")
    file: InputFile = Field(
        description="GeoJSON: polygons with the property `t_s`, in the order of their times; those of one time "
        "together are what burns then."
    )
    crs: Crs | None = Field(None, description="Coordinate system of the file. Left out: longitude and latitude.")


class BlockedArea(_Hazard):
    """An area that nobody can enter for a time. Who is in it may leave it."""

    kind: Literal["blocked_area"] = Field(description="`blocked_area`.")
    polygon: Area = Field(description="Where it is: longitude and latitude of each corner.")


class Gas(_Hazard):
    """Gas that an accident releases, and that drifts away with the wind of `air: meteorology`.

    People breathe it outdoors, in vehicles and, more slowly, indoors.
    """

    kind: Literal["gas"] = Field(description="`gas`.")
    substance: GasName = Field(description="What it is: `ammonia` or `chlorine`, see {doc}`hazards`.")
    at: LonLat = Field(description="Where it is released: [longitude, latitude].")
    height_m: float = Field(1.0, ge=0, le=300, description="Height above the ground, m.")
    released_kg: float = Field(gt=0, le=1e7, description="How much is released, kg.")
    lasts_s: float = Field(0.0, ge=0, le=86_400, description="How long it is released, s. 0: all at once.")
    front_mgm3: float | None = Field(
        None,
        gt=0,
        le=1e6,
        description="Concentration from which one is in the cloud, and that arrival times are for, mg/m³. Left out: "
        "what causes discomfort in an hour (AEGL-1).",
    )
    closes_at_mgm3: float | None = Field(
        None,
        gt=0,
        le=1e6,
        description="Nobody goes or drives into denser gas, mg/m³. Left out: it closes nothing.",
    )
    air_changes_per_h: float | None = Field(
        None,
        ge=0,
        le=50,
        description="How often an hour the air in houses changes, as people usually have their windows. Needed where "
        "somebody is indoors, as in an evacuation.",
    )
    closed_air_changes_per_h: float | None = Field(
        None,
        ge=0,
        le=50,
        description="The same once everything is shut: of those who follow an order to stay inside, and in shelters.",
    )

    @field_validator("closed_air_changes_per_h")
    @classmethod
    def _tighter(cls, closed_per_h: float | None, info: ValidationInfo) -> float | None:
        usual_per_h = info.data.get("air_changes_per_h")
        if closed_per_h is not None and usual_per_h is not None and closed_per_h > usual_per_h:
            raise ValueError(f"is more than `air_changes_per_h` ({usual_per_h:g}): shut windows let less air in.")
        return closed_per_h

    @property
    def front(self) -> float:
        """Concentration from which one is in the cloud, mg/m³."""
        return self.front_mgm3 or float(toxic_gas(self.substance).hour_mgm3()[0])


Hazard = Annotated[Flood | Smoke | Gas | Fire | BlockedArea, Field(discriminator="kind")]
