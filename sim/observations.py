"""Examine observations for a person: read them, hold them against a scenario's streets, tell what is doubtful."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..scenarios.data_health import Health, examine
from ..scenarios.lone_counts import read_lone_counts
from ..scenarios.observed_days import days_of
from ..scenarios.readings import DAY_S
from ..scenarios.sensor_files import read_observations
from ..scenarios.sensor_findings import FINDINGS, WHOLE_FILE, Finding, Severity
from .network_check import SCENARIO_ENDINGS
from .report import style

if TYPE_CHECKING:
    from ..scenarios.network import RoadNetwork
    from ..scenarios.scenario import Scenario

PRINTED = 5  # findings of each sort
SEVERITY_WORDS = {
    Severity.REFUSED: "not to be fitted",
    Severity.WRONG: "wrong",
    Severity.DOUBTFUL: "doubtful",
    Severity.NOTE: "to be known",
}


@dataclass(frozen=True, slots=True)
class ExaminedData:
    """Observations, what is doubtful about them, and the streets they were held against (None: none were given)."""

    health: Health
    scenario: Scenario | None
    network: RoadNetwork | None


def examine_observations(file: Path, scenario: str | None = None) -> ExaminedData:
    """Read a description of observations (YAML), or a lone table of counts, and examine it.

    Parameters
    ----------
    file
        A table without times is taken for counts over the whole run of the scenario.
    scenario
        File or bundled name; instead of the one that the description names.

    Raises
    ------
    InputError
        When something cannot be read.
    """
    from ..scenarios.planned_streets import planned_streets
    from ..scenarios.scenario import load_scenario

    described = read_observations(file) if file.suffix in SCENARIO_ENDINGS else None
    wanted = scenario or (described.asked.scenario if described is not None else None)
    if wanted is not None and scenario is None and (file.parent / wanted).is_file():
        wanted = str(file.parent / wanted)
    loaded = None if wanted is None else load_scenario(wanted)
    if described is None:
        start, span_s = (None, None) if loaded is None else (loaded.start, min(loaded.duration_s, DAY_S))
        described = read_lone_counts(file, start, span_s)
    network = None if loaded is None else planned_streets(loaded)
    walk = None
    if network is not None and loaded is not None and any(one.kind == "walkers" for one in described.readings.sensors):
        from ..scenarios.load_network import load_walk_network

        walk = load_walk_network(
            loaded.city.source, network, loaded.network, period=loaded.period, changes=loaded.streets
        )
    return ExaminedData(examine(described, network, loaded, walk), loaded, network)


def examine_loops(scenario: Scenario, network: RoadNetwork) -> ExaminedData:
    """Examine what was counted at the loops of a scenario (`sensors[].observed`).

    Raises
    ------
    InputError
        When a table cannot be read.
    """
    from ..scenarios.loop_counts import read_loop_counts

    return ExaminedData(examine(read_loop_counts(scenario), network, scenario), scenario, network)


def as_dict(examined: ExaminedData) -> dict[str, Any]:
    """Everything that was found, for JSON."""
    health = examined.health
    readings = health.readings
    read = np.isfinite(readings.value)
    return {
        "file": str(health.described.file),
        "scenario": None if examined.scenario is None else examined.scenario.name,
        "timezone": readings.zone or None,
        "sensors": [_sensor_row(health, row, examined.network) for row in range(len(readings.sensors))],
        "readings": int(read.sum()),
        "days": [day.isoformat() for day in days_of(readings)],
        "may_be_fitted": not health.refused,
        "counts": health.counts(),
        "findings": [finding_row(health, found) for found in health.findings],
        "notes": list(health.described.notes),
    }


def finding_row(health: Health, found: Finding) -> dict[str, Any]:
    """One finding, for JSON and tables."""
    readings = health.readings
    timed = not np.isnan(found.begin_s)
    return {
        "severity": SEVERITY_WORDS[found.severity],
        "finding": found.sort,
        "words": FINDINGS[found.sort].words,
        "sensor": None if found.sensor == WHOLE_FILE else readings.sensors[found.sensor].name,
        "kind": None if found.sensor == WHOLE_FILE else readings.sensors[found.sensor].kind,
        "begin": readings.clock(found.begin_s).isoformat() if timed else None,
        "end": readings.clock(found.end_s).isoformat() if timed else None,
        "value": None if np.isnan(found.value) else found.value,
        "text": found.text,
        "way_out": found.way_out,
        "file": str(readings.files[found.source]) if found.source >= 0 else None,
        "line": found.line or None,
    }


def _sensor_row(health: Health, row: int, network: RoadNetwork | None) -> dict[str, Any]:
    readings, placed = health.readings, health.placed
    sensor, part = readings.sensors[row], readings.of(row)
    read = np.isfinite(readings.value[part])
    links = [] if placed is None or network is None else [network.links.id[link] for link in placed.links[row]]
    away_m = None if placed is None or np.isnan(placed.distance_m[row]) else round(float(placed.distance_m[row]), 1)
    return {
        "sensor": sensor.name,
        "kind": sensor.kind,
        "unit": sensor.measures.unit,
        "links": links,
        "lane": None if placed is None or placed.beside_lane[row] < 0 else int(placed.beside_lane[row]),
        "distance_m": away_m,
        "matched_by_coordinate": bool(placed is not None and placed.matched[row]),
        "readings": int(read.sum()),
        "empty": int((~read).sum()),
        "mean": float(readings.value[part][read].mean()) if read.any() else None,
        "findings": len(health.of(row)),
    }


def as_text(examined: ExaminedData) -> str:
    """The same for people: what may be done with it, then what was found, the gravest first."""
    health = examined.health
    readings = health.readings
    days = days_of(readings)
    when = f", {days[0]} to {days[-1]}" if len(days) > 1 else f", {days[0]}" if days else ""
    sensors, read = len(readings.sensors), int(np.isfinite(readings.value).sum())
    counted = f"{style.count(sensors, 'sensor')}, {style.count(read, 'reading')} on {style.count(len(days), 'day')}"
    no_streets = "none given (--on SCENARIO), so places were not checked."
    lines = [
        f"{counted}{when}; time zone {readings.zone or 'not said'}.",
        f"Streets: {no_streets if examined.network is None else examined.network.source}",
        *[f"Note: {note}" for note in health.described.notes],
        verdict(health),
    ]
    for sort, count in health.counts().items():
        own = [found for found in health.findings if found.sort == sort]
        lines += ["", f"{FINDINGS[sort].words} ({SEVERITY_WORDS[FINDINGS[sort].severity]}), {style.whole(count)}:"]
        for found in own[:PRINTED]:
            place = f" [{readings.files[found.source].name}:{found.line}]" if found.source >= 0 and found.line else ""
            parts = (health.name(found), found.when(readings), found.text)
            lines.append("  " + "  ".join(part for part in parts if part) + place)
        if count > PRINTED:
            lines.append(f"  … and {style.whole(count - PRINTED)} more. All: --json or -o PAGE.html")
        lines.append(f"  Way out: {FINDINGS[sort].way_out}")
    return "\n".join(lines)


def verdict(health: Health) -> str:
    """Whether anything may be fitted to it, in one sentence."""
    if health.refused:
        first = health.refused[0]
        return f"Not to be fitted as it is: {FINDINGS[first.sort].words} ({first.text.rstrip('.')})."
    grave = sum(found.severity >= Severity.DOUBTFUL for found in health.findings)
    if not grave:
        return "Nothing doubtful was found." if not health.findings else "Nothing doubtful was found; gaps are listed."
    wrong = len({found.sensor for found in health.findings if found.severity == Severity.WRONG} - {WHOLE_FILE})
    cannot = f"; at {style.count(wrong, 'sensor')} some readings cannot be right" if wrong else ""
    return f"May be fitted, with care: {style.count(grave, 'doubtful thing')}{cannot}."


def write_cleaned(health: Health, path: Path) -> None:
    """Write every reading as it was and as the description's rules leave it (CSV), with what was done about it."""
    from ..scenarios.sensor_cleaning import clean

    cleaned = clean(health)
    readings, raw = cleaned.readings, cleaned.raw
    words: dict[tuple[int, float], list[str]] = {}
    for change in cleaned.changes:
        words.setdefault((change.sensor, change.begin_s + change.moved_s), []).append(change.words)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["sensor", "kind", "begin", "interval_s", "value", "raw_value", "changes"])
        for row in range(len(readings)):
            sensor, begin_s = int(readings.sensor[row]), float(readings.begin_s[row])
            before = raw.value[cleaned.raw_row[row]] if cleaned.raw_row[row] >= 0 else np.nan
            writer.writerow(
                [
                    raw.sensors[sensor].name,
                    raw.sensors[sensor].kind,
                    readings.clock(begin_s).isoformat(),
                    f"{readings.span_s[row]:g}",
                    _cell(readings.value[row]),
                    _cell(before),
                    "; ".join(words.get((sensor, begin_s), [])),
                ]
            )


def _cell(value: float) -> str:
    return "" if np.isnan(value) else f"{value:.10g}"
