"""Make street graphs from rules: regular grids and small random cities, for tests and measurements."""

from __future__ import annotations

import math
import zlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np

from .streets import JunctionSpec, StreetGraph
from .synthetic_roads import Road, draw_city

SPACING_M = 160.0
JITTER_M = 35.0
RING_RADIUS_M = 22.0
GATE_ARM_M = 120.0
CLASSES = (("primary", 60.0, 3), ("secondary", 50.0, 2), ("tertiary", 50.0, 2), ("residential", 30.0, 1))
ARROWS = ("left", "through", "right")


def grid_city(
    rows: int,
    columns: int,
    block_m: float = 200.0,
    lanes: int = 2,
    *,
    signalised: bool = True,
    speed_kmh: float = 50.0,
    drives_on_left: bool = False,
    country: str = "",
    lane_width_m: float = 3.0,
    road_class: str = "secondary",
    gates: bool = False,
) -> StreetGraph:
    """Return a regular grid of two-way streets.

    Parameters
    ----------
    rows, columns
        Number of junctions from south to north and from west to east.
    lanes
        Per direction.
    signalised
        Signals at every junction with three or more arms; otherwise nobody has priority by sign.
    gates
        Let every street at the edge go on for one more block, to a gate where vehicles enter and leave.
    """
    places: dict[str, tuple[float, float]] = {}
    roads: list[Road] = []
    gate_names: set[str] = set()

    def name(row: int, column: int) -> str:
        return f"node/{row:03d}-{column:03d}"

    def road(start: str, end: str, street: str) -> None:
        roads.append(
            Road(start, end, lanes, lanes, road_class, speed_kmh=speed_kmh, lane_width_m=lane_width_m, name=street)
        )

    for row in range(rows):
        for column in range(columns):
            places[name(row, column)] = (column * block_m, row * block_m)
            if column:
                road(name(row, column - 1), name(row, column), f"Street {row + 1}")
            if row:
                road(name(row - 1, column), name(row, column), f"Avenue {column + 1}")
    if gates:
        edge = [(f"gate/w{r:03d}", r, 0, -1, 0) for r in range(rows)]
        edge += [(f"gate/e{r:03d}", r, columns - 1, 1, 0) for r in range(rows)]
        edge += [(f"gate/s{c:03d}", 0, c, 0, -1) for c in range(columns)]
        edge += [(f"gate/n{c:03d}", rows - 1, c, 0, 1) for c in range(columns)]
        for gate, row, column, dx, dy in edge:
            places[gate] = ((column + dx) * block_m, (row + dy) * block_m)
            gate_names.add(gate)
            road(gate, name(row, column), f"Street {row + 1}" if dx else f"Avenue {column + 1}")
    arms = Counter(place for road in roads for place in (road.start, road.end))
    specs = [
        JunctionSpec(
            place,
            x,
            y,
            signalised=signalised and arms[place] >= 3,
            gate="both" if place in gate_names else "",
        )
        for place, (x, y) in places.items()
    ]
    return draw_city(f"grid {rows} x {columns}", specs, roads, drives_on_left=drives_on_left, country=country)


def random_city(
    seed: int,
    junctions: int | None = None,
    *,
    drives_on_left: bool = False,
    country: str = "",
    gates: bool = True,
    signals: float = 0.4,
    rings: float = 0.3,
) -> StreetGraph:
    """Return a small random city: mixed lanes, one-ways, signs, signals, a ring, gates; same arguments, same city.

    Every link can be reached from every other, gates aside.

    Parameters
    ----------
    junctions
        Number of places where streets meet, gates and rings not counted; 4 to 12 by chance if not given.
    gates
        Let some streets lead out of the city, to gates where vehicles enter and leave.
    signals
        Share of the larger junctions that get signals.
    rings
        Probability that one of them becomes a roundabout.
    """
    rng = np.random.default_rng([seed, zlib.crc32(b"random city")])
    count = int(rng.integers(4, 13)) if junctions is None else junctions
    at, pairs = _places(rng, count)
    roads = [_road(rng, start, end) for start, end in pairs]
    if not _all_links_meet(roads, set()):  # one closed block: nowhere to turn round
        at["node/end"] = (at["node/000"][0] - GATE_ARM_M, at["node/000"][1] - GATE_ARM_M)
        roads.append(_road(rng, "node/000", "node/end"))
    gate_kinds = _add_gates(rng, at, roads) if gates else {}
    roads = _make_oneways(rng, roads, set(gate_kinds))
    specs = {place: JunctionSpec(place, x, y, gate=gate_kinds.get(place, "")) for place, (x, y) in at.items()}
    large = [place for place in at if _degree(roads, place) >= 3]
    if large and rng.random() < rings:
        ring = large.pop(int(rng.integers(len(large))))
        roads = _open_ring(specs, roads, ring, drives_on_left=drives_on_left)
    for place in large:
        specs[place], roads = _control(rng, specs[place], roads, signals)
    return draw_city(f"random {seed}", list(specs.values()), roads, drives_on_left=drives_on_left, country=country)


