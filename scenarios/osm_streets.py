"""Build the street graph of a place from OpenStreetMap data."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .network import ROAD_CLASSES, Fault
from .osm_chains import XY, ChainGraph, Run, build_chains, line_length, weld_duplicates
from .osm_clusters import Clusters, find_clusters, narrow_rings
from .osm_conditions import Conditions
from .osm_defaults import defaults_for
from .osm_gates import find_gates
from .osm_inner_paths import legal_paths
from .osm_levels import crossings_without_node
from .osm_outlines import clean_line, cut_line, end_trims, extend_line, fit_trims, offset_line, runs_width_m, width_m
from .osm_place import find_place, middle, project, urban_ways, utm_epsg
from .osm_read import ATTRIBUTION, OsmData, OsmRelation, OsmWay
from .osm_restrictions import Drive, Drives, Restrictions, read_restrictions
from .osm_signals import Controls, place_controls
from .osm_slopes import gradient_of, heights_of
from .osm_splits import split_at_changes, split_at_crossings
from .osm_tags import Direction, Road, is_closed_barrier, read_road
from .period import Period
from .problems import SourceError
from .streets import JunctionSpec, Street, StreetGraph
from .turn_pockets import pockets_by_width, with_pockets

# Service ways and tracks are yards and fields: they take part in no through traffic and join nothing that is apart.
LEFT_OUT = frozenset({"service", "track"})
GATE_STREET_M = 20.0  # a stub at the cut edge is drawn on to at least this length
LOWEST_SPEED_KMH = 5.0


def build_streets(data: OsmData, options: Any = None, period: Period | None = None) -> StreetGraph:
    """Turn OpenStreetMap data into streets and junctions.

    Parameters
    ----------
    data : OsmData
        What ``read_osm`` or ``read_graphml`` returned.
    options : object or mapping, optional
        With any of ``defaults``, ``driving_side``, ``country``, ``merge``, ``keep``; see ``scenario.NetworkOptions``.
    period : Period, optional
        When the run takes place: tags that depend on the time are taken as they are at its beginning. Without it they
        are left out.

    Raises
    ------
    SourceError
        No street that cars may use.
    """
    candidates = [
        way
        for way in sorted(data.ways, key=lambda way: (way.id, way.first_index))
        if way.tags["highway"] in ROAD_CLASSES and way.tags["highway"] not in LEFT_OUT and len(way.nodes) >= 2
    ]
    if not candidates:
        msg = f"{data.source}: no streets for cars in it (highway=residential, primary, ...)."
        raise SourceError(msg)
    lon, lat = middle(data.nodes)
    epsg = utm_epsg(lon, lat)
    xy = project(data.nodes, epsg)
    place = find_place(
        data, xy, epsg, country=_option(options, "country"), driving_side=_option(options, "driving_side")
    )
    defaults = defaults_for(place.country, _plain(_option(options, "defaults")))
    ways: list[OsmWay] = []
    roads: list[Road] = []
    doubts: Counter[str] = Counter()
    conditions = Conditions(period)
    for way, urban in zip(candidates, urban_ways(candidates, xy), strict=True):
        road = read_road(conditions.of_way(way.tags, f"way/{way.id}"), defaults, urban=urban, on_left=place.on_left)
        if road is not None:
            ways.append(way)
            roads.append(road)
            doubts.update(road.doubts)
    if not ways:
        msg = f"{data.source}: no street in it is open to cars."
        raise SourceError(msg)
    notes = [*data.notes, *place.notes, *(f"{text} ({count} ways)." for text, count in sorted(doubts.items()))]
    ways, welded = weld_duplicates(ways, roads, data.nodes)
    if welded:
        notes.append(f"{welded} nodes lie exactly on another one of the same level: they were joined to it.")
    barriers = _closed_barriers(data, ways, conditions)
    graph, repairs = build_chains(ways, roads, xy, barriers)
    notes += repairs
    if narrow := narrow_rings(graph):
        notes.append(f"{narrow} small roundabouts without a count of lanes were given one lane.")
    controls = place_controls(graph, data.node_tags)
    gates = find_gates(graph, data.cut_nodes, _corners(data, epsg), xy)
    clusters = find_clusters(
        graph,
        controls,
        gates=gates,
        merge=[[_node_number(node) for node in group] for group in _option(options, "merge") or ()],
        keep=[_node_number(node) for node in _option(options, "keep") or ()],
    )
    notes += split_at_crossings(graph, controls, clusters)
    split_at_changes(graph, clusters)
    assembly = _Assembly(graph, controls, clusters, gates, place.on_left, heights_of(data))
    restrictions = read_restrictions(assembly.drives, _at_the_time(data.restrictions, ways, conditions))
    notes += _restriction_notes(restrictions, len(data.restrictions))
    notes += conditions.notes()
    streets, junctions, sequences = assembly.build(restrictions)
    notes += assembly.notes
    if not streets:
        msg = f"{data.source}: its streets have no length: all their nodes lie at one place."
        raise SourceError(msg)
    found = StreetGraph(
        name=data.name,
        epsg=epsg,
        drives_on_left=place.on_left,
        country=place.country,
        source=data.source,
        attribution=ATTRIBUTION,
        streets=tuple(streets),
        junctions=tuple(junctions),
        forbidden_sequences=sequences,
        faults=(*assembly.faults, *crossings_without_node(ways, roads, xy)),
        notes=tuple(notes),
        depends_on_time=conditions.met,
    )
    if not _option(options, "pockets"):
        return found
    with_them, dug = with_pockets(found, pockets_by_width(found, assembly.width_m))
    note = f"{dug} turn pockets of 30 m were made where a road with one lane is at least 9 m wide before a signal."
    return replace(with_them, notes=(*found.notes, note))


def _closed_barriers(data: OsmData, ways: Iterable[OsmWay], conditions: Conditions) -> frozenset[int]:
    """Nodes of ways that stop cars."""
    nodes = {node for way in ways for node in way.nodes}
    return frozenset(
        node
        for node, tags in data.node_tags.items()
        if node in nodes and "barrier" in tags and is_closed_barrier(conditions.of_way(tags, f"node/{node}"))
    )


def _at_the_time(
    restrictions: Iterable[OsmRelation], ways: Iterable[OsmWay], conditions: Conditions
) -> Iterator[OsmRelation]:
    """Restrictions with the tags that hold at the time; of those that name other ways nothing is noted."""
    known, elsewhere = {way.id for way in ways}, Conditions(conditions.period)
    for relation in restrictions:
        here = all(kind != "way" or ref in known for kind, ref, _ in relation.members)
        tags = (conditions if here else elsewhere).of_restriction(relation.tags, f"relation/{relation.id}")
        yield replace(relation, tags=tags)


def _option(options: Any, key: str) -> Any:
    if options is None:
        return None
    return options.get(key) if isinstance(options, Mapping) else getattr(options, key, None)


def _plain(defaults: Any) -> dict[str, dict[str, float]]:
    """Replaced defaults as plain dictionaries, whether they came as models or as mappings."""
    return {
        road_class: dict(values) if isinstance(values, Mapping) else values.model_dump(exclude_none=True)
        for road_class, values in (defaults or {}).items()
    }


def _node_number(node: str | int) -> int:
    text = str(node).removeprefix("node/")
    try:
        return int(text)
    except ValueError:
        msg = f"network.merge and network.keep name OpenStreetMap nodes such as node/123, not {node!r}."
        raise SourceError(msg) from None


def _corners(data: OsmData, epsg: int) -> list[XY]:
    if data.bbox is None:
        return []
    west, south, east, north = data.bbox
    corners = {0: (west, south), 1: (east, south), 2: (east, north), 3: (west, north)}
    found = project(corners, epsg)
    return [found[corner] for corner in range(4)]


def _restriction_notes(found: Restrictions, total: int) -> list[str]:
    if not total:
        return []
    text = (
        f"Turn restrictions: {found.used} of {total} hold in the network, {found.elsewhere} name ways outside it, "
        f"{found.conditional} do not hold at the time, {found.for_others} do not bind cars."
    )
    return [text]


class _Assembly:
    """Chains and clusters made into streets and junctions."""

    def __init__(
        self,
        graph: ChainGraph,
        controls: Controls,
        clusters: Clusters,
        gates: Mapping[int, str],
        on_left: bool,
        heights_m: Mapping[int, float],
    ) -> None:
        self.graph, self.controls, self.clusters, self.gates = graph, controls, clusters, gates
        self.heights_m = heights_m
        self.width_m: dict[str, float] = {}  # of the carriageway of streets of which a tag says it
        self.side = -1.0 if on_left else 1.0
        self.drives = Drives(graph)
        self.ids: dict[Drive, str] = {}
        self.shapes: dict[Drive, list[XY]] = {}
        self.notes: list[str] = []
        self.faults: list[Fault] = []

    def build(self, restrictions: Restrictions) -> tuple[list[Street], list[JunctionSpec], tuple[tuple[str, ...], ...]]:
        """Streets and junctions sorted by their source ids, and forbidden sequences of streets."""
        graph, inner = self.graph, self.clusters.inner
        widths = {key: width_m(graph, key) for key in graph.chains}
        trims = {node: end_trims(graph, node, widths) for node in graph.at}
        order = sorted(graph.chains)
        for key in order:
            chain = graph.chains[key]
            for forward, runs in ((True, chain.forward), (False, chain.backward)):
                if runs:
                    self.ids[key, forward] = self._street_id(runs[0])
        extended = 0
        for key in order:
            extended += self._shape(key, trims, trimmed=key not in inner)
        if extended:
            self.notes.append(f"{extended} stubs at the cut edge were drawn on to {GATE_STREET_M:g} m.")
        streets = [self._street(*drive) for drive in self.ids if drive[0] not in inner]
        streets.sort(key=lambda street: _id_order(street.id))
        banned_at: dict[int, list[tuple[Drive, Drive]]] = {}
        for pair in restrictions.banned:
            banned_at.setdefault(self.drives.ends(pair[0])[1], []).append(pair)
        junctions = []
        for name in sorted(self.clusters.members):
            banned = {pair for node in self.clusters.members[name] for pair in banned_at.get(node, ())}
            spec = self._junction(name, banned, restrictions.sequences)
            if spec is not None:
                junctions.append(spec)
        return streets, junctions, self._sequences(restrictions)

    def _street_id(self, run: Run) -> str:
        way = self.graph.ways[run.way]
        return f"way/{way.id}:{way.first_index + run.first}-{way.first_index + run.last}"

    def junction_id(self, node: int) -> str:
        """Id of the junction that a node belongs to."""
        name = self.clusters.of[node]
        original = self.graph.alias.get(name)
        if original is None:
            return f"node/{name}"
        copies = sorted((copy for copy, node in self.graph.alias.items() if node == original), reverse=True)
        return f"node/{original}{chr(ord('b') + copies.index(name))}"

    def _shape(self, key: int, trims: Mapping[int, Mapping[int, float]], *, trimmed: bool) -> bool:
        """Lay out both directions of a chain; says whether it was drawn on at the cut edge."""
        graph, chain = self.graph, self.graph.chains[key]
        widths = (runs_width_m(graph, chain.forward), runs_width_m(graph, chain.backward))
        extra_m = max(0.0, GATE_STREET_M - graph.length_m(key)) if {chain.u, chain.v} & self.gates.keys() else 0.0
        for forward in (True, False):
            if not (chain.forward if forward else chain.backward):
                continue
            points = clean_line(graph.shape(key, forward=forward))
            start, end = (chain.u, chain.v) if forward else (chain.v, chain.u)
            if extra_m:
                points = extend_line(points, extra_m, at_end=end in self.gates)
            if not chain.oneway:
                # The way is the middle of both directions' lanes: each lies beside it by half of the other's width.
                points = clean_line(offset_line(points, self.side * widths[1 if forward else 0] / 2.0))
            if trimmed:
                points = cut_line(points, *fit_trims(line_length(points), trims[start][key], trims[end][key]))
            self.shapes[key, forward] = points
        return extra_m > 0.0

    def _street(self, key: int, forward: bool) -> Street:
        graph, chain = self.graph, self.graph.chains[key]
        if not forward:
            chain = chain.turned()
        runs = chain.forward
        lengths = [_run_length(graph, run) for run in runs]
        longest = runs[max(range(len(runs)), key=lambda number: (lengths[number], -number))]
        main, road = graph.direction(longest), graph.roads[longest.way]
        last = graph.direction(runs[-1])
        seconds = sum(size / graph.direction(run).speed_kmh for size, run in zip(lengths, runs, strict=True))
        speed_kmh = max(sum(lengths) / seconds if seconds > 0.0 else main.speed_kmh, LOWEST_SPEED_KMH)
        names = [graph.roads[run.way].name for run in (longest, *runs) if graph.roads[run.way].name]
        twin = self.ids.get((key, not forward), "")
        if (width := graph.roads[runs[-1].way].width_m) is not None:
            self.width_m[self.ids[key, forward]] = width
        return Street(
            id=self.ids[key, forward],
            from_junction=self.junction_id(chain.u),
            to_junction=self.junction_id(chain.v),
            shape_xy=np.array(self.shapes[key, forward]),
            road_class=road.road_class,
            speed_mps=speed_kmh / 3.6,
            lane_width_m=main.lane_width_m,
            lane_access=main.lane_access,
            name=names[0] if names else "",
            source_ways=tuple(dict.fromkeys(f"way/{graph.ways[run.way].id}" for run in runs)),
            oneway=chain.oneway,
            roundabout=graph.is_ring(key),
            destination_only=main.destination_only,
            turn_lanes=_fitting_arrows(last, main),
            sign=chain.sign_forward or self._minor_sign(key, chain.v, road.road_class),
            signalised=chain.signal_forward or chain.v in self.controls.signal_nodes,
            layer=road.layer,
            twin=twin,
            assumed=main.assumed,
            gradient=gradient_of(graph, chain, lengths, self.heights_m),
        )

    def _minor_sign(self, key: int, node: int, road_class: str) -> str:
        """A sign that stands on the junction itself binds the streets of lesser rank."""
        sign = self.controls.minor_stop.get(node, "")
        if not sign:
            return ""
        ranks = [
            ROAD_CLASSES[self.graph.roads[run.way].road_class]
            for other in self.graph.at[node]
            for run in (self.graph.chains[other].forward or self.graph.chains[other].backward)[:1]
        ]
        return sign if ROAD_CLASSES[road_class] < max(ranks) else ""

    def _junction(
        self, name: int, banned: set[tuple[Drive, Drive]], sequences: Collection[tuple[Drive, ...]]
    ) -> JunctionSpec | None:
        nodes, inner = self.clusters.members[name], self.clusters.inner
        arriving = [d for node in nodes for d in self.drives.arriving.get(node, ()) if d[0] not in inner]
        leaving = [d for node in nodes for d in self.drives.leaving.get(node, ()) if d[0] not in inner]
        if not arriving and not leaving:
            return None
        places = [self.graph.xy[node] for node in nodes]
        xy = (sum(x for x, _ in places) / len(places), sum(y for _, y in places) / len(places))
        gate = next((self.gates[node] for node in nodes if node in self.gates), "")
        if not leaving:
            gate = "exit"
        elif not arriving:
            gate = "entry"
        crossing = any(node in self.controls.crossing_nodes for node in nodes)
        inside = {key for node in nodes for key in self.graph.at[node]} & inner
        signalised = crossing or any(
            node in self.controls.signal_nodes or node in self.clusters.signalised for node in nodes
        )
        paths: dict[tuple[str, str], NDArray[np.float64]] | None = None
        if inside:
            legal = legal_paths(self.graph, self.drives, inside, nodes, banned, sequences)
            legal |= self._ways_out(arriving, leaving, legal, name, xy)
            paths = {(self.ids[a], self.ids[b]): self._path_shape(a, b, path) for (a, b), path in sorted(legal.items())}
            pairs: Iterable[tuple[Drive, Drive]] = ((a, b) for a in arriving for b in leaving if (a, b) not in legal)
        else:
            pairs = self._without_traps(banned, leaving, name, xy)
        return JunctionSpec(
            id=self.junction_id(name),
            x_m=xy[0],
            y_m=xy[1],
            source_nodes=self._source_nodes(nodes),
            signalised=signalised,
            all_way_stop=any(node in self.controls.all_way_stop for node in nodes),
            mini_roundabout=any(node in self.controls.mini_roundabouts for node in nodes),
            gate=gate,
            banned=frozenset((self.ids[a], self.ids[b]) for a, b in pairs),
            inner_paths=paths,
            crossing_signal=crossing,
        )

    def _source_nodes(self, nodes: tuple[int, ...]) -> tuple[int, ...]:
        """Nodes as the source knows them; a copy made at a barrier counts only where it stands alone."""
        alias = self.graph.alias
        return tuple(node for node in nodes if node not in alias) or tuple(sorted({alias[node] for node in nodes}))

    def _without_traps(
        self, banned: set[tuple[Drive, Drive]], leaving: list[Drive], name: int, xy: XY
    ) -> set[tuple[Drive, Drive]]:
        """Restrictions without those that together leave a street no way on, not even back."""
        kept = set(banned)
        for first in sorted({a for a, _ in banned}):
            if leaving and all((first, b) in banned for b in leaving):
                kept -= {(first, b) for b in leaving}
                text = f"{self.ids[first]} may go nowhere: its restrictions are dropped"
                self._fault("restriction_closes_street", name, xy, text)
        return kept

    def _ways_out(
        self,
        arriving: list[Drive],
        leaving: list[Drive],
        legal: Mapping[tuple[Drive, Drive], tuple[Drive, ...]],
        name: int,
        xy: XY,
    ) -> dict[tuple[Drive, Drive], tuple[Drive, ...]]:
        """A street that enters a junction without a legal way on, not even back, gets one straight across."""
        added: dict[tuple[Drive, Drive], tuple[Drive, ...]] = {}
        for first in arriving:
            if leaving and not any((first, b) in legal for b in leaving):
                added.update({(first, b): () for b in leaving})
                self._fault("no_way_out", name, xy, f"{self.ids[first]} enters a junction without a legal way on")
        return added

    def _fault(self, kind: str, node: int, xy: XY, text: str) -> None:
        self.faults.append(Fault(kind, self.junction_id(node), *xy, text))

    def _path_shape(self, first: Drive, last: Drive, path: tuple[Drive, ...]) -> NDArray[np.float64]:
        inner = [point for drive in path for point in self.shapes[drive]]
        return np.array(clean_line([self.shapes[first][-1], *inner, self.shapes[last][0]]))

    def _sequences(self, restrictions: Restrictions) -> tuple[tuple[str, ...], ...]:
        """Forbidden sequences in terms of streets; those that lie in one junction are already missing paths there."""
        found = set()
        for sequence in restrictions.sequences:
            outside = tuple(self.ids[drive] for drive in sequence if drive[0] not in self.clusters.inner)
            ends_outside = all(drive[0] not in self.clusters.inner for drive in (sequence[0], sequence[-1]))
            if len(outside) >= 3 and ends_outside:
                found.add(outside)
        return tuple(sorted(found))


def _run_length(graph: ChainGraph, run: Run) -> float:
    nodes = graph.run_nodes((run,))
    return sum(math.dist(graph.xy[a], graph.xy[b]) for a, b in itertools.pairwise(nodes))


def _fitting_arrows(last: Direction, main: Direction) -> tuple[tuple[str, ...], ...] | None:
    """Arrows at the downstream end, if there are as many as the street has lanes."""
    arrows = last.turn_lanes
    return arrows if arrows is not None and len(arrows) == len(main.lane_access) else None


def _id_order(street_id: str) -> tuple[int, int, int]:
    way, _, span = street_id.removeprefix("way/").partition(":")
    first, _, last = span.partition("-")
    return int(way), int(first), int(last)
