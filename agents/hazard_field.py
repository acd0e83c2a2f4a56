"""Know what one hazard is at every place at the moment, what it closes, and how it slows people and vehicles down."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..kernels import hazards as effect
from ..scenarios.hazard_series import QUANTITIES
from ..scenarios.hazards import Fire, Flood, Gas, Smoke

if TYPE_CHECKING:
    from ..scenarios.hazard_checks import Pieces, Threat
    from ..scenarios.hazard_series import Sampled
    from ..scenarios.network import RoadNetwork
    from .walkers import Walkers

Floats = NDArray[np.float64]
Longs = NDArray[np.int64]
Bools = NDArray[np.bool_]
# Visibility times extinction by the law of walking in smoke, 0: none (kernels.hazards.walking_ratio_in_smoke).
SEEN = {"lund": 0.0, "fridolf_reflective": 3.0, "fridolf_lit": 8.0}


class HazardField:
    """One hazard on the pieces of streets and the cells of the walk network, as it was when somebody looked last.

    Parameters
    ----------
    threat
        The hazard and its series.
    network, pieces
        Streets, and the pieces that they are cut into.
    walkers
        Who walks; None where nobody does.
    moved_m
        How far to the east and to the north it is of where its series says.
    """

    def __init__(
        self,
        threat: Threat,
        network: RoadNetwork,
        pieces: Pieces,
        walkers: Walkers | None,
        moved_m: tuple[float, float] = (0.0, 0.0),
    ) -> None:
        self.threat, self.hazard = threat, threat.hazard
        self.link_of, self._links = pieces.link, network.link_count
        self.times_s = threat.hazard.start_s + threat.series.times_s
        self.begins_at = threat.hazard.front if isinstance(threat.hazard, Gas) else 0.0  # its first quantity
        self._steps = not isinstance(threat.hazard, (Flood, Gas, Smoke))  # holds until its next time
        columns = max(len(QUANTITIES[type(threat.hazard)]), 1)
        east_m, north_m = moved_m
        on_roads = threat.at(network, pieces.x_m - east_m, pieces.y_m - north_m)
        self.on_roads = _reached(threat, on_roads, network.links.layer[pieces.link])
        self.road = np.zeros((columns, pieces.link.size))
        self._on_walks: Sampled | None = None
        self.walk = np.zeros((columns, 0))
        if walkers is not None:
            layer = walkers.network.links.layer[walkers.link_of]
            x_m, y_m = walkers.cell_middles()
            self._on_walks = _reached(threat, threat.at(network, x_m - east_m, y_m - north_m), layer)
            self.walk = np.zeros((columns, walkers.link_of.size))
        self.shuts_pieces = np.zeros(pieces.link.size, np.bool_)
        self.shuts_cells = np.zeros(self.walk.shape[1], np.bool_)
        self.shuts_links = np.zeros(network.link_count, np.bool_)

    @property
    def holds(self) -> bool:
        """Whether people and vehicles cannot move in what it closes."""
        return isinstance(self.hazard, (Flood, Fire))

    def ended(self, t_s: float) -> bool:
        """Whether it is gone for good."""
        return self.hazard.end_s is not None and t_s >= self.hazard.end_s

    def look(self, t_s: float) -> None:
        """Take note of what it is at a time, and of what it closes."""
        for field, sampled in ((self.road, self.on_roads), (self.walk, self._on_walks)):
            if sampled is not None:
                field[:, sampled.place] = self.between(sampled.values, t_s)
        limits = self._limits()
        self.shuts_pieces = self.road[0] > limits[0]
        self.shuts_cells = self.walk[0] > limits[1]
        self.shuts_links = np.bincount(self.link_of[self.shuts_pieces], minlength=self._links) > 0

    def _limits(self) -> tuple[float, float]:
        """First quantity above which roads and ways on foot are closed."""
        if isinstance(self.hazard, Flood):
            return self.hazard.closes_roads_at_m, self.hazard.closes_walks_at_m
        if isinstance(self.hazard, Smoke):
            limit = np.inf if self.hazard.closes_at_per_m is None else self.hazard.closes_at_per_m
            return limit, limit
        if isinstance(self.hazard, Gas):
            limit = np.inf if self.hazard.closes_at_mgm3 is None else self.hazard.closes_at_mgm3
            return limit, limit
        return 0.0, 0.0

    def between(self, values: NDArray[np.floating], t_s: float) -> Floats:
        """Values at a time: nothing before the first one and from its end on, the last one's from then on."""
        times_s = self.times_s
        after = int(np.searchsorted(times_s, t_s + 1e-9, side="right"))
        if after == 0 or self.ended(t_s):
            return np.zeros_like(values[0])
        if after == times_s.size or self._steps:
            return np.asarray(values[after - 1])
        share = (t_s - times_s[after - 1]) / (times_s[after] - times_s[after - 1])
        return np.asarray((1.0 - share) * values[after - 1] + share * values[after])

    def slow_walks(self, ratio: Floats) -> None:
        """Multiply the speeds on cells by what it leaves of them."""
        if isinstance(self.hazard, Flood):
            effect.slow_down_in_water(self.walk, ~self.shuts_cells, ratio)
        elif isinstance(self.hazard, Smoke):
            effect.slow_down_in_smoke(self.walk, SEEN[self.hazard.walking_law], ratio)
        elif self.holds:
            ratio[self.shuts_cells] *= effect.STANDS

    def cap_roads(self, cap_mps: Floats) -> None:
        """Lower the speeds of links to what is safe in it."""
        if isinstance(self.hazard, Flood):
            effect.cap_in_water(self.road, ~self.shuts_pieces, self.link_of, cap_mps)
        elif isinstance(self.hazard, Smoke):
            effect.cap_in_smoke(self.road, self.link_of, cap_mps)


def _reached(threat: Threat, sampled: Sampled, layer: NDArray[np.integer]) -> Sampled:
    """A flood without the places on bridges, which lie above the water; gas without those underground."""
    if isinstance(threat.hazard, Flood):
        there = layer[sampled.place] <= 0
    elif isinstance(threat.hazard, Gas):
        there = layer[sampled.place] >= 0
    else:
        return sampled
    return sampled._replace(place=sampled.place[there], values=sampled.values[:, :, there])
