"""Say and draw what happened to the air: what was emitted where, how high concentrations were, and whose they are."""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from . import streets_map, style
from .air_figures import whose_figure, wind_rose
from .figures import City, Picture, chart, clock_axis, figure_of
from .svg import to_svg

if TYPE_CHECKING:
    import pandas as pd

    from ..run_folder import Run

NAMES = {"nox": "NOx", "no2": "NO2", "pm10": "PM10", "pm25": "PM2.5", "co": "CO", "voc": "VOC"}
PREFERRED = ("no2", "nox", "pm25", "pm10", "co", "voc")  # the first one that there is is drawn
CURVES_SHOWN = 5
LIMIT_SHOWN = 3.0  # times the highest value within which a limit is drawn
ROWS_SHOWN = 30
COLOURS = ("accent", "second", "third", "ink", "muted")
SLIGHT = 0.005  # share that is not named
GROUP_WORDS = {"drivers": "in vehicles elsewhere", "cyclists": "on bicycles elsewhere", "on_foot": "on foot elsewhere"}
ABOVE_WORDS = {
    "residents": "who live in “{}”",
    "point": "at “{}”",
    "drivers": "in vehicles in “{}”",
    "cyclists": "on bicycles in “{}”",
    "on_foot": "on foot in “{}”",
}


@dataclass(frozen=True, slots=True)
class _Tables:
    """Tables of a run that tell of the air."""

    receptors: pd.DataFrame
    places: pd.DataFrame
    links: pd.DataFrame
    shares: pd.DataFrame
    doses: pd.DataFrame
    above: pd.DataFrame

    def limit_of(self, pollutant: str) -> float:
        """Limit of a pollutant, µg/m³; inf without one."""
        found = self.above.loc[self.above["pollutant"] == pollutant, "limit_ugm3"].dropna()
        return float(found.iloc[0]) if len(found) else math.inf


def air_section(run: Run, city: City, start: dt.datetime) -> dict[str, Any] | None:
    """What the report says of the air; None where nobody asked."""
    facts = run.summary.get("air")
    if not facts:
        return None
    air = _Tables(*(run.table(f"air_{name}") for name in ("receptors", "places", "links", "shares", "doses", "above")))
    means = _means(air)
    pictures = []
    if not air.links.empty:
        pictures.append(_emission_map(air, float(run.summary["sim_s"]), city))
    shown = next((name for name in PREFERRED if name in set(air.receptors["pollutant"])), None)
    if shown is not None:
        grids = air.places[air.places["kind"] == "grid"]
        pictures += [_concentration_map(air, city, means, entry, shown) for entry in dict.fromkeys(grids["entry"])]
        pictures += _curves(air, shown, start)
        pictures += filter(None, [whose_figure(air.shares, air.places, shown, NAMES[shown])])
    pictures += filter(None, [wind_rose(run.air_weather, float(run.summary["sim_s"]))])
    sentences = _sentences(run, air, facts, means)
    if not sentences and not pictures and air.places.empty:
        return None  # only the weather was asked for, as of a hazard
    return {"sentences": sentences, "pictures": pictures, "rows": _rows(air, means), "above": _above_rows(air.above)}


def _means(air: _Tables) -> pd.DataFrame:
    """Mean and highest interval of each entry's receptors (points by themselves) and pollutant."""
    places = air.places[["receptor", "entry", "kind", "people"]]
    span = air.receptors["interval_end_s"] - air.receptors["interval_start_s"]
    table = air.receptors.assign(
        span=span,
        whole=air.receptors["concentration_ugm3"] * span,
        own=(air.receptors["from_traffic_ugm3"] + air.receptors["from_sources_ugm3"]) * span,
    )
    by = table.groupby(["receptor", "pollutant"], sort=False)
    found = by[["whole", "own", "span"]].sum().assign(highest=by["concentration_ugm3"].max()).reset_index()
    found["mean"], found["added"] = found["whole"] / found["span"], found["own"] / found["span"]
    return found.merge(places, on="receptor", how="left")


