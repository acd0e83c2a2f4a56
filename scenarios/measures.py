"""Describe what drivers have to pay, and where some may not drive: tolls and low-emission zones."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, ValidationInfo, field_validator, model_validator

from .areas import Area
from .drivers import VehicleClass
from .strict import EndSeconds, Listed, Seconds, Strict


class _Measure(Strict):
    id: str | None = Field(
        None, min_length=1, description="A name of your own; a file that inherits this one changes the measure by it."
    )
    polygon: Area | None = Field(
        None, description="Area where it holds: longitude and latitude of each corner. One of `polygon` and `links`."
    )
    links: Listed[str] | None = Field(
        None,
        min_length=1,
        description="Links on which it holds, as listed by `citytwin network`. One of `polygon` and `links`.",
    )
    start_s: Seconds = Field(0.0, description="From, in seconds after the scenario's start.")
    end_s: EndSeconds = Field(
        None, description="Until, in seconds after the scenario's start. Left out: until the end of the run."
    )

    @field_validator("links")
    @classmethod
    def _one_of_both(cls, links: tuple[str, ...] | None, info: ValidationInfo) -> tuple[str, ...] | None:
        if links is not None and info.data.get("polygon") is not None:
            raise ValueError("is given besides `polygon`. Keep one; an inherited one is removed by `null`.")
        return links

    @model_validator(mode="after")
    def _somewhere(self) -> Self:
        if self.polygon is None and self.links is None:
            raise ValueError("needs `polygon` or `links`: where it holds.")
        return self


class Toll(_Measure):
    """Money for driving in: into an area from outside, or into each of some links, as often as one does.

    Drivers weigh it against time by `routes: value_of_time_per_h`, and know it when they choose their way.
    """

    kind: Literal["toll"] = Field(description="`toll`.")
    price: float = Field(gt=0, description="What it costs each time, in `routes: currency`.")
    prices: dict[VehicleClass, Annotated[float, Field(ge=0)]] = Field(
        default_factory=dict, description="Other prices for some vehicle classes."
    )
    exempt: Listed[VehicleClass] = Field(("bus", "emergency"), description="Vehicle classes that pay nothing.")

    def price_of(self, vehicle_class: VehicleClass) -> float:
        """What a vehicle class pays each time."""
        return 0.0 if vehicle_class in self.exempt else self.prices.get(vehicle_class, self.price)


class LowEmissionZone(_Measure):
    """Streets on which some vehicles may not drive. Whoever is under way when it begins ends the trip as planned.

    Their drivers go round it. A trip that no way leads round is refused: it does not set out, and the tables say why.
    """

    kind: Literal["low_emission_zone"] = Field(description="`low_emission_zone`.")
    banned: Listed[VehicleClass] = Field(min_length=1, description="Vehicle classes that may not drive there.")
    compliant_share: float = Field(
        0.0, ge=0, le=1, description="Share of their vehicles that are clean enough and may; drawn for each trip."
    )
    access: Literal["none", "destination"] = Field(
        "none",
        description="Trips that begin or end there: `none` may, and they are refused; with `destination` they may "
        "drive there.",
    )


Measure = Annotated[Toll | LowEmissionZone, Field(discriminator="kind")]
