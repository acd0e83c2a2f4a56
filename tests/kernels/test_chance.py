"""Laws of the random numbers: known answers, the same number for the same draw, and the right distribution."""

from __future__ import annotations

import math
import os
import statistics
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from citytwin.kernels import chance

WORDS = st.integers(0, 2**64 - 1)
SMALL = st.integers(0, 2**31 - 1)

# Random123, file kat_vectors: counter, key, answer of philox4x32 with 10 rounds.
KNOWN_ANSWERS = [
    ((0, 0, 0, 0), (0, 0), (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
    ((0xFFFFFFFF,) * 4, (0xFFFFFFFF,) * 2, (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
    (
        (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
        (0xA4093822, 0x299F31D0),
        (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
    ),
]


@pytest.mark.parametrize("counter, key, answer", KNOWN_ANSWERS)
def test_philox_gives_the_published_answers(counter, key, answer):
    assert chance.philox(*counter, *key) == answer


def philox_in_python(counter, key):
    """The same hash in Python's unbounded integers."""
    c, k = list(counter), list(key)
    for _ in range(10):
        a, b = 0xD2511F53 * c[0], 0xCD9E8D57 * c[2]
        c = [(b >> 32) ^ c[1] ^ k[0], b & 0xFFFFFFFF, (a >> 32) ^ c[3] ^ k[1], a & 0xFFFFFFFF]
        k = [(k[0] + 0x9E3779B9) & 0xFFFFFFFF, (k[1] + 0xBB67AE85) & 0xFFFFFFFF]
    return c


@given(seed=WORDS, key=WORDS, purpose=SMALL, counter=SMALL)
def test_a_draw_is_the_hash_of_its_four_numbers(seed, key, purpose, counter):
    low = 0xFFFFFFFF
    words = philox_in_python((key & low, key >> 32, counter, purpose), (seed & low, seed >> 32))
    drawn = (words[0] << 32) | words[1]
    arguments = (np.uint64(seed), np.uint64(key), purpose, counter)
    assert chance.bits(*arguments) == drawn
    assert chance.uniform(*arguments) == (drawn >> 11) * 2.0**-53


@given(seed=SMALL, key=WORDS)
def test_the_type_of_an_argument_does_not_matter(seed, key):
    wide = chance.bits(np.uint64(seed), np.uint64(key), np.int64(1), np.int32(2))
    assert chance.bits(seed, np.uint64(key), 1, 2) == wide


def test_every_argument_matters():
    base = (np.uint64(1), np.uint64(2), 3, 4)
    draws = {chance.bits(*base)}
    for position in range(4):
        changed = list(base)
        changed[position] = type(changed[position])(9)
        draws.add(chance.bits(*changed))
    for position in (0, 1):
        changed = list(base)
        changed[position] = np.uint64((1 << 40) + int(changed[position]))
        draws.add(chance.bits(*changed))
    assert len(draws) == 7


@given(p=st.floats(2.0**-54, 1.0 - 2.0**-53))
def test_the_quantile_agrees_with_the_standard_library(p):
    assert chance.normal_quantile(p) == pytest.approx(statistics.NormalDist().inv_cdf(p), rel=3e-15, abs=1e-15)


@given(x=st.floats(1e-300, 1e300))
def test_log_agrees_with_libm(x):
    assert chance.log(x) == pytest.approx(math.log(x), rel=1e-15, abs=4e-16)


@given(x=st.floats(-700, 700))
def test_exp_agrees_with_libm(x):
    assert chance.exp(x) == pytest.approx(math.exp(x), rel=1e-15)


def test_draws_are_spread_as_they_should_be():
    seed = np.uint64(7)
    uniforms = np.array([chance.uniform(seed, np.uint64(key), 1, 0) for key in range(20_000)])
    normals = np.array([chance.normal(seed, np.uint64(3), 2, counter) for counter in range(20_000)])
    assert uniforms.min() >= 0.0
    assert uniforms.max() < 1.0
    # Four standard errors.
    assert uniforms.mean() == pytest.approx(0.5, abs=4 / math.sqrt(12 * 20_000))
    assert normals.mean() == pytest.approx(0.0, abs=4 / math.sqrt(20_000))
    assert normals.var() == pytest.approx(1.0, abs=4 * math.sqrt(2 / 20_000))
    counts = np.bincount((uniforms * 20).astype(int), minlength=20)
    assert ((counts - 1000) ** 2 / 1000).sum() < 50.8  # chi-squared, 19 degrees of freedom, 1 in 10,000
    assert abs(np.corrcoef(uniforms[:-1], uniforms[1:])[0, 1]) < 4 / math.sqrt(20_000)


SIMULATED = """
import numpy as np
from numba import cuda
from citytwin.kernels import chance

@cuda.jit
def draw(seed, key, uniforms, normals, powers):
    i = cuda.grid(1)
    if i < key.size:
        uniforms[i] = chance.uniform(seed, key[i], 1, i)
        normals[i] = chance.normal(seed, key[i], 2, i)
        powers[i] = chance.exp(normals[i])

key = np.arange(40, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
out = np.zeros((3, 40))
draw[2, 32](np.uint64(5), key, *out)
wanted = [[f(np.uint64(5), k, p, i) for i, k in enumerate(key)] for p, f in ((1, chance.uniform), (2, chance.normal))]
wanted.append([chance.exp(x) for x in wanted[1]])
assert (out == np.array(wanted)).all()
"""


def test_a_cuda_kernel_draws_the_same_numbers():
    """On numba's simulator, which needs no GPU."""
    environment = os.environ | {"NUMBA_ENABLE_CUDASIM": "1"}
    command = [sys.executable, "-c", SIMULATED]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
