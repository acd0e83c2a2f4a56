"""Describe what drivers have to pay, and where some may not drive: tolls and low-emission zones; list all measures."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, ValidationInfo, field_validator

from .air_measures import AirDetour, CancelledWalks, PlateRestriction, SlowZone, SourceCap
from .drivers import VehicleClass
from .emission_standards import FuelGroup
from .strict import Listed
from .triggers import Timed
from .whereabouts import InArea


class _Measure(InArea, Timed):
    """A measure in an area or on some links."""


class Toll(_Measure):
    """Money for driving in: into an area from outside, or into each of some links, as often as one does.

    Drivers weigh it against time by `routes: value_of_time_per_h`, and know it when they choose their way.
    """

    kind: Literal["toll"] = Field(description="`toll`.")
    price: float = Field(gt=0, description="What it costs each time, in `routes: currency`.")
    prices: dict[VehicleClass, Annotated[float, Field(ge=0)]] = Field(
        default_factory=dict, description="Other prices for some vehicle classes."
    )
    exempt: Listed[VehicleClass] = Field(
        ("bus", "emergency", "bicycle"), description="Vehicle classes that pay nothing."
    )

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
    least_euro: dict[FuelGroup, Annotated[int, Field(ge=1, le=7)]] = Field(
        default_factory=dict,
        description="Euro standards that vehicles of these classes need, by fuel (`diesel`, `petrol`, `gas`): "
        "`{diesel: 6, petrol: 4}`. Fuels that are not named may drive, and so may electric vehicles. Needs `air: "
        "{fleet: …}`, which says what the vehicles are. Left out: all are banned, but for `compliant_share`.",
    )
    access: Literal["none", "destination"] = Field(
        "none",
        description="Trips that begin or end there: `none` may, and they are refused; with `destination` they may "
        "drive there.",
    )

    @field_validator("least_euro")
    @classmethod
    def _by_standard_or_share(cls, least: dict[FuelGroup, int], info: ValidationInfo) -> dict[FuelGroup, int]:
        if least and info.data.get("compliant_share"):
            raise ValueError("is given besides `compliant_share`: who is clean enough follows from one of them.")
        return least


Measure = Annotated[
    Toll | LowEmissionZone | PlateRestriction | SlowZone | AirDetour | SourceCap | CancelledWalks,
    Field(discriminator="kind"),
]
