"""Add up what traffic emits: of every link, and of every vehicle where each is followed step by step."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..kernels import emissions as kernel
from ..kernels import traffic_tables as table
from ..scenarios.places import find_places
from ..scenarios.trips import VEHICLE_CLASSES
from .remembering import Remembers

if TYPE_CHECKING:
    from .city_model import CityModel
    from .technologies import Technologies

Floats = NDArray[np.float64]
Longs = NDArray[np.int64]


class TrafficEmissions(Remembers):
    """What the vehicles of a run have emitted so far. Of one member, the first.

    Parameters
    ----------
    model
        The city with its traffic.
    technologies
        What its vehicles may be.
    seed
        Of the run: decides which vehicle is what.
    step_by_step
        Whether each vehicle is followed in every step by its power; otherwise links emit by their mean speeds.
    cold_m
        How far engines are cold whose trips begin in the city, m; 0: none is.

    Attributes
    ----------
    grams
        ``[class, link, species]`` since the last ``take``.
    total_grams
        ``[link, species]`` since the start.
    vehicle_grams
        ``[trip, species]`` since the start; where nobody follows vehicles step by step, nothing.
    """

    KEEPS = ("grams", "total_grams", "vehicle_grams", "_present_s", "_cold_s", "_before", "_before_mps", "_was_out")

    def __init__(
        self, model: CityModel, technologies: Technologies, seed: int, *, step_by_step: bool, cold_m: float = 0.0
    ) -> None:
        self.model, self.technologies, self.step_by_step = model, technologies, step_by_step
        fleet, links = model.fleet, model.network.link_count
        self.technology = technologies.draw(fleet.trips, seed)
        outside = np.zeros(links, np.bool_)
        if cold_m > 0.0:
            outside = find_places(model.network).entry_gate
        self.cold_m = np.where(outside[fleet.trips.origin_link], 0.0, cold_m)
        self.fleet_share = np.bincount(self.technology, minlength=len(technologies.names)).astype(np.float64)
        self.fleet_share /= max(self.fleet_share.sum(), 1.0)
        self.grams = np.zeros((len(VEHICLE_CLASSES), links, kernel.SPECIES))
        self.total_grams = np.zeros((links, kernel.SPECIES))
        self.vehicle_grams = np.zeros((len(fleet.trips.id) if step_by_step else 0, kernel.SPECIES))
        self._present_s = np.zeros((links, len(technologies.names)))
        self._cold_s = np.zeros_like(self._present_s)
        self._before = self._driven()
        self._before_mps = np.zeros(len(fleet.trips.id))
        self._was_out = np.zeros(len(fleet.trips.id), np.bool_)

    def look(self, span_s: float) -> None:
        """See who is where, after ``span_s`` seconds in which nobody looked."""
        cities, vehicles = self.model.fleet.tables(), self.model.fleet.vehicles
        trips = np.flatnonzero(vehicles.status[0] == table.DRIVING)
        lane = vehicles.lane[0, trips]
        link = cities.lane_i[0, table.ON_LINK, lane].astype(np.int64)
        cold = vehicles.driven_m[0, trips] < self.cold_m[trips]
        if not self.step_by_step:
            kernel.count_present(trips, link, self.technology, cold, span_s, self._present_s, self._cold_s)
            return
        speed_mps = np.ascontiguousarray(vehicles.speed_mps[0, trips])
        before_mps = np.where(self._was_out[trips], self._before_mps[trips], speed_mps)
        kinds = self.technologies
        kernel.add_vehicles(
            trips,
            link,
            cities.lane_f[0, table.GRADIENT, lane],
            speed_mps,
            before_mps,
            cold,
            span_s,
            self.technology,
            kinds.idle_g_per_s,
            kinds.power_g_per_j,
            kinds.trait,
            kinds.cold_g_per_m,
            kinds.class_of,
            self.grams,
            self.vehicle_grams,
        )
        self._was_out[:] = False
        self._was_out[trips] = True
        self._before_mps[trips] = speed_mps

    def take(self) -> Floats:
        """Grams of ``[class, link, species]`` since the last time."""
        now = self._driven()
        if not self.step_by_step:
            metres, seconds = now[0] - self._before[0], now[1] - self._before[1]
            kinds = self.technologies
            with np.errstate(invalid="ignore", divide="ignore"):
                v_kmh = np.where(seconds > 0.0, kernel.KMH * metres / seconds, 0.0)
            kernel.add_links(
                metres,
                v_kmh,
                self._present_s,
                self._cold_s,
                self.fleet_share,
                kinds.curve,
                kinds.first,
                kinds.trait,
                kinds.cold_g_per_m,
                kinds.class_of,
                self.grams,
            )
            self._present_s[:] = 0.0
            self._cold_s[:] = 0.0
        self._before = now
        taken = self.grams.copy()
        self.grams[:] = 0.0
        self.total_grams += taken.sum(axis=0)
        return taken

    def _driven(self) -> Floats:
        """Metres and seconds that vehicles spent on every link so far, inside junctions too, ``[2, link]``."""
        cities = self.model.fleet.tables()
        link_of = cities.lane_i[0, table.ON_LINK, : cities.lane_f.shape[2]]
        links = self.model.network.link_count
        totals = [cities.lane_f[0, column] for column in (table.VEHICLE_M, table.VEHICLE_S)]
        return np.array([np.bincount(link_of, weights=total, minlength=links) for total in totals])
