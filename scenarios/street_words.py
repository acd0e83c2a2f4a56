"""Name links and junctions as planners do: by the streets they belong to, both directions of a road as one."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cached_property
from typing import Protocol

from .events import SignalPlan
from .network import CLASS_NAMES, Control, RoadNetwork
from .retiming import green_phases, retimed
from .street_draft import parts_by_street

IDS_SHOWN = 4  # of one street
STREETS_SHOWN = 3  # of a junction


class PlaceNames(Protocol):
    """What a scenario's links and junctions are called."""

    def links(self, ids: Sequence[str]) -> str:
        """Some links in words."""

    def junction(self, name: str) -> str:
        """One junction in words."""

    def limit_kmh(self, ids: Sequence[str]) -> float | None:
        """The speed limit of some links; None where it is not known or not one."""

    @property
    def on_map(self) -> PlaceNames:
        """The names by the map, as it is before any change of the streets."""

    def both_ways(self, ids: Sequence[str]) -> tuple[str, ...]:
        """Some links and their opposite directions, as far as these are known."""

    def joined(self, ids: Sequence[str]) -> frozenset[str]:
        """Some links; where all parts are among them into which a road split a street, the street in their place."""

    def lane_count(self, ids: Sequence[str]) -> int | None:
        """How many lanes some links have on the map; None where it is not known or not one number."""

    def way(self, name: str) -> str:
        """A way or node of the map in words."""

    def control(self, junction: str) -> str:
        """What controls a junction on the map, in words; "" where it is not known."""

    def new_road(self, change: str) -> str:
        """Length and ends of the road that a change adds; "" where it is not known."""

    def programme(self, junction: str, plan: SignalPlan | None) -> dict[str, object] | None:
        """``green_s``, ``cycle_s`` and ``offset_s`` of a signal as the map has it or under a plan; None: not known."""


class IdsOnly:
    """Names for scenarios whose streets are not at hand."""

    def links(self, ids: Sequence[str]) -> str:
        """Links by their ids.

        Examples
        --------
        >>> IdsOnly().links(["way/1:0-1", "way/2:0-1"])
        'links way/1:0-1 and way/2:0-1'
        """
        return f"{'link' if len(ids) == 1 else 'links'} {shown_ids(ids)}"

    def junction(self, name: str) -> str:
        """A junction by its id."""
        return f"junction {name}"

    def limit_kmh(self, ids: Sequence[str]) -> None:
        """Without streets nobody knows their limits."""

    @property
    def on_map(self) -> PlaceNames:
        """These are the same."""
        return self

    def both_ways(self, ids: Sequence[str]) -> tuple[str, ...]:
        """Without streets nobody knows their opposite directions."""
        return tuple(ids)

    def joined(self, ids: Sequence[str]) -> frozenset[str]:
        """Without streets nobody knows their parts."""
        return frozenset(ids)

    def lane_count(self, ids: Sequence[str]) -> None:
        """Without streets nobody knows their lanes."""

    def way(self, name: str) -> str:
        """A way by its id."""
        return name

    def control(self, junction: str) -> str:
        """Without streets nobody knows what is there."""
        return ""

    def new_road(self, change: str) -> str:
        """Without streets nobody knows what it joins."""
        return ""

    def programme(self, junction: str, plan: SignalPlan | None) -> None:
        """Without streets nobody knows what a signal does by itself."""


CONTROLS = {
    Control.SIGNAL: "signals",
    Control.PRIORITY: "signs",
    Control.RIGHT_BEFORE_LEFT: "the rule of the right",
    Control.ALL_WAY_STOP: "an all-way stop",
}


