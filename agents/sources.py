"""Hold everything that emits as rows of one table, and show each as a Mesa agent: streets, stacks, areas, vehicles."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..kernels import emissions as kernel
from ..scenarios.air import POLLUTANTS, AreaSource
from ..scenarios.nearest_links import project
from ..scenarios.places import middle_of_links
from .light_mesa import Agent
from .remembering import Remembers, State

if TYPE_CHECKING:
    from ..scenarios.air import Air
    from ..scenarios.network import RoadNetwork
    from .city_model import CityModel
    from .emissions import TrafficEmissions

Floats = NDArray[np.float64]

# What of the kernels' species counts as each pollutant.
PARTS: dict[str, tuple[int, ...]] = {
    "nox": (kernel.NOX,),
    "no2": (kernel.NO2,),
    "pm10": (kernel.PM_EXHAUST, kernel.PM10_WEAR),
    "pm25": (kernel.PM_EXHAUST, kernel.PM25_WEAR),
    "co": (kernel.CO,),
    "voc": (kernel.VOC,),
}


def pollutants_of(species: Floats) -> Floats:
    """Grams by pollutant from grams by species, the last axis."""
    return np.stack([species[..., list(PARTS[name])].sum(axis=-1) for name in POLLUTANTS], axis=-1)


@dataclass(slots=True, eq=False)
class SourceState(Remembers):
    """All sources that stay where they are: the streets first, then those of the scenario. Rows are never reordered."""

    id: tuple[str, ...]
    kind: tuple[str, ...]  # link, stack, area, accident
    x_m: Floats  # middle
    y_m: Floats
    height_m: Floats
    rate_gps: Floats  # [source, pollutant]: mean of the last interval
    emitted_g: Floats  # [source, pollutant]: so far

    def state(self) -> State:
        """What changes."""
        return {"rate_gps": self.rate_gps.copy(), "emitted_g": self.emitted_g.copy()}

    def restore(self, state: State) -> None:
        """Be again as it was."""
        self.rate_gps[:], self.emitted_g[:] = state["rate_gps"], state["emitted_g"]

    def emit(self, rows: slice, grams: Floats, span_s: float) -> None:
        """Note what some of them emitted in a time, ``[source, pollutant]``."""
        self.rate_gps[rows] = grams / span_s
        self.emitted_g[rows] += grams


def sources_of(air: Air, network: RoadNetwork) -> SourceState:
    """All sources of a city at t = 0."""
    x_m, y_m = middle_of_links(network)
    middles = [
        np.array(project(network, *np.array(one.polygon if isinstance(one, AreaSource) else [one.at]).T)).mean(axis=1)
        for one in air.sources
    ]
    places = np.concatenate([np.column_stack([x_m, y_m]), np.reshape(middles, (-1, 2))])
    count = len(places)
    return SourceState(
        (*network.links.id, *(one.id for one in air.sources)),
        (*["link"] * network.link_count, *(one.kind for one in air.sources)),
        places[:, 0],
        places[:, 1],
        np.concatenate([np.zeros(network.link_count), [one.height_m for one in air.sources]]),
        np.zeros((count, len(POLLUTANTS))),
        np.zeros((count, len(POLLUTANTS))),
    )


class PollutionSource(Agent):
    """Something that emits, for people to look at. The numbers live in the table of sources."""

    model: CityModel

    def __init__(self, model: CityModel, state: SourceState, row: int) -> None:
        super().__init__(model)
        self.row, self._state = row, state

    @property
    def source_id(self) -> str:
        """Id of the link or of the source."""
        return self._state.id[self.row]

    @property
    def kind(self) -> str:
        """``link``, ``stack``, ``area`` or ``accident``."""
        return self._state.kind[self.row]

    @property
    def place_m(self) -> tuple[float, float]:
        """Its middle, in the network's coordinates."""
        return float(self._state.x_m[self.row]), float(self._state.y_m[self.row])

    @property
    def rates_gps(self) -> dict[str, float]:
        """What it emitted in the last interval, g/s by pollutant."""
        return dict(zip(POLLUTANTS, self._state.rate_gps[self.row].tolist(), strict=True))

    @property
    def emitted_g(self) -> dict[str, float]:
        """What it has emitted so far, g by pollutant."""
        return dict(zip(POLLUTANTS, self._state.emitted_g[self.row].tolist(), strict=True))


class MovingSource(Agent):
    """A vehicle as a source of pollution; its numbers are there where each vehicle is followed step by step."""

    model: CityModel

    def __init__(self, model: CityModel, emissions: TrafficEmissions, row: int) -> None:
        super().__init__(model)
        self.row, self._emissions = row, emissions

    @property
    def source_id(self) -> str:
        """Id of its trip."""
        return self.model.fleet.trips.id[self.row]

    @property
    def kind(self) -> str:
        """``vehicle``."""
        return "vehicle"

    @property
    def technology(self) -> str:
        """What it is."""
        return str(self._emissions.technologies.names[int(self._emissions.technology[self.row])])

    @property
    def link(self) -> str | None:
        """Id of the link it is on; None off the road."""
        return self.model.vehicle(self.row).link

    @property
    def emitted_g(self) -> dict[str, float]:
        """What it has emitted so far, g by pollutant; nothing where only links are looked at."""
        if not self._emissions.step_by_step:
            return {}
        grams = pollutants_of(self._emissions.vehicle_grams[self.row])
        return dict(zip(POLLUTANTS, grams.tolist(), strict=True))
