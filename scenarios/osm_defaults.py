"""Hold what streets are like where no tag says so: lanes, speeds, widths by road class, speeds and side by country."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

MPH_TO_KMH = 1.609344
NARROW_KMH = 30.0  # limit assumed on a two-way street with one lane for both directions
NARROW_LANE_M = 2.25
WALK_KMH = 7.0


@dataclass(frozen=True, slots=True)
class ClassDefaults:
    """Assumed values of one road class; lanes are per direction."""

    lanes_oneway: int
    lanes_twoway: int
    urban_kmh: float
    rural_kmh: float
    lane_width_m: float


_LINK = ClassDefaults(1, 1, 40.0, 60.0, 3.5)
_MAIN = ClassDefaults(2, 1, 50.0, 80.0, 3.25)
_LOCAL = ClassDefaults(1, 1, 40.0, 60.0, 2.75)

CLASS_DEFAULTS: Mapping[str, ClassDefaults] = {
    "motorway": ClassDefaults(2, 2, 80.0, 120.0, 3.6),
    "trunk": ClassDefaults(2, 1, 60.0, 100.0, 3.5),
    "primary": _MAIN,
    "secondary": _MAIN,
    "tertiary": replace(_MAIN, lane_width_m=3.0),
    "motorway_link": replace(_LINK, urban_kmh=60.0),
    "trunk_link": _LINK,
    "primary_link": _LINK,
    "secondary_link": _LINK,
    "tertiary_link": _LINK,
    "unclassified": _LOCAL,
    "residential": _LOCAL,
    "living_street": ClassDefaults(1, 1, 10.0, 10.0, 2.75),
    "service": ClassDefaults(1, 1, 20.0, 20.0, 2.75),
    "track": ClassDefaults(1, 1, 20.0, 20.0, 2.75),
}
# The classes that a country's general limits hold for, besides motorways.
GENERAL = ("trunk", "primary", "secondary", "tertiary", "unclassified", "residential")


@dataclass(frozen=True, slots=True)
class Country:
    """Statutory limits (km/h) of one country, where it lies (west, south, east, north), and the side it drives on."""

    boxes: tuple[tuple[float, float, float, float], ...]
    urban_kmh: float = 50.0
    rural_kmh: float = 80.0
    motorway_kmh: float = 120.0
    left: bool = False
    by_class: Mapping[str, tuple[float, float]] | None = None  # road class -> urban, rural


_US = {
    "motorway": (55 * MPH_TO_KMH, 65 * MPH_TO_KMH),
    "trunk": (40 * MPH_TO_KMH, 55 * MPH_TO_KMH),
    "primary": (35 * MPH_TO_KMH, 55 * MPH_TO_KMH),
    "secondary": (30 * MPH_TO_KMH, 55 * MPH_TO_KMH),
    "tertiary": (25 * MPH_TO_KMH, 45 * MPH_TO_KMH),
    "unclassified": (25 * MPH_TO_KMH, 45 * MPH_TO_KMH),
    "residential": (25 * MPH_TO_KMH, 35 * MPH_TO_KMH),
}
_BR = {
    "motorway": (80.0, 110.0),
    "trunk": (60.0, 80.0),
    "primary": (60.0, 60.0),
    "secondary": (60.0, 60.0),
    "tertiary": (40.0, 60.0),
    "unclassified": (30.0, 60.0),
    "residential": (30.0, 30.0),
}

# Boxes are crude at borders: tags that name the country come first, and the scenario may name it.
COUNTRIES: Mapping[str, Country] = {
    "AT": Country(((9.5, 46.4, 17.2, 49.1),), 50, 100, 130),
    "AU": Country(((112.9, -43.8, 153.7, -10.0),), 50, 100, 110, left=True),
    "BE": Country(((2.5, 49.5, 6.4, 51.5),), 50, 70, 120),
    "BR": Country(((-74.0, -33.8, -34.7, 5.3),), 60, 60, 110, by_class=_BR),
    "CA": Country(((-141.0, 41.7, -52.6, 83.2),), 50, 80, 100),
    "CH": Country(((5.9, 45.8, 10.5, 47.9),), 50, 80, 120),
    "CN": Country(((73.5, 18.1, 119.9, 53.6), (119.9, 26.0, 122.3, 41.5), (119.9, 41.5, 134.8, 53.6)), 50, 70, 120),
    "CZ": Country(((12.1, 48.5, 18.9, 51.1),), 50, 90, 130),
    "DE": Country(((5.8, 47.2, 15.1, 55.1),), 50, 100, 130),
    "DK": Country(((8.0, 54.5, 12.7, 57.8), (14.6, 54.9, 15.2, 55.3)), 50, 80, 130),
    "EE": Country(((21.7, 57.5, 28.2, 59.7),), 50, 90, 110),
    "ES": Country(((-9.4, 36.0, 3.4, 43.8), (-18.2, 27.6, -13.3, 29.5)), 50, 90, 120),
    "FI": Country(((20.5, 59.7, 31.6, 70.1), (19.3, 59.8, 21.1, 60.5)), 50, 80, 120),
    "FR": Country(((-4.9, 42.3, 8.3, 51.1), (8.5, 41.3, 9.6, 43.1)), 50, 80, 130),
    "GB": Country(((-8.7, 49.8, 1.8, 60.9),), 30 * MPH_TO_KMH, 60 * MPH_TO_KMH, 70 * MPH_TO_KMH, left=True),
    "IE": Country(((-10.7, 51.4, -6.0, 55.4),), 50, 80, 120, left=True),
    "IN": Country(((68.1, 6.7, 97.4, 35.5),), 50, 70, 100, left=True),
    "IT": Country(((6.6, 36.6, 18.6, 47.1),), 50, 90, 130),
    "JP": Country(((128.6, 30.2, 146.0, 45.6), (122.9, 24.0, 131.4, 30.2)), 40, 60, 100, left=True),
    "KR": Country(((125.8, 33.0, 129.7, 38.7),), 50, 70, 100),
    "LI": Country(((9.47, 47.04, 9.64, 47.28),), 50, 80, 120),
    "LU": Country(((5.7, 49.4, 6.6, 50.2),), 50, 90, 130),
    "MC": Country(((7.405, 43.72, 7.445, 43.755),), 50, 80, 130),
    "MX": Country(((-117.2, 14.5, -86.7, 32.8),), 50, 80, 110),
    "NL": Country(((3.3, 50.7, 7.3, 53.6),), 50, 80, 100),
    "NO": Country(((4.5, 57.9, 31.2, 71.2),), 50, 80, 110),
    "NZ": Country(((166.3, -47.4, 178.7, -34.3),), 50, 100, 100, left=True),
    "PL": Country(((14.1, 49.0, 24.2, 54.9),), 50, 90, 140),
    "PT": Country(((-9.6, 36.9, -6.1, 42.2),), 50, 90, 120),
    "SE": Country(((10.9, 55.3, 24.2, 69.1),), 50, 70, 110),
    "SG": Country(((103.6, 1.2, 104.1, 1.5),), 50, 70, 90, left=True),
    "TW": Country(((119.9, 21.8, 122.1, 25.4),), 50, 60, 100),
    "US": Country(
        ((-124.8, 24.5, -66.9, 49.4), (-168.0, 54.0, -130.0, 71.5), (-160.3, 18.9, -154.8, 22.3)),
        40,
        88,
        105,
        by_class=_US,
    ),
    "ZA": Country(((16.4, -34.9, 32.9, -22.1),), 60, 100, 120, left=True),
}
# Where people drive on the left, as far as no entry of COUNTRIES says so.
_LEFT = """
AG AI AU BB BD BM BN BS BT BW CY DM FJ FK GB GD GG GY HK ID IE IM IN JE JM JP KE KN KY LC LK LS MO MT MU MV MW MY MZ
NA NP NZ PG PK SC SG SR SZ TC TH TL TO TT TZ UG VC VG VI ZA ZM ZW
"""
LEFT_COUNTRIES = frozenset(_LEFT.split())


def country_at(lon: float, lat: float) -> str:
    """Country whose box holds a place, the smallest box first; "" when none does.

    Examples
    --------
    >>> country_at(24.94, 60.17), country_at(-1.52, 53.82), country_at(0.0, 0.0)
    ('FI', 'GB', '')
    """
    found = [
        ((east - west) * (north - south), code)
        for code, country in COUNTRIES.items()
        for west, south, east, north in country.boxes
        if west <= lon <= east and south <= lat <= north
    ]
    return min(found)[1] if found else ""


def drives_on_left(country: str) -> bool:
    """Whether traffic keeps to the left in a country; False when it is not known."""
    known = COUNTRIES.get(country)
    return known.left if known is not None and known.left else country in LEFT_COUNTRIES


def defaults_for(country: str, replaced: Mapping[str, Mapping[str, float]] | None = None) -> dict[str, ClassDefaults]:
    """Assumed values by road class in one country.

    Parameters
    ----------
    country : str
        ISO 3166-1 alpha-2 code, "" when unknown.
    replaced : mapping, optional
        What a scenario sets instead, by road class: ``lanes_oneway``, ``lanes_twoway``, ``speed_kmh`` (urban and
        rural), ``lane_width_m``. Values that are None or missing stay.
    """
    table = dict(CLASS_DEFAULTS)
    rules = COUNTRIES.get(country)
    if rules is not None:
        for road_class in GENERAL:
            table[road_class] = replace(table[road_class], urban_kmh=rules.urban_kmh, rural_kmh=rules.rural_kmh)
        table["motorway"] = replace(table["motorway"], rural_kmh=rules.motorway_kmh)
        for road_class, (urban, rural) in (rules.by_class or {}).items():
            table[road_class] = replace(table[road_class], urban_kmh=urban, rural_kmh=rural)
    for road_class, values in (replaced or {}).items():
        if road_class not in table:
            continue
        new = {key: value for key, value in values.items() if value is not None}
        speed = new.pop("speed_kmh", None)
        entry = table[road_class]
        if speed is not None:
            entry = replace(entry, urban_kmh=float(speed), rural_kmh=float(speed))
        table[road_class] = replace(
            entry,
            lanes_oneway=int(new.get("lanes_oneway", entry.lanes_oneway)),
            lanes_twoway=int(new.get("lanes_twoway", entry.lanes_twoway)),
            lane_width_m=float(new.get("lane_width_m", entry.lane_width_m)),
        )
    return table
