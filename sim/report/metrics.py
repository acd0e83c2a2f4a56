"""Compute the figures of a report from the tables of a run: pure functions, tables in, numbers out."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from ...agents.measure_rules import REFUSALS

if TYPE_CHECKING:
    import pandas as pd

    from ..run_folder import Run

SATURATED_BELOW = 0.9  # flow at the highest densities, as a share of the highest flow, that counts as breakdown
DIAGRAM_EVERY_S = 300.0


@dataclass(frozen=True, slots=True)
class Headline:
    """The figures of a run that people ask for first. Times in s, speeds in m/s; NaN where there is nothing to tell."""

    created: int
    arrived: int
    active: int
    waiting: int
    stuck: int  # standing on the road or without a route, as created = arrived + active + waiting + stuck
    no_route: int  # those of the stuck that never set out because no way leads there, or because of a measure
    kept: int  # those of these whom measures keep from driving
    mean_travel_s: float
    mean_delay_s: float
    median_travel_s: float
    p90_travel_s: float
    delay_share: float  # of the mean travel time
    vehicle_km: float
    mean_speed_mps: float
    peak_vehicles: int  # most that were driving at once
    peak_t_s: float
    peak_waiting: int
    peak_stuck: int  # those without a route included, those whom measures keep from driving not
    peak_stuck_t_s: float
    end_t_s: float  # where the simulated clock stopped


def headline(run: Run) -> Headline:
    """Headline figures. Travel times are those of the trips that arrived, waiting at the entry included."""
    trips, network = run.trips, run.network
    status = trips["status"].value_counts()
    arrived = trips[trips["status"] == "arrived"]
    travel_s = arrived["travel_time_s"].to_numpy(dtype=float)
    mean_travel_s = _mean(travel_s)
    mean_delay_s = _mean(arrived["delay_s"].to_numpy(dtype=float))
    driving = network["active"].to_numpy(dtype=float)
    peak = int(driving.argmax()) if driving.size else -1
    counts = {
        name: int(run.summary.get(name, status.get(name, 0))) for name in ("arrived", "active", "waiting", "stuck")
    }
    vehicle_s, vehicle_m = float(run.links["vehicle_s"].sum()), float(run.links["vehicle_m"].sum())
    times_s = network["t_s"].to_numpy(dtype=float)
    held = held_up(trips, network)
    return Headline(
        created=int(run.summary.get("created", sum(counts.values()))),
        **counts,
        no_route=int(status.get("no_route", 0)),
        kept=len(kept_from_driving(trips)),
        mean_travel_s=mean_travel_s,
        mean_delay_s=mean_delay_s,
        median_travel_s=float(np.median(travel_s)) if travel_s.size else np.nan,
        p90_travel_s=float(np.percentile(travel_s, 90)) if travel_s.size else np.nan,
        delay_share=mean_delay_s / mean_travel_s if mean_travel_s > 0 else np.nan,
        vehicle_km=float(run.summary.get("vehicle_km", vehicle_m / 1000)),
        mean_speed_mps=vehicle_m / vehicle_s if vehicle_s > 0 else np.nan,
        peak_vehicles=int(driving[peak]) if driving.size else 0,
        peak_t_s=float(times_s[peak]) if driving.size else np.nan,
        peak_waiting=int(network["waiting"].max()) if driving.size else 0,
        peak_stuck=int(held.max()) if driving.size else 0,
        peak_stuck_t_s=float(times_s[int(held.argmax())]) if driving.size else np.nan,
        end_t_s=float(run.summary.get("sim_s") or (times_s[-1] if times_s.size else 0.0)),
    )


def kept_from_driving(trips: pd.DataFrame) -> pd.DataFrame:
    """Trips that measures keep from driving: their cause says which one."""
    return trips[(trips["status"] == "no_route") & trips["cause"].astype(str).str.startswith(REFUSALS)]


def held_up(trips: pd.DataFrame, network: pd.DataFrame) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Vehicles that are stuck or without a route, minute by minute, without those whom measures keep from driving."""
    due_s = np.sort(kept_from_driving(trips)["depart_s"].to_numpy(dtype=float))
    kept = np.searchsorted(due_s, network["t_s"].to_numpy(dtype=float), side="right")
    return np.maximum(network["stuck"].to_numpy(dtype=np.int64) - kept, 0)


