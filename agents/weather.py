"""Turn what is known of the weather into what carries and mixes pollution, for each state of a run's weather."""

from __future__ import annotations

import datetime as dt
import math
from typing import TYPE_CHECKING, NamedTuple

from ..kernels import meteorology as kernel
from .air_weather import DISPLACED, LEAST_USTAR_MPS, Weather

if TYPE_CHECKING:
    from ..scenarios.network import RoadNetwork
    from ..scenarios.weather_states import WeatherStates

KELVIN = 273.15
DUSK_WPM2 = 0.0  # heat from the ground from which it is day for the air


class Place(NamedTuple):
    """Where and when a run's weather is."""

    start: dt.datetime  # local
    lat_deg: float
    lon_deg: float

    def sun_rad(self, t_s: float, utc_offset_h: float | None) -> float:
        """Height of the sun over the horizon, rad."""
        ahead_h = round(self.lon_deg / 15.0) if utc_offset_h is None else utc_offset_h
        now = self.start.replace(tzinfo=None) + dt.timedelta(seconds=t_s) - dt.timedelta(hours=ahead_h)
        hour = now.hour + now.minute / 60.0 + now.second / 3600.0
        return kernel.sun_elevation_rad(float(now.timetuple().tm_yday), hour, self.lat_deg, self.lon_deg)


def place_of(network: RoadNetwork, start: dt.datetime) -> Place:
    """Middle of a city's streets."""
    from pyproj import Transformer

    shape = network.links.shape_xy
    transform = Transformer.from_crs(f"EPSG:{network.epsg}", "EPSG:4326", always_xy=True)
    lon, lat = transform.transform(float(shape[:, 0].mean()), float(shape[:, 1].mean()))
    return Place(start, lat, lon)


def weather_of(states: WeatherStates, row: int, place: Place) -> Weather:
    """One state of the weather; what is not given is derived, see ``kernels.meteorology``."""
    wind_mps, air_k = float(states.wind_mps[row]), float(states.temperature_c[row]) + KELVIN
    rough_m = states.roughness_m
    above_m = max(states.wind_height_m - DISPLACED * rough_m, 2.0 * rough_m)
    ustar_mps, obukhov_m = _turbulence(states, row, place, wind_mps, above_m, air_k)
    given = [float(column[row]) for column in (states.friction_velocity_mps, states.obukhov_length_m)]
    if not math.isnan(given[1]):
        obukhov_m = given[1] if given[1] != 0.0 else math.inf
        ustar_mps = kernel.friction_mps(wind_mps, above_m, rough_m, obukhov_m)
    ustar_mps = ustar_mps if math.isnan(given[0]) else given[0]
    mixing_m = float(states.mixing_height_m[row])
    if math.isnan(mixing_m):
        mixing_m = kernel.mixing_height_m(max(ustar_mps, LEAST_USTAR_MPS), obukhov_m, place.lat_deg)
    sideways_mps = float(states.wind_sideways_mps[row])
    return Weather(
        wind_from_deg=float(states.wind_from_deg[row]) % 360.0,
        wind_speed_mps=wind_mps,
        ustar_mps=ustar_mps,
        reference_height_m=states.wind_height_m,
        obukhov_length_m=obukhov_m,
        mixing_height_m=mixing_m,
        roughness_m=rough_m,
        sigma_v_mps=None if math.isnan(sideways_mps) else sideways_mps,
        temperature_k=air_k,
    )


def _turbulence(
    states: WeatherStates, row: int, place: Place, wind_mps: float, above_m: float, air_k: float
) -> tuple[float, float]:
    """Friction velocity, m/s, and Monin-Obukhov length, m, by class, by radiation and cloud, or neutral."""
    rough_m, letter = states.roughness_m, states.stability[row]
    cloud, radiation = float(states.cloud_share[row]), float(states.radiation_wpm2[row])
    if letter or (math.isnan(cloud) and math.isnan(radiation)):
        obukhov_m = kernel.of_class(letter or "D", rough_m)
        return kernel.friction_mps(wind_mps, above_m, rough_m, obukhov_m), obukhov_m
    if math.isnan(radiation):
        radiation = kernel.radiation_wpm2(place.sun_rad(float(states.t_s[row]), states.utc_offset_h), cloud)
    cloud = 0.5 if math.isnan(cloud) else cloud
    heat_wpm2 = kernel.heat_flux_wpm2(radiation, cloud, air_k)
    if heat_wpm2 > DUSK_WPM2:
        return kernel.by_day(wind_mps, above_m, rough_m, air_k, heat_wpm2)
    return kernel.by_night(wind_mps, above_m, rough_m, air_k, cloud)
