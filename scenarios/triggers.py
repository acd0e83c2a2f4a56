"""Say when a measure holds: between two times, and if you like only while a warning is at a level."""

from __future__ import annotations

from pydantic import Field

from .strict import EndSeconds, Seconds, Strict


class OnLevel(Strict):
    """A level of a warning that a measure waits for."""

    warning: str = Field(min_length=1, description="Id of one of `air_warnings`.")
    level: str = Field(min_length=1, description="Name of a level of it: it holds at this one and at higher ones.")


class Timed(Strict):
    """A measure that holds for a time."""

    id: str | None = Field(
        None, min_length=1, description="A name of your own; a file that inherits this one changes the measure by it."
    )
    start_s: Seconds = Field(0.0, description="From, in seconds after the scenario's start.")
    end_s: EndSeconds = Field(
        None, description="Until, in seconds after the scenario's start. Left out: until the end of the run."
    )
    when: OnLevel | None = Field(
        None, description="Between these times only while a warning is at a level. Left out: all the time."
    )
