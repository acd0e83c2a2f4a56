"""Read tables of demand (CSV, Parquet), check every cell, and say of each problem where it stands."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .network import Floats
from .problems import NO_VALUE, Problem, closest, closest_hint, shown_value

COLUMNS_SHOWN = 20
SHOWN = 10  # problems of one kind before they are summed up
LARGEST_CELL = 1_000_000  # characters; a route of many rounds is long
ENDINGS = (".csv", ".parquet")


@dataclass(slots=True)
class Complaints:
    """Problems of one file; of many alike only the first are shown, then how many there are."""

    file: Path
    lines: Sequence[int] | None = None  # of each row; None where rows have no lines (Parquet)
    _found: dict[tuple[str, str], list[Problem]] = field(default_factory=dict)
    _count: dict[tuple[str, str], int] = field(default_factory=dict)

    def add(self, kind: str, row: int | None, key: str, value: object, text: str) -> None:
        """Note a problem with a cell; ``kind`` and ``key`` together say which problems are alike."""
        alike = kind, key
        self._count[alike] = self._count.get(alike, 0) + 1
        if self._count[alike] > SHOWN:
            return
        line = None
        if row is not None and self.lines is not None:
            line = self.lines[row]
        elif row is not None:
            key = f"row {row + 1}, {key}"
        self._found.setdefault(alike, []).append(Problem(self.file, line, key, value, text))

    def whole(self, text: str, *, line: int | None = None) -> None:
        """Note a problem of the file as a whole."""
        self._found.setdefault(("whole", text), []).append(Problem(self.file, line, "", NO_VALUE, text))

    def rows(self, kind: str, rows: NDArray[np.integer], key: str, values: Sequence[object], text: str) -> None:
        """Note the same problem for many rows."""
        for row in rows[:SHOWN].tolist():
            self.add(kind, row, key, values[row], text)
        if rows.size > SHOWN:
            self._count[kind, key] = self._count.get((kind, key), 0) + rows.size - SHOWN

    def __bool__(self) -> bool:
        return bool(self._found)

    def problems(self) -> list[Problem]:
        """All of them."""
        result = []
        for alike, found in self._found.items():
            result += found
            more = self._count.get(alike, 0) - len(found)
            if more > 0:
                last = found[-1].line
                said = f"and {more:,} more rows with the same problem."
                result.append(Problem(self.file, last, alike[1], NO_VALUE, said))
        return result


@dataclass(frozen=True, slots=True)
class Column:
    """What a table's column is called, its other names, and whether it may be left out."""

    name: str
    also: tuple[str, ...] = ()
    required: bool = True


@dataclass(frozen=True, slots=True)
class Table:
    """Cells as text, by column; an absent optional column is not there."""

    columns: Mapping[str, Sequence[str]]
    size: int
    complaints: Complaints

    def text(self, name: str) -> Sequence[str]:
        """A column's cells, stripped; an empty cell is a problem."""
        cells = self.columns[name]
        empty = np.array([row for row, cell in enumerate(cells) if not cell], np.int64)
        self.complaints.rows("empty", empty, name, cells, "is empty.")
        return cells

    def numbers(
        self, name: str, *, low: float = -math.inf, high: float = math.inf, empty: float | None = None, unit: str = ""
    ) -> Floats:
        """A column as numbers in ``low``..``high``; NaN where it holds none, each of which is a problem.

        ``empty`` is what an empty cell means; without it an empty cell is a problem.
        """
        cells = self.columns[name]
        try:
            values = np.array(cells, np.float64)
        except ValueError:
            values = np.array([_number(cell) for cell in cells])
        is_empty = np.array([not cell for cell in cells], np.bool_)
        if empty is None:
            self.complaints.rows("empty", np.flatnonzero(is_empty), name, cells, f"is empty: give a number{unit}.")
        wrong = ~np.isfinite(values) & ~is_empty
        for row in np.flatnonzero(wrong).tolist():
            self.complaints.add("number", row, name, cells[row], _not_a_number(cells[row]))
        for row in np.flatnonzero(~wrong & ~is_empty & ~((values >= low) & (values <= high))).tolist():
            self.complaints.add("range", row, name, values[row], _range_text(low, high, unit))
            values[row] = np.nan
        values[wrong] = np.nan
        values[is_empty] = np.nan if empty is None else empty
        return values


def read_table(file: Path, columns: Sequence[Column]) -> tuple[Table | None, Complaints]:
    """Read a CSV or Parquet file; no table where it cannot be used at all. Unknown columns are left alone."""
    complaints = Complaints(file)
    try:
        data = file.read_bytes()
    except OSError as error:
        complaints.whole(f"cannot be read: {error.strerror}.")
        return None, complaints
    if not data:
        complaints.whole(f"is empty. It needs the columns {_needed(columns)}.")
        return None, complaints
    cells = cells_of(data, complaints)
    if cells is None:
        return None, complaints
    found = _name_columns(list(cells), columns, complaints)
    if found is None:
        return None, complaints
    size = len(next(iter(cells.values())))
    if size == 0:
        complaints.whole("holds a header but no rows. Was the export cut off?")
        return None, complaints
    return Table({name: cells[written] for name, written in found.items()}, size, complaints), complaints


def cells_of(data: bytes, complaints: Complaints, *, separator: str = ",") -> dict[str, list[str]] | None:
    """Cells of a table by the names of its columns; None where it cannot be used.

    Parameters
    ----------
    data
        What the file holds.
    complaints
        Of that file; learns in which line each row stands.
    separator
        Between the columns of a CSV file.
    """
    if data.startswith(b"PAR1") or complaints.file.name.casefold().endswith(".parquet"):
        return _read_parquet(complaints.file, complaints)
    return _read_csv(data, complaints, separator)


