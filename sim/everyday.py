"""Simulate the days on which people get used to the streets: with what holds always, without what happens once."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal

import numpy as np

from ..agents.bus_lines import bus_lines_of
from ..agents.measures import measures_of
from ..agents.routes import Router
from ..agents.travel_times import TravelTimes, usual_times
from ..agents.vehicle import Vehicle
from ..scenarios.events import RoadClosure, SpeedLimit
from ..scenarios.route_choice import INTERVAL_S
from .equilibrium import Loaded, Settled, Tell, settle_routes
from .outcome import trip_times
from .simulation import Simulation
from .turn_times import TurnTimes

if TYPE_CHECKING:
    from ..scenarios.network import RoadNetwork
    from ..scenarios.scenario import Scenario
    from ..scenarios.trips import TripTable


def settle(
    scenario: Scenario,
    network: RoadNetwork,
    trips: TripTable,
    *,
    seed: int | None = None,
    vehicle_type: type[Vehicle] = Vehicle,
    backend: Literal["cpu", "cuda"] = "cpu",
    tell: Tell,
) -> Settled:
    """Find the routes of people who have got used to the streets of a scenario, as its ``routes`` say.

    What holds over the whole run is so on every day. All other events surprise people on the day of the run.
    """
    day = scenario.model_copy(
        update={"events": scenario.everyday_events, "hazards": (), "responders": None, "air": None}
    )
    router = _router(day, network)
    every_s = day.routes.interval_s or INTERVAL_S
    usual = usual_times(router, every_s, max(1, math.ceil(day.duration_s / every_s)))
    seed = scenario.seed if seed is None else seed

    def load(bound: TripTable) -> Loaded:
        simulation = Simulation(day, network, bound, seed=seed, vehicle_type=vehicle_type, backend=backend)
        return loaded(simulation, usual)

    buses = bus_lines_of(day, network, trips)
    return settle_routes(
        day.routes,
        router,
        trips,
        load,
        usual,
        measures=measures_of(day, network, trips, seed),
        no_choice=None if buses is None else buses.is_bus,
        seed=seed,
        tell=tell,
    )


def loaded(simulation: Simulation, usual: TravelTimes) -> Loaded:
    """Run a simulation to its end, and tell what its streets took."""
    watch = TurnTimes(simulation, usual)
    simulation.watch([watch])
    simulation.run()
    fleet = simulation.model.fleet
    entered_s = fleet.vehicles.entered_s[0]
    travel_s = trip_times(simulation)[0]
    arrived = ~np.isnan(travel_s)
    return Loaded(
        watch.times(),
        np.where(np.isnan(entered_s), fleet.trips.depart_s, entered_s),
        float(travel_s[arrived].mean()) if arrived.any() else float("nan"),
    )


def _router(day: Scenario, network: RoadNetwork) -> Router:
    """Finds ways on streets as they are every day."""
    router = Router(network)
    lanes = np.diff(network.links.lane_start)
    for event in day.events:
        if isinstance(event, RoadClosure):
            links = [network.link_row[name] for name in event.link_ids]
            shut = [link for link in links if event.lanes is None or set(range(lanes[link])) <= set(event.lanes)]
            router.open_link[shut] = False
        elif isinstance(event, SpeedLimit):
            for name in event.link_ids:
                router.set_speed(network.link_row[name], event.speed_kmh / 3.6)
    return router
