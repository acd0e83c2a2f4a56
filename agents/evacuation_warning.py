"""Say when each household hears a warning, by which channels, and when its people are ready to leave."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ..scenarios.chance import draws
from ..scenarios.evacuation import CellBroadcast, Channel, DoorToDoor, Neighbours
from ..scenarios.evacuation_times import PreparationTime

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]
Keys = NDArray[np.uint64]

ROUNDS = 6  # of neighbours who tell neighbours: more change next to nothing


def heard_at(channels: Sequence[Channel], keys: Keys, at_s: float, seed: int) -> tuple[Floats, Ints]:
    """When households hear of an order given at ``at_s`` (inf: never), and by how many channels.

    Parameters
    ----------
    channels
        Without any, everybody hears it at once.
    keys : [household]
        Of those who are to hear it.
    """
    first_s, heard = np.full(keys.size, np.inf), np.zeros(keys.size, np.int32)
    if not channels:
        return np.full(keys.size, at_s), np.ones(keys.size, np.int32)
    told = [one for one in channels if isinstance(one, Neighbours)]
    others = [one for one in channels if not isinstance(one, Neighbours)]
    for number, channel in enumerate([*others, *told]):
        reached = draws(seed, keys, f"warning {number} reaches") < channel.reaches
        by_it_s = at_s + channel.delay_s + _delay(channel, keys, f"warning {number} delay", seed)
        if isinstance(channel, Neighbours):
            by_it_s = _by_neighbours(first_s, channel, keys, number, seed)
        by_it_s = np.where(reached, by_it_s, np.inf)
        heard += np.isfinite(by_it_s)
        first_s = np.minimum(first_s, by_it_s)
    return first_s, heard


def _delay(channel: Channel, keys: Keys, purpose: str, seed: int) -> Floats:
    """How long after its beginning a channel reaches each household, s."""
    if isinstance(channel, CellBroadcast) and channel.seen_after_s > 0.0:
        return -channel.seen_after_s * np.log1p(-draws(seed, keys, purpose))
    if isinstance(channel, DoorToDoor):
        rank = np.empty(keys.size)
        rank[np.argsort(draws(seed, keys, purpose), kind="stable")] = np.arange(keys.size)
        return rank * 3600.0 / channel.households_per_h
    return np.zeros(keys.size)


def _by_neighbours(first_s: Floats, channel: Neighbours, keys: Keys, number: int, seed: int) -> Floats:
    """When each household hears it from one other, who heard it before; word goes on from there."""
    if not keys.size:
        return np.zeros(0)
    other = (draws(seed, keys, f"warning {number} neighbour") * keys.size).astype(np.int64)
    passed_on_s = -channel.delay_s * np.log1p(-draws(seed, keys, f"warning {number} delay"))
    reached = draws(seed, keys, f"warning {number} reaches") < channel.reaches
    known_s = first_s
    for _ in range(ROUNDS):
        by_it_s = known_s[other] + passed_on_s
        known_s = np.minimum(first_s, np.where(reached, by_it_s, np.inf))
    return by_it_s


def preparation_s(time: PreparationTime, keys: Keys, number: Ints, heard: Ints, cue_factor: float, seed: int) -> Floats:
    """How long people take to get ready, s.

    Parameters
    ----------
    keys, heard : [person]
        Key of the household of each, and by how many channels it was warned.
    number : [person]
        Of the person in the household.
    """
    own = member_keys(keys, number)
    shorter = cue_factor ** np.maximum(heard - 1, 0)
    return np.asarray(time.seconds(draws(seed, own, "preparation")) * shorter)


def member_keys(keys: Keys, number: Ints) -> Keys:
    """Keys of people, from those of their households and their numbers in them."""
    return keys + number.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)


def through_doors(ready_s: Floats, per_s: float, free_s: float = -np.inf) -> Floats:
    """When people get out who leave by doors one after the other, s: in the order in which they are ready.

    ``per_s`` is how many get through all doors in a second, ``free_s`` when the last one before them was through.
    """
    order = np.argsort(ready_s, kind="stable")
    rank = np.arange(ready_s.size)
    first = np.maximum(ready_s[order], free_s + 1.0 / per_s)
    out_s = np.empty(ready_s.size)
    out_s[order] = np.maximum.accumulate(first - rank / per_s) + rank / per_s
    return out_s
