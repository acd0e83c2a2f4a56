"""Demand that was planted in traffic is found again, and proportions are the gradient where nothing queues."""

from __future__ import annotations

import importlib
from dataclasses import replace

import numpy as np
import pytest

from citytwin.scenarios.junctions import build_network
from citytwin.scenarios.synthetic import grid_city
from citytwin.sim.calibrate.combinations import combinations
from citytwin.sim.calibrate.gradients import FiniteDifference, FrozenProportions
from citytwin.sim.calibrate.journal import Journal
from citytwin.sim.calibrate.proportions import seen_by
from citytwin.sim.calibrate.slopes import frozen_slopes

PAIRS, SENSORS = 10, 25


@pytest.fixture(scope="module")
def trials(repository):
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(repository / "benchmarks")
        yield importlib.import_module("calibration_trials")


@pytest.fixture(scope="module")
def grid():
    return build_network(grid_city(4, 4, block_m=120))


@pytest.fixture(scope="module")
def town(trials, grid):
    return trials.make_town("a grid", grid, PAIRS, SENSORS)


def test_what_was_planted_is_found_again(town):
    loss = town.day(0)
    found, journal = town.fit(loss, budget=40)
    seen = seen_by(frozen_slopes(journal.asked[0][2], town.parameters), loss, town.parameters)
    assert seen.rank == PAIRS
    np.testing.assert_allclose(found.values, town.truth, rtol=0.02, atol=0.5)  # of 42 vehicles, one is more than 2 %


def test_sums_that_are_known_are_found_again_where_pairs_are_not(trials, grid):
    """30 pairs and 12 sensors, over two hours."""
    town = trials.make_town("a grid", grid, 30, 12, until_s=trials.PLANTED_S)
    loss, parameters = town.day(0), town.parameters
    looked = town.runs(np.tile(parameters.start, (len(trials.LOOKS), 1)), list(trials.LOOKS))
    told = combinations(seen_by(frozen_slopes(looked, parameters), loss, parameters), parameters)
    found, _ = town.fit(loss)
    sums = told.known @ town.truth
    assert len(sums) == 12
    assert (np.abs(told.known @ found.values - sums) <= 0.02 * (np.abs(told.known) @ town.truth)).all()
    assert np.abs(found.values / town.truth - 1.0).max() > 0.1  # though pairs are not


def test_proportions_and_replicas_are_the_gradient_of_free_streets(town):
    """Cosine with differences of the loss over half a scale to both sides, mean of two seeds."""
    loss, parameters = replace(town.day(0), name="l2"), town.parameters
    at, step = 1.3 * town.truth, np.diag(0.5 * parameters.scale)
    ends = np.concatenate([at + step, at - step])
    losses = np.mean([loss(town.runs(ends, [seed] * len(ends)).counts) for seed in range(2)], axis=0)
    true = losses[:PAIRS] - losses[PAIRS:]
    run = town.runs(at[np.newaxis], [0])
    for gradient in (
        FrozenProportions(loss, parameters),
        FiniteDifference(Journal(town.runs, PAIRS), loss, parameters),
    ):
        found = gradient(at, run)
        assert found @ true / np.linalg.norm(found) / np.linalg.norm(true) >= 0.9, gradient.name
