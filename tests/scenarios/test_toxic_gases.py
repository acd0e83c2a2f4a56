"""Toxic gases do what the published figures say: guideline levels by duration, and how many a toxic load kills."""

from __future__ import annotations

import numpy as np
import pytest

from citytwin.scenarios.toxic_gases import GAS_NAMES, HOUR, MINUTES, toxic_gas


def load_of(gas, ppm: float, minutes: float) -> np.ndarray:
    return gas.load(np.array([ppm * gas.mgm3_per_ppm]), 60.0 * minutes)


# Withers and Lees (1985): lethal to half of the regular population; Engelhardt and Holliday (1985): LC50 and LC10.
@pytest.mark.parametrize(
    "name, ppm, minutes, share",
    [
        *[
            ("chlorine", 433, 10, 0.5),
            ("chlorine", 250, 30, 0.5),
            ("ammonia", 5300, 60, 0.5),
            ("ammonia", 7500, 30, 0.5),
        ],
        *[("ammonia", 13000, 10, 0.5), ("ammonia", 2600, 60, 0.1), ("ammonia", 3800, 30, 0.1)],
    ],
)
def test_so_many_die_of_a_published_lethal_concentration(name, ppm, minutes, share):
    gas = toxic_gas(name)
    assert gas.death_probability(load_of(gas, ppm, minutes))[0] == pytest.approx(share, abs=0.015)


def test_nobody_dies_of_nothing_and_many_of_much():
    assert toxic_gas("ammonia").death_probability(np.array([0.0, 1e12])).tolist() == [0.0, pytest.approx(1.0)]


@pytest.mark.parametrize("name", GAS_NAMES)
def test_breathing_a_guideline_level_for_its_time_reaches_it_and_a_little_less_does_not(name):
    gas = toxic_gas(name)
    for level, limits in enumerate(gas.aegl_ppm, start=1):
        for ppm, minutes in zip(limits, MINUTES, strict=True):
            spent_s = np.array([60.0 * minutes])
            assert gas.levels(load_of(gas, 1.0001 * ppm, minutes), spent_s)[0] == level
            assert gas.levels(load_of(gas, 0.999 * ppm, minutes), spent_s)[0] == level - 1


def test_a_minute_counts_as_ten_and_levels_between_two_durations_lie_between_theirs():
    gas = toxic_gas("chlorine")
    strong = 50.0 * np.sqrt(10.0)  # in a minute the toxic load of ten minutes at AEGL-3
    assert gas.levels(load_of(gas, 1.001 * strong, 1.0), np.array([60.0]))[0] == 3
    assert gas.levels(load_of(gas, 0.99 * strong, 1.0), np.array([60.0]))[0] == 2
    between = np.sqrt(20.0 * 10.0)  # half-way between 60 and 240 minutes, as a power law
    assert gas.levels(load_of(gas, 1.001 * between, 120.0), np.array([7200.0]))[0] == 3
    assert gas.levels(load_of(gas, 0.99 * between, 120.0), np.array([7200.0]))[0] == 2


def test_milligrams_are_those_of_the_molar_mass():
    assert toxic_gas("ammonia").hour_mgm3()[1] == pytest.approx(111.4, abs=0.1)  # 160 ppm
    assert toxic_gas("chlorine").aegl_ppm[1, HOUR] * toxic_gas("chlorine").mgm3_per_ppm == pytest.approx(5.8, abs=0.01)
