"""Examine a walk network for a person: count what it is made of, list links, and write maps and GIS files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..scenarios.network import RoadNetwork
from ..scenarios.walk_network import CROSSING_WORDS, KIND_WORDS, CrossingKind, WalkKind, WalkNetwork
from .network_check import find_network, rows_csv, table_text, write_files
from .report import style
from .report.words import place_name


@dataclass(frozen=True, slots=True)
class WalkExamined:
    """A walk network with the roads it belongs to."""

    roads: RoadNetwork
    walk: WalkNetwork


def examine_walk(source: str) -> WalkExamined:
    """Lay out where people walk in the city that a person named; see ``network_check.examine_source``.

    Raises
    ------
    InputError
        When it cannot be read.
    """
    from ..scenarios.load_network import load_walk_network

    found = find_network(source)
    walk = load_walk_network(found.origin, found.network, found.options, period=found.period, changes=found.changes)
    return WalkExamined(found.network, walk)


def write_all(examined: WalkExamined, *, geopackage: Path | None, picture: Path | None) -> dict[str, str]:
    """Write what is asked for; return what was written, by kind.

    Raises
    ------
    InputError
        When a file cannot be written.
    """
    from .walk_map import draw_walk_network, write_walk_geopackage

    return write_files(
        ("geopackage", geopackage, lambda path: write_walk_geopackage(examined.walk, examined.roads, path)),
        ("map", picture, lambda path: draw_walk_network(examined.walk, examined.roads, path)),
    )


def as_dict(examined: WalkExamined) -> dict[str, Any]:
    """Everything that was found, for JSON."""
    walk = examined.walk
    parts_m = _parts_m(walk)
    return {
        "name": walk.name,
        "source": walk.source,
        "epsg": walk.epsg,
        "attribution": walk.attribution,
        "links": walk.link_count,
        "nodes": len(walk.nodes.id),
        "km": round(float(walk.links.length_m.sum()) / 1000.0, 3),
        "kinds": _kind_rows(walk),
        "crossings": _crossing_counts(walk),
        "crossings_with_light": int((walk.crossings.controller >= 0).sum()),
        "entrances": len(walk.entrances.id),
        "squares": len(walk.squares.id),
        "parts": len(parts_m),
        "largest_part_share": round(float(parts_m[0] / parts_m.sum()), 4) if parts_m.size else None,
        "notes": list(walk.notes),
    }


def as_text(examined: WalkExamined) -> str:
    """The same for people."""
    walk = examined.walk
    crossings = [style.count(number, f"{kind} crossing") for kind, number in _crossing_counts(walk).items()]
    parts_m = _parts_m(walk)
    size = f"{style.count(walk.link_count, 'link')}, {style.count(len(walk.nodes.id), 'node')}"
    lines = [
        f"{place_name(walk.name)} on foot: {size}",
        f"Read from {walk.source}.",
        "",
        *table_text(
            ("kind", "links", "km", "inferred", "width assumed"),
            [
                (row["kind"], row["links"], f"{row['km']:.1f}", row["inferred"], row["width_assumed"])
                for row in _kind_rows(walk)
            ],
        ),
        "",
        f"Crossings: {', '.join(crossings) or 'none'}",
        f"Squares: {style.whole(len(walk.squares.id))}; entrances of buildings: {style.whole(len(walk.entrances.id))}",
    ]
    if parts_m.size:
        share = style.percent(float(parts_m[0] / parts_m.sum()))
        lines.append(f"Connected: {style.count(parts_m.size, 'part')}, the largest with {share} of the length")
    return "\n".join([*lines, *[f"Note: {note}" for note in walk.notes]])


def link_rows(walk: WalkNetwork) -> list[dict[str, Any]]:
    """Every link as scenarios may name it."""
    links, part = walk.links, walk.parts()
    return [
        {
            "link": links.id[row],
            "name": links.name[row],
            "kind": KIND_WORDS[int(links.kind[row])],
            "length_m": round(float(links.length_m[row]), 1),
            "width_m": round(float(links.width_m[row]), 2),
            "width_assumed": bool(links.width_assumed[row]),
            "inferred": bool(links.inferred[row]),
            "part": int(part[links.from_node[row]]),
        }
        for row in range(walk.link_count)
    ]


def links_csv(walk: WalkNetwork) -> str:
    """The links as CSV text with a header."""
    return rows_csv(link_rows(walk))


def _kind_rows(walk: WalkNetwork) -> list[dict[str, Any]]:
    links = walk.links
    rows = []
    for kind in WalkKind:
        own = links.kind == kind
        if own.any():
            rows.append(
                {
                    "kind": KIND_WORDS[kind],
                    "links": int(own.sum()),
                    "km": round(float(links.length_m[own].sum()) / 1000.0, 3),
                    "inferred": int((own & links.inferred).sum()),
                    "width_assumed": int((own & links.width_assumed).sum()),
                }
            )
    return rows


def _crossing_counts(walk: WalkNetwork) -> dict[str, int]:
    counts = np.bincount(walk.crossings.kind, minlength=len(CrossingKind))
    return {CROSSING_WORDS[kind]: int(counts[kind]) for kind in CrossingKind if counts[kind]}


def _parts_m(walk: WalkNetwork) -> Any:
    """Length of every connected part, m, the longest first."""
    return np.bincount(walk.parts()[walk.links.from_node], weights=walk.links.length_m)
