"""Add up who breathes more of a pollutant than a limit allows, how long and how much, by hour, group and zone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from ..scenarios.air import POLLUTANTS, ReceptorResidents
from ..scenarios.areas import links_in
from .remembering import Remembers

if TYPE_CHECKING:
    from ..scenarios.air import Air
    from ..scenarios.network import RoadNetwork

Floats = NDArray[np.float64]
Longs = NDArray[np.int64]

HOUR_S: Final = 3600.0
DRIVERS, CYCLISTS, ON_FOOT = range(3)
GROUPS: Final = ("drivers", "cyclists", "on_foot")  # people on the streets


class TimeAbove(Remembers):
    """Time and concentrations of receptors and of people on the streets, hour by hour of the run.

    Attributes
    ----------
    limits : [pollutant]
        µg/m³; NaN where there is none.
    zones
        Names of the zones of residents; the last one is "", for streets in none.
    receptor_over_s, receptor_ugm3_s : [hour, receptor, pollutant]
        Time above the limit, and concentration times time.
    street_s : [hour, group, zone]
        Person-seconds of people on the streets.
    street_over_s, street_ugm3_s : [hour, group, zone, pollutant]
        The same as of receptors, times people.
    """

    KEEPS = ("receptor_over_s", "receptor_ugm3_s", "receptor_s", "street_s", "street_over_s", "street_ugm3_s")

    def __init__(self, air: Air, network: RoadNetwork, receptors: int, duration_s: float) -> None:
        self.limits = np.array([air.limits_ugm3.get(name, np.nan) for name in POLLUTANTS])
        residents = [one for one in air.receptors if isinstance(one, ReceptorResidents)]
        self.zones = (*(one.id for one in residents), "")
        self.zone_of = np.full(network.link_count, len(residents))
        for row in range(len(residents) - 1, -1, -1):
            self.zone_of[links_in(network, residents[row].polygon)] = row
        self.hours = max(int(np.ceil(duration_s / HOUR_S - 1e-9)), 1)
        by_receptor, by_street = (self.hours, receptors), (self.hours, len(GROUPS), len(self.zones))
        self.receptor_over_s, self.receptor_ugm3_s = (np.zeros((*by_receptor, len(POLLUTANTS))) for _ in range(2))
        self.receptor_s = np.zeros(self.hours)
        self.street_s = np.zeros(by_street)
        self.street_over_s, self.street_ugm3_s = (np.zeros((*by_street, len(POLLUTANTS))) for _ in range(2))

    def _hour(self, t_s: float) -> int:
        return min(int(t_s // HOUR_S), self.hours - 1)

    def at_receptors(self, start_s: float, end_s: float, ugm3: Floats) -> None:
        """Take note of an interval of the receptors, ``[receptor, pollutant]``; the hour is that of its middle."""
        hour, span_s = self._hour((start_s + end_s) / 2.0), end_s - start_s
        self.receptor_over_s[hour] += span_s * (ugm3 > self.limits)  # nothing is above NaN
        self.receptor_ugm3_s[hour] += span_s * ugm3
        self.receptor_s[hour] += span_s

    def on_streets(self, t_s: float, group: Longs, link: Longs, person_s: Floats, street_ugm3: Floats) -> None:
        """Take note of people on streets, ``[n]``, in the air that was there before ``t_s``, ``[link, pollutant]``."""
        hour, zone, ugm3 = self._hour(np.nextafter(t_s, 0.0)), self.zone_of[link], street_ugm3[link]
        np.add.at(self.street_s[hour], (group, zone), person_s)
        np.add.at(self.street_ugm3_s[hour], (group, zone), person_s[:, np.newaxis] * ugm3)
        np.add.at(self.street_over_s[hour], (group, zone), person_s[:, np.newaxis] * (ugm3 > self.limits))
