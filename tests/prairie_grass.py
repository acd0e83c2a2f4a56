"""Compare our point near the ground with Project Prairie Grass (Barad 1958): all usable arcs of runs with weather.

The coefficients of 2013 (RLINE) were chosen before anything was compared. Wind, u*, L and mixing height are as given,
the wind to the side as measured (standard deviation of the direction times the wind), air is mixed up to 1,000 m where
no height is given (stable runs, where it makes no difference), and measurements are corrected for what evaporated from
the samplers (Barad's table 5.4). The axis of a plume is the centroid of its arc.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from citytwin.agents.air_matrix import dispersion_matrix
from citytwin.agents.air_sources import PointSources, Receptors
from citytwin.agents.air_weather import Weather
from citytwin.kernels.air_surface_layer import SPREADS_2013, SpreadSet, convective_mps

ROUGHNESS_M = 0.006
FREELY_MIXED_M = 1000.0
SAMPLER_M = 1.5
AROUND_DEG = np.arange(-60.0, 60.25, 0.5)  # far beyond the widest plume; meander beyond is not what samplers add up


@dataclass(frozen=True, slots=True)
class Arc:
    """What was measured and what we say on one arc of one run."""

    run: int
    arc_m: float
    obukhov_m: float
    measured_most_mgm3: float
    computed_most_mgm3: float
    measured_crosswind_mgm2: float
    computed_crosswind_mgm2: float


def rows(folder: Path, name: str) -> list[dict[str, str]]:
    """Rows of a table."""
    with (folder / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


Sideways = Callable[[float, float], float]  # wind to the side by friction and convective velocity


def sideways_of(run: dict[str, str], formula: Sideways | None = None) -> float:
    """Standard deviation of the wind to the side in a run, m/s: as measured, or by a formula."""
    if formula is None:
        return math.radians(float(run["sigma_theta_deg"])) * float(run["u2_m_s"])
    ustar_mps, mixed_m = float(run["ustar_m_s"]), float(run["zi_m"] or FREELY_MIXED_M)
    return formula(ustar_mps, convective_mps(ustar_mps, float(run["L_m"]), mixed_m))


def compared(
    folder: Path,
    spreads: SpreadSet = SPREADS_2013,
    *,
    sideways_measured: bool = True,
    sideways: Sideways | None = None,
    corrected: bool = True,
) -> list[Arc]:
    """All usable arcs of runs with weather, by run; the wind to the side as measured, by our formula or by another."""
    evaporated = {
        (row["run"], row["arc_m"]): float(row["evap_factor"]) if corrected else 1.0
        for row in rows(folder, "prairie_grass_samplers.csv")
    }
    arcs: dict[str, list[dict[str, str]]] = {}
    for row in rows(folder, "prairie_grass_arcs.csv"):
        if row["usable"] == "1":
            arcs.setdefault(row["run"], []).append(row)
    found = []
    for run in rows(folder, "prairie_grass_runs.csv"):
        if run["has_met"] != "1" or run["run"] not in arcs:
            continue
        wind_mps = float(run["u2_m_s"])
        weather = Weather(
            180.0,
            wind_mps,
            float(run["ustar_m_s"]),
            reference_height_m=2.0,
            obukhov_length_m=float(run["L_m"]),
            mixing_height_m=float(run["zi_m"] or FREELY_MIXED_M),
            roughness_m=ROUGHNESS_M,
            sigma_v_mps=sideways_of(run, sideways) if sideways_measured or sideways else None,
        )
        radii = np.array([float(arc["arc_m"]) for arc in arcs[run["run"]]])
        turn = np.radians(AROUND_DEG)
        places = Receptors(np.outer(radii, np.sin(turn)).ravel(), np.outer(radii, np.cos(turn)).ravel(), SAMPLER_M)
        source = PointSources(0.0, 0.0, float(run["release_height_m"]), 0.0, 0.0)
        shares = dispersion_matrix(source, places, weather, 0.0, spreads=spreads).matrix.toarray()
        mgm3 = shares.reshape(radii.size, turn.size) * float(run["q_g_s"]) * 1000.0
        for arc, radius, around in zip(arcs[run["run"]], radii, mgm3, strict=True):
            factor = evaporated[run["run"], arc["arc_m"]]
            found.append(
                Arc(
                    int(run["run"]),
                    radius,
                    float(run["L_m"]),
                    factor * float(arc["cmax_mg_m3"]),
                    float(around.max()),
                    factor * float(arc["cy_mg_m2"]),
                    float(np.trapezoid(around, turn * radius)),
                )
            )
    return found


def scores(measured: list[float], computed: list[float]) -> tuple[float, float, float]:
    """Share within a factor of 2, fractional bias (positive: we say too little) and normalised mean square error.

    Chang and Hanna (2004), Meteorology and Atmospheric Physics 87, 167-196.
    """
    o, p = np.array(measured), np.array(computed)
    within = float(np.mean((p >= 0.5 * o) & (p <= 2.0 * o)))
    bias = float(2.0 * (o.mean() - p.mean()) / (o.mean() + p.mean()))
    return within, bias, float(np.mean((o - p) ** 2) / (o.mean() * p.mean()))


def both_scores(arcs: list[Arc]) -> tuple[tuple[float, float, float], tuple[float, float, float]]:
    """Scores of the crosswind integrals, and of the largest concentrations."""
    return (
        scores([a.measured_crosswind_mgm2 for a in arcs], [a.computed_crosswind_mgm2 for a in arcs]),
        scores([a.measured_most_mgm3 for a in arcs], [a.computed_most_mgm3 for a in arcs]),
    )
