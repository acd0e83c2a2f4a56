"""Watch concentrations at stations: means over the last hours with gaps, levels that hold, and data that stop."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from ..kernels.air_means import NOWCAST_H, mean_with_gaps, nowcast
from ..scenarios.air_index import NAMES, Reading, air_index
from .alarm_levels import AlarmLevels
from .remembering import Remembers

if TYPE_CHECKING:
    from ..scenarios.air_warnings import AirWarning

Floats = NDArray[np.float64]

HOUR_S = 3600.0
PARTICLES = ("pm25", "pm10")
NOWCAST_OF_H = 24  # the mean that the NowCast stands in for


@dataclass(frozen=True, slots=True)
class AirEvent:
    """What changed: a level went up or down, data stopped or came back."""

    what: Literal["raised", "lowered", "stale", "back"]
    level: int  # in force now; 0: none
    before: int
    value: float  # µg/m³, or the index; NaN: not known
    text: str


class AirMonitor(Remembers):
    """One warning: what its stations measured lately, and which level is in force.

    Parameters
    ----------
    warning
        What it watches.
    stations
        What its stations are called.
    pollutants
        What is measured there, in the order of what ``look`` gets.

    Attributes
    ----------
    stale
        Nothing is known any more; the level stays what it was.
    value
        What counts at present, µg/m³ or an index; NaN: not known.
    """

    KEEPS = ("_samples_ugm3", "_levels", "_silent_s", "stale", "value")

    def __init__(self, warning: AirWarning, stations: Sequence[str], pollutants: Sequence[str]) -> None:
        self.warning, self.stations = warning, tuple(stations)
        self._means = [(pollutants.index(name), name, hours) for name, hours in warning.means if name in pollutants]
        per_hour = round(HOUR_S / warning.every_s)
        longest_h = max((hours for _, _, hours in self._means), default=1)
        self._per_hour = per_hour
        self._samples_ugm3 = np.full((len(pollutants), len(stations), longest_h * per_hour), np.nan)
        self._levels = AlarmLevels(1, len(warning.levels))
        self._silent_s = 0.0
        self.stale, self.value = False, math.nan

    @property
    def level(self) -> int:
        """In force; 0: none, 1 the lowest."""
        return int(self._levels.level[0])

    @property
    def raised(self) -> list[int]:
        """How often each level was raised so far, the lowest first."""
        return [int(count) for count in self._levels.raised[1:]]

    @property
    def watches(self) -> str:
        """What it watches, as people say it."""
        warning = self.warning
        if warning.index is not None:
            return air_index(warning.index).name
        assert warning.pollutant is not None, "it watches nothing"
        return f"{NAMES[warning.pollutant]} ({warning.average_h or 1}-hour mean)"

    def remember_sample(self, ugm3: Floats) -> None:
        """Take the means of an interval, ``[pollutant, station]``; NaN: nothing was measured."""
        self._samples_ugm3 = np.concatenate([self._samples_ugm3[:, :, 1:], ugm3[:, :, np.newaxis]], axis=2)

    def look(self, ugm3: Floats) -> list[AirEvent]:
        """Take the means of an interval, ``[pollutant, station]``, and say what changed."""
        warning = self.warning
        self.remember_sample(ugm3)
        reading = self._worst_or_mean()
        self.value = math.nan if reading is None else reading[0]
        fresh = any(np.isfinite(ugm3[row]).any() for row, _, _ in self._means)
        if not fresh or reading is None:
            return self._wait()
        events = []
        self._silent_s = 0.0
        if self.stale:
            self.stale = False
            events.append(self._event("back", self.level, reading))
        edges = np.array([[level.at] for level in warning.levels])
        lower_after_s = warning.hold_s if warning.lower_after_s is None else warning.lower_after_s
        before = self._levels.pass_time(
            self.value >= edges,
            self.value >= warning.lowered_at * edges,
            warning.every_s,
            raise_after_s=warning.hold_s,
            lower_after_s=lower_after_s,
        )
        if self.level != before[0]:
            events.append(self._event("raised" if self.level > before[0] else "lowered", int(before[0]), reading))
        return events

    def in_force(self) -> AirEvent | None:
        """The level in force as if it were raised now; None where there is none."""
        return self._event("raised", 0, self._worst_or_mean()) if self.level else None

    def _wait(self) -> list[AirEvent]:
        """Let an interval pass in which nothing is known. How long levels have held is kept until data are stale."""
        self._silent_s += self.warning.every_s
        if self.stale or self._silent_s < self.warning.stale_after_s:
            return []
        self.stale = True
        self._levels.forget_time()
        return [self._event("stale", self.level, None)]

    def _worst_or_mean(self) -> tuple[float, str] | None:
        """What counts of all stations, and what it is in words; None where too little was measured."""
        found = [(self.stations[row], self._at_station(row)) for row in range(len(self.stations))]
        known = [(name, reading) for name, reading in found if reading is not None]
        if not known:
            return None
        if self.warning.combine == "worst":
            name, (value, words) = max(known, key=lambda one: one[1][0])
            return value, f"{words} at {name}"
        if len(known) < self.warning.data_share * len(self.stations) - 1e-9:
            return None
        value = sum(reading[0] for _, reading in known) / len(known)
        return value, f"{self.watches} {_shown(value, self.warning.unit)} on average of {len(known)} stations"

    def _at_station(self, station: int) -> tuple[float, str] | None:
        warning = self.warning
        means = {(name, hours): self._mean(row, name, hours, station) for row, name, hours in self._means}
        known = {key: ugm3 for key, ugm3 in means.items() if not math.isnan(ugm3)}
        if warning.index is None:
            return next(((ugm3, f"{self.watches} {_shown(ugm3, warning.unit)}") for ugm3 in known.values()), None)
        reading = air_index(warning.index).reading(known)
        return None if reading is None else (float(reading.value), _index_words(self.watches, reading))

    def _mean(self, row: int, name: str, hours: int, station: int) -> float:
        samples = self._samples_ugm3[row, station]
        share = self.warning.data_share
        if self.warning.nowcast and name in PARTICLES and hours == NOWCAST_OF_H:
            by_hour = samples[-NOWCAST_H * self._per_hour :].reshape(NOWCAST_H, self._per_hour)
            return nowcast(np.array([mean_with_gaps(hour, share) for hour in by_hour]))
        return mean_with_gaps(samples[-hours * self._per_hour :], share)

    def _event(
        self, what: Literal["raised", "lowered", "stale", "back"], before: int, reading: tuple[float, str] | None
    ) -> AirEvent:
        names = ("none", *(level.name for level in self.warning.levels))
        level = self.level
        in_force = f"level {names[level]}" if level else "no level in force"
        texts = {
            "raised": f"{names[level]} raised",
            "lowered": f"{names[before]} lowered: {in_force}",
            "stale": f"no data for {self._silent_s / 60.0:g} min: {in_force} as before, marked as stale",
            "back": f"data are back: {in_force}",
        }
        said = texts[what] if reading is None else f"{texts[what]}: {reading[1]}"
        return AirEvent(what, level, before, self.value, said)


def _shown(value: float, unit: str) -> str:
    return f"{value:.4g} {unit}".rstrip()


def _index_words(name: str, reading: Reading) -> str:
    return f"{name} {reading.value}, {reading.band} ({NAMES[reading.pollutant]}, {reading.average_h}-hour mean)"