def link_totals(links: pd.DataFrame, streets: pd.DataFrame, observed_s: float | None = None) -> pd.DataFrame:
    """One row per street link with what happened on it over the whole run.

    Parameters
    ----------
    links
        Rows of links on which something happened; a link without a row saw no vehicle.
    streets
        All links.
    observed_s
        How long was observed; to the end of the last interval when left out.

    Returns
    -------
    pandas.DataFrame
        ``streets`` without geometry, plus ``entered_veh``, ``flow_vph`` (mean over the run), ``vehicle_km``,
        ``mean_speed_mps``, ``delay_s`` (of all vehicles together), ``delay_h_per_h`` (vehicle-hours lost per hour),
        ``delay_per_vehicle_s``, ``stops``, ``stops_per_vehicle``, ``mean_queue_veh`` and ``longest_queue_veh``. Where
        nothing at all was recorded they are NaN: that is no data, not no traffic.
    """
    if observed_s is None:
        observed_s = float(links["interval_end_s"].max())
    by_link = links.groupby("link", sort=False)
    sums = by_link[["entered_veh", "vehicle_s", "vehicle_m", "delay_s", "stops", "standing_s"]].sum()
    sums["longest_queue_veh"] = by_link["longest_queue_so_far_veh"].max()
    if len(links):
        sums = sums.reindex(streets["link"], fill_value=0)
    table = streets.drop(columns="geometry").join(sums, on="link")
    table["vehicle_km"] = table["vehicle_m"] / 1000
    # Vehicle-metres over length counts a vehicle that only used half of the link as half a vehicle.
    table["flow_vph"] = table["vehicle_m"] / table["length_m"] / observed_s * 3600
    table["mean_speed_mps"] = table["vehicle_m"] / table["vehicle_s"].where(table["vehicle_s"] > 0)
    table["delay_h_per_h"] = table["delay_s"].clip(lower=0) / observed_s
    vehicles = table["entered_veh"].where(table["entered_veh"] > 0)
    table["delay_per_vehicle_s"] = table["delay_s"] / vehicles
    table["stops_per_vehicle"] = table["stops"] / vehicles
    table["mean_queue_veh"] = table["standing_s"] / observed_s
    return table


def worst_links(totals: pd.DataFrame, count: int = 20) -> pd.DataFrame:
    """The links on which most time is lost by all vehicles together, worst first, with their share of all delay."""
    lost = totals[totals["delay_s"] > 0]
    worst = lost.sort_values(["delay_s", "link"], ascending=[False, True], kind="stable").head(count).copy()
    worst["share"] = worst["delay_s"] / lost["delay_s"].sum()
    return worst.reset_index(drop=True)


def worst_streets(
    totals: pd.DataFrame, column: str, count: int = 10, *, by: Literal["sum", "max"] = "sum"
) -> pd.DataFrame:
    """Named streets by the sum (or the largest) of a column over their links, and ``link``, their largest link."""
    named = totals[(totals["name"] != "") & (totals[column] > 0)]
    sums = named.groupby("name", sort=False)[column].agg(by).sort_values(ascending=False, kind="stable").head(count)
    largest = (
        named.sort_values(column, ascending=False, kind="stable").drop_duplicates("name").set_index("name")["link"]
    )
    return sums.to_frame().join(largest).reset_index()


def diagram(network: pd.DataFrame) -> pd.DataFrame:
    """Mean flow and density per lane in windows of five minutes: ``t_s`` (middle), ``flow_vph``, ``density_vpkm``."""
    network = network[network["t_s"] > 0]  # rows tell of the time since the row before
    window = ((network["t_s"] - 1e-9) // DIAGRAM_EVERY_S).astype(int)
    means = network.groupby(window)[["flow_vph_per_lane", "density_vpkm_per_lane"]].mean()
    means.columns = ["flow_vph", "density_vpkm"]
    means.insert(0, "t_s", (means.index.to_numpy() + 0.5) * DIAGRAM_EVERY_S)
    return means.reset_index(drop=True)


def breakdown(points: pd.DataFrame) -> tuple[float, float] | None:
    """Density and flow at the best moment when flow has clearly dropped at higher densities, else None.

    Clearly: in the densest window the flow is less than ``SATURATED_BELOW`` of the highest flow, which was reached at a
    density at least a tenth lower.
    """
    if len(points) < 3:
        return None
    best = points.iloc[int(points["flow_vph"].argmax())]
    densest = points.iloc[int(points["density_vpkm"].argmax())]
    fell = densest["flow_vph"] < SATURATED_BELOW * best["flow_vph"]
    denser = densest["density_vpkm"] > 1.1 * best["density_vpkm"]
    return (float(best["density_vpkm"]), float(best["flow_vph"])) if fell and denser else None


def start_of(manifest: dict[str, Any]) -> dt.datetime:
    """Clock time at t = 0; midnight of an arbitrary day where the manifest does not say."""
    try:
        return dt.datetime.fromisoformat(str(manifest["start"]))
    except (KeyError, ValueError):
        return dt.datetime(2000, 1, 1)


def _mean(values: np.ndarray[Any, np.dtype[np.float64]]) -> float:
    return float(values.mean()) if values.size else float("nan")
