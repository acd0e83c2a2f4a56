"""Put the report of a comparison together: verdict, figures with their intervals, maps, who gains, how to repeat it."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..compare.evacuation import ALL
from ..compare.statistics import CONFIDENCE
from ..run_folder import command_line, versions
from . import comparison_figures as figures
from . import comparison_words as words
from . import difference_maps as maps
from . import style
from .comparison_air import air_rows, concentration_maps
from .comparison_evacuation import evacuation_section
from .comparison_words import verdicts
from .figures import Picture
from .page import put_page, templates
from .zone_maps import zone_map

if TYPE_CHECKING:
    import pandas as pd

    from ..compare.comparison import Comparison
    from ..compare.plans import Plan

__all__ = ["verdicts", "write_comparison_report"]

LINKS_SHOWN = 15
ZONES_SHOWN = 20
ROUTES_IN_FRONT = 4
TOLD_IN_FRONT = 4  # variants whose verdict stands on the first page; of more than these only the best
IN_FRONT = 2  # variants of several whose pictures stand on the first two pages: the best


def write_comparison_report(comparison: Comparison) -> Path:
    """Write ``report.html`` into the folder of a comparison."""
    return put_page(comparison.folder, render(comparison))


def render(comparison: Comparison) -> str:
    """The report as HTML text: two pages for the council, then the annex."""
    base = comparison.plans[0]
    scenario, folder = base.scenario, Path(__file__).parent / "templates"
    variants = [_variant(comparison, plan) for plan in comparison.plans[1:]]
    by_key = {variant["key"]: variant for variant in variants}
    best = [by_key[key] for key in comparison.differences.ranking["variant"]]
    return (
        templates()
        .get_template("comparison.html")
        .render(
            title=f"What would change: {words_of(comparison)}",
            when=f"{scenario.start:%A %d %B %Y}, {style.clock(scenario.start, 0)} to "
            f"{style.clock(scenario.start, scenario.duration_s)}, {style.count(len(comparison.seeds), 'seed')}",
            base=scenario.name,
            css_variables=style.css_variables(),
            css=(folder / "report.css").read_text(encoding="utf-8"),
            variants=variants,
            told=variants if len(variants) <= TOLD_IN_FRONT else best[:TOLD_IN_FRONT],
            sheets=_sheets(best),
            evacuation=evacuation_section(comparison),
            ranking=_ranking_rows(comparison) if len(variants) > 1 else [],
            trips=style.whole(len(base.trips)),
            until=_until(comparison),
            reproduce=_reproduce(comparison),
            attribution=base.network.attribution,
            version=versions()["citytwin"],
        )
    )


def _sheets(best: list[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    """The pictures of the first two pages: all of a single variant, the telling ones of the two best of several.

    What is chosen is taken out of the variant's own pictures: none is shown twice.
    """
    wanted: tuple[tuple[str, ...], ...] = (("flow", "delay"), ("speed", "origin", "destination", "trips"))
    if len(best) > 1:
        wanted = (("delay",), ("origin", "trips"))
    sheets = []
    for kinds in wanted:
        sheet = []
        for variant in best[:IN_FRONT]:
            sheet += [{"of": variant["name"], "picture": variant["pictures"].pop(kind)} for kind in kinds]
        sheets.append(sheet)
    return sheets


def _ranking_rows(comparison: Comparison) -> list[dict[str, str]]:
    """A line for every variant, the best first: what it is ranked by, its delay, who loses and gains."""
    names = {plan.key: plan.scenario.name for plan in comparison.plans}
    network, lines = comparison.differences.network, []
    for row in words.records(comparison.differences.ranking):
        rows = words.records(words.rows_of(network, row["variant"]))
        delay = next(one for one in rows if one["quantity"] == "mean delay")
        trips = words.count_trips(comparison.differences.trips, row["variant"])
        ahead = "" if math.isnan(row["ahead_p"]) else "yes" if row["ahead_p"] < 1.0 - CONFIDENCE else "no"
        lines.append(
            {
                "rank": str(row["rank"]),
                "key": row["variant"],
                "name": names[row["variant"]],
                "quantity": f"{row['quantity']}, {row['unit']}",
                "difference": words.difference(row),
                "interval": words.interval(row),
                "delay": words.difference(delay, "s"),
                "delay_interval": words.interval(delay, "s"),
                "lose": style.whole(trips.lose),
                "gain": style.whole(trips.win),
                "ahead": ahead,
            }
        )
    return lines


def words_of(comparison: Comparison) -> str:
    """The variants by name, as a title."""
    names = [plan.scenario.name for plan in comparison.plans[1:]]
    return names[0] if len(names) == 1 else f"{len(names)} variants"


def _variant(comparison: Comparison, plan: Plan) -> dict[str, Any]:
    """Everything that the page tells of one variant."""
    from ...scenarios.diff_files import diff_files

    tables, key = comparison.differences, plan.key
    of_groups = [
        ("By class of road", _group_rows(tables.road_classes, key, "road_class")),
        ("By class of vehicle", _group_rows(tables.vehicle_classes, key, "vehicle_class")),
        (f"By {comparison.zones.kind}", _zone_rows(words.rows_of(tables.zones, key), comparison.zones.kind)),
        ("Evacuation by zone", _group_rows(tables.evacuation[tables.evacuation["zone"] != ALL], key, "zone")),
        ("People on foot", _group_rows(tables.walks, key, "quantity")),
        ("What it is worth", _group_rows(tables.values, key, "quantity")),
    ]
    figure_rows = [_figure_row(row) for row in words.records(words.rows_of(tables.network, key))]
    route_rows = [_route_row(row) for row in words.records(words.rows_of(tables.routes, key))]
    return {
        "key": key,
        "name": plan.scenario.name,
        "sentences": words.sentences(comparison, key),
        "brief": words.brief(comparison, key),
        "figures": [*figure_rows, *route_rows[:ROUTES_IN_FRONT]],
        "evacuation": [_figure_row(row) for row in words.records(_of_all_zones(tables.evacuation, key))],
        "air": [{"group": str(row["group"]), **_figure_row(row)} for row in words.records(air_rows(comparison, key))],
        "air_pictures": list(concentration_maps(comparison, key).values()),
        "more_routes": route_rows[ROUTES_IN_FRONT:],
        "pictures": _pictures(comparison, key),
        "links": _link_rows(words.rows_of(tables.links, key)),
        "groups": [(title, rows) for title, rows in of_groups if rows],
        "diff": diff_files(comparison.plans[0].file, plan.file).as_text(),
    }


def _of_all_zones(evacuation: pd.DataFrame, key: str) -> pd.DataFrame:
    """What changes for all evacuees of a variant, as far as there is anything."""
    rows = words.rows_of(evacuation, key)
    there = (rows[["base", "with_variant"]].fillna(0.0) != 0.0).any(axis=1)
    return rows[(rows["zone"] == ALL) & there]


def _pictures(comparison: Comparison, key: str) -> dict[str, Picture]:
    """All pictures of one variant by kind."""
    return {
        **{one.key: maps.difference_map(comparison, key, one) for one in (maps.FLOW, maps.DELAY, maps.SPEED)},
        **{end: zone_map(comparison, key, end) for end in comparison.zones.of_trips},
        "trips": figures.trips_histogram(comparison, key),
        "vehicles": figures.vehicles_over_time(comparison, key),
    }


def _route_row(row: dict[str, Any]) -> dict[str, str]:
    return {**_figure_row(row), "quantity": f"time to drive: {row['route']}"}


def _figure_row(row: dict[str, Any]) -> dict[str, str]:
    return {
        "quantity": str(row["quantity"]),
        "unit": str(row["unit"]).replace("-", "\N{NON-BREAKING HYPHEN}"),
        "base": words.level(row, "base"),
        "variant": words.level(row, "with_variant"),
        "difference": words.difference(row),
        "interval": words.interval(row),
        "certainty": words.certainty(row),
        "told": "yes" if row["distinguishable"] else "no",
    }


def _group_rows(table: pd.DataFrame, variant: str, column: str) -> list[dict[str, str]]:
    """Figures of every group, under its name; those that nobody belongs to are left out."""
    rows = words.rows_of(table, variant)
    used = (rows[["base", "with_variant"]].fillna(0.0) != 0.0).any(axis=1).groupby(rows[column]).transform("any")
    told = words.records(rows[used & (rows["seeds"] > 0)])
    return [{"group": str(row[column]).replace("_", " "), **_figure_row(row)} for row in told]


def _zone_rows(zones: pd.DataFrame, kind: str) -> list[dict[str, str]]:
    """Mean travel times of the zones that change most beyond chance."""
    rows = zones[(zones["quantity"] == "mean travel time") & zones["found"].astype(bool)]
    largest = rows["difference"].astype(float).abs().sort_values(ascending=False, kind="stable").index[:ZONES_SHOWN]
    told = words.records(rows.loc[largest])
    return [
        {"group": f"{'from' if row['end'] == 'origin' else 'to'} {kind} {row['zone']}", **_figure_row(row)}
        for row in told
    ]


def _link_rows(links: pd.DataFrame) -> list[dict[str, str]]:
    """The links on which most time is lost more, or less, beyond chance."""
    rows = links[(links["quantity"] == "time lost") & links["found"]]
    largest = rows["difference"].abs().sort_values(ascending=False, kind="stable").index[:LINKS_SHOWN]
    return [
        {"name": str(row["name"]) or "unnamed", "link": str(row["link"]), **_figure_row(row)}
        for row in words.records(rows.loc[largest])
    ]


def _until(comparison: Comparison) -> str:
    """Whether the seeds that were added sufficed."""
    if comparison.until is None:
        return ""
    aim = style.percent(comparison.until)
    if comparison.narrow_enough:
        return f"Seeds were added until the difference in mean delay was known to {aim} of the base's mean delay."
    return f"Seeds were added up to their limit; the difference in mean delay is not yet known to {aim}."


def _reproduce(comparison: Comparison) -> dict[str, Any]:
    from ...scenarios.file_contents import content_hash

    seeds = comparison.seeds
    files = dict.fromkeys(file for plan in comparison.plans for file in plan.scenario.input_files())
    return {
        "command": command_line(),
        "single": f"citytwin run {comparison.plans[0].file} --seed {seeds[0]} -o DIR",
        "seeds": f"{seeds[0]} to {seeds[-1]}",
        "facts": versions(),
        "inputs": [{"path": str(file), "sha256": content_hash(file) or style.DASH} for file in files],
        "names": [plan.scenario.name for plan in comparison.plans],
        "hashes": [
            {"seed": seed, "states": [stack.hashes[row][:16] for stack in comparison.stacks]}
            for row, seed in enumerate(seeds)
        ],
    }
