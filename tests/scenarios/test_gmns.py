"""GMNS tables become streets: lines, lanes, uses, units, signals and turns; what cannot be meant is said."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from traffic_case import make_scenario

from citytwin.kernels import traffic_tables as table
from citytwin.scenarios.change_streets import ChangeError
from citytwin.scenarios.load_network import load_network
from citytwin.scenarios.network import CLASS_NAMES, Control, RoadNetwork
from citytwin.scenarios.network_laws import check_network
from citytwin.scenarios.problems import SourceError
from citytwin.scenarios.streets import BUS, CAR
from citytwin.scenarios.trips import build_trips
from citytwin.sim.simulation import Simulation

from .plan_case import change

# A crossing (1) of an arterial with turning lanes and a side street with a stop sign; the south is one-way inbound.
CONFIG = "dataset_name,short_length,long_length,speed,crs,geometry_field_format\ntown,foot,mile,mph,32632,wkt\n"
NODES = """node_id,name,x_coord,y_coord,node_type,ctrl_type
1,middle,500000,5000000,INTERSECTION,SIGNAL
2,west,499600,5000000,EXTERNAL,
3,east,500400,5000000,EXTERNAL,
4,north,500000,5000300,EXTERNAL,
5,south,500000,4999700,EXTERNAL,
6,path,500100,5000100,,
"""
LINKS = """link_id,name,from_node_id,to_node_id,directed,geometry,length,facility_type,free_speed,lanes,allowed_uses
10,Main Street,2,1,1,"LINESTRING (499600 5000000, 500000 5000000)",0.2485,ARTERIAL,30,3,ALL
11,Main Street,1,2,1,,0.2485,ARTERIAL,30,2,ALL
12,Main Street,3,1,0,,0.2485,ARTERIAL,30,2,"AUTO,BUS"
13,North Street,4,1,0,,0.1864,LOCAL,,1,
14,South Street,5,1,1,"LINESTRING (500000 4999700, 500050 4999850, 500000 5000000)",,collector,25,1,ALL
15,A path,1,6,0,,0.08,SIDEWALK,,,
16,Cycles only,4,6,0,,0.14,LOCAL,,1,BIKE
"""
LANES = """link_id,lane_num,allowed_uses,width
10,1,ALL,10
10,2,ALL,10
10,3,BUS,10
"""
MOVEMENTS = """mvmt_id,node_id,ib_link_id,ob_link_id,type,ctrl_type
1,1,10,12,THRU,signal
2,1,10,13,LEFT,signal
3,1,12,11,THRU,signal
4,1,12,13,RIGHT,signal
5,1,13,11,RIGHT,signal
6,1,13,12,LEFT,signal
7,1,14,13,THRU,stop
8,1,14,11,LEFT,stop
"""
TEXTS = {"config.csv": CONFIG, "node.csv": NODES, "link.csv": LINKS, "lane.csv": LANES, "movement.csv": MOVEMENTS}


@pytest.fixture
def town(tmp_path: Path) -> Callable[..., Path]:
    """Write the town, a text of one table replaced, or without some of its tables."""

    def write(file: str = "", old: str = "", new: str = "", *, without: tuple[str, ...] = ()) -> Path:
        for name, text in TEXTS.items():
            if name == file:
                assert old in text
                text = text.replace(old, new, 1)
            if name not in without:
                (tmp_path / name).write_text(text, encoding="utf-8")
        return tmp_path

    return write


def load(folder: Path, **keys: object) -> RoadNetwork:
    scenario = make_scenario(city={"gmns": folder}, network={"gmns": keys} if keys else {})
    return load_network(scenario.city.source, scenario.network, use_cache=False)


def lanes_of(network: RoadNetwork, link: str) -> np.ndarray:
    return np.arange(*network.links.lane_start[network.link_row[link] :][:2])


def test_links_are_what_the_tables_say(town: Callable[..., Path]) -> None:
    network = load(town())
    check_network(network)
    links = network.links
    assert set(links.id) == {f"link/{name}" for name in ("10", "11", "12", "12/back", "13", "13/back", "14")}
    row = network.link_row
    assert links.name[row["link/10"]] == "Main Street"
    assert links.speed_mps[row["link/10"]] == pytest.approx(30 * 0.44704)
    assert CLASS_NAMES[links.road_class[row["link/10"]]] == "primary"
    assert CLASS_NAMES[links.road_class[row["link/14"]]] == "tertiary"
    assert "speed_mps" in links.assumed[row["link/13"]]
    assert "speed_mps" not in links.assumed[row["link/10"]]
    assert links.twin[row["link/12"]] == row["link/12/back"]
    assert links.twin[row["link/10"]] == row["link/11"]
    assert links.twin[row["link/14"]] == -1
    assert lanes_of(network, "link/12/back").size == 2
    bent_m = 2 * np.hypot(50.0, 150.0)
    assert links.length_m[row["link/14"]] == pytest.approx(bent_m, abs=40.0)
    assert any("2 links are not for motor vehicles" in note for note in network.notes)


def test_lanes_are_counted_from_the_left_there_and_from_the_kerb_here(town: Callable[..., Path]) -> None:
    network = load(town())
    kerb, *others = network.lanes.access[lanes_of(network, "link/10")]
    assert kerb & BUS and not kerb & CAR
    assert all(access & CAR for access in others)


def test_signals_signs_and_turns_hold(town: Callable[..., Path]) -> None:
    network = load(town())
    middle = network.junction_row["node/1"]
    assert network.junctions.control[middle] == Control.SIGNAL
    at = network.movements.junction == middle
    names = np.array(network.links.id, dtype=object)
    turns = set(zip(names[network.movements.from_link[at]], names[network.movements.to_link[at]], strict=True))
    assert ("link/14", "link/13/back") in turns
    assert ("link/14", "link/12/back") not in turns, "the table does not list the right turn"
    assert ("link/10", "link/13/back") in turns
    unsignalled = load(town("node.csv", "SIGNAL", ""))
    stop = unsignalled.connectors.stop
    came = names[unsignalled.lanes.link[unsignalled.connectors.from_lane]]
    assert set(came[stop]) == {"link/14"}
    folder = town()
    (folder / "movement.csv").unlink()
    all_turns = load(folder)
    assert all_turns.movements.from_link.size > network.movements.from_link.size


def test_tables_that_are_not_read_are_named(town: Callable[..., Path]) -> None:
    folder = town()
    assert not any("Not read" in note for note in load(folder).notes)
    (folder / "signal_timing_plan.csv").write_text("timing_plan_id\n1\n")
    assert "Not read: signal_timing_plan.csv." in load(folder).notes


def test_traffic_drives_on_it(town: Callable[..., Path]) -> None:
    network = load(town())
    demand = {"kind": "random_trips", "per_hour": 600}
    scenario = make_scenario(demand=[demand], duration_s=900)
    simulation = Simulation(scenario, network, build_trips(scenario, network))
    simulation.run()
    status = simulation.model.fleet.vehicles.status[0]
    assert (status == table.NO_ROUTE).sum() == 0
    assert (status == table.ARRIVED).sum() > 0.8 * status.size


def test_units_are_declared_in_the_config_or_in_the_scenario(town: Callable[..., Path]) -> None:
    folder = town(without=("config.csv",))
    with pytest.raises(SourceError) as caught:
        load(folder)
    for what in ("unit of length", "unit of speed", "EPSG number"):
        assert what in str(caught.value)
    metric = load(folder, crs=32632, length_unit="mi", speed_unit="km/h")
    assert metric.links.speed_mps[metric.link_row["link/10"]] == pytest.approx(30 / 3.6)
    with pytest.raises(SourceError, match="Is the unit right"):
        load(folder, crs=32632, length_unit="ft", speed_unit="km/h")


@pytest.mark.parametrize(
    "file, old, new, said",
    [
        ("link.csv", "10,Main Street,2,1", "10,Main Street,2,99", 'to_node_id = "99"  no such node in node.csv'),
        ("link.csv", "10,Main Street,2,1", "10,Main Street,2,2", "is where the link begins"),
        ("link.csv", "ARTERIAL,30,3", "ARTERIAL,300,3", "free_speed = 300.0  must lie between"),
        ("link.csv", "ARTERIAL,30,3", "ARTERIAL,fast,3", "is not a number"),
        ("link.csv", "11,Main Street", "10,Main Street", "is there already"),
        ("link.csv", "LINESTRING (499600 5000000, 500000 5000000)", "LINESTRING (1", "is no line"),
        ("link.csv", "13,North Street,4,1,0", "13,North Street,4,1,2", "must be 1 or 0"),
        ("link.csv", "from_node_id", "from", "has no column `from_node_id`"),
        ("node.csv", "2,west,499600", "2,west,", "is empty"),
        ("node.csv", "2,west", "1,west", "is there already"),
        ("config.csv", "mph", "knots", "a unit of speed that is not known: 'knots'"),
        ("config.csv", "32632", "local", "EPSG number"),
        ("lane.csv", "10,3,BUS", "17,3,BUS", 'link_id = "17"  no such link in link.csv'),
    ],
)
def test_what_cannot_be_meant_is_said(file: str, old: str, new: str, said: str, town: Callable[..., Path]) -> None:
    with pytest.raises(SourceError) as caught:
        load(town(file, old, new))
    assert said in str(caught.value)


def test_places_in_degrees_are_brought_into_metres(town: Callable[..., Path]) -> None:
    from pyproj import Transformer

    folder = town(without=("movement.csv", "lane.csv"))
    back = Transformer.from_crs(32632, 4326, always_xy=True)
    rows = [line.split(",") for line in NODES.splitlines()]
    for row in rows[1:]:
        lon, lat = back.transform(float(row[2]), float(row[3]))
        row[2:4] = [f"{lon:.8f}", f"{lat:.8f}"]
    (folder / "node.csv").write_text("\n".join(",".join(row) for row in rows))
    (folder / "config.csv").write_text(CONFIG.replace("32632", "EPSG:4326"))
    lines = [line for line in LINKS.splitlines() if "LINESTRING" not in line]
    (folder / "link.csv").write_text("\n".join(lines))
    network = load(folder)
    assert network.epsg == 32632
    assert network.links.length_m[network.link_row["link/12"]] == pytest.approx(390.0, abs=10.0)


def test_a_plan_changes_its_streets_but_cannot_open_what_it_does_not_have(town: Callable[..., Path]) -> None:
    before, after = (
        load_network(town(), changes=entries) for entries in ([], [change("lanes", link="link/11", lanes=3)])
    )
    assert (lanes_of(before, "link/11").size, lanes_of(after, "link/11").size) == (2, 3)
    row = after.link_row["link/11"]
    assert after.links.length_m[row] == before.links.length_m[before.link_row["link/11"]]  # as the table says
    check_network(after)
    with pytest.raises(ChangeError) as caught:
        load_network(town(), changes=[change("road_opened", ways=["way/1"])])
    said = "needs streets from OpenStreetMap: only they say which roads are there and closed. Use `road_added`."
    assert caught.value.found == ((0, ("kind",), said),)
