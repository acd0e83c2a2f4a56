"""TNTP nets become streets with the units that the scenario declares, their trips demand; what cannot be is said."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from traffic_case import make_scenario
from traffic_laws import TrafficLaws

from citytwin.kernels import traffic_tables as table
from citytwin.scenarios.demand_od import read_matrix
from citytwin.scenarios.load_network import load_network
from citytwin.scenarios.network import RoadNetwork
from citytwin.scenarios.network_laws import check_network
from citytwin.scenarios.problems import SourceError
from citytwin.scenarios.scenario import check_scenario
from citytwin.scenarios.tntp import LENGTH_M, read_tntp_net, read_tntp_trips
from citytwin.scenarios.trips import build_trips
from citytwin.sim.simulation import Simulation

# A zone (1) joined to a square of four nodes, another zone (2) that lies on it; km and minutes.
NET = """<NUMBER OF ZONES> 2
<NUMBER OF NODES> 6
<FIRST THRU NODE> 2
<NUMBER OF LINKS> 12
<ORIGINAL HEADER>~ Init node Term node Capacity Length Time B Power Speed Toll Type ;
<END OF METADATA>

~ init_node term_node capacity length free_flow_time b power speed toll link_type ;
 1 3 9000 0.3 0 0.15 4 0 0 1 ;
 3 1 9000 0.3 0 0.15 4 0 0 1 ;
 2 3 1800 1.0 1.0 0.15 4 0 0 1 ;
 3 2 1800 1.0 1.0 0.15 4 0 0 1 ;
 2 4 3600 1.2 1.0 0.15 4 0 0 1 ;
 4 2 3600 1.2 1.0 0.15 4 0 0 1 ;
 3 5 1800 1.0 1.5 0.15 4 0 0 1 ;
 5 3 1800 1.0 1.5 0.15 4 0 0 1 ;
 4 5 900 1.0 1.0 0.15 4 0 0 1 ;
 5 4 900 1.0 1.0 0.15 4 0 0 1 ;
 5 6 30000 0.5 0.5 0.15 4 0 0 1 ;
 6 5 30000 0.5 0.5 0.15 4 0 0 1 ;
"""
TRIPS = """<NUMBER OF ZONES> 2
<TOTAL OD FLOW> 130.0
<END OF METADATA>

Origin 1
    1 : 10.0;    2 : 100.0;
Origin 2
    1 : 20.0;
