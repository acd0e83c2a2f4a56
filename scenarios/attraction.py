"""Weigh streets by what stands along them: buildings and land use of the extract, or a grid of inhabitants."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from .buildings import ground_of, houses_of, outlines_of
from .demand_tables import Column, read_table
from .nearest_links import nearest_links, project
from .network import Floats, RoadNetwork
from .places import Places, inside_box
from .problems import Problem, SourceError

# Car trips that a square metre of floor draws, relative to a dwelling's: orders of magnitude after the daily rates of
# ITE's Trip Generation Manual (dwellings about 0.05, offices 0.1, shops 0.4 per m²).
ATTRACTION: Mapping[str, float] = {
    "apartments": 1.0,
    "residential": 1.0,
    "house": 1.0,
    "detached": 1.0,
    "terrace": 1.0,
    "yes": 1.0,
    "office": 2.0,
    "commercial": 2.0,
    "civic": 2.0,
    "public": 2.0,
    "school": 2.0,
    "university": 2.0,
    "hotel": 2.0,
    "hospital": 3.0,
    "retail": 6.0,
    "supermarket": 8.0,
    "industrial": 0.5,
    "warehouse": 0.3,
}
NOTHING = (
    "garage",
    "garages",
    "carport",
    "shed",
    "roof",
    "hut",
    "ruins",
    "greenhouse",
    "construction",
    "no",
    "service",
)
FLOOR_SHARE = 0.3  # floor per ground of an area whose buildings are not drawn
LEAST_STREETS = 2  # with something along them
FARTHEST_M = 150.0  # of a building from its street
POPULATION_COLUMNS = (
    Column("population", also=("inhabitants", "pop")),
    Column("lon", also=("x",)),
    Column("lat", also=("y",)),
)


def building_weights(file: Path | None, network: RoadNetwork, places: Places) -> tuple[Floats, str]:
    """Attraction of each link, ``[link]``, and what is wrong ("" if nothing).

    Floor area of each building times the attraction of its kind goes to its nearest street; ``building=yes`` takes its
    kind from the land use around it. Land use without drawn buildings is spread over the streets inside by length.
    """
    import shapely

    nothing = np.zeros(network.link_count)
    if file is None:
        return nothing, "needs a city from an OpenStreetMap file: only that says where buildings stand."
    try:
        ground = ground_of(file)
    except SourceError as error:
        return nothing, str(error)
    buildings, land = ground.buildings, ground.land
    if not buildings and not land:
        return nothing, "this extract holds no buildings and no land use. Use `weights: uniform`."
    weight = nothing.copy()
    land_shape = outlines_of(land, network)
    house_shape = houses_of(file, network).outline[: len(buildings)]
    centre = shapely.centroid(house_shape)
    tree = shapely.STRtree(land_shape)
    house, around = tree.query(centre, predicate="within")
    land_of_house = dict(zip(house.tolist(), around.tolist(), strict=True))
    if buildings:
        rate = np.array(
            [_rate(b.kind, land[land_of_house[i]].kind if i in land_of_house else "") for i, b in enumerate(buildings)]
        )
        floor_m2 = shapely.area(house_shape) * np.array([building.levels for building in buildings])
        matched = nearest_links(network, shapely.get_x(centre), shapely.get_y(centre), places.addressed)
        near = matched.distance_m <= FARTHEST_M
        np.add.at(weight, matched.link[near], (rate * floor_m2)[near])
    for row in sorted(set(range(len(land))) - set(land_of_house.values())):
        inside = shapely.contains_xy(land_shape[row], places.x_m, places.y_m) & places.addressed
        length_m = np.where(inside, network.links.length_m, 0.0)
        if length_m.sum() > 0:
            weight += (
                length_m / length_m.sum() * shapely.area(land_shape[row]) * FLOOR_SHARE * ATTRACTION[land[row].kind]
            )
    if np.count_nonzero(weight) < LEAST_STREETS:
        return (
            nothing,
            "this extract holds next to no buildings along its streets. Use `weights: uniform`.",
        )
    return weight, ""


def _rate(kind: str, land: str) -> float:
    if kind in NOTHING:
        return 0.0
    return ATTRACTION.get(land, 1.0) if kind == "yes" else ATTRACTION.get(kind, 1.0)


def population_weights(file: Path, network: RoadNetwork, places: Places) -> tuple[Floats, list[Problem]]:
    """Inhabitants along each link, ``[link]``, from a grid of cells given by their centres.

    A cell's inhabitants are spread by length over the streets nearest to its centre, as far as cells lie apart.
    """
    from scipy.spatial import KDTree

    weight = np.zeros(network.link_count)
    table, complaints = read_table(file, POPULATION_COLUMNS)
    if table is None:
        return weight, complaints.problems()
    people = table.numbers("population", low=0)
    lon, lat = table.numbers("lon", low=-180, high=180, unit="°"), table.numbers("lat", low=-90, high=90, unit="°")
    if complaints:
        return weight, complaints.problems()
    x_m, y_m = project(network, lon, lat)
    cells = np.column_stack((x_m, y_m))
    tree = KDTree(cells)
    apart_m = float(np.median(np.asarray(tree.query(cells, k=2)[0])[:, 1])) if len(cells) > 1 else 1000.0
    links = np.flatnonzero(places.addressed)
    distance_m, nearest = tree.query(np.column_stack((places.x_m[links], places.y_m[links])))
    near, cell = np.asarray(distance_m) <= max(apart_m, 1.0), np.asarray(nearest)
    links, cell = links[near], cell[near]
    length_m = network.links.length_m[links]
    in_cell_m = np.bincount(cell, weights=length_m, minlength=len(cells))
    weight[links] = people[cell] * length_m / np.maximum(in_cell_m[cell], 1e-9)
    if weight.sum() == 0:
        inside = inside_box(places, *project(network, lat, lon))
        way_out = "Longitude and latitude are swapped." if inside.any() else "Another city?"
        complaints.whole(f"nobody lives along the streets of {network.name} as this grid goes. {way_out}")
    return weight, complaints.problems()
