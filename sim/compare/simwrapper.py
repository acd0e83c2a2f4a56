"""Write a folder that SimWrapper opens: dashboards in YAML, over tables in CSV and places in GeoJSON.

SimWrapper (https://simwrapper.github.io) is a web viewer of transport models. A folder with files named
``dashboard-*.yaml`` is shown as tabs; each names the files that its panels draw.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from .exports import side_by_side, streets, zone_outlines
from .runs import read_result

if TYPE_CHECKING:
    import pandas as pd

    from .comparison import Comparison
    from .plans import Plan

FOLDER = "simwrapper"
STREETS, ZONES = "streets.geojson", "zones.geojson"
DEGREES = 4326  # EPSG code of longitude and latitude, which GeoJSON is in
MAPS = {  # column of differences -> title
    "flow": "Traffic, vehicles an hour",
    "time_lost": "Time lost, vehicle-minutes an hour",
    "mean_speed": "Speed, km/h",
}
STEPS_TO_A_SIDE = 3
BINS_MIN = np.arange(-10.0, 10.5, 0.5)


def write_simwrapper(comparison: Comparison) -> Path:
    """Write the folder ``simwrapper`` anew: a tab for each variant."""
    folder = comparison.folder / FOLDER
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    placed = bool(comparison.plans[0].network.epsg)
    if placed:
        streets(comparison).to_crs(DEGREES).to_file(folder / STREETS, driver="GeoJSON")
        zone_outlines(comparison).to_crs(DEGREES).to_file(folder / ZONES, driver="GeoJSON")
    for number, plan in enumerate(comparison.plans[1:], start=1):
        _write_tables(comparison, plan, folder)
        _write_yaml(folder / f"dashboard-{number}-{plan.key}.yaml", _dashboard(comparison, plan, placed=placed))
    return folder


def _write_tables(comparison: Comparison, plan: Plan, folder: Path) -> None:
    """The files of one variant's panels."""
    tables = {name: _rows(table, plan.key) for name, table in comparison.differences.tables().items()}
    words = "\n\n".join(_words(comparison, plan))
    (folder / f"verdict-{plan.key}.md").write_text(words + "\n", encoding="utf-8")
    _csv(tables["network"], folder, f"network-{plan.key}")
    _csv(_shown(side_by_side(tables["links"], ["link"])), folder, f"links-{plan.key}")
    if len(tables["evacuation"]):
        _csv(tables["evacuation"], folder, f"evacuation-{plan.key}")
    zones = side_by_side(tables["zones"], ["zone", "end"])
    for end, rows in zones.groupby("end"):
        _csv(_shown(rows.drop(columns="end")), folder, f"{end}-{plan.key}")
    _csv(_over_time(comparison, plan), folder, f"vehicles-{plan.key}")
    _csv(_winners(tables["trips"]), folder, f"trips-{plan.key}")


def _dashboard(comparison: Comparison, plan: Plan, *, placed: bool) -> dict[str, Any]:
    key = plan.key
    layout: dict[str, Any] = {
        "verdict": {"type": "text", "title": "What would change", "file": f"verdict-{key}.md"},
        "figures": {
            "type": "csv",
            "title": "Figures",
            "dataset": f"network-{key}.csv",
            "showAllRows": True,
            "height": 8,
        },
    }
    if (comparison.folder / FOLDER / f"evacuation-{key}.csv").exists():
        layout["evacuation"] = {"type": "csv", "title": "Evacuation", "dataset": f"evacuation-{key}.csv", "height": 8}
    if placed:
        layout["streets"] = [
            _map(comparison, f"links-{key}.csv", STREETS, "link", column, title, "line")
            for column, title in MAPS.items()
        ]
    if placed and comparison.zones.outlines:
        ends = {"origin": "Change of travel time by where trips begin, s", "destination": "By where trips end, s"}
        layout["zones"] = [
            _map(comparison, f"{end}-{key}.csv", ZONES, "zone", "mean_travel_time", title, "fill")
            for end, title in ends.items()
        ]
    layout["charts"] = [
        {
            "type": "line",
            "title": "Vehicles on their way",
            "dataset": f"vehicles-{key}.csv",
            "x": "t_min",
            "columns": ["base", "variant"],
            "xAxisName": "minutes after the start",
            "yAxisName": "vehicles",
        },
        {
            "type": "bar",
            "title": "Who gains, who loses",
            "dataset": f"trips-{key}.csv",
            "x": "change_min",
            "columns": ["trips"],
            "xAxisName": "change of travel time, min",
            "yAxisName": "trips",
        },
    ]
    name = plan.scenario.name
    header = {"tab": name, "title": name, "description": f"Compared with: {comparison.plans[0].scenario.name}"}
    return {"header": header, "layout": layout}