def _places(rng: np.random.Generator, count: int) -> tuple[dict[str, tuple[float, float]], list[tuple[str, str]]]:
    """Jittered grid places and the pairs of neighbours that roads join: a tree, and most of the rest."""
    columns = max(2, round(math.sqrt(count)))
    names = [f"node/{k:03d}" for k in range(count)]
    at = {}
    neighbours = []
    for k, name in enumerate(names):
        row, column = divmod(k, columns)
        dx, dy = rng.uniform(-JITTER_M, JITTER_M, 2)
        at[name] = (column * SPACING_M + dx, row * SPACING_M + dy)
        if column:
            neighbours.append((names[k - 1], name))
        if row:
            neighbours.append((names[k - columns], name))
    joined = {name: name for name in names}

    def root(name: str) -> str:
        while joined[name] != name:
            name = joined[name]
        return name

    pairs = []
    for index in rng.permutation(len(neighbours)):
        start, end = neighbours[index]
        if root(start) != root(end):
            joined[root(start)] = root(end)
            pairs.append((start, end))
        elif rng.random() < 0.7:
            pairs.append((start, end))
    return at, sorted(pairs)


def _road(rng: np.random.Generator, start: str, end: str) -> Road:
    road_class, speed, lanes = CLASSES[int(rng.integers(len(CLASSES)))]
    forward, backward = (int(rng.integers(1, lanes + 1)) for _ in range(2))
    arrows = {}
    for place, count in ((end, forward), (start, backward)):
        if count > 1 and rng.random() < 0.3:
            marks = sorted(rng.integers(0, len(ARROWS), count).tolist())
            arrows[place] = tuple((ARROWS[mark],) for mark in marks)
    bus = forward > 1 and backward > 1 and bool(rng.random() < 0.2)
    return Road(
        start,
        end,
        forward,
        backward,
        road_class,
        speed,
        float(rng.choice([2.75, 3.0, 3.5])),
        bus_lane=bus,
        name=f"{road_class} {start[-3:]}-{end[-3:]}",
        arrows=arrows,
    )


def _add_gates(rng: np.random.Generator, at: dict[str, tuple[float, float]], roads: list[Road]) -> dict[str, str]:
    """Add two-way and one-way arms that lead away from the middle of the city."""
    middle = np.mean(list(at.values()), axis=0)
    kinds: dict[str, str] = {}
    for place, (x, y) in sorted(at.items()):
        away = np.array([x, y]) - middle
        clear = np.hypot(*away) > SPACING_M * 0.6 and _degree(roads, place) <= 3
        if not clear or rng.random() < 0.5:
            continue
        gate = f"gate/{place[-3:]}"
        kind = str(rng.choice(["both", "both", "entry", "exit"]))
        road = _road(rng, gate, place)
        if kind == "exit":
            road = replace(road, start=place, end=gate)
        if kind != "both":
            road = replace(road, backward_lanes=0, bus_lane=False, arrows={})
        if _all_links_meet(
            [*roads, road], {*kinds, gate}
        ):  # a dead end that becomes a gate may cut off who turned there
            at[gate] = tuple((np.array([x, y]) + away / np.hypot(*away) * GATE_ARM_M).tolist())
            kinds[gate] = kind
            roads.append(road)
    return kinds


