"""Read factors of hot exhaust emissions: the table that comes along, or one of a user's own in the same form."""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from .demand_tables import Column, Complaints, Table, read_table
from .network import Floats
from .problems import Problem, ScenarioError, closest_hint

FACTORS = Path(__file__).with_name("emission_factors.csv")
POLLUTANTS = ("NOx", "PM Exhaust", "CO", "VOC", "EC")  # EC: consumption of energy, MJ/km
# Speeds from and to which a curve for a kind of driving holds, km/h. The guidebook leaves them to who uses it.
MODES: Mapping[str, tuple[float, float]] = {
    "": (0.0, math.inf),
    "Urban Off Peak": (0.0, 50.0),
    "Rural": (50.0, 80.0),
    "Highway": (80.0, math.inf),
}
NOT_USED = ("Urban Peak",)  # of roads of which nobody knows when their peak is
LOADS = ("0.5", "0", "")  # heavy vehicles are half loaded where the table has that
NUMBERS = ("alpha", "beta", "gamma", "delta", "epsilon", "zita", "hta", "rf", "v_min_kmh", "v_max_kmh")
LOW, HIGH = 8, 9  # of NUMBERS
SPEEDS_TRIED = 40  # in the range of a curve, to see whether it is negative anywhere
COLUMNS = (
    *(Column(name) for name in ("category", "fuel", "segment", "euro", "pollutant")),
    *(Column(name, required=False) for name in ("mode", "load")),
    *(Column(name) for name in NUMBERS),
)


class Technology(NamedTuple):
    """What a vehicle is, as the tables of factors and of fleets call it."""

    category: str  # Passenger Cars, Heavy Duty Trucks, …
    fuel: str
    segment: str
    euro: str

    def __str__(self) -> str:
        return " | ".join(part for part in self if part)


@dataclass(frozen=True, slots=True)
class Curve:
    """One row of a table of factors, and the speeds at which it holds."""

    numbers: tuple[float, ...]  # as NUMBERS names them
    from_kmh: float
    to_kmh: float

    @property
    def row(self) -> tuple[float, ...]:
        """All columns, as ``kernels.emissions`` orders them."""
        return (*self.numbers, self.from_kmh, self.to_kmh)

    def at(self, v_kmh: Floats) -> Floats:
        """The formula itself at some speeds, which are taken into its range; it may be negative."""
        a, b, c, d, e, z, h, rf, low, high = self.numbers
        v = np.clip(v_kmh, low, high)
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray((a * v * v + b * v + c + (d / v if d else 0.0)) / (e * v * v + z * v + h) * (1.0 - rf))


@dataclass(frozen=True, slots=True)
class FactorTable:
    """Curves by technology and pollutant."""

    curves: Mapping[tuple[Technology, str], tuple[Curve, ...]]

    @property
    def technologies(self) -> tuple[Technology, ...]:
        """All that it knows anything of."""
        return tuple(dict.fromkeys(technology for technology, _ in self.curves))

    def lacks(self, technology: Technology) -> str:
        """Why it cannot be used for a technology, as a sentence; "" where it can."""
        known = [name for name in POLLUTANTS if (technology, name) in self.curves]
        if not known:
            hint = closest_hint(technology, [str(one) for one in self.technologies])
            return f"there are no emission factors for {technology}.{hint}"
        missing = [name for name in POLLUTANTS if name not in known]
        return f"the emission factors of {technology} lack {', '.join(missing)}." if missing else ""

    def joined(self, own: FactorTable) -> FactorTable:
        """Add or replace technologies by those of another table."""
        theirs = set(own.technologies)
        kept = {key: rows for key, rows in self.curves.items() if key[0] not in theirs}
        return FactorTable({**kept, **own.curves})


@functools.cache
def bundled_factors() -> FactorTable:
    """The table that comes along: EMEP/EEA, common segments only."""
    return read_factors(FACTORS)


def read_factors(file: Path) -> FactorTable:
    """Read a table of factors.

    Raises
    ------
    ScenarioError
        With every problem of the file.
    """
    table, problems = check_factors(file)
    if table is None:
        raise ScenarioError(problems)
    return table


