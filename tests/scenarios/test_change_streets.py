"""Whatever a plan changes, the streets keep their laws, all else stays, and what is taken back leaves no trace."""

from __future__ import annotations

from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Transformer

from citytwin.scenarios.change_streets import ChangeError
from citytwin.scenarios.junctions import build_network
from citytwin.scenarios.load_network import load_network, load_streets
from citytwin.scenarios.network import Control, RoadNetwork
from citytwin.scenarios.network_laws import check_network, network_digest
from citytwin.scenarios.streets import BICYCLE, BUS, CAR, EMERGENCY, MOTOR, StreetGraph
from citytwin.scenarios.synthetic import grid_city, random_city

from .plan_case import change, changed, degrees, refused, street
from .small_streets import crossing, into, out_to

ON_LINKS = ("road_removed", "parking_removed", "parking_added", "bus_lane", "cycle_lane", "one_way", "one_way_turned")
ON_LINKS += ("two_way", "modal_filter", "turn_pocket")
CROSSROADS = crossing(
    {"e": {"lanes": 2, "backward_lanes": 2}, "n": {}, "w": {"lanes": 2, "backward_lanes": 2}, "s": {}}
)
SIGNALS = crossing({name: {} for name in "enws"}, spec={"signalised": True})
GRID = grid_city(3, 3)


@cache
def city(seed: int) -> tuple[StreetGraph, RoadNetwork]:
    graph = random_city(seed)
    return graph, build_network(graph)


@st.composite
def plans(draw):
    """A small random city with a few changes of every kind."""
    graph, network = city(draw(st.integers(0, 11)))
    links = st.sampled_from([one.id for one in graph.streets])
    junctions = st.sampled_from([spec.id for spec in graph.junctions])
    x_m, y_m = ([getattr(spec, axis) for spec in graph.junctions] for axis in ("x_m", "y_m"))
    place = st.tuples(st.floats(min(x_m), max(x_m)), st.floats(min(y_m), max(y_m)))

    def entry(number: int):
        kind = draw(st.sampled_from([*ON_LINKS, "lanes", "turns", "signals", "roundabout", "speed_zone", "road_added"]))
        keys = {"id": f"plan{number}"}
        if kind == "lanes":
            return change(
                "lanes",
                link=draw(links),
                lanes=draw(st.integers(1, 4)),
                side=draw(st.sampled_from(["kerb", "middle"])),
                **keys,
            )
        if kind == "turns":
            first = street(graph, draw(links))
            onward = [one.id for one in graph.streets if one.from_junction == first.to_junction]
            kind = draw(st.sampled_from(["turn_ban", "turn_allowed"]))
            return change(kind, from_link=first.id, to_link=draw(st.sampled_from(onward or [first.id])), **keys)
        if kind == "signals":
            return change(draw(st.sampled_from(["signal_added", "signal_removed"])), junction=draw(junctions), **keys)
        if kind == "roundabout":
            return change(kind, junction=draw(junctions), diameter_m=draw(st.sampled_from([None, 24.0, 40.0])), **keys)
        if kind == "speed_zone":
            (x, y) = draw(place)
            corners = degrees((x - 90, y - 90), (x + 90, y - 90), (x + 90, y + 90), (x - 90, y + 90))
            return change(kind, polygon=corners, speed_kmh=draw(st.sampled_from([20, 30])), **keys)
        if kind == "road_added":
            ends = degrees(draw(place), draw(place))
            more = {"lanes": draw(st.integers(1, 2)), "one_way": draw(st.booleans()), "level": draw(st.integers(0, 1))}
            return change(kind, line=ends, speed_kmh=50, join_within_m=80, **more, **keys)
        return change(kind, link=draw(links), **keys)

    return graph, network, [entry(number) for number in range(draw(st.integers(1, 3)))]


@given(plans())
@settings(max_examples=60)
def test_changed_streets_keep_every_law_or_are_refused_in_words(plan):
    graph, network, entries = plan
    if texts := refused(graph, *entries):
        assert all(text.endswith(".") for text in texts)
        return
    after = changed(graph, *entries)
    check_network(build_network(after))
    assert len(after.notes) - len(graph.notes) == len(entries)
    assert network_digest(build_network(graph)) == network_digest(network)


