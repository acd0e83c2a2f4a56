"""Search without slopes: what asks for values to try and is told their loss, of this project or of anybody."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np

from ...scenarios.chance import stream
from ...scenarios.network import Floats
from .journal import BudgetSpent, Journal
from .losses import Loss
from .parameters import Parameters


class Search(Protocol):
    """An optimiser that can be asked and told."""

    def ask(self) -> Floats:
        """Values to simulate next, in shares of the bounds, ``[member, parameter]``."""

    def tell(self, shares: Floats, losses: Floats) -> None:
        """Take in their losses."""


class RandomSearch:
    """Values anywhere within the bounds, what every other search should beat."""

    def __init__(self, parameters: Parameters, *, members: int = 8, seed: int = 0) -> None:
        self._shape, self._rng = (members, len(parameters)), stream(seed, "random search")

    def ask(self) -> Floats:
        """Values to simulate next."""
        return self._rng.random(self._shape)

    def tell(self, shares: Floats, losses: Floats) -> None:
        """Learn nothing."""


class CmaSearch:
    """CMA-ES (Hansen 2016) by the package ``cma``, for few parameters; the extra ``calibrate`` installs it."""

    def __init__(self, parameters: Parameters, *, seed: int = 0, spread: float = 0.25) -> None:
        import cma

        width = np.maximum(parameters.high - parameters.low, 1e-300)
        start = (parameters.start - parameters.low) / width
        options: dict[str, Any] = {"bounds": [0.0, 1.0], "seed": seed + 1, "verbose": -9, "verb_log": 0}
        self._search = cma.CMAEvolutionStrategy(start, spread, options)

    def ask(self) -> Floats:
        """Values to simulate next."""
        return np.array(self._search.ask())

    def tell(self, shares: Floats, losses: Floats) -> None:
        """Move the distribution."""
        self._search.tell(list(shares), losses.tolist())


def search(
    journal: Journal, loss: Loss, parameters: Parameters, method: Search, *, seed: int = 0
) -> tuple[Floats, float, list[tuple[int, float]]]:
    """Best values and loss within the journal's budget, and the best loss after so many runs."""
    best, values = np.inf, parameters.start
    history: list[tuple[int, float]] = []
    while True:
        shares = method.ask()
        tried = parameters.inside(parameters.low + shares * (parameters.high - parameters.low))
        tried = tried[: journal.left]
        try:
            found = journal(tried, [seed] * len(tried)) if len(tried) else None
        except BudgetSpent:
            found = None
        if found is None:
            return values, best, history
        losses = loss(found.counts)
        if losses.min() < best:
            best, values = float(losses.min()), tried[losses.argmin()]
            history.append((journal.runs, best))
        if len(tried) < len(shares):
            return values, best, history
        method.tell(shares, losses)
