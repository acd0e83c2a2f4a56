"""Say what traffic adds to the air of its own street between houses: a plume at the kerb, and a box with a vortex.

The Operational Street Pollution Model (OSPM): Hertel and Berkowicz (1989), Modelling pollution from traffic in a street
canyon, NERI report DMU Luft A-129; Berkowicz (2000), OSPM - a parameterised street pollution model, Environmental
Monitoring and Assessment 65, 323-331. These were not at hand: constants and the geometry of the vortex are those of the
OSPM in SMHI's SIMAIR (G. Omstedt 2004, published in metno/NORTRIP), the vortex in light wind that of Aarhus
University's description of the model. One scalar function a formula, float64, for CPU and GPU.
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
VORTEX: Final = 2.0  # heights of the houses that a vortex is long
TOP: Final = 0.5  # upper edge of the vortex over its lower
VORTEX_MPS: Final = 2.0  # wind above the roofs below which the vortex is shorter, in proportion
SWINGS_RAD: Final = 0.5  # by which the wind turns to both sides; below 1 m/s more, in still air all around
DIRECTIONS: Final = 24  # in which it is taken to blow meanwhile
LEAST_MPS: Final = 0.01

# Columns of streets, ``[place, column]``.
HEIGHT: Final = 0  # of the houses, m
WIDTH: Final = 1  # from house to house, m
LENGTH: Final = 2  # of the street, m
ROOF_MPS: Final = 3  # wind above the roofs
TURN: Final = 4  # direction that the wind blows to, radians to the left of the street's
STIRRED: Final = 5  # turbulence that vehicles make, m/s
LEFT: Final = 6  # where the place lies: 0 at the houses on the right, 1 at those on the left
Z: Final = 7  # its height, m
STREET_COLUMNS: Final = 8


@kernel
def street_wind_mps(roof_mps: float, height_m: float, across: float) -> float:
    """Wind at the bottom of a street, m/s; Berkowicz (2000). ``across`` is the sine between wind and street."""
    ratio = math.log(WAKE_M / STREET_ROUGHNESS_M) / math.log(max(height_m, WAKE_M) / STREET_ROUGHNESS_M)
    return max(roof_mps, LEAST_MPS) * ratio * (1.0 - TURNED * across)


@kernel
def stirred_mps(vehicles_per_m: float, speed_mps: float, face_m2: float, width_m: float) -> float:
    """Turbulence that moving vehicles make, m/s: b sqrt(N V² S² / W), with N vehicles a metre; Hertel, Berkowicz."""
    return STIRS * speed_mps * math.sqrt(max(vehicles_per_m * face_m2 / width_m, 0.0))


@kernel
def mixed_mps(wind_mps: float, stirred_mps: float) -> float:
    """Vertical mixing speed, m/s: sqrt((a u)² + stirred²); Berkowicz (2000)."""
    return math.sqrt(MIXES * wind_mps * MIXES * wind_mps + stirred_mps * stirred_mps)


@kernel
def vortex_m(height_m: float, roof_mps: float) -> float:
    """How long the vortex behind houses is along the wind, m."""
    return VORTEX * height_m * min(roof_mps / VORTEX_MPS, 1.0)


@kernel
def direct_share(
    height_m: float, width_m: float, wind_mps: float, mixing_mps: float, leaving_mps: float,
    from_m: float, to_m: float, z_m: float,
) -> float:  # fmt: skip
    """What traffic between two distances upwind adds straight, s/m² for 1 g/(m s); Berkowicz (2000).

    Plumes of lines across the wind, which grow from the height of the vehicles until they reach the roofs and then
    lose what leaves there.
    """
    if to_m <= from_m:
        return 0.0
    slope = mixing_mps / wind_mps
    roofs_m = max(height_m - WAKE_M, 0.0) / slope
    grown_m = WAKE_M + slope * min(to_m, roofs_m)
    begins_m = max(WAKE_M + slope * min(from_m, roofs_m), z_m)
    below = math.log(grown_m / min(begins_m, grown_m))
    fades = leaving_mps / (wind_mps * max(height_m, WAKE_M))
    beyond = math.exp(-fades * max(from_m - roofs_m, 0.0)) - math.exp(-fades * max(to_m - roofs_m, 0.0))
    return math.sqrt(2.0 / math.pi) / (width_m * mixing_mps) * (below + mixing_mps / leaving_mps * beyond)


@kernel
def leaves_m2ps(
    height_m: float, path_m: float, long_m: float, wind_mps: float, roof_mps: float, stirred: float, leaving_mps: float
) -> float:
    """Air that leaves the box a metre of street, m²/s: by its top, and by that part of its slant side that is open.

    Hertel and Berkowicz (1989): a trapezium whose upper edge is half as long as its lower. Houses on the
    far side cut it where the wind's path across the street is shorter.
    """
    slant_m = math.sqrt(height_m * height_m + (1.0 - TOP) * long_m * (1.0 - TOP) * long_m)
    closed_m = min((long_m - min(path_m, long_m)) / ((1.0 - TOP) * long_m), 1.0) * height_m
    open_m = slant_m * (height_m - closed_m) / height_m
    below_mps = math.sqrt(wind_mps * wind_mps + stirred * stirred)
    aside_mps = (open_m * below_mps + slant_m * roof_mps) / (open_m + slant_m)
    return leaving_mps * min(path_m, TOP * long_m) + aside_mps * open_m


@kernel
def side_share(
    height_m: float, width_m: float, length_m: float, roof_mps: float, turn_rad: float, stirred: float, z_m: float,
    leeward: bool,
) -> float:  # fmt: skip
    """What a street's traffic adds in front of houses on one side, s/m², in wind from one direction.

    ``leeward``: the wind comes over the roofs of that side. There the vortex brings what traffic emits; the other side
    breathes what comes round again, and traffic that no vortex reaches.
    """
    along, across = abs(math.cos(turn_rad)), max(abs(math.sin(turn_rad)), 1e-6)
    roof = max(roof_mps, LEAST_MPS)
    wind = street_wind_mps(roof, height_m, across)
    mixing, leaving = mixed_mps(wind, stirred), mixed_mps(roof, math.sqrt(ROOF) * stirred)
    path_m, long_m = width_m / across, vortex_m(height_m, roof)
    reach_m = min(path_m, length_m / max(along, 1e-6))
    if leeward:
        share = direct_share(height_m, width_m, wind, mixing, leaving, 0.0, min(reach_m, long_m), z_m)
        shrunk = long_m / (VORTEX * height_m)
        outside = max(math.cos(2.0 * shrunk * math.atan2(across, along)), 0.0)
        share += outside * direct_share(height_m, width_m, wind, mixing, leaving, long_m, reach_m, z_m)
    else:
        share = direct_share(height_m, width_m, wind, mixing, leaving, 0.0, min(reach_m, path_m - long_m), z_m)
    leaves = leaves_m2ps(height_m, path_m, long_m, wind, roof, stirred, leaving)
    return share + min(path_m, long_m) * across / width_m / leaves


@kernel
def canyon_share(
    height_m: float, width_m: float, length_m: float, roof_mps: float, turn_rad: float, stirred: float, left: float,
    z_m: float,
) -> float:  # fmt: skip
    """What a canyon's traffic adds at a place in it, s/m²: concentration, g/m³, for 1 g a metre of street and second.

    Mean over the directions between which the wind swings; between the two sides in proportion to the distance, which
    is our choice.
    """
    swings = min(SWINGS_RAD / max(min(roof_mps, 1.0), LEAST_MPS), math.pi)
    total = 0.0
    for k in range(DIRECTIONS):
        turn = turn_rad + swings * ((2.0 * k + 1.0) / DIRECTIONS - 1.0)
        to_left = math.sin(turn) > 0.0  # over the roofs on the right
        at_left = side_share(height_m, width_m, length_m, roof_mps, turn, stirred, z_m, not to_left)
        at_right = side_share(height_m, width_m, length_m, roof_mps, turn, stirred, z_m, to_left)
        total += left * at_left + (1.0 - left) * at_right
    return total / DIRECTIONS


@bare_entry
def fill_canyons(streets: Floats, share: Floats) -> None:
    """``canyon_share`` of many places: ``streets`` is ``[place, column]``, ``share`` is ``[place]``."""
    for r in range(share.size):
        share[r] = canyon_share(
            streets[r, HEIGHT], streets[r, WIDTH], streets[r, LENGTH], streets[r, ROOF_MPS], streets[r, TURN],
            streets[r, STIRRED], streets[r, LEFT], streets[r, Z],
        )  # fmt: skip
