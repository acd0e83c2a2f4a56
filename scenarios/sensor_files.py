"""Read a description of observations: which files hold them, in which layout, unit and time zone, and who measured."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import numpy as np
from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema, model_validator

from .demand_tables import Complaints, cells_of
from .described_file import read_description
from .network import Floats
from .problems import NO_VALUE, Problem, ScenarioError, closest_file, closest_hint, in_order
from .readings import Readings, Sensor, sorted_readings
from .sensor_cleaning_rules import CleaningRule
from .sensor_kinds import SENSOR_KINDS
from .sensor_layouts import COLUMNS, Block, numbers, read_blocks, unpacked
from .sensor_times import in_name, known_zone, moments
from .strict import InputFile, Listed, Strict, follow_path

HEADINGS = {"n": 0.0, "ne": 45.0, "e": 90.0, "se": 135.0, "s": 180.0, "sw": 225.0, "w": 270.0, "nw": 315.0}
SENSOR_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "sensor": ("sensor", "sensor_id", "detector", "station", "id", "siteid"),
    "link": ("link", "link_id", "links"),
    "to_link": ("to_link",),
    "lane": ("lane",),
    "lon": ("lon", "longitude"),
    "lat": ("lat", "latitude"),
    "heading": ("heading", "heading_deg", "direction", "dir"),
    "quality": ("quality",),
}


def _files(value: object) -> tuple[Path, ...]:
    """The files that a path, perhaps with * in its name, means."""
    wanted = follow_path(value)
    if "*" in wanted.name:
        found = tuple(sorted(path for path in wanted.parent.glob(wanted.name) if path.is_file()))
        if not found:
            raise ValueError(f"no file has such a name in {wanted.parent.name or 'this folder'}.")
        return found
    if not wanted.is_file():
        raise ValueError(f"no such file.{closest_file(wanted)}")
    return (wanted,)


def _kind(name: str) -> str:
    if name not in SENSOR_KINDS:
        raise ValueError(f"no such kind.{closest_hint(name, SENSOR_KINDS)} All: {', '.join(SENSOR_KINDS)}.")
    return name


FILE_SCHEMA = WithJsonSchema({"type": "string", "format": "path"})
Zone = Annotated[str, AfterValidator(known_zone)]
Separator = Literal[",", ";", "tab"]


def _known_columns(columns: dict[str, str], known: Mapping[str, object]) -> dict[str, str]:
    for name in columns:
        if name not in known:
            raise ValueError(f"`{name}` is none of ours.{closest_hint(name, known)} All: {', '.join(known)}.")
    return columns


class ReadingFile(Strict):
    """One file of readings, or several alike."""

    file: Annotated[tuple[Path, ...], BeforeValidator(_files), Field(strict=False), FILE_SCHEMA] = Field(
        description="CSV, Parquet or XML (edgeData), perhaps packed with gzip; `*` in its name means all such files."
    )
    kind: Annotated[str, AfterValidator(_kind)] = Field(
        "count", description="What was measured: " + ", ".join(SENSOR_KINDS) + ". PeMS files hold counts and speeds."
    )
    layout: Literal["rows", "wide", "pems", "edgedata"] = Field(
        "rows",
        description="`rows`: one reading a row; `wide`: one column a sensor; `pems`: station 5-minute file of PeMS; "
        "`edgedata`: SUMO's.",
    )
    columns: Annotated[dict[str, str], AfterValidator(lambda given: _known_columns(given, COLUMNS))] = Field(
        default_factory=dict,
        description="Our name of a column and the file's, where they differ: " + ", ".join(COLUMNS) + ".",
    )
    separator: Separator = Field(",", description="Between columns of a CSV file: `,`, `;` or `tab`.")
    sensor: str | None = Field(
        None, min_length=1, description="Whose readings these are, where the file has no column that says it."
    )
    unit: str | None = Field(None, description="Unit of the values, such as `km/h`. Left out: that of the kind.")
    interval_s: float | None = Field(
        None, gt=0, le=86_400, description="Length of one interval, s. Left out: what the times of the file are apart."
    )
    begins: dt.datetime | None = Field(
        None,
        strict=False,
        description="Local date and time of a file without times, or of second 0 of one with seconds.",
    )
    time_format: str | None = Field(None, description="How times are written, as `%d.%m.%Y %H:%M`. Left out: ISO 8601.")
    time_in_name: str | None = Field(
        None, description="How a file's name tells its beginning, as `%y%m%d_%H` does of 221014_08-09.csv."
    )
    timezone: Zone | None = Field(
        None,
        description="Of this file's clock, where it is not the place's: `UTC`. An offset in a time goes before it.",
    )
    attributes: Listed[str] = Field((), description="Attributes of an edge in edgeData whose sum is its reading.")

    @model_validator(mode="after")
    def _unit_fits(self) -> Self:
        SENSOR_KINDS[self.kind].factor(self.unit)
        return self


class SensorList(Strict):
    """A table of where the sensors are."""

    file: InputFile = Field(description="CSV with one sensor a row.")
    columns: Annotated[dict[str, str], AfterValidator(lambda given: _known_columns(given, SENSOR_COLUMNS))] = Field(
        default_factory=dict, description="Our name of a column and the file's: " + ", ".join(SENSOR_COLUMNS) + "."
    )
    separator: Separator = Field(",", description="Between columns: `,`, `;` or `tab`.")


class ObservationFile(Strict):
    """What was observed, and where that is written."""

    observations: Literal[1] = Field(description="Version of the file format: 1.")
    name: str | None = Field(None, min_length=1, description="What people call it.")
    scenario: str | None = Field(
        None, description="Scenario on whose streets the sensors are: a file, or a bundled one."
    )
    timezone: Zone | None = Field(
        None, description="Of the place, such as `Europe/Helsinki`. Left out: a clock that nobody puts forward or back."
    )
    sensors: SensorList | None = Field(None, description="Where the sensors are, unless the readings' files say so.")
    files: Listed[ReadingFile] = Field(min_length=1, description="Files of readings.")
    cleaning: Listed[CleaningRule] = Field(
        (), description="What is done about doubtful readings, one rule after the other. Left out: nothing."
    )


@dataclass(frozen=True, slots=True, eq=False)
class Described:
    """A description, the readings, and what of their times is doubtful (rows of the readings)."""

    file: Path
    asked: ObservationFile
    readings: Readings
    never: np.ndarray  # the clock of the place jumped over that time
    twice: np.ndarray  # the clock showed that time twice, and the file once
    notes: tuple[str, ...]
    about: int | None = None  # row of the file that findings are about; the others say what is usual


def read_observations(file: Path) -> Described:
    """Read a description (YAML) with all its files.

    Raises
    ------
    ScenarioError
        With every problem of every file.
    """
    asked, tree = read_description(file, ObservationFile)
    described = read_described(file, asked)
    names = {sensor.name: None for sensor in described.readings.sensors}
    unknown = [
        tree.problem(("cleaning", row, "sensors", place), f"no such sensor.{closest_hint(name, names)}")
        for row, rule in enumerate(asked.cleaning)
        for place, name in enumerate(rule.sensors or ())
        if name not in names
    ]
    if unknown:
        raise ScenarioError(unknown)
    return described


def files_described(file: Path) -> tuple[Path, ...]:
    """Every file that a description of observations (YAML) is made of, itself first; the readings are not looked at.

    Raises
    ------
    ScenarioError
        With every problem of the description.
    """
    asked, _ = read_description(file, ObservationFile)
    sensors = () if asked.sensors is None else (asked.sensors.file,)
    return (file, *sensors, *(path for part in asked.files for path in part.file))


def read_described(
    file: Path,
    asked: ObservationFile,
    *,
    about: int | None = None,
    untimed_s: float | None = None,
    sensors: Mapping[str, Sensor] | None = None,
) -> Described:
    """Read the files of a description that was made already; errors are those of ``read_observations``.

    Parameters
    ----------
    file, asked
        Where it stands, and what it says.
    about
        Row of the file that findings are to be about; None: all.
    untimed_s
        Length of the only interval of a file that has no times and says none.
    sensors
        Where sensors are that the description says nothing of, by name.
    """
    problems: list[Problem] = []
    known = dict(sensors or {})
    known |= _read_sensors(asked.sensors, problems) if asked.sensors is not None else {}
    found = _Readings(asked.timezone or "", known, untimed_s)
    for part in asked.files:
        for path in part.file:
            blocks, wrong = read_blocks(path, part)
            problems += wrong
            for block in blocks:
                problems += found.add(path, block, part)
    if problems:
        raise ScenarioError(in_order(problems))
    readings, never, twice = found.readings()
    return Described(file, asked, readings, never, twice, tuple(found.notes), about)


class _Readings:
    """Readings of one file after the other."""

    def __init__(self, zone: str, known: dict[str, Sensor], untimed_s: float | None) -> None:
        self.notes: list[str] = []
        self._zone, self._known, self._untimed_s = zone, known, untimed_s
        self._row: dict[tuple[str, str], int] = {}
        self._sensors: list[Sensor] = []
        self._files: list[Path] = []
        self._parts: list[dict[str, np.ndarray]] = []

    def add(self, file: Path, block: Block, asked: ReadingFile) -> list[Problem]:
        """Take one block over, or say why not."""
        complaints = Complaints(file, block.line)
        sensor = np.array([self._sensor(name, block) for name in block.names], np.int32)
        begin_s, never, twice = self._begin_s(file, block, asked, sensor, complaints)
        span_s = self._span_s(block, asked, sensor, begin_s, complaints)
        if complaints:
            return complaints.problems()
        self._files.append(file)
        self._parts.append(
            {
                "sensor": sensor,
                "begin_s": begin_s,
                "span_s": span_s,
                "value": block.value * SENSOR_KINDS[block.kind].factor(block.unit or asked.unit),
                "source": np.full(sensor.size, len(self._files) - 1, np.int32),
                "line": np.asarray(block.line, np.int32),
                "never": never,
                "twice": twice,
            }
        )
        return []

    def readings(self) -> tuple[Readings, np.ndarray, np.ndarray]:
        """All of them, in their order."""
        columns = {name: np.concatenate([part[name] for part in self._parts]) for name in self._parts[0]}
        order = np.lexsort((columns["line"], columns["source"], columns["begin_s"], columns["sensor"]))
        never, twice = (np.flatnonzero(columns.pop(name)[order]) for name in ("never", "twice"))
        return sorted_readings(self._sensors, columns, self._files, self._zone), never, twice

    def _sensor(self, name: str, block: Block) -> int:
        row = self._row.get((name, block.kind))
        if row is None:
            row = self._row[name, block.kind] = len(self._sensors)
            sensor = replace(self._known.get(name, Sensor(name, block.kind)), kind=block.kind)
            links, lane = block.places.get(name, ((), None))
            if links:
                sensor = replace(sensor, links=links, lane=lane)
            self._sensors.append(sensor)
        return row

    def _begin_s(
        self, file: Path, block: Block, asked: ReadingFile, sensor: np.ndarray, complaints: Complaints
    ) -> tuple[Floats, np.ndarray, np.ndarray]:
        zone = asked.timezone if asked.timezone is not None else self._zone
        nowhere = np.zeros(sensor.size, np.bool_)
        if block.when is not None and not isinstance(block.when, np.ndarray):
            found = moments(block.when, sensor, asked.time_format or block.time_format, zone)
            for row in np.flatnonzero(np.isnan(found.utc_s)).tolist():
                written = asked.time_format or block.time_format or "ISO 8601"
                said = f"is no time as {written} writes it. Say how with `time_format`."
                complaints.add("time", row, "time", block.when[row], said)
            return found.utc_s, found.never, found.twice
        begins = asked.begins
        if asked.time_in_name is not None:
            begins = in_name(file.name, asked.time_in_name)
            if begins is None:
                complaints.whole(f"has no time as {asked.time_in_name} in its name (`time_in_name`).")
        elif begins is None:
            complaints.whole("has no times: name their column (`columns: {time: …}`), or say when it `begins`.")
        if begins is None:
            return np.full(sensor.size, np.nan), nowhere, nowhere
        start = moments([begins.isoformat()], np.zeros(1, np.int32), None, zone)
        after = np.zeros(sensor.size) if block.when is None else block.when
        return start.utc_s[0] + after, nowhere | start.never[0], nowhere | start.twice[0]

    def _span_s(
        self, block: Block, asked: ReadingFile, sensor: np.ndarray, begin_s: Floats, complaints: Complaints
    ) -> Floats:
        if block.span_s is not None:
            for row in np.flatnonzero(~(block.span_s > 0)).tolist():
                complaints.add(
                    "span", row, "interval_s", NO_VALUE, "ends before it begins: an interval is longer than 0 s."
                )
            return block.span_s
        span_s = asked.interval_s or (self._untimed_s if block.when is None else None)
        if span_s is None:
            order = np.lexsort((begin_s, sensor))
            apart = np.diff(begin_s[order])[np.diff(sensor[order]) == 0]
            apart = apart[apart > 0]
            if not apart.size:
                complaints.whole("does not say how long its intervals are: give `interval_s`.")
                return np.full(sensor.size, np.nan)
            lengths, often = np.unique(apart, return_counts=True)
            span_s = float(lengths[often.argmax()])
            self.notes.append(f"{complaints.file.name}: intervals of {span_s:g} s, as its times are apart.")
        return np.full(sensor.size, span_s)


def _read_sensors(asked: SensorList, problems: list[Problem]) -> dict[str, Sensor]:
    complaints = Complaints(asked.file)
    data = unpacked(asked.file, complaints)
    cells = (
        None
        if data is None
        else cells_of(data, complaints, separator="\t" if asked.separator == "tab" else asked.separator)
    )
    found = {} if cells is None else _sensor_columns(cells, asked, complaints)
    if cells is None or "sensor" not in found:
        problems += complaints.problems()
        return {}
    size = len(cells[found["sensor"]])
    column = {ours: cells[theirs] for ours, theirs in found.items()}
    empty = [""] * size
    lon, lat, quality = (numbers(column.get(name, empty), name, complaints) for name in ("lon", "lat", "quality"))
    sensors: dict[str, Sensor] = {}
    for row in range(size):
        name = column["sensor"][row]
        if name in sensors:
            complaints.add(
                "double", row, found["sensor"], name, f"stands in line {sensors[name].line} already. Names differ."
            )
            continue
        lane = column.get("lane", empty)[row]
        links = tuple(part.strip() for part in column.get("link", empty)[row].split(";") if part.strip())
        to_link = column.get("to_link", empty)[row]
        sensors[name] = Sensor(
            name,
            "count",
            (*links, to_link) if to_link else links,
            int(lane) if lane.isdigit() else None,
            float(lon[row]),
            float(lat[row]),
            _heading(column.get("heading", empty)[row], row, complaints),
            float(quality[row]),
            None if complaints.lines is None else complaints.lines[row],
        )
    problems += complaints.problems()
    return sensors


def _sensor_columns(cells: Mapping[str, Sequence[str]], asked: SensorList, complaints: Complaints) -> dict[str, str]:
    found = {}
    for ours, often in SENSOR_COLUMNS.items():
        theirs = asked.columns.get(ours)
        if theirs is not None and theirs not in cells:
            said = f"has no column `{theirs}`, which `columns` names as {ours}.{closest_hint(theirs, cells)}"
            complaints.whole(f"{said} It has: {', '.join(list(cells)[:20])}.", line=1)
        name = theirs or next((name for name in cells if name.casefold() in often), None)
        if name in cells:
            found[ours] = str(name)
    if "sensor" not in found and not complaints:
        complaints.whole(
            f"has no column `sensor`. It has: {', '.join(list(cells)[:20])}. Say which with `columns`.", line=1
        )
    return found


def _heading(cell: str, row: int, complaints: Complaints) -> float:
    """Degrees from north clockwise, of a number or of N, NE, …; NaN where the cell is empty."""
    word = cell.strip().casefold()
    if not word:
        return np.nan
    if word in HEADINGS:
        return HEADINGS[word]
    try:
        value = float(word)
    except ValueError:
        value = np.nan
    if not 0 <= value <= 360:
        complaints.add(
            "heading",
            row,
            "heading",
            cell,
            "must be degrees from north (0 to 360), or one of N, NE, E, SE, S, SW, W, NW.",
        )
        return np.nan
    return value


def observation_schema() -> dict[str, Any]:
    """JSON Schema of descriptions of observations."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **ObservationFile.model_json_schema()}
