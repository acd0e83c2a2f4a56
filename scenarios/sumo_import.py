"""Turn a SUMO configuration into a scenario folder, and say what of it is not expressed."""

from __future__ import annotations

import contextlib
import csv
import datetime as dt
import math
import shutil
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.sax.saxutils import quoteattr

from .network import RoadNetwork
from .problems import NO_VALUE, InputError, Problem, in_order
from .scenario import LONGEST_RUN_S
from .sumo_additional import SumoAdditional
from .sumo_buses import bus_lines
from .sumo_config import SumoConfig, read_config
from .sumo_demand import FoundTrip, SumoDemand
from .sumo_drivers import drivers_of
from .sumo_left_out import LeftOut
from .sumo_net_file import NetRows, read_net_file
from .sumo_network import build_sumo_network
from .sumo_signals import Programme
from .sumo_vehicle_types import VehicleType
from .sumo_xml import NotWhole, SumoFile

SCENARIO, TRIPS, TYPES, SIGNALS, REPORT = (
    "scenario.yaml",
    "trips.csv",
    "vehicle_types.csv",
    "signals.add.xml",
    "import_report.txt",
)
TRIP_COLUMNS = (
    *("trip_id", "depart_s", "origin_link", "destination_link", "origin_m", "destination_m"),
    *("vehicle_class", "route", "vehicle_type"),
)
CLEARING_S = 3600.0  # after the last departure, where the simulation has no end
DAY_ZERO = dt.datetime(2000, 1, 1)  # SUMO's clock has no date


@dataclass(frozen=True, slots=True)
class Imported:
    """A scenario that was made of a SUMO configuration."""

    scenario: Path
    files: tuple[Path, ...]
    counts: dict[str, int]  # links, lanes, signals, trips, bus lines, sensors, events
    left_out: LeftOut

    def as_dict(self) -> dict[str, Any]:
        """Everything, for JSON."""
        return {
            "scenario": str(self.scenario),
            "files": [str(file) for file in self.files],
            **self.counts,
            "not_expressed": self.left_out.rows(),
        }

    def text(self) -> str:
        """The same for people."""
        counted = ", ".join(f"{number:,} {name.replace('_', ' ')}" for name, number in self.counts.items())
        rows = self.left_out.text()
        told = f"Not expressed, or expressed differently:\n{rows}" if rows else "Everything was expressed."
        return f"{self.scenario}: {counted}\n{told}"


def import_sumo(config: Path | str, out: Path | str) -> Imported:
    """Make a scenario folder of a ``sumocfg``.

    Parameters
    ----------
    config
        SUMO's configuration file.
    out
        Folder to write: new, empty, or of an earlier import.

    Raises
    ------
    InputError
        With every problem of every file that the configuration names; nothing is written then.
    """
    out = Path(out)
    _refuse_foreign(out)
    left_out = LeftOut()
    read = _read_config(Path(config), left_out)
    rows = _read_net(read)
    network, not_expressed = build_sumo_network(rows)
    if rows.file.problems():
        raise InputError(rows.file.problems())
    left_out.update(not_expressed)
    demand = SumoDemand(network, rows.other_edges, rows.earlier_m, read.begin_s, read.end_s, read.seed, left_out)
    # Where the configuration names no end, loops count once over the longest run there may be.
    span_s = read.end_s - read.begin_s
    additional = SumoAdditional(
        network,
        rows.other_edges,
        rows.earlier_m,
        read.begin_s,
        min(span_s, LONGEST_RUN_S),
        left_out,
        dict(rows.programmes),
    )
    problems: list[Problem] = []
    for path in (*read.additional, *read.routes):
        file = SumoFile(path)
        with contextlib.suppress(NotWhole):
            for node in file.elements():
                if not demand.take(file, node):
                    additional.take(file, node)
        problems += file.problems()
    if problems:
        raise InputError(in_order(problems))
    return _write(Path(config), out, read, rows, network, demand, additional)


def _read_config(path: Path, left_out: LeftOut) -> SumoConfig:
    file = SumoFile(path)
    read = None
    with contextlib.suppress(NotWhole):
        read = read_config(file, left_out)
    if read is None or file.problems():
        raise InputError(file.problems())
    return read


