"""Draw the pictures of a report. Each knows a title that says what it shows and becomes an SVG on demand."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, cast

import numpy as np

from . import metrics, streets_map, style
from .svg import new_figure, to_svg

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

CHART_HEIGHT_PT = 250.0
EVENTS_NAMED = 6
EVENT_ROW_PT = 13.0
SHOWN_PERCENTILE = 99.5  # of travel times; what lies beyond is said in words
CLOCK_STEPS_S = (60, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400)


@dataclass(frozen=True, slots=True)
class Picture:
    """One figure of a page: ``title`` says what it shows, ``note`` what is drawn and in which unit."""

    key: str
    title: str
    note: str
    svg: str


@dataclass(frozen=True, slots=True)
class City:
    """What maps are drawn from: streets row by row, their lines (m), and how the place is to be credited."""

    totals: pd.DataFrame  # metrics.link_totals
    lines: list[Any]
    attribution: str
    drives_on_left: bool
    locked: frozenset[str] = frozenset()  # links on which queues held each other up


def city_of(
    totals: pd.DataFrame, streets: pd.DataFrame, manifest: dict[str, Any], locks: pd.DataFrame | None = None
) -> City:
    """Gather what maps need from the tables and the manifest."""
    return City(
        totals,
        streets_map.lines_of(streets["geometry"].tolist()),
        str(manifest.get("attribution") or ""),
        bool(manifest.get("drives_on_left", False)),
        frozenset() if locks is None else frozenset(link for links in locks["links"] for link in links.split(", ")),
    )


def flow_map(city: City) -> Picture:
    """Where people drive: vehicles per hour on every link, mean over the run."""
    totals = city.totals
    if not (totals["flow_vph"] > 0).any():
        title = "No vehicle drove on any link"
    else:
        top = totals.iloc[int(totals["flow_vph"].argmax())]
        flow = style.number(float(top["flow_vph"]), figures=2)
        on = f"on {top['name']}" if top["name"] else "on an unnamed link"
        title = f"Traffic is heaviest {on}: about {flow} vehicles an hour in one direction"
    note = "Vehicles per hour and direction, mean over the run; the wider the more."
    return _level_map(city, "flow", "flow_vph", title, note, "vehicles per hour and direction", by="max")


def delay_map(city: City) -> Picture:
    """Where time is lost: vehicle-minutes lost per hour on every link."""
    totals = city.totals.assign(lost_min_per_h=city.totals["delay_h_per_h"] * 60)
    worst = metrics.worst_links(totals, 10)
    if worst.empty:
        title = "No time was lost on any link"
    else:
        names = metrics.worst_streets(totals, "delay_s", 2)["name"].tolist()
        where = f" on {' and '.join(names)}" if names else " on one unnamed link"
        share = (
            float(totals.loc[totals["name"].isin(names), "delay_s"].clip(lower=0).sum())
            if names
            else worst["delay_s"][0]
        )
        share /= float(totals["delay_s"].clip(lower=0).sum())
        title = f"{style.percent(share)} of the time lost while driving is lost{where}"
    note = "Minutes lost by all vehicles together, per hour of the run, against driving freely; the wider the more."
    if city.locked:
        note += " Dashed: queues that held each other up in a ring."
    return _level_map(
        replace(city, totals=totals), "delay", "lost_min_per_h", title, note, "vehicle-minutes lost per hour", by="sum"
    )


def vehicles_over_time(
    network: pd.DataFrame,
    events: pd.DataFrame,
    street_of: dict[str, str],
    start: dt.datetime,
    *,
    no_route: int,
    kept: int = 0,
) -> Picture:
    """Vehicles driving, waiting to enter and stuck, with events as thin lines.

    ``no_route`` of the stuck have no way. ``kept`` are left out: measures keep them from driving.
    """
    import matplotlib as mpl

    stuck = "stuck or without a route" if no_route else "stuck"
    title = _vehicles_title(network, stuck, start)
    largest = float(network[["active", "waiting", "stuck"]].max().max()) if len(network) else 0.0
    with mpl.rc_context(style.RC):
        shown = _events_shown(events)
        axes = chart(extra_pt=EVENT_ROW_PT * len(shown))
        series = [
            ("driving", network["active"], style.LIGHT["accent"]),
            ("waiting to enter", network["waiting"], style.LIGHT["second"]),
        ]
        if len(network) and network["stuck"].any():
            series.append((stuck, network["stuck"], style.LIGHT["muted"]))
        for label, values, colour in series:
            axes.plot(network["t_s"], values, color=colour, label=label)
        axes.set_ylim(0, max(1.0, 1.08 * largest))
        axes.set_ylabel("vehicles")
        clock_axis(axes, network["t_s"].to_numpy(dtype=float), start)
        _draw_events(axes, shown, event_names(shown, street_of), start)
        axes.legend(
            loc="upper left",
            bbox_to_anchor=(-0.02, -0.12),
            ncols=3,
            frameon=False,
            fontsize=style.SMALL_PT,
            handlelength=1.4,
        )
        note = "Vehicles, once a minute; clock time."
        if kept:
            note += f" Without {style.count(kept, 'vehicle')} that measures kept from driving."
        return Picture("vehicles", title, note, to_svg(figure_of(axes), "vehicles", title))


def _vehicles_title(network: pd.DataFrame, held: str, start: dt.datetime) -> str:
    """The most that drive at once, and who is held up, so that a jam cannot hide."""
    if network.empty or not (network["active"].any() or network["waiting"].any() or network["stuck"].any()):
        return "Nobody drives at any time"
    busiest = network.iloc[int(network["active"].argmax())]
    most, waiting, stuck = int(busiest["active"]), int(network["waiting"].max()), int(network["stuck"].max())
    rest = f"at most {style.count(waiting, 'waits', 'wait')} to enter" if waiting else "nobody waits to enter"
    if stuck:
        rest += f" and at most {style.count(stuck, 'is', 'are')} {held}"
    vehicles = f"{style.count(most, 'vehicle')} {'is' if most == 1 else 'are'}"
    at = style.clock(start, float(busiest["t_s"]))
    return f"{vehicles} driving at {at}, the most at any time; {rest}"


def travel_times(trips: pd.DataFrame) -> Picture:
    """How long the trips that arrived took."""
    import matplotlib as mpl

    minutes = trips.loc[trips["status"] == "arrived", "travel_time_s"].to_numpy(dtype=float) / 60
    if not minutes.size:
        title = "No trip arrived"
    else:
        middle, long = np.percentile(minutes, (50, 90))
        title = (
            f"Half of the trips take at most {style.minutes_seconds(60 * middle)}, "
            f"one in ten more than {style.minutes_seconds(60 * long)}"
        )
    with mpl.rc_context(style.RC):
        axes = chart()
        if minutes.size:
            end = float(np.percentile(minutes, SHOWN_PERCENTILE))
            step = _bin_width(end)
            edges = np.arange(0.0, end + step, step)
            axes.hist(minutes, edges.tolist(), color=style.LIGHT["accent"], rwidth=0.92)
            top = axes.get_ylim()[1] * 1.12
            axes.set_ylim(0, top)
            for value, name, side in ((middle, "half", "right"), (long, "nine in ten", "left")):
                axes.axvline(value, color=style.LIGHT["ink"], lw=0.9, ls=(0, (3, 2)))
                shift = (3 if side == "left" else -3, -2)
                axes.annotate(
                    name, (value, top), shift, textcoords="offset points", va="top", ha=side, fontsize=style.SMALL_PT
                )
            note = f"Trips that arrived, in steps of {step:g} min; the lines mark half and nine in ten of them."
            beyond = int((minutes > edges[-1]).sum())
            if beyond:
                longest = style.minutes_seconds(60 * float(minutes.max()))
                note += f" Not shown: {style.count(beyond, 'longer trip')}, up to {longest}."
        else:
            note = "Trips that arrived."
        axes.set_xlabel("travel time from wanting to leave to arriving, min")
        axes.set_ylabel("trips")
        return Picture("travel", title, note, to_svg(figure_of(axes), "travel", title))


def fundamental_diagram(network: pd.DataFrame, start: dt.datetime) -> Picture:
    """Flow against density of the whole network, in windows of five minutes: the city's capacity at work."""
    import matplotlib as mpl

    points = metrics.diagram(network)
    broke = metrics.breakdown(points)
    if points.empty or not points["flow_vph"].max() > 0:
        title = "No vehicle drove, so there is no relation of flow and density"
    elif broke:
        title = f"Beyond {style.number(broke[0], figures=2)} vehicles per lane-km the network carries less, not more"
    else:
        title = "Flow keeps up with density: the network as a whole does not break down"
    with mpl.rc_context(style.RC):
        axes = chart()
        x, y = points["density_vpkm"].to_numpy(), points["flow_vph"].to_numpy()
        axes.plot(x, y, color=style.LIGHT["road"], lw=1.0, zorder=1)
        axes.scatter(x, y, s=16, color=style.LIGHT["accent"], zorder=2)
        axes.set_xlim(0, max(0.1, 1.15 * x.max()) if x.size else 1)
        axes.set_ylim(0, max(1.0, 1.15 * y.max()) if y.size else 1)
        named: list[tuple[float, float]] = []
        if x.size:
            span = np.array([axes.get_xlim()[1], axes.get_ylim()[1]])
            for row in dict.fromkeys((int(y.argmax()), int(x.argmax()), 0, len(x) - 1)):
                spot = np.array([x[row], y[row]]) / span
                if all(abs(spot[0] - a) > 0.12 or abs(spot[1] - b) > 0.07 for a, b in named):
                    named.append((spot[0], spot[1]))
                    label = style.clock(start, float(points["t_s"].iloc[row]))
                    highest = row == int(y.argmax())
                    axes.annotate(
                        label,
                        (x[row], y[row]),
                        (0, 6) if highest else (6, -9),
                        textcoords="offset points",
                        ha="center" if highest else "left",
                        fontsize=style.SMALL_PT,
                    )
        axes.set_xlabel("vehicles per lane-km")
        axes.set_ylabel("vehicles per hour and lane")
        note = "Macroscopic fundamental diagram: a point is the mean of five minutes over all lanes, joined in time."
        return Picture("diagram", title, note, to_svg(figure_of(axes), "diagram", title))


