"""Files in SUMO's formats hold what vehicles did, in its names and units, and its schemas accept them."""

from __future__ import annotations

import gzip
import importlib.util
import json
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest
from lxml import etree
from traffic_case import link_between, simulate, write_scenario

from citytwin.kernels import traffic_tables as table
from citytwin.scenarios.junctions import build_network
from citytwin.scenarios.scenario import check_scenario
from citytwin.scenarios.synthetic import grid_city
from citytwin.sim.observers import link_totals
from citytwin.sim.outcome import trip_times
from citytwin.sim.run import run_scenario
from citytwin.sim.run_folder import RunFolder
from citytwin.sim.simulation import Simulation
from citytwin.sim.sumo_outputs import LaneLines, LaneNames, XmlFile, sumo_observers

GRID = build_network(grid_city(2, 3, 150.0, 2, gates=True))
END_S = 400.0
OUTPUTS = {"links_every_s": 150, "sumo": ["edgedata", "tripinfo", "fcd"], "fcd_every_s": 5}

# What SUMO 1.28's schemas require of an element; all else is optional there.
TRIPINFO_REQUIRED = {
    *("id", "depart", "departLane", "departPos", "departSpeed", "departDelay"),
    *("arrival", "arrivalLane", "arrivalPos", "arrivalSpeed", "duration", "routeLength"),
    *("waitingTime", "waitingCount", "stopTime", "rerouteNo", "devices", "vType", "speedFactor"),
}
EDGE_KNOWN = {
    *("id", "sampledSeconds", "traveltime", "density", "laneDensity", "timeLoss", "speed", "speedRelative"),
    *("departed", "arrived", "entered", "left"),
}
FCD_KNOWN = {"id", "x", "y", "angle", "type", "speed", "pos", "lane"}


class Written:
    """A run, its files, and what a slow witness saw at every step."""

    def __init__(self, folder: Path) -> None:
        ids = GRID.links.id
        rng = np.random.default_rng(3)
        inner = [row for row in range(GRID.link_count) if "gate" not in ids[row]]
        rows = [
            (f"inner <{k}>", 2.0 * k, ids[a], ids[b]) for k, (a, b) in enumerate(rng.choice(inner, (60, 2)).tolist())
        ]
        way_in, way_out = link_between("gate/w000", "node/000-000"), link_between("node/000-002", "gate/e000")
        rows += [(f"through {k}", 3.0 * k, way_in, way_out, k % 3, 20.0, 100.0) for k in range(60)]
        self.simulation: Simulation = simulate(GRID, rows, outputs=OUTPUTS, duration_s=END_S)
        self.observers = sumo_observers(self.simulation, folder)
        self.simulation.watch(self.observers)
        vehicles = self.simulation.model.fleet.vehicles
        self.stood_s = np.zeros(len(rows))
        for _ in range(int(END_S)):
            self.simulation.run(self.simulation.t_s + 1.0)
            self.stood_s += (vehicles.status[0] == table.DRIVING) & (vehicles.speed_mps[0] < 0.1)
        for observer in self.observers:
            observer.observe(self.simulation.t_s, self.simulation.model)
            observer.close()
        self.tree = {kind: etree.parse(folder / f"{kind}.xml").getroot() for kind in ("edgedata", "tripinfo", "fcd")}


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Written:
    """Cars, trucks and buses on a grid with signals."""
    return Written(tmp_path_factory.mktemp("sumo"))


