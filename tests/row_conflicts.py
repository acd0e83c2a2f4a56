"""Find rows of a phase that meet: one writes what another reads or writes, which a GPU would do at the same time.

The functions of ``kernels.cuda_phases`` are run as plain Python, row after row, on arrays that note who touched what.
"""

from __future__ import annotations

import types
from typing import Any

import numpy as np

from citytwin.kernels import cuda_phases as phases
from citytwin.kernels import traffic_tables as table
from citytwin.kernels.shared import add_shared
from citytwin.kernels.traffic_tables import City

READ, WRITE, ADD = "reads", "writes", "adds"
Touch = tuple[str, Any]  # array and index


class Notes:
    """Who touched what in the phase that runs."""

    def __init__(self) -> None:
        self.row = -1
        self.touched: dict[Touch, dict[str, set[int]]] = {}

    def note(self, what: str, touch: Touch) -> None:
        self.touched.setdefault(touch, {}).setdefault(what, set()).add(self.row)

    def conflicts(self) -> set[tuple[str, str, int]]:
        """How (``writes``, ``writes-reads``), array and column of all places where rows met; forgets the phase."""
        found = set()
        for (name, index), by in self.touched.items():
            changing = by.get(WRITE, set()) | by.get(ADD, set())
            column = index[name in table.BY_VEHICLE] if isinstance(index, tuple) else 0
            if by.get(WRITE) and len(changing) > 1:
                found.add((WRITE, name, column))
            if any(changing - {reader} for reader in by.get(READ, ())):
                found.add((f"{WRITE}-{READ}", name, column))
        self.touched = {}
        return found


class Noted:
    """An array that notes every element that is read or written."""

    def __init__(self, name: str, array: np.ndarray, notes: Notes) -> None:
        self.name, self.array, self.notes, self.shape, self.size = name, array, notes, array.shape, array.size

    def __getitem__(self, index: Any) -> Any:
        self.notes.note(READ, (self.name, index))
        value = self.array[index]
        return int(value) if isinstance(value, np.integer) else value

    def __setitem__(self, index: Any, value: Any) -> None:
        self.notes.note(WRITE, (self.name, index))
        self.array[index] = value


def add_noted(noted: Noted, column: int, row: int, amount: int) -> None:
    """What ``add_shared`` is here."""
    noted.notes.note(ADD, (noted.name, (column, row)))
    noted.array[column, row] += amount


def plain(function: Any, known: dict[Any, Any]) -> Any:
    """The Python function that was compiled, with all it calls."""
    source = getattr(function, "py_func", None)
    if function in known:
        return known[function]
    if source is None:
        return function
    scope = dict(source.__globals__)
    known[function] = twin = types.FunctionType(source.__code__, scope, source.__name__, source.__defaults__)
    for name in source.__code__.co_names:
        value = scope.get(name)
        if hasattr(value, "py_func") or value is add_shared:
            scope[name] = plain(value, known)
    return twin


Phases = tuple[tuple[str, str, tuple[Any, ...]], ...]  # name, what its rows are, functions that serve a row
PHASES: Phases = (
    ("advance_signals", "controllers", (phases.signal_row,)),
    ("note_promises", "road lanes", (phases.promise_row,)),
    ("decide_junctions", "junctions", (phases.decision_row,)),
    ("let_all_arrive", "links", (phases.arrival_row,)),
    ("serve_links", "links", (phases.link_row,)),
    ("follow_lanes", "lane rows", (phases.follow_row,)),
    ("advance_lanes", "lane rows", (phases.advance_row,)),
    ("leave_streets", "junctions", (phases.leave_row,)),
    ("enter_streets", "junctions", (phases.enter_row,)),
)


def run_noted(
    cities: City, steps: int, order: Phases = PHASES, instead: dict[Any, Any] | None = None
) -> dict[str, set[tuple[str, str, int]]]:
    """Run steps of the first member and return where rows met, phase by phase.

    ``instead``: Python functions to call in the place of compiled ones.
    """
    notes = Notes()
    arrays = {
        name: Noted(name, value[0] if name in table.OWN else value, notes)
        for name, value in cities._asdict().items()
        if isinstance(value, np.ndarray)
    }
    city = cities._replace(**arrays)
    counters = arrays["counter"].array

    def view_of(_: City, __: int, row: int) -> City:
        return city._replace(counter=Noted(f"counter of {row}", counters, notes))

    known: dict[Any, Any] = {phases.view_of: view_of, add_shared: add_noted, **(instead or {})}
    sizes = {
        "controllers": city.controller_f.shape[1],
        "road lanes": city.road_lanes,
        "junctions": city.junction.shape[1] - 1,
        "links": city.link.shape[1] - 1,
        "lane rows": city.lane_f.shape[1],
    }
    found: dict[str, set[tuple[str, str, int]]] = {name: set() for name, _, _ in order}
    with np.errstate(all="ignore"):
        for step in range(steps):
            for name, rows, functions in order:
                for notes.row in range(sizes[rows]):
                    for function in functions:
                        plain(function, known)(city, 0, notes.row, step * city.step_s)
                found[name] |= notes.conflicts()
    return found