def _level_map(
    city: City, key: str, column: str, title: str, note: str, legend: str, *, by: Literal["sum", "max"]
) -> Picture:
    import matplotlib as mpl

    values = city.totals[column].to_numpy(dtype=float)
    with mpl.rc_context(style.RC):
        frame = streets_map.map_frame(city.lines)
        lines = streets_map.simplified(city.lines, 0.3 * frame.m_per_pt)
        streets_map.draw_roads(frame, lines, city.totals["road_class"].tolist())
        unobserved = np.flatnonzero(np.isnan(values))
        streets_map.draw_unobserved(frame, [lines[row] for row in unobserved])
        edges = style.round_edges(values.tolist())
        _, widths = streets_map.level_styles(frame, len(edges) + 1)
        positive = np.flatnonzero(values > 0)
        if positive.size:
            shift_m = np.array(widths)[np.digitize(values, edges)] / 2 * frame.m_per_pt
            beside = streets_map.beside_twin(lines, shift_m, left=city.drives_on_left)
            streets_map.draw_levels(frame, [beside[row] for row in positive], values[positive], edges)
            streets_map.draw_legend(frame, legend, edges, unobserved=bool(unobserved.size))
        if key == "delay":
            locked = np.flatnonzero(city.totals["link"].isin(city.locked))
            streets_map.draw_locked(frame, [lines[row] for row in locked])
        named = metrics.worst_streets(city.totals, column, 30, by=by)
        row_of = {link: row for row, link in enumerate(city.totals["link"])}
        places = [streets_map.middle_of(lines[row_of[link]]) for link in named["link"]]
        streets_map.label_streets(frame, named["name"].tolist(), places, halo=False)
        streets_map.draw_footer(frame, city.attribution)
        return Picture(key, title, note, to_svg(frame.figure, key, title))


