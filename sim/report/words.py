"""Say in plain sentences what happened: three that a planner can quote, six headline figures, the caveat."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from . import metrics, style
from .air_warnings import warning_sentences
from .remedies import remedies_used

if TYPE_CHECKING:
    import pandas as pd

    from ..run_folder import Run


# What the network builder assumed, as people say it.
ASSUMED_NAMES = {
    "lanes": "number of lanes",
    "speed_mps": "speed limit",
    "speed_kmh": "speed limit",
    "lane_width_m": "lane width",
    "oneway": "direction of travel",
    "access": "who may use it",
    "turn_lanes": "turn lanes",
}


# What kinds of fault the network doctor finds mean for traffic.
FAULT_MEANINGS = {
    "crosses_without_node": "Two streets cross on one level but do not meet in the map: nobody turns there.",
    "dead_end": "The street ends; vehicles turn round.",
    "lane_ends": "A lane ends without a way on; its drivers must change lanes.",
    "lane_without_exit": "A lane leads nowhere.",
    "many_approaches": "More streets lead into one junction than is usual.",
    "no_exit": "No way leads on from its end: only trips that end there may use it.",
    "no_way_on": "Whoever drives in comes neither back into the connected streets nor out of the map.",
    "no_way_out": "No legal way leads through the junction from there; ways straight across were added.",
    "restriction_closes_street": "Turn restrictions together left no way on; they were dropped.",
    "several_layers": "A junction made of map nodes on several levels: bridges or tunnels may be tied together.",
    "signal_without_approach": "A signal that no street leads to.",
    "too_short": "Shorter than a vehicle from stop line to stop line.",
    "unreachable": "Nobody gets there from the connected streets or from the edge of the map.",
    "wide_junction": "Stop lines far apart: perhaps two junctions made into one.",
}


STREETS_NAMED = 4  # of a ring


@dataclass(frozen=True, slots=True)
class Figure:
    """One headline figure: ``value`` and ``unit`` large, ``label`` and ``note`` small."""

    label: str
    value: str
    unit: str
    note: str


def sentences(run: Run, head: metrics.Headline, totals: pd.DataFrame) -> list[str]:
    """Three sentences: who arrived, how long it took, where time was lost; more with locks, remedies or measures."""
    start = metrics.start_of(run.manifest)
    locked = [_locked(run.locks, totals, start)] if len(run.locks) else []
    remedies = remedies_used(run.summary.get("remedies"))
    plans = [*_measures(run.summary), *warning_sentences(run.summary), *_bus_lines(run.summary)]
    return [_who(run, head, start), _how_long(head), _where(head, totals, start), *locked, *remedies, *plans]


def headline_figures(head: metrics.Headline, start: dt.datetime) -> list[Figure]:
    """Six figures for the row under the sentences."""
    share = style.percent(head.arrived / head.created) if head.created else style.DASH
    speed = 3.6 * head.mean_speed_mps
    peak = f"at {style.clock(start, head.peak_t_s)}" if head.peak_vehicles else "nobody drove"
    stuck = head.stuck - head.kept
    held = head.waiting + stuck
    at_end = f"{style.whole(head.waiting)} waiting, {style.whole(stuck)} stuck"
    return [
        Figure("Trips arrived", style.whole(head.arrived), "", f"{share} of {style.whole(head.created)}"),
        Figure("Mean travel time", style.minutes_seconds(head.mean_travel_s), "", "door to door, arrived trips"),
        Figure("Mean delay", style.minutes_seconds(head.mean_delay_s), "", "against empty roads"),
        Figure("Mean speed", style.number(speed, figures=2), "km/h", f"{style.whole(head.vehicle_km)} vehicle-km"),
        Figure("Most driving at once", style.whole(head.peak_vehicles), "vehicles", peak),
        Figure("Held up at the end", style.whole(held), "vehicle" if held == 1 else "vehicles", at_end),
    ]


def outcome(run: Run) -> str:
    """The result of a run in three lines, for a terminal."""
    head = metrics.headline(run)
    summary = run.summary
    lines = [_who(run, head, metrics.start_of(run.manifest)), _how_long(head)]
    factor = summary.get("real_time_factor")
    if factor:
        loop, setup = f"{head.end_t_s / factor:.1f}", f"{summary.get('setup_s') or 0.0:.1f}"
        lines.append(
            f"{style.whole(head.end_t_s)} simulated seconds took {loop} s ({style.whole(factor)} times real time), "
            f"after {setup} s of set-up."
        )
    return "\n".join(lines)


def caveat(run: Run) -> str:
    """Under which condition the figures hold."""
    seed = run.manifest.get("seed", 0)
    return (
        f"One run with seed {seed}: the figures have no interval, and another seed gives somewhat different ones. "
        "Delay is time lost against the same route on empty roads, waiting to enter included."
    )


def status_notice(run: Run) -> str:
    """What a reader must know first when a run did not end as planned, else empty."""
    status = run.manifest.get("status")
    end_t_s = float(run.summary.get("sim_s") or 0.0)
    at = f" at {style.clock(metrics.start_of(run.manifest), end_t_s)} of the simulated clock" if end_t_s else ""
    if status == "interrupted":
        return f"This run was interrupted{at}. What follows is what had been recorded until then."
    if status == "failed":
        return f"This run failed: {run.manifest.get('error', 'see traceback.txt')}. What follows is incomplete."
    if status == "running":
        return "This run has not ended, or was killed before it could close its tables. What follows may be incomplete."
    return ""


def fault_name(kind: str, mode: str) -> str:
    """A kind of fault as people write it, with the mode that it concerns.

    Examples
    --------
    >>> fault_name("no_way_on", "car"), fault_name("dead_end", "")
    ('no way on (car)', 'dead end')
    """
    name = kind.replace("_", " ")
    return f"{name} ({mode})" if mode else name


def place_name(name: str) -> str:
    """A network's name as people write it; it is often the name of a file.

    Examples
    --------
    >>> place_name("helsinki_centre"), place_name("Bad Ischl")
    ('Helsinki Centre', 'Bad Ischl')
    """
    return name.replace("_", " ").title() if name == name.lower() else name


def _who(run: Run, head: metrics.Headline, start: dt.datetime) -> str:
    place = place_name(str((run.manifest.get("network") or {}).get("name") or ""))
    where = f" in {place}" if place else ""
    if not head.created:
        return f"Nobody set out{where} between {_span(head, start)}."
    rest = []
    if head.active:
        rest.append(f"{style.whole(head.active)} {'was' if head.active == 1 else 'were'} still driving")
    if head.waiting:
        rest.append(f"{style.whole(head.waiting)} waited to enter")
    stuck = head.stuck - min(head.stuck, head.no_route)
    if head.kept:
        rest.append(f"{style.whole(head.kept)} had been kept from driving by measures")
    if (lost := head.no_route - head.kept) > 0:
        rest.append(f"{style.whole(lost)} had no route")
    at_end = f"{style.whole(stuck)} {'was' if stuck == 1 else 'were'} stuck" if stuck else "none was stuck"
    worst = head.peak_stuck - min(head.peak_stuck, head.no_route - head.kept)
    if worst > 1.5 * stuck and worst > 0.005 * head.created:
        at_end += f" ({style.whole(worst)} were at {style.clock(start, head.peak_stuck_t_s)})"
    rest.append(at_end)
    share = style.percent(head.arrived / head.created)
    end = style.clock(start, head.end_t_s)
    trips = style.count(head.created, "vehicle")
    went = "were to set out" if head.kept else "set out"
    return (
        f"Between {_span(head, start)}, {trips} {went}{where} and {style.whole(head.arrived)} of them "
        f"({share}) arrived; at {end} {_listed(rest)}."
    )


def _how_long(head: metrics.Headline) -> str:
    if not head.arrived:
        return "No trip arrived, so there is no travel time to report."
    lost = head.mean_delay_s
    if lost < 0.5:
        delay = "no longer than on empty roads"
    else:
        more = lost / (head.mean_travel_s - lost) if head.mean_travel_s > lost else float("nan")
        delay = f"{style.minutes_seconds(lost)} ({style.percent(more)}) longer than on empty roads"
    return (
        f"A trip that arrived took {style.minutes_seconds(head.mean_travel_s)} on average, {delay}; "
        f"one in ten took more than {style.minutes_seconds(head.p90_travel_s)}."
    )


def _where(head: metrics.Headline, totals: pd.DataFrame, start: dt.datetime) -> str:
    busiest = (
        f"traffic was densest at {style.clock(start, head.peak_t_s)}, "
        f"with {style.count(head.peak_vehicles, 'vehicle')} driving"
    )
    worst = metrics.worst_links(totals, 10)
    if worst.empty:
        return f"No time was lost on any link; {busiest}."
    used = int((totals["entered_veh"] > 0).sum())
    names = metrics.worst_streets(totals, "delay_s", 2)["name"].tolist()
    most = f", and most on {_listed(names)}" if names else ""
    share = style.percent(float(worst["share"].sum()))
    links = f"{len(worst)} of the {style.whole(used)} links in use" if len(worst) < used else "the links in use"
    return f"Of all time lost while driving, {share} fell on {links}{most}; {busiest}."


def _locked(locks: pd.DataFrame, totals: pd.DataFrame, start: dt.datetime) -> str:
    """Where queues first waited for each other in a ring, since when, and what became of the rings."""
    first = locks.iloc[int(locks["closed_s"].argmin())]
    links = str(first["links"]).split(", ")
    street_of = dict(zip(totals["link"], totals["name"], strict=True))
    names = list(dict.fromkeys(street_of.get(link) or link for link in links))
    where = _listed(names[:STREETS_NAMED] + ([f"{len(names) - STREETS_NAMED} more"] if names[STREETS_NAMED:] else []))
    held = int(locks["resolved_s"].isna().sum())
    one = len(locks) == 1
    if held:
        end = "and did so to the end" if one else f"and {style.whole(held)} of these rings held to the end"
    else:
        end = "and the ring dissolved again" if one else "and all of these rings dissolved again"
    rings = "Once" if one else f"{style.whole(len(locks))} times"
    return (
        f"{rings} queues held each other up in a ring, {'' if one else 'first '}on {where} from "
        f"{style.clock(start, float(first['closed_s']))} on, {end}."
    )


def _measures(summary: Mapping[str, Any]) -> list[str]:
    """What tolls brought in, and whom low-emission zones refused."""
    told = []
    tolls = summary.get("tolls_paid")
    if tolls:
        vehicles = sum(toll["vehicles"] for toll in tolls["by_toll"].values())
        names = _listed([f"“{name}”" for name in tolls["by_toll"]])
        money = f"{style.whole(tolls['total'])}{style.NBSP}{tolls['currency']}"
        told.append(f"The toll {names} brought in {money} from {style.count(vehicles, 'vehicle')}.")
    by_plates = summary.get("restricted") or {}  # told apart by what became of them
    refused = {name: n for name, n in (summary.get("refused") or {}).items() if n and name not in by_plates}
    if refused:
        zones = _listed([f"“{name}” ({style.whole(count)})" for name, count in refused.items()])
        told.append(f"Trips that did not set out because their vehicles may not drive there: {zones}.")
    return told


def _bus_lines(summary: Mapping[str, Any]) -> list[str]:
    """How the buses of every line ran."""
    told = []
    for name, line in (summary.get("bus_lines") or {}).items():
        text = (
            f"Line “{name}”: {style.count(line['buses'], 'bus', 'buses')} called {style.count(line['calls'], 'time')} "
            f"and took {style.count(line['boarded'], 'passenger')}"
        )
        if line["mean_dwell_s"] is not None:
            text += f", standing {style.number(line['mean_dwell_s'], figures=2)}{style.NBSP}s at a stop"
        if line["headway_variation"] is not None:
            every = style.minutes_seconds(line["headway_s"])
            text += f"; they came every {every}, give or take {style.percent(line['headway_variation'])}"
        if line["left_behind"]:
            text += f"; {style.count(line['left_behind'], 'time')} somebody found the bus full"
        if line["missed"]:
            text += f"; {style.count(line['missed'], 'stop')} {'was' if line['missed'] == 1 else 'were'} missed"
        told.append(f"{text}.")
    return told


def _span(head: metrics.Headline, start: dt.datetime) -> str:
    return f"{style.clock(start, 0.0)} and {style.clock(start, head.end_t_s)}"


def _listed(items: list[str]) -> str:
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} and {items[-1]}"
