"""Demand is fitted to real counts of San Jose's freeways (BO4Mob, Ryu et al. 2025) within the runs aimed at."""

from __future__ import annotations

import importlib

import numpy as np
import pytest

from citytwin.sim.calibrate.gauss_newton import GaussNewton
from citytwin.sim.calibrate.losses import geh, nrmse


@pytest.fixture(scope="module")
def bench(repository, data):
    if not (data / "calibration" / "bo4mob").is_dir():
        pytest.skip("the instances of BO4Mob are not there")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(repository / "benchmarks")
        yield importlib.import_module("calibrate")


@pytest.mark.parametrize(
    "name, date_hour, runs, other_days",
    [("1ramp", "221014_06-07", 6, np.inf), ("2corridor", "221014_08-09", 10, 0.07)],
)
def test_counts_are_met_within_a_few_runs(bench, name, date_hour, runs, other_days):
    case = bench.Case(name, date_hour)
    seen = case.observed.value
    parameters = case.parameters(case.instance.low)
    enough = (0.01 * seen.mean()) ** 2
    found = GaussNewton(case.journal(runs), case.loss, parameters, weight_decay=1e-3, enough=enough).run()
    counts = found.simulated.counts[0]
    assert nrmse(counts, seen) <= 0.01
    assert (geh(counts, seen) < 5.0).all()
    assert found.simulated.entered[0] >= 0.95
    assert case.on_other_days(counts) <= other_days


def test_the_small_region_is_met_whatever_luck_drivers_have(bench):
    """Its cloverleafs locked by chance, with two of eight seeds. The search judges by four; these are others."""
    case = bench.Case("4smallRegion", "221014_08-09")
    seen, fresh = case.observed.value, bench.with_other_seeds(case, bench.gauss_newton(case, 21))
    assert max(nrmse(counts, seen) for counts in fresh.counts) <= 0.12
    assert np.median([(geh(counts, seen) < 5.0).mean() for counts in fresh.counts]) >= 0.6
    assert np.median([case.on_other_days(counts) for counts in fresh.counts]) <= 0.16
    assert np.median(fresh.entered) >= 0.95


def test_a_start_in_full_streets_ends_where_little_demand_does(bench):
    """The authors' example demand of 2corridor is three times too much."""
    case = bench.Case("2corridor", "221014_08-09")
    low, high = bench.gauss_newton(case, 10), bench.gauss_newton(case, 10, case.given())
    assert nrmse(high.simulated.counts[0], case.observed.value) <= 0.01
    assert high.values.sum() == pytest.approx(low.values.sum(), rel=0.1)


def test_the_score_is_the_benchmarks(bench):
    """The authors' example demand of 1ramp was made for the counts of 14 October, 8 to 9."""
    case = bench.Case("1ramp", "221014_08-09")
    counts = case.journal(1)(case.given()[np.newaxis], [0]).counts[0]
    assert nrmse(counts, case.observed.value) == pytest.approx(0.0, abs=0.001)
    earlier = bench.Case("1ramp", "221014_06-07").observed
    assert nrmse(counts, earlier.value) == pytest.approx(1.6107, abs=0.001)  # reference_results.csv beside the data