"""
PLACES = {1: (0, -250), 2: (0, 1000), 3: (0, 0), 4: (1000, 1000), 5: (1000, 0), 6: (1400, 0)}
NODES = "node X Y ;\n" + "".join(f"{node} {500_000 + x} {5_000_000 + y} ;\n" for node, (x, y) in PLACES.items())
BARE = {"citytwin": 1, "name": "x", "start": "2026-05-04T07:00", "duration_s": 60}
UNITS = {"length_unit": "km", "time_unit": "min", "crs": 32632}


@pytest.fixture
def town(tmp_path: Path) -> Callable[..., Path]:
    """Write the town, a text of it replaced."""

    def write(file: str = "", old: str = "", new: str = "") -> Path:
        texts = {"town_net.tntp": NET, "town_trips.tntp": TRIPS, "town_node.tntp": NODES}
        for name, text in texts.items():
            if name == file:
                assert old in text
                text = text.replace(old, new, 1)
            (tmp_path / name).write_text(text, encoding="utf-8")
        return tmp_path

    return write


def options(folder: Path, **keys: object) -> object:
    settings = {"nodes": folder / "town_node.tntp", **UNITS, **keys}
    return make_scenario(city={"tntp": folder / "town_net.tntp"}, network={"tntp": settings}).network


def load(folder: Path, **keys: object) -> RoadNetwork:
    return load_network(folder / "town_net.tntp", options(folder, **keys), use_cache=False)


def test_speeds_lengths_and_lanes_follow_from_the_declared_units(town: Callable[..., Path]) -> None:
    network = load(town())
    check_network(network)
    links = network.links
    assert network.link_count == 12
    speed_kmh = {name: 3.6 * links.speed_mps[row] for name, row in network.link_row.items()}
    assert speed_kmh["link/2-3"] == pytest.approx(60.0)
    assert speed_kmh["link/2-4"] == pytest.approx(72.0)
    assert speed_kmh["link/3-5"] == pytest.approx(40.0)
    assert speed_kmh["link/1-3"] == pytest.approx(50.0), "a link to a zone without a time"
    lanes = {name: int(np.diff(links.lane_start)[row]) for name, row in network.link_row.items()}
    assert (lanes["link/2-3"], lanes["link/2-4"], lanes["link/4-5"], lanes["link/1-3"]) == (1, 2, 1, 5)
    assert lanes["link/5-6"] == 8
    assert any("2 links have a capacity of more than 8 lanes" in note for note in network.notes)
    row = network.link_row["link/2-4"]
    assert links.length_m[row] == pytest.approx(1200.0, rel=0.05), "as stated, though it is drawn 1000 m long"
    assert links.destination_only[network.link_row["link/1-3"]]
    assert not links.destination_only[row]
    assert "lanes" in links.assumed[row]


def test_other_units_give_other_speeds(town: Callable[..., Path]) -> None:
    miles = load(town(), length_unit="mi")
    assert 3.6 * miles.links.speed_mps[miles.link_row["link/2-3"]] == pytest.approx(60.0 * 1.609344)


def test_units_must_be_declared(town: Callable[..., Path]) -> None:
    folder = town()
    with pytest.raises(SourceError, match="length_unit"):
        load_network(folder / "town_net.tntp", make_scenario().network, use_cache=False)
    settings = {
        **BARE,
        "city": {"tntp": "town_net.tntp"},
        "network": {"tntp": {"nodes": "town_node.tntp", "time_unit": "min", "crs": 32632}},
    }
    (folder / "town.yaml").write_text(json.dumps(settings), encoding="utf-8")
    (problem,) = check_scenario(folder / "town.yaml")
    assert "network.tntp.length_unit" in str(problem)


@pytest.mark.parametrize(
    "file, old, new, said",
    [
        ("town_net.tntp", " 2 4 3600 1.2 1.0", " 2 4 0 1.2 1.0", "capacity = 0.0  must be more than 0"),
        ("town_net.tntp", " 2 4 3600 1.2 1.0", " 2 4 3600 -1.2 1.0", "length = -1.2  must not be negative"),
        (
            "town_net.tntp",
            " 2 4 3600 1.2 1.0",
            " 2 4 3600 1.2 0.1",
            "free_flow_time = 0.1  gives link/2-4 720 km/h on an empty road",
        ),
        ("town_net.tntp", " 2 4 3600 1.2 1.0", " 2 4 3600 1.2 0", "free_flow_time = 0.0  must be more than 0"),
        ("town_net.tntp", " 2 4 3600", " 2 7 3600", "term_node = 7.0  is no node: they are numbered 1 to 6"),
        ("town_net.tntp", " 2 4 3600", " 2 2 3600", "is where the link begins"),
        ("town_net.tntp", " 2 4 3600 1.2", " 2 4 much 1.2", "is no link"),
        ("town_net.tntp", " 6 5 30000 0.5 0.5 0.15 4 0 0 1 ;\n", "", "holds 11 links, its header says 12"),
        ("town_net.tntp", "<END OF METADATA>", "", "is no TNTP file"),
        ("town_node.tntp", "4 501000 5001000 ;\n", "", "no place for 1 nodes of the net, the first is 4"),
        (
            "town_node.tntp",
            "4 501000 5001000 ;\n",
            "4 500000 5001000 ;\n",
            "link/2-4  begins and ends at the same place",
        ),
    ],
)
def test_what_cannot_be_meant_is_said(file: str, old: str, new: str, said: str, town: Callable[..., Path]) -> None:
    with pytest.raises(SourceError) as caught:
        load(town(file, old, new))
    assert said in str(caught.value)


def test_a_wrong_unit_is_said_once_and_counted(data: Path) -> None:
    folder = data / "tntp" / "Anaheim"
    if not folder.is_dir():
        pytest.skip("no TNTP data in ../shared/data/tntp")
    keys = {"nodes": folder / "anaheim_nodes.geojson", "length_unit": "mi", "time_unit": "min"}
    scenario = make_scenario(city={"tntp": folder / "Anaheim_net.tntp"}, network={"tntp": keys})
    with pytest.raises(SourceError) as caught:
        load_network(scenario.city.source, scenario.network, use_cache=False)
    assert len(caught.value.problems) == 11
    assert "and 904 more rows with the same problem" in str(caught.value)


def test_places_in_a_table_need_their_crs(town: Callable[..., Path]) -> None:
    with pytest.raises(SourceError, match="in which CRS"):
        load(town(), crs=None)
    with pytest.raises(SourceError, match="no longitudes and latitudes"):
        load(town(), crs=4326)


@pytest.mark.parametrize(
    "old, new, said",
    [
        ("2 : 100.0;", "2 : -1;", "must not be negative"),
        ("2 : 100.0;", "3 : 100.0;", "there is no zone 3"),
        ("2 : 100.0;", "2 : 50.0; 2 : 50.0;", "stands there already"),
        ("2 : 100.0;", "2 : 10.0;", "holds 40.0 trips, its header says 130.0"),
        ("2 : 100.0;", "2 = 100;", "is no trips"),
    ],
)
def test_trips_that_cannot_be_are_said(old: str, new: str, said: str, town: Callable[..., Path]) -> None:
    _, complaints = read_tntp_trips(town("town_trips.tntp", old, new) / "town_trips.tntp")
    assert any(said in str(problem) for problem in complaints.problems())


def test_trips_drive_from_node_to_node_and_nobody_through_a_zone(town: Callable[..., Path]) -> None:
    folder = town()
    demand = {"kind": "od_matrix", "file": folder / "town_trips.tntp", "factor": 0.5, "end_s": 600}
    network = load(folder)
    scenario = make_scenario(demand=[demand], duration_s=1800)
    trips = build_trips(scenario, network)
    assert len(trips.id) == 60, "half of 100 and 20; trips within a zone are left out"
    ends = np.array([network.junctions.id.index(f"node/{zone}") for zone in (1, 2)])
    assert set(network.links.from_junction[trips.origin_link].tolist()) <= set(ends.tolist())
    assert set(network.links.to_junction[trips.destination_link].tolist()) <= set(ends.tolist())
    simulation = Simulation(scenario, network, trips)
    simulation.run()
    assert (simulation.model.fleet.vehicles.status[0] == table.ARRIVED).all()


def test_a_matrix_that_is_no_tntp_needs_its_zones(town: Callable[..., Path]) -> None:
    folder = town()
    (folder / "od.csv").write_text("from_zone,to_zone,trips\n1,2,3\n")
    with pytest.raises(ValueError, match="is missing"):
        make_scenario(demand=[{"kind": "od_matrix", "file": folder / "od.csv"}])


def test_the_published_flow_solves_the_published_net(data: Path) -> None:
    """At user equilibrium, the stated cost of each link is the delay function at its stated flow."""
    for name in ("SiouxFalls", "Anaheim"):
        folder = data / "tntp" / name
        if not folder.is_dir():
            pytest.skip("no TNTP data in ../shared/data/tntp")
        net = read_tntp_net(folder / f"{name}_net.tntp")
        rows = [line.split() for line in (folder / f"{name}_flow.tntp").read_text().splitlines()[1:]]
        solved = {(int(r[0]), int(r[1])): (float(r[2]), float(r[3])) for r in rows if len(r) >= 4 and r[0].isdigit()}
        pairs = list(zip(net.init_node.tolist(), net.term_node.tolist(), strict=True))
        flow, cost = np.array([solved[pair] for pair in pairs]).T
        assert net.travel_time(flow) == pytest.approx(cost, rel=1e-6)


@pytest.mark.parametrize(
    "name, nodes, length_unit, time_unit, zones, links, trips",
    [
        ("SiouxFalls", "SiouxFallsCoordinates.geojson", "mi", "0.01 h", 24, 76, 360_600.0),
        ("Anaheim", "anaheim_nodes.geojson", "ft", "min", 38, 914, 104_694.4),
    ],
)
def test_published_networks_become_networks(
    name: str, nodes: str, length_unit: str, time_unit: str, zones: int, links: int, trips: float, data: Path
) -> None:
    folder = data / "tntp" / name
    if not folder.is_dir():
        pytest.skip("no TNTP data in ../shared/data/tntp")
    keys = {"nodes": folder / nodes, "length_unit": length_unit, "time_unit": time_unit}
    scenario = make_scenario(city={"tntp": folder / f"{name}_net.tntp"}, network={"tntp": keys})
    network = load_network(scenario.city.source, scenario.network, use_cache=False)
    check_network(network)
    assert network.link_count == links
    net = read_tntp_net(folder / f"{name}_net.tntp")
    assert (net.zones, net.init_node.size) == (zones, links)
    stated_m = net.length.sum() * LENGTH_M[length_unit]
    assert network.links.length_m.sum() == pytest.approx(stated_m, rel=0.1), "less the junctions"
    matrix, complaints = read_matrix(folder / f"{name}_trips.tntp")
    assert not complaints
    assert matrix is not None
    assert matrix.trips.sum() == pytest.approx(trips, rel=1e-3)


@pytest.mark.parametrize(
    "name, nodes, length_unit, time_unit, factor",
    [
        ("SiouxFalls", "SiouxFallsCoordinates.geojson", "mi", "0.01 h", 0.01),
        ("Anaheim", "anaheim_nodes.geojson", "ft", "min", 0.05),
    ],
)
def test_traffic_on_published_networks_keeps_all_laws(
    name: str, nodes: str, length_unit: str, time_unit: str, factor: float, data: Path
) -> None:
    folder = data / "tntp" / name
    if not folder.is_dir():
        pytest.skip("no TNTP data in ../shared/data/tntp")
    scenario = make_scenario(
        city={"tntp": folder / f"{name}_net.tntp"},
        network={"tntp": {"nodes": folder / nodes, "length_unit": length_unit, "time_unit": time_unit}},
        demand=[{"kind": "od_matrix", "file": folder / f"{name}_trips.tntp", "factor": factor, "end_s": 600}],
    )
    network = load_network(scenario.city.source, scenario.network, use_cache=False)
    simulation = Simulation(scenario, network, build_trips(scenario, network))
    simulation.run(0.0)
    laws = TrafficLaws(simulation)
    while simulation.t_s < 100.0:
        simulation.run(simulation.t_s + 1.0)
        laws.check()
    assert simulation.model.fleet.cities.counter[0, table.ENTERED] > 100
