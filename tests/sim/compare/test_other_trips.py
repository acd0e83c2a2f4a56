"""Scenarios that do not have the same trips are compared by those that they share, and told apart by the others."""

from __future__ import annotations

import pytest
from comparison_case import CLOSED, write_plans

from citytwin.sim.compare import compare
from citytwin.sim.compare.runs import read_result
from citytwin.sim.report.comparison_words import sentences

CHANGES = "[{kind: scale, demand: random_trips, factor: 0.7}, {kind: scale, demand: od_matrix, factor: 1.5}]"


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    base = write_plans(tmp_path_factory.mktemp("town"))[0]
    other = base.with_name("other.yaml")
    other.write_text(f"base: town.yaml\nname: Other\ndemand_changes: {CHANGES}\n")
    toll = base.with_name("toll.yaml")
    measure = f'{{kind: toll, links: ["{CLOSED}"], price: 0.5}}'
    toll.write_text(f"base: town.yaml\nmeasures: [{measure}]\nroutes: {{value_of_time_per_h: {{car: 30}}}}\n")
    plates = base.with_name("plates.yaml")
    plates.write_text("base: town.yaml\nmeasures: [{id: plates, kind: plate_restriction}]\n")
    return compare([base, other, toll, plates], seeds=2, out=tmp_path_factory.mktemp("out") / "comparison")


def test_trips_of_one_alone_are_counted_and_the_others_compared(found):
    base, other = (set(plan.trips.id) for plan in found.plans[:2])
    more, fewer, both = len(other - base), len(base - other), len(other & base)
    assert more > 20 and fewer > 20
    network = found.differences.network
    network = network[network["variant"] == "1_other"].set_index("quantity")
    assert network.loc["trips", "difference"] == more - fewer
    assert (network.loc["trips", "base"], network.loc["trips", "with_variant"]) == (len(base), len(other))
    trips = found.differences.trips
    assert set(trips.loc[trips["variant"] == "1_other", "trip_id"]) <= base & other
    assert sentences(found, "1_other")[0] == (
        f"{more} trips are made in it only and {fewer} trips are not made in it; delays and travel times below are "
        f"those of {both} trips in both."
    )


def test_what_a_toll_brings_in_is_a_difference_too(found):
    network = found.differences.network
    (row,) = network[network["quantity"] == "tolls paid"].to_dict("records")
    assert (row["variant"], row["unit"], row["base"]) == ("2_toll", "EUR", 0.0)
    totals = [read_result(found.folder, "2_toll", seed).summary["tolls_paid"]["total"] for seed in found.seeds]
    assert row["with_variant"] == sum(totals) / 2 > 1.0
    assert len(found.plans[0].trips) == len(found.plans[2].trips)
    assert "trips" not in set(network.loc[network["variant"] == "2_toll", "quantity"])


def test_whom_measures_keep_from_driving_is_told_apart_from_who_is_stuck(found):
    network = found.differences.network
    rows = network[network["quantity"] == "kept from driving by measures"]
    assert rows["variant"].tolist() == ["3_plates"]
    runs = [read_result(found.folder, "3_plates", seed).summary for seed in found.seeds]
    refused = [run["refused"]["plates"] for run in runs]
    assert rows["with_variant"].item() == sum(refused) / 2 > 20.0
    stuck = network[(network["quantity"] == "stuck at the end") & (network["variant"] == "3_plates")]
    assert stuck["with_variant"].item() == sum(run["stuck"] for run in runs) / 2 - sum(refused) / 2
    (told,) = (text for text in sentences(found, "3_plates") if text.startswith("Measures keep"))
    assert told.endswith(" trips from being driven: they are made otherwise, or not at all.")
    assert float(told.split()[2].replace(",", "")) == pytest.approx(sum(refused) / 2, rel=0.05)
