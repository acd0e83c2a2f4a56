"""Take what a fit needs out of observations: examined, cleaned, of one day, on the streets of a scenario."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ...scenarios.data_health import Health, examine, refuse_outages
from ...scenarios.lone_counts import read_lone_counts
from ...scenarios.network import Floats, RoadNetwork
from ...scenarios.observed import Observed
from ...scenarios.observed_days import days_of, observed_on
from ...scenarios.planner_words import lasting
from ...scenarios.problems import NO_VALUE, Problem, ScenarioError
from ...scenarios.readings import DAY_S
from ...scenarios.scenario import Scenario
from ...scenarios.sensor_cleaning import Cleaned, clean
from ...scenarios.sensor_files import read_observations
from ...scenarios.sensor_places import positions
from ...scenarios.walk_network import WalkNetwork
from ..network_check import SCENARIO_ENDINGS


@dataclass(frozen=True, slots=True, eq=False)
class ForFit:
    """Observations as a fit takes them; shapes ``[row]`` of ``observed``."""

    observed: Observed
    x_m: Floats  # where each was observed, NaN: not known
    y_m: Floats
    days: tuple[dt.date, ...]  # on which anything was observed
    health: Health
    cleaned: Cleaned
    said: tuple[str, ...]  # what a report must say: what was fitted in spite of a refusal


def observed_for(
    file: Path,
    scenario: Scenario,
    network: RoadNetwork,
    *,
    day: dt.date | None = None,
    force: bool = False,
    weights: Mapping[str, float] | None = None,
    walk: WalkNetwork | None = None,
) -> ForFit:
    """Read, examine and clean observations, and take those of a scenario's run.

    Parameters
    ----------
    file
        A description (YAML), or a lone table of counts.
    scenario, network, walk
        Whose run and streets.
    day
        Another day than the scenario's, at the same time of day.
    force
        Go on in spite of an outage.
    weights
        Of a reading in a loss, by kind; 1 where they say nothing.

    Raises
    ------
    ScenarioError
        Something cannot be read, nothing may be fitted to it, or nothing was observed during the run.
    """
    begins = scenario.start.replace(tzinfo=None)
    if file.suffix in SCENARIO_ENDINGS:
        described = read_observations(file)
    else:
        described = read_lone_counts(file, begins, min(scenario.duration_s, DAY_S))
    health = examine(described, network, scenario, walk)
    said = refuse_outages(health, force=force)
    cleaned = clean(health)
    assert health.placed is not None, "streets were given"
    own = cleaned.readings
    if described.about is not None:
        own = own.part(own.source == described.about)
    at = begins if day is None else dt.datetime.combine(day, begins.time())
    observed = observed_on(own, health.placed, at, scenario.duration_s, weights=weights)
    days = tuple(days_of(own))
    if not len(observed):
        raise ScenarioError(Problem(file, None, "", NO_VALUE, _nothing_then(at, scenario.duration_s, days)))
    row = {sensor.name: number for number, sensor in enumerate(own.sensors)}
    sensor = np.array([row[name] for name in observed.sensor_id])
    x_m, y_m = positions(own, health.placed, network)
    return ForFit(observed, x_m[sensor], y_m[sensor], days, health, cleaned, tuple(said))


def _nothing_then(at: dt.datetime, duration_s: float, days: tuple[dt.date, ...]) -> str:
    when = f"has no reading of a known link in the {lasting(duration_s)} from {at:%Y-%m-%d %H:%M} on"
    if not days:
        return f"{when}, nor on any other day."
    return f"{when}. It has readings from {days[0]} to {days[-1]}: change the scenario's `start`, or choose a day."
