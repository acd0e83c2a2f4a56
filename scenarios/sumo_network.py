"""Build the road network of a SUMO net: its lanes, connections, right of way and signals as they stand there."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .network import (
    CLASS_NAMES,
    Connectors,
    Control,
    Fault,
    Floats,
    FoeKind,
    Ints,
    Junctions,
    Lanes,
    Links,
    Movements,
    RoadNetwork,
    Signals,
    Turn,
)
from .network_laws import light_faults
from .streets import CAR
from .sumo_edges import centre_line, gates, road_class, twins
from .sumo_net_file import ConnectionRow, EdgeRow, NetRows, read_net_file
from .sumo_places import shared_coordinates
from .sumo_right_of_way import Conflicts, in_the_way_along_foe, read_conflicts, service_order
from .sumo_signals import FIXED_KINDS, Programme, show_lights, signals_of

TURNS = {
    "s": Turn.STRAIGHT,
    "r": Turn.RIGHT,
    "R": Turn.RIGHT,
    "l": Turn.LEFT,
    "L": Turn.LEFT,
    "t": Turn.UTURN,
    "T": Turn.UTURN,
}
TURN_RANK = {Turn.STRAIGHT: 2, Turn.RIGHT: 1, Turn.LEFT: 1, Turn.UTURN: 0}
SHORTEST_CONNECTOR_M = 2.0  # as everywhere
ROOM_M = 20.0  # on shorter ones, one vehicle at a time comes in (agents.fleet.TIGHT_M)
SHORTEST_LINK_M = 3.0  # to stop before the line on it
SUMO_ENDINGS = (".net.xml", ".net.xml.gz", "net.xml", "net.xml.gz")


def read_sumo_net(path: Path | str, options: Any = None) -> RoadNetwork:
    """Read a SUMO net as the road network it describes.

    Parameters
    ----------
    path : Path or str
        ``net.xml``, packed with gzip or not.
    options : scenario.NetworkOptions, optional
        Of which ``signal_programmes`` holds here.

    Raises
    ------
    SourceError
        With every problem of the files.
    """
    return build_sumo_network(read_net_file(Path(path), tuple(getattr(options, "signal_programmes", ()))))[0]


def build_sumo_network(rows: NetRows) -> tuple[RoadNetwork, Counter[str]]:
    """Build the network of a net that was read, and count what of it is not expressed, by kind."""
    return _Build(rows).network()


@dataclass(slots=True)
class _Joined:
    """All connections of one junction in the network's order, with what settles their conflicts."""

    rows: list[ConnectionRow]
    lanes: list[tuple[int, int]]
    conflicts: Conflicts
    yields: set[tuple[int, int]]
    control: Control


