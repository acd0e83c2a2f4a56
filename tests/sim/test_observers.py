"""What observers write down agrees with what vehicles did."""

from __future__ import annotations

import numpy as np
import pytest
from traffic_case import Notebook, road_of, simulate

from citytwin.kernels import traffic_tables as table
from citytwin.sim.observers import Head, LinkTable, NetworkTable, SensorTable, link_totals, stop_totals

ROAD = road_of([250.0, 150.0, 250.0], lanes=2)
FIRST, MIDDLE, LAST = ROAD.links.id
CARS = 60


@pytest.fixture(scope="module")
def watched():
    """Cars and some trucks drive down a road; loops count them; the last interval ends with cars on the road."""
    rows = [(f"car {k:02d}", 3.0 * k, FIRST, LAST, int(k % 7 == 0), 0.0, np.nan) for k in range(CARS)]
    rows += [(f"resident {k}", 50.0 + k, MIDDLE, LAST) for k in range(5)]
    loops = [
        {"kind": "loop", "id": "start", "link": MIDDLE, "position_m": 0.0, "every_s": 50},
        {"kind": "loop", "id": "near", "link": MIDDLE, "position_m": 4.0, "every_s": 50},
        {"kind": "loop", "id": "end", "link": FIRST, "position_m": float(ROAD.links.length_m[0]), "every_s": 30},
    ]
    incident = {"kind": "incident", "link": MIDDLE, "lane": 0, "position_m": 100.0, "start_s": 60, "duration_s": 100}
    simulation = simulate(ROAD, rows, sensors=loops, events=[incident])
    notebook, fleet = Notebook(), simulation.model.fleet
    simulation.watch(
        [
            LinkTable(notebook, fleet, 40.0),
            NetworkTable(notebook, fleet, 20.0, 30.0),
            SensorTable(notebook, fleet, 50.0, frozenset({"start", "near"})),
            SensorTable(notebook, fleet, 30.0, frozenset({"end"})),
        ]
    )
    simulation.run(240)
    return simulation, notebook


def test_entered_minus_left_is_what_is_on_the_link(watched):
    simulation, notebook = watched
    links = notebook.table("links")
    lane_i = simulation.model.fleet.cities.lane_i[0]
    for name, row in ROAD.link_row.items():
        rows = links["link"] == name
        first, last = ROAD.links.lane_start[row : row + 2]
        present = lane_i[table.COUNT, first:last].sum()
        assert links["entered_veh"][rows].sum() - links["left_veh"][rows].sum() == present
    entered = {name: links["entered_veh"][links["link"] == name].sum() for name in ROAD.links.id}
    assert entered[FIRST] == (simulation.model.fleet.trips.origin_link == 0).sum() == CARS
    left_first = links["left_veh"][links["link"] == FIRST].sum()
    inside = sum(lane_i[table.COUNT, ROAD.lane_count :])
    assert left_first + 5 - inside <= entered[MIDDLE] <= left_first + 5


def test_intervals_follow_each_other(watched):
    _, notebook = watched
    links = notebook.table("links")
    for name in ROAD.links.id:
        rows = links["link"] == name
        begin, end = links["interval_start_s"][rows], links["interval_end_s"][rows]
        assert (end - begin == 40.0).all()
        assert (begin[1:] == end[:-1]).all()
    assert links["interval_end_s"].max() == 240.0


def test_flow_density_and_speed_are_one_another(watched):
    """Edie: flow = density times speed, over the same road and time."""
    _, notebook = watched
    links = notebook.table("links")
    drove = links["vehicle_m"] > 0
    flow = links["density_vpkm"] * links["mean_speed_mps"] * 3.6
    assert links["flow_vph"][drove] == pytest.approx(flow[drove])
    length_m = ROAD.links.length_m[[ROAD.link_row[name] for name in links["link"]]]
    assert links["density_vpkm"] == pytest.approx(links["vehicle_s"] / length_m / 40.0 * 1000.0)
    assert (links["delay_s"] >= 0).all()
    assert (links["delay_s"] <= links["vehicle_s"] + 1e-9).all()


def test_distances_of_links_and_junctions_are_those_of_vehicles(watched):
    simulation, notebook = watched
    links, fleet = notebook.table("links"), simulation.model.fleet
    inside = fleet.cities.lane_f[0, table.VEHICLE_M, ROAD.lane_count :].sum()
    assert links["vehicle_m"].sum() + inside == pytest.approx(fleet.vehicles.driven_m[0].sum())


