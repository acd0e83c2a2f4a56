"""Describe the weather that carries pollution: one for the whole run, classes of stability, or a series."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from .strict import InputFile, Strict

LEAST_LENGTH_M = 1.0  # of Obukhov: nothing mixes less


def _some_length(length_m: float) -> float:
    if abs(length_m) < LEAST_LENGTH_M:
        raise ValueError("must be at least 1 m, or at most -1 m. Neutral air: leave it out")
    return length_m


Wind = Annotated[float, Field(ge=0, le=60)]
Direction = Annotated[float, Field(ge=0, le=360)]
Celsius = Annotated[float, Field(ge=-60, le=60)]
Cloud = Annotated[float, Field(ge=0, le=1)]
Radiation = Annotated[float, Field(ge=0, le=1400)]
Friction = Annotated[float, Field(gt=0, le=3)]
Length = Annotated[float, Field(ge=-1e6, le=1e6), AfterValidator(_some_length)]
Mixing = Annotated[float, Field(ge=20, le=5000)]
Sideways = Annotated[float, Field(gt=0, le=10)]
Stability = Literal["A", "B", "C", "D", "E", "F"]


class _Measured(Strict):
    roughness_m: float = Field(
        0.5, ge=0.001, le=1.5, description="Roughness of the ground with all that stands on it, m: 0.03 grass, 1 city."
    )
    wind_height_m: float = Field(
        10.0, gt=0, le=300, description="Height above the ground at which wind is measured, m."
    )
    utc_offset_h: float | None = Field(
        None,
        ge=-12,
        le=14,
        description="Hours that the scenario's clock is ahead of UTC, for the sun. Left out: by longitude.",
    )


class _OneWeather(_Measured):
    wind_mps: Wind = Field(description="Mean wind, m/s. Below 0.5 it is calm: air goes to all sides.")
    wind_from_deg: Direction = Field(description="Where it comes from, degrees clockwise from north: 90 is east.")
    temperature_c: Celsius = Field(15.0, description="Of the air, °C.")
    mixing_height_m: Mixing | None = Field(None, description="Height up to which air mixes, m. Left out: derived.")
    wind_sideways_mps: Sideways | None = Field(
        None, description="Standard deviation of the wind to the side, m/s, where it was measured. Left out: derived."
    )


class ConstantWeather(_OneWeather):
    """One weather for the whole run. What is left out is derived from the rest, see {doc}`air`."""

    kind: Literal["constant"] = Field(description="`constant`.")
    cloud_share: Cloud | None = Field(None, description="Share of the sky that clouds cover: 0 clear, 1 overcast.")
    radiation_wpm2: Radiation | None = Field(None, description="Global radiation, W/m². Left out: by sun and cloud.")
    friction_velocity_mps: Friction | None = Field(None, description="u*, m/s. Left out: derived.")
    obukhov_length_m: Length | None = Field(None, description="Monin-Obukhov length, m. Left out: derived.")


class StabilityWeather(_OneWeather):
    """One weather for the whole run by Pasquill's classes, from A (very unstable) to F (stable)."""

    kind: Literal["stability"] = Field(description="`stability`.")
    stability: Stability = Field(description="`A` very unstable, `D` neutral, `F` stable.")


class WeatherSeries(_Measured):
    """Weather from a table: a row holds until the next one.

    Columns `t_s` (seconds after the scenario's start), `wind_mps`, `wind_from_deg`, and as far as they are known
    `temperature_c`, `cloud_share`, `radiation_wpm2`, `stability`, `friction_velocity_mps`, `obukhov_length_m`,
    `mixing_height_m`, `wind_sideways_mps`.
    """

    kind: Literal["series"] = Field(description="`series`.")
    file: InputFile = Field(description="CSV or Parquet, a row an hour or more often.")


Meteorology = Annotated[ConstantWeather | StabilityWeather | WeatherSeries, Field(discriminator="kind")]
