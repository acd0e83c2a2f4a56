"""The matrix says what a slow and plain sum says, leaves out no more than it may, and the same for any thread count."""

from __future__ import annotations

import air_twin
import numba
import numpy as np
import pytest

from citytwin.agents.air_matrix import dispersion_matrix
from citytwin.agents.air_sources import AreaSources, LineSources, PointSources, Receptors, StackSources
from citytwin.agents.air_stacks import plume_of, stability_class
from citytwin.agents.air_weather import Weather
from citytwin.kernels.air_plumes import fill_plume

NEUTRAL = Weather(250.0, 3.0, 0.3)
WEATHERS = {
    "neutral": NEUTRAL,
    "night": Weather(40.0, 1.5, 0.1, obukhov_length_m=20.0, mixing_height_m=150.0),
    "noon": Weather(300.0, 2.0, 0.25, obukhov_length_m=-12.0, mixing_height_m=1200.0, roughness_m=0.3),
    "calm": Weather(0.0, 0.0, 0.05),
}


def city(links, places, side_m, seed=0):
    """Roads and places that lie about at random."""
    rng = np.random.default_rng(seed)
    x, y = rng.uniform(0.0, side_m, (2, links))
    length, angle = rng.uniform(20.0, 200.0, links), rng.uniform(0.0, 2 * np.pi, links)
    roads = LineSources(x, y, x + length * np.cos(angle), y + length * np.sin(angle))
    return roads, Receptors(*rng.uniform(0.0, side_m, (2, places)), rng.choice([1.5, 12.0], places))


def ends_of(roads, k):
    return roads.x1_m[k], roads.y1_m[k], roads.x2_m[k], roads.y2_m[k]


@pytest.mark.parametrize("name", WEATHERS)
def test_what_a_matrix_says_is_what_many_points_say(name):
    roads, places = city(4, 3, 500.0)
    got = dispersion_matrix(roads, places, WEATHERS[name], 0.0).matrix.toarray()
    want = np.array(
        [
            [air_twin.line(WEATHERS[name], ends_of(roads, k), at) for k in range(4)]
            for at in zip(places.x_m, places.y_m, places.z_m, strict=True)
        ]
    )
    np.testing.assert_allclose(got, want, rtol=0.01)
    assert np.all(got > 0.0)  # meander reaches everybody


def test_no_more_is_left_out_than_may_be():
    roads, places = city(1000, 20, 6000.0)
    length = np.hypot(roads.x2_m - roads.x1_m, roads.y2_m - roads.y1_m)
    whole = dispersion_matrix(roads, places, NEUTRAL, 0.0)
    assert whole.matrix.nnz == 1000 * 20
    assert np.all(whole.dropped_share == 0.0)
    for most in (0.01, 0.1):
        kept = dispersion_matrix(roads, places, NEUTRAL, most)
        truly = 1.0 - kept.concentration_gm3(length) / whole.concentration_gm3(length)
        assert kept.matrix.nnz < 0.5 * whole.matrix.nnz
        assert np.all(truly <= most)
        np.testing.assert_allclose(kept.dropped_share, truly, atol=0.1 * most)


def test_what_points_add_is_estimated_as_it_is_worked_out():
    """So what was dropped of points is known exactly, whatever the heights of sources and places."""
    rng = np.random.default_rng(5)
    points = PointSources(*rng.uniform(0.0, 3000.0, (2, 400)), rng.choice([0.5, 3.0], 400))
    places = Receptors(*rng.uniform(0.0, 3000.0, (2, 12)), rng.choice([1.5, 12.0, 30.0], 12))
    for name in ("night", "noon"):
        whole = dispersion_matrix(points, places, WEATHERS[name], 0.0).concentration_gm3(np.ones(400))
        kept = dispersion_matrix(points, places, WEATHERS[name], 0.1)
        truly = 1.0 - kept.concentration_gm3(np.ones(400)) / whole
        assert truly.min() > 0.02
        np.testing.assert_allclose(kept.dropped_share, truly, rtol=1e-4)


def test_what_is_expected_of_sources_decides_what_is_left_out():
    roads, places = city(400, 10, 4000.0)
    only = np.zeros(400)
    only[::50] = 1.0
    kept = dispersion_matrix(roads, places, NEUTRAL, 0.01, typical_rate_gps=only)
    assert set(kept.matrix.indices) <= set(range(0, 400, 50))
    whole = dispersion_matrix(roads, places, NEUTRAL, 0.0).concentration_gm3(only)
    assert np.all(kept.concentration_gm3(only) >= 0.99 * whole)


