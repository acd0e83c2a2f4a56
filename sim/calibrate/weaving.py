"""Find where drivers must change lanes for their route: streets carry fewer of them than their lanes do."""

from __future__ import annotations

from collections import defaultdict
from itertools import pairwise

from ...scenarios.network import Ints, RoadNetwork

# Most vehicles an hour that cross each other's way in a weaving section with two lanes to do so: HCM 7, chapter 13.
WEAVES_VPH = 2400.0


class LaneChanges:
    """Where a route cannot be driven without changing lanes."""

    def __init__(self, network: RoadNetwork) -> None:
        lanes, connectors = network.lanes, network.connectors
        self._ways: defaultdict[tuple[int, int], list[tuple[int, int]]] = defaultdict(list)
        links = zip(lanes.link[connectors.from_lane].tolist(), lanes.link[connectors.to_lane].tolist(), strict=True)
        ends = zip(connectors.from_lane.tolist(), connectors.to_lane.tolist(), strict=True)
        for pair, lane_pair in zip(links, ends, strict=True):
            self._ways[pair].append(lane_pair)

    def on(self, route: Ints) -> list[int]:
        """Links on which whoever takes a route must change lanes, whatever lane he or she came by.

        Lanes are changed as late as can be: who could have kept a lane that leads on has done so.
        """
        links, found = route.tolist(), []
        came: set[int] = set()  # lanes on which one comes into the link
        for link, onward in pairwise(links):
            ways = self._ways[link, onward]
            kept = {to for lane, to in ways if lane in came}
            if came and not kept:
                found.append(link)
            came = kept or {to for _, to in ways}
        return found
