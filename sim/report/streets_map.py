"""Draw streets on a map: roads, links in classed width and colour, names, legend, scale bar, north, attribution."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from . import style
from .svg import new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Lines = Sequence[NDArray[np.float64]]
Box = tuple[float, float, float, float]  # x0, y0, x1, y1

FOOTER_PT = 62.0
MARGIN_PT = 6.0
NAMES_SHOWN = 10
APART_PT = 6.0  # mean distance of streets on the drawing from which on lines have their full width
TWIN_WITHIN_M = 20.0  # between the ends of a link and those of its opposite direction
POINTS_AS_VECTORS = 60_000  # more points than this are drawn as an image inside the SVG, which keeps the page small


@dataclass(frozen=True, slots=True)
class MapFrame:
    """A figure with a map above and a footer below, and how many metres a point of the drawing is."""

    figure: Figure
    axes: Axes
    footer: Axes  # coordinates in points, origin at its lower left
    m_per_pt: float
    width_pt: float
    footer_pt: float
    boldness: float  # of lines; less than 1 where streets lie so close that full widths would run together


def map_frame(lines: Lines, *, width_pt: float = style.FIGURE_WIDTH_PT, footer_pt: float = FOOTER_PT) -> MapFrame:
    """An empty map that holds all lines with equal aspect, without ticks."""
    points = np.concatenate(lines) if len(lines) else np.array([[0.0, 0.0], [1.0, 1.0]])
    low, high = points.min(axis=0), points.max(axis=0)
    size_m = np.maximum(high - low, 1.0)
    inside_pt = width_pt - 2 * MARGIN_PT
    height_pt = float(np.clip(inside_pt * size_m[1] / size_m[0], 0.5 * width_pt, 1.15 * width_pt))
    m_per_pt = float(max(size_m[0] / inside_pt, size_m[1] / (height_pt - 2 * MARGIN_PT)))
    figure = new_figure(height_pt + footer_pt, width_pt)
    share = footer_pt / (height_pt + footer_pt)
    axes = figure.add_axes((0.0, share, 1.0, 1.0 - share))
    middle = (low + high) / 2
    half = np.array([width_pt, height_pt]) * m_per_pt / 2
    axes.set(xlim=(middle[0] - half[0], middle[0] + half[0]), ylim=(middle[1] - half[1], middle[1] + half[1]))
    axes.set_axis_off()
    footer = figure.add_axes((0.0, 0.0, 1.0, share))
    footer.set(xlim=(0, width_pt), ylim=(0, footer_pt))
    footer.set_axis_off()
    drawn_pt = sum(float(np.hypot(*np.diff(line, axis=0).T).sum()) for line in lines) / m_per_pt
    apart_pt = width_pt * height_pt / max(drawn_pt, 1.0)
    boldness = float(np.clip(apart_pt / APART_PT, 0.4, 1.0))
    return MapFrame(figure, axes, footer, m_per_pt, width_pt, footer_pt, boldness)


def draw_roads(frame: MapFrame, lines: Lines, road_classes: Sequence[str]) -> None:
    """Draw every road thin and grey, main roads a little wider."""
    main = [style.ROAD_CLASS_WIDTH_PT.get(name.removesuffix("_link"), 0.6) for name in road_classes]
    width_pt = [frame.boldness * (0.5 + 0.3 * width) for width in main]
    draw_lines(frame, lines, colours=style.LIGHT["road"], width_pt=width_pt, order=1.0)


def draw_unobserved(frame: MapFrame, lines: Lines) -> None:
    """Draw links without data dashed, over the roads."""
    draw_lines(
        frame, lines, colours=style.LIGHT["paper"], width_pt=[1.0] * len(lines), order=1.5, dashes=(0, (1.5, 2.5))
    )


def draw_locked(frame: MapFrame, lines: Lines) -> None:
    """Draw links whose queues held each other up dashed, over everything."""
    colour = style.LIGHT["second"]
    draw_lines(frame, lines, colours=colour, width_pt=[2.2] * len(lines), order=4.0, dashes=(0, (1.2, 1.2)))


def draw_levels(frame: MapFrame, lines: Lines, values: NDArray[np.float64], edges: Sequence[float]) -> None:
    """Draw links by value, in as many levels as there are edges plus one, the larger above.

    Lines that lie on their opposite direction are shifted to their own side beforehand: see ``beside_twin``.
    """
    level = np.digitize(values, edges)
    colours, widths = level_styles(frame, len(edges) + 1)
    for row in range(len(edges) + 1):
        chosen = np.flatnonzero(level == row)
        width_pt = [widths[row]] * chosen.size
        draw_lines(
            frame, [lines[i] for i in chosen.tolist()], colours=colours[row], width_pt=width_pt, order=2 + 0.1 * row
        )


def level_styles(frame: MapFrame, levels: int) -> tuple[list[str], list[float]]:
    """Colours and widths (pt) of so many classes, spread over the whole ramp, the lightest first."""
    rows = np.linspace(0, len(style.LEVELS) - 1, levels).round().astype(int) if levels > 1 else [len(style.LEVELS) - 1]
    return [style.LEVELS[row] for row in rows], [frame.boldness * style.LEVEL_WIDTH_PT[row] for row in rows]


def beside_twin(lines: Lines, shift_m: NDArray[np.float64], *, left: bool) -> list[NDArray[np.float64]]:
    """Shift links that have their opposite direction close by to the side on which their traffic drives.

    Parameters
    ----------
    lines
        Centre lines as driven, m.
    shift_m
        How far to shift each, m.
    left
        Whether traffic drives on the left.
    """
    from scipy.spatial import cKDTree

    if not len(lines):
        return []
    ends = np.array([[*line[0], *line[-1]] for line in lines])
    tree = cKDTree(ends)
    near = tree.query_ball_point(ends[:, [2, 3, 0, 1]], TWIN_WITHIN_M)
    side = 1.0 if left else -1.0
    has_twin = np.array([any(other != row for other in found) for row, found in enumerate(near)])
    return _parallel(lines, np.where(has_twin, side * np.asarray(shift_m, float), 0.0))


def once_a_street(lines: Lines) -> list[NDArray[np.float64]]:
    """The lines without those that only lead back along another one."""
    from scipy.spatial import cKDTree

    if not len(lines):
        return []
    places = np.array([[*line[0], *line[-1], *middle_of(line)] for line in lines])
    back = cKDTree(places).query_ball_point(places[:, [2, 3, 0, 1, 4, 5]], TWIN_WITHIN_M)
    return [line for row, line in enumerate(lines) if not any(other < row for other in back[row])]


def label_streets(
    frame: MapFrame, names: Sequence[str], places: Sequence[NDArray[np.float64]], *, halo: bool, most: int = NAMES_SHOWN
) -> int:
    """Write names beside their places, the first ones first, leaving out what would overlap; return how many fit.

    Parameters
    ----------
    frame
        The map.
    names, places
        Text and ``(x, y)`` in m, most important first.
    halo
        Draw a light edge around the letters (raster pictures; in a page CSS does it).
    most
        Stop after so many.
    """
    taken: list[Box] = []
    for row, (name, place) in enumerate(zip(names, places, strict=True)):
        if len(taken) == most:
            break
        spot = _free_spot(frame, shortened(name), place, taken)
        if spot is None:
            continue
        x_pt, y_pt, box = spot
        taken.append(box)
        origin = _origin(frame)
        text = frame.axes.text(
            origin[0] + x_pt * frame.m_per_pt,
            origin[1] + y_pt * frame.m_per_pt,
            shortened(name),
            fontsize=style.SMALL_PT,
            ha="left",
            va="baseline",
            zorder=12,
            gid=f"name{row}",
        )
        if halo:
            from matplotlib.patheffects import withStroke

            text.set_path_effects([withStroke(linewidth=2.5, foreground=style.LIGHT["paper"])])
    return len(taken)


def text_width_pt(text: str, size_pt: float = style.SMALL_PT) -> float:
    """Width of a text as most fonts set it, on the safe side; Chinese, Japanese and Korean signs are a full em."""
    return size_pt * sum(1.0 if unicodedata.east_asian_width(sign) in "WF" else 0.6 for sign in text)


def draw_footer(frame: MapFrame, attribution: str) -> None:
    """Draw scale bar, north arrow and attribution along the lower edge."""
    footer, ink = frame.footer, style.LIGHT["ink"]
    length_m = _round_below(frame.width_pt * 0.25 * frame.m_per_pt)
    length_pt = length_m / frame.m_per_pt
    x, y = MARGIN_PT, 6.0
    footer.plot([x, x, x + length_pt, x + length_pt], [y + 3, y, y, y + 3], color=ink, lw=1.0, solid_joinstyle="miter")
    label = f"{length_m / 1000:g} km" if length_m >= 1000 else f"{length_m:g} m"
    footer.text(x + length_pt + 4, y - 1, label, fontsize=style.SMALL_PT)
    north_x = x + length_pt + 10 + text_width_pt(label)
    footer.annotate(
        "", (north_x + 4, y + 11), (north_x + 4, y - 2), arrowprops={"arrowstyle": "-|>", "color": ink, "lw": 0.9}
    )
    footer.text(north_x + 10, y - 1, "N", fontsize=style.SMALL_PT)
    footer.text(
        frame.width_pt - MARGIN_PT,
        y - 1,
        attribution,
        fontsize=style.SMALL_PT,
        color=style.LIGHT["muted"],
        ha="right",
    )


def draw_legend(frame: MapFrame, title: str, edges: Sequence[float], *, unobserved: bool) -> None:
    """Draw the classes as one stepped bar with the round edges between them, and what dashes mean."""
    footer = frame.footer
    footer.text(MARGIN_PT, frame.footer_pt - 14, title, fontsize=style.SMALL_PT)
    colours, widths = level_styles(frame, len(edges) + 1)
    step_pt = min(46.0, (frame.width_pt * 0.72) / len(colours))
    y = frame.footer_pt - 24
    for row, (colour, width) in enumerate(zip(colours, widths, strict=True)):
        x = MARGIN_PT + row * step_pt
        footer.plot([x, x + step_pt - 2], [y, y], color=colour, lw=width, solid_capstyle="butt")
    for row, edge in enumerate(edges):
        x = MARGIN_PT + (row + 1) * step_pt - 1
        footer.text(x, y - 12, style.number(edge, figures=1), fontsize=style.SMALL_PT, ha="center")
    if unobserved:
        x = frame.width_pt - MARGIN_PT - 74
        footer.plot([x, x + 22], [y, y], color=style.LIGHT["road"], lw=1.2, ls=(0, (2, 2)))
        footer.text(x + 26, y - 3, "no data", fontsize=style.SMALL_PT)


def lines_of(geometry: Sequence[bytes]) -> list[NDArray[np.float64]]:
    """Coordinates ``[point, 2]`` of each WKB line."""
    import shapely

    return [shapely.get_coordinates(shape) for shape in shapely.from_wkb(list(geometry))]


def simplified(lines: Lines, tolerance_m: float) -> list[NDArray[np.float64]]:
    """The lines without the points that nobody could see."""
    import shapely

    if not len(lines):
        return []
    row = np.repeat(np.arange(len(lines)), [len(line) for line in lines])
    shapes = shapely.linestrings(np.concatenate(lines), indices=row)
    points, row = shapely.get_coordinates(
        shapely.simplify(shapes, tolerance_m, preserve_topology=False), return_index=True
    )
    return np.split(points, np.flatnonzero(np.diff(row)) + 1)


def middle_of(line: NDArray[np.float64]) -> NDArray[np.float64]:
    """The point half-way along a line."""
    steps_m = np.hypot(*np.diff(line, axis=0).T)
    along_m = np.concatenate([[0.0], np.cumsum(steps_m)])
    half_m = along_m[-1] / 2
    return np.array([np.interp(half_m, along_m, line[:, 0]), np.interp(half_m, along_m, line[:, 1])])


def draw_lines(
    frame: MapFrame, lines: Lines, *, colours: str, width_pt: Sequence[float], order: float, dashes: Any = "solid"
) -> None:
    """Draw lines of one colour, all of one width as a single path: a tenth of the size of a path each."""
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path

    for width in sorted(set(width_pt)):
        same = [line for line, own in zip(lines, width_pt, strict=True) if own == width]
        codes = np.full(sum(map(len, same)), Path.LINETO)
        codes[np.cumsum([0, *map(len, same[:-1])])] = Path.MOVETO
        patch = PathPatch(
            Path(np.concatenate(same), codes),
            fill=False,
            edgecolor=colours,
            linewidth=width,
            linestyle=dashes,
            capstyle="round",
            joinstyle="round",
            zorder=order,
            clip_on=False,
        )
        patch.set_rasterized(codes.size > POINTS_AS_VECTORS)
        frame.axes.add_artist(patch)


def _parallel(lines: Lines, left_m: NDArray[np.float64]) -> list[NDArray[np.float64]]:
    """The lines moved to their left, point by point along the mean normal of the two pieces that meet there."""
    sizes = np.array([len(line) for line in lines])
    points, ends = np.concatenate(lines), np.cumsum(sizes)
    steps = np.diff(points, axis=0)
    steps[ends[:-1] - 1] = 0.0  # from one line to the next
    lengths = np.hypot(steps[:, 0], steps[:, 1])
    directions = np.pad(steps / np.where(lengths > 0, lengths, 1.0)[:, None], ((1, 1), (0, 0)))
    at_points = directions[:-1] + directions[1:]
    size = np.hypot(at_points[:, 0], at_points[:, 1])
    at_points = at_points / np.where(size > 0, size, 1.0)[:, None]
    normals = np.column_stack([-at_points[:, 1], at_points[:, 0]])
    return np.split(points + np.repeat(left_m, sizes)[:, None] * normals, ends[:-1])


def _origin(frame: MapFrame) -> tuple[float, float]:
    return frame.axes.get_xlim()[0], frame.axes.get_ylim()[0]


def _free_spot(
    frame: MapFrame, text: str, place: NDArray[np.float64], taken: Sequence[Box]
) -> tuple[float, float, Box] | None:
    """Where a text fits near a place: left end and baseline in points, and the box it takes."""
    origin = np.array(_origin(frame))
    x, y = (place - origin) / frame.m_per_pt
    width, height = text_width_pt(text), style.SMALL_PT
    x_limit = frame.width_pt
    y_limit = (frame.axes.get_ylim()[1] - origin[1]) / frame.m_per_pt
    for away in (5.0, 12.0, 22.0):
        for left, base in (
            (x + away, y - height / 3),
            (x - away - width, y - height / 3),
            (x - width / 2, y + away),
            (x - width / 2, y - away - height * 0.8),
            (x + 0.7 * away, y + 0.7 * away),
            (x - 0.7 * away - width, y + 0.7 * away),
            (x + 0.7 * away, y - 0.7 * away - height * 0.8),
            (x - 0.7 * away - width, y - 0.7 * away - height * 0.8),
        ):
            box = (left - 2, base - 3, left + width + 2, base + height + 1)
            inside = box[0] >= 0 and box[1] >= 0 and box[2] <= x_limit and box[3] <= y_limit
            if inside and not any(_overlap(box, other) for other in taken):
                return left, base, box
    return None


def _overlap(a: Box, b: Box) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def shortened(name: str, limit: int = 28) -> str:
    """The name, cut where it gets too long for a picture."""
    return name if len(name) <= limit else name[: limit - 1].rstrip() + "…"


def _round_below(value: float) -> float:
    """The largest 1, 2 or 5 times a power of ten that is not above the value."""
    power = 10.0 ** np.floor(np.log10(value))
    return float(max(m * power for m in (1, 2, 5) if m * power <= value * (1 + 1e-9)))
