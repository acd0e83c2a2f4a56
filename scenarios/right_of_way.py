"""Decide who goes first where two connectors meet, and how each junction is controlled."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .conflicts import Conflicts, Ways
from .movements import far_turn, near_turn
from .network import Bools, Bytes, Control, FoeKind, Ints, Turn
from .street_rows import ONCOMING_FROM_RAD, PARALLEL_WITHIN_RAD, StreetRows

ALL_WAY_STOP_COUNTRIES = frozenset({"US", "CA"})
SIGN_LEVEL = {"stop": 0, "give_way": 1, "": 2}


@dataclass(frozen=True, slots=True, eq=False)
class RightOfWay:
    """Who yields to whom: ``foe_yield`` per pair of ``Conflicts``, ``control`` per junction, the rest per connector."""

    foe_yield: Bools
    priority: Bytes
    stop: Bools
    control: Bytes


def decide_right_of_way(rows: StreetRows, ways: Ways, conflicts: Conflicts) -> RightOfWay:
    """Apply the rules in their order: signs, ring, rank and lanes of the roads, straight over turning, then the right.

    U-turns give way to everybody. Drivers who turn across oncoming traffic give way to it, whatever the rank of the
    road they meet, unless the main road itself bends. What nothing decides is served in order of arrival.
    """
    from_link, turn, junction = ways.from_link, ways.turn, ways.junction
    signalised = np.array([_is_signalised(rows, row) for row in range(len(rows.junctions))], dtype=bool)
    sign = np.array([SIGN_LEVEL[street.sign] for street in rows.streets], dtype=np.int32)
    all_way = (
        np.array([_is_all_way_stop(rows, row, sign) for row in range(len(rows.junctions))], dtype=bool) & ~signalised
    )
    verdict, by_right = _compare(rows, ways, conflicts, sign, signalised)
    other_road = from_link[conflicts.own] != from_link[conflicts.foe]
    at = junction[conflicts.own]

    straight = turn == Turn.STRAIGHT
    crossing = by_right & (conflicts.kind == FoeKind.CROSS) & straight[conflicts.own] & straight[conflicts.foe]
    if rows.country in ALL_WAY_STOP_COUNTRIES:
        all_way[at[crossing]] = True
        all_way &= ~signalised
    foe_yield = np.where(all_way[at] & other_road, True, verdict > 0)

    control = np.full(len(rows.junctions), Control.FREE, dtype=np.int8)
    control[at[other_road]] = Control.PRIORITY
    control[at[by_right]] = Control.RIGHT_BEFORE_LEFT
    control[all_way] = Control.ALL_WAY_STOP
    control[signalised] = Control.SIGNAL

    ring = np.array([street.roundabout for street in rows.streets], dtype=bool)
    turn_score = np.select(
        [turn == Turn.STRAIGHT, turn == near_turn(rows.drives_on_left), turn == far_turn(rows.drives_on_left)],
        [3, 2, 1],
        0,
    )
    # One number for (sign, ring, rank / 4, turn): signs count more than rings, rings more than rank, and so on.
    priority = ((sign[from_link] * 2 + ring[from_link]) * 4 + rows.rank[from_link] // 4) * 4 + turn_score
    stop = (sign[from_link] == SIGN_LEVEL["stop"]) & ~signalised[junction] | all_way[junction]
    return RightOfWay(foe_yield, priority.astype(np.int8), stop, control)


def _is_signalised(rows: StreetRows, junction: int) -> bool:
    """One signalled approach suffices; with nobody coming there is nothing to control."""
    spec = rows.junctions[junction]
    flagged = (
        spec.signalised
        or spec.crossing_signal
        or any(rows.streets[link].signalised for link in rows.links_in[junction])
    )
    return flagged and bool(rows.links_in[junction]) and not spec.gate


def _is_all_way_stop(rows: StreetRows, junction: int, sign: Ints) -> bool:
    links = rows.links_in[junction]
    return rows.junctions[junction].all_way_stop or (
        len(links) >= 3 and all(sign[link] == SIGN_LEVEL["stop"] for link in links)
    )


def _compare(
    rows: StreetRows, ways: Ways, conflicts: Conflicts, sign: Ints, signalised: Bools
) -> tuple[NDArray[np.int8], Bools]:
    """Verdict per pair: 1 the owner yields, -1 the foe does, 0 nobody; and whether the rule of the right decided.

    Where lights share out the time, roads are equal and only turning matters.
    """
    from_link, to_link, turn, junction = ways.from_link, ways.to_link, ways.turn, ways.junction
    own, foe = conflicts.own, conflicts.foe
    own_link, foe_link = from_link[own], from_link[foe]
    verdict = np.zeros(own.size, dtype=np.int8)

    def settle(own_value: NDArray[np.integer] | Bools, foe_value: NDArray[np.integer] | Bools, where: Bools) -> None:
        """Let the side with the higher value go first, where nothing decided before."""
        undecided = where & (verdict == 0)
        verdict[undecided] = np.sign(foe_value.astype(np.int32) - own_value.astype(np.int32))[undecided]

    everywhere = np.ones(own.size, dtype=bool)
    other_road = own_link != foe_link
    angle = _wrap(rows.heading_in[foe_link] - rows.heading_in[own_link])  # how far left of mine the other's heading is
    oncoming = other_road & (np.abs(angle) >= ONCOMING_FROM_RAD)
    unlit = other_road & ~signalised[junction[own]]
    sideways = unlit & ~oncoming
    uturn = turn == Turn.UTURN
    settle(~uturn[own], ~uturn[foe], everywhere)
    settle(sign[own_link], sign[foe_link], unlit)

    mini = np.array([spec.mini_roundabout for spec in rows.junctions], dtype=bool)[junction[own]]
    circulating_from = 1.0 if rows.drives_on_left else -1.0  # round a ring traffic comes from the far side
    settle(circulating_from * angle < -1e-6, circulating_from * angle > 1e-6, unlit & mini & ~oncoming)
    ring = np.array([street.roundabout for street in rows.streets], dtype=bool)
    settle(ring[own_link], ring[foe_link], unlit)

    rank, main = rows.rank, rows.rank[from_link] == rows.rank[to_link]
    bends = (main[own] & (rank[own_link] > rank[foe_link])) | (main[foe] & (rank[foe_link] > rank[own_link]))
    settle(rank[own_link], rank[foe_link], sideways | (unlit & oncoming & bends))
    lanes = np.array([len(rows.car_lanes[link]) for link in range(len(rows.streets))], dtype=np.int32)
    settle(lanes[own_link], lanes[foe_link], sideways)
    straight = turn == Turn.STRAIGHT
    settle(straight[own], straight[foe], everywhere)
    across = turn == far_turn(rows.drives_on_left)
    settle(~across[own], ~across[foe], oncoming)
    # Two streams that are both called straight at a fork: the one that bears more to the far side cuts across.
    far_side = -1.0 if rows.drives_on_left else 1.0
    bearing = np.rint(np.degrees(far_side * _wrap(rows.heading_out[to_link] - rows.heading_in[from_link]))).astype(
        np.int32
    )
    settle(-bearing[own], -bearing[foe], oncoming & straight[own] & straight[foe])

    # From the right: the other heading is turned to the left of mine. Mirrored where traffic drives on the left,
    # as in Japan; in Australia the right goes first all the same, which takes signs on the minor arms.
    both_straight_merge = (conflicts.kind == FoeKind.MERGE) & straight[own] & straight[foe]
    to_the_right = sideways & ~both_straight_merge & (np.abs(angle) > PARALLEL_WITHIN_RAD)
    by_right = to_the_right & (verdict == 0)
    settle(far_side * angle < 0, far_side * angle > 0, to_the_right)
    return verdict, by_right


def _wrap(angle_rad: NDArray[np.float64]) -> NDArray[np.float64]:
    wrapped: NDArray[np.float64] = np.angle(np.exp(1j * angle_rad))
    return wrapped
