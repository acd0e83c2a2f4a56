"""Descend along gradients exactly as M ← M − η ∇L − η λ M says, and name which gradient it is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from ...scenarios.chance import stream
from ...scenarios.network import Floats
from .journal import BudgetSpent, Journal
from .losses import Loss
from .parameters import Parameters
from .proportions import Linear
from .runs import Simulated
from .slopes import frozen_slopes, measured_slopes

Gradient = Callable[[Floats, Simulated], Floats]  # by values, and a run made there; in scales


@dataclass(frozen=True, slots=True)
class FrozenProportions:
    """Gradient if everybody passed the sensors as in the run at hand. Costs nothing; in queues it can point astray."""

    loss: Loss
    parameters: Parameters
    name: str = "frozen proportions"

    def __call__(self, values: Floats, simulated: Simulated) -> Floats:
        """The gradient of the loss in scales, ``[parameter]``."""
        slopes = frozen_slopes(simulated, self.parameters)
        gradient: Floats = self.loss.slope(simulated.counts[0]) @ slopes * self.parameters.scale
        return gradient


@dataclass(frozen=True, slots=True)
class FiniteDifference:
    """Gradient through replicas of the readings, averaged over seeds: of the expected loss, queues included."""

    journal: Journal
    loss: Loss
    parameters: Parameters
    seeds: tuple[int, ...] = (0,)
    name: str = "finite difference of the expected loss"

    def __call__(self, values: Floats, simulated: Simulated) -> Floats:
        """The gradient of the loss in scales, ``[parameter]``."""
        linear = Linear(values, simulated.counts[0], frozen_slopes(simulated, self.parameters))
        slopes = measured_slopes(self.journal, self.loss, self.parameters, linear, self.seeds)
        gradient: Floats = self.loss.slope(simulated.counts[0]) @ slopes * self.parameters.scale
        return gradient


@dataclass(slots=True)
class SimultaneousPerturbation:
    """Gradient from pairs of runs to both sides in random directions (Spall 1992), the mean over ``pairs``.

    With ``weights`` each parameter hears of the readings it has to do with and not of the noise of the others: W-SPSA
    (Lu et al. 2015), with the assignment proportions of the run at hand as weights.
    """

    journal: Journal
    loss: Loss
    parameters: Parameters
    pairs: int = 8
    reach: float = 0.05  # of each perturbation, in scales
    weights: bool = False
    seed: int = 0
    step: int = field(default=0, init=False)

    @property
    def name(self) -> str:
        """Which gradient it is."""
        return f"{'W-' if self.weights else ''}SPSA, {self.pairs} pairs"

    def __call__(self, values: Floats, simulated: Simulated) -> Floats:
        """An estimate of the gradient of the loss in scales, ``[parameter]``."""
        rng = stream(self.seed, f"simultaneous perturbation {self.step}")
        self.step += 1
        sign = rng.choice([-1.0, 1.0], (self.pairs, len(self.parameters)))
        ahead, behind = (
            self.parameters.inside(values + side * self.reach * sign * self.parameters.scale) for side in (1.0, -1.0)
        )
        found = self.journal(np.concatenate([ahead, behind]), [self.seed] * (2 * self.pairs))
        apart = (ahead - behind) / self.parameters.scale
        apart = np.where(np.abs(apart) < 1e-9, np.inf, apart)  # at both bounds at once: no slope
        change = self.loss.terms(found.counts[: self.pairs]) - self.loss.terms(found.counts[self.pairs :])
        change = change * self.loss.share
        if not self.weights:
            plain: Floats = (change.sum(axis=1)[:, np.newaxis] / apart).mean(axis=0)
            return plain
        share = np.abs(frozen_slopes(simulated, self.parameters))
        share = (share > 0.0).astype(np.float64)
        weighted: Floats = ((change @ share) / apart).mean(axis=0)
        return weighted


@dataclass(slots=True)
class Descent:
    """What a descent came to."""

    values: Floats  # the best that was simulated
    loss: float
    gradient: str
    history: list[tuple[int, float]]  # runs made, and best loss then


def descend(
    journal: Journal,
    loss: Loss,
    parameters: Parameters,
    gradient: FrozenProportions | FiniteDifference | SimultaneousPerturbation,
    rates: Sequence[float],
    *,
    weight_decay: float = 0.0,
    seed: int = 0,
    start: Floats | None = None,
) -> Descent:
    """Take one step M ← M − η ∇L − η λ M for every learning rate η, M in scales from the prior, kept within bounds."""
    values = parameters.start if start is None else start
    simulated = journal(values[np.newaxis], [seed])
    found = Descent(values, float(loss(simulated.counts)[0]), gradient.name, [])
    found.history.append((journal.runs, found.loss))
    try:
        for rate in rates:
            away = (values - parameters.prior) / parameters.scale
            away = away - rate * gradient(values, simulated) - rate * weight_decay * away
            values = parameters.inside(parameters.prior + away * parameters.scale)
            simulated = journal(values[np.newaxis], [seed])
            now = float(loss(simulated.counts)[0])
            if now < found.loss:
                found.values, found.loss = values, now
                found.history.append((journal.runs, now))
    except BudgetSpent:
        pass
    return found