def check_factors(file: Path) -> tuple[FactorTable | None, list[Problem]]:
    """A table of factors, or everything that is wrong with it."""
    table, complaints = read_table(file, COLUMNS)
    if table is None:
        return None, complaints.problems()
    rows: dict[tuple[Technology, str, str], dict[str, list[tuple[int, tuple[float, ...]]]]] = {}
    for row, technology, pollutant, mode, numbers in _rows(table, complaints):
        load = table.columns["load"][row] if "load" in table.columns else ""
        rows.setdefault((technology, pollutant, mode), {}).setdefault(load, []).append((row, numbers))
    curves: dict[tuple[Technology, str], list[Curve]] = {}
    for (technology, pollutant, mode), by_load in rows.items():
        parts = next(by_load[load] for load in LOADS if load in by_load)
        curves.setdefault((technology, pollutant), []).extend(_joined(parts, technology, pollutant, mode, complaints))
    for (technology, pollutant), found in curves.items():
        if len({one.from_kmh for one in found}) < len(found):
            said = f"{technology} has {pollutant} for all driving and for some kinds of it. Keep one."
            complaints.whole(said)
    if complaints:
        return None, complaints.problems()
    return FactorTable({key: tuple(found) for key, found in curves.items()}), []


def _joined(
    parts: list[tuple[int, tuple[float, ...]]],
    technology: Technology,
    pollutant: str,
    mode: str,
    complaints: Complaints,
) -> Iterator[Curve]:
    """Curves of one kind of driving: one, or several whose ranges of speed follow each other."""
    parts = sorted(parts, key=lambda part: part[1][LOW])
    begins = [MODES[mode][0], *(numbers[LOW] for _, numbers in parts[1:])]
    ends = [*begins[1:], MODES[mode][1]]
    for (row, numbers), from_kmh, to_kmh in zip(parts, begins, ends, strict=True):
        if numbers[HIGH] > to_kmh and len(parts) > 1:
            said = f"{technology} has {pollutant} twice for the same speeds. Keep one row."
            complaints.add("twice", row, "pollutant", pollutant, said)
        yield Curve(numbers, from_kmh, to_kmh)


def _rows(table: Table, complaints: Complaints) -> Iterator[tuple[int, Technology, str, str, tuple[float, ...]]]:
    names = [table.text(name) for name in ("category", "fuel", "segment", "euro")]
    values = np.column_stack([table.numbers(name) for name in NUMBERS])
    pollutants = table.text("pollutant")
    modes = table.columns.get("mode", [""] * table.size)
    loads = table.columns.get("load", [""] * table.size)
    for row in range(table.size):
        if modes[row] in NOT_USED or loads[row] not in LOADS:
            continue
        if pollutants[row] not in POLLUTANTS:
            said = f"no such pollutant. All: {', '.join(POLLUTANTS)}."
            complaints.add("pollutant", row, "pollutant", pollutants[row], said)
            continue
        if modes[row] not in MODES:
            said = f"no such mode. All: {', '.join([*filter(None, MODES), *NOT_USED])}, or nothing."
            complaints.add("mode", row, "mode", modes[row], said)
            continue
        numbers = tuple(values[row].tolist())
        _check(Curve(numbers, *MODES[modes[row]]), row, complaints)
        yield row, Technology(*(column[row] for column in names)), pollutants[row], modes[row], numbers


def _check(curve: Curve, row: int, complaints: Complaints) -> None:
    low, high = curve.numbers[LOW], curve.numbers[HIGH]
    if math.isnan(sum(curve.numbers)):
        return  # told already
    if not 0.0 <= low <= high <= 300.0:
        said = f"the speeds {low:g} to {high:g} km/h are none. In km/h, the lower one first?"
        complaints.add("speeds", row, "v_min_kmh", low, said)
        return
    values = curve.at(np.linspace(max(low, 1.0), high, SPEEDS_TRIED))
    if not np.isfinite(values).all():
        complaints.add("finite", row, "hta", curve.numbers[6], "divides by nothing at some of its speeds.")
    elif values.min() < 0.0:
        complaints.add("negative", row, "rf", curve.numbers[7], "makes the factor negative at some of its speeds.")
