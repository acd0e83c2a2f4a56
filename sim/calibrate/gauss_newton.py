"""Calibrate by damped Gauss-Newton steps with the simulation in the loop: a step counts only if it simulates better."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from ...scenarios.network import Floats
from .journal import BudgetSpent, Journal
from .losses import Loss
from .parameters import Parameters
from .proportions import Linear, bounded_fit
from .room import Room
from .runs import Simulated
from .slopes import frozen_slopes, measured_slopes, mended

SHORTER = (1.0, 0.5, 0.25)  # of a step, tried one after the other
GAIN = 0.01  # share of the loss that a step must take away to be worth another of the same kind
DAMP, EASE = 30.0, 0.3  # of the damping after a step that failed, or held
FIRST_DAMPING, MOST_DAMPING = 1e-6, 1e2  # in shares of the largest curvature
QUEUES = 0.1  # of the mean reading: further off what was predicted, a run is not in free streets
TIGHTER = (1.0, 0.85, 0.7, 0.55)  # shares of what streets carry that are tried side by side then
SPREAD = 3e-4  # of the loss of nobody, for the mean square of the share of what they carry that streets are asked for

FROZEN = "frozen proportions"
REPLICAS = "finite differences of the simulated readings"


@dataclass(slots=True)
class Fitted:
    """Where a search is, or ended."""

    values: Floats  # [parameter]
    loss: float  # simulated, with weight decay
    simulated: Simulated  # of the best run, one member
    linear: Linear  # what is believed of the surroundings
    runs: int  # made when the best was found
    slopes: str = FROZEN  # where those of the last step that held came from
    why: str = ""  # it ended
    history: list[tuple[int, float]] = field(default_factory=list)  # runs made, and best loss then
    room: Room | None = None  # of links, which steps keep to from here on


@dataclass(frozen=True, slots=True)
class GaussNewton:
    """Damped Gauss-Newton steps on readings, within bounds.

    Slopes come from assignment proportions, counted in the very runs that the steps make. When no such step holds any
    more and ``replicas`` are allowed, one run for every direction that sensors see, all in one launch with the same
    chance, shows what queues make of them; from then on every run mends these slopes.
    """

    journal: Journal
    loss: Loss
    parameters: Parameters
    weight_decay: float = 0.0  # λ: pulls towards the prior, see ``bounded_fit``
    replicas: bool = True  # whether slopes may be measured by runs
    seed: int = 0  # of all runs
    room: Room | None = None  # of links, which steps keep to at first
    enough: float = 0.0  # loss, without weight decay, below which nothing better is looked for

    def objective(self, values: Floats, counts: Floats) -> float:
        """Loss with weight decay."""
        away = (values - self.parameters.prior) / self.parameters.scale
        return float(self.loss(counts)) + self.weight_decay / 2.0 * float(away @ away)

    def run(self, start: Floats | None = None) -> Fitted:
        """Step until nothing gets better or the budget is spent.

        Raises
        ------
        BudgetSpent
            When there is not a single run.
        """
        state = self._begin(self.parameters.start if start is None else self.parameters.inside(start))
        try:
            state.why = self._search(state)
        except BudgetSpent:
            state.why = "the budget is spent"
        return state

    def _begin(self, values: Floats) -> Fitted:
        simulated = self.journal(values[np.newaxis], [self.seed])
        loss = self.objective(values, simulated.counts[0])
        linear = Linear(values, simulated.counts[0], frozen_slopes(simulated, self.parameters))
        history = [(self.journal.runs, loss)]
        return Fitted(values, loss, simulated, linear, self.journal.runs, history=history, room=self.room)

    def _search(self, state: Fitted) -> str:
        damping, fresh = FIRST_DAMPING, False  # fresh: slopes were measured where the search is
        if len(self.parameters.of_kind("demand")) < len(self.parameters):
            self._measure(state)  # of what is no demand nothing is known
            fresh = True
        while float(self.loss(state.linear.readings)) > self.enough:
            before = state.loss
            if self._step(state, damping):
                damping, fresh = max(damping * EASE, FIRST_DAMPING), False
                if state.loss < (1.0 - GAIN) * before:
                    continue
            else:
                damping *= DAMP
            if self.replicas and not fresh:
                self._measure(state)
                damping, fresh = FIRST_DAMPING, True
            elif damping > MOST_DAMPING:
                return "no step makes it better any more"
        return "it is as good as was asked for"

    def _measure(self, state: Fitted) -> None:
        slopes = measured_slopes(self.journal, self.loss, self.parameters, state.linear, [self.seed])
        state.linear = Linear(state.values, state.linear.readings, slopes)
        state.slopes = REPLICAS

    def _step(self, state: Fitted, damping: float) -> bool:
        """Try a step, then shorter ones; whether one held. Measured slopes learn from those that did not, too."""
        origin = state.linear
        curve = np.sqrt(self.loss.bend(origin.readings))[:, np.newaxis] * origin.slopes * self.parameters.scale
        damping = damping * float(np.linalg.norm(curve, 2)) ** 2
        target = bounded_fit(
            *(origin, self.loss, self.parameters),
            weight_decay=self.weight_decay,
            damping=damping,
            room=state.room,
        )
        for share in SHORTER:
            values = self.parameters.inside(state.values + share * (target - state.values))
            if np.abs((values - state.values) / self.parameters.scale).max() < 1e-9:
                return False
            simulated = self.journal(values[np.newaxis], [self.seed])
            counts = simulated.counts[0]
            found = self.objective(values, counts)
            learnt = mended(state.linear, values, counts, self.parameters)
            held = found < state.loss
            if held:
                self._take(state, values, simulated, learnt.slopes)
            elif state.slopes == REPLICAS:
                state.linear = Linear(origin.at, origin.readings, learnt.slopes)
            if state.room is not None and state.room is self.room and self._queues(counts, origin.predict(values)):
                held = self._ask_less(state, origin) or held
            if held:
                return True
        return False

    def _take(self, state: Fitted, values: Floats, simulated: Simulated, slopes: Floats) -> None:
        """Go to where a run was better than anything before."""
        counts = simulated.counts[0]
        if state.slopes == FROZEN:
            slopes = frozen_slopes(simulated, self.parameters, slopes)
        state.linear = Linear(values, counts, slopes)
        state.values, state.loss, state.simulated = values, self.objective(values, counts), simulated
        state.runs = self.journal.runs
        state.history.append((self.journal.runs, state.loss))

    def _queues(self, counts: Floats, predicted: Floats) -> bool:
        """Whether a run is so far off what was predicted for free streets that there must be queues."""
        return self.loss.nrmse(counts, self.loss.observed.weight > 0.0, predicted) > QUEUES

    def _ask_less(self, state: Fitted, origin: Linear) -> bool:
        """Try demands that ask streets for less, side by side, and keep to what the best asks; whether it is better.

        It is chance whether streets queue that are asked for nearly what they carry, and what queues make of a demand
        shows no way out. Where sensors leave a choice, other demands explain the counts as well.
        """
        if state.room is None or self.journal.left < len(TIGHTER):
            return False
        rooms = [state.room.tighter(share) for share in TIGHTER]
        facts = (origin, self.loss, self.parameters)
        asked = [bounded_fit(*facts, weight_decay=self.weight_decay, room=room, spread=SPREAD) for room in rooms]
        simulated = self.journal(np.stack(asked), [self.seed] * len(asked))
        found = [self.objective(values, counts) for values, counts in zip(asked, simulated.counts, strict=True)]
        best = int(np.argmin(found))
        state.room = rooms[best]
        if found[best] >= state.loss:
            return False
        self._take(state, asked[best], simulated.member(best), origin.slopes)
        return True
