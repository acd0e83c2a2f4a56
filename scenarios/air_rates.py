"""Read what a source emits over time, and look it up."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .air import POLLUTANTS, Accident, AirSource, Pollutant
from .demand_tables import Column, read_table
from .network import Floats
from .problems import Problem

AT_ONCE_S = 1.0  # over which what is released at once is spread in the books


@dataclass(frozen=True, slots=True, eq=False)
class Rates:
    """What a source emits: a row holds until the next one; nothing outside its time."""

    t_s: Floats  # [row] after the scenario's start
    gps: Floats  # [row, pollutant], as POLLUTANTS orders them
    start_s: float
    end_s: float

    def mean_gps(self, from_s: float, to_s: float) -> Floats:
        """Mean over an interval, by pollutant, g/s."""
        edges = np.unique(np.clip([from_s, to_s, self.start_s, self.end_s, *self.t_s], from_s, to_s))
        spans = np.diff(edges)
        if not spans.size:
            return np.zeros(len(POLLUTANTS))
        middle = 0.5 * (edges[1:] + edges[:-1])
        row = np.searchsorted(self.t_s, middle, side="right") - 1
        on = (middle >= self.start_s) & (middle < self.end_s) & (row >= 0)
        rate = np.where(on[:, np.newaxis], self.gps[np.maximum(row, 0)], 0.0)
        return np.asarray((rate * spans[:, np.newaxis]).sum(axis=0) / (to_s - from_s))


def column_of(pollutant: Pollutant) -> str:
    """What a pollutant's column is called in a table of rates."""
    return f"{pollutant}_gps"


def check_rates(source: AirSource, duration_s: float) -> tuple[Rates | None, list[Problem], str]:
    """Rates of a source; else what is wrong in its table, or that it emits nothing (as a sentence)."""
    if isinstance(source, Accident):
        lasts_s = max(source.lasts_s, AT_ONCE_S)
        released = np.array([[source.released_g.get(name, 0.0) / lasts_s for name in POLLUTANTS]])
        return Rates(np.array([source.start_s]), released, source.start_s, source.start_s + lasts_s), [], ""
    end_s = duration_s if source.end_s is None else source.end_s
    if source.rates_file is None:
        if not any(source.rates_gps.values()):
            return None, [], "emits nothing. Give `rates_gps: {nox: 1.5}` in g/s, or `rates_file`."
        gps = np.array([[source.rates_gps.get(name, 0.0) for name in POLLUTANTS]])
        return Rates(np.array([source.start_s]), gps, source.start_s, end_s), [], ""
    columns = [Column("t_s"), *(Column(column_of(name), required=False) for name in POLLUTANTS)]
    table, complaints = read_table(source.rates_file, columns)
    if table is None:
        return None, complaints.problems(), ""
    t_s = table.numbers("t_s", low=0.0, unit=" s")
    gps = np.zeros((table.size, len(POLLUTANTS)))
    given = [name for name in POLLUTANTS if column_of(name) in table.columns]
    for name in given:
        gps[:, POLLUTANTS.index(name)] = table.numbers(column_of(name), low=0.0, unit=" g/s")
    if not given:
        names = ", ".join(column_of(name) for name in POLLUTANTS)
        complaints.whole(f"has no rates. Its columns are called {names}, in g/s.", line=1)
    for row in range(1, t_s.size):
        if t_s[row] <= t_s[row - 1]:
            said = f"is not after {t_s[row - 1]:g} s in the row before. Sort the rows by time."
            complaints.add("order", row, "t_s", float(t_s[row]), said)
    if complaints:
        return None, complaints.problems(), ""
    return Rates(source.start_s + t_s, gps, source.start_s, end_s), [], ""
