"""Show one person on foot to people: a Mesa agent that is a view of one row."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..kernels import walking_tables as table
from .light_mesa import Agent

if TYPE_CHECKING:
    from .city_model import CityModel
    from .walkers import Walkers

NOT_CALLED = 8  # a status of walks that stand by in a rehearsal; whatever asks for another one passes over them

STATUS = {
    NOT_CALLED: "not_called",
    table.PENDING: "pending",
    table.WAITING: "waiting",
    table.WALKING: "walking",
    table.QUEUED: "walking",
    table.ARRIVED: "arrived",
    table.NO_ROUTE: "no_route",
    table.INCAPACITATED: "incapacitated",
    table.IN_PATCH: "walking",
}


class Pedestrian(Agent):
    """One person on foot, for people to look at. The numbers live in the walkers' arrays."""

    model: CityModel

    def __init__(self, model: CityModel, row: int) -> None:
        super().__init__(model)
        self.row = row

    @property
    def _walkers(self) -> Walkers:
        assert self.model.walkers is not None, "there are people on foot where one is looked at"
        return self.model.walkers

    @property
    def walk_id(self) -> str:
        """Id of the walk."""
        return self._walkers.trips.id[self.row]

    @property
    def status(self) -> str:
        """What the person does.

        ``pending``, ``waiting`` for room to set out, ``walking``, ``arrived``, ``no_route``, ``incapacitated``, or
        ``not_called`` in a rehearsal.
        """
        return STATUS[int(self._walkers.people.status[0, self.row])]

    @property
    def stands(self) -> bool:
        """Whether this person stands in a queue, or waits to cross a street."""
        return int(self._walkers.people.status[0, self.row]) == table.QUEUED

    @property
    def link(self) -> str | None:
        """Id of the link of the walk network; None off the streets."""
        link = self._walkers.link(0, self.row)
        return None if link < 0 else self._walkers.network.links.id[link]

    @property
    def desired_speed_mps(self) -> float:
        """Speed with nobody around."""
        return float(self._walkers.people.speed_mps[0, self.row])

    @property
    def walked_m(self) -> float:
        """Distance walked so far."""
        return float(self._walkers.people.walked_m[0, self.row])

    @property
    def destination(self) -> str:
        """Id of the link where the walk ends."""
        return self._walkers.network.links.id[int(self._walkers.trips.destination_link[self.row])]
