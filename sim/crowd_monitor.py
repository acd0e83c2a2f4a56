"""Watch the density, speed, flow and pressure of crowds place by place, and raise and lift alarms."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..agents.alarm_levels import AlarmLevels
from ..agents.remembering import Remembers
from ..scenarios.crowd_monitor import CrowdMonitor

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

LEVELS = ("none", "watch", "amber", "red")
WATCH, AMBER, RED = 1, 2, 3
STANDING_MPS = 0.2  # people slower than this stand
LIFTED_AT = 0.9  # of a level's density: hysteresis
TREND_WINDOWS = 6  # intervals from which the next minutes are told
SETTLED = 1e-9


@dataclass(frozen=True, slots=True)
class Places:
    """Where a monitor looks: pieces of ground, each of which belongs to a street or a square."""

    unit: tuple[str, ...]  # streets and squares
    unit_row: Ints  # [place]
    x_m: Floats
    y_m: Floats
    area_m2: Floats


@dataclass(frozen=True, slots=True)
class Alarm:
    """What changed at a street or square."""

    unit: str
    level: str
    before: str
    text: str


class Monitor(Remembers):
    """The alarms of some places.

    Density is the mean over an interval, pressure is density times the variance of the mean velocity at a place from
    second to second (after Helbing, Johansson, Al-Abideen 2007, Physical Review E 75, 046109), and counts where it is
    dense enough to watch: where people have room their own speeds differ by more than that.
    """

    KEEPS = ("_samples", "_density_s", "alarms", "now")

    def __init__(self, places: Places, settings: CrowdMonitor) -> None:
        self.places, self.settings = places, settings
        count = places.area_m2.size
        self._samples: list[Floats] = []  # people and sums over them of each second
        self._density_s: list[Floats] = []  # of the last intervals
        self.alarms = AlarmLevels(len(places.unit), RED)
        self.now = np.zeros((7, count))  # density, speed, flow, pressure, level, time to amber, people

    def sample(self, people: Floats, vx_mps: Floats, vy_mps: Floats, speed_mps: Floats) -> None:
        """Look once: people at each place, and the sums of their velocities and speeds."""
        self._samples.append(np.stack([people, vx_mps, vy_mps, speed_mps]))

    def close_interval(self) -> list[Alarm]:
        """End an interval of at least one look: what changed."""
        looks = np.stack(self._samples)
        span_s = float(looks.shape[0])
        self._samples = []
        people = looks[:, 0].sum(axis=0)
        density = people / span_s / self.places.area_m2
        with np.errstate(invalid="ignore", divide="ignore"):
            velocity = looks[:, 1:3] / looks[:, :1]
            speed = np.nan_to_num(looks[:, 3].sum(axis=0) / people)
        seen = np.isfinite(velocity)
        mean = np.where(seen, velocity, 0.0).sum(axis=0) / np.maximum(seen.sum(axis=0), 1)
        variance = np.where(seen, (velocity - mean) ** 2, 0.0).sum(axis=0) / np.maximum(seen.sum(axis=0), 1)
        pressure = density * variance.sum(axis=0)
        self._density_s = [*self._density_s, density][-TREND_WINDOWS:]
        to_amber = self._time_to_amber(density, speed, span_s)
        level = self._levels(density, speed, pressure, to_amber, 1.0)
        self.now = np.stack([density, speed, density * speed, pressure, level.astype(float), to_amber, people / span_s])
        return self._alarms(level, self._levels(density, speed, pressure, to_amber, LIFTED_AT), span_s)

    def _edges(self, speed: Floats) -> Floats:
        """Density of each level at each place, ``[level - 1, place]``."""
        moving, standing = self.settings.moving, self.settings.standing
        edges = [(moving.watch, standing.watch), (moving.amber, standing.amber), (moving.red, standing.red)]
        return np.array([np.where(speed > STANDING_MPS, *pair) for pair in edges])

    def _time_to_amber(self, density: Floats, speed: Floats, span_s: float) -> Floats:
        """Seconds until a place is amber if its density goes on as in the last intervals; 0: it is, nan: never."""
        edge = self._edges(speed)[AMBER - 1]
        count = len(self._density_s)
        slope = np.zeros(density.size)
        if count > 1:
            at_s = (np.arange(count) - (count - 1) / 2.0) * span_s
            slope = at_s @ np.stack(self._density_s) / (at_s @ at_s)
        with np.errstate(invalid="ignore", divide="ignore"):
            ahead_s = np.where(slope > SETTLED, (edge - density) / slope, np.nan)
        return np.where(density >= edge, 0.0, ahead_s)

    def _levels(self, density: Floats, speed: Floats, pressure: Floats, to_amber: Floats, share: float) -> Ints:
        """Level of each place; ``share`` of the densities are enough."""
        settings = self.settings
        edges = share * self._edges(speed)
        level = (density >= edges).sum(axis=0)
        soon = np.nan_to_num(to_amber, nan=np.inf) <= settings.ahead_s
        level = np.where((level == WATCH) & soon, AMBER, level)
        return np.where((level >= WATCH) & (pressure > share * settings.pressure_per_s2), RED, level)

    @property
    def raised(self) -> Ints:
        """Alarms so far, by level."""
        return self.alarms.raised

    def _alarms(self, level: Ints, easier: Ints, span_s: float) -> list[Alarm]:
        """Raise and lift alarms, each after it has held long enough."""
        settings, places = self.settings, self.places
        reached, kept = self._reached(level), self._reached(easier)
        before = self.alarms.pass_time(
            reached, kept, span_s, raise_after_s=settings.hold_s, lower_after_s=settings.hold_s
        )
        told = []
        for unit in np.flatnonzero(self.alarms.level != before):
            new = int(self.alarms.level[unit])
            text = self._text(places.unit_row == unit, new, level)
            told.append(Alarm(places.unit[unit], LEVELS[new], LEVELS[before[unit]], text))
        return told

    def _reached(self, level: Ints) -> NDArray[np.bool_]:
        """Whether enough of each unit is at each level, ``[level - 1, unit]``."""
        places, units = self.places, len(self.places.unit)
        enough = np.minimum(
            self.settings.area_m2, np.bincount(places.unit_row, weights=places.area_m2, minlength=units)
        )
        areas = [
            np.bincount(places.unit_row, weights=places.area_m2 * (level >= row), minlength=units)
            for row in (WATCH, AMBER, RED)
        ]
        return np.asarray(np.stack(areas) >= enough - SETTLED)

    def _text(self, own: NDArray[np.bool_], new: int, level: Ints) -> str:
        if new == 0:
            return "people have room again"
        density, _, _, pressure, _, to_amber, _ = self.now[:, own]
        densest = int(np.argmax(density))
        area = float(self.places.area_m2[own][level[own] >= new].sum())
        text = f"{LEVELS[new]}: up to {density[densest]:.1f} people per m², {area:.0f} m² at this level"
        if new == AMBER and to_amber[densest] > 0.0:
            text += f", at {self.settings.moving.amber:g} per m² in {to_amber[densest] / 60:.0f} min if it goes on so"
        if new == RED and pressure.max() > self.settings.pressure_per_s2:
            text += f", pressure {pressure.max():.3f} 1/s²"
        return text

    def columns(self, start_s: float, end_s: float) -> dict[str, Any]:
        """Rows of the table ``crowd`` for the interval that was closed last."""
        rows = np.flatnonzero((self.now[0] >= self.settings.least_per_m2) & (self.now[6] > 0.0))
        density, speed, flow, pressure, level, to_amber, people = self.now[:, rows]
        places = self.places
        names = np.array(places.unit, dtype=object)
        return {
            "interval_start_s": np.full(rows.size, start_s),
            "interval_end_s": np.full(rows.size, end_s),
            "where": names[places.unit_row[rows]],
            "x_m": places.x_m[rows],
            "y_m": places.y_m[rows],
            "area_m2": places.area_m2[rows],
            "people": people,
            "density_per_m2": density,
            "speed_mps": speed,
            "flow_per_m_s": flow,
            "pressure_per_s2": pressure,
            "level": [LEVELS[int(row)] for row in level],
            "time_to_amber_s": to_amber,
        }
