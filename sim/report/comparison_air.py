"""Put the part of a comparison's report together that is about the air: figures, and a map of concentrations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..compare.air import KINDS, MEAN, NAMES, PREFERRED
from . import streets_map, style
from .comparison_words import rows_of
from .difference_maps import draw_legend, edges_of, strongest
from .figures import Picture
from .svg import to_svg

if TYPE_CHECKING:
    import pandas as pd

    from ..compare.comparison import Comparison

GROUP_NAMES = {
    "everybody": "",
    "residents": "residents of ",
    "receptor": "",
    "above": "",
    "dose": "",
    "emissions": "",
    "warning": "warning ",
    "gas": "",
}


def air_rows(comparison: Comparison, variant: str) -> pd.DataFrame:
    """Figures of the air of a variant that are not nothing in both, with whom each is about as ``group``."""
    rows = rows_of(comparison.differences.air, variant)
    rows = rows[(rows[["base", "with_variant"]].fillna(0.0) != 0.0).any(axis=1)]
    if rows.loc[rows["kind"] == "residents", "of"].nunique() == 1:  # they are all residents
        rows = rows[rows["kind"] != "everybody"]
    order = rows["kind"].map({kind: number for number, kind in enumerate(KINDS)})
    rows = rows.iloc[np.argsort(order.to_numpy(dtype=int), kind="stable")]
    return rows.assign(group=rows["kind"].map(GROUP_NAMES) + rows["of"])


def concentration_maps(comparison: Comparison, variant: str) -> dict[str, Picture]:
    """Where concentrations of the pollutant that stands for the air change, a map for each grid; by key."""
    table = rows_of(comparison.differences.air_grid, variant)
    shown = next((name for name in PREFERRED if f"{MEAN} {NAMES[name]}" in set(table["quantity"])), None)
    if shown is None:
        return {}
    table = table[table["quantity"] == f"{MEAN} {NAMES[shown]}"]
    pictures = {}
    for entry, own in table.groupby("entry", sort=False):
        pictures[f"air-{entry}"] = _map(comparison, own, str(entry), variant, NAMES[shown])
    return pictures


def _map(comparison: Comparison, own: pd.DataFrame, entry: str, variant: str, called: str) -> Picture:
    """Squares by the change of the mean: blue where it falls, orange where it grows, grey where chance could do it."""
    import matplotlib as mpl
    from matplotlib.collections import PolyCollection

    from ..network_facts import drawn_lines

    x, y = own["x_m"].to_numpy(float), own["y_m"].to_numpy(float)
    values = own["difference"].where(own["found"].astype(bool)).to_numpy(dtype=float)
    half = _spacing_m(x, y) / 2.0
    edges = edges_of(values)
    key = f"air-{style.plain(entry)}-{variant}"
    title = _title(values, entry, called)
    network = comparison.plans[0].network
    with mpl.rc_context(style.RC):
        lines = drawn_lines(network)
        frame = streets_map.map_frame(lines)
        level = np.digitize(np.abs(values), edges)
        changed = np.isfinite(values) & (values != 0.0)
        parts = [(np.flatnonzero(~changed), style.LIGHT["rule"])]
        for colours, side in ((style.LESS, values < 0.0), (style.MORE, values > 0.0)):
            for step, colour in enumerate(strongest(colours, len(edges) + 1)):
                parts.append((np.flatnonzero(changed & side & (level == step)), colour))
        for at, colour in parts:
            if at.size:
                west, east, south, north = x[at] - half, x[at] + half, y[at] - half, y[at] + half
                corners = np.stack([west, south, east, south, east, north, west, north], axis=1).reshape(-1, 4, 2)
                squares = PolyCollection(list(corners), facecolors=colour, alpha=0.85, linewidths=0, zorder=0.5)
                frame.axes.add_collection(squares)
        lines = streets_map.simplified(lines, 0.3 * frame.m_per_pt)
        streets_map.draw_lines(frame, lines, colours=style.LIGHT["paper"], width_pt=[1.0] * len(lines), order=1.0)
        streets_map.draw_lines(frame, lines, colours=style.LIGHT["ink"], width_pt=[0.35] * len(lines), order=1.1)
        draw_legend(frame, f"{called}, µg/m³", edges)
        streets_map.draw_footer(frame, network.attribution)
        note = f"Mean {called} over the run, variant minus base; grey: chance could do it (all tested together)."
        return Picture(key, title, note, to_svg(frame.figure, key, title))


def _spacing_m(x: np.ndarray[Any, Any], y: np.ndarray[Any, Any]) -> float:
    steps = [np.diff(np.unique(np.round(axis, 3))) for axis in (x, y)]
    return min((float(step.min()) for step in steps if step.size), default=100.0)


def _title(values: np.ndarray[Any, Any], entry: str, called: str) -> str:
    changed = np.flatnonzero(np.isfinite(values) & (values != 0.0))
    if not changed.size:
        return f"{called} changes nowhere in “{entry}” beyond chance"
    most = float(values[changed[np.abs(values[changed]).argmax()]])
    verb = "falls" if most < 0 else "grows"
    by = f"{style.number(abs(most), figures=2)}{style.NBSP}µg/m³"
    fewer, more = int((values[changed] < 0).sum()), int((values[changed] > 0).sum())
    return f"{called} {verb} by up to {by}; it falls in {style.count(fewer, 'square')} and grows in {style.whole(more)}"
