"""Intervals hold what they promise, planted differences are found, and chance is rarely taken for one."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from citytwin.sim.compare.statistics import found_among_many, paired, seeds_for


def test_an_interval_is_that_of_the_paired_t_test(rng):
    before, after = rng.normal(60, 5, (8, 3)), rng.normal(61, 5, (8, 3))
    result = paired(after - before)
    for column in range(3):
        theirs = stats.ttest_rel(after[:, column], before[:, column])
        low, high = theirs.confidence_interval(0.95)
        assert (result.low[column], result.high[column]) == pytest.approx((low, high))
        assert result.p[column] == pytest.approx(theirs.pvalue)


def test_seeds_in_which_a_quantity_is_unknown_are_left_out(rng):
    differences = rng.normal(1, 1, (6, 2))
    differences[[1, 4], 0] = np.nan
    result, alone = paired(differences), paired(differences[[0, 2, 3, 5], :1])
    assert result.seeds.tolist() == [4, 6]
    assert (result.mean[0], result.low[0], result.p[0]) == (alone.mean[0], alone.low[0], alone.p[0])


def test_nothing_is_claimed_where_nothing_is_known():
    result = paired(np.array([[np.nan, 2.0], [np.nan, np.nan]]))
    assert result.seeds.tolist() == [0, 1]
    assert np.isnan(result.mean[0])
    assert np.isnan(result.low).all()
    assert not result.distinguishable.any()


def test_no_difference_at_all_is_none():
    result = paired(np.zeros((5, 1)))
    assert (result.mean[0], result.low[0], result.high[0], result.p[0]) == (0.0, 0.0, 0.0, 1.0)


def test_the_same_vehicle_in_two_seeds_is_no_certainty_but_many_are():
    counted = np.array([[1.0, 40.0], [1.0, 40.0]])
    assert paired(counted).distinguishable.all()
    assert paired(counted, resolution=1.0).distinguishable.tolist() == [False, True]


@pytest.mark.parametrize("seeds", [3, 20])
def test_one_interval_in_twenty_misses(rng, seeds):
    result = paired(rng.normal(3.0, 2.0, (seeds, 20_000)))
    missed = float(((result.low > 3.0) | (result.high < 3.0)).mean())
    assert missed == pytest.approx(0.05, abs=0.006)  # four standard errors of a share of 20,000


def test_among_many_links_without_any_change_something_is_named_once_in_twenty_times(rng):
    """With nothing to find, every discovery is false: the share of comparisons that name any link is the rate."""
    named = [found_among_many(paired(rng.normal(0, 1, (20, 400))).p).any() for _ in range(1500)]
    assert np.mean(named) <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 1500)


def test_of_the_links_named_few_are_mistaken_and_planted_ones_are_found(rng):
    mistaken, found = [], []
    for _ in range(100):
        differences = rng.normal(0, 1, (20, 500))
        differences[:, :50] += 1.5
        named = found_among_many(paired(differences).p)
        mistaken.append(named[50:].sum() / max(named.sum(), 1))
        found.append(named[:50].mean())
    assert np.mean(mistaken) <= 0.055
    assert np.mean(found) >= 0.95


def test_without_correction_links_would_be_named_for_nothing(rng):
    p = paired(rng.normal(0, 1, (20, 2000))).p
    assert (p < 0.05).sum() > 50
    assert found_among_many(p).sum() == 0


def test_unknown_tests_do_not_count():
    p = np.array([0.02, np.nan, 0.04, np.nan])
    assert found_among_many(p).tolist() == [True, False, True, False]
    assert found_among_many(np.full(3, np.nan)).tolist() == [False, False, False]


@pytest.mark.parametrize("sd", [0.5, 3.0, 40.0])
def test_with_so_many_seeds_the_interval_is_as_narrow_as_wanted(sd):
    seeds = seeds_for(sd, 1.0)
    assert seeds is not None

    def half(count):
        return stats.t.ppf(0.975, count - 1) * sd / np.sqrt(count)

    assert half(seeds) <= 1.0
    assert seeds == 2 or half(seeds - 1) > 1.0


def test_where_no_number_of_seeds_would_do_none_is_told():
    assert seeds_for(1e6, 1e-3) is None
    assert seeds_for(float("nan"), 1.0) is None
