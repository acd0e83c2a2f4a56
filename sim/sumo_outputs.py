"""Write what happened in SUMO's own formats: ``edgeData``, ``tripinfo`` and ``fcd``, while the run goes on.

Names and units of attributes are those of SUMO 1.28's schemas (``meandata_file.xsd``, ``tripinfo_file.xsd``,
``fcd_file.xsd``). An edge is a link, a lane ``link_0`` is the one at the kerb, a lane that begins with ``:`` is a way
through a junction. Attributes that this simulation does not know are left out, never made up.
"""

from __future__ import annotations

import gzip
import io
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import quoteattr

import numpy as np
from numpy.typing import NDArray

from ..agents.remembering import Remembers, State
from ..kernels import traffic_tables as table
from ..scenarios.trips import VEHICLE_CLASSES
from .observers import link_totals
from .outcome import free_times

if TYPE_CHECKING:
    from ..agents.city_model import CityModel
    from ..scenarios.network import RoadNetwork
    from .simulation import Simulation

Floats = NDArray[np.float64]
Rows = NDArray[np.int64]

SCHEMA_AT = "http://sumo.dlr.de/xsd"


class XmlFile(Remembers):
    """An XML file of one root element whose children are written as they come; open until ``close``.

    ``goes_on``: there is one already, of which a snapshot will say how much counts; until then nothing is written. A
    packed file gets another member at every snapshot.
    """

    def __init__(self, path: Path, root: str, schema: str, *, goes_on: bool = False) -> None:
        self._packed, self._root = path.suffix == ".gz", root
        self._raw = path.open("r+b" if goes_on and path.exists() else "wb")
        self._text: io.TextIOWrapper | None = None
        if not goes_on:
            instance = "http://www.w3.org/2001/XMLSchema-instance"
            self._text = self._open()
            self._text.write('<?xml version="1.0" encoding="UTF-8"?>\n\n')
            self._text.write(f'<{root} xmlns:xsi="{instance}" xsi:noNamespaceSchemaLocation="{SCHEMA_AT}/{schema}">\n')

    def write(self, text: str) -> None:
        """Append text, already escaped."""
        if self._text is not None:
            self._text.write(text)

    def state(self) -> State:
        """How long the file is."""
        size = self._finish()
        self._text = self._open()
        return {"size": size}

    def restore(self, state: State) -> None:
        """Forget what was written after that.

        Raises
        ------
        ValueError
            When so much was never written.
        """
        self._finish()
        size, there = state["size"], self._raw.seek(0, io.SEEK_END)
        if there < size:
            msg = f"{Path(self._raw.name).name} has {there} bytes and had {size}"
            raise ValueError(msg)
        self._raw.seek(size)
        self._raw.truncate()
        self._text = self._open()

    def close(self) -> None:
        """End the root element; the first call counts."""
        if not self._raw.closed:
            self.write(f"</{self._root}>\n")
            self._finish()
            self._raw.close()

    def _open(self) -> io.TextIOWrapper:
        # Without a name and a time in the header the same run gives the same bytes.
        bytes_ = gzip.GzipFile("", "wb", 6, self._raw, 0) if self._packed else self._raw
        return io.TextIOWrapper(bytes_, encoding="utf-8", newline="\n")

    def _finish(self) -> int:
        """End what was begun since the last time, and return the size of the file."""
        if self._text is not None:
            bytes_, self._text = self._text.detach(), None
            if self._packed:
                bytes_.close()
        self._raw.flush()
        return self._raw.tell()


