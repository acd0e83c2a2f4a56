"""Read a description of a calibration: of which scenario, to which observations, what may change, how far."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationInfo, field_validator

from .described_file import read_description
from .drivers import BOUNDS, Parameter
from .strict import InputFile, Listed, Strict


class DemandChoice(Strict):
    """How many travel."""

    by: Literal["all", "pair", "origin", "destination", "slice"] = Field(
        "pair",
        description="Which trips get a number of their own: `pair` of zones (of links, where trips have none), "
        "`origin` or `destination` zone, `slice` of time, or `all` together.",
    )
    slice_s: float = Field(3600.0, ge=60, le=86_400, description="Length of a slice of departures, s.")
    least: float = Field(0.0, ge=0, le=1, description="Of what the scenario has, at least this many times as many.")
    most: float = Field(4.0, ge=1, le=100, description="At most this many times as many.")
    prior: float = Field(
        1.0,
        ge=0,
        le=100,
        description="What is believed before, as a multiple: 1 the scenario's own, 0 the least demand.",
    )

    @field_validator("prior")
    @classmethod
    def _within_bounds(cls, prior: float, info: ValidationInfo) -> float:
        most = info.data.get("most", prior)
        if prior > most:
            raise ValueError(f"must not be above most ({most:g}).")
        return prior


class DriverChoice(Strict):
    """A number of how people drive, the same for all cars."""

    key: Parameter = Field(description="Which, as under `drivers` of a scenario: `headway_s`, `min_gap_m` …")
    low: float = Field(description="At least.")
    high: float = Field(description="At most.")

    @field_validator("high")
    @classmethod
    def _possible(cls, high: float, info: ValidationInfo) -> float:
        low, key = info.data.get("low"), info.data.get("key")
        if low is None or key is None:
            return high
        least, most = BOUNDS[key]
        if not least <= low < high <= most:
            raise ValueError(f"low and high must lie in {least:g} … {most:g}, low below high.")
        return high


class CalibrationFile(Strict):
    """One calibration."""

    calibration: Literal[1] = Field(description="Version of the file format: 1.")
    scenario: str = Field(min_length=1, description="Scenario file, relative to this one, or a bundled one.")
    observations: InputFile = Field(
        description="A description of observations, or a table of counts over the whole run: `citytwin observations`."
    )
    demand: DemandChoice | None = Field(
        default_factory=DemandChoice, description="How many travel. `null`: as the scenario says."
    )
    drivers: Listed[DriverChoice] = Field((), description="How people drive: any number of these.")
    loss: Literal["l1", "l2", "poisson", "geh"] = Field("l2", description="Distance of simulated and observed counts.")
    weight_decay: float = Field(
        1e-4, ge=0, le=10, description="λ: how hard parameters are pulled to what was believed, as a share of the loss."
    )
    left_out: float = Field(0.2, ge=0, le=0.5, description="Share of the sensors that is left out to test the result.")
    seeds: int = Field(5, ge=2, le=100, description="Fresh seeds that the result is run with.")
    budget: int = Field(100, ge=1, le=100_000, description="Most runs.")


def read_calibration(file: Path) -> CalibrationFile:
    """Read a description (YAML).

    Raises
    ------
    ScenarioError
        With every problem of it.
    """
    return read_description(file, CalibrationFile)[0]