def test_trips_that_arrived_are_told_with_their_times(written: Written) -> None:
    fleet = written.simulation.model.fleet
    told = written.tree["tripinfo"].findall("tripinfo")
    arrived = np.flatnonzero(fleet.vehicles.status[0] == table.ARRIVED)
    assert arrived.size > 40
    assert {trip.get("id") for trip in told} == {fleet.trips.id[row] for row in arrived}
    times = [float(trip.get("arrival")) for trip in told]
    assert times == sorted(times)
    _, waiting_s, _, delay_s = trip_times(written.simulation)
    for trip in told:
        assert set(trip.attrib) >= TRIPINFO_REQUIRED
        row = fleet.trips.id.index(trip.get("id"))
        value = {name: float(trip.get(name)) for name in TRIPINFO_REQUIRED if trip.get(name).replace(".", "").isdigit()}
        assert value["depart"] == fleet.vehicles.entered_s[0, row]
        assert value["arrival"] == fleet.vehicles.arrived_s[0, row]
        assert value["duration"] == value["arrival"] - value["depart"]
        assert value["departDelay"] == pytest.approx(waiting_s[row], abs=0.01)
        assert value["routeLength"] == pytest.approx(fleet.vehicles.driven_m[0, row], abs=0.01)
        assert value["waitingTime"] == written.stood_s[row]
        assert (value["waitingCount"] > 0) == (written.stood_s[row] > 0)
        assert float(trip.get("timeLoss")) == pytest.approx(max(delay_s[row] - waiting_s[row], 0.0), abs=0.01)
        first, last = fleet.trips.origin_link[row], fleet.trips.destination_link[row]
        assert trip.get("departLane").rpartition("_")[0] == GRID.links.id[first]
        assert trip.get("arrivalLane").rpartition("_")[0] == GRID.links.id[last]


def test_edges_balance_and_agree_with_the_links(written: Written) -> None:
    fleet = written.simulation.model.fleet
    intervals = written.tree["edgedata"].findall("interval")
    assert [(i.get("begin"), i.get("end")) for i in intervals] == [
        ("0.00", "150.00"),
        ("150.00", "300.00"),
        ("300.00", "400.00"),
    ]
    sums: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    for interval in intervals:
        span_s = float(interval.get("end")) - float(interval.get("begin"))
        for edge in interval:
            assert set(edge.attrib) <= EDGE_KNOWN
            row = GRID.link_row[edge.get("id")]
            seconds, length_m = float(edge.get("sampledSeconds")), GRID.links.length_m[row]
            if edge.get("speed"):
                assert float(edge.get("density")) == pytest.approx(seconds / span_s / length_m * 1000.0, abs=0.01)
                assert float(edge.get("laneDensity")) == pytest.approx(float(edge.get("density")) / 2.0, abs=0.01)
                if float(edge.get("speed")) > 0.1:
                    at_mean = length_m / float(edge.get("speed"))
                    assert float(edge.get("traveltime")) == pytest.approx(at_mean, rel=0.06)
            for name in ("sampledSeconds", "departed", "arrived", "entered", "left"):
                assert float(edge.get(name)) >= 0.0
                sums[edge.get("id")][name] += float(edge.get(name))
    came, went, vehicle_s, _ = link_totals(fleet)
    for link, row in GRID.link_row.items():
        total = sums[link]
        assert total["sampledSeconds"] == pytest.approx(vehicle_s[row], abs=0.05)
        assert total["departed"] + total["entered"] == came[row]
        assert total["arrived"] + total["left"] == went[row]
    assert sum(total["departed"] for total in sums.values()) == np.isfinite(fleet.vehicles.entered_s[0]).sum()
    assert sum(total["arrived"] for total in sums.values()) == np.isfinite(fleet.vehicles.arrived_s[0]).sum()


def test_floating_cars_are_where_the_vehicles_are(written: Written) -> None:
    steps = written.tree["fcd"].findall("timestep")
    assert [float(step.get("time")) for step in steps] == list(np.arange(5.0, END_S + 1.0, 5.0))
    fleet = written.simulation.model.fleet
    driving = np.flatnonzero(fleet.vehicles.status[0] == table.DRIVING)
    assert {vehicle.get("id") for vehicle in steps[-1]} == {fleet.trips.id[row] for row in driving}
    seen: dict[str, tuple[float, float, float, float]] = {}
    for step in steps:
        for vehicle in step:
            assert set(vehicle.attrib) == FCD_KNOWN
            time_s, x, y = float(step.get("time")), float(vehicle.get("x")), float(vehicle.get("y"))
            assert 0.0 <= float(vehicle.get("angle")) < 360.0
            before = seen.get(vehicle.get("id"))
            if before and time_s - before[0] == 5.0:
                moved_m = np.hypot(x - before[1], y - before[2])
                assert moved_m <= 5.0 * 25.0, "nobody jumps"
            seen[vehicle.get("id")] = (time_s, x, y, float(vehicle.get("angle")))


