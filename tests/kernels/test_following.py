"""Who stands and is left alone does what all rules of following say."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from cuda_cases import CITIES, busy_fleet, simulation_on
from row_conflicts import plain, run_noted

from citytwin.agents.fleet import Fleet
from citytwin.kernels import following
from citytwin.kernels import traffic_tables as table
from citytwin.kernels.driving import stops_within
from citytwin.kernels.junctions import still_waits
from citytwin.kernels.lane_change import no_shorter_queue
from citytwin.kernels.lane_desire import RELAXES_S, relaxed


def asked_for_all(fleet: Fleet, steps: int, shortcut: Any = following.stays) -> int:
    """Run steps in which everybody goes through all rules; how many need not have, and would have been left alone."""
    known: dict[object, object] = {}
    short_cut, left_alone = plain(shortcut, known), 0

    def never(*arguments: object) -> bool:
        nonlocal left_alone
        left_alone += bool(short_cut(*arguments))
        return False

    run_noted(fleet.cities, steps, instead={shortcut: never})
    return left_alone


@pytest.mark.slow
@pytest.mark.parametrize("city", CITIES)
def test_who_is_left_alone_would_have_stood(city: str) -> None:
    network = CITIES[city]()
    slow, fast = (busy_fleet(network, trips=200, every_s=0.4, members=1) for _ in range(2))
    left_alone = asked_for_all(slow, 100)
    fast.advance(0, 100)
    assert city == "bicycles" or left_alone > 200
    for name in table.OWN:
        ours, theirs = getattr(fast.cities, name), getattr(slow.cities, name)
        np.testing.assert_array_equal(ours, theirs, err_msg=name)


@pytest.mark.slow
def test_nor_would_other_drivers_have_set_off() -> None:
    """Among them some who lose speed by chance, with signals that detectors decide about."""
    slow, fast = (simulation_on("cpu", until_s=120.0).model.fleet for _ in range(2))
    left_alone = asked_for_all(slow, 60)
    fast.advance(0, 60)
    assert left_alone > 100
    assert slow.state_hash() == fast.state_hash()


@pytest.mark.slow
@pytest.mark.parametrize("shortcut", [still_waits, no_shorter_queue, stops_within], ids=lambda one: one.__name__)
@pytest.mark.parametrize("city", ["signals", "random"])
def test_what_is_told_without_asking_would_have_been_the_answer(city: str, shortcut: Any) -> None:
    network = CITIES[city]()
    slow, fast = (busy_fleet(network, trips=200, every_s=0.4, members=1) for _ in range(2))
    told = asked_for_all(slow, 100, shortcut)
    fast.advance(0, 100)
    assert told > 20
    for name in table.OWN:
        ours, theirs = getattr(fast.cities, name), getattr(slow.cities, name)
        np.testing.assert_array_equal(ours, theirs, err_msg=name)


@pytest.mark.parametrize("shorter", [0.0, 0.009, 0.0104, 0.3, 0.5])
def test_a_headway_grows_to_what_is_wished(shorter: float) -> None:
    share = shorter * (1.0 - 1.0 / RELAXES_S)
    assert relaxed(shorter, 1.0) == (share if share >= 0.01 else 0.0)
