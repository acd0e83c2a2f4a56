"""Describe the air of a run: what is emitted by whom, the weather that carries it, and where it is breathed."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import AfterValidator, Field, ValidationInfo, field_validator

from .areas import Area
from .drivers import VehicleClass
from .meteorology import Meteorology
from .strict import EndSeconds, InputFile, Listed, Seconds, Strict, begins_in_run
from .told import LonLat

Pollutant: TypeAlias = Literal["nox", "no2", "pm10", "pm25", "co", "voc"]
POLLUTANTS: tuple[Pollutant, ...] = ("nox", "no2", "pm10", "pm25", "co", "voc")
Emitted: TypeAlias = Literal["nox", "pm_exhaust", "pm_wear", "co", "voc"]  # of vehicles, as factors may be mended
# Directive (EU) 2024/2881, annex I, from 2030 on: NO2 of an hour, particles of a day, CO of eight hours.
LIMITS_UGM3: dict[Pollutant, float] = {"no2": 200.0, "pm10": 45.0, "pm25": 25.0, "co": 10_000.0}
Rate = Annotated[float, Field(ge=0, le=1e6)]


class AirFleet(Strict):
    """What the vehicles are: shares of fuels and emission standards by country and year."""

    country: str = Field(min_length=1, description="Country in the table of fleets: `DE`, or `DE-HE` (Hesse).")
    year: int = Field(ge=1950, le=2100, description="Year in the table of fleets: 2024 for `DE`, 2020 for `DE-HE`.")
    file: InputFile | None = Field(
        None, description="Shares of your own (CSV), see {doc}`air`. Left out: those that come along."
    )
    factors: InputFile | None = Field(
        None,
        description="Emission factors of your own (CSV), as from HBEFA or PHEM, besides those that come along.",
    )
    multiples: dict[Emitted, Annotated[float, Field(ge=0, le=100)]] = Field(
        default_factory=dict,
        description="How many times as much vehicles emit as these factors say, as measured or calibrated: of `nox` "
        "(NO2 with it), `pm_exhaust`, `pm_wear` (tyres, brakes, roads), `co`, `voc`.",
    )


class _Source(Strict):
    id: str = Field(min_length=1, description="What people call it; a file that inherits this one changes it by it.")
    rates_gps: dict[Pollutant, Rate] = Field(default_factory=dict, description="What it emits of each pollutant, g/s.")
    start_s: Seconds = Field(0.0, description="From, in seconds after the scenario's start.")
    end_s: EndSeconds = Field(
        None, description="Until, in seconds after the scenario's start. Left out: until the end of the run."
    )
    rates_file: InputFile | None = Field(
        None,
        description="What it emits over time (CSV): `t_s` from `start_s` and columns such as `nox_gps`; a row holds "
        "until the next one.",
    )

    @field_validator("rates_file")
    @classmethod
    def _one_of_both(cls, file: object, info: ValidationInfo) -> object:
        if file is not None and info.data.get("rates_gps"):
            raise ValueError("is given besides `rates_gps`. Keep one")
        return file


class Stack(_Source):
    """A chimney: its plume rises by its heat and speed, and is carried away by the wind up there."""

    kind: Literal["stack"] = Field(description="`stack`.")
    at: LonLat = Field(description="Where it stands: [longitude, latitude].")
    height_m: float = Field(gt=0, le=400, description="Height above the ground, m.")
    diameter_m: float = Field(gt=0, le=20, description="Inner diameter at its top, m.")
    exit_speed_mps: float = Field(ge=0, le=60, description="Speed of the gas that leaves it, m/s.")
    exit_temperature_c: float = Field(ge=-20, le=1200, description="Temperature of that gas, °C.")
    building_height_m: float = Field(
        0.0, ge=0, le=200, description="Height of the building beside it, in whose wake its plume may sink, m. 0: none."
    )
    building_width_m: float = Field(0.0, ge=0, le=500, description="Width of that building, m.")


class AreaSource(_Source):
    """Ground from which something rises evenly: heating, a building site, a car park."""

    kind: Literal["area"] = Field(description="`area`.")
    polygon: Area = Field(description="Where it is: longitude and latitude of each corner.")
    height_m: float = Field(2.0, ge=0, le=100, description="Height above the ground at which it is released, m.")


class Accident(Strict):
    """Something that is released at once, or for a while, and drifts away as a cloud."""

    kind: Literal["accident"] = Field(description="`accident`.")
    id: str = Field(min_length=1, description="What people call it; a file that inherits this one changes it by it.")
    at: LonLat = Field(description="Where: [longitude, latitude].")
    height_m: float = Field(2.0, ge=0, le=300, description="Height above the ground, m.")
    start_s: Seconds = Field(description="When, in seconds after the scenario's start.")
    lasts_s: float = Field(0.0, ge=0, le=86_400, description="How long it is released, s. 0: all at once.")
    released_g: dict[Pollutant, Annotated[float, Field(ge=0, le=1e9)]] = Field(
        min_length=1, description="How much of each pollutant all together, g."
    )


AirSource = Annotated[Stack | AreaSource | Accident, Field(discriminator="kind")]


class _Receptor(Strict):
    id: str = Field(min_length=1, description="What people call it; a file that inherits this one changes it by it.")
    height_m: float = Field(1.5, ge=0, le=300, description="Height above the ground, m.")


class ReceptorPoint(_Receptor):
    """A place where air is breathed or measured."""

    kind: Literal["point"] = Field(description="`point`.")
    at: LonLat = Field(description="Where it is: [longitude, latitude].")


class ReceptorGrid(_Receptor):
    """Places in rows and columns, for a map."""

    kind: Literal["grid"] = Field(description="`grid`.")
    spacing_m: float = Field(100.0, ge=5, le=5000, description="Distance between two of them, m.")
    polygon: Area | None = Field(
        None, description="Where: longitude and latitude of each corner. Left out: wherever there are streets."
    )


class ReceptorResidents(_Receptor):
    """People at home: places along all streets of a zone that have addresses, the longer the more people."""

    kind: Literal["residents"] = Field(description="`residents`.")
    polygon: Area = Field(description="The zone: longitude and latitude of each corner.")
    population: int = Field(ge=1, le=10_000_000, description="How many people live there.")


Receptor = Annotated[ReceptorPoint | ReceptorGrid | ReceptorResidents, Field(discriminator="kind")]


class StreetCanyons(Strict):
    """Where houses close streets in, what traffic emits there stays longer."""

    heights: Literal["map", "none"] = Field(
        "map",
        description="`map`: streets are canyons where houses on both sides are higher than half the street's width, as "
        "the city's extract says. `none`: all streets are open.",
    )
    assumed_m: float | None = Field(
        None,
        gt=0,
        le=300,
        description="Height of houses whose height the map does not say, m. Left out: streets between them are open.",
    )

    @field_validator("assumed_m")
    @classmethod
    def _wanted(cls, height_m: float | None, info: ValidationInfo) -> float | None:
        if height_m is not None and info.data.get("heights") == "none":
            raise ValueError("is given, but with `heights: none` all streets are open. Keep one")
        return height_m


class Air(Strict):
    """What traffic and others emit, how the weather carries it, and who breathes it."""

    meteorology: Meteorology = Field(description="The weather.")
    fleet: AirFleet | None = Field(
        None, description="What the vehicles are. Left out: what traffic emits is left out too."
    )
    pollutants: Listed[Pollutant] = Field(
        ("nox", "no2", "pm10", "pm25"), min_length=1, description="Whose concentrations are worked out."
    )
    sources: Listed[Annotated[AirSource, AfterValidator(begins_in_run)]] = Field(
        (), description="Who emits besides traffic: any number of these."
    )
    receptors: Listed[Receptor] = Field((), description="Where concentrations are worked out: any number of these.")
    every_s: float = Field(600.0, ge=10, le=86_400, description="Interval of all tables of the air, s.")
    emissions: Literal["links", "vehicles"] = Field(
        "links",
        description="`links`: by mean speed of each link and interval. `vehicles`: of each vehicle in every step, by "
        "its power, which takes longer.",
    )
    look_every_s: float = Field(
        10.0, ge=1, le=600, description="With `links`, how often it is looked which vehicles are where, s."
    )
    doses: bool = Field(
        False, description="Whether it is added up what everybody on the streets breathes along their way."
    )
    cold_start: bool = Field(False, description="Whether engines are cold whose trips begin in the city.")
    silt_g_per_m2: float = Field(
        0.0,
        ge=0,
        le=400,
        description="Fine dust on the streets that vehicles raise, g/m²: US EPA takes 0.03 for busy streets and 0.6 "
        "for quiet ones. 0: none is raised.",
    )
    canyons: StreetCanyons = Field(default_factory=StreetCanyons, description="Streets between houses, see {doc}`air`.")
    occupants: dict[VehicleClass, Annotated[float, Field(ge=1, le=200)]] = Field(
        default_factory=dict,
        description="People in each vehicle with the driver, by its class: `{car: 1.4}`. All of them breathe as the "
        "driver does. Left out: the driver alone.",
    )
    limits_ugm3: dict[Pollutant, Annotated[float, Field(gt=0, le=1e6)]] = Field(
        default_factory=LIMITS_UGM3.copy,
        description="What counts as too much, µg/m³: the mean of each interval is held against it. Left out: NO2 200, "
        "PM10 45, PM2.5 25, CO 10,000 (Directive (EU) 2024/2881: for an hour, a day, a day, eight hours).",
    )
    background_ugm3: dict[Pollutant, Annotated[float, Field(ge=0, le=1e5)]] = Field(
        default_factory=dict, description="What comes from elsewhere, µg/m³."
    )
    no2_chemistry: Literal["primary", "arm2"] = Field(
        "primary",
        description="NO2 in the air: `primary`, what leaves exhausts as NO2; `arm2`, the share of NOx that US "
        "EPA's formula gives for its concentration.",
    )
