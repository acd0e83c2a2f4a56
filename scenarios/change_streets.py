"""Make the streets that a plan asks for: apply its changes one after the other, or say all that is wrong with them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from . import street_changes as plan
from .car_reach import cut_off_for_cars
from .direction_changes import allow_turn, ban_turn, make_one_way, make_two_way, remove_road, turn_one_way
from .junction_changes import add_signal, remove_signal
from .lane_changes import add_parking, change_lane_count, filter_modes, limit_zone, remove_parking, reserve_lane
from .new_roads import add_road
from .problems import NO_VALUE, InputError, Problem
from .ring_roads import make_roundabout
from .street_draft import Place, Refusal, StreetDraft, shown_list
from .streets import StreetGraph
from .turn_pockets import add_pockets
from .yaml_lines import key_text

APPLY: Mapping[type, Callable[[StreetDraft, Any], str]] = {
    plan.RoadAdded: add_road,
    plan.RoadRemoved: remove_road,
    plan.LaneCount: change_lane_count,
    plan.TurnPocket: add_pockets,
    plan.ParkingRemoved: remove_parking,
    plan.ParkingAdded: add_parking,
    plan.BusLane: reserve_lane,
    plan.CycleLane: reserve_lane,
    plan.SpeedZone: limit_zone,
    plan.OneWay: make_one_way,
    plan.OneWayTurned: turn_one_way,
    plan.TwoWay: make_two_way,
    plan.TurnBan: ban_turn,
    plan.TurnAllowed: allow_turn,
    plan.SignalAdded: add_signal,
    plan.SignalRemoved: remove_signal,
    plan.Roundabout: make_roundabout,
    plan.ModalFilter: filter_modes,
}


class ChangeError(InputError):
    """Changes of streets that cannot be made; ``found`` has the row, the keys in its entry and the text of each."""

    def __init__(self, found: Sequence[tuple[int, Place, str]]) -> None:
        self.found = tuple(found)
        super().__init__(
            [Problem(None, None, key_text(("streets", row, *keys)), NO_VALUE, text) for row, keys, text in found]
        )

    def __reduce__(self) -> tuple[type[InputError], tuple[Any, ...]]:
        return type(self), (self.found,)


def change_streets(graph: StreetGraph, changes: Sequence[Any]) -> StreetGraph:
    """Apply changes in their order. Streets that none of them touches keep their ids and all else.

    Parameters
    ----------
    graph
        Streets of the map, those that are opened already open.
    changes
        Entries of ``Scenario.streets``.

    Raises
    ------
    ChangeError
        With everything that is wrong with any of them.
    """
    if not changes:
        return graph
    draft, found = _applied(graph, changes)
    if not found:
        found = _cut_off(graph, draft, changes)
    if found:
        raise ChangeError(found)
    return draft.finished()


def _applied(graph: StreetGraph, changes: Sequence[Any]) -> tuple[StreetDraft, list[tuple[int, Place, str]]]:
    """Streets after those changes that can be made, and what is wrong with the others."""
    draft = StreetDraft(graph)
    found: list[tuple[int, Place, str]] = []
    for row, change in enumerate(changes):
        if isinstance(change, plan.RoadOpened):  # done while the map was read
            opened = ", ".join((*(change.ways or ()), *(change.barriers or ())))
            draft.notes.append(f'Streets changed by "{change.id}": opened to cars: {opened}.')
            continue
        try:
            draft.notes.append(f'Streets changed by "{change.id}": {APPLY[type(change)](draft, change)}.')
        except Refusal as refusal:
            draft.refused.add(change.id)
            found += [(row, keys, text) for keys, text in refusal.reasons]
    return draft, found


def _cut_off(graph: StreetGraph, draft: StreetDraft, changes: Sequence[Any]) -> list[tuple[int, Place, str]]:
    """What cars could use before and cannot get to, or away from, any more, at the change after which that is so."""
    if not cut_off_for_cars(graph, draft.finished()):
        return []
    for count in range(1, len(changes) + 1):
        links = cut_off_for_cars(graph, _applied(graph, changes[:count])[0].finished())
        if links:
            row, change = count - 1, changes[count - 1]
            key = next((key for key in ("links", "link", "junction", "to_link") if getattr(change, key, None)), "id")
            text = f"leaves {shown_list(links)} without a way there or back for cars. Change them too, or leave a way."
            return [(row, (key,), text)]
    return []