class EdgeData(Remembers):
    """``edgeData``: totals and means of every edge that saw a vehicle, per interval.

    ``sampledSeconds`` is the time spent by all vehicles, s; ``traveltime`` s; ``density`` vehicles a kilometre of edge,
    ``laneDensity`` of lane; ``speed`` the space-mean speed, m/s; ``timeLoss`` against the speed limit, s, of all
    vehicles. Who sets out or arrives on an edge has ``departed`` or ``arrived`` there, and neither ``entered`` nor
    ``left`` it.
    """

    KEEPS = ("_file", "_start_s", "_before")

    def __init__(self, file: XmlFile, simulation: Simulation, every_s: float) -> None:
        self.every_s = every_s
        self._file = file
        fleet = simulation.model.fleet
        self._names = [quoteattr(name) for name in fleet.network.links.id]
        self._lanes = np.diff(fleet.network.links.lane_start)
        self._start_s, self._before = simulation.t_s, link_totals(fleet)

    def observe(self, t_s: float, model: CityModel) -> None:
        """Write one interval."""
        span_s = t_s - self._start_s
        if span_s <= 0.0:
            return
        fleet, links = model.fleet, model.network.links
        now = link_totals(fleet)
        came, went, vehicle_s, vehicle_m = (after - before for after, before in zip(now, self._before, strict=True))
        departed = self._happened(fleet.trips.origin_link, fleet.vehicles.entered_s[0], t_s)
        arrived = self._happened(fleet.trips.destination_link, fleet.vehicles.arrived_s[0], t_s)
        self._file.write(f'    <interval begin="{self._start_s:.2f}" end="{t_s:.2f}" id="citytwin">\n')
        for row in np.flatnonzero((vehicle_s > 0.0) | (came > 0) | (went > 0)).tolist():
            there_s, length_m = float(vehicle_s[row]), float(links.length_m[row])
            density = there_s / span_s / length_m * 1000.0
            text = f'        <edge id={self._names[row]} sampledSeconds="{there_s:.2f}"'
            if vehicle_m[row] > 0.0:
                speed_mps = float(vehicle_m[row]) / there_s
                lost_s = max(there_s - float(vehicle_m[row]) / float(links.speed_mps[row]), 0.0)
                text += (
                    f' traveltime="{length_m / speed_mps:.2f}" density="{density:.2f}"'
                    f' laneDensity="{density / self._lanes[row]:.2f}" timeLoss="{lost_s:.2f}"'
                    f' speed="{speed_mps:.2f}" speedRelative="{speed_mps / links.speed_mps[row]:.2f}"'
                )
            self._file.write(
                f'{text} departed="{departed[row]}" arrived="{arrived[row]}"'
                f' entered="{came[row] - departed[row]:.0f}" left="{went[row] - arrived[row]:.0f}"/>\n'
            )
        self._file.write("    </interval>\n")
        self._start_s, self._before = t_s, now

    def _happened(self, link: NDArray[np.int32], at_s: Floats, t_s: float) -> Rows:
        """How often per link since the last interval; what a step does bears the time at its beginning."""
        lately = (at_s >= self._start_s) & (at_s < t_s)
        counts: Rows = np.bincount(link[lately], minlength=len(self._names))
        return counts

    def close(self) -> None:
        """End the file."""
        self._file.close()


class TripInfo(Remembers):
    """``tripinfo``: one element per trip that has arrived, in the order of arrival.

    Times in s, places in m, speeds in m/s. ``departSpeed`` and ``departLane`` are those at the end of the first step,
    ``arrivalSpeed`` and ``arrivalLane`` those before the last; ``waitingTime`` is the time at less than 0.1 m/s and
    ``waitingCount`` how often it came to that; ``timeLoss`` is against the own wanted speed on the route planned at
    departure.
    """

    KEEPS = (
        "_file",
        "_first_lane",
        "_last_lane",
        "_first_speed_mps",
        "_last_speed_mps",
        "_waited_s",
        "_waits",
        "_driving",
    )

    def __init__(self, file: XmlFile, simulation: Simulation) -> None:
        self.every_s = simulation.scenario.step_s
        self._file, self._simulation = file, simulation
        trips = len(simulation.model.fleet.trips.id)
        self._lane_names = LaneNames(simulation.model.network)
        self._first_lane, self._last_lane = np.full(trips, -1, np.int32), np.full(trips, -1, np.int32)
        self._first_speed_mps, self._last_speed_mps = np.zeros(trips), np.zeros(trips)
        self._waited_s, self._waits = np.zeros(trips), np.zeros(trips, np.int32)
        self._driving = np.zeros(0, np.int64)

    def observe(self, t_s: float, model: CityModel) -> None:
        """Take note of those under way, and write those who arrived."""
        vehicles = model.fleet.vehicles
        gone = self._driving[vehicles.status[0, self._driving] == table.ARRIVED]
        rows = np.flatnonzero(vehicles.status[0] == table.DRIVING)
        lane, speed_mps = vehicles.lane[0, rows], vehicles.speed_mps[0, rows]
        new = rows[self._first_lane[rows] < 0]
        self._first_lane[new], self._first_speed_mps[new] = vehicles.lane[0, new], vehicles.speed_mps[0, new]
        self._last_lane[rows], self._last_speed_mps[rows] = lane, speed_mps
        stands_s = vehicles.standing_s[0, rows]
        stands = stands_s > 0.0
        self._waited_s[rows[stands]] += self.every_s
        self._waits[rows[stands & (stands_s <= self.every_s + 1e-9)]] += 1
        self._driving = rows
        if gone.size:
            self._write(gone[np.lexsort((gone, vehicles.arrived_s[0, gone]))])

    def _write(self, rows: Rows) -> None:
        simulation, fleet = self._simulation, self._simulation.model.fleet
        vehicles, numbers, trips = fleet.vehicles, fleet.cities.vehicle_f[0], fleet.trips
        for row, free_s in zip(rows.tolist(), free_times(simulation, rows).tolist(), strict=True):
            depart_s, arrival_s = float(vehicles.entered_s[0, row]), float(vehicles.arrived_s[0, row])
            duration_s = arrival_s - depart_s
            self._file.write(
                f'    <tripinfo id={quoteattr(trips.id[row])} depart="{depart_s:.2f}"'
                f" departLane={self._lane_names[self._first_lane[row]]}"
                f' departPos="{numbers[row, table.ORIGIN_M]:.2f}" departSpeed="{self._first_speed_mps[row]:.2f}"'
                f' departDelay="{max(depart_s - trips.depart_s[row], 0.0):.2f}" arrival="{arrival_s:.2f}"'
                f" arrivalLane={self._lane_names[self._last_lane[row]]}"
                f' arrivalPos="{numbers[row, table.DESTINATION_M]:.2f}"'
                f' arrivalSpeed="{self._last_speed_mps[row]:.2f}" duration="{duration_s:.2f}"'
                f' routeLength="{vehicles.driven_m[0, row]:.2f}" waitingTime="{self._waited_s[row]:.2f}"'
                f' waitingCount="{self._waits[row]}" stopTime="0.00"'
                f' timeLoss="{max(duration_s - free_s, 0.0):.2f}"'
                f' rerouteNo="{simulation.journeys.reroutes[row]}" devices=""'
                f' vType="{VEHICLE_CLASSES[trips.vehicle_class[row]]}"'
                f' speedFactor="{vehicles.speed_factor[0, row]:.2f}" vaporized=""/>\n'
            )

    def close(self) -> None:
        """End the file."""
        self._file.close()


