"""Describe what happens on the streets during a run: closures, speed limits, signal changes, incidents."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from .strict import EndSeconds, Listed, Seconds, Strict
from .whereabouts import LINK_HELP, OnLinks


class _Event(Strict):
    id: str | None = Field(
        None, min_length=1, description="A name of your own; a file that inherits this one changes the event by it."
    )


class _Window(_Event):
    start_s: Seconds = Field(description="From, in seconds after the scenario's start.")
    end_s: EndSeconds = Field(
        None, description="Until, in seconds after the scenario's start. Left out: until the end of the run."
    )


class RoadClosure(OnLinks, _Window):
    """A road, or some of its lanes, that nobody may enter for a time.

    Whoever is on it when it closes drives to its end, or turns back where the end is shut too.
    """

    kind: Literal["road_closure"] = Field(description="`road_closure`.")
    lanes: Listed[Annotated[int, Field(ge=0)]] | None = Field(
        None, min_length=1, description="Lanes that close, 0 at the kerb. Left out: all."
    )
    known_to: Literal["sight", "broadcast"] = Field(
        "sight",
        description="Who knows of it: `sight`, whoever comes to its junction; `broadcast`, everybody at once.",
    )


class SpeedLimit(OnLinks, _Window):
    """Another speed limit for a time."""

    kind: Literal["speed_limit"] = Field(description="`speed_limit`.")
    speed_kmh: float = Field(ge=3, le=200, description="The limit while it holds, km/h.")


class SignalPlan(_Window):
    """Another signal programme at one junction for a time. What is left out stays as it is."""

    kind: Literal["signal_plan"] = Field(description="`signal_plan`.")
    junction: str = Field(min_length=1, description="Id of a signalled junction as listed by `citytwin network`.")
    cycle_s: float | None = Field(
        None, ge=10, le=300, description="Length of the cycle, s. Without `green_s` all greens change in proportion."
    )
    offset_s: Seconds | None = Field(None, le=300, description="Second at which the cycle begins.")
    green_s: Listed[Annotated[float, Field(ge=1, le=300)]] | None = Field(
        None, min_length=1, description="Length of each green phase in its order, s. Yellow and all-red stay."
    )

    @model_validator(mode="after")
    def _changes_something(self) -> Self:
        if self.cycle_s is None and self.offset_s is None and self.green_s is None:
            raise ValueError("changes nothing: give `cycle_s`, `offset_s` or `green_s`.")
        return self


class Incident(_Event):
    """A vehicle that stands on a lane for a time, where nobody gets past it on that lane."""

    kind: Literal["incident"] = Field(description="`incident`.")
    link: str = Field(min_length=1, description=LINK_HELP)
    lane: int = Field(0, ge=0, description="Lane, 0 at the kerb.")
    position_m: float = Field(0.0, ge=0, description="Metres from the beginning of the link.")
    start_s: Seconds = Field(description="From, in seconds after the scenario's start.")
    duration_s: float = Field(gt=0, description="How long it stands, s.")

    @property
    def end_s(self) -> float:
        """Gone at, seconds after the scenario's start."""
        return self.start_s + self.duration_s


class Contraflow(OnLinks, _Window):
    """Lanes of links that are driven the other way for a time, so that more get out of a danger.

    First nobody may enter them any more; when the last vehicle has left them, they are open to the other direction,
    which everybody knows. At the end it is the other way round.
    """

    kind: Literal["contraflow"] = Field(description="`contraflow`.")
    keep_lanes: int = Field(
        0, ge=0, le=20, description="Lanes of each link that keep their direction, those at the kerb: for responders."
    )


Event = Annotated[RoadClosure | SpeedLimit | SignalPlan | Incident | Contraflow, Field(discriminator="kind")]
