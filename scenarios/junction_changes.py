"""Change what controls a junction: signals that come or go, and mini-roundabouts."""

from __future__ import annotations

from dataclasses import replace

from .street_changes import Roundabout, SignalAdded, SignalRemoved
from .street_draft import Refusal, StreetDraft

KEY = ("junction",)


def add_signal(draft: StreetDraft, change: SignalAdded) -> str:
    """Put up signals."""
    spec = draft.junction(change.junction, KEY)
    if spec.gate:
        raise Refusal(
            (KEY, "lies at the cut edge of the map, where only one road is known: no signal can stand there.")
        )
    if draft.is_signalised(spec.id):
        raise Refusal((KEY, "has signals already. To time them otherwise: the event `signal_plan`."))
    if len({street.twin or street.id for street in draft.entering(spec.id)}) < 2:
        raise Refusal((KEY, "is entered by one road only: there is nothing for signals to decide."))
    before = draft.map_junctions.get(spec.id)
    if before is not None and (before.signalised or before.crossing_signal):
        spec = replace(spec, signalised=before.signalised, crossing_signal=before.crossing_signal)
    else:
        spec = replace(spec, signalised=True)
    draft.change_junction(replace(spec, mini_roundabout=False))
    return f"signals at {spec.id}"


def remove_signal(draft: StreetDraft, change: SignalRemoved) -> str:
    """Take signals down."""
    spec = draft.junction(change.junction, KEY)
    if not draft.is_signalised(spec.id):
        near = sorted(
            (name for name in draft.junctions if draft.is_signalised(name)),
            key=lambda name: (draft.junctions[name].x_m - spec.x_m) ** 2 + (draft.junctions[name].y_m - spec.y_m) ** 2,
        )
        nearest = f" Nearest with signals: {', '.join(near[:3])}." if near else " Nor has any other junction here."
        raise Refusal((KEY, f"has no signals.{nearest}"))
    switch_off(draft, spec.id)
    return f"no signals at {spec.id}"


def make_mini_roundabout(draft: StreetDraft, change: Roundabout) -> str:
    """Let who is on a junction go before who comes to it."""
    spec = draft.junction(change.junction, KEY)
    if spec.mini_roundabout:
        raise Refusal((KEY, "is a mini-roundabout already."))
    refuse_in_ring(draft, spec.id)
    if len(draft.arms(spec.id)) < 3:
        raise Refusal((KEY, "has fewer than three arms: there is nothing to drive round."))
    switch_off(draft, spec.id)
    spec = draft.junctions[spec.id]
    draft.change_junction(replace(spec, mini_roundabout=True, all_way_stop=False))
    for street in draft.entering(spec.id):
        if street.sign:
            draft.put(replace(street, sign=""))
    return f"a mini-roundabout at {spec.id}"


def refuse_in_ring(draft: StreetDraft, junction: str) -> None:
    """Refuse to build a roundabout into a roundabout."""
    if any(street.roundabout for street in draft.entering(junction)):
        raise Refusal((KEY, "is part of a roundabout already."))


def switch_off(draft: StreetDraft, junction: str) -> None:
    """Take the lights of a junction and its approaches away."""
    spec = draft.junctions[junction]
    draft.change_junction(replace(spec, signalised=False, crossing_signal=False))
    for street in draft.entering(junction):
        if street.signalised:
            draft.put(replace(street, signalised=False))
