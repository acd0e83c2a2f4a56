"""Hold the weather of a run as states that follow each other, read from a table or written in the scenario."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .demand_tables import Column, Complaints, Table, read_table
from .meteorology import LEAST_LENGTH_M, ConstantWeather, Meteorology, StabilityWeather, WeatherSeries
from .network import Floats
from .problems import NO_VALUE, Problem

LONGEST_ROW_S = 3600.0  # weather of an hour ago is missing weather
STABILITIES = ("A", "B", "C", "D", "E", "F")
NOT_GIVEN = math.nan
RANGES = {  # of each number: least, most, unit
    "wind_mps": (0.0, 60.0, " m/s"),
    "wind_from_deg": (0.0, 360.0, "°"),
    "temperature_c": (-60.0, 60.0, " °C"),
    "cloud_share": (0.0, 1.0, ""),
    "radiation_wpm2": (0.0, 1400.0, " W/m²"),
    "friction_velocity_mps": (0.001, 3.0, " m/s"),
    "obukhov_length_m": (-1e6, 1e6, " m"),
    "mixing_height_m": (20.0, 5000.0, " m"),
    "wind_sideways_mps": (0.001, 10.0, " m/s"),
}
NEEDED = ("wind_mps", "wind_from_deg")
OTHER_UNITS = {  # what people call columns that are in another unit, and what to give instead
    "wind_kmh": "is in km/h: divide by 3.6 and call it `wind_mps`.",
    "wind_kn": "is in knots: multiply by 0.5144 and call it `wind_mps`.",
    "wind_knots": "is in knots: multiply by 0.5144 and call it `wind_mps`.",
    "wind_mph": "is in miles an hour: multiply by 0.447 and call it `wind_mps`.",
    "temperature_k": "is in kelvin: subtract 273.15 and call it `temperature_c`.",
    "temperature_f": "is in °F: give °C and call it `temperature_c`.",
    "cloud_okta": "is in eighths: divide by 8 and call it `cloud_share`.",
    "cloud_oktas": "is in eighths: divide by 8 and call it `cloud_share`.",
    "cloud_percent": "is in per cent: divide by 100 and call it `cloud_share`.",
    "mixing_height_km": "is in km: multiply by 1000 and call it `mixing_height_m`.",
    "sigma_theta_deg": "is an angle: give its sine times the wind and call it `wind_sideways_mps`.",
    "wind_to_deg": "is where the wind goes to: add 180 and call it `wind_from_deg`.",
}
HINTS = {  # what a number out of range probably is
    "wind_mps": "In km/h?",
    "temperature_c": "In kelvin?",
    "cloud_share": "In eighths or per cent?",
    "wind_from_deg": "Missing values written as numbers?",
}


@dataclass(frozen=True, slots=True, eq=False)
class WeatherStates:
    """States of the weather, ``[state]``; each holds until the next one. NaN and "" where nothing is given."""

    t_s: Floats
    wind_mps: Floats
    wind_from_deg: Floats
    temperature_c: Floats
    cloud_share: Floats
    radiation_wpm2: Floats
    friction_velocity_mps: Floats
    obukhov_length_m: Floats
    mixing_height_m: Floats
    wind_sideways_mps: Floats
    stability: tuple[str, ...]
    roughness_m: float
    wind_height_m: float
    utc_offset_h: float | None

    def at(self, t_s: float) -> int:
        """The state that holds at a time."""
        return max(int(np.searchsorted(self.t_s, t_s + 1e-9, side="right")) - 1, 0)


def check_weather(weather: Meteorology, duration_s: float) -> tuple[WeatherStates | None, list[Problem], str]:
    """States of a run's weather; else what is wrong in its table, or with itself (as a sentence)."""
    lifted_m = 6.0 * weather.roughness_m
    if weather.wind_height_m <= lifted_m:
        said = f"must be above {lifted_m:g} m: up to there the wind is between the buildings (6 × roughness_m)."
        return None, [], said
    if isinstance(weather, WeatherSeries):
        return _read(weather, duration_s)
    return _one(weather), [], ""


def _one(weather: ConstantWeather | StabilityWeather) -> WeatherStates:
    given = {name: getattr(weather, name, None) for name in RANGES}
    values = {name: np.array([NOT_GIVEN if value is None else float(value)]) for name, value in given.items()}
    letter = weather.stability if isinstance(weather, StabilityWeather) else ""
    return _states(weather, np.zeros(1), values, (letter,))


