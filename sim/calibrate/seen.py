"""Bring what was observed into one table of readings to fit: of streets, walkers, air, and of experiments."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ...scenarios.air import ReceptorPoint
from ...scenarios.coordination import coordinated
from ...scenarios.data_health import Health, refuse_outages
from ...scenarios.laboratory import read_experiments
from ...scenarios.loop_counts import has_loop_counts
from ...scenarios.network import Bools, Floats, RoadNetwork
from ...scenarios.observed import KINDS, NO_LINK, Observed
from ...scenarios.observed_days import days_of, leave_sensors_out, observed_on
from ...scenarios.problems import NO_VALUE, Problem, ScenarioError
from ...scenarios.scenario import load_scenario
from ...scenarios.sensor_cleaning import clean
from ...scenarios.sensor_findings import FINDINGS, Severity
from ...scenarios.sensor_places import positions
from ..observations import examine_loops, examine_observations
from ..run import network_of
from .gauges import OF_EXPERIMENTS, OF_TRAFFIC, Gauges
from .whole_runs import Instruments

if TYPE_CHECKING:
    from ...scenarios.air import Pollutant
    from ...scenarios.calibration_file import CalibrationFile
    from ...scenarios.readings import Readings
    from ...scenarios.scenario import Scenario

ALL_DAYS = ("clock_shift", "drift", "copy")  # findings that are about a sensor on every day
SHOWN = 10  # of what there may be many of
RECEPTOR = "sensor "  # before the names of sensors of the air that the scenario has no receptor for


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """What was observed within a run of the scenario, and on other days."""

    scenario: Scenario
    network: RoadNetwork
    instruments: Instruments
    other_days: Floats  # [day, reading], nan where nothing is known
    other_dates: tuple[str, ...]
    notes: tuple[str, ...]


def observed_by(asked: CalibrationFile, file: Path, scenario_file: str, *, force: bool) -> Seen:
    """Read everything that a calibration is to agree with.

    Raises
    ------
    InputError
        With every problem, or where there is nothing to fit.
    """
    parts: list[Gauges] = [_experiments(one.file, one.kind, asked.weights) for one in asked.experiments]
    if asked.observations is not None:
        examined, observations = examine_observations(asked.observations, scenario_file), asked.observations
    else:
        scenario = load_scenario(scenario_file)
        network = network_of(scenario)
        if not has_loop_counts(scenario):
            if not parts:
                said = "is missing: what was observed? The `sensors` of the scenario do not say it either (`observed`)."
                raise ScenarioError([Problem(file, None, "observations", NO_VALUE, said)])
            gauges, nowhere = _joined(parts), np.zeros(0)
            instruments = _split(gauges, nowhere, nowhere, asked, scenario)
            network = coordinated(network, scenario.signals.coordination)
            return Seen(scenario, network, instruments, np.zeros((0, len(gauges))), (), ())
        examined, observations = examine_loops(scenario, network), scenario.file or file
    health = examined.health
    assert examined.scenario is not None and health.placed is not None  # a scenario was named
    scenario = examined.scenario
    insisted = refuse_outages(health, force=force)
    network = coordinated(network_of(scenario), scenario.signals.coordination)
    readings = clean(health).readings
    days = days_of(readings)
    table = observed_on(readings, health.placed, scenario.start, scenario.duration_s, weights=asked.weights)
    pollutant, notes = _pollutant(asked, file, scenario, table), []
    usable, unfit = _usable(table, scenario, network)
    lost_air, unplaced = _air_nowhere(readings, scenario, table)
    usable, unfit = usable & ~lost_air, [*unfit, *unplaced]
    one_lane, of_lanes = _on_one_lane(readings, health, network, table)
    usable, unfit = usable & ~one_lane, [*unfit, *of_lanes]
    notes += unfit
    if not usable.any() and not parts:
        told = [f"{health.name(found)}: {found.text} {found.way_out}" for found in health.findings[:SHOWN]]
        told += [*unfit, _nothing(scenario, days)]
        raise ScenarioError([Problem(observations, None, "", NO_VALUE, text) for text in told])
    _refuse_negative(readings, table)
    notes += [said.rstrip(".") for said in insisted]
    notes += _doubts(health, scenario, readings)
    notes += _lost(readings, health)
    gauges = Gauges.gathered(table.part(usable))
    x_m, y_m = _places(readings, health, network, gauges.observed)
    receptor, points = _receptors(scenario, readings, gauges.observed)
    quality = {(one.name, one.kind): one.quality for one in readings.sensors}
    own = zip(gauges.observed.sensor_id, gauges.observed.kind.tolist(), strict=True)
    gauges = replace(gauges, receptor=receptor, quality=np.array([quality[name, KINDS[kind]] for name, kind in own]))
    instruments = _split(_joined([gauges, *parts]), x_m, y_m, asked, scenario)
    dates, other_days = _other_days(days, scenario, readings, health, instruments.gauges.observed)
    return Seen(
        scenario,
        network,
        replace(instruments, points=points, pollutant=pollutant),
        other_days,
        dates,
        tuple(notes),
    )


def _split(gauges: Gauges, x_m: Floats, y_m: Floats, asked: CalibrationFile, scenario: Scenario) -> Instruments:
    """Leave sensors out, one of each group of neighbours; of experiments neighbours in what they were made under."""
    experiments = gauges.condition[gauges.of_kinds(OF_EXPERIMENTS)]
    far = 10.0 * max(float(np.ptp(x_m)) if x_m.size else 1.0, 1.0)
    x_m, y_m = np.concatenate([x_m, np.full(experiments.size, far)]), np.concatenate([y_m, experiments])
    split = leave_sensors_out(gauges.observed, x_m, y_m, share=asked.left_out, seed=scenario.seed)
    weight = np.where(split.fitted, gauges.observed.weight, 0.0)
    return Instruments(replace(gauges, observed=replace(gauges.observed, weight=weight)))


def _experiments(file: Path, kind: str, weights: Mapping[str, float]) -> Gauges:
    found = read_experiments(file, kind)
    observed = replace(found.observed, weight=found.observed.weight * weights.get(kind, 1.0))
    return replace(Gauges.of(observed), condition=found.condition, receptor=("",) * len(observed))


def _joined(parts: Sequence[Gauges]) -> Gauges:
    """All readings in one table."""
    first = np.cumsum([0, *(len(part) for part in parts)])
    observed = [part.observed for part in parts]
    columns = {
        name: np.concatenate([getattr(one, name) for one in observed])
        for name in Observed.__dataclass_fields__
        if name != "sensor_id"
    }
    return Gauges(
        Observed(tuple(name for one in observed for name in one.sensor_id), **columns),
        np.concatenate([part.reading + first[row] for row, part in enumerate(parts)]),
        np.concatenate([part.link for part in parts]),
        np.concatenate([part.to_link for part in parts]),
        tuple(name for part in parts for name in (part.receptor or ("",) * len(part))),
        np.concatenate([part.condition if part.condition.size else np.full(len(part), np.nan) for part in parts]),
        np.concatenate([part.spread for part in parts]),
    )


def _usable(table: Observed, scenario: Scenario, network: RoadNetwork) -> tuple[Bools, list[str]]:
    """Which rows a run of the scenario has something for, and what was left out."""
    kind = np.array([KINDS[row] for row in table.kind], dtype=object)
    fit = np.isin(kind, OF_TRAFFIC) & (table.link != NO_LINK)
    said = []
    for row in np.flatnonzero(fit & (kind == "turning_count")).tolist():
        link, to_link = int(table.link[row]), int(table.to_link[row])
        first, last = network.links.movement_start[link : link + 2]
        if to_link not in network.movements.to_link[first:last]:
            fit[row] = False
            turn = f"{network.links.id[link]} into {network.links.id[to_link]}"
            said.append(f"{table.sensor_id[row]} is not fitted: nobody may turn from {turn}")
    walk = bool(scenario.walks) or scenario.evacuation is not None
    wants = (("walkers", walk, "nobody walks (`walks`)"), ("air", scenario.air is not None, "nobody asks for `air`"))
    for name, there, lacks in wants:
        rows = kind == name
        if there:
            fit |= rows
        elif rows.any():
            said.append(f"readings of {name} are not fitted: {lacks} in the scenario")
    return fit, list(dict.fromkeys(said))


def _pollutant(asked: CalibrationFile, file: Path, scenario: Scenario, table: Observed) -> Pollutant | None:
    """What readings of the air are of."""
    if scenario.air is None or not (table.kind == KINDS.index("air")).any():
        return None
    known = scenario.air.pollutants
    if asked.pollutant is not None:
        if asked.pollutant not in known:
            said = f"is not among `air.pollutants` of the scenario: {', '.join(known)}."
            raise ScenarioError([Problem(file, None, "pollutant", asked.pollutant, said)])
        return asked.pollutant
    if len(known) > 1:
        said = f"is missing: which of {', '.join(known)} do the readings of the air tell?"
        raise ScenarioError([Problem(file, None, "pollutant", NO_VALUE, said)])
    return known[0]


def _receptors(
    scenario: Scenario, readings: Readings, observed: Observed
) -> tuple[tuple[str, ...], tuple[ReceptorPoint, ...]]:
    """Receptor of each reading of the air (""), and those that the scenario has not: 1.5 m above the sensor's place."""
    air = observed.kind == KINDS.index("air")
    if scenario.air is None or not air.any():
        return ("",) * len(observed), ()
    have = {one.id for one in scenario.air.receptors if one.kind == "point"}
    name_of = {name: name if name in have else RECEPTOR + name for name in set(observed.sensor_id)}
    new = {one.name: one for one in readings.sensors if one.kind == "air" and one.name not in have}
    points = tuple(
        ReceptorPoint(kind="point", id=name_of[name], at=(new[name].lon, new[name].lat))
        for name in dict.fromkeys(np.array(observed.sensor_id, dtype=object)[air].tolist())
        if name in new
    )
    of_reading = zip(observed.sensor_id, air.tolist(), strict=True)
    return tuple(name_of[name] if is_air else "" for name, is_air in of_reading), points


