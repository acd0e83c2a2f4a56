"""Compare the tables of two versions of a demand: relation by relation, trip by trip."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from .demand_files import read_trip_rows
from .demand_od import read_matrix
from .demand_tables import Complaints
from .planner_words import number, percent_change
from .problems import ScenarioError

Relation = tuple[str, str, str]  # from zone, to zone, vehicle class


@dataclass(frozen=True, slots=True)
class TableChange:
    """One thing that differs between two tables."""

    place: tuple[str, ...]  # zones; none for the table as a whole
    before: float
    after: float
    text: str


def matrix_changes(before: tuple[Path, float], after: tuple[Path, float]) -> Iterator[TableChange]:
    """Relations of an OD matrix with other numbers of trips, the largest change first, after the sum of all.

    Parameters
    ----------
    before, after
        Table, and by how much all its trips are multiplied.

    Raises
    ------
    ScenarioError
        One of the tables cannot be used.
    """
    old, new = _relations(*before), _relations(*after)
    changed = [relation for relation in {**old, **new} if old.get(relation, 0.0) != new.get(relation, 0.0)]
    if not changed:
        return
    totals = sum(old.values()), sum(new.values())
    yield TableChange((), *totals, f"all together {trips_change(*totals)}")
    changed.sort(key=lambda relation: -abs(new.get(relation, 0.0) - old.get(relation, 0.0)))
    for relation in changed:
        trips = old.get(relation, 0.0), new.get(relation, 0.0)
        begin, end, vehicle_class = relation
        by = "" if vehicle_class == "car" else f" by {vehicle_class}"
        yield TableChange((begin, end), *trips, f"zone {begin} → {end}{by}: {trips_change(*trips)}")


def trips_change(before: float, after: float) -> str:
    """How many trips there were and are.

    Examples
    --------
    >>> trips_change(100, 120), trips_change(0, 5), trips_change(7, 7)
    ('100 → 120 trips (+20 %)', '0 → 5 trips', '7 trips as before')
    """
    if before == after:
        return f"{number(before)} trips as before"
    share = percent_change(before, after)
    return f"{number(before)} → {number(after)} trips{f' ({share})' if share else ''}"


def trip_file_changes(before: Path, after: Path) -> Iterator[TableChange]:
    """How many trips of a trip file are new, gone, or otherwise than before, by their ids.

    Raises
    ------
    ScenarioError
        One of the tables cannot be used.
    """
    old, new = _trips(before), _trips(after)
    counts = {
        "new": len(new.keys() - old.keys()),
        "no longer there": len(old.keys() - new.keys()),
        "otherwise than before": sum(old[name] != new[name] for name in old.keys() & new.keys()),
    }
    told = [f"{count:,} {words}" for words, count in counts.items() if count]
    if told:
        text = f"{trips_change(len(old), len(new))}: {', '.join(told)}"
        yield TableChange((), float(len(old)), float(len(new)), text)


def _relations(file: Path, factor: float) -> dict[Relation, float]:
    matrix, complaints = read_matrix(file)
    _refuse(complaints)
    assert matrix is not None
    relations = zip(matrix.from_zone, matrix.to_zone, matrix.vehicle_class, strict=True)
    return dict(zip(relations, (matrix.trips * factor).tolist(), strict=True))


def _trips(file: Path) -> dict[str, dict[str, str]]:
    """Every trip's cells by its id; empty cells and columns that are not there are the same."""
    rows, complaints = read_trip_rows(file)
    _refuse(complaints)
    assert rows is not None
    columns = rows.table.columns
    return {
        name: {column: cells[row] for column, cells in columns.items() if cells[row]}
        for row, name in enumerate(rows.ids)
    }


def _refuse(complaints: Complaints) -> None:
    if complaints:
        raise ScenarioError(complaints.problems())
