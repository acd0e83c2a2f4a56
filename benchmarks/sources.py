"""Find the source of Project Prairie Grass (Barad 1958) from its samplers, as `citytwin calibrate` would, run by run.

    python benchmarks/sources.py

Prints how far off rates and places are, and how often 90 % intervals hold them. Where the source was is known, and how
much it released; weather is as measured, wind to the side too. Concentrations of all samplers of usable arcs are
corrected for what evaporated. Needs the measurements beside the repository, as tests/validation/test_prairie_grass.py.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(HERE / "tests"))

from prairie_grass import FREELY_MIXED_M, ROUGHNESS_M, SAMPLER_M, compared, rows  # noqa: E402

from citytwin.agents.air_matrix import dispersion_matrix  # noqa: E402
from citytwin.agents.air_sources import PointSources, Receptors  # noqa: E402
from citytwin.agents.air_weather import Weather  # noqa: E402
from citytwin.scenarios.observed import KINDS, NO_LINK, Observed  # noqa: E402
from citytwin.sim.calibrate.intervals import intervals  # noqa: E402
from citytwin.sim.calibrate.journal import Journal  # noqa: E402
from citytwin.sim.calibrate.losses import Loss  # noqa: E402
from citytwin.sim.calibrate.parameters import Parameter, Parameters  # noqa: E402
from citytwin.sim.calibrate.runs import Simulated  # noqa: E402
from citytwin.sim.calibrate.slopes import slopes_of_numbers  # noqa: E402
from citytwin.sim.calibrate.source_search import SourceSearch  # noqa: E402

DATA = HERE.parent / "shared" / "data" / "air"
RUNS, REACH_M, MOST_GPS = 120, 400.0, 1000.0
UGM3 = 1e6  # in g/m³


class Run:
    """One run of the experiment: its weather, and what its samplers had."""

    def __init__(self, run: dict[str, str], samplers: Sequence[dict[str, str]]) -> None:
        self.name, self.rate_gps = run["run"], float(run["q_g_s"])
        wind_mps = float(run["u2_m_s"])
        self.weather = Weather(
            float(run["wind_from_deg"]),
            wind_mps,
            float(run["ustar_m_s"]),
            reference_height_m=2.0,
            obukhov_length_m=float(run["L_m"]),
            mixing_height_m=float(run["zi_m"] or FREELY_MIXED_M),
            roughness_m=ROUGHNESS_M,
            sigma_v_mps=math.radians(float(run["sigma_theta_deg"])) * wind_mps,
        )
        self.height_m = float(run["release_height_m"])
        radius = np.array([float(one["arc_m"]) for one in samplers])
        self.radius_m = radius
        azimuth = np.radians([float(one["azimuth_deg"]) for one in samplers])
        self.places = Receptors(radius * np.sin(azimuth), radius * np.cos(azimuth), SAMPLER_M)
        self.seen_ugm3 = 1000.0 * np.array([float(one["conc_mg_m3"]) * float(one["evap_factor"]) for one in samplers])

    def __call__(self, values: np.ndarray, seeds: Sequence[int]) -> Simulated:
        """Concentrations for rates (g/s) and places (m east and north of the source)."""
        counts = []
        for rate, east_m, north_m in values:
            source = PointSources(east_m, north_m, self.height_m, 0.0, 0.0)
            matrix = dispersion_matrix(source, self.places, self.weather, 0.0).matrix
            counts.append(UGM3 * rate * matrix.toarray()[:, 0])
        members = len(values)
        nobody = np.zeros((members, self.seen_ugm3.size, 0)), np.zeros((members, 0)), np.ones(members), np.ones(members)
        return Simulated(np.array(counts), *nobody)

    def loss(self) -> Loss:
        """Errors grow with the concentration."""
        number = self.seen_ugm3.size
        nowhere = np.full(number, NO_LINK, np.int32)
        times = np.zeros(number), np.full(number, 600.0)
        kind = np.full(number, KINDS.index("air"), np.int8)
        names = tuple(f"arc {radius:g}" for radius in self.radius_m)
        return Loss(Observed(names, nowhere, nowhere, *times, kind, self.seen_ugm3, np.ones(number)), "poisson")

    def find(self, *, place_known: bool, of_arcs: float = 0.0) -> tuple[np.ndarray, ...]:
        """Rate and place, and the ends of their intervals: by samplers alone, and with an error of whole arcs."""
        reach_m = 1e-6 if place_known else REACH_M
        rate = Parameter("rate", "number", "g/s", 100.0, 0.1, MOST_GPS, 100.0, 100.0)
        places = [
            Parameter(name, "number", "m", 0.0, -reach_m, reach_m, reach_m / 5.0, 0.0 if place_known else reach_m / 2.0)
            for name in ("east", "north")
        ]
        parameters, loss = Parameters([rate, *places]), self.loss()
        journal = Journal(self, 10 if place_known else RUNS)
        found = SourceSearch(journal, loss, parameters, [0]).run()
        journal.budget = journal.runs + 2 * len(parameters)
        linear = slopes_of_numbers(journal, parameters, found.linear, 0)
        fresh = np.repeat(found.simulated.counts, 2, axis=0)
        spreads = (0.0, np.full(self.seen_ugm3.size, of_arcs))
        ends = [intervals(loss, parameters, linear, fresh, spread=spread) for spread in spreads]
        return found.values, *ends[0], *ends[1]


def runs() -> list[Run]:
    """All runs with weather and usable arcs."""
    usable = {(one["run"], one["arc_m"]) for one in rows(DATA, "prairie_grass_arcs.csv") if one["usable"] == "1"}
    samplers: dict[str, list[dict[str, str]]] = {}
    for one in rows(DATA, "prairie_grass_samplers.csv"):
        if (one["run"], one["arc_m"]) in usable and one["conc_mg_m3"]:
            samplers.setdefault(one["run"], []).append(one)
    found = [run for run in rows(DATA, "prairie_grass_runs.csv") if run["has_met"] == "1" and run["run"] in samplers]
    return [Run(run, samplers[run["run"]]) for run in found]


def scatter_of_arcs() -> float:
    """Standard deviation of the logarithm of the formula's crosswind integrals over those that were measured."""
    ratio = [one.computed_crosswind_mgm2 / one.measured_crosswind_mgm2 for one in compared(DATA)]
    return float(np.std(np.log(ratio)))


