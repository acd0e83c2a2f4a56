"""Check that the links, lanes and junctions a scenario speaks of are there, and name the closest where they are not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
from pydantic import TypeAdapter, ValidationError

from .areas import Area, trouble_with
from .city import CITY_KEYS
from .line_checks import check_lines
from .merge_shares import check_merge_shares
from .named_routes import check_named_routes
from .network import RoadNetwork
from .problems import Problem, closest, shown_path, shown_value
from .retiming import SHORTEST_GREEN_S, changeover_s, green_phases
from .scenario import Scenario
from .signal_checks import check_signals
from .yaml_lines import Written, as_written, key_text

Place = tuple[str | int, ...]
WITH_AREAS = ("demand", "demand_changes", "measures")
AREAS = ("polygon", "from_polygon", "to_polygon")
OSM_OPTIONS = ("defaults", "driving_side", "country", "merge", "keep")
OPTIONS_OF = {  # of sources that are not OpenStreetMap's
    "sumo_net": ("signal_programmes",),
    "tntp": ("tntp", "driving_side", "country"),
    "gmns": ("gmns", "driving_side", "country"),
}


def check_against_network(scenario: Scenario | None, source_map: Written | None, network: RoadNetwork) -> list[Problem]:
    """Every link, lane, position, junction and signal plan that does not fit the network.

    Parameters
    ----------
    scenario
        Needed only where there is no ``source_map``: a scenario made in Python.
    source_map
        What was written where (``Scenario.source_map``). It may hold other mistakes: what cannot be checked for them
        is passed over.
    network
        The city's streets.
    """
    if source_map is None and scenario is not None:
        source_map = scenario.source_map
    if source_map is not None:
        hint = f" List all: citytwin network {shown_path(source_map.file)} --links"
        return list(_References(source_map, network, hint).problems())
    if scenario is None:
        return []
    made = as_written(scenario.model_dump(mode="json", exclude_none=True))
    return [replace(found, file=None, line=None) for found in _References(made, network, "").problems()]


def check_places(tree: Written, section: str, network: RoadNetwork) -> Iterator[Problem]:
    """Every link, lane, position and signal that entries of a section name and that is not there."""
    return _References(tree, network, " List all: citytwin network FILE --links").places(section)


class _References:
    """One scenario against one network."""

    def __init__(self, tree: Written, network: RoadNetwork, hint: str) -> None:
        self.tree = tree
        self.network = network
        self.hint = hint  # where all ids are listed

    def problems(self) -> Iterator[Problem]:
        """Problems of the network's options, the events, the sensors and the signals."""
        yield from self._nodes()
        yield from self._options()
        for section in ("demand", "events", "measures", "sensors"):
            yield from self.places(section)
        yield from self._areas()
        for row, link in enumerate(_items(self.tree.at("outputs").child("fcd_links"))):
            if isinstance(link.value, str) and link.value not in self.network.link_row:
                yield self.tree.problem(("outputs", "fcd_links", row), self._no_such_link(link.value))
        yield from check_lines(self.tree, self.network, self._no_such_link)
        yield from check_named_routes(self.tree, self.network, self._no_such_link)
        yield from check_merge_shares(self.tree, self.network, self._no_such_link)
        yield from check_signals(self.tree, self.network, self._no_such_signal)

    def places(self, section: str) -> Iterator[Problem]:
        """Links, lanes, positions and signals that the entries of a section name."""
        for row, item in enumerate(_items(self.tree.child(section))):
            place = (section, row)
            if _text(item, "kind") == "signal_plan":
                yield from self._signal_plan(place, item)
            else:
                yield from self._on_links(place, item)

    def _areas(self) -> Iterator[Problem]:
        """Areas that hold no street."""
        for section in WITH_AREAS:
            for row, item in enumerate(_items(self.tree.child(section))):
                for key in AREAS:
                    trouble = _trouble_with_area(self.network, item.child(key))
                    if trouble:
                        yield self.tree.problem((section, row, key), trouble)

    def _nodes(self) -> Iterator[Problem]:
        """Nodes to merge or to keep that no junction was made of: nothing would happen, in silence."""
        known = {f"node/{node}" for nodes in self.network.junctions.source_nodes for node in nodes}
        named: list[Place] = []
        for key in ("merge", "keep"):
            for row, entry in enumerate(_items(self.tree.at("network").child(key))):
                named += [("network", key, row, column) for column in range(len(_items(entry)))] or [
                    ("network", key, row)
                ]
        for place in named:
            name = self.tree.at(*place).value
            if isinstance(name, str) and name not in known:
                said = f"no junction is made of this node.{_closest(closest(name, sorted(known)))}{self.hint}"
                yield self.tree.problem(place, said)

    def _options(self) -> Iterator[Problem]:
        """Options of the network that its source does not know: they would change nothing, in silence."""
        named = {key: self.tree.at("city").child(key) for key in CITY_KEYS}
        sources = [key for key, node in named.items() if node is not None and node.value]
        source = sources[0] if sources else "place"
        every = dict.fromkeys([*OSM_OPTIONS, *(name for names in OPTIONS_OF.values() for name in names)])
        for key in [key for key in every if key not in _options_of(source)]:
            given = self.tree.at("network").child(key)
            if given is not None and given.value:
                if source == "sumo_net":
                    said = "has no effect on a SUMO net, which says all of it"
                else:
                    only = [f"`city.{name}`" for name in OPTIONS_OF if key in OPTIONS_OF[name]]
                    said = (
                        f"needs {' or '.join(only)}" if key not in OSM_OPTIONS else f"has no effect on `city.{source}`"
                    )
                yield self.tree.problem(("network", key), f"{said}. Remove it.")

    def _on_links(self, place: Place, item: Written) -> Iterator[Problem]:
        named = [((*place, "link"), item.child("link"))]
        named += [((*place, "links", row), link) for row, link in enumerate(_items(item.child("links")))]
        rows = []
        for where, link in named:
            if link is None or not isinstance(link.value, str):
                continue
            row = self.network.link_row.get(link.value)
            if row is None:
                yield self.tree.problem(where, self._no_such_link(link.value))
            else:
                rows.append(row)
        yield from self._lanes(place, item, rows)
        yield from self._position(place, item, rows)

    def _lanes(self, place: Place, item: Written, rows: Sequence[int]) -> Iterator[Problem]:
        named = [((*place, "lane"), item.child("lane"))]
        named += [((*place, "lanes", row), lane) for row, lane in enumerate(_items(item.child("lanes")))]
        for where, lane in named:
            if lane is None or not isinstance(lane.value, int) or isinstance(lane.value, bool) or lane.value < 0:
                continue
            for row in rows:
                count = int(self.network.links.lane_start[row + 1] - self.network.links.lane_start[row])
                if lane.value >= count:
                    lanes = "one lane: 0" if count == 1 else f"{count} lanes: 0 (at the kerb) to {count - 1}"
                    yield self.tree.problem(where, f"no such lane: {self.network.links.id[row]} has {lanes}.")
                    break

    def _position(self, place: Place, item: Written, rows: Sequence[int]) -> Iterator[Problem]:
        position = _number(item, "position_m")
        for row in rows if position is not None else ():
            length_m = float(self.network.links.length_m[row])
            if position is not None and position > length_m:
                said = f"is beyond the end of {self.network.links.id[row]} ({length_m:.1f} m)."
                yield self.tree.problem((*place, "position_m"), said)

    def _no_such_link(self, name: str) -> str:
        links = self.network.links
        if gone := self._gone(name):
            return gone
        named = [links.id[row] for row, street in enumerate(links.name) if street and _same(street, name)]
        if named:
            listed = ", ".join(shown_value(link) for link in named[:3])
            more = f" and {len(named) - 3} more" if len(named) > 3 else ""
            return f"is the name of a street: give the id of a link. Its links: {listed}{more}.{self.hint}"
        way = name.partition(":")[0].removeprefix("way/")
        same_way = [link for link in links.id if link.startswith(f"way/{way}:")]
        near = closest(name, same_way, at_least=0) or closest(name, links.id)
        return f"no such link.{_closest(near)}{self.hint}"

    def _gone(self, name: str) -> str:
        """What the plan made of a link that the map has; "" where it has to do with none."""
        parts = [f"{name}.{number}" for number in (1, 2) if f"{name}.{number}" in self.network.link_row]
        if parts:
            return f"is split by a new road (`streets`) into {' and '.join(shown_value(part) for part in parts)}."
        for row, item in enumerate(_items(self.tree.child("streets"))):
            named = [item.child("link"), *_items(item.child("links"))]
            if any(link is not None and link.value == name for link in named):
                return f"is not there any more: {key_text(('streets', row))} takes it away or gives it another id."
        return ""

    def _signal_plan(self, place: Place, item: Written) -> Iterator[Problem]:
        name = _text(item, "junction")
        if name is None:
            return
        wrong = list(self._no_such_signal((*place, "junction"), name))
        yield from wrong
        if not wrong:
            row = self.network.junction_row[name]
            yield from self._greens(place, item, int(np.flatnonzero(self.network.signals.junction == row)[0]))

    def _no_such_signal(self, place: Place, name: str) -> Iterator[Problem]:
        network = self.network
        row = network.junction_row.get(name)
        if row is None:
            signalled = [network.junctions.id[junction] for junction in network.signals.junction]
            found = closest(name, signalled) or closest(name, network.junctions.id)
            yield self.tree.problem(place, f"no such junction.{_closest(found)}{self.hint}")
        elif row not in network.signals.junction:
            yield self.tree.problem(place, f"has no signals.{self._signals_near(row)}{self.hint}")

    def _greens(self, place: Place, item: Written, controller: int) -> Iterator[Problem]:
        phases = green_phases(self.network, controller)
        now = ", ".join(f"{seconds:g}" for seconds in self.network.signals.phase_s[phases])
        lost_s = changeover_s(self.network, controller)
        cycle_s = _number(item, "cycle_s")
        greens = item.child("green_s")
        if greens is None or not isinstance(greens.value, list):
            shortest_s = lost_s + SHORTEST_GREEN_S * len(phases)
            if cycle_s is not None and cycle_s < shortest_s:
                said = f"is too short: {len(phases)} green phases of {SHORTEST_GREEN_S:g} s, and {lost_s:g} s of yellow"
                yield self.tree.problem((*place, "cycle_s"), f"{said} and all-red, need {shortest_s:g} s.")
            return
        if len(greens.value) != len(phases):
            said = f"needs {len(phases)} values, one for each green phase. Now: [{now}]."
            yield self.tree.problem((*place, "green_s"), said)
            return
        values = [green.value for green in greens.value]
        if cycle_s is None or not all(isinstance(green, (int, float)) for green in values):
            return
        sum_s = sum(float(green) for green in values if isinstance(green, (int, float))) + lost_s
        if abs(sum_s - cycle_s) > 0.01:
            said = f"does not fit green_s: with {lost_s:g} s of yellow and all-red they make {sum_s:g} s. Leave it out."
            yield self.tree.problem((*place, "cycle_s"), said)

    def _signals_near(self, row: int) -> str:
        junctions, signals = self.network.junctions, self.network.signals
        if signals.junction.size == 0:
            return " Nor has any other junction here."
        x_m, y_m = junctions.x_m[signals.junction], junctions.y_m[signals.junction]
        order = np.argsort(np.hypot(x_m - junctions.x_m[row], y_m - junctions.y_m[row]), kind="stable")[:3]
        return f" Nearest with signals: {', '.join(shown_value(signals.id[controller]) for controller in order)}."


def _trouble_with_area(network: RoadNetwork, written: Written | None) -> str:
    """Why an area is of no use in a city; "" where it is, or where it is none."""
    if written is None:
        return ""
    try:
        return trouble_with(network, TypeAdapter(Area).validate_python(written.plain()))
    except ValidationError:
        return ""  # said of the file


def _closest(names: Sequence[str]) -> str:
    return f" Closest: {', '.join(shown_value(name) for name in names)}." if names else ""


def _items(listed: Written | None) -> list[Written]:
    return listed.value if listed is not None and isinstance(listed.value, list) else []


def _same(street: str, name: str) -> bool:
    return street.casefold() == name.casefold()


def _text(item: Written, key: str) -> str | None:
    found = item.child(key)
    return found.value if found is not None and isinstance(found.value, str) else None


def _number(item: Written, key: str) -> float | None:
    found = item.child(key)
    if found is None or isinstance(found.value, bool) or not isinstance(found.value, (int, float)):
        return None
    return float(found.value)


def _options_of(source: str) -> tuple[str, ...]:
    """Options of the network that have an effect on a source."""
    return OPTIONS_OF.get(source, OSM_OPTIONS)
