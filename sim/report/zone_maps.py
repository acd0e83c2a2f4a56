"""Draw who gains and who loses by where they begin and end: zones coloured by the change of travel time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from . import streets_map, style
from .comparison_words import rows_of
from .difference_maps import changed_lines, changed_words, draw_changed_streets, draw_legend, edges_of, strongest
from .figures import Picture
from .svg import to_svg

if TYPE_CHECKING:
    from ..compare.comparison import Comparison
    from ..compare.zones import Zones

NAME_FROM_PT = 18.0  # width on the drawing from which on a zone is named in it
FAINT = 0.75
BEGIN = {"origin": "begin", "destination": "end"}


def zone_map(comparison: Comparison, variant: str, end: str) -> Picture:
    """Change of mean travel time of the trips that begin (``origin``) or end (``destination``) in each zone."""
    import matplotlib as mpl

    from ..network_facts import drawn_lines

    network, zones = comparison.plans[0].network, comparison.zones
    table = rows_of(comparison.differences.zones, variant)
    table = table[(table["end"] == end) & (table["quantity"] == "mean travel time")].set_index("zone")
    names = [str(name) for name in table.index if name in zones.outlines]
    changed = table["difference"].where(table["found"].astype(bool)).reindex(names)
    values = changed.to_numpy(dtype=float)
    edges = edges_of(values)
    key, title = f"{end}-{variant}", _title(zones, names, values, end)
    with mpl.rc_context(style.RC):
        new, gone = changed_lines(comparison, variant)
        lines = drawn_lines(network)
        outlines = [zones.outlines[name] for name in names]
        frame = streets_map.map_frame([*lines, *new, *(_box(outline) for outline in outlines)])
        for outline, value in zip(outlines, values.tolist(), strict=True):
            _fill(frame, outline, _colour(value, edges))
        lines = streets_map.simplified(lines, 0.3 * frame.m_per_pt)
        streets_map.draw_lines(
            frame, lines, colours=style.LIGHT["road"], width_pt=[0.7 * frame.boldness] * len(lines), order=3.0
        )
        draw_changed_streets(frame, new, gone)
        for row, (name, outline) in enumerate(zip(names, outlines, strict=True)):
            _name(frame, name, outline, row)
        draw_legend(frame, "mean travel time, s a trip", edges)
        streets_map.draw_footer(frame, network.attribution)
        note = (
            f"Trips by the {'zone' if zones.kind == 'zone' else f'square of {zones.size_m:g} m'} in which they "
            f"{BEGIN[end]}. Variant minus base; grey: not distinguishable from chance (all tested together)."
            f"{changed_words(new, gone)}"
        )
        return Picture(key, title, note, to_svg(frame.figure, key, title))


def _title(zones: Zones, names: list[str], values: NDArray[np.float64], end: str) -> str:
    changed = np.flatnonzero(np.isfinite(values) & (values != 0.0))
    who = f"trips that {BEGIN[end]} there"
    if not changed.size:
        return f"In no {zones.kind} do {who} gain or lose beyond chance"
    largest = int(changed[np.abs(values[changed]).argmax()])
    verb = "lose" if values[largest] > 0 else "gain"
    by = style.number(abs(float(values[largest])), figures=2)
    lose, gain = int((values[changed] > 0).sum()), int((values[changed] < 0).sum())
    counted = f"{style.count(lose, f'{zones.kind} loses', f'{zones.kind}s lose')} and {style.whole(gain)} gain"
    trips = f"Trips that {BEGIN[end]} in {zones.kind} {names[largest]}"
    return f"{trips} {verb} most, {by} s each; {counted} beyond chance"


def _colour(value: float, edges: list[float]) -> str:
    """Of a step to one side, or grey where nothing is known to have changed."""
    if not np.isfinite(value) or value == 0.0:
        return style.LIGHT["rule"]
    ramp = strongest(style.LESS if value < 0.0 else style.MORE, len(edges) + 1)
    return ramp[int(np.digitize(abs(value), edges))]


def _box(outline: Any) -> NDArray[np.float64]:
    west, south, east, north = outline.bounds
    return np.array([[west, south], [east, north]])


def _fill(frame: streets_map.MapFrame, outline: Any, colour: str) -> None:
    """One polygon, its holes left out."""
    import shapely
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path

    rings = [
        np.asarray(ring.coords)
        for part in shapely.get_parts(shapely.simplify(outline, 0.3 * frame.m_per_pt))
        for ring in (part.exterior, *part.interiors)
    ]
    path = Path.make_compound_path(*(Path(ring, closed=True) for ring in rings))
    frame.axes.add_artist(PathPatch(path, fc=colour, ec=style.LIGHT["paper"], lw=0.8, alpha=FAINT, zorder=0.5))


def _name(frame: streets_map.MapFrame, name: str, outline: Any, row: int) -> None:
    """A zone's name inside it where there is room."""
    west, south, east, north = outline.bounds
    width_pt, height_pt = (east - west) / frame.m_per_pt, (north - south) / frame.m_per_pt
    if width_pt < max(NAME_FROM_PT, streets_map.text_width_pt(name)) or height_pt < style.SMALL_PT:
        return
    inside = outline.representative_point()
    frame.axes.text(
        inside.x, inside.y, name, fontsize=style.SMALL_PT, ha="center", va="center", zorder=12, gid=f"name{row}"
    )
