"""Say how every trip ended, which vehicles are stuck where and why, and sum a run up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..agents.vehicle import CAUSES
from ..kernels import traffic_tables as table
from ..scenarios.trips import VEHICLE_CLASSES
from .bus_lines import bus_line_facts
from .measures import measure_facts, refusals, tolls_paid
from .network_facts import to_lon_lat
from .observers import Head
from .remedies import remedy_facts
from .watchdog import lock_facts

if TYPE_CHECKING:
    from ..agents.fleet import Fleet
    from ..scenarios.scenario import Scenario
    from .equilibrium import Settled
    from .run_folder import RunFolder
    from .simulation import Simulation


def write_trips(folder: RunFolder, simulation: Simulation) -> None:
    """Write one row per trip."""
    fleet, journeys = simulation.model.fleet, simulation.journeys
    trips, vehicles, links = fleet.trips, fleet.vehicles, fleet.network.links
    names = np.array(links.id, dtype=object)
    travel_s, waiting_s, free_s, delay_s = trip_times(simulation)
    refused = refusals(simulation)
    columns: dict[str, Any] = {
        "trip_id": list(trips.id),
        "depart_s": _departures(fleet),
        "entered_s": vehicles.entered_s[0],
        "arrived_s": vehicles.arrived_s[0],
        "origin_link": names[trips.origin_link],
        "destination_link": names[trips.destination_link],
        "status": statuses(simulation),
        "vehicle_class": [VEHICLE_CLASSES[row] for row in trips.vehicle_class],
        "waiting_s": waiting_s,
        "travel_time_s": travel_s,
        "free_flow_s": free_s,
        "delay_s": delay_s,
        "distance_m": vehicles.driven_m[0],
        "reroutes": journeys.reroutes.astype(np.int64),
        "left_locks": journeys.left_locks.astype(np.int64),
        "cause": [refused.get(row, text) for row, text in enumerate(causes(fleet))],
        "toll_paid": tolls_paid(simulation),
    }
    if simulation.responders is not None:  # drives that they might have made are nobody's trips
        kept = np.setdiff1d(np.arange(len(trips.id)), simulation.responders.unused())
        columns = {name: [values[row] for row in kept] for name, values in columns.items()}
    folder.writer("trips").write(columns)


def trip_times(simulation: Simulation) -> tuple[Any, Any, Any, Any]:
    """Travel time, wait to enter, time on empty streets and delay of every trip, s; NaN where it did not come to that.

    Travel time runs from departure to arrival, the wait to enter included. On empty streets a driver keeps to the limit
    times the own speed factor and meets green lights.
    """
    fleet = simulation.model.fleet
    vehicles, depart_s = fleet.vehicles, _departures(fleet)
    free_s = free_times(simulation, np.arange(depart_s.size))
    entered_s = vehicles.entered_s[0]
    waiting = vehicles.status[0] == table.WAITING
    waiting_s = np.where(waiting, simulation.t_s - depart_s, entered_s - depart_s)
    travel_s = vehicles.arrived_s[0] - depart_s
    return travel_s, np.maximum(waiting_s, 0.0), free_s, travel_s - free_s


def _departures(fleet: Fleet) -> Any:
    """When every trip sets out, s; NaN where it never came to that."""
    depart_s = fleet.vehicles.depart_s[0]
    return np.where(np.isinf(depart_s), np.nan, depart_s)


def free_times(simulation: Simulation, rows: Any) -> Any:
    """Time of trips on empty streets, s, by the route planned at departure."""
    fleet = simulation.model.fleet
    links, numbers = fleet.network.links, fleet.cities.vehicle_f[0]
    first, last = fleet.trips.origin_link[rows], fleet.trips.destination_link[rows]
    left_m = links.length_m[last] - numbers[rows, table.DESTINATION_M]
    top_mps = fleet.cities.driver[0, fleet.vehicles.kind[0, rows], table.TOP_SPEED_MPS]
    begins_s = numbers[rows, table.ORIGIN_M] / np.minimum(links.speed_mps[first], top_mps)
    not_driven_s = begins_s + left_m / np.minimum(links.speed_mps[last], top_mps)
    bus_lines = simulation.journeys.bus_lines
    factor = fleet.vehicles.speed_factor[0] if bus_lines is None else bus_lines.own_speed_factors(fleet)
    if simulation.hazards is not None:
        factor = simulation.hazards.hazards.own_factor
    return (simulation.journeys.free_flow_s[rows] - not_driven_s) / factor[rows]


def statuses(simulation: Simulation) -> list[str]:
    """How every trip stands at the end."""
    vehicles = simulation.model.fleet.vehicles
    names = np.array(["pending", "waiting", "active", "arrived", "no_route", "not_called"], dtype=object)
    status = names[vehicles.status[0]]
    status[_is_stuck(simulation)] = "stuck"
    return list(status)


def causes(fleet: Fleet) -> list[str]:
    """Why every vehicle that stands does so; of one in a queue, why the queue's head stands."""
    vehicles = fleet.vehicles
    cause = vehicles.cause[0].copy()
    texts = [""] * cause.size
    for row in np.flatnonzero((cause != table.NOTHING) & (vehicles.status[0] != table.ARRIVED)):
        if vehicles.status[0, row] == table.DRIVING and vehicles.standing_s[0, row] == 0.0:
            continue
        texts[row] = CAUSES[int(cause[row])]
        if cause[row] == table.LEADER:
            head = _head_of_queue(fleet, int(vehicles.lane[0, row]))
            reason = CAUSES[int(cause[head])] if cause[head] not in (table.LEADER, table.NOTHING) else ""
            texts[row] = f"in a queue, its head: {reason}" if reason else "in a queue"
    return texts


