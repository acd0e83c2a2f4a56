"""Read a SUMO ``net.xml`` into plain rows, check that they fit together, and say what is wrong with them."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from .network import Floats
from .problems import NO_VALUE, Problem, SourceError, closest_hint
from .streets import BICYCLE, BUS, CAR, EMERGENCY, FOOT, TRUCK
from .sumo_signals import Programme, read_programmes
from .sumo_xml import Node, NotWhole, SumoFile

# SUMO's vehicle classes that one of our modes stands for; the others have none.
CLASS_BITS: Mapping[str, int] = {
    "passenger": CAR,
    "bus": BUS,
    "coach": BUS,
    "truck": TRUCK,
    "trailer": TRUCK,
    "bicycle": BICYCLE,
    "pedestrian": FOOT,
    "emergency": EMERGENCY,
    "authority": EMERGENCY,
}
EVERYBODY = CAR | BUS | TRUCK | BICYCLE | FOOT | EMERGENCY
ROAD = CAR | BUS | TRUCK  # an edge that none of these may use is no road
LANE_WIDTH_M = 3.2  # where the file gives none
# Attributes that are taken over, that only draw, or whose effect stands elsewhere in the file.
EDGE_KEYS = ("id", "from", "to", "priority", "name", "type", "function", "shape", "spreadType", "bidi", "distance")
LANE_KEYS = (
    *("id", "index", "speed", "length", "width", "allow", "disallow", "shape", "customShape", "outlineShape", "type"),
)
CONNECTION_KEYS = (
    *(
        "from",
        "to",
        "fromLane",
        "toLane",
        "via",
        "tl",
        "linkIndex",
        "dir",
        "state",
        "allow",
        "disallow",
        "uncontrolled",
    ),
    *("shape", "speed", "length", "contPos", "visibility"),  # of the inner lanes, which have them
)
INNER = ("internal", "crossing", "walkingarea")  # functions of edges that lie inside junctions


@dataclass(frozen=True, slots=True)
class LaneRow:
    """A lane, inside a junction or outside."""

    speed_mps: float
    length_m: float
    width_m: float
    access: int
    shape_xy: Floats  # [point, 2] m
    rise_m: float = math.nan  # from its beginning to its end, NaN: no heights


@dataclass(frozen=True, slots=True)
class EdgeRow:
    """A road from junction to junction; its lanes from the kerb."""

    id: str
    node: Node
    from_junction: str
    to_junction: str
    lanes: tuple[LaneRow, ...]


@dataclass(frozen=True, slots=True)
class Request:
    """What one connection of a junction owes the others; bit ``i`` is about connection ``i``."""

    response: int
    foes: int
    waits_inside: bool


@dataclass(frozen=True, slots=True)
class JunctionRow:
    """A junction with its connections' right of way."""

    id: str
    node: Node
    kind: str
    x_m: float
    y_m: float
    in_lanes: tuple[str, ...]
    inner_lanes: tuple[str, ...]
    requests: Mapping[int, Request]


@dataclass(frozen=True, slots=True)
class ConnectionRow:
    """A way from a lane to a lane through a junction."""

    node: Node
    from_edge: str
    to_edge: str
    from_lane: int
    to_lane: int
    via: str
    signal: str  # id of the programme, "" without
    signal_column: int
    direction: str
    state: str


@dataclass(slots=True)
class NetRows:
    """Everything of one file that the road network is made of."""

    file: SumoFile
    edges: dict[str, EdgeRow] = field(default_factory=dict)
    inner_lanes: dict[str, LaneRow] = field(default_factory=dict)
    junctions: dict[str, JunctionRow] = field(default_factory=dict)
    connections: list[ConnectionRow] = field(default_factory=list)
    onward: dict[str, str] = field(default_factory=dict)  # inner lane → the inner lane behind it
    programmes: dict[str, Programme] = field(default_factory=dict)
    other_edges: set[str] = field(default_factory=set)  # footways, rails, inner edges
    roundabouts: list[tuple[str, ...]] = field(default_factory=list)
    offset_xy: tuple[float, float] = (0.0, 0.0)
    projection: str = ""
    earlier_m: dict[str, float] = field(default_factory=dict)  # how much earlier than here a link of ours begins
    left_out: Counter[str] = field(default_factory=Counter)  # what has no counterpart here, by kind

    @property
    def drives_on_left(self) -> bool:
        """Whether traffic keeps to the left."""
        return self.file.attributes.get("lefthand", "") in ("true", "1")


