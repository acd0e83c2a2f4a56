"""A small city with coordinates, and scenarios on it, for the tests of demand."""

from __future__ import annotations

import functools

import numpy as np

from citytwin.scenarios.junctions import build_network
from citytwin.scenarios.scenario import City, RandomTrips, Scenario
from citytwin.scenarios.synthetic import grid_city


@functools.cache
def town():
    """Four by four blocks of 200 m, with gates all around."""
    return build_network(grid_city(4, 4, gates=True))


def lon_lat(network, x_m, y_m):
    """Degrees of a place in the network's coordinates."""
    from pyproj import Transformer

    transform = Transformer.from_crs(f"EPSG:{network.epsg}", "EPSG:4326", always_xy=True)
    return transform.transform(x_m, y_m)


def square(network, x_m, y_m, side_m):
    """Corners of a square zone in degrees, closed."""
    x = np.array([0, 1, 1, 0, 0]) * side_m + x_m
    y = np.array([0, 0, 1, 1, 0]) * side_m + y_m
    return np.column_stack(lon_lat(network, x, y)).tolist()


def scenario(*demand, seed=1, duration_s=3600.0, city=None):
    """A scenario made in Python."""
    return Scenario(
        citytwin=1,
        name="test",
        seed=seed,
        start="2026-05-04T07:00",
        duration_s=duration_s,
        city=city or City(place="nowhere"),
        demand=demand,
    )


def random_demand(**values):
    """Random trips with a few values of one's own."""
    return RandomTrips(**({"kind": "random_trips", "per_hour": 400.0} | values))