def write_stuck(folder: RunFolder, simulation: Simulation) -> None:
    """Write every vehicle that has not moved for long, with place and cause."""
    fleet = simulation.model.fleet
    vehicles, network = fleet.vehicles, fleet.network
    rows = np.flatnonzero(_is_stuck(simulation))
    why = causes(fleet)
    lanes = vehicles.lane[0, rows]
    links = fleet.cities.lane_i[0, table.ON_LINK, lanes]
    on_road = lanes < network.lane_count
    index = np.where(on_road, network.lanes.index[np.minimum(lanes, network.lane_count - 1)], -1)
    position_m = np.where(on_road, vehicles.position_m[0, rows], network.links.length_m[links])
    lon, lat = lon_lat(fleet, links, position_m)
    folder.writer("stuck").write(
        {
            "trip_id": [fleet.trips.id[row] for row in rows],
            "link": [network.links.id[link] for link in links],
            "lane": index.astype(np.int64),
            "position_m": position_m,
            "lon": lon,
            "lat": lat,
            "since_s": simulation.t_s - vehicles.standing_s[0, rows],
            "cause": [why[row] or "inside a junction" for row in rows],
        }
    )


def write_events(folder: RunFolder, simulation: Simulation) -> None:
    """Write the log."""
    entries = simulation.entries
    folder.writer("events").write(
        {
            "t_s": [entry.t_s for entry in entries],
            "kind": [entry.kind for entry in entries],
            "where": [entry.where for entry in entries],
            "text": [entry.text for entry in entries],
        }
    )


def lon_lat(fleet: Fleet, links: Any, position_m: Any) -> tuple[Any, Any]:
    """Coordinates of places on links, degrees."""
    if not links.size:
        return np.zeros(0), np.zeros(0)
    import shapely

    lines = [shapely.LineString(fleet.network.link_shape_xy(int(link))) for link in links]
    points = [shapely.line_interpolate_point(line, at) for line, at in zip(lines, position_m, strict=True)]
    return to_lon_lat(shapely.get_x(points), shapely.get_y(points), fleet.network.epsg)