def _sentences(run: Run, air: _Tables, facts: dict[str, Any], means: pd.DataFrame) -> list[str]:
    said = []
    traffic = facts.get("traffic") or {}
    if traffic:
        driven_km = max(float(run.summary.get("vehicle_km") or 0.0), 1e-9)
        wear = traffic["pm10_wear_kg"] / max(traffic["pm10_wear_kg"] + traffic["pm_exhaust_kg"], 1e-12)
        particles_kg = traffic["pm_exhaust_kg"] + traffic["pm10_wear_kg"]
        nox, co2 = (1000 * traffic[key] / driven_km for key in ("nox_kg", "co2_kg"))
        said.append(
            f"Traffic emitted {_mass(traffic['nox_kg'])} of NOx, {_mass(particles_kg)} of PM10 and "
            f"{_mass(traffic['co2_kg'])} of CO2: {style.number(nox, figures=2)}{style.NBSP}g of NOx and "
            f"{style.whole(co2)}{style.NBSP}g of CO2 a vehicle-kilometre. {style.percent(wear)} of the PM10 is wear of "
            "tyres, brakes and roads, not exhaust."
        )
    for name, emitted in (facts.get("sources") or {}).items():
        masses = ", ".join(f"{_mass(kg)} of {NAMES[key.removesuffix('_kg')]}" for key, kg in emitted.items())
        said.append(f"“{name}” emitted {masses or 'nothing'}.")
    if (canyons := facts.get("canyons") or {}) and canyons["links"]:
        said.append(_canyons(canyons))
    said += _points(means[means["kind"] == "point"])
    lived = facts.get("residents_mean_ugm3") or {}
    if lived:
        told = ", ".join(f"{_ugm3(value)} of {NAMES[name]}" for name, value in lived.items())
        said.append(f"Residents have {told} in front of their houses, on average over all people.")
    if not air.doses.empty:
        said.append(_dose(air.doses))
    return said


def _points(points: pd.DataFrame) -> list[str]:
    """Which of the points has the most of each pollutant, and how much."""
    most: dict[str, list[str]] = {}
    for pollutant, own in points.groupby("pollutant", sort=False):
        worst = own.nlargest(1, "mean").iloc[0]
        told = f"{_ugm3(worst['mean'])} of {NAMES[str(pollutant)]} (highest interval {style.number(worst['highest'])})"
        most.setdefault(str(worst["receptor"]), []).append(told)
    if points["receptor"].nunique() == 1:
        return [f"At “{name}” there are {', '.join(told)}, on average." for name, told in most.items()]
    return [f"Of the points, “{name}” has the most: {', '.join(told)}, on average." for name, told in most.items()]


def _canyons(canyons: dict[str, Any]) -> str:
    """How many streets houses close in, and where their heights are from."""
    closed, links = style.whole(canyons["links"]), style.whole(canyons["of_links"])
    text = (
        f"On {closed} of {links} links houses are higher than half the street's width: what traffic emits there stays "
        "longer (street canyons)."
    )
    known = canyons["houses"] - canyons["without_height"]
    if canyons["assumed_m"] is None or not canyons["without_height"]:
        return f"{text} The map says the height of {style.whole(known)} of {style.whole(canyons['houses'])} houses."
    return (
        f"{text} The height of {style.whole(canyons['without_height'])} of {style.whole(canyons['houses'])} houses was "
        f"assumed to be {canyons['assumed_m']:g} m."
    )


def _dose(doses: pd.DataFrame) -> str:
    name = next(name for name in PREFERRED if name in set(doses["pollutant"]))
    own = doses[doses["pollutant"] == name]
    parts = []
    for mode, who, where in (
        ("vehicle", "Somebody in a vehicle", "on the way"),
        ("on_foot", "somebody on foot", "on the way"),
        ("home", "a resident", "at home in the time of the run"),
    ):
        rows = own[own["mode"] == mode]
        if len(rows):
            mean = float((rows["inhaled_ug"] * rows["people"]).sum() / rows["people"].sum())
            told = f"{who} breathes {style.number(mean, figures=2)} µg of {NAMES[name]} {where}"
            parts.append(f"{told}, on average")
    text = "; ".join(parts)
    return f"{text[:1].upper()}{text[1:]}."


def _rows(air: _Tables, means: pd.DataFrame) -> list[dict[str, str]]:
    """Points, formatted, with whose their air is."""
    rows = []
    for row in means[means["kind"] == "point"].head(ROWS_SHOWN).to_dict("records"):
        shares = air.shares
        own = shares[(shares["receptor"] == row["receptor"]) & (shares["pollutant"] == row["pollutant"])]
        own = own[own["share"] > SLIGHT].sort_values("share", ascending=False)
        whose = ", ".join(
            f"{style.percent(share)} {source}" for share, source in zip(own["share"], own["source"], strict=True)
        )
        rows.append(
            {
                "receptor": str(row["receptor"]),
                "pollutant": NAMES[row["pollutant"]],
                "mean": style.number(row["mean"]),
                "highest": style.number(row["highest"]),
                "whose": whose,
            }
        )
    return rows


