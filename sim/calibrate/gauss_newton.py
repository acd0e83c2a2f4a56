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
TIGHTER = (1.0, 0.9, 0.8, 0.7)  # shares of what streets carry that are tried side by side then
SPREAD = 1e-2  # of the loss of nobody, for the mean square of the share of what they carry that streets are asked for
JAMMED = 0.95  # fewer trips than this share found room: streets are full
LEAST_LESS = 0.01  # scales: less than that is no other demand

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
    spread: float = 0.0  # what steps give for filling streets alike, see ``bounded_fit``
    seeds: tuple[int, ...] = (0,)  # by whose mean the loss is judged


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
    seeds: tuple[int, ...] = (0,)  # of runs: the first one, and all of them once streets queue
    room: Room | None = None  # of links, which steps keep to at first
    insist: bool = False  # on the start, though streets are full then
    enough: float = 0.0  # loss, without weight decay, below which nothing better is looked for

    def objective(self, values: Floats, counts: Floats) -> float:
        """Loss with weight decay."""
        away = (values - self.parameters.prior) / self.parameters.scale
        return float(np.mean(self.loss(counts))) + self.weight_decay / 2.0 * float(away @ away)

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
            if self._hangs_on_luck(state):
                state.why = self._search(state)
        except BudgetSpent:
            state.why = "the budget is spent"
        return state

    def _begin(self, values: Floats) -> Fitted:
        """Begin with some values, or where streets are full then, where parameters start, and with ever half of that.

        Who passes what in full streets would lead further into the queue; the same counts belong to less demand, too.
        """
        simulated, start = self.journal(values[np.newaxis], self.seeds[:1]), self.parameters.start
        rows = [] if self.insist else self.parameters.of_kind("demand")
        while rows and float(simulated.entered[0]) < JAMMED and self.journal.left:
            less = values.copy()
            less[rows] = np.where(values > start, start, (values + self.parameters.low) / 2.0)[rows]
            if np.abs((less - values) / self.parameters.scale).max() < LEAST_LESS:
                break
            values, simulated = less, self.journal(less[np.newaxis], self.seeds[:1])
        loss = self.objective(values, simulated.counts)
        linear = Linear(values, simulated.counts[0], frozen_slopes(simulated, self.parameters))
        history = [(self.journal.runs, loss)]
        facts = (values, loss, simulated, linear, self.journal.runs)
        return Fitted(*facts, history=history, room=self.room, seeds=self.seeds[:1])

    def _search(self, state: Fitted) -> str:
        damping, fresh = FIRST_DAMPING, False  # fresh: slopes were measured where the search is
        if len(self.parameters.of_kind("demand")) < len(self.parameters):
            self._measure(state)  # of what is no demand nothing is known
            fresh = True
        while float(np.mean(self.loss(state.simulated.counts))) > self.enough:
            before = state.loss
            if self._step(state, damping):
                damping, fresh = max(damping * EASE, FIRST_DAMPING), False
                if state.loss < (1.0 - GAIN) * before:
                    continue
            else:
                damping *= DAMP
            last = damping > MOST_DAMPING
            if self.replicas and not fresh and (last or len(state.seeds) == 1):
                self._measure(state)
                damping, fresh = FIRST_DAMPING, True
            elif last:
                return "no step makes it better any more"
        return "it is as good as was asked for"

    def _measure(self, state: Fitted) -> None:
        slopes = measured_slopes(self.journal, self.loss, self.parameters, state.linear, state.seeds)
        state.linear = Linear(state.values, state.linear.readings, slopes)
        state.slopes = REPLICAS

    def _step(self, state: Fitted, share_of_largest: float) -> bool:
        """Try a step, then shorter ones; whether one held. Measured slopes learn from those that did not, too."""
        origin = state.linear
        curve = np.sqrt(self.loss.bend(origin.readings))[:, np.newaxis] * origin.slopes * self.parameters.scale
        damping = share_of_largest * float(np.linalg.norm(curve, 2)) ** 2
        target = bounded_fit(
            *(origin, self.loss, self.parameters),
            weight_decay=self.weight_decay,
            damping=damping,
            room=state.room,
            spread=state.spread,
        )
        for share in SHORTER:
            values = self.parameters.inside(state.values + share * (target - state.values))
            if np.abs((values - state.values) / self.parameters.scale).max() < 1e-9:
                return False
            simulated = self._simulated(state, values[np.newaxis])[0]
            queues = self._queues(simulated, origin.predict(values))
            if queues and len(state.seeds) < len(self.seeds):
                self._take_chances(state)
                return self._ask_less(state, state.linear) or self._step(state, share_of_largest)
            found = self.objective(values, simulated.counts)
            learnt = mended(state.linear, values, simulated.counts.mean(axis=0), self.parameters)
            held = found < state.loss
            if held:
                self._take(state, values, simulated, learnt.slopes)
            elif state.slopes == REPLICAS:
                state.linear = Linear(origin.at, origin.readings, learnt.slopes)
            if state.room is not None and state.room is self.room and queues:
                held = self._ask_less(state, origin) or held
            if held:
                return True
        return False

    def _simulated(self, state: Fitted, values: Floats) -> list[Simulated]:
        """Runs of each row of values, with all seeds that the search is judged by."""
        seeds = len(state.seeds)
        found = self.journal(np.repeat(values, seeds, axis=0), list(state.seeds) * len(values))
        return [found.members(seeds * row, seeds * (row + 1)) for row in range(len(values))]

    def _take_chances(self, state: Fitted) -> Simulated:
        """Judge what was found, and all that comes, by the mean of runs with other luck: in queues one tells little."""
        others = self.seeds[1:]
        more = self.journal(np.repeat(state.values[np.newaxis], len(others), axis=0), others)
        state.seeds, simulated = self.seeds, Simulated.joined([state.simulated, more])
        self._take(state, state.values, simulated, state.linear.slopes)
        return simulated

    def _hangs_on_luck(self, state: Fitted) -> bool:
        """Whether what one seed found queues with others; then another demand is tried that asks less of streets."""
        if len(state.seeds) == len(self.seeds) or self.journal.left < len(self.seeds) - 1:
            return False
        origin = state.linear
        if not self._queues(self._take_chances(state), origin.readings):
            return False
        self._ask_less(state, origin)
        return True

    def _take(self, state: Fitted, values: Floats, simulated: Simulated, slopes: Floats) -> None:
        """Go to where runs were better than anything before."""
        if state.slopes == FROZEN:
            slopes = frozen_slopes(simulated, self.parameters, slopes)
        state.linear = Linear(values, simulated.counts.mean(axis=0), slopes)
        state.values, state.loss, state.simulated = values, self.objective(values, simulated.counts), simulated
        state.runs = self.journal.runs
        state.history.append((self.journal.runs, state.loss))

    def _queues(self, simulated: Simulated, predicted: Floats) -> bool:
        """Whether a run is so far off what was predicted for free streets that there must be queues."""
        fitted = self.loss.observed.weight > 0.0
        return max(self.loss.nrmse(counts, fitted, predicted) for counts in simulated.counts) > QUEUES

    def _ask_less(self, state: Fitted, origin: Linear) -> bool:
        """Try demands that ask streets for less, side by side, and keep to what the best asks; whether it is better.

        It is chance whether streets queue that are asked for nearly what they carry, and what queues make of a demand
        shows no way out. Where sensors leave a choice, other demands explain the counts as well.
        """
        if state.room is None or self.journal.left < len(TIGHTER) * len(state.seeds):
            return False
        rooms = [state.room.tighter(share) for share in TIGHTER]
        facts = (origin, self.loss, self.parameters)
        asked = [bounded_fit(*facts, weight_decay=self.weight_decay, room=room, spread=SPREAD) for room in rooms]
        simulated = self._simulated(state, np.stack(asked))
        found = [self.objective(values, runs.counts) for values, runs in zip(asked, simulated, strict=True)]
        best = int(np.argmin(found))
        state.room, state.spread = rooms[best], SPREAD
        if found[best] >= state.loss:
            return False
        self._take(state, asked[best], simulated[best], origin.slopes)
        return True
