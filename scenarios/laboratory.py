"""Read tables of experiments with people: what was measured under which condition, as observations to calibrate to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .demand_tables import Column, read_table
from .network import Floats
from .observed import KINDS, NO_LINK, Observed
from .problems import ScenarioError, closest_hint

# What is measured -> column of the condition and of the measurement, with the names that tables give them.
MEASURED: Mapping[str, tuple[Column, Column]] = {
    "walk_speed": (
        Column("density_per_m2", also=("rho_mean_per_m2", "density")),
        Column("speed_mps", also=("v_mean_m_s", "speed_m_s", "speed")),
    ),
    "bottleneck_flow": (Column("width_m", also=("exit_width_m", "width")), Column("flow_per_s", also=("flow",))),
}


@dataclass(frozen=True, slots=True, eq=False)
class Experiments:
    """Measurements as ``Observed`` (no link, no time), each with its condition; shapes ``[row]``."""

    observed: Observed
    condition: Floats  # people/m² of a speed, m of a flow


def read_experiments(file: Path, kind: str) -> Experiments:
    """A table of walking speeds by density, or of flows through bottlenecks by width.

    Rows weigh by their number of samples (``n_samples``) where the table has it, else alike.

    Raises
    ------
    ScenarioError
        With every problem of the table.
    """
    if kind not in MEASURED:
        msg = f"no such measurement: {kind}.{closest_hint(kind, MEASURED)} All: {', '.join(MEASURED)}."
        raise ScenarioError(msg)
    condition, measured = MEASURED[kind]
    names = (Column("experiment", required=False), Column("n_samples", also=("samples",), required=False))
    table, complaints = read_table(file, (condition, measured, *names))
    if table is None:
        raise ScenarioError(complaints.problems())
    under, value = table.numbers(condition.name, low=0), table.numbers(measured.name, low=0)
    weight = table.numbers("n_samples", low=0) if "n_samples" in table.columns else np.ones(table.size)
    if complaints:
        raise ScenarioError(complaints.problems())
    source = table.columns.get("experiment", [file.stem] * table.size)
    nothing, no_link = np.zeros(table.size), np.full(table.size, NO_LINK, np.int32)
    kinds = np.full(table.size, KINDS.index(kind), np.int8)
    ids = tuple(f"{name} {row + 1}" for row, name in enumerate(source))
    weight = weight / max(float(weight.mean()), 1e-300)
    return Experiments(Observed(ids, no_link, no_link, nothing, nothing, kinds, value, weight), under)
