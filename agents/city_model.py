"""Hold a city and its traffic as a Mesa model; who drives is in the fleet, when things happen is the simulation's."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from .light_mesa import AgentSet, Model
from .remembering import Remembers, State, kept
from .routes import Router
from .vehicle import Vehicle, overrides

if TYPE_CHECKING:
    from ..scenarios.network import RoadNetwork
    from .emissions import TrafficEmissions
    from .fleet import Fleet
    from .pedestrian import Pedestrian
    from .sources import MovingSource, PollutionSource, SourceState
    from .walkers import Walkers


class CityModel(Model, Remembers):
    """A city at one moment. ``step`` lets one step of time pass once a simulation drives it.

    Parameters
    ----------
    network
        Its streets.
    fleet
        Its traffic.
    vehicle_type
        Class of its vehicles. If it overrides a decision all its agents are made at once, otherwise each is made when
        somebody looks at it.
    seed
        Of Mesa's own random numbers; the traffic does not use them.
    """

    KEEPS = ("t_s", "router")

    def __init__(
        self, network: RoadNetwork, fleet: Fleet, *, vehicle_type: type[Vehicle] = Vehicle, seed: int = 0
    ) -> None:
        super().__init__(rng=seed)
        self.network = network
        self.fleet = fleet
        self.router = Router(network)
        self.vehicle_type = vehicle_type
        self.t_s = 0.0
        self.pass_time: Callable[[], None] | None = None  # set by the simulation
        self._views: dict[int, Vehicle] = {}
        self.walkers: Walkers | None = None  # set by the simulation where people walk
        self._walkers_seen: dict[int, Pedestrian] = {}
        self.sources: SourceState | None = None  # set by the simulation where somebody asks for the air
        self.traffic_emissions: TrafficEmissions | None = None
        self._sources_seen: dict[str, PollutionSource | MovingSource] = {}
        if overrides(vehicle_type, "choose_route") or overrides(vehicle_type, "replans"):
            self.look_at_all()

    def vehicle(self, trip: int | str) -> Vehicle:
        """The vehicle of a trip, by its row or its id.

        Raises
        ------
        KeyError
            When there is no such trip.
        """
        if isinstance(trip, str):
            try:
                trip = self.fleet.trips.id.index(trip)
            except ValueError:
                raise KeyError(trip) from None
        if not 0 <= trip < len(self.fleet.trips.id):
            raise KeyError(trip)
        if trip not in self._views:
            self._views[trip] = self.vehicle_type(self, trip)
        return self._views[trip]

    def pedestrian(self, walk: int | str) -> Pedestrian:
        """Somebody on foot, by the row or the id of the walk.

        Raises
        ------
        KeyError
            When there is no such walk.
        """
        from .pedestrian import Pedestrian

        ids: tuple[str, ...] = () if self.walkers is None else self.walkers.trips.id
        row = walk if isinstance(walk, int) else next((row for row, name in enumerate(ids) if name == walk), -1)
        if not 0 <= row < len(ids):
            raise KeyError(walk)
        if row not in self._walkers_seen:
            self._walkers_seen[row] = Pedestrian(self, row)
        return self._walkers_seen[row]

    def pollution_source(self, name: str) -> PollutionSource | MovingSource:
        """Something that emits, by its id: a link, a stack or an area, or the vehicle of a trip.

        Raises
        ------
        KeyError
            When there is nothing of that name, or nobody asks for the air.
        """
        from .sources import MovingSource, PollutionSource

        if name in self._sources_seen:
            return self._sources_seen[name]
        if self.sources is not None and name in self.sources.id:
            self._sources_seen[name] = PollutionSource(self, self.sources, self.sources.id.index(name))
        elif self.traffic_emissions is not None and name in self.fleet.trips.id:
            row = self.fleet.trips.id.index(name)
            self._sources_seen[name] = MovingSource(self, self.traffic_emissions, row)
        else:
            raise KeyError(name)
        return self._sources_seen[name]

    def look_at_all(self) -> AgentSet:
        """Make the agents of all vehicles, and return Mesa's set of them."""
        for row in range(len(self.fleet.trips.id)):
            self.vehicle(row)
        return self.agents_by_type[self.vehicle_type] if self._views else self.agents

    def state(self) -> State:
        """What is kept besides vehicles: what routes are chosen on and, of vehicles of another class, what they know.

        Attributes that such a class gives its vehicles must be plain values or arrays.
        """
        kept_here = super().state()
        if self.vehicle_type is not Vehicle:
            kept_here["vehicles"] = {str(row): kept(_own(view)) for row, view in self._views.items()}
            kept_here["random"] = kept(self.random.getstate())
            kept_here["rng"] = kept(self.rng.bit_generator.state)
        return kept_here

    def restore(self, state: State) -> None:
        """Be again as it was."""
        super().restore(state)
        if self.vehicle_type is not Vehicle:
            for row, own in state["vehicles"].items():
                for name, value in own.items():
                    setattr(self.vehicle(int(row)), name, kept(value))
            version, numbers, gauss = state["random"]
            self.random.setstate((version, tuple(numbers), gauss))
            self.rng.bit_generator.state = kept(state["rng"])

    def step(self) -> None:
        """Let one step of time pass.

        Raises
        ------
        RuntimeError
            When no simulation drives this model.
        """
        if self.pass_time is None:
            msg = "no simulation drives this model; make one: citytwin.sim.simulation.Simulation(scenario)"
            raise RuntimeError(msg)
        self.pass_time()


OF_MESA = ("model", "unique_id", "pos", "row")


def _own(view: Vehicle) -> State:
    """Attributes that a subclass gave a vehicle."""
    return {name: value for name, value in vars(view).items() if name not in OF_MESA}
