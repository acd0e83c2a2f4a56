"""Check what a scenario says of warnings and of measures against bad air: their files, and what they name."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from .air_measures import AirDetour, CancelledWalks, SourceCap
from .air_series import AirSeries, read_air_series
from .demand_tables import Column, read_table
from .measures import LowEmissionZone
from .network import Floats, RoadNetwork
from .problems import NO_VALUE, Problem, ScenarioError, closest_hint
from .yaml_lines import key_text

if TYPE_CHECKING:
    from .air_warnings import AirWarning
    from .scenario import Scenario

MOST_UGM3 = 1e6


def check_air(scenario: Scenario, network: RoadNetwork | None) -> list[Problem]:
    """Every problem of warnings and of the measures that wait for them."""
    problems = [problem for row, _ in enumerate(scenario.air_warnings) for problem in _of_warning(scenario, row)]
    return [*problems, *_of_measures(scenario, network)]


def series_of(warning: AirWarning) -> AirSeries:
    """What a warning watches that looks at a file.

    Raises
    ------
    ScenarioError
        With every problem of the file.
    """
    assert warning.series is not None, "it watches the air of the run"
    series, problems = read_air_series(warning.series)
    if series is None:
        raise ScenarioError(problems)
    return series


def concentrations_of(file: Path, network: RoadNetwork) -> tuple[Floats, list[Problem]]:
    """Concentration in streets by a table, µg/m³ (``[link]``), and what is wrong with it."""
    ugm3 = np.zeros(network.link_count)
    table, complaints = read_table(file, (Column("link"), Column("ugm3")))
    if table is None:
        return ugm3, complaints.problems()
    links, values = table.text("link"), table.numbers("ugm3", low=0.0, high=MOST_UGM3, unit=" µg/m³")
    seen: set[str] = set()
    for row, link in enumerate(links):
        if link not in network.link_row:
            said = f"no such link.{closest_hint(link, network.link_row)} List all: citytwin network FILE --links"
            complaints.add("link", row, "link", link, said)
        elif link in seen:
            complaints.add("double", row, "link", link, "is there twice. Keep one row.")
        else:
            ugm3[network.link_row[link]] = values[row]
        seen.add(link)
    return ugm3, complaints.problems()


def _of_warning(scenario: Scenario, row: int) -> Iterator[Problem]:
    warning = scenario.air_warnings[row]
    if warning.series is None:
        yield from _of_receptors(scenario, row)
        return
    series, problems = read_air_series(warning.series)
    yield from problems
    if series is None:
        return
    for number, name in enumerate(warning.stations or ()):
        if name not in series.stations:
            said = f"no such station in {warning.series.name}.{closest_hint(name, series.stations)}"
            said += f" It has: {', '.join(series.stations)}."
            yield _about(scenario, ("air_warnings", row, "stations", number), said)
    measured = [name for name, _ in warning.means if name in series.pollutants]
    if not measured:
        key = "pollutant" if warning.index is None else "index"
        said = f"nothing of it was measured in {warning.series.name}, only {', '.join(series.pollutants)}."
        yield _about(scenario, ("air_warnings", row, key), said)


def _of_receptors(scenario: Scenario, row: int) -> Iterator[Problem]:
    """A warning about receptors that are not there, or about what nobody works out for them."""
    warning, air = scenario.air_warnings[row], scenario.air
    known = [] if air is None else [one.id for one in air.receptors]
    for number, name in enumerate(warning.receptors or ()):
        if name not in known and not scenario.lacks(f"air.receptors[{name}]"):
            said = f"no such receptor.{closest_hint(name, known)} "
            said += f"All: {', '.join(known)}." if known else "Say under `air: receptors` where the air is breathed."
            yield _about(scenario, ("air_warnings", row, "receptors", number), said)
    if air is not None and not any(name in air.pollutants for name, _ in warning.means):
        key = "pollutant" if warning.index is None else "index"
        said = f"nothing of it is worked out, only {', '.join(air.pollutants)}. Add it to `air: pollutants`."
        yield _about(scenario, ("air_warnings", row, key), said)


def _of_measures(scenario: Scenario, network: RoadNetwork | None) -> Iterator[Problem]:
    known = {warning.id: [level.name for level in warning.levels] for warning in scenario.air_warnings}
    for row, measure in enumerate(scenario.measures):
        wanted = measure.when
        if wanted is not None and scenario.lacks(f"air_warnings[{wanted.warning}]"):
            pass  # told there
        elif wanted is not None and wanted.warning not in known:
            said = f"no such warning.{closest_hint(wanted.warning, known)} "
            said += f"All: {', '.join(known)}." if known else "Say what is watched under `air_warnings`."
            yield _about(scenario, ("measures", row, "when", "warning"), said)
        elif wanted is not None and wanted.level not in known[wanted.warning]:
            levels = known[wanted.warning]
            said = f"no such level of it.{closest_hint(wanted.level, levels)} All: {', '.join(levels)}."
            yield _about(scenario, ("measures", row, "when", "level"), said)
        if isinstance(measure, CancelledWalks) and not scenario.walks:
            said = "nobody walks in this scenario. Say who does under `walks`, or leave this out."
            yield _about(scenario, ("measures", row, "kind"), said)
        by_standard = isinstance(measure, LowEmissionZone) and measure.least_euro
        no_fleet = scenario.air is None or scenario.air.fleet is None
        if by_standard and no_fleet and not scenario.lacks("air.fleet"):
            said = "nothing says which standards the vehicles keep. Give `air: {fleet: {country: DE, year: 2024}}`."
            yield _about(scenario, ("measures", row, "least_euro"), said)
        if isinstance(measure, AirDetour) and measure.concentrations is not None and network is not None:
            yield from concentrations_of(measure.concentrations, network)[1]
        elif isinstance(measure, AirDetour) and measure.concentrations is None and _no_air(scenario):
            said = "nobody works out the air of this run. Give `air`, or a table of `concentrations`."
            yield _about(scenario, ("measures", row, "pollutant"), said)
        if isinstance(measure, SourceCap):
            yield from _of_cap(scenario, row, measure)


def _no_air(scenario: Scenario) -> bool:
    """Whether nobody asks for the air, not even wrongly."""
    return scenario.air is None and not scenario.lacks("air")


def _of_cap(scenario: Scenario, row: int, cap: SourceCap) -> Iterator[Problem]:
    known = [] if scenario.air is None else [one.id for one in scenario.air.sources]
    if not known and scenario.lacks("air.sources"):
        return  # told there
    if not known:
        said = "there are no sources. Say who emits under `air: sources`, or leave this out."
        yield _about(scenario, ("measures", row, "kind"), said)
        return
    for number, name in enumerate(cap.sources or ()):
        if name not in known and not scenario.lacks(f"air.sources[{name}]"):
            said = f"no such source.{closest_hint(name, known)} All: {', '.join(known)}."
            yield _about(scenario, ("measures", row, "sources", number), said)


def _about(scenario: Scenario, place: tuple[str | int, ...], text: str) -> Problem:
    if scenario.source_map is not None:
        return scenario.source_map.problem(place, text)
    return Problem(scenario.file, None, key_text(place), NO_VALUE, text)
