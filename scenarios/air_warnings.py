"""Describe who is warned of bad air: what is watched where, at which levels, and how long they hold."""

from __future__ import annotations

import itertools
from typing import Literal, Self, get_args

from pydantic import Field, ValidationInfo, field_validator, model_validator

from .air_index import INDEX_NAMES, IndexName, air_index
from .areas import Area
from .strict import InputFile, Listed, Strict
from .whereabouts import only_one

Pollutant = Literal["no2", "pm10", "pm25", "o3", "so2", "co"]
POLLUTANTS: tuple[Pollutant, ...] = get_args(Pollutant)


class WarningLevel(Strict):
    """A level of a warning."""

    name: str = Field(min_length=1, description="What people call it: `information`, `alarm`.")
    at: float = Field(gt=0, le=1e6, description="Reached from, µg/m³; with `index`, a value of the index.")
    severity: Literal["Minor", "Moderate", "Severe", "Extreme"] = Field(
        "Moderate", description="How bad it is, in the words of the Common Alerting Protocol."
    )
    instruction: str | None = Field(None, min_length=1, description="What people should do, for the message.")

    @property
    def called(self) -> str:
        """What people call it."""
        return self.name


class WarningMessage(Strict):
    """What stands in the messages of a warning besides what was measured."""

    sender: str = Field("citytwin", pattern=r"^[^\s,<&]+$", description="Who sends it; no blanks, commas, < or &.")
    sender_name: str | None = Field(None, min_length=1, description="The sender as people read it.")
    language: str = Field("en", pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]+)*$", description="Of your texts: `en`, `fr-MC`.")
    utc_offset: str = Field(
        "-00:00",
        pattern=r"^[+-](0\d|1[0-4]):[0-5]\d$",
        description="What local time is ahead of UTC: `+02:00`. Left out: times are taken for UTC.",
    )
    area_name: str | None = Field(None, min_length=1, description="Whom it is for. Left out: the warning's id.")
    polygon: Area | None = Field(None, description="Where it holds: longitude and latitude of each corner.")


class AirWarning(Strict):
    """Watches the air at stations and warns: a level is raised, lowered, or nothing is known any more.

    Each station's mean over the last hours counts where enough of them were measured. A level is raised when it has
    held for so long, lowered when less than a share of it has held for so long. Where data stop, what was in force
    stays in force and is marked as stale.
    """

    id: str = Field(min_length=1, description="A name of your own; measures that wait for its levels name it.")
    series: InputFile | None = Field(
        None,
        description="What was measured (CSV): `station`, `t_s`, `no2_ugm3` and so on. One of `series` and `receptors`.",
    )
    receptors: Listed[str] | None = Field(
        None,
        min_length=1,
        description="Ids of `air: receptors` whose air counts, as the run has it. One of `series` and `receptors`.",
    )
    stations: Listed[str] | None = Field(
        None, min_length=1, description="Stations of `series` that count. Left out: all."
    )
    pollutant: Pollutant | None = Field(None, description="What is watched. One of `pollutant` and `index`.")
    index: IndexName | None = Field(
        None,
        description="The air quality index that is watched: `us_epa` (2024), `eu_eaqi` (2024: bands 1 to 6), "
        "`cn_hj633` (HJ 633-2026) or `cn_hj633_2012`, which it replaced. One of `pollutant` and `index`.",
    )
    average_h: int | None = Field(
        None, ge=1, le=24, description="Hours of the mean, with `pollutant`. Left out: 1. An index knows its own."
    )
    nowcast: bool = Field(
        False, description="With `us_epa`: particles by the NowCast of the last 12 hours instead of the 24-hour mean."
    )
    combine: Literal["worst", "mean"] = Field(
        "worst", description="Of several stations: `worst`, the highest counts; `mean`, their mean does."
    )
    every_s: float = Field(
        3600.0,
        ge=60,
        le=3600,
        description="Interval of the measurements, and of looking at them, s.",
    )
    data_share: float = Field(0.75, gt=0, le=1, description="Share of a mean's intervals, and stations, that it needs.")
    levels: Listed[WarningLevel] = Field(min_length=1, description="Its levels, the lowest first.")
    hold_s: float = Field(0.0, ge=0, le=604_800, description="A level is raised when it has held for so long, s.")
    lowered_at: float = Field(0.9, gt=0, le=1, description="Share of a level's `at` below which it is lowered.")
    lower_after_s: float | None = Field(
        None, ge=0, le=604_800, description="A level is lowered when that has held for so long, s. Left out: `hold_s`."
    )
    stale_after_s: float = Field(
        10_800.0, gt=0, le=604_800, description="Without data for so long nothing is known any more, s."
    )
    message: WarningMessage = Field(default_factory=WarningMessage, description="What stands in its messages.")

    @field_validator("receptors")
    @classmethod
    def _one_source(cls, receptors: tuple[str, ...] | None, info: ValidationInfo) -> tuple[str, ...] | None:
        return only_one(receptors, info, "series")

    @field_validator("stations")
    @classmethod
    def _only_of_a_series(cls, stations: tuple[str, ...] | None, info: ValidationInfo) -> tuple[str, ...] | None:
        if stations is not None and info.data.get("receptors") is not None:
            raise ValueError("stands beside `receptors`: stations are those of a `series`. Remove it.")
        return stations

    @field_validator("index")
    @classmethod
    def _one_of_both(cls, index: IndexName | None, info: ValidationInfo) -> IndexName | None:
        return only_one(index, info, "pollutant")

    @field_validator("average_h")
    @classmethod
    def _only_of_a_pollutant(cls, hours: int | None, info: ValidationInfo) -> int | None:
        if hours is not None and info.data.get("index") is not None:
            raise ValueError("stands beside `index`, which knows its own means. Remove it.")
        return hours

    @field_validator("nowcast")
    @classmethod
    def _only_of_the_us(cls, nowcast: bool, info: ValidationInfo) -> bool:
        if nowcast and info.data.get("index") != "us_epa":
            raise ValueError("belongs to `index: us_epa`: other indices have no NowCast.")
        return nowcast

    @field_validator("every_s")
    @classmethod
    def _fits_an_hour(cls, every_s: float) -> float:
        if 3600.0 % every_s:
            raise ValueError("must fit into an hour a whole number of times: 300, 600, 900, 1800, 3600.")
        return every_s

    @field_validator("levels")
    @classmethod
    def _rising(cls, levels: tuple[WarningLevel, ...]) -> tuple[WarningLevel, ...]:
        for before, after in itertools.pairwise(levels):
            if after.at <= before.at:
                raise ValueError(
                    f'must rise: "{after.name}" ({after.at:g}) does not lie above "{before.name}" ({before.at:g}).'
                )
        names = [level.name for level in levels]
        if len(set(names)) < len(names):
            raise ValueError("have one name twice. Call each something else.")
        return levels

    @model_validator(mode="after")
    def _something(self) -> Self:
        if self.pollutant is None and self.index is None:
            raise ValueError(f"needs `pollutant` or `index` ({', '.join(INDEX_NAMES)}): what is watched.")
        if self.series is None and self.receptors is None:
            raise ValueError("needs `series` or `receptors`: where it is watched.")
        return self

    @property
    def means(self) -> tuple[tuple[str, int], ...]:
        """The means that it needs: pollutant and hours."""
        if self.index is not None:
            return air_index(self.index).averages
        assert self.pollutant is not None
        return ((self.pollutant, self.average_h or 1),)

    @property
    def unit(self) -> str:
        """In which its levels are; "" for an index."""
        return "" if self.index is not None else "µg/m³"
