"""Let routes settle on networks whose links have a cost for every flow: where they settle is known to the digit."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from micro_traffic import Part
from traffic_case import make_trips
from wave_roads import node_network

from citytwin.agents.routes import Router
from citytwin.agents.travel_times import TravelTimes, usual_times
from citytwin.scenarios.route_choice import Routes
from citytwin.scenarios.trips import TripTable
from citytwin.sim.equilibrium import Loaded, Settled, settle_routes

Cost = Callable[[float], float]  # of one who drives a link, from the flow on it


@dataclass(frozen=True)
class StaticCase:
    """Links between places with their costs; everybody goes from ``o`` to ``d``."""

    costs: Mapping[str, Cost]  # by link: "a>b"; a link without a cost takes no time
    demand: float
    trips: int = 3000  # that it is made of

    def settle(self, **routes: object) -> tuple[Settled, dict[tuple[str, ...], float], float]:
        """What settles, the flow on each route used, and the mean cost of a unit of demand."""
        links = {name: (*name.split(">"), Part(100.0)) for name in ("in>o", *self.costs, "d>out")}
        places = sorted({place for start, end, _ in links.values() for place in (start, end)})
        at = {place: (300.0 * np.cos(k), 300.0 * np.sin(k)) for k, place in enumerate(places)}
        network = node_network(at, links)
        trips = make_trips(network, [(f"{k:05d}", float(k), "in>o", "d>out") for k in range(self.trips)])
        unit = self.demand / self.trips
        from_link, last = network.movements.from_link, network.link_row["d>out"]
        cost_of = [self.costs.get(name, lambda x: 0.0) for name in network.links.id]

        def load(bound: TripTable) -> Loaded:
            flow = np.bincount(bound.route_link, minlength=network.link_count) * unit
            cost = np.array([of(x) for of, x in zip(cost_of, flow.tolist(), strict=True)])
            mean = float((flow * cost).sum()) / self.demand
            return Loaded(TravelTimes(network, cost[from_link][:, np.newaxis], 3600.0), bound.depart_s, mean)

        choice = Routes.model_validate({"choice": "equilibrium", "perception_noise": 0.0} | routes)
        router = Router(network)
        settled = settle_routes(
            choice, router, trips, load, usual_times(router, 3600.0, 1), seed=1, tell=lambda _: None
        )
        flows: dict[tuple[str, ...], float] = {}
        for trip in range(self.trips):
            route = tuple(network.links.id[link] for link in settled.trips.route(trip) if link != last)[1:]
            flows[route] = flows.get(route, 0.0) + unit
        return settled, flows, settled.chosen.mean_travel_s


def parallel(costs: Sequence[Cost], demand: float) -> StaticCase:
    """Routes side by side, each with the cost of all of it."""
    links: dict[str, Cost] = {}
    for number, cost in enumerate(costs):
        links |= {f"o>{number}": cost, f"{number}>d": lambda x: 0.0}
    return StaticCase(links, demand)
