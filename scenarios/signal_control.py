"""Describe who decides at signals: the clock, detectors, queues, or a Python object; and which signals keep step."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, ValidationInfo, field_validator, model_validator

from .city import RoadClass
from .problems import closest_hint
from .strict import InputFile, Listed, Strict
from .trips import VEHICLE_CLASSES


def _vehicle_class(name: str) -> str:
    if name not in VEHICLE_CLASSES:
        raise ValueError(
            f"no such vehicle class.{closest_hint(name, VEHICLE_CLASSES)} All: {', '.join(VEHICLE_CLASSES)}."
        )
    return name


VehicleClass = Annotated[str, AfterValidator(_vehicle_class)]
Green = Annotated[float, Field(ge=1, le=300)]


class _Control(Strict):
    id: str | None = Field(
        None, min_length=1, description="A name of your own; a file that inherits this one changes the entry by it."
    )
    junctions: Listed[Annotated[str, Field(min_length=1)]] | None = Field(
        None, min_length=1, description="Ids of signalled junctions as listed by `citytwin network`. Left out: all."
    )
    road_classes: Listed[RoadClass] | None = Field(
        None, min_length=1, description="Only junctions that a road of one of these classes leads to: `primary`, …"
    )
    min_green_s: Green = Field(7.0, description="Shortest green of every stage, s. No command and no vehicle cuts it.")
    min_greens_s: Listed[Green] | None = Field(
        None, min_length=1, description="The same for each stage in its order, s. Instead of `min_green_s`."
    )
    pedestrians: bool = Field(
        True,
        description="Whether people cross: every stage in which they do comes in each round and lasts until they are "
        "across (5 s to set out, then 1.2 m/s over the width of the road).",
    )
    preemption: Listed[VehicleClass] = Field(
        (), description="Vehicle classes for which every other stage ends as soon as its shortest green is over."
    )
    reach_m: float = Field(
        80.0,
        ge=1,
        le=1000,
        description="Metres before the stop line from which vehicles of special classes are noticed.",
    )


class _WithPriority(_Control):
    priority: Listed[VehicleClass] = Field(
        (), description="Vehicle classes that green waits for, and that make other stages end early: `bus`."
    )
    max_wait_s: float = Field(10.0, ge=0, le=60, description="How long green waits for one of them at most, s.")


class FixedControl(_WithPriority):
    """The programme by the clock; with priority its stages may end earlier or later, and it finds back into step."""

    kind: Literal["fixed"] = Field(description="`fixed`.")


class ActuatedControl(_WithPriority):
    """Green lasts while vehicles follow each other over a detector, and comes where one waits."""

    kind: Literal["actuated"] = Field(description="`actuated`.")
    max_green_s: Green = Field(
        50.0, description="Longest green of every stage once somebody waits elsewhere, s. Not below its shortest."
    )
    max_greens_s: Listed[Green] | None = Field(
        None, min_length=1, description="The same for each stage in its order, s. Instead of `max_green_s`."
    )
    passage_s: float = Field(3.0, ge=0.5, le=15, description="Gap between vehicles at the detector that ends green, s.")
    detector_m: float = Field(25.0, ge=0, le=200, description="Detectors lie so many metres before the stop line.")
    recall: Literal["none", "minimum", "maximum"] = Field(
        "minimum",
        description="What the stage with the longest green of the programme gets without a call: nothing, its shortest "
        "green, or its longest.",
    )

    @field_validator("max_green_s")
    @classmethod
    def _not_below_min(cls, max_green_s: float, info: ValidationInfo) -> float:
        least_s = info.data.get("min_green_s")
        if least_s is not None and max_green_s < least_s:
            raise ValueError(f"must not be below min_green_s ({least_s:g}).")
        return max_green_s


class MaxPressureControl(_WithPriority):
    """The stage goes on, or comes, that has the most vehicles before it and the fewest behind (Varaiya 2013)."""

    kind: Literal["max_pressure"] = Field(description="`max_pressure`.")
    every_s: float = Field(5.0, ge=1, le=60, description="How often it is decided once the shortest green is over, s.")
    longest_red_s: float = Field(
        120.0,
        ge=20,
        le=600,
        description="Whatever the pressure, a stage that somebody waits for comes after so long, s.",
    )


class ObjectControl(_Control):
    """A Python object decides that was handed to the simulation."""


class PythonControl(ObjectControl):
    """A Python object decides: it sees the detectors that it declares, and orders stages."""

    kind: Literal["python"] = Field(description="`python`.")
    file: InputFile = Field(description="Python file with the class. It is run: use files that you trust.")
    name: str = Field(min_length=1, description="Name of the class, a `SignalController`.")


Control = Annotated[FixedControl | ActuatedControl | MaxPressureControl | PythonControl, Field(discriminator="kind")]


class Coordination(Strict):
    """Signals along a road that share a cycle, green beginning at each as traffic arrives from the one before."""

    groups: Listed[Annotated[Listed[Annotated[str, Field(min_length=1)]], Field(min_length=2)]] = Field(
        min_length=1,
        description="Groups of ids of signalled junctions in the order in which one drives past them.",
    )
    speed_kmh: float | None = Field(
        None, ge=5, le=120, description="Speed of the green wave, km/h. Left out: the speed limit of each street."
    )
    cycle_s: float | None = Field(
        None, ge=20, le=300, description="Their cycle, s. Left out: the longest that one of a group has by itself."
    )

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        named = [name for group in self.groups for name in group]
        twice = next((name for name in named if named.count(name) > 1), None)
        if twice is not None:
            raise ValueError(f"names {twice} twice: a signal has one cycle and one offset.")
        return self


class SignalControl(Strict):
    """Who decides at signals. Where nothing is said, the programme runs by the clock."""

    control: Listed[Control] = Field((), description="Any number of these; the last that speaks of a junction holds.")
    coordination: Coordination | None = Field(None, description="Which signals keep step.")
