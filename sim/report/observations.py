"""Put the health of observations on a page: what may be done with them, a map, and pictures of doubtful sensors."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ...scenarios.reading_grid import grids
from ...scenarios.readings import DAY_S
from ...scenarios.sensor_findings import FINDINGS, WHOLE_FILE, Finding, Severity
from ..observations import SEVERITY_WORDS, ExaminedData, verdict
from . import streets_map, style
from .figures import Picture, chart, figure_of
from .page import templates
from .svg import to_svg

if TYPE_CHECKING:
    from ...scenarios.data_health import Health
    from ...scenarios.reading_grid import Grid

MOST_PICTURES = 40
ROWS_SHOWN = 200
AROUND_S = 2 * DAY_S  # before and after what a picture is about
LONGEST_S = 14 * DAY_S  # more is shown day by day
SIGNS = {
    Severity.REFUSED: ("X", "second", "not to be fitted"),
    Severity.WRONG: ("X", "second", "wrong"),
    Severity.DOUBTFUL: ("^", "accent", "doubtful"),
    Severity.NOTE: ("o", "ink", "nothing doubtful"),
}


def write_observations_page(examined: ExaminedData, path: Path) -> None:
    """Write one HTML file that needs nothing else."""
    path.write_text(render(examined), encoding="utf-8")


def render(examined: ExaminedData) -> str:
    """The page as HTML text."""
    health = examined.health
    readings = health.readings
    flagged = _flagged(health)
    pictures = [sensor_picture(health, sensor) for sensor in flagged[:MOST_PICTURES]]
    place = _map(examined)
    return (
        templates()
        .get_template("observations.html")
        .render(
            title=health.described.asked.name or health.described.file.name,
            css_variables=style.css_variables(),
            css=(Path(__file__).parent / "templates" / "report.css").read_text(encoding="utf-8"),
            verdict=verdict(health),
            facts=_facts(examined),
            sorts=[_sort_row(health, sort, count) for sort, count in health.counts().items()],
            map=place,
            pictures=[picture for picture in pictures if picture is not None],
            more_pictures=max(0, len(flagged) - MOST_PICTURES),
            findings=[_finding_row(health, found) for found in health.findings[:ROWS_SHOWN]],
            more=style.whole(len(health.findings) - ROWS_SHOWN) if len(health.findings) > ROWS_SHOWN else "",
            notes=health.described.notes,
            zone=readings.zone,
        )
    )


def _flagged(health: Health) -> list[int]:
    """Sensors about which something is doubtful, those with the gravest findings first."""
    order: dict[int, None] = {}
    for found in health.findings:
        if found.severity >= Severity.DOUBTFUL and found.sensor != WHOLE_FILE:
            order.setdefault(found.sensor)
    return list(order)


def _facts(examined: ExaminedData) -> list[dict[str, str]]:
    readings = examined.health.readings
    read = np.isfinite(readings.value)
    days = np.unique(np.floor(readings.local_s(readings.begin_s[read]) / DAY_S))
    flagged = len(_flagged(examined.health))
    return [
        {"label": "Sensors", "value": style.whole(len(readings.sensors)), "note": f"{style.whole(flagged)} doubtful"},
        {
            "label": "Readings",
            "value": style.whole(int(read.sum())),
            "note": f"{style.whole(int((~read).sum()))} empty",
        },
        {"label": "Days", "value": style.whole(days.size), "note": readings.zone or "time zone not said"},
    ]


def _sort_row(health: Health, sort: str, count: int) -> dict[str, str]:
    sensors = {found.sensor for found in health.findings if found.sort == sort and found.sensor != WHOLE_FILE}
    what = FINDINGS[sort]
    return {
        "words": what.words,
        "severity": SEVERITY_WORDS[what.severity],
        "count": style.whole(count),
        "sensors": style.whole(len(sensors)) if sensors else "the file",
        "way_out": what.way_out.replace("`", ""),
    }


def _finding_row(health: Health, found: Finding) -> dict[str, str]:
    readings = health.readings
    place = f"{readings.files[found.source].name}:{found.line}" if found.source >= 0 and found.line else ""
    return {
        "severity": SEVERITY_WORDS[found.severity],
        "words": FINDINGS[found.sort].words,
        "sensor": health.name(found),
        "when": found.when(readings),
        "text": found.text,
        "place": place,
    }


def sensor_picture(health: Health, sensor: int) -> Picture | None:
    """What a sensor said around the gravest thing found, with the usual day; None where it said nothing."""
    import matplotlib as mpl

    readings = health.readings
    found = health.of(sensor)
    grid = next((one for one in grids(readings.part(np.arange(len(readings))[readings.of(sensor)]))), None)
    if grid is None or not np.isfinite(grid.value).any():
        return None
    timed = [one for one in found if one.severity >= Severity.DOUBTFUL and not np.isnan(one.begin_s)]
    shaded = f"; shaded: {found[0].text}" if timed and timed[0].sort != "drift" else f"; {found[0].text}"
    begin_s, end_s = _window(grid, timed)
    inside = (grid.begin_s >= begin_s) & (grid.begin_s < end_s)
    by_day = end_s - begin_s > LONGEST_S
    measures = readings.sensors[sensor].measures
    grave = found[0]
    title = f"{readings.sensors[sensor].name}: {FINDINGS[grave.sort].words}"
    per = "a day, mean of its intervals" if by_day else f"each {_lasting(grid.step_s)}"
    usual_words = "" if by_day else "; grey dashes: the usual day"
    note = f"{measures.unit}, {per}{usual_words}{shaded}"
    with mpl.rc_context(style.RC):
        axes = chart()
        usual = grid.usual()[:, 0]
        if by_day:
            _draw_days(axes, grid, inside)
        else:
            _draw_line(axes, grid.begin_s[inside], usual[inside], grid.step_s, colour="muted", dashed=True)
            _draw_line(axes, grid.begin_s[inside], grid.value[inside, 0], grid.step_s, colour="accent", dashed=False)
        for one in timed:
            if one.end_s > begin_s and one.begin_s < end_s and one.sort != "drift":
                span = max(one.begin_s, begin_s), min(one.end_s, end_s)
                axes.axvspan(*span, color=style.LIGHT["second"], alpha=0.22, lw=0)
        axes.set_ylabel(measures.unit)
        axes.set_ylim(bottom=min(0.0, float(np.nanmin(grid.value[inside]))))
        _date_axis(axes, readings, begin_s, end_s)
        svg = to_svg(figure_of(axes), f"sensor{sensor}", f"{title}. {grave.text}")
    return Picture(f"sensor{sensor}", title, note, svg)


def _window(grid: Grid, timed: list[Finding]) -> tuple[float, float]:
    first, last = float(grid.begin_s[0]), float(grid.begin_s[-1]) + grid.step_s
    if not timed:
        return first, min(last, first + 7 * DAY_S)
    return max(first, timed[0].begin_s - AROUND_S), min(last, timed[0].end_s + AROUND_S)


def _draw_line(axes: Any, begin_s: Any, value: Any, step_s: float, *, colour: str, dashed: bool) -> None:
    known = np.isfinite(value)
    if known.sum() <= 3 or (known[1:] & known[:-1]).mean() < 0.2:  # lone readings
        axes.plot(begin_s[known] + step_s / 2, value[known], "_" if dashed else "o", color=style.LIGHT[colour], ms=5)
        return
    line = (0, (4, 3)) if dashed else "solid"
    axes.plot(begin_s + step_s / 2, value, color=style.LIGHT[colour], ls=line, lw=1.0 if dashed else 1.4, marker=None)


def _draw_days(axes: Any, grid: Grid, inside: Any) -> None:
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # days without a reading
        mean = np.nanmean(grid.by_day(np.where(inside[:, None], grid.value, np.nan)), axis=1)[:, 0]
    axes.plot(grid.day_begin_s + DAY_S / 2, mean, "o", color=style.LIGHT["accent"], ms=3)


def _date_axis(axes: Any, readings: Any, begin_s: float, end_s: float) -> None:
    """Midnights, or hours where the picture is short, at most seven."""
    span_s = end_s - begin_s
    steps_s = (3600.0, 7200.0, 10_800.0, 21_600.0, 43_200.0, *(DAY_S * days for days in (1, 2, 5, 7, 14, 28, 56, 112)))
    step_s = next((step for step in steps_s if span_s / step <= 6.5), steps_s[-1])
    offset_s = float(readings.local_s(np.array([begin_s]))[0]) - begin_s
    first_s = np.ceil((begin_s + offset_s) / step_s) * step_s - offset_s
    ticks = np.arange(first_s, end_s, step_s)
    axes.set_xlim(begin_s, end_s)
    axes.set_xticks(ticks, [_tick(readings.clock(float(at_s)), hours=step_s < DAY_S) for at_s in ticks])


def _tick(at: dt.datetime, *, hours: bool) -> str:
    return f"{at:%H:%M}\n{at.day} {at:%b}" if hours else f"{at.day} {at:%b}"


def _lasting(seconds: float) -> str:
    return style.minutes_seconds(seconds).replace(style.NBSP, " ")


def _map(examined: ExaminedData) -> Picture | None:
    """Where the sensors are, by the gravest thing found."""
    import matplotlib as mpl

    from ...scenarios.network import CLASS_NAMES
    from ..network_facts import drawn_lines

    network, placed = examined.network, examined.health.placed
    if network is None or placed is None:
        return None
    rows = [row for row, links in enumerate(placed.links) if links.size]
    if not rows:
        return None
    lines = drawn_lines(network)
    classes = [CLASS_NAMES[row] for row in network.links.road_class]
    worst = [max((found.severity for found in examined.health.of(row)), default=Severity.NOTE) for row in rows]
    with mpl.rc_context(style.RC):
        frame = streets_map.map_frame(lines)
        streets_map.draw_roads(frame, streets_map.simplified(lines, 0.2 * frame.m_per_pt), classes)
        shown = []
        for severity in sorted(set(worst)):
            marker, colour, words = SIGNS[severity]
            at = [
                streets_map.middle_of(lines[placed.links[row][0]])
                for row, one in zip(rows, worst, strict=True)
                if one == severity
            ]
            points = np.array(at)
            frame.axes.plot(
                points[:, 0], points[:, 1], marker, color=style.LIGHT[colour], ms=7, mec="white", mew=0.5, zorder=5
            )
            shown.append((marker, colour, f"{words} ({style.whole(len(at))})"))
        x_pt = 8.0
        for marker, colour, words in shown:
            frame.footer.plot([x_pt], [frame.footer_pt - 14], marker, color=style.LIGHT[colour], ms=5)
            frame.footer.text(x_pt + 7, frame.footer_pt - 17, words, fontsize=style.SMALL_PT)
            x_pt += 16 + streets_map.text_width_pt(words)
        streets_map.draw_footer(frame, network.attribution)
        doubtful = sum(one >= Severity.DOUBTFUL for one in worst)
        title = f"{style.whole(doubtful)} of {style.count(len(rows), 'sensor')} on these streets are doubtful"
        svg = to_svg(frame.figure, "places", title)
    return Picture("places", title, "By the gravest thing found of each sensor.", svg)