def link(start: int, end: int) -> str:
    """A link of the grid between two of its nodes, numbered row by row."""
    return f"way/{node(start)}>{node(end)}"


def node(number: int) -> str:
    return f"node/{number // 3:03d}-{number % 3:03d}"


MIDDLE = 4
EAST, WEST = link(4, 5), link(5, 4)
TOUCHED = [  # a change, the links it changes, the new ones, and those that go
    (change("road_removed", link=EAST), [], [], [EAST, WEST]),
    (change("road_removed", link=EAST, both_directions=False), [WEST], [], [EAST]),
    (change("lanes", link=EAST, lanes=3), [EAST], [], []),
    (change("parking_removed", links=[EAST, WEST]), [EAST, WEST], [], []),
    (change("parking_added", link=EAST), [EAST], [], []),
    (change("bus_lane", link=EAST), [EAST], [], []),
    (change("cycle_lane", link=EAST, both_directions=True), [EAST, WEST], [], []),
    (change("modal_filter", link=EAST), [EAST, WEST], [], []),
    (
        change("speed_zone", polygon=degrees((150, -50), (250, -50), (250, 150), (150, 150)), speed_kmh=30),
        [link(1, 4), link(4, 1)],
        [],
        [],
    ),
    (change("one_way", link=EAST, lanes=3), [EAST], [], [WEST]),
    (change("turn_ban", from_link=EAST, to_link=link(5, 8)), [], [], []),
    (change("signal_removed", junction=node(MIDDLE)), [], [], []),
    (change("roundabout", junction=node(MIDDLE)), [], [], []),
    (
        change("roundabout", junction=node(MIDDLE), diameter_m=30),
        [name for other in (1, 3, 5, 7) for name in (link(4, other), link(other, 4))],
        [f"new/plan:{k}-{(k + 1) % 4}" for k in range(4)],
        [],
    ),
    (
        change("road_added", line=degrees((100, 3), (100, 197)), speed_kmh=30),
        [],
        [
            "new/plan:0-1",
            "new/plan:1-0",
            *(f"{name}.{k}" for name in (link(0, 1), link(1, 0), link(3, 4), link(4, 3)) for k in (1, 2)),
        ],
        [link(0, 1), link(1, 0), link(3, 4), link(4, 3)],
    ),
    (change("road_added", line=degrees((10, 10), (190, 195)), speed_kmh=30, one_way=True), [], ["new/plan:0-1"], []),
]


@pytest.mark.parametrize(
    "entry, other, new, gone", TOUCHED, ids=[f"{row}-{case[0].kind}" for row, case in enumerate(TOUCHED)]
)
def test_only_what_a_change_is_about_changes(entry, other, new, gone) -> None:
    after = {one.id: one for one in changed(GRID, entry).streets}
    before = {one.id: one for one in GRID.streets}
    assert sorted(before.keys() - after.keys()) == sorted(gone)
    assert sorted(after.keys() - before.keys()) == sorted(new)
    assert sorted(name for name in before.keys() & after.keys() if after[name] is not before[name]) == sorted(other)
    network = build_network(changed(GRID, entry))
    check_network(network)
    assert network_digest(network) != network_digest(build_network(GRID))


THERE_AND_BACK = [
    [change("lanes", link=EAST, lanes=3), change("lanes", id="back", link=EAST, lanes=2)],
    [change("lanes", link=EAST, lanes=3, side="kerb"), change("parking_added", id="back", link=EAST)],
    [change("parking_removed", link=WEST), change("parking_added", id="back", link=WEST)],
    [change("one_way", link=EAST), change("two_way", id="back", link=EAST, lanes=2, lanes_back=2)],
    [
        change("one_way", link=EAST),
        change("one_way_turned", id="turn", link=EAST),
        change("one_way_turned", id="back", link=WEST),
        change("two_way", id="two", link=EAST, lanes=2, lanes_back=2),
    ],
    [
        change("turn_ban", from_link=EAST, to_link=link(5, 8)),
        change("turn_allowed", id="back", from_link=EAST, to_link=link(5, 8)),
    ],
    [change("signal_removed", junction=node(MIDDLE)), change("signal_added", id="back", junction=node(MIDDLE))],
]


