"""Check that a road network keeps every law its tables promise, and give it a fingerprint."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import fields

import numpy as np
from numpy.typing import NDArray

from .network import Control, Light, RoadNetwork, Signals, Turn
from .streets import CAR


def check_network(network: RoadNetwork) -> None:
    """Check the invariants of all tables.

    Raises
    ------
    ValueError
        With one line for every law that is broken.
    """
    broken = list(_shape_laws(network))
    if not broken:  # the others read the tables through these offsets
        broken = [*_order_laws(network), *_foe_laws(network), *_exit_laws(network), *_signal_laws(network)]
    if broken:
        raise ValueError("\n".join(broken))


def network_digest(network: RoadNetwork) -> str:
    """SHA-256 over all tables of a network, in hexadecimal: equal networks have equal digests on every machine."""
    digest = hashlib.sha256()
    for part in fields(network):
        value = getattr(network, part.name)
        if hasattr(value, "__dataclass_fields__"):
            for column in fields(value):
                _feed(digest, f"{part.name}.{column.name}", getattr(value, column.name))
        elif part.init and part.name not in ("faults", "notes", "numbers", "source"):
            _feed(digest, part.name, value)
    return digest.hexdigest()


def _feed(digest: hashlib._Hash, name: str, value: object) -> None:
    digest.update(name.encode())
    if isinstance(value, np.ndarray):
        digest.update(value.dtype.newbyteorder("<").str.encode() + str(value.shape).encode())
        digest.update(np.ascontiguousarray(value.astype(value.dtype.newbyteorder("<"))).tobytes())
    elif isinstance(value, tuple):
        digest.update(repr([sorted(item) if isinstance(item, frozenset) else item for item in value]).encode())
    else:
        digest.update(repr(value).encode())


def _shape_laws(network: RoadNetwork) -> Iterator[str]:
    junctions, links, lanes = len(network.junctions.id), network.link_count, network.lane_count
    movements, connectors, signals = network.movements, network.connectors, network.signals
    offsets = (
        ("junctions.connector_start", network.junctions.connector_start, junctions, connectors.movement.size),
        ("links.lane_start", network.links.lane_start, links, lanes),
        ("links.movement_start", network.links.movement_start, links, movements.turn.size),
        ("links.shape_start", network.links.shape_start, links, len(network.links.shape_xy)),
        ("lanes.connector_start", network.lanes.connector_start, lanes, connectors.movement.size),
        ("connectors.foe_start", connectors.foe_start, connectors.movement.size, connectors.foe.size),
        ("connectors.shape_start", connectors.shape_start, connectors.movement.size, len(connectors.shape_xy)),
        ("signals.phase_start", signals.phase_start, len(signals.id), signals.phase_s.size),
        ("signals.light_start", signals.light_start, signals.phase_s.size, signals.light.size),
    )
    for name, start, count, total in offsets:
        good = (
            start.shape == (count + 1,) and start[0] == 0 and start[-1] == total and bool(np.all(np.diff(start) >= 0))
        )
        if not good:
            yield f"{name} does not cut {total} rows into {count} parts"
    for table in (network.junctions, network.links, network.lanes, movements, connectors, signals):
        own = {"_start", "shape_xy"}
        columns = [f.name for f in fields(table) if not any(f.name.endswith(end) for end in own)]
        free = {
            "foe",
            "foe_kind",
            "foe_yield",
            "foe_reach_m",
            "foe_clear_m",
            "phase_s",
            "shortest_s",
            "longest_s",
            "light",
        }
        sizes = {len(getattr(table, column)) for column in columns if column not in free}
        if len(sizes) > 1:
            yield f"{type(table).__name__} has columns of different lengths"
    of_foes = (
        connectors.foe,
        connectors.foe_kind,
        connectors.foe_yield,
        connectors.foe_reach_m,
        connectors.foe_clear_m,
    )
    if len({column.size for column in of_foes}) > 1:
        yield "foe, foe_kind, foe_yield, foe_reach_m and foe_clear_m differ in length"
    if not signals.phase_s.size == signals.shortest_s.size == signals.longest_s.size:
        yield "phase_s, shortest_s and longest_s differ in length"


def _order_laws(network: RoadNetwork) -> Iterator[str]:
    links, lanes, movements, connectors = network.links, network.lanes, network.movements, network.connectors
    if np.any(np.diff(lanes.link) < 0) or np.any(
        lanes.link != np.repeat(np.arange(network.link_count), np.diff(links.lane_start))
    ):
        yield "lanes are not sorted by link"
    if not _ascending(movements.from_link, movements.to_link):
        yield "movements are not sorted by from_link, to_link"
    if np.any(movements.from_link != np.repeat(np.arange(network.link_count), np.diff(links.movement_start))):
        yield "links.movement_start does not point at the link's movements"
    if np.any(movements.junction != links.to_junction[movements.from_link]):
        yield "a movement is not at the junction its link leads to"
    if np.any(movements.junction != links.from_junction[movements.to_link]):
        yield "a movement enters a link that starts elsewhere"
    junction = movements.junction[connectors.movement]
    if not _ascending(junction, connectors.from_lane, connectors.to_lane):
        yield "connectors are not sorted by junction, from_lane, to_lane"
    if np.any(junction != np.repeat(np.arange(len(network.junctions.id)), np.diff(network.junctions.connector_start))):
        yield "junctions.connector_start does not point at the junction's connectors"
    if np.any(connectors.from_lane != np.repeat(np.arange(network.lane_count), np.diff(lanes.connector_start))):
        yield "lanes.connector_start does not point at the lane's connectors"
    if np.any(lanes.link[connectors.from_lane] != movements.from_link[connectors.movement]):
        yield "a connector leaves a lane of another link than its movement"
    if np.any(lanes.link[connectors.to_lane] != movements.to_link[connectors.movement]):
        yield "a connector enters a lane of another link than its movement"
    if connectors.length_m.size and connectors.length_m.min() < 2.0:
        yield "a connector is shorter than 2 m"
    for name, values in (("links.speed_mps", links.speed_mps), ("connectors.speed_mps", connectors.speed_mps)):
        if not np.all(np.isfinite(values) & (values > 0)):
            yield f"{name} has values that are not positive"
    if not np.all(np.isfinite(links.length_m) & (links.length_m > 0)):
        yield "links.length_m has values that are not positive"
    twin = links.twin[links.twin >= 0]
    if np.any(links.twin[twin] != np.flatnonzero(links.twin >= 0)):
        yield "links.twin is not mutual"


def _ascending(*columns: NDArray[np.int32]) -> bool:
    """Whether rows are sorted by these columns, without doubles."""
    order = np.lexsort(columns[::-1])
    unique = len(np.unique(np.stack(columns, axis=1), axis=0)) == columns[0].size
    return bool(np.all(order == np.arange(columns[0].size))) and unique


def _foe_laws(network: RoadNetwork) -> Iterator[str]:
    connectors = network.connectors
    own = np.repeat(np.arange(connectors.movement.size), np.diff(connectors.foe_start))
    foe = connectors.foe
    if not _ascending(own.astype(np.int32), foe):
        yield "foes of a connector are not sorted or listed twice"
        return
    back = np.lexsort((own, foe))
    if np.any(own[back] != foe) or np.any(foe[back] != own):
        yield "a connector is a foe of one that is not its foe"
        return
    if np.any(connectors.foe_kind[back] != connectors.foe_kind):
        yield "two foes disagree whether they cross or merge"
    reach, clear = connectors.foe_reach_m, connectors.foe_clear_m
    if not np.all((reach >= 0.0) & (reach <= clear) & (clear <= connectors.length_m[foe] + 1e-6)):
        yield "a foe is clear of its conflict before it reaches it or behind the end of its connector"
    junction = network.movements.junction[connectors.movement]
    if np.any(junction[own] != junction[foe]):
        yield "foes stand at different junctions"
    if np.any(connectors.from_lane[own] == connectors.from_lane[foe]):
        yield "two connectors of one lane are foes"
    merge = connectors.to_lane[own] == connectors.to_lane[foe]
    if np.any(merge != (connectors.foe_kind == 1)):
        yield "a merge is not two connectors into one lane"
    both = connectors.foe_yield & connectors.foe_yield[back]
    if np.any(both & (network.junctions.control[junction[own]] != Control.ALL_WAY_STOP)):
        yield "two foes yield to each other and it is no all-way stop"
    controlled = network.junctions.control[junction[own]] == Control.FREE
    if np.any(
        controlled & (network.lanes.link[connectors.from_lane[own]] != network.lanes.link[connectors.from_lane[foe]])
    ):
        yield "roads meet at a junction without control"
    entry = connectors.to_lane
    merging = {(int(a), int(b)) for a, b in zip(own[merge], foe[merge], strict=True)}
    for lane in np.flatnonzero(np.bincount(entry, minlength=network.lane_count) > 1):
        into = np.flatnonzero(entry == lane)
        pairs = ((a, b) for a in into for b in into if connectors.from_lane[a] != connectors.from_lane[b])
        if any((int(a), int(b)) not in merging for a, b in pairs):
            yield f"connectors into lane {lane} are not foes of each other"
            return


def _exit_laws(network: RoadNetwork) -> Iterator[str]:
    lanes, links, movements = network.lanes, network.links, network.movements
    gate = np.array([name in ("exit", "both") for name in network.junctions.gate], dtype=bool)
    excused = {fault.where for fault in network.faults if fault.kind in ("no_exit", "lane_ends")}
    empty = (np.diff(lanes.connector_start) == 0) & (lanes.access & CAR > 0) & ~gate[links.to_junction[lanes.link]]
    for link in np.unique(lanes.link[empty]):
        if links.id[link] not in excused:
            yield f"link {links.id[link]} has a car lane without a connector"
    used = np.bincount(network.connectors.movement, minlength=movements.turn.size)
    if np.any(used == 0):
        yield "a movement has no connector"
    back = links.twin[movements.from_link] == movements.to_link
    at_gate = np.array([name != "" for name in network.junctions.gate], dtype=bool)[movements.junction]
    if np.any(back & at_gate):
        yield "somebody turns round at a gate"
    if np.any(back & (movements.turn != Turn.UTURN)):
        yield "a way back is not called a U-turn"


def _signal_laws(network: RoadNetwork) -> Iterator[str]:
    connectors, signals = network.connectors, network.signals
    junction = network.movements.junction[connectors.movement]
    signalled = network.junctions.control[junction] == Control.SIGNAL
    if np.any((connectors.signal >= 0) != signalled) or np.any((connectors.group >= 0) != signalled):
        yield "connectors with a light are not those at signals"
        return
    own = np.repeat(np.arange(connectors.movement.size), np.diff(connectors.foe_start))
    link = network.lanes.link[connectors.from_lane]
    for row, name in enumerate(signals.id):
        phases, lights = programme(signals, row)
        if not np.all(phases > 0):
            yield f"signal {name} has a phase without duration"
        if signals.assumed[row]:  # a programme of the source is what it is: its faults are listed with the network's
            yield from light_faults(name, lights)
        bounds = slice(*signals.phase_start[row : row + 2])
        if np.any(signals.shortest_s[bounds] > signals.longest_s[bounds]):
            yield f"signal {name} has a phase that must last longer than it may"
        start, stop = network.junctions.connector_start[signals.junction[row] : signals.junction[row] + 2]
        if np.any(connectors.signal[start:stop] != row):
            yield f"signal {name} does not own its junction's connectors"
            continue
        pairs = np.flatnonzero(connectors.signal[own] == row)  # of one controller's junctions, mostly the only one
        for pair in pairs:
            a, b = int(own[pair]), int(connectors.foe[pair])
            if link[a] == link[b]:
                continue  # one approach: lanes that zip together
            light_a, light_b = lights[:, connectors.group[a]], lights[:, connectors.group[b]]
            if np.any((light_a == Light.GREEN) & (light_b == Light.GREEN)):
                yield f"signal {name} shows green to connectors {a} and {b}, which meet"
            if np.any((light_a == Light.GREEN_YIELD) & (light_b == Light.GREEN)) and not connectors.foe_yield[pair]:
                yield f"signal {name}: connector {a} need not yield to {b}, which is plain green with it"
            if np.any((light_a == Light.GREEN) & (light_b == Light.GREEN_YIELD)) and connectors.foe_yield[pair]:
                yield f"signal {name}: connector {a} must yield to {b} but is shown plain green"


def programme(signals: Signals, row: int) -> tuple[NDArray[np.float64], NDArray[np.int8]]:
    """Durations (s) ``[phase]`` and lights ``[phase, group]`` of one controller."""
    first, last = signals.phase_start[row], signals.phase_start[row + 1]
    lights = signals.light[signals.light_start[first] : signals.light_start[last]]
    return signals.phase_s[first:last], lights.reshape(last - first, signals.group_count[row])


def light_faults(name: str, lights: NDArray[np.int8]) -> Iterator[str]:
    """What a programme shows that drivers should not see; ``lights`` are ``[phase, group]``."""
    green = lights >= Light.GREEN_YIELD
    if not np.all(green.any(axis=0)):
        yield f"signal {name} has a group that never gets green"
    after = np.roll(lights, -1, axis=0)
    if np.any(green & (after == Light.RED)):
        yield f"signal {name} goes from green to red without yellow"
    if np.any((lights == Light.YELLOW) & (after >= Light.GREEN_YIELD)):
        yield f"signal {name} goes from yellow back to green"
