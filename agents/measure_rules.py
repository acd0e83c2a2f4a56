"""Hold what each measure means on one network: who pays where, who may not drive where and when, who keeps away."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..scenarios.areas import links_in
from ..scenarios.chance import draws
from ..scenarios.trips import VEHICLE_CLASSES

if TYPE_CHECKING:
    from ..scenarios.air_measures import AirDetour, PlateRestriction
    from ..scenarios.measures import LowEmissionZone, Measure, Toll
    from ..scenarios.network import RoadNetwork
    from ..scenarios.scenario import Scenario
    from ..scenarios.trips import TripTable
    from ..scenarios.whereabouts import AnyArea

Rows = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

DAY_S = 86_400.0
DIGITS = 10
# How the cause of a trip that a measure keeps from driving begins.
BANNED, NO_WAY_ROUND = "banned from", "no way round"
STAYS_AT_HOME, TRAVELS_OTHERWISE = "stays at home", "travels otherwise"
REFUSALS = (BANNED, NO_WAY_ROUND, STAYS_AT_HOME, TRAVELS_OTHERWISE)


@dataclass(slots=True, eq=False)
class Rule:
    """A measure, and whether a warning calls for it where it waits for one."""

    name: str
    measure: Measure
    called_for: bool

    def holds(self, t_s: Floats) -> Bools:
        """Whether it holds at moments, as far as one knows now."""
        end_s = np.inf if self.measure.end_s is None else self.measure.end_s
        return np.asarray((t_s >= self.measure.start_s) & (t_s < end_s) & self.called_for)

    def held_until(self, t_s: float) -> bool:
        """Whether it has held up to a moment at which it may end."""
        end_s = np.inf if self.measure.end_s is None else self.measure.end_s
        return self.called_for and self.measure.start_s < t_s <= end_s


@dataclass(slots=True, eq=False)
class TollRule(Rule):
    """One toll on one network."""

    toll: Toll
    charged: Bools  # [movement] whoever drives it pays
    price: Floats  # [vehicle class]


@dataclass(slots=True, eq=False)
class ZoneRule(Rule):
    """Links on which some may not drive."""

    zone: LowEmissionZone | PlateRestriction
    inside: Bools  # [link]
    banned: Bools  # [trip]

    def bans(self, rows: Rows, t_s: Floats) -> Bools:
        """Which of some trips it bans at moments, one for each."""
        return np.asarray(self.banned[rows] & self.holds(t_s))

    def lets_in(self) -> bool:
        """Whether trips that begin or end there may drive in."""
        return getattr(self.zone, "access", "none") == "destination"

    def cause(self, row: int) -> str:
        """Why a trip that it bans does not set out."""
        return f"{BANNED} {self.called()}"

    def called(self) -> str:
        """What people call it."""
        return f'low-emission zone "{self.name}"' if self.zone.id is not None else "the low-emission zone"


@dataclass(slots=True, eq=False)
class PlateRule(ZoneRule):
    """A restriction of plates; ``banned`` are those whom it is about on the days on which they may not drive."""

    odd: Bools  # [trip] its plate ends in an odd digit
    other_mode: Bools  # [trip] travels otherwise where it may not drive
    may_drive: str
    start: dt.datetime

    def bans(self, rows: Rows, t_s: Floats) -> Bools:
        """Which of some trips it bans at moments, one for each."""
        odd_may = np.full(rows.size, self.may_drive == "odd")
        if self.may_drive == "by_date":
            midnight = dt.datetime.combine(self.start, dt.time(), self.start.tzinfo)
            day = (((self.start - midnight).total_seconds() + t_s) // DAY_S).astype(np.int64)
            days, which = np.unique(day, return_inverse=True)
            odd_may = np.array([(self.start + dt.timedelta(days=int(one))).day % 2 == 1 for one in days])[which]
        return np.asarray(ZoneRule.bans(self, rows, t_s) & (self.odd[rows] != odd_may))

    def cause(self, row: int) -> str:
        """Why a trip that it bans does not set out."""
        what = TRAVELS_OTHERWISE if self.other_mode[row] else STAYS_AT_HOME
        return f"{what}: {self.called()}"

    def called(self) -> str:
        """What people call it."""
        return f'plate restriction "{self.name}"' if self.zone.id is not None else "the plate restriction"


@dataclass(slots=True, eq=False)
class DetourRule(Rule):
    """Streets whose air some weigh when they choose their way."""

    follows: Bools  # [trip]
    extra_s: Floats  # [movement]


def links_of(measure: AnyArea, network: RoadNetwork) -> Bools:
    """Links that a measure is about, ``[link]``; all where it names none."""
    if measure.polygon is not None:
        return links_in(network, measure.polygon)
    if measure.links is None:
        return np.ones(network.link_count, np.bool_)
    rows = [network.link_row[link] for link in measure.links]
    return np.isin(np.arange(network.link_count), rows)


def too_dirty(zone: LowEmissionZone, scenario: Scenario, trips: TripTable, seed: int) -> Bools:
    """Trips with vehicles that a low-emission zone bans: by their Euro standard, or by a share of each class."""
    classes = [VEHICLE_CLASSES.index(kind) for kind in zone.banned]
    concerned = np.isin(trips.vehicle_class, classes)
    if not zone.least_euro:
        return np.asarray(concerned & (draws(seed, trips.key, "compliance") >= zone.compliant_share))
    from ..scenarios.air_places import air_inputs
    from ..scenarios.emission_standards import euro_number, fuel_group
    from .technologies import kinds_of

    shares = air_inputs(scenario).shares
    assert shares is not None, "checked before the run"
    kinds = kinds_of(shares)
    lacks = [
        euro_number(one) < zone.least_euro.get(group, 0) if (group := fuel_group(one)) else False
        for one in kinds.names[:-1]
    ]
    return np.asarray(concerned & np.array([*lacks, False])[kinds.draw(trips, seed)])


def plate_rule(
    name: str, measure: PlateRestriction, network: RoadNetwork, trips: TripTable, seed: int, start: dt.datetime
) -> PlateRule:
    """Whom a restriction of plates is about. Plates are drawn by trips' ids, not by the measure's: a car has one."""
    classes = [VEHICLE_CLASSES.index(kind) for kind in measure.restricted]
    own = np.isin(trips.vehicle_class, classes)
    exempt = draws(seed, trips.key, f"exempt from {name}") < measure.exempt_share
    digit = np.floor(DIGITS * draws(seed, trips.key, "plate")).astype(np.int64)
    return PlateRule(
        name,
        measure,
        measure.when is None,
        measure,
        links_of(measure, network),
        own & ~exempt,
        digit % 2 == 1,
        draws(seed, trips.key, f"other mode {name}") < measure.other_mode_share,
        measure.may_drive,
        start,
    )


def detour_rule(name: str, measure: AirDetour, network: RoadNetwork, trips: TripTable, seed: int) -> DetourRule:
    """What streets with bad air cost those who keep away from them."""
    from ..scenarios.air_checks import concentrations_of

    follows = draws(seed, trips.key, f"clean air {name}") < measure.follow_share
    rule = DetourRule(name, measure, measure.when is None, follows, np.zeros(network.movements.to_link.size))
    if measure.concentrations is not None:
        ugm3, _ = concentrations_of(measure.concentrations, network)
        rule.extra_s = costs_of_air(measure, network, ugm3)
    return rule


def costs_of_air(measure: AirDetour, network: RoadNetwork, ugm3: Floats) -> Floats:
    """Seconds that concentrations in streets cost, for the movements that lead into each (``[movement]``)."""
    cost_s = measure.s_per_km_ugm3 * ugm3 * network.links.length_m / 1000.0
    return np.asarray(cost_s[network.movements.to_link])
