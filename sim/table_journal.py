"""Keep the tables of a run in a way in which they can be cut back to what stood there at a moment.

A Parquet file cannot be read before its last byte is written, and cannot be added to afterwards. So a run that takes
snapshots appends its rows to an Arrow stream, one per table, and a snapshot notes how long each is. When the run ends
the streams are written as the same Parquet files that it would have left otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from ..agents.remembering import Remembers, State
from .run_folder import CHECKPOINTS, RunFolder, TableWriter, record_batch, table_schema

if TYPE_CHECKING:
    from .run_folder import Status


class TableJournal:
    """Appends rows to the Arrow stream of one table.

    ``goes_on``: there is one already, of which a snapshot will say how much counts; until then nothing is written.
    """

    def __init__(self, path: Path, table: str, *, goes_on: bool) -> None:
        self.path, self.table = path, table
        self.rows = 0
        self._schema = table_schema(table)
        self._file: BinaryIO | None = None if goes_on else path.open("wb")
        if self._file is not None:
            self._file.write(self._schema.serialize())

    def write(self, columns: Mapping[str, Any]) -> None:
        """Append rows, see ``TableWriter.write``."""
        if self._file is None:
            return
        batch = record_batch(self.table, columns)
        if batch.num_rows:
            self._file.write(batch.serialize())
            self.rows += batch.num_rows

    def place(self) -> list[int]:
        """Bytes and rows written so far."""
        if self._file is None:
            return [0, 0]
        self._file.flush()
        return [self._file.tell(), self.rows]

    def cut(self, size: int, rows: int) -> None:
        """Forget what was written after a place; at 0 bytes the stream begins anew.

        Raises
        ------
        ValueError
            When so much was never written.
        """
        if self._file is not None:
            self._file.close()
        there = self.path.stat().st_size if self.path.exists() else 0
        if there < size:
            msg = f"{self.path.name} has {there} bytes and had {size}"
            raise ValueError(msg)
        self._file = self.path.open("r+b" if size else "wb")
        self._file.truncate(size)
        self._file.seek(size)
        self.rows = rows
        if not size:
            self._file.write(self._schema.serialize())

    def close(self) -> None:
        """Write the table as a Parquet file beside the streams' folder."""
        import pyarrow as pa

        if self._file is None:
            return
        self._file.close()
        writer = TableWriter(self.path.parent.parent / f"{self.table}.parquet", self.table)
        with pa.OSFile(str(self.path)) as stream:
            for batch in pa.ipc.open_stream(stream):
                writer.append(batch)
        writer.close()


class JournaledFolder(RunFolder, Remembers):
    """A run folder whose tables can be cut back to what they were when a snapshot was taken.

    ``goes_on``: it holds a run that was stopped, and goes on from a snapshot that will be put back.
    """

    def __init__(self, path: str | Path, /, *, goes_on: bool = False, **facts: Any) -> None:
        super().__init__(path, goes_on=goes_on, **facts)
        self._goes_on = goes_on
        self._journals: dict[str, TableJournal] = {}
        self.checkpoints.mkdir(exist_ok=True)

    @property
    def checkpoints(self) -> Path:
        """Where snapshots and streams lie."""
        return self.path / CHECKPOINTS

    def writer(self, table: str) -> TableJournal:
        """Return the writer of a table, the same one at every call."""
        if table not in self._journals:
            path = self.checkpoints / f"{table}.arrows"
            self._journals[table] = TableJournal(path, table, goes_on=self._goes_on)
        return self._journals[table]

    def state(self) -> State:
        """How long every table is."""
        return {name: journal.place() for name, journal in self._journals.items()}

    def restore(self, state: State) -> None:
        """Cut every table back to what it was."""
        self._goes_on = False
        for name, place in state.items():
            self.writer(name) if name in self._journals else self._take_up(name)
            self._journals[name].cut(*place)
        for name in self._journals.keys() - state.keys():
            self._journals[name].cut(0, 0)

    def _take_up(self, table: str) -> None:
        path = self.checkpoints / f"{table}.arrows"
        self._journals[table] = TableJournal(path, table, goes_on=True)

    def close(self, status: Status) -> None:
        """Write the tables and mark the run; the first call counts."""
        if self._closed:
            return
        for journal in self._journals.values():
            journal.close()
        super().close(status)
        if status == "finished":
            for journal in self._journals.values():
                journal.path.unlink(missing_ok=True)
