"""Count what a gas does to everybody: in vehicles, on foot, and indoors, where it gets in and out only slowly."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..scenarios.chance import draws
from ..scenarios.hazards import Gas
from ..scenarios.toxic_gases import toxic_gas
from .evacuation import AT_HOME, AT_STOP, IN_CAR, PREPARING, SHELTERED, WAITS_FOR_AMBULANCE, Evacuees
from .exposure import NOBODY
from .remembering import Remembers

if TYPE_CHECKING:
    from ..scenarios.hazard_series import Sampled
    from .hazards import Hazards

Floats = NDArray[np.float64]
Longs = NDArray[np.int64]
Bools = NDArray[np.bool_]

WHERE = ("in_vehicle", "on_foot", "indoors", "waiting")  # and how people breathe what they breathe
IN_VEHICLE, OUTSIDE, INDOORS, WAITING = range(4)
HOUR_S = 3600.0


class Breathing(NamedTuple):
    """Some people in one kind of place, ``[n]`` each."""

    where: int
    person: Longs
    mgm3: Floats
    x_m: Floats
    y_m: Floats


class GasExposure(Remembers):
    """What one gas did to everybody so far.

    Persons are the drivers of all trips (but for evacuees' cars) and then all walks, ``[person]``; an evacuee is the
    person of the own walk, wherever that person is. Evacuees elsewhere, in buses and in ambulances breathe nothing.

    Parameters
    ----------
    number
        Of the hazard.
    hazards
        All of the run.
    evacuees
        Who is told to leave; None where nobody is.
    seed
        Of the run: how much somebody stands is drawn by it.
    """

    KEEPS = (
        *("load", "exposed_s", "inside_s", "first_s", "last_s", "highest", "where", "now"),
        *("lost_s", "lost_where", "lost_x_m", "lost_y_m", "indoors", "outdoors", "counts"),
    )

    def __init__(self, number: int, hazards: Hazards, evacuees: Evacuees | None, seed: int) -> None:
        self.number, self.hazards, self.evacuees = number, hazards, evacuees
        hazard = hazards.fields[number].hazard
        assert isinstance(hazard, Gas), "others are felt otherwise"
        self.gas = hazard
        self.toxic = toxic_gas(self.gas.substance)
        model = hazards.model
        self.drivers = len(model.fleet.trips.id)
        walks = () if model.walkers is None else model.walkers.trips.id
        keys = [model.fleet.trips.key, *([] if model.walkers is None else [model.walkers.trips.key])]
        self.ids = (*model.fleet.trips.id, *walks)
        self.stands = draws(seed, np.concatenate(keys), f"tolerates {self.gas.substance}")  # shares of people
        people = len(self.ids)
        self.load, self.exposed_s, self.inside_s, self.highest, self.now = (np.zeros(people) for _ in range(5))
        self.first_s, self.last_s, self.lost_s = (np.full(people, np.nan) for _ in range(3))
        self.lost_x_m, self.lost_y_m = np.full(people, np.nan), np.full(people, np.nan)
        self.where, self.lost_where = np.full(people, NOBODY, np.int8), np.full(people, NOBODY, np.int8)
        self.counts: list[list[float]] = []  # rows of the table of counts
        self.cars_of_evacuees = np.zeros(self.drivers, np.bool_)  # their cars: who is in them counts as a walk
        self._x_m, self._y_m = self._buildings()
        self._sampled: Sampled | None = None
        self.lay_out()
        self.indoors, self.outdoors = np.zeros(self._x_m.size), np.zeros(self._x_m.size)

    def _buildings(self) -> tuple[Floats, Floats]:
        """Where households live, and then where shelters and stops are, m."""
        evacuees, walkers = self.evacuees, self.hazards.model.walkers
        if evacuees is None or walkers is None:
            return np.zeros(0), np.zeros(0)
        self.cars_of_evacuees[evacuees.car_row[evacuees.car_row >= 0]] = True
        homes, havens, network = evacuees.people.households, evacuees.people.havens, self.hazards.model.network
        import shapely

        points = []
        for walk, walk_m, road, road_m in zip(
            havens.walk_link, havens.walk_m, havens.road_link, havens.road_m, strict=True
        ):
            streets, link, at_m = (walkers.network, walk, walk_m) if walk >= 0 else (network, road, road_m)
            points.append(shapely.line_interpolate_point(shapely.LineString(streets.link_shape_xy(int(link))), at_m))
        return np.append(homes.x_m, shapely.get_x(points)), np.append(homes.y_m, shapely.get_y(points))

    def lay_out(self) -> None:
        """Look the cloud up at buildings, where it is now said to be."""
        if self._x_m.size:
            east_m, north_m = self.hazards.moved_m[self.number]
            threat = self.hazards.fields[self.number].threat
            self._sampled = threat.at(self.hazards.model.network, self._x_m - east_m, self._y_m - north_m)

    @property
    def homes(self) -> int:
        """How many of the buildings are homes; shelters follow."""
        return 0 if self.evacuees is None else self.evacuees.people.households.key.size

    def at_homes(self) -> Sampled | None:
        """The cloud at the buildings over time; None where nobody lives."""
        return self._sampled

    def look(self, t_s: float, span_s: float) -> Longs:
        """Let everybody breathe for a time, now that the field was looked at; returns whom it kills."""
        self._let_in(t_s, span_s)
        self.where[:] = NOBODY
        self.now[:] = 0.0
        return np.concatenate([self._breathe(some, t_s, span_s) for some in self._breathing()])

    def _let_in(self, t_s: float, span_s: float) -> None:
        """Change the air of buildings: what is outside comes in, what is inside goes out."""
        if self._sampled is None:
            return
        outdoors = np.zeros(self._x_m.size)
        outdoors[self._sampled.place] = self.hazards.fields[self.number].between(self._sampled.values, t_s)[0]
        evacuees, gas = self.evacuees, self.gas
        assert evacuees is not None, "nobody else is indoors"
        usual_per_h, shut_per_h = gas.air_changes_per_h or 0.0, gas.closed_air_changes_per_h or 0.0
        shut = np.append(evacuees.shut_s <= t_s, np.ones(self._x_m.size - self.homes, np.bool_))
        kept = np.exp(-np.where(shut, shut_per_h, usual_per_h) * span_s / HOUR_S)
        mean = (self.outdoors + outdoors) / 2.0
        self.indoors, self.outdoors = mean + (self.indoors - mean) * kept, outdoors

    def _breathing(self) -> Iterator[Breathing]:
        """Everybody who is somewhere, kind of place by kind of place."""
        hazards = self.hazards
        field, first = hazards.fields[self.number], self.drivers
        trips, piece = hazards.vehicles_out()
        own = ~self.cars_of_evacuees[trips]
        yield self._on_road(trips[own], piece[own])
        if hazards.model.walkers is None:
            return
        walks, cell = hazards.people_out()
        yield Breathing(OUTSIDE, first + walks, field.walk[0, cell], hazards.cell_x_m[cell], hazards.cell_y_m[cell])
        evacuees = self.evacuees
        if evacuees is None:
            return
        state, row = evacuees.doing, first + evacuees.walk_row
        home = np.flatnonzero(np.isin(state, (AT_HOME, PREPARING, WAITS_FOR_AMBULANCE)))
        yield self._in_building(INDOORS, row[home], evacuees.people.household[home], self.indoors)
        safe = np.flatnonzero(state == SHELTERED)
        yield self._in_building(INDOORS, row[safe], self.homes + evacuees.haven[safe], self.indoors)
        waits = np.flatnonzero(state == AT_STOP)
        yield self._in_building(WAITING, row[waits], self.homes + evacuees.haven[waits], self.outdoors)
        rides = np.flatnonzero(state == IN_CAR)
        at = np.searchsorted(trips, evacuees.car_row[rides])
        out = at < trips.size
        out[out] = trips[at[out]] == evacuees.car_row[rides[out]]
        yield self._on_road(row[rides[out]], piece[at[out]])

    def _on_road(self, person: Longs, piece: Longs) -> Breathing:
        pieces = self.hazards.pieces
        mgm3 = self.hazards.fields[self.number].road[0, piece]
        return Breathing(IN_VEHICLE, person, mgm3, pieces.x_m[piece], pieces.y_m[piece])

    def _in_building(self, where: int, person: Longs, building: NDArray[np.integer], air: Floats) -> Breathing:
        return Breathing(where, person, air[building], self._x_m[building], self._y_m[building])

    def _breathe(self, some: Breathing, t_s: float, span_s: float) -> Longs:
        """Add what people breathe to their loads; returns those who have had too much now."""
        well = np.isnan(self.lost_s[some.person])
        where, person, mgm3, x_m, y_m = some.where, *(column[well] for column in some[1:])
        self.where[person], self.now[person] = where, mgm3
        there = mgm3 > 0.0
        person, mgm3, x_m, y_m = (column[there] for column in (person, mgm3, x_m, y_m))
        self.load[person] += self.toxic.load(mgm3, span_s)
        self.exposed_s[person] += np.where(mgm3 >= self.toxic.hour_mgm3()[0], span_s, 0.0)
        self.highest[person] = np.maximum(self.highest[person], mgm3)
        inside = person[mgm3 >= self.gas.front]
        self.inside_s[inside] += span_s
        self.first_s[inside] = np.where(np.isnan(self.first_s[inside]), t_s - span_s, self.first_s[inside])
        self.last_s[inside] = t_s
        dead = self.toxic.death_probability(self.load[person]) > self.stands[person]
        lost = person[dead]
        self.lost_s[lost], self.lost_where[lost] = t_s, where
        self.lost_x_m[lost], self.lost_y_m[lost] = x_m[dead], y_m[dead]
        return np.asarray(lost)

    def levels(self) -> Longs:
        """Highest guideline level that everybody has reached so far, 0 to 3."""
        return self.toxic.levels(self.load, self.exposed_s)

    def expected_lost(self) -> Floats:
        """Probability of death of everybody, by the toxic load so far."""
        return self.toxic.death_probability(self.load)

    def lost_at(self, t_s: float) -> int:
        """How many are incapacitated since a look at a moment."""
        return int((self.lost_s == t_s).sum())

    def inside_now(self, *where: int) -> int:
        """How many are in the cloud now, in some kinds of place."""
        return int((np.isin(self.where, where) & (self.now >= self.gas.front)).sum())
