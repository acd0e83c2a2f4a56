"""Write a small SUMO net by hand: a T of three arms with a bus lane, a footway and a left turn that waits inside."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

# from, lane, to, lane, turn, inner lanes, foes, gives way to; in the order of the junction's requests
WAYS = (
    ("-out", 0, "-in", 0, "s", (":C_0_0",), {3}, set()),
    ("-out", 0, "-side", 0, "l", (":C_1_0", ":C_7_0"), {3, 4, 5, 6}, {4, 5, 6}),
    ("side", 0, "out", 0, "r", (":C_2_0",), {4, 5}, {4, 5}),
    ("side", 0, "-in", 0, "l", (":C_3_0",), {0, 1, 4, 5}, {0, 1, 4, 5}),
    ("in", 0, "out", 0, "s", (":C_4_0",), {1, 2, 3, 5}, {5}),
    ("in", 1, "out", 0, "s", (":C_5_0",), {1, 2, 3, 4}, set()),
    ("in", 1, "-side", 0, "r", (":C_6_0",), {1}, set()),
)
INNER_M = {":C_0_0": 14.4, ":C_1_0": 4.07, ":C_7_0": 10.13, ":C_2_0": 9.03, ":C_3_0": 14.19, ":C_4_0": 14.4}
INNER_M |= {":C_5_0": 14.4, ":C_6_0": 9.03}
EDGES = """
    <edge id="in" from="W" to="C" priority="2" name="Long Street" type="highway.secondary">
        <lane id="in_0" index="0" allow="bus taxi" speed="13.89" length="92.80" shape="-100.00,-4.80 -7.20,-4.80"/>
        <lane id="in_1" index="1" disallow="pedestrian" speed="13.89" length="92.80" width="3.50"
            shape="-100.00,-1.60 -7.20,-1.60"/>
    </edge>
    <edge id="-in" from="C" to="W" priority="2">
        <lane id="-in_0" index="0" speed="13.89" length="92.80" shape="-7.20,1.60 -100.00,1.60"/>
    </edge>
    <edge id="out" from="C" to="E" priority="2">
        <lane id="out_0" index="0" speed="13.89" length="92.80" shape="7.20,-1.60 100.00,-1.60"/>
    </edge>
    <edge id="-out" from="E" to="C" priority="2">
        <lane id="-out_0" index="0" speed="13.89" length="92.80" shape="100.00,1.60 7.20,1.60"/>
    </edge>
    <edge id="side" from="S" to="C" priority="1">
        <lane id="side_0" index="0" speed="8.33" length="92.80" shape="1.60,-100.00 1.60,-7.20"/>
    </edge>
    <edge id="-side" from="C" to="S" priority="1">
        <lane id="-side_0" index="0" speed="8.33" length="92.80" shape="-1.60,-7.20 -1.60,-100.00"/>
    </edge>
    <edge id="path" from="S" to="E">
        <lane id="path_0" index="0" allow="pedestrian" speed="2" length="140" shape="2,-100 100,-2"/>
    </edge>
"""
SHAPES = {
    ":C_0_0": "7.2,1.6 -7.2,1.6",
    ":C_1_0": "7.2,1.6 3.35,1.05 3.2,0.96",
    ":C_7_0": "3.2,0.96 -1.05,-3.35 -1.6,-7.2",
    ":C_2_0": "1.6,-7.2 3,-3 7.2,-1.6",
    ":C_3_0": "1.6,-7.2 -0.6,-0.6 -7.2,1.6",
    ":C_4_0": "-7.2,-4.8 7.2,-1.6",
    ":C_5_0": "-7.2,-1.6 7.2,-1.6",
    ":C_6_0": "-7.2,-1.6 -3,-3 -1.6,-7.2",
}


def bits(rows: Iterable[int]) -> str:
    """A bit string as SUMO writes it: the rightmost is row 0."""
    return "".join("1" if row in set(rows) else "0" for row in reversed(range(len(WAYS))))


def t_net(*, kind: str = "priority", programmes: str = "", location: str = "", states: str = "MmmmmMM") -> str:
    """The text of the net; with ``programmes`` all ways follow the signal ``lights``."""
    inner = "".join(
        f'<edge id="{lane[:-2]}" function="internal">'
        f'<lane id="{lane}" index="0" speed="{8 if lane[3] in "126" else 13}"'
        f' length="{INNER_M[lane]}" shape="{shape}"/></edge>\n'
        for lane, shape in SHAPES.items()
    )
    requests = "".join(
        f'<request index="{row}" response="{bits(way[7])}" foes="{bits(way[6])}" cont="{int(len(way[5]) > 1)}"/>\n'
        for row, way in enumerate(WAYS)
    )
    connections = "".join(
        f'<connection from="{a}" to="{b}" fromLane="{i}" toLane="{j}" via="{inside[0]}" dir="{turn}"'
        + (f' tl="lights" linkIndex="{row}"' if programmes else "")
        + f' state="{states[row]}"/>\n'
        for row, (a, i, b, j, turn, inside, _, _) in enumerate(WAYS)
    )
    dead_ends = "".join(
        f'<junction id="{name}" type="dead_end" x="{x}" y="{y}" incLanes="" intLanes="" shape=""/>\n'
        for name, x, y in (("W", -100, 0), ("E", 100, 0), ("S", 0, -100))
    )
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<net version="1.20">
    {location or '<location netOffset="0.00,0.00" convBoundary="" origBoundary="" projParameter="!"/>'}
{inner}{EDGES}{programmes}
<junction id="C" type="{kind}" x="0" y="0" incLanes="-out_0 side_0 in_0 in_1"
    intLanes="{" ".join(way[5][-1] for way in WAYS)}" shape="">
{requests}</junction>
<junction id=":C_7_0" type="internal" x="3.2" y="0.96" incLanes=":C_1_0 in_1" intLanes=":C_3_0"/>
{dead_ends}{connections}
<connection from=":C_1" to="-side" fromLane="0" toLane="0" via=":C_7_0" dir="l" state="m"/>
<connection from=":C_7" to="-side" fromLane="0" toLane="0" dir="l" state="M"/>
</net>
"""


def write_net(folder: Path, **keys: str) -> Path:
    """The net as a file."""
    path = folder / "t.net.xml"
    path.write_text(t_net(**keys), encoding="utf-8")
    return path


def programme(
    *phases: tuple[float, str], offset: float = 0, kind: str = "static", name: str = "0", more: str = ""
) -> str:
    """A ``tlLogic`` of the signal ``lights``."""
    rows = "".join(f'<phase duration="{duration}" state="{state}"{more}/>' for duration, state in phases)
    return f'<tlLogic id="lights" type="{kind}" programID="{name}" offset="{offset}">{rows}</tlLogic>\n'
