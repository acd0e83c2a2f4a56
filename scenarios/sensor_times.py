"""Turn clock times of files into moments: time zones, the hour that exists twice and the one that never came."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

import numpy as np

from .network import Bools, Floats, Ints
from .problems import closest

UTC = dt.UTC
DIGITS = {"Y": 4, "m": 2, "d": 2, "H": 2, "M": 2, "S": 2, "y": 2}


@dataclass(frozen=True, slots=True, eq=False)
class Moments:
    """Shapes ``[text]``; ``utc_s`` is NaN where a text is no time."""

    utc_s: Floats  # since 1970-01-01
    never: Bools  # clocks of the place jump over that time
    twice: Bools  # clocks of the place show that time twice, and nothing says which was meant


def known_zone(name: str) -> str:
    """A time zone's name as it was given.

    Raises
    ------
    ValueError
        There is no such zone, with the closest.
    """
    if name in _zones():
        return name
    near = closest(name, _zones(), limit=1)
    hint = f' Closest: "{near[0]}".' if near else ""
    raise ValueError(f"no such time zone.{hint} Names are those of the IANA data: Europe/Helsinki, UTC")


@lru_cache(1)
def _zones() -> dict[str, None]:
    return dict.fromkeys(sorted(available_timezones()))


def moments(texts: Sequence[str], rows: Ints, layout: str | None, zone: str) -> Moments:
    """The moments that texts mean.

    Parameters
    ----------
    texts
        With a zone of their own (``2026-03-29T01:00Z``, ``+02:00``) or as clocks of the place show them.
    rows : [text]
        Whose reading it is. Where clocks show an hour twice, the second reading of the same sensor with the same time
        is taken for the second hour.
    layout
        As ``strptime`` reads it; None: ISO 8601.
    zone
        IANA name; "": clocks that are never put forward or back.
    """
    unique, back = np.unique(np.asarray(texts, np.str_), return_inverse=True)
    first, second, never, ambiguous = (np.full(unique.size, value) for value in (np.nan, np.nan, False, False))
    place = ZoneInfo(zone) if zone else UTC
    for number, text in enumerate(unique.tolist()):
        moment = parsed(text, layout)
        if moment is None:
            continue
        if moment.tzinfo is not None:
            first[number] = second[number] = moment.timestamp()
            continue
        local = moment.replace(tzinfo=place)
        first[number], second[number] = local.timestamp(), local.replace(fold=1).timestamp()
        shown_again = dt.datetime.fromtimestamp(first[number], place).replace(tzinfo=None)
        never[number] = shown_again != moment
        ambiguous[number] = not never[number] and second[number] != first[number]
    nth, of = _repeats(rows, back)
    later = ambiguous[back] & (of == 2) & (nth == 1)
    utc_s = np.where(later, second[back], first[back])
    return Moments(utc_s, never[back].astype(np.bool_), ambiguous[back].astype(np.bool_) & (of != 2))


def _repeats(rows: Ints, text: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Which repetition of the same text in the same row each one is, and how many there are."""
    pair = np.asarray(rows, np.int64) * (int(text.max(initial=0)) + 1) + text
    order = np.argsort(pair, kind="stable")
    _, start, count = np.unique(pair[order], return_index=True, return_counts=True)
    nth, of = np.empty(pair.size, np.int64), np.empty(pair.size, np.int64)
    nth[order] = np.arange(pair.size) - np.repeat(start, count)
    of[order] = np.repeat(count, count)
    return nth, of


def parsed(text: str, layout: str | None) -> dt.datetime | None:
    """A text as date and time, None where it is none; 24:00 is the midnight that follows."""
    over = dt.timedelta(0)
    if layout is None and re.search(r"[T ]24:00(:00)?$", text):
        text, over = re.sub(r"24:00(:00)?$", "00:00", text), dt.timedelta(days=1)
    try:
        found = dt.datetime.fromisoformat(text) if layout is None else dt.datetime.strptime(text, layout)
    except ValueError:
        return None
    return found + over


def in_name(name: str, layout: str) -> dt.datetime | None:
    """The date and time in a file's name, written as ``layout`` says; None where there is none.

    Examples
    --------
    >>> in_name("221014_08-09.csv", "%y%m%d_%H")
    datetime.datetime(2022, 10, 14, 8, 0)
    """
    pattern = re.sub(r"%(\w)", lambda found: rf"\d{{{DIGITS.get(found.group(1), 2)}}}", re.escape(layout))
    found = re.search(pattern, name)
    return parsed(found.group(), layout) if found else None