@pytest.mark.parametrize("entries", THERE_AND_BACK, ids=["-".join(one.kind for one in case) for case in THERE_AND_BACK])
def test_a_change_that_is_taken_back_leaves_no_trace(entries) -> None:
    before = network_digest(build_network(GRID))
    steps = [network_digest(build_network(changed(GRID, *entries[:count]))) for count in range(1, len(entries) + 1)]
    assert steps[-1] == before
    assert before not in steps[:-1]


def test_lanes_come_and_go_at_the_side_that_is_wanted() -> None:
    graph = changed(CROSSROADS, change("bus_lane", link=into("e")))
    lanes = {
        (side, count): street(
            changed(graph, change("lanes", link=into("e"), lanes=count, side=side)), into("e")
        ).lane_access
        for side in ("kerb", "middle")
        for count in (1, 3)
        if (side, count) != ("middle", 1)
    }
    reserved = street(graph, into("e")).lane_access[0]
    assert reserved == BUS | EMERGENCY
    assert lanes == {
        ("kerb", 1): (MOTOR,),
        ("kerb", 3): (MOTOR, reserved, MOTOR),
        ("middle", 3): (reserved, MOTOR, MOTOR),
    }
    (said,) = refused(graph, change("lanes", link=into("e"), lanes=1))
    assert said == f"{into('e')}: leaves no lane for cars. To close a link to them, write `kind: modal_filter`."


def test_the_middle_of_a_two_way_road_stays_when_it_gets_wider() -> None:
    before, after = (
        street(graph, into("e"))
        for graph in (CROSSROADS, changed(CROSSROADS, change("lanes", link=into("e"), lanes=3)))
    )
    aside_m = after.shape_xy - before.shape_xy  # it leads west, so its kerb is in the north
    np.testing.assert_allclose(aside_m, [[0.0, 1.5]] * 2, atol=1e-9)


def test_nobody_but_buses_drives_on_a_bus_lane_and_nobody_on_a_cycle_lane() -> None:
    for kind, served in (("bus_lane", True), ("cycle_lane", False)):
        network = build_network(changed(CROSSROADS, change(kind, link=into("e"))))
        lane = network.links.lane_start[network.link_row[into("e")]]
        assert network.lanes.access[lane] == (BUS | EMERGENCY if served else BICYCLE)
        connectors = np.diff(network.lanes.connector_start)[lane : lane + 2]
        assert (connectors > 0).tolist() == [served, True]


def test_a_modal_filter_lets_buses_through_and_cars_turn_back() -> None:
    graph = changed(GRID, change("modal_filter", link=EAST))
    assert not any(bits & CAR for name in (EAST, WEST) for bits in street(graph, name).lane_access)
    network = build_network(graph)
    entering = network.movements.to_link == network.link_row[EAST]
    assert entering.any()  # by bus


def test_one_way_streets_are_turned_and_get_a_second_direction() -> None:
    graph = crossing({"e": {"inward": True, "lanes": 2}, "n": {}, "w": {"outward": True, "lanes": 2}, "s": {}})
    turned = changed(graph, change("one_way_turned", links=[into("e"), out_to("w")]))
    assert street(turned, f"{into('e')}:back").from_junction == "x"
    np.testing.assert_array_equal(street(turned, f"{into('e')}:back").shape_xy, street(graph, into("e")).shape_xy[::-1])
    both = changed(graph, change("two_way", link=into("e")))
    there, back = street(both, into("e")), street(both, f"{into('e')}:back")
    assert (there.twin, back.twin) == (back.id, there.id)
    assert (len(there.lane_access), len(back.lane_access)) == (1, 1)
    middle = (there.shape_xy + back.shape_xy[::-1]) / 2
    np.testing.assert_allclose(middle, street(graph, into("e")).shape_xy, atol=1e-9)


def test_a_ban_takes_the_movement_and_lifting_it_brings_it_back() -> None:
    def turns(graph: StreetGraph) -> int:
        network = build_network(graph)
        pair = network.link_row[into("e")], network.link_row[out_to("s")]
        return int(np.sum((network.movements.from_link == pair[0]) & (network.movements.to_link == pair[1])))

    ban = change("turn_ban", from_link=into("e"), to_link=out_to("s"))
    allow = change("turn_allowed", id="lift", from_link=into("e"), to_link=out_to("s"))
    assert [turns(changed(SIGNALS, *entries)) for entries in ([], [ban], [ban, allow])] == [1, 0, 1]


