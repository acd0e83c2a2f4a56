"""Say where a cloud of gas is and how dense, in wind that may turn: along the ways that its puffs take."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..kernels.air_plumes import lateral_2
from ..kernels.air_puffs import fill_puff, fill_timed
from ..scenarios.hazard_series import Sampled
from ..scenarios.nearest_links import project
from .air_stacks import cloud_plume
from .weather import weather_of

if TYPE_CHECKING:
    from ..kernels.air_plumes import Plume
    from ..scenarios.hazards import Gas
    from ..scenarios.network import RoadNetwork
    from ..scenarios.weather_states import WeatherStates
    from .weather import Place

Floats = NDArray[np.float64]

MILLI = 1000.0  # mg in a gram, g in a kilogram
BEGINS_M = 1.0  # spread of a cloud at first
BREATHE_M = 1.5
PUFF_APART_M = 10.0  # of a release that lasts, in wind that turns
MOST_PUFFS = 200
SEEN = 4.5  # standard deviations from a puff's middle beyond which nothing of it is looked for
FAINT = 0.1  # of the concentration at the front: less is nothing


@dataclass(slots=True, eq=False)
class GasSeries:
    """A release over time, for places in the coordinates of the streets; see ``scenarios.hazard_series.Series``.

    In wind that has not changed since the release began it is the closed form of ``air_puffs``; in wind that has,
    puffs that are released one after the other drift and spread each along its own way, in the spread of the air as
    it is now.
    """

    gas: Gas
    times_s: Floats
    crs: str
    x_m: float
    y_m: float
    states: WeatherStates
    plumes: tuple[Plume, ...]  # by state of the weather
    ahead: Floats  # [state, 2] where the wind blows to, east and north

    @classmethod
    def of(cls, gas: Gas, network: RoadNetwork, states: WeatherStates, place: Place, duration_s: float) -> GasSeries:
        """The cloud of a hazard on one network."""
        x_m, y_m = project(network, np.array([gas.at[0]]), np.array([gas.at[1]]))
        weathers = [weather_of(states, row, place) for row in range(states.t_s.size)]
        end_s = duration_s if gas.end_s is None else gas.end_s
        return cls(
            gas,
            np.arange(0.0, end_s - gas.start_s + gas.every_s, gas.every_s),
            f"EPSG:{network.epsg}",
            float(x_m[0]),
            float(y_m[0]),
            states,
            tuple(cloud_plume(one, gas.height_m, BEGINS_M) for one in weathers),
            np.array([one.ahead for one in weathers]),
        )

    def sample(self, x: Floats, y: Floats) -> Sampled:
        """Concentration at points, mg/m³, at all its times."""
        values = np.zeros((self.times_s.size, 1, np.size(x)), np.float32)
        for row, since_s in enumerate(self.times_s.tolist()):
            values[row, 0] = self.mgm3(since_s, x, y)
        values[values < FAINT * self.gas.front] = 0.0
        place = np.flatnonzero((values[:, 0] > 0.0).any(axis=0))
        return Sampled(place, values[:, :, place])

    def mgm3(self, since_s: float, x: Floats, y: Floats) -> Floats:
        """Concentration at points so long after the release began, mg/m³."""
        share = np.zeros(np.size(x))
        if since_s <= 0.0:
            return share
        first, now = (self.states.at(self.gas.start_s + t_s) for t_s in (0.0, since_s))
        if self.gas.lasts_s > 0.0 and first == now:
            self._timed(since_s, x, y, share)
        else:
            self._puffs(since_s, self.plumes[now], x, y, share)
        return MILLI * MILLI * self.gas.released_kg * share

    def _timed(self, since_s: float, x: Floats, y: Floats, share: Floats) -> None:
        """A plume with a front and a tail, of 1 g all together, in wind that has not changed."""
        row = self.states.at(self.gas.start_s)
        east, north = self.ahead[row]
        dx, dy = x - self.x_m, y - self.y_m
        z_m = np.full(share.size, BREATHE_M)
        ahead_m, left_m = dx * east + dy * north, dy * east - dx * north
        fill_timed(self.plumes[row], since_s, self.gas.lasts_s, ahead_m, left_m, z_m, share)
        share /= self.gas.lasts_s

    def _puffs(self, since_s: float, plume: Plume, x: Floats, y: Floats, share: Floats) -> None:
        """Puffs one after the other, of 1 g all together."""
        released_s = min(since_s, self.gas.lasts_s)
        fastest_mps = max(one.wind_mps for one in self.plumes)
        count = min(max(math.ceil(released_s * fastest_mps / PUFF_APART_M), 1), MOST_PUFFS)
        out = released_s / self.gas.lasts_s if self.gas.lasts_s > 0.0 else 1.0  # share that has left by now
        here_x, here_y, here_m = self._gone(since_s)
        for t_s in (released_s * (np.arange(count) + 0.5) / count).tolist():
            then_x, then_y, then_m = self._gone(t_s if self.gas.lasts_s > 0.0 else 0.0)
            way_m = here_m - then_m
            wide_m = math.sqrt(lateral_2(plume.spread, max(way_m, 1.0)) + plume.self_spread_m**2)
            dx, dy = x - (self.x_m + here_x - then_x), y - (self.y_m + here_y - then_y)
            near = np.flatnonzero((np.abs(dx) < SEEN * wide_m) & (np.abs(dy) < SEEN * wide_m))
            own = np.zeros(near.size)
            z_m = np.full(near.size, BREATHE_M)
            fill_puff(plume, way_m / plume.wind_mps, dx[near] + way_m, dy[near], z_m, own)
            share[near] += out * own / count

    def _gone(self, since_s: float) -> tuple[float, float, float]:
        """How far east, how far north and how long a way the wind has carried what was released at the beginning."""
        starts_s = np.maximum(self.states.t_s - self.gas.start_s, 0.0)
        ends_s = np.append(starts_s[1:], np.inf)
        lasts_s = np.clip(since_s - starts_s, 0.0, ends_s - starts_s)
        way_m = lasts_s * np.array([plume.wind_mps for plume in self.plumes])
        east_m, north_m = way_m @ self.ahead
        return float(east_m), float(north_m), float(way_m.sum())


def passing(sampled: Sampled, times_s: Floats, front: float) -> tuple[Floats, Floats, Floats]:
    """When a cloud comes to places and leaves them for the last time, and how dense it gets.

    Parameters
    ----------
    sampled, times_s
        Concentration at its times, s; between two of them it changes evenly.
    front
        From which concentration one is in it.

    Returns
    -------
    arrived_s, gone_s : [place]
        NaN where it never comes; ``gone_s`` NaN where it is still there at the end.
    highest : [place]
    """
    level = np.asarray(sampled.values[:, 0], np.float64)
    inside = level >= front
    ever, last = inside.any(axis=0), times_s.size - 1
    first = inside.argmax(axis=0)
    final = last - inside[::-1].argmax(axis=0)
    places = np.arange(level.shape[1])

    def crossed(before: NDArray[np.int64], after: NDArray[np.int64]) -> Floats:
        low, high = level[before, places], level[after, places]
        change = np.where(high != low, high - low, 1.0)
        share = np.clip((front - low) / change, 0.0, 1.0)
        return np.asarray(times_s[before] + share * (times_s[after] - times_s[before]))

    arrived_s = np.where(first > 0, crossed(np.maximum(first - 1, 0), first), times_s[0])
    gone_s = np.where(final < last, crossed(final, np.minimum(final + 1, last)), np.nan)
    return np.where(ever, arrived_s, np.nan), np.where(ever, gone_s, np.nan), level.max(axis=0, initial=0.0)
