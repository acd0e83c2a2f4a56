"""Ensembles and intervals hold what was planted, and what sensors know only together is said in sums."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from counting_model import CountingModel, loss_of, parameters_of

from citytwin.scenarios.observed import KINDS
from citytwin.sim.calibrate.combinations import combinations
from citytwin.sim.calibrate.gauss_newton import GaussNewton
from citytwin.sim.calibrate.intervals import averaged, intervals, overdispersion
from citytwin.sim.calibrate.journal import Journal
from citytwin.sim.calibrate.proportions import Linear, seen_by
from citytwin.sim.calibrate.smoother import assimilate, ensemble_around, prior_members, reading_errors

TRUTH = np.array([400.0, 250.0, 700.0])
SHARE = np.array([[1.0, 1.0, 0.0], [0.0, 1.0, 0.5], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
TOGETHER = np.array([[1.0, 1.0, 0.0, 0.0, 0.0], [0.0, 0.0, 1.0, 0.5, 0.0], [2.0, 2.0, 0.0, 0.0, 0.0]])


def test_known_sums_and_unseen_changes_are_named():
    parameters, loss = parameters_of(5), loss_of(np.ones(3))
    found = combinations(seen_by(TOGETHER, loss, parameters), parameters)
    assert found.known_in_words == ("pair 0 + pair 1", "pair 2 + 0.5 pair 3")
    assert found.unseen_in_words == ("pair 0 − pair 1", "pair 3 − 0.5 pair 2")
    np.testing.assert_allclose(TOGETHER @ found.unseen.T, 0.0, atol=1e-9)


def test_a_town_that_is_known_pair_by_pair_has_no_sums():
    found = combinations(seen_by(SHARE, loss_of(np.ones(4)), parameters_of(3)), parameters_of(3))
    assert (found.known.shape, found.unseen.shape) == ((0, 3), (0, 3))


def test_what_little_others_have_in_what_is_known_alone_is_no_sum():
    """A fiftieth of the second pair passes where the first one is counted: the second is not known for that."""
    parameters, loss = parameters_of(3), loss_of(np.ones(2))
    found = combinations(seen_by(np.array([[1.0, 0.02, 0.0], [0.0, 1.0, 1.0]]), loss, parameters), parameters)
    assert found.known_in_words == ("pair 1 + pair 2",)


@pytest.mark.parametrize("seed", range(3))
def test_any_basis_says_the_same(seed):
    """Rows of slopes may be mixed as one likes: the sums that are known stay the same."""
    mixed = np.random.default_rng(seed).normal(size=(4, 3)) @ TOGETHER
    parameters, loss = parameters_of(5), loss_of(np.ones(4))
    found = combinations(seen_by(mixed, loss, parameters), parameters)
    assert found.known_in_words == ("pair 0 + pair 1", "pair 2 + 0.5 pair 3")


def test_the_ensembles_intervals_cover_what_was_planted():
    """Counts of Poisson's chance, a simulation with luck; of 150 intervals of 90 %, 85 to 95 % hold the truth."""
    inside, parameters = [], parameters_of(3, prior=500.0)
    for trial in range(50):
        loss = loss_of(np.random.default_rng(trial).poisson(SHARE @ TRUTH).astype(float))
        members = prior_members(parameters, 80, seed=trial)
        journal = Journal(CountingModel(SHARE, noise=5.0), 1000)
        errors = reading_errors(loss, np.zeros(4))
        found = assimilate(journal, loss, parameters, members, range(80), errors, seed=trial)
        assert list(found.losses) == sorted(found.losses, reverse=True)
        low, high = found.interval()
        inside.append((low <= TRUTH) & (high >= TRUTH))
    assert 0.85 <= np.mean(inside) <= 0.95


def test_the_ensemble_learns_of_sums_and_nothing_of_what_no_sensor_sees():
    parameters, truth = parameters_of(3, start=400.0), np.array([300.0, 500.0, 400.0])
    share = np.array([[1.0, 1.0, 0.0]])
    loss, journal = loss_of(share @ truth), Journal(CountingModel(share), 1000)
    found = GaussNewton(journal, loss, parameters, enough=1.0).run()
    around = ensemble_around(journal, loss, parameters, found, 200, first_seed=9)
    low, high = around.interval()
    assert around.values[:, :2].sum(axis=1).std() < 40.0  # √800 by chance
    assert (high - low > 300.0).all()
    assert around.learnt[2] < 0.2
    assert around.values[:, 2].std() == pytest.approx(300.0, rel=0.2)


def test_where_the_model_misses_by_more_than_chance_intervals_grow():
    rng = np.random.default_rng(3)
    share = np.ones((40, 1))
    parameters, fresh = parameters_of(1), np.full((3, 40), 500.0)
    model = Linear(np.array([500.0]), np.full(40, 500.0), share)
    width, factor = [], []
    for error in (0.0, 0.2):
        loss = loss_of(rng.poisson(500.0 * np.exp(error * rng.normal(size=40))).astype(float), "poisson")
        low, high = intervals(loss, parameters, model, fresh)
        width.append(float(high[0] - low[0]))
        factor.append(overdispersion(loss, fresh, 1))
    assert factor[0] == 1.0
    assert width[1] == pytest.approx(width[0] * np.sqrt(factor[1]), rel=0.3)
    assert factor[1] > 10.0


def test_intervals_take_the_proportions_of_several_runs_for_the_slopes_of_one():
    parameters = parameters_of(3)
    runs = CountingModel(SHARE)(np.tile(TRUTH, (3, 1)), [1, 2, 3])
    noisy = Linear(TRUTH, SHARE @ TRUTH, SHARE + np.random.default_rng(1).normal(0.0, 0.5, SHARE.shape))
    np.testing.assert_allclose(averaged(noisy, runs, parameters).slopes, SHARE)


def test_readings_of_other_kinds_have_the_errors_that_are_given():
    loss = loss_of(np.array([100.0, 12.0]))
    kinds = np.array([KINDS.index("count"), KINDS.index("speed")], np.int8)
    loss = replace(loss, observed=replace(loss.observed, kind=kinds))
    np.testing.assert_allclose(reading_errors(loss, np.array([7.0, 1.5])), [10.0, 1.5])
