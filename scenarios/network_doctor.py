"""Examine a road network: count what it is made of, and list what is wrong or doubtful with its place."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .network import CLASS_NAMES, NO_PLACE, Control, Fault, RoadNetwork
from .streets import MODES, MOTOR

SHORTEST_LINK_M = 7.5  # room for one vehicle
WIDEST_JUNCTION_M = 60.0  # between stop lines, which is about 45 m between nodes
MOST_APPROACHES = 8
EXAMINED_MODES = ("car", "truck", "bus", "bicycle", "emergency")


@dataclass(frozen=True, slots=True)
class ClassCount:
    """Links of one road class."""

    road_class: str
    links: int
    length_km: float
    lane_km: float


@dataclass(frozen=True, slots=True)
class Reach:
    """How well one mode gets about, in links on the graph of allowed turns."""

    mode: str
    links: int  # that the mode may use
    strongly_connected: int  # in the largest part in which every link can be reached from every other
    parts: int  # such parts of more than one link
    cut_off: int  # neither reached from the largest part or an entry, or not leading back to it or an exit


@dataclass(frozen=True, slots=True)
class Examination:
    """What the doctor found."""

    classes: tuple[ClassCount, ...]
    assumed_share: Mapping[str, float]  # value → share of links for which no tag gave it
    junctions: Mapping[str, int]  # by control, and "gates"
    reach: tuple[Reach, ...]
    faults: tuple[Fault, ...]  # sorted by kind and id
    fault_counts: Mapping[str, int]

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON, the faults themselves left to ``to_geojson``."""
        return {
            "classes": [
                {
                    "class": row.road_class,
                    "links": row.links,
                    "km": round(row.length_km, 3),
                    "lane_km": round(row.lane_km, 3),
                }
                for row in self.classes
            ],
            "assumed_share": {key: round(share, 4) for key, share in self.assumed_share.items()},
            "junctions": dict(self.junctions),
            "reach": [
                {
                    "mode": row.mode,
                    "links": row.links,
                    "strongly_connected": row.strongly_connected,
                    "parts": row.parts,
                    "cut_off": row.cut_off,
                }
                for row in self.reach
            ],
            "faults": dict(self.fault_counts),
        }


def examine(network: RoadNetwork) -> Examination:
    """Count and check a network.

    Faults are those found while reading (``network.faults``: ``crosses_without_node``, ``restriction_closes_street``,
    ``no_way_out``) and the ones found here: ``dead_end``, ``unreachable`` and ``no_way_on`` (by mode), ``too_short``,
    ``signal_without_approach``, ``wide_junction``, ``many_approaches``, ``several_layers``, ``lane_without_exit``.
    """
    reach, cut_off = _examine_reach(network)
    faults = sorted(
        {
            *network.faults,
            *cut_off,
            *_dead_ends(network),
            *_short_links(network),
            *_signals_without_approach(network),
            *_doubtful_junctions(network),
            *_lanes_without_exit(network),
        },
        key=lambda fault: (fault.kind, fault.mode, fault.where, fault.text),
    )
    links = max(network.link_count, 1)
    controls = Counter(Control(control).name.lower() for control in network.junctions.control.tolist())
    return Examination(
        classes=tuple(_count_classes(network)),
        assumed_share={key: count / links for key, count in sorted(network.assumed.items())},
        junctions={**dict(sorted(controls.items())), "gates": sum(bool(gate) for gate in network.junctions.gate)},
        reach=reach,
        faults=tuple(faults),
        fault_counts=dict(sorted(Counter(fault.kind for fault in faults).items())),
    )


def to_geojson(network: RoadNetwork, faults: Iterable[Fault]) -> dict[str, Any]:
    """Faults as a GeoJSON feature collection of points in longitude and latitude."""
    from pyproj import Transformer

    faults = list(faults)
    features = []
    if faults:
        lons, lats = [fault.x_m for fault in faults], [fault.y_m for fault in faults]
        if network.epsg != NO_PLACE:
            lons, lats = Transformer.from_crs(network.epsg, 4326, always_xy=True).transform(lons, lats)
        for fault, lon, lat in zip(faults, lons, lats, strict=True):
            properties = {"kind": fault.kind, "where": fault.where, "text": fault.text}
            if fault.mode:
                properties["mode"] = fault.mode
            point = {"type": "Point", "coordinates": [round(float(lon), 7), round(float(lat), 7)]}
            geometry = None if network.epsg == NO_PLACE else point
            features.append({"type": "Feature", "geometry": geometry, "properties": properties})
    return {"type": "FeatureCollection", "attribution": network.attribution, "features": features}


