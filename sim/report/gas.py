"""Say and draw what gas did: when the cloud came where, how dense it got, who was in it, and what it did to whom."""

from __future__ import annotations

import datetime as dt
import math
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from . import streets_map, style
from .figures import City, Picture
from .hazards import counts_picture
from .svg import to_svg

if TYPE_CHECKING:
    import pandas as pd

    from ..run_folder import Run

MINUTES = (2.0, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0)  # after the release, between the steps of the map
MOST_EDGES = 4
LEVEL_WORDS = ("discomfort", "lasting harm", "danger to life")
CURVES = (
    ("indoors", "indoors", "accent"),
    ("outdoors", "outdoors", "second"),
    ("in_vehicle", "in vehicles", "third"),
    ("incapacitated", "incapacitated so far", "ink"),
)


def gas_section(run: Run, city: City, start: dt.datetime) -> dict[str, Any] | None:
    """What the report says of gas; None where there was none."""
    facts = {name: told["gas"] for name, told in (run.summary.get("hazards") or {}).items() if "gas" in told}
    if not facts:
        return None
    squares, times, zones = run.gas_map, run.gas_times, run.gas_zones
    arrivals, pictures, sentences = run.gas_arrivals, list[Picture](), list[str]()
    for name, told in facts.items():
        own = squares[squares["hazard"] == name]
        sentences.append(_sentence(name, told, arrivals[arrivals["hazard"] == name], start))
        if not own.empty:
            pictures += [_arrival_map(own, name, told, city, start), _level_map(own, name, told, city)]
        pictures.append(_curve(times[times["hazard"] == name], name, start))
    return {"sentences": sentences, "pictures": pictures, "rows": _rows(zones, len(facts) > 1)}


def _sentence(name: str, told: dict[str, Any], arrivals: pd.DataFrame, start: dt.datetime) -> str:
    """What was released, whom it reached and harmed, and when it came to each zone."""
    people = told["people"]
    dead = style.count(people["incapacitated"], "person is", "people are")
    said = (
        f"“{name}” released {style.number(told['released_kg'])} kg of {told['substance']} from "
        f"{style.clock(start, told['released_s'])} on. {style.count(people['exposed'], 'person was', 'people were')} "
        f"in the cloud; {style.whole(people['level_2'])} breathed enough for lasting harm or to be hardly able to "
        f"escape, {style.whole(people['level_3'])} to be in danger of their lives; {dead} incapacitated "
        f"({style.number(people['expected_incapacitated'], figures=2)} to be expected by their doses)."
    )
    zones = arrivals[arrivals["kind"] == "zone"].sort_values("arrived_s")
    if not zones.empty:
        told_zones = [f"{row['place']} at {style.clock(start, row['arrived_s'])}" for row in zones.to_dict("records")]
        said += f" The cloud comes to the first homes of {', of '.join(told_zones)}."
    return said


def _arrival_map(squares: pd.DataFrame, name: str, told: dict[str, Any], city: City, start: dt.datetime) -> Picture:
    """When the cloud first came to each square, in minutes after the release; early is dark."""
    minutes = (squares["arrived_s"].to_numpy(float) - told["released_s"]) / 60.0
    edges = [edge for edge in MINUTES if minutes.min() < edge < minutes.max()][:MOST_EDGES]
    away_m = _away_m(squares, told)
    far = int(np.argmax(away_m))
    title = (
        f"{name}: the cloud is {style.number(away_m[far], figures=2)} m away "
        f"{style.minutes_seconds(60.0 * minutes[far])} after the release"
    )
    front, released = style.number(told["front_mgm3"], figures=2), style.clock(start, told["released_s"])
    note = f"When {front} mg/m³ of {told['substance']} were first reached, minutes after {released}; dark is early."
    names = _between([f"{edge:g}" for edge in edges], "before", "later", "min")
    return _squares_map(
        squares, len(edges) - np.digitize(minutes, edges), names[::-1], ("arrival", name), title, note, city, told
    )


def _level_map(squares: pd.DataFrame, name: str, told: dict[str, Any], city: City) -> Picture:
    """How dense the cloud got, by guideline levels for an hour."""
    highest, levels = squares["highest_mgm3"].to_numpy(float), told["levels_mgm3"]
    away_m = _away_m(squares, told)
    reach = [float(away_m[highest >= level].max(initial=0.0)) for level in levels]
    title = (
        f"{name}: above the level of {LEVEL_WORDS[2]} up to {style.number(reach[2], figures=2)} m away, of "
        f"{LEVEL_WORDS[1]} up to {style.number(reach[1], figures=2)} m"
    )
    limits = ", ".join(
        f"{words} {style.number(level, figures=2)} mg/m³" for words, level in zip(LEVEL_WORDS, levels, strict=True)
    )
    note = f"Highest concentration outdoors, against guideline levels for an hour (AEGL-1 to 3): {limits}."
    names = ["less", *LEVEL_WORDS]
    return _squares_map(squares, np.digitize(highest, levels), names, ("levels", name), title, note, city, told)


