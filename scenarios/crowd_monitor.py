"""Describe what a crowd monitor looks for, and from when it warns."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from .strict import Strict


class CrowdLevels(Strict):
    """Densities from which a level holds, people per m²."""

    watch: float = Field(gt=0, le=20, description="Somebody should look, people per m².")
    amber: float = Field(gt=0, le=20, description="Somebody should act, people per m².")
    red: float = Field(gt=0, le=20, description="Danger, people per m².")

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if not self.watch < self.amber < self.red:
            raise ValueError("watch, amber and red must rise in this order")
        return self


class CrowdMonitor(Strict):
    """Watches how dense people stand and walk, and warns; `{}` takes the levels of {doc}`crowds`."""

    every_s: float = Field(10.0, ge=2, le=3600, description="Interval of the table `crowd`, s.")
    least_per_m2: float = Field(0.5, ge=0, le=20, description="Places with fewer people per m² have no row.")
    moving: CrowdLevels = Field(
        CrowdLevels(watch=2.0, amber=3.5, red=5.0), description="Levels where people walk (above 0.2 m/s)."
    )
    standing: CrowdLevels = Field(CrowdLevels(watch=3.0, amber=4.7, red=7.0), description="Levels where they stand.")
    area_m2: float = Field(10.0, gt=0, le=10_000, description="A level counts from so much area on, m².")
    hold_s: float = Field(30.0, ge=0, le=3600, description="An alarm is raised and lifted after so long, s.")
    ahead_s: float = Field(600.0, ge=0, le=7200, description="Amber is raised so long before it is reached, s.")
    pressure_per_s2: float = Field(0.02, gt=0, le=10, description="Crowd pressure from which it is red, 1/s².")
