"""Give a signal into the hands of a Python object: what it may see, what it may order, and what is refused.

The object sees the detectors that it declared and its own lights, nothing else, and orders stages. The kernels carry an
order out with the yellow and all-red that were laid out beforehand, so no order can make a conflict.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..kernels import traffic_tables as table
from ..scenarios.signal_ways import lanes_before, lights_for
from .remembering import Remembers, State, kept

if TYPE_CHECKING:
    from ..scenarios.network import Bytes, RoadNetwork
    from ..scenarios.signal_ways import Stages
    from .fleet import Fleet

Turn = tuple[str, str]  # from link, to link


@dataclass(frozen=True, slots=True)
class Detector:
    """A loop that a controller wants, across all lanes of a link or in one of them."""

    name: str
    link: str
    lane: int | None = None  # 0 at the kerb
    before_line_m: float = 25.0  # how far before the stop line; at the link's beginning where that is nearer


@dataclass(frozen=True, slots=True)
class Reading:
    """What a detector felt since the controller was last asked."""

    count: int  # vehicles that came over it
    occupancy: float  # share of the time in which a vehicle stood on it, of its busiest lane
    speed_mps: float  # mean of the vehicles counted, nan without any


class SignalController(Remembers):
    """Decides at one signal. Subclass it, and override ``decide`` at least.

    Examples
    --------
    >>> class Alternate(SignalController):
    ...     '''Change every 30 s.'''
    ...
    ...     every_s = 30.0
    ...
    ...     def decide(self, t_s, signal, readings):
    ...         return (signal.stage + 1) % signal.stage_count
    """

    every_s: float = 5.0  # how often it is asked, simulated seconds

    def detectors(self, signal: SignalView) -> Sequence[Detector]:
        """Loops that it wants to see."""
        return ()

    def stages(self, signal: SignalView) -> Sequence[Collection[Turn]]:
        """Stages besides those of the programme, each by the turns that have green in it."""
        return ()

    def decide(self, t_s: float, signal: SignalView, readings: Mapping[str, Reading]) -> int | None:
        """Stage that is to have green; None or the present one to leave things as they are."""
        raise NotImplementedError

    def state(self) -> State:
        """What it knows, for a snapshot of the run: its attributes, which must be plain values or arrays.

        Override it, and ``restore``, where they are not.
        """
        return {name: kept(value) for name, value in vars(self).items()}

    def restore(self, state: State) -> None:
        """Know again what it knew."""
        for name, value in state.items():
            setattr(self, name, kept(value))


class SignalView:
    """One signal as its controller sees it."""

    def __init__(self, network: RoadNetwork, controller: int) -> None:
        self.id = network.signals.id[controller]
        self._network, self._controller = network, controller
        self._stages: Stages | None = None
        self._least_s: NDArray[np.float64] = np.zeros(0)
        self._fleet: Fleet | None = None
        self._member = 0
        self._wrong: dict[int, str] = {}  # stages that may not be ordered, and why

    def prepare(self, wanted: Sequence[Collection[Turn]], own: int) -> list[Bytes]:
        """Lights of stages by their turns, behind ``own`` of the programme; notes which of them may not be shown.

        Raises
        ------
        ValueError
            When a turn is not one of this signal.
        """
        group, lights = self._groups(), []
        for number, turns in enumerate(wanted):
            unknown = [turn for turn in turns if turn not in group]
            if unknown:
                msg = f"signal {self.id} has no turn from {unknown[0][0]} to {unknown[0][1]}; see SignalView.turns"
                raise ValueError(msg)
            light, wrong = lights_for(self._network, self._controller, {g for turn in turns for g in group[turn]})
            if wrong:
                self._wrong[own + number] = wrong
            lights.append(light)
        return lights

    def attach(self, fleet: Fleet, member: int, stages: Stages, least_s: NDArray[np.float64]) -> None:
        """Show the lights of a run."""
        self._fleet, self._member, self._stages, self._least_s = fleet, member, stages, least_s

    def _groups(self) -> dict[Turn, set[int]]:
        connectors, links = self._network.connectors, self._network.links.id
        found: dict[Turn, set[int]] = {}
        for connector in np.flatnonzero(connectors.signal == self._controller).tolist():
            lanes = connectors.from_lane[connector], connectors.to_lane[connector]
            start, end = (links[self._network.lanes.link[lane]] for lane in lanes)
            found.setdefault((start, end), set()).add(int(connectors.group[connector]))
        return found

    @property
    def approaches(self) -> tuple[str, ...]:
        """Ids of the links that lead to its lights."""
        lanes = lanes_before(self._network, self._controller)
        return tuple(self._network.links.id[link] for link in np.unique(self._network.lanes.link[lanes]))

    @property
    def turns(self) -> tuple[Turn, ...]:
        """From which link to which it shows lights."""
        return tuple(sorted(self._groups()))

    @property
    def stage_count(self) -> int:
        """Number of stages: those of the programme in its order, and the controller's own behind them."""
        return 0 if self._stages is None else self._stages.count

    def greens(self, stage: int) -> tuple[Turn, ...]:
        """Turns that have green in a stage."""
        if self._stages is None:
            return ()
        shown = self._stages
        return tuple(
            turn for turn, groups in sorted(self._groups().items()) if any(shown.has_green(stage, g) for g in groups)
        )

    @property
    def stage(self) -> int:
        """The stage that runs, or the one whose turn comes after the present yellow and all-red."""
        return self._number(table.STAGE)

    @property
    def is_changing(self) -> bool:
        """Whether yellow and all-red are being shown."""
        return self._number(table.WAY_END) >= 0

    @property
    def green_s(self) -> float:
        """How long the present stage has run, s; 0 while it is being changed to."""
        if self._fleet is None or self.is_changing:
            return 0.0
        row = self._number(table.FIRST_STAGE) + table.STAGE_ROWS * self.stage + table.SINCE
        return float(self._fleet.cities.phase_s[self._member, row])

    @property
    def least_left_s(self) -> float:
        """What is left of the present stage's shortest green, s."""
        if self._fleet is None or self.is_changing:
            return 0.0
        if self._number(table.PHASE) != self._number(table.FIRST_STAGE) + table.STAGE_ROWS * self.stage + table.LEAST:
            return 0.0
        cities = self._fleet.cities
        left_s = float(cities.controller_f[self._member, table.PHASE_LEFT_S, self._controller]) - cities.step_s
        return max(0.0, round(left_s, 9))

    def refusal(self, stage: object) -> str:
        """Why an order cannot be carried out now, "" where it can."""
        if isinstance(stage, bool) or not isinstance(stage, (int, np.integer)):
            return f"{stage!r} is not the number of a stage"
        if not 0 <= stage < self.stage_count:
            return f"no stage {stage}: there are 0 to {self.stage_count - 1}"
        if int(stage) in self._wrong:
            return f"stage {stage} is no stage: {self._wrong[int(stage)]}"
        if stage == self.stage:
            return ""
        if self.is_changing:
            return f"stage {stage} in the yellow and all-red before stage {self.stage}"
        if self.least_left_s > 0.0:
            return (
                f"stage {stage} before the shortest green of stage {self.stage} is over ({self.least_left_s:g} s left)"
            )
        return ""

    def order(self, stage: int) -> None:
        """Let the kernels change to a stage in the coming step; ``refusal`` has been asked."""
        if self._fleet is not None:
            self._fleet.cities.controller_i[self._member, table.COMMAND, self._controller] = stage

    def _number(self, column: int) -> int:
        if self._fleet is None:
            msg = "the run has not begun: there are no lights yet"
            raise RuntimeError(msg)
        return int(self._fleet.cities.controller_i[self._member, column, self._controller])


class DetectorBook(Remembers):
    """Keeps what the detectors of one controller had felt when it was last asked."""

    KEEPS = ("_before",)

    def __init__(self, fleet: Fleet, member: int, rows: Mapping[str, Sequence[int]]) -> None:
        self._fleet, self._member, self._rows = fleet, member, rows
        self._before = fleet.cities.sensor[member].copy()

    def read(self, span_s: float) -> dict[str, Reading]:
        """Readings since the last time, ``span_s`` seconds ago."""
        now = self._fleet.cities.sensor[self._member].copy()
        change, self._before = now - self._before, now
        readings = {}
        for name, rows in self._rows.items():
            count = int(change[table.SENSOR_COUNT, rows].sum())
            speed = float(change[table.SENSOR_SPEED_SUM, rows].sum()) / count if count else float("nan")
            occupied_s = float(change[table.SENSOR_OCCUPIED_S, rows].max())
            readings[name] = Reading(count, min(1.0, occupied_s / span_s) if span_s > 0.0 else 0.0, speed)
        return readings
