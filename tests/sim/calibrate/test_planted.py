"""Demand that was planted in traffic is found again, and proportions are the gradient where nothing queues."""

from __future__ import annotations

import importlib
from dataclasses import replace

import numpy as np
import pytest

from citytwin.scenarios.junctions import build_network
from citytwin.scenarios.synthetic import grid_city
from citytwin.sim.calibrate.gradients import FrozenProportions
from citytwin.sim.calibrate.proportions import seen_by
from citytwin.sim.calibrate.slopes import frozen_slopes

PAIRS, SENSORS = 10, 25


@pytest.fixture(scope="module")
def town(repository):
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(repository / "benchmarks")
        trials = importlib.import_module("calibration_trials")
        network = build_network(grid_city(4, 4, block_m=120))
        yield trials.make_town("a grid", network, PAIRS, SENSORS)


def test_what_was_planted_is_found_again(town):
    loss = town.day(0)
    found, journal = town.fit(loss, budget=40)
    seen = seen_by(frozen_slopes(journal.asked[0][2], town.parameters), loss, town.parameters)
    assert seen.rank == PAIRS
    np.testing.assert_allclose(found.values, town.truth, rtol=0.02, atol=0.5)  # of 42 vehicles, one is more than 2 %


def test_proportions_are_the_gradient_of_free_streets(town):
    """Cosine with differences of the loss over half a scale to both sides, mean of two seeds."""
    loss, parameters = replace(town.day(0), name="l2"), town.parameters
    at, step = 1.3 * town.truth, np.diag(0.5 * parameters.scale)
    ends = np.concatenate([at + step, at - step])
    losses = np.mean([loss(town.runs(ends, [seed] * len(ends)).counts) for seed in range(2)], axis=0)
    true = losses[:PAIRS] - losses[PAIRS:]
    frozen = FrozenProportions(loss, parameters)(at, town.runs(at[np.newaxis], [0]))
    assert frozen @ true / np.linalg.norm(frozen) / np.linalg.norm(true) >= 0.9
