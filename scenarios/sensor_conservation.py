"""Check that what drives into a piece of road also leaves it, wherever all its ends are counted."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from .network import Bools, Floats, Ints, RoadNetwork
from .places import find_places
from .planner_words import number
from .reading_grid import Grid
from .readings import Rows
from .sensor_findings import Finding
from .sensor_places import Placed

AMISS_SHARE = 0.1  # of what went in: less is parking, rounding and vehicles under way
SURE = 4.0  # standard errors of two Poisson counts
SHOWN = 6


def conservation(grid: Grid, placed: Placed, network: RoadNetwork) -> Iterator[Finding]:
    """Pieces of road that swallow vehicles or make them.

    Two rules: what enters a piece whose ends are all counted leaves it (a piece is a junction, or several with links
    between them on which no trip begins or ends); and where all ways into a junction are counted, no more leaves it
    over those of its exits that are counted too, and the other way round.
    """
    column = _column_of_link(grid, placed, network)
    counted = column >= 0
    if not counted.any():
        return
    links = network.links
    yield from _pieces(grid, column, counted, network)
    for junction in np.unique(np.concatenate([links.to_junction[counted], links.from_junction[counted]])).tolist():
        if network.junctions.gate[junction]:
            continue
        into, out = np.flatnonzero(links.to_junction == junction), np.flatnonzero(links.from_junction == junction)
        complete_in, complete_out = bool(counted[into].all()), bool(counted[out].all())
        into, out = into[counted[into]], out[counted[out]]
        if complete_in == complete_out or not into.size or not out.size:
            continue  # both: a piece of its own
        larger, smaller = (into, out) if complete_in else (out, into)
        yield from _compared(
            grid, column, larger, smaller, network, words=("enter", "leave") if complete_in else ("leave", "enter")
        )


def turns_and_links(grid: Grid, placed: Placed, network: RoadNetwork) -> Iterator[Finding]:
    """Turning counts that are together more than their link counts, or fewer where all of its turns are counted."""
    column, sensors = _column_of_link(grid, placed, network), grid.readings.sensors
    turns: dict[int, list[int]] = {}
    for place, sensor in enumerate(grid.column.tolist()):
        if sensors[sensor].kind == "turning_count" and placed.links[sensor].size == 2:
            turns.setdefault(int(placed.links[sensor][0]), []).append(place)
    for link, places in turns.items():
        if column[link] < 0:
            continue
        ways = np.diff(network.links.movement_start)[link]
        names = " + ".join(sensors[int(grid.column[place])].name for place in places)
        whole, parts = grid.value[:, [column[link]]], grid.value[:, places]
        both = len(places) == ways
        yield from _judged(grid, whole, parts, int(grid.column[places[0]]), (network.links.id[link], names), both=both)


def _column_of_link(grid: Grid, placed: Placed, network: RoadNetwork) -> Ints:
    """Column of the sensor that counts all lanes of a link; -1: none."""
    column = np.full(network.link_count, -1, np.int32)
    for place, sensor in enumerate(grid.column.tolist()):
        whole = grid.readings.sensors[sensor].kind == "count" and placed.lane[sensor] < 0
        if whole and placed.links[sensor].size == 1:
            column[placed.links[sensor][0]] = place
    return column


def _pieces(grid: Grid, column: Ints, counted: Bools, network: RoadNetwork) -> Iterator[Finding]:
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    links, size = network.links, len(network.junctions.id)
    other = np.flatnonzero(~counted)
    joined = coo_array((np.ones(other.size), (links.from_junction[other], links.to_junction[other])), (size, size))
    piece = connected_components(joined, directed=False)[1]
    open_ended = np.zeros(piece.max() + 1, np.bool_)
    open_ended[piece[[bool(gate) for gate in network.junctions.gate]]] = True
    addressed = find_places(network).addressed & ~counted
    open_ended[piece[links.from_junction[addressed]]] = True
    into, out = piece[links.to_junction], piece[links.from_junction]
    across = counted & (into != out)
    for number_ in np.unique(into[across]).tolist():
        entering, leaving = np.flatnonzero(across & (into == number_)), np.flatnonzero(across & (out == number_))
        if open_ended[number_] or not leaving.size:
            continue
        yield from _compared(grid, column, entering, leaving, network, words=("enter", "leave"), both=True)


def _compared(
    grid: Grid,
    column: Ints,
    larger: Rows,
    smaller: Rows,
    network: RoadNetwork,
    *,
    words: tuple[str, str],
    both: bool = False,
) -> Iterator[Finding]:
    """A finding where the second sum is above the first, or (``both``) differs from it, more than chance allows."""
    first, second = grid.value[:, column[larger]], grid.value[:, column[smaller]]
    over = _names(larger, network), _names(smaller, network)
    in_doubt = larger if np.nansum(second) < np.nansum(first) else smaller
    yield from _judged(grid, first, second, int(grid.column[column[in_doubt[0]]]), over, words=words, both=both)


def _judged(
    grid: Grid,
    first: Floats,
    second: Floats,
    sensor: int,
    over: tuple[str, str],
    *,
    words: tuple[str, str] = ("are counted", "turn"),
    both: bool,
) -> Iterator[Finding]:
    """The same for two tables of readings, ``[slot, …]``, of places with those names."""
    whole = np.isfinite(first).all(axis=1) & np.isfinite(second).all(axis=1)
    if not whole.any():
        return
    first_veh, second_veh = float(first[whole].sum()), float(second[whole].sum())
    amiss_veh = abs(second_veh - first_veh) if both else second_veh - first_veh
    chance_veh = SURE * math.sqrt(max(first_veh + second_veh, 0.0))
    if amiss_veh <= AMISS_SHARE * max(first_veh, 1.0) or amiss_veh <= chance_veh:
        return
    slots = np.flatnonzero(whole)
    intervals = "the 1 interval that all have" if slots.size == 1 else f"the {slots.size} intervals that all have"
    text = (
        f"{number(first_veh)} veh {words[0]} over {over[0]}, {number(second_veh)} {words[1]} over {over[1]} "
        f"in {intervals} ({100 * (second_veh - first_veh) / max(first_veh, 1.0):+.0f} %)."
    )
    end_s = float(grid.begin_s[slots[-1]]) + grid.step_s
    yield Finding("not_conserved", sensor, float(grid.begin_s[slots[0]]), end_s, second_veh - first_veh, text)


def _names(rows: Rows, network: RoadNetwork) -> str:
    names = [network.links.id[row] for row in rows.tolist()]
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return " + ".join(names[:SHOWN]) + more