def test_signals_come_with_a_programme_and_go_with_it() -> None:
    def control(graph: StreetGraph) -> tuple[Control, int]:
        network = build_network(graph)
        return Control(int(network.junctions.control[network.junction_row["x"]])), len(network.signals.id)

    assert control(changed(SIGNALS, change("signal_removed", junction="x"))) == (Control.RIGHT_BEFORE_LEFT, 0)
    assert control(changed(CROSSROADS, change("signal_added", junction="x"))) == (Control.SIGNAL, 1)


@pytest.mark.parametrize("on_left", [False, True])
def test_who_is_on_a_ring_goes_first_and_everybody_gets_everywhere(on_left: bool) -> None:
    graph = crossing({name: {} for name in "enws"}, spec={"signalised": True}, drives_on_left=on_left)
    network = build_network(changed(graph, change("roundabout", junction="x", diameter_m=30)))
    check_network(network)
    assert not len(network.signals.id)
    ring = np.flatnonzero(network.links.roundabout)
    assert ring.size == 4 and network.links.length_m[ring].min() > 7.5
    x_m, y_m = network.junctions.x_m, network.junctions.y_m
    first, last = network.links.from_junction[ring], network.links.to_junction[ring]
    area = np.sum(x_m[first] * y_m[last] - x_m[last] * y_m[first])
    assert (area < 0) == on_left  # driven clockwise
    connectors, movements = network.connectors, network.movements
    entering = ~network.links.roundabout[movements.from_link[connectors.movement]]
    own = np.repeat(np.arange(entering.size), np.diff(connectors.foe_start))
    assert not connectors.foe_yield[~entering[own]].any()
    assert connectors.foe_yield[entering[own]].any()


def test_a_road_across_another_makes_a_crossing_and_a_bridge_does_not() -> None:
    line = degrees((100, 3), (100, 397))
    flat = changed(GRID, change("road_added", line=line, speed_kmh=30))
    assert {one.id for one in flat.streets if one.source_ways == ("new/plan",)} == {
        *("new/plan:0-1", "new/plan:1-0", "new/plan:1-2", "new/plan:2-1")
    }
    crossed = street(flat, "new/plan:0-1").to_junction
    assert len([one for one in flat.streets if one.to_junction == crossed]) == 4
    bridge = changed(GRID, change("road_added", line=line, speed_kmh=30, level=1))
    assert {one.id for one in bridge.streets if one.source_ways == ("new/plan",)} == {"new/plan:0-1", "new/plan:1-0"}
    assert bridge.notes[-1] == (
        'Streets changed by "plan": a new road of 394 m, 1 link a direction, joining the new junction new/plan:0 on '
        "way/node/000-001>node/000-000; the new junction new/plan:1 on way/node/002-000>node/002-001."
    )


def test_a_new_road_keeps_to_its_side_and_ends_at_stop_lines() -> None:
    graph = changed(
        GRID, change("road_added", line=degrees((100, 3), (100, 197)), speed_kmh=36, lanes=2, lane_width_m=3)
    )
    there, back = street(graph, "new/plan:0-1"), street(graph, "new/plan:1-0")
    np.testing.assert_allclose(there.shape_xy[:, 0], 103.0, atol=0.1)  # it leads north, on the right
    np.testing.assert_allclose(back.shape_xy[:, 0], 97.0, atol=0.1)
    low, high = there.shape_xy[:, 1].min(), there.shape_xy[:, 1].max()
    assert 6.0 < low < 20.0 and 180.0 < high < 194.0
    assert there.speed_mps == pytest.approx(10.0)
    first, second = (street(graph, f"{link(0, 1)}.{part}") for part in (1, 2))
    assert first.shape_xy[-1, 0] < 94.0 and second.shape_xy[0, 0] > 106.0


