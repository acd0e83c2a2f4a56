"""Project Prairie Grass against our plume near the ground: crosswind integrals and the largest values of all arcs."""

from __future__ import annotations

from pathlib import Path

import pytest
from prairie_grass import both_scores, compared

# FAC2 at least, |FB| at most, NMSE at most.
CROSSWIND = 0.95, 0.15, 0.2
LARGEST = 0.84, 0.25, 0.5


@pytest.fixture(scope="module")
def arcs(request: pytest.FixtureRequest):
    return compared(Path(request.getfixturevalue("data")) / "air")


def test_every_usable_arc_of_every_run_with_weather_counts(arcs):
    assert len(arcs) == 113
    assert len({arc.run for arc in arcs}) == 27


@pytest.mark.parametrize("which", ["crosswind integral", "largest on an arc"])
def test_prairie_grass(arcs, which):
    holds(arcs, which)


@pytest.mark.parametrize(
    "which",
    [
        "crosswind integral",
        pytest.param(
            "largest on an arc",
            marks=pytest.mark.xfail(
                strict=True, reason="0.79, 0.39, 0.71: the formula has more wind to the side than was measured there"
            ),
        ),
    ],
)
def test_prairie_grass_with_the_wind_to_the_side_by_formula(data, which):
    """As in a scenario that does not say how much the wind turns."""
    holds(compared(data / "air", sideways_measured=False), which)


def holds(arcs, which):
    crosswind, largest = both_scores(arcs)
    (within, bias, error), target = (crosswind, CROSSWIND) if which == "crosswind integral" else (largest, LARGEST)
    assert within >= target[0]
    assert abs(bias) <= target[1]
    assert error <= target[2]
