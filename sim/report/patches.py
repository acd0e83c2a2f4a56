"""Draw how dense it was in the patches of a run at some times: one small map a time, all to one scale."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import numpy as np

from . import style
from .figures import Picture
from .svg import new_figure, to_svg

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from ..run_folder import Run

MOST_PATCHES = 4  # that are drawn, the densest first
MOST_TIMES = 6
ACROSS = 3
MARGIN_PT, GAP_PT, TITLE_PT, FOOTER_PT = 6.0, 8.0, 16.0, 62.0
SQUARE_M = 2.0
LEVELS = "ABCDEF"
EDGES = (1 / 3.25, 1 / 2.32, 1 / 1.39, 1 / 0.93, 1 / 0.46)  # Fruin (1971): people per m² up to which A to E hold
SWATCH_PT = 34.0


def patch_pictures(run: Run, start: dt.datetime) -> list[Picture]:
    """One picture for each of the densest patches; none where nobody was in one."""
    squares, outlines = run.table("patch_squares"), run.table("patches")
    if squares.empty:
        return []
    densest = squares.groupby("patch")["density_per_m2"].max().sort_values(ascending=False, kind="stable")
    outline_of = dict(zip(outlines["patch"], outlines["geometry"], strict=True))
    return [
        _picture(f"patch{row}", str(name), squares[squares["patch"] == name], outline_of[name], start)
        for row, name in enumerate(densest.index[:MOST_PATCHES])
    ]


def _picture(key: str, name: str, squares: pd.DataFrame, outline: bytes, start: dt.datetime) -> Picture:
    import matplotlib as mpl
    import shapely

    top = squares.iloc[int(squares["density_per_m2"].argmax())]
    title = (
        f"In “{name}” it is densest from {style.clock(start, top['interval_start_s'])} on: "
        f"{style.number(top['density_per_m2'], figures=2)} people per m² on 2 m by 2 m, level {top['level_of_service']}"
    )
    note = (
        "People per m² of each 2 m by 2 m, mean over the interval that begins at the time above each map; levels of "
        "service for walkways (Fruin 1971). Blank: nobody was there."
    )
    times = _times(squares)
    with mpl.rc_context(style.RC):
        figure = _draw(squares, shapely.from_wkb(outline), times, start)
        return Picture(key, title, note, to_svg(figure, key, title))


def _times(squares: pd.DataFrame) -> list[float]:
    """Intervals that are drawn: evenly over those in which somebody was there, the densest one among them."""
    by_time = squares.groupby("interval_start_s")["density_per_m2"].max()
    times, densest = by_time.index.to_numpy(float), int(by_time.to_numpy().argmax())
    chosen = np.unique(np.linspace(0, times.size - 1, min(MOST_TIMES, times.size)).round().astype(int))
    chosen[np.abs(chosen - densest).argmin()] = densest
    return [float(time) for time in times[np.unique(chosen)]]


def _draw(squares: pd.DataFrame, area: Any, times: list[float], start: dt.datetime) -> Figure:
    left, bottom, right, top = area.bounds
    across = min(ACROSS, len(times))
    wide_pt = (style.FIGURE_WIDTH_PT - 2 * MARGIN_PT - (ACROSS - 1) * GAP_PT) / ACROSS
    m_per_pt = max((right - left) / wide_pt, (top - bottom) / (1.4 * wide_pt))
    high_pt = (top - bottom) / m_per_pt
    rows = -(-len(times) // across)
    height_pt = rows * (high_pt + TITLE_PT) + (rows - 1) * GAP_PT + FOOTER_PT
    figure = new_figure(height_pt)
    for place, time in enumerate(times):
        x_pt = MARGIN_PT + (place % across) * (wide_pt + GAP_PT)
        y_pt = height_pt - (place // across + 1) * (high_pt + TITLE_PT) - (place // across) * GAP_PT
        axes = figure.add_axes(
            (x_pt / style.FIGURE_WIDTH_PT, y_pt / height_pt, wide_pt / style.FIGURE_WIDTH_PT, high_pt / height_pt)
        )
        axes.set(xlim=(left, left + wide_pt * m_per_pt), ylim=(bottom, top))
        axes.set_axis_off()
        _draw_squares(axes, squares[squares["interval_start_s"] == time], area)
        axes.text(left, top + 4 * m_per_pt, style.clock(start, time), fontsize=style.SMALL_PT, va="bottom")
    _draw_footer(figure, height_pt, m_per_pt)
    return figure


def _draw_squares(axes: Axes, squares: pd.DataFrame, area: Any) -> None:
    from matplotlib.collections import PolyCollection

    level = np.digitize(squares["density_per_m2"], EDGES)
    x, y = squares["x_m"].to_numpy(float), squares["y_m"].to_numpy(float)
    half = SQUARE_M / 2
    corners = np.stack([np.column_stack([x + dx, y + dy]) for dx, dy in _corners(half)], axis=1)
    for row in range(len(LEVELS)):
        if (level == row).any():
            axes.add_collection(
                PolyCollection(corners[level == row], facecolor=style.LEVELS[row], edgecolor="none", antialiased=False)
            )
    for polygon in getattr(area, "geoms", [area]):
        for ring in (polygon.exterior, *polygon.interiors):
            axes.plot(*ring.xy, color=style.LIGHT["muted"], lw=0.8, clip_on=False)


def _corners(half: float) -> tuple[tuple[float, float], ...]:
    return (-half, -half), (half, -half), (half, half), (-half, half)


def _draw_footer(figure: Figure, height_pt: float, m_per_pt: float) -> None:
    axes = figure.add_axes((0.0, 0.0, 1.0, FOOTER_PT / height_pt))
    axes.set(xlim=(0, style.FIGURE_WIDTH_PT), ylim=(0, FOOTER_PT))
    axes.set_axis_off()
    axes.text(MARGIN_PT, FOOTER_PT - 16, "level of service, people per m²", fontsize=style.SMALL_PT)
    for row, level in enumerate(LEVELS):
        x, y = MARGIN_PT + row * SWATCH_PT, FOOTER_PT - 26
        axes.plot([x, x + SWATCH_PT - 3], [y, y], color=style.LEVELS[row], lw=7, solid_capstyle="butt")
        axes.text(x + SWATCH_PT / 2, y - 15, level, fontsize=style.SMALL_PT, ha="center")
    for row, edge in enumerate(EDGES):
        x = MARGIN_PT + (row + 1) * SWATCH_PT - 1.5
        axes.text(x, FOOTER_PT - 51, f"{edge:.1f}", fontsize=style.SMALL_PT, ha="center", color=style.LIGHT["muted"])
    length_m = next(size for size in (100, 50, 20, 10, 5) if size / m_per_pt <= 90 or size == 5)
    right, y = style.FIGURE_WIDTH_PT - MARGIN_PT - 90, 14.0
    length_pt = length_m / m_per_pt
    ink = style.LIGHT["ink"]
    axes.plot([right, right, right + length_pt, right + length_pt], [y + 3, y, y, y + 3], color=ink, lw=1.0)
    axes.text(right, y + 7, f"{length_m} m, north is up", fontsize=style.SMALL_PT)
