"""Say what drivers did against a standstill, and whether those of a comparison's scenarios may do the same."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ...scenarios.street_words import listed
from . import style

if TYPE_CHECKING:
    from ...scenarios.scenario import Scenario


def remedies_used(facts: Mapping[str, Any] | None) -> list[str]:
    """One sentence from the figures of a run: what was done how often; none where nothing was asked for or needed."""
    if facts is None:  # written before there were remedies
        return []
    done = [(what, facts[counted]) for what, counted in _declared(facts)]
    if facts["rerouted_standing"]:
        stood = style.minutes_seconds(facts["reroute_blocked_after_s"])
        done.insert(0, (f"another way after standing for {stood}", facts["rerouted_standing"]))
    told = "; ".join(f"{what}, {style.count(count, 'time')}" for what, count in done)
    return [f"Against a standstill drivers did this: {told}."] if told else []


def remedies_compared(base: Scenario, variant: Scenario) -> list[str]:
    """One sentence on what drivers of the base and of a variant may do; none where it is nothing."""
    ours, theirs = ([what for what, _ in _declared(of.remedies.model_dump())] for of in (base, variant))
    if ours == theirs:
        return [f"Remedies against a standstill, in both: {listed(ours)}."] if ours else []
    both = f"{listed(ours or ['none'])} in the base, {listed(theirs or ['none'])} with the plan"
    return [f"Remedies against a standstill: {both}; a part of the difference comes of that."]


def _declared(asked: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What a scenario's `remedies` ask for in words, and the figure that counts it."""
    told = []
    if (impatience := asked["impatience"]) is not None:
        share, wait = style.percent(impatience["gap_share"]), style.minutes_seconds(impatience["after_s"])
        told.append((f"smaller gaps, down to {share} of the critical gap after a wait of {wait}", "small_gaps"))
    if (after_s := asked["leave_locks_after_s"]) is not None:
        told.append((f"turning off out of a lock after {style.minutes_seconds(after_s)}", "left_locks"))
    return told
