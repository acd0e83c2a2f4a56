"""Read files of readings in the layouts they come in: rows, one column a sensor, PeMS, SUMO's edgeData."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from .demand_tables import Complaints, cells_of
from .network import Floats
from .problems import NO_VALUE, Problem, closest_hint
from .sumo_xml import NotWhole, SumoFile

if TYPE_CHECKING:
    from .sensor_files import ReadingFile

MISSING = frozenset({"", "na", "nan", "n/a", "null", "none", "-", "--"})  # cells that hold no reading
COLUMNS: Mapping[str, tuple[str, ...]] = {  # ours -> what files call it where nothing is said
    "time": ("time", "timestamp", "datetime", "date_time", "begin", "start", "interval_start"),
    "time_s": ("time_s", "begin_s", "start_s", "interval_start_s"),
    "step": ("step",),
    "interval_s": ("interval_s", "span_s"),
    "end_s": ("end_s", "interval_end_s"),
    "sensor": ("sensor", "sensor_id", "detector", "detector_id", "station", "id"),
    "link": ("link", "link_id", "edge", "edge_id"),
    "to_link": ("to_link", "to_edge"),
    "lane": ("lane",),
    "value": ("value", "count", "veh", "vehicles", "count_veh", "flow", "interval_nvehcontrib", "speed", "travel_time"),
}
PEMS_COLUMNS = (
    *("time", "station", "district", "freeway", "direction", "lane_type", "length", "samples", "observed"),
    *("flow", "occupancy", "speed"),
)
PEMS_LANE_COLUMNS = 5  # samples, flow, occupancy, speed, observed
PEMS_TIME, PEMS_INTERVAL_S = "%m/%d/%Y %H:%M:%S", 300.0
EDGE_KINDS = {"count": ("left",), "speed": ("speed",), "travel_time": ("traveltime",)}


@dataclass(slots=True)
class Block:
    """Readings of one kind from one file, row by row; ``when`` holds clock times or seconds after ``begins``."""

    kind: str
    names: Sequence[str]
    when: Sequence[str] | Floats | None  # None: the file does not say
    value: Floats
    line: Sequence[int]
    span_s: Floats | None = None
    unit: str | None = None
    places: dict[str, tuple[tuple[str, ...], int | None]] = field(default_factory=dict)  # name -> links, lane
    time_format: str | None = None


def read_blocks(file: Path, asked: ReadingFile) -> tuple[list[Block], list[Problem]]:
    """What a file says, or everything that is wrong with it."""
    if asked.layout == "edgedata":
        return _edge_data(file, asked)
    complaints = Complaints(file)
    cells = _cells(file, asked, complaints)
    if cells is None:
        return [], complaints.problems()
    readers: dict[str, Callable[..., list[Block]]] = {"rows": _rows, "wide": _wide, "pems": _pems}
    blocks = readers[asked.layout](cells, asked, complaints)
    return blocks, complaints.problems()


def _cells(file: Path, asked: ReadingFile, complaints: Complaints) -> dict[str, list[str]] | None:
    data = unpacked(file, complaints)
    if data is None:
        return None
    if asked.layout == "pems":
        extra = data.partition(b"\n")[0].count(b",") + 1 - len(PEMS_COLUMNS)
        header = ",".join([*PEMS_COLUMNS, *(f"lane_{number}" for number in range(max(0, extra)))])
        cells = cells_of(header.encode() + b"\n" + data, complaints)
        complaints.lines = [line - 1 for line in complaints.lines or ()]
    else:
        cells = cells_of(data, complaints, separator="\t" if asked.separator == "tab" else asked.separator)
    if cells is not None and not len(next(iter(cells.values()))):
        complaints.whole("holds a header but no rows. Was the export cut off?")
        return None
    return cells


def unpacked(file: Path, complaints: Complaints) -> bytes | None:
    """What a file holds, unpacked where it is packed with gzip; None where there is nothing to read."""
    try:
        data = file.read_bytes()
        if data.startswith(b"\x1f\x8b"):
            data = gzip.decompress(data)
    except (EOFError, zlib.error, gzip.BadGzipFile):
        complaints.whole("is not a whole gzip file. Copy it again.")
        return None
    except OSError as error:
        complaints.whole(f"cannot be read: {error.strerror}.")
        return None
    if not data.strip():
        complaints.whole("is empty.")
        return None
    return data


def named(header: Sequence[str], columns: Mapping[str, str], complaints: Complaints) -> dict[str, str]:
    """Which of our columns stands under which name: as was said, else as files often call it."""
    found = {}
    for ours, theirs in columns.items():
        if theirs in header:
            found[ours] = theirs
        else:
            said = f"has no column `{theirs}`, which `columns` names as {ours}.{closest_hint(theirs, header)}"
            complaints.whole(f"{said} It has: {', '.join(header[:20])}.", line=1)
    for ours, often in COLUMNS.items():
        named_so = [name for name in header if name.casefold() in often]
        if ours not in columns and named_so:
            found[ours] = named_so[0]
    return found


def numbers(cells: Sequence[str], key: str, complaints: Complaints) -> Floats:
    """Cells as numbers; NaN where there is no reading, and where there is none of sense, which is a problem."""
    try:
        return _finite(np.array([cell or "nan" for cell in cells], np.float64), cells, key, complaints)
    except ValueError:
        return _finite(np.array([_number(cell) for cell in cells]), cells, key, complaints)


def _number(cell: str) -> float:
    try:
        return float(cell)
    except ValueError:
        return np.nan


def _finite(values: Floats, cells: Sequence[str], key: str, complaints: Complaints) -> Floats:
    for row in np.flatnonzero(~np.isfinite(values)).tolist():
        if cells[row].casefold() not in MISSING:
            words = "is not a number."
            if cells[row].count(",") == 1 and np.isfinite(_number(cells[row].replace(",", "."))):
                words = "is not a number: write the decimal sign as a point."
            complaints.add("number", row, key, cells[row], words)
    return np.where(np.isfinite(values), values, np.nan)


def _lines(complaints: Complaints, size: int) -> Sequence[int]:
    return complaints.lines if complaints.lines is not None else [0] * size


def _rows(cells: dict[str, list[str]], asked: ReadingFile, complaints: Complaints) -> list[Block]:
    header = list(cells)
    found = named(header, asked.columns, complaints)
    if complaints:
        return []
    if "sensor" not in found and "link" not in found and asked.sensor is None:
        complaints.whole(
            f"has no column `sensor` or `link`. It has: {', '.join(header[:20])}. Say which with `columns`.", line=1
        )
    if "value" not in found:
        complaints.whole(f"has no column `value`. It has: {', '.join(header[:20])}. Say which with `columns`.", line=1)
    if complaints:
        return []
    links = cells[found["link"]] if "link" in found else None
    to = cells[found["to_link"]] if "to_link" in found else None
    names = cells[found["sensor"]] if "sensor" in found else _link_names(links or (), to)
    if "sensor" not in found and links is None:
        names = [asked.sensor or ""] * len(cells[header[0]])
    for row, name in enumerate(names):
        if not name:
            complaints.add("empty", row, found.get("sensor", "link"), name, "is empty: whose reading is it?")
    value = numbers(cells[found["value"]], found["value"], complaints)
    span_s = numbers(cells[found["interval_s"]], found["interval_s"], complaints) if "interval_s" in found else None
    lanes = cells[found["lane"]] if "lane" in found else None
    when: Sequence[str] | Floats | None = None
    if "time" in found:
        when = cells[found["time"]]
    elif "time_s" in found:
        when = numbers(cells[found["time_s"]], found["time_s"], complaints)
        if "end_s" in found and span_s is None:
            span_s = numbers(cells[found["end_s"]], found["end_s"], complaints) - when
    elif "step" in found:
        when = numbers(cells[found["step"]], found["step"], complaints) * (asked.interval_s or np.nan)
    places = _places(names, links, to, lanes, complaints)
    return [Block(asked.kind, names, when, value, _lines(complaints, len(names)), span_s, places=places)]


def _link_names(links: Sequence[str], to: Sequence[str] | None) -> list[str]:
    return list(links) if to is None else [f"{link} > {other}" for link, other in zip(links, to, strict=True)]


def _places(
    names: Sequence[str],
    links: Sequence[str] | None,
    to: Sequence[str] | None,
    lanes: Sequence[str] | None,
    complaints: Complaints,
) -> dict[str, tuple[tuple[str, ...], int | None]]:
    """Link (and link to) and lane of each sensor, which are the same in all of its rows."""
    places: dict[str, tuple[tuple[str, ...], int | None]] = {}
    if links is None:
        return places
    for row, name in enumerate(names):
        named_links = tuple(links[row].split(";")) if to is None else (links[row], to[row])
        lane = int(lanes[row]) if lanes is not None and lanes[row].isdigit() else None
        place = named_links, lane
        if places.setdefault(name, place) != place:
            before = " > ".join(places[name][0])
            said = f"stands on {before} in an earlier row. A sensor stays where it is: give it two names."
            complaints.add("moved", row, "link", links[row], said)
    return places


def _wide(cells: dict[str, list[str]], asked: ReadingFile, complaints: Complaints) -> list[Block]:
    header = list(cells)
    first = next((asked.columns[key] for key in ("time", "time_s", "step") if key in asked.columns), header[0])
    if first not in cells:
        complaints.whole(
            f"has no column `{first}`.{closest_hint(first, header)} It has: {', '.join(header[:20])}.", line=1
        )
        return []
    names = [name for name in header if name != first]
    size = len(cells[first])
    value = np.concatenate([numbers(cells[name], name, complaints) for name in names]) if names else np.zeros(0)
    when: Sequence[str] | Floats = cells[first] * len(names)
    if "step" in asked.columns or first.casefold() == "step":
        when = np.tile(numbers(cells[first], first, complaints) * (asked.interval_s or np.nan), len(names))
    elif "time_s" in asked.columns or first.casefold() in COLUMNS["time_s"]:
        when = np.tile(numbers(cells[first], first, complaints), len(names))
    lines = list(_lines(complaints, size)) * len(names)
    return [Block(asked.kind, [name for name in names for _ in range(size)], when, value, lines)]


def _pems(cells: dict[str, list[str]], asked: ReadingFile, complaints: Complaints) -> list[Block]:
    """Station 5-Minute files of the Caltrans Performance Measurement System: flow of all lanes, and speed in mph.

    What PeMS filled in itself (no lane observed) is no reading.
    """
    if (len(cells) - len(PEMS_COLUMNS)) % PEMS_LANE_COLUMNS:
        said = (
            f"has {len(cells)} columns; a PeMS station file has 12 and five for each lane. Is it another kind of file?"
        )
        complaints.whole(said, line=1)
        return []
    guessed = numbers(cells["observed"], "% observed", complaints) == 0
    lines, size = _lines(complaints, len(guessed)), len(guessed)
    blocks = []
    for kind, column, unit in (("count", "flow", None), ("speed", "speed", "mph")):
        value = np.where(guessed, np.nan, numbers(cells[column], column, complaints))
        span_s = np.full(size, PEMS_INTERVAL_S)
        blocks.append(
            Block(
                kind,
                cells["station"],
                cells["time"],
                value,
                lines,
                span_s,
                unit,
                time_format=asked.time_format or PEMS_TIME,
            )
        )
    return blocks


def _edge_data(file: Path, asked: ReadingFile) -> tuple[list[Block], list[Problem]]:
    """SUMO's edgeData: ``<interval begin end><edge id left speed …/></interval>``."""
    xml = SumoFile(file)
    attributes = asked.attributes or EDGE_KINDS.get(asked.kind, ())
    if not attributes:
        said = f"which attribute of an edge is its {asked.kind}? Name it under `attributes`."
        return [], [Problem(file, None, "", NO_VALUE, said)]
    names: list[str] = []
    begin: list[float] = []
    span: list[float] = []
    value: list[float] = []
    lines: list[int] = []
    try:
        for interval in xml.elements("meandata"):
            from_s, to_s = xml.seconds(interval, "begin"), xml.seconds(interval, "end")
            for edge in interval.all("edge"):
                found = [xml.number(edge, name, np.nan) for name in attributes]
                names.append(xml.text(edge, "id"))
                begin.append(from_s)
                span.append(to_s - from_s)
                value.append(float(np.sum(found)))
                lines.append(edge.line)
    except NotWhole:
        return [], xml.problems()
    if not names:
        xml.complain(None, "", NO_VALUE, "holds no <edge> in an <interval>: nothing was counted.")
        return [], xml.problems()
    places: dict[str, tuple[tuple[str, ...], int | None]] = {name: ((name,), None) for name in names}
    block = Block(asked.kind, names, np.array(begin), np.array(value), lines, np.array(span), places=places)
    return [block], xml.problems()
