"""Every method finds what was planted where it can be found, and none believes what the simulation does not confirm."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from counting_model import CountingModel, loss_of, parameters_of

from citytwin.scenarios.observed import KINDS
from citytwin.sim.calibrate.gauss_newton import FROZEN, REPLICAS, GaussNewton
from citytwin.sim.calibrate.gradients import FiniteDifference, FrozenProportions, SimultaneousPerturbation, descend
from citytwin.sim.calibrate.journal import BudgetSpent, Journal
from citytwin.sim.calibrate.proportions import seen_by
from citytwin.sim.calibrate.searches import RandomSearch, search

TRUTH = np.array([400.0, 250.0, 700.0])
FULL = np.array([[1.0, 1.0, 0.0], [0.0, 1.0, 0.5], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
SHORT = FULL[:2]
LOSSES = ("l1", "l2", "poisson", "geh")


@pytest.mark.parametrize("name", LOSSES)
def test_planted_demand_is_found_where_sensors_see_all_of_it(name):
    journal = Journal(CountingModel(FULL), 12)
    found = GaussNewton(journal, loss_of(FULL @ TRUTH, name), parameters_of(3), enough=1e-9).run()
    np.testing.assert_allclose(found.values, TRUTH, rtol=0.02)
    assert found.slopes == FROZEN


@pytest.mark.parametrize("name", LOSSES)
def test_slopes_of_the_losses_are_their_derivatives(name):
    loss, at, change = loss_of(np.array([30.0, 0.0, 55.0]), name), np.array([44.0, 3.0, 21.0]), 1e-5
    ahead, behind = (loss(at + side * change * np.eye(3)) for side in (1.0, -1.0))
    np.testing.assert_allclose(loss.slope(at), (ahead - behind) / (2.0 * change), rtol=1e-5)


@pytest.mark.parametrize("name", LOSSES)
def test_slopes_are_derivatives_for_readings_of_several_kinds(name):
    loss = loss_of(np.array([300.0, 12.0, 900.0]), name)
    kinds = np.array([KINDS.index(kind) for kind in ("count", "speed", "screen_line")], np.int8)
    loss = replace(loss, observed=replace(loss.observed, kind=kinds))
    at, change = np.array([260.0, 14.0, 1000.0]), 1e-4
    ahead, behind = (loss(at + side * change * np.eye(3)) for side in (1.0, -1.0))
    np.testing.assert_allclose(loss.slope(at), (ahead - behind) / (2.0 * change), rtol=1e-4)


def test_where_sensors_leave_a_choice_known_combinations_are_found_and_the_least_demand_is_taken():
    journal, loss, parameters = Journal(CountingModel(SHORT), 20), loss_of(SHORT @ TRUTH), parameters_of(3)
    found = GaussNewton(journal, loss, parameters, weight_decay=1e-4, enough=1e-3).run()
    seen = seen_by(SHORT, loss, parameters)
    assert seen.rank == 2
    known = seen.known_combinations()
    np.testing.assert_allclose(known @ found.values, known @ TRUTH, rtol=0.02)
    assert found.values.sum() < TRUTH.sum()
    assert (seen.known_share < 1.0 - 1e-6).all()


def test_replicas_see_the_queue_that_proportions_do_not():
    """Behind a full bottleneck every vehicle more takes half a one away; in the run, all that came had passed."""
    model = CountingModel(np.array([[1.0], [1.0]]), capacity=500.0, behind=[1], jam=0.5)
    at = np.array([800.0])
    loss, parameters = loss_of(np.array([800.0, 450.0])), parameters_of(1)
    journal = Journal(model, 100)
    simulated = journal(at[np.newaxis], [0])
    frozen = FrozenProportions(loss, parameters)(at, simulated)
    measured = FiniteDifference(journal, loss, parameters)(at, simulated)
    step = 1e-3
    ends = journal(np.array([at + step, at - step]), [0, 0])
    true = (loss(ends.counts[:1]) - loss(ends.counts[1:])) / (2.0 * step) * parameters.scale
    assert measured == pytest.approx(true, rel=1e-6)
    assert np.sign(frozen) != np.sign(true) or abs(frozen - true) > 0.5 * abs(true)


def test_a_step_into_the_jam_is_not_believed():
    """More demand would pass more by the proportions; the simulation says that it passes fewer, for good."""
    model = CountingModel(np.array([[1.0, 1.0]]), capacity=500.0, behind=[0], jam=0.8)
    found = GaussNewton(Journal(model, 60), loss_of(np.array([600.0])), parameters_of(2)).run()
    assert found.values.sum() == pytest.approx(500.0, rel=0.02)
    losses = [loss for _, loss in found.history]
    assert losses == sorted(losses, reverse=True)
    assert found.slopes == REPLICAS


def test_gradients_point_the_same_way_where_nothing_queues():
    journal, loss, parameters = Journal(CountingModel(FULL), 5000), loss_of(FULL @ TRUTH), parameters_of(3)
    at = np.array([100.0, 500.0, 300.0])
    simulated = journal(at[np.newaxis], [0])
    frozen = FrozenProportions(loss, parameters)(at, simulated)
    for other in (
        FiniteDifference(journal, loss, parameters),
        SimultaneousPerturbation(journal, loss, parameters, pairs=400),
        SimultaneousPerturbation(journal, loss, parameters, pairs=400, weights=True),
    ):
        gradient = other(at, simulated)
        cosine = gradient @ frozen / np.linalg.norm(gradient) / np.linalg.norm(frozen)
        assert cosine > 0.9, other.name


def test_weights_make_random_directions_less_noisy():
    """With many roads that have nothing to do with each other, each parameter hears of its own."""
    share, truth = np.eye(20), np.linspace(100.0, 500.0, 20)
    journal, loss, parameters = Journal(CountingModel(share), 5000), loss_of(truth), parameters_of(20)
    at = np.full(20, 300.0)
    simulated = journal(at[np.newaxis], [0])
    true = FrozenProportions(loss, parameters)(at, simulated)
    cosine = []
    for weights in (False, True):
        gradient = SimultaneousPerturbation(journal, loss, parameters, pairs=4, weights=weights)(at, simulated)
        cosine.append(gradient @ true / np.linalg.norm(gradient) / np.linalg.norm(true))
    assert cosine[1] > 0.99 > cosine[0]


def test_descent_is_the_equation_and_no_more():
    """M ← M − η ∇L − η λ M, in scales from the prior."""
    journal, loss, parameters = Journal(CountingModel(FULL), 10), loss_of(FULL @ TRUTH), parameters_of(3, prior=50.0)
    start, rate, decay = np.array([100.0, 120.0, 90.0]), 1e-5, 3.0
    gradient = FrozenProportions(loss, parameters)
    slope = gradient(start, journal(start[np.newaxis], [0]))
    descend(journal, loss, parameters, gradient, [rate], weight_decay=decay, start=start)
    away = (start - 50.0) / 100.0
    expected = 50.0 + 100.0 * (away - rate * slope - rate * decay * away)
    np.testing.assert_allclose(journal.asked[-1][0], expected, rtol=1e-12)


def test_a_search_stops_at_its_budget_and_keeps_the_best():
    journal, loss, parameters = Journal(CountingModel(FULL), 21), loss_of(FULL @ TRUTH), parameters_of(3)
    values, best, history = search(journal, loss, parameters, RandomSearch(parameters))
    assert journal.runs == 21
    assert best == min(float(loss(run.counts)[0]) for _, _, run in journal.asked)
    assert float(loss(CountingModel(FULL)(values[np.newaxis], [0]).counts)[0]) == best
    assert history[-1][1] == best


def test_cma_beats_chance_where_it_is_installed():
    pytest.importorskip("cma")
    from citytwin.sim.calibrate.searches import CmaSearch

    loss, parameters = loss_of(FULL @ TRUTH), parameters_of(3)
    best = [
        search(Journal(CountingModel(FULL), 200), loss, parameters, method)[1]
        for method in (CmaSearch(parameters), RandomSearch(parameters))
    ]
    assert best[0] < best[1] / 10.0


def test_what_was_simulated_is_not_simulated_again(tmp_path):
    """Stopped after four runs and begun again, it asks the model only for what is new, and ends where it would have."""
    loss, parameters = loss_of(FULL @ TRUTH, "geh"), parameters_of(3)

    def fit(budget, folder):
        model = CountingModel(FULL, capacity=600.0, behind=[1])
        return GaussNewton(Journal(model, budget, folder), loss, parameters).run(), model.calls

    stopped, _ = fit(4, tmp_path)
    whole, calls = fit(12, None)
    resumed, more = fit(12, tmp_path)
    assert stopped.why == "the budget is spent"
    assert more == calls - 4
    np.testing.assert_array_equal(resumed.values, whole.values)


def test_a_budget_is_a_budget():
    journal = Journal(CountingModel(FULL), 2)
    with pytest.raises(BudgetSpent):
        journal(np.ones((3, 3)), [0, 0, 0])
    assert journal.runs == 0
