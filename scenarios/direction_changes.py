"""Change which way streets are driven, which turns may be made at their ends, and which streets are there at all."""

from __future__ import annotations

from dataclasses import replace

from .street_changes import OneWay, OneWayTurned, RoadRemoved, TurnAllowed, TurnBan, TwoWay
from .street_draft import Refusal, StreetDraft, reversed_id, shown_list, straight_path
from .streets import Street


def remove_road(draft: StreetDraft, change: RoadRemoved) -> str:
    """Take links out."""
    streets = draft.chosen(change.link_ids, change.link_keys, both_directions=change.both_directions)
    for street in streets:
        draft.remove(draft.streets[street.id], f'"{change.id}" removes it')
    return f"removed: {shown_list(street.id for street in streets)}"


def make_one_way(draft: StreetDraft, change: OneWay) -> str:
    """Take the opposite directions out."""
    streets = draft.chosen(change.link_ids, change.link_keys)
    _refuse_where(
        change,
        [
            f"{street.id} is one-way already. To turn it: `kind: one_way_turned`."
            for street in streets
            if not street.twin
        ],
    )
    opposite = [street for street in streets if street.twin in {other.id for other in streets}]
    if opposite:
        said = f"names both directions of {shown_list(one.id for one in opposite[:2])}. Leave out the one that goes."
        raise Refusal((change.link_keys[0][:1], said))
    for street in streets:
        draft.remove(draft.streets[street.twin], f'"{change.id}" makes the road one-way')
        if change.lanes is not None:
            draft.put(_with_count(draft, draft.streets[street.id], change.lanes))
    return f"one-way: {shown_list(street.id for street in streets)}"


def turn_one_way(draft: StreetDraft, change: OneWayTurned) -> str:
    """Let one-way streets be driven the other way."""
    streets = draft.chosen(change.link_ids, change.link_keys)
    _refuse_where(
        change,
        [
            f"{street.id} is driven in both directions. To make it one-way: `kind: one_way`."
            for street in streets
            if street.twin
        ],
    )
    turned = []
    for street in streets:
        name = _free_id(draft, street)
        del draft.streets[street.id]
        draft.became[street.id] = f'"{change.id}" turns it: it is called "{name}" now'
        turned.append(_other_way(street, name))
    for street in turned:
        draft.add(street)
    return f"driven the other way: {shown_list(street.id for street in turned)}"