class FloatingCars(Remembers):
    """``fcd``: where every vehicle is and how fast, in a rhythm; of some links only, if so wished.

    ``x`` and ``y`` of the front bumper's middle are metres in the network's projected CRS; ``angle`` is in degrees
    clockwise from north; ``pos`` is in metres from the beginning of the lane.
    """

    KEEPS = ("_file", "_written_s")

    def __init__(self, file: XmlFile, simulation: Simulation, every_s: float, links: tuple[str, ...]) -> None:
        self.every_s = every_s
        self._file = file
        network = simulation.model.network
        self._ids = [quoteattr(trip) for trip in simulation.model.fleet.trips.id]
        self._lanes, self._lane_names = LaneLines(network), LaneNames(network)
        self._shown = np.full(network.link_count, not links)
        self._shown[[network.link_row[link] for link in links]] = True
        self._written_s = -1.0

    def observe(self, t_s: float, model: CityModel) -> None:
        """Write one time step."""
        if t_s <= self._written_s:
            return
        self._written_s = t_s
        vehicles = model.fleet.vehicles
        rows = np.flatnonzero(vehicles.status[0] == table.DRIVING)
        lane = vehicles.lane[0, rows]
        shown = self._shown[model.fleet.cities.lane_i[0, table.ON_LINK, lane]]
        rows, lane = rows[shown], lane[shown]
        position_m, speed_mps = vehicles.position_m[0, rows], vehicles.speed_mps[0, rows]
        x_m, y_m, angle = self._lanes.at(lane, position_m)
        kinds = model.fleet.trips.vehicle_class[rows].tolist()
        self._file.write(f'    <timestep time="{t_s:.2f}">\n')
        columns = (rows, x_m, y_m, angle, speed_mps, np.maximum(position_m, 0.0), lane)
        for (row, x, y, degrees, speed, pos, on), kind in zip(
            zip(*(column.tolist() for column in columns), strict=True), kinds, strict=True
        ):
            self._file.write(
                f'        <vehicle id={self._ids[row]} x="{x:.2f}" y="{y:.2f}" angle="{degrees:.2f}"'
                f' type="{VEHICLE_CLASSES[kind]}" speed="{speed:.2f}" pos="{pos:.2f}" lane={self._lane_names[on]}/>\n'
            )
        self._file.write("    </timestep>\n")

    def close(self) -> None:
        """End the file."""
        self._file.close()