def write_geojson(network: RoadNetwork, faults: Iterable[Fault], path: Path) -> None:
    """Write faults to a GeoJSON file."""
    path.write_text(json.dumps(to_geojson(network, faults), ensure_ascii=False), encoding="utf-8")


def _count_classes(network: RoadNetwork) -> Iterator[ClassCount]:
    lengths, lanes = network.links.length_m, np.diff(network.links.lane_start)
    for row, name in enumerate(CLASS_NAMES):
        chosen = network.links.road_class == row
        if chosen.any():
            km = lengths[chosen] / 1000.0
            yield ClassCount(name, int(chosen.sum()), float(km.sum()), float((km * lanes[chosen]).sum()))


# Reach -------------------------------------------------------------------------------------------------------------


def _examine_reach(network: RoadNetwork) -> tuple[tuple[Reach, ...], list[Fault]]:
    """Strong parts by mode, and links that are cut off; other modes list only links that cars do not lack already."""
    found: list[Reach] = []
    faults: list[Fault] = []
    car_faults: set[tuple[str, int]] = set()
    for mode in EXAMINED_MODES:
        usable = _usable_links(network, MODES[mode])
        if not usable.any():
            continue
        arcs = _turns(network, MODES[mode])
        labels = _strong_parts(network.link_count, arcs)
        sizes = np.bincount(labels[usable])
        main = np.flatnonzero(usable & (labels == int(sizes.argmax())))
        gates = np.array(network.junctions.gate)
        entries = np.flatnonzero(usable & np.isin(gates[network.links.from_junction], ("entry", "both")))
        exits = np.flatnonzero(usable & np.isin(gates[network.links.to_junction], ("exit", "both")))
        reached = _reached(network.link_count, arcs, np.concatenate((main, entries)))
        leads_on = _reached(network.link_count, arcs[:, ::-1], np.concatenate((main, exits)))
        cut = {("unreachable", link) for link in np.flatnonzero(usable & ~reached).tolist()}
        cut |= {("no_way_on", link) for link in np.flatnonzero(usable & ~leads_on).tolist()}
        texts = {
            "unreachable": "can be reached neither from the connected part of the network nor from an entry",
            "no_way_on": "leads neither to the connected part of the network nor to an exit",
        }
        for kind, link in sorted(cut - car_faults):
            faults.append(_link_fault(network, kind, link, texts[kind], mode))
        if mode == "car":
            car_faults = cut
        parts = int((sizes > 1).sum())
        found.append(Reach(mode, int(usable.sum()), int(main.size), parts, len({link for _, link in cut})))
    return tuple(found), faults


def _usable_links(network: RoadNetwork, bit: int) -> NDArray[np.bool_]:
    usable = np.zeros(network.link_count, dtype=np.bool_)
    usable[network.lanes.link[(network.lanes.access & bit) != 0]] = True
    return usable


def _turns(network: RoadNetwork, bit: int) -> NDArray[np.int64]:
    """Allowed turns of a mode as rows (from link, to link): some connector joins two lanes that are open to it."""
    connectors, access = network.connectors, network.lanes.access
    usable = (access[connectors.from_lane] & access[connectors.to_lane] & bit) != 0
    rows = np.unique(connectors.movement[usable])
    return np.column_stack((network.movements.from_link[rows], network.movements.to_link[rows])).astype(np.int64)


def _strong_parts(count: int, arcs: NDArray[np.int64]) -> NDArray[np.int32]:
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    graph = coo_array((np.ones(len(arcs), dtype=np.int8), (arcs[:, 0], arcs[:, 1])), shape=(count, count))
    _, labels = connected_components(graph.tocsr(), directed=True, connection="strong")
    return np.asarray(labels, dtype=np.int32)