def test_forbidden_sequences_and_bans_follow_the_parts_of_a_street() -> None:
    from dataclasses import replace

    banned = (link(0, 1), link(1, 2))
    specs = tuple(replace(spec, banned=frozenset({banned})) if spec.id == node(1) else spec for spec in GRID.junctions)
    graph = replace(GRID, junctions=specs, forbidden_sequences=((link(3, 0), link(0, 1), link(1, 4)),))
    after = changed(graph, change("road_added", line=degrees((100, 3), (100, 197)), speed_kmh=30))
    spec = next(spec for spec in after.junctions if spec.id == node(1))
    assert spec.banned == {(f"{link(0, 1)}.2", link(1, 2))}
    assert after.forbidden_sequences == ((link(3, 0), f"{link(0, 1)}.1", f"{link(0, 1)}.2", link(1, 4)),)


# Why something cannot be done: entries, and all that is said.
ALL_NODES = '"node/000-000", "node/000-001", "node/000-002"'
NO_CAR_LANE = "leaves no lane for cars. To close a link to them, write `kind: modal_filter`."
REFUSED: list[tuple[list[Any], list[str]]] = [
    (
        [change("lanes", link="way/node/000-000>node/000-01", lanes=1)],
        [f'no such link. Closest: "{link(0, 1)}", "{link(2, 1)}", "{link(1, 0)}".'],
    ),
    ([change("lanes", link="z", lanes=1)], ["no such link. List all: `citytwin network FILE --links`."]),
    (
        [change("lanes", link="Street 1", lanes=1)],
        [
            (
                "is the name of a street: give the id of a link. Its links: "
                f'"{link(0, 1)}", "{link(1, 0)}", "{link(1, 2)}", "{link(2, 1)}".'
            )
        ],
    ),
    (
        [change("road_removed", link=EAST), change("lanes", id="b", link=WEST, lanes=1)],
        ['is not there any more: "plan" removes it.'],
    ),
    ([change("lanes", link=EAST, lanes=2)], [f"{EAST} has 2 lanes already: nothing would change."]),
    (
        [change("one_way_turned", links=[EAST, link(0, 1)])],
        [
            f"{EAST} is driven in both directions. To make it one-way: `kind: one_way`.",
            f"{link(0, 1)} is driven in both directions. To make it one-way: `kind: one_way`.",
        ],
    ),
    (
        [change("one_way", links=[EAST, WEST])],
        [f'names both directions of "{EAST}", "{WEST}". Leave out the one that goes.'],
    ),
    ([change("two_way", link=EAST)], [f"{EAST} is driven in both directions already."]),
    ([change("bus_lane", link=EAST, lane=2)], [f"no such lane: {EAST} has 2 lanes: 0 (at the kerb) to 1."]),
    (
        [change("bus_lane", link=EAST), change("bus_lane", id="b", link=EAST)],
        [f"of {EAST} is kept for them already: nothing would change."],
    ),
    (
        [change("parking_added", link=EAST), change("bus_lane", id="b", link=EAST)],
        [f"of {EAST} {NO_CAR_LANE} Or give it another lane first: `kind: lanes`."],
    ),
    (
        [change("turn_ban", from_link=EAST, to_link=link(0, 1))],
        [f'does not begin where {EAST} ends. There begin: "{link(5, 2)}", "{link(5, 8)}".'],
    ),
    (
        [change("turn_ban", from_link=EAST, to_link=WEST)],
        ["is the same road back: where people turn round is not for a plan to ban or allow."],
    ),
    (
        [change("turn_allowed", from_link=EAST, to_link=link(5, 8))],
        [f"may be entered from {EAST} already: nothing would change."],
    ),
    (
        [
            change("turn_ban", from_link=EAST, to_link=link(5, 8)),
            change("turn_ban", id="b", from_link=EAST, to_link=link(5, 2)),
        ],
        [f"is the only way on from {EAST}. Leave it one, or remove that link too."],
    ),
    (
        [change("signal_added", junction=node(MIDDLE))],
        ["has signals already. To time them otherwise: the event `signal_plan`."],
    ),
    (
        [change("signal_removed", junction=node(0))],
        ["has no signals. Nearest with signals: node/000-001, node/001-000, node/001-001."],
    ),
    ([change("signal_removed", junction="node/9")], [f"no such junction. Closest: {ALL_NODES}."]),
    (
        [change("roundabout", junction=node(1), diameter_m=15)],
        [
            (
                "leaves 11.8 m of the ring between two of its arms; 17.5 m is the least. 23 m would do; a "
                "mini-roundabout needs no `diameter_m`."
            )
        ],
    ),
    ([change("roundabout", junction=node(0))], ["has fewer than three arms: there is nothing to drive round."]),
    (
        [change("roundabout", junction=node(4), diameter_m=30), change("signal_added", id="b", junction=node(4))],
        ['is not there any more: "plan" makes it a roundabout of the junctions "new/plan:0" to ":3".'],
    ),
    (
        [change("speed_zone", polygon=degrees((40, 40), (60, 40), (60, 60)), speed_kmh=30)],
        ["no street lies in it; its middle is 44 m from the nearest street. Longitude first, then latitude."],
    ),
    (
        [change("road_added", line=degrees((100, 100), (100, 197)), speed_kmh=30)],
        [
            (
                f"joins nothing there: 97 m from its first point is {link(0, 3)}. Draw it nearer, or allow more: "
                "`join_within_m` (25)."
            )
        ],
    ),
    (
        [change("road_added", line=degrees((100, 3), (110, 10)), speed_kmh=30)],
        [f"joins {link(1, 0)} with both of its ends. Make it longer."],
    ),
    (
        [change("road_removed", links=[link(3, 0), link(4, 3), link(7, 6)])],
        [
            (
                f'leaves "{link(6, 3)}", "{link(3, 6)}" without a way there or back for cars. Change them too, or '
                "leave a way."
            )
        ],
    ),
    (
        [
            change("road_added", id="far", line=degrees((100, 3), (600, 600)), speed_kmh=30),
            change("lanes", id="b", link="new/far:0-1", lanes=2),  # which is not there for that reason: not said too
        ],
        [
            (
                "joins nothing there: 283 m from its last point is node/002-002. Draw it nearer, or allow more: "
                "`join_within_m` (25)."
            )
        ],
    ),
]


