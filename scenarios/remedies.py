"""Say in a scenario file what drivers do when traffic stands still; nothing of it happens unless it is asked for."""

from __future__ import annotations

from pydantic import Field

from .strict import Strict


class Impatience(Strict):
    """Who has waited long at a line accepts smaller gaps."""

    gap_share: float = Field(ge=0.3, le=0.95, description="Share of `critical_gap_s` that is enough in the end.")
    after_s: float = Field(
        ge=1, le=3600, description="Wait at the line after which it is, s; until then the gap shrinks evenly."
    )


class Remedies(Strict):
    """What drivers do against a standstill, besides `routes.reroute_blocked_after_s`. A report says how often."""

    impatience: Impatience | None = Field(None, description="Smaller gaps after a wait. Left out: none.")
    leave_locks_after_s: float | None = Field(
        None,
        ge=30,
        le=86_400,
        description="Where queues have held each other up in a ring for so long, their first drivers turn off into any "
        "street that their lane leads to and that is not full, and find a way from there, s. Left out: never.",
    )
