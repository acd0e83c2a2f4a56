"""Turn concentrations into air quality indices, by the tables that agencies publish."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Literal, get_args

IndexName = Literal["us_epa", "eu_eaqi", "cn_hj633", "cn_hj633_2012"]
INDEX_NAMES: tuple[IndexName, ...] = get_args(IndexName)

NAMES = {"no2": "NO2", "pm10": "PM10", "pm25": "PM2.5", "o3": "O3", "so2": "SO2", "co": "CO"}  # as people write them
# Molar masses, g/mol, and litres of a mole at 25 °C and 101.325 kPa: the conditions that 40 CFR 50.3 reckons with.
MOLAR_G = {"o3": 47.998, "no2": 46.006, "so2": 64.064, "co": 28.010}
MOLAR_L = 24.465
SETTLED_DIGITS = 6  # of a count of last digits: what lies beyond is the noise of floating-point sums

ROUNDINGS: Mapping[str, Callable[[float], float]] = {
    "down": math.floor,
    "up": math.ceil,
    "half up": lambda count: math.floor(count + 0.5),
    "nearest": lambda count: math.floor(count + 0.5),
    "half even": round,
}


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of concentrations, in counts of the last digit that counts, and the index at its ends."""

    low: int
    high: int
    index_low: float
    index_high: float

    def index_at(self, count: float) -> float:
        """Index on the line through its ends (40 CFR part 58 appendix G, equation 1; HJ 633, equation 1)."""
        slope = (self.index_high - self.index_low) / (self.high - self.low)
        return self.index_low + slope * (count - self.low)


@dataclass(frozen=True, slots=True)
class PollutantRule:
    """How one pollutant's mean over some hours becomes an index."""

    pollutant: str
    average_h: int
    unit: str  # ugm3, mgm3, ppb, ppm
    digits: int
    rounding: str
    beyond: str | float  # above the last piece: "extend" it, "none", or this index
    pieces: tuple[Piece, ...]

    def counted(self, ugm3: float) -> float:
        """A concentration in the rule's unit, cut or rounded as it says, in counts of its last digit."""
        count = in_unit(ugm3, self.pollutant, self.unit) * 10**self.digits
        return ROUNDINGS[self.rounding](round(count, SETTLED_DIGITS))

    def index_of(self, ugm3: float) -> float | None:
        """The index before it is rounded; None where this mean defines none."""
        count = self.counted(ugm3)
        for piece in self.pieces:
            if piece.low <= count <= piece.high:
                return piece.index_at(count)
        if count < self.pieces[0].low or self.beyond == "none":
            return None
        return self.pieces[-1].index_at(count) if isinstance(self.beyond, str) else self.beyond


@dataclass(frozen=True, slots=True)
class Reading:
    """What an index says at a place."""

    value: int
    band: str
    pollutant: str  # that decides
    average_h: int


@dataclass(frozen=True, slots=True)
class AirIndex:
    """One agency's index.

    Examples
    --------
    >>> air_index("us_epa").reading({("pm25", 24): 35.49, ("no2", 1): 40.0})
    Reading(value=100, band='Moderate', pollutant='pm25', average_h=24)
    """

    name: str
    bands: tuple[tuple[int, str], ...]
    index_rounding: str
    rules: tuple[PollutantRule, ...]

    @property
    def averages(self) -> tuple[tuple[str, int], ...]:
        """The means that it looks at: pollutant and hours."""
        return tuple((rule.pollutant, rule.average_h) for rule in self.rules)

    def value_of(self, pollutant: str, average_h: int, ugm3: float) -> int | None:
        """Index of one mean, µg/m³; None where it defines none.

        Raises
        ------
        ValueError
            When the index knows no such mean, or it is negative or not a number.
        """
        if not ugm3 >= 0.0:
            msg = f"{NAMES[pollutant]} is {ugm3} µg/m³: no concentration"
            raise ValueError(msg)
        for rule in self.rules:
            if (rule.pollutant, rule.average_h) == (pollutant, average_h):
                index = rule.index_of(ugm3)
                return None if index is None else int(ROUNDINGS[self.index_rounding](round(index, SETTLED_DIGITS)))
        msg = f"{self.name} has no {average_h}-hour mean of {NAMES.get(pollutant, pollutant)}"
        raise ValueError(msg)

    def band_of(self, value: float) -> str:
        """What people call a value."""
        return next(name for start, name in reversed(self.bands) if value >= start)

    def reading(self, means_ugm3: Mapping[tuple[str, int], float]) -> Reading | None:
        """The worst of some means (pollutant and hours: µg/m³); None where none of them defines an index."""
        worst: Reading | None = None
        for (pollutant, average_h), ugm3 in means_ugm3.items():
            value = self.value_of(pollutant, average_h, ugm3)
            if value is not None and (worst is None or value > worst.value):
                worst = Reading(value, self.band_of(value), pollutant, average_h)
        return worst


def in_unit(ugm3: float, pollutant: str, unit: str) -> float:
    """A concentration in another unit; volumes at 25 °C and 101.325 kPa.

    Examples
    --------
    >>> round(in_unit(188.0, "no2", "ppb"), 2)
    99.97
    """
    if unit in ("ppb", "ppm"):
        ppb = ugm3 * MOLAR_L / MOLAR_G[pollutant]
        return ppb if unit == "ppb" else ppb / 1000.0
    return ugm3 / 1000.0 if unit == "mgm3" else ugm3


def from_unit(value: float, pollutant: str, unit: str) -> float:
    """What ``in_unit`` makes ``value`` of, µg/m³."""
    return value / in_unit(1.0, pollutant, unit)


@cache
def air_index(name: IndexName) -> AirIndex:
    """An index by the name of its table."""
    from ruamel.yaml import YAML

    text = resources.files(__package__).joinpath(f"air_index_{name}.yaml").read_text(encoding="utf-8")
    table = YAML(typ="safe").load(text)
    bands = tuple((int(start), str(band)) for start, band in table["bands"])
    rules = tuple(_rule(item) for item in table["pollutants"])
    return AirIndex(table["name"], bands, table["index_rounding"], rules)


def _rule(item: Mapping[str, Any]) -> PollutantRule:
    scale = 10 ** item["digits"]
    pieces = tuple(
        Piece(round(low * scale), round(high * scale), index_low, index_high)
        for low, high, index_low, index_high in item["pieces"]
    )
    return PollutantRule(**{**item, "pieces": pieces})
