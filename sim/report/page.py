"""Put words, pictures and tables together into one HTML file that needs nothing else."""

from __future__ import annotations

import datetime as dt
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..remedies import LEFT_LOCK
from ..run_folder import REPORT, Run, read_run
from ..run_tables import RESPONDERS
from . import (
    air,
    air_warnings,
    evacuation,
    figures,
    gas,
    hazards,
    metrics,
    responders,
    route_choice,
    style,
    walking,
    words,
)

if TYPE_CHECKING:
    import jinja2
    import pandas as pd

ROWS_SHOWN = 20  # of tables that may be long
FAULTS_NAMED = 3  # of each kind


def write_report(run_folder: str | Path) -> Path:
    """Write ``report.html`` into a run folder from what lies in it.

    Raises
    ------
    RunFolderError
        When the folder is not a run folder.
    """
    run = read_run(run_folder)
    return put_page(run.folder, render(run))


def put_page(folder: Path, html: str) -> Path:
    """Write ``report.html`` into a folder, whole or not at all."""
    path = folder / REPORT
    beside = path.with_name(f".{REPORT}")
    beside.write_text(html, encoding="utf-8")
    beside.replace(path)
    return path


def render(run: Run) -> str:
    """The report as HTML text."""
    start = metrics.start_of(run.manifest)
    street_of = dict(zip(run.streets["link"], run.streets["name"], strict=True))
    head = metrics.headline(run)
    totals = metrics.link_totals(run.links, run.streets, head.end_t_s or None)
    events = run.events[run.events["kind"] != RESPONDERS]  # calls have a table of their own
    left_lock = events["kind"] == LEFT_LOCK
    city = figures.city_of(totals, run.streets, run.manifest, run.locks)
    pictures = [
        *([figures.flow_map(city), figures.delay_map(city)] if city.lines else []),
        figures.vehicles_over_time(
            run.network.assign(stuck=metrics.held_up(run.trips, run.network)),
            events[~left_lock],
            street_of,
            start,
            no_route=head.no_route - head.kept,
            kept=head.kept,
        ),
        figures.travel_times(run.trips),
        figures.fundamental_diagram(run.network, start),
        *_routes(run),
    ]
    on_foot = walking.walking_section(run, city, start)
    if on_foot is not None:
        pictures += on_foot.pop("pictures")
    danger = hazards.hazard_section(run, city, start)
    pictures += danger.pop("pictures") if danger is not None else []
    cloud = gas.gas_section(run, city, start)
    pictures += cloud.pop("pictures") if cloud is not None else []
    breathed = air.air_section(run, city, start)
    pictures += breathed.pop("pictures") if breathed is not None else []
    pictures += air_warnings.warning_pictures(run, start)
    told, traffic = evacuation.evacuation_section(run, start), words.sentences(run, head, totals)
    return (
        templates()
        .get_template("report.html")
        .render(
            title=str(run.manifest.get("scenario") or run.folder.name),
            when=f"{start:%A %d %B %Y}, {style.clock(start, 0)} to {style.clock(start, head.end_t_s)}",
            css_variables=style.css_variables(),
            css=(Path(__file__).parent / "templates" / "report.css").read_text(encoding="utf-8"),
            notice=words.status_notice(run),
            sentences=[
                *(cloud["sentences"] if cloud else []),
                *([*told["sentences"], *traffic[:1]] if told else traffic),
            ],
            caveat=f"{words.caveat(run)} {route_choice.how_chosen(run.summary)}".rstrip(),
            headline=told["headline"] if told else words.headline_figures(head, start),
            evacuation=told,
            pictures=pictures,
            on_foot=on_foot,
            gas=cloud,
            hazards=danger,
            air=breathed,
            responders=responders.responder_section(run),
            worst=_worst_rows(totals),
            events=_event_rows(events[~left_lock | (left_lock.cumsum() <= ROWS_SHOWN)], street_of, start),
            left_lock_more=style.whole(left_lock.sum() - ROWS_SHOWN) if left_lock.sum() > ROWS_SHOWN else "",
            stuck=_stuck_rows(run, street_of, start),
            stuck_causes=_by_cause(run.stuck["cause"]),
            stuck_more=style.whole(len(run.stuck) - ROWS_SHOWN) if len(run.stuck) > ROWS_SHOWN else "",
            no_route=_by_cause(run.trips.loc[run.trips["status"] == "no_route", "cause"]),
            **_assumed(run.manifest),
            **_doubtful(run.manifest),
            reproduce=_reproduce(run),
            manifest=run.manifest,
        )
    )


def templates() -> jinja2.Environment:
    """The pages to fill in."""
    import jinja2

    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )


def _routes(run: Run) -> list[figures.Picture]:
    """How people got used to the streets, where they did."""
    if run.equilibrium.empty:
        return []
    wanted, choice = run.manifest.get("wanted_gap"), str(run.summary.get("route_choice") or "")
    return [route_choice.gap_figure(run.equilibrium, wanted, choice)]