def _squares_map(
    squares: pd.DataFrame,
    step: np.ndarray[Any, Any],
    names: list[str],
    called: tuple[str, str],
    title: str,
    note: str,
    city: City,
    told: dict[str, Any],
) -> Picture:
    """Squares in steps of colour under the streets, the highest step darkest, and a cross at the release."""
    import matplotlib as mpl
    from matplotlib.collections import PolyCollection

    with mpl.rc_context(style.RC):
        frame = streets_map.map_frame(city.lines)
        colours, _ = streets_map.level_styles(frame, len(names))
        x, y, half = (squares[key].to_numpy(float) for key in ("x_m", "y_m", "size_m"))
        half = half / 2.0
        for row, colour in enumerate(colours):
            at = np.flatnonzero(step == row)
            if at.size:
                west, east, south, north = x[at] - half[at], x[at] + half[at], y[at] - half[at], y[at] + half[at]
                corners = np.stack([west, south, east, south, east, north, west, north], axis=1).reshape(-1, 4, 2)
                frame.axes.add_collection(
                    PolyCollection(list(corners), facecolors=colour, alpha=0.8, linewidths=0, zorder=0.5)
                )
        lines = streets_map.simplified(city.lines, 0.3 * frame.m_per_pt)
        streets_map.draw_lines(frame, lines, colours=style.LIGHT["paper"], width_pt=[1.0] * len(lines), order=1.0)
        streets_map.draw_lines(frame, lines, colours=style.LIGHT["ink"], width_pt=[0.35] * len(lines), order=1.1)
        frame.axes.plot(*told["at_m"], marker="x", color=style.LIGHT["second"], ms=9, mew=2.4, zorder=5)
        footer, step_pt, top = frame.footer, (frame.width_pt - 2 * streets_map.MARGIN_PT) / len(names), frame.footer_pt
        for row, (colour, text) in enumerate(zip(colours, names, strict=True)):
            left = streets_map.MARGIN_PT + row * step_pt
            footer.plot(
                [left, left + step_pt - 3], [top - 12, top - 12], color=colour, lw=7, alpha=0.8, solid_capstyle="butt"
            )
            footer.text(left, top - 26, text, fontsize=style.SMALL_PT)
        streets_map.draw_footer(frame, city.attribution)
        key = f"gas-{called[0]}-{style.plain(called[1])}"
        return Picture(key, title, f"{note} Cross: where it was released.", to_svg(frame.figure, key, title))


def _between(edges: list[str], first: str, last: str, unit: str) -> list[str]:
    """Names of the steps between edges."""
    if not edges:
        return ["all"]
    middle = [f"{low} to {high} {unit}" for low, high in pairwise(edges)]
    return [f"{first} {edges[0]} {unit}", *middle, f"{last}"]


def _away_m(squares: pd.DataFrame, told: dict[str, Any]) -> np.ndarray[Any, Any]:
    x_m, y_m = told["at_m"]
    return np.asarray(np.hypot(squares["x_m"].to_numpy(float) - x_m, squares["y_m"].to_numpy(float) - y_m))


def _curve(times: pd.DataFrame, name: str, start: dt.datetime) -> Picture:
    """Who is in the cloud over time, and how many are incapacitated so far."""
    times = times.assign(outdoors=times["on_foot"] + times["waiting"])
    inside = times[["indoors", "outdoors", "in_vehicle"]].sum(axis=1)
    title = f"{name}: nobody is in the cloud at any time"
    if inside.any():
        row = int(inside.to_numpy().argmax())
        at = style.clock(start, float(times["t_s"].iloc[row]))
        title = f"{name}: most people are in the cloud at {at}, {style.whole(int(inside.iloc[row]))}"
    key = f"gas-people-{style.plain(name)}"
    note = "People whose air is that of the cloud, by where they are; indoors the air in the house. Clock time."
    return counts_picture(times, CURVES, "people", start, (key, title, note))


def _rows(zones: pd.DataFrame, several: bool) -> list[dict[str, Any]]:
    """The casualty table, formatted."""
    rows = []
    for row in zones.to_dict("records"):
        lost = [
            f"{style.whole(row[f'lost_{where}'])} {words}"
            for where, words in (
                ("indoors", "indoors"),
                ("on_foot", "on foot"),
                ("in_vehicle", "in vehicles"),
                ("waiting", "at stops"),
            )
            if row[f"lost_{where}"]
        ]
        zone = {"others": "not evacuated", "all": "all"}.get(str(row["zone"]), str(row["zone"]))
        rows.append(
            {
                "zone": f"{row['hazard']}: {zone}" if several else zone,
                "people": style.whole(row["people"]),
                "exposed": style.whole(row["exposed"]),
                "levels": [style.whole(row[f"level_{level}"]) for level in (1, 2, 3)],
                "lost": style.whole(row["incapacitated"]),
                "expected": style.number(row["expected_incapacitated"], figures=2)
                if math.isfinite(row["expected_incapacitated"])
                else style.DASH,
                "where": ", ".join(lost),
            }
        )
    return rows
