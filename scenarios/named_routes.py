"""Find the streets of routes that have a name, and check that they can be driven."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise

import numpy as np

from .demand_files import FARTHEST_M
from .given_routes import turns_by_class
from .nearest_links import nearest_links, project
from .network import RoadNetwork
from .places import link_access
from .problems import Problem, SourceError
from .street_draft import in_parts, parts_by_street
from .streets import MODES
from .told import NamedRoute
from .yaml_lines import Written

ENDS = ("origin", "destination")


def route_links(names: Sequence[str], network: RoadNetwork) -> list[str]:
    """The links of a route; of one that a new road split its parts. What is not there stays as it is."""
    return in_parts(names, network.link_row, parts_by_street(network.links.id))


def end_links(route: NamedRoute, network: RoadNetwork) -> tuple[int, int]:
    """Rows of the links nearest to the two places of a route that names places."""
    rows = [_nearest(network, place)[0] for place in (route.origin, route.destination) if place is not None]
    return rows[0], rows[1]


def check_named_routes(tree: Written, network: RoadNetwork, no_such_link: Callable[[str], str]) -> Iterator[Problem]:
    """Links that do not exist or do not join, and places without a street.

    Parameters
    ----------
    tree
        The scenario as written.
    network
        The city's streets.
    no_such_link
        What is said of a name that is no link.
    """
    listed = tree.at("report").child("routes")
    items = listed.value if listed is not None and isinstance(listed.value, list) else []
    turns = set().union(*turns_by_class(network)) if items else set()
    for row, item in enumerate(items):
        place = ("report", "routes", row)
        links = item.child("links")
        names = [link.value for link in links.value] if links is not None and isinstance(links.value, list) else []
        driven = [route_links([name], network) if isinstance(name, str) else [] for name in names]
        unknown = [number for number, links_of in enumerate(driven) if not set(links_of) & network.link_row.keys()]
        for number in unknown:
            if isinstance(names[number], str):
                yield tree.problem((*place, "links", number), no_such_link(str(names[number])))
        for number, ((*_, one), (other, *_)) in enumerate(pairwise(driven) if not unknown else ()):
            if (network.link_row[one], network.link_row[other]) not in turns:
                said = f"nobody can turn into it from {one}, the link before. List the links as they are driven."
                yield tree.problem((*place, "links", number + 1), said)
        for end in ENDS:
            lon_lat = item.child(end)
            values = lon_lat.plain() if lon_lat is not None else None
            if isinstance(values, list) and len(values) == 2 and all(isinstance(one, (int, float)) for one in values):
                yield from _place_problem(tree, (*place, end), network, (float(values[0]), float(values[1])))


def _place_problem(
    tree: Written, where: tuple[str | int, ...], network: RoadNetwork, place: tuple[float, ...]
) -> Iterator[Problem]:
    try:
        _, distance_m = _nearest(network, place)
    except SourceError as error:
        yield tree.problem(where, str(error))
        return
    if not distance_m <= FARTHEST_M:
        away = f"{distance_m:,.0f} m from" if np.isfinite(distance_m) else "nowhere near"
        said = f"lies {away} the nearest street of {network.name} (at most {FARTHEST_M:g} m): [longitude, latitude]."
        yield tree.problem(where, said)


def _nearest(network: RoadNetwork, place: tuple[float, ...]) -> tuple[int, float]:
    """Row of the nearest link for cars, and how far it is, m; infinitely far where the place is none on Earth."""
    x_m, y_m = project(network, np.array([place[0]]), np.array([place[1]]))
    if not (np.isfinite(x_m).all() and np.isfinite(y_m).all()):
        return -1, float("inf")
    matched = nearest_links(network, x_m, y_m, link_access(network, MODES["car"]))
    return int(matched.link[0]), float(matched.distance_m[0])
