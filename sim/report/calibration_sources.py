"""Draw where sources of the air were found: before and after, with their intervals, among the stations."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ...scenarios.calibrated_kinds import SourcePlace
from ...scenarios.nearest_links import project
from ...scenarios.network import CLASS_NAMES
from ...scenarios.observed import KINDS
from ..network_facts import drawn_lines
from . import streets_map, style
from .figures import Picture
from .svg import to_svg

if TYPE_CHECKING:
    from ...scenarios.network import Floats
    from ..calibrate.calibration import Calibration

MARKS = (
    ("s", "muted", "as believed"),
    ("*", "second", "found"),
    ("o", "accent", "station, by its mean"),
)


def source_maps(found: Calibration) -> list[Picture]:
    """One map of all sources whose place was looked for; none where no place was."""
    places = _places(found)
    if not places:
        return []
    import matplotlib as mpl
    from matplotlib.patches import Rectangle

    setting = found.setting
    lines = drawn_lines(setting.network)
    with mpl.rc_context(style.RC):
        frame = streets_map.map_frame(lines)
        classes = [CLASS_NAMES[row] for row in setting.network.links.road_class]
        streets_map.draw_roads(frame, streets_map.simplified(lines, 0.2 * frame.m_per_pt), classes)
        stations_m, mean = _stations(found)
        size = 3.0 + 9.0 * np.sqrt(mean / max(float(mean.max(initial=0.0)), 1e-300))
        for point, marker_size in zip(stations_m, size.tolist(), strict=True):
            frame.axes.plot(*point, "o", color=style.LIGHT["accent"], ms=marker_size, alpha=0.6, mew=0, zorder=4)
        for was, now, low, high in places.values():
            corner = Rectangle(tuple(low), *(high - low), fill=False, ec=style.LIGHT["second"], lw=1.2, zorder=6)
            frame.axes.add_patch(corner)
            frame.axes.plot(*was, "s", color=style.LIGHT["muted"], ms=6, mec="white", mew=0.5, zorder=5)
            frame.axes.plot(*now, "*", color=style.LIGHT["second"], ms=10, mec="white", mew=0.5, zorder=7)
        x_pt = 8.0
        for marker, colour, words in MARKS:
            frame.footer.plot([x_pt], [frame.footer_pt - 14], marker, color=style.LIGHT[colour], ms=5)
            frame.footer.text(x_pt + 7, frame.footer_pt - 17, words, fontsize=style.SMALL_PT)
            x_pt += 16 + streets_map.text_width_pt(words)
        streets_map.draw_footer(frame, setting.network.attribution)
        name, (was, now, _, _) = next(iter(places.items()))
        away = style.number(float(np.hypot(*(now - was))))
        title = f"The source {name} was found {away} m from where it was believed to be"
        svg = to_svg(frame.figure, "sources", title)
    return [
        Picture(
            "sources",
            title,
            "Boxes: 90 % intervals to the east and to the north. Stations are the larger the more they measured.",
            svg,
        )
    ]


def _places(found: Calibration) -> dict[str, tuple[Floats, Floats, Floats, Floats]]:
    """Of each source whose place was looked for: where it was, where it was found, and the corners of the interval."""
    setting, trust = found.setting, found.trust
    air = setting.scenario.air
    places: dict[str, tuple[Floats, Floats, Floats, Floats]] = {}
    for row in setting.parameters.of_kind("number"):
        number = setting.number_of(setting.parameters[row])
        if not isinstance(number, SourcePlace) or air is None:
            continue
        if number.source not in places:
            at = next(one.at for one in air.sources if one.id == number.source and one.kind != "area")
            x_m, y_m = project(setting.network, np.array([at[0]]), np.array([at[1]]))
            places[number.source] = tuple(np.array([x_m[0], y_m[0]]) for _ in range(4))  # type: ignore[assignment]
        axis = 0 if number.towards == "east" else 1
        ends = (found.found.values[row], trust.low[row], trust.high[row])
        for place, value in zip(places[number.source][1:], ends, strict=True):
            place[axis] += value
    return places


def _stations(found: Calibration) -> tuple[Floats, Floats]:
    """Where each receptor is that was measured at, m, and its mean reading."""
    setting = found.setting
    observed, receptor = setting.loss.observed, np.array(setting.instruments.gauges.receptor, dtype=object)
    air = observed.kind == KINDS.index("air")
    own = [] if setting.scenario.air is None else [one for one in setting.scenario.air.receptors if one.kind == "point"]
    at = {one.id: one.at for one in (*own, *setting.instruments.points)}
    names = [name for name in dict.fromkeys(receptor[air].tolist()) if name in at]
    lon, lat = np.array([at[name] for name in names]).reshape(-1, 2).T
    mean = np.array([observed.value[air & (receptor == name)].mean() for name in names])
    return np.column_stack(project(setting.network, lon, lat)), mean
