"""Say where a cloud from an accident is and how dense: puffs that drift and spread, released at once or for a while.

Coordinates follow the wind, from the release. Spreads are those of ``air_plumes`` at the distance that a puff has gone;
along the wind it spreads as to the side (Hanna, Briggs, Hosker 1982, Handbook on atmospheric diffusion, section 6).
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

from .air_plumes import Plume, lateral_2, lidded, vertical_2
from .air_surface_layer import fading
from .compile import bare_entry, kernel

Floats = NDArray[np.float64]

LEAST_GONE_M: Final = 1.0
SQRT_2: Final = math.sqrt(2.0)


@kernel
def puff_share(plume: Plume, gone_s: float, x_m: float, y_m: float, z_m: float) -> float:
    """Concentration of 1 g released at once so long ago, 1/m³: a Gaussian puff between ground and lid."""
    if gone_s < 0.0:
        return 0.0
    gone_m = max(plume.wind_mps * gone_s, LEAST_GONE_M)
    wide_2 = lateral_2(plume.spread, gone_m) + plume.self_spread_m * plume.self_spread_m
    high_2 = vertical_2(plume.spread, gone_m) + plume.self_rise_m * plume.self_rise_m
    dx = x_m - plume.wind_mps * gone_s
    flat = fading(0.5 * (dx * dx + y_m * y_m) / wide_2) / (2.0 * math.pi * wide_2)
    return flat * lidded(z_m, plume.height_m, math.sqrt(high_2), plume.lid_m)


@kernel
def timed_share(plume: Plume, since_s: float, lasts_s: float, x_m: float, y_m: float, z_m: float) -> float:
    """Concentration where 1 g/s began so long ago and lasts a while, s/m³: a plume with a front and a tail.

    Palazzi, De Faveri, Fumarola, Ferraiolo (1982), Diffusion from a steady source of short duration, Atmospheric
    Environment 16, 2785-2790: puffs one after another, each as wide at a place as one that is over it.
    """
    if since_s <= 0.0 or x_m <= 0.0:
        return 0.0
    along_m = max(x_m, LEAST_GONE_M)
    wide_2 = lateral_2(plume.spread, along_m) + plume.self_spread_m * plume.self_spread_m
    high_2 = vertical_2(plume.spread, along_m) + plume.self_rise_m * plume.self_rise_m
    wide = math.sqrt(wide_2)
    front = math.erf((plume.wind_mps * since_s - x_m) / (SQRT_2 * wide))
    tail = math.erf((plume.wind_mps * max(since_s - lasts_s, 0.0) - x_m) / (SQRT_2 * wide))
    across = fading(0.5 * y_m * y_m / wide_2) / (math.sqrt(2.0 * math.pi) * wide)
    layered = lidded(z_m, plume.height_m, math.sqrt(high_2), plume.lid_m)
    return 0.5 * (front - tail) * across * layered / plume.wind_mps


@kernel
def arrival_s(plume: Plume, x_m: float, y_m: float, z_m: float, grams: float, threshold_gm3: float) -> float:
    """When a puff's concentration first reaches a threshold at a place, s after the release; inf where it never does.

    Looked for before the puff's middle passes, when the concentration only rises, by halving.
    """
    late = max(x_m, 0.0) / plume.wind_mps
    if grams * puff_share(plume, late, x_m, y_m, z_m) < threshold_gm3:
        return math.inf
    early = 0.0
    for _ in range(40):
        middle = 0.5 * (early + late)
        if grams * puff_share(plume, middle, x_m, y_m, z_m) < threshold_gm3:
            early = middle
        else:
            late = middle
    return late


@bare_entry
def fill_puff(plume: Plume, gone_s: float, ahead_m: Floats, left_m: Floats, z_m: Floats, share: Floats) -> None:
    """``puff_share`` at places, all ``[place]``."""
    for r in range(share.size):
        share[r] = puff_share(plume, gone_s, ahead_m[r], left_m[r], z_m[r])


@bare_entry
def fill_timed(
    plume: Plume, since_s: float, lasts_s: float, ahead_m: Floats, left_m: Floats, z_m: Floats, share: Floats
) -> None:
    """``timed_share`` at places, all ``[place]``."""
    for r in range(share.size):
        share[r] = timed_share(plume, since_s, lasts_s, ahead_m[r], left_m[r], z_m[r])


@bare_entry
def fill_arrivals(
    plume: Plume, grams: float, threshold_gm3: float, ahead_m: Floats, left_m: Floats, z_m: Floats, when_s: Floats
) -> None:
    """``arrival_s`` at places, all ``[place]``."""
    for r in range(when_s.size):
        when_s[r] = arrival_s(plume, ahead_m[r], left_m[r], z_m[r], grams, threshold_gm3)
