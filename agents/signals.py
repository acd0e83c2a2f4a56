"""Lay out the tables of signals that do not run by the clock alone: stages, ways between them, detectors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..kernels import traffic_tables as table
from ..scenarios.signal_control import ActuatedControl, FixedControl, MaxPressureControl, ObjectControl
from ..scenarios.signal_ways import lanes_before
from ..scenarios.trips import VEHICLE_CLASSES

if TYPE_CHECKING:
    from ..scenarios.controllers import ControlledSignal
    from ..scenarios.network import RoadNetwork

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]
Bytes = NDArray[np.int8]

CODE = {FixedControl: table.CLOCKED, ActuatedControl: table.ACTUATED, MaxPressureControl: table.MAX_PRESSURE}


@dataclass(slots=True)
class SignalTables:
    """What a fleet needs of its signals; names and shapes are those of ``City``, without members."""

    controller_i: Ints
    controller_f: Floats
    phase_s: Floats
    phase_light: Ints
    light: Bytes
    listed: Ints  # what was there before, and ways and approaches behind it


def detectors_of(network: RoadNetwork, signal: ControlledSignal) -> list[tuple[int, float]]:
    """Lane and place (m along it) of the detectors that a signal needs by itself."""
    control = signal.control
    if not isinstance(control, ActuatedControl):
        return []
    lanes = lanes_before(network, signal.stages.controller)
    length_m = network.links.length_m[network.lanes.link[lanes]]
    at_m = np.maximum(length_m - max(control.detector_m, 0.1), 0.1)
    return list(zip(lanes.tolist(), at_m.tolist(), strict=True))


def lay_out_signals(
    network: RoadNetwork,
    signals: Sequence[ControlledSignal],
    tables: SignalTables,
    detector_row: Mapping[tuple[int, float], int],
    step_s: float,
) -> SignalTables:
    """Add the stages and ways of some signals to tables in which all of them run by the clock.

    ``detector_row`` says in which row of the sensors each detector is (``detectors_of``).
    """
    phase_s, light_start, light = [tables.phase_s], [tables.phase_light.astype(np.int64)], [tables.light]
    listed, controller_i, controller_f = [tables.listed], tables.controller_i.copy(), tables.controller_f.copy()
    phases, lights, items = tables.phase_s.size, tables.light.size, tables.listed.size

    def add_phases(seconds: Sequence[float], shown: Bytes) -> int:
        """Add phases with a row of lights each, and return the first."""
        nonlocal phases, lights
        first, width = phases, shown.shape[1]
        phase_s.append(np.array(seconds, np.float64))
        light.append(shown.reshape(-1))
        light_start.append(lights + width * np.arange(1, len(seconds) + 1))
        phases, lights = phases + len(seconds), lights + shown.size
        return first

    def add_items(numbers: Sequence[int]) -> int:
        nonlocal items
        first = items
        listed.append(np.array(numbers, np.int32))
        items += len(numbers)
        return first

    for signal in signals:
        stages, control = signal.stages, signal.control
        c, count = stages.controller, stages.count
        rows, numbers = controller_i[:, c], controller_f[:, c]
        more_s = signal.most_s - signal.least_s
        if isinstance(control, MaxPressureControl):
            more_s = np.full(count, control.every_s)
        block = np.stack([signal.least_s, more_s, np.zeros(count), stages.ends_s], axis=1).reshape(-1)
        rows[table.FIRST_STAGE] = add_phases(block.tolist(), np.repeat(stages.light, table.STAGE_ROWS, axis=0))
        ways = []
        for pair in ((i, j) for i in range(count) for j in range(count)):
            way = stages.ways.get(pair)
            first = 0 if way is None or not way.phase_s else add_phases(way.phase_s, way.light)
            ways += [first, 0 if way is None else len(way.phase_s)]
        rows[table.FIRST_WAY] = add_items(ways)
        approaches = _approaches(network, signal, detector_row)
        rows[table.FIRST_APPROACH] = add_items(approaches)
        rows[table.APPROACHES] = len(approaches) // 3
        rows[table.CONTROL], rows[table.STAGES], rows[table.COMMAND] = (
            CODE.get(type(control), table.COMMANDED),
            count,
            -1,
        )
        rows[table.RECALLED], rows[table.EXTENDED] = _bits(signal.recalled), _bits(signal.extended)
        rows[table.SKIPS] = signal.skips
        rows[table.URGENT] = _class_bits(control.preemption)
        numbers[table.REACH_M] = control.reach_m
        if not isinstance(control, ObjectControl):
            rows[table.FAVOURED] = _class_bits(control.priority)
            numbers[table.WAITS_S] = control.max_wait_s
        if isinstance(control, ActuatedControl):
            numbers[table.PASSAGE_S] = control.passage_s
        if isinstance(control, MaxPressureControl):
            numbers[table.LONGEST_RED_S] = control.longest_red_s
        programme = slice(*network.signals.phase_start[c : c + 2])
        cycle_s = float(network.signals.phase_s[programme].sum())
        numbers[table.CYCLE_S] = cycle_s
        numbers[table.CLOCK_S] = (-network.signals.offset_s[c]) % cycle_s - step_s
        stage = _stage_at_start(stages.begins_s, stages.ends_s, (-network.signals.offset_s[c]) % cycle_s)
        rows[table.STAGE], rows[table.WAY_END] = stage, -1
        rows[table.PHASE] = rows[table.FIRST_STAGE] + table.STAGE_ROWS * stage + table.LEAST
        numbers[table.PHASE_LEFT_S] = signal.least_s[stage] + step_s
    return SignalTables(
        controller_i,
        controller_f,
        np.concatenate(phase_s),
        np.concatenate(light_start).astype(np.int32),
        np.concatenate(light).astype(np.int8),
        np.concatenate(listed).astype(np.int32),
    )


def _stage_at_start(begins_s: Floats, ends_s: Floats, into_s: float) -> int:
    """The stage that the programme runs at a second of its cycle, or the one that comes next."""
    after = np.flatnonzero(ends_s > into_s + 1e-9)
    return int(after[np.argmin(ends_s[after])]) if after.size else int(np.argmin(begins_s))


def _approaches(
    network: RoadNetwork, signal: ControlledSignal, detector_row: Mapping[tuple[int, float], int]
) -> list[int]:
    """Lane, row of its detector (-1: none) and bits of the stages in which it has green, lane after lane."""
    connectors, stages = network.connectors, signal.stages
    detector = {lane: detector_row[lane, at_m] for lane, at_m in detectors_of(network, signal)}
    found = []
    for lane in lanes_before(network, stages.controller).tolist():
        mine = (connectors.from_lane == lane) & (connectors.signal == stages.controller)
        groups = np.unique(connectors.group[mine]).tolist()
        greens = [stage for stage in range(stages.count) if any(stages.has_green(stage, group) for group in groups)]
        found += [lane, detector.get(lane, -1), _bits(greens)]
    return found


def _bits(rows: Sequence[int]) -> int:
    return sum(1 << row for row in rows)


def _class_bits(names: Sequence[str]) -> int:
    return _bits([VEHICLE_CLASSES.index(name) for name in names])
