"""Hold everybody an evacuation is about as one table: where they are, when they left, and what became of them."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..kernels import traffic_tables, walking_tables
from ..scenarios.evacuation_people import AMBULANCE, CAR, FOOT
from .remembering import Remembers

if TYPE_CHECKING:
    from ..scenarios.evacuation_people import EvacuationPeople
    from .fleet import Fleet
    from .walkers import Walkers

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]
Longs = NDArray[np.int64]

# What somebody is doing.
AT_HOME, PREPARING, ON_FOOT, IN_CAR, SHELTERED, OUT, STRANDED, AT_STOP, IN_BUS, AWAY, COMING_HOME = range(11)
WAITS_FOR_AMBULANCE, IN_AMBULANCE = 11, 12
NOT_HOME = (AWAY, COMING_HOME)
UNDER_WAY = (ON_FOOT, IN_CAR, AT_STOP, IN_BUS, IN_AMBULANCE)
STATE_WORDS = (
    *("indoors", "preparing", "on_foot", "in_car", "sheltered", "out", "stranded", "at_stop", "in_bus"),
    *("away", "coming_home", "waits_for_ambulance", "in_ambulance"),
)

# Why somebody is stranded.
NOTHING, NO_WAY_ON_FOOT, NO_WAY_BY_CAR, ALL_FULL, NO_WAY_BY_BUS, NO_WAY_BY_AMBULANCE, NO_PLACE_BY_AMBULANCE = range(7)
INCAPACITATED = 7
CAUSES = (
    "",
    "no way on foot to any shelter or exit",
    "no way by car to any shelter or exit",
    "every shelter was full",
    "the bus found no way, or drove no more",
    "the ambulance found no way",
    "the shelter of the ambulance was full",
    "incapacitated by a hazard",
)


class Evacuees(Remembers):
    """The people of an evacuation.

    Arrays of households are ``[household]``, of people ``[person]``, of shelters and exits ``[haven]``.
    """

    HASHED = (
        *("ordered_s", "heard_s", "shadow", "ready_s", "left_s", "safe_s", "doing", "cause", "haven", "turned_away"),
        *("holds", "knows_full", "inside", "occupancy", "held", "refused", "full_since_s", "announced"),
        *("capacity", "turns_away"),
    )
    GATHERING = ("home_s", "alone")
    KEEPS = (*HASHED, *GATHERING, "shut_s")

    def __init__(self, people: EvacuationPeople, first_walk: int, first_car: int) -> None:
        households, persons = people.households.key.size, people.household.size
        havens = len(people.havens.id)
        self.people = people
        self.stock = people.households.stock[people.household]  # zone or group of each person
        self.zone = people.stocks.zone[self.stock]  # the own one, or the one in which the group's building stands
        self.ordered_s = np.full(households, np.nan)
        self.heard_s = np.full(households, np.nan)
        self.shadow = np.zeros(households, np.bool_)
        self.shut_s = np.full(households, np.inf)  # from when they have everything shut
        self.ready_s = np.full(persons, np.nan)
        self.left_s = np.full(persons, np.nan)  # home or building; what is planned while it lies ahead
        self.safe_s = np.full(persons, np.nan)
        self.doing = np.full(persons, AT_HOME, np.int8)
        self.home_s = np.full(persons, np.nan)  # when somebody who was elsewhere comes home
        self.alone = np.zeros(persons, np.bool_)  # came home too late to leave with the household
        self.cause = np.full(persons, NOTHING, np.int8)
        self.haven = np.full(persons, -1, np.int32)  # where somebody goes, or is
        self.turned_away = np.zeros(persons, np.int32)  # how often
        self.holds = np.zeros(persons, np.bool_)  # has a place at the haven before being there
        self.knows_full = np.zeros((persons, havens), np.bool_)
        self.walk_row = np.empty(persons, np.int64)
        self.walk_row[people.walk_person] = first_walk + np.arange(persons)
        self.car_row = np.where(people.person_car >= 0, first_car + people.person_car.astype(np.int64), -1)
        self.inside = np.bincount(self.stock, minlength=len(people.stocks.id))
        self.capacity, self.turns_away = people.havens.capacity.copy(), people.havens.turns_away.copy()
        self.occupancy = np.zeros(havens, np.int64)
        self.held = np.zeros(havens, np.int64)
        self.refused = np.zeros(havens, np.int64)  # people turned away there
        self.full_since_s = np.full(havens, np.nan)
        self.announced = np.zeros(havens, np.bool_)

    @property
    def mode(self) -> NDArray[np.int8]:
        """Row of MODES of each person."""
        return self.mode_of(np.arange(self.doing.size))

    def mode_of(self, persons: Longs) -> NDArray[np.int8]:
        """Row of MODES of people: that of the household, but some are fetched, and who is late to a car walks."""
        mode = self.people.households.mode[self.people.household[persons]]
        mode = np.where(self.people.fetching.fetched[persons], np.int8(AMBULANCE), mode)
        return np.where(self.alone[persons] & (mode == CAR), FOOT, mode)

    def send_away(self, persons: Longs) -> None:
        """Let people be elsewhere before anything happens."""
        self.doing[persons] = AWAY
        np.subtract.at(self.inside, self.stock[persons], 1)

    def come_home(self, t_s: float) -> None:
        """Let those into their homes who were elsewhere and are there by now."""
        persons = np.flatnonzero((self.doing == COMING_HOME) & (self.home_s <= t_s))
        self.doing[persons] = PREPARING
        np.add.at(self.inside, self.stock[persons], 1)

    def room(self) -> Floats:
        """Places that are left at every haven, inf where everybody is let in."""
        return np.where(self.turns_away, self.capacity - self.occupancy - self.held, np.inf)

    def take_nobody_else(self, haven: int) -> None:
        """Let a haven be full with those who are there or have a place."""
        self.capacity[haven] = self.occupancy[haven] + self.held[haven]
        self.turns_away[haven] = True

    def hold(self, persons: Longs) -> None:
        """Keep a place for people at the haven they go to."""
        self.holds[persons] = True
        np.add.at(self.held, self.haven[persons], 1)

    def let_go(self, persons: Longs) -> None:
        """Give up places that people had before they were there."""
        persons = persons[self.holds[persons]]
        self.holds[persons] = False
        np.subtract.at(self.held, self.haven[persons], 1)

    def admit(self, persons: Longs, at_s: Floats) -> None:
        """Let people into the haven they have come to."""
        self.let_go(persons)
        haven = self.haven[persons]
        np.add.at(self.occupancy, haven, 1)
        self.safe_s[persons] = at_s
        self.doing[persons] = np.where(self.people.havens.is_exit[haven], OUT, SHELTERED)

    def turn_away(self, persons: Longs) -> None:
        """Send people on who find a haven full."""
        self.let_go(persons)
        haven = self.haven[persons]
        np.add.at(self.refused, haven, 1)
        self.turned_away[persons] += 1
        self.knows_full[persons, haven] = True

    def strand(self, persons: Longs, cause: int) -> None:
        """Note that people cannot go on; they stay where they are."""
        self.let_go(persons)
        self.doing[persons] = STRANDED
        self.cause[persons] = cause

    def lose(self, persons: Longs) -> None:
        """Note that people at home or in cars are incapacitated; they stay where they are, and leave no more."""
        home = persons[np.isin(self.doing[persons], (AT_HOME, PREPARING))]
        riding = persons[self.doing[persons] == IN_CAR]
        self.leave(home, STRANDED)
        self.ready_s[home] = self.left_s[home] = np.nan
        self.strand(np.concatenate([home, riding]), INCAPACITATED)

    def leave(self, persons: Longs, state: int) -> None:
        """Let people out of their homes and buildings."""
        self.doing[persons] = state
        np.subtract.at(self.inside, self.stock[persons], 1)

    def note_full(self, t_s: float) -> NDArray[np.intp]:
        """Note since when havens are full; returns those that have just become it."""
        full = (self.room() <= 0.0) & np.isnan(self.full_since_s)
        self.full_since_s[full] = t_s
        return np.flatnonzero(full)

    def state_hash(self) -> str:
        """SHA-256 over everything that decides how the evacuation goes on."""
        digest = hashlib.sha256()
        gathers = bool(np.isfinite(self.home_s).any() or (self.doing == AWAY).any())
        for name in (*self.HASHED, *(self.GATHERING if gathers else ())):
            digest.update(np.ascontiguousarray(getattr(self, name)).tobytes())
        return digest.hexdigest()

    def census(
        self, walkers: Walkers, fleet: Fleet, at_stops: int, in_buses: int, in_ambulances: int
    ) -> dict[str, int]:
        """Where everybody is, each count from the table that knows it: together they are the population.

        ``at_stops``, ``in_buses`` and ``in_ambulances`` are counted by the buses and the ambulances.
        """
        walking, driving = self.doing == ON_FOOT, self.doing == IN_CAR
        on_foot = walkers.people.status[0, self.walk_row[walking]]
        out = (
            *(walking_tables.WAITING, walking_tables.WALKING, walking_tables.QUEUED, walking_tables.IN_PATCH),
            walking_tables.ARRIVED,
        )
        in_cars = fleet.vehicles.status[0, self.car_row[driving]]
        way = (traffic_tables.PENDING, traffic_tables.WAITING, traffic_tables.DRIVING, traffic_tables.ARRIVED)
        exits = self.people.havens.is_exit
        return {
            "indoors": int(self.inside.sum()),
            "away": int(np.isin(self.doing, NOT_HOME).sum()),
            "on_foot": int(np.isin(on_foot, out).sum()),
            "in_cars": int(np.isin(in_cars, way).sum()),
            "at_stops": at_stops,
            "in_buses": in_buses,
            "in_ambulances": in_ambulances,
            "sheltered": int(self.occupancy[~exits].sum()),
            "out": int(self.occupancy[exits].sum()),
            "stranded": int((self.doing == STRANDED).sum()),
            "incapacitated": int((on_foot == walking_tables.INCAPACITATED).sum()),
        }