def _reached(count: int, arcs: NDArray[np.int64], starts: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Links that can be reached from any of the starts."""
    order = np.argsort(arcs[:, 0], kind="stable")
    targets = arcs[order, 1]
    first = np.searchsorted(arcs[order, 0], np.arange(count + 1))
    reached = np.zeros(count, dtype=np.bool_)
    reached[starts] = True
    waiting = starts.tolist()
    while waiting:
        link = waiting.pop()
        for target in targets[first[link] : first[link + 1]].tolist():
            if not reached[target]:
                reached[target] = True
                waiting.append(target)
    return reached


# Single faults -----------------------------------------------------------------------------------------------------


def _link_fault(network: RoadNetwork, kind: str, link: int, text: str, mode: str = "") -> Fault:
    shape = network.link_shape_xy(link)
    x, y = shape[len(shape) // 2] if len(shape) > 2 else shape.mean(axis=0)
    return Fault(kind, network.links.id[link], float(x), float(y), text, mode)


def _junction_fault(network: RoadNetwork, kind: str, junction: int, text: str) -> Fault:
    junctions = network.junctions
    return Fault(kind, junctions.id[junction], float(junctions.x_m[junction]), float(junctions.y_m[junction]), text)


def _dead_ends(network: RoadNetwork) -> Iterator[Fault]:
    count = len(network.junctions.id)
    arriving = np.bincount(network.links.to_junction, minlength=count)
    leaving = np.bincount(network.links.from_junction, minlength=count)
    for junction in np.flatnonzero((arriving <= 1) & (leaving <= 1)).tolist():
        links_in = np.flatnonzero(network.links.to_junction == junction)
        turns_back = all(network.links.from_junction[network.links.twin[link]] == junction for link in links_in)
        if not network.junctions.gate[junction] and turns_back:
            yield _junction_fault(network, "dead_end", junction, "the street ends here; vehicles turn round")


def _short_links(network: RoadNetwork) -> Iterator[Fault]:
    for link in np.flatnonzero(network.links.length_m < SHORTEST_LINK_M - 0.05).tolist():
        length = network.links.length_m[link]
        yield _link_fault(network, "too_short", link, f"{length:.1f} m from stop line to stop line: no vehicle fits")


def _signals_without_approach(network: RoadNetwork) -> Iterator[Fault]:
    served = set(network.connectors.signal.tolist())
    for row, junction in enumerate(network.signals.junction.tolist()):
        if row not in served:
            yield _junction_fault(
                network, "signal_without_approach", junction, "no street that vehicles drive gets a light"
            )


def _doubtful_junctions(network: RoadNetwork) -> Iterator[Fault]:
    links = network.links
    ends: dict[int, list[tuple[NDArray[np.float64], int, bool]]] = {}
    for link in range(network.link_count):
        shape = network.link_shape_xy(link)
        ends.setdefault(int(links.to_junction[link]), []).append((shape[-1], link, True))
        ends.setdefault(int(links.from_junction[link]), []).append((shape[0], link, False))
    for junction, found in sorted(ends.items()):
        points = np.array([point for point, _, _ in found])
        width = float(np.hypot(*(points[:, None] - points[None]).transpose(2, 0, 1)).max())
        if width > WIDEST_JUNCTION_M:
            yield _junction_fault(network, "wide_junction", junction, f"{width:.0f} m between stop lines")
        approaches = sum(arrives for _, _, arrives in found)
        if approaches > MOST_APPROACHES:
            yield _junction_fault(network, "many_approaches", junction, f"{approaches} streets lead into it")
        levels = sorted({int(links.layer[link]) for _, link, _ in found})
        if len(levels) > 1 and len(network.junctions.source_nodes[junction]) > 1:
            text = f"merged from {len(network.junctions.source_nodes[junction])} nodes of levels {levels}"
            yield _junction_fault(network, "several_layers", junction, text)


def _lanes_without_exit(network: RoadNetwork) -> Iterator[Fault]:
    driven = (network.lanes.access & MOTOR) != 0  # a cycle lane needs no connectors: nobody drives on it here
    without = np.flatnonzero((np.diff(network.lanes.connector_start) == 0) & driven)
    said = {fault.where for fault in network.faults if fault.kind == "lane_ends"}
    for lane in without.tolist():
        link = int(network.lanes.link[lane])
        gate = network.junctions.gate[network.links.to_junction[link]]
        if gate not in {"exit", "both"} and network.links.id[link] not in said:
            text = f"lane {network.lanes.index[lane]} leads nowhere"
            yield _link_fault(network, "lane_without_exit", link, text)
