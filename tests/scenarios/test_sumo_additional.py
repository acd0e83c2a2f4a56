"""Detectors and closures become entries of the scenario; the rest is counted."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from citytwin.scenarios.sumo_additional import SumoAdditional
from citytwin.scenarios.sumo_left_out import LeftOut
from citytwin.scenarios.sumo_net_file import read_net_file
from citytwin.scenarios.sumo_network import build_sumo_network
from citytwin.scenarios.sumo_xml import SumoFile

from .sumo_case import programme, write_net

Read = Callable[..., tuple[SumoAdditional, SumoFile]]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Read the elements of an additional file on the T with a signal."""
    net = write_net(tmp_path, kind="traffic_light", programmes=programme((30.0, "GgrrGGG"), (3.0, "yyrryyy")))
    rows = read_net_file(net)
    network, _ = build_sumo_network(rows)

    def reader(text: str, *, begin_s: float = 0.0, earlier_m: dict | None = None) -> tuple[SumoAdditional, SumoFile]:
        earlier_m = rows.earlier_m if earlier_m is None else earlier_m
        path = tmp_path / "a.add.xml"
        path.write_text(f"<additional>\n{text}\n</additional>")
        file = SumoFile(path)
        found = SumoAdditional(network, rows.other_edges, earlier_m, begin_s, 3600.0, LeftOut(), dict(rows.programmes))
        for node in file.elements():
            found.take(file, node)
        return found, file

    return reader


def test_loops_lie_where_the_file_says(read: Read) -> None:
    found, file = read(
        '<e1Detector id="a" lane="in_1" pos="30" freq="60" file="x"/>'
        '<inductionLoop id="b" lane="side_0" pos="-10" period="90" file="x"/>'
        '<inductionLoop id="c" lane="side_0" pos="400" friendlyPos="true" file="x"/>'
    )
    assert not file.problems()
    a, b, c = found.sensors
    assert a == {"kind": "loop", "id": "a", "link": "in", "lane": 1, "position_m": 30.0, "every_s": 60.0}
    length_m = found.network.links.length_m[found.network.link_row["side"]]
    assert b["position_m"] == pytest.approx(length_m - 10)
    assert c["position_m"] == pytest.approx(length_m)
    assert c["every_s"] == 3600.0  # without a period: once, over all of it


def test_loops_stay_where_they_are_when_a_link_begins_elsewhere(read: Read) -> None:
    found, _ = read('<e1Detector id="a" lane="in_1" pos="30" freq="60"/>', earlier_m={"in": 7.5})
    assert found.sensors[0]["position_m"] == 37.5
    found, _ = read('<e1Detector id="a" lane="in_1" pos="0" freq="60"/>', earlier_m={"in": -2.0})
    assert found.sensors[0]["position_m"] == 0.0


def test_closures_hold_in_their_interval(read: Read) -> None:
    found, file = read(
        '<rerouter id="r" edges="in"><interval begin="1000" end="2000"><closingReroute id="out"/>'
        '<closingLaneReroute id="in_0"/><destProbReroute id="-in"/></interval>'
        '<interval begin="0" end="500"><closingReroute id="side"/></interval></rerouter>',
        begin_s=600.0,
    )
    assert not file.problems()
    assert found.events == [
        {"kind": "road_closure", "start_s": 400.0, "end_s": 1400.0, "link": "out"},
        {"kind": "road_closure", "start_s": 400.0, "end_s": 1400.0, "link": "in", "lanes": [0]},
    ]
    assert dict(found.left_out.count) == {"rerouters' destProbReroute": 1, "closures outside the simulated time": 1}


def test_programmes_replace_those_of_the_net(read: Read) -> None:
    found, file = read(programme((40.0, "GgrrGGG"), (5.0, "rrGGrrr"), offset=4, name="new"))
    assert not file.problems()
    assert found.changed == {"lights"}
    assert [phase.duration_s for phase in found.programmes["lights"].phases] == [40.0, 5.0]


def test_the_rest_is_counted(read: Read) -> None:
    found, file = read(
        '<parkingArea id="s" lane="in_0"/><e2Detector id="e" lane="in_0"/><poly id="p"/><wonder id="w"/>'
        '<e1Detector id="x" lane="path_0" pos="3" freq="60"/>'
    )
    assert not file.problems()
    assert dict(found.left_out.count) == {
        "parking areas": 1,
        "lane area detectors (E2)": 1,
        "<wonder>": 1,
        "e1Detector on edges that are no roads here": 1,
    }


BAD = [
    ("lane", '<e1Detector id="a" lane="in_7" pos="3" freq="60"/>', "no such lane: the edge in has 2, from 0 on"),
    ("edge", '<e1Detector id="a" lane="inn_0" pos="3" freq="60"/>', 'no such edge in the net. Closest: "in"'),
    ("place", '<e1Detector id="a" lane="in_0" pos="300" freq="60"/>', "lies beyond the lane"),
    ("number", '<e1Detector id="a" lane="in_0" pos="x" freq="60"/>', "is not a number"),
    ("closure", '<rerouter id="r"><interval><closingReroute id="gone"/></interval></rerouter>', "no such edge"),
    ("signal", programme((9.0, "G")).replace("lights", "ligths"), 'no such signal in the net. Closest: "lights"'),
    ("narrow", programme((9.0, "G")), "shows 1 lights; the net has 7"),
]


@pytest.mark.parametrize("text, said", [row[1:] for row in BAD], ids=[row[0] for row in BAD])
def test_what_is_wrong_is_named_with_its_line(read: Read, text: str, said: str) -> None:
    _, file = read(text)
    messages = [str(problem) for problem in file.problems()]
    assert any(said in message and ".add.xml:2  " in message for message in messages), messages