def _worst_rows(totals: pd.DataFrame) -> list[dict[str, str]]:
    """The twenty links that cost most time, formatted."""
    return [
        {
            "name": str(row["name"]) or "unnamed",
            "link": str(row["link"]),
            "lost": f"{row['delay_s'] / 3600:.2f}",
            "share": f"{100 * row['share']:.1f}",
            "each": style.whole(row["delay_per_vehicle_s"]),
            "vehicles": style.whole(row["entered_veh"]),
            "speed": f"{3.6 * row['mean_speed_mps']:.1f}",
            "limit": f"{3.6 * row['speed_mps']:.0f}",
            "stops": style.number(row["stops_per_vehicle"], figures=2),
            "queue": style.number(row["mean_queue_veh"], figures=2),
            "longest": style.whole(row["longest_queue_veh"]),
        }
        for row in metrics.worst_links(totals, ROWS_SHOWN).to_dict("records")
    ]


def _event_rows(events: pd.DataFrame, street_of: dict[str, str], start: dt.datetime) -> list[dict[str, str]]:
    return [
        {
            "time": style.clock(start, row["t_s"]),
            "kind": str(row["kind"]).replace("_", " "),
            "text": str(row["text"]),
            "where": str(row["where"]),
            "name": figures.street_names(str(row["where"]), street_of),
        }
        for row in events.sort_values("t_s", kind="stable").to_dict("records")
    ]


def _stuck_rows(run: Run, street_of: dict[str, str], start: dt.datetime) -> list[dict[str, str]]:
    return [
        {
            "trip": str(row["trip_id"]),
            "name": street_of.get(row["link"], "") or "unnamed",
            "link": str(row["link"]),
            "place": f"{row['lat']:.5f}, {row['lon']:.5f}",
            "since": style.clock(start, row["since_s"]),
            "cause": str(row["cause"]),
        }
        for row in run.stuck.sort_values("since_s", kind="stable").head(ROWS_SHOWN).to_dict("records")
    ]


def _by_cause(causes: pd.Series[str]) -> list[dict[str, str]]:
    """How many there are of each cause, the commonest first."""
    return [
        {"cause": str(cause) or "cause unknown", "count": style.whole(n)} for cause, n in causes.value_counts().items()
    ]


def _assumed(manifest: dict[str, Any]) -> dict[str, Any]:
    """What was assumed and repaired."""
    network = manifest.get("network") or {}
    links = int(network.get("links") or 0)
    rows = [
        {
            "what": words.ASSUMED_NAMES.get(name, name.replace("_", " ")),
            "count": style.whole(n),
            "share": style.percent(n / links) if links else style.DASH,
        }
        for name, n in sorted((manifest.get("assumed") or {}).items(), key=lambda item: (-item[1], item[0]))
        if n
    ]
    return {
        "network": network,
        "network_line": _network_line(network),
        "assumed": rows,
        "notes": list(manifest.get("notes") or []),
        "warnings": list(manifest.get("warnings") or []),
    }


def _doubtful(manifest: dict[str, Any]) -> dict[str, Any]:
    """What the network doctor found, a row for each kind, and the command that lists all of it."""
    kinds = list(manifest.get("fault_kinds") or [])
    scenario = shlex.quote(str(manifest.get("scenario_file") or "FILE"))
    return {
        "faults": [
            {
                "kind": words.fault_name(row["kind"], row["mode"]),
                "count": style.whole(row["count"]),
                "meaning": words.FAULT_MEANINGS.get(row["kind"]) or row["first"][0]["text"],
                "first": ", ".join(fault["where"] for fault in row["first"][:FAULTS_NAMED]),
                "more": row["count"] > FAULTS_NAMED,
            }
            for row in kinds
        ],
        "fault_count": style.whole(sum(row["count"] for row in kinds)),
        "fault_command": f"citytwin network {scenario} --geojson faults.geojson --map faults.png",
    }


def _network_line(network: dict[str, Any]) -> str:
    if not network.get("links"):
        return ""
    parts = [
        style.count(network["links"], "link"),
        f"{style.number(float(network.get('road_km') or 0))} km of road",
        style.count(network.get("junctions") or 0, "junction"),
        style.count(network.get("signals") or 0, "signal"),
    ]
    generated = int(network.get("signals_assumed") or 0)
    text = ", ".join(parts)
    if generated:
        text += f" (the programmes of {style.whole(generated)} were generated)"
    return text


def _reproduce(run: Run) -> dict[str, Any]:
    manifest = run.manifest
    facts = {
        "Seed": manifest.get("seed"),
        "Result (state hash)": run.summary.get("state_hash"),
        "citytwin": manifest.get("citytwin"),
        "Python": manifest.get("python"),
        "NumPy": manifest.get("numpy"),
        "Numba": manifest.get("numba"),
        "Machine": manifest.get("platform"),
        "Device": manifest.get("device"),
        "Threads": manifest.get("threads"),
        "Set-up": _seconds(manifest.get("setup_s")),
        "Simulation": _seconds(manifest.get("loop_s")),
        "Started": manifest.get("started"),
        "Finished": manifest.get("finished"),
    }
    return {
        "command": manifest.get("command") or "",
        "facts": {name: str(value) for name, value in facts.items() if value not in {None, ""}},
        "inputs": list(manifest.get("inputs") or []),
    }


def _seconds(value: Any) -> str:
    return "" if value is None else f"{float(value):.1f} s"
