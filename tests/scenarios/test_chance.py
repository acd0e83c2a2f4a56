"""Laws of named chance."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from citytwin.scenarios.chance import draws, key_of, keys_of, stream


@given(st.integers(0, 2**63 - 1), st.text(), st.integers(1, 50))
def test_a_longer_stream_begins_alike(seed, purpose, count):
    np.testing.assert_array_equal(stream(seed, purpose).random(count), stream(seed, purpose).random(count + 1)[:-1])


def test_purposes_do_not_share_numbers():
    assert stream(1, "departures").random() != stream(1, "origins").random()
    assert stream(1, "departures").random() != stream(2, "departures").random()


def test_a_name_keeps_its_number_in_another_process():
    code = "from citytwin.scenarios.chance import key_of; print(key_of('trip 7'))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert int(done.stdout) == key_of("trip 7") == 10516419025513895855


@given(st.lists(st.text(max_size=8), unique=True, min_size=1), st.integers(0, 2**63 - 1))
def test_a_draw_depends_on_its_own_name_only(names, seed):
    together = draws(seed, keys_of(names), "origin")
    assert ((together >= 0) & (together < 1)).all()
    for name, drawn in zip(names, together, strict=True):
        assert draws(seed, keys_of([name]), "origin")[0] == drawn


def test_draws_are_spread_evenly():
    keys = keys_of([f"trip/{i}" for i in range(20_000)])
    one, two = draws(1, keys, "origin"), draws(1, keys, "destination")
    other_seed = draws(2, keys, "origin")
    for first, second in ((one, two), (one, other_seed), (one[1:], one[:-1])):
        assert abs(np.corrcoef(first, second)[0, 1]) < 4 / np.sqrt(first.size)
    counts = np.bincount((one * 20).astype(int), minlength=20)
    assert ((counts - 1000) ** 2 / 1000).sum() < 50.8  # chi-squared, 19 degrees of freedom, 1 in 10,000
