"""Say how long people take between a warning and leaving: distributions, drawn from by their quantiles."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from .demand_tables import Column, Complaints, read_table
from .strict import InputFile, Strict

if TYPE_CHECKING:
    from pathlib import Path

Floats = NDArray[np.float64]

CURVE_COLUMNS = (Column("time_s", also=("t_s", "seconds")), Column("share", also=("cumulated", "cumulative")))
LEAST_DRAW = 1e-9  # and as far from 1: no quantile is infinite


class _Time(Strict):
    shift_s: float = Field(0.0, ge=0, le=86_400, description="Nobody is ready sooner after the warning than this, s.")
    most_s: float | None = Field(
        None, gt=0, le=604_800, description="The distribution is cut there: nobody takes longer, s. Left out: uncut."
    )

    @model_validator(mode="after")
    def _most_is_more(self) -> Self:
        if self.most_s is not None and self.most_s <= self.shift_s:
            raise ValueError(f"`most_s` ({self.most_s:g}) must be above `shift_s` ({self.shift_s:g}).")
        return self

    def seconds(self, draws: Floats) -> Floats:
        """Times of people, s, from a number in [0, 1) of each."""
        law = self._law()
        least = float(law.cdf(0.0))
        most = 1.0 if self.most_s is None else float(law.cdf(self.most_s - self.shift_s))
        return self.shift_s + np.asarray(law.ppf(least + np.clip(draws, LEAST_DRAW, 1.0 - LEAST_DRAW) * (most - least)))

    def _law(self) -> Any:
        """The distribution of what comes on top of the shift."""
        raise NotImplementedError


class LognormalTime(_Time):
    """Times whose logarithm is normal. Left out, mu and sigma are those of NIST's preset."""

    kind: Literal["lognormal"] = Field(description="`lognormal`.")
    mu: float = Field(4.586, ge=-10, le=15, description="Mean of the logarithm of the time in seconds.")
    sigma: float = Field(0.967, gt=0, le=5, description="Standard deviation of that logarithm.")

    def _law(self) -> Any:
        from scipy.stats import lognorm

        return lognorm(s=self.sigma, scale=float(np.exp(self.mu)))


class GammaTime(_Time):
    """Times that follow a gamma distribution. Left out, shape and scale are those of NIST's preset."""

    kind: Literal["gamma"] = Field(description="`gamma`.")
    shape: float = Field(1.291, gt=0, le=100, description="Shape.")
    scale_s: float = Field(103.901, gt=0, le=86_400, description="Scale, s; shape times scale is the mean.")

    def _law(self) -> Any:
        from scipy.stats import gamma

        return gamma(self.shape, scale=self.scale_s)


class WeibullTime(_Time):
    """Times that follow a Weibull distribution. Left out, shape and scale are those of NIST's preset."""

    kind: Literal["weibull"] = Field(description="`weibull`.")
    shape: float = Field(1.195, gt=0, le=100, description="Shape.")
    scale_s: float = Field(139.285, gt=0, le=86_400, description="Scale, s.")

    def _law(self) -> Any:
        from scipy.stats import weibull_min

        return weibull_min(self.shape, scale=self.scale_s)


class RayleighTime(_Time):
    """Milling before leaving, as models of tsunamis reckon it: ``shift_s`` and a Rayleigh time (1 to 3 min)."""

    kind: Literal["rayleigh"] = Field(description="`rayleigh`.")
    sigma_s: float = Field(gt=0, le=86_400, description="Scale, s; most take about this long beyond `shift_s`.")

    def _law(self) -> Any:
        from scipy.stats import rayleigh

        return rayleigh(scale=self.sigma_s)


class SCurveTime(_Time):
    """A logistic curve of those who are ready, as behavioural surveys draw it."""

    kind: Literal["s_curve"] = Field(description="`s_curve`.")
    median_s: float = Field(gt=0, le=604_800, description="Half of the people are ready so long after `shift_s`, s.")
    spread_s: float = Field(gt=0, le=86_400, description="Scale: from 27 to 73 % takes twice this, s.")

    def _law(self) -> Any:
        from scipy.stats import logistic

        return logistic(loc=self.median_s, scale=self.spread_s)


class UniformTime(Strict):
    """Times evenly spread between two. IMO 1533 takes 10 to 100 s."""

    kind: Literal["uniform"] = Field(description="`uniform`.")
    least_s: float = Field(ge=0, le=604_800, description="Nobody is ready sooner, s.")
    most_s: float = Field(ge=0, le=604_800, description="Nobody takes longer, s.")

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.most_s < self.least_s:
            raise ValueError(f"`most_s` ({self.most_s:g}) lies below `least_s` ({self.least_s:g}). Swap them.")
        return self

    def seconds(self, draws: Floats) -> Floats:
        """Times of people, s, from a number in [0, 1) of each."""
        return self.least_s + draws * (self.most_s - self.least_s)


class CurveTime(Strict):
    """Times after a table: the share of people who are ready by each time."""

    kind: Literal["curve"] = Field(description="`curve`.")
    file: InputFile = Field(
        description="CSV or Parquet with time_s (after the warning) and share (of people ready by then, up to 1)."
    )

    def seconds(self, draws: Floats) -> Floats:
        """Times of people, s, from a number in [0, 1) of each."""
        curve, _ = read_curve(self.file)
        assert curve is not None, "the file was checked with the scenario"
        times_s, shares = curve
        return np.asarray(np.interp(draws, shares, times_s))


def read_curve(file: Path) -> tuple[tuple[Floats, Floats] | None, Complaints]:
    """Times, s, and shares of those ready by then; None where the table is wrong."""
    table, complaints = read_table(file, CURVE_COLUMNS)
    if table is None:
        return None, complaints
    times_s, shares = table.numbers("time_s", low=0.0, unit=" s"), table.numbers("share", low=0.0, high=1.0)
    if complaints:
        return None, complaints
    for name, values in (("time_s", times_s), ("share", shares)):
        back = np.flatnonzero(np.diff(values) < 0.0) + 1
        complaints.rows("order", back, name, table.columns[name], "is less than in the row before. Sort the rows.")
    if not complaints and shares[-1] != 1.0:
        complaints.add("end", table.size - 1, "share", float(shares[-1]), "must end at 1: everybody is ready then.")
    return (None if complaints else (times_s, shares)), complaints


PreparationTime = Annotated[
    LognormalTime | GammaTime | WeibullTime | RayleighTime | SCurveTime | UniformTime | CurveTime,
    Field(discriminator="kind"),
]
