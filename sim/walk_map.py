"""Draw a walk network over the streets, and export it for a GIS."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ..scenarios.network import CLASS_NAMES, RoadNetwork
from ..scenarios.walk_network import CROSSING_WORDS, KIND_WORDS, CrossingKind, WalkKind, WalkNetwork
from .network_facts import drawn_lines
from .report import streets_map, style
from .report.words import place_name

WIDTH_PT = 760.0
ROW_PT = 15.0
# What a line is -> its colour, width (pt) and dashes; Okabe-Ito, as all categories.
LOOKS = {
    "sidewalk of the map": ("#0072b2", 1.0, "solid"),
    "sidewalk inferred": ("#56b4e9", 0.9, "solid"),
    "footway": ("#009e73", 1.1, "solid"),
    "path": ("#9b8f1f", 0.9, (0, (3, 1.5))),
    "steps": ("#1b1f24", 2.0, (0, (0.7, 0.7))),
    "square": ("#cc79a7", 0.7, "solid"),
    "shared with vehicles": ("#8a6d3b", 0.8, (0, (1, 1))),
    "crossing with signals": ("#d55e00", 2.0, "solid"),
    "marked crossing": ("#e69f00", 2.0, "solid"),
    "crossing without a mark": ("#a4adb8", 1.6, "solid"),
}


def looks_of(walk: WalkNetwork) -> np.ndarray:
    """What every link is drawn as, ``[link]``."""
    names = {
        WalkKind.FOOTWAY: "footway",
        WalkKind.PATH: "path",
        WalkKind.STEPS: "steps",
        WalkKind.SQUARE: "square",
        WalkKind.STREET: "shared with vehicles",
    }
    found = np.array([names.get(WalkKind(kind), "sidewalk of the map") for kind in walk.links.kind], dtype=object)
    found[(walk.links.kind == WalkKind.SIDEWALK) & walk.links.inferred] = "sidewalk inferred"
    crossing = {
        CrossingKind.SIGNAL: "crossing with signals",
        CrossingKind.ZEBRA: "marked crossing",
        CrossingKind.UNMARKED: "crossing without a mark",
    }
    found[walk.crossings.link] = [crossing[CrossingKind(kind)] for kind in walk.crossings.kind]
    return found


def draw_walk_network(walk: WalkNetwork, roads: RoadNetwork, path: str | Path) -> None:
    """Draw the network into a picture; the file's ending (.png, .svg, .pdf) chooses the format."""
    import matplotlib as mpl

    streets = drawn_lines(roads)
    lines = [walk.link_shape_xy(row) for row in range(walk.link_count)]
    look = looks_of(walk)
    shown = [label for label in LOOKS if (look == label).any()]
    with mpl.rc_context(style.RC | {"font.family": style.raster_fonts(), "svg.fonttype": "path"}):
        frame = streets_map.map_frame(
            [*streets, *lines], width_pt=WIDTH_PT, footer_pt=26 + ROW_PT * ((len(shown) + 2) // 3)
        )
        frame.figure.set_facecolor(style.LIGHT["paper"])
        streets_map.draw_roads(frame, streets, [CLASS_NAMES[row] for row in roads.links.road_class])
        for order, label in enumerate(shown):
            colour, width_pt, dashes = LOOKS[label]
            chosen = [lines[row] for row in np.flatnonzero(look == label)]
            width = [max(frame.boldness, 0.6) * width_pt] * len(chosen)
            streets_map.draw_lines(frame, chosen, colours=colour, width_pt=width, order=2 + order, dashes=dashes)
            x, y = 6 + 250 * (order % 3), frame.footer_pt - 12 - ROW_PT * (order // 3)
            frame.footer.plot([x, x + 28], [y, y], color=colour, lw=width_pt + 0.5, ls=dashes, solid_capstyle="butt")
            frame.footer.text(x + 34, y - 3, f"{label} ({style.whole(len(chosen))})", fontsize=style.SMALL_PT)
        streets_map.draw_footer(frame, walk.attribution)
        title = f"{place_name(walk.name)} on foot: {style.count(walk.link_count, 'link')}"
        frame.axes.set_title(title, loc="left", fontsize=style.TEXT_PT + 2, y=1.0, pad=6)
        frame.figure.savefig(path, dpi=170, bbox_inches="tight", pad_inches=0.12)


def write_walk_geopackage(walk: WalkNetwork, roads: RoadNetwork, path: str | Path) -> None:
    """Write the layers ``links``, ``nodes``, ``crossings``, ``entrances`` and ``squares`` in the network's CRS."""
    import geopandas
    import shapely

    path = Path(path)
    if path.suffix.casefold() != ".gpkg":
        raise ValueError(f"a GeoPackage ends with .gpkg, not with {path.suffix or 'nothing'}")
    links, crossings, doors, squares = walk.links, walk.crossings, walk.entrances, walk.squares
    lines = np.array([shapely.LineString(walk.link_shape_xy(row)) for row in range(walk.link_count)], dtype=object)
    rings = np.split(squares.shape_xy, squares.shape_start[1:-1]) if len(squares.id) else []
    streets = [
        " ".join(roads.links.id[link] for link in crossings.road_link[first:last])
        for first, last in zip(crossings.road_start[:-1], crossings.road_start[1:], strict=True)
    ]
    layers = {
        "links": (
            {
                "link": list(links.id),
                "name": list(links.name),
                "kind": [KIND_WORDS[int(kind)] for kind in links.kind],
                "length_m": links.length_m,
                "width_m": links.width_m,
                "width_assumed": links.width_assumed,
                "inferred": links.inferred,
                "part": walk.parts()[links.from_node],
            },
            lines,
        ),
        "nodes": ({"node": list(walk.nodes.id)}, shapely.points(walk.nodes.x_m, walk.nodes.y_m)),
        "crossings": (
            {
                "link": [links.id[link] for link in crossings.link],
                "kind": [CROSSING_WORDS[int(kind)] for kind in crossings.kind],
                "signals": [roads.signals.id[row] if row >= 0 else "" for row in crossings.controller],
                "streets": streets,
            },
            lines[crossings.link],
        ),
        "entrances": (
            {"entrance": list(doors.id), "link": [links.id[link] for link in doors.link], "at_m": doors.at_m},
            shapely.points(doors.x_m, doors.y_m),
        ),
        "squares": (
            {"square": list(squares.id), "name": list(squares.name), "area_m2": squares.area_m2},
            [shapely.Polygon(ring) for ring in rings],
        ),
    }
    path.unlink(missing_ok=True)  # layers of an earlier network must not stay in it
    for name, (table, shapes) in layers.items():
        frame = geopandas.GeoDataFrame(table, geometry=np.asarray(shapes, dtype=object), crs=walk.epsg or None)
        frame.to_file(path, layer=name, driver="GPKG")