@dataclass(slots=True)
class _Build:
    """The tables of one network, in the making."""

    rows: NetRows
    left_out: Counter[str] = field(default_factory=Counter)
    faults: list[Fault] = field(default_factory=list)

    def network(self) -> tuple[RoadNetwork, Counter[str]]:
        """All tables."""
        rows = self.rows
        self.left_out.update(rows.left_out)
        place = shared_coordinates(rows)
        edges = sorted(rows.edges.values(), key=lambda edge: (edge.to_junction, edge.id))  # as connectors are sorted
        link_row = {edge.id: row for row, edge in enumerate(edges)}
        used = {edge.from_junction for edge in edges} | {edge.to_junction for edge in edges}
        names = sorted(used)
        junction_row = {name: row for row, name in enumerate(names)}
        lane_start = np.array(list(accumulate((len(edge.lanes) for edge in edges), initial=0)), np.int32)
        from_junction = np.array([junction_row[edge.from_junction] for edge in edges], np.int32)
        to_junction = np.array([junction_row[edge.to_junction] for edge in edges], np.int32)
        twin = twins(edges, from_junction, to_junction)

        joined = self._join(names, junction_row, link_row, lane_start, to_junction)
        connections = [row for one in joined for row in one.rows]
        lanes = np.array([pair for one in joined for pair in one.lanes], np.int32).reshape(-1, 2)
        ends = np.array([[link_row[c.from_edge], link_row[c.to_edge]] for c in connections], np.int32).reshape(-1, 2)
        movements, movement = _movements(connections, ends, to_junction, twin)
        start = np.array(list(accumulate((len(one.rows) for one in joined), initial=0)), np.int32)
        curves = [self._curve(connection) for connection in connections]
        length_m = np.array([length for _, length, _ in curves], np.float64)
        link_length_m = np.array([self._length_m(edge) for edge in edges])
        moved_m = self._move_beginnings(link_length_m, length_m, ends[:, 1])
        rows.earlier_m = {edge.id: float(moved) for edge, moved in zip(edges, moved_m, strict=True) if moved}
        link_speed_mps = np.array([self._speed_mps(edge) for edge in edges])
        # SUMO's inner lanes have the mean of both limits; drivers here look no further than the next lane.
        speed_mps = np.minimum(np.array([speed for _, _, speed in curves], np.float64), link_speed_mps[ends[:, 1]])
        signals, signal, group = self._signals(joined, names, start)
        foe_start, foe, kind, foe_yield = _foes(joined, lanes, start)
        turn = movements.turn[movement]
        shapes = [place.shift(xy) for xy, _, _ in curves]
        reach_m, clear_m = in_the_way_along_foe(shapes, length_m, foe_start, foe, kind)
        order = np.array([level for one in joined for level in service_order(len(one.rows), one.yields)], np.int32)
        count = np.bincount(movement, minlength=movements.turn.size)
        movements = Movements(
            movements.from_link,
            movements.to_link,
            movements.turn,
            movements.junction,
            np.bincount(movement, length_m, minlength=movements.turn.size) / np.maximum(count, 1),
        )
        connectors = Connectors(
            movement=movement,
            from_lane=lanes[:, 0].copy(),
            to_lane=lanes[:, 1].copy(),
            length_m=length_m,
            speed_mps=speed_mps,
            priority=(order * 4 + np.array([TURN_RANK[Turn(t)] for t in turn.tolist()], np.int32)).astype(np.int8),
            stop=np.array([stop for one in joined for stop in one.conflicts.stop], bool),
            signal=signal,
            group=group,
            foe_start=foe_start,
            foe=foe,
            foe_kind=kind,
            foe_yield=foe_yield,
            foe_reach_m=reach_m,
            foe_clear_m=clear_m,
            shape_start=_starts(shapes),
            shape_xy=_all_points(shapes),
        )
        lines = [place.shift(centre_line(edge)) for edge in edges]
        gate = gates(len(names), from_junction, to_junction, movements)
        self._ends(edges, lines, gate, to_junction, lane_start, connectors)
        network = RoadNetwork(
            name=re.sub(r"(\.net)?\.xml(\.gz)?$", "", rows.file.path.name) or "net",
            epsg=place.epsg,
            drives_on_left=rows.drives_on_left,
            country="",
            source=rows.file.path.name,
            attribution="",
            junctions=Junctions(
                id=tuple(names),
                x_m=place.shift(np.array([[rows.junctions[n].x_m, rows.junctions[n].y_m] for n in names]))[:, 0],
                y_m=place.shift(np.array([[rows.junctions[n].x_m, rows.junctions[n].y_m] for n in names]))[:, 1],
                control=np.array([one.control for one in joined], np.int8),
                source_nodes=((),) * len(names),
                gate=gate,
                connector_start=start,
            ),
            links=self._links(
                edges, lines, link_length_m, link_speed_mps, from_junction, to_junction, lane_start, movements, twin
            ),
            lanes=Lanes(
                link=np.repeat(np.arange(len(edges)), np.diff(lane_start)).astype(np.int32),
                index=np.concatenate([np.arange(len(edge.lanes)) for edge in edges]).astype(np.int8),
                width_m=np.array([lane.width_m for edge in edges for lane in edge.lanes]),
                access=np.array([lane.access for edge in edges for lane in edge.lanes], np.int32),
                connector_start=np.searchsorted(connectors.from_lane, np.arange(int(lane_start[-1]) + 1)).astype(
                    np.int32
                ),
            ),
            movements=movements,
            connectors=connectors,
            signals=signals,
            faults=tuple(self.faults),
            notes=(*place.notes, *(f"{number:,} {kind}" for kind, number in sorted((+self.left_out).items()))),
            assumed={"road_class": sum(road_class(edge)[1] for edge in edges)},
        )
        return network, +self.left_out

    def _join(
        self,
        names: Sequence[str],
        junction_row: dict[str, int],
        link_row: dict[str, int],
        lane_start: Ints,
        to_junction: Ints,
    ) -> list[_Joined]:
        """Connections by junction, sorted by the lanes they join."""
        at: list[list[ConnectionRow]] = [[] for _ in names]
        for connection in self.rows.connections:
            at[to_junction[link_row[connection.from_edge]]].append(connection)
        result = []
        for name, connections in zip(names, at, strict=True):
            conflicts, left_out = read_conflicts(self.rows, self.rows.junctions[name], connections)
            self.left_out.update(left_out)
            lanes = [
                (
                    int(lane_start[link_row[row.from_edge]]) + row.from_lane,
                    int(lane_start[link_row[row.to_edge]]) + row.to_lane,
                )
                for row in connections
            ]
            order = sorted(range(len(lanes)), key=lambda i: lanes[i])
            self._complain_of_doubles([connections[i] for i in order], [lanes[i] for i in order])
            place = {i: row for row, i in enumerate(order)}
            foes = sorted((min(place[i], place[j]), max(place[i], place[j])) for i, j in conflicts.foes)
            yields = {(place[i], place[j]) for i, j in conflicts.yields}
            settled = Conflicts(
                tuple(foes), frozenset(yields), conflicts.control, tuple(conflicts.stop[i] for i in order)
            )
            signalled = any(row.signal for row in connections)
            control = Control.SIGNAL if signalled else conflicts.control
            if signalled and conflicts.control is Control.ALL_WAY_STOP:
                yields = {(i, j) for i, j in yields if (j, i) not in yields}
            result.append(_Joined([connections[i] for i in order], [lanes[i] for i in order], settled, yields, control))
            for key in ("allow", "disallow"):
                self.left_out["connections for some vehicle classes only: open to all who may use their lanes"] += sum(
                    key in row.node.attributes for row in connections
                )
        return result

    def _complain_of_doubles(self, rows: Sequence[ConnectionRow], lanes: Sequence[tuple[int, int]]) -> None:
        for row, before, lane, lane_before in zip(rows[1:], rows, lanes[1:], lanes, strict=False):
            if lane == lane_before:
                said = f"joins the same lanes as the connection in line {before.node.line}. Remove one."
                self.rows.file.complain(row.node, "", f"{row.from_edge} -> {row.to_edge}", said)

    def _curve(self, connection: ConnectionRow) -> tuple[Floats, float, float]:
        """Centre line, length and speed limit of a connection: its inner lanes one after the other.

        In a net without inner lanes vehicles of SUMO jump over junctions: length 0.
        """
        inner = self.rows.inner_lanes
        via, parts, seen = connection.via, [], set[str]()
        while via in inner and via not in seen:
            seen.add(via)
            parts.append(inner[via])
            via = self.rows.onward.get(via, "")
        if parts:
            shape = np.concatenate([parts[0].shape_xy, *(part.shape_xy[1:] for part in parts[1:])])
            return shape, sum(part.length_m for part in parts), min(part.speed_mps for part in parts)
        before = self.rows.edges[connection.from_edge].lanes[connection.from_lane]
        behind = self.rows.edges[connection.to_edge].lanes[connection.to_lane]
        shape = np.stack([before.shape_xy[-1], behind.shape_xy[0]])
        return shape, 0.0, min(before.speed_mps, behind.speed_mps)

    def _signals(self, joined: Sequence[_Joined], names: Sequence[str], start: Ints) -> tuple[Signals, Ints, Ints]:
        """Programmes and the lights they show.

        One that runs by the clock becomes one per junction, all in step. An actuated one stays one for all of its
        junctions, or each of them would follow gaps of its own.
        """
        count = int(start[-1])
        signal, group = np.full(count, -1, np.int32), np.full(count, -1, np.int32)
        junctions, programmes, shown = list[int](), list[Programme](), list[list[NDArray[np.int8]]]()
        controller: dict[str, int] = {}  # of actuated programmes
        for row, one in enumerate(joined):
            if one.control is not Control.SIGNAL:
                continue
            ids = sorted({connection.signal for connection in one.rows if connection.signal})
            programme = self.rows.programmes[ids[0]]
            if len(ids) > 1:
                self.left_out["junctions with two signal programmes: all lights follow the first"] += 1
            columns = [connection.signal_column if connection.signal == ids[0] else -1 for connection in one.rows]
            pairs = [(i, j) for i, j in one.conflicts.foes if one.rows[i].from_edge != one.rows[j].from_edge]
            lights, settled = show_lights(programme, columns, pairs, one.yields)
            self.left_out.update(settled)
            self.left_out["connections without a light at a signal: always green, giving way"] += columns.count(-1)
            self.left_out["green arrows after a stop: they give way without stopping first"] += sum(
                any(phase.state[column] == "s" for phase in programme.phases) for column in columns if column >= 0
            )
            place = slice(int(start[row]), int(start[row + 1]))
            at = controller.get(ids[0], len(junctions))
            if at == len(junctions):
                self._note_kind(programme)
                junctions.append(row)
                programmes.append(programme)
                shown.append([])
            if programme.actuated:
                controller[ids[0]] = at
            signal[place] = at
            group[place] = sum(part.shape[1] for part in shown[at]) + np.arange(len(one.rows))
            shown[at].append(lights)
            spot = self.rows.junctions[names[row]]
            self.faults += [
                Fault("signal_programme", names[row], spot.x_m, spot.y_m, text)
                for text in light_faults(names[row], lights)
            ]
        rows = tuple(names[row] for row in junctions)
        return (
            signals_of(rows, junctions, programmes, [np.concatenate(parts, axis=1) for parts in shown]),
            signal,
            group,
        )

    def _note_kind(self, programme: Programme) -> None:
        if programme.actuated:
            self.left_out["actuated signals: their phases follow gaps over detectors of our own"] += 1
            if programme.kind != "actuated":
                self.left_out[f"signals of the type {programme.kind}: they run as actuated by gaps"] += 1
        elif programme.kind not in FIXED_KINDS:
            self.left_out[f"signals of the type {programme.kind}: their phases follow the clock"] += 1

    def _links(
        self,
        edges: Sequence[EdgeRow],
        lines: Sequence[Floats],
        length_m: Floats,
        speed_mps: Floats,
        from_junction: Ints,
        to_junction: Ints,
        lane_start: Ints,
        movements: Movements,
        twin: Ints,
    ) -> Links:
        ring = {name for names in self.rows.roundabouts for name in names}
        count = len(edges)
        classes = [road_class(edge) for edge in edges]
        return Links(
            id=tuple(edge.id for edge in edges),
            name=tuple(edge.node.get("name") for edge in edges),
            from_junction=from_junction,
            to_junction=to_junction,
            length_m=length_m,
            speed_mps=speed_mps,
            road_class=np.array([CLASS_NAMES.index(name) for name, _ in classes], np.int8),
            lane_start=lane_start,
            movement_start=np.searchsorted(movements.from_link, np.arange(count + 1)).astype(np.int32),
            twin=twin,
            roundabout=np.array([edge.id in ring for edge in edges], bool),
            destination_only=np.zeros(count, bool),
            layer=np.zeros(count, np.int8),
            shape_start=_starts(lines),
            shape_xy=_all_points(lines),
            source_ways=((),) * count,
            assumed=tuple(frozenset({"road_class"} if assumed else ()) for _, assumed in classes),
            gradient=np.array([np.mean([lane.rise_m / lane.length_m for lane in edge.lanes]) for edge in edges]),
        )

    def _length_m(self, edge: EdgeRow) -> float:
        lengths = [lane.length_m for lane in edge.lanes]
        self.left_out["edges whose lanes differ in length: the mean"] += max(lengths) - min(lengths) > 0.5
        return max(sum(lengths) / len(lengths), 0.1)

    def _move_beginnings(self, link_m: Floats, connector_m: Floats, to_link: Ints) -> Floats:
        """Let links begin earlier or later in the junction before them; from stop line to stop line nothing changes.

        Earlier, where a link holds no vehicle: nobody can look for a way through the next junction before being on
        its link, so a link of half a metre would stop everybody. Later, where a connector into it would be shorter
        than ours may be: SUMO's inner lanes go down to 0.1 m, and a net without them has none. What neither side can
        give is added. Returns by how much each link begins earlier, m.
        """
        give = np.full(link_m.size, np.inf)
        np.minimum.at(give, to_link, connector_m - SHORTEST_CONNECTOR_M)
        give[np.isinf(give)] = 0.0
        earlier_m = np.minimum(give, np.maximum(ROOM_M - link_m, 0.0))
        earlier_m = np.maximum(earlier_m, np.minimum(ROOM_M - link_m, 0.0))
        link_m += earlier_m
        connector_m -= earlier_m[to_link]
        for kind, rows in (
            ("links too short for a vehicle: they begin earlier, in the junction before them", earlier_m > 0),
            ("links behind connections shorter than 2 m: they begin as much later", earlier_m < 0),
            ("links that are too short all the same: longer here", link_m < SHORTEST_LINK_M),
            ("connections that are too short all the same: longer here", connector_m < SHORTEST_CONNECTOR_M - 1e-9),
        ):
            self.left_out[kind] += int(np.count_nonzero(rows))
        np.maximum(link_m, SHORTEST_LINK_M, out=link_m)
        np.maximum(connector_m, SHORTEST_CONNECTOR_M, out=connector_m)
        moved: Floats = earlier_m
        return moved

    def _speed_mps(self, edge: EdgeRow) -> float:
        """The fastest lane's, of those for cars where there are any."""
        lanes = [lane.speed_mps for lane in edge.lanes if lane.access & CAR] or [lane.speed_mps for lane in edge.lanes]
        self.left_out["edges whose lanes differ in speed limit: the highest"] += max(lanes) - min(lanes) > 0.01
        return max(lanes)

    def _ends(
        self,
        edges: Sequence[EdgeRow],
        lines: Sequence[Floats],
        gate: Sequence[str],
        to_junction: Ints,
        lane_start: Ints,
        connectors: Connectors,
    ) -> None:
        """Lanes that end: a fault each, so that somebody looks at them."""
        out = np.bincount(connectors.from_lane, minlength=int(lane_start[-1]))
        for row, edge in enumerate(edges):
            ways = out[lane_start[row] : lane_start[row + 1]]
            x, y = lines[row][-1].tolist()
            if not ways.any() and gate[to_junction[row]] not in ("exit", "both"):
                text = "no way on from the end of this link"
                self.faults.append(Fault("no_exit", edge.id, x, y, text, mode="car"))
            elif ways.any():
                ending = [lane for lane, way in enumerate(ways) if not way and edge.lanes[lane].access & CAR]
                if ending:
                    which = ", ".join(map(str, ending))
                    text = f"lane {which} of this link leads nowhere; who is on it changes lanes before its end"
                    self.faults.append(Fault("lane_ends", edge.id, x, y, text, mode="car"))