def make_two_way(draft: StreetDraft, change: TwoWay) -> str:
    """Give one-way streets an opposite direction."""
    streets = draft.chosen(change.link_ids, change.link_keys)
    _refuse_where(change, [f"{street.id} is driven in both directions already." for street in streets if street.twin])
    rings = [street for street in streets if street.roundabout]
    _refuse_where(change, [f"{street.id} is part of a roundabout, which is driven round." for street in rings])
    back_ids = []
    for street in streets:
        before = len(street.lane_access)
        own = change.lanes or max(1, before - before // 2)
        back = change.lanes_back or max(1, before // 2)
        name = _free_id(draft, street)
        there = replace(_with_count(draft, street, own), twin=name, oneway=False)
        draft.add(_with_count(draft, replace(_other_way(street, name), oneway=False), back))
        draft.put(there)
        draft.put(replace(draft.streets[name], twin=street.id))
        back_ids.append(name)
    return f"two-way, with the new directions {shown_list(back_ids)}"


def ban_turn(draft: StreetDraft, change: TurnBan) -> str:
    """Forbid to go from one link to another."""
    first, second = _turn_of(draft, change)
    if not draft.may_turn(first, second):
        raise Refusal((("to_link",), f"cannot be reached from {first.id} as it is: nothing would change."))
    if [other.id for other in draft.ways_on(first)] == [second.id]:
        said = f"is the only way on from {first.id}. Leave it one, or remove that link too."
        raise Refusal((("to_link",), said))
    spec = draft.junctions[first.to_junction]
    draft.change_junction(replace(spec, banned=spec.banned | {(first.id, second.id)}))
    return f"nobody turns from {first.id} into {second.id}"


def allow_turn(draft: StreetDraft, change: TurnAllowed) -> str:
    """Let drivers go from one link to another again, be it forbidden there or on the way between them."""
    first, second = (
        draft.street(name, (key,)) for name, key in ((change.from_link, "from_link"), (change.to_link, "to_link"))
    )
    pair = first.id, second.id
    between = [ids for ids in draft.sequences if (ids[0], ids[-1]) == pair]
    if between:
        draft.sequences = [ids for ids in draft.sequences if ids not in between]
        return f"drivers from {first.id} may go on into {second.id}"
    _turn_of(draft, change)
    if draft.may_turn(first, second):
        raise Refusal((("to_link",), f"may be entered from {first.id} already: nothing would change."))
    spec = draft.junctions[first.to_junction]
    paths = spec.inner_paths
    if paths is not None and pair not in paths:
        paths = {**paths, pair: straight_path(first, second)}
    draft.change_junction(replace(spec, banned=spec.banned - {pair}, inner_paths=paths))
    return f"drivers may turn from {first.id} into {second.id}"


def _turn_of(draft: StreetDraft, change: TurnBan | TurnAllowed) -> tuple[Street, Street]:
    """Both links of a turn, which must meet."""
    unknown = [
        reason
        for name, key in ((change.from_link, "from_link"), (change.to_link, "to_link"))
        if name not in draft.streets
        for reason in _reasons(draft, name, key)
    ]
    if unknown:
        raise Refusal(*unknown)
    first, second = draft.street(change.from_link, ()), draft.street(change.to_link, ())
    if first.to_junction != second.from_junction:
        onward = shown_list(street.id for street in draft.leaving(first.to_junction) if street.id != first.twin)
        said = f"does not begin where {first.id} ends. There begin: {onward or 'none'}."
        raise Refusal((("to_link",), said))
    if first.twin == second.id:
        said = "is the same road back: where people turn round is not for a plan to ban or allow."
        raise Refusal((("to_link",), said))
    return first, second


def _reasons(draft: StreetDraft, name: str, key: str) -> tuple[tuple[tuple[str | int, ...], str], ...]:
    try:
        draft.street(name, (key,))
    except Refusal as refusal:
        return refusal.reasons
    return ()


def _refuse_where(change: OneWay | OneWayTurned | TwoWay, texts: list[str]) -> None:
    if texts:
        raise Refusal(*((change.link_keys[0][:1], text) for text in texts))


def _free_id(draft: StreetDraft, street: Street) -> str:
    """Id of a street's other direction: that which it had on the map, else made of its own."""
    name = draft.drawn[street.id].twin or reversed_id(street.id)
    return name if name not in draft.streets else f"{street.id}:back"


def _other_way(street: Street, name: str) -> Street:
    """A one-way street as driven from its end to its beginning."""
    return replace(
        street,
        id=name,
        from_junction=street.to_junction,
        to_junction=street.from_junction,
        shape_xy=street.shape_xy[::-1].copy(),
        turn_lanes=None,
        sign="",
        signalised=False,
        gradient=None if street.gradient is None else -street.gradient,
    )


def _with_count(draft: StreetDraft, street: Street, count: int) -> Street:
    """A street with so many lanes; those at the kerb stay what they are."""
    lanes = street.lane_access
    new = lanes[:count] if count <= len(lanes) else (*lanes, *(lanes[-1],) * (count - len(lanes)))
    if new == lanes:
        return street
    drawn = draft.drawn.get(street.id)
    arrows = drawn.turn_lanes if drawn is not None and len(drawn.lane_access) == count else None
    return replace(street, lane_access=new, turn_lanes=arrows, assumed=street.assumed - {"lanes"})
