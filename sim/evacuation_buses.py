"""Let buses take people up, drive them to a shelter and come back, as often as they are needed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..agents.evacuation import AT_STOP, IN_BUS, NO_WAY_BY_BUS
from ..agents.late_departures import bind_vehicles, release_vehicles
from ..agents.remembering import Remembers
from ..kernels import traffic_tables

if TYPE_CHECKING:
    from .evacuation import Rescue

Longs = NDArray[np.int64]

COMING, LOADING, OUTWARD, UNLOADING, BACK, DONE = range(6)  # what a bus does


class EvacuationBuses(Remembers):
    """All buses of an evacuation, shapes ``[bus]``, and who waits for them."""

    KEEPS = ("doing", "since_s", "leg", "waiting", "aboard", "carried")

    def __init__(self, rescue: Rescue) -> None:
        people = rescue.people
        self._rescue, self.people = rescue, people
        self.first_row = len(rescue.simulation.model.fleet.trips) - len(people.buses) - len(people.fetching.drives)
        starts = [pickup.start_s + pickup.headway_s * k for pickup in people.pickups for k in range(pickup.buses)]
        self.doing = np.full(len(starts), COMING, np.int8)
        self.since_s = np.array(starts, np.float64)  # when it began what it does; of a bus to come: when it is there
        self.leg = np.zeros(len(starts), np.int64)
        self.waiting: list[list[int]] = [[] for _ in people.pickups]  # people, the first to come first
        self.aboard: list[list[int]] = [[] for _ in starts]
        self.carried = np.zeros(len(starts), np.int64)

    def queue(self, persons: Longs) -> None:
        """Let people wait who have come to a pickup."""
        evacuees = self._rescue.evacuees
        evacuees.doing[persons] = AT_STOP
        first = len(self.people.havens.id) - len(self.people.pickups)
        for person in persons.tolist():
            self.waiting[int(evacuees.haven[person]) - first].append(person)

    def act(self, t_s: float) -> None:
        """Do what is due for every bus."""
        for bus in np.flatnonzero(self.doing != DONE).tolist():
            pickup = int(self.people.bus_pickup[bus])
            if self.doing[bus] == COMING and t_s >= self.since_s[bus]:
                self._begin(bus, LOADING, np.inf)
            if self.doing[bus] == LOADING:
                self._load(bus, pickup, t_s)
            elif self.doing[bus] in (OUTWARD, BACK):
                self._look(bus, t_s)
            elif self.doing[bus] == UNLOADING and t_s >= self.since_s[bus] + self.people.pickups[pickup].unloads_s:
                self._unload(bus, t_s)

    def _begin(self, bus: int, doing: int, t_s: float) -> None:
        self.doing[bus], self.since_s[bus] = doing, t_s

    def _load(self, bus: int, pickup: int, t_s: float) -> None:
        """Let people in, and leave when the bus is full or has waited for others long enough."""
        facts, queue, aboard = self.people.pickups[pickup], self.waiting[pickup], self.aboard[bus]
        room = facts.capacity - len(aboard)
        if queue and room > 0:
            entering, self.waiting[pickup] = queue[:room], queue[room:]
            aboard += entering
            self._rescue.evacuees.doing[entering] = IN_BUS
            self.since_s[bus] = min(self.since_s[bus], t_s)
        if len(aboard) >= facts.capacity or t_s >= self.since_s[bus] + facts.stays_s:
            self._drive(bus, OUTWARD, self.people.havens.id.index(facts.to), t_s)

    def _drive(self, bus: int, doing: int, haven: int, t_s: float) -> None:
        """Send a bus to a haven on its next leg; without one it stays where it is."""
        if self.leg[bus] >= self.people.bus_leg.shape[1]:
            self._give_up(bus)
            return
        simulation, havens = self._rescue.simulation, self.people.havens
        rows = np.array([self._row(bus)])
        link, at_m = havens.road_link[haven : haven + 1], havens.road_m[haven : haven + 1]
        bind_vehicles(simulation.model.fleet, 0, rows, link, at_m)
        release_vehicles(simulation.model.fleet, 0, rows, t_s)
        simulation.journeys.plan_departures(rows)
        self._begin(bus, doing, t_s)

    def _row(self, bus: int) -> int:
        return self.first_row + int(self.people.bus_leg[bus, self.leg[bus]])

    def _look(self, bus: int, t_s: float) -> None:
        """See whether a bus has come to the end of its leg, or finds no way."""
        status = self._rescue.simulation.model.fleet.vehicles.status[0, self._row(bus)]
        if status == traffic_tables.NO_ROUTE:
            self._give_up(bus)
        elif status == traffic_tables.ARRIVED:
            self.leg[bus] += 1
            back = self.doing[bus] == BACK
            self._begin(bus, LOADING if back else UNLOADING, np.inf if back else t_s)

    def _unload(self, bus: int, t_s: float) -> None:
        """Let people into the shelter, those who find no place go on on foot; and drive back for others."""
        pickup = int(self.people.bus_pickup[bus])
        persons = np.array(self.aboard[bus], np.int64)
        self._rescue.evacuees.haven[persons] = self.people.havens.id.index(self.people.pickups[pickup].to)
        self._rescue.let_in(persons, np.full(persons.size, t_s), t_s)
        self.carried[bus] += persons.size
        self.aboard[bus] = []
        first = len(self.people.havens.id) - len(self.people.pickups)
        self._drive(bus, BACK, first + pickup, t_s)

    def _give_up(self, bus: int) -> None:
        """Let a bus stand that cannot go on, and its people with it."""
        self._rescue.give_up(np.array(self.aboard[bus], np.int64), NO_WAY_BY_BUS)
        self.aboard[bus] = []
        self.doing[bus] = DONE
