"""Give every vehicle a technology, and every technology what it emits: by speed, by power, by wear, and cold."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from ..kernels import emissions as kernel
from ..scenarios.chance import draws
from ..scenarios.driving_cycles import HEAVY, LIGHT, Driven, cycle
from ..scenarios.emission_factors import POLLUTANTS, Curve, FactorTable, Technology
from ..scenarios.trips import VEHICLE_CLASSES
from ..scenarios.vehicle_fleets import MUSCLES, VehicleShares, no_exhaust
from .cold_engines import cold_excess_g_per_m

if TYPE_CHECKING:
    from ..scenarios.air import Emitted
    from ..scenarios.trips import TripTable

Floats = NDArray[np.float64]
Longs = NDArray[np.int64]

PURPOSE: Final = "technology of a vehicle"

# CO2 of fuels, g/MJ: IPCC (2006), Guidelines for National Greenhouse Gas Inventories, vol. 2, table 3.2.1. What
# comes of plants is left out, as inventories do.
CO2_G_PER_MJ: Mapping[str, float] = {
    "Petrol": 69.3,
    "Petrol Hybrid": 69.3,
    "Diesel": 74.1,
    "CNG": 56.1,
    "CNG Bifuel ~ CNG": 56.1,
    "CNG Bifuel ~ Petrol": 69.3,
    "LPG Bifuel ~ LPG": 63.1,
    "LPG Bifuel ~ Petrol": 69.3,
    "Biodiesel": 0.0,
}
# NO2 of NOx as it leaves the exhaust, by standard: EMEP/EEA guidebook 1.A.3.b.i-iv (2019), mass fraction f-NO2.
NO2_LIGHT_DIESEL = {"Euro 3": 0.27, "Euro 4": 0.46, "Euro 5": 0.33, "Euro 6": 0.30}
NO2_LIGHT_OTHER = {"Euro 3": 0.03, "Euro 4": 0.03, "Euro 5": 0.03, "Euro 6": 0.02}
NO2_HEAVY = {"Euro III": 0.14, "Euro IV": 0.10, "Euro V": 0.12, "Euro VI": 0.08}
NO2_OLDER = {"light diesel": 0.13, "light other": 0.04, "heavy": 0.11}  # than those above
# Particles that wear off, g/km, of tyres, brakes and roads: EMEP/EEA 1.A.3.b.vi-vii, tables 3-4, 3-6 and 3-8. Heavy
# vehicles half-loaded: tyres 0.0107 × axles / 2 × (1.41 + 1.38 × 0.5), brakes 0.0075 × 3.13 × (1 + 0.79 × 0.5).
WEAR: Mapping[str, tuple[float, float, float]] = {
    "Passenger Cars": (0.0107, 0.0075, 0.0150),
    "Light Commercial Vehicles": (0.0169, 0.0117, 0.0150),
    "Heavy Duty Trucks": (0.0107 * 2.10, 0.0075 * 3.13 * 1.395, 0.0760),
    "Buses": (0.0107 * 2.10, 0.0075 * 3.13 * 1.395, 0.0760),
    "L-Category": (0.0046, 0.0037, 0.0060),
}
AXLES_OF_ARTICULATED = 5
HEAVY_CATEGORIES = ("Heavy Duty Trucks", "Buses")
# Dust: US EPA (2011), AP-42, 13.2.1, eq. 1, g per vehicle-km for silt in g/m² and mean weight in short tons.
DUST_K = {"pm10": 0.62, "pm25": 0.15}
SHORT_TON_T = 0.907185
MULTIPLIED: Mapping[Emitted, tuple[int, ...]] = {  # species by scenarios.air.Emitted
    "nox": (kernel.NOX, kernel.NO2),
    "pm_exhaust": (kernel.PM_EXHAUST,),
    "pm_wear": (kernel.PM10_WEAR, kernel.PM25_WEAR),
    "co": (kernel.CO,),
    "voc": (kernel.VOC,),
}
WEIGHT_T = {"car": 1.5, "truck": 12.0, "bus": 14.0, "emergency": 3.0, "bicycle": 0.1}  # assumed


@dataclass(frozen=True, slots=True, eq=False)
class Kinds:
    """All technologies of a run's vehicles, class after class; the last row emits nothing."""

    names: tuple[Technology, ...]
    class_of: Longs  # row of VEHICLE_CLASSES, -1: emits nothing
    share: Floats  # of its class

    def draw(self, trips: TripTable, seed: int) -> Longs:
        """A technology for the vehicle of every trip, by the shares of its class.

        Raises
        ------
        KeyError
            When a class has no technologies.
        """
        luck = draws(seed, trips.key, PURPOSE)
        found = np.full(len(trips.id), len(self.names) - 1, np.int64)
        for number, name in enumerate(VEHICLE_CLASSES):
            mine = np.flatnonzero(trips.vehicle_class == number)
            if name == MUSCLES or not mine.size:
                continue
            rows = np.flatnonzero(self.class_of == number)
            if not rows.size:
                raise KeyError(name)
            upper = np.cumsum(self.share[rows])
            found[mine] = rows[np.minimum(np.searchsorted(upper, luck[mine], side="right"), rows.size - 1)]
        return found


