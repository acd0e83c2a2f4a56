"""Describe measures against bad air: restricted plates, slow zones, ways round bad air, cancelled walks."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, ValidationInfo, field_validator, model_validator

from .air import Pollutant as AirPollutant
from .drivers import VehicleClass
from .strict import InputFile, Listed
from .triggers import Timed
from .whereabouts import AnyArea, InArea, only_one


class PlateRestriction(AnyArea, Timed):
    """Vehicles whose plates end in an odd digit, or in an even one, may not drive: about half of them.

    The last digit of a vehicle is drawn by its trip's id, so it is the same in every variant. Whose trip begins or ends
    where it holds stays at home or travels otherwise; whoever would only drive through goes round. Who is under way
    when it begins ends the trip as planned. Nobody is taken out: all are counted.
    """

    kind: Literal["plate_restriction"] = Field(description="`plate_restriction`.")
    may_drive: Literal["odd", "even", "by_date"] = Field(
        "by_date", description="Last digits that may: `odd`, `even`, or `by_date`, odd ones on odd days of the month."
    )
    restricted: Listed[VehicleClass] = Field(("car",), min_length=1, description="Vehicle classes it is about.")
    exempt_share: float = Field(
        0.0, ge=0, le=1, description="Share of their vehicles that may drive every day; drawn for each trip."
    )
    other_mode_share: float = Field(
        0.0, ge=0, le=1, description="Share of those kept from driving who travel otherwise; the others stay at home."
    )


class SlowZone(InArea, Timed):
    """A lower speed limit in an area or on some links; where less is allowed already it stays."""

    kind: Literal["slow_zone"] = Field(description="`slow_zone`.")
    speed_kmh: float = Field(ge=3, le=200, description="The limit while it holds, km/h.")


class AirDetour(Timed):
    """Drivers keep away from streets with bad air: they weigh its concentration like time when they choose their way.

    A street costs them as many seconds more as its concentration, its length and `s_per_km_ugm3` make. The
    concentration stands in a table or, without one, is that of the run when departures are planned.
    """

    kind: Literal["air_detour"] = Field(description="`air_detour`.")
    concentrations: InputFile | None = Field(
        None, description="Concentration in streets (CSV): `link`, `ugm3`. Others have 0. One of it and `pollutant`."
    )
    pollutant: AirPollutant | None = Field(
        None, description="What of the run's own air counts, as `air` works it out. One of it and `concentrations`."
    )
    s_per_km_ugm3: float = Field(gt=0, le=1000, description="Seconds that a kilometre at 1 µg/m³ costs.")
    follow_share: float = Field(1.0, gt=0, le=1, description="Share of drivers who do; drawn for each trip.")
    under_way: bool = Field(
        False,
        description="Whether they also look for another way under way, where the air ahead costs them at least 30 s: "
        "when it begins to hold, and with `pollutant` each time the air is looked at (`routes: plan_every_s`).",
    )

    @field_validator("pollutant")
    @classmethod
    def _one_of_both(cls, pollutant: AirPollutant | None, info: ValidationInfo) -> AirPollutant | None:
        return only_one(pollutant, info, "concentrations")

    @model_validator(mode="after")
    def _something(self) -> Self:
        if self.concentrations is None and self.pollutant is None:
            raise ValueError("needs `concentrations` or `pollutant`: which air is bad.")
        return self


class SourceCap(Timed):
    """Sources that must emit less: a share of what they would emit is not emitted."""

    kind: Literal["source_cap"] = Field(description="`source_cap`.")
    sources: Listed[str] | None = Field(None, min_length=1, description="Ids of `air: sources`. Left out: all of them.")
    cut: float = Field(gt=0, le=1, description="Share of what they would emit that is cut off.")


class CancelledWalks(Timed):
    """Outdoor activities that are cancelled: a share of the walks that would set out does not."""

    kind: Literal["cancelled_walks"] = Field(description="`cancelled_walks`.")
    share: float = Field(gt=0, le=1, description="Share of the walks; drawn for each.")
