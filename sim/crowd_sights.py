"""Let a crowd monitor look at the streets of a run, or at a crowd in the plane."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from numpy.typing import NDArray

from ..agents.crowd import Crowd
from ..agents.remembering import Remembers, State
from ..agents.walkers import Walkers
from ..kernels import walking_tables as table
from ..scenarios.crowd_monitor import CrowdMonitor
from .crowd_monitor import LEVELS, Alarm, Monitor, Places

if TYPE_CHECKING:
    from ..agents.city_model import CityModel
    from .run_folder import RunFolder
    from .simulation import Simulation

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

SQUARE_M = 2.0
LEAST_AREA = 0.25  # of a square that must lie in the space for it to be looked at
LOOK_EVERY_S = 1.0


class Squares:
    """Squares of 2 m by 2 m of a crowd in the plane."""

    def __init__(self, name: str, crowd: Crowd) -> None:
        self._crowd = crowd
        area = crowd.space.area
        left, bottom, right, top = area.bounds
        self._left_m, self._bottom_m = left, bottom
        self._across, up = math.ceil((right - left) / SQUARE_M), math.ceil((top - bottom) / SQUARE_M)
        x, y = np.meshgrid(left + SQUARE_M * np.arange(self._across), bottom + SQUARE_M * np.arange(up))
        shapely.prepare(area)
        squares = shapely.box(x.ravel(), y.ravel(), x.ravel() + SQUARE_M, y.ravel() + SQUARE_M)
        area_m2 = shapely.area(shapely.intersection(squares, area))
        kept = np.flatnonzero(area_m2 > LEAST_AREA * SQUARE_M**2)
        self._place_of = np.full(squares.size, -1)
        self._place_of[kept] = np.arange(kept.size)
        half = SQUARE_M / 2.0
        self.places = Places(
            unit=(name,),
            unit_row=np.zeros(kept.size, np.int64),
            x_m=x.ravel()[kept] + half,
            y_m=y.ravel()[kept] + half,
            area_m2=area_m2[kept],
        )

    def people(self) -> Floats:
        """People in each square now."""
        place, _ = self._places()
        return _sums(place[place >= 0], np.ones((place >= 0).sum()), self.places.area_m2.size)

    def look(self, monitor: Monitor) -> None:
        """Let a monitor look at everybody."""
        place, rows = self._places()
        people = self._crowd.people
        vx, vy = people.vx_mps[rows], people.vy_mps[rows]
        kept, count = place >= 0, self.places.area_m2.size
        sums = [_sums(place[kept], values[kept], count) for values in (np.ones(rows.size), vx, vy, np.hypot(vx, vy))]
        monitor.sample(*sums)

    def _places(self) -> tuple[Ints, NDArray[np.int32]]:
        """Square of everybody, -1 where there is none, and their rows."""
        rows = self._crowd.inside
        people = self._crowd.people
        column = ((people.x_m[rows] - self._left_m) / SQUARE_M).astype(np.int64)
        row = ((people.y_m[rows] - self._bottom_m) / SQUARE_M).astype(np.int64)
        square = row * self._across + column
        inside = (column >= 0) & (column < self._across) & (row >= 0) & (square < self._place_of.size)
        return np.where(inside, self._place_of[np.where(inside, square, 0)], -1), rows


class Streets:
    """Cells of the walk network, both directions of each together."""

    def __init__(self, walkers: Walkers) -> None:
        self._walkers = walkers
        opposite = walkers.walks.cell_i[0, table.OPPOSITE]
        cell = np.arange(opposite.size)
        first = np.flatnonzero(cell < opposite)
        self._place_of = np.zeros(opposite.size, np.int64)
        self._place_of[first] = self._place_of[opposite[first]] = np.arange(first.size)
        network = walkers.network
        link = walkers.link_of[first]
        begin = walkers.walks.first_cell[2 * link]
        number = np.bincount(walkers.link_of)[link] // 2
        shapes = np.array([shapely.LineString(network.link_shape_xy(row)) for row in range(network.link_count)])
        middle = shapely.line_interpolate_point(shapes[link], (first - begin + 0.5) / number, normalized=True)
        self.places = Places(
            unit=tuple(network.links.id),
            unit_row=link.astype(np.int64),
            x_m=shapely.get_x(middle),
            y_m=shapely.get_y(middle),
            area_m2=walkers.walks.cell_f[0, table.AREA_M2, first],
        )

    def look(self, monitor: Monitor) -> None:
        """Let a monitor look at everybody; a velocity is that along the street, its sign the direction."""
        walkers = self._walkers
        opposite = walkers.walks.cell_i[0, table.OPPOSITE]
        walks = walkers.walks
        out = walks.active[0, : walks.counter[0, table.OUT]]
        cell = walks.walker_i[0, out, table.CELL]
        walking = walks.walker_i[0, out, table.STATUS] == table.WALKING
        speed = np.where(walking, walks.walker_f[0, out, table.SPEED_MPS] * walks.cell_f[0, table.RATIO, cell], 0.0)
        count = self.places.area_m2.size
        place, along = self._place_of[cell], np.where(cell < opposite[cell], 1.0, -1.0) * speed
        for patch in walkers.patches:
            if patch.comes_and_goes:  # others are looked at by themselves
                near, along_mps, speed_mps = patch.along_links()
                place = np.concatenate([place, self._place_of[near]])
                along, speed = np.concatenate([along, along_mps]), np.concatenate([speed, speed_mps])
        people, along = _sums(place, np.ones(place.size), count), _sums(place, along, count)
        monitor.sample(people, along, np.zeros(count), _sums(place, speed, count))


def _sums(place: Ints, values: Floats, count: int) -> Floats:
    """Sum of a quantity over the people at each place."""
    return np.bincount(place, weights=values, minlength=count).astype(np.float64)


class CrowdTable(Remembers):
    """The crowd monitor of a run: looks every second, writes a table, logs alarms."""

    every_s = LOOK_EVERY_S
    KEEPS = ("_start_s", "_seen_s")

    def __init__(self, folder: RunFolder, simulation: Simulation, settings: CrowdMonitor) -> None:
        assert simulation.walking is not None, "there is nobody on foot to watch"
        self._writer = folder.writer("crowd")
        self._simulation, self._settings = simulation, settings
        self._sights: list[Streets | Squares] = [
            Streets(simulation.walking.walkers),
            *(Squares(patch.name, patch.crowd) for patch in simulation.walking.patches),
        ]
        self.monitors = [Monitor(sight.places, settings) for sight in self._sights]
        self._start_s = self._seen_s = 0.0

    def state(self) -> State:
        """What is kept."""
        return {**super().state(), "monitors": [monitor.state() for monitor in self.monitors]}

    def restore(self, state: State) -> None:
        """Be again as it was."""
        super().restore(state)
        for monitor, kept in zip(self.monitors, state["monitors"], strict=True):
            monitor.restore(kept)

    def observe(self, t_s: float, model: CityModel) -> None:
        """Look; at the end of an interval write its rows."""
        if t_s > self._seen_s:
            self._seen_s = t_s
            for sight, monitor in zip(self._sights, self.monitors, strict=True):
                sight.look(monitor)
        at_end = t_s >= self._simulation.scenario.duration_s
        if t_s > self._start_s and (t_s - self._start_s >= self._settings.every_s or at_end):
            for monitor in self.monitors:
                for alarm in monitor.close_interval():
                    self._tell(alarm)
                self._writer.write(monitor.columns(self._start_s, t_s))
            self._start_s = t_s

    def _tell(self, alarm: Alarm) -> None:
        self._simulation.note("crowd", alarm.unit, alarm.text)

    def facts(self) -> dict[str, Any]:
        """What the monitor adds to the summary."""
        raised = np.sum([monitor.raised for monitor in self.monitors], axis=0)
        return {level: int(count) for level, count in zip(LEVELS[1:], raised[1:], strict=True)}
