"""Describe how people walk, and who does."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from .demand_kinds import OdMatrix, RandomTrips, TripFile
from .strict import Strict

WalkDemand = Annotated[RandomTrips | OdMatrix | TripFile, Field(discriminator="kind")]


class Walking(Strict):
    """How people walk; it counts where somebody does (`walks`)."""

    preset: Literal["lab_calibrated", "code_conservative"] = Field(
        "lab_calibrated",
        description="`lab_calibrated`: as people were measured; `code_conservative`: as codes for safe exits reckon "
        "(SFPE; at most 1.33 people a second and metre through doors).",
    )
    speed_mps: float | None = Field(
        None, ge=0.3, le=3, description="Mean speed with nobody around, m/s. Left out: the preset's."
    )
    speed_sd_mps: float | None = Field(
        None, ge=0, le=1, description="Standard deviation of this speed over people, m/s. Left out: the preset's."
    )
    door_per_m_s: float | None = Field(
        None,
        ge=0.5,
        le=5,
        description="Most people a second through each metre of a narrow passage (5 m long or shorter). Left out: the "
        "preset's.",
    )
    door_less_per_s: float | None = Field(
        None,
        ge=0,
        le=1,
        description="People a second fewer than that through any such passage, whatever its width. Left out: the "
        "preset's.",
    )
    links_every_s: float = Field(300.0, ge=1, le=86_400, description="Interval of the table of walk links, s.")
    hazard_weight: float | None = Field(
        None,
        ge=1,
        le=100,
        description="How many times longer a way through a hazard feels than it takes, when people choose their ways "
        "and everybody knows of the hazard. Left out: they do not mind what they can pass.",
    )
    patches_above_per_m2: float | None = Field(
        None,
        gt=0,
        le=5,
        description="Squares of 20 m in which links are denser for 30 s, people/m², become patches where people walk "
        "in the plane, until it is half as dense. Left out: none do.",
    )
