"""Write and read a run folder: the manifest, the summary and the Parquet tables of one run.

The folder is readable at any moment: JSON files are replaced whole, tables are closed by ``RunFolder.close`` on
success, on failure and on Ctrl-C, and the manifest says which of the three it was.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import math
import os
import platform
import sys
import traceback
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Protocol, Self

import numpy as np

from ..scenarios.problems import NO_VALUE, InputError, Problem
from .run_tables import SCHEMAS
from .run_tables_read import RunTables

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

Status = Literal["running", "finished", "interrupted", "failed"]

MANIFEST = "manifest.json"
SUMMARY = "summary.json"
TRACEBACK = "traceback.txt"
REPORT = "report.html"
CHECKPOINTS = "checkpoints"  # folder of snapshots
STRANDED_FILES = ("stranded.csv", "stranded.geojson")
MESSAGES = "messages"  # folder of warnings in CAP 1.2
ARRIVALS_FILE = "gas_arrivals.geojson"  # of runs with gas
PEOPLE_FILES = ("trapped.csv", "casualties.csv", "people_in_hazards.geojson")  # of runs with hazards
SUMO_FILES = ("edgedata.xml", "tripinfo.xml", "fcd.xml")
ROWS_PER_GROUP = 65_536


class RunFolderError(InputError):
    """A folder that cannot be written to or is not a run folder."""

    def __init__(self, folder: Path, text: str) -> None:
        super().__init__(Problem(folder, None, "", NO_VALUE, text))

    def __reduce__(self) -> tuple[type[InputError], tuple[tuple[Problem, ...]]]:
        return InputError, (self.problems,)


class Table(Protocol):
    """Where the rows of one table go."""

    rows: int  # so far

    def write(self, columns: Mapping[str, Any]) -> None:
        """Append rows, see ``TableWriter.write``."""


class TableWriter:
    """Append rows to one Parquet table of a run folder.

    Rows are collected into row groups of at least ``ROWS_PER_GROUP`` rows, so small writes stay cheap.
    """

    def __init__(self, path: Path, table: str) -> None:
        import pyarrow.parquet as pq

        self.table = table
        self.rows = 0
        self._schema = table_schema(table)
        self._file: pq.ParquetWriter = pq.ParquetWriter(path, self._schema, compression="zstd")
        self._waiting: list[pa.RecordBatch] = []
        self._waiting_rows = 0

    def write(self, columns: Mapping[str, Any]) -> None:
        """Append rows.

        Parameters
        ----------
        columns
            One array (or list) per declared column, all of one length.

        Raises
        ------
        ValueError
            When a column is missing, undeclared or of another length.
        """
        self.append(record_batch(self.table, columns))

    def append(self, batch: pa.RecordBatch) -> None:
        """Append rows that have the table's columns."""
        if batch.num_rows == 0:
            return
        self.rows += batch.num_rows
        self._waiting.append(batch)
        self._waiting_rows += batch.num_rows
        if self._waiting_rows >= ROWS_PER_GROUP:
            self._flush()

    def close(self) -> None:
        """Write what is waiting and the footer; without it the table cannot be read."""
        self._flush()
        self._file.close()

    def _flush(self) -> None:
        import pyarrow as pa

        if self._waiting:
            self._file.write_table(pa.Table.from_batches(self._waiting), row_group_size=1 << 20)
        self._waiting, self._waiting_rows = [], 0


def table_schema(table: str) -> pa.Schema:
    """Arrow schema of a table."""
    import pyarrow as pa

    return pa.schema([(name, pa.type_for_alias(kind)) for name, kind in SCHEMAS[table].items()])


def record_batch(table: str, columns: Mapping[str, Any]) -> pa.RecordBatch:
    """Rows of a table, see ``TableWriter.write``."""
    import pyarrow as pa

    declared, schema = SCHEMAS[table], table_schema(table)
    if set(columns) != set(declared):
        missing, extra = sorted(set(declared) - set(columns)), sorted(set(columns) - set(declared))
        msg = f"table {table}: missing columns {missing}, undeclared columns {extra}"
        raise ValueError(msg)
    arrays = [pa.array(columns[name], type=schema.field(name).type) for name in declared]
    return pa.record_batch(arrays, schema=schema)  # raises when lengths differ