def _air_nowhere(readings: Readings, scenario: Scenario, table: Observed) -> tuple[Bools, list[str]]:
    """Rows of the air whose sensors have no coordinate and no receptor of their name, and words."""
    have = set() if scenario.air is None else {one.id for one in scenario.air.receptors if one.kind == "point"}
    lost = {one.name for one in readings.sensors if one.kind == "air" and not one.placed and one.name not in have}
    air = table.kind == KINDS.index("air")
    rows: Bools = air & np.array([name in lost for name in table.sensor_id], np.bool_)
    names = sorted({name for name, gone in zip(table.sensor_id, rows.tolist(), strict=True) if gone})
    if not names or scenario.air is None:
        return rows, []
    shown = ", ".join(names[:SHOWN])
    return rows, [f"{len(names)} sensors of the air are not fitted, nobody knows where they are: {shown}"]


def _on_one_lane(readings: Readings, health: Health, network: RoadNetwork, table: Observed) -> tuple[Bools, list[str]]:
    """Rows of sensors that stand on one of several lanes, and words: a fit does not tell the lanes of a link apart."""
    placed, lanes = health.placed, np.diff(network.links.lane_start)
    assert placed is not None
    one_of_several = {
        (sensor.name, sensor.kind)
        for row, sensor in enumerate(readings.sensors)
        if placed.lane[row] >= 0 and placed.links[row].size and lanes[placed.links[row][0]] > 1
    }
    keys = list(zip(table.sensor_id, [KINDS[kind] for kind in table.kind.tolist()], strict=True))
    names = list(dict.fromkeys(key[0] for key in keys if key in one_of_several))
    rows = np.array([key in one_of_several for key in keys], np.bool_)
    if not names:
        return rows, []
    shown = ", ".join(names[:SHOWN])
    return rows, [f"{len(names)} sensors are not fitted, they stand on one of several lanes: {shown}. Add the lanes up"]


