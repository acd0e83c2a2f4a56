"""Give the plumes of stacks their rise, their wind and their spread in one state of the weather."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from ..kernels import air_plumes as plumes
from ..kernels.air_surface_layer import Layer, effective_wind_mps, meander_share, wind_mps
from .air_sources import StackSources
from .air_weather import Weather

Floats = NDArray[np.float64]
LEAST_WIND_MPS = 1.0  # for the rise of plumes, as in ISC3 (US EPA 1995): without wind none of the formulas would end
CLASSES = "ABCDEF"


def stability_class(obukhov_length_m: float, roughness_m: float) -> str:
    """Pasquill class, A to F, of the nearest of Golder's lines (1972) for a Monin-Obukhov length and a roughness."""
    inverse, rough = 1.0 / obukhov_length_m, math.log10(roughness_m)
    lines = [a + b * rough for a, b in plumes.GOLDER]
    return CLASSES[int(np.argmin([abs(inverse - line) for line in lines]))]


def spread_of(weather: Weather) -> plumes.Spread:
    """Briggs' spreads for the weather's class, of a city or of open country."""
    at = CLASSES.index(stability_class(weather.obukhov_length_m, weather.roughness_m))
    return (plumes.URBAN if weather.urban else plumes.RURAL)[at]


def sinking_ps2(weather: Weather) -> float:
    """How strongly stable air holds plumes back: g / T dtheta/dz of classes E and F, 1/s²; 0 elsewhere."""
    at = CLASSES.index(stability_class(weather.obukhov_length_m, weather.roughness_m))
    return plumes.GRAVITY_MPS2 / weather.temperature_k * plumes.STABLE_GRADIENT_KPM[at]


def cloud_plume(weather: Weather, height_m: float, initial_m: float = 0.0) -> plumes.Plume:
    """The plume, or puff, of something that does not rise by itself, such as an accident's cloud.

    ``initial_m`` is its spread at the beginning, in all directions.
    """
    layer = weather.layer()
    wind = effective_wind_mps(layer, max(height_m, 2.0 * initial_m, layer.displacement_m + 2.0))
    return plumes.Plume(
        height_m,
        wind,
        1.0 - meander_share(layer.sigma_v_mps, wind),
        initial_m,
        initial_m,
        weather.mixing_height_m,
        spread_of(weather),
    )


def plume_of(stacks: StackSources, row: int, weather: Weather, layer: Layer) -> plumes.Plume:
    """The plume of one stack after its rise."""

    def of(name: str) -> float:
        return float(np.asarray(getattr(stacks, name))[row])

    height_m, diameter_m, exit_mps = of("height_m"), of("diameter_m"), of("exit_speed_mps")
    blows = max(wind_mps(layer, height_m), LEAST_WIND_MPS)
    dilutes = max(effective_wind_mps(layer, height_m), LEAST_WIND_MPS)
    exit_k, sinking = max(of("exit_temperature_k"), weather.temperature_k), sinking_ps2(weather)
    buoyancy = plumes.buoyancy_m4ps3(diameter_m, exit_mps, exit_k, weather.temperature_k)
    momentum = plumes.momentum_m4ps2(diameter_m, exit_mps, exit_k, weather.temperature_k)
    rises = plumes.rise_m(buoyancy, momentum, blows, exit_mps, diameter_m, sinking)
    begins = max(height_m + plumes.tip_m(exit_mps, blows, diameter_m), 0.0)
    upwards = sideways = rises / plumes.ENTRAINED
    building, width = of("building_height_m"), of("building_width_m")
    if plumes.is_caught(height_m, building, width):
        wake_up, wake_side = plumes.wake_spreads_m(building, width)
        upwards, sideways = math.hypot(upwards, wake_up), math.hypot(sideways, wake_side)
    return plumes.Plume(
        begins + rises, dilutes, 1.0 - meander_share(layer.sigma_v_mps, dilutes), sideways, upwards,
        weather.mixing_height_m, spread_of(weather),
    )  # fmt: skip
