"""Say the values of a scenario in words: clock times, durations, quantities with their units, what a key is about."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path

from pydantic import BaseModel

from .planner_labels import LABELS
from .street_words import listed

UNITS = {
    "_mps2": "m/s²",
    "_m2ps": "m²/s",
    "_per_m": "1/m",
    "_kmh": "km/h",
    "_mps": "m/s",
    "_w_per_kg": "W/kg",
    "_wpm2": "W/m²",
    "_g_per_m2": "g/m²",
    "_ugm3": "µg/m³",
    "_mgm3": "mg/m³",
    "_gps": "g/s",
    "_deg": "°",
    "temperature_c": "°C",
    "_s": "s",
    "_m": "m",
    "_kg": "kg",
    "per_hour": "departures an hour",
}
USES = {"dwelling": "dwellings", "office_m2": "m² of offices", "shop_m2": "m² of shops"}
LEFT_OUT = {  # where the key's description does not say what holds without it; "Model.key" before "Model" and "key"
    "Routes.learning_rate": "0.2",
    "ClassDefaults": "as built in",
    "DriverChange": "as for all",
    "SignalPlan": "as it is",
    "reroute_blocked_after_s": "never",
    "GmnsOptions": "as in its config",
    "NetworkOptions.driving_side": "the country's",
    "NetworkOptions.country": "by place",
    "EmergencyCall.on_scene_s": "drawn",
    "Hospital.capacity": "everybody",
    "RandomCalls.polygon": "in the whole city",
    "_Hazard.end_s": "to the end of the run",
    "_Series.crs": "as expected",
    "Fire.crs": "longitude and latitude",
    "end_s": "the end of the run",
    "junctions": "all junctions",
    "rates": "ITE's",
    "NamedRoute.links": "the fastest way",
    "NamedRoute.origin": "the first link",
    "NamedRoute.destination": "the last link",
    "HourValues": "not valued",
    "exempt": "nobody",
    "Evacuation.preparation": "as by default",
    "announced_after_s": "never",
    "Report.rank_by": "as by default",
}
SHARES = ("ambulance", "away", "bus", "car", "compliance", "reaches", "share")  # told in per cent
RATES = ("per_hour", "factor", "trips")  # whose change is also told in per cent


def clock(start: dt.datetime, t_s: float) -> str:
    """Clock time of a second of the run, with the day where it is not that of the start.

    Examples
    --------
    >>> morning = dt.datetime(2026, 5, 4, 7)
    >>> clock(morning, 600), clock(morning, 90.5), clock(morning, 86_400)
    ('07:10', '07:01:30.5', 'Tuesday 5 May, 07:00')
    """
    at = start.replace(tzinfo=None) + dt.timedelta(seconds=t_s)
    text = f"{at:%H:%M}"
    if at.microsecond:
        text = f"{at:%H:%M:%S.%f}".rstrip("0")
    elif at.second:
        text = f"{at:%H:%M:%S}"
    return text if at.date() == start.date() else f"{at:%A} {at.day} {at:%B}, {text}"


def date_and_clock(at: dt.datetime) -> str:
    """A date with its day of the week and the time."""
    return f"{at:%A} {at.day} {at:%B %Y}, {clock(at, 0.0)}"


def window(start: dt.datetime, start_s: float, end_s: float | None) -> str:
    """From when to when, in clock times.

    Examples
    --------
    >>> window(dt.datetime(2026, 5, 4, 7), 600, 5400)
    '07:10-08:30'
    """
    if end_s is None:
        return f"from {clock(start, start_s)} to the end of the run"
    return f"{clock(start, start_s)}-{clock(start, end_s)}"


def lasting(seconds: float) -> str:
    """A duration.

    Examples
    --------
    >>> lasting(45), lasting(5400), lasting(7200), lasting(0.5)
    ('45 s', '1 h 30 min', '2 h', '0.5 s')
    """
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(int(minutes), 60)
    parts = [(hours, "h"), (minutes, "min"), (rest, "s")]
    return " ".join(f"{number(value)} {unit}" for value, unit in parts if value) or "0 s"


def number(value: float) -> str:
    """A number with commas between thousands, as exactly as it is written."""
    return f"{value:,.10g}"


def percent_change(before: float, after: float) -> str:
    """By how much something grew or shrank; "" where it was nothing.

    Examples
    --------
    >>> percent_change(50, 60), percent_change(3000, 2999), percent_change(0, 1)
    ('+20 %', '-0.0333 %', '')
    """
    return f"{100 * (after - before) / before:+.3g} %" if before else ""


def unit_of(key: str) -> str:
    """The unit in which a key is written, or ""."""
    return next((unit for ending, unit in UNITS.items() if key.endswith(ending)), "")


def label(model: type[BaseModel], key: str) -> str:
    """What a key is about; "" where its value says so itself."""
    for owner in model.__mro__:
        if found := LABELS.get(f"{owner.__name__}.{key}"):
            return found
    if key in LABELS:
        return LABELS[key]
    return plain_words(next((key.removesuffix(end) for end in UNITS if key.endswith(end)), key))


def left_out(model: type[BaseModel], key: str) -> str:
    """What holds where a key is left out: as its description says."""
    field = model.model_fields.get(key)
    said = re.search(r"Left out: ([^.]+)\.", field.description or "") if field is not None else None
    names = [name for owner in model.__mro__ for name in (f"{owner.__name__}.{key}", owner.__name__)]
    written = next((LEFT_OUT[name] for name in [*names, key] if name in LEFT_OUT), None)
    if written is not None:
        return written
    return said.group(1).strip() if said is not None else "none"


def plain_words(name: str) -> str:
    """A key or a kind without its underscores."""
    return name.replace("_", " ")


def value_words(model: type[BaseModel], key: str, value: object) -> str:
    """A value with its unit; lists in words, groups of a list with plus signs."""
    if value is None:
        return left_out(model, key)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dt.datetime):
        return date_and_clock(value)
    if isinstance(value, Path):
        return value.name
    if isinstance(value, dict):
        if not value:
            return left_out(model, key)
        return listed([f"{number(amount)} {USES.get(name, plain_words(name))}" for name, amount in value.items()])
    if isinstance(value, tuple):
        if not value:
            return left_out(model, key)
        if all(isinstance(item, (int, float)) for item in value):
            return f"{', '.join(number(item) for item in value)} {unit_of(key)}".rstrip()
        return listed(
            [" + ".join(item) if isinstance(item, tuple) else value_words(model, key, item) for item in value]
        )
    if isinstance(value, (int, float)):
        if key in SHARES and model.__module__.rpartition(".")[2] == "evacuation":
            return f"{number(round(100 * value, 10))} %"
        if key == "duration_s":
            return lasting(value)
        return f"{number(value)} {unit_of(key)}".rstrip()
    return str(value)
