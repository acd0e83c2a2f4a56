"""Draw a road network by road class with its faults, and export it for a GIS."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..scenarios.network import CLASS_NAMES, Control, Fault, RoadNetwork
from .network_facts import drawn_lines, fault_rows, streets_columns
from .report import streets_map, style
from .report.words import place_name

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WIDTH_PT = 760.0
ROW_PT = 15.0
# Kinds of fault are told apart by their sign, not by colour; the commonest kinds get one of their own.
SIGNS = ("o", "^", "s", "D", "v")
OTHER_SIGN = "X"
# Legend entry -> road classes it stands for (their slip roads included), least important first.
GROUPS = {
    "service, track": ("service", "track"),
    "other streets": ("unclassified", "residential", "living_street"),
    "tertiary": ("tertiary",),
    "secondary": ("secondary",),
    "primary": ("primary",),
    "motorway, trunk": ("motorway", "trunk"),
}


def draw_network(network: RoadNetwork, faults: Sequence[Fault], path: str | Path) -> None:
    """Draw the network into a picture; the file's ending (.png, .svg, .pdf) chooses the format.

    Roads are told apart by colour and width, signals are dots, and every fault has a sign explained in the legend.
    """
    import matplotlib as mpl

    lines = drawn_lines(network)
    classes = np.array([CLASS_NAMES[row].removesuffix("_link") for row in network.links.road_class], dtype=object)
    kinds = Counter(fault.kind for fault in faults).most_common()
    fonts = style.raster_fonts()
    with mpl.rc_context(style.RC | {"font.family": fonts, "svg.fonttype": "path"}):
        frame = streets_map.map_frame(lines, width_pt=WIDTH_PT, footer_pt=26 + ROW_PT * max(len(GROUPS), len(kinds)))
        frame.figure.set_facecolor(style.LIGHT["paper"])
        lines = streets_map.simplified(lines, 0.2 * frame.m_per_pt)
        shown = {label: np.flatnonzero(np.isin(classes, members)) for label, members in GROUPS.items()}
        shown = {label: rows for label, rows in shown.items() if rows.size}
        for order, (label, rows) in enumerate(shown.items()):
            colour, width_pt = _class_style(GROUPS[label][-1], frame.boldness)
            streets_map.draw_lines(
                frame, [lines[row] for row in rows], colours=colour, width_pt=[width_pt] * rows.size, order=1 + order
            )
            y = frame.footer_pt - 12 - ROW_PT * (len(shown) - 1 - order)
            frame.footer.plot([6, 34], [y, y], color=colour, lw=width_pt, solid_capstyle="butt")
            frame.footer.text(40, y - 3, f"{label} ({style.whole(rows.size)})", fontsize=style.SMALL_PT)
        _draw_signals(network, frame)
        _draw_faults(faults, kinds, frame)
        _label_main_roads(network, lines, fonts, frame)
        streets_map.draw_footer(frame, network.attribution)
        title = f"{place_name(network.name)}: {style.count(network.link_count, 'link')}, {_fault_words(faults)}"
        frame.axes.set_title(title, loc="left", fontsize=style.TEXT_PT + 2, y=1.0, pad=6)
        frame.figure.savefig(path, dpi=170, bbox_inches="tight", pad_inches=0.12)


def write_geopackage(network: RoadNetwork, faults: Sequence[Fault], path: str | Path) -> None:
    """Write the layers ``links``, ``junctions`` and ``faults`` in the network's projected CRS."""
    import geopandas
    import shapely

    path = Path(path)
    if path.suffix.casefold() != ".gpkg":
        raise ValueError(f"a GeoPackage ends with .gpkg, not with {path.suffix or 'nothing'}")
    columns = streets_columns(network)
    links = network.links
    columns |= {
        "from_junction": [network.junctions.id[row] for row in links.from_junction],
        "to_junction": [network.junctions.id[row] for row in links.to_junction],
        "speed_kmh": np.round(columns.pop("speed_mps") * 3.6, 1),
        "roundabout": links.roundabout,
        "destination_only": links.destination_only,
        "source_ways": [" ".join(ways) for ways in links.source_ways],
        "assumed": [" ".join(sorted(names)) for names in links.assumed],
    }
    del columns["geometry"]  # that is for drawing; a GIS gets the links as they are driven
    lines = [shapely.LineString(network.link_shape_xy(row)) for row in range(network.link_count)]
    junctions, rows = network.junctions, fault_rows(network, faults)
    layers = {
        "links": (columns, lines),
        "junctions": (
            {
                "junction": list(junctions.id),
                "control": [Control(value).name.lower() for value in junctions.control],
                "gate": list(junctions.gate),
                "source_nodes": [" ".join(map(str, nodes)) for nodes in junctions.source_nodes],
            },
            shapely.points(junctions.x_m, junctions.y_m),
        ),
        "faults": (
            {key: [row[key] for row in rows] for key in ("kind", "where", "mode", "lon", "lat", "text")},
            shapely.points([fault.x_m for fault in faults], [fault.y_m for fault in faults]),
        ),
    }
    path.unlink(missing_ok=True)  # layers of an earlier network must not stay in it
    for name, (table, shapes) in layers.items():
        frame = geopandas.GeoDataFrame(table, geometry=np.asarray(shapes), crs=network.epsg or None)
        frame.to_file(path, layer=name, driver="GPKG")