def _above_rows(above: pd.DataFrame) -> list[dict[str, str]]:
    """Who had more than the limit for what share of their time, over all hours; those who never had are left out."""
    known = above[above["limit_ugm3"].notna()]
    by = (
        known.groupby(["group", "zone", "pollutant", "limit_ugm3"], sort=False)[["person_h", "above_h"]]
        .sum()
        .reset_index()
    )
    by = by[by["above_h"] > 0.0].sort_values("above_h", ascending=False, kind="stable").head(ROWS_SHOWN)
    return [
        {
            "who": ABOVE_WORDS[row["group"]].format(row["zone"]) if row["zone"] else GROUP_WORDS[row["group"]],
            "pollutant": NAMES[row["pollutant"]],
            "limit": style.tick(row["limit_ugm3"]),
            "above": style.number(row["above_h"]),
            "share": style.percent(row["above_h"] / row["person_h"]),
        }
        for row in by.to_dict("records")
    ]


def _emission_map(air: _Tables, lasts_s: float, city: City) -> Picture:
    """NOx of every link, grams a kilometre and hour."""
    import matplotlib as mpl

    grams = air.links.groupby("link")["nox_g"].sum()
    totals = city.totals
    span_h = lasts_s / 3600.0
    length_km = totals["length_m"].to_numpy(float) / 1000.0
    values = grams.reindex(totals["link"]).fillna(0.0).to_numpy(float) / length_km / max(span_h, 1e-9)
    order = np.argsort(values)[::-1]
    top = next((row for row in order.tolist() if totals["name"].iloc[row]), int(order[0]))
    name = totals["name"].iloc[top] or "an unnamed street"
    title = f"Most NOx leaves exhausts on {name}: {style.whole(values[top])} g a kilometre and hour in one direction"
    with mpl.rc_context(style.RC):
        frame = streets_map.map_frame(city.lines)
        lines = streets_map.simplified(city.lines, 0.3 * frame.m_per_pt)
        streets_map.draw_roads(frame, lines, totals["road_class"].tolist())
        edges = style.round_edges(values.tolist())
        _, widths = streets_map.level_styles(frame, len(edges) + 1)
        positive = np.flatnonzero(values > 0)
        shift_m = np.array(widths)[np.digitize(values, edges)] / 2 * frame.m_per_pt
        beside = streets_map.beside_twin(lines, shift_m, left=city.drives_on_left)
        streets_map.draw_levels(frame, [beside[row] for row in positive], values[positive], edges)
        streets_map.draw_legend(frame, "NOx of exhausts, g per km, hour and direction", edges, unobserved=False)
        streets_map.draw_footer(frame, city.attribution)
        note = "Grams of NOx per kilometre, hour and direction, mean over the run; the wider the more."
        return Picture("air-emissions", title, note, to_svg(frame.figure, "air-emissions", title))


def _concentration_map(air: _Tables, city: City, means: pd.DataFrame, entry: str, pollutant: str) -> Picture:
    """What streets and sources add at the receptors of a grid, on average, as squares under the streets."""
    import matplotlib as mpl
    from matplotlib.collections import PolyCollection

    places = air.places[air.places["entry"] == entry]
    table = places.merge(means.loc[means["pollutant"] == pollutant, ["receptor", "added"]], on="receptor")
    x, y, added = (table[column].to_numpy(float) for column in ("x_m", "y_m", "added"))
    half_m = _spacing_m(x, y) / 2.0
    called = NAMES[pollutant]
    half = _ugm3(float(np.median(added)))
    title = f"Traffic and sources add up to {_ugm3(added.max())} of {called}, and at most {half} to half of “{entry}”"
    with mpl.rc_context(style.RC):
        frame = streets_map.map_frame(city.lines)
        edges = style.round_edges(added.tolist())
        colours, _ = streets_map.level_styles(frame, len(edges) + 1)
        level = np.digitize(added, edges)
        for row, colour in enumerate(colours):
            squares = [_square(x[k], y[k], half_m) for k in np.flatnonzero(level == row)]
            if squares and row > 0:
                frame.axes.add_collection(
                    PolyCollection(squares, facecolors=colour, alpha=0.75, linewidths=0, zorder=0.5)
                )
        lines = streets_map.simplified(streets_map.once_a_street(city.lines), 0.3 * frame.m_per_pt)
        streets_map.draw_lines(frame, lines, colours=style.LIGHT["paper"], width_pt=[1.0] * len(lines), order=1.0)
        streets_map.draw_lines(frame, lines, colours=style.LIGHT["ink"], width_pt=[0.35] * len(lines), order=1.1)
        _draw_squares_legend(frame, f"{called} that traffic and sources add, µg/m³", edges, colours)
        streets_map.draw_footer(frame, city.attribution)
        key = f"air-map-{style.plain(entry)}"
        note = f"Added {called}, mean over the run, µg/m³; below the first step nothing is drawn."
        return Picture(key, title, note, to_svg(frame.figure, key, title))