def test_threads_change_no_bit():
    roads, places = city(300, 30, 3000.0)
    rates = np.random.default_rng(2).uniform(0.0, 1.0, 300)

    def bits(threads):
        before = numba.get_num_threads()
        numba.set_num_threads(threads)
        try:
            found = dispersion_matrix(roads, places, NEUTRAL)
            return found.matrix.data.tobytes(), found.matrix.indices.tobytes(), found.concentration_gm3(rates).tobytes()
        finally:
            numba.set_num_threads(before)

    assert bits(1) == bits(numba.config.NUMBA_NUM_THREADS)


def test_a_step_is_the_product_that_scipy_forms():
    roads, places = city(300, 30, 3000.0)
    rates = np.random.default_rng(2).uniform(0.0, 1.0, 300)
    found = dispersion_matrix(roads, places, NEUTRAL)
    np.testing.assert_allclose(found.concentration_gm3(rates), found.matrix @ rates, rtol=1e-12)


def test_what_is_kept_in_single_precision_is_within_its_rounding_of_what_was_worked_out():
    """Shares are worked out in double precision; a sum of numbers that are not negative rounds by no more than one."""
    places = Receptors([300.0, 2000.0, 5000.0], [10.0, -150.0, 0.0])
    found = dispersion_matrix(STACK, places, NEUTRAL)
    plume, share = plume_of(STACK, 0, NEUTRAL, NEUTRAL.layer()), np.empty(3)
    east, north = NEUTRAL.ahead
    ahead, left = places.x_m * east + places.y_m * north, places.y_m * east - places.x_m * north
    fill_plume(plume, 0.0, 0.0, ahead, left, places.z_m, share)
    assert found.matrix.dtype == np.float32 and share.max() > 0.0
    np.testing.assert_allclose(found.concentration_gm3([7.0]), 7.0 * share, rtol=2.0**-24 + 1e-12)


def test_vehicles_on_a_road_add_up_to_the_road():
    roads, places = city(1, 12, 400.0)
    at = (np.arange(4000) + 0.5) / 4000
    x = roads.x1_m + at * (roads.x2_m - roads.x1_m)
    vehicles = PointSources(x, roads.y1_m + at * (roads.y2_m - roads.y1_m))
    one = dispersion_matrix([roads, vehicles], places, NEUTRAL, 0.0).matrix
    np.testing.assert_allclose(one[:, [0]].toarray()[:, 0], one[:, 1:].toarray().mean(axis=1), rtol=0.01)


def test_a_place_on_a_source_breathes_what_one_a_metre_away_breathes():
    road, vehicle = LineSources(0.0, 0.0, 100.0, 0.0), PointSources(50.0, 0.0)
    places = Receptors([50.0, 50.0, 0.0], [0.0, -1.0, 0.0])
    for sources in (road, vehicle):
        on, beside, end = dispersion_matrix(sources, places, Weather(0.0, 3.0, 0.3), 0.0).matrix.toarray()[:, 0]
        assert np.isfinite(on) and on > 0.0 and np.isfinite(end)
        assert 0.2 * beside < on < 2.0 * beside


def test_calm_air_carries_to_all_sides_alike_and_it_is_said():
    around = np.radians(np.arange(0, 360, 30))
    places = Receptors(100.0 * np.cos(around), 100.0 * np.sin(around))
    found = dispersion_matrix(PointSources(0.0, 0.0), places, WEATHERS["calm"], 0.0)
    np.testing.assert_allclose(found.matrix.toarray(), found.matrix[[0], :].toarray()[0, 0], rtol=1e-6)
    assert any("calm" in words and "meander" in words for words in found.said)
    assert dispersion_matrix(PointSources(0.0, 0.0), places, NEUTRAL, 0.0).said == ()


def test_weather_that_cannot_be_says_all_that_is_wrong_with_it():
    with pytest.raises(ValueError) as told:
        Weather(400.0, -1.0, 0.3, mixing_height_m=1.0, obukhov_length_m=0.0)
    assert str(told.value) == (
        "weather: wind_from_deg = 400 is not within 0 and 360; wind_speed_mps = -1 is not within 0 and 75; "
        "mixing_height_m = 1 is not within 10 and 6000; obukhov_length_m = 0 is not at least 0.1 or at most -0.1"
    )


def test_sources_and_rates_that_cannot_be_are_named():
    with pytest.raises(
        ValueError, match=r"LineSources: x2_m\[1\] = nan is not a number \(1 like it\); height_m\[0\] = -1"
    ):
        LineSources([0.0, 0.0], 0.0, [10.0, np.nan], 0.0, height_m=[-1.0, 0.5])
    found = dispersion_matrix(PointSources(0.0, 0.0), Receptors(10.0, 0.0), NEUTRAL)
    with pytest.raises(ValueError, match="source 0 releases -1 g/s, which is not at least 0"):
        found.concentration_gm3([-1.0])
    with pytest.raises(ValueError, match="1 sources have rates of shape"):
        found.concentration_gm3([1.0, 2.0])


