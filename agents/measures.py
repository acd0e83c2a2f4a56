"""Say what measures mean for each trip: what it pays on its way, and where it may not drive."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..scenarios.air_measures import AirDetour, PlateRestriction
from ..scenarios.drivers import OF_CLASS
from ..scenarios.entry_ids import named_measures
from ..scenarios.measures import LowEmissionZone, Toll
from .measure_rules import (
    NO_WAY_ROUND,
    DetourRule,
    PlateRule,
    Rule,
    TollRule,
    ZoneRule,
    detour_rule,
    links_of,
    plate_rule,
    too_dirty,
)
from .remembering import Remembers, State

if TYPE_CHECKING:
    from ..scenarios.network import RoadNetwork
    from ..scenarios.scenario import Scenario
    from ..scenarios.trips import TripTable
    from .fleet import Fleet

Rows = NDArray[np.int64]
Ints = NDArray[np.int32]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

HOUR_S = 3600.0


@dataclass(frozen=True, slots=True, eq=False)
class Terms:
    """On which some plan their way, besides time."""

    open_link: Bools  # [link]
    extra_s: Floats  # [movement] money in seconds, by what time is worth to them


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a trip did not set out."""

    zone: str
    cause: str


class Measures(Remembers):
    """All measures of a run, what was paid so far, and who was refused.

    Parameters
    ----------
    scenario, network, trips
        Whose.
    seed
        Of the run: who complies is drawn by it.

    Attributes
    ----------
    paid : [toll, trip]
        In the scenario's currency, as far as accounts are settled.
    refused : by row of the trip
        Trips that were not let out.
    restricted : [plate restriction, trip]
        Trips that might not drive when they were to set out, or chose their way.
    """

    KEEPS = ("paid", "restricted", "_settled_at")

    def __init__(self, scenario: Scenario, network: RoadNetwork, trips: TripTable, seed: int) -> None:
        self._trips, self._links, self._movements = trips, network.link_count, network.movements
        value = scenario.routes.value_of_time_per_h
        self._value_per_h = np.array([value.get(name, value.get("car", np.inf)) for name in OF_CLASS])
        self.tolls: list[TollRule] = []
        self.zones: list[ZoneRule] = []
        self.detours: list[DetourRule] = []
        for name, measure in named_measures(scenario):
            called_for = measure.when is None
            if isinstance(measure, Toll):
                price = np.array([measure.price_of(kind) for kind in OF_CLASS])
                charged = self._entries(measure, links_of(measure, network))
                self.tolls.append(TollRule(name, measure, called_for, measure, charged, price))
            elif isinstance(measure, LowEmissionZone):
                banned = too_dirty(measure, scenario, trips, seed)
                inside = links_of(measure, network)
                self.zones.append(ZoneRule(name, measure, called_for, measure, inside, banned))
            elif isinstance(measure, PlateRestriction):
                self.zones.append(plate_rule(name, measure, network, trips, seed, scenario.start))
            elif isinstance(measure, AirDetour):
                self.detours.append(detour_rule(name, measure, network, trips, seed))
        self.plates = [rule for rule in self.zones if isinstance(rule, PlateRule)]
        self.restricted = np.zeros((len(self.plates), len(trips)), np.bool_)
        self.paid = np.zeros((len(self.tolls), len(trips)))
        self.refused: dict[int, Refusal] = {}
        self._settled_at = np.zeros(len(trips), np.int64)  # step of the route up to which is paid
        self._pair = self._movements.from_link.astype(np.int64) * self._links + self._movements.to_link

    def _entries(self, toll: Toll, inside: Bools) -> Bools:
        """Movements that lead into a toll's links; with an area, from outside."""
        into = inside[self._movements.to_link]
        return into if toll.polygon is None else np.asarray(into & ~inside[self._movements.from_link])

    def terms(self, rows: Rows, origin: Ints, destination: Ints, t_s: Floats) -> list[tuple[Rows, Terms]]:
        """What holds for trips that choose their way, in groups for which the same holds.

        Parameters
        ----------
        rows : [n]
            Trips.
        origin, destination : [n]
            Links from and to which they plan.
        t_s : [n]
            When each sets out, or looks for another way.

        Returns
        -------
        list of (places in ``rows``, terms)
        """
        classes = self._trips.vehicle_class[rows]
        held = [rule.holds(t_s) & (rule.price[classes] > 0.0) for rule in self.tolls]
        held += [rule.holds(t_s) & rule.follows[rows] for rule in self.detours]
        held += [self._barred(rule, rows, origin, destination, t_s) for rule in self.zones]
        table = np.column_stack([classes, *held]).astype(np.int8)
        distinct, group = np.unique(table, axis=0, return_inverse=True)
        return [
            (np.flatnonzero(group.ravel() == number), self._terms(int(row[0]), row[1:] != 0))
            for number, row in enumerate(distinct)
        ]

    def _barred(self, rule: ZoneRule, rows: Rows, origin: Ints, destination: Ints, t_s: Floats) -> Bools:
        """Who must keep out of a zone. Who is in it gets out, and who was let out to it gets in."""
        return np.asarray(rule.bans(rows, t_s) & ~rule.inside[origin] & ~rule.inside[destination])

    def _terms(self, vehicle_class: int, held: Bools) -> Terms:
        open_link, extra_s = np.ones(self._links, np.bool_), np.zeros(self._movements.from_link.size)
        for toll, holds in zip(self.tolls, held[: len(self.tolls)], strict=True):
            if holds:
                price_s = toll.price[vehicle_class] / self._value_per_h[vehicle_class] * HOUR_S
                extra_s += np.where(toll.charged, price_s, 0.0)
        others = held[len(self.tolls) :]
        for detour, holds in zip(self.detours, others[: len(self.detours)], strict=True):
            if holds:
                extra_s += detour.extra_s
        for zone, holds in zip(self.zones, others[len(self.detours) :], strict=True):
            if holds:
                open_link &= ~zone.inside
        return Terms(open_link, extra_s)

    def admitted(self, rows: Rows, t_s: Floats) -> Rows:
        """Those of some trips that may set out at ``t_s``; the others are noted as refused."""
        refused = np.zeros(rows.size, np.bool_)
        origin, destination = self._trips.origin_link[rows], self._trips.destination_link[rows]
        for rule in self.zones:
            there = rule.inside[origin] | rule.inside[destination]
            let_in = there if rule.lets_in() else np.zeros(rows.size, np.bool_)
            through = np.array([rule.inside[self._trips.route(row)].any() for row in rows.tolist()], np.bool_)
            bans = rule.bans(rows, t_s)
            if isinstance(rule, PlateRule):
                self.restricted[self.plates.index(rule), rows] = bans & ~refused
            kept_out = bans & (there | through) & ~let_in & ~refused
            for row in rows[kept_out].tolist():
                self.refused[row] = Refusal(rule.name, rule.cause(row))
            refused |= kept_out
        return rows[~refused]

    def note_no_way_round(self, rows: Rows, t_s: Floats) -> None:
        """Note trips that have a way, but not round the zones in which they are banned at ``t_s``."""
        origin, destination = self._trips.origin_link[rows], self._trips.destination_link[rows]
        for rule in self.zones:
            for row in rows[self._barred(rule, rows, origin, destination, t_s)].tolist():
                self.refused.setdefault(row, Refusal(rule.name, f"{NO_WAY_ROUND} {rule.called()}"))

    def settle(self, fleet: Fleet, member: int, rows: Rows, t_s: float) -> None:
        """Charge vehicles for what they drove since they were charged last; what held until ``t_s`` held all the time.

        To be called when a toll begins or ends, and before a vehicle gets another route.
        """
        vehicles = fleet.vehicles
        at = vehicles.route_at[member, rows].astype(np.int64)
        steps = np.maximum(at - self._settled_at[rows], 0)
        first = vehicles.route_start[member, rows] + self._settled_at[rows]
        self._settled_at[rows] = at
        place = np.repeat(first - (np.cumsum(steps) - steps), steps) + np.arange(steps.sum())
        route = fleet.cities.route
        movement = np.searchsorted(self._pair, route[place].astype(np.int64) * self._links + route[place + 1])
        trip = np.repeat(rows, steps)
        for number, rule in enumerate(self.tolls):
            if rule.held_until(t_s):
                pays = trip[rule.charged[movement]]
                np.add.at(self.paid[number], pays, rule.price[self._trips.vehicle_class[pays]])

    def call_for(self, name: str, *, called_for: bool) -> None:
        """Let a measure that waits for a warning hold, or no longer."""
        for rule in self._rules():
            if rule.name == name:
                rule.called_for = called_for

    def bad_air_ahead_s(self, rule: DetourRule, fleet: Fleet, member: int, rows: Rows) -> Floats:
        """What the air of the rest of their routes costs vehicles, s."""
        ahead = [fleet.route(member, int(row)).astype(np.int64) for row in rows]
        movement = [np.searchsorted(self._pair, route[:-1] * self._links + route[1:]) for route in ahead]
        return np.array([rule.extra_s[found].sum() for found in movement])

    def forget(self, rows: Rows) -> None:
        """Forget who was refused among trips that are planned once more."""
        for row in rows.tolist():
            self.refused.pop(row, None)

    def _rules(self) -> list[Rule]:
        return [*self.tolls, *self.zones, *self.detours]

    def state(self) -> State:
        """What was paid, who was refused, and what is called for."""
        refused = [[int(row), one.zone, one.cause] for row, one in self.refused.items()]
        called_for, extra_s = [rule.called_for for rule in self._rules()], [rule.extra_s for rule in self.detours]
        return {**super().state(), "refused": refused, "called_for": called_for, "extra_s": extra_s}

    def restore(self, state: State) -> None:
        """Have the accounts as they were."""
        super().restore(state)
        self.refused = {row: Refusal(zone, cause) for row, zone, cause in state["refused"]}
        for rule, called_for in zip(self._rules(), state["called_for"], strict=True):
            rule.called_for = called_for
        for detour, extra_s in zip(self.detours, state["extra_s"], strict=True):
            detour.extra_s = extra_s

    def begin_route(self, rows: Rows) -> None:
        """Take note that vehicles begin a route where they are."""
        self._settled_at[rows] = 0


def measures_of(scenario: Scenario, network: RoadNetwork, trips: TripTable, seed: int) -> Measures | None:
    """All measures of a run; None where there are none."""
    return Measures(scenario, network, trips, seed) if scenario.measures else None
