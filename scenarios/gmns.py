"""Read networks in GMNS form (General Modeling Network Specification, 0.9): a folder of CSV tables.

``node`` and ``link`` are required; ``config`` (units and CRS), ``geometry``, ``lane`` and ``movement`` are read where
they are there. What is not expressed is counted in the notes, and what cannot be meant is an error.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .demand_tables import Column, Complaints, Table, read_table
from .drawn_links import DrawnLink, draw_links, side_of_road, to_metres
from .network import ROAD_CLASSES
from .osm_defaults import CLASS_DEFAULTS
from .problems import SourceError
from .streets import BICYCLE, BUS, CAR, EMERGENCY, FOOT, MOTOR, TRUCK, JunctionSpec, StreetGraph
from .turn_pockets import Side, with_pockets

LENGTH_M = {
    **dict.fromkeys(("m", "meter", "meters", "metre", "metres"), 1.0),
    **dict.fromkeys(("km", "kilometer", "kilometers", "kilometre", "kilometres"), 1000.0),
    **dict.fromkeys(("ft", "foot", "feet"), 0.3048),
    **dict.fromkeys(("mi", "mile", "miles"), 1609.344),
}
SPEED_MPS = {"km/h": 1 / 3.6, "kph": 1 / 3.6, "kmh": 1 / 3.6, "mph": 0.44704, "m/s": 1.0, "mps": 1.0}
NODE_COLUMNS = tuple(
    Column(name, required=name in ("node_id", "x_coord", "y_coord"))
    for name in ("node_id", "x_coord", "y_coord", "node_type", "ctrl_type")
)
LINK_COLUMNS = tuple(
    Column(name, also=("lane_count",) if name == "lanes" else (), required=name.endswith("_id") and name[0] != "g")
    for name in (
        *("link_id", "from_node_id", "to_node_id", "name", "directed", "geometry_id", "geometry", "length"),
        *("facility_type", "free_speed", "lanes", "allowed_uses"),
    )
)
LANE_COLUMNS = (Column("link_id"), Column("lane_num"), *(Column(n, required=False) for n in ("allowed_uses", "width")))
MOVEMENT_COLUMNS = (
    *(Column(name) for name in ("node_id", "ib_link_id", "ob_link_id")),
    *(Column(name, required=False) for name in ("ctrl_type", "type")),
)
CONFIG_COLUMNS = tuple(Column(name, required=False) for name in ("short_length", "long_length", "speed", "crs"))
TABLES = ("config.csv", "node.csv", "link.csv", "geometry.csv", "lane.csv", "movement.csv")
ONE_WAY = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False, "": True}
USES = {
    **dict.fromkeys(("all", "any", ""), MOTOR | BICYCLE),
    **dict.fromkeys(("auto", "car", "passenger", "driving", "drive", "motor"), MOTOR),
    **dict.fromkeys(("sov", "hov", "hov2", "hov3", "taxi"), CAR | EMERGENCY),
    **dict.fromkeys(("bus", "transit"), BUS | EMERGENCY),
    **dict.fromkeys(("truck", "freight", "hgv"), TRUCK),
    **dict.fromkeys(("bike", "bicycle", "cycling"), BICYCLE),
    **dict.fromkeys(("walk", "ped", "pedestrian", "foot"), FOOT),
    **dict.fromkeys(("none", "shoulder", "parking", "rail", "light_rail", "tram", "streetcar"), 0),
}
CLASSES = {
    **dict.fromkeys(("freeway", "interstate"), "motorway"),
    **dict.fromkeys(("ramp", "onramp", "offramp"), "motorway_link"),
    **dict.fromkeys(("expressway", "highway"), "trunk"),
    **dict.fromkeys(("arterial", "principal arterial", "major arterial"), "primary"),
    "minor arterial": "secondary",
    "collector": "tertiary",
    "local": "residential",
    **dict.fromkeys(("connector", "centroid connector", "centroid_connector"), "service"),
}
NOT_FOR_CARS = ("sidewalk", "crosswalk", "bikeway", "footway", "cycleway", "path", "rail", "railway")
ALL_STOP = ("all_way_stop", "4_stop", "four_way_stop", "stop_all")
FASTEST_MPS = 70.0
SLOWEST_MPS = 0.8
LENGTHS_AGREE = 1.5  # factor between a stated length and that of the line beyond which a unit is wrong


@dataclass(frozen=True, slots=True)
class _Units:
    crs: int
    length_m: float
    speed_mps: float


def read_gmns(folder: Path, options: Any) -> StreetGraph:
    """Read a folder of GMNS tables as streets.

    Raises
    ------
    SourceError
        With every cell that cannot be meant, and the units that are nowhere declared.
    """
    found: list[Complaints] = []
    nodes = _table(folder / "node.csv", NODE_COLUMNS, found)
    rows = _table(folder / "link.csv", LINK_COLUMNS, found)
    lanes = _table(folder / "lane.csv", LANE_COLUMNS, found, optional=True)
    movements = _table(folder / "movement.csv", MOVEMENT_COLUMNS, found, optional=True)
    shapes = _table(folder / "geometry.csv", (Column("geometry_id"), Column("geometry")), found, optional=True)
    units = _units(folder, getattr(options, "gmns", None), found)
    _stop_at(found)
    assert nodes is not None and rows is not None and units is not None
    xy = np.column_stack([nodes.numbers("x_coord"), nodes.numbers("y_coord")])
    names = list(nodes.text("node_id"))
    _no_doubles(nodes.complaints, "node_id", names)
    _stop_at(found)
    xy_m, epsg = to_metres(xy, units.crs)
    at = {f"node/{name}": (float(x), float(y)) for name, (x, y) in zip(names, xy_m, strict=True)}
    notes: Counter[str] = Counter()
    reader = _Links(rows, at, units, epsg, shapes, lanes, notes)
    links = reader.read()
    _stop_at(found)
    if not links:
        rows.complaints.whole("holds no link that motor vehicles may use.")
        _stop_at(found)
    country, on_left = side_of_road(
        xy_m, epsg, getattr(options, "country", None), getattr(options, "driving_side", None)
    )
    links, banned = _apply_movements(links, reader.streets_of, movements, notes)
    _stop_at(found)
    used = {end for link in links for end in (link.start, link.end)}
    specs = []
    kinds = nodes.columns.get("node_type", [""] * nodes.size)
    controls = nodes.columns.get("ctrl_type", [""] * nodes.size)
    for name, kind, control in zip(names, kinds, controls, strict=True):
        place = f"node/{name}"
        if place in used:
            x, y = at[place]
            gate = "both" if kind.casefold() in ("external", "centroid", "gateway") else ""
            words = control.casefold().replace("-", "_").replace(" ", "_")
            specs.append(
                JunctionSpec(
                    place,
                    x,
                    y,
                    signalised="signal" in words,
                    all_way_stop=words in ALL_STOP,
                    gate=gate,
                    banned=banned.get(place, frozenset()),
                )
            )
    graph = StreetGraph(
        name=folder.name,
        epsg=epsg,
        drives_on_left=on_left,
        country=country,
        source=f"GMNS network {folder.name}",
        attribution="",
        streets=draw_links(links, {place: at[place] for place in sorted(used)}, on_left=on_left),
        junctions=tuple(specs),
    )
    if getattr(options, "pockets", False):
        side: Side = "kerb" if on_left else "middle"  # negative numbers lie to the left of all others
        graph, dug = with_pockets(graph, {link.id: side for name in reader.pockets for link in reader.streets_of[name]})
        notes["turn pockets (negative lane_num) were made, each 30 m long"] += dug
    else:
        notes["links have turn pockets (negative lane_num), which `network: {pockets: true}` makes"] += len(
            reader.pockets
        )
    return replace(graph, notes=(*(f"{count} {text}." for text, count in sorted((+notes).items())), *_not_read(folder)))


class _Links:
    """Rows of ``link.csv`` as directions of travel."""

    def __init__(
        self,
        rows: Table,
        at: Mapping[str, tuple[float, float]],
        units: _Units,
        epsg: int,
        shapes: Table | None,
        lanes: Table | None,
        notes: Counter[str],
    ) -> None:
        self.rows, self.at, self.units, self.epsg, self.notes = rows, at, units, epsg, notes
        self.streets_of: dict[str, list[DrawnLink]] = {}  # link_id -> its directions
        self.pockets: set[str] = set()  # link_id of those with lanes of a negative number
        self._shape_of = (
            {} if shapes is None else dict(zip(shapes.columns["geometry_id"], shapes.columns["geometry"], strict=True))
        )
        self._lanes_of: dict[str, list[tuple[int, str]]] = defaultdict(list)
        if lanes is not None:
            numbers = lanes.numbers("lane_num")
            uses = lanes.columns.get("allowed_uses", [""] * lanes.size)
            known = set(rows.columns["link_id"])
            for row, (link, number, use) in enumerate(zip(lanes.text("link_id"), numbers, uses, strict=True)):
                if link not in known:
                    lanes.complaints.add("link", row, "link_id", link, "no such link in link.csv.")
                self._lanes_of[link].append((int(number) if math.isfinite(number) else 0, use))

    def read(self) -> list[DrawnLink]:
        """Every link that motor vehicles may use, directions apart; complains of the others."""
        rows, complaints = self.rows, self.rows.complaints
        ids = list(rows.text("link_id"))
        _no_doubles(complaints, "link_id", ids)
        speed = self._numbers("free_speed", SLOWEST_MPS, FASTEST_MPS, self.units.speed_mps)
        length = self._numbers("length", 0.0, math.inf, self.units.length_m)
        count = self._numbers("lanes", 0.0, 20.0, 1.0)
        ratios, drawn = [], []
        for row, name in enumerate(ids):
            start, end = (f"node/{rows.columns[key][row]}" for key in ("from_node_id", "to_node_id"))
            for key, place in (("from_node_id", start), ("to_node_id", end)):
                if place not in self.at:
                    complaints.add("node", row, key, rows.columns[key][row], "no such node in node.csv.")
            if start == end:
                complaints.add("loop", row, "to_node_id", rows.columns["to_node_id"][row], "is where the link begins.")
            directed = ONE_WAY.get(self._cell("directed", row).casefold())
            if directed is None:
                complaints.add("way", row, "directed", self._cell("directed", row), "must be 1 or 0.")
            if start not in self.at or end not in self.at or start == end:
                continue
            kind = self._cell("facility_type", row).casefold()
            access = self._access(name, row, int(count[row]) if math.isfinite(count[row]) else -1, kind)
            if not access:
                continue
            line, ratio = self._line(row, start, end, float(length[row]))
            if line is None:
                continue
            ratios.append(ratio)
            drawn.append((row, name, start, end, kind, access, float(speed[row]), line, directed is False))
        wrong = [ratio for ratio in ratios if math.isfinite(ratio) and not 1 / LENGTHS_AGREE <= ratio <= LENGTHS_AGREE]
        if len(wrong) > len(ratios) / 2:
            said = f"lengths are {np.median(wrong):.3g} times those of the lines, at the median. Is the unit right?"
            complaints.whole(said)
        elif wrong:
            self.notes["links are of another length than their line: the line counts"] += len(wrong)
        return [link for arguments in drawn for link in self._directions(*arguments)]

    def _directions(
        self,
        row: int,
        name: str,
        start: str,
        end: str,
        kind: str,
        access: tuple[int, ...],
        speed_mps: float,
        line: NDArray[np.float64],
        both: bool,
    ) -> list[DrawnLink]:
        assumed = {"lane_width_m"}
        road_class = CLASSES.get(kind, kind)
        if road_class not in ROAD_CLASSES:
            road_class = "unclassified"
            self.notes["links have a facility_type that is not known: they count as unclassified"] += 1
        if not math.isfinite(speed_mps):
            speed_mps = CLASS_DEFAULTS[road_class].urban_kmh / 3.6
            assumed.add("speed_mps")
        if not self._cell("lanes", row):
            assumed.add("lanes")
        found = [
            DrawnLink(
                id=f"link/{name}{'/back' if back else ''}",
                start=end if back else start,
                end=start if back else end,
                lane_access=access,
                speed_mps=speed_mps,
                road_class=road_class,
                lane_width_m=CLASS_DEFAULTS[road_class].lane_width_m,
                line_xy=line[::-1] if back else line,
                name=self._cell("name", row),
                destination_only="connector" in kind,
                assumed=frozenset(assumed),
            )
            for back in ((False, True) if both else (False,))
        ]
        self.streets_of[name] = found
        return found

    def _access(self, name: str, row: int, count: int, kind: str) -> tuple[int, ...]:
        """Who may use each lane, from the kerb; empty where no motor vehicle may."""
        if kind.replace(" ", "_") in NOT_FOR_CARS or count == 0:
            self.notes["links are not for motor vehicles: they were left out"] += 1
            return ()
        of_link = self._uses(self._cell("allowed_uses", row))
        lanes = sorted(self._lanes_of.get(name, ()))  # GMNS counts from the left
        if any(number < 0 for number, _ in lanes):
            self.pockets.add(name)
        listed = [self._uses(use) if use else of_link for number, use in lanes if number > 0]
        access = [bits for bits in listed[::-1] if bits & MOTOR] or [of_link] * max(count, 1)
        if not any(bits & MOTOR for bits in access):
            self.notes["links are not for motor vehicles: they were left out"] += 1
            return ()
        return tuple(access)

    def _uses(self, said: str) -> int:
        bits = 0
        for use in said.replace(";", ",").split(","):
            word = use.strip().casefold()
            if word not in USES:
                self.notes[f"times the use {word!r} is not known: it was passed over"] += 1
            bits |= USES.get(word, 0)
        return bits

    def _line(self, row: int, start: str, end: str, length_m: float) -> tuple[NDArray[np.float64] | None, float]:
        """Line of a link in metres, from its start, and its stated length over that of the line (NaN: not stated)."""
        import shapely

        said = self._cell("geometry", row) or self._shape_of.get(self._cell("geometry_id", row), "")
        ends = np.array([self.at[start], self.at[end]])
        line = ends
        if said:
            try:
                shape = shapely.from_wkt(said)
                points = shapely.get_coordinates(shape)
            except shapely.errors.ShapelyError:
                points = np.zeros((0, 2))
            if len(points) < 2:
                self.rows.complaints.add("line", row, "geometry", said[:60], "is no line: LINESTRING (x y, x y).")
                return None, math.nan
            line, _ = to_metres(points, self.units.crs, self.epsg)
            gaps = np.hypot(*(line[[0, -1]] - ends).T)
            if np.hypot(*(line[[-1, 0]] - ends).T).sum() < gaps.sum():
                line = line[::-1]
        drawn_m = float(np.hypot(*np.diff(line, axis=0).T).sum())
        if drawn_m < 1.0:
            self.rows.complaints.add("short", row, "link_id", self._cell("link_id", row), "is less than a metre long.")
            return None, math.nan
        return line, length_m / drawn_m if length_m > 0.0 else math.nan

    def _numbers(self, name: str, low: float, high: float, unit: float) -> NDArray[np.float64]:
        if name not in self.rows.columns:
            return np.full(self.rows.size, np.nan)
        values = self.rows.numbers(name, low=low / unit, high=high / unit, empty=math.nan)
        return values * unit

    def _cell(self, name: str, row: int) -> str:
        cell = self.rows.columns[name][row] if name in self.rows.columns else ""
        return "" if cell.casefold() in ("null", "nan", "none") and name != "allowed_uses" else cell


def _apply_movements(
    links: list[DrawnLink], streets_of: Mapping[str, Sequence[DrawnLink]], table: Table | None, notes: Counter[str]
) -> tuple[list[DrawnLink], dict[str, frozenset[tuple[str, str]]]]:
    """Links with the signs that movements tell of, and the turns that are not listed at nodes where some are."""
    if table is None:
        return links, {}
    allowed: dict[str, set[tuple[str, str]]] = defaultdict(set)
    signs: dict[str, str] = {}
    controls = table.columns.get("ctrl_type", [""] * table.size)
    for row, (node, came, goes) in enumerate(
        zip(table.text("node_id"), table.text("ib_link_id"), table.text("ob_link_id"), strict=True)
    ):
        place = f"node/{node}"
        into = [link for link in streets_of.get(came, ()) if link.end == place]
        out = [link for link in streets_of.get(goes, ()) if link.start == place]
        if not into or not out:
            notes["movements lead from or to a link that is not there, or not for motor vehicles"] += 1
            continue
        allowed[place].add((into[0].id, out[0].id))
        word = controls[row].casefold()
        if word in ("stop", "yield"):
            signs[into[0].id] = "stop" if word == "stop" else "give_way"
    banned = {}
    for place, pairs in allowed.items():
        come = [link.id for link in links if link.end == place]
        go = [link.id for link in links if link.start == place]
        banned[place] = frozenset((a, b) for a in come for b in go if (a, b) not in pairs)
    return [replace(link, sign=signs[link.id]) if link.id in signs else link for link in links], banned


def _not_read(folder: Path) -> list[str]:
    """Which tables of the folder say something that is not expressed."""
    others = sorted(file.name for file in folder.glob("*.csv") if file.name not in TABLES)
    return [f"Not read: {', '.join(others)}."] if others else []


def _units(folder: Path, declared: Any, found: list[Complaints]) -> _Units | None:
    """Units and CRS of the config, or else of the scenario."""
    config = _table(folder / "config.csv", CONFIG_COLUMNS, found, optional=True)
    first = {} if config is None else {name: cells[0] for name, cells in config.columns.items()}
    length = getattr(declared, "length_unit", None) or first.get("long_length") or first.get("short_length") or ""
    speed = getattr(declared, "speed_unit", None) or first.get("speed") or ""
    crs = str(getattr(declared, "crs", None) or first.get("crs") or "").upper().removeprefix("EPSG:")
    complaints = Complaints(folder if config is None else folder / "config.csv")
    way_out = "Declare it: network: {gmns: {crs: 4326, length_unit: mi, speed_unit: mph}}."
    for what, said, known in (("length", length, LENGTH_M), ("speed", speed, SPEED_MPS)):
        if said.casefold() not in known:
            words = (
                f"does not say the unit of {what}" if not said else f"has a unit of {what} that is not known: {said!r}"
            )
            complaints.whole(f"{words}. {way_out}")
    if not crs.isdigit():
        complaints.whole(f"does not say the EPSG number of its coordinates. {way_out}")
    if complaints:
        found.append(complaints)
        return None
    return _Units(int(crs), LENGTH_M[length.casefold()], SPEED_MPS[speed.casefold()])


def _table(file: Path, columns: Sequence[Column], found: list[Complaints], *, optional: bool = False) -> Table | None:
    if optional and not file.is_file():
        return None
    table, complaints = read_table(file, columns)
    found.append(complaints)
    return table


def _no_doubles(complaints: Complaints, key: str, names: Sequence[str]) -> None:
    first: dict[str, int] = {}
    for row, name in enumerate(names):
        if first.setdefault(name, row) != row:
            complaints.add("double", row, key, name, "is there already. Ids differ.")


def _stop_at(found: Sequence[Complaints]) -> None:
    problems = [problem for complaints in found for problem in complaints.problems()]
    if problems:
        raise SourceError(problems)
