"""The table of trips: in order, whole, and never changed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from citytwin.scenarios.chance import key_of
from citytwin.scenarios.trips import TripTable, build_trips

from .demand_case import random_demand, scenario, town

ROWS = st.lists(
    st.tuples(
        st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1), st.sampled_from([0.0, 1.5, 7.0])
    ),
    unique_by=lambda row: row[0],
)


def table_of(rows, link=3):
    count = len(rows)
    return TripTable.sorted(
        [name for name, _ in rows],
        np.array([depart_s for _, depart_s in rows], float),
        np.full(count, link, np.int32),
        np.arange(count, dtype=np.int32),
    )


@given(ROWS)
def test_trips_stand_by_departure_then_id(rows):
    table = table_of(rows)
    assert list(zip(table.depart_s.tolist(), table.id, strict=True)) == sorted(
        (depart_s, name) for name, depart_s in rows
    )
    assert [int(key) for key in table.key] == [key_of(name) for name in table.id]
    where = {name: row for row, (name, _) in enumerate(rows)}
    assert table.destination_link.tolist() == [where[name] for name in table.id]


@given(ROWS, st.integers(0, 20))
def test_joining_parts_gives_the_whole(rows, cut):
    whole, parts = table_of(rows), TripTable.joined([table_of(rows[:cut]), table_of(rows[cut:])])
    assert parts.id == whole.id
    for column in ("key", "depart_s", "origin_link", "origin_m", "vehicle_class"):
        np.testing.assert_array_equal(getattr(parts, column), getattr(whole, column))


def test_nobody_changes_a_table():
    table = build_trips(scenario(random_demand()), town())
    for column in ("key", "depart_s", "origin_link", "destination_link", "origin_m", "destination_m", "vehicle_class"):
        with pytest.raises(ValueError, match="read-only"):
            getattr(table, column)[0] = 0


def test_no_demand_makes_an_empty_table():
    table = build_trips(scenario(), town())
    assert len(table) == 0
    assert table.origin_link.dtype == np.int32
