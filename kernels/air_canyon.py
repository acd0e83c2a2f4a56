"""Say what traffic adds to the air of its own street where houses close it in: a box with a vortex.

The Operational Street Pollution Model (Hertel and Berkowicz 1989, Modelling pollution from traffic in a street canyon,
NERI report DMU Luft A-129; Berkowicz 2000, OSPM - a parameterised street pollution model, Environmental Monitoring and
Assessment 65, 323-331), with a vortex that fills the street: meant for height / width above 0.5. One scalar function a
formula, float64, for CPU and GPU.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

from .compile import bare_entry, kernel

Floats = NDArray[np.float64]

CLOSED: Final = 0.5  # height / width from which a street is a canyon
WAKE_M: Final = 2.0  # height in which vehicles mix their exhaust
STREET_ROUGHNESS_M: Final = 0.6
TURNED: Final = 0.2  # share of the wind that is lost where it blows across the street
MIXES: Final = 0.1  # turbulence over wind, in the street and at its top
STIRS: Final = 0.3  # of vehicles: aerodynamic drag coefficient b
ROOF: Final = 0.4  # share of what vehicles stir that reaches the top
TOP: Final = 0.5  # upper edge of the vortex over its lower
STILL_MPS: Final = 0.05


@kernel
def street_wind_mps(roof_mps: float, height_m: float, across: float) -> float:
    """Wind at the bottom of a street, m/s; Berkowicz (2000), eq. 3. ``across`` is the sine between wind and street."""
    ratio = math.log(max(WAKE_M / STREET_ROUGHNESS_M, 1.1)) / math.log(max(height_m / STREET_ROUGHNESS_M, 2.0))
    return roof_mps * min(ratio, 1.0) * (1.0 - TURNED * across)


@kernel
def stirred_mps(vehicles_per_m: float, speed_mps: float, face_m2: float, width_m: float) -> float:
    """Turbulence that moving vehicles make, m/s: b sqrt(N V² S² / W), with N vehicles a metre; Hertel, Berkowicz."""
    return STIRS * speed_mps * math.sqrt(max(vehicles_per_m * face_m2 / width_m, 0.0))


@kernel
def mixed_mps(wind_mps: float, stirred_mps: float) -> float:
    """Vertical mixing speed, m/s: sqrt((a u)² + stirred²), never nothing; Berkowicz (2000), eq. 5."""
    return max(math.sqrt(MIXES * wind_mps * MIXES * wind_mps + stirred_mps * stirred_mps), STILL_MPS)


@kernel
def direct_share(width_m: float, across: float, wind_mps: float, mixing_mps: float, length_m: float) -> float:
    """What a street's traffic adds straight at its leeward side, s/m² for 1 g/(m s); Berkowicz (2000), eq. 6.

    The plumes of all lanes upwind of a place, which grow from the height of the vehicles; along the street at most as
    far as the street is long. In still air what mixes carries, too.
    """
    path_m = min(width_m / max(across, 1e-6), length_m)
    grown = math.log(1.0 + mixing_mps * path_m / (max(wind_mps, mixing_mps) * WAKE_M))
    return math.sqrt(2.0 / math.pi) / (width_m * mixing_mps) * grown


@kernel
def returned_share(
    height_m: float, width_m: float, wind_mps: float, roof_mps: float, stirred: float, mixing_mps: float
) -> float:
    """What comes round again in the vortex, s/m² for 1 g/(m s): what enters the box leaves through top and slant side.

    Hertel and Berkowicz (1989), section 3.2: a trapezium whose upper edge is half as long as its lower, which is at
    most twice the height.
    """
    lower_m = min(width_m, 2.0 * height_m)
    upper_m = TOP * lower_m
    slant_m = math.sqrt((lower_m - upper_m) * (lower_m - upper_m) + height_m * height_m)
    open_m = max(lower_m - height_m, 0.0) / lower_m * slant_m  # of the slant side; a narrow street has none
    at_top = mixed_mps(roof_mps, math.sqrt(ROOF) * stirred)
    leaves = at_top * upper_m + max(wind_mps, mixing_mps) * open_m
    return lower_m / width_m / leaves


@kernel
def canyon_share(
    height_m: float, width_m: float, length_m: float, roof_mps: float, across: float, stirred: float, leeward: float
) -> float:
    """What a canyon's traffic adds at its sides, s/m²: concentration, g/m³, for 1 g a metre of street and second.

    ``leeward`` is 1 on the side that the wind comes over the roof of, 0 on the other, between where the wind follows
    the street. The windward side breathes only what comes round again.
    """
    wind = street_wind_mps(roof_mps, height_m, across)
    mixing = mixed_mps(wind, stirred)
    again = returned_share(height_m, width_m, wind, roof_mps, stirred, mixing)
    return leeward * direct_share(width_m, across, wind, mixing, length_m) + again


@bare_entry
def fill_canyons(
    height_m: Floats,
    width_m: Floats,
    length_m: Floats,
    roof_mps: float,
    across: Floats,
    stirred: Floats,
    leeward: Floats,
    share: Floats,
) -> None:
    """``canyon_share`` of many places, all ``[place]``."""
    for r in range(share.size):
        share[r] = canyon_share(height_m[r], width_m[r], length_m[r], roof_mps, across[r], stirred[r], leeward[r])
