"""Examine observations before anybody fits anything to them, and say whether that may be done."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from .events import RoadClosure
from .network import CLASS_NAMES, RoadNetwork
from .planner_words import number
from .problems import NO_VALUE, Problem, ScenarioError
from .reading_grid import Grid, grids
from .readings import Readings
from .scenario import Scenario
from .sensor_conservation import conservation, turns_and_links
from .sensor_files import Described
from .sensor_findings import FINDINGS, WHOLE_FILE, Finding, Severity, in_order_of_gravity
from .sensor_health import doubtful_times, impossible_readings, impossible_travel_times, stuck_values, zeros_and_gaps
from .sensor_neighbours import clock_shifts, copies, drifts, outages_of_files, quiet_motorways
from .sensor_places import Placed, place_sensors
from .sensor_times import moments
from .walk_network import WalkNetwork

SHARED = frozenset({"gap", "double", "hour_never", "hour_twice"})  # told once where (nearly) all sensors have them
SHARED_SHARE, SHARED_AT_LEAST = 0.5, 4


@dataclass(frozen=True, slots=True, eq=False)
class Health:
    """What was found in observations, the gravest first."""

    described: Described
    placed: Placed | None  # None: no streets were given
    findings: tuple[Finding, ...]

    @property
    def readings(self) -> Readings:
        """What was examined."""
        return self.described.readings

    @property
    def refused(self) -> tuple[Finding, ...]:
        """Because of which nothing is fitted to all of this unless somebody insists."""
        return tuple(found for found in self.findings if found.severity == Severity.REFUSED)

    def of(self, sensor: int) -> tuple[Finding, ...]:
        """Findings of one sensor."""
        return tuple(found for found in self.findings if found.sensor == sensor)

    def counts(self) -> dict[str, int]:
        """How many findings there are of each sort, the gravest first."""
        counted = Counter(found.sort for found in self.findings)
        return {sort: counted[sort] for sort in FINDINGS if counted[sort]}

    def name(self, found: Finding) -> str:
        """Whom a finding is about."""
        return "the file" if found.sensor == WHOLE_FILE else self.readings.sensors[found.sensor].name


def examine(
    described: Described,
    network: RoadNetwork | None = None,
    scenario: Scenario | None = None,
    walk: WalkNetwork | None = None,
) -> Health:
    """Look for everything doubtful; places need the streets, closures the scenario."""
    readings = described.readings
    placed = None if network is None else place_sensors(readings, network, walk)
    lanes = np.full(len(readings.sensors), np.nan) if placed is None else placed.lanes
    found: list[Finding] = [
        *impossible_readings(readings, lanes),
        *doubtful_times(readings, described.never, described.twice),
    ]
    seen: set[int] = set()
    for grid in grids(readings):
        found += _of_grid(grid)
        seen |= {one.source for one in found if one.sort == "outage_file"}
        if placed is not None and network is not None:
            found += [*conservation(grid, placed, network), *turns_and_links(grid, placed, network)]
    if placed is not None and network is not None:
        found += placed.findings
        length_m = np.array([network.links.length_m[rows].sum() if rows.size else np.nan for rows in placed.links])
        found += impossible_travel_times(readings, length_m)
        fast = np.isin(network.links.road_class, [CLASS_NAMES.index("motorway")])
        motorway = np.array([bool(rows.size and fast[rows].all()) for rows in placed.links])
        found += [one for one in quiet_motorways(readings, lanes, motorway) if one.source not in seen]
        if scenario is not None:
            found += _on_closed_links(readings, placed, network, scenario)
    found = [one for one in _together(found, readings) if _is_about(described, one)]
    return Health(described, placed, tuple(in_order_of_gravity(found)))


def _is_about(described: Described, found: Finding) -> bool:
    """Whether a finding is about the file that was asked for; all are where none was."""
    if described.about is None or found.source == described.about:
        return True
    readings = described.readings
    return (
        found.sensor != WHOLE_FILE
        and math.isnan(found.begin_s)
        and bool((readings.source[readings.of(found.sensor)] == described.about).any())
    )


def _together(found: list[Finding], readings: Readings) -> list[Finding]:
    """Findings that (nearly) all sensors share at one time, as one of the file."""
    alike: dict[tuple[str, float, float], list[Finding]] = {}
    for one in found:
        if one.sort in SHARED and one.sensor != WHOLE_FILE:
            alike.setdefault((one.sort, one.begin_s, one.end_s), []).append(one)
    most = max(SHARED_AT_LEAST, SHARED_SHARE * len(readings.sensors))
    shared = {key: group for key, group in alike.items() if len(group) >= most}
    own = [one for one in found if (one.sort, one.begin_s, one.end_s) not in shared or one.sensor == WHOLE_FILE]
    for group in shared.values():
        one = group[0]
        text = f"{len(group)} of {len(readings.sensors)} sensors: {one.text}"
        own.append(replace(one, sensor=WHOLE_FILE, value=math.nan, text=text))
    return own


def _of_grid(grid: Grid) -> Iterator[Finding]:
    usual = grid.usual()
    yield from outages_of_files(grid, usual)
    yield from zeros_and_gaps(grid, usual)
    yield from stuck_values(grid)
    yield from copies(grid)
    yield from drifts(grid)
    yield from clock_shifts(grid, usual)


def _on_closed_links(readings: Readings, placed: Placed, network: RoadNetwork, scenario: Scenario) -> Iterator[Finding]:
    """Vehicles counted on links that the scenario closes at that time."""
    start = scenario.start.replace(tzinfo=None).isoformat()
    start_s = float(moments([start], np.zeros(1, np.int32), None, readings.zone).utc_s[0])
    lanes = np.diff(network.links.lane_start)
    for event in scenario.events:
        if not isinstance(event, RoadClosure):
            continue
        rows = [network.link_row[name] for name in event.link_ids if name in network.link_row]
        shut = [row for row in rows if event.lanes is None or len(set(event.lanes)) >= lanes[row]]
        from_s, to_s = start_s + event.start_s, start_s + (math.inf if event.end_s is None else event.end_s)
        for sensor, links in enumerate(placed.links):
            if not np.isin(links, shut).any() or not readings.sensors[sensor].measures.poisson:
                continue
            part = readings.of(sensor)
            begin_s, value = readings.begin_s[part], readings.value[part]
            inside = (begin_s >= from_s) & (begin_s + readings.span_s[part] <= to_s) & (value > 0)
            if inside.any():
                own = np.flatnonzero(inside) + part.start
                text = (
                    f"{number(float(value[inside].sum()))} {readings.sensors[sensor].measures.unit} while "
                    f"{network.links.id[links[0]]} is closed in the scenario."
                )
                end_s = float(begin_s[inside].max() + readings.span_s[own[-1]])
                first = int(own[0])
                yield Finding(
                    *("closed_link", sensor, float(begin_s[inside].min()), end_s, float(value[inside].sum()), text),
                    source=int(readings.source[first]),
                    line=int(readings.line[first]),
                )


def refuse_outages(health: Health, *, force: bool = False) -> Sequence[str]:
    """Sentences for a report about what was fitted in spite of it; nothing where all is well.

    Raises
    ------
    ScenarioError
        Something is refused, and nobody insists (``force``).
    """
    if not health.refused:
        return []
    readings = health.readings
    if force:
        return [f"Fitted in spite of it (--force): {FINDINGS[one.sort].words}, {one.text}" for one in health.refused]
    raise ScenarioError(
        [
            Problem(
                readings.files[one.source] if one.source >= 0 else health.described.file,
                one.line or None,
                health.name(one) if one.sensor != WHOLE_FILE else "",
                NO_VALUE,
                f"{FINDINGS[one.sort].words}: {one.text} {one.way_out}",
            )
            for one in health.refused
        ]
    )
