"""Say what may be done about doubtful readings: the rules of a description of observations."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from .problems import closest_hint
from .sensor_findings import FINDINGS
from .strict import Listed, Strict


def _finding(name: str) -> str:
    if name not in FINDINGS:
        raise ValueError(f"no such finding.{closest_hint(name, FINDINGS)} All: {', '.join(FINDINGS)}.")
    return name


class _OfSome(Strict):
    sensors: Listed[str] | None = Field(None, min_length=1, description="Names of sensors. Left out: all.")
    begin: dt.datetime | None = Field(
        None, strict=False, description="From this local date and time on. Left out: the first."
    )
    end: dt.datetime | None = Field(
        None, strict=False, description="Up to this local date and time. Left out: the last."
    )


class Drop(_OfSome):
    """Readings that are not used."""

    kind: Literal["drop"] = Field(description="`drop`.")
    findings: Listed[Annotated[str, AfterValidator(_finding)]] | None = Field(
        None,
        min_length=1,
        description="Only readings of which the health check says this. Left out: all readings named.",
    )


class Shift(_OfSome):
    """Readings of a clock that was wrong."""

    kind: Literal["shift"] = Field(description="`shift`.")
    by_s: float = Field(ge=-86_400, le=86_400, description="Added to their times, s.")


class Scale(_OfSome):
    """Readings that are too high or too low by a known factor."""

    kind: Literal["scale"] = Field(description="`scale`.")
    factor: float = Field(gt=0, le=100, description="By which they are multiplied.")


class Fill(_OfSome):
    """Gaps that are filled."""

    kind: Literal["fill"] = Field(description="`fill`.")
    by: Literal["usual_day", "line"] = Field(
        "usual_day",
        description="`usual_day`: the median of that time on days of the kind (workday, weekend), times how busy "
        "the day is against them; `line`: straight between the readings before and after.",
    )
    longest_s: float = Field(7200.0, gt=0, description="Longer gaps stay, s.")


CleaningRule = Annotated[Drop | Shift | Scale | Fill, Field(discriminator="kind")]