def read_net_file(path: Path, programmes: Sequence[Path] = ()) -> NetRows:
    """Read a net and the signal programmes that replace some of its own.

    Parameters
    ----------
    path
        ``net.xml``, packed with gzip or not.
    programmes
        Additional files whose ``tlLogic`` hold instead of the net's, the last one first.

    Raises
    ------
    SourceError
        With every problem of all files.
    """
    rows = NetRows(SumoFile(path))
    own: list[Node] = []
    problems: list[Problem] = []
    try:
        for node in rows.file.elements("net"):
            _take(rows, node, own)
    except NotWhole:
        raise SourceError(rows.file.problems()) from None
    rows.programmes = read_programmes(rows.file, own, {})
    for other in programmes:
        file = SumoFile(other)
        try:
            found = [node for node in file.elements() if node.tag == "tlLogic"]
            rows.programmes = read_programmes(file, found, rows.programmes)
        except NotWhole:
            pass
        problems += file.problems()
    if not rows.edges and rows.file:
        rows.file.complain(None, "", NO_VALUE, "holds no roads that cars, buses or trucks may use.")
    _check(rows)
    problems = rows.file.problems() + problems
    if problems:
        raise SourceError(problems)
    return rows


def _take(rows: NetRows, node: Node, programmes: list[Node]) -> None:
    if node.tag == "edge":
        _take_edge(rows, node)
    elif node.tag == "junction":
        _take_junction(rows, node)
    elif node.tag == "connection":
        _take_connection(rows, node)
    elif node.tag == "tlLogic":
        programmes.append(node)
    elif node.tag == "roundabout":
        rows.roundabouts.append(tuple(node.get("edges").split()))
    elif node.tag == "location":
        rows.projection = node.get("projParameter").strip()
        x, _, y = node.get("netOffset", "0,0").partition(",")
        try:
            rows.offset_xy = float(x), float(y)
        except ValueError:
            rows.file.complain(node, "netOffset", node.get("netOffset"), "must be two numbers with a comma between.")
    elif node.tag in ("type", "param"):
        pass  # what a type says stands at each lane again
    elif node.tag == "prohibition":
        pass  # contained in the requests
    else:
        rows.left_out[f"<{node.tag}> in the net"] += 1


def _take_edge(rows: NetRows, node: Node) -> None:
    file, name, function = rows.file, rows.file.text(node, "id"), node.get("function", "normal")
    if function in INNER or name.startswith(":"):
        rows.other_edges.add(name)
        for lane in node.all("lane"):
            rows.inner_lanes[lane.get("id")] = _lane(file, lane)
        if function != "internal" and function in INNER:
            kind = "pedestrian crossings" if function == "crossing" else "walking areas"
            rows.left_out[kind] += 1
        return
    if name in rows.edges:
        file.complain(node, "id", name, f"stands in line {rows.edges[name].node.line} already. Ids differ.")
        return
    written = list(node.all("lane"))
    if not written:
        file.complain(node, "", NO_VALUE, "has no lanes. Write the net with netconvert.")
        return
    order = [file.integer(lane, "index") for lane in written]
    if sorted(order) != list(range(len(order))):
        file.complain(node, "lane.index", " ".join(map(str, order)), f"must count from 0 to {len(order) - 1}.")
        return
    lanes = tuple(_lane(file, lane) for _, lane in sorted(zip(order, written, strict=True), key=lambda pair: pair[0]))
    if not any(lane.access & ROAD for lane in lanes):
        together = 0
        for row in lanes:
            together |= row.access
        kind = "cycle tracks" if together & BICYCLE else "footways" if together & FOOT else "rails and other edges"
        rows.left_out[f"{kind} (no lane for cars, buses or trucks)"] += 1
        rows.other_edges.add(name)
        return
    for lane in written:
        _note_unknown(rows, lane, LANE_KEYS)
    if written[0].get("shape").partition(" ")[0].count(",") > 1:
        rows.left_out["edges with heights: level unless the scenario has `network: {slopes: true}`"] += 1
    _note_unknown(rows, node, EDGE_KEYS)
    rows.edges[name] = EdgeRow(name, node, file.text(node, "from"), file.text(node, "to"), lanes)


def _note_unknown(rows: NetRows, node: Node, known: tuple[str, ...]) -> None:
    """Count attributes that change something in SUMO and nothing here."""
    for key in node.attributes:
        if key not in known:
            rows.left_out[f"{node.tag} attribute {key}"] += 1


def _lane(file: SumoFile, node: Node) -> LaneRow:
    shape = _shape(file, node)
    return LaneRow(
        speed_mps=file.number(node, "speed", low=0.01),
        length_m=file.number(node, "length", low=0.0),
        width_m=file.number(node, "width", LANE_WIDTH_M, low=0.01),
        access=access_bits(node.get("allow"), node.get("disallow")),
        shape_xy=shape,
        rise_m=_rise_m(node),
    )


def access_bits(allow: str, disallow: str) -> int:
    """Our modes that may use a lane, as bits, from SUMO's lists of vehicle classes.

    Emergency vehicles may use every lane that any motor vehicle may.

    >>> access_bits("bus taxi", "") == BUS | EMERGENCY
    True
    """
    if allow:
        names = set(allow.split())
        bits = EVERYBODY if "all" in names else _bits(names)
    else:
        names = set(disallow.split())
        bits = 0 if "all" in names else _bits(set(CLASS_BITS) - names)
    return bits | EMERGENCY if bits & ROAD else bits