def _movements(
    connections: Sequence[ConnectionRow], ends: Ints, to_junction: Ints, twin: Ints
) -> tuple[Movements, Ints]:
    """Pairs of links that connections join, and the pair of each connection."""
    pairs, first, movement = np.unique(ends, axis=0, return_index=True, return_inverse=True)
    pairs = pairs.reshape(-1, 2).astype(np.int32)
    turn = np.array([TURNS.get(connections[row].direction, Turn.STRAIGHT) for row in first], np.int8)
    turn[twin[pairs[:, 0]] == pairs[:, 1]] = Turn.UTURN
    movements = Movements(pairs[:, 0].copy(), pairs[:, 1].copy(), turn, to_junction[pairs[:, 0]], np.zeros(len(pairs)))
    return movements, movement.reshape(-1).astype(np.int32)


def _foes(joined: Sequence[_Joined], lanes: Ints, start: Ints) -> tuple[Ints, Ints, Any, Any]:
    """Foes of all connectors in compressed rows: where each one's begin, who, why, and who gives way."""
    found = []
    for first, one in zip(start.tolist(), joined, strict=False):
        for i, j in one.conflicts.foes:
            found += [(first + i, first + j, (i, j) in one.yields), (first + j, first + i, (j, i) in one.yields)]
    table = np.array(sorted(found), np.int32).reshape(-1, 3)
    own, foe = table[:, 0].copy(), table[:, 1].copy()
    kind = np.where(lanes[own, 1] == lanes[foe, 1], FoeKind.MERGE, FoeKind.CROSS).astype(np.int8)
    return np.searchsorted(own, np.arange(len(lanes) + 1)).astype(np.int32), foe, kind, table[:, 2] > 0


def _starts(shapes: Sequence[Floats]) -> Any:
    return np.array(list(accumulate((len(shape) for shape in shapes), initial=0)), np.int64)


def _all_points(shapes: Sequence[Floats]) -> Floats:
    return np.concatenate(shapes) if shapes else np.zeros((0, 2))
