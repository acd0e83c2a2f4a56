"""Take the whole state of a run at a moment, put it back, and keep it in a file of arrays and JSON.

A file is a ZIP archive as ``numpy.load`` reads it: one ``.npy`` member for every array, and ``state.json``, a tree of
plain values in which ``{"$array": NAME}`` stands for an array. There is no pickled object in it. The archive holds a
checksum of every member.
"""

from __future__ import annotations

import json
import math
import os
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..scenarios.problems import NO_VALUE, InputError, Problem

if TYPE_CHECKING:
    from ..agents.remembering import State
    from .simulation import Simulation

FORMAT = 3
STATE = "state.json"
UNREADABLE = (zipfile.BadZipFile, zlib.error, ValueError, KeyError, TypeError, AttributeError, EOFError, OSError)


class SnapshotError(InputError):
    """A snapshot that cannot be taken, read or put back."""

    def __init__(self, file: Path | None, text: str) -> None:
        super().__init__(Problem(file, None, "", NO_VALUE, text))

    def __reduce__(self) -> tuple[type[InputError], tuple[tuple[Problem, ...]]]:
        return InputError, (self.problems,)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A run at a moment, after everything that happens at that time."""

    t_s: float
    parts: dict[str, State]


def take(simulation: Simulation) -> Snapshot:
    """Keep everything that decides how a run goes on.

    Raises
    ------
    SnapshotError
        When a part of it holds something that cannot be kept.
    """
    simulation.run(simulation.t_s)
    parts = {}
    for name, part in (*simulation.parts.items(), ("duties", simulation.duties)):
        try:
            parts[name] = part.state()
        except TypeError as error:
            text = f"no snapshot can be taken: in {name}, {error}. Override `state` and `restore` of its class."
            raise SnapshotError(None, text) from error
    return Snapshot(simulation.t_s, parts)


def restore(simulation: Simulation, snapshot: Snapshot) -> None:
    """Let a run be as it was when a snapshot was taken: of it, or of another of the same scenario.

    Raises
    ------
    SnapshotError
        When the snapshot is of another run.
    """
    here, there = {*simulation.parts, "duties"}, set(snapshot.parts)
    if here != there:
        differ = ", ".join(sorted(here ^ there))
        raise SnapshotError(None, f"the snapshot is of another run: only one of the two has {differ}")
    for name, part in (*simulation.parts.items(), ("duties", simulation.duties)):
        try:
            part.restore(snapshot.parts[name])
        except (ValueError, KeyError, IndexError) as error:
            raise SnapshotError(None, f"the snapshot is of another run: in {name}, {error}") from error


def write_snapshot(path: Path, snapshot: Snapshot, facts: dict[str, Any]) -> None:
    """Write a snapshot, so that a reader finds all of it or nothing.

    Parameters
    ----------
    path
        File; one that is there is replaced.
    snapshot
        What is written.
    facts
        Of what it is: versions, inputs and whatever else ``read_snapshot`` is to return. Plain values only.
    """
    arrays: dict[str, NDArray[Any]] = {}
    tree = _plain(snapshot.parts, "", arrays)
    head = {"format": FORMAT, "facts": facts, "t_s": snapshot.t_s, "parts": tree}
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    with zipfile.ZipFile(beside, "w", zipfile.ZIP_STORED) as file:
        file.writestr(STATE, json.dumps(head, allow_nan=False))
        for name, array in arrays.items():
            with file.open(f"{name}.npy", "w", force_zip64=True) as member:
                np.lib.format.write_array(member, np.ascontiguousarray(array), allow_pickle=False)
    beside.replace(path)


def read_snapshot(path: Path) -> tuple[Snapshot, dict[str, Any]]:
    """Read a snapshot and the facts it was written with.

    Raises
    ------
    SnapshotError
        When there is none, it is damaged, or of another format.
    """
    try:
        with zipfile.ZipFile(path) as file:
            head = json.loads(file.read(STATE))
            if head.get("format") != FORMAT:
                said = f"is a snapshot of format {head.get('format')}, and this version reads {FORMAT}. Take a new one."
                raise SnapshotError(path, said)
            arrays = {}
            for name in file.namelist():
                if name != STATE:
                    with file.open(name) as member:
                        arrays[name.removesuffix(".npy")] = np.lib.format.read_array(member, allow_pickle=False)
                        member.read()  # to its end, where the checksum is compared
            return Snapshot(head["t_s"], _read(head["parts"], arrays)), head["facts"]
    except FileNotFoundError as error:
        raise SnapshotError(path, "no such snapshot") from error
    except UNREADABLE as error:
        raise SnapshotError(path, f"is damaged ({error}). Take an earlier one.") from error


def _plain(value: Any, name: str, arrays: dict[str, NDArray[Any]]) -> Any:
    """A state as JSON can hold it; its arrays go into ``arrays``, named by their place."""
    if isinstance(value, np.ndarray):
        arrays[name] = value
        return {"$array": name}
    if isinstance(value, float) and not math.isfinite(value):
        return {"$number": str(value)}
    if isinstance(value, list | tuple):
        return [_plain(item, f"{name}/{row}", arrays) for row, item in enumerate(value)]
    if not isinstance(value, dict):
        return value
    if all(isinstance(key, str) and not key.startswith("$") for key in value):
        return {key: _plain(item, f"{name}/{key}" if name else key, arrays) for key, item in value.items()}
    pairs = enumerate(value.items())
    return {"$pairs": [[key, _plain(item, f"{name}/{row}", arrays)] for row, (key, item) in pairs]}


def _read(value: Any, arrays: dict[str, NDArray[Any]]) -> Any:
    """What ``_plain`` was given; tuples are lists."""
    if isinstance(value, list):
        return [_read(item, arrays) for item in value]
    if not isinstance(value, dict):
        return value
    if "$array" in value:
        return arrays[value["$array"]]
    if "$number" in value:
        return float(value["$number"])
    if "$pairs" in value:
        return {key: _read(item, arrays) for key, item in value["$pairs"]}
    return {key: _read(item, arrays) for key, item in value.items()}
