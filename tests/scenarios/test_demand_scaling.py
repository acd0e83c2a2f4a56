"""Scaled demand: whoever still travels makes the very trip of before, and others join with ids that stay."""

from __future__ import annotations

import numpy as np
import pytest

from citytwin.scenarios.demand_kinds import DemandScale, OdMatrix
from citytwin.scenarios.problems import ScenarioError
from citytwin.scenarios.trip_zones import zones_of
from citytwin.scenarios.trips import TripTable, build_trips

from .demand_case import random_demand, scenario, square, town

COLUMNS = ("key", "depart_s", "origin_link", "destination_link", "origin_m", "destination_m", "vehicle_class")


def base(*changes: dict, demand=(), **values):
    """A scenario whose demand is changed."""
    made = scenario(*(demand or (random_demand(id="people", per_hour=800),)), **values)
    return made.model_copy(update={"demand_changes": tuple(DemandScale(kind="scale", **change) for change in changes)})


def trips_of(*changes: dict, **values) -> TripTable:
    return build_trips(base(*changes, **values), town())


def rows_of(table: TripTable, ids) -> dict[str, tuple]:
    row = {name: number for number, name in enumerate(table.id)}
    return {
        name: tuple(np.nan_to_num(getattr(table, column)[row[name]], nan=-1.0).item() for column in COLUMNS)
        for name in ids
    }


@pytest.mark.parametrize("factor", [0.4, 0.9, 1.3, 2.5])
def test_the_number_is_about_right_and_whoever_travels_in_both_travels_alike(factor):
    before, after = trips_of(), trips_of({"factor": factor})
    spread = 4 * np.sqrt(len(before) * (factor % 1) * (1 - factor % 1))
    assert abs(len(after) - factor * len(before)) <= spread
    both = set(before.id) & set(after.id)
    assert both == set(after.id if factor < 1 else before.id)
    assert rows_of(before, both) == rows_of(after, both)


def test_a_stronger_change_keeps_what_a_weaker_one_did():
    few, fewer = (set(trips_of({"factor": factor}).id) for factor in (0.6, 0.3))
    assert fewer < few
    more, most = (trips_of({"factor": factor}) for factor in (1.2, 1.7))
    assert set(more.id) < set(most.id)
    assert rows_of(more, more.id) == rows_of(most, more.id)


def test_who_joins_has_the_ends_of_one_trip_and_the_departure_of_another():
    before, after = trips_of(), trips_of({"id": "growth", "factor": 2.5})
    joined = [name for name in after.id if "+" in name]
    old, new = rows_of(before, before.id), rows_of(after, joined)
    for name, row in new.items():
        assert row[2:] == old[name.partition("+")[0]][2:]
    assert {row[1] for row in new.values()} <= set(before.depart_s.tolist())
    assert len({row[0] for row in new.values()}) == len(joined)
    assert {name.partition("+")[2] for name in joined} == {"growth", "growth.2"}


def test_only_those_that_are_meant_are_scaled():
    network = town()
    corners = square(network, 100.0, 100.0, 350.0)
    begins = {"from_polygon": corners, "start_s": 600, "end_s": 1800}
    before, after = trips_of(), trips_of({**begins, "factor": 0.0})
    gone = np.isin(before.id, sorted(set(before.id) - set(after.id)))
    assert 0 < gone.sum() < len(before)
    from citytwin.scenarios.areas import links_in

    inside = links_in(network, corners)[before.origin_link]
    np.testing.assert_array_equal(gone, inside & (before.depart_s >= 600) & (before.depart_s < 1800))
    ends = trips_of({"to_polygon": corners, "factor": 0.0})
    assert not links_in(network, corners)[ends.destination_link].any()


def test_one_demand_of_two_and_one_class_of_two(tmp_path):
    (tmp_path / "od.csv").write_text("from_zone,to_zone,trips,vehicle_class\na,b,40,car\nb,a,30,truck\n")
    (tmp_path / "zones.csv").write_text("zone,node\na,000-000\nb,003-003\n")
    matrix = OdMatrix(kind="od_matrix", id="od", file=tmp_path / "od.csv", zones=tmp_path / "zones.csv")
    demand = (random_demand(id="people"), matrix)

    def counts(**change) -> tuple[int, int, int]:
        changes = [{"factor": 0.0, **change}] if change else []
        made = trips_of(*changes, demand=demand)
        zones = zones_of(base(demand=demand), made.id)["origin"]
        return (zones == "").sum(), (zones == "a").sum(), (zones == "b").sum()

    assert counts() == (400, 40, 30)
    assert counts(demand="od") == (400, 0, 0)
    assert counts(from_zone="a") == counts(to_zone="b") == (400, 0, 30)
    assert counts(vehicle_class="truck") == (400, 40, 0)
    assert counts(demand="od", factor=2.0) == (400, 80, 60)  # those who join are of the zones too


def test_changes_follow_each_other():
    once, twice = trips_of({"factor": 0.5}), trips_of({"factor": 0.5}, {"factor": 0.5})
    assert 0.4 * len(once) < len(twice) < 0.6 * len(once)
    assert set(twice.id) < set(once.id)


@pytest.mark.parametrize(
    "change, want",
    [
        ({"demand": "poeple"}, 'demand_changes[0].demand = "poeple"  no such demand. Closest: "people".'),
        ({"from_zone": "3"}, 'demand_changes[0].from_zone = "3"  no OD matrix has trips from a zone of this name.'),
        (
            {"vehicle_class": "bus"},
            'demand_changes[0].kind = "scale"  speaks of no trip: nobody travels so. Widen it, or leave it out.',
        ),
    ],
)
def test_a_change_that_concerns_nobody_is_refused(change, want):
    with pytest.raises(ScenarioError) as refused:
        trips_of({"factor": 0.5, **change})
    assert str(refused.value) == want
