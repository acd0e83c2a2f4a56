"""Let injects of emergencies happen: orders, full shelters, hazards that move, units, what was planned for later."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..scenarios.evacuation import Order
from ..scenarios.hazard_checks import named_hazards
from ..scenarios.inject_emergency import (
    EvacuationOrder,
    EventBegins,
    EventEnds,
    HazardMoves,
    ShelterFull,
    UnitBack,
    UnitOut,
)
from .injects import gives
from .responders import DOING

if TYPE_CHECKING:
    from .simulation import Simulation


@gives(EvacuationOrder)
def order_zones(simulation: Simulation, inject: EvacuationOrder, now_s: float) -> str:
    """Tell zones to leave or to stay inside."""
    rescue = simulation.rescue
    assert rescue is not None, "the inject was checked"
    order = Order(zones=inject.zones, action=inject.action, start_s=now_s, compliance=inject.compliance)
    told = rescue.orders.give(order, now_s)
    what = inject.action.replace("_", " ")
    return f"{told.people:,} people are told to {what}, of whom {told.leaving:,} will"


@gives(ShelterFull)
def fill_shelter(simulation: Simulation, inject: ShelterFull, now_s: float) -> str:
    """Let a shelter take nobody else."""
    rescue = simulation.rescue
    assert rescue is not None, "the inject was checked"
    haven = rescue.people.havens.id.index(inject.shelter)
    rescue.evacuees.take_nobody_else(haven)
    return f"{rescue.evacuees.occupancy[haven]:,} people are there"


@gives(HazardMoves)
def move_hazard(simulation: Simulation, inject: HazardMoves, now_s: float) -> str:
    """Let a hazard be elsewhere, from when it is looked at next."""
    assert simulation.hazards is not None, "the inject was checked"
    number = [name for name, _ in named_hazards(simulation.scenario)].index(inject.hazard)
    simulation.hazards.hazards.move(number, inject.east_m, inject.north_m)
    return ""


@gives(UnitOut)
def take_out(simulation: Simulation, inject: UnitOut, now_s: float) -> str:
    """Send a unit nowhere from now on."""
    return _set_out(simulation, inject.unit, out=True)


@gives(UnitBack)
def take_back(simulation: Simulation, inject: UnitBack, now_s: float) -> str:
    """Let a unit be sent again."""
    return _set_out(simulation, inject.unit, out=False)


def _set_out(simulation: Simulation, unit: str, *, out: bool) -> str:
    team = simulation.responders
    assert team is not None, "the inject was checked"
    row = team.plan.unit_id.index(unit)
    team.dispatcher.out[row] = out
    return f"it is {DOING[team.doing[row]]}"


@gives(EventBegins)
def bring_forward(simulation: Simulation, inject: EventBegins, now_s: float) -> str:
    """Let an event begin before its time."""
    return simulation.events.hurry(inject.event, to_end=False)


@gives(EventEnds)
def end_early(simulation: Simulation, inject: EventEnds, now_s: float) -> str:
    """Let an event end before its time."""
    return simulation.events.hurry(inject.event, to_end=True)
