"""Turn a scenario's drivers into the kinds of drivers that kernels look up, and draw each vehicle's kind.

All drivers of one kind drive alike. Where everybody of a vehicle class does, the class is the kind; where a parameter
is spread, its distribution is cut into ``KINDS`` equal parts, and every vehicle belongs to one of them by chance. So a
vehicle needs no parameters of its own, and drivers who differ cost no time and no memory.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..kernels import chance
from ..kernels import traffic_tables as table
from ..scenarios.drivers import BOUNDS, MODELS, OF_CLASS

if TYPE_CHECKING:
    from ..scenarios.drivers import Drivers, Spread
    from ..scenarios.remedies import Impatience
    from ..scenarios.trips import TripTable

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]

KINDS = 32
# Widths with which vehicles pass others: a common car, what lorries and buses may have, and SUMO's for the others.
WIDTH_M = {"car": 1.8, "truck": 2.55, "bus": 2.55, "emergency": 2.16, "bicycle": 0.65}
COLUMNS = {
    "headway_s": table.HEADWAY_S,
    "min_gap_m": table.MIN_GAP_M,
    "max_accel_mps2": table.MAX_ACCEL,
    "comfort_decel_mps2": table.COMFORT_DECEL,
    "length_m": table.LENGTH_M,
    "critical_gap_s": table.CRITICAL_GAP_S,
    "imperfection": table.IMPERFECTION,
    "power_per_mass_w_per_kg": table.POWER_PER_MASS,
    "top_speed_mps": table.TOP_SPEED_MPS,
    "zebra_yield_share": table.ZEBRA_YIELD_SHARE,
    "passes_at_kerb": table.PASSES_AT_KERB,
}


@dataclass(frozen=True, slots=True)
class DriverKinds:
    """Who drives how. Shapes ``[kind]``, kinds of a class contiguous and in the order of the classes."""

    driver: Floats  # [kind, column of kernels.traffic_tables]
    vehicle_class: Ints  # row of scenarios.trips.VEHICLE_CLASSES
    up_to: Floats  # share of the class that belongs to this kind or one before
    speed_factor_mean: Floats
    speed_factor_sd: Floats

    def draw(self, trips: TripTable, seed: int) -> Ints:
        """Kind of every trip's driver, ``[trip]``; the same trip and seed draw the same."""
        kinds = np.searchsorted(self.vehicle_class, trips.vehicle_class).astype(np.int32)
        if self.vehicle_class.size > len(OF_CLASS):
            draws = np.empty(len(trips.id))
            chance.fill_uniforms(np.uint64(seed), trips.key, chance.DRIVER_KIND, draws)
            for row in range(len(OF_CLASS)):
                own, kind = trips.vehicle_class == row, np.flatnonzero(self.vehicle_class == row)
                kinds[own] = kind[np.searchsorted(self.up_to[kind[:-1]], draws[own], side="right")]
        return kinds


def driver_kinds(drivers: Drivers, impatience: Impatience | None = None) -> DriverKinds:
    """List all kinds of drivers of a scenario, and let all of them become impatient where it says how."""
    classes = list(OF_CLASS)
    rows, vehicle_class, share, factor = [], [], [], []
    for number, population in enumerate(drivers.populations()):
        own = population.drivers
        kinds = KINDS if own.spread else 1
        table_of = np.empty((kinds, table.DRIVER_COLUMNS))
        table_of[:, table.MODEL] = MODELS.index(own.model)
        for name, column in COLUMNS.items():
            spread = own.spread.get(name)  # type: ignore[call-overload]
            mean = np.inf if getattr(own, name) is None else float(getattr(own, name))
            table_of[:, column] = mean if spread is None else _spread(mean, spread, BOUNDS[name], kinds, number, column)
        table_of[:, table.VEHICLE_CLASS] = classes.index(population.vehicle_class)
        table_of[:, table.WIDTH_M] = WIDTH_M[population.vehicle_class]
        table_of[:, table.LEAST_GAP_SHARE] = 1.0 if impatience is None else impatience.gap_share
        table_of[:, table.IMPATIENT_AFTER_S] = np.inf if impatience is None else impatience.after_s
        table_of[:, table.COMFORT_DECEL] = np.minimum(table_of[:, table.COMFORT_DECEL], drivers.max_decel_mps2)
        rows.append(table_of)
        vehicle_class += [classes.index(population.vehicle_class)] * kinds
        share += [population.share / kinds] * kinds
        factor += [(own.speed_factor_mean, own.speed_factor_sd)] * kinds
    of = np.array(vehicle_class, np.int32)
    up_to = np.array(share)
    for row in range(len(classes)):
        up_to[of == row] = np.cumsum(up_to[of == row])
    mean_and_sd = np.array(factor)
    return DriverKinds(np.concatenate(rows), of, up_to, mean_and_sd[:, 0], mean_and_sd[:, 1])


def _spread(
    mean: float, spread: Spread, bounds: tuple[float, float], kinds: int, population: int, column: int
) -> Floats:
    """The middles of ``kinds`` equal parts of a distribution, shuffled: parameters are independent of each other."""
    rng = np.random.default_rng([population, column])
    normal = np.array([chance.normal_quantile((k + 0.5) / kinds) for k in rng.permutation(kinds)])
    if spread.shape == "lognormal":
        variance = math.log(1.0 + (spread.sd / mean) ** 2)
        values = np.exp(math.log(mean) - variance / 2.0 + math.sqrt(variance) * normal)
    else:
        values = mean + spread.sd * normal
    least = max(bounds[0], bounds[0] if spread.least is None else spread.least)
    most = min(bounds[1], bounds[1] if spread.most is None else spread.most)
    clipped: Floats = np.clip(values, least, most)
    return clipped
