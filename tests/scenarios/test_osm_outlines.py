"""Where streets end, and the middle of each direction."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from citytwin.scenarios.osm_chains import line_length
from citytwin.scenarios.osm_outlines import clean_line, cut_line, extend_line, fit_trims, offset_line
from citytwin.scenarios.osm_streets import build_streets

from .osm_case import RESIDENTIAL, town

LINES = st.lists(
    st.tuples(st.floats(-500, 500, allow_subnormal=False), st.floats(-500, 500, allow_subnormal=False)),
    min_size=2,
    max_size=8,
).filter(lambda line: all(math.dist(a, b) > 0.1 for a, b in itertools.pairwise(line)))


def test_an_offset_to_the_right_of_a_corner():
    line = [(0.0, 0.0), (10.0, 0.0), (10.0, 10.0)]  # east, then north: a left turn
    np.testing.assert_allclose(offset_line(line, 2.0), [(0, -2), (12, -2), (12, 10)], atol=1e-9)
    np.testing.assert_allclose(offset_line(line, -2.0), [(0, 2), (8, 2), (8, 10)], atol=1e-9)


def test_an_offset_of_a_hairpin_grows_no_spike():
    moved = offset_line([(0.0, 0.0), (100.0, 0.0), (0.0, 0.5)], 3.0)
    assert max(math.dist(point, (100.0, 0.0)) for point in moved[1:2]) < 10.0


@given(LINES, st.floats(-5, 5))
def test_an_offset_moves_no_point_farther_than_twice_its_size(line, offset_m):
    for before, after in zip(line, offset_line(line, offset_m), strict=True):
        assert math.dist(before, after) <= 2.0 * abs(offset_m) + 1e-9


@given(LINES, st.floats(0, 1), st.floats(0, 1))
def test_cutting_takes_exactly_what_it_should(line, a, b):
    length = line_length(line)
    start, end = a * 0.45 * length, b * 0.45 * length
    cut = cut_line(line, start, end)
    assert line_length(cut) == pytest.approx(length - start - end, abs=0.1)
    assert len(cut) >= 2


@given(LINES, st.floats(0.1, 100))
def test_extending_adds_length_at_the_right_end(line, extra_m):
    longer = extend_line(line, extra_m, at_end=True)
    assert line_length(longer) == pytest.approx(line_length(line) + extra_m, rel=1e-6)
    assert longer[0] == line[0]
    assert extend_line(line, extra_m, at_end=False)[-1] == line[-1]


def test_cleaning():
    assert clean_line([(0, 0), (0, 0), (1, 0), (1, 0.001)]) == [(0, 0), (1, 0)]
    assert clean_line([(0, 0), (0, 0)]) == [(0, 0), (0, 0)]


@given(st.floats(1, 500), st.floats(0, 20), st.floats(0, 20))
def test_a_vehicle_fits_between_stop_lines_wherever_it_can(length_m, start_m, end_m):
    start, end = fit_trims(length_m, start_m, end_m)
    assert 0 <= start <= start_m
    assert 0 <= end <= end_m
    assert length_m - start - end >= min(7.5, 0.0999 * length_m)
    if length_m >= 8.4:
        assert length_m - start - end >= 7.49


def test_streets_end_at_the_kerb_of_the_street_they_cross():
    places = {1: (-200, 0), 2: (0, 0), 3: (200, 0), 4: (0, 200), 5: (0, -200)}
    wide = {"highway": "primary", "oneway": "no", "lanes": "4"}
    graph = build_streets(town(places, [(10, [1, 2, 3], wide), (11, [4, 2, 5], RESIDENTIAL)]))
    streets = {street.id: street for street in graph.streets}
    x0, y0 = graph.junctions[1].x_m, graph.junctions[1].y_m
    assert graph.junctions[1].id == "node/2"
    end = streets["way/10:0-1"].shape_xy[-1] - (x0, y0)
    side = streets["way/11:0-1"].shape_xy[-1] - (x0, y0)
    assert -7.0 < end[0] < -2.75  # behind half of the residential street's 5.5 m
    assert 6.5 < side[1] < 10.0  # behind half of the primary's 13 m
    assert end[1] == pytest.approx(-3.25, abs=0.05)  # the middle of the two right-hand lanes
    assert side[0] == pytest.approx(-1.375, abs=0.05)


def test_driving_on_the_left_mirrors_the_directions():
    places = {1: (-200, 0), 2: (0, 0)}
    for side, sign in (("right", -1), ("left", 1)):
        graph = build_streets(town(places, [(10, [1, 2], RESIDENTIAL)]), {"driving_side": side})
        east = next(street for street in graph.streets if street.id == "way/10:0-1")
        middle = next(spec.y_m for spec in graph.junctions if spec.id == "node/1")
        assert east.shape_xy[0][1] - middle == pytest.approx(sign * 1.375, abs=0.05)


def test_lines_without_length_do_no_harm():
    still = [(5.0, 5.0), (5.0, 5.0)]
    assert offset_line(still, 2.0) == still
    assert extend_line(still, 20.0, at_end=True) == [(5.0, 5.0), (25.0, 5.0)]
