"""Examine a road network for a person: read any source, count, list links, and write maps and GIS files."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..scenarios.network import CLASS_NAMES, NO_PLACE, RoadNetwork
from .network_facts import fault_rows, network_facts, slope_facts
from .report import style
from .report.words import ASSUMED_NAMES, fault_name, place_name

if TYPE_CHECKING:
    from ..scenarios.network_doctor import Examination
    from ..scenarios.period import Period

FAULTS_PRINTED = 5  # of each kind
SCENARIO_ENDINGS = (".yaml", ".yml")


@dataclass(frozen=True, slots=True)
class Examined:
    """A network with what the network doctor says about it."""

    source: str
    network: RoadNetwork
    findings: Examination


@dataclass(frozen=True, slots=True)
class Found:
    """The road network that a person named, and what it was made of; see ``load_network``."""

    network: RoadNetwork
    origin: Path | str
    options: Any = None
    period: Period | None = None
    changes: Sequence[Any] = ()


def examine_source(source: str) -> Examined:
    """Read a network and let the network doctor look at it.

    Parameters
    ----------
    source
        An OSM or GraphML file, a bundled city (``monaco``), or a scenario (file or bundled name), whose network
        options then hold.

    Raises
    ------
    InputError
        When it cannot be read.
    """
    from ..scenarios.network_doctor import examine

    network = find_network(source).network
    return Examined(source, network, examine(network))


def find_network(source: str) -> Found:
    """Read the network that a person named; parameters and errors are those of ``examine_source``."""
    from ..scenarios.city import bundled_cities
    from ..scenarios.inherit import bundled_scenarios, find_scenario
    from ..scenarios.load_network import load_network
    from ..scenarios.planned_streets import planned_streets
    from ..scenarios.scenario import load_scenario

    cities = bundled_cities()
    if source.casefold() in cities and not Path(source).exists():
        file = cities[source.casefold()]
        return Found(load_network(file), file)
    if source.endswith(SCENARIO_ENDINGS) or (not Path(source).exists() and find_scenario(source)):
        scenario = load_scenario(source)
        network = planned_streets(scenario)
        return Found(network, scenario.city.source, scenario.network, scenario.period, scenario.streets)
    return Found(_file_or_place(source, [*cities, *bundled_scenarios()]), source)


def _file_or_place(source: str, bundled: Sequence[str]) -> RoadNetwork:
    """The network of a file or a place; a place that cannot be had may be a misspelt name of something bundled."""
    from ..scenarios.load_network import load_network
    from ..scenarios.problems import SourceError, closest_hint

    try:
        return load_network(source)
    except SourceError as error:
        hint = "" if Path(source).exists() else closest_hint(source, bundled, at_least=70.0)
        if not hint:
            raise
        msg = f"{error}{hint}"
        raise SourceError(msg) from error


def write_all(
    examined: Examined, *, geopackage: Path | None, picture: Path | None, geojson: Path | None
) -> dict[str, str]:
    """Write what is asked for; return what was written, by kind.

    Raises
    ------
    InputError
        When a file cannot be written.
    """
    from ..scenarios.network_doctor import write_geojson
    from .network_map import draw_network, write_geopackage

    network, faults = examined.network, examined.findings.faults
    return write_files(
        ("geopackage", geopackage, lambda path: write_geopackage(network, faults, path)),
        ("map", picture, lambda path: draw_network(network, faults, path)),
        ("geojson", geojson, lambda path: write_geojson(network, faults, path)),
    )


def write_files(*wanted: tuple[str, Path | None, Callable[[Path], None]]) -> dict[str, str]:
    """Write those files for which there is a path; return what was written, by kind.

    Raises
    ------
    InputError
        When a file cannot be written.
    """
    from ..scenarios.problems import NO_VALUE, InputError, Problem

    written = {}
    for kind, path, write in wanted:
        if path is None:
            continue
        try:
            write(path)
        except (OSError, ValueError, RuntimeError) as error:  # what matplotlib and GDAL raise on endings and folders
            raise InputError(Problem(path, None, "", NO_VALUE, f"cannot be written: {error}")) from error
        written[kind] = str(path)
    return written


def as_dict(examined: Examined) -> dict[str, Any]:
    """Everything that was found, for JSON; ``faults`` has one entry each, with its place in degrees."""
    facts = network_facts(examined.network)
    found = examined.findings.as_dict()
    return {
        **facts["network"],
        "epsg": facts["epsg"],
        "drives_on_left": facts["drives_on_left"],
        "attribution": facts["attribution"],
        "assumed": facts["assumed"],
        "notes": facts["notes"],
        **found,
        "fault_counts": found["faults"],
        "faults": fault_rows(examined.network, examined.findings.faults),
    }


def as_text(examined: Examined) -> str:
    """The same for people: counts first, then what is doubtful, rare kinds (rarely harmless) first."""
    network, found = examined.network, examined.findings
    counted = [
        style.count(network.link_count, "link"),
        style.count(len(network.junctions.id), "junction"),
        style.count(len(network.signals.id), "signal"),
    ]
    side = "left" if network.drives_on_left else "right"
    where = "nowhere on Earth" if network.epsg == NO_PLACE else f"EPSG:{network.epsg}"
    junctions = {name.replace("_", " "): style.whole(count) for name, count in found.junctions.items()}
    lines = [
        f"{place_name(network.name)}: {', '.join(counted)}",
        f"Read from {network.source}; {where}; traffic drives on the {side}.",
        "",
        *table_text(
            ("road class", "links", "km", "lane-km"),
            [(row.road_class, row.links, f"{row.length_km:.1f}", f"{row.lane_km:.1f}") for row in found.classes],
        ),
        "",
        "Assumed, share of links: " + _listed({_assumed(k): style.percent(v) for k, v in found.assumed_share.items()}),
        "Junctions: " + _listed(junctions),
        *_slopes(network),
        "",
        *table_text(
            ("mode", "links", "connected", "parts", "cut off"),
            [(row.mode, row.links, row.strongly_connected, row.parts, row.cut_off) for row in found.reach],
        ),
        "",
        *[f"Note: {note}" for note in network.notes],
    ]
    if not found.faults:
        return "\n".join([*lines, "Nothing doubtful was found."])
    counts = sorted(found.fault_counts.items(), key=lambda item: (item[1], item[0]))
    lines += ["", f"Doubtful: {_listed({kind.replace('_', ' '): style.whole(count) for kind, count in counts})}"]
    shown = [f for kind, _ in counts for f in [f for f in found.faults if f.kind == kind][:FAULTS_PRINTED]]
    for fault in fault_rows(network, shown):
        kind = fault_name(fault["kind"], fault["mode"])
        lines.append(f"  {kind}: {fault['where']} at {fault['lat']:.5f}, {fault['lon']:.5f}: {fault['text']}")
    if len(found.faults) > len(shown):
        lines.append(f"  … and {style.whole(len(found.faults) - len(shown))} more. All: --geojson FILE or --json")
    return "\n".join(lines)


def _slopes(network: RoadNetwork) -> list[str]:
    facts = slope_facts(network)
    if not facts:
        return []
    felt = "vehicles feel them" if facts["slopes_felt"] else "vehicles feel them with `network: {slopes: true}`"
    known = style.count(facts["slopes_known"], "link")
    return [f"Slopes known: {known}, up to {facts['steepest_percent']:g} % ({facts['steepest_link']}); {felt}"]


def _assumed(name: str) -> str:
    return ASSUMED_NAMES.get(name, name.replace("_", " "))


def _listed(values: dict[str, str]) -> str:
    return ", ".join(f"{name} {value}" for name, value in values.items()) or "nothing"


def table_text(header: tuple[str, ...], rows: list[tuple[Any, ...]]) -> list[str]:
    """Rows as aligned text, the first column to the left and the others to the right."""
    cells = [header, *[tuple(value if isinstance(value, str) else style.whole(value) for value in row) for row in rows]]
    widths = [max(len(row[column]) for row in cells) for column in range(len(header))]
    return [
        "  ".join(cell.ljust(width) if column == 0 else cell.rjust(width) for column, (cell, width) in pairs).rstrip()
        for pairs in (list(enumerate(zip(row, widths, strict=True))) for row in cells)
    ]


def link_rows(network: RoadNetwork) -> list[dict[str, Any]]:
    """Every link as scenarios may name it."""
    links = network.links
    lanes = np.diff(links.lane_start)
    return [
        {
            "link": links.id[row],
            "name": links.name[row],
            "class": CLASS_NAMES[links.road_class[row]],
            "lanes": int(lanes[row]),
            "length_m": round(float(links.length_m[row]), 1),
            "speed_kmh": round(float(links.speed_mps[row]) * 3.6, 1),
            "from_junction": network.junctions.id[links.from_junction[row]],
            "to_junction": network.junctions.id[links.to_junction[row]],
        }
        for row in range(network.link_count)
    ]


def links_csv(network: RoadNetwork) -> str:
    """The links as CSV text with a header."""
    return rows_csv(link_rows(network))


def rows_csv(rows: list[dict[str, Any]]) -> str:
    """Rows of links as CSV text with a header."""
    import csv
    import io

    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]) if rows else ["link"], lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()