def _states(weather: Meteorology, t_s: Floats, values: dict[str, Floats], letters: tuple[str, ...]) -> WeatherStates:
    return WeatherStates(
        t_s,
        values["wind_mps"],
        values["wind_from_deg"],
        values["temperature_c"],
        values["cloud_share"],
        values["radiation_wpm2"],
        values["friction_velocity_mps"],
        values["obukhov_length_m"],
        values["mixing_height_m"],
        values["wind_sideways_mps"],
        letters,
        weather.roughness_m,
        weather.wind_height_m,
        weather.utc_offset_h,
    )


def _read(weather: WeatherSeries, duration_s: float) -> tuple[WeatherStates | None, list[Problem], str]:
    wrong = _other_units(weather.file)
    columns = [Column("t_s"), *(Column(problem.key, required=False) for problem in wrong)]
    columns += [Column(name, required=name in NEEDED and not wrong) for name in (*RANGES, "stability")]
    table, complaints = read_table(weather.file, columns)
    if table is None:
        return None, [*wrong, *complaints.problems()], ""
    t_s = table.numbers("t_s", unit=" s")
    values = {name: _numbers(table, name, complaints) for name in RANGES}
    letters = tuple(table.columns.get("stability", [""] * table.size))
    for row, letter in enumerate(letters):
        if letter and letter not in STABILITIES:
            complaints.add(
                "stability", row, "stability", letter, f"must be one of {', '.join(STABILITIES)}, or nothing."
            )
    _check_times(t_s, duration_s, complaints)
    if wrong or complaints:
        return None, [*wrong, *complaints.problems()], ""
    return _states(weather, t_s, values, letters), [], ""


def _other_units(file: Path) -> list[Problem]:
    """Columns whose names say that they are in another unit."""
    try:
        with file.open(encoding="utf-8-sig") as lines:
            header = [name.strip().casefold() for name in lines.readline().split(",")]
    except (OSError, UnicodeDecodeError):
        return []  # told when the table is read
    return [Problem(file, 1, name, NO_VALUE, OTHER_UNITS[name]) for name in header if name in OTHER_UNITS]


def _numbers(table: Table, name: str, complaints: Complaints) -> Floats:
    """A column of the weather; NaN where it is not there, or a cell that may be empty is."""
    if name not in table.columns:
        return np.full(table.size, 15.0 if name == "temperature_c" else NOT_GIVEN)
    low, high, unit = RANGES[name]
    values = table.numbers(name, empty=None if name in NEEDED else NOT_GIVEN, unit=unit)
    for row in np.flatnonzero(~np.isnan(values) & ~((values >= low) & (values <= high))).tolist():
        hint = HINTS.get(name, "") if values[row] > high else ""
        said = f"must lie between {low:g} and {high:g}{unit}. {hint}".rstrip()
        complaints.add("range", row, name, float(values[row]), said)
    if name == "obukhov_length_m":
        for row in np.flatnonzero(np.abs(values) < LEAST_LENGTH_M).tolist():
            said = "must be at least 1 m, or at most -1 m. Neutral air: leave it empty."
            complaints.add("length", row, name, float(values[row]), said)
    return np.where(np.isnan(values), 15.0, values) if name == "temperature_c" else values


def _check_times(t_s: Floats, duration_s: float, complaints: Complaints) -> None:
    """Whether rows follow each other and leave no hour of the run out."""
    for row in range(1, t_s.size):
        if t_s[row] <= t_s[row - 1]:
            said = f"is not after {t_s[row - 1]:g} s in the row before. Sort the rows by time."
            complaints.add("order", row, "t_s", float(t_s[row]), said)
        elif t_s[row] - t_s[row - 1] > LONGEST_ROW_S and t_s[row - 1] < duration_s and t_s[row] > 0.0:
            said = (
                f"follows {t_s[row - 1]:g} s: the weather of {t_s[row] - t_s[row - 1] - LONGEST_ROW_S:g} s is missing. "
            )
            complaints.add("gap", row, "t_s", float(t_s[row]), f"{said}Give a row for every hour at least.")
    if t_s.size and t_s[0] > 0.0:
        said = "is the first time, but the run begins at 0 s. Give the weather from its beginning."
        complaints.add("first", 0, "t_s", float(t_s[0]), said)
    if t_s.size and t_s[-1] + LONGEST_ROW_S < duration_s:
        said = f"is the last time, but the run ends at {duration_s:g} s. Give the weather to its last hour."
        complaints.add("last", t_s.size - 1, "t_s", float(t_s[-1]), said)