class LaneNames:
    """Ids of lane rows as SUMO writes them, quoted for XML."""

    def __init__(self, network: RoadNetwork) -> None:
        self._network = network

    def __getitem__(self, lane: int) -> str:
        network = self._network
        if lane < network.lane_count:
            name = f"{network.links.id[network.lanes.link[lane]]}_{network.lanes.index[lane]}"
        else:
            connector = lane - network.lane_count
            junction = int(np.searchsorted(network.junctions.connector_start, connector, side="right")) - 1
            number = connector - int(network.junctions.connector_start[junction])
            name = f":{network.junctions.id[junction]}_{number}_0"
        return quoteattr(name)


class LaneLines:
    """Centre lines of all lane rows in one array, to find many places at once."""

    def __init__(self, network: RoadNetwork) -> None:
        links, lanes, connectors = network.links, network.lanes, network.connectors
        width_m, first = lanes.width_m, links.lane_start[:-1]
        sums_m = np.concatenate([[0.0], np.cumsum(width_m)])
        middle_m = sums_m[:-1] + width_m / 2.0 - sums_m[first[lanes.link]]  # from the kerb
        half_m = (sums_m[links.lane_start[1:]] - sums_m[first])[lanes.link] / 2.0
        to_kerb_m = (half_m - middle_m) * (-1.0 if network.drives_on_left else 1.0)
        self._right_m = np.concatenate([to_kerb_m, np.zeros(connectors.movement.size)])
        self._shape = np.concatenate([lanes.link, links.lane_start.size - 1 + np.arange(connectors.movement.size)])
        self._length_m = np.concatenate([links.length_m[lanes.link], connectors.length_m])
        self._xy = np.concatenate([links.shape_xy, connectors.shape_xy])
        points = links.shape_xy.shape[0]
        self._start = np.concatenate([links.shape_start, points + connectors.shape_start[1:]])
        steps_m = np.hypot(*np.diff(self._xy, axis=0).T)
        steps_m[self._start[1:-1] - 1] = 0.0  # from the end of one line to the beginning of the next
        self._along_m = np.concatenate([[0.0], np.cumsum(steps_m)])

    def at(self, lane: NDArray[Any], position_m: Floats) -> tuple[Floats, Floats, Floats]:
        """``x``, ``y`` (m) and heading (degrees clockwise from north) of places on lanes."""
        shape = self._shape[lane]
        first, last = self._start[shape], self._start[shape + 1] - 1
        begin_m = self._along_m[first]
        share = np.clip(position_m / self._length_m[lane], 0.0, 1.0)
        along_m = begin_m + share * (self._along_m[last] - begin_m)
        point = np.clip(np.searchsorted(self._along_m, along_m, side="right") - 1, first, last - 1)
        step = self._xy[point + 1] - self._xy[point]
        size_m = np.maximum(np.hypot(step[:, 0], step[:, 1]), 1e-9)
        ahead = step / size_m[:, None]
        place = self._xy[point] + ahead * (along_m - self._along_m[point])[:, None]
        right_m = self._right_m[lane]
        x_m, y_m = place[:, 0] + ahead[:, 1] * right_m, place[:, 1] - ahead[:, 0] * right_m
        return x_m, y_m, np.degrees(np.arctan2(ahead[:, 0], ahead[:, 1])) % 360.0


def sumo_observers(
    simulation: Simulation, folder: Path, *, goes_on: bool = False
) -> list[EdgeData | TripInfo | FloatingCars]:
    """Observers of the SUMO formats that a scenario asks for; ``close`` them when the run ends.

    ``goes_on``: their files are there, and a snapshot will be put back that says how much of them counts.
    """
    outputs = simulation.scenario.outputs
    observers: list[EdgeData | TripInfo | FloatingCars] = []
    for kind in dict.fromkeys(outputs.sumo):
        path = folder / f"{kind}.xml{'.gz' if outputs.sumo_gzip else ''}"
        if kind == "edgedata":
            file = XmlFile(path, "meandata", "meandata_file.xsd", goes_on=goes_on)
            observers.append(EdgeData(file, simulation, outputs.links_every_s))
        elif kind == "tripinfo":
            observers.append(TripInfo(XmlFile(path, "tripinfos", "tripinfo_file.xsd", goes_on=goes_on), simulation))
        else:
            file = XmlFile(path, "fcd-export", "fcd_file.xsd", goes_on=goes_on)
            observers.append(FloatingCars(file, simulation, outputs.fcd_every_s, outputs.fcd_links))
    return observers
