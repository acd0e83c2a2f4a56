"""Check that what a scenario says of signals fits them: junctions, numbers of stages, groups that keep step."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from pydantic import ValidationError

from .controllers import control_of, holds_for
from .coordination import common_cycle_s, shortest_cycle_s, stretch_between
from .network import RoadNetwork
from .problems import Problem, shown_value
from .signal_control import FixedControl, SignalControl
from .signal_ways import MOST_STAGES, stage_count
from .yaml_lines import Written

Place = tuple[str | int, ...]
FindSignal = Callable[[Place, str], Iterator[Problem]]


def check_signals(tree: Written, network: RoadNetwork, no_such_signal: FindSignal) -> Iterator[Problem]:
    """Problems of the section ``signals``, and of signal plans for signals that do not run by the clock.

    ``no_such_signal`` gives the problem of a place whose value is not the id of a signal, or nothing.
    """
    section = tree.child("signals")
    if section is None:
        return
    control, groups = section.child("control"), section.at("coordination").child("groups")
    named: list[tuple[Place, str]] = []
    for row, entry in enumerate(_items(control)):
        for column, name in enumerate(_items(entry.child("junctions"))):
            if isinstance(name.value, str):
                named.append((("signals", "control", row, "junctions", column), name.value))
    for row, group in enumerate(_items(groups)):
        for column, name in enumerate(_items(group)):
            if isinstance(name.value, str):
                named.append((("signals", "coordination", "groups", row, column), name.value))
    wrong = [problem for place, name in named for problem in no_such_signal(place, name)]
    yield from wrong
    try:
        signals = SignalControl.model_validate(section.plain())
    except ValidationError:
        return  # reported with the file
    if not wrong:
        yield from _controls(tree, signals, network)
        yield from _groups(tree, signals, network)
        yield from _plans(tree, signals, network)


def _controls(tree: Written, signals: SignalControl, network: RoadNetwork) -> Iterator[Problem]:
    for row, entry in enumerate(signals.control):
        place: Place = ("signals", "control", row)
        held = [controller for controller in range(len(network.signals.id)) if holds_for(entry, network, controller)]
        if not held:
            yield tree.problem(place, "speaks of no signal: none is of these junctions and road classes.")
        for key in ("min_greens_s", "max_greens_s"):
            listed: tuple[float, ...] = getattr(entry, key, None) or ()
            for controller in held if listed else ():
                count = stage_count(network, controller)
                if count != len(listed):
                    name = shown_value(network.signals.id[controller])
                    yield tree.problem((*place, key), f"has {len(listed)} values, but {name} has {count} stages.")
                    break
        if entry.junctions is not None and not isinstance(entry, FixedControl):
            for column, name in enumerate(entry.junctions):
                count = stage_count(network, network.signals.id.index(name))
                if not 1 <= count <= MOST_STAGES:
                    said = f"has {count} stages; this kind of control needs 1 to {MOST_STAGES}."
                    yield tree.problem((*place, "junctions", column), said)


def _groups(tree: Written, signals: SignalControl, network: RoadNetwork) -> Iterator[Problem]:
    coordination, controls = signals.coordination, control_of(signals, network)
    for row, group in enumerate(() if coordination is None else coordination.groups):
        place: Place = ("signals", "coordination", "groups", row)
        controllers = [network.signals.id.index(name) for name in group]
        assert coordination is not None
        cycle_s = common_cycle_s(network, controllers, coordination.cycle_s)
        for column, controller in enumerate(controllers):
            control = controls[controller]
            if control is not None and not isinstance(control, FixedControl):
                said = f"runs {control.kind}, not by the clock, so it cannot keep step."
                yield tree.problem((*place, column), said)
            need_s = shortest_cycle_s(network, controller)
            if need_s > cycle_s:
                said = f"needs a cycle of {need_s:g} s, its group has {cycle_s:g} s."
                yield tree.problem((*place, column), said)
            if column and stretch_between(network, controllers[column - 1], controller) is None:
                said = f"is not reached from {shown_value(group[column - 1])}: name signals in the order of driving."
                yield tree.problem((*place, column), said)


def _plans(tree: Written, signals: SignalControl, network: RoadNetwork) -> Iterator[Problem]:
    by_clock = [control is None for control in control_of(signals, network)]
    for row, event in enumerate(_items(tree.child("events"))):
        kind, junction = event.child("kind"), event.child("junction")
        if kind is None or kind.value != "signal_plan" or junction is None or junction.value not in network.signals.id:
            continue
        if not by_clock[network.signals.id.index(junction.value)]:
            said = "does not run by the clock alone (`signals`), so a signal plan would change nothing there."
            yield tree.problem(("events", row, "junction"), said)


def _items(listed: Written | None) -> list[Written]:
    return listed.value if listed is not None and isinstance(listed.value, list) else []
