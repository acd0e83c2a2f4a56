"""Lead cars of an evacuation through the links of a designated route, those whose households follow it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..scenarios.chance import draws
from .remembering import Remembers

if TYPE_CHECKING:
    from ..scenarios.evacuation import Evacuation
    from ..scenarios.evacuation_people import EvacuationPeople
    from ..scenarios.network import RoadNetwork
    from .fleet import Fleet

Ints = NDArray[np.int32]
Longs = NDArray[np.int64]


class DesignatedRoutes(Remembers):
    """Which cars follow which route, and how many got a way along it.

    Parameters
    ----------
    evacuation, people
        What the scenario says, and everybody it is about.
    network
        Whose links the routes name.
    first_car
        Row of the evacuees' first car among the trips.
    seed
        Of the run.
    """

    KEEPS = ("asked", "led")

    def __init__(
        self, evacuation: Evacuation, people: EvacuationPeople, network: RoadNetwork, first_car: int, seed: int
    ) -> None:
        routes = evacuation.designated_routes
        self.links = [tuple(network.link_row[name] for name in route.links) for route in routes]
        self.asked = np.zeros(len(routes), np.int64)  # cars that set out and would follow it
        self.led = np.zeros(len(routes), np.int64)  # of them, those that found a way along it
        zone = people.stocks.zone[people.households.stock[people.car_household]]
        draw = draws(seed, people.households.key[people.car_household], "follows the designated route")
        self.route_of: dict[int, int] = {}
        for number, route in enumerate(routes):
            own = [row for row, one in enumerate(people.zones) if one.id in route.zones]
            cars = np.flatnonzero(np.isin(zone, own) & (draw < route.compliance))
            self.route_of.update(dict.fromkeys((first_car + cars).tolist(), number))

    def follows(self, rows: Longs) -> NDArray[np.bool_]:
        """Whether trips are to follow a route, ``[trip]``."""
        return np.array([int(row) in self.route_of for row in rows], np.bool_)

    def ends(self, rows: Longs, link: Ints) -> Ints:
        """Links from which cars go on to where people are safe: the last of their route, or where they are."""
        found = [
            self.links[self.route_of[row]][-1] if row in self.route_of else here
            for row, here in zip(rows.tolist(), link.tolist(), strict=True)
        ]
        return np.array(found, np.int32)

    def links_ahead(self, row: int, route: Ints) -> list[int]:
        """Links that a car has still to drive through, by the rest of its route; all of them before it sets out."""
        links = self.links[self.route_of[row]]
        return [link for link in links if not route.size or link in route[1:]]

    def note(self, rows: Longs, fleet: Fleet) -> None:
        """Count cars that set out, and those whose way leads along their route."""
        for row in rows[self.follows(rows)].tolist():
            number = self.route_of[row]
            self.asked[number] += 1
            self.led[number] += np.isin(self.links[number], fleet.route(0, row)).all()
