"""A network comes back from its file as it was."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from citytwin.scenarios.junctions import build_network
from citytwin.scenarios.network_store import read_network, save_network
from citytwin.scenarios.osm_streets import build_streets

from .osm_case import ONEWAY, RESIDENTIAL, restriction, town


def same(one, other):
    """Whether two networks are equal to the bit."""
    for column in dataclasses.fields(one):
        a, b = getattr(one, column.name), getattr(other, column.name)
        if dataclasses.is_dataclass(a) and not isinstance(a, tuple):
            same(a, b)
        elif isinstance(a, np.ndarray):
            assert a.dtype == b.dtype
            np.testing.assert_array_equal(a, b)
            assert not b.flags.writeable
        else:
            assert a == b, column.name


@pytest.fixture
def network():
    places = {1: (-200, 0), 2: (0, 0), 3: (200, 0), 4: (0, 200), 5: (0, -200), 6: (9, 3), 7: (300, 300)}
    ways = [
        (10, [1, 2, 6, 3], {**RESIDENTIAL, "name": "Höhenweg"}),
        (11, [4, 2, 5], ONEWAY),
        (12, [6, 7], {**RESIDENTIAL, "access": "destination"}),
    ]
    data = town(
        places,
        ways,
        node_tags={2: {"highway": "traffic_signals"}},
        restrictions=[restriction(1, "no_left_turn", 10, 2, 11)],
    )
    return build_network(build_streets(data))


def test_there_and_back(network, tmp_path):
    save_network(network, tmp_path / "town.npz")
    same(network, read_network(tmp_path / "town.npz"))
    assert [file.name for file in tmp_path.iterdir()] == ["town.npz"]


def test_nothing_is_left_when_writing_fails(network, tmp_path, monkeypatch):
    monkeypatch.setattr(np, "savez", lambda *_, **__: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError, match="disk full"):
        save_network(network, tmp_path / "town.npz")
    assert list(tmp_path.iterdir()) == []
