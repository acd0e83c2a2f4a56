"""Turn pockets: planned, read from GMNS, or inferred from a tag; every lane leads somewhere and is led to."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from citytwin.scenarios.junctions import build_network
from citytwin.scenarios.load_network import load_network
from citytwin.scenarios.network import Control, RoadNetwork, Turn
from citytwin.scenarios.network_laws import check_network, network_digest
from citytwin.scenarios.osm_streets import build_streets
from citytwin.scenarios.scenario import Scenario
from citytwin.scenarios.synthetic import grid_city
from citytwin.sim.network_facts import pocket_facts

from .osm_case import town
from .plan_case import change, changed, refused
from .small_streets import crossing, into, out_to
from .test_gmns import TEXTS

EAST = into("e")
SIGNALS = {"spec": {"signalised": True}}
TWO_LANES = {"lanes": 2, "backward_lanes": 2}


def ways(network: RoadNetwork, link: str) -> set[tuple[int, str, int]]:
    """Lane left, link entered and lane entered of every connector of a link, lanes from the kerb."""
    connectors, lanes, names = network.connectors, network.lanes, network.links.id
    return {
        (int(lanes.index[a]), names[lanes.link[b]], int(lanes.index[b]))
        for a, b in zip(connectors.from_lane, connectors.to_lane, strict=True)
        if names[lanes.link[a]] == link
    }


def turns(network: RoadNetwork, link: str) -> dict[int, set[Turn]]:
    """Turns that leave from each lane of a link."""
    connectors, found = network.connectors, dict[int, set[Turn]]()
    for a, movement in zip(connectors.from_lane, connectors.movement, strict=True):
        if network.links.id[network.lanes.link[a]] == link:
            found.setdefault(int(network.lanes.index[a]), set()).add(Turn(network.movements.turn[movement]))
    return found


def every_lane_has_a_movement(network: RoadNetwork) -> bool:
    """Whether a connector leaves and enters every lane that is not at a gate or dead end."""
    lanes = np.arange(network.lane_count)
    first, last = (getattr(network.links, key)[network.lanes.link] for key in ("from_junction", "to_junction"))
    gate = np.array([bool(gate) for gate in network.junctions.gate])
    leads, led = np.isin(lanes, network.connectors.from_lane), np.isin(lanes, network.connectors.to_lane)
    return bool((leads | gate[last]).all() and (led | gate[first]).all())


@pytest.mark.parametrize("on_left", [False, True])
@pytest.mark.parametrize("lanes", [1, 2])
def test_a_pocket_serves_the_far_turn_alone_and_is_fed_by_the_lane_beside(lanes: int, on_left: bool) -> None:
    roads = {name: {"lanes": lanes, "backward_lanes": lanes} for name in "enws"}
    graph = changed(crossing(roads, drives_on_left=on_left, **SIGNALS), change("turn_pocket", link=EAST, length_m=40))
    network = build_network(graph)
    check_network(network)
    far = Turn.RIGHT if on_left else Turn.LEFT
    found = turns(network, f"{EAST}.2")
    assert found[lanes] == {far}
    assert all(far not in found[lane] and Turn.STRAIGHT in found[lane] for lane in range(lanes))
    straight_on = {(lane, f"{EAST}.2", lane) for lane in range(lanes)}
    assert ways(network, f"{EAST}.1") == straight_on | {(lanes - 1, f"{EAST}.2", lanes)}
    assert network.links.length_m[network.link_row[f"{EAST}.2"]] == pytest.approx(39.0, abs=0.1)
    place = network.junction_row[f"pocket/{EAST}"]
    assert network.junctions.control[place] == Control.FREE
    assert every_lane_has_a_movement(network)
    assert pocket_facts(network) == {"turn_pockets": 1}


def test_a_pocket_at_the_kerb_serves_the_near_turn_and_the_others_keep_their_places() -> None:
    graph = changed(
        crossing(dict.fromkeys("enws", TWO_LANES), **SIGNALS), change("turn_pocket", link=EAST, side="kerb")
    )
    network = build_network(graph)
    check_network(network)
    assert turns(network, f"{EAST}.2") == {0: {Turn.RIGHT}, 1: {Turn.STRAIGHT}, 2: {Turn.LEFT}}
    assert ways(network, f"{EAST}.1") == {(0, f"{EAST}.2", 0), (0, f"{EAST}.2", 1), (1, f"{EAST}.2", 2)}
    assert every_lane_has_a_movement(network)


def test_both_directions_get_theirs_at_their_own_ends() -> None:
    """The street between two crossings: each end has a pocket for who arrives there."""
    name, twin = "way/node/001-001>node/001-002", "way/node/001-002>node/001-001"
    graph = changed(grid_city(4, 4), change("turn_pocket", link=name, both_directions=True, length_m=20))
    network = build_network(graph)
    check_network(network)
    for last in (f"{name}.2", f"{twin}.2.2"):
        assert turns(network, last) == {0: {Turn.STRAIGHT, Turn.RIGHT}, 1: {Turn.STRAIGHT}, 2: {Turn.LEFT}}
    assert pocket_facts(network) == {"turn_pockets": 2}
    assert sum(street.id.startswith((name, twin)) for street in graph.streets) == 6


def test_what_cannot_have_one_says_why() -> None:
    graph = crossing({name: {} for name in "enws"}, **SIGNALS)
    corner = crossing({name: {} for name in "en"})
    assert refused(graph, change("turn_pocket", link=EAST, length_m=200)) == [
        f"{EAST} is 139 m long, of which 15 m stay as they are: `length_m` may be 124 at most."
    ]
    assert refused(corner, change("turn_pocket", link=EAST)) == [
        f"{EAST} has no turn to the left at its end, which a pocket at the middle would serve."
    ]
    assert refused(graph, change("turn_pocket", link=out_to("e"), side="kerb")) == [
        f"{out_to('e')} has no turn to the right at its end, which a pocket at the kerb would serve."
    ]
    twice = [change("turn_pocket", link=EAST), change("turn_pocket", id="b", link=f"{EAST}.2", length_m=10)]
    assert refused(graph, *twice) == [f"{EAST}.2 is a pocket's link already."]


PLACES = {1: (0.0, 0.0), 2: (150.0, 0.0), 3: (-150.0, 0.0), 4: (0.0, 150.0), 5: (0.0, -150.0)}
STREET = {"highway": "secondary", "lanes": "2"}


def osm(width: str, *, signal: bool = True, **options: Any) -> RoadNetwork:
    wide = {**STREET, "width": width} if width else STREET
    data = town(
        PLACES,
        [(10, (3, 1, 2), wide), (20, (4, 1, 5), STREET)],
        node_tags={1: {"highway": "traffic_signals"}} if signal else {},
    )
    network = build_network(build_streets(data, options))
    check_network(network)
    return network


def test_openstreetmap_gets_pockets_where_a_tag_says_that_there_is_room_at_a_signal() -> None:
    network = osm("9.5 m", pockets=True)
    assert pocket_facts(network) == {"turn_pockets": 2}
    assert turns(network, "way/10:0-1.2") == {0: {Turn.STRAIGHT, Turn.RIGHT}, 1: {Turn.LEFT}}
    assert every_lane_has_a_movement(network)
    assert "2 turn pockets of 30 m were made where a road with one lane is at least 9 m wide before a signal." in (
        network.notes
    )


@pytest.mark.parametrize(
    "width, signal, pockets", [("8", True, True), ("", True, True), ("9.5", False, True), ("9.5", True, False)]
)
def test_without_width_signal_or_option_there_is_none(width: str, signal: bool, pockets: bool) -> None:
    network = osm(width, signal=signal, pockets=pockets)
    assert pocket_facts(network) == {}
    assert network_digest(network) == network_digest(osm("", signal=signal)) or pockets


def test_gmns_pockets_are_read(tmp_path: Path) -> None:
    texts = {**TEXTS, "lane.csv": TEXTS["lane.csv"] + "14,-1,ALL,10\n14,1,ALL,10\n"}
    del texts["movement.csv"]
    for name, text in texts.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    keys = {"citytwin": 1, "name": "n", "start": "2026-05-04T07:00", "duration_s": 60, "city": {"gmns": tmp_path}}
    for pockets, links, note in (
        (True, {"link/14.1", "link/14.2"}, "1 turn pockets (negative lane_num) were made, each 30 m long."),
        (False, {"link/14"}, "1 links have turn pockets (negative lane_num), which `network: {pockets: true}` makes."),
    ):
        scenario = Scenario.model_validate({**keys, "network": {"pockets": pockets}})
        network = load_network(scenario.city.source, scenario.network, use_cache=False)
        check_network(network)
        assert {name for name in network.links.id if name.startswith("link/14")} == links
        assert note in network.notes
    assert not any("pocket" in name for name in network.junctions.id)