def main() -> None:
    """Print a line for each run, and the whole."""
    of_arcs = scatter_of_arcs()
    print("run  samplers  rate g/s   at its place   anywhere (90 %)           place off, m: along, across wind")
    ratios, known_ratios, off, held, held_wide = [], [], [], [], []
    for run in runs():
        known = run.find(place_known=True)[0][0]
        values, low, high, least, most = run.find(place_known=False, of_arcs=of_arcs)
        east, north = run.weather.ahead
        along = values[1] * east + values[2] * north
        across = values[2] * east - values[1] * north
        truth = np.array([run.rate_gps, 0.0, 0.0])
        held.append((low <= truth) & (truth <= high))
        held_wide.append((least <= truth) & (truth <= most))
        ratios.append(values[0] / run.rate_gps)
        known_ratios.append(known / run.rate_gps)
        off.append((along, across))
        interval = f"{low[0]:.1f} to {high[0]:.1f}"
        print(
            f"{run.name:>3} {run.seen_ugm3.size:>8} {run.rate_gps:>10.1f} {known:>12.1f} {values[0]:>10.1f} "
            f"({interval:>16}) {along:>16.0f} {across:>8.0f}"
        )
    for words, ratio in (("at the known place", np.array(known_ratios)), ("anywhere", np.array(ratios))):
        within = ", ".join(
            f"{np.mean(np.abs(np.log(ratio)) <= np.log(factor)):.0%} within {factor}" for factor in (1.5, 2)
        )
        print(f"rate {words}: median {np.median(ratio):.2f} of the true one, {within}")
    far = np.hypot(*np.array(off).T)
    along, across = np.median(np.abs(np.array(off)), axis=0)
    print(
        f"place: median {np.median(far):.0f} m off ({along:.0f} along the wind, {across:.0f} across it), "
        f"{np.mean(far <= 50):.0%} within 50 m"
    )
    for words, of_runs in (("alone", held), (f"and {of_arcs:.2f} (relative) of whole arcs", held_wide)):
        shares = ", ".join(f"{share:.0%}" for share in np.mean(of_runs, axis=0))
        print(f"90 % intervals by errors of samplers {words} hold rate, east, north in {shares}")


if __name__ == "__main__":
    main()
