"""Let people be warned, get ready, leave and find a shelter: what happens at each second of an evacuation.

All that it knows stands in ``Evacuees`` and in plain attributes, and every wake-up asks only what time it is.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..agents.designated_routes import DesignatedRoutes
from ..agents.evacuation import (
    ALL_FULL,
    IN_CAR,
    NO_PLACE_BY_AMBULANCE,
    NO_WAY_BY_CAR,
    NO_WAY_ON_FOOT,
    ON_FOOT,
    STRANDED,
    Evacuees,
)
from ..agents.evacuation_ways import WaysOnFoot, nearest
from ..agents.late_departures import (
    bind_vehicles,
    bind_walkers,
    place_of_walkers,
    redirect_walkers,
    release_vehicles,
    send_walkers,
)
from ..agents.patch_ways import lead_inside
from ..agents.remembering import Remembers, State, put_back
from ..agents.walk_routes import WalkRouter
from ..kernels import traffic_tables, walking_tables
from ..kernels.evacuees import find_people
from ..scenarios.evacuation import Evacuation, Order
from ..scenarios.evacuation_people import AMBULANCE, BUS, CAR, FOOT, EvacuationPeople
from ..scenarios.trips import TripTable
from ..scenarios.walk_presets import door_flow_per_s, preset_of
from .duties import Duty
from .evacuation_ambulances import EvacuationAmbulances
from .evacuation_buses import EvacuationBuses
from .evacuation_orders import Orders
from .walking import OnFoot

if TYPE_CHECKING:
    from ..agents.walkers import Walkers
    from .simulation import Simulation

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]
Longs = NDArray[np.int64]
Bools = NDArray[np.bool_]

ENDS = ("origin_link", "destination_link", "origin_m", "destination_m")  # of trips, written during the run
LOOKS_EVERY_S = 10.0  # how often somebody looks whether an order that waits is due
EVERY_S = 1.0  # how often somebody looks who sets out and who has come
CHOICE_HOLDS_S = 300.0  # drivers from the same link go by the same times to the shelters for so long
NEAR_M = 60.0  # a shelter's attendant sees a car on its last link, or on the one before if the last is shorter


class Rescue(Remembers):
    """An evacuation while it runs.

    Parameters
    ----------
    simulation
        Whose people walk and drive; its rows of evacuees have no departure yet.
    evacuation, people
        What the scenario says, and everybody it is about.
    """

    def __init__(self, simulation: Simulation, evacuation: Evacuation, people: EvacuationPeople) -> None:
        self.simulation, self.evacuation, self.people = simulation, evacuation, people
        walkers, fleet = self.walkers, simulation.model.fleet
        first_walk = len(walkers.trips) - len(people.walks)
        first_car = len(fleet.trips) - len(people.cars) - len(people.buses) - len(people.fetching.drives)
        self.evacuees = Evacuees(people, first_walk, first_car)
        slowest_mps = np.full(people.households.key.size, np.inf)
        own_mps = walkers.people.speed_mps[0, self.evacuees.walk_row]
        np.minimum.at(slowest_mps, people.household, own_mps)
        walkers.people.speed_mps[0, self.evacuees.walk_row] = slowest_mps[people.household]
        preset = preset_of(simulation.scenario.walking)
        self.ways = WaysOnFoot(WalkRouter(walkers, preset.speed_mps), people.havens)
        door_per_s = np.array([door_flow_per_s(widths, preset) for widths in people.stocks.door_m])
        self.orders = Orders(evacuation, self.evacuees, simulation.model.network, door_per_s, simulation.seed)
        network = simulation.model.network
        self.designated = DesignatedRoutes(evacuation, people, network, first_car, simulation.seed)
        if evacuation.designated_routes:
            simulation.journeys.designated = self.designated
        self.under_way = np.zeros(people.household.size, np.bool_)  # on foot, on wheels or at a stop
        self.buses, self.ambulances = EvacuationBuses(self), EvacuationAmbulances(self)
        self._drive_s: dict[int, tuple[float, Floats]] = {}  # by link: when they were found, and times to havens, s

    KEEPS = ("evacuees", "orders", "buses", "ambulances", "designated", "under_way", "_drive_s")

    def state(self) -> State:
        """What is kept, with the destinations and the order of departures that the run has written."""
        fleet = self.simulation.model.fleet
        return {
            **super().state(),
            "listed": fleet.cities.listed.copy(),
            "ends": [[getattr(table, name).copy() for name in ENDS] for table in (fleet.trips, self.walkers.trips)],
        }

    def restore(self, state: State) -> None:
        """Be again as when ``state`` was taken."""
        super().restore(state)
        fleet = self.simulation.model.fleet
        put_back(fleet.cities.listed, state["listed"])
        for table, ends in zip((fleet.trips, self.walkers.trips), state["ends"], strict=True):
            for name, end in zip(ENDS, ends, strict=True):
                put_back(getattr(table, name), end)

    def census(self) -> dict[str, int]:
        """Where everybody is; together they are the population."""
        aside = (self.buses.waiting, self.buses.aboard, self.ambulances.aboard)
        return self.evacuees.census(self.walkers, self.simulation.model.fleet, *(sum(map(len, rows)) for rows in aside))

    def figures(self) -> dict[str, float]:
        """Where everybody is at the moment."""
        return {f"evacuees_{name}": float(count) for name, count in self.census().items()}

    def act(self, t_s: float) -> None:
        """Do what is due: who has come is let in or goes on, who is ready sets out, what is full is announced."""
        if self.under_way.any():
            self._look_at_walkers(t_s)
            self._look_at_cars(t_s)
        if self.evacuation.gathering is not None:
            self.evacuees.come_home(t_s)
        self._set_out(self.orders.due(t_s), t_s)
        self.buses.act(t_s)
        self.ambulances.act(t_s)
        self._note_full(t_s)

    def _set_out(self, persons: Longs, t_s: float) -> None:
        mode = self.evacuees.mode_of(persons)
        self._walk(persons[mode == FOOT], FOOT, t_s)
        self._walk(persons[mode == BUS], BUS, t_s)
        self._drive(persons[mode == CAR], t_s)
        self.ambulances.wait(persons[mode == AMBULANCE])

    def _walk(self, persons: Longs, mode: int, t_s: float) -> None:
        """Let people leave home on foot, to a haven or to where buses take them up."""
        if not persons.size:
            return
        households, evacuees = self.people.households, self.evacuees
        home = self.people.household[persons]
        evacuees.leave(persons, ON_FOOT)
        self._walk_on(persons, households.walk_link[home], households.walk_m[home], t_s, mode)

    def _walk_on(self, persons: Longs, link: Ints, at_m: Floats, t_s: float, mode: int = FOOT) -> None:
        """Send people on foot from where they are to the nearest haven that they do not know to be full."""
        evacuees, walkers = self.evacuees, self.walkers
        haven = self._choose(persons, self.ways.seconds(link, at_m), np.ones(persons.size, np.int32), mode)
        gone = haven >= 0
        evacuees.haven[persons[gone]] = haven[gone]
        self._reserve(persons[gone])
        self.give_up(persons[~gone], NO_WAY_ON_FOOT)
        persons, haven, link, at_m = persons[gone], haven[gone], link[gone], at_m[gone]
        if not persons.size:
            return
        rows = evacuees.walk_row[persons]
        walkers.trips.origin_link[rows], walkers.trips.origin_m[rows] = link, at_m
        bind_walkers(walkers, rows, self.people.havens.walk_link[haven], self.people.havens.walk_m[haven])
        start, route = self.ways.routes(haven, link, at_m)
        walkers.set_routes(0, rows, start, route)
        send_walkers(walkers, 0, rows, t_s)
        self.under_way[persons] = True

    def _drive(self, persons: Longs, t_s: float) -> None:
        """Let households leave home by car."""
        if not persons.size:
            return
        evacuees, simulation = self.evacuees, self.simulation
        cars, first, own = np.unique(evacuees.car_row[persons], return_index=True, return_inverse=True)
        seated = np.bincount(own).astype(np.int32)
        link = simulation.model.fleet.trips.origin_link[cars]
        evacuees.leave(persons, IN_CAR)
        haven = self._choose(persons[first], self._drive_seconds(self.designated.ends(cars, link), t_s), seated, CAR)
        evacuees.haven[persons] = haven[own]
        gone = haven >= 0
        self.give_up(persons[~gone[own]], NO_WAY_BY_CAR)
        persons, cars, haven = persons[gone[own]], cars[gone], haven[gone]
        self._reserve(persons)
        bind_vehicles(
            simulation.model.fleet, 0, cars, self.people.havens.road_link[haven], self.people.havens.road_m[haven]
        )
        release_vehicles(simulation.model.fleet, 0, cars, t_s)
        simulation.journeys.plan_departures(cars)
        self.designated.note(cars, simulation.model.fleet)
        self.under_way[persons] = True

    def _choose(self, persons: Longs, there_s: Floats, size: Ints, mode: int) -> Ints:
        """Haven of each group of people that go together; ``persons`` is one of each group."""
        evacuees, havens = self.evacuees, self.people.havens
        may = havens.by[:, mode] & ~evacuees.announced & ~evacuees.knows_full[persons]
        room = np.where(havens.reserved, evacuees.room(), np.inf)
        return nearest(there_s, may, room, size)

    def _reserve(self, persons: Longs) -> None:
        evacuees = self.evacuees
        evacuees.hold(persons[self.people.havens.reserved[evacuees.haven[persons]]])

    def forget_lost(self) -> None:
        """Let nobody leave or come any more who is incapacitated."""
        self.orders.forget_lost()
        self.under_way &= self.evacuees.doing != STRANDED

    def give_up(self, persons: Longs, cause: int) -> None:
        """Leave people where they are who have nowhere to go."""
        if persons.size:
            tried = self.evacuees.knows_full[persons].any(axis=1) | self.evacuees.announced.any()
            self.evacuees.strand(persons[tried], ALL_FULL)
            self.evacuees.strand(persons[~tried], cause)
            self.under_way[persons] = False

    def _drive_seconds(self, link: Ints, t_s: float) -> Floats:
        """Time by car from links to every haven, ``[link, haven]`` s, as streets were lately; inf without a way."""
        havens = self.people.havens
        unknown = [
            row for row in np.unique(link).tolist() if self._drive_s.get(row, (-np.inf,))[0] < t_s - CHOICE_HOLDS_S
        ]
        by_car = np.flatnonzero(havens.road_link >= 0)
        if unknown:
            origin = np.repeat(np.array(unknown, np.int32), by_car.size)
            destination = np.tile(havens.road_link[by_car], len(unknown))
            journeys = self.simulation.journeys
            found = self.simulation.model.router.plan(
                origin,
                destination,
                np.zeros(origin.size, np.uint64),
                noise=0.0,
                seed=self.simulation.seed,
                open_link=~journeys.announced,
            )
            each = found.cost_s.reshape(len(unknown), by_car.size)
            for row, name in enumerate(unknown):
                there_s = np.full(len(havens.id), np.inf)
                there_s[by_car] = each[row]
                self._drive_s[name] = (t_s, there_s)
        return np.array([self._drive_s[row][1] for row in link.tolist()]).reshape(link.size, len(havens.id))

    @property
    def walkers(self) -> Walkers:
        """Everybody on foot in the run."""
        walkers = self.simulation.model.walkers
        assert walkers is not None, "an evacuation has people on foot"
        return walkers

    def _look_at_walkers(self, t_s: float) -> None:
        """Let those in who have come on foot, in the order in which they came."""
        evacuees, walkers = self.evacuees, self.walkers
        status = walkers.people.status[0]
        there = walking_tables.ARRIVED
        persons = self._those(ON_FOOT, evacuees.walk_row, status, there, there)
        if not persons.size:
            return
        rows = evacuees.walk_row[persons]
        at_s = walkers.people.arrived_s[0, rows]
        order = np.lexsort((persons, at_s))
        persons, at_s = persons[order], at_s[order]
        stop = self.people.havens.is_pickup[evacuees.haven[persons]]
        if stop.any():
            self.buses.queue(persons[stop])
        self.let_in(persons[~stop], at_s[~stop], t_s)

    def let_in(self, persons: Longs, at_s: Floats, t_s: float) -> None:
        """Let people into the haven they have come to, one after the other; who finds no place walks on if able to."""
        if not persons.size:
            return
        evacuees, havens = self.evacuees, self.people.havens
        admitted = self._admit(persons, np.ones(persons.size, np.int32))
        inside, outside = persons[admitted], persons[~admitted]
        evacuees.admit(inside, at_s[admitted])
        self.under_way[inside] = False
        if outside.size:
            evacuees.turn_away(outside)
            carried = self.people.fetching.fetched[outside]
            evacuees.strand(outside[carried], NO_PLACE_BY_AMBULANCE)
            outside = outside[~carried]
            on_foot = havens.walk_link[evacuees.haven[outside]] >= 0
            self.give_up(outside[~on_foot], NO_WAY_BY_CAR)
            outside = outside[on_foot]
            evacuees.doing[outside] = ON_FOOT
            haven = evacuees.haven[outside]
            self._walk_on(outside, havens.walk_link[haven], havens.walk_m[haven], t_s)

    def _admit(self, persons: Longs, size: Ints) -> Bools:
        """Who gets into the haven they have come to, one group after the other; ``persons`` is one of each group."""
        evacuees = self.evacuees
        haven, room = evacuees.haven[persons], evacuees.room()
        admitted = evacuees.holds[persons].copy()
        for place in np.unique(haven).tolist():
            rows = np.flatnonzero((haven == place) & ~admitted)
            admitted[rows] = np.cumsum(size[rows]) <= room[place]
        return admitted

    def _look_at_cars(self, t_s: float) -> None:
        """Let those in who have come by car, and send on who gets near a shelter that is full."""
        evacuees, fleet = self.evacuees, self.simulation.model.fleet
        status = fleet.vehicles.status[0]
        done = self._those(IN_CAR, evacuees.car_row, status, traffic_tables.NO_ROUTE, traffic_tables.ARRIVED)
        lost = status[evacuees.car_row[done]] == traffic_tables.NO_ROUTE
        self.give_up(done[lost], NO_WAY_BY_CAR)
        there = done[~lost]
        self.let_in(there, fleet.vehicles.arrived_s[0, evacuees.car_row[there]], t_s)
        limited = np.isfinite(evacuees.room())
        if limited[self.people.havens.by[:, CAR]].any():
            driving = traffic_tables.DRIVING
            coming = self._those(IN_CAR, evacuees.car_row, status, driving, driving)
            self._at_the_gate(coming[limited[evacuees.haven[coming]] & ~evacuees.holds[coming]], t_s)

    def _those(self, doing: int, row: Longs, status: Ints, wanted: int, or_this: int) -> Longs:
        """People under way who do something and whose walk or car (``row``) has one of two statuses."""
        evacuees, found = self.evacuees, np.empty(row.size, np.int64)
        return found[: find_people(self.under_way, evacuees.doing, doing, row, status, wanted, or_this, found)]

    def _at_the_gate(self, persons: Longs, t_s: float) -> None:
        """Give cars that get near a shelter a place in it, or send them on."""
        if not persons.size:
            return
        evacuees, fleet = self.evacuees, self.simulation.model.fleet
        cars, first, own = np.unique(evacuees.car_row[persons], return_index=True, return_inverse=True)
        links_left = fleet.vehicles.route_size[0, cars] - fleet.vehicles.route_at[0, cars]
        last_m = fleet.network.links.length_m[fleet.trips.destination_link[cars]]
        near = (links_left <= 1) | ((links_left == 2) & (last_m < NEAR_M))
        if not near.any():
            return
        one, size = persons[first], np.bincount(own).astype(np.int32)
        let_in = np.zeros(cars.size, np.bool_)
        let_in[near] = self._admit(one[near], size[near])
        evacuees.hold(persons[let_in[own]])
        away = near & ~let_in
        evacuees.turn_away(persons[away[own]])
        self._drive_on(persons[away[own]], t_s)

    def _drive_on(self, persons: Longs, t_s: float) -> None:
        """Send cars that are on the road to the nearest haven that their people do not know to be full."""
        if not persons.size:
            return
        evacuees, fleet = self.evacuees, self.simulation.model.fleet
        cars, first, own = np.unique(evacuees.car_row[persons], return_index=True, return_inverse=True)
        here = np.array([fleet.route(0, int(car))[0] for car in cars], np.int32)
        size = np.bincount(own).astype(np.int32)
        haven = self._choose(persons[first], self._drive_seconds(here, t_s), size, CAR)
        found = haven >= 0
        evacuees.let_go(persons[found[own]])
        evacuees.haven[persons[found[own]]] = haven[own][found[own]]
        self._reserve(persons[found[own]])
        cars, haven = cars[found], haven[found]
        bind_vehicles(fleet, 0, cars, self.people.havens.road_link[haven], self.people.havens.road_m[haven])
        self.simulation.journeys.replan(cars, traffic_tables.NOTHING)

    def _note_full(self, t_s: float) -> None:
        """Note what has become full, announce what has been so for long enough, and turn round who goes there."""
        evacuees, havens = self.evacuees, self.people.havens
        for row in evacuees.note_full(t_s).tolist():
            self.simulation.log("shelter_full", havens.id[row], f"full with {evacuees.capacity[row]:,.0f} people")
        late = ~evacuees.announced & (evacuees.full_since_s + havens.announced_s <= t_s)
        for row in np.flatnonzero(late).tolist():
            self.announce_full(row, t_s)

    def announce_full(self, haven: int, t_s: float) -> None:
        """Let everybody know that a shelter is full; those on the way there who have no place turn to another."""
        evacuees = self.evacuees
        evacuees.announced[haven] = True
        going = np.flatnonzero(self.under_way & (evacuees.haven == haven) & ~evacuees.holds)
        walking, driving = going[evacuees.doing[going] == ON_FOOT], going[evacuees.doing[going] == IN_CAR]
        told = f"known to all; {going.size:,} people on the way there turn to another"
        self.simulation.log("shelter_full", self.people.havens.id[haven], told)
        self._turn_round(walking)
        status = self.simulation.model.fleet.vehicles.status[0, evacuees.car_row[driving]]
        self._drive_on(driving[status == traffic_tables.DRIVING], t_s)

    def _turn_round(self, persons: Longs) -> None:
        """Send people on foot who are on the way to the nearest haven that they do not know to be full."""
        evacuees, walkers = self.evacuees, self.walkers
        rows = evacuees.walk_row[persons]
        self._turn_round_inside(persons[walkers.people.status[0, rows] == walking_tables.IN_PATCH])
        persons = persons[np.isin(walkers.people.status[0, rows], (walking_tables.WALKING, walking_tables.QUEUED))]
        directed, _ = place_of_walkers(walkers, 0, evacuees.walk_row[persons])
        link = (directed // 2).astype(np.int32)
        at_m = np.where(directed % 2 == 1, 0.0, walkers.network.links.length_m[link])
        persons, rows, haven, found = self._turn_to(persons, link, at_m)
        if not persons.size:
            return
        start, route = self.ways.routes(haven, link[found], at_m[found])
        redirect_walkers(walkers, 0, rows, *_from_here(directed[found], start, route))

    def _turn_round_inside(self, persons: Longs) -> None:
        """Send people in patches elsewhere."""
        rows = self.evacuees.walk_row[persons]
        nothing = np.zeros(self.walkers.network.link_count, np.bool_)
        for patch in self.walkers.patches:
            _, walks, cell = patch.rows_and_cells()
            own = np.isin(rows, walks)
            order = np.argsort(walks)
            here = cell[order[np.searchsorted(walks, rows[own], sorter=order)]]
            link = self.walkers.link_of[here].astype(np.int32)
            _, turned, _, _ = self._turn_to(persons[own], link, self.walkers.network.links.length_m[link] / 2.0)
            lead_inside(self.walkers, patch, self.ways.router, turned, nothing)

    def _turn_to(self, persons: Longs, link: Ints, at_m: Floats) -> tuple[Longs, Longs, Ints, Bools]:
        """Bind people on foot to the nearest haven from a place: who has one, their walks and havens, and a mask."""
        evacuees, walkers = self.evacuees, self.walkers
        haven = self._choose(persons, self.ways.seconds(link, at_m), np.ones(persons.size, np.int32), FOOT)
        found = haven >= 0
        persons, haven = persons[found], haven[found]
        rows = evacuees.walk_row[persons]
        evacuees.haven[persons] = haven
        self._reserve(persons)
        bind_walkers(walkers, rows, self.people.havens.walk_link[haven], self.people.havens.walk_m[haven])
        return persons, rows, haven, found


def _from_here(directed: Ints, start: Longs, route: Ints) -> tuple[Longs, Ints]:
    """Routes from the ends of directed links, begun with these links; whoever goes back turns round there."""
    parts = []
    for row, here in enumerate(directed.tolist()):
        onward = route[start[row] : start[row + 1]].tolist()
        onward = onward if onward[0] == here else [here, *onward]
        parts.append(onward if len(onward) > 1 else [here, here ^ 1])
    return np.concatenate([[0], np.cumsum([len(part) for part in parts])]), np.concatenate(parts).astype(np.int32)


def with_evacuees(trips: TripTable, on_foot: OnFoot, people: EvacuationPeople) -> tuple[TripTable, OnFoot]:
    """Trips and walks with those of the evacuees behind them, whose ends are written to during the run."""
    walks = TripTable.joined([on_foot.walks, people.walks]).open_ended()
    trips = TripTable.joined([trips, people.cars, people.buses, people.fetching.drives]).open_ended()
    return trips, replace(on_foot, walks=walks)


def start_evacuation(simulation: Simulation, people: EvacuationPeople) -> Rescue:
    """Put the orders of a scenario and the people who follow them on the clock."""
    evacuation = simulation.scenario.evacuation
    assert evacuation is not None, "there are no people of an evacuation without it"
    rescue = Rescue(simulation, evacuation, people)
    simulation.remember("evacuation", rescue)
    for number, order in enumerate(evacuation.orders):
        simulation.duties.begin(GiveOrder(number, order, rescue), order.start_s)
    simulation.duties.begin(LookAfterEvacuees(rescue), EVERY_S)
    return rescue


class GiveOrder(Duty):
    """Tell zones to leave or to stay inside."""

    def __init__(self, number: int, order: Order, rescue: Rescue) -> None:
        self.name = f"evacuation order {number}"
        self.given, self._rescue = order, rescue

    def act(self, simulation: Simulation) -> float | None:
        """Give the order, or wait for what it waits for."""
        if not self._is_due(simulation):
            return LOOKS_EVERY_S
        told = self._rescue.orders.give(self.given, simulation.env.now)
        what = "leave" if self.given.action == "leave" else "stay inside"
        text = f"ordered to {what}: {told.people:,} people, of whom {told.leaving:,} will"
        simulation.log("evacuation_order", ", ".join(self.given.zones), text)
        return None

    def _is_due(self, simulation: Simulation) -> bool:
        """Whether gas is as dense at some home as the order waits for."""
        when = self.given.when
        if when is None:
            return True
        assert simulation.hazards is not None, "checked before the run"
        gas = simulation.hazards.gas_called(when.hazard)
        zones = self.given.zones if when.zone is None else (when.zone,)
        people = self._rescue.people
        names = np.array([zone.id for zone in people.zones], dtype=object)
        there = np.isin(names[people.stocks.zone[people.households.stock]], zones)
        return bool((gas.outdoors[: gas.homes][there] >= when.at_mgm3).any())


class LookAfterEvacuees(Duty):
    """Look every second whether somebody sets out or has come."""

    name = "evacuees"

    def __init__(self, rescue: Rescue) -> None:
        self._rescue = rescue

    def act(self, simulation: Simulation) -> float:
        """Do what is due."""
        self._rescue.act(simulation.env.now)
        return EVERY_S
