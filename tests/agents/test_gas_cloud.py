"""A cloud of gas is where the wind has carried it, also when the wind turns, and comes and goes when it should."""

from __future__ import annotations

import math

import numpy as np
import pytest
from traffic_case import road_of

from citytwin.agents.gas_cloud import GasSeries, passing
from citytwin.agents.weather import Place
from citytwin.kernels.air_puffs import fill_arrivals
from citytwin.scenarios.hazard_series import Sampled
from citytwin.scenarios.hazards import Gas
from citytwin.scenarios.meteorology import StabilityWeather
from citytwin.scenarios.weather_states import check_weather

ROAD = road_of([200.0, 200.0])


def place() -> Place:
    import datetime as dt

    return Place(dt.datetime(2026, 5, 4, 12), 47.0, 9.0)


def states_of(*winds: tuple[float, float]):
    """Neutral weather of 3 m/s that comes from other directions at some times."""
    weather = StabilityWeather(kind="stability", stability="D", wind_mps=3.0, wind_from_deg=270.0)
    states, problems, said = check_weather(weather, 3600.0)
    assert not problems and not said
    import dataclasses

    count = len(winds)
    return dataclasses.replace(
        states,
        **{
            field.name: np.repeat(value, count)
            for field in dataclasses.fields(states)
            if isinstance(value := getattr(states, field.name), np.ndarray) and value.shape == (1,)
        }
        | {
            "stability": ("D",) * count,
            "t_s": np.array([t for t, _ in winds]),
            "wind_from_deg": np.array([d for _, d in winds]),
        },
    )


def series_of(states, **keys) -> GasSeries:
    gas = Gas(kind="gas", substance="chlorine", at=(9.0, 47.0), **({"released_kg": 100.0, "lasts_s": 300.0} | keys))
    return GasSeries.of(gas, ROAD, states, place(), 3600.0)


def test_all_of_a_puff_is_in_the_air():
    one = series_of(states_of((0.0, 270.0)), lasts_s=0.0)
    since_s, plume = 200.0, one.plumes[0]
    away_m = plume.wind_mps * since_s
    step = 5.0
    east, north = np.meshgrid(np.arange(-400.0, 400.0, step), np.arange(-400.0, 400.0, step))
    level = one.mgm3(since_s, one.x_m + away_m + east.ravel(), one.y_m + north.ravel())
    spread = plume.spread
    upwards = math.hypot(spread.vertical * away_m / math.sqrt(1.0 + spread.decay_1 * away_m), 1.0)
    mirrored = (math.exp(-0.5 * (0.5 / upwards) ** 2) + math.exp(-0.5 * (2.5 / upwards) ** 2)) / (
        math.sqrt(2.0 * math.pi) * upwards
    )
    assert level.sum() * step**2 == pytest.approx(100.0 * 1e6 * mirrored, rel=2e-3)
    assert np.hypot(east.ravel(), north.ravel())[level.argmax()] < step


def test_wind_that_turns_to_where_it_was_changes_nothing():
    steady, turned = series_of(states_of((0.0, 270.0))), series_of(states_of((0.0, 270.0), (250.0, 270.0)))
    x_m, y_m = steady.x_m + np.linspace(150.0, 1500.0, 40), np.full(40, steady.y_m)
    for since_s in (280.0, 500.0, 800.0):
        one, other = (series.mgm3(since_s, x_m, y_m) for series in (steady, turned))
        seen = one > 0.2 * one.max()
        assert other[seen] == pytest.approx(one[seen], rel=0.2)  # the front of a plume is sharper than that of puffs


def test_a_puff_goes_on_from_where_the_wind_turned():
    series = series_of(states_of((0.0, 270.0), (300.0, 180.0)), lasts_s=0.0, start_s=0.0)
    wind_mps = series.plumes[0].wind_mps
    east_m, north_m = 300.0 * wind_mps, 200.0 * wind_mps
    level = series.mgm3(
        500.0,
        series.x_m + np.array([east_m, east_m, 500.0 * wind_mps]),
        series.y_m + np.array([north_m, 0.0, 0.0]),
    )
    assert level[0] > 10.0 * level[1] and level[0] > 10.0 * level[2]
    at_once = series_of(states_of((0.0, 270.0)), lasts_s=0.0)  # as far, straight on
    straight = at_once.mgm3(500.0, np.array([at_once.x_m + 500.0 * wind_mps]), np.array([at_once.y_m]))
    assert level[0] == pytest.approx(straight[0], rel=1e-6)


def test_a_cloud_comes_and_goes_between_two_looks():
    level = np.array([[0.0, 0.0, 9.0], [10.0, 0.0, 9.0], [30.0, 1.0, 9.0], [0.0, 0.0, 9.0]])[:, np.newaxis]
    sampled = Sampled(np.arange(3), level)
    arrived_s, gone_s, highest = passing(sampled, np.array([0.0, 10.0, 20.0, 30.0]), 5.0)
    assert arrived_s[[0, 2]].tolist() == [5.0, 0.0] and np.isnan(arrived_s[1])
    assert gone_s[0] == pytest.approx(20.0 + 10.0 * 25.0 / 30.0) and np.isnan(gone_s[1:]).all()
    assert highest.tolist() == [30.0, 1.0, 9.0]


def test_less_than_a_tenth_of_the_front_is_nothing():
    series = series_of(states_of((0.0, 270.0)))
    sampled = series.sample(series.x_m + np.array([100.0, 100.0]), series.y_m + np.array([0.0, 900.0]))
    assert sampled.place.tolist() == [0]
    seen = sampled.values[sampled.values > 0.0]
    assert seen.min() >= 0.1 * series.gas.front == pytest.approx(0.1 * 0.5 * 70.906 / 24.465)


def test_the_front_comes_when_the_formula_says():
    """The cloud sampled every ten seconds against the moment that halving finds."""
    series = series_of(states_of((0.0, 270.0)), lasts_s=0.0, every_s=10.0)
    ahead_m, left_m = np.array([100.0, 400.0, 900.0, 400.0]), np.array([0.0, 0.0, 50.0, 2000.0])
    sampled = series.sample(series.x_m + ahead_m, series.y_m + left_m)
    arrived_s, _, _ = passing(sampled, series.times_s, series.gas.front)
    wanted_s = np.zeros(4)
    fill_arrivals(series.plumes[0], 1e5, series.gas.front / 1000.0, ahead_m, left_m, np.full(4, 1.5), wanted_s)
    assert sampled.place.tolist() == [0, 1, 2] and np.isinf(wanted_s[3])
    assert arrived_s == pytest.approx(wanted_s[:3], abs=10.0)
    assert (np.diff(arrived_s) > 60.0).all()
