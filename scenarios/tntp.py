"""Read static assignment networks in TNTP form: a net, places of its nodes, and trips between its zones.

The form says nothing about units; they differ from network to network, so the scenario has to declare them. Capacity,
free-flow time and the parameters of the delay function (Bureau of Public Roads 1964) stay with ``TntpNet``.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from .demand_tables import Complaints
from .drawn_links import DrawnLink, draw_links, side_of_road, to_metres
from .network import Floats, Ints
from .problems import NO_VALUE, SourceError
from .streets import MOTOR, JunctionSpec, StreetGraph

LENGTH_M = {"m": 1.0, "km": 1000.0, "ft": 0.3048, "mi": 1609.344}
TIME_S = {"s": 1.0, "min": 60.0, "h": 3600.0, "0.01 h": 36.0}
NET_COLUMNS = ("init_node", "term_node", "capacity", "length", "free_flow_time", "b", "power", "speed", "toll", "type")
CONNECTOR_MPS = 50.0 / 3.6  # where a link to a zone has no time of its own
SLOWEST_KMH, FASTEST_KMH = 3.0, 250.0
MOST_LANES = 8
CLASS_FROM_KMH = ((100.0, "motorway"), (80.0, "trunk"), (60.0, "primary"), (45.0, "secondary"), (0.0, "tertiary"))
WGS84 = 4326


@dataclass(frozen=True, slots=True, eq=False)
class TntpNet:
    """A net as it stands in its file, in the file's own units. Shapes ``[link]``, rows in the file's order."""

    zones: int
    nodes: int
    first_thru_node: int  # nodes before it are zones that no way leads through
    init_node: Ints
    term_node: Ints
    capacity: Floats
    length: Floats
    free_flow_time: Floats
    b: Floats
    power: Floats
    toll: Floats
    lines: tuple[int, ...]  # of the file

    def travel_time(self, flow: Floats) -> Floats:
        """Time on each link at a flow, in the file's units: ``t0 (1 + b (flow / capacity) ** power)``."""
        times: Floats = self.free_flow_time * (1.0 + self.b * (flow / self.capacity) ** self.power)
        return times

    def link_ids(self) -> list[str]:
        """``link/1-2``; a second link between the same nodes is ``link/1-2#2``."""
        seen: dict[str, int] = {}
        ids = []
        for start, end in zip(self.init_node.tolist(), self.term_node.tolist(), strict=True):
            name = f"link/{start}-{end}"
            seen[name] = seen.get(name, 0) + 1
            ids.append(name if seen[name] == 1 else f"{name}#{seen[name]}")
        return ids


