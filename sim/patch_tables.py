"""Write down how dense it was where in the patches of a run, square by square and interval by interval."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import shapely

from ..agents.remembering import Remembers
from .crowd_sights import LOOK_EVERY_S, Squares
from .walking import LEVEL_EDGES_PER_M2, LEVELS

if TYPE_CHECKING:
    from ..agents.city_model import CityModel
    from ..agents.crowd_patches import Patch
    from .run_folder import RunFolder


class PatchTable(Remembers):
    """Density and level of service of 2 m by 2 m of every drawn patch: looks every second, writes every interval.

    Parameters
    ----------
    folder
        Where to write the tables ``patches`` and ``patch_squares``.
    patches
        Those that the scenario draws.
    every_s
        Interval, s.
    """

    every_s = LOOK_EVERY_S
    KEEPS = ("_start_s", "_seen_s", "_people_s")

    def __init__(self, folder: RunFolder, patches: list[Patch], every_s: float) -> None:
        self._writer, self._interval_s = folder.writer("patch_squares"), every_s
        self._names = [patch.name for patch in patches]
        self._squares = [Squares(patch.name, patch.crowd) for patch in patches]
        self._start_s = self._seen_s = 0.0
        self._people_s = [np.zeros(squares.places.area_m2.size) for squares in self._squares]
        folder.writer("patches").write(
            {
                "patch": self._names,
                "area_m2": [float(patch.crowd.space.area.area) for patch in patches],
                "geometry": [shapely.to_wkb(patch.crowd.space.area) for patch in patches],
            }
        )

    def observe(self, t_s: float, model: CityModel) -> None:
        """Look; at the end of an interval write its rows."""
        looked_before = t_s <= self._seen_s  # then the run is over
        if not looked_before:
            for squares, people_s in zip(self._squares, self._people_s, strict=True):
                people_s += squares.people() * (t_s - self._seen_s)
            self._seen_s = t_s
        if t_s - self._start_s >= self._interval_s - 1e-9 or (looked_before and t_s > self._start_s):
            self.close_interval(t_s)

    def close_interval(self, t_s: float) -> None:
        """Write the squares in which somebody was."""
        span_s = t_s - self._start_s
        for name, squares, people_s in zip(self._names, self._squares, self._people_s, strict=True):
            rows = np.flatnonzero(people_s > 0.0)
            density = people_s[rows] / span_s / squares.places.area_m2[rows]
            self._writer.write(
                {
                    "interval_start_s": np.full(rows.size, self._start_s),
                    "interval_end_s": np.full(rows.size, t_s),
                    "patch": [name] * rows.size,
                    "x_m": squares.places.x_m[rows],
                    "y_m": squares.places.y_m[rows],
                    "density_per_m2": density,
                    "level_of_service": [LEVELS[level] for level in np.digitize(density, LEVEL_EDGES_PER_M2)],
                }
            )
            people_s[:] = 0.0
        self._start_s = t_s
