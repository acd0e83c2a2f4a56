"""Say in words what a measure is and where it holds, for the lines that tell what differs between two scenarios."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .air_measures import AirDetour, CancelledWalks, PlateRestriction, SlowZone, SourceCap
from .areas import area_words
from .measures import LowEmissionZone, Toll
from .planner_words import number, plain_words
from .street_words import listed

if TYPE_CHECKING:
    from .entry_words import Side
    from .triggers import Timed

MEASURES = Toll | LowEmissionZone | PlateRestriction | SlowZone | AirDetour | SourceCap | CancelledWalks
ACCESS = {"none": "trips that begin or end there too", "destination": "trips that begin or end there may drive in"}
PLATES = {"odd": "odd plates", "even": "even plates", "by_date": "odd plates on odd days, even plates on even days"}


def measure_title(measure: MEASURES, side: Side) -> str:
    """What a measure is and where."""
    what = plain_words(measure.kind).replace("low e", "low-e")
    links, polygon = getattr(measure, "links", None), getattr(measure, "polygon", None)
    if links:
        return f"{what} on {side.names.links(links)}"
    return f"{what} in {area_words(polygon)}" if polygon else what


def measure_sentence(measure: MEASURES, side: Side) -> str:
    """All that a measure says."""
    return f"{measure_title(measure, side)}, {side.window(measure)}{_condition(measure)}: {_what(measure, side)}"


def _condition(measure: Timed) -> str:
    wanted = measure.when
    return "" if wanted is None else f' while warning "{wanted.warning}" is at "{wanted.level}" or higher'


def _what(measure: MEASURES, side: Side) -> str:
    if isinstance(measure, Toll):
        return _price(measure, side)
    if isinstance(measure, LowEmissionZone):
        return _ban(measure)
    if isinstance(measure, PlateRestriction):
        return _plates(measure)
    if isinstance(measure, SlowZone):
        return f"at most {number(measure.speed_kmh)} km/h"
    if isinstance(measure, AirDetour):
        who = "drivers" if measure.follow_share == 1.0 else f"{number(100 * measure.follow_share)} % of the drivers"
        of = measure.pollutant if measure.concentrations is None else measure.concentrations.name
        return f"for {who} a kilometre costs {number(measure.s_per_km_ugm3)} s for each µg/m³ of {of}"
    if isinstance(measure, SourceCap):
        whose = listed([*measure.sources]) if measure.sources else "all sources"
        verb = "emits" if measure.sources and len(measure.sources) == 1 else "emit"
        return f"{whose} {verb} {number(100 * measure.cut)} % less"
    return f"{number(100 * measure.share)} % of the walks do not set out"


def _price(toll: Toll, side: Side) -> str:
    """What a toll costs whom."""
    currency = side.scenario.routes.currency
    others = [f"{number(price)} {currency} by {kind}" for kind, price in toll.prices.items() if kind not in toll.exempt]
    free = f"nothing by {' or '.join(toll.exempt)}" if toll.exempt else ""
    each = "each time one drives in" if toll.polygon is not None else "for each link one turns into"
    return ", ".join([f"{side.money(toll.price)} {each}", *others, *([free] if free else [])])


def _ban(zone: LowEmissionZone) -> str:
    """Whom a low-emission zone keeps out."""
    if zone.least_euro:
        needed = listed([f"{fuel} before Euro {number(least)}" for fuel, least in zone.least_euro.items()])
        return f"closed to {listed([*zone.banned])} on {needed}; {ACCESS[zone.access]}"
    clean = f" but for the {number(100 * zone.compliant_share)} % that comply" if zone.compliant_share else ""
    return f"closed to {listed([*zone.banned])}{clean}; {ACCESS[zone.access]}"


def _plates(restriction: PlateRestriction) -> str:
    """Who may drive, and what the others do."""
    who = f"by {listed([*restriction.restricted])} only {PLATES[restriction.may_drive]} may drive"
    exempt = f", {number(100 * restriction.exempt_share)} % are exempt" if restriction.exempt_share else ""
    shift = number(100 * restriction.other_mode_share)
    instead = f"{shift} % of the others travel otherwise" if restriction.other_mode_share else "the others stay at home"
    return f"{who}{exempt}; {instead}"