class RunFolder:
    """One run's folder while it is being written. Use it as a context manager.

    Leaving the block marks the run ``finished``, on Ctrl-C ``interrupted``, on any other exception ``failed`` (with the
    traceback in ``traceback.txt``). The exception goes on.

    Raises
    ------
    RunFolderError
        When the folder holds something else than an earlier run.

    Examples
    --------
    >>> with RunFolder(tmp_path / "run", seed=1) as folder:  # doctest: +SKIP
    ...     folder.writer("events").write({"t_s": [0.0], "kind": ["note"], "where": [""], "text": ["start"]})
    ...     folder.summarise({"created": 0})
    """

    def __init__(self, path: str | Path, /, *, goes_on: bool = False, **facts: Any) -> None:
        self.path = Path(path)
        self.manifest: dict[str, Any] = {}
        self._writers: dict[str, TableWriter] = {}
        self._closed = False
        if goes_on:
            self.manifest = read_run(self.path).manifest
            self.manifest.pop("error", None)
            (self.path / TRACEBACK).unlink(missing_ok=True)
            resumed = [*self.manifest.get("resumed", ()), {"at": _now(), "command": command_line()}]
            self.note(status="running", finished=None, resumed=resumed)
            return
        _make_way(self.path)
        self.note(status="running", started=_now(), finished=None, **versions(), inputs=[], warnings=[], **facts)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            self.close("finished")
        elif isinstance(error, KeyboardInterrupt):
            self.close("interrupted")
        else:
            (self.path / TRACEBACK).write_text("".join(traceback.format_exception(error)), encoding="utf-8")
            self.note(error=f"{type(error).__name__}: {error}")
            self.close("failed")

    def note(self, **facts: Any) -> None:
        """Add facts to the manifest and save it."""
        self.manifest.update(facts)
        write_json(self.path / MANIFEST, self.manifest)

    def warn(self, text: str) -> None:
        """Add a warning that the report will show."""
        if text not in self.manifest["warnings"]:
            self.note(warnings=[*self.manifest["warnings"], text])

    def add_inputs(self, paths: Iterable[str | Path]) -> None:
        """Record input files with their SHA-256."""
        known = {entry["path"] for entry in self.manifest["inputs"]}
        new = [{"path": path, "sha256": sha256(path)} for path in dict.fromkeys(map(str, paths)) if path not in known]
        self.note(inputs=[*self.manifest["inputs"], *new])

    def writer(self, table: str) -> Table:
        """Return the writer of a table, the same one at every call."""
        if table not in self._writers:
            self._writers[table] = TableWriter(self.path / f"{table}.parquet", table)
        return self._writers[table]

    def summarise(self, summary: Mapping[str, Any]) -> None:
        """Save the figures of the run (``summary.json``)."""
        write_json(self.path / SUMMARY, summary)

    def close(self, status: Status) -> None:
        """Close every table and mark the run. The first call counts."""
        if self._closed:
            return
        self._closed = True
        for writer in self._writers.values():
            writer.close()
        self.note(status=status, finished=_now())


@dataclass(frozen=True)
class Run(RunTables):
    """One run as it was left on disk; tables are read when they are asked for."""

    folder: Path
    manifest: dict[str, Any]
    summary: dict[str, Any] = field(default_factory=dict)


def read_run(path: str | Path) -> Run:
    """Read a run folder.

    Raises
    ------
    RunFolderError
        When there is no run folder or its manifest cannot be read.
    """
    folder = Path(path)
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        text = f"not a run folder ({MANIFEST} is missing). Make one: citytwin run FILE -o {folder}"
        raise RunFolderError(folder, text) from error
    except (OSError, ValueError) as error:
        text = f"cannot be read ({error}). Repeat the run: citytwin run FILE -o {folder}"
        raise RunFolderError(folder / MANIFEST, text) from error
    if not isinstance(manifest, dict) or "citytwin" not in manifest:
        raise RunFolderError(folder / MANIFEST, "not written by citytwin. Make a run folder: citytwin run FILE -o DIR")
    try:
        summary = json.loads((folder / SUMMARY).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        summary = {}  # an interrupted run may have none
    return Run(folder, manifest, summary)


def sha256(path: str | Path) -> str:
    """SHA-256 of a file, hexadecimal."""
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def versions() -> dict[str, str]:
    """Versions that decide what a run computes, as the manifest lists them."""
    return {
        "citytwin": metadata.version("citytwin"),
        "python": platform.python_version(),
        "numpy": np.__version__,
        "numba": metadata.version("numba"),
        "platform": platform.platform(),
    }


def write_json(path: Path, value: Any) -> None:
    """Write JSON so that a reader sees the old file or the new one, never a part."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    beside.write_text(json.dumps(plain(value), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    beside.replace(path)


def plain(value: Any) -> Any:
    """Turn numpy values, paths and times into what JSON knows; NaN and infinity become null."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, np.ndarray):
        return plain(value.tolist())
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(item) for item in value]
    if isinstance(value, np.generic):
        return plain(value.item())
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is None or isinstance(value, bool | int | str):
        return value
    return value.isoformat() if isinstance(value, dt.date | dt.datetime) else str(value)


def _make_way(path: Path) -> None:
    """Make the folder, or empty it of an earlier run's own files; refuse anything else."""
    if path.exists() and not path.is_dir():
        raise RunFolderError(path, f"is a file. Give a folder: -o {path.with_suffix('')}_run")
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RunFolderError(path, f"cannot be made ({error.strerror}). Give another folder: -o DIR") from error
    if not os.access(path, os.W_OK):
        raise RunFolderError(path, "not writable. Give another folder: -o DIR")
    if not any(path.iterdir()):
        return
    try:
        read_run(path)
    except RunFolderError as error:
        raise RunFolderError(path, f"not empty and not a run folder. Give a new or empty one: -o {path}/run") from error
    packed = (f"{name}{end}" for name in SUMO_FILES for end in ("", ".gz"))
    for name in (
        SUMMARY,
        TRACEBACK,
        REPORT,
        *STRANDED_FILES,
        *PEOPLE_FILES,
        ARRIVALS_FILE,
        *(f"{table}.parquet" for table in SCHEMAS),
        *packed,
    ):
        (path / name).unlink(missing_ok=True)
    for file in (*(path / CHECKPOINTS).glob("*"), *(path / MESSAGES).glob("*.xml")):
        file.unlink()


def _now() -> str:
    return dt.datetime.now(dt.UTC).isoformat(timespec="seconds")


def command_line() -> str:
    """The command as typed, for the manifest."""
    import shlex

    return shlex.join([Path(sys.argv[0]).name, *sys.argv[1:]])