def figure_of(axes: Axes) -> Figure:
    """The figure that axes stand in."""
    return cast("Figure", axes.figure)


def chart(extra_pt: float = 0.0) -> Axes:
    """Axes of a chart, with room above for the names of events."""
    height_pt = CHART_HEIGHT_PT + extra_pt
    figure = new_figure(height_pt)
    left, bottom, right, top = 48.0, 52.0, 18.0, 12.0 + extra_pt
    axes = figure.add_axes(
        (
            left / style.FIGURE_WIDTH_PT,
            bottom / height_pt,
            1 - (left + right) / style.FIGURE_WIDTH_PT,
            1 - (bottom + top) / height_pt,
        )
    )
    axes.grid(axis="y")
    axes.tick_params(length=3)
    axes.xaxis.set_major_formatter(lambda value, _: style.tick(value))
    axes.yaxis.set_major_formatter(lambda value, _: style.tick(value))
    return axes


def clock_axis(axes: Axes, t_s: np.ndarray[Any, np.dtype[np.float64]], start: dt.datetime) -> None:
    """Round clock times as ticks, at most seven."""
    end_s = float(t_s.max()) if t_s.size else 60.0
    step_s = next((step for step in CLOCK_STEPS_S if end_s / step <= 6.5), CLOCK_STEPS_S[-1])
    midnight = start.replace(hour=0, minute=0, second=0, microsecond=0)
    first_s = -((start - midnight).total_seconds() % step_s) % step_s
    ticks = np.arange(first_s, end_s + 1, step_s)
    axes.set_xlim(0, end_s)
    axes.set_xticks(ticks, [style.clock(start, float(tick)) for tick in ticks])


