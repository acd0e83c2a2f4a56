"""Describe responders: ambulances and fire engines, hospitals, and the calls that they answer."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field

from .areas import Area
from .strict import EndSeconds, Listed, Seconds, Strict
from .told import LonLat

STANDARDS = Path(__file__).with_name("ems_standards.csv")  # response times that services are held to
Need = Literal["ambulance", "fire_engine"]


class ResponseUnit(Strict):
    """A vehicle with its crew."""

    id: str = Field(min_length=1, description="What people call it.")
    kind: Need = Field("ambulance", description="What it is.")
    at: LonLat = Field(description="Its station: [longitude, latitude].")


class Hospital(Strict):
    """Where ambulances take people. Nobody leaves it during the run."""

    id: str = Field(min_length=1, description="What people call it.")
    at: LonLat = Field(description="Where it is: [longitude, latitude].")
    capacity: int | None = Field(
        None,
        ge=0,
        le=1_000_000,
        description="How many people it takes in; then others are driven to. Left out: everybody.",
    )


class EmergencyCall(Strict):
    """Somebody who needs a unit."""

    id: str = Field(min_length=1, description="A name of your own.")
    needs: Need = Field("ambulance", description="What comes.")
    at: LonLat = Field(description="Where: [longitude, latitude].")
    t_s: Seconds = Field(description="When, in seconds after the scenario's start.")
    on_scene_s: Seconds | None = Field(None, description="How long a unit stays there, s. Left out: drawn.")


class RandomCalls(Strict):
    """Calls at random times, on streets with addresses, long ones more often."""

    id: str = Field(min_length=1, description="A name of your own, which the names of its calls begin with.")
    needs: Need = Field("ambulance", description="What comes.")
    per_hour: float = Field(gt=0, le=10_000, description="Calls an hour, on average.")
    polygon: Area | None = Field(
        None, description="Where: longitude and latitude of each corner. Left out: in the whole city."
    )
    start_s: Seconds = Field(0.0, description="From, in seconds after the scenario's start.")
    end_s: EndSeconds = Field(
        None, description="Until, in seconds after the scenario's start. Left out: until the end of the run."
    )


class Responders(Strict):
    """Units that answer calls: the nearest free one comes, takes people to a hospital, and drives back."""

    units: Listed[ResponseUnit] = Field(min_length=1, description="Vehicles: any number of these.")
    hospitals: Listed[Hospital] = Field((), description="Where ambulances take people: any number of these.")
    calls: Listed[EmergencyCall] = Field((), description="Calls that are known: any number of these.")
    random_calls: Listed[RandomCalls] = Field((), description="Calls at random: any number of these.")
    dispatch_delay_s: float = Field(50.0, ge=0, le=3600, description="From a call to when a free unit sets out, s.")
    on_scene_s: float = Field(720.0, ge=0, le=86_400, description="Mean time at a scene, exponentially distributed, s.")
    transport_share: float = Field(0.8, ge=0, le=1, description="Share of an ambulance's calls that end in a hospital.")
    handover_s: float = Field(720.0, ge=0, le=86_400, description="Mean time there, exponentially distributed, s.")
