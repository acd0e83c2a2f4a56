"""Name links and junctions as planners do: by the streets they belong to, both directions of a road as one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from .events import SignalPlan
from .network import CLASS_NAMES, RoadNetwork
from .retiming import green_phases, retimed

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

    def programme(self, junction: str, plan: SignalPlan | None) -> None:
        """Without streets nobody knows what a signal does by itself."""


class StreetNames:
    """Names from a road network."""

    def __init__(self, network: RoadNetwork) -> None:
        self._network = network

    def links(self, ids: Sequence[str]) -> str:
        """Links street by street, in the order in which they are first named."""
        streets: dict[str, list[str]] = {}
        for name in dict.fromkeys(ids):
            streets.setdefault(self._street(name), []).append(name)
        return listed([f"{street} ({self._parts(parts)})" for street, parts in streets.items()])

    def _street(self, link: str) -> str:
        row = self._network.link_row.get(link)
        if row is None:
            return "a street that is not on the map"
        links = self._network.links
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
        row = self._network.link_row.get(link)
        twin = -1 if row is None else int(self._network.links.twin[row])
        return self._network.links.id[twin] if twin >= 0 else ""

    def junction(self, name: str) -> str:
        """A junction by the streets that meet there."""
        network = self._network
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
