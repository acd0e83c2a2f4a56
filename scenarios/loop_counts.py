"""Read what was counted at the loops of a scenario, as observations of their links."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import ValidationError

from .problems import NO_VALUE, Problem, ScenarioError
from .readings import Sensor
from .scenario import Scenario
from .sensor_files import Described, ObservationFile, read_described


def has_loop_counts(scenario: Scenario) -> bool:
    """Whether any loop of a scenario says what was counted there."""
    return any(loop.observed is not None for loop in scenario.sensors)


def read_loop_counts(scenario: Scenario) -> Described:
    """Counts of all loops with a table (`sensors[].observed`).

    A table has a column for values, and times (``time``, or ``time_s`` after the scenario's start); intervals are as
    long as the table says, else as the loop counts.

    Raises
    ------
    ScenarioError
        With every problem of every table.
    """
    start = scenario.start.replace(tzinfo=None)
    sensors, parts = {}, []
    for number, loop in enumerate(scenario.sensors):
        if loop.observed is None:
            continue
        name = loop.id or f"loop {number}"
        sensors[name] = Sensor(name, "count", (loop.link,), loop.lane)
        part: dict[str, Any] = {"file": str(loop.observed), "sensor": name, "interval_s": loop.every_s}
        parts.append({**part, "begins": start})
    file = scenario.file or Path()
    try:
        asked = ObservationFile.model_validate({"observations": 1, "files": parts})
    except ValidationError as error:
        said = str(error.errors(include_url=False)[0]["msg"]).removeprefix("Value error, ")
        raise ScenarioError(Problem(file, None, "sensors", NO_VALUE, said)) from None
    return read_described(file, asked, sensors=sensors)
