"""Draw random numbers that depend only on who draws, for what, and how often: the same on CPU and GPU.

A draw is a hash of (seed, key, purpose, counter): ``key`` names the entity, ``purpose`` what the number is for, and
``counter`` the draw (a step, a link, an attempt). No generator has a state, so neither the number of threads nor other
entities change a draw. Everything below uses integers, + - * / and square roots only, no libm, so that CPU and GPU
agree to the last bit (compile CUDA kernels without fused multiply-add).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import int32, int64, uint32, uint64

from .compile import kernel

Word = Any  # an unsigned integer: np.uint64, np.uint32 or int

# What a draw is for. Two purposes never share numbers; a purpose keeps its number for ever.
ROUTE_NOISE = 1  # counter: link
DRIVER_SPEED = 2
DRIVER_GAP = 3
DRIVER_IMPERFECTION = 4  # counter: step
LANE_CHOICE = 5  # counter: step
ENTRY_LANE = 6
EVENT_KNOWN = 7  # counter: event
MOVEMENT_NOISE = 8  # counter: movement
DRIVER_KIND = 9
WALKER_SPEED = 10
ZEBRA = 11  # counter: place where people cross a lane
LOOP_TURN = 12  # counter: step
CROWD_PLACE = 21  # counter: which of the numbers of a place

_MULTIPLY_0, _MULTIPLY_1 = np.uint64(0xD2511F53), np.uint64(0xCD9E8D57)
_WEYL_0, _WEYL_1 = np.uint32(0x9E3779B9), np.uint32(0xBB67AE85)
_HALF_WORD, _LOW_BITS, _LOW_WORD = np.uint64(32), np.uint64(11), np.uint64(0xFFFFFFFF)
_TWO_TO_MINUS_53 = 2.0**-53
_LN2 = 0.6931471805599453
_LN2_HIGH, _LN2_LOW = 6.93147180369123816490e-01, 1.90821492927058770002e-10
_INVERSE_FACTORIALS = tuple(1.0 / math.factorial(k) for k in range(14, -1, -1))
_INVERSE_ODDS = tuple(1.0 / (2 * k + 1) for k in range(11, -1, -1))
_SQRT_HALF = 0.7071067811865476


@kernel
def philox(c0: Word, c1: Word, c2: Word, c3: Word, k0: Word, k1: Word) -> tuple[Word, Word, Word, Word]:
    """Four random uint32 from a counter of four uint32 and a key of two: Philox4x32-10.

    Salmon, Moraes, Dror, Shaw: Parallel random numbers: as easy as 1, 2, 3 (SC11).
    """
    c0, c1, c2, c3, k0, k1 = uint32(c0), uint32(c1), uint32(c2), uint32(c3), uint32(k0), uint32(k1)
    for _ in range(10):
        product_0 = uint64(_MULTIPLY_0 * uint64(c0))
        product_1 = uint64(_MULTIPLY_1 * uint64(c2))
        next_0 = uint32(uint32(product_1 >> _HALF_WORD) ^ c1 ^ k0)
        next_2 = uint32(uint32(product_0 >> _HALF_WORD) ^ c3 ^ k1)
        c1, c3, c0, c2 = uint32(product_1), uint32(product_0), next_0, next_2
        k0, k1 = uint32(k0 + _WEYL_0), uint32(k1 + _WEYL_1)
    return c0, c1, c2, c3


@kernel
def bits(seed: Word, key: Word, purpose: int, counter: int) -> Word:
    """64 random bits for one draw. ``seed`` and ``key`` count with 64 bits, ``purpose`` and ``counter`` with 32."""
    seed, key = uint64(seed), uint64(key)
    high, low, _, _ = philox(
        uint32(key & _LOW_WORD),
        uint32(key >> _HALF_WORD),
        uint32(counter),
        uint32(purpose),
        uint32(seed & _LOW_WORD),
        uint32(seed >> _HALF_WORD),
    )
    return uint64(uint64(uint64(high) << _HALF_WORD) | uint64(low))


@kernel
def uniform(seed: Word, key: Word, purpose: int, counter: int) -> float:
    """A number in [0, 1), a multiple of 2⁻⁵³."""
    return float(int64(bits(seed, key, purpose, counter) >> _LOW_BITS)) * _TWO_TO_MINUS_53


@kernel
def normal(seed: Word, key: Word, purpose: int, counter: int) -> float:
    """A standard normal number, at most 8.3 away from 0."""
    # Half a step up: the smallest argument is 2⁻⁵⁴, never 0.
    return normal_quantile((float(int64(bits(seed, key, purpose, counter) >> _LOW_BITS)) + 0.5) * _TWO_TO_MINUS_53)


@kernel
def normal_quantile(p: float) -> float:
    """Inverse of the standard normal distribution, for 0 < p < 1; relative error below 1e-15.

    Wichura (1988), algorithm AS 241, PPND16.
    """
    q = p - 0.5
    if abs(q) <= 0.425:
        r = 0.180625 - q * q
        above = (
            ((((((2509.0809287301226727 * r + 33430.575583588128105) * r + 67265.770927008700853) * r
                + 45921.953931549871457) * r + 13731.693765509461125) * r + 1971.5909503065514427) * r
             + 133.14166789178437745) * r + 3.387132872796366608
        )  # fmt: skip
        below = (
            ((((((5226.495278852545925 * r + 28729.085735721942674) * r + 39307.89580009271061) * r
                + 21213.794301586595867) * r + 5394.1960214247511077) * r + 687.1870074920579083) * r
             + 42.313330701600911252) * r + 1.0
        )  # fmt: skip
        return q * above / below
    r = math.sqrt(-log(p if q < 0.0 else 1.0 - p))
    if r <= 5.0:
        r -= 1.6
        above = (
            ((((((7.7454501427834140764e-4 * r + 0.0227238449892691845833) * r + 0.24178072517745061177) * r
                + 1.27045825245236838258) * r + 3.64784832476320460504) * r + 5.7694972214606914055) * r
             + 4.6303378461565452959) * r + 1.42343711074968357734
        )  # fmt: skip
        below = (
            ((((((1.05075007164441684324e-9 * r + 5.475938084995344946e-4) * r + 0.0151986665636164571966) * r
                + 0.14810397642748007459) * r + 0.68976733498510000455) * r + 1.6763848301838038494) * r
             + 2.05319162663775882187) * r + 1.0
        )  # fmt: skip
    else:
        r -= 5.0
        above = (
            ((((((2.01033439929228813265e-7 * r + 2.71155556874348757815e-5) * r + 0.0012426609473880784386) * r
                + 0.026532189526576123093) * r + 0.29656057182850489123) * r + 1.7848265399172913358) * r
             + 5.4637849111641143699) * r + 6.6579046435011037772
        )  # fmt: skip
        below = (
            ((((((2.04426310338993978564e-15 * r + 1.4215117583164458887e-7) * r + 1.8463183175100546818e-5) * r
                + 7.868691311456132591e-4) * r + 0.0148753612908506148525) * r + 0.13692988092273580531) * r
             + 0.59983220655588793769) * r + 1.0
        )  # fmt: skip
    return -above / below if q < 0.0 else above / below


@kernel
def log(x: float) -> float:
    """Natural logarithm of a positive number without libm; relative error below 1e-15 away from 1."""
    mantissa, exponent = math.frexp(x)
    if mantissa < _SQRT_HALF:
        mantissa, exponent = mantissa * 2.0, exponent - 1
    s = (mantissa - 1.0) / (mantissa + 1.0)
    square, total = s * s, 0.0
    for inverse in _INVERSE_ODDS:  # artanh(s) / s, highest power first; |s| < 0.172
        total = total * square + inverse
    return exponent * _LN2 + 2.0 * s * total


@kernel
def exp(x: float) -> float:
    """Exponential without libm, for |x| < 700; relative error below 1e-15."""
    whole: Any = int32(math.floor(x / _LN2 + 0.5))
    rest = (x - whole * _LN2_HIGH) - whole * _LN2_LOW
    total = 0.0
    for inverse in _INVERSE_FACTORIALS:  # Horner, highest power first; |rest| < 0.35
        total = total * rest + inverse
    return math.ldexp(total, whole)


@kernel
def fill_normals(seed: Word, keys: Any, purpose: int, numbers: Any) -> None:
    """Write the first standard normal number of every key to ``numbers``, ``[key]``."""
    for i in range(keys.size):
        numbers[i] = normal(seed, keys[i], purpose, 0)


@kernel
def fill_uniforms(seed: Word, keys: Any, purpose: int, numbers: Any) -> None:
    """Write the first number in [0, 1) of every key to ``numbers``, ``[key]``."""
    for i in range(keys.size):
        numbers[i] = uniform(seed, keys[i], purpose, 0)
