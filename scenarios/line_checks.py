"""Check that lines of buses fit the streets: that their stops are there, and that their routes can be driven."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from pydantic import ValidationError

from .given_routes import read_route, turns_by_class
from .network import RoadNetwork
from .problems import Problem
from .public_transport import LEAST_FROM_BEGINNING_M, LEAST_FROM_END_M, BusLine, Stop
from .streets import MODES
from .trips import VEHICLE_CLASSES
from .yaml_lines import Written

Place = tuple[str | int, ...]
BUS = VEHICLE_CLASSES.index("bus")


def check_lines(tree: Written, network: RoadNetwork, no_such_link: Callable[[str], str]) -> Iterator[Problem]:
    """Problems of every line; what is wrong with it as such is said of the file."""
    listed = tree.child("public_transport")
    for row, written in enumerate(listed.value if listed is not None and isinstance(listed.value, list) else ()):
        try:
            line = BusLine.model_validate(written.plain())
        except ValidationError:
            continue
        place = ("public_transport", row)
        known = True
        for number, stop in enumerate(line.stops):
            key, said = _trouble_with_stop(stop, network, no_such_link)
            known = known and not said
            if said:
                yield tree.problem((*place, "stops", number, key), said)
        if line.route and known:
            said = _trouble_with_route(line, network)
            if said:
                yield tree.problem((*place, "route"), said)


def _trouble_with_stop(stop: Stop, network: RoadNetwork, no_such_link: Callable[[str], str]) -> tuple[str, str]:
    """The key that is to blame and what is wrong with a stop; "" where nothing is."""
    row = network.link_row.get(stop.link)
    if row is None:
        return "link", no_such_link(stop.link)
    first, last = network.links.lane_start[row : row + 2]
    if not np.any(network.lanes.access[first:last] & MODES["bus"]):
        return "link", "no lane is for a bus there."
    length_m = float(network.links.length_m[row])
    at_m = length_m / 2.0 if stop.position_m is None else stop.position_m
    if at_m > length_m:
        return "position_m", f"is beyond the end of {stop.link} ({length_m:.1f} m)."
    if not LEAST_FROM_BEGINNING_M <= at_m <= length_m - LEAST_FROM_END_M:
        need = f"a bus needs {LEAST_FROM_BEGINNING_M:g} m behind its front and {LEAST_FROM_END_M:g} m before it"
        said = f"{need}, so as not to stand in a junction; {stop.link} has {length_m:.1f} m."
        return ("link" if stop.position_m is None else "position_m"), said
    return "", ""


def _trouble_with_route(line: BusLine, network: RoadNetwork) -> str:
    """Why a route is none for a line; "" where it is."""
    _, said = read_route(" ".join(line.route), BUS, network, turns_by_class(network))
    if said:
        return said
    if line.route[0] != line.stops[0].link or line.route[-1] != line.stops[-1].link:
        return f"must lead from the first stop, {line.stops[0].link}, to the last one, {line.stops[-1].link}."
    place = 0
    for stop in line.stops:
        if stop.link not in line.route[place:]:
            return f"does not lead by the stop {stop.called} after those before it."
        place += line.route[place:].index(stop.link)
    return ""