def _read_net(read: SumoConfig) -> NetRows:
    assert read.net is not None  # else the configuration had a problem
    return read_net_file(read.net)


def _refuse_foreign(out: Path) -> None:
    """Write over nothing that is not from an import."""
    if out.is_file():
        raise InputError(Problem(out, None, "", NO_VALUE, "is a file. Give a folder: -o DIR."))
    if out.is_dir() and any(out.iterdir()) and not (out / REPORT).is_file():
        said = "is a folder with other files in it. Give a new one: -o DIR."
        raise InputError(Problem(out, None, "", NO_VALUE, said))


def _write(
    config: Path,
    out: Path,
    read: SumoConfig,
    rows: NetRows,
    network: RoadNetwork,
    demand: SumoDemand,
    additional: SumoAdditional,
) -> Imported:
    """Write all files of the scenario."""
    left_out = demand.left_out
    try:
        out.mkdir(parents=True, exist_ok=True)
        net = out / _net_name(rows.file.path)
        shutil.copyfile(rows.file.path, net)
    except OSError as error:
        raise InputError(Problem(out, None, "", NO_VALUE, f"cannot be written: {error.strerror}.")) from error
    files = [net]
    lines, trips = bus_lines(demand.trips, network, read.begin_s, left_out)
    if demand.trips:
        files.append(out / TYPES)
        _write_types(out / TYPES, demand.trips)
    if trips:
        files.append(out / TRIPS)
        _write_trips(out / TRIPS, trips, read.begin_s)
    programmes = _changed_programmes(additional, read.begin_s)
    if programmes:
        files.append(out / SIGNALS)
        _write_programmes(out / SIGNALS, programmes)
    who_travels: dict[str, Any] = {"demand": [{"kind": "trips", "file": TRIPS}]} if trips else {}
    who_travels |= {"public_transport": lines} if lines else {}
    tree = _scenario(config, read, network, demand, additional, net.name, who_travels, has_programmes=bool(programmes))
    _write_yaml(out / SCENARIO, tree)
    counts = {
        "links": network.link_count,
        "lanes": network.lane_count,
        "signals": len(network.signals.id),
        "trips": len(trips),
        "bus_lines": len(lines),
        "sensors": len(additional.sensors),
        "events": len(additional.events),
    }
    imported = Imported(out / SCENARIO, (out / SCENARIO, *files, out / REPORT), counts, left_out)
    (out / REPORT).write_text(imported.text() + "\n", encoding="utf-8")
    return imported


def _net_name(path: Path) -> str:
    """Name of the copy, with an ending that tells what it is."""
    with path.open("rb") as file:
        packed = file.read(2) == b"\x1f\x8b"
    name = path.name.removesuffix(".gz").removesuffix(".xml").removesuffix(".net")
    return f"{name}.net.xml" + (".gz" if packed else "")


def _write_trips(path: Path, trips: Sequence[FoundTrip], begin_s: float) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        write = csv.writer(file, lineterminator="\n")
        write.writerow(TRIP_COLUMNS)
        for trip in trips:
            write.writerow(
                (
                    trip.id,
                    f"{trip.depart_s - begin_s:.10g}",
                    trip.links[0],
                    trip.links[-1],
                    repr(trip.origin_m),
                    repr(trip.destination_m),
                    trip.vehicle_class,
                    " ".join(trip.links) if trip.bound else "",
                    trip.vehicle_type.id,
                )
            )


def _write_types(path: Path, trips: Sequence[FoundTrip]) -> None:
    """Parameters of the vehicle types that travel, as the files have them."""
    types = {trip.vehicle_type.id: trip.vehicle_type for trip in trips}
    count = Counter(trip.vehicle_type.id for trip in trips)
    columns = VehicleType.__dataclass_fields__
    with path.open("w", newline="", encoding="utf-8") as file:
        write = csv.writer(file, lineterminator="\n")
        write.writerow((*columns, "trips"))
        for name in sorted(types):
            write.writerow((*(getattr(types[name], column) for column in columns), count[name]))


