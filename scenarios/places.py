"""Say where trips can begin and end: links that lead into the town and out of it, and their place on the map."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from .network import CLASS_NAMES, Bools, Floats, Ints, RoadNetwork
from .streets import MODES

# Nobody lives on these, and nobody stops there.
NO_ADDRESS = ("motorway", "motorway_link", "trunk_link")
LEAST_CORE = 0.1  # of the length of all streets
MOST_TRIED = 2000


@dataclass(frozen=True, eq=False)
class Places:
    """Shapes ``[link]``; for cars."""

    x_m: Floats  # middle of the link, along its shape
    y_m: Floats
    find_ends: Callable[[], tuple[Bools, Bools]]  # where trips may begin and end; asked once, if anybody asks
    addressed: Bools  # has houses or could have, as its class goes; tunnels have none
    entry_gate: Bools  # comes from outside the extract
    exit_gate: Bools

    @property
    def may_begin(self) -> Bools:
        """Links from which the town can be reached."""
        return self._ends[0]

    @property
    def may_end(self) -> Bools:
        """Links that can be reached from the town."""
        return self._ends[1]

    @cached_property
    def _ends(self) -> tuple[Bools, Bools]:
        return self.find_ends()

    def begin_m(self, links: NDArray[np.integer]) -> Floats:
        """Where trips enter a link: at its beginning if it comes from outside, else in its middle (NaN)."""
        return np.where(self.entry_gate[links], 0.0, np.nan)

    def end_m(self, links: NDArray[np.integer], network: RoadNetwork) -> Floats:
        """Where trips leave a link: at its end if it leads outside, else in its middle (NaN)."""
        return np.where(self.exit_gate[links], network.links.length_m[links], np.nan)


def find_places(network: RoadNetwork) -> Places:
    """Middle, gates and addresses of all links at once, and where trips by car may begin and end when somebody asks."""
    links, count = network.links, network.link_count
    by_car = link_access(network, MODES["car"])
    gate = np.array(network.junctions.gate, dtype=object)
    entry = by_car & np.isin(gate[links.from_junction], ("entry", "both")) if count else np.zeros(0, np.bool_)
    exit_ = by_car & np.isin(gate[links.to_junction], ("exit", "both")) if count else np.zeros(0, np.bool_)
    x_m, y_m = middle_of_links(network)
    no_address = np.isin(links.road_class, [CLASS_NAMES.index(name) for name in NO_ADDRESS])
    return Places(
        x_m,
        y_m,
        find_ends=lambda: _find_ends(network, by_car, entry, exit_),
        addressed=by_car & ~no_address & ~links.roundabout & (links.layer >= 0),
        entry_gate=entry,
        exit_gate=exit_,
    )


def _find_ends(network: RoadNetwork, by_car: Bools, entry: Bools, exit_: Bools) -> tuple[Bools, Bools]:
    """Links from which the large strong component can be reached by car, and those that can be reached from it.

    Of the links outside it only gates count, and ``destination_only`` streets with a way in and out: other stubs are
    faults of the map or its cut. A cut so small that its one-way streets join to nothing takes the link through which
    most can drive in place of the component, and all that leads to it and away from it.
    """
    links = network.links
    source, target = _car_turns(network)
    through = by_car & ~links.destination_only
    if not through.any():  # a town of private lanes: take them all
        through = by_car
    core = _strong_part(network, through, source, target)
    no_stubs = links.length_m[core].sum() >= LEAST_CORE * links.length_m[through].sum()
    if not no_stubs:
        core = _busiest_link(through, source, target)
    reaches, reached = _reach(core, target, source, through), _reach(core, source, target, through)
    lanes = by_car & ~through  # the first or last part of a trip, never between
    reaches, reached = _reach(reaches, target, source, lanes), _reach(reached, source, target, lanes)
    if no_stubs:
        lanes_off = lanes & reaches & reached
        reaches, reached = reaches & (core | lanes_off | entry), reached & (core | lanes_off | exit_)
    return reaches, reached


def _strong_part(network: RoadNetwork, through: Bools, source: Ints, target: Ints) -> Bools:
    """The longest set of links between all of which one can drive."""
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import connected_components

    inner = through[source] & through[target]
    shape = (network.link_count, network.link_count)
    matrix = csr_array((np.ones(int(inner.sum()), np.int8), (source[inner], target[inner])), shape=shape)
    _, part = connected_components(matrix, directed=True, connection="strong")
    size_m = np.bincount(part, weights=np.where(through, network.links.length_m, 0.0), minlength=1)
    return np.asarray(through & (part == size_m.argmax()))


def _busiest_link(through: Bools, source: Ints, target: Ints) -> Bools:
    """The link with most pairs of links before and behind it; for small networks, it tries them all."""
    best, most = np.zeros(through.size, np.bool_), -1
    for link in np.flatnonzero(through)[:MOST_TRIED].tolist():
        one = np.zeros(through.size, np.bool_)
        one[link] = True
        pairs = int(_reach(one, target, source, through).sum()) * int(_reach(one, source, target, through).sum())
        if pairs > most:
            best, most = one, pairs
    return best


def link_access(network: RoadNetwork, access: int) -> Bools:
    """Whether any lane of a link may be used, ``[link]``."""
    usable = network.lanes.link[(network.lanes.access & access) != 0]
    return np.asarray(np.bincount(usable, minlength=network.link_count) > 0)


def middle_of_links(network: RoadNetwork) -> tuple[Floats, Floats]:
    """Point half-way along the shape of each link, m."""
    links = network.links
    points, start = links.shape_xy, links.shape_start
    if network.link_count == 0:
        return np.zeros(0), np.zeros(0)
    step_m = np.hypot(*np.diff(points, axis=0).T)
    along_m = np.concatenate(([0.0], np.cumsum(step_m)))  # over all shapes; jumps between links do no harm
    first, last = start[:-1], start[1:] - 1
    half_m = (along_m[first] + along_m[last]) / 2
    return np.interp(half_m, along_m, points[:, 0]), np.interp(half_m, along_m, points[:, 1])


def inside_box(places: Places, x_m: Floats, y_m: Floats, margin_m: float = 1000.0) -> Bools:
    """Whether points lie within the network's outline."""
    inside = (x_m >= places.x_m.min() - margin_m) & (x_m <= places.x_m.max() + margin_m)
    return np.asarray(inside & (y_m >= places.y_m.min() - margin_m) & (y_m <= places.y_m.max() + margin_m))


def _car_turns(network: RoadNetwork) -> tuple[Ints, Ints]:
    """Pairs of links that a car may drive one after the other."""
    connectors, access = network.connectors, network.lanes.access
    by_car = (access[connectors.from_lane] & access[connectors.to_lane] & MODES["car"]) != 0
    used = np.unique(connectors.movement[by_car])
    return network.movements.from_link[used], network.movements.to_link[used]


def _reach(core: Bools, source: Ints, target: Ints, allowed: Bools) -> Bools:
    """Allowed links that can be reached from the core along ``source`` → ``target``."""
    reached = core.copy()
    while True:
        fresh = np.unique(target[reached[source]])
        fresh = fresh[allowed[fresh] & ~reached[fresh]]
        if not fresh.size:
            return reached
        reached[fresh] = True