def read_tntp_net(file: Path) -> TntpNet:
    """Read a net.

    Raises
    ------
    SourceError
        With every line that cannot be meant.
    """
    complaints = Complaints(file)
    text = _text(file, complaints)
    known, rows = _split(text, complaints)
    facts = {
        key: _whole(known, name, complaints)
        for key, name in (("zones", "NUMBER OF ZONES"), ("nodes", "NUMBER OF NODES"), ("links", "NUMBER OF LINKS"))
    }
    thru = _whole(known, "FIRST THRU NODE", complaints)
    columns: list[list[float]] = [[] for _ in NET_COLUMNS]
    lines = []
    for line, said in rows:
        cells = said.replace(";", " ").split()
        values = [_number(cell) for cell in cells]
        if len(values) < 7 or len(values) > len(NET_COLUMNS) or not all(map(math.isfinite, values)):
            complaints.whole(f"is no link: {said.strip()[:60]!r}. A link is {' '.join(NET_COLUMNS)}.", line=line)
            continue
        lines.append(line)
        for column, value in zip(columns, [*values, 0.0, 0.0, 0.0], strict=False):
            column.append(value)
    complaints.lines = lines
    table = {name: np.array(column) for name, column in zip(NET_COLUMNS, columns, strict=True)}
    if not complaints and len(lines) != facts["links"]:
        complaints.whole(f"holds {len(lines)} links, its header says {facts['links']}. Was the file cut off?")
    for key in ("init_node", "term_node"):
        wrong = (table[key] < 1) | (table[key] > facts["nodes"]) | (table[key] % 1 != 0)
        said = f"is no node: they are numbered 1 to {facts['nodes']}."
        complaints.rows("node", np.flatnonzero(wrong), key, table[key].tolist(), said)
    loops = np.flatnonzero(table["init_node"] == table["term_node"])
    complaints.rows("loop", loops, "term_node", table["term_node"].tolist(), "is where the link begins. Remove it.")
    not_positive = np.flatnonzero(table["capacity"] <= 0)
    complaints.rows("capacity", not_positive, "capacity", table["capacity"].tolist(), "must be more than 0.")
    for key in ("length", "free_flow_time", "b", "power"):
        complaints.rows("sign", np.flatnonzero(table[key] < 0), key, table[key].tolist(), "must not be negative.")
    if complaints:
        raise SourceError(complaints.problems())
    return TntpNet(
        zones=facts["zones"],
        nodes=facts["nodes"],
        first_thru_node=thru,
        init_node=table["init_node"].astype(np.int32),
        term_node=table["term_node"].astype(np.int32),
        capacity=table["capacity"],
        length=table["length"],
        free_flow_time=table["free_flow_time"],
        b=table["b"],
        power=table["power"],
        toll=table["toll"],
        lines=tuple(lines),
    )


def read_tntp_trips(file: Path) -> tuple[list[tuple[str, str, float]], Complaints]:
    """Trips from zone to zone; those within a zone are left out, as in static assignment."""
    complaints = Complaints(file)
    known, rows = _split(_text(file, complaints), complaints)
    zones = _whole(known, "NUMBER OF ZONES", complaints)
    trips: list[tuple[str, str, float]] = []
    seen: set[tuple[int, int]] = set()
    origin, total = 0, 0.0
    for line, said in rows:
        heading = re.fullmatch(r"\s*origin\s+(\d+)\s*", said, re.IGNORECASE)
        if heading:
            origin = int(heading.group(1))
            if not 1 <= origin <= zones:
                complaints.whole(f"there is no zone {origin}: they are numbered 1 to {zones}.", line=line)
            continue
        for pair in filter(str.strip, said.split(";")):
            match = re.fullmatch(r"\s*(\d+)\s*:\s*(\S+)\s*", pair)
            value = _number(match.group(2)) if match else math.nan
            if match is None or origin == 0 or not math.isfinite(value):
                complaints.whole(
                    f"is no trips: {pair.strip()[:60]!r}. They are `zone : number;` below `Origin`.", line=line
                )
                continue
            goal = int(match.group(1))
            if not 1 <= goal <= zones:
                complaints.whole(f"there is no zone {goal}: they are numbered 1 to {zones}.", line=line)
            if value < 0:
                complaints.whole(f"{pair.strip()}: must not be negative.", line=line)
            if (origin, goal) in seen:
                complaints.whole(f"{origin} to {goal} stands there already. Add the two up.", line=line)
            seen.add((origin, goal))
            total += value
            if origin != goal:
                trips.append((str(origin), str(goal), value))
    stated = _number(known.get("TOTAL OD FLOW", ""))
    if not complaints and math.isfinite(stated) and abs(stated - total) > 1e-3 * max(stated, 1.0):
        complaints.whole(f"holds {total:,.1f} trips, its header says {stated:,.1f}. Was the file cut off?")
    return trips, complaints


