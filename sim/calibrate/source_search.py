"""Find where something is emitted and how much: places by search, rates by bounded least squares at each place."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize
from scipy.stats import qmc

from ...scenarios.network import Floats
from .gauss_newton import Fitted
from .journal import BudgetSpent, Journal
from .losses import Loss
from .parameters import Parameters
from .proportions import Linear, bounded_fit

SPREAD = 0.5  # share of the runs that look all over the bounds before the best place is improved
REWEIGHTED = 5  # times that rates are fitted again with the weights that the loss has at them
SEARCHED = "responses to rates at each place"


@dataclass(slots=True)
class SourceSearch:
    """Separable least squares (Golub and Pereyra 1973): concentrations are linear in rates, and not in places.

    Two runs show what comes from elsewhere, one for each rate what it adds where sources are tried.
    Half of the runs try places all over the bounds (Sobol's sequence), the others improve the best one (Nelder and
    Mead 1965).
    """

    journal: Journal
    loss: Loss
    parameters: Parameters
    rates: list[int]  # rows of the parameters that readings are linear in
    weight_decay: float = 0.0  # λ, as in ``GaussNewton``
    seed: int = 0

    def run(self) -> Fitted:
        """Search until the budget is spent or nothing gets better.

        Raises
        ------
        BudgetSpent
            When there are too few runs for one place.
        """
        elsewhere = self._elsewhere()
        tried: list[tuple[float, Floats, Floats]] = []  # loss, values, slopes

        def look(place: Floats) -> float:
            tried.append(self._best_rates(self._values(place), elsewhere))
            history.append((self.journal.runs, min(loss for loss, _, _ in tried)))
            return tried[-1][0]

        history: list[tuple[int, float]] = []
        why = "the budget is spent"
        try:
            own = self.parameters.start[self._places]
            look((own - self._low) / self._width)
            self.journal.budget -= 1  # for the run at the solution
            self._everywhere(look)
            best = min(tried, key=lambda one: one[0])[1]
            minimize(
                look,
                (best[self._places] - self._low) / self._width,
                method="Nelder-Mead",
                bounds=[(0.0, 1.0)] * len(self._places),
                options={"initial_simplex": self._simplex(best), "xatol": 1e-4, "fatol": 1e-9},
            )
            why = "no place makes it better any more"
        except BudgetSpent:
            if not tried:
                raise
        self.journal.budget += 1
        loss, values, slopes = min(tried, key=lambda one: one[0])
        simulated = self.journal(values[np.newaxis], [self.seed])
        linear = Linear(values, simulated.counts[0], slopes)
        return Fitted(values, loss, simulated, linear, self.journal.runs, SEARCHED, why, history)

    @property
    def _places(self) -> list[int]:
        return [row for row in range(len(self.parameters)) if row not in self.rates]

    @property
    def _low(self) -> Floats:
        return self.parameters.low[self._places]

    @property
    def _width(self) -> Floats:
        return self.parameters.high[self._places] - self._low

    def _values(self, place: Floats) -> Floats:
        values = self.parameters.start.copy()
        values[self._places] = self._low + np.clip(place, 0.0, 1.0) * self._width
        return values

    def _everywhere(self, look: object) -> None:
        assert callable(look)
        sobol = qmc.Sobol(len(self._places), scramble=True, seed=self.seed)
        until = int(self.journal.left * (1.0 - SPREAD))
        while self.journal.left > until:
            look(sobol.random(1)[0])

    def _simplex(self, best: Floats) -> Floats:
        """A first simplex a tenth of the bounds wide, towards where there is more room."""
        centre = (best[self._places] - self._low) / self._width
        side = np.where(centre > 0.5, -0.1, 0.1)
        return np.concatenate([centre[np.newaxis], centre + np.diag(side)])

    def _responses(self, values: Floats) -> Floats:
        """Readings with all rates at half of their upper bounds but one, which is at it, ``[rate, reading]``."""
        asked = np.repeat(values[np.newaxis], len(self.rates), axis=0)
        asked[:, self.rates] = self._half + np.diag(self._half)
        return self.journal(asked, [self.seed] * len(asked)).counts

    @property
    def _half(self) -> Floats:
        return self.parameters.high[self.rates] / 2.0

    def _elsewhere(self) -> Floats:
        """Readings if the sources emitted nothing, by what they are at twice the rates and at these."""
        values = self.parameters.start.copy()
        values[self.rates] = self._half
        together = self.journal(values[np.newaxis], [self.seed]).counts[0]
        added = self._responses(values) - together
        elsewhere: Floats = together - added.sum(axis=0)
        return elsewhere

    def _slopes(self, values: Floats, elsewhere: Floats) -> Floats:
        """What each rate adds to the readings, ``[reading, parameter]``; 0 for places."""
        responses = self._responses(values)
        together = (responses - elsewhere).sum(axis=0) / (len(self.rates) + 1)  # of all rates at their halves
        slopes = np.zeros((elsewhere.size, len(self.parameters)))
        slopes[:, self.rates] = ((responses - elsewhere - together) / self._half[:, np.newaxis]).T
        return slopes

    def _best_rates(self, values: Floats, elsewhere: Floats) -> tuple[float, Floats, Floats]:
        """The least loss at a place, with its rates, and the slopes by them."""
        slopes = self._slopes(values, elsewhere)
        for _ in range(REWEIGHTED):
            readings = elsewhere + slopes @ self._only_rates(values)
            fitted = bounded_fit(Linear(values, readings, slopes), self.loss, self.parameters, near=values)
            values = np.where(np.isin(np.arange(values.size), self.rates), fitted, values)
        away = (values - self.parameters.prior) / self.parameters.scale
        decay = self.weight_decay / 2.0 * float(away @ away)
        return float(self.loss(elsewhere + slopes @ self._only_rates(values))) + decay, values, slopes

    def _only_rates(self, values: Floats) -> Floats:
        rates = np.zeros_like(values)
        rates[self.rates] = values[self.rates]
        return rates
