"""Hold what a scenario wants to be told besides: travel times on routes with a name, and what time is worth."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from .strict import Listed, Strict


def _pair(value: object) -> object:
    if not isinstance(value, (list, tuple)) or len(value) != 2:
        raise ValueError("must be [longitude, latitude]")
    return value


def _on_earth(place: tuple[float, ...]) -> tuple[float, ...]:
    if abs(place[0]) > 180 or abs(place[1]) > 90:
        raise ValueError("is no [longitude, latitude]. Did you swap them?")
    return place


LonLat = Annotated[
    tuple[float, ...],
    Field(strict=False, min_length=2, max_length=2),
    BeforeValidator(_pair),
    AfterValidator(_on_earth),
]


class NamedRoute(Strict):
    """A way through the streets whose travel time is told: its links, or the two places between which it leads."""

    name: str = Field(min_length=1, max_length=100, description="What people call it.")
    links: Listed[str] = Field(
        (), description="Links to drive one after the other, as listed by `citytwin network`; or two places:"
    )
    origin: LonLat | None = Field(None, description="Where it begins: [longitude, latitude].")
    destination: LonLat | None = Field(
        None, description="Where it ends: [longitude, latitude]. The fastest way through empty streets is taken."
    )

    @model_validator(mode="after")
    def _links_or_places(self) -> Self:
        places = self.origin is not None, self.destination is not None
        if self.links and any(places):
            raise ValueError("names links and places. Keep one: `links`, or `origin` and `destination`.")
        if not self.links and not all(places):
            raise ValueError("needs `links`, or `origin` and `destination` as [longitude, latitude].")
        return self


class Report(Strict):
    """What a comparison tells besides its figures."""

    routes: Listed[NamedRoute] = Field((), description="Routes whose travel times are told.")
    rank_by: Literal["air"] | None = Field(
        None,
        description="`air`: several plans are put in order by what residents breathe (`air: receptors` of the kind "
        "`residents`), NO2 if it is worked out. Left out: by money, casualties of gas, when people are safe, or time.",
    )


class HourValues(Strict):
    """What an hour of one vehicle is worth with those in it, by class of vehicle. Left out: not valued."""

    car: float | None = Field(None, ge=0, description="Of a car.")
    truck: float | None = Field(None, ge=0, description="Of a truck.")
    bus: float | None = Field(None, ge=0, description="Of a bus with its passengers.")
    emergency: float | None = Field(None, ge=0, description="Of an emergency vehicle.")
    bicycle: float | None = Field(None, ge=0, description="Of a bicycle.")


class Values(Strict):
    """What time is worth and what the plan costs: with it a comparison weighs the one against the other."""

    currency: str = Field(min_length=1, max_length=12, description="Of all sums: `EUR`.")
    hour: HourValues = Field(description="What an hour of a vehicle is worth, by class.")
    hours_a_year: float = Field(
        gt=0, le=8784, description="How many hours of a year are like those of the run: 500 for two hours of 250 days."
    )
    cost_a_year: float = Field(
        0.0, ge=0, description="What the plan costs a year: building spread over its life, and upkeep."
    )
