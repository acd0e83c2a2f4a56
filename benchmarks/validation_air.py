"""Compare dispersion with Project Prairie Grass, and write docs/validation/air.md with its picture.

    python benchmarks/validation_air.py

Needs the measurements beside the repository, as tests/validation/test_prairie_grass.py does, which asserts the targets.
"""

from __future__ import annotations

import sys
from pathlib import Path

import matplotlib as mpl
import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from prairie_grass import Arc, both_scores, compared, rows, sideways_of  # noqa: E402

from citytwin.agents.air_weather import LEAST_SIDEWAYS_MPS  # noqa: E402
from citytwin.kernels.air_surface_layer import SPREADS_2023, sideways_mps  # noqa: E402
from citytwin.sim.report import style  # noqa: E402

mpl.use("Agg")
from matplotlib import pyplot as plt  # noqa: E402

DATA = ROOT.parent / "shared" / "data" / "air"
PAGE = ROOT / "docs" / "validation" / "air.md"
INK, MUTED = style.LIGHT["ink"], style.LIGHT["muted"]
KINDS = (
    ("unstable", "v", style.LIGHT["second"], lambda length: -100.0 < length < 0.0),
    ("near neutral", "o", style.LIGHT["muted"], lambda length: abs(length) >= 100.0),
    ("stable", "^", style.LIGHT["accent"], lambda length: 0.0 < length < 100.0),
)
HEAD = """# Air: distance to measurements

Written by `python benchmarks/validation_air.py`; {doc}`../air_dispersion` says what the kernels assume.

## Project Prairie Grass

In July and August 1956, sulphur dioxide was released for ten minutes at a time near the ground of a flat prairie in
Nebraska, and measured on arcs 50 to 800 m downwind (M. L. Barad, ed., *Project Prairie Grass*, Geophysical Research
Papers 59, 1958). Compared are all usable arcs (at least 10 samplers, next to nothing at the ends) of all runs with
weather; nothing was fitted to a run. The coefficients of 2013 (RLINE) were chosen before anything was compared, and
kept. The wind to the side was by formula at first, and then as measured there; measurements are corrected for what
evaporated from the samplers (table 5.4 there). Both were settled after results had been seen.
The other rows say what each choice is worth. *FAC2*: share within a factor of two. *FB*: fractional bias, positive
where we say too little. *NMSE*: normalised mean square error.

"""
HOUR_TO_TEN_MINUTES = (1.0 / 6.0) ** 0.2
WHY = """What is published elsewhere does not mend it. AERMOD's default, $\\sqrt{3.6 u_*^2 + 0.35 w_*^2}$, is the same
within 2 %, and the later coefficients make it worse. What would mend it is time: such formulas are used for means of
an hour, samplers took ten minutes, and spread to the side grows about with the fifth root of the time (D. B. Turner
1970, *Workbook of Atmospheric Dispersion Estimates*: 0.17 to 0.2, without the original at hand). Taken so, the aims
are met (last row of the first table). But this was tried after the others had been seen, and RLINE's authors do not say
that the formula is of an hour. So the default stays, and the test of it stays a strict expected failure. A scenario
that has measured turbulence should give it (`wind_sideways_mps`)."""
TARGETS = "| wanted | | 0.95 | ±0.15 | 0.2 | 0.84 | ±0.25 | 0.5 |"


def row(name: str, arcs: list[Arc]) -> str:
    """One line of the table."""
    cells = [f"{value:.2f}" for scores in both_scores(arcs) for value in scores]
    return f"| {name} | {len(arcs)} | " + " | ".join(cells) + " |"


def aermod_mps(ustar_mps: float, convective_velocity_mps: float) -> float:
    """AERMOD's wind to the side: sqrt(3.6 u*² + 0.35 w*²), m/s; Cimorelli et al. (2005), as near the ground."""
    return float(np.sqrt(3.6 * ustar_mps**2 + 0.35 * convective_velocity_mps**2))


def of_ten_minutes_mps(ustar_mps: float, convective_velocity_mps: float) -> float:
    """Our formula as if it were of an hour, taken to ten minutes, m/s."""
    return HOUR_TO_TEN_MINUTES * sideways_mps(ustar_mps, convective_velocity_mps)


