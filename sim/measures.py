"""Let tolls and low-emission zones begin and end, and say what was paid and who was refused."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..scenarios.entry_ids import named_measures
from ..scenarios.measures import Toll
from .duties import Duty

if TYPE_CHECKING:
    from ..scenarios.measures import LowEmissionZone
    from .simulation import Simulation


def start_measures(simulation: Simulation) -> None:
    """Put the beginning and the end of every measure on the clock."""
    for number, (called, measure) in enumerate(named_measures(simulation.scenario)):
        simulation.duties.begin(Hold(f"measure {number}", called, measure), measure.start_s)


class Hold(Duty):
    """Settle what was driven before a measure begins and before it ends."""

    KEEPS = ("begun",)

    def __init__(self, name: str, called: str, measure: Toll | LowEmissionZone) -> None:
        self.name, self.called, self.measure, self.begun = name, called, measure, False

    def act(self, simulation: Simulation) -> float | None:
        """Begin or end it."""
        measure = self.measure
        settle(simulation)
        if self.begun:
            simulation.log(measure.kind, self.called, "ended")
            return None
        self.begun = True
        currency = simulation.scenario.routes.currency
        text = f"{measure.price:g} {currency} from now on" if isinstance(measure, Toll) else "closed to those banned"
        simulation.log(measure.kind, self.called, text)
        return None if measure.end_s is None else measure.end_s - measure.start_s


def settle(simulation: Simulation) -> None:
    """Charge everybody for what they drove so far."""
    measures, fleet = simulation.journeys.measures, simulation.model.fleet
    if measures is not None and measures.tolls:
        measures.settle(fleet, 0, np.arange(len(fleet.trips)), simulation.env.now)


def tolls_paid(simulation: Simulation) -> NDArray[np.float64]:
    """What every trip paid, in the scenario's currency."""
    measures = simulation.journeys.measures
    if measures is None:
        return np.zeros(len(simulation.model.fleet.trips))
    settle(simulation)
    return np.asarray(measures.paid.sum(axis=0))


def measure_facts(simulation: Simulation) -> dict[str, Any]:
    """What measures add to the summary: money paid by toll, trips refused by zone."""
    measures = simulation.journeys.measures
    facts: dict[str, Any] = {}
    if measures is not None and measures.tolls:
        settle(simulation)
        by_toll = {
            rule.name: {"paid": float(paid.sum()), "vehicles": int((paid > 0.0).sum())}
            for rule, paid in zip(measures.tolls, measures.paid, strict=True)
        }
        currency = simulation.scenario.routes.currency
        facts["tolls_paid"] = {"currency": currency, "total": float(measures.paid.sum()), "by_toll": by_toll}
    if measures is not None and measures.zones:
        counted = Counter(measures.refused[row].zone for row in _due(simulation))
        facts["refused"] = {rule.name: counted[rule.name] for rule in measures.zones}
    return facts


def refusals(simulation: Simulation) -> dict[int, str]:
    """Why trips whose time has come did not set out, by row."""
    measures = simulation.journeys.measures
    return {} if measures is None else {row: measures.refused[row].cause for row in _due(simulation)}


def _due(simulation: Simulation) -> list[int]:
    """Refused trips that would have set out by now; others are planned ahead."""
    measures = simulation.journeys.measures
    if measures is None:
        return []
    depart_s = simulation.model.fleet.trips.depart_s
    return [row for row in measures.refused if depart_s[row] < simulation.t_s]
