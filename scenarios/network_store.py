"""Keep a built network in one file and read it back: arrays and JSON, nothing that could run code."""

from __future__ import annotations

import dataclasses
import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from .network import Connectors, Fault, Junctions, Lanes, Links, Movements, RoadNetwork, Signals
from .walk_network import Crossings, Entrances, Squares, WalkLinks, WalkNetwork, WalkNodes

Network = TypeVar("Network", RoadNetwork, WalkNetwork)

TABLES: Mapping[type, Mapping[str, type]] = {
    RoadNetwork: {
        "junctions": Junctions,
        "links": Links,
        "lanes": Lanes,
        "movements": Movements,
        "connectors": Connectors,
        "signals": Signals,
    },
    WalkNetwork: {
        "nodes": WalkNodes,
        "links": WalkLinks,
        "crossings": Crossings,
        "entrances": Entrances,
        "squares": Squares,
    },
}


def save_network(network: RoadNetwork | WalkNetwork, path: Path) -> None:
    """Write a network, all or nothing: a reader never sees half a file."""
    tables = TABLES[type(network)]
    arrays: dict[str, NDArray[Any]] = {}
    words: dict[str, Any] = {}
    if isinstance(network, RoadNetwork):
        words["faults"] = [dataclasses.asdict(fault) for fault in network.faults]
    for name in tables:
        table = getattr(network, name)
        for column in dataclasses.fields(table):
            value = getattr(table, column.name)
            if isinstance(value, np.ndarray):
                arrays[f"{name}.{column.name}"] = value
            else:
                words[f"{name}.{column.name}"] = [
                    sorted(item) if isinstance(item, frozenset) else item for item in value
                ]
    for column in dataclasses.fields(network):
        if column.init and column.name not in tables and column.name != "faults":
            words[column.name] = _as_json(getattr(network, column.name))
    arrays["words"] = np.frombuffer(json.dumps(words, ensure_ascii=False).encode(), dtype=np.uint8)
    handle, half = tempfile.mkstemp(dir=path.parent, prefix=path.stem, suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            np.savez(file, **arrays)  # type: ignore[arg-type]
        Path(half).replace(path)
    except BaseException:
        Path(half).unlink(missing_ok=True)
        raise


def read_network(path: Path) -> RoadNetwork:
    """Read a road network that ``save_network`` wrote."""
    return read_kept(path, RoadNetwork)


def read_kept(path: Path, kind: type[Network]) -> Network:
    """Read a network of some kind that ``save_network`` wrote."""
    with np.load(path, allow_pickle=False) as file:
        arrays = {name: file[name] for name in file.files}
    words = json.loads(arrays["words"].tobytes())
    tables = {}
    for name, table in TABLES[kind].items():
        columns = {}
        for column in dataclasses.fields(table):
            key = f"{name}.{column.name}"
            columns[column.name] = arrays[key] if key in arrays else _as_tuple(words[key])
        if "assumed" in columns and table is Links:
            columns["assumed"] = tuple(frozenset(names) for names in columns["assumed"])
        tables[name] = table(**columns)
    rest = {
        column.name: _as_tuple(words[column.name])
        for column in dataclasses.fields(kind)
        if column.init and column.name not in tables and column.name != "faults"
    }
    if "faults" in words:
        rest["faults"] = tuple(Fault(**fault) for fault in words["faults"])
    return kind(**tables, **rest)


def _as_json(value: Any) -> Any:
    return dict(value) if isinstance(value, Mapping) else value


def _as_tuple(value: Any) -> Any:
    return tuple(_as_tuple(item) for item in value) if isinstance(value, list) else value