def why_the_formula_misses() -> list[str]:
    """Compare the formula with what was measured, and say what else was tried."""
    lines = [
        "## The wind to the side by formula",
        "",
        "A scenario that does not say how much the wind turns takes RLINE's formula, with which the largest values",
        "on arcs miss the aims. It says more than was measured on the prairie, so plumes are too wide:",
        "",
        "| Runs | number | by formula over measured, median (quartiles) | FAC2 | FB | NMSE |",
        "| --- | --: | --: | --: | --: | --: |",
    ]
    runs = [run for run in rows(DATA, "prairie_grass_runs.csv") if run["has_met"] == "1"]
    arcs = compared(DATA, sideways_measured=False)
    for label, _, _, belongs in KINDS:
        here = [run for run in runs if belongs(float(run["L_m"]))]
        ratio = [max(sideways_of(run, sideways_mps), LEAST_SIDEWAYS_MPS) / sideways_of(run) for run in here]
        low, middle, high = np.quantile(ratio, [0.25, 0.5, 0.75])
        scores = both_scores([arc for arc in arcs if belongs(arc.obukhov_m)])[1]
        cells = " | ".join(f"{value:.2f}" for value in scores)
        lines.append(f"| {label} | {len(here)} | {middle:.2f} ({low:.2f} to {high:.2f}) | {cells} |")
    return [
        *lines,
        "",
        WHY,
        "",
    ]


def by_distance(arcs: list[Arc]) -> list[str]:
    """Table of medians of what we say over what was measured."""
    lines = ["| Arc | arcs | crosswind integral | largest |", "| --: | --: | --: | --: |"]
    for radius in sorted({arc.arc_m for arc in arcs}):
        there = [arc for arc in arcs if arc.arc_m == radius]
        integral = np.median([arc.computed_crosswind_mgm2 / arc.measured_crosswind_mgm2 for arc in there])
        most = np.median([arc.computed_most_mgm3 / arc.measured_most_mgm3 for arc in there])
        lines.append(f"| {radius:g} m | {len(there)} | {integral:.2f} | {most:.2f} |")
    return lines


def draw(arcs: list[Arc], path: Path) -> None:
    """Measured against computed, by stability."""
    figure, both = plt.subplots(1, 2, figsize=(8.2, 4.1), layout="constrained")
    panels = (
        ("crosswind integral, mg/m²", "measured_crosswind_mgm2", "computed_crosswind_mgm2"),
        ("largest on an arc, mg/m³", "measured_most_mgm3", "computed_most_mgm3"),
    )
    for axes, (title, measured, computed) in zip(both, panels, strict=True):
        for label, mark, colour, belongs in KINDS:
            own = [arc for arc in arcs if belongs(arc.obukhov_m)]
            axes.loglog(
                [getattr(arc, measured) for arc in own],
                [getattr(arc, computed) for arc in own],
                mark,
                color=colour,
                mfc="none",
                mew=1.3,
                ms=5,
                label=label,
            )
        low, high = axes.get_xlim()
        ends = np.array([min(low, axes.get_ylim()[0]), max(high, axes.get_ylim()[1])])
        axes.plot(ends, ends, color=INK, lw=1.0)
        for factor in (0.5, 2.0):
            axes.plot(ends, factor * ends, color=INK, lw=0.8, ls="--")
        axes.set(xlim=ends, ylim=ends, aspect="equal", title=title, xlabel="measured", ylabel="computed")
    both[0].legend(frameon=False, loc="upper left")
    figure.savefig(path, bbox_inches="tight")
    plt.close(figure)


def main() -> None:
    """Compare, draw and write the page."""
    arcs = compared(DATA)
    lines = [
        "| Choices | arcs | FAC2 | FB | NMSE | FAC2 | FB | NMSE |",
        "| --- | --: | --: | --: | --: | --: | --: | --: |",
        "| | | *crosswind* | *integral* | | *largest* | *on an arc* | |",
        TARGETS,
        row("**coefficients of 2013, wind to the side measured, corrected**", arcs),
        row("the same, measurements not corrected", compared(DATA, corrected=False)),
        row("the same, wind to the side by formula", compared(DATA, sideways_measured=False)),
        row("coefficients of 2023 (AERMOD 23132), wind to the side measured", compared(DATA, SPREADS_2023)),
        row("coefficients of 2023, wind to the side by formula", compared(DATA, SPREADS_2023, sideways_measured=False)),
        row("those of 2013, by AERMOD's formula", compared(DATA, sideways=aermod_mps)),
        row(
            "those of 2013, by our formula taken from an hour to ten minutes",
            compared(DATA, sideways=of_ten_minutes_mps),
        ),
    ]
    draw(arcs, PAGE.parent / "prairie_grass.svg")
    says = "Each mark is an arc; the line is agreement, dashed lines a factor of two."
    lines += ["", f"![{says}](prairie_grass.svg)", "", says, "", "What we say over what was measured, medians:", ""]
    lines += [*by_distance(arcs), "", *why_the_formula_misses()]
    PAGE.write_text(HEAD + "\n".join(lines), encoding="utf-8")
    print(PAGE.relative_to(ROOT))


if __name__ == "__main__":
    main()