def _events_shown(events: pd.DataFrame) -> pd.DataFrame:
    """The first few events; more would not be readable (the page lists all)."""
    return events.sort_values("t_s", kind="stable").head(EVENTS_NAMED).reset_index(drop=True)


def _draw_events(axes: Axes, events: pd.DataFrame, names: list[str], start: dt.datetime) -> None:
    """Thin vertical lines; their names stand above the chart, one a row, so that none covers another."""
    end_s = axes.get_xlim()[1]
    chart_pt = style.FIGURE_WIDTH_PT * axes.get_position().width
    common: dict[str, Any] = {
        "xycoords": ("data", "axes fraction"),
        "textcoords": "offset points",
        "annotation_clip": False,
    }
    for row, (t_s, name) in enumerate(zip(events["t_s"], names, strict=True)):
        axes.axvline(t_s, color=style.LIGHT["muted"], lw=0.8)
        text = streets_map.shortened(f"{style.clock(start, t_s)} {name}", 56)
        above_pt = 4.0 + EVENT_ROW_PT * (len(events) - 1 - row)
        at_pt = chart_pt * t_s / end_s
        # Right of its line, or as far left of that as it must begin to end within the picture.
        begin_pt = min(3.0, chart_pt - at_pt - streets_map.text_width_pt(text))
        place = (begin_pt, above_pt)  # over the lines of other events
        axes.annotate(text, (t_s, 1.0), place, fontsize=style.SMALL_PT, gid=f"name{row}", zorder=4, **common)
        stem: dict[str, Any] = {"arrowstyle": "-", "color": style.LIGHT["muted"], "lw": 0.8, "shrinkA": 0, "shrinkB": 0}
        top_pt = above_pt + (style.SMALL_PT if begin_pt > 0 else -3.0)
        axes.annotate("", (t_s, 1.0), (0.0, max(0.0, top_pt)), arrowprops=stem, **common)


def event_names(events: pd.DataFrame, street_of: dict[str, str]) -> list[str]:
    """What happened and where, short: the street's name where it has one, else the id."""
    names = []
    for kind, where, text in zip(events["kind"], events["where"], events["text"], strict=True):
        what = str(text) or str(kind).replace("_", " ")
        place = street_names(str(where), street_of) or str(where)
        names.append(f"{place}: {what}" if place and place not in what else what)
    return names


def street_names(where: str, street_of: dict[str, str]) -> str:
    """Streets of a place as the event log writes it: ``link, link`` or ``link lane 0``; "" when none has a name.

    Examples
    --------
    >>> street_names("way/1:0-1, way/2:0-1 lane 1", {"way/1:0-1": "High Street", "way/2:0-1": "Low Street"})
    'High Street, Low Street'
    """
    links = [part.split(" lane ")[0] for part in where.split(", ")]
    return ", ".join(dict.fromkeys(street_of[link] for link in links if street_of.get(link)))


def _bin_width(span_min: float) -> float:
    """A round width (min) that gives some 15 to 40 bars."""
    return next((step for step in (0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0) if span_min / step <= 35), 60.0)