class StreetNames:
    """Names from a road network, and from the map's where a plan has changed it: what is gone has its name there."""

    def __init__(self, network: RoadNetwork, on_map: RoadNetwork | None = None) -> None:
        self._network = network
        self._map = network if on_map is None else on_map

    def links(self, ids: Sequence[str]) -> str:
        """Links street by street, in the order in which they are first named."""
        streets: dict[str, list[str]] = {}
        for name in dict.fromkeys(ids):
            streets.setdefault(self._street(name), []).append(name)
        return listed([f"{street} ({self._parts(parts)})" for street, parts in streets.items()])

    def _with_link(self, link: str) -> RoadNetwork:
        """The network that has a link."""
        return self._network if link in self._network.link_row else self._map

    def _street(self, link: str) -> str:
        network = self._with_link(link)
        row = network.link_row.get(link)
        if row is None:
            return "a street that is not on the map"
        links = network.links
        return links.name[row] or f"unnamed {CLASS_NAMES[links.road_class[row]].replace('_', ' ')} street"

    def _parts(self, ids: list[str]) -> str:
        """Ids of one street's links with their directions; of two directions on the same way only the first id."""
        left, shown, ways = list(ids), list[str](), list[str]()
        while left:
            link = left.pop(0)
            twin = self._twin(link)
            both = twin in left
            if both:
                left.remove(twin)
            same_way = twin.partition(":")[0] == link.partition(":")[0]
            shown.append(f"{link} and {twin}" if both and not same_way else link)
            ways.append("both directions" if both else "one direction" if twin and twin not in ids else "")
        if len(set(ways)) == 1:
            return ", ".join(part for part in (shown_ids(shown), ways[0]) if part)
        return shown_ids([f"{one} in {way}" if way else one for one, way in zip(shown, ways, strict=True)])

    def _twin(self, link: str) -> str:
        """Id of the other direction of the same road, or ""."""
        network = self._with_link(link)
        row = network.link_row.get(link)
        twin = -1 if row is None else int(network.links.twin[row])
        return network.links.id[twin] if twin >= 0 else ""

    def junction(self, name: str) -> str:
        """A junction by the streets that meet there."""
        network = self._network if name in self._network.junction_row else self._map
        row = network.junction_row.get(name)
        if row is None:
            return f"junction {name}, which is not on the map"
        links = network.links
        ends = zip(links.from_junction, links.to_junction, links.name, strict=True)
        streets = list(dict.fromkeys(street for begin, end, street in ends if street and row in (begin, end)))
        if not streets:
            return f"junction {name}"
        more = " / …" if len(streets) > STREETS_SHOWN else ""
        return f"junction {' / '.join(streets[:STREETS_SHOWN])}{more} ({name})"

    def limit_kmh(self, ids: Sequence[str]) -> float | None:
        """The limit that all of some links have."""
        rows = [self._network.link_row[name] for name in ids if name in self._network.link_row]
        limits = {round(float(self._network.links.speed_mps[row]) * 3.6, 1) for row in rows}
        return limits.pop() if len(limits) == 1 else None

    @property
    def on_map(self) -> PlaceNames:
        """Names by the map; what is new has its name from the plan."""
        return StreetNames(self._map, self._network)

    def both_ways(self, ids: Sequence[str]) -> tuple[str, ...]:
        """Some links, each followed by its opposite direction."""
        return tuple(dict.fromkeys(name for one in ids for name in (one, self._twin(one)) if name))

    def joined(self, ids: Sequence[str]) -> frozenset[str]:
        """Some links; where all parts are among them into which a road split a street, the street in their place."""
        found, parts = set(ids), self._parts_by_street
        for street in sorted(parts, key=len):  # what was split twice is joined at once
            if found.issuperset(parts[street]):
                found = found.difference(parts[street]) | {street}
        return frozenset(found)

    @cached_property
    def _parts_by_street(self) -> dict[str, list[str]]:
        return parts_by_street(self._network.links.id)

    def lane_count(self, ids: Sequence[str]) -> int | None:
        """The number of lanes that all of some links have on the map."""
        start = self._map.links.lane_start
        rows = [self._map.link_row[name] for name in ids if name in self._map.link_row]
        counts = {int(start[row + 1] - start[row]) for row in rows}
        return counts.pop() if len(counts) == 1 else None

    def way(self, name: str) -> str:
        """A way with the street it belongs to."""
        links = self._network.links
        streets = [
            street for street, ways in zip(links.name, links.source_ways, strict=True) if street and name in ways
        ]
        return f"{streets[0]} ({name})" if streets else name

    def control(self, junction: str) -> str:
        """What controls a junction on the map."""
        row = self._map.junction_row.get(junction)
        return "" if row is None else CONTROLS.get(Control(int(self._map.junctions.control[row])), "")

    def new_road(self, change: str) -> str:
        """How long a new road is, and from where to where it leads."""
        links = self._network.links
        parts = [
            row for row, name in enumerate(links.id) if re.fullmatch(rf"new/{re.escape(change)}:(\d+)-(\d+)", name)
        ]
        ahead = [row for row in parts if _places(links.id[row])[0] < _places(links.id[row])[1]]
        if not ahead:
            return ""
        ahead.sort(key=lambda row: _places(links.id[row]))
        length_m = float(links.length_m[ahead].sum())
        ends = links.from_junction[ahead[0]], links.to_junction[ahead[-1]]
        begin, end = (self._between(self._network.junctions.id[row], change) for row in ends)
        return f"{length_m:.0f} m from {begin} to {end}"

    def _between(self, junction: str, change: str) -> str:
        """A junction by the streets that a new road meets there."""
        network = self._network
        row = network.junction_row[junction]
        ends = zip(network.links.from_junction, network.links.to_junction, network.links.id, strict=True)
        there = [link for begin, end, link in ends if row in (begin, end) and not link.startswith(f"new/{change}:")]
        streets = list(dict.fromkeys(self._street(link) for link in there))[:STREETS_SHOWN]
        return f"{' / '.join(streets)} ({junction})" if streets else f"junction {junction}"

    def programme(self, junction: str, plan: SignalPlan | None) -> dict[str, object] | None:
        """What a signal does by itself, or under a plan."""
        network = self._network
        if junction not in network.signals.id:
            return None
        controller = network.signals.id.index(junction)
        first, last = (int(row) for row in network.signals.phase_start[controller : controller + 2])
        phase_s, offset_s = network.signals.phase_s[first:last], float(network.signals.offset_s[controller])
        if plan is not None:
            phase_s, offset_s = retimed(network, controller, plan)
        greens = [round(float(phase_s[row - first]), 3) for row in green_phases(network, controller)]
        return {"green_s": greens, "cycle_s": round(float(phase_s.sum()), 3), "offset_s": round(offset_s, 3)}


def _places(link: str) -> tuple[int, int]:
    """From which to which of its joins a link of a new road leads."""
    first, last = link.rpartition(":")[2].split("-")
    return int(first), int(last)


def shown_ids(ids: Sequence[str]) -> str:
    """Some ids as a list in words, the rest of a long one counted."""
    more = len(ids) - IDS_SHOWN
    return listed(list(ids) if more <= 1 else [*ids[:IDS_SHOWN], f"{more} more"])


def listed(items: Sequence[str]) -> str:
    """Items as in a sentence.

    Examples
    --------
    >>> listed(["a"]), listed(["a", "b"]), listed(["a", "b", "c"])
    ('a', 'a and b', 'a, b and c')
    """
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} and {items[-1]}"
