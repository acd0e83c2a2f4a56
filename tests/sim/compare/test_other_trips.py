"""Scenarios that do not have the same trips are compared by those that they share, and told apart by the others."""

from __future__ import annotations

import pytest
from comparison_case import write_plans

from citytwin.sim.compare import compare
from citytwin.sim.report.comparison_words import sentences

CHANGES = "[{kind: scale, demand: random_trips, factor: 0.7}, {kind: scale, demand: od_matrix, factor: 1.5}]"


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    base = write_plans(tmp_path_factory.mktemp("town"))[0]
    other = base.with_name("other.yaml")
    other.write_text(f"base: town.yaml\nname: Other\ndemand_changes: {CHANGES}\n")
    return compare([base, other], seeds=2, out=tmp_path_factory.mktemp("out") / "comparison")


def test_trips_of_one_alone_are_counted_and_the_others_compared(found):
    base, other = (set(plan.trips.id) for plan in found.plans)
    more, fewer, both = len(other - base), len(base - other), len(other & base)
    assert more > 20 and fewer > 20
    network = found.differences.network.set_index("quantity")
    assert network.loc["trips", "difference"] == more - fewer
    assert (network.loc["trips", "base"], network.loc["trips", "with_variant"]) == (len(base), len(other))
    assert set(found.differences.trips["trip_id"]) <= base & other
    assert sentences(found, "1_other")[0] == (
        f"{more} trips are made in it only and {fewer} trips are not made in it; delays and travel times below are "
        f"those of {both} trips in both."
    )
