"""Let a run's warnings of bad air look in their rhythm, tell what they see, and call for the measures that wait."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..agents.air_monitor import AirEvent, AirMonitor
from ..agents.remembering import Remembers, State
from ..scenarios.air import POLLUTANTS
from ..scenarios.air_checks import series_of
from ..scenarios.air_places import receptor_places
from ..scenarios.air_series import stations_of
from ..scenarios.entry_ids import named_measures
from .air_cap import Messenger
from .duties import Duty
from .measures import Hold
from .run_folder import MESSAGES

if TYPE_CHECKING:
    from ..scenarios.air_warnings import AirWarning
    from .run_folder import RunFolder
    from .simulation import Simulation

Floats = NDArray[np.float64]

SETTLED_S = 1e-6


class Seen(NamedTuple):
    """What a warning saw at a moment; a row of the table ``air_watch``."""

    t_s: float
    warning: str
    value: float
    level: str
    stale: int


class Told(NamedTuple):
    """What a warning told; a row of the table ``air_events``, and the message of it ("" for none)."""

    t_s: float
    warning: str
    what: str
    level: str
    before: str
    value: float
    text: str
    message: str
    xml: str


class Measured(Remembers):
    """What stations of a file measured."""

    def __init__(self, warning: AirWarning) -> None:
        self._series = series_of(warning)
        self._rows = list(stations_of(warning, self._series))
        self.stations = tuple(self._series.stations[row] for row in self._rows)
        self.pollutants = self._series.pollutants
        self.before_s = -float(self._series.t_s[0])  # for how long before the run

    def means(self, until_s: float, every_s: float) -> Floats:
        """Mean of the interval that ends, ``[pollutant, station]``; NaN: nothing was measured."""
        return self._series.means(until_s - every_s + SETTLED_S, until_s + SETTLED_S)[:, self._rows]


class Breathed(Remembers):
    """What is in the air of the run at receptors."""

    KEEPS = ("_so_far",)
    before_s = -math.inf

    def __init__(self, simulation: Simulation, warning: AirWarning) -> None:
        air = simulation.scenario.air
        assert air is not None, "checked before the run"
        places = receptor_places(air, simulation.model.network)
        entries = [one.id for one in air.receptors]
        wanted = [entries.index(name) for name in warning.receptors or ()]
        self._simulation = simulation
        self._rows = np.flatnonzero(np.isin(places.entry, wanted))
        self._columns = [POLLUTANTS.index(name) for name in air.pollutants]
        self.stations = tuple(places.id[row] for row in self._rows)
        self.pollutants = air.pollutants
        self._so_far = np.zeros((len(self.pollutants), self._rows.size))

    def means(self, until_s: float, every_s: float) -> Floats:
        """Mean of the interval that ends, ``[pollutant, receptor]``."""
        air = self._simulation.air
        assert air is not None, "there is air where there are receptors"
        so_far = air.breathed_ugm3_s(until_s)[self._rows][:, self._columns].T
        mean, self._so_far = (so_far - self._so_far) / every_s, so_far
        return np.asarray(mean)


def _watched(simulation: Simulation, warning: AirWarning) -> Measured | Breathed:
    return Measured(warning) if warning.series is not None else Breathed(simulation, warning)


class WarningWatch(Remembers):
    """The warnings of a run, and what they saw and told so far."""

    KEEPS = ("seen", "told")

    def __init__(self, simulation: Simulation) -> None:
        scenario = simulation.scenario
        self.seen: list[Seen] = []
        self.told: list[Told] = []
        self.watched = [_watched(simulation, warning) for warning in scenario.air_warnings]
        self.monitors = [
            AirMonitor(warning, watched.stations, watched.pollutants)
            for warning, watched in zip(scenario.air_warnings, self.watched, strict=True)
        ]
        self.messengers = [Messenger(warning, scenario.start) for warning in scenario.air_warnings]

    def state(self) -> State:
        """What is kept."""
        return {**super().state(), "parts": [part.state() for part in self._parts()]}

    def restore(self, state: State) -> None:
        """Be again where it was."""
        super().restore(state)
        self.seen = [Seen(*row) for row in state["seen"]]
        self.told = [Told(*row) for row in state["told"]]
        for part, kept in zip(self._parts(), state["parts"], strict=True):
            part.restore(kept)

    def _parts(self) -> list[Remembers]:
        return [*self.monitors, *self.messengers, *self.watched]

    def facts(self) -> dict[str, Any]:
        """What warnings add to the summary: their levels, how often each was raised, and how it stands at the end."""
        return {
            monitor.warning.id: {
                "raised": {level.name: n for level, n in zip(monitor.warning.levels, monitor.raised, strict=True)},
                "at": {level.name: level.at for level in monitor.warning.levels},
                "watches": monitor.watches,
                "unit": monitor.warning.unit,
                "level": level_name(monitor.warning, monitor.level),
                "stale": monitor.stale,
            }
            for monitor in self.monitors
        }


def level_name(warning: AirWarning, level: int) -> str:
    """What a level is called."""
    return warning.levels[level - 1].name if level else "none"


def start_air_warnings(simulation: Simulation) -> WarningWatch:
    """Put every warning on the clock; the measures that wait for them are on it already."""
    watch = WarningWatch(simulation)
    simulation.remember("air warnings", watch)
    for number in range(len(watch.monitors)):
        simulation.duties.begin(LookAtAir(watch, number))
    return watch


class LookAtAir(Duty):
    """Let one warning look at what was measured, from the beginning of the run on."""

    def __init__(self, watch: WarningWatch, number: int) -> None:
        self.name = f"air warning {number}"
        self._watch, self._number = watch, number

    def act(self, simulation: Simulation) -> float:
        """Look; at the beginning at all that was measured before."""
        watch, number, now_s = self._watch, self._number, simulation.env.now
        monitor = watch.monitors[number]
        every_s = monitor.warning.every_s
        events = self._look_back(every_s) if now_s <= 0.0 else monitor.look(watch.watched[number].means(now_s, every_s))
        for event in events:
            _tell(simulation, watch, number, event)
        level = level_name(monitor.warning, monitor.level)
        watch.seen.append(Seen(now_s, monitor.warning.id, monitor.value, level, int(monitor.stale)))
        _call_measures(simulation, monitor)
        return every_s

    def _look_back(self, every_s: float) -> list[AirEvent]:
        """Look at what was measured before the run; what is in force by now is told as it stands."""
        monitor, watched = self._watch.monitors[self._number], self._watch.watched[self._number]
        looks = math.ceil(watched.before_s / every_s - SETTLED_S) + 1 if watched.before_s >= 0.0 else 0
        for back in range(looks - 1, -1, -1):
            monitor.look(watched.means(-back * every_s, every_s))
        event = monitor.in_force()
        return [] if event is None else [event]


def _tell(simulation: Simulation, watch: WarningWatch, number: int, event: AirEvent) -> None:
    """Write down what a warning told, and the message that is sent."""
    warning, now_s = watch.monitors[number].warning, simulation.env.now
    message = watch.messengers[number].message(event, now_s)
    file, xml = ("", "") if message is None else (f"{MESSAGES}/{message.identifier}.xml", message.xml.decode())
    levels = level_name(warning, event.level), level_name(warning, event.before)
    watch.told.append(Told(now_s, warning.id, event.what, *levels, event.value, event.text, file, xml))
    simulation.log("air_warning", warning.id, event.text)


def _call_measures(simulation: Simulation, monitor: AirMonitor) -> None:
    """Let measures hold that wait for a level that is in force, and no longer those whose level is not."""
    names = [level.name for level in monitor.warning.levels]
    for number, (_, measure) in enumerate(named_measures(simulation.scenario)):
        wanted = measure.when
        if wanted is not None and wanted.warning == monitor.warning.id:
            hold = simulation.duties[f"measure {number}"]
            assert isinstance(hold, Hold), "measures are called so"
            hold.call(simulation, called_for=monitor.level > names.index(wanted.level))


def write_air_warnings(folder: RunFolder, watch: WarningWatch) -> None:
    """Write what warnings saw and told, and each message as a file."""
    seen, told = watch.seen, watch.told
    folder.writer("air_watch").write({name: [getattr(row, name) for row in seen] for name in Seen._fields})
    columns = [name for name in Told._fields if name != "xml"]
    folder.writer("air_events").write({name: [getattr(row, name) for row in told] for name in columns})
    for row in told:
        if row.message:
            file = folder.path / row.message
            file.parent.mkdir(exist_ok=True)
            file.write_text(row.xml, encoding="utf-8")