def read_tntp(file: Path, options: Any) -> StreetGraph:
    """Read a net as streets, with the units, the places of its nodes and the lanes that the scenario declares.

    Lanes are the capacity over that of one lane, at least one; the speed is the length over the free-flow time. Nothing
    in the form tells of signals or signs.

    Raises
    ------
    SourceError
        With every value that cannot be meant, and what the scenario has to declare.
    """
    declared = getattr(options, "tntp", None)
    if declared is None:
        msg = (
            f"{file}: the units of a TNTP net stand beside it, not in it. Declare them: network: "
            "{tntp: {nodes: FILE, length_unit: mi, time_unit: min}}."
        )
        raise SourceError(msg)
    net = read_tntp_net(file)
    xy_m, epsg = _places(declared.nodes, declared.crs, net)
    country, on_left = side_of_road(xy_m, epsg, options.country, options.driving_side)
    complaints = Complaints(file, net.lines)
    links, cut = _links(net, declared, xy_m, complaints)
    if complaints:
        raise SourceError(complaints.problems())
    at = {f"node/{node + 1}": (float(x), float(y)) for node, (x, y) in enumerate(xy_m)}
    used = {end for link in links for end in (link.start, link.end)}
    notes = ["Signals, signs and turn lanes are not known: a TNTP net does not tell of them."]
    if cut:
        notes.append(f"{cut} links have a capacity of more than {MOST_LANES} lanes: they were given {MOST_LANES}.")
    at = {place: xy for place, xy in at.items() if place in used}
    zone = {f"node/{node}" for node in range(1, net.first_thru_node)}
    return StreetGraph(
        name=file.name.partition("_")[0].partition(".")[0],
        epsg=epsg,
        drives_on_left=on_left,
        country=country,
        source=f"TNTP net {file.name}",
        attribution="",
        streets=draw_links(links, at, on_left=on_left),
        junctions=tuple(
            JunctionSpec(place, x, y, (int(place[5:]),), gate="both" if place in zone else "")
            for place, (x, y) in at.items()
        ),
        notes=tuple(notes),
    )


def _links(net: TntpNet, declared: Any, xy_m: Floats, complaints: Complaints) -> tuple[list[DrawnLink], int]:
    """Links in metres and seconds, and how many have more lanes than can be; complains of what cannot be meant."""
    length_m = net.length * LENGTH_M[declared.length_unit]
    time_s = net.free_flow_time * TIME_S[declared.time_unit]
    units = f"length_unit {declared.length_unit}, time_unit {declared.time_unit}"
    links, cut = [], 0
    for row, name in enumerate(net.link_ids()):
        start, end = int(net.init_node[row]), int(net.term_node[row])
        connector = min(start, end) < net.first_thru_node
        assumed = {"lanes", "lane_width_m"}
        drawn_m = math.dist(xy_m[start - 1], xy_m[end - 1])
        if drawn_m == 0.0:
            complaints.add("place", row, name, NO_VALUE, "begins and ends at the same place, so it has no direction.")
            continue
        along_m = float(length_m[row])
        if connector and (along_m == 0.0 or time_s[row] == 0.0):
            along_m, speed_mps = along_m or drawn_m, CONNECTOR_MPS
            assumed.add("speed_mps")
        elif along_m == 0.0 or time_s[row] == 0.0:
            what = "length" if along_m == 0.0 else "free_flow_time"
            complaints.add("zero", row, what, 0.0, f"must be more than 0: {name} leads to no zone.")
            continue
        else:
            speed_mps = along_m / float(time_s[row])
        if not SLOWEST_KMH <= speed_mps * 3.6 <= FASTEST_KMH:
            said = f"gives {name} {speed_mps * 3.6:,.4g} km/h on an empty road. Is that the unit ({units})?"
            complaints.add("speed", row, "free_flow_time", float(net.free_flow_time[row]), said)
            continue
        lanes = max(1, round(float(net.capacity[row]) / declared.lane_capacity))
        cut += lanes > MOST_LANES
        links.append(
            DrawnLink(
                id=name,
                start=f"node/{start}",
                end=f"node/{end}",
                lane_access=(MOTOR,) * min(lanes, MOST_LANES),
                speed_mps=speed_mps,
                road_class=next(kind for least, kind in CLASS_FROM_KMH if speed_mps * 3.6 >= least),
                length_m=along_m,
                destination_only=connector,
                assumed=frozenset(assumed),
            )
        )
    return links, cut