def _needed(columns: Sequence[Column]) -> str:
    return ", ".join(column.name for column in columns if column.required)


def _name_columns(header: list[str], columns: Sequence[Column], complaints: Complaints) -> dict[str, str] | None:
    """Which written column is which; complain of missing ones and of those that look misspelt."""
    found: dict[str, str] = {}
    for column in columns:
        written = [name for name in header if name.casefold() in (column.name, *column.also)]
        if written:
            found[column.name] = written[0]
        if len(written) > 1:
            both = " and ".join(f"`{name}`" for name in written[:2])
            complaints.whole(f"has {both}, which mean the same. Keep one.", line=1)
    names = [column.name for column in columns]
    missing = [column.name for column in columns if column.required and column.name not in found]
    known = {name for column in columns for name in (column.name, *column.also)}
    unknown = [name for name in header if name.casefold() not in known]
    for name in missing:
        complaints.whole(
            f"has no column `{name}`.{closest_hint(name, unknown)} It has: {_listed(header) or 'none'}.", line=1
        )
    for name in unknown:
        near = [other for other in closest(name, names, limit=1, at_least=80.0) if other not in found]
        if near and near[0] not in missing:
            complaints.whole(f"has a column `{_listed([name])}`, which means nothing here. Is it `{near[0]}`?", line=1)
    return None if missing else found


def _listed(header: Sequence[str]) -> str:
    """Names of columns on one line; with a lone quote in a file one name may hold all of it."""
    shown = [shown_value(" ".join(name.split()))[1:-1] for name in header[:COLUMNS_SHOWN]]
    return ", ".join([*shown, *["…"] * (len(header) > COLUMNS_SHOWN)])


def _read_csv(data: bytes, complaints: Complaints, separator: str) -> dict[str, list[str]] | None:
    text = _decode(data, complaints)
    if text is None:
        return None
    csv.field_size_limit(LARGEST_CELL)
    reader = csv.reader(io.StringIO(text, newline=""), strict=True, delimiter=separator)
    rows: list[list[str]] = []
    lines: list[int] = []
    line = 1
    try:
        for row in reader:
            if row and not (len(row) == 1 and not row[0].strip()):
                rows.append([cell.strip() for cell in row])
                lines.append(line)
            line = reader.line_num + 1
    except csv.Error as error:
        complaints.whole(f"is not a CSV table here: {error}. A quote that is not closed?", line=line)
        return None
    if not rows:
        complaints.whole("is empty.")
        return None
    header = rows[0]
    if separator == "," and len(header) == 1 and header[0].count(";") + header[0].count("\t") > 0:
        mark = "semicolons" if ";" in header[0] else "tabs"
        complaints.whole(f"is separated by {mark}. Save it with commas between columns and a point in numbers.", line=1)
        return None
    complaints.lines = lines[1:]
    kept = []
    for place, row in enumerate(rows[1:]):
        if len(row) == len(header):
            kept.append(row)
            continue
        said = f"has {len(row)} columns, the header has {len(header)}. A comma too many or too few?"
        complaints.add("width", place, "row", NO_VALUE, said)
        kept.append((row + [""] * len(header))[: len(header)])
    return {name: [row[place] for row in kept] for place, name in enumerate(header)}


def _decode(data: bytes, complaints: Complaints) -> str | None:
    if data.startswith(b"\x1f\x8b"):
        complaints.whole("is compressed (gzip). Unpack it first.")
    elif data.startswith((b"\xff\xfe", b"\xfe\xff")):
        complaints.whole("is UTF-16 text. Save it as UTF-8.")
    elif b"\0" in data:
        complaints.whole("is not a text file. A table is CSV or Parquet.")
    else:
        try:
            return data.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            line = data.count(b"\n", 0, error.start) + 1
            complaints.whole(f"is not UTF-8 text (byte 0x{data[error.start]:02X}). Save the file as UTF-8.", line=line)
    return None


def _read_parquet(file: Path, complaints: Complaints) -> dict[str, list[str]] | None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(file)
    except (pa.ArrowException, OSError):
        complaints.whole("is not a whole Parquet file. Was the export cut off?")
        return None
    return {
        name: ["" if cell is None else str(cell).strip() for cell in table.column(name).to_pylist()]
        for name in table.column_names
    }


def _number(cell: str) -> float:
    try:
        return float(cell)
    except ValueError:
        return math.nan


def _not_a_number(cell: str) -> str:
    if cell.count(",") == 1 and not math.isnan(_number(cell.replace(",", "."))):
        return "is not a number: write the decimal sign as a point."
    if cell.count(":") in (1, 2) and cell.replace(":", "").isdigit():
        return "is a clock time: give seconds after the scenario's start."
    if math.isinf(_number(cell)) or cell.casefold() in ("nan", "+nan", "-nan"):
        return "must be a finite number."
    return "is not a number."


def _range_text(low: float, high: float, unit: str) -> str:
    if math.isinf(high):
        return f"must be at least {low:g}{unit}."
    return f"must lie between {low:g} and {high:g}{unit}."


def first_places(values: Iterable[object]) -> dict[object, int]:
    """Row where each value stands first."""
    first: dict[object, int] = {}
    for row, value in enumerate(values):
        first.setdefault(value, row)
    return first