@dataclass(frozen=True, slots=True, eq=False)
class Technologies(Kinds):
    """All technologies with what they emit, as the kernels want them."""

    curve: Floats  # [row, column]
    first: Longs  # [technology * curves + 1]
    trait: Floats
    idle_g_per_s: Floats  # [technology, species]
    power_g_per_j: Floats  # grams a second per W/kg
    cold_g_per_m: Floats


def kinds_of(shares: VehicleShares) -> Kinds:
    """List a fleet's technologies."""
    entries = [
        (VEHICLE_CLASSES.index(name), technology, share)
        for name, kinds in shares.of_class.items()
        for technology, share in kinds.items()
    ]
    return Kinds(
        names=(*(technology for _, technology, _ in entries), Technology(MUSCLES, "", "", "")),
        class_of=np.array([*(number for number, _, _ in entries), -1], np.int64),
        share=np.array([*(share for _, _, share in entries), 1.0]),
    )


def technologies_of(
    shares: VehicleShares,
    factors: FactorTable,
    *,
    cold_at_c: float | None = None,
    silt_g_per_m2: float = 0.0,
    multiples: Mapping[Emitted, float] | None = None,
) -> Technologies:
    """Lay out a fleet's technologies.

    Parameters
    ----------
    shares, factors
        The fleet, and curves of all that burns something in it.
    cold_at_c
        Temperature of the air in which engines are started, °C; None: all are warm.
    silt_g_per_m2
        Fine dust that lies on the road, g/m²; 0: none is raised.
    multiples
        How many times as much is emitted as ``factors`` say, by ``scenarios.air.Emitted``; 1 where left out.
    """
    kinds = kinds_of(shares)
    own_names = kinds.names[:-1]
    curves: list[tuple[float, ...]] = []
    first = [0]
    idle, power = np.zeros((len(kinds.names), kernel.SPECIES)), np.zeros((len(kinds.names), kernel.SPECIES))
    for row, technology in enumerate(own_names):
        for species, name in zip(kernel.CURVES, POLLUTANTS, strict=True):
            own = () if no_exhaust(technology) else factors.curves[technology, name]
            curves += [curve.row for curve in own]
            first.append(len(curves))
            if own:
                idle[row, species], power[row, species] = fitted(own, is_heavy(technology))
    trait = np.array([*(_traits(technology, silt_g_per_m2) for technology in own_names), (0.0,) * kernel.TRAITS])
    for table in (idle, power):
        table[:, kernel.NO2] = trait[:, kernel.NO2_SHARE] * table[:, kernel.NOX]
        table[:, kernel.CO2] = trait[:, kernel.CO2_G_PER_MJ] * table[:, kernel.ENERGY]
    cold = np.zeros_like(idle)
    if cold_at_c is not None:
        for row, technology in enumerate(own_names):
            cold[row] = cold_excess_g_per_m(technology, factors, cold_at_c)
        cold[:, kernel.NO2] = trait[:, kernel.NO2_SHARE] * cold[:, kernel.NOX]
        cold[:, kernel.CO2] = trait[:, kernel.CO2_G_PER_MJ] * cold[:, kernel.ENERGY]
    found = Technologies(
        names=kinds.names,
        class_of=kinds.class_of,
        share=kinds.share,
        curve=np.array(curves).reshape(-1, kernel.CURVE_COLUMNS),
        first=np.array([*first, *[len(curves)] * kernel.CURVE_COUNT], np.int64),
        trait=trait,
        idle_g_per_s=idle,
        power_g_per_j=power,
        cold_g_per_m=cold,
    )
    return found if not multiples else _multiplied(found, multiples)