def test_places_on_lanes_lie_beside_the_middle_of_their_street_on_its_kerb_side() -> None:
    """Eastwards through the grid, traffic keeps right: lane 0 lies south of lane 1, and both south of the twin."""
    link = GRID.link_row[link_between("node/000-000", "node/000-001")]
    lanes = np.arange(*GRID.links.lane_start[link : link + 2])
    middle_m = GRID.links.length_m[link] / 2.0
    x_m, y_m, angle = LaneLines(GRID).at(lanes, np.full(2, middle_m))
    shape = GRID.link_shape_xy(link)
    assert angle == pytest.approx([90.0, 90.0], abs=1.0)
    assert x_m == pytest.approx(np.full(2, shape[:, 0].mean()), abs=0.01)
    width_m = GRID.lanes.width_m[lanes[0]]
    assert y_m == pytest.approx(shape[:, 1].mean() + width_m * np.array([-0.5, 0.5]), abs=0.01)
    names = LaneNames(GRID)
    assert names[lanes[0]].strip('"') == f"{GRID.links.id[link]}_0".replace(">", "&gt;")


def test_a_filter_and_packing_hold(tmp_path: Path) -> None:
    path = write_scenario(tmp_path)
    from citytwin.scenarios.load_network import load_network

    links = load_network(tmp_path / "town.osm").links.id
    outputs = {"sumo": ["fcd", "tripinfo"], "sumo_gzip": True, "fcd_every_s": 10, "fcd_links": [links[3]]}
    path = write_scenario(tmp_path, outputs=outputs)
    files = []
    for run in ("a", "b"):
        result = run_scenario(path, tmp_path / run)
        files.append((result.folder / "fcd.xml.gz").read_bytes())
    assert files[0] == files[1], "the same run gives the same bytes"
    root = etree.fromstring(gzip.decompress(files[0]))
    lanes = {vehicle.get("lane") for step in root for vehicle in step}
    assert lanes
    assert all(lane.startswith((f"{links[3]}_", ":")) for lane in lanes)
    assert etree.fromstring(gzip.decompress((tmp_path / "a" / "tripinfo.xml.gz").read_bytes())).tag == "tripinfos"
    assert not (tmp_path / "a" / "edgedata.xml.gz").exists()
    with RunFolder(tmp_path / "a"):
        pass
    assert not (tmp_path / "a" / "fcd.xml.gz").exists(), "a new run takes an old one's files away"


def test_an_unknown_link_of_the_filter_is_a_problem(tmp_path: Path) -> None:
    path = write_scenario(tmp_path, outputs={"sumo": ["fcd"], "fcd_links": ["way/9:0-1"]})
    (problem,) = check_scenario(path)
    assert "outputs.fcd_links[0]" in str(problem)
    settings = json.loads(path.read_text(encoding="utf-8")) | {"outputs": {"sumo": ["emissions"]}}
    path.write_text(json.dumps(settings), encoding="utf-8")
    (problem,) = check_scenario(path)
    assert "edgedata" in str(problem)


def test_a_file_that_is_closed_twice_ends_once(tmp_path: Path) -> None:
    file = XmlFile(tmp_path / "a.xml", "meandata", "meandata_file.xsd")
    file.close()
    file.close()
    assert (tmp_path / "a.xml").read_text().count("</meandata>") == 1


@pytest.mark.parametrize("kind, schema", [("edgedata", "meandata"), ("tripinfo", "tripinfo"), ("fcd", "fcd")])
def test_the_schemas_of_sumo_accept_them(written: Written, kind: str, schema: str) -> None:
    spec = importlib.util.find_spec("sumo")
    if spec is None or spec.origin is None:
        pytest.skip("eclipse-sumo is not installed: pip install eclipse-sumo")
    xsd = etree.XMLSchema(etree.parse(Path(spec.origin).parent / "data" / "xsd" / f"{schema}_file.xsd"))
    xsd.assertValid(written.tree[kind])