def _refuse_negative(readings: Readings, table: Observed) -> None:
    """Refuse readings below zero within the run: no distance to them means anything.

    Raises
    ------
    ScenarioError
        With each of them.
    """
    bad = {table.sensor_id[row] for row in np.flatnonzero(table.value < 0.0).tolist()}
    problems = []
    for row in np.flatnonzero(readings.value < 0.0).tolist():
        name = readings.sensors[int(readings.sensor[row])].name
        if name in bad:
            said = "is below zero. Put it right, or drop it: `cleaning: [{kind: drop, findings: [negative]}]`."
            line = int(readings.line[row]) or None
            problems.append(
                Problem(readings.files[int(readings.source[row])], line, name, float(readings.value[row]), said)
            )
    if problems:
        raise ScenarioError(problems)


def _doubts(health: Health, scenario: Scenario, readings: Readings) -> list[str]:
    """What is doubtful of what is fitted, for the report: of all days for clocks and places, else within the run."""
    start = scenario.start.replace(tzinfo=None)
    end = start + dt.timedelta(seconds=scenario.duration_s)
    said: dict[str, list[str]] = {}
    for found in health.findings:
        if not Severity.DOUBTFUL <= found.severity < Severity.REFUSED:
            continue
        timed = np.isfinite(found.begin_s) and found.sort not in ALL_DAYS
        if timed and not (readings.clock(found.begin_s) < end and readings.clock(found.end_s) > start):
            continue
        said.setdefault(found.sort, []).append(f"{health.name(found)}: {found.text.rstrip('.')}")
    return [
        f"{FINDINGS[sort].words} ({len(texts)}): {'; '.join(texts[:3])}{' …' if len(texts) > 3 else ''}. "
        f"{FINDINGS[sort].way_out.rstrip('.')}"
        for sort, texts in said.items()
    ]


