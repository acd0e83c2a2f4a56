"""Put the people of an evacuation into households, homes, cars and buildings, and find where they are safe."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from .chance import draws, keys_of
from .evacuation import MODES, Ambulances, EvacuationZone, FetchedByUnits, Group, Modes, Pickup, Shelter, WayOut
from .evacuation_fetching import Fetching, fetching_of, trips_to_come, who_is_fetched
from .network import Bools, Bytes, Floats, Ints
from .trips import TripTable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .evacuation_places import City

FOOT, CAR, BUS, AMBULANCE = (MODES.index(mode) for mode in ("foot", "car", "bus", "ambulance"))
SHORTEST_LEG_S = 30.0
MOST_ROUNDS = 60  # of a bus


@dataclass(frozen=True, slots=True, eq=False)
class Havens:
    """Shelters first, then ways out, at last places where buses take people up. Shapes ``[haven]``."""

    id: tuple[str, ...]
    is_exit: Bools
    is_pickup: Bools
    capacity: Floats  # inf: all
    turns_away: Bools  # when it is full
    reserved: Bools  # people have a place there from when they leave
    announced_s: Floats  # after it is full, inf: never
    by: Bools  # [haven, mode]; those who take a bus go to a pickup
    walk_link: Ints  # -1: not on foot
    walk_m: Floats
    road_link: Ints  # -1: not on wheels
    road_m: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Households:
    """Who leaves together. Shapes ``[household]``; persons lie one household after the other."""

    key: NDArray[np.uint64]
    stock: Ints  # where they are: row of a zone, then of a group
    mode: Bytes  # row of MODES
    first_person: Ints  # [household + 1]
    first_car: Ints  # [household + 1]
    walk_link: Ints
    walk_m: Floats
    road_link: Ints
    road_m: Floats
    x_m: Floats
    y_m: Floats

    @property
    def size(self) -> Ints:
        """People in each."""
        return np.diff(self.first_person)


@dataclass(frozen=True, slots=True, eq=False)
class Stocks:
    """Where people are before they leave: zones first, then groups. Shapes ``[stock]``."""

    id: tuple[str, ...]
    zone: Ints  # that is ordered
    door_m: tuple[tuple[float, ...], ...]  # widths; none: nobody waits for a door


@dataclass(frozen=True, slots=True, eq=False)
class EvacuationPeople:
    """Everybody an evacuation is about, and the rows they have among walks and trips."""

    zones: tuple[EvacuationZone, ...]
    stocks: Stocks
    households: Households
    havens: Havens
    household: Ints  # [person]
    person_car: Ints  # [person], -1
    walks: TripTable  # nobody has a departure yet
    walk_person: Ints  # [walk]
    cars: TripTable
    car_household: Ints  # [car], by row of `cars`
    car_row: Ints  # [car] in the order of households: row of `cars`
    pickups: tuple[Pickup, ...]
    buses: TripTable  # every leg of every bus
    bus_leg: Ints  # [pickup's bus, leg] row of `buses`; legs lead to the shelter and back by turns
    bus_pickup: Ints  # [pickup's bus]
    fetching: Fetching
    units: FetchedByUnits | None  # of responders, who fetch them


def people_of(
    zones: Sequence[EvacuationZone],
    groups: Sequence[Group],
    group_zone: Sequence[int],
    modes: Modes,
    mean_size: float,
    persons_per_car: int,
    havens: Havens,
    pickups: Sequence[Pickup],
    ambulances: Sequence[Ambulances],
    units: FetchedByUnits | None,
    city: City,
    seed: int,
    duration_s: float,
) -> EvacuationPeople:
    """Everybody, drawn by the number of their household in their zone or group.

    So another population of one zone changes nobody else, and a larger one keeps those who are there.
    """
    parts = [_zone_homes(zone, row, zone.modes or modes, mean_size, city, seed) for row, zone in enumerate(zones)]
    parts += [_group_homes(group, len(zones) + row, city, seed) for row, group in enumerate(groups)]
    households = _joined(parts, persons_per_car)
    household = np.repeat(np.arange(households.key.size, dtype=np.int32), households.size)
    ids = [f"evacuee {name}" for part in parts for name in part.person_ids()]
    cannot_walk = [(zone.modes or modes).ambulance for zone in zones]
    cannot_walk += [(group.modes or Modes()).ambulance for group in groups]
    fetched = who_is_fetched(ids, np.array(cannot_walk)[households.stock[household]], seed)
    shelter = np.array([havens.id.index(pool.to) for pool in ambulances], np.int32)
    walks, walk_row = trips_to_come(ids, households.walk_link[household], households.walk_m[household])
    walk_person = np.empty(len(ids), np.int32)
    walk_person[walk_row] = np.arange(len(ids), dtype=np.int32)
    car_of = np.repeat(np.arange(households.key.size, dtype=np.int32), np.diff(households.first_car))
    number = np.arange(car_of.size) - households.first_car[:-1][car_of]
    names = [name for part in parts for name in part.ids]
    car_ids = [f"evacuee car {names[home]}/{k}" for home, k in zip(car_of.tolist(), number.tolist(), strict=True)]
    cars, car_row = trips_to_come(car_ids, households.road_link[car_of], households.road_m[car_of])
    car_household = np.empty(car_of.size, np.int32)
    car_household[car_row] = car_of
    stocks = Stocks(
        (*(zone.id for zone in zones), *(group.id for group in groups)),
        np.array([*range(len(zones)), *group_zone], np.int32),
        (*(() for _ in zones), *(tuple(door.width_m for door in group.doors) for group in groups)),
    )
    return EvacuationPeople(
        tuple(zones),
        stocks,
        households,
        havens,
        household,
        _seats(households, household, car_row, persons_per_car, fetched),
        walks,
        walk_person,
        cars,
        car_household,
        car_row,
        tuple(pickups),
        *_bus_legs(pickups, havens, duration_s),
        fetching_of(
            ids,
            fetched,
            households.x_m[household],
            households.y_m[household],
            ambulances,
            (havens.road_link[shelter], havens.road_m[shelter]),
            city,
            by_units=units is not None,
        ),
        units,
    )


def _bus_legs(pickups: Sequence[Pickup], havens: Havens, duration_s: float) -> tuple[TripTable, Ints, Ints]:
    """A trip for each leg of each bus, as many as it may drive; their rows, and the pickups."""
    bus_pickup = np.repeat(np.arange(len(pickups)), [pickup.buses for pickup in pickups]).astype(np.int32)
    first = len(havens.id) - len(pickups)
    shelter = np.array([havens.id.index(pickup.to) for pickup in pickups], np.int32)
    rounds = int(min(MOST_ROUNDS, duration_s // (2.0 * SHORTEST_LEG_S) + 1)) if pickups else 0
    ids, link, at_m = [], [], []
    for bus, pickup in enumerate(bus_pickup.tolist()):
        for leg in range(2 * rounds):
            place = first + pickup if leg % 2 == 0 else int(shelter[pickup])
            ids.append(f"evacuation bus {pickups[pickup].id}/{bus:03d}/{leg:03d}")
            link.append(int(havens.road_link[place]))
            at_m.append(float(havens.road_m[place]))
    table, row = trips_to_come(ids, np.array(link, np.int32), np.array(at_m), vehicle_class="bus")
    return table, row.reshape(bus_pickup.size, 2 * rounds), bus_pickup


def _seats(households: Households, household: Ints, car_row: Ints, persons_per_car: int, fetched: Bools) -> Ints:
    """Row of the car that each person goes in, -1 for those who do not drive."""
    number = np.arange(household.size) - households.first_person[:-1][household]
    car = households.first_car[:-1][household] + number // persons_per_car
    drives = (households.mode[household] == CAR) & ~fetched
    seats = np.full(household.size, -1, np.int32)
    seats[drives] = car_row[car[drives]]
    return seats


@dataclass(frozen=True, slots=True, eq=False)
class _Homes:
    """Households of one zone or group."""

    ids: tuple[str, ...]
    stock: int
    size: Ints
    mode: Bytes
    walk_link: Ints
    walk_m: Floats
    road_link: Ints
    road_m: Floats
    x_m: Floats
    y_m: Floats

    def person_ids(self) -> list[str]:
        """Names of the people."""
        return [f"{name}/{k}" for name, size in zip(self.ids, self.size.tolist(), strict=True) for k in range(size)]


def _zone_homes(zone: EvacuationZone, row: int, modes: Modes, mean_size: float, city: City, seed: int) -> _Homes:
    people = city.population(zone)
    sizes = _sizes(zone.id, people, mean_size, seed)
    ids = tuple(f"{zone.id}/{number:06d}" for number in range(sizes.size))
    keys = keys_of(ids)
    link, at_m = city.homes(zone, draws(seed, keys, "home"), draws(seed, keys, "place of the home"))
    return _at(ids, row, sizes, _modes(keys, modes, seed), link, at_m, city)


def _group_homes(group: Group, row: int, city: City, seed: int) -> _Homes:
    ids = tuple(f"{group.id}/{number:06d}" for number in range(group.persons))
    link, at_m, _ = city.nearest_walk(*group.at)
    ones = np.ones(group.persons, np.int32)
    mode = _modes(keys_of(ids), group.modes or Modes(), seed)
    return _at(ids, row, ones, mode, np.full(group.persons, link, np.int32), np.full(group.persons, at_m), city)


def _at(ids: tuple[str, ...], stock: int, sizes: Ints, mode: Bytes, link: Ints, at_m: Floats, city: City) -> _Homes:
    x_m, y_m = city.walk_place(link, at_m)
    road_link, road_m = np.full(sizes.size, -1, np.int32), np.full(sizes.size, np.nan)
    if sizes.size:
        road_link, road_m, _ = city.nearest_roads(x_m, y_m, to_begin=True)
    return _Homes(ids, stock, sizes, mode, link, at_m, road_link, road_m, x_m, y_m)


def _sizes(name: str, people: int, mean_size: float, seed: int) -> Ints:
    """Sizes of households that hold so many people: one, and a Poisson number of others."""
    from scipy.stats import poisson

    if people == 0:
        return np.zeros(0, np.int32)
    keys = keys_of([f"{name}/{number:06d}" for number in range(people)])
    sizes = 1 + poisson(mean_size - 1.0).ppf(draws(seed, keys, "size")).astype(np.int32)
    filled = np.cumsum(sizes)
    last = int(np.searchsorted(filled, people))
    sizes = sizes[: last + 1].astype(np.int32)
    sizes[last] -= filled[last] - people
    return sizes


def _modes(keys: NDArray[np.uint64], modes: Modes, seed: int) -> Bytes:
    draw = draws(seed, keys, "mode")
    return np.select([draw < modes.car, draw >= 1.0 - modes.bus], [CAR, BUS], FOOT).astype(np.int8)


def _joined(parts: Sequence[_Homes], persons_per_car: int) -> Households:
    size = np.concatenate([part.size for part in parts])
    mode = np.concatenate([part.mode for part in parts])
    cars = np.where(mode == CAR, -(-size // persons_per_car), 0)
    return Households(
        key=keys_of([name for part in parts for name in part.ids]),
        stock=np.repeat([part.stock for part in parts], [part.size.size for part in parts]).astype(np.int32),
        mode=mode,
        first_person=np.concatenate([[0], np.cumsum(size)]).astype(np.int32),
        first_car=np.concatenate([[0], np.cumsum(cars)]).astype(np.int32),
        walk_link=np.concatenate([part.walk_link for part in parts]).astype(np.int32),
        walk_m=np.concatenate([part.walk_m for part in parts]),
        road_link=np.concatenate([part.road_link for part in parts]).astype(np.int32),
        road_m=np.concatenate([part.road_m for part in parts]),
        x_m=np.concatenate([part.x_m for part in parts]),
        y_m=np.concatenate([part.y_m for part in parts]),
    )


def havens_of(shelters: Sequence[Shelter], exits: Sequence[WayOut], pickups: Sequence[Pickup], city: City) -> Havens:
    """Where people are safe or taken up, and how each place is reached."""
    places: list[Shelter | WayOut | Pickup] = [*shelters, *exits, *pickups]
    walk, road = [city.walk_end(place) for place in places], [city.road_end(place) for place in places]
    own = len(exits) + len(pickups)
    by = np.array([[not isinstance(place, Pickup) and mode in place.by for mode in MODES] for place in places])
    by = by.astype(np.bool_).reshape(-1, len(MODES))
    by[:, BUS] = [isinstance(place, Pickup) for place in places]
    return Havens(
        id=tuple(place.id for place in places),
        is_exit=np.array([isinstance(place, WayOut) for place in places], np.bool_),
        capacity=np.array([np.inf if s.capacity is None else s.capacity for s in shelters] + [np.inf] * own),
        turns_away=np.array([s.when_full == "turned_away" for s in shelters] + [False] * own, np.bool_),
        reserved=np.array([s.places == "reserved" for s in shelters] + [False] * own, np.bool_),
        announced_s=np.array(
            [np.inf if s.announced_after_s is None else s.announced_after_s for s in shelters] + [np.inf] * own
        ),
        is_pickup=by[:, BUS].copy(),
        by=by,
        walk_link=np.array([link for link, _ in walk], np.int32),
        walk_m=np.array([at_m for _, at_m in walk]),
        road_link=np.array([link for link, _ in road], np.int32),
        road_m=np.array([at_m for _, at_m in road]),
    )