def _class_style(road_class: str, boldness: float) -> tuple[str, float]:
    """Colour and line width (pt) of a road class."""
    grey = style.LIGHT["muted"] if road_class != "track" else style.LIGHT["road"]
    return style.ROAD_CLASS_COLOUR.get(road_class, grey), boldness * style.ROAD_CLASS_WIDTH_PT.get(road_class, 0.8)


def _draw_signals(network: RoadNetwork, frame: streets_map.MapFrame) -> None:
    at = network.signals.junction
    size: dict[str, Any] = {
        "s": 16 * frame.boldness,
        "color": style.LIGHT["ink"],
        "edgecolors": style.LIGHT["paper"],
        "linewidths": 0.7,
        "zorder": 8,
    }
    frame.axes.scatter(network.junctions.x_m[at], network.junctions.y_m[at], **size)
    y = frame.footer_pt - 12
    frame.footer.scatter([216], [y], **size)
    frame.footer.text(226, y - 3, f"signals ({style.whole(at.size)})", fontsize=style.SMALL_PT)


def _draw_faults(faults: Sequence[Fault], kinds: list[tuple[str, int]], frame: streets_map.MapFrame) -> None:
    """Mark every fault; the legend says what the signs mean and how many there are."""
    if not kinds:
        _legend_text(frame.footer, 376, frame.footer_pt - 12, "no faults")
    for row, (kind, number) in enumerate(kinds):
        sign = SIGNS[row] if row < len(SIGNS) else OTHER_SIGN
        found = [fault for fault in faults if fault.kind == kind]
        look: dict[str, Any] = {
            "marker": sign,
            "s": 34 * frame.boldness,
            "color": style.FAULT_COLOUR,
            "linewidths": 0.8,
            "zorder": 9,
        }
        look["edgecolors"] = style.LIGHT["ink"]
        frame.axes.scatter([fault.x_m for fault in found], [fault.y_m for fault in found], **look)
        y = frame.footer_pt - 12 - ROW_PT * row
        frame.footer.scatter([366], [y], **look)
        _legend_text(frame.footer, 376, y, f"{kind.replace('_', ' ')} ({style.whole(number)})")


def _legend_text(footer: Axes, x: float, y: float, text: str) -> None:
    footer.text(x, y - 3, text, fontsize=style.SMALL_PT)


def _label_main_roads(network: RoadNetwork, lines: list[Any], fonts: list[str], frame: streets_map.MapFrame) -> None:
    """Name the ten longest streets, those of the main classes first; a name that no font here can draw is left out."""
    rank: dict[str, tuple[int, float, int]] = {}
    for row, name in enumerate(network.links.name):
        if name:
            main = CLASS_NAMES[network.links.road_class[row]] in {"motorway", "trunk", "primary", "secondary"}
            before = rank.get(name, (0, 0.0, row))
            longest = row if network.links.length_m[row] > network.links.length_m[before[2]] else before[2]
            rank[name] = (max(before[0], int(main)), before[1] + float(network.links.length_m[row]), longest)
    ordered = sorted(rank, key=lambda name: (rank[name][0], rank[name][1]), reverse=True)
    names = [name for name in ordered[:60] if style.can_draw(name, fonts)][:30]
    places = [streets_map.middle_of(lines[rank[name][2]]) for name in names]
    streets_map.label_streets(frame, names, places, halo=True)


def _fault_words(faults: Sequence[Fault]) -> str:
    return style.count(len(faults), "doubtful place") if faults else "no doubtful place"