def _multiplied(kinds: Technologies, multiples: Mapping[Emitted, float]) -> Technologies:
    """The same fleet that emits so many times as much: hot, idling, cold, and of what wears off."""
    of_species = np.ones(kernel.SPECIES)
    for name, species in MULTIPLIED.items():
        of_species[list(species)] = multiples.get(name, 1.0)
    by_curve = np.tile([of_species[species] for species in kernel.CURVES], len(kinds.names))
    curve = kinds.curve.copy()
    curve[:, kernel.ALPHA : kernel.DELTA + 1] *= np.repeat(by_curve, np.diff(kinds.first))[:, np.newaxis]
    trait = kinds.trait.copy()
    trait[:, [kernel.TYRE_G_PER_KM, kernel.BRAKE_G_PER_KM, kernel.ROAD_G_PER_KM]] *= multiples.get("pm_wear", 1.0)
    return replace(
        kinds,
        curve=curve,
        trait=trait,
        idle_g_per_s=kinds.idle_g_per_s * of_species,
        power_g_per_j=kinds.power_g_per_j * of_species,
        cold_g_per_m=kinds.cold_g_per_m * of_species,
    )


def is_heavy(technology: Technology) -> bool:
    """Whether it is a bus or a lorry."""
    return technology.category in HEAVY_CATEGORIES


def fitted(curves: tuple[Curve, ...], heavy: bool) -> tuple[float, float]:
    """What an engine emits when it idles, g/s, and per W/kg of power, g/s, so that a cycle's mean is the curve's.

    Two equations, two unknowns: over the whole cycle and over its part in town the total is what the curve says at the
    mean speed there. Where that asks for less than nothing of one of them, it is nothing and the whole cycle decides.
    """
    parts = cycle(HEAVY if heavy else LIGHT)
    grams = [factor_at(curves, part.mean_kmh) * part.length_m / 1000.0 for part in parts]
    seconds, work = [part.v_mps.size for part in parts], work_of(heavy)
    below = seconds[0] * work[1] - seconds[1] * work[0]
    idle = (grams[0] * work[1] - grams[1] * work[0]) / below
    idle = min(max(idle, 0.0), grams[0] / seconds[0])
    return idle, (grams[0] - idle * seconds[0]) / work[0]


@functools.cache
def work_of(heavy: bool) -> tuple[float, float]:
    """Positive work per mass of a cycle and of its part in town, J/kg."""
    whole, town = cycle(HEAVY if heavy else LIGHT)
    return work(whole, heavy), work(town, heavy)


def work(drive: Driven, heavy: bool) -> float:
    """Positive work per mass of a drive on level ground, J/kg."""
    seconds = zip(drive.v_mps.tolist(), drive.accel_mps2.tolist(), strict=True)
    return sum(kernel.power_w_per_kg(heavy, v_mps, accel_mps2, 0.0) for v_mps, accel_mps2 in seconds)


def factor_at(curves: tuple[Curve, ...], v_kmh: float) -> float:
    """Factor of a technology at a mean speed, g/km."""
    curve = next(one for one in curves if one.from_kmh <= v_kmh < one.to_kmh)
    return float(curve.at(np.array(v_kmh)))


def _traits(technology: Technology, silt_g_per_m2: float) -> tuple[float, ...]:
    tyre, brake, road = WEAR[technology.category]
    if technology.segment.startswith("Articulated"):
        tyre *= AXLES_OF_ARTICULATED / 2.0
    dust = (silt_g_per_m2**0.91) * (WEIGHT_T["car"] / SHORT_TON_T) ** 1.02
    co2 = 0.0 if no_exhaust(technology) else CO2_G_PER_MJ[technology.fuel]
    return (
        no2_share(technology),
        co2,
        tyre,
        brake,
        road,
        DUST_K["pm10"] * dust,
        DUST_K["pm25"] * dust,
        float(is_heavy(technology)),
    )


def no2_share(technology: Technology) -> float:
    """NO2 of the NOx that leaves an exhaust."""
    if is_heavy(technology):
        kind, table = "heavy", NO2_HEAVY
    elif technology.fuel in ("Diesel", "Biodiesel"):
        kind, table = "light diesel", NO2_LIGHT_DIESEL
    else:
        kind, table = "light other", NO2_LIGHT_OTHER
    standard = " ".join(technology.euro.split()[:2])
    return table.get(standard, NO2_OLDER[kind])
