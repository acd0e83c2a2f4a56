"""Show one vehicle to people: a Mesa agent that is a view of one row, and the decisions a subclass may take over."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..kernels import traffic_tables as table
from ..scenarios.trips import VEHICLE_CLASSES
from .light_mesa import Agent

if TYPE_CHECKING:
    from .city_model import CityModel

NOT_CALLED = 5  # a status of trips that stand by in a rehearsal; whatever asks for another one passes over them
STATUS = {
    table.PENDING: "pending",
    table.WAITING: "waiting",
    table.DRIVING: "driving",
    table.ARRIVED: "arrived",
    table.NO_ROUTE: "no_route",
    NOT_CALLED: "not_called",
}
CAUSES = {
    table.NOTHING: "",
    table.LEADER: "behind another vehicle",
    table.RED: "red light",
    table.YIELD: "gives way",
    table.OCCUPIED: "junction occupied",
    table.NO_ROOM: "no room behind the junction",
    table.CLOSED: "road closed",
    table.WRONG_LANE: "could not change lanes for its turn",
    table.OBSTACLE: "lane blocked by an incident",
    table.ENTRY: "no gap to enter the street",
    table.UNREACHABLE: "no route to its destination",
    table.LETS_IN: "lets another vehicle change lanes",
    table.PEOPLE: "people cross the street",
}


class Vehicle(Agent):
    """One vehicle, for people to look at and steer. The numbers live in the fleet's arrays.

    Override ``choose_route`` or ``replans`` to decide differently. They are called at *events* (departures are planned,
    the way is blocked, a closure is announced), never per step, so a million plain vehicles cost nothing.
    """

    model: CityModel

    def __init__(self, model: CityModel, row: int) -> None:
        super().__init__(model)
        self.row = row

    @property
    def trip_id(self) -> str:
        """Id of the trip it makes."""
        return self.model.fleet.trips.id[self.row]

    @property
    def vehicle_class(self) -> str:
        """``car``, ``truck`` or ``bus``."""
        return VEHICLE_CLASSES[int(self.model.fleet.trips.vehicle_class[self.row])]

    @property
    def status(self) -> str:
        """``pending``, ``waiting`` to enter, ``driving``, ``arrived`` or ``no_route``."""
        return STATUS[int(self.model.fleet.vehicles.status[0, self.row])]

    @property
    def speed_mps(self) -> float:
        """Present speed."""
        return float(self.model.fleet.vehicles.speed_mps[0, self.row])

    @property
    def position_m(self) -> float:
        """Front bumper from the start of its lane."""
        return float(self.model.fleet.vehicles.position_m[0, self.row])

    @property
    def link(self) -> str | None:
        """Id of the link it is on, or leaving through a junction; None off the road."""
        lane = int(self.model.fleet.vehicles.lane[0, self.row])
        if lane < 0:
            return None
        return self.model.network.links.id[int(self.model.fleet.cities.lane_i[0, table.ON_LINK, lane])]

    @property
    def destination(self) -> str:
        """Id of the link where its trip ends."""
        return self.model.network.links.id[int(self.model.fleet.trips.destination_link[self.row])]

    @property
    def route(self) -> tuple[str, ...]:
        """Ids of the links from the present one to the destination; empty without a route."""
        return tuple(self.model.network.links.id[int(link)] for link in self.model.fleet.route(0, self.row))

    @property
    def standing_s(self) -> float:
        """How long it has not moved."""
        return float(self.model.fleet.vehicles.standing_s[0, self.row])

    @property
    def cause(self) -> str:
        """Why it stands."""
        return CAUSES[int(self.model.fleet.vehicles.cause[0, self.row])]

    def choose_route(self, proposed: Sequence[str]) -> Sequence[str]:
        """Route to take, as link ids; ``proposed`` is the fastest as this person perceives the city.

        Called when its departure is planned and each time it plans anew. Must begin with ``proposed[0]``; every link
        must be reachable from the one before by an allowed turn.
        """
        return proposed

    def replans(self, cause: str) -> bool:
        """Whether to look for another way, ``cause`` being one of ``vehicle.CAUSES``."""
        return True


def overrides(kind: type[Vehicle], decision: str) -> bool:
    """Whether a class of vehicles takes a decision itself."""
    return getattr(kind, decision) is not getattr(Vehicle, decision)