@pytest.mark.parametrize("entries, said", REFUSED)
def test_what_cannot_be_done_is_refused_in_words(entries, said) -> None:
    assert refused(GRID, *entries) == said


def test_where_traffic_keeps_left_a_new_road_does_too() -> None:
    graph = grid_city(3, 3, drives_on_left=True)
    after = changed(graph, change("road_added", line=degrees((100, -3), (100, 203)), speed_kmh=30))
    np.testing.assert_allclose(street(after, "new/plan:0-1").shape_xy[:, 0], 100.0 - 3.25 / 2, atol=0.1)  # leads north
    check_network(build_network(after))


def test_a_sumo_net_is_not_changed(tmp_path: Path) -> None:
    net = tmp_path / "town.net.xml"
    net.write_text("<net/>")
    with pytest.raises(ChangeError) as caught:
        load_network(net, changes=[change("lanes", link="a", lanes=2)])
    said = "cannot be made in a SUMO net, which says all of its streets: change the net itself (netedit)."
    assert caught.value.found == ((0, ("kind",), said),)


def test_a_real_town_keeps_the_laws_under_changes_of_every_kind(data: Path) -> None:
    graph = load_streets(data / "osm/kotka/kotka.osm.gz")
    to_degrees = Transformer.from_crs(graph.epsg, 4326, always_xy=True)
    rng = np.random.default_rng(5)
    made: set[str] = set()
    while len(made) < 6:
        one = graph.streets[int(rng.integers(len(graph.streets)))]
        start = one.shape_xy.mean(axis=0)
        line = [list(to_degrees.transform(*place)) for place in (start, start + rng.uniform(-250, 250, 2))]
        for entry in (
            change("road_removed", link=one.id),
            change("lanes", link=one.id, lanes=4),
            change("one_way", link=one.id),
            change("signal_added", junction=one.to_junction),
            change("roundabout", junction=one.to_junction, diameter_m=36),
            change("road_added", line=line, speed_kmh=30, join_within_m=60),
        ):
            if entry.kind in made:
                continue
            with suppress(ChangeError):
                check_network(build_network(changed(graph, entry)))
                made.add(entry.kind)