def _map(
    comparison: Comparison, dataset: str, shapes: str, join: str, quantity: str, title: str, kind: str
) -> dict[str, Any]:
    """A map of differences: blue is less, red is more; the middle of the ramp is what chance could have done."""
    column = f"{quantity}_shown"
    values = _read_column(comparison.folder / FOLDER / dataset, column)
    ramp = {
        "ramp": "RdBu",
        "reverse": True,
        "steps": 2 * STEPS_TO_A_SIDE + 1,
        "breakpoints": ", ".join(f"{value:g}" for value in _breakpoints(values)),
    }
    symbol = {"dataset": "differences", "join": join, "columnName": column}
    display: dict[str, Any] = {"lineColor" if kind == "line" else "fill": {**symbol, "colorRamp": ramp}}
    if kind == "line":
        widest = float(np.abs(values).max()) or 1.0
        display["lineWidth"] = {**symbol, "scaleFactor": float(f"{widest / 10:.2g}")}
    return {
        "type": "map",
        "title": title,
        "description": "Variant minus base",
        "height": 10,
        "shapes": {"file": shapes, "join": join},
        "datasets": {"differences": {"file": dataset}},
        "display": display,
    }


def _breakpoints(values: np.ndarray[Any, np.dtype[np.float64]]) -> list[float]:
    """One less than there are steps, the same to both sides of nothing."""
    largest = float(np.abs(values).max()) or 1.0
    ends = [float(f"{share * largest:.1g}") for share in (1e-6, 0.1, 0.4)]
    return [*(-end for end in reversed(ends)), *ends]


def _shown(table: pd.DataFrame) -> pd.DataFrame:
    """The table with what maps draw: differences, 0 where chance could have made them."""
    for name in [name for name in table.columns if name.endswith("_difference")]:
        quantity = name.removesuffix("_difference")
        table[f"{quantity}_shown"] = table[name].where(table[f"{quantity}_found"], 0.0).fillna(0.0)
    return table


def _over_time(comparison: Comparison, plan: Plan) -> pd.DataFrame:
    """Vehicles that drive, stand or wait to enter, mean over the seeds."""
    import pandas as pd

    sides = {}
    for name, key in (("base", comparison.plans[0].key), ("variant", plan.key)):
        tables = [read_result(comparison.folder, key, seed).network.set_index("t_s") for seed in comparison.seeds]
        sides[name] = sum(table["active"] + table["waiting"] + table["stuck"] for table in tables) / len(tables)
    table = pd.DataFrame(sides).reset_index()
    table.insert(0, "t_min", table.pop("t_s") / 60.0)
    return table


def _winners(trips: pd.DataFrame) -> pd.DataFrame:
    """How many trips change by how much; the outermost bins hold all beyond."""
    import pandas as pd

    minutes = np.clip(trips["difference"].to_numpy(dtype=float) / 60.0, BINS_MIN[0], BINS_MIN[-1])
    count, _ = np.histogram(minutes, BINS_MIN)
    return pd.DataFrame({"change_min": (BINS_MIN[1:] + BINS_MIN[:-1]) / 2, "trips": count})


def _words(comparison: Comparison, plan: Plan) -> list[str]:
    from ..report.comparison_words import sentences

    return sentences(comparison, plan.key)


def _rows(table: pd.DataFrame, variant: str) -> pd.DataFrame:
    return table[table["variant"] == variant].drop(columns="variant")


def _csv(table: pd.DataFrame, folder: Path, name: str) -> None:
    table.to_csv(folder / f"{name}.csv", index=False)


def _read_column(file: Path, column: str) -> np.ndarray[Any, np.dtype[np.float64]]:
    import pandas as pd

    values = pd.read_csv(file, usecols=[column])[column].to_numpy(dtype=float)
    return values if values.size else np.zeros(1)


def _write_yaml(path: Path, content: dict[str, Any]) -> None:
    from ruamel.yaml import YAML

    yaml = YAML(typ="safe", pure=True)
    yaml.default_flow_style = False
    yaml.sort_base_mapping_type_on_output = False  # type: ignore[assignment]
    with path.open("w", encoding="utf-8") as file:
        yaml.dump(content, file)