def test_the_network_table_counts_everybody(watched):
    simulation, notebook = watched
    network = notebook.table("network")
    assert network["t_s"].tolist() == list(range(0, 241, 20))
    assert (network["created"] == network["arrived"] + network["active"] + network["waiting"] + network["stuck"]).all()
    assert (np.diff(network["created"]) >= 0).all()
    assert (np.diff(network["arrived"]) >= 0).all()
    assert network["vehicle_km"][-1] == pytest.approx(simulation.model.fleet.vehicles.driven_m[0].sum() / 1000)
    head = Head(simulation.model.fleet, 30.0)
    assert [head.created, head.arrived, head.active, head.waiting, head.stuck] == [
        network[name][-1] for name in ("created", "arrived", "active", "waiting", "stuck")
    ]


class Standing:
    """Looks every second who stands where, and who did not a second ago."""

    every_s = 1.0

    def __init__(self) -> None:
        self.stops, self.standing_s, self.longest = (np.zeros(ROAD.link_count) for _ in range(3))
        self._stood = np.zeros(0, bool)

    def observe(self, t_s: float, model) -> None:
        vehicles = model.fleet.vehicles
        lane = vehicles.lane[0]
        on_road = (vehicles.status[0] == table.DRIVING) & (lane < ROAD.lane_count)
        stands = on_road & (vehicles.speed_mps[0] < 0.1)
        before = self._stood if self._stood.size else np.zeros_like(stands)
        link = ROAD.lanes.link[np.where(on_road, lane, 0)]
        np.add.at(self.stops, link[stands & ~before], 1)
        np.add.at(self.standing_s, link[stands], 1.0)
        np.maximum.at(self.longest, ROAD.lanes.link, np.bincount(lane[stands], minlength=ROAD.lane_count))
        self._stood = stands


def test_stops_and_queues_are_what_somebody_sees_who_looks_every_second():
    rows = [(f"car {k:02d}", 2.0 * k, FIRST, LAST) for k in range(CARS)]
    incident = {"kind": "incident", "link": MIDDLE, "lane": 0, "position_m": 100.0, "start_s": 30, "duration_s": 100}
    simulation = simulate(ROAD, rows, events=[incident, {**incident, "lane": 1, "duration_s": 60}])
    seen, notebook = Standing(), Notebook()
    fleet = simulation.model.fleet
    simulation.watch([seen, LinkTable(notebook, fleet, 50.0), NetworkTable(notebook, fleet, 50.0, 300.0)])
    simulation.run(200)
    totals = stop_totals(fleet)
    assert totals.stops.sum() > 20 and totals.longest_veh.max() > 5
    assert totals.stops.tolist() == seen.stops.tolist()
    assert totals.standing_s.tolist() == seen.standing_s.tolist()
    assert totals.longest_veh.tolist() == seen.longest.tolist()
    links, network = notebook.table("links"), notebook.table("network")
    for name, row in ROAD.link_row.items():
        of_link = links["link"] == name
        assert links["stops"][of_link].sum() == totals.stops[row]
        assert links["mean_queue_veh"][of_link].sum() * 50.0 == pytest.approx(totals.standing_s[row])
        assert links["longest_queue_so_far_veh"][of_link].max() == totals.longest_veh[row]
    assert network["stops"][-1] == totals.stops.sum()
    assert network["mean_queue_veh"].sum() * 50.0 == pytest.approx(totals.standing_s.sum())


def test_loops_count_who_passed(watched):
    simulation, notebook = watched
    sensors = notebook.table("sensors")
    came, went = (
        {link: totals[ROAD.link_row[link]] for link in ROAD.links.id}
        for totals in link_totals(simulation.model.fleet)[:2]
    )
    count = {name: sensors["count_veh"][sensors["sensor"] == name] for name in ("start", "near", "end")}
    until_200 = sensors["interval_end_s"][sensors["sensor"] == "start"].max()
    assert until_200 == 200
    assert count["end"].sum() == went[FIRST]
    assert count["start"].sum() <= came[MIDDLE] - 5
    assert 0 <= count["start"].sum() - count["near"].sum() <= 2  # somebody between the two
    assert count["start"].sum() > 30
    speed = sensors["mean_speed_mps"]
    assert (np.isnan(speed) == (sensors["count_veh"] == 0)).all()
    assert (speed[~np.isnan(speed)] > 0).all()
    assert ((sensors["occupancy_pct"] >= 0) & (sensors["occupancy_pct"] <= 100)).all()
    span_s = sensors["interval_end_s"] - sensors["interval_start_s"]
    assert sensors["flow_vph"] == pytest.approx(sensors["count_veh"] / span_s * 3600)
