"""Describe an evacuation: who is where, who is told when and how, how people leave, and where they are safe."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Annotated, Literal, Self

from pydantic import Field, ValidationInfo, model_validator

from .areas import Area
from .evacuation_times import LognormalTime, PreparationTime
from .strict import InputFile, Listed, Seconds, Strict, is_forgiving
from .told import LonLat
from .whereabouts import LINK_HELP

Mode = Literal["foot", "car", "bus", "ambulance"]
MODES: tuple[Mode, ...] = ("foot", "car", "bus", "ambulance")
Share = Annotated[float, Field(ge=0, le=1)]

NIST_LOGNORMAL = LognormalTime(kind="lognormal")


class Modes(Strict):
    """How households leave: the share that takes each; all others walk."""

    car: Share = Field(0.0, description="Share of the households that drive.")
    bus: Share = Field(0.0, description="Share of the households that walk to the nearest of `pickups` and ride on.")
    ambulance: Share = Field(
        0.0,
        description="Share of the people who cannot walk: one of `ambulances` fetches each of them at home, and the "
        "others of the household leave without them.",
    )

    @model_validator(mode="after")
    def _not_more_than_all(self) -> Self:
        if self.car + self.bus > 1.0 + 1e-9:
            raise ValueError(f"shares of `car` and `bus` make {self.car + self.bus:g}, more than 1.")
        return self


class EvacuationZone(Strict):
    """A part of the city that can be ordered to leave."""

    id: str = Field(min_length=1, description="What people call it.")
    polygon: Area = Field(description="Where it is: longitude and latitude of each corner.")
    population: int = Field(0, ge=0, le=10_000_000, description="People at home there, those of `groups` not counted.")
    modes: Modes | None = Field(None, description="How they leave. Left out: as the evacuation's `modes`.")


class Door(Strict):
    """A way out of a building; people leave by all of its doors, as many a second as the preset of `walking` lets."""

    width_m: float = Field(ge=0.4, le=50, description="Clear width, m: what is narrower lets nobody through.")


class Group(Strict):
    """People in one building who leave it by its doors: a school, a hospital, an office, a stadium."""

    id: str = Field(min_length=1, description="What people call it.")
    at: LonLat = Field(description="Where its doors are: [longitude, latitude]. Orders for the zone hold for it too.")
    persons: int = Field(ge=1, le=1_000_000, description="How many people are in it.")
    doors: Listed[Door] = Field((), description="Its doors. Left out: nobody waits for a door.")
    preparation: PreparationTime | None = Field(
        None, description="How long its people take to get ready. Left out: as the evacuation's `preparation`."
    )
    modes: Modes | None = Field(None, description="How they leave. Left out: on foot.")


class Siren(Strict):
    """A warning that reaches a share of the people at once."""

    kind: Literal["siren"] = Field(description="`siren`.")
    id: str | None = Field(None, min_length=1, description="A name of your own.")
    reaches: Share = Field(description="Share of the households that notice it.")
    delay_s: Seconds = Field(0.0, description="Between the order and the warning, s.")


class CellBroadcast(Strict):
    """A message to all phones, which people see sooner or later."""

    kind: Literal["cell_broadcast"] = Field(description="`cell_broadcast`.")
    id: str | None = Field(None, min_length=1, description="A name of your own.")
    reaches: Share = Field(description="Share of the households that see it.")
    delay_s: Seconds = Field(0.0, description="Between the order and the message, s.")
    seen_after_s: Seconds = Field(0.0, description="Mean time until it is seen (exponential), s.")


class DoorToDoor(Strict):
    """Teams that knock at one door after the other, in no order."""

    kind: Literal["door_to_door"] = Field(description="`door_to_door`.")
    id: str | None = Field(None, min_length=1, description="A name of your own.")
    reaches: Share = Field(1.0, description="Share of the households that open.")
    delay_s: Seconds = Field(0.0, description="Between the order and the first door, s.")
    households_per_h: float = Field(gt=0, le=1e6, description="Doors that all teams together knock at in an hour.")


class Neighbours(Strict):
    """People who tell their neighbours: whoever is warned passes it on."""

    kind: Literal["neighbours"] = Field(description="`neighbours`.")
    id: str | None = Field(None, min_length=1, description="A name of your own.")
    reaches: Share = Field(description="Share of the households that hear of it so.")
    delay_s: Seconds = Field(0.0, description="Mean time between a neighbour's warning and one's own (exponential), s.")


Channel = Annotated[Siren | CellBroadcast | DoorToDoor | Neighbours, Field(discriminator="kind")]


class OnCloud(Strict):
    """A level of a gas at homes of a zone that an order waits for."""

    hazard: str = Field(min_length=1, description="Id of one of `hazards` of the kind `gas`.")
    at_mgm3: float = Field(gt=0, le=1e6, description="Concentration outdoors, mg/m³, at any home of the zone.")
    zone: str | None = Field(
        None, min_length=1, description="Id of the zone whose homes count. Left out: all zones of the order."
    )


class Order(Strict):
    """Zones that are told to leave, or to stay inside, at a time or when gas comes near."""

    id: str | None = Field(None, min_length=1, description="A name of your own.")
    zones: Listed[str] = Field(min_length=1, description="Ids of the zones.")
    action: Literal["leave", "stay_inside"] = Field(
        "leave",
        description="What they are told: `leave`; or `stay_inside`, with everything shut, which keeps gas out for a "
        "while ({doc}`hazards`).",
    )
    start_s: Seconds = Field(
        description="When it is given, seconds after the scenario's start; with `when` not before then."
    )
    when: OnCloud | None = Field(None, description="A level of a gas that it waits for. Left out: it waits for none.")
    compliance: Share = Field(1.0, description="Share of the warned households that do so.")
    channels: Listed[Channel] = Field(
        (), description="How people are warned. Left out: as the evacuation's `channels`."
    )


class Shadow(Strict):
    """People who leave although nobody told them to."""

    share: Share = Field(description="Share of the households of zones without an order that leave all the same.")
    within_m: float = Field(gt=0, le=100_000, description="Only those who live so near to a zone with an order, m.")


class Shelter(Strict):
    """A place where people are safe and stay."""

    id: str = Field(min_length=1, description="What people call it.")
    at: LonLat = Field(description="Where it is: [longitude, latitude].")
    capacity: int | None = Field(None, ge=0, le=10_000_000, description="How many people it takes. Left out: all.")
    when_full: Literal["turned_away", "overcrowded"] = Field(
        "turned_away",
        description="`turned_away`: who comes when it is full goes on to another; `overcrowded`: it lets everybody in.",
    )
    places: Literal["first_come", "reserved"] = Field(
        "first_come",
        description="`first_come`: whoever is there first; `reserved`: everybody has a place from when they leave.",
    )
    announced_after_s: float | None = Field(
        None,
        ge=0,
        le=86_400,
        description="So long after it is full everybody knows, s, and who is on the way there turns to another. "
        "Left out: people learn of it at its door.",
    )
    by: Listed[Mode] = Field(("foot", "car"), min_length=1, description="How it can be reached.")


class WayOut(Strict):
    """A road or a path by which people leave the danger."""

    id: str = Field(min_length=1, description="What people call it.")
    link: str | None = Field(None, min_length=1, description=f"{LINK_HELP} Cars are out at its end.")
    at: LonLat | None = Field(None, description="Where it is: [longitude, latitude]. One of `link` and `at`.")
    by: Listed[Mode] = Field(("car",), min_length=1, description="Who can leave by it.")

    @model_validator(mode="after")
    def _somewhere(self) -> Self:
        if (self.link is None) == (self.at is None):
            raise ValueError("needs `link` or `at`, one of both.")
        if self.link is not None and "foot" in self.by:
            raise ValueError("on foot it is left at a place: give `at` instead of `link`.")
        return self


class Pickup(Strict):
    """A place where buses take people up, drive them to a shelter and come back, as often as they are needed."""

    id: str = Field(min_length=1, description="What people call it.")
    at: LonLat = Field(description="Where it is: [longitude, latitude].")
    to: str = Field(min_length=1, description="Id of the shelter the buses go to; `bus` stands in its `by`.")
    start_s: Seconds = Field(0.0, description="The first bus is there, seconds after the scenario's start.")
    buses: int = Field(1, ge=1, le=200, description="How many buses go to and fro.")
    headway_s: Seconds = Field(0.0, description="The first rounds of the buses begin so long one after the other, s.")
    capacity: int = Field(50, ge=1, le=300, description="People that fit into a bus.")
    stays_s: float = Field(
        120.0, ge=1, le=86_400, description="A bus leaves when it is full, or so long after the first got in, s."
    )
    unloads_s: Seconds = Field(60.0, description="It stands so long at the shelter, s.")


class Ambulances(Strict):
    """Ambulances that fetch people who cannot walk, who has waited longest first, and drive them to a shelter."""

    id: str = Field(min_length=1, description="What people call them.")
    at: LonLat = Field(description="Where they stand in the beginning: [longitude, latitude].")
    to: str = Field(min_length=1, description="Id of the shelter they drive to; `ambulance` stands in its `by`.")
    start_s: Seconds = Field(0.0, description="They drive from then on, seconds after the scenario's start.")
    vehicles: int = Field(1, ge=1, le=500, description="How many ambulances.")
    places: int = Field(1, ge=1, le=20, description="People that fit into one: with room it drives on to the nearest.")
    loads_s: float = Field(ge=0, le=86_400, description="It stands so long where it takes somebody up, s.")
    unloads_s: float = Field(ge=0, le=86_400, description="It stands so long at the shelter, s.")


class FetchedByUnits(Strict):
    """Ambulances of `responders` fetch people who cannot walk, one at a time, after those who call for them."""

    to: str = Field(min_length=1, description="Id of the shelter they drive to; `ambulance` stands in its `by`.")
    loads_s: float = Field(ge=0, le=86_400, description="A unit stands so long where it takes somebody up, s.")
    unloads_s: float = Field(ge=0, le=86_400, description="It stands so long at the shelter, s.")


class DesignatedRoute(Strict):
    """Streets that cars of some zones are to take on their way out."""

    id: str = Field(min_length=1, description="What people call it.")
    zones: Listed[str] = Field(min_length=1, description="Ids of the zones whose cars are led along it.")
    links: Listed[str] = Field(
        min_length=1, description="Links to drive through, one after the other; between them the quickest way."
    )
    compliance: Share = Field(1.0, description="Share of the households with cars that follow it.")


class Households(Strict):
    """Who leaves together."""

    mean_size: float = Field(2.3, ge=1, le=20, description="People in a household on average; each has at least one.")
    persons_per_car: int = Field(5, ge=1, le=60, description="Most people in a car; larger households take several.")


class Gathering(Strict):
    """People of zones who are elsewhere when their household hears of it, and come home before it leaves."""

    away: Share = Field(description="Share of the people of the zones who are elsewhere.")
    comes_home: PreparationTime = Field(
        description="How long each of them takes from the warning until being home. Nobody's preparation is added."
    )
    waits_s: float | None = Field(
        None,
        ge=0,
        le=604_800,
        description="A household waits at most so long for them after the others are ready, s; who comes later leaves "
        "alone, and on foot where the others have taken the car. Left out: until all are there.",
    )


class Evacuation(Strict):
    """People who are told to leave, and what becomes of them."""

    zones: Listed[EvacuationZone] = Field((), description="Parts of the city with the people in them.")
    zones_file: InputFile | None = Field(
        None,
        description="Zones as GeoJSON polygons with the properties `id` and `population`, besides those of `zones`.",
    )
    population_file: InputFile | None = Field(
        None,
        description="Who lives where (CSV): zone, population; or a grid: lon, lat, population. It stands for the "
        "zones' own.",
    )
    groups: Listed[Group] = Field((), description="Buildings with people of their own.")
    groups_file: InputFile | None = Field(
        None,
        description="Buildings as GeoJSON points with the properties `id`, `persons` and, where there are, `doors` and "
        "`modes`, besides those of `groups`.",
    )
    orders: Listed[Order] = Field((), description="Who is told to leave when.")
    channels: Listed[Channel] = Field((), description="How people are warned. Left out: everybody at once.")
    shadow: Shadow | None = Field(None, description="Who leaves without an order. Left out: nobody.")
    preparation: PreparationTime = Field(
        NIST_LOGNORMAL, description="How long a person takes between the warning and being ready to leave."
    )
    cue_factor: float = Field(
        1.0, gt=0, le=1, description="Each further channel that warns a household makes its preparation so many times."
    )
    households: Households = Field(default_factory=Households, description="Who leaves with whom.")
    gathering: Gathering | None = Field(
        None, description="Who comes home first, before the household leaves. Left out: everybody is at home."
    )
    modes: Modes = Field(default_factory=Modes, description="How people leave.")
    shelters: Listed[Shelter] = Field((), description="Where people are safe.")
    shelters_file: InputFile | None = Field(
        None,
        description="Shelters as GeoJSON points with `id`, `capacity` and the other keys of `shelters` as properties.",
    )
    exits: Listed[WayOut] = Field((), description="Ways out of the danger.")
    pickups: Listed[Pickup] = Field((), description="Where buses take people up.")
    designated_routes: Listed[DesignatedRoute] = Field((), description="Streets that cars are to take.")
    ambulances: Listed[Ambulances] = Field((), description="Who fetches people who cannot walk.")
    fetched_by_units: FetchedByUnits | None = Field(
        None, description="The ambulances of `responders` fetch them, instead of `ambulances`."
    )
    table_every_s: float = Field(60.0, ge=1, le=3600, description="Interval of the table of counts, s.")

    @model_validator(mode="after")
    def _goes_together(self, info: ValidationInfo) -> Self:
        for _, said in () if is_forgiving(info) else self.contradictions():
            raise ValueError(said)
        return self

    def contradictions(self) -> Iterator[tuple[tuple[str, ...], str]]:
        """What does not go together, with the keys that it is about."""
        named: dict[str, Sequence[EvacuationZone | Group | Shelter | WayOut | Pickup | DesignatedRoute | Ambulances]]
        named = {
            "zones": self.zones,
            "groups": self.groups,
            "shelters": (*self.shelters, *self.exits),
            "pickups": self.pickups,
            "designated routes": self.designated_routes,
            "ambulances": self.ambulances,
        }
        for kind, entries in named.items():
            for double in _twice([one.id for one in entries]):
                yield (), f'names two of its {kind} "{double}". Ids differ.'
        for double in _twice([zone for route in self.designated_routes for zone in route.zones]):
            yield (), f'leads zone "{double}" by two of its `designated_routes`. Give each zone one.'
        if not self.shelters and self.shelters_file is None and not self.exits:
            yield ("shelters", "shelters_file", "exits"), "has no `shelters` and no `exits`: where are people safe?"
        if not self.zones and self.zones_file is None:
            yield ("zones", "zones_file"), "has no `zones`: who is to leave?"
        ways = [self.modes, *(zone.modes for zone in self.zones), *(group.modes for group in self.groups)]
        if not self.pickups and any(modes is not None and modes.bus > 0.0 for modes in ways):
            said = "has people who take a bus (`modes`), and no `pickups` where buses take them up."
            yield ("pickups",), said
        fetched = any(modes is not None and modes.ambulance > 0.0 for modes in ways)
        if fetched and not self.ambulances and self.fetched_by_units is None:
            said = "has people who cannot walk (`modes`), and no `ambulances` that fetch them, nor `fetched_by_units`."
            yield ("ambulances", "fetched_by_units"), said
        if self.ambulances and self.fetched_by_units is not None:
            yield (), "has people fetched by `ambulances` and by units of `responders`. Give one of both."


def _twice(names: Sequence[str]) -> list[str]:
    return [name for name, count in Counter(names).items() if count > 1]
