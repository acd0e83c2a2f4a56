"""Say and draw how people on foot got about: levels of service, and where it was densest."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from . import patches, streets_map, style
from .figures import City, Picture
from .svg import to_svg

if TYPE_CHECKING:
    import pandas as pd

    from ..run_folder import Run

LEVELS = "ABCDEF"
PRESETS = {"lab_calibrated": "as measured in laboratories", "code_conservative": "as codes for safe exits reckon"}
ROWS_SHOWN = 10
LEGEND_STEP_PT = 30.0
CROWDED = "D"  # from this level on people are told of, not only drawn


def walking_section(run: Run, city: City, start: dt.datetime) -> dict[str, Any] | None:
    """What the report tells of people on foot; None where nobody walked."""
    facts = run.summary.get("walking")
    if not facts or run.walk_streets.empty:
        return None
    worst = worst_levels(run.walk_links, run.walk_streets)
    picture = level_map(worst, run.walk_streets, city, start)
    return {
        "sentences": _sentences(facts),
        "pictures": [picture, *patches.patch_pictures(run, start)],
        "rows": [_row(row, start) for row in worst.head(ROWS_SHOWN).to_dict("records")],
    }


def worst_levels(walk_links: pd.DataFrame, walk_streets: pd.DataFrame) -> pd.DataFrame:
    """The interval in which every link was densest, the densest link first."""
    densest = walk_links.sort_values("density_per_m2", ascending=False, kind="stable").drop_duplicates("link")
    return densest.merge(walk_streets[["link", "name", "kind", "width_m"]], on="link", how="left")


def level_map(worst: pd.DataFrame, walk_streets: pd.DataFrame, city: City, start: dt.datetime) -> Picture:
    """Level of service of every link in its densest interval, the denser above."""
    import matplotlib as mpl

    title = _title(worst, start)
    note = (
        "Levels of service for walkways (Fruin 1971) by people per m² in the densest interval of each link: A free, C "
        "slowed down, E crowded, F hardly moving."
    )
    level_of = dict(zip(worst["link"], worst["level_of_service"], strict=True))
    with mpl.rc_context(style.RC):
        lines = streets_map.lines_of(walk_streets["geometry"].tolist())
        frame = streets_map.map_frame([*city.lines, *lines])
        streets_map.draw_roads(frame, city.lines, city.totals["road_class"].tolist())
        lines = streets_map.simplified(lines, 0.3 * frame.m_per_pt)
        levels = np.array([LEVELS.find(level_of.get(link, "?")) for link in walk_streets["link"]])
        colours, widths = streets_map.level_styles(frame, len(LEVELS))
        for row, (colour, width) in enumerate(zip(colours, widths, strict=True)):
            chosen = np.flatnonzero(levels == row)
            if chosen.size:
                shown = [lines[line] for line in chosen]
                streets_map.draw_lines(
                    frame, shown, colours=colour, width_pt=[width] * chosen.size, order=2 + 0.1 * row
                )
            x, y = streets_map.MARGIN_PT + row * LEGEND_STEP_PT, frame.footer_pt - 24
            frame.footer.plot([x, x + LEGEND_STEP_PT - 4], [y, y], color=colour, lw=width, solid_capstyle="butt")
            frame.footer.text(x + LEGEND_STEP_PT / 2 - 2, y - 12, LEVELS[row], fontsize=style.SMALL_PT, ha="center")
        legend = "level of service in the densest interval"
        frame.footer.text(streets_map.MARGIN_PT, frame.footer_pt - 14, legend, fontsize=style.SMALL_PT)
        streets_map.draw_footer(frame, city.attribution)
        return Picture("walking", title, note, to_svg(frame.figure, "walking", title))


def _title(worst: pd.DataFrame, start: dt.datetime) -> str:
    crowded = worst[worst["level_of_service"] >= CROWDED]
    if crowded.empty:
        level = worst["level_of_service"].max() if len(worst) else "A"
        return f"People on foot have room: level {level if level == 'A' else f'{level} or better'} everywhere"
    top = crowded.iloc[0]
    where = f"on {top['name']}" if top["name"] else f"on a {str(top['kind']).replace('_', ' ')} without a name"
    since = style.clock(start, top["interval_start_s"])
    return f"On foot it is densest {where}: level {top['level_of_service']} from {since}"


def _sentences(facts: dict[str, Any]) -> list[str]:
    arrived = f"{style.count(facts['arrived'], 'person', 'people')} of {style.whole(facts['walks'])} on foot arrived"
    told = [f"{arrived}, {style.whole(facts['walking'])} were still walking at the end."]
    if facts["mean_travel_s"] is not None:
        told.append(
            f"A walk took {style.minutes_seconds(facts['mean_travel_s'])} on average, "
            f"{style.minutes_seconds(facts['mean_delay_s'])} longer than on the level with nobody around; of it "
            f"{style.minutes_seconds(facts['mean_crossing_s'])} were spent waiting to cross streets."
        )
    if facts["no_route"]:
        told.append(f"{style.count(facts['no_route'], 'person', 'people')} found no way on foot.")
    if facts.get("cancelled"):
        told.append(f"{style.count(facts['cancelled'], 'walk')} did not take place because of a measure.")
    if facts["waiting"]:
        told.append(f"{style.count(facts['waiting'], 'person', 'people')} found no room to set out.")
    dense = facts.get("dense_patches")
    if dense:
        told.append(
            f"{style.count(dense['squares_that_became_dense'], 'square', 'squares')} of 20 m became denser than "
            f"{dense['above_per_m2']:g} people per m², at most {style.whole(dense['most_squares_at_once'])} at once; "
            f"people walked there in the plane for {style.number(dense['person_h'], figures=2)} hours together."
        )
    told.append(
        f"People walk {PRESETS[facts['preset']]} (preset {facts['preset']}); the width of "
        f"{style.percent(facts['widths_assumed'] / max(facts['links'], 1))} of the links is assumed."
    )
    return told


def _row(row: Mapping[Any, Any], start: dt.datetime) -> dict[str, str]:
    return {
        "name": str(row["name"]) or "unnamed",
        "kind": str(row["kind"]).replace("_", " "),
        "width": f"{row['width_m']:.1f}",
        "from": style.clock(start, row["interval_start_s"]),
        "density": style.number(row["density_per_m2"], figures=2),
        "level": str(row["level_of_service"]),
        "flow": style.number(row["flow_per_m_min"], figures=2),
        "speed": f"{row['mean_speed_mps']:.2f}",
        "link": str(row["link"]),
    }
