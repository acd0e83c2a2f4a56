"""Files are read whole, with lines, or it is said why not."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from citytwin.scenarios.sumo_xml import NotWhole, SumoFile, clock_s

TEXT = """<routes>
  <vehicle id="a" depart="1:00:05">
    <stop lane="x_0"/>
  </vehicle>
  <trip id="b"/>
</routes>
"""


def read(path: Path, *roots: str) -> tuple[list, SumoFile]:
    file = SumoFile(path)
    return list(file.elements(*roots)), file


@pytest.mark.parametrize("packed", [False, True])
def test_elements_come_whole_with_their_lines(tmp_path: Path, packed: bool) -> None:
    path = tmp_path / "r.rou.xml"
    path.write_bytes(gzip.compress(TEXT.encode()) if packed else TEXT.encode())
    (vehicle, trip), file = read(path)
    assert (vehicle.tag, vehicle.line, trip.line) == ("vehicle", 2, 5)
    assert [(stop.tag, stop.line) for stop in vehicle.children] == [("stop", 3)]
    assert file.seconds(vehicle, "depart") == 3605.0
    assert not file.problems()


def test_the_outermost_element_matters_only_where_it_must(tmp_path: Path) -> None:
    path = tmp_path / "a.xml"
    path.write_text("<anything><busStop id='s'/></anything>")
    assert [node.tag for node in read(path)[0]] == ["busStop"]
    path.write_text("<tlLogic id='s'><phase/></tlLogic>")
    assert [node.tag for node in read(path)[0]] == ["tlLogic"]
    path.write_text("<routes/>")
    with pytest.raises(NotWhole):
        read(path, "net")


BROKEN = [
    ("cut off", TEXT[:60].encode(), "Was it cut off?"),
    ("cut off between elements", TEXT[:-11].encode(), "Was it cut off?"),
    ("empty", b"", "is not whole XML (no element found)"),
    ("not closed", TEXT.replace("</vehicle>", "").encode(), "is not whole XML (mismatched tag)"),
    ("no xml", b"\x89PNG....", "is not whole XML"),
    ("cut gzip", gzip.compress(TEXT.encode() * 50)[:60], "is not a whole gzip file"),
    ("a net", b"<net/>", "is of another kind: its outermost element is <net>"),
]


@pytest.mark.parametrize("content, said", [row[1:] for row in BROKEN], ids=[row[0] for row in BROKEN])
def test_what_cannot_be_read_is_a_problem(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "r.rou.xml"
    path.write_bytes(content)
    file = SumoFile(path)
    with pytest.raises(NotWhole):
        list(file.elements())
    (problem,) = file.problems()
    assert said in problem.text


def test_a_missing_file_names_those_beside_it(tmp_path: Path) -> None:
    (tmp_path / "town.rou.xml").write_text(TEXT)
    file = SumoFile(tmp_path / "twon.rou.xml")
    with pytest.raises(NotWhole):
        list(file.elements())
    assert 'no such file. Closest: "town.rou.xml"' in str(file.problems()[0])


def test_many_alike_are_summed_up(tmp_path: Path) -> None:
    path = tmp_path / "r.rou.xml"
    path.write_text("<routes>\n" + '<trip depart="x"/>\n' * 25 + "</routes>")
    nodes, file = read(path)
    for node in nodes:
        file.seconds(node, "depart")
    problems = file.problems()
    assert len(problems) == 11
    assert problems[0].line == 2
    assert "and 15 more" in problems[-1].text


@pytest.mark.parametrize("written, seconds", [("0:1:30", 90.0), ("1:0:0:1", 86_401.0), ("08:00:00.5", 28_800.5)])
def test_times_of_day(written: str, seconds: float) -> None:
    assert clock_s(written) == seconds
