"""Find what parameters may be with an ensemble that assimilates the readings several times: ES-MDA.

Source: Emerick, Reynolds (2013), Ensemble smoother with multiple data assimilation, Computers & Geosciences 55: 3-15,
equations 10 to 13 with equal inflation factors; the inversion by truncated singular values as in their section 3.2.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ...scenarios.chance import stream
from ...scenarios.network import Floats
from .gauss_newton import Fitted
from .intervals import INTERVAL, error_of_kinds
from .journal import Journal
from .losses import POISSON, Loss
from .parameters import Parameters
from .proportions import seen_by

ENERGY = 0.999  # of the singular values that is kept
WIDTH = 3.0  # scales: standard deviation of what is believed before
PASSES = 4


@dataclass(frozen=True, slots=True)
class Ensemble:
    """What an ensemble came to."""

    values: Floats  # [member, parameter]
    readings: Floats  # [member, reading], of the values before the last update
    losses: tuple[float, ...]  # mean over the members, before each update
    learnt: Floats  # [parameter]: share of the variance before that the readings took away

    def interval(self, share: float = INTERVAL) -> tuple[Floats, Floats]:
        """Ends of the interval of each parameter that holds so much of the members."""
        tail = (1.0 - share) / 2.0
        low, high = np.quantile(self.values, [tail, 1.0 - tail], axis=0, method="weibull")
        return low, high


def prior_members(parameters: Parameters, members: int, *, centre: Floats | None = None, seed: int = 0) -> Floats:
    """Members around what is believed, or ``centre``: normal with ``WIDTH`` scales, within the bounds."""
    rng = stream(seed, "members of the smoother")
    middle = parameters.prior if centre is None else centre
    drawn = middle + WIDTH * parameters.scale * rng.normal(size=(members, len(parameters)))
    return parameters.inside(drawn)


def reading_errors(loss: Loss, others: Floats, *, spread: float = 0.0) -> Floats:
    """Standard error of each reading: Poisson's of counts, with ``spread`` (relative) besides; else ``others``."""
    seen = loss.observed.value
    return np.where(POISSON[loss.observed.kind], np.sqrt(np.maximum(seen, 1.0) + (spread * seen) ** 2), others)


def assimilate(
    journal: Journal,
    loss: Loss,
    parameters: Parameters,
    members: Floats,
    seeds: Sequence[int],
    errors: Floats,
    *,
    passes: int = PASSES,
    seed: int = 0,
) -> Ensemble:
    """Update members ``passes`` times, each with all readings and their errors inflated so that all count once.

    Each pass simulates every member with its own seed, all in one launch, so that the luck of a run is part of what
    the readings cannot tell.

    Parameters
    ----------
    members : [member, parameter]
        What is believed before, see ``prior_members``.
    seeds : [member]
        Of the simulation.
    errors : [reading]
        Standard errors, see ``reading_errors``.

    Raises
    ------
    BudgetSpent
        When there are too few runs left for a pass.
    """
    rng = stream(seed, "perturbed readings")
    fitted = loss.observed.weight > 0.0
    seen, error = loss.observed.value[fitted], np.maximum(errors[fitted], 1e-12)
    before, losses = members.var(axis=0), list[float]()
    readings = np.zeros((len(members), len(loss.observed)))
    for _ in range(passes):
        readings = journal(members, list(seeds)).counts
        losses.append(float(loss(readings).mean()))
        perturbed = seen + np.sqrt(passes) * error * rng.normal(size=(len(members), seen.size))
        members = parameters.inside(_updated(members, readings[:, fitted], perturbed, error, float(passes)))
    learnt = 1.0 - members.var(axis=0) / np.maximum(before, 1e-300)
    return Ensemble(members, readings, tuple(losses), np.clip(learnt, 0.0, 1.0))


def ensemble_around(
    journal: Journal, loss: Loss, parameters: Parameters, found: Fitted, members: int, *, first_seed: int, seed: int = 0
) -> Ensemble:
    """An ensemble around a fit: what its values may be by these readings, each member with other luck.

    Raises
    ------
    BudgetSpent
        When fewer than ``PASSES`` runs are left for each member.
    """
    rank = seen_by(found.linear.slopes, loss, parameters).rank
    errors = reading_errors(loss, error_of_kinds(loss, found.simulated.counts[0], rank))
    drawn = prior_members(parameters, members, centre=found.values, seed=seed)
    seeds = range(first_seed, first_seed + members)
    return assimilate(journal, loss, parameters, drawn, seeds, errors, seed=seed)


def _updated(members: Floats, readings: Floats, perturbed: Floats, error: Floats, inflation: float) -> Floats:
    """Members moved by C_MD (C_DD + α C_D)⁻¹ (perturbed − simulated), in standard errors of the readings."""
    size = np.sqrt(len(members) - 1.0)
    apart = (readings - readings.mean(axis=0)) / error / size
    away = (members - members.mean(axis=0)) / size
    left, strength, right = np.linalg.svd(apart, full_matrices=False)
    kept = np.cumsum(strength) <= ENERGY * strength.sum()
    kept[: min(1, kept.size)] = True
    kept &= strength > 1e-9 * max(float(strength.max(initial=0.0)), 1e-300)
    gain = (left[:, kept] * (strength[kept] / (strength[kept] ** 2 + inflation))).T @ away
    moved: Floats = members + ((perturbed - readings) / error) @ right[kept].T @ gain
    return moved