def summarise(
    simulation: Simulation, *, setup_s: float, loop_s: float, settled: Settled | None = None
) -> dict[str, Any]:
    """Figures of a run, as ``--json`` prints them. ``created = arrived + active + waiting + stuck``.

    ``settled`` says how people got used to the streets, where they did.
    """
    fleet = simulation.model.fleet
    head = Head(fleet, simulation.scenario.outputs.stuck_after_s)
    travel_s, _, _, delay_s = trip_times(simulation)
    counter = fleet.cities.counter[0]
    updates = int(counter[table.UPDATES])
    return {
        "created": head.created,
        "arrived": head.arrived,
        "active": head.active,
        "waiting": head.waiting,
        "stuck": head.stuck,
        "no_route": int((fleet.vehicles.status[0] == table.NO_ROUTE).sum()),
        "sim_s": simulation.t_s,
        "wall_s": setup_s + loop_s,
        "setup_s": setup_s,
        "loop_s": loop_s,
        "real_time_factor": simulation.t_s / loop_s if loop_s > 0.0 else None,
        "vehicle_updates": updates,
        "vehicle_updates_per_s": updates / loop_s if loop_s > 0.0 else None,
        "mean_travel_s": _mean(travel_s),
        "mean_delay_s": _mean(delay_s),
        "vehicle_km": float(fleet.vehicles.driven_m[0].sum()) / 1000.0,
        "lane_changes": int(counter[table.LANE_CHANGES]),
        **route_facts(simulation.scenario, settled),
        "reroutes": int(simulation.journeys.reroutes.sum()),
        "remedies": remedy_facts(simulation),
        "locks": lock_facts(simulation.locks),
        **measure_facts(simulation),
        **bus_line_facts(simulation),
        **_on_foot(simulation),
        **_in_hazards(simulation),
        **_responders(simulation),
        **({} if simulation.air_warnings is None else {"air_warnings": simulation.air_warnings.facts()}),
        **_air(simulation),
        **({} if simulation.crowd is None else {"crowd_alarms": simulation.crowd.facts()}),
        "red_light_runs": int(counter[table.RED_RUNS]),
        "state_hash": fleet.state_hash(),
    }


def _on_foot(simulation: Simulation) -> dict[str, Any]:
    if simulation.walking is None:
        return {}
    from .walking import walking_facts

    facts = walking_facts(simulation)
    if simulation.rescue is not None:
        from .evacuation_outcome import evacuation_facts

        facts |= evacuation_facts(simulation.rescue)
    return facts


def _in_hazards(simulation: Simulation) -> dict[str, Any]:
    if simulation.hazards is None:
        return {}
    from .hazard_tables import hazard_facts

    return hazard_facts(simulation)


def _responders(simulation: Simulation) -> dict[str, Any]:
    if simulation.responders is None:
        return {}
    from .responder_tables import responder_facts

    return responder_facts(simulation.responders)


def _air(simulation: Simulation) -> dict[str, Any]:
    if simulation.air is None:
        return {}
    from .air import air_facts

    return air_facts(simulation.air)


def route_facts(scenario: Scenario, settled: Settled | None) -> dict[str, Any]:
    """How routes were chosen, and where people had got used to them, with which relative gap and in how many days."""
    nothing = {"relative_gap": None, "route_iterations": None}
    return {"route_choice": scenario.routes.choice, **(nothing if settled is None else settled.facts())}


def _mean(values: Any) -> float | None:
    known = values[~np.isnan(values)]
    return float(known.mean()) if known.size else None


def _is_stuck(simulation: Simulation) -> Any:
    vehicles = simulation.model.fleet.vehicles
    long_s = simulation.scenario.outputs.stuck_after_s
    return (vehicles.status[0] == table.DRIVING) & (vehicles.standing_s[0] >= long_s)


def _head_of_queue(fleet: Fleet, lane: int) -> int:
    """The first vehicle of a lane, or of the lanes beyond the junction that it queues into."""
    cities, road_lanes = fleet.cities, fleet.network.lane_count
    columns, rows = cities.lane_i[0], cities.vehicle_i[0]
    head, seen = -1, set[int]()
    while lane not in seen and columns[table.COUNT, lane] > 0:
        seen.add(lane)
        head = int(cities.ring[0, columns[table.RING_START, lane] + columns[table.HEAD, lane]])
        connector = lane - road_lanes if lane >= road_lanes else int(rows[head, table.CONNECTOR])
        if rows[head, table.CAUSE] != table.LEADER or connector < 0:
            break
        inside = road_lanes + connector
        goes_in = lane < road_lanes and columns[table.COUNT, inside] > 0
        lane = inside if goes_in else int(cities.connector[table.TO_LANE, connector])
    return head
