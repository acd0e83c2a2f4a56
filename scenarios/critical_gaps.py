"""Say how long a gap drivers ask for where they give way: by what they are about to do.

Base critical headways of HCM 7, exhibit 20-11 (two lanes and four lanes of major road), of roundabouts (equation 22-1
has the intercept 3,600 / t_f and the slope (t_c − t_f / 2) / 3,600: 1,380 and 0.00102 make 4.97 s) and of permitted
turns at signals (chapter 31: 4.5 s). Where nothing is published (right before left, vehicles that join at an acute
angle) drivers ask for as much as at signals.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .movements import far_turn, near_turn
from .network import Bools, Control, Floats, FoeKind, Ints, RoadNetwork, Turn

if TYPE_CHECKING:
    from .network import Bytes

AT_SIGNALS_S = 4.5
INTO_ROUNDABOUT_S = 4.97
ACROSS_ONCOMING_S = 4.1  # out of the major road
NEAR_TURN_S = (6.2, 6.9)  # out of the minor road; major road of two lanes, of more
STRAIGHT_S = (6.5, 6.5)
FAR_TURN_S = (7.1, 7.5)
AT_A_T_S = -0.7  # a far turn where three roads meet
UTURN_S = (6.4, 6.9)
ROADS_OF_A_T = 3
CAR_M = 4.5


@dataclass(frozen=True, slots=True, eq=False)
class GapRules:
    """What drivers ask for where they give way."""

    factor: Floats  # [pair] critical gap over the one at signals; 1 where the owner does not give way
    passing_s: Floats  # [pair] how much of a gap is over when whoever opens it is out of the way
    looks: Bools  # [connector] drivers see who comes only near the line


def gap_rules(network: RoadNetwork) -> GapRules:
    """Gaps that drivers ask for, pair by pair."""
    connectors, links = network.connectors, network.links
    owner = np.repeat(np.arange(connectors.movement.size), np.diff(connectors.foe_start))
    foe = connectors.foe
    link = network.movements.from_link[connectors.movement]
    turn = network.movements.turn[connectors.movement]
    junction = network.movements.junction[connectors.movement][owner]
    crosses = connectors.foe_kind == FoeKind.CROSS
    by_sign = connectors.foe_yield & (network.junctions.control[junction] == Control.PRIORITY)
    by_sign &= crosses | (turn[owner] != Turn.STRAIGHT) | (turn[foe] != Turn.STRAIGHT)  # else they join as on a ramp
    into_ring = links.roundabout[link[foe]] & ~links.roundabout[link[owner]]

    minor = _is_minor(network, owner[by_sign & ~into_ring], turn)
    wide = (np.diff(links.lane_start)[link[foe]] > 1).astype(np.int32)
    ask = _by_turn(network, turn[owner], wide)
    at_a_t = _roads(network)[junction] <= ROADS_OF_A_T
    ask += np.where(at_a_t & (turn[owner] == far_turn(network.drives_on_left)), AT_A_T_S, 0.0)
    ask = np.where(minor[link[owner]] | (turn[owner] == Turn.UTURN), ask, ACROSS_ONCOMING_S)
    ask = np.where(into_ring, INTO_ROUNDABOUT_S, ask)
    in_the_way_m = connectors.foe_clear_m - connectors.foe_reach_m + CAR_M
    looks = np.zeros(turn.size, bool)
    looks[owner[by_sign]] = True
    return GapRules(
        factor=np.where(by_sign, ask, AT_SIGNALS_S) / AT_SIGNALS_S,
        passing_s=np.where(connectors.foe_yield & crosses, in_the_way_m / connectors.speed_mps[foe], 0.0),
        looks=looks & minor[link],
    )


def _is_minor(network: RoadNetwork, owner: Ints, turn: Bytes) -> Bools:
    """Links that give way to others even where their drivers do not turn across oncoming traffic, ``[link]``."""
    yielding = np.zeros(turn.size, bool)
    yielding[owner] = True
    yielding &= (turn != far_turn(network.drives_on_left)) & (turn != Turn.UTURN)
    minor = np.zeros(network.link_count, bool)
    minor[network.movements.from_link[network.connectors.movement[yielding]]] = True
    return minor


def _by_turn(network: RoadNetwork, turn: Bytes, wide: Ints) -> Floats:
    gaps = np.zeros((4, 2))
    gaps[Turn.STRAIGHT], gaps[Turn.UTURN] = STRAIGHT_S, UTURN_S
    gaps[near_turn(network.drives_on_left)], gaps[far_turn(network.drives_on_left)] = NEAR_TURN_S, FAR_TURN_S
    ask: Floats = gaps[turn, wide]
    return ask


def _roads(network: RoadNetwork) -> Ints:
    """Number of roads that meet, whichever way they are driven, ``[junction]``."""
    links = network.links
    rows = np.arange(network.link_count)
    counted = (links.twin < 0) | (rows < links.twin)
    ends = np.concatenate((links.to_junction[counted], links.from_junction[counted]))
    return np.bincount(ends, minlength=len(network.junctions.id)).astype(np.int32)
