"""Say and draw what hazards did: where they were at some moments, who was in them, and who came to harm."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from . import streets_map, style
from .figures import City, Picture, chart, clock_axis, figure_of
from .svg import to_svg

if TYPE_CHECKING:
    import pandas as pd

    from ..run_folder import Run

MOMENTS = 3  # of each hazard that are drawn
ROWS_SHOWN = 20
MODE_WORDS = {"on_foot": "on foot", "vehicle": "in a vehicle", "indoors": "indoors", "waiting": "at a stop"}
EDGES = {"flood": (0.1, 0.2, 0.3, 0.6), "smoke": (0.1, 0.3, 1.0, 3.0)}  # m of depth; extinction per m
MEASURES = {"flood": "depth of water, m", "smoke": "extinction, 1/m"}
SERIES = (
    ("on_foot_inside", "on foot in it", "accent"),
    ("vehicles_inside", "vehicles in it", "third"),
    ("stranded", "stranded", "second"),
    ("incapacitated", "incapacitated so far", "ink"),
)


def hazard_section(run: Run, city: City, start: dt.datetime) -> dict[str, Any] | None:
    """What the report says of hazards; None where there were none."""
    facts = run.summary.get("hazards") or {}
    if not facts:
        return None
    drawn = {name: told for name, told in facts.items() if "gas" not in told}  # gas has a section of its own
    pictures = [picture for name, told in drawn.items() for picture in _pictures(run, name, told["kind"], city, start)]
    return {
        "sentences": [_sentence(name, told) for name, told in drawn.items()],
        "pictures": pictures,
        "casualties": _people(run.casualties, "t_s", start),
        "casualties_more": style.whole(len(run.casualties) - ROWS_SHOWN) if len(run.casualties) > ROWS_SHOWN else "",
        "trapped": _people(run.trapped, "since_s", start),
        "trapped_more": style.whole(len(run.trapped) - ROWS_SHOWN) if len(run.trapped) > ROWS_SHOWN else "",
    }


def _sentence(name: str, told: dict[str, Any]) -> str:
    kind = str(told["kind"]).replace("_", " ")
    called = f"The {kind} “{name}”" if name != kind else f"The {kind}"
    exposed, lost, stranded = (told[key] for key in ("exposed", "incapacitated", "stranded"))
    reached = (
        f"{called} reached {style.count(exposed['on_foot'], 'person', 'people')} on foot and "
        f"{style.count(exposed['vehicle'], 'vehicle')}, and closed up to "
        f"{style.count(told['most_streets_closed'], 'link')}."
    )
    harmed = sum(lost.values())
    fate = f"It incapacitated {style.count(harmed, 'person', 'people')}" if harmed else "It incapacitated nobody"
    held = sum(stranded.values())
    if told["detours_on_foot"]:
        fate += f"; {style.count(told['detours_on_foot'], 'time')} somebody on foot took another way"
    return (
        f"{reached} {fate}; {style.count(held, 'person', 'people') if held else 'nobody'} could not go on at the end."
    )


def _pictures(run: Run, name: str, kind: str, city: City, start: dt.datetime) -> list[Picture]:
    links = run.hazard_links[run.hazard_links["hazard"] == name]
    moments = _moments(links)
    maps = [_map(links[links["t_s"] == t_s], t_s, name, kind, run, city, start) for t_s in moments]
    return [*maps, _curve(run.hazards[run.hazards["hazard"] == name], name, start)]


def _moments(links: pd.DataFrame) -> list[float]:
    """The first moment, the one at which most links were closed or reached, and the last one, those that differ."""
    if links.empty:
        return []
    by_time = links.groupby("t_s").agg(closed=("closed", "sum"), reached=("link", "size"), level=("level", "sum"))
    worst = by_time.sort_values(["closed", "level"]).index[-1]
    return sorted({float(by_time.index[0]), float(worst), float(by_time.index[-1])})[:MOMENTS]


def _map(now: pd.DataFrame, t_s: float, name: str, kind: str, run: Run, city: City, start: dt.datetime) -> Picture:
    """Links that a hazard is on at a moment, by how much of it there is; those that it closes over all others."""
    import matplotlib as mpl

    roads, walks = (now[now["network"] == network] for network in ("road", "walk"))
    closed = int(roads["closed"].sum())
    shut = f"closes {style.whole(closed) if closed else 'none'}"
    title = f"{style.clock(start, t_s)}: {name} is on {style.count(len(roads), 'link')} and {shut}"
    note = "Streets, and thin beside them ways on foot, by how much of the hazard is on them at most; red: closed."
    with mpl.rc_context(style.RC):
        of_walks = streets_map.lines_of(run.walk_streets["geometry"].tolist())
        frame = streets_map.map_frame(city.lines)
        streets_map.draw_roads(frame, city.lines, city.totals["road_class"].tolist())
        edges = EDGES.get(kind, ())
        for rows, lines, ids, thin in (
            (walks, of_walks, run.walk_streets["link"], 0.5),
            (roads, city.lines, city.totals["link"], 1.0),
        ):
            row_of = {link: row for row, link in enumerate(ids)}
            _draw_levels(frame, rows, [lines[row_of[link]] for link in rows["link"]], edges, thin)
        x, y = streets_map.MARGIN_PT, frame.footer_pt - 24
        if edges:
            streets_map.draw_legend(frame, MEASURES[kind], edges, unobserved=False)
            x = frame.width_pt - streets_map.MARGIN_PT - 74
        frame.footer.plot([x, x + 22], [y, y], color=style.LIGHT["second"], lw=2.4, solid_capstyle="butt")
        frame.footer.text(x + 26, y - 3, "closed", fontsize=style.SMALL_PT)
        streets_map.draw_footer(frame, city.attribution)
        key = f"hazard-{style.plain(name)}-{t_s:g}"
        return Picture(key, title, note, to_svg(frame.figure, key, title))


def _draw_levels(
    frame: streets_map.MapFrame, rows: pd.DataFrame, lines: list[Any], edges: tuple[float, ...], thin: float
) -> None:
    colours, widths = streets_map.level_styles(frame, len(edges) + 1)
    level = np.digitize(rows["level"].to_numpy(float), edges) if edges else np.zeros(len(rows), int)
    shut = rows["closed"].to_numpy() > 0
    for number, (colour, width) in enumerate(zip(colours, widths, strict=True)):
        chosen = [lines[row] for row in np.flatnonzero((level == number) & ~shut)]
        if chosen:
            wide = [thin * width] * len(chosen)
            streets_map.draw_lines(frame, chosen, colours=colour, width_pt=wide, order=2 + thin + 0.1 * number)
    closed = [lines[row] for row in np.flatnonzero(shut)]
    if closed:
        wide = [thin * 2.4 * frame.boldness] * len(closed)
        streets_map.draw_lines(frame, closed, colours=style.LIGHT["second"], width_pt=wide, order=4 + thin)


def _curve(counts: pd.DataFrame, name: str, start: dt.datetime) -> Picture:
    """Who is in a hazard, stranded by it, and incapacitated, over time."""
    counts = counts.assign(stranded=counts["on_foot_stranded"] + counts["vehicles_stranded"])
    inside = counts["on_foot_inside"] + counts["vehicles_inside"]
    title = f"Nobody is in {name} at any time"
    if inside.any():
        row = int(inside.to_numpy().argmax())
        at = style.clock(start, float(counts["t_s"].iloc[row]))
        title = f"Most people and vehicles are in {name} at {at}: {style.whole(int(inside.iloc[row]))}"
    key = f"inside-{style.plain(name)}"
    note = "People on foot and vehicles, at each look at the hazard; clock time."
    return counts_picture(counts, SERIES, "people and vehicles", start, (key, title, note))


def counts_picture(
    counts: pd.DataFrame,
    series: Sequence[tuple[str, str, str]],
    unit: str,
    start: dt.datetime,
    words: tuple[str, str, str],
) -> Picture:
    """Counts over time (``t_s``): column, label and colour of each series; key, title and note of the picture."""
    import matplotlib as mpl

    key, title, note = words
    with mpl.rc_context(style.RC):
        axes = chart()
        for column, label, colour in series:
            if counts[column].any():
                axes.plot(counts["t_s"], counts[column], color=style.LIGHT[colour], label=label)
        highest = float(counts[[column for column, _, _ in series]].to_numpy().max(initial=0.0))
        axes.set_ylim(0, max(1.0, 1.08 * highest))
        axes.set_ylabel(unit)
        clock_axis(axes, counts["t_s"].to_numpy(dtype=float), start)
        if axes.lines:
            axes.legend(
                loc="upper left",
                bbox_to_anchor=(-0.02, -0.12),
                ncols=4,
                frameon=False,
                fontsize=style.SMALL_PT,
                handlelength=1.2,
                columnspacing=1.2,
            )
        return Picture(key, title, note, to_svg(figure_of(axes), key, title))


def _people(table: pd.DataFrame, when: str, start: dt.datetime) -> list[dict[str, str]]:
    """The first people of a list, formatted."""
    rows = table.sort_values(when, kind="stable").head(ROWS_SHOWN).to_dict("records")
    return [
        {
            "person": str(row["person"]),
            "mode": MODE_WORDS[row["mode"]],
            "when": style.clock(start, row[when]),
            "cause": str(row["cause"]),
            "place": f"{row['lat']:.5f}, {row['lon']:.5f}",
            "unit": f"{row['nearest_unit']} ({style.whole(row['nearest_unit_m'])} m)" if row["nearest_unit"] else "",
            "link": str(row["link"]),
        }
        for row in rows
    ]
