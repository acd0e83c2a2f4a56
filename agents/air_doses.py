"""Add up what people breathe along their way: drivers in their vehicles, cyclists, and people on foot."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from ..kernels import traffic_tables as table
from ..kernels import walking_tables
from ..scenarios.air import POLLUTANTS
from ..scenarios.nearest_links import nearest_links
from ..scenarios.trips import VEHICLE_CLASSES
from .air_above import CYCLISTS, DRIVERS, ON_FOOT, TimeAbove
from .remembering import Remembers

if TYPE_CHECKING:
    from ..scenarios.drivers import VehicleClass
    from .city_model import CityModel

Floats = NDArray[np.float64]
Longs = NDArray[np.int64]

# Air that adults breathe, m³/s: US EPA (2011), Exposure Factors Handbook, table 6-2, 31 to under 41 years, by how hard
# they work: resting, light, moderate, hard.
RESTING: Final = 4.3e-3 / 60.0  # at home
LIGHT: Final = 1.2e-2 / 60.0  # driving
MODERATE: Final = 2.7e-2 / 60.0  # walking
HARD: Final = 4.9e-2 / 60.0  # cycling


class AirDoses(Remembers):
    """What everybody on the streets has breathed so far. Of one member, the first.

    In a vehicle it is the driver, and the air is that of the street. On foot it is that of the nearest street.

    Attributes
    ----------
    vehicle_ugm3_s, walk_ugm3_s
        ``[person, pollutant]``: concentration times time.
    vehicle_s, walk_s
        ``[person]``: time in it.
    """

    KEEPS = ("vehicle_ugm3_s", "vehicle_s", "walk_ugm3_s", "walk_s", "_seen_vehicles", "_seen_walks")

    def __init__(self, model: CityModel, occupants: Mapping[VehicleClass, float] | None = None) -> None:
        self.model = model
        vehicles = len(model.fleet.trips.id)
        classes = model.fleet.trips.vehicle_class
        self.breathes_m3ps = np.where(classes == table.BICYCLE_CLASS, HARD, LIGHT)
        self._drives_as = np.where(classes == table.BICYCLE_CLASS, CYCLISTS, DRIVERS).astype(np.int64)
        of_class = {str(name): people for name, people in (occupants or {}).items()}
        self.occupants = np.array([of_class.get(name, 1.0) for name in VEHICLE_CLASSES])[classes]
        self.vehicle_ugm3_s, self.vehicle_s = np.zeros((vehicles, len(POLLUTANTS))), np.zeros(vehicles)
        walkers = model.walkers
        walks = 0 if walkers is None else len(walkers.trips.id)
        self.walk_ugm3_s, self.walk_s = np.zeros((walks, len(POLLUTANTS))), np.zeros(walks)
        self._street_of = np.zeros(0, np.int64)  # [cell of the walk network]
        if walkers is not None:
            everywhere = np.ones(model.network.link_count, np.bool_)
            self._street_of = nearest_links(model.network, *walkers.cell_middles(), everywhere).link.astype(np.int64)
        self._seen_vehicles = np.zeros((0, 3))  # person, link, seconds
        self._seen_walks = np.zeros((0, 3))

    def look(self, span_s: float) -> None:
        """See who is on which street, after ``span_s`` seconds in which nobody looked."""
        cities, vehicles = self.model.fleet.tables(), self.model.fleet.vehicles
        trips = np.flatnonzero(vehicles.status[0] == table.DRIVING)
        link = cities.lane_i[0, table.ON_LINK, vehicles.lane[0, trips]]
        self._seen_vehicles = np.vstack([self._seen_vehicles, _rows(trips, link, span_s)])
        walkers = self.model.walkers
        if walkers is not None:
            walks = np.sort(walkers.walks.active[0, : walkers.walks.counter[0, walking_tables.OUT]]).astype(np.int64)
            street = self._street_of[walkers.people.cell[0, walks]]
            self._seen_walks = np.vstack([self._seen_walks, _rows(walks, street, span_s)])

    def breathe(self, street_ugm3: Floats, t_s: float, above: TimeAbove | None = None) -> None:
        """Let everybody who was seen lately breathe, until ``t_s``, what is in the streets, ``[link, pollutant]``."""
        on_foot = np.full(self.walk_s.size, ON_FOOT)
        seen = (
            (self._seen_vehicles, self.vehicle_ugm3_s, self.vehicle_s, self._drives_as, self.occupants),
            (self._seen_walks, self.walk_ugm3_s, self.walk_s, on_foot, np.ones(self.walk_s.size)),
        )
        for rows, ugm3_s, seconds, group, people in seen:
            person, link, span_s = rows[:, 0].astype(np.int64), rows[:, 1].astype(np.int64), rows[:, 2]
            np.add.at(ugm3_s, person, span_s[:, np.newaxis] * street_ugm3[link])
            np.add.at(seconds, person, span_s)
            if above is not None and person.size:
                above.on_streets(t_s, group[person], link, people[person] * span_s, street_ugm3)
        self._seen_vehicles, self._seen_walks = np.zeros((0, 3)), np.zeros((0, 3))


def _rows(people: Longs, link: NDArray[np.integer], span_s: float) -> Floats:
    return np.column_stack([people, link, np.full(people.size, span_s)]).astype(np.float64).reshape(-1, 3)