def test_wishes_that_cannot_be_are_named_together():
    roads, places = city(3, 2, 300.0)
    with pytest.raises(
        ValueError, match="max_dropped = 1 is not at least 0 and below 1; typical_rate_gps has 2 rates for 3"
    ):
        dispersion_matrix(roads, places, NEUTRAL, 1.0, typical_rate_gps=[1.0, 2.0])
    with pytest.raises(ValueError, match="1 rates that are not at least 0"):
        dispersion_matrix(roads, places, NEUTRAL, typical_rate_gps=[1.0, -2.0, 0.0])


def test_no_sources_or_no_places_make_an_empty_matrix():
    roads, places = city(3, 2, 300.0)
    none = np.empty(0)
    found = dispersion_matrix(LineSources(none, none, none, none), places, NEUTRAL)
    assert found.matrix.shape == (2, 0)
    np.testing.assert_array_equal(found.concentration_gm3(none), [0.0, 0.0])
    assert dispersion_matrix(roads, Receptors(none, none), NEUTRAL).matrix.shape == (0, 3)


def test_an_area_is_the_points_all_over_it():
    """Inside, at its edge, downwind and upwind; by the twin's points, a metre apart nearby."""
    area = AreaSources(0.0, 0.0, 60.0, 40.0, 30.0, 3.0, 2.0)
    places = [(0.0, 0.0, 1.5), (80.0, 30.0, 1.5), (-60.0, -40.0, 1.5), (300.0, 100.0, 5.0), (20.0, 20.0, 1.5)]
    got = dispersion_matrix(area, Receptors(*np.transpose(places)), NEUTRAL, 0.0).matrix.toarray()[:, 0]
    u, v = np.meshgrid((np.arange(60) + 0.5) - 30.0, (np.arange(40) + 0.5) - 20.0)
    x = u * np.cos(np.pi / 6) - v * np.sin(np.pi / 6)
    y = u * np.sin(np.pi / 6) + v * np.cos(np.pi / 6)
    want = [
        air_twin.points(NEUTRAL, at[0] - x.ravel(), at[1] - y.ravel(), at[2], 3.0, 2.0, 0.5).mean() for at in places
    ]
    np.testing.assert_allclose(got, want, rtol=0.05)


STACK = StackSources(0.0, 0.0, 30.0, 1.2, 12.0, 420.0)


def test_a_stack_s_plume_comes_down_downwind_and_its_rise_keeps_it_up():
    places = Receptors(np.array([-500.0, 100.0, 200.0]), 0.0)
    weather = Weather(270.0, 4.0, 0.35)
    hot = dispersion_matrix(STACK, places, weather).matrix.toarray()[:, 0]
    cold = StackSources(0.0, 0.0, 30.0, 1.2, 12.0, 290.0)
    assert hot[2] > 10.0 * hot[0] > 0.0
    assert hot[1] < 0.2 * dispersion_matrix(cold, places, weather).matrix.toarray()[1, 0]
    caught = StackSources(0.0, 0.0, 30.0, 1.2, 12.0, 420.0, 25.0, 30.0)
    assert dispersion_matrix(caught, places, weather).matrix.toarray()[1, 0] > 5.0 * hot[1]


def test_a_plume_that_rose_above_mixed_air_stays_there():
    strong = StackSources(0.0, 0.0, 60.0, 4.0, 20.0, 500.0)
    weather = Weather(270.0, 2.0, 0.2, mixing_height_m=150.0)
    assert plume_of(strong, 0, weather, weather.layer()).height_m > 150.0
    assert dispersion_matrix(strong, Receptors([500.0, 5000.0], 0.0), weather).matrix.nnz == 0


def test_classes_are_golder_s():
    assert [stability_class(length, 0.1) for length in (-8.0, -15.0, -60.0, np.inf, 60.0, 14.0)] == list("ABCDEF")


def test_a_stack_in_celsius_is_caught():
    with pytest.raises(ValueError, match=r"exit_temperature_k\[0\] = 120 is below 230: degrees Celsius\?"):
        StackSources(0.0, 0.0, 30.0, 1.2, 12.0, 120.0)


def test_kinds_of_sources_stand_side_by_side():
    roads, places = city(5, 4, 500.0)
    area = AreaSources([0.0, 100.0], 0.0, 60.0, 40.0)
    together = dispersion_matrix([roads, STACK, area], places, NEUTRAL)
    alone = [dispersion_matrix(kind, places, NEUTRAL).matrix.toarray() for kind in (roads, STACK, area)]
    np.testing.assert_array_equal(together.matrix.toarray(), np.hstack(alone))
