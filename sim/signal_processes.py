"""Ask Python controllers what their signals shall show, each in its rhythm, and report what had to be refused."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..agents.fleet import Sensor
from ..agents.signal_controller import Detector, DetectorBook, SignalController, SignalView
from ..scenarios.controllers import ControlledSignal, control_of, controlled_signal
from ..scenarios.problems import InputError, ScenarioError
from ..scenarios.signal_control import ObjectControl, PythonControl
from ..scenarios.signal_ways import MOST_STAGES, stage_count
from .duties import Duty

if TYPE_CHECKING:
    from ..agents.fleet import Fleet
    from ..scenarios.network import RoadNetwork
    from ..scenarios.scenario import Scenario
    from .simulation import Simulation


@dataclass(slots=True)
class Commanded:
    """A signal and the object that decides there."""

    controller: SignalController
    view: SignalView
    signal: ControlledSignal
    loops: tuple[tuple[str, Sensor], ...]  # the detector's name, and a loop of it on one lane


def signals_of(
    scenario: Scenario, network: RoadNetwork, controllers: Mapping[str, SignalController]
) -> tuple[list[ControlledSignal], list[Commanded]]:
    """Signals that do not run by the clock alone, and among them those that Python objects decide at.

    ``controllers`` are objects by junction, instead of what the scenario says there.

    Raises
    ------
    InputError
        When a controller cannot be made, or wants what is not there.
    """
    unknown = sorted(set(controllers) - set(network.signals.id))
    if unknown:
        raise InputError(f"no signals at {', '.join(unknown)}, for which a controller is given")
    signals, commanded = [], []
    for row, control in enumerate(control_of(scenario.signals, network)):
        given = controllers.get(network.signals.id[row])
        if (control is None and given is None) or not 1 <= stage_count(network, row) <= MOST_STAGES:
            continue
        if given is not None:
            commanded.append(_commanded(given, ObjectControl(pedestrians=False), network, row))
            signals.append(commanded[-1].signal)
        elif isinstance(control, PythonControl):
            decider = load_controller(control.file, control.name)
            commanded.append(_commanded(decider, control, network, row))
            signals.append(commanded[-1].signal)
        elif control is not None:
            signals.append(controlled_signal(control, network, row))
    return signals, commanded


def load_controller(file: Path, name: str) -> SignalController:
    """Run a Python file and make an object of a class in it.

    Raises
    ------
    ScenarioError
        When the file cannot be run or has no such ``SignalController``.
    """
    spec = importlib.util.spec_from_file_location(f"citytwin_controller_{file.stem}", file)
    if spec is None or spec.loader is None:
        raise ScenarioError(f"{file}: not a Python file")
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
        kind = getattr(module, name, None)
        if not (isinstance(kind, type) and issubclass(kind, SignalController)):
            known = [key for key, value in vars(module).items() if _is_controller(value)]
            raise ScenarioError(f"{file}: no SignalController {name}. It has: {', '.join(known) or 'none'}.")
        return kind()
    except InputError:
        raise
    except Exception as error:
        raise ScenarioError(f"{file}: {type(error).__name__}: {error}") from error


def _is_controller(value: object) -> bool:
    return isinstance(value, type) and issubclass(value, SignalController) and value is not SignalController


def _commanded(decider: SignalController, control: ObjectControl, network: RoadNetwork, row: int) -> Commanded:
    view = SignalView(network, row)
    name = type(decider).__name__
    if not decider.every_s > 0.0:
        raise InputError(f"{name} at {view.id}: every_s ({decider.every_s}) must be above 0")
    try:
        more = view.prepare(decider.stages(view), stage_count(network, row))
        loops = tuple(loop for detector in decider.detectors(view) for loop in _loops(detector, network, view))
    except ValueError as error:
        raise InputError(f"{name} at {view.id}: {error}") from error
    return Commanded(decider, view, controlled_signal(control, network, row, more), loops)


def _loops(detector: Detector, network: RoadNetwork, view: SignalView) -> list[tuple[str, Sensor]]:
    link = network.link_row.get(detector.link)
    if link is None:
        raise ValueError(f"detector {detector.name!r}: no link {detector.link!r}")
    first, last = (int(lane) for lane in network.links.lane_start[link : link + 2])
    if detector.lane is not None and not 0 <= detector.lane < last - first:
        raise ValueError(f"detector {detector.name!r}: link {detector.link} has no lane {detector.lane}")
    lanes = range(first, last) if detector.lane is None else (first + detector.lane,)
    at_m = max(float(network.links.length_m[link]) - max(detector.before_line_m, 0.1), 0.1)
    return [(detector.name, Sensor(f"{view.id} {detector.name}", lane, at_m)) for lane in lanes]


def begin_controllers(simulation: Simulation, commanded: Sequence[Commanded]) -> None:
    """Put the controllers on the clock."""
    fleet = simulation.model.fleet
    for one in commanded:
        one.view.attach(fleet, 0, one.signal.stages, one.signal.least_s)
        book = DetectorBook(fleet, 0, _rows(fleet, one.loops))
        simulation.duties.begin(AskController(one, book), one.controller.every_s)


def _rows(fleet: Fleet, loops: Sequence[tuple[str, Sensor]]) -> dict[str, list[int]]:
    rows: dict[str, list[int]] = {}
    for name, loop in loops:
        rows.setdefault(name, []).append(fleet.sensors.index(loop))
    return rows


class AskController(Duty):
    """Ask one controller again and again, and pass on what it orders, or write down why not."""

    KEEPS = ("_book", "_controller", "_ordered")

    def __init__(self, one: Commanded, book: DetectorBook) -> None:
        self.name = f"controller of {one.view.id}"
        self._view, self._controller, self._book = one.view, one.controller, book
        self._every_s, self._ordered = one.controller.every_s, -1

    def act(self, simulation: Simulation) -> float:
        """Ask it once."""
        view = self._view
        if self._ordered >= 0 and view.stage != self._ordered:
            simulation.log("signal_command", view.id, f"stage {self._ordered} gave way to a vehicle with precedence")
        stage = self._controller.decide(simulation.env.now, view, self._book.read(self._every_s))
        self._ordered = -1
        if stage is None:
            return self._every_s
        why = view.refusal(stage)
        if why:
            simulation.log("signal_command", view.id, f"refused: {why}")
        elif stage != view.stage:
            view.order(int(stage))
            self._ordered = int(stage)
        return self._every_s
