"""Find how readings change with parameters: from one run, from replicas, from the steps that were made."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ...kernels import passings
from ...scenarios.network import Floats
from .journal import Journal
from .losses import Loss
from .parameters import Parameters
from .proportions import Linear, seen_by
from .runs import Simulated

PROBE = 0.03  # share of the observed total that the readings may change by for a replica
LEAST_MOVE = 0.02  # scales, of all parameters together: of less a simulation shows its chance and no slope
MOST_PROBE = 0.5  # scales that no parameter goes further


def frozen_slopes(simulated: Simulated, parameters: Parameters, before: Floats | None = None) -> Floats:
    """Slopes if everybody passed the sensors as in these runs, however many travel, ``[reading, parameter]``.

    Those of parameters that are no demand, of groups of which nobody departed, and of readings that nobody passes or
    that count nobody, stay as they were.
    """
    passed, departed = simulated.passed.mean(axis=0), simulated.departed.mean(axis=0)
    by = passed.any(axis=1)
    slopes = np.zeros((passed.shape[0], len(parameters))) if before is None else before.copy()
    for row in parameters.of_kind("demand"):
        groups = parameters.groups(row)
        if departed[groups].sum() > 0.0:
            slopes[by, row] = passed[by][:, groups].sum(axis=1) / departed[groups].sum()
    return slopes


def measured_slopes(
    journal: Journal, loss: Loss, parameters: Parameters, linear: Linear, seeds: Sequence[int]
) -> Floats:
    """Slopes as replicas show them: a run per direction and seed, all in one launch, with the same chance as the base.

    The directions are those that the sensors see by ``linear``, or each parameter where they see none, and each
    parameter that is no demand. What lies across them keeps the slopes of ``linear``.

    Raises
    ------
    BudgetSpent
        When there are too few runs left for all directions.
    """
    scale = parameters.scale
    scaled = linear.slopes * scale
    seen = seen_by(linear.slopes, loss, parameters)
    directions = seen.known_combinations() if seen.rank else np.eye(len(parameters))
    unseen = [row for row in range(len(parameters)) if row not in set(parameters.of_kind("demand"))]
    if unseen:
        directions = np.concatenate([directions, np.eye(len(parameters))[unseen]])
        directions = np.linalg.qr(directions.T)[0].T
    values = np.empty((len(directions), len(parameters)))
    length = np.empty(len(directions))
    for row, direction in enumerate(directions):
        values[row], length[row] = _probe(direction, scaled, loss, parameters, linear.at)
    asked = np.concatenate([values] * len(seeds)) if len(seeds) > 1 else values
    found = journal(asked, [seed for seed in seeds for _ in directions])
    replicas = found.counts.reshape(len(seeds), len(directions), -1)
    moved = (values - linear.at) / scale
    # The least change of the slopes that explains what the replicas gave, all of them together.
    inverse = np.ascontiguousarray(np.linalg.pinv(moved).T)
    change, mended_slopes = np.empty((replicas.shape[2], len(moved))), np.empty_like(scaled)
    mend = passings.mend_slopes
    if loss.backend == "cuda":
        from ...kernels.cuda_readings import mend_slopes as mend
    mend(replicas, linear.readings, moved, inverse, np.ascontiguousarray(scaled), change, mended_slopes)
    return mended_slopes / scale


def _probe(direction: Floats, scaled: Floats, loss: Loss, parameters: Parameters, at: Floats) -> tuple[Floats, float]:
    """Where a replica goes along a direction: far enough to be seen, to the side where the bounds leave more room."""
    change = np.abs(scaled @ direction / loss.unit).sum()
    wanted = PROBE * float(np.abs(loss.observed.value / loss.unit).sum()) / max(change, 1e-12)
    length = min(wanted, MOST_PROBE / max(np.abs(direction).max(), 1e-12))
    tried = [parameters.inside(at + side * length * direction * parameters.scale) for side in (1.0, -1.0)]
    reach = [np.linalg.norm((values - at) / parameters.scale) for values in tried]
    best = int(reach[1] > reach[0])
    return tried[best], float(reach[best])


def slopes_of_numbers(journal: Journal, parameters: Parameters, linear: Linear, seed: int) -> Linear:
    """The model with the slopes of all that is no demand measured around where it is, half a scale to each side.

    Raises
    ------
    BudgetSpent
        When there are fewer than two runs for each left.
    """
    rows = [row for row in range(len(parameters)) if row not in set(parameters.of_kind("demand"))]
    if not rows:
        return linear
    asked = np.repeat(linear.at[np.newaxis], 2 * len(rows), axis=0)
    for place, row in enumerate(rows):
        asked[2 * place : 2 * place + 2, row] += MOST_PROBE * parameters.scale[row] * np.array([-1.0, 1.0])
    asked = parameters.inside(asked)
    counts = journal(asked, [seed] * len(asked)).counts
    slopes = linear.slopes.copy()
    for place, row in enumerate(rows):
        apart = asked[2 * place + 1, row] - asked[2 * place, row]
        slopes[:, row] = (counts[2 * place + 1] - counts[2 * place]) / max(apart, 1e-300)
    return Linear(linear.at, linear.readings, slopes)


def mended(linear: Linear, values: Floats, readings: Floats, parameters: Parameters) -> Linear:
    """The model moved to where a run was made, with the least change of slopes that explains it: Broyden (1965)."""
    scale = parameters.scale
    moved = (values - linear.at) / scale
    length = float(moved @ moved)
    if length < LEAST_MOVE**2:
        return Linear(values, readings, linear.slopes)
    off = readings - linear.predict(values)
    return Linear(values, readings, linear.slopes + np.outer(off, moved / length) / scale)
