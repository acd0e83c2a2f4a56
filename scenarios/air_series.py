"""Read what stations measured of the air, check every cell, and look up means of intervals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from .air_index import MOLAR_G, from_unit
from .air_warnings import POLLUTANTS
from .demand_tables import Column, Complaints, Table, read_table
from .network import Floats
from .problems import Problem

if TYPE_CHECKING:
    from .air_warnings import AirWarning

UNITS = ("ugm3", "mgm3", "ppb", "ppm")
MOST_UGM3 = 1e6  # 1 g/m³ is no city's air
EARLIEST_S = -7 * 86_400.0


@dataclass(frozen=True, slots=True)
class AirSeries:
    """Concentrations at stations, in the order of their times."""

    stations: tuple[str, ...]
    pollutants: tuple[str, ...]
    t_s: Floats  # [row] end of what was measured, seconds after the scenario's start
    station: NDArray[np.int64]  # [row]
    ugm3: Floats  # [row, pollutant]; NaN: nothing was measured

    def means(self, from_s: float, to_s: float) -> Floats:
        """Mean of what was measured after ``from_s`` until ``to_s``, ``[pollutant, station]``; NaN: nothing was."""
        first, last = np.searchsorted(self.t_s, [from_s, to_s], side="right")
        sums = np.zeros((len(self.pollutants), len(self.stations)))
        counts = np.zeros_like(sums)
        there = np.isfinite(self.ugm3[first:last])
        for row in range(len(self.pollutants)):
            seen = there[:, row]
            np.add.at(sums[row], self.station[first:last][seen], self.ugm3[first:last, row][seen])
            np.add.at(counts[row], self.station[first:last][seen], 1.0)
        return np.divide(sums, counts, out=np.full_like(sums, np.nan), where=counts > 0)


def read_air_series(file: Path) -> tuple[AirSeries | None, list[Problem]]:
    """Read a table of measurements; no series where there are problems."""
    names = {f"{pollutant}_{unit}": (pollutant, unit) for pollutant in POLLUTANTS for unit in UNITS}
    volumes = {name for name, (pollutant, unit) in names.items() if unit in ("ppb", "ppm") and pollutant not in MOLAR_G}
    columns = [Column("station"), Column("t_s", also=("time_s",))]
    columns += [Column(name, required=False) for name in names if name not in volumes]
    columns += [Column(pollutant, required=False) for pollutant in POLLUTANTS]
    table, complaints = read_table(file, columns)
    if table is None:
        return None, complaints.problems()
    _complain_of_units(table, complaints)
    given = [name for name in table.columns if name in names]
    pollutants = tuple(dict.fromkeys(names[name][0] for name in given))
    if not given and not complaints:
        complaints.whole("has no column with a concentration, such as `no2_ugm3` or `pm25_ugm3`.", line=1)
    if len(pollutants) < len(given):
        complaints.whole("holds one pollutant in two units. Keep one of them.", line=1)
    stations = table.text("station")
    t_s = table.numbers("t_s", low=EARLIEST_S, unit=" s")
    values = [from_unit_column(table, name, *names[name]) for name in given]
    _complain_of_doubles(stations, t_s, complaints)
    if complaints:
        return None, complaints.problems()
    order = np.argsort(t_s, kind="stable")
    distinct, station = np.unique(np.array(stations, dtype=object).astype(str), return_inverse=True)
    return (
        AirSeries(tuple(map(str, distinct)), pollutants, t_s[order], station[order], np.stack(values, axis=1)[order]),
        [],
    )


def from_unit_column(table: Table, name: str, pollutant: str, unit: str) -> Floats:
    """A column in µg/m³; an empty cell is a gap."""
    factor = from_unit(1.0, pollutant, unit)
    words = {"ugm3": " µg/m³", "mgm3": " mg/m³"}.get(unit, f" {unit}")
    return table.numbers(name, low=0.0, high=MOST_UGM3 / factor, empty=np.nan, unit=words) * factor


def _complain_of_units(table: Table, complaints: Complaints) -> None:
    for pollutant in POLLUTANTS:
        if pollutant in table.columns:
            units = UNITS if pollutant in MOLAR_G else UNITS[:2]
            ways = ", ".join(f"`{pollutant}_{unit}`" for unit in units)
            complaints.whole(f"has a column `{pollutant}` that does not say its unit. Call it one of {ways}.", line=1)


def _complain_of_doubles(stations: Sequence[str], t_s: Floats, complaints: Complaints) -> None:
    seen: set[tuple[str, float]] = set()
    for row, pair in enumerate(zip(stations, t_s.tolist(), strict=True)):
        if pair in seen:
            complaints.add("double", row, "t_s", pair[1], f'is there twice for station "{pair[0]}". Keep one row.')
        seen.add(pair)


def stations_of(warning: AirWarning, series: AirSeries) -> tuple[int, ...]:
    """Rows of the stations that a warning counts."""
    names = series.stations if warning.stations is None else warning.stations
    return tuple(series.stations.index(name) for name in names)
