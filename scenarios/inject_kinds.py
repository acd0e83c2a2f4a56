"""Describe what a rehearsal may be confronted with: kinds of injects, to which other parts of a scenario add theirs."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar, get_args

from pydantic import AfterValidator, Field, TypeAdapter, ValidationError, WithJsonSchema

from .events import Event
from .strict import Listed, Strict
from .whereabouts import LINK_HELP, OnLinks

if TYPE_CHECKING:
    from .network import RoadNetwork
    from .scenario import Scenario

CLOCK = re.compile(r"(\d{1,2}):(\d\d)(?::(\d\d))?")


MOMENT_SCHEMA = WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "number", "minimum": 0}]})


def clock_s(at: str, start: dt.datetime) -> float:
    """Seconds from the start of a run to the next time that a clock shows ``at``.

    Raises
    ------
    ValueError
        When it is no clock time.

    Examples
    --------
    >>> clock_s("14:10", dt.datetime(2026, 5, 4, 14)), clock_s("13:59:30", dt.datetime(2026, 5, 4, 14))
    (600.0, 86370.0)
    """
    found = CLOCK.fullmatch(at)
    if found is None or int(found[1]) > 23 or int(found[2]) > 59 or int(found[3] or 0) > 59:
        raise ValueError('must be a clock time such as "14:10"')
    moment = start.replace(hour=int(found[1]), minute=int(found[2]), second=int(found[3] or 0), microsecond=0)
    return (moment - start).total_seconds() % 86_400.0


def _moment(at: object) -> object:
    if isinstance(at, str):
        clock_s(at, dt.datetime.min)
    if not isinstance(at, str | int | float) or isinstance(at, bool):
        raise ValueError('must be a clock time such as "14:10", or seconds after the start')
    if not isinstance(at, str) and not 0.0 <= at < float("inf"):
        raise ValueError("must be at least 0")
    return at


class Inject(Strict):
    """Something that a rehearsal is confronted with."""

    at: Annotated[Any, AfterValidator(_moment), MOMENT_SCHEMA] = Field(
        description='When: a clock time such as `"14:10"`, or seconds after the start.'
    )
    note: str | None = Field(None, description="What people say of it; it stands in the log.")

    @classmethod
    def called(cls) -> str:
        """The kind, as a file says it."""
        return str(get_args(cls.model_fields["kind"].annotation)[0])

    def wrong(self, scenario: Scenario, network: RoadNetwork) -> Iterator[tuple[str, str]]:
        """What does not fit a scenario and its streets: the key that is to blame, and the words.

        Links, lanes and signals are looked up without being asked for.
        """
        yield from ()

    def at_s(self, start: dt.datetime) -> float:
        """When it happens, s after the start of the run; a clock time before that is of the next day."""
        return clock_s(self.at, start) if isinstance(self.at, str) else float(self.at)


class _ForSomeTime(Inject):
    for_min: float | None = Field(None, gt=0, description="For how long, minutes. Left out: to the end of the run.")


class EventInject(_ForSomeTime):
    """An event, as ``events`` of a scenario has them, that begins when the inject is given."""

    def wrong(self, scenario: Scenario, network: RoadNetwork) -> Iterator[tuple[str, str]]:
        """What rules of events say of it."""
        try:
            self.event(self.at_s(scenario.start))
        except ValidationError as error:
            for found in error.errors(include_url=False):
                yield "kind", found["msg"].removeprefix("Value error, ")

    def event(self, at_s: float) -> Event:
        """The event, from ``at_s`` on (s after the start of the run)."""
        keys = self.model_dump(exclude={"at", "note", "for_min"}, exclude_none=True)
        for_s = None if self.for_min is None else 60.0 * self.for_min
        if keys["kind"] == "incident":
            keys["duration_s"] = for_s
        elif for_s is not None:
            keys["end_s"] = at_s + for_s
        reader: TypeAdapter[Event] = TypeAdapter(Event)
        return reader.validate_python(keys | {"start_s": at_s})


class RoadClosureInject(OnLinks, EventInject):
    """A road, or some of its lanes, is closed."""

    kind: Literal["road_closure"] = Field(description="`road_closure`.")
    lanes: Listed[Annotated[int, Field(ge=0)]] | None = Field(
        None, min_length=1, description="Lanes that close, 0 at the kerb. Left out: all."
    )
    known_to: Literal["sight", "broadcast"] = Field(
        "sight",
        description="Who knows of it: `sight`, whoever comes to its junction; `broadcast`, everybody at once.",
    )


class SpeedLimitInject(OnLinks, EventInject):
    """Another speed limit holds."""

    kind: Literal["speed_limit"] = Field(description="`speed_limit`.")
    speed_kmh: float = Field(ge=3, le=200, description="The limit while it holds, km/h.")


class SignalPlanInject(EventInject):
    """A signal runs another programme. What is left out stays as it is."""

    kind: Literal["signal_plan"] = Field(description="`signal_plan`.")
    junction: str = Field(min_length=1, description="Id of a signalled junction as listed by `citytwin network`.")
    cycle_s: float | None = Field(None, ge=10, le=300, description="Length of the cycle, s.")
    offset_s: float | None = Field(None, ge=0, le=300, description="Second at which the cycle begins.")
    green_s: Listed[Annotated[float, Field(ge=1, le=300)]] | None = Field(
        None, min_length=1, description="Length of each green phase in its order, s."
    )


class IncidentInject(EventInject):
    """A vehicle breaks down and stands on a lane."""

    kind: Literal["incident"] = Field(description="`incident`.")
    link: str = Field(min_length=1, description=LINK_HELP)
    lane: int = Field(0, ge=0, description="Lane, 0 at the kerb.")
    position_m: float = Field(0.0, ge=0, description="Metres from the beginning of the link.")
    for_min: float = Field(gt=0, description="How long it stands, minutes.")


class ContraflowInject(OnLinks, EventInject):
    """Lanes are driven the other way, once nobody is on them any more."""

    kind: Literal["contraflow"] = Field(description="`contraflow`.")
    keep_lanes: int = Field(
        0, ge=0, le=20, description="Lanes of each link that keep their direction, those at the kerb: for responders."
    )

    def wrong(self, scenario: Scenario, network: RoadNetwork) -> Iterator[tuple[str, str]]:
        """Links whose lanes have nowhere to go, or for which none stand by."""
        from .contraflow import cannot_turn

        yield from super().wrong(scenario, network)
        for text in cannot_turn(scenario, network, self.link_ids, self.keep_lanes):
            yield "link" if self.links is None else "links", text


class ExtraArrivals(_ForSomeTime):
    """More people set out by car or on foot than the scenario says; they stand by from when the rehearsal begins."""

    kind: Literal["extra_arrivals"] = Field(description="`extra_arrivals`.")
    share: float = Field(gt=0, description="How many more, as a share of those who set out anyway: 0.2.")
    by: Literal["car", "foot"] = Field("car", description="How they travel.")

    def wrong(self, scenario: Scenario, network: RoadNetwork) -> Iterator[tuple[str, str]]:
        """That nobody can stand by who has not found a route in the days before, or where nobody walks."""
        if self.by == "foot":
            if not scenario.walks:
                yield "by", "nobody walks in this scenario. Say who does under `walks`."
        elif scenario.routes.adapts:
            yield "kind", "has no effect where people have got used to the streets. Take `routes: {choice: known}`."


KINDS: dict[str, type[Inject]] = {}
One = TypeVar("One", bound=Inject)


def register(kind: type[One]) -> type[One]:
    """Let injects of a kind be read; its field ``kind`` says how they are called."""
    KINDS[kind.called()] = kind
    return kind


for _kind in (
    RoadClosureInject,
    SpeedLimitInject,
    SignalPlanInject,
    IncidentInject,
    ContraflowInject,
    ExtraArrivals,
):
    register(_kind)
