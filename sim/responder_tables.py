"""Write down what responders did: every call, every unit, response times against standards, and where units are."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from numpy.typing import NDArray

from ..kernels import traffic_tables as table
from ..scenarios.responders import STANDARDS
from .network_facts import to_lon_lat
from .responders import DOING, DRIVING, NOBODY

if TYPE_CHECKING:
    from .responders import ResponseTeam
    from .run_folder import RunFolder

Floats = NDArray[np.float64]
Longs = NDArray[np.int64]


def write_responders(folder: RunFolder, team: ResponseTeam) -> None:
    """Write one row per call, and one per unit."""
    plan, network = team.plan, team.simulation.model.network
    calls, known = plan.calls, team.came_in()
    scenes = plan.scene_place(0) + known
    lon, lat = to_lon_lat(*_on_links(team, plan.link[scenes], plan.at_m[scenes]), network.epsg)
    units = [plan.unit_id[row] if row != NOBODY else "" for row in team.unit[known]]
    folder.writer("calls").write(
        {
            "call": [calls.id[row] for row in known],
            "needs": list(calls.needs[known]),
            "t_s": team.called_s[known],
            "link": [network.links.id[link] for link in calls.link[known]],
            "lon": lon,
            "lat": lat,
            "unit": units,
            "sent_s": team.sent_s[known],
            "arrived_s": team.arrived_s[known],
            "response_s": response_s(team, known),
            "hospital": [team.taken_to(row) for row in known.tolist()],
            "at_hospital_s": team.at_hospital_s[known],
            "over_s": team.over_s[known],
            "status": call_states(team, known),
        }
    )
    x_m, y_m = unit_places(team)
    lon, lat = to_lon_lat(x_m, y_m, network.epsg)
    folder.writer("response_units").write(
        {
            "unit": list(plan.unit_id),
            "kind": list(plan.unit_kind),
            "calls": np.bincount(team.unit[team.unit != NOBODY], minlength=len(plan.unit_id)),
            "busy_s": busy_s(team),
            "doing": [DOING[doing] for doing in team.doing],
            "lon": lon,
            "lat": lat,
        }
    )


def response_s(team: ResponseTeam, calls: Longs) -> Floats:
    """From each of some calls to the arrival of its unit, s; NaN where none has come."""
    return team.arrived_s[calls] - team.called_s[calls]


def call_states(team: ResponseTeam, known: Longs) -> list[str]:
    """How each of some calls stands: `waiting` for a unit, `unit on its way`, `unit there`, `over`."""
    over, there = ~np.isnan(team.over_s[known]), ~np.isnan(team.arrived_s[known])
    sent = team.unit[known] != NOBODY
    return list(np.select([over, there, sent], ["over", "unit there", "unit on its way"], "waiting"))


def busy_s(team: ResponseTeam) -> Floats:
    """Time for which every unit was busy with calls, from when it was sent to when the call was over, s."""
    calls, end_s = np.flatnonzero(team.unit != NOBODY), team.simulation.t_s
    until_s = np.where(np.isnan(team.over_s[calls]), end_s, team.over_s[calls])
    spent_s = np.maximum(until_s - team.sent_s[calls], 0.0)
    return np.bincount(team.unit[calls], weights=spent_s, minlength=len(team.plan.unit_id)).astype(np.float64)


def responder_facts(team: ResponseTeam) -> dict[str, Any]:
    """What responders add to the summary. Every call is in one of the counts of its states."""
    end_s = max(team.simulation.t_s, 1e-9)
    return {
        "responders": {
            **_answers(team, np.arange(team.come_in)),
            **({"evacuees": _answers(team, np.array(team.fetches, np.int64))} if team.plan.shelter else {}),
            "utilisation": float(busy_s(team).sum() / end_s / len(team.plan.unit_id)),
            "hospitals": {
                name: {"taken_in": int(taken), "beyond_capacity": int(beyond)}
                for name, taken, beyond in zip(team.plan.hospital_id, team.patients, team.beyond, strict=True)
            },
        }
    }


def _answers(team: ResponseTeam, calls: Longs) -> dict[str, Any]:
    """How many of some calls stand how, and how long they took."""
    taken_s, states = response_s(team, calls), call_states(team, calls)
    answered = taken_s[~np.isnan(taken_s)]
    return {
        "calls": int(calls.size),
        "states": {state: states.count(state) for state in ("waiting", "unit on its way", "unit there", "over")},
        "mean_response_s": float(answered.mean()) if answered.size else None,
        "response_90_s": float(np.quantile(answered, 0.9)) if answered.size else None,
        "standards": against_standards(team, calls),
    }


def against_standards(team: ResponseTeam, known: Longs) -> list[dict[str, Any]]:
    """Response times of ambulances beside published targets, as if all calls were of the class of each.

    A call that no unit has come to counts as late in shares and percentiles once the limit has passed, and is left out
    before; means are of those that were answered.
    """
    ambulance = team.plan.calls.needs[known] == "ambulance"
    since_s = team.simulation.t_s - team.called_s[known]
    rows = []
    with STANDARDS.open(newline="", encoding="utf-8") as file:
        standards = list(csv.DictReader(file))
    for row in standards:
        limit_s, share = 60.0 * float(row["limit_min"]), float(row["share_pct"] or 0.0)
        begins_s = team.sent_s[known] if row["clock"] == "travel" else team.called_s[known]
        taken_s = (team.arrived_s[known] - begins_s)[ambulance]
        due = taken_s[~np.isnan(taken_s) | (since_s[ambulance] >= limit_s)]
        due = np.where(np.isnan(due), np.inf, due)
        answered = due[np.isfinite(due)]
        if not answered.size:
            measured, met = None, None
        elif row["statistic"] == "mean":
            measured, met = float(answered.mean()) / 60.0, bool(answered.mean() <= limit_s)
        elif row["statistic"] == "percentile":
            value_s = float(np.quantile(due, share / 100.0, method="inverted_cdf"))
            measured, met = (value_s / 60.0 if np.isfinite(value_s) else None), value_s <= limit_s
        else:
            measured = 100.0 * float((due <= limit_s).mean())
            met = measured >= share
        rows.append({**row, "limit_min": limit_s / 60.0, "share_pct": share or None, "measured": measured, "met": met})
    return rows


def unit_places(team: ResponseTeam) -> tuple[Floats, Floats]:
    """Where every unit is, m."""
    return _on_links(team, *unit_links(team))


def unit_links(team: ResponseTeam) -> tuple[NDArray[np.int32], Floats]:
    """Link on which every unit is, and where along it, m."""
    fleet, plan = team.simulation.model.fleet, team.plan
    link, at_m = plan.link[team.place].copy(), plan.at_m[team.place].copy()
    for unit in np.flatnonzero(np.isin(team.doing, DRIVING)):
        trip = int(team.drive[unit])
        if fleet.vehicles.status[0, trip] == table.DRIVING:
            lane = int(fleet.vehicles.lane[0, trip])
            link[unit] = fleet.cities.lane_i[0, table.ON_LINK, lane]
            on_road = lane < fleet.network.lane_count
            at_m[unit] = fleet.vehicles.position_m[0, trip] if on_road else fleet.network.links.length_m[link[unit]]
        else:
            link[unit], at_m[unit] = fleet.trips.origin_link[trip], fleet.trips.origin_m[trip]
    return link, at_m


def nearest_units(team: ResponseTeam, x_m: Floats, y_m: Floats) -> tuple[list[str], Floats]:
    """Unit that is nearest by air to each place, and how far it is, m."""
    unit_x_m, unit_y_m = unit_places(team)
    away_m = np.hypot(unit_x_m - x_m[:, np.newaxis], unit_y_m - y_m[:, np.newaxis])
    nearest = away_m.argmin(axis=1)
    return [team.plan.unit_id[row] for row in nearest], away_m.min(axis=1)


def _on_links(team: ResponseTeam, link: NDArray[np.int32], at_m: Floats) -> tuple[Floats, Floats]:
    """Coordinates of places along links, m."""
    network = team.simulation.model.network
    if not link.size:
        return np.zeros(0), np.zeros(0)
    lines = [shapely.LineString(network.link_shape_xy(int(row))) for row in link]
    points = shapely.line_interpolate_point(lines, at_m / network.links.length_m[link], normalized=True)
    return shapely.get_x(points), shapely.get_y(points)
