"""Read a description of a calibration: of which scenario, to which observations, what may change, how far."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, ValidationInfo, field_validator

from .air import Pollutant
from .calibrated_kinds import DriverNumber, Number
from .calibrated_numbers import CalibratedNumber
from .described_file import read_description
from .observed import KINDS
from .problems import closest_hint
from .strict import InputFile, Listed, Strict
from .yaml_lines import Written


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


class Experiment(Strict):
    """A table of what was measured of people who walk."""

    file: InputFile = Field(description="CSV: density and speed, or width and flow, see {doc}`observations`.")
    kind: Literal["walk_speed", "bottleneck_flow"] = Field(
        description="`walk_speed`: m/s at a density of people/m²; `bottleneck_flow`: people/s through a width of m."
    )


class CalibrationFile(Strict):
    """One calibration."""

    calibration: Literal[1] = Field(description="Version of the file format: 1.")
    scenario: str = Field(min_length=1, description="Scenario file, relative to this one, or a bundled one.")
    observations: InputFile | None = Field(
        None,
        description="A description of observations, or a table of counts over the whole run: `citytwin observations`. "
        "Left out: what the `sensors` of the scenario name as `observed`.",
    )
    demand: DemandChoice | None = Field(
        default_factory=DemandChoice, description="How many travel. `null`: as the scenario says."
    )
    drivers: Listed[DriverNumber] = Field((), description="How people drive: any number of these.")
    parameters: Listed[Number] = Field((), description="What else is not known: any number of these.")
    experiments: Listed[Experiment] = Field(
        (), description="Tables of experiments with people that walking is to agree with: any number of these."
    )
    routes: Literal["chosen", "kept"] | None = Field(
        None,
        description="`chosen`: in every run people choose their routes as the scenario says. `kept`: everybody keeps "
        "the quickest way through empty streets, or that of the trip, so that many runs go side by side. Left out: "
        "`kept` where all trips are bound to routes and all that may change allows it.",
    )
    pollutant: Pollutant | None = Field(
        None, description="What readings of the air are of. Left out: the only one of `air.pollutants`."
    )
    loss: Literal["l1", "l2", "poisson", "geh"] = Field("l2", description="Distance of simulated and observed.")
    weights: dict[str, Annotated[float, Field(ge=0, le=1e6)]] = Field(
        default_factory=dict, description="How much readings of a kind weigh against others: `speed: 0.5`. Left out: 1."
    )
    weight_decay: float = Field(
        1e-4, ge=0, le=10, description="λ: how hard parameters are pulled to what was believed, as a share of the loss."
    )
    left_out: float = Field(0.2, ge=0, le=0.5, description="Share of the sensors that is left out to test the result.")
    luck: int = Field(
        4,
        ge=1,
        le=100,
        description="With `routes: kept`: seeds by whose mean the result is judged, and steps once streets queue.",
    )
    seeds: int = Field(5, ge=2, le=100, description="Fresh seeds that the result is run with.")
    intervals: Literal["resampled", "es_mda"] = Field(
        "resampled",
        description="Where 90 % intervals come from: fits to resampled counts through the slopes at the solution, or "
        "an ensemble of runs that assimilates the readings (`es_mda`), which takes four runs for each member.",
    )
    members: int = Field(64, ge=10, le=10_000, description="Members of that ensemble.")
    budget: int = Field(100, ge=1, le=100_000, description="Most runs.")

    @field_validator("weights")
    @classmethod
    def _known_kinds(cls, weights: dict[str, float]) -> dict[str, float]:
        for name in weights:
            if name not in KINDS:
                raise ValueError(f"`{name}` is no kind of reading.{closest_hint(name, KINDS)} All: {', '.join(KINDS)}.")
        return weights

    @property
    def numbers(self) -> tuple[tuple[tuple[str, int], CalibratedNumber], ...]:
        """All numbers besides demand, each with its place in the file."""
        drivers = [(("drivers", row), one) for row, one in enumerate(self.drivers)]
        return (*drivers, *((("parameters", row), one) for row, one in enumerate(self.parameters)))


def read_calibration(file: Path) -> tuple[CalibrationFile, Written]:
    """Read a description (YAML), and where in the file each value stands.

    Raises
    ------
    ScenarioError
        With every problem of it.
    """
    return read_description(file, CalibrationFile)
