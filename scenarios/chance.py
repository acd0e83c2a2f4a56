"""Name chance: a stream of random numbers for each purpose, and a number for each name."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def stream(seed: int, purpose: str) -> np.random.Generator:
    """Random numbers for one purpose, unaffected by draws made for any other.

    ``stream(seed, purpose).random(n)`` begins with the same numbers for every ``n``: row ``i`` of a table keeps its
    draw when rows are added.

    Examples
    --------
    >>> one, two = stream(1, "departures").random(3), stream(1, "departures").random(4)
    >>> bool((one == two[:3]).all())
    True
    """
    return np.random.default_rng([seed, zlib.crc32(purpose.encode())])


def key_of(name: str) -> int:
    """A 64-bit number that stands for a name in the random numbers of the kernels, the same in every process."""
    return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), "little")


def keys_of(names: Sequence[str]) -> NDArray[np.uint64]:
    """``key_of`` for each name."""
    return np.array([key_of(name) for name in names], np.uint64)


def draws(seed: int, keys: NDArray[np.uint64], purpose: str) -> NDArray[np.float64]:
    """One number in [0, 1) for each key, which depends on seed, key and purpose only."""
    start = np.uint64(key_of(f"{seed} {purpose}"))
    word = _mixed(_mixed(keys ^ start) ^ start)
    return (word >> np.uint64(11)).astype(np.float64) * 2.0**-53


def _mixed(bits: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Spread every bit over the whole word: the finaliser of SplitMix64 (Steele, Lea, Flood 2014)."""
    bits = bits + np.uint64(0x9E3779B97F4A7C15)
    bits = (bits ^ (bits >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    bits = (bits ^ (bits >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return bits ^ (bits >> np.uint64(31))
