"""Turn restrictions of every kind."""

from __future__ import annotations

import pytest

from citytwin.scenarios.osm_streets import build_streets

from .osm_case import RESIDENTIAL, restriction, town

# A crossroads at node 3: west 10, east 11, north 12, south 13.
PLACES = {1: (-200, 0), 3: (0, 0), 4: (200, 0), 5: (0, 200), 6: (0, -200)}
WAYS = [(10, [1, 3], RESIDENTIAL), (11, [3, 4], RESIDENTIAL), (12, [5, 3], RESIDENTIAL), (13, [3, 6], RESIDENTIAL)]
FROM_WEST, TO_EAST, TO_NORTH, TO_SOUTH, TO_WEST = "way/10:0-1", "way/11:0-1", "way/12:1-0", "way/13:0-1", "way/10:1-0"


def banned(*relations, ways=WAYS):
    graph = build_streets(town(PLACES, ways, restrictions=relations))
    return next(spec.banned for spec in graph.junctions if spec.id == "node/3")


def test_no_turn():
    assert banned(restriction(1, "no_left_turn", 10, 3, 12)) == {(FROM_WEST, TO_NORTH)}


def test_only_turn_bans_everything_else_even_turning_back():
    assert banned(restriction(1, "only_straight_on", 10, 3, 11)) == {
        (FROM_WEST, TO_NORTH),
        (FROM_WEST, TO_SOUTH),
        (FROM_WEST, TO_WEST),
    }


def test_no_u_turn():
    assert banned(restriction(1, "no_u_turn", 10, 3, 10)) == {(FROM_WEST, TO_WEST)}


@pytest.mark.parametrize(
    "more", [{"except": "motorcar"}, {"except": "psv;motorcar"}, {"type": "restriction", "restriction": "give_way"}]
)
def test_restrictions_that_do_not_bind_cars(more):
    assert banned(restriction(1, "no_left_turn", 10, 3, 12, **more)) == frozenset()


def test_restrictions_for_other_modes_and_times():
    hgv = restriction(1, "", 10, 3, 12, **{"restriction:hgv": "no_left_turn"})
    car = restriction(2, "", 10, 3, 12, **{"restriction:motorcar": "no_left_turn"})
    assert banned(hgv) == frozenset()
    assert banned(car) == {(FROM_WEST, TO_NORTH)}


def test_a_way_that_goes_on_past_the_node_is_meant_by_the_kind_of_turn():
    ways = [(10, [1, 3, 4], RESIDENTIAL), (12, [5, 3, 6], RESIDENTIAL)]
    assert banned(restriction(1, "no_left_turn", 10, 3, 12), ways=ways) in (
        {("way/10:0-1", "way/12:1-0")},
        {("way/10:2-1", "way/12:1-2")},
    )


def test_restrictions_that_name_ways_elsewhere_are_counted():
    graph = build_streets(
        town(
            PLACES,
            WAYS,
            restrictions=[restriction(1, "no_left_turn", 99, 3, 12), restriction(2, "no_u_turn", 10, 77, 10)],
        )
    )
    assert any("0 of 2 hold in the network, 2 name ways outside it" in note for note in graph.notes)


def test_contradictory_restrictions_leave_a_way_out():
    relations = [restriction(number, "no_entry", 10, 3, way) for number, way in enumerate((10, 11, 12, 13))]
    relations[0] = restriction(0, "no_u_turn", 10, 3, 10)
    graph = build_streets(town(PLACES, WAYS, restrictions=relations))
    assert next(spec.banned for spec in graph.junctions if spec.id == "node/3") == frozenset()
    assert [fault.kind for fault in graph.faults] == ["restriction_closes_street"]


def test_a_restriction_via_a_way_is_a_forbidden_sequence():
    places = {1: (-200, 0), 2: (0, 0), 3: (0, 100), 4: (-200, 100), 5: (200, 0), 6: (200, 100)}
    ways = [
        (10, [1, 2], RESIDENTIAL),
        (11, [2, 3], RESIDENTIAL),
        (12, [3, 4], RESIDENTIAL),
        (13, [2, 5], RESIDENTIAL),
        (14, [3, 6], RESIDENTIAL),
    ]
    graph = build_streets(town(places, ways, restrictions=[restriction(1, "no_u_turn", 10, [11], 12)]))
    assert graph.forbidden_sequences == (("way/10:0-1", "way/11:0-1", "way/12:0-1"),)
    only = build_streets(town(places, ways, restrictions=[restriction(1, "only_right_turn", 10, [11], 14)]))
    assert only.forbidden_sequences == (("way/10:0-1", "way/11:0-1", "way/12:0-1"),)


def test_a_restriction_via_a_way_inside_a_junction_is_a_missing_path():
    places = {1: (-200, 0), 2: (0, 0), 3: (0, 12), 4: (-200, 12), 5: (200, 0), 6: (200, 12)}
    ways = [
        (10, [1, 2], RESIDENTIAL),
        (11, [2, 3], RESIDENTIAL),
        (12, [3, 4], RESIDENTIAL),
        (13, [2, 5], RESIDENTIAL),
        (14, [3, 6], RESIDENTIAL),
    ]
    graph = build_streets(town(places, ways, restrictions=[restriction(1, "no_u_turn", 10, [11], 12)]))
    spec = next(spec for spec in graph.junctions if spec.id == "node/2")
    assert ("way/10:0-1", "way/12:0-1") not in spec.inner_paths
    assert ("way/10:0-1", "way/14:0-1") in spec.inner_paths
    assert graph.forbidden_sequences == ()
