"""Let ambulances fetch people who cannot walk from their homes, and drive them to a shelter, as often as needed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..agents.evacuation import IN_AMBULANCE, NO_WAY_BY_AMBULANCE, WAITS_FOR_AMBULANCE
from ..agents.late_departures import bind_vehicles, release_vehicles
from ..agents.remembering import Remembers
from ..kernels import traffic_tables
from ..scenarios.trips import VEHICLE_CLASSES
from .responder_tables import unit_links

if TYPE_CHECKING:
    from ..scenarios.network import Ints
    from .evacuation import Rescue
    from .responders import ResponseTeam

Floats = NDArray[np.float64]
Longs = NDArray[np.int64]

COMING, FREE, TO_PATIENT, LOADING, OUTWARD, UNLOADING, DONE = range(7)  # what an ambulance does
NOBODY = -1
MOST_ASKED = 100  # people who wait longest, among whom an ambulance looks for one that it can reach
TRY_AGAIN_S = 60.0  # where no way leads to any of them
EMERGENCY = VEHICLE_CLASSES.index("emergency")


class EvacuationAmbulances(Remembers):
    """All ambulances of an evacuation, shapes ``[ambulance]``, and who waits for them."""

    KEEPS = ("doing", "since_s", "stands", "drive", "patient", "begun", "waiting", "aboard", "by", "carried")

    def __init__(self, rescue: Rescue) -> None:
        fetching = rescue.people.fetching
        self._rescue, self.fetching = rescue, fetching
        self.first_row = len(rescue.simulation.model.fleet.trips) - len(fetching.drives)
        ambulances, scenario = fetching.pool.size, rescue.simulation.scenario
        self.units = rescue.people.units  # of responders, who fetch instead; their rows lie behind those of ambulances
        units = 0 if self.units is None or scenario.responders is None else len(scenario.responders.units)
        self.doing = np.full(ambulances, COMING, np.int8)
        # When it began what it does; of one to come, or free: when it looks for somebody.
        self.since_s = np.array([fetching.pools[pool].start_s for pool in fetching.pool.tolist()], np.float64)
        self.stands = fetching.from_station.astype(np.int64)  # drive that begins where it stands
        self.drive = np.full(ambulances, NOBODY, np.int64)  # that it makes, or made last
        self.patient = np.full(ambulances, NOBODY, np.int64)  # whom it drives to, or takes up
        self.begun = np.zeros(len(fetching.pools), np.int64)  # drives from the shelter of each pool
        self.waiting: list[int] = []  # people, the first to be ready first
        self.aboard: list[list[int]] = [[] for _ in range(ambulances + units)]
        self.by = np.full(int(fetching.fetched.sum()), NOBODY, np.int64)  # ambulance that took up each
        self.carried = np.zeros(ambulances + units, np.int64)

    def wait(self, persons: Longs) -> None:
        """Let people wait at home who are ready and cannot walk."""
        evacuees = self._rescue.evacuees
        evacuees.doing[persons] = WAITS_FOR_AMBULANCE
        evacuees.left_s[persons] = np.inf
        if self.units is None:
            self.waiting += persons.tolist()
        elif persons.size:
            self._team.fetch(persons)

    @property
    def _team(self) -> ResponseTeam:
        team = self._rescue.simulation.responders
        assert team is not None, "units that fetch evacuees were checked"
        return team

    def take_up(self, person: int, unit: int, t_s: float) -> None:
        """Let a unit of responders take somebody up."""
        evacuees, ambulance = self._rescue.evacuees, self.doing.size + unit
        evacuees.leave(np.array([person]), IN_AMBULANCE)
        evacuees.left_s[person] = t_s
        self.aboard[ambulance].append(person)
        self.by[self.fetching.number[person]] = ambulance

    def set_down(self, unit: int, t_s: float) -> None:
        """Let whom a unit of responders has brought into the shelter."""
        assert self.units is not None, "a unit brings evacuees where units fetch them"
        self._let_in(self.doing.size + unit, self.units.to, t_s)

    def give_up_aboard(self, unit: int) -> None:
        """Note that a unit of responders finds no way with whom it has taken up."""
        self._strand(self.doing.size + unit)

    def act(self, t_s: float) -> None:
        """Do what is due for every ambulance."""
        for ambulance in np.flatnonzero(self.doing != DONE).tolist():
            doing, pool = self.doing[ambulance], self.fetching.pools[self.fetching.pool[ambulance]]
            if doing in (COMING, FREE) and t_s >= self.since_s[ambulance]:
                self._fetch(ambulance, t_s)
            elif doing in (TO_PATIENT, OUTWARD):
                self._look(ambulance, t_s)
            elif doing == LOADING and t_s >= self.since_s[ambulance] + pool.loads_s:
                self._load(ambulance, t_s)
            elif doing == UNLOADING and t_s >= self.since_s[ambulance] + pool.unloads_s:
                self._unload(ambulance, t_s)

    def place_of(self, person: int) -> tuple[int, float]:
        """Street and place along it, m, of somebody who was taken up and is not in a shelter."""
        fleet, havens = self._rescue.simulation.model.fleet, self._rescue.people.havens
        haven, ambulance = int(self._rescue.evacuees.haven[person]), int(self.by[self.fetching.number[person]])
        if haven >= 0:
            return int(havens.road_link[haven]), float(havens.road_m[haven])
        if ambulance >= self.doing.size:
            link, at = unit_links(self._team)
            unit = ambulance - self.doing.size
            return int(link[unit]), float(at[unit])
        drive = self.first_row + int(self.drive[ambulance])
        if self.drive[ambulance] >= 0 and fleet.vehicles.status[0, drive] == traffic_tables.DRIVING:
            lane = int(fleet.vehicles.lane[0, drive])
            on_road = lane < fleet.network.lane_count
            at_m = float(fleet.vehicles.position_m[0, drive]) if on_road else np.inf
            return int(fleet.cities.lane_i[0, traffic_tables.ON_LINK, lane]), at_m
        stands = int(self.stands[ambulance])
        return int(self.fetching.drives.origin_link[stands]), float(self.fetching.drives.origin_m[stands])

    def _begin(self, ambulance: int, doing: int, t_s: float) -> None:
        self.doing[ambulance], self.since_s[ambulance] = doing, t_s

    def _fetch(self, ambulance: int, t_s: float) -> bool:
        """Send an ambulance to whoever waits longest or, with others aboard, to the nearest; False: to nobody."""
        asked = self.waiting[:MOST_ASKED]
        if not asked:
            return False
        seconds = self._seconds(int(self.stands[ambulance]), asked)
        reached = np.flatnonzero(np.isfinite(seconds))
        if not reached.size:
            self.since_s[ambulance] = t_s + TRY_AGAIN_S
            return False
        patient = asked[int(seconds.argmin() if self.aboard[ambulance] else reached[0])]
        self.waiting.remove(patient)
        self.patient[ambulance] = patient
        number, stands = self.fetching.number[patient], int(self.stands[ambulance])
        link, at_m = self.fetching.home_link[number : number + 1], self.fetching.home_m[number : number + 1]
        drives = self.fetching.drives
        if drives.origin_link[stands] == link[0] and drives.origin_m[stands] == at_m[0]:
            self._begin(ambulance, LOADING, t_s)
        else:
            self._drive(ambulance, TO_PATIENT, link, at_m, t_s)
        return True

    def _seconds(self, stands: int, persons: list[int]) -> Floats:
        """Expected time from where an ambulance stands to homes, s; inf where no way leads."""
        link = self.fetching.home_link[self.fetching.number[persons]]
        simulation = self._rescue.simulation
        routes = simulation.model.router.plan(
            np.full(link.size, self.fetching.drives.origin_link[stands], np.int32),
            link,
            np.zeros(link.size, np.uint64),
            noise=0.0,
            seed=simulation.seed,
            open_link=~simulation.journeys.announced,
            vehicle_class=np.full(link.size, EMERGENCY, np.int8),
        )
        return np.where(np.diff(routes.start) > 0, routes.cost_s, np.inf)

    def _drive(self, ambulance: int, doing: int, link: Ints, at_m: Floats, t_s: float) -> None:
        """Let an ambulance drive from where it stands."""
        simulation = self._rescue.simulation
        self.drive[ambulance] = self.stands[ambulance]
        rows = np.array([self.first_row + int(self.drive[ambulance])])
        bind_vehicles(simulation.model.fleet, 0, rows, link, at_m)
        release_vehicles(simulation.model.fleet, 0, rows, t_s)
        simulation.journeys.plan_departures(rows)
        self._begin(ambulance, doing, t_s)

    def _look(self, ambulance: int, t_s: float) -> None:
        """See whether an ambulance is there, or finds no way."""
        row = self.first_row + int(self.drive[ambulance])
        status = self._rescue.simulation.model.fleet.vehicles.status[0, row]
        if status == traffic_tables.NO_ROUTE:
            self._give_up(ambulance)
        elif status == traffic_tables.ARRIVED:
            self._begin(ambulance, LOADING if self.doing[ambulance] == TO_PATIENT else UNLOADING, t_s)

    def _load(self, ambulance: int, t_s: float) -> None:
        """Take somebody up, and drive to the next while there is room, or to the shelter."""
        patient, pool = int(self.patient[ambulance]), self.fetching.pools[self.fetching.pool[ambulance]]
        evacuees, number = self._rescue.evacuees, int(self.fetching.number[patient])
        evacuees.leave(np.array([patient]), IN_AMBULANCE)
        evacuees.left_s[patient] = t_s
        self.aboard[ambulance].append(patient)
        self.by[number], self.patient[ambulance] = ambulance, NOBODY
        self.stands[ambulance] = self.fetching.from_home[number]
        if len(self.aboard[ambulance]) < pool.places and self._fetch(ambulance, t_s):
            return
        havens, to = self._rescue.people.havens, self._rescue.people.havens.id.index(pool.to)
        self._drive(ambulance, OUTWARD, havens.road_link[to : to + 1], havens.road_m[to : to + 1], t_s)

    def _unload(self, ambulance: int, t_s: float) -> None:
        """Let people into the shelter, and be free for others."""
        pool = int(self.fetching.pool[ambulance])
        self._let_in(ambulance, self.fetching.pools[pool].to, t_s)
        self.stands[ambulance] = self.fetching.from_shelter[pool, self.begun[pool]]
        self.begun[pool] += 1
        self._begin(ambulance, FREE, t_s)

    def _let_in(self, ambulance: int, shelter: str, t_s: float) -> None:
        """Let everybody aboard into a shelter."""
        persons = np.array(self.aboard[ambulance], np.int64)
        self._rescue.evacuees.haven[persons] = self._rescue.people.havens.id.index(shelter)
        self._rescue.let_in(persons, np.full(persons.size, t_s), t_s)
        self.carried[ambulance] += persons.size
        self.aboard[ambulance] = []

    def _strand(self, ambulance: int) -> None:
        """Note that those aboard cannot go on."""
        self._rescue.evacuees.strand(np.array(self.aboard[ambulance], np.int64), NO_WAY_BY_AMBULANCE)
        self.aboard[ambulance] = []

    def _give_up(self, ambulance: int) -> None:
        """Let an ambulance stand that cannot go on; whom it was to fetch waits for another."""
        if self.doing[ambulance] == TO_PATIENT:
            self.waiting.insert(0, int(self.patient[ambulance]))
            self.patient[ambulance] = NOBODY
        self._strand(ambulance)
        self.doing[ambulance] = DONE
