"""Say and draw how an evacuation went, in the order in which an after-action report tells it."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from . import style
from .figures import Picture, chart, clock_axis, figure_of
from .svg import to_svg
from .walking import PRESETS

if TYPE_CHECKING:
    import pandas as pd

    from ..run_folder import Run

ROWS_SHOWN = 15
LINES = ("accent", "second", "third", "muted", "ink")  # shelters drawn, the fullest first
TIMELINE = ("evacuation_order", "shelter_full", "road_closure", "contraflow", "incident")
SHARES = (50, 90, 95, 100)


def evacuation_section(run: Run, start: dt.datetime) -> dict[str, Any] | None:
    """What the report tells of an evacuation; None where there was none."""
    facts = run.summary.get("evacuation")
    if not facts or run.evacuation.empty:
        return None
    return {
        "sentences": _sentences(facts, start),
        "headline": _headline(facts, start),
        "objectives": [_capital(text) for text in facts["objectives"]],
        "assumptions": [_capital(text) for text in facts["assumptions"]],
        "routes": [route_sentence(name, route) for name, route in facts["designated_routes"].items()],
        "preset": f"People walk {PRESETS[facts['preset']]} (preset {facts['preset']}).",
        "timeline": _timeline(run.events, start),
        "pictures": [
            curves(run.evacuation, facts, start),
            in_zones(run.evacuation, facts, start),
            shelters_over_time(run.shelter_times, run.shelters, start),
        ],
        "zones": [_zone_row(row, start) for row in run.evacuation_zones.to_dict("records")],
        "shelters": [_shelter_row(row, start) for row in run.shelters.to_dict("records")],
        "stranded": _stranded(run.stranded),
        "relief": _relief(run, facts),
        "bottlenecks": [_bottleneck_row(row) for row in run.bottlenecks.head(ROWS_SHOWN).to_dict("records")],
    }


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def route_sentence(name: str, route: Mapping[str, int]) -> str:
    """How many cars followed a designated route.

    Examples
    --------
    >>> route_sentence("quay", {"cars": 3, "led": 2})
    '3 cars set out to follow the designated route “quay”; 2 found it open.'
    >>> route_sentence("quay", {"cars": 3, "led": 3})
    '3 cars set out to follow the designated route “quay”, and did.'
    """
    asked, led = route["cars"], route["led"]
    if not asked:
        return f"No car set out to follow the designated route “{name}”."
    told = f"{style.count(asked, 'car')} set out to follow the designated route “{name}”"
    if led == asked:
        return f"{told}, and did."
    return f"{told}; {style.whole(led) if led else 'none'} found it open."


def _minutes(seconds: float) -> str:
    return f"{seconds / 60.0:.1f}" if np.isfinite(seconds) else style.DASH


def _sentences(facts: Mapping[str, Any], start: dt.datetime) -> list[str]:
    every, people = facts["zones"]["all"], facts["people"]
    inside = facts.get("told_to_stay_inside", 0)
    stayed = (
        f"{style.whole(inside)} people were told to stay inside, of whom {style.whole(facts['stay_inside'])} did with "
        "everything shut."
    )
    if every["ordered_s"] is None:
        return [stayed if inside else "No order to leave was given in this run."]
    first = style.clock(start, every["ordered_s"])
    told = []
    if every["safe_90_s"] is not None:
        told.append(
            f"Nine in ten of the {style.count(facts['leaving'], 'person', 'people')} who left were safe "
            f"{style.minutes_seconds(every['safe_90_s'])} after the first order at {first}."
        )
    else:
        told.append(
            f"Of the {style.count(facts['leaving'], 'person', 'people')} who left after the first order at {first}, "
            f"{style.whole(every['safe'])} were safe when the run ended: fewer than nine in ten."
        )
    if every["safe_100_s"] is not None:
        told.append(f"The last came {style.minutes_seconds(every['safe_100_s'])} after that order.")
    elif facts["leaving"]:
        lost = every["under_way"] + every["stranded"]
        told.append(f"{style.count(lost, 'person was', 'people were')} not safe at the end.")
    stay = facts["ordered"] - facts["leaving"] + facts["shadow"]
    if stay > 0:
        told.append(
            f"{style.whole(stay)} of the {style.whole(facts['ordered'])} people with an order stayed: they heard of it "
            "too late or not at all, or did not comply."
        )
    if people["stranded"]:
        told.append(f"{style.count(people['stranded'], 'person', 'people')} could not go on.")
    if people.get("incapacitated"):
        on_foot = style.count(people["incapacitated"], "person was", "people were")
        told.append(f"{on_foot} incapacitated by a hazard on foot.")
    return [*([stayed] if inside else []), *told]


def _headline(facts: Mapping[str, Any], start: dt.datetime) -> list[dict[str, str]]:
    """Six figures."""
    every, people = facts["zones"]["all"], facts["people"]
    after = "after the first order"
    told = _figure("Told to leave", style.whole(facts["ordered"]), "people", f"of {style.whole(facts['population'])}")
    if inside := facts.get("told_to_stay_inside", 0):
        told["note"] += f"; {style.whole(inside)} to stay inside"
    return [
        told,
        _figure("Left", style.whole(facts["leaving"]), "people", f"{style.whole(facts['shadow'])} without an order"),
        _figure("Safe at the end", style.whole(every["safe"]), "people", f"{style.whole(people['out'])} by an exit"),
        _figure("Half are safe", _time(every["safe_50_s"]), "", after),
        _figure("90 % are safe", _time(every["safe_90_s"]), "", after),
        _figure(
            "Not safe",
            style.whole(every["under_way"] + every["stranded"]),
            "people",
            f"{style.whole(facts['turned_away'])} times turned away",
        ),
    ]


def _figure(label: str, value: str, unit: str, note: str) -> dict[str, str]:
    return {"label": label, "value": value, "unit": unit, "note": note}


def _time(seconds: float | None) -> str:
    return style.DASH if seconds is None else style.minutes_seconds(seconds)


def _timeline(events: pd.DataFrame, start: dt.datetime) -> list[dict[str, str]]:
    shown = events[events["kind"].isin(TIMELINE)].sort_values("t_s", kind="stable")
    return [
        {
            "time": style.clock(start, row["t_s"]),
            "what": str(row["kind"]).replace("_", " "),
            "where": str(row["where"]),
            "text": str(row["text"]),
        }
        for row in shown.to_dict("records")
    ]


def curves(table: pd.DataFrame, facts: Mapping[str, Any], start: dt.datetime) -> Picture:
    """How many have left (mobilisation) and are safe (clearance), over time."""
    import matplotlib as mpl

    total = table.groupby("t_s")[["left", "safe"]].sum()
    title = _curves_title(facts, start)
    with mpl.rc_context(style.RC):
        axes = chart()
        t_s = total.index.to_numpy(dtype=float)
        axes.plot(t_s, total["left"], color=style.LIGHT["second"], label="have left")
        axes.plot(t_s, total["safe"], color=style.LIGHT["accent"], label="are safe")
        axes.axhline(facts["leaving"], color=style.LIGHT["muted"], lw=0.8, ls=(0, (3, 2)))
        axes.annotate(
            "all who leave",
            (1.0, facts["leaving"]),
            xycoords=("axes fraction", "data"),
            xytext=(-2, 3),
            textcoords="offset points",
            ha="right",
            fontsize=style.SMALL_PT,
        )
        axes.set_ylim(0, max(1.0, 1.12 * facts["leaving"]))
        axes.set_ylabel("people")
        for zone in facts["zones"].values():
            if zone["ordered_s"] is not None:
                axes.axvline(zone["ordered_s"], color=style.LIGHT["muted"], lw=0.7)
        clock_axis(axes, t_s, start)
        _legend(axes)
        note = "People of all zones, over clock time; thin lines: orders."
        return Picture("evacuation", title, note, to_svg(figure_of(axes), "evacuation", title))


def _curves_title(facts: Mapping[str, Any], start: dt.datetime) -> str:
    every = facts["zones"]["all"]
    if every["ordered_s"] is None or every["left_90_s"] is None:
        return "Nobody has to leave" if not facts["leaving"] else "Not all have left when the run ends"
    left = style.clock(start, every["ordered_s"] + every["left_90_s"])
    if every["safe_90_s"] is None:
        return f"Nine in ten have left at {left}, and fewer are safe when the run ends"
    safe = style.clock(start, every["ordered_s"] + every["safe_90_s"])
    return f"Nine in ten have left at {left} and are safe at {safe}"


def in_zones(table: pd.DataFrame, facts: Mapping[str, Any], start: dt.datetime) -> Picture:
    """How many people are within the zones with an order, over time."""
    import matplotlib as mpl

    ordered = [name for name, zone in facts["zones"].items() if name != "all" and zone["ordered_s"] is not None]
    inside = table[table["zone"].isin(ordered)].groupby("t_s")["in_zone"].sum()
    most, last = (int(inside.iloc[0]), int(inside.iloc[-1])) if len(inside) else (0, 0)
    title = f"{style.whole(last)} of {style.whole(most)} people are still within the ordered zones at the end"
    with mpl.rc_context(style.RC):
        axes = chart()
        axes.plot(inside.index.to_numpy(dtype=float), inside, color=style.LIGHT["accent"], label="within the zones")
        axes.set_ylim(0, max(1.0, 1.08 * (inside.max() if len(inside) else 0)))
        axes.set_ylabel("people")
        clock_axis(axes, inside.index.to_numpy(dtype=float), start)
        _legend(axes)
        note = "People indoors, on foot and in cars within zones with an order, over clock time."
        return Picture("in-zones", title, note, to_svg(figure_of(axes), "in-zones", title))


def shelters_over_time(times: pd.DataFrame, shelters: pd.DataFrame, start: dt.datetime) -> Picture:
    """How full shelters and exits get, over time."""
    import matplotlib as mpl

    used = shelters.sort_values("occupancy", ascending=False, kind="stable").head(len(LINES))
    title = _shelters_title(shelters, start)
    with mpl.rc_context(style.RC):
        axes = chart()
        for name, colour in zip(used["shelter"], LINES, strict=False):
            own = times[times["shelter"] == name]
            axes.plot(own["t_s"], own["occupancy"], color=style.LIGHT[colour], label=str(name))
        axes.set_ylim(0, max(1.0, 1.08 * float(times["occupancy"].max()) if len(times) else 1.0))
        axes.set_ylabel("people")
        clock_axis(axes, np.unique(times["t_s"].to_numpy(dtype=float)), start)
        _legend(axes)
        note = "People in each shelter, and gone by each exit, over clock time."
        return Picture("shelters", title, note, to_svg(figure_of(axes), "shelters", title))


def _shelters_title(shelters: pd.DataFrame, start: dt.datetime) -> str:
    full = shelters[shelters["full_s"].notna()].sort_values("full_s", kind="stable")
    if full.empty:
        return "No shelter is full at any time"
    first = full.iloc[0]
    more = f", {style.count(len(full) - 1, 'other', 'others')} later" if len(full) > 1 else ""
    away = int(shelters["turned_away"].sum())
    told = f"; people were turned away {style.count(away, 'time')}" if away else "; nobody was turned away"
    return f'"{first["shelter"]}" is full from {style.clock(start, first["full_s"])}{more}{told}'


def _legend(axes: Any) -> None:
    axes.legend(
        loc="upper left",
        bbox_to_anchor=(-0.02, -0.12),
        ncols=3,
        frameon=False,
        fontsize=style.SMALL_PT,
        handlelength=1.4,
    )


def _zone_row(row: Mapping[Any, Any], start: dt.datetime) -> dict[str, Any]:
    return {
        "zone": f"all{style.NBSP}zones" if row["zone"] == "all" else str(row["zone"]),
        "ordered": style.clock(start, row["ordered_s"]),
        **{key: style.whole(row[key]) for key in ("population", "leaving", "safe", "under_way", "stranded")},
        "left": [_minutes(row[f"left_{share}_s"]) for share in SHARES],
        "safe_after": [_minutes(row[f"safe_{share}_s"]) for share in SHARES],
    }


def _shelter_row(row: Mapping[Any, Any], start: dt.datetime) -> dict[str, str]:
    return {
        "name": str(row["shelter"]),
        "kind": str(row["kind"]),
        "capacity": style.whole(row["capacity"]) if row["kind"] == "shelter" else style.DASH,
        **{key: style.whole(row[key]) for key in ("occupancy", "by_car", "by_bus", "by_ambulance", "turned_away")},
        "full": style.clock(start, row["full_s"]),
        "first": style.clock(start, row["first_s"]),
        "last": style.clock(start, row["last_s"]),
    }


def _stranded(table: pd.DataFrame) -> list[dict[str, str]]:
    """How many are not safe, by cause and zone, the most first."""
    counts = Counter(zip(table["cause"], table["zone"], strict=True)).most_common()
    return [{"cause": str(cause), "zone": str(zone), "count": style.whole(n)} for (cause, zone), n in counts]


def _relief(run: Run, facts: Mapping[str, Any]) -> list[str]:
    """What would help, as far as the tables of this run show it."""
    told, every = [], facts["zones"]["all"]
    if every["left_90_s"] is not None and every["safe_90_s"]:
        share = every["left_90_s"] / every["safe_90_s"]
        told.append(
            f"{style.percent(share)} of the time until nine in ten are safe passes before nine in ten have left: "
            + ("earlier orders and faster warnings help most." if share > 0.6 else "the ways take longer than leaving.")
        )
    worst = run.bottlenecks.head(3)
    lost_h = float(run.bottlenecks["lost_person_h"].sum())
    if lost_h > 0.0:
        share = float(worst["lost_person_h"].sum()) / lost_h
        where = ", ".join(dict.fromkeys(_named(row) for row in worst.to_dict("records")))
        told.append(
            f"Of {style.number(lost_h)} person-hours lost in queues, {style.percent(share)} were lost at {where}."
        )
    lacking = run.shelters[run.shelters["turned_away"] > 0]
    told += [
        f'"{row["shelter"]}" lacked places: people were turned away there {style.count(row["turned_away"], "time")}. '
        "More places, or an earlier announcement that it is full, would spare them the way."
        for row in lacking.to_dict("records")
    ]
    return told


def _named(row: Mapping[Any, Any]) -> str:
    kind = "on foot" if row["mode"] == "foot" else "by road"
    return f"{row['name'] or 'an unnamed street'} ({kind})"


def _bottleneck_row(row: Mapping[Any, Any]) -> dict[str, str]:
    return {
        "name": str(row["name"]) or "unnamed",
        "mode": "on foot" if row["mode"] == "foot" else "road",
        "lost": style.number(row["lost_person_h"]),
        "link": str(row["link"]),
    }
