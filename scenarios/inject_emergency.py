"""Describe injects of emergencies: orders, full shelters, hazards that move, units, what was planned for later."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from .evacuation import Share
from .evacuation_files import all_shelters, all_zones
from .hazard_checks import named_hazards
from .inject_kinds import Inject, register
from .problems import closest_hint
from .strict import Listed

if TYPE_CHECKING:
    from .network import RoadNetwork
    from .scenario import Scenario

NO_EVACUATION = "has no effect: the scenario has no `evacuation`."


def unknown(key: str, name: str, known: list[str], said: str) -> Iterator[tuple[str, str]]:
    """What is wrong with the name of something that a scenario does not have, and what it has."""
    if name not in known:
        yield key, f"{said}{closest_hint(name, known)} All: {', '.join(known) or 'none'}."


@register
class EvacuationOrder(Inject):
    """Zones are told to leave or to stay inside, by the channels of the evacuation."""

    kind: Literal["evacuation_order"] = Field(description="`evacuation_order`.")
    zones: Listed[str] = Field(min_length=1, description="Ids of the zones.")
    action: Literal["leave", "stay_inside"] = Field(
        "leave", description="What they are told: `leave`, or `stay_inside` with everything shut."
    )
    compliance: Share = Field(1.0, description="Share of the warned households that do so.")

    def wrong(self, scenario: Scenario, network: RoadNetwork) -> Iterator[tuple[str, str]]:
        """Zones that are not there."""
        if scenario.evacuation is None:
            yield "kind", NO_EVACUATION
            return
        known = [zone.id for zone in all_zones(scenario.evacuation)]
        for zone in self.zones:
            yield from unknown("zones", zone, known, f"no zone {zone!r}.")


@register
class ShelterFull(Inject):
    """A shelter takes nobody besides those who are there or have a place."""

    kind: Literal["shelter_full"] = Field(description="`shelter_full`.")
    shelter: str = Field(min_length=1, description="Id of the shelter.")

    def wrong(self, scenario: Scenario, network: RoadNetwork) -> Iterator[tuple[str, str]]:
        """A shelter that is not there."""
        if scenario.evacuation is None:
            yield "kind", NO_EVACUATION
            return
        known = [shelter.id for shelter in all_shelters(scenario.evacuation)]
        yield from unknown("shelter", self.shelter, known, "no such shelter.")


@register
class HazardMoves(Inject):
    """A hazard is elsewhere than its file says, now and from now on."""

    kind: Literal["hazard_moves"] = Field(description="`hazard_moves`.")
    hazard: str = Field(min_length=1, description="Id of the hazard.")
    east_m: float = Field(0.0, ge=-100_000, le=100_000, description="How far to the east, m; below 0: to the west.")
    north_m: float = Field(0.0, ge=-100_000, le=100_000, description="How far to the north, m; below 0: to the south.")

    def wrong(self, scenario: Scenario, network: RoadNetwork) -> Iterator[tuple[str, str]]:
        """A hazard that is not there, or does not move."""
        known = [name for name, _ in named_hazards(scenario)]
        yield from unknown("hazard", self.hazard, known, "no such hazard.")
        if self.east_m == self.north_m == 0.0:
            yield "kind", "moves nothing: give `east_m` or `north_m`."


class _OfUnit(Inject):
    unit: str = Field(min_length=1, description="Id of the unit.")

    def wrong(self, scenario: Scenario, network: RoadNetwork) -> Iterator[tuple[str, str]]:
        """A unit that is not there."""
        known = [] if scenario.responders is None else [unit.id for unit in scenario.responders.units]
        yield from unknown("unit", self.unit, known, "no such unit.")


@register
class UnitOut(_OfUnit):
    """A unit is out of service: it finishes what it does, and is sent nowhere else."""

    kind: Literal["unit_out"] = Field(description="`unit_out`.")


@register
class UnitBack(_OfUnit):
    """A unit is back in service."""

    kind: Literal["unit_back"] = Field(description="`unit_back`.")


class _OfEvent(Inject):
    event: str = Field(min_length=1, description="Id of an event of the scenario.")

    def wrong(self, scenario: Scenario, network: RoadNetwork) -> Iterator[tuple[str, str]]:
        """An event that is not there."""
        known = [event.id for event in scenario.events if event.id is not None]
        yield from unknown("event", self.event, known, "no event has this id.")


@register
class EventBegins(_OfEvent):
    """An event of the scenario begins now instead of at its time: contraflow, whose lanes must be there beforehand."""

    kind: Literal["event_begins"] = Field(description="`event_begins`.")


@register
class EventEnds(_OfEvent):
    """An event of the scenario ends now instead of at its time."""

    kind: Literal["event_ends"] = Field(description="`event_ends`.")
