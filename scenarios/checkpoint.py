"""Say in a scenario file how often a run is kept, so that it can go on from there."""

from __future__ import annotations

from pydantic import Field

from .strict import Strict


class Checkpoint(Strict):
    """How often the whole run is kept in its folder. `citytwin run FILE -o DIR --resume` goes on from the last one."""

    every_s: float = Field(ge=1, le=86_400, description="Simulated time between two snapshots, s.")
    keep: int = Field(3, ge=2, le=10_000, description="How many stay in the folder; the oldest go first.")