def _degree(roads: Iterable[Road], place: str) -> int:
    return sum(place in (road.start, road.end) for road in roads)


def _make_oneways(rng: np.random.Generator, roads: list[Road], gates: set[str]) -> list[Road]:
    """Turn roads into one-ways as long as every link still leads to every other."""
    for index in rng.permutation(len(roads)):
        if rng.random() < 0.3 and not {roads[index].start, roads[index].end} & gates:
            lanes = max(roads[index].lanes, roads[index].backward_lanes)
            narrowed = replace(roads[index], lanes=lanes, backward_lanes=0, bus_lane=False, arrows={})
            tried = [*roads[:index], narrowed, *roads[index + 1 :]]
            if _all_links_meet(tried, gates):
                roads = tried
    return roads


def _all_links_meet(roads: Sequence[Road], gates: set[str]) -> bool:
    """Whether one can drive from every link to every other, turning back only where there is no other way."""
    links = [(road.start, road.end) for road in roads] + [(r.end, r.start) for r in roads if r.backward_lanes]
    onward = {
        link: [other for other in links if other[0] == link[1] and other[1] != link[0]]
        or [other for other in links if other == link[::-1] and link[1] not in gates]
        for link in links
    }
    inner = {link for link in links if not set(link) & gates}
    return all(
        inner <= _reached(link, onward) for link in inner | {link for link in links if link[0] in gates}
    ) and all(any(link in onward[other] for other in inner) for link in links if link[1] in gates)


def _reached(link: tuple[str, str], onward: dict[tuple[str, str], list[tuple[str, str]]]) -> set[tuple[str, str]]:
    seen, todo = {link}, [link]
    while todo:
        for other in onward[todo.pop()]:
            if other not in seen:
                seen.add(other)
                todo.append(other)
    return seen


def _open_ring(specs: dict[str, JunctionSpec], roads: list[Road], place: str, *, drives_on_left: bool) -> list[Road]:
    """Replace a junction by a ring of one-way links, one place for every arm."""
    centre = specs.pop(place)
    arms = []
    for index, road in enumerate(roads):
        if place in (road.start, road.end):
            other = specs[road.end if road.start == place else road.start]
            arms.append((math.atan2(other.y_m - centre.y_m, other.x_m - centre.x_m), index))
    arms.sort(reverse=drives_on_left)  # counter-clockwise where traffic keeps right
    names = []
    roads = list(roads)
    for number, (angle, index) in enumerate(arms):
        name = f"{place}/{number}"
        names.append(name)
        x, y = centre.x_m + RING_RADIUS_M * math.cos(angle), centre.y_m + RING_RADIUS_M * math.sin(angle)
        specs[name] = JunctionSpec(name, x, y)
        road = roads[index]
        arrows = {end: tag for end, tag in road.arrows.items() if end != place}
        if road.start == place:
            roads[index] = replace(road, start=name, arrows=arrows)
        else:
            roads[index] = replace(road, end=name, arrows=arrows)
    ring = [
        Road(start, end, 1, 0, "secondary", 30.0, 3.5, roundabout=True, name="Ring")
        for start, end in pairwise([*names, names[0]])
    ]
    return [*roads, *ring]


def _control(
    rng: np.random.Generator, spec: JunctionSpec, roads: list[Road], signals: float
) -> tuple[JunctionSpec, list[Road]]:
    """Give a junction signals, signs, a painted ring or nothing."""
    chance = rng.random()
    if chance < signals:
        return replace(spec, signalised=True), roads
    rest = (chance - signals) / max(1.0 - signals, 1e-9)
    if rest < 0.1:
        return replace(spec, all_way_stop=True), roads
    if rest < 0.2:
        return replace(spec, mini_roundabout=True), roads
    if rest < 0.5:
        at = [index for index, road in enumerate(roads) if spec.id in (road.start, road.end)]
        signed = set(rng.choice(at, size=len(at) // 2, replace=False).tolist())
        sign = str(rng.choice(["stop", "give_way"]))
        roads = [replace(r, signs={**r.signs, spec.id: sign}) if i in signed else r for i, r in enumerate(roads)]
    return spec, roads
