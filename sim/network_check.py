"""Examine a road network for a person: read any source, count, list links, and write maps and GIS files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..scenarios.network import CLASS_NAMES, RoadNetwork

FAULTS_PRINTED = 20
SCENARIO_ENDINGS = (".yaml", ".yml")


@dataclass(frozen=True, slots=True)
class Examined:
    """A network with what the network doctor says about it."""

    source: str
    network: RoadNetwork
    diagnosis: Any


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
    from ..scenarios.city import bundled_cities
    from ..scenarios.inherit import find_scenario
    from ..scenarios.load_network import load_network
    from ..scenarios.network_doctor import examine
    from ..scenarios.scenario import load_scenario

    cities = bundled_cities()
    if source.casefold() in cities and not Path(source).exists():
        network = load_network(cities[source.casefold()])
    elif source.endswith(SCENARIO_ENDINGS) or (not Path(source).exists() and find_scenario(source)):
        scenario = load_scenario(source)
        network = load_network(scenario.city.source, scenario.network)
    else:
        network = load_network(Path(source))
    return Examined(source, network, examine(network))


def write_all(
    examined: Examined, *, geopackage: Path | None, picture: Path | None, geojson: Path | None
) -> dict[str, str]:
    """Write what is asked for; return what was written, by kind.

    Raises
    ------
    InputError
        When a file cannot be written.
    """
    from ..scenarios.problems import NO_VALUE, InputError, Problem
    from .network_map import draw_network, write_faults, write_geopackage

    written = {}
    for kind, path, write in (
        ("geopackage", geopackage, write_geopackage),
        ("map", picture, draw_network),
        ("geojson", geojson, write_faults),
    ):
        if path is None:
            continue
        try:
            written[kind] = str(write(examined.network, path))
        except (OSError, ValueError, RuntimeError) as error:  # what matplotlib and GDAL raise on endings and folders
            raise InputError(Problem(path, None, "", NO_VALUE, f"cannot be written: {error}")) from error
    return written


def class_rows(network: RoadNetwork) -> list[dict[str, Any]]:
    """Links, kilometres, lane-kilometres by road class, the most important class first."""
    length_km = network.links.length_m / 1000
    lanes = np.diff(network.links.lane_start)
    rows = []
    for row, name in enumerate(CLASS_NAMES):
        here = network.links.road_class == row
        if here.any():
            road_km, lane_km = float(length_km[here].sum()), float((length_km * lanes)[here].sum())
            rows.append(
                {"class": name, "links": int(here.sum()), "km": round(road_km, 3), "lane_km": round(lane_km, 3)}
            )
    return rows


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
    import csv
    import io

    rows = link_rows(network)
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]) if rows else ["link"], lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()