def _places(file: Path, crs: int | None, net: TntpNet) -> tuple[Floats, int]:
    """Places of the nodes in metres, ``[node, 2]``, and their EPSG number."""
    complaints = Complaints(file)
    found: dict[int, tuple[float, float]] = {}
    if file.name.casefold().endswith((".geojson", ".json")):
        crs = WGS84 if crs is None else crs
        found = _json_places(file, complaints)
    else:
        if crs is None:
            complaints.whole("does not say in which CRS its coordinates are. Declare it: network: {tntp: {crs: 4326}}.")
        for line, said in enumerate(_text(file, complaints).splitlines(), start=1):
            cells = said.replace(";", " ").replace(",", " ").split()
            values = [_number(cell) for cell in cells[:3]]
            if len(values) == 3 and all(map(math.isfinite, values)):
                found[int(values[0])] = (values[1], values[2])
            elif cells and line > 1 and not cells[0].startswith(("~", "<")):
                complaints.whole(f"is no place: {said.strip()[:60]!r}. A place is node, x, y.", line=line)
    missing = sorted(set(range(1, net.nodes + 1)) - set(found))
    used = sorted(set(missing) & (set(net.init_node.tolist()) | set(net.term_node.tolist())))
    if used and not complaints:
        complaints.whole(f"has no place for {len(used)} nodes of the net, the first is {used[0]}.")
    if complaints or crs is None:
        raise SourceError(complaints.problems())
    middle = np.mean(list(found.values()), axis=0)
    xy = np.array([found.get(node, middle) for node in range(1, net.nodes + 1)])
    if crs == WGS84 and (np.abs(xy[:, 0]).max() > 180.0 or np.abs(xy[:, 1]).max() > 90.0):
        complaints.whole(
            "its coordinates are no longitudes and latitudes. Declare their CRS: network: {tntp: {crs: …}}."
        )
        raise SourceError(complaints.problems())
    return to_metres(xy, crs)


def _json_places(file: Path, complaints: Complaints) -> dict[int, tuple[float, float]]:
    found = {}
    try:
        features = json.loads(_text(file, complaints))["features"]
        for feature in features:
            x, y = feature["geometry"]["coordinates"][:2]
            found[int(feature["properties"]["id"])] = (float(x), float(y))
    except (ValueError, KeyError, TypeError):
        complaints.whole("is no GeoJSON of points with the property `id`.")
    return found


def _text(file: Path, complaints: Complaints) -> str:
    try:
        return file.read_bytes().decode("utf-8-sig", errors="replace")
    except OSError as error:
        complaints.whole(f"cannot be read: {error.strerror}.")
        return ""


def _split(text: str, complaints: Complaints) -> tuple[dict[str, str], list[tuple[int, str]]]:
    """Metadata by name, and what follows with its lines; comments begin with ``~``."""
    known: dict[str, str] = {}
    rows = []
    ended = False
    for line, said in _content(text):
        match = re.match(r"\s*<([^>]*)>\s*(.*)", said)
        if match and not ended:
            known[match.group(1).strip().upper()] = match.group(2).strip()
            ended = match.group(1).strip().upper() == "END OF METADATA"
        else:
            rows.append((line, said))
    if not ended and not complaints:
        complaints.whole("is no TNTP file: it has no `<END OF METADATA>`.")
    return known, rows


def _content(text: str) -> Iterator[tuple[int, str]]:
    for line, said in enumerate(text.splitlines(), start=1):
        if said.strip() and not said.lstrip().startswith("~"):
            yield line, said


def _whole(known: dict[str, str], name: str, complaints: Complaints) -> int:
    value = _number(known.get(name, "").split("~")[0].strip())
    if not math.isfinite(value) or value < 1 or value % 1:
        if not complaints or name in known:
            complaints.whole(f"its header says no number under `<{name}>`.")
        return 0
    return int(value)


def _number(cell: str) -> float:
    try:
        return float(cell)
    except ValueError:
        return math.nan