def _bits(names: set[str]) -> int:
    bits = 0
    for name in names:
        bits |= CLASS_BITS.get(name, 0)
    return bits


def _shape(file: SumoFile, node: Node) -> Floats:
    written = file.text(node, "shape").split()
    try:
        points = [[float(number) for number in point.split(",")[:2]] for point in written]
    except ValueError:
        points = []
    good = all(len(point) == 2 and all(map(math.isfinite, point)) for point in points)
    if len(points) < 2 or not good:
        if written:
            file.complain(node, "shape", node.get("shape"), "must be at least two points x,y.")
        return np.zeros((2, 2))
    return np.array(points)


def _rise_m(node: Node) -> float:
    """How much higher the last point of a lane lies than its first; NaN without heights."""
    written = node.get("shape").split()
    try:
        heights = [float(point.split(",")[2]) for point in (written[0], written[-1])]
    except (IndexError, ValueError):
        return math.nan
    return heights[1] - heights[0]


def _take_junction(rows: NetRows, node: Node) -> None:
    file, kind = rows.file, node.get("type")
    if kind == "internal":
        return
    name = file.text(node, "id")
    if name in rows.junctions:
        file.complain(node, "id", name, f"stands in line {rows.junctions[name].node.line} already. Ids differ.")
        return
    requests = {}
    for request in node.all("request"):
        bits = [_bit_string(file, request, key) for key in ("response", "foes")]
        requests[file.integer(request, "index")] = Request(bits[0], bits[1], request.get("cont") in ("1", "true", "x"))
    rows.junctions[name] = JunctionRow(
        name,
        node,
        kind,
        file.number(node, "x"),
        file.number(node, "y"),
        tuple(node.get("incLanes").split()),
        tuple(node.get("intLanes").split()),
        requests,
    )


def _bit_string(file: SumoFile, node: Node, key: str) -> int:
    written = file.text(node, key)
    if written and set(written) - {"0", "1"}:
        file.complain(node, key, written, "must consist of 0 and 1.")
        return 0
    return int(written, 2) if written else 0


def _take_connection(rows: NetRows, node: Node) -> None:
    file, from_edge, to_edge = rows.file, rows.file.text(node, "from"), rows.file.text(node, "to")
    from_lane, to_lane, via = file.integer(node, "fromLane"), file.integer(node, "toLane"), node.get("via")
    if from_edge.startswith(":"):
        if via:
            rows.onward[f"{from_edge}_{from_lane}"] = via
        return
    _note_unknown(rows, node, CONNECTION_KEYS)
    signal = node.get("tl")
    column = file.integer(node, "linkIndex", low=-1) if signal else -1  # -1: not controlled after all
    rows.connections.append(
        ConnectionRow(
            node, from_edge, to_edge, from_lane, to_lane, via, signal, column, node.get("dir"), node.get("state")
        )
    )


def _check(rows: NetRows) -> None:
    """Complain of what refers to something that is not there."""
    file = rows.file
    for edge in rows.edges.values():
        for key, name in (("from", edge.from_junction), ("to", edge.to_junction)):
            if name and name not in rows.junctions:
                file.complain(edge.node, key, name, f"no such junction.{closest_hint(name, rows.junctions)}")
    known = {edge: len(row.lanes) for edge, row in rows.edges.items()}
    for connection in rows.connections:
        ends = (("from", connection.from_edge, connection.from_lane), ("to", connection.to_edge, connection.to_lane))
        for key, name, lane in ends:
            if name and name not in known:
                if name not in rows.other_edges:
                    file.complain(connection.node, key, name, f"no such edge.{closest_hint(name, known)}")
            elif name and lane >= known[name]:
                said = f"no such lane: the edge has {known[name]}, from 0 on."
                file.complain(connection.node, f"{key}Lane", lane, said)
        both = all(name in known for _, name, _ in ends)
        if both and rows.edges[connection.from_edge].to_junction != rows.edges[connection.to_edge].from_junction:
            said = f'does not begin where "{connection.from_edge}" ends.'
            file.complain(connection.node, "to", connection.to_edge, said)
        if connection.signal and both:
            _check_signal(rows, connection)
    rows.connections = [row for row in rows.connections if row.from_edge in known and row.to_edge in known]


def _check_signal(rows: NetRows, connection: ConnectionRow) -> None:
    programme = rows.programmes.get(connection.signal)
    if programme is None:
        hint = closest_hint(connection.signal, rows.programmes)
        rows.file.complain(connection.node, "tl", connection.signal, f"no such signal programme.{hint}")
    elif connection.signal_column >= programme.width:
        said = f'the programme "{programme.id}" shows {programme.width} lights only, from 0 on.'
        rows.file.complain(connection.node, "linkIndex", connection.signal_column, said)
