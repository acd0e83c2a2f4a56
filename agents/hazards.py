"""Let hazards act on a city: who and what is where in them, what they close and slow down, whom they harm."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..kernels import traffic_tables as table
from ..kernels import walking_tables
from ..kernels.walk_gates import leave_queue
from ..scenarios.hazard_checks import Threat, pieces_of
from ..scenarios.hazards import Gas
from .evacuation import IN_CAR
from .exposure import NOBODY, Exposure
from .gas_exposure import IN_VEHICLE, OUTSIDE, WAITING, GasExposure
from .hazard_field import HazardField
from .patch_ways import stand_before
from .remembering import Remembers, State

if TYPE_CHECKING:
    from .city_model import CityModel
    from .evacuation import Evacuees

Floats = NDArray[np.float64]
Longs = NDArray[np.int64]
Bools = NDArray[np.bool_]

CREEP_MPS = 1e-3  # wished for by who cannot go on: no formula divides by nothing
MOST_BLOCKED = 1 + table.FURTHER_OBSTACLES_END - table.FURTHER_OBSTACLES_M  # places on a lane
STOPPED = (table.CLOSED, table.OBSTACLE)  # causes for which vehicles stand before what is closed


class Hazards(Remembers):
    """All hazards of a run, and what they did to everybody. Of one member, the first.

    Parameters
    ----------
    threats
        The hazards with their series.
    model
        The city, its people on foot included.
    """

    KEEPS = ("looked_s", "in_vehicles", "on_foot", "held", "moved_m")

    def __init__(self, threats: Sequence[Threat], model: CityModel) -> None:
        self.model = model
        self.pieces = pieces_of(model.network)
        walkers, fleet = model.walkers, model.fleet
        self.moved_m = np.zeros((len(threats), 2))  # to the east and to the north of where the files say
        self.fields = [HazardField(threat, model.network, self.pieces, walkers) for threat in threats]
        self.looked_s = np.full(len(threats), np.nan)
        self.in_vehicles = Exposure(len(threats), len(fleet.trips.id))
        self.on_foot = Exposure(len(threats), 0 if walkers is None else len(walkers.trips.id))
        self.own_factor = fleet.vehicles.speed_factor[0].copy()
        self.held = np.zeros(len(fleet.trips.id), np.bool_)
        self.gases: dict[int, GasExposure] = {}  # by row of ``fields``
        if walkers is not None:
            self.cell_x_m, self.cell_y_m = walkers.cell_middles()

    def state(self) -> State:
        """What is kept."""
        return {**super().state(), "gases": [gas.state() for gas in self.gases.values()]}

    def restore(self, state: State) -> None:
        """Have everybody as they were, and every hazard as somebody saw it last."""
        before_m = self.moved_m.copy()
        super().restore(state)
        for gas, then in zip(self.gases.values(), state["gases"], strict=True):
            gas.restore(then)
        for number in np.flatnonzero((before_m != self.moved_m).any(axis=1)).tolist():
            self._lay_out(number)
        for field, looked_s in zip(self.fields, self.looked_s, strict=True):
            field.look(-np.inf if np.isnan(looked_s) else float(looked_s))

    def move(self, number: int, east_m: float, north_m: float) -> None:
        """Let a hazard be elsewhere than its file says, from when somebody looks at it next."""
        self.moved_m[number] += east_m, north_m
        self._lay_out(number)

    def _lay_out(self, number: int) -> None:
        moved_m = float(self.moved_m[number, 0]), float(self.moved_m[number, 1])
        threat, model = self.fields[number].threat, self.model
        field = HazardField(threat, model.network, self.pieces, model.walkers, moved_m)
        if not np.isnan(self.looked_s[number]):
            field.look(float(self.looked_s[number]))
        self.fields[number] = field
        if number in self.gases:
            self.gases[number].lay_out()

    def add_gases(self, evacuees: Evacuees | None, seed: int) -> None:
        """Let gases be breathed, indoors too where people are told to leave."""
        for number, field in enumerate(self.fields):
            if isinstance(field.hazard, Gas):
                self.gases[number] = GasExposure(number, self, evacuees, seed)

    def look(self, number: int, t_s: float) -> tuple[Longs, Longs]:
        """Move one hazard on and let people feel it; returns whom it incapacitates in vehicles and on foot."""
        field = self.fields[number]
        before_s = self.looked_s[number]
        span_s = 0.0 if np.isnan(before_s) else t_s - float(before_s)
        field.look(t_s)
        self.looked_s[number] = t_s
        if number in self.gases:
            return self._breathe_gas(self.gases[number], t_s, span_s)
        trips, piece = self.vehicles_out()
        drivers = self.in_vehicles.feel(number, field, field.road, trips, piece, t_s, span_s)
        walks, cell = self.people_out()
        walking = self.on_foot.feel(number, field, field.walk, walks, cell, t_s, span_s)
        return drivers, walking

    def _breathe_gas(self, gas: GasExposure, t_s: float, span_s: float) -> tuple[Longs, Longs]:
        """Let everybody breathe a gas; who is incapacitated drives, walks and leaves no more."""
        lost = gas.look(t_s, span_s)
        self.in_vehicles.inside[gas.number] = gas.inside_now(IN_VEHICLE)
        self.on_foot.inside[gas.number] = gas.inside_now(OUTSIDE, WAITING)
        drivers, walks = lost[lost < gas.drivers], lost[lost >= gas.drivers] - gas.drivers
        on_foot = walks[gas.lost_where[gas.drivers + walks] == OUTSIDE]
        evacuees = gas.evacuees
        if evacuees is not None:
            first = len(gas.ids) - gas.drivers - evacuees.walk_row.size
            persons = evacuees.people.walk_person[walks[walks >= first] - first].astype(np.int64)
            driving = persons[evacuees.doing[persons] == IN_CAR]
            cars = evacuees.car_row[driving]
            at_the_wheel = driving == np.array([np.flatnonzero(evacuees.car_row == car)[0] for car in cars.tolist()])
            evacuees.lose(persons)
            drivers = np.concatenate([drivers, cars[at_the_wheel]])
        for felt, people in ((self.in_vehicles, drivers), (self.on_foot, on_foot)):
            felt.lost_s[people], felt.lost_to[people] = t_s, gas.number
        return drivers, on_foot

    def vehicles_out(self) -> tuple[Longs, Longs]:
        """Vehicles on the road, and the piece of a street each is on; inside a junction the end of the one before."""
        fleet, network = self.model.fleet, self.model.network
        trips = np.flatnonzero(fleet.vehicles.status[0] == table.DRIVING)
        lane = fleet.vehicles.lane[0, trips]
        link = fleet.cities.lane_i[0, table.ON_LINK, lane]
        on_road = lane < network.lane_count
        at_m = np.where(on_road, fleet.vehicles.position_m[0, trips], network.links.length_m[link])
        return trips, self.pieces.at(network, link, at_m)

    def people_out(self) -> tuple[Longs, Longs]:
        """Walks on the streets, and the directed cell each is in."""
        if self.model.walkers is None:
            return np.zeros(0, np.int64), np.zeros(0, np.int64)
        return self.model.walkers.people_out()

    def lost_to(self, number: int) -> int:
        """How many a hazard has incapacitated so far."""
        if number in self.gases:
            return int((~np.isnan(self.gases[number].lost_s)).sum())
        return int((self.on_foot.lost_to == number).sum() + (self.in_vehicles.lost_to == number).sum())

    def caps_mps(self) -> Floats:
        """Safe speed on every link, inf where no hazard lowers it."""
        caps = np.full(self.model.network.link_count, np.inf)
        for field in self.fields:
            field.cap_roads(caps)
        return caps

    def shut_places(self, *, only_holding: bool = False) -> tuple[Bools, Bools]:
        """Pieces of streets and directed cells that nobody may enter; or those in which nobody can move."""
        pieces = np.zeros(self.pieces.link.size, np.bool_)
        cells = np.zeros(self.fields[0].shuts_cells.size, np.bool_)
        for field in self.fields:
            if field.holds or not only_holding:
                pieces |= field.shuts_pieces
                cells |= field.shuts_cells
        return pieces, cells

    def edges_m(self, shut_pieces: Bools) -> Floats:
        """Where on links one comes to what is closed, but for their beginnings; inf elsewhere (``[link, place]``)."""
        length_m = self.model.network.links.length_m
        edges_m = np.full((length_m.size, MOST_BLOCKED), np.inf)
        for link in np.unique(self.pieces.link[shut_pieces]).tolist():
            first, last = self.pieces.start[link : link + 2]
            shut = shut_pieces[first:last]
            begins = (np.flatnonzero(shut[1:] & ~shut[:-1]) + 1)[:MOST_BLOCKED]
            edges_m[link, : begins.size] = length_m[link] * begins / shut.size
        return edges_m

    def slow_people(self, shut_cells: Bools) -> None:
        """Give every cell the speed that hazards leave, and keep people out of those that are closed."""
        walkers = self.model.walkers
        if walkers is None:
            return
        ratio = np.ones(walkers.own_slow.size)
        for field in self.fields:
            field.slow_walks(ratio)
        walkers.walks.cell_f[0, walking_tables.SLOW] = walkers.own_slow * ratio
        walkers.shut[:] = shut_cells
        walkers.open_cells()

    def hold_vehicles(self) -> None:
        """Stop vehicles where none can move, and whose drivers are incapacitated; let the others go again."""
        trips, piece = self.vehicles_out()
        holding, _ = self.shut_places(only_holding=True)
        held = np.zeros(self.held.size, np.bool_)
        held[trips] = holding[piece]
        held |= ~np.isnan(self.in_vehicles.lost_s)
        fleet, now, before = self.model.fleet, np.flatnonzero(held), np.flatnonzero(self.held & ~held)
        driving = now[fleet.vehicles.lane[0, now] >= 0]
        limit_mps = fleet.lane_limit_mps[0, fleet.vehicles.lane[0, driving]]
        fleet.vehicles.speed_factor[0, driving] = CREEP_MPS / limit_mps
        fleet.vehicles.speed_factor[0, before] = self.own_factor[before]
        self.held = held

    def lay_down(self, walks: Longs) -> None:
        """Let people on foot lie where they are."""
        walkers = self.model.walkers
        if walkers is None or not walks.size:
            return
        walk = walkers.of_member(0)
        inside = {visit.walker: patch for patch in walkers.patches for visit in patch.visits.values()}
        for one in walks.tolist():
            if one in inside:
                inside[one].lay_down(one)
                continue
            if walk.walker_i[one, walking_tables.STATUS] == walking_tables.QUEUED:
                leave_queue(walk, one)
            walk.walker_i[one, walking_tables.STATUS] = walking_tables.INCAPACITATED

    def note_stranded(self, t_s: float) -> None:
        """Find who cannot go on: in what holds them, or standing before what is closed."""
        trips, by = self._stranded_vehicles()
        self.in_vehicles.strand(trips, by, t_s)
        walks, by = self._stranded_people()
        self.on_foot.strand(walks, by, t_s)

    def _stranded_vehicles(self) -> tuple[Longs, Longs]:
        fleet, vehicles = self.model.fleet, self.model.fleet.vehicles
        trips, piece = self.vehicles_out()
        by = np.full(trips.size, NOBODY)
        stands = (vehicles.standing_s[0, trips] > 0.0) & np.isin(vehicles.cause[0, trips], STOPPED)
        ahead = [fleet.route(0, int(trip))[:2] if stand else () for trip, stand in zip(trips, stands, strict=True)]
        for number, field in enumerate(self.fields):
            inside = field.shuts_pieces[piece] & field.holds
            before = np.array([any(field.shuts_links[link] for link in links) for links in ahead], np.bool_)
            by = np.where((by == NOBODY) & (inside | before), number, by)
        well = np.isnan(self.in_vehicles.lost_s[trips])
        return trips[(by != NOBODY) & well], by[(by != NOBODY) & well]

    def _stranded_people(self) -> tuple[Longs, Longs]:
        walks, cell = self.people_out()
        if self.model.walkers is None or not walks.size:
            return walks, walks
        walkers = self.model.walkers
        rows = walkers.walks.walker_i[0]
        stands = rows[walks, walking_tables.STATUS] == walking_tables.QUEUED
        ahead = np.where(stands, rows[walks, walking_tables.TO_CELL], cell)
        for patch in walkers.patches:
            before, closed = stand_before(walkers, patch, walkers.shut)
            place = np.searchsorted(walks, before)
            stands[place], ahead[place] = True, closed
        by = np.full(walks.size, NOBODY)
        for number, field in enumerate(self.fields):
            caught = (field.shuts_cells[cell] & field.holds) | (stands & field.shuts_cells[ahead])
            by = np.where((by == NOBODY) & caught, number, by)
        well = np.isnan(self.on_foot.lost_s[walks])
        return walks[(by != NOBODY) & well], by[(by != NOBODY) & well]