def _draw_squares_legend(frame: streets_map.MapFrame, title: str, edges: list[float], colours: list[str]) -> None:
    footer = frame.footer
    footer.text(streets_map.MARGIN_PT, frame.footer_pt - 14, title, fontsize=style.SMALL_PT)
    step_pt, y = 46.0, frame.footer_pt - 24
    for row, colour in enumerate(colours[1:]):
        x = streets_map.MARGIN_PT + row * step_pt
        footer.plot([x, x + step_pt - 2], [y, y], color=colour, lw=7, alpha=0.75, solid_capstyle="butt")
        footer.text(x, y - 13, style.number(edges[row], figures=1), fontsize=style.SMALL_PT)


def _spacing_m(x: np.ndarray[Any, Any], y: np.ndarray[Any, Any]) -> float:
    """Distance between rows and columns of a grid."""
    steps = [np.diff(np.unique(np.round(axis, 3))) for axis in (x, y)]
    found = [float(step.min()) for step in steps if step.size]
    return min(found, default=100.0)


def _square(x: float, y: float, half: float) -> list[tuple[float, float]]:
    return [(x - half, y - half), (x + half, y - half), (x + half, y + half), (x - half, y + half)]


def _curves(air: _Tables, pollutant: str, start: dt.datetime) -> list[Picture]:
    """Concentration over time at points, and on average over the people of each zone."""
    import matplotlib as mpl

    table = air.receptors[air.receptors["pollutant"] == pollutant].merge(air.places, on="receptor")
    table = table[table["kind"] != "grid"]
    if table.empty:
        return []
    weight = np.where(table["kind"] == "residents", table["people"], 1.0)
    table = table.assign(weight=weight, weighted=weight * table["concentration_ugm3"])
    by = table.groupby(["entry", "interval_start_s", "interval_end_s"], sort=False)[["weight", "weighted"]].sum()
    series = (by["weighted"] / by["weight"]).rename("ugm3").reset_index()
    names = series.groupby("entry")["ugm3"].max().nlargest(CURVES_SHOWN).index.tolist()
    worst = series.iloc[int(series["ugm3"].to_numpy().argmax())]
    called = NAMES[pollutant]
    when = f"{style.clock(start, worst['interval_start_s'])} to {style.clock(start, worst['interval_end_s'])}"
    title = f"{called} is highest at “{worst['entry']}”, {when}: {_ugm3(worst['ugm3'])}"
    with mpl.rc_context(style.RC):
        axes = chart()
        for name, colour in zip(names, COLOURS, strict=False):
            own = series[series["entry"] == name]
            edges = [*own["interval_start_s"], own["interval_end_s"].iloc[-1]]
            axes.stairs(own["ugm3"], edges, baseline=None, color=style.LIGHT[colour], label=name, lw=style.LINE_PT)
        highest = max(float(series["ugm3"].max()), 1e-6)
        limit = air.limit_of(pollutant)
        if limit <= LIMIT_SHOWN * highest:
            highest = max(highest, limit)
            axes.axhline(limit, color=style.LIGHT["ink"], lw=1.0, ls="--", zorder=1)
            said = f"limit {style.tick(limit)}"
            axes.annotate(
                said, (1.0, limit), xycoords=("axes fraction", "data"), ha="right", va="bottom", fontsize=style.SMALL_PT
            )
        axes.set_ylim(0, 1.1 * highest)
        axes.set_ylabel(f"{called}, µg/m³")
        clock_axis(axes, series["interval_end_s"].to_numpy(dtype=float), start)
        axes.legend(
            loc="upper left",
            bbox_to_anchor=(-0.02, -0.12),
            ncols=3,
            frameon=False,
            fontsize=style.SMALL_PT,
            handlelength=1.4,
        )
        note = f"Mean {called} of each interval, µg/m³; of zones the mean over the people; clock time."
        if math.isfinite(limit):
            near = limit <= LIMIT_SHOWN * highest
            note += " Dashed: the limit." if near else f" The limit, {style.tick(limit)} µg/m³, is far above."
        return [Picture("air-curves", title, note, to_svg(figure_of(axes), "air-curves", title))]


def _ugm3(value: float) -> str:
    return f"{style.number(float(value))}{style.NBSP}µg/m³"


def _mass(kg: float) -> str:
    """A mass in the unit that suits it."""
    for unit, factor in (("t", 1e-3), ("kg", 1.0), ("g", 1e3)):
        if kg * factor >= 1.0:
            return f"{style.number(kg * factor)}{style.NBSP}{unit}"
    return f"{style.number(kg * 1e6)}{style.NBSP}mg"