def _changed_programmes(additional: SumoAdditional, begin_s: float) -> list[Programme]:
    """Programmes that the net does not have, or all with their offsets counted from the scenario's start."""
    if begin_s == 0:
        return [additional.programmes[name] for name in sorted(additional.changed)]
    moved = []
    for _, programme in sorted(additional.programmes.items()):
        offset_s = programme.offset_s - begin_s
        cycle_s = sum(phase.duration_s for phase in programme.phases)
        moved.append(Programme(programme.id, programme.programme, programme.kind, offset_s % cycle_s, programme.phases))
    return moved


def _write_programmes(path: Path, programmes: Sequence[Programme]) -> None:
    lines = ["<additional>"]
    for programme in programmes:
        lines.append(
            f"    <tlLogic id={quoteattr(programme.id)} type={quoteattr(programme.kind)}"
            f' programID={quoteattr(programme.programme)} offset="{programme.offset_s:g}">'
        )
        for phase in programme.phases:
            bounds = f' minDur="{phase.shortest_s:g}" maxDur="{phase.longest_s:g}"' if programme.actuated else ""
            lines.append(f'        <phase duration="{phase.duration_s:g}" state="{phase.state}"{bounds}/>')
        lines.append("    </tlLogic>")
    path.write_text("\n".join([*lines, "</additional>"]) + "\n", encoding="utf-8")


def _scenario(
    config: Path,
    read: SumoConfig,
    network: RoadNetwork,
    demand: SumoDemand,
    additional: SumoAdditional,
    net: str,
    who_travels: dict[str, Any],
    *,
    has_programmes: bool,
) -> dict[str, Any]:
    """The scenario file as a tree."""
    left_out = demand.left_out
    if math.isfinite(read.end_s):
        duration_s = read.end_s - read.begin_s
    else:
        last_s = max((trip.depart_s for trip in demand.trips), default=read.begin_s) - read.begin_s
        duration_s = math.ceil(last_s / 60) * 60 + CLEARING_S
        left_out.note("the end of the simulation: an hour after the last departure (SUMO: when all have arrived)")
    if duration_s > LONGEST_RUN_S:
        left_out.note("the end of the simulation: after a week, the longest run")
        duration_s = LONGEST_RUN_S
    step_s = min(max(read.step_s, 0.1), 1.0)
    if step_s != read.step_s:
        left_out.note(f"step length {read.step_s:g} s: {step_s:g} s")
    tree: dict[str, Any] = {
        "citytwin": 1,
        "name": config.name.removesuffix(".sumocfg") or "SUMO",
        "seed": read.seed,
        "start": (DAY_ZERO + dt.timedelta(seconds=read.begin_s)).isoformat(timespec="seconds"),
        "duration_s": duration_s,
        "step_s": step_s,
        "city": {"sumo_net": net},
    }
    if has_programmes:
        tree["network"] = {"signal_programmes": [SIGNALS]}
    tree |= who_travels
    if demand.trips:
        tree["drivers"] = drivers_of(demand.trips, network, left_out)
    events = [event for event in additional.events if event["start_s"] < duration_s]
    left_out.note("closures outside the simulated time", number=len(additional.events) - len(events))
    if events:
        tree["events"] = events
    if additional.sensors:
        tree["sensors"] = additional.sensors
    # Trips take the quickest way. Nobody is teleported here: who would be looks for another way from where it stands.
    tree["routes"] = {
        "perception_noise": 0.0,
        "reroute_blocked_after_s": "never" if read.stuck_s is None else max(read.stuck_s, 1.0),
    }
    if read.stuck_s is not None:
        left_out.note(f"teleports after {read.stuck_s:g} s: who has stood so long looks for another way instead")
    return tree


def _write_yaml(path: Path, tree: dict[str, Any]) -> None:
    from ruamel.yaml import YAML

    yaml = YAML(typ="safe")
    yaml.default_flow_style = None
    yaml.sort_base_mapping_type_on_output = False  # type: ignore[assignment]
    yaml.width = 120
    with path.open("w", encoding="utf-8") as file:
        yaml.dump(tree, file)