def _lost(readings: Readings, health: Health) -> list[str]:
    placed = health.placed
    assert placed is not None
    lost = [
        sensor.name
        for row, sensor in enumerate(readings.sensors)
        if sensor.measures.place in ("link", "links", "turn") and not placed.links[row].size
    ]
    if not lost:
        return []
    return [f"{len(lost)} sensors are not fitted, nobody knows on which link they are: {', '.join(lost[:SHOWN])}"]


def _places(readings: Readings, health: Health, network: RoadNetwork, observed: Observed) -> tuple[Floats, Floats]:
    """Where each reading was made, m; those of walkers, whose links are others, where their sensors are or nowhere."""
    assert health.placed is not None
    x_m, y_m = positions(readings, health.placed, network)
    row_of = {(sensor.name, sensor.kind): row for row, sensor in enumerate(readings.sensors)}
    kinds = [KINDS[kind] for kind in observed.kind]
    rows = np.array([row_of[key] for key in zip(observed.sensor_id, kinds, strict=True)], np.int64)
    return np.nan_to_num(x_m[rows]), np.nan_to_num(y_m[rows])


def _nothing(scenario: Scenario, days: Sequence[dt.date]) -> str:
    known = f"{days[0]} to {days[-1]}" if days else "no day"
    return (
        f"has no counts within the run ({scenario.start:%Y-%m-%d %H:%M}, {scenario.duration_s:g} s). It has those of "
        f"{known}: set `start` and `duration_s` of the scenario so that whole intervals lie within."
    )


def _other_days(
    days: Sequence[dt.date], scenario: Scenario, readings: Readings, health: Health, observed: Observed
) -> tuple[tuple[str, ...], Floats]:
    """What was read on other days in the same intervals, ``[day, reading]``, nan where nothing was."""
    assert health.placed is not None
    dates, found = [], []
    for day in days:
        if day == scenario.start.date():
            continue
        start = dt.datetime.combine(day, scenario.start.time())
        rows = observed_on(readings, health.placed, start, scenario.duration_s)
        other = _matched(observed, Gauges.gathered(rows).observed) if len(rows) else np.full(len(observed), np.nan)
        if np.isfinite(other).any():
            dates.append(day.isoformat())
            found.append(other)
    return tuple(dates), np.array(found) if found else np.zeros((0, len(observed)))


def _matched(observed: Observed, other: Observed) -> Floats:
    """What the same sensors said in the same intervals of another day, nan where they did not."""

    def keys(table: Observed) -> list[Any]:
        columns = (table.kind, table.link, table.to_link, table.start_s, table.end_s)
        return list(zip(table.sensor_id, *(column.tolist() for column in columns), strict=True))

    known = dict(zip(keys(other), other.value.tolist(), strict=True))
    return np.array([known.get(key, np.nan) for key in keys(observed)])
