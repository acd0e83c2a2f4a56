"""Say what engines emit in excess until they are warm: EMEP/EEA guidebook (2023), 1.A.3.b.i-iv, tier 3.

The guidebook takes a share β of a country's mileage as driven cold. Evaluated at the trip of 12.4 km that it proposes
for Europe, that is a distance from the start of each trip in which the engine is cold. Light vehicles only.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from ..kernels import emissions as kernel
from ..scenarios.emission_factors import POLLUTANTS, FactorTable, Technology
from ..scenarios.vehicle_fleets import no_exhaust

TRIP_KM: Final = 12.4
TOWN_KMH: Final = 20.0  # mean speed of trips, for the quotients and the factors they multiply
WARM_FROM_C: Final = 30.0
LIGHT = ("Passenger Cars", "Light Commercial Vehicles")

# Quotient of cold and hot factors, A V + B t + C, V in km/h and t in °C: diesel (table 3-44), petrol of Euro 1 and a
# medium segment at 5 to 25 km/h (table 3-40). NOx, CO, VOC, PM, energy; petrol has no quotient of particles.
DIESEL: dict[str, tuple[float, float, float]] = {
    "NOx": (0.0, -0.013, 1.3),
    "CO": (0.0, -0.03, 1.9),
    "VOC": (0.0, -0.09, 3.1),
    "PM Exhaust": (0.0, -0.1, 3.1),
    "EC": (0.0, -0.008, 1.34),
}
PETROL: dict[str, tuple[float, float, float]] = {
    "NOx": (0.0458, 0.00747, 0.764),
    "CO": (0.121, -0.146, 3.766),
    "VOC": (0.157, -0.207, 7.009),
    "EC": (0.0, -0.009, 1.47),
}
# What newer petrol engines have of Euro 1's excess (table 3-41); of Euro 6 as of Euro 5, which is assumed.
PETROL_SHARE: dict[str, dict[str, float]] = {
    "Euro 1": {"NOx": 1.0, "CO": 1.0, "VOC": 1.0},
    "Euro 2": {"NOx": 0.72, "CO": 0.72, "VOC": 0.56},
    "Euro 3": {"NOx": 0.32, "CO": 0.62, "VOC": 0.32},
    "Euro 4": {"NOx": 0.18, "CO": 0.18, "VOC": 0.18},
    "Euro 5": {"NOx": 0.18, "CO": 0.18, "VOC": 0.18},
    "Euro 6": {"NOx": 0.18, "CO": 0.18, "VOC": 0.18},
}


def cold_distance_m(air_c: float) -> float:
    """How far an engine that was started cold drives until it is warm, m (table 3-39)."""
    share = 0.6474 - 0.02545 * TRIP_KM - (0.00974 - 0.000385 * TRIP_KM) * air_c
    return 1000.0 * TRIP_KM * min(max(share, 0.0), 1.0)


def cold_excess_g_per_m(technology: Technology, factors: FactorTable, air_c: float) -> np.ndarray:
    """Excess of a cold engine over a warm one per metre, g, by species; nothing for heavy vehicles."""
    excess = np.zeros(kernel.SPECIES)
    if technology.category not in LIGHT or no_exhaust(technology) or air_c >= WARM_FROM_C:
        return excess
    diesel = technology.fuel in ("Diesel", "Biodiesel")
    quotients = DIESEL if diesel else PETROL
    standard = " ".join(technology.euro.split()[:2])
    for species, name in zip(kernel.CURVES, POLLUTANTS, strict=True):
        if name not in quotients:
            continue
        a, b, c = quotients[name]
        quotient = a * TOWN_KMH + b * air_c + c
        of, share = technology, 1.0
        if not diesel and name != "EC":
            share = PETROL_SHARE.get(standard, PETROL_SHARE["Euro 1"])[name]
            oldest = technology._replace(fuel="Petrol", euro="Euro 1")
            of = oldest if (oldest, name) in factors.curves else technology
        curve = next(one for one in factors.curves[of, name] if one.from_kmh <= TOWN_KMH < one.to_kmh)
        hot_g_per_m = float(curve.at(np.array(TOWN_KMH))) / 1000.0
        excess[species] = share * hot_g_per_m * max(quotient - 1.0, 0.0)
    return excess
