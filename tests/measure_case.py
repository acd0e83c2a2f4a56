"""Run trips through a grid of streets with measures, and look at what became of them."""

from __future__ import annotations

from typing import Any

from traffic_case import Notebook, simulate

from citytwin.scenarios.junctions import build_network
from citytwin.scenarios.synthetic import grid_city
from citytwin.sim.outcome import summarise, write_trips
from citytwin.sim.simulation import Simulation

NETWORK = build_network(grid_city(3, 3, block_m=200.0))
TRUCK, EMERGENCY = 1, 3
ROUTES = {"perception_noise": 0, "value_of_time_per_h": {"car": 12, "truck": 120}}


def link(a: str, b: str) -> str:
    """The link between two junctions of the grid, named by row and column."""
    return f"way/node/00{a[0]}-00{a[1]}>node/00{b[0]}-00{b[1]}"


# Up the west side, through the middle (IN, OUT) or two blocks round either of them, and up the east side.
BEGIN, IN, OUT, END = link("00", "10"), link("10", "11"), link("11", "12"), link("12", "22")
TRIP = ("trip", 0.0, BEGIN, END)


def middle(half_m: float) -> list[list[float]]:
    """A square round the junction in the middle, in degrees."""
    centre = NETWORK.junction_row["node/001-001"]
    return square(NETWORK.junctions.x_m[centre], NETWORK.junctions.y_m[centre], half_m)


def square(x_m: float, y_m: float, half_m: float) -> list[list[float]]:
    """A square round a place, in degrees."""
    from pyproj import Transformer

    degrees = Transformer.from_crs(f"EPSG:{NETWORK.epsg}", "EPSG:4326", always_xy=True)
    corners = [(-half_m, -half_m), (half_m, -half_m), (half_m, half_m), (-half_m, half_m)]
    return [list(degrees.transform(x_m + x, y_m + y)) for x, y in corners]


def toll(**keys: Any) -> dict[str, Any]:
    return {"kind": "toll", "price": 0.01, **({} if "polygon" in keys else {"links": [IN]}), **keys}


def zone(**keys: Any) -> dict[str, Any]:
    where = {} if "links" in keys else {"polygon": middle(120.0)}
    return {"kind": "low_emission_zone", "banned": ["truck"], **where, **keys}


def run(rows: list[tuple[Any, ...]], *measures: dict[str, Any], until_s: float = 400.0, **keys: Any) -> Simulation:
    simulation = simulate(NETWORK, rows, measures=list(measures), routes=ROUTES, duration_s=until_s, **keys)
    simulation.run()
    return simulation


def facts_of(simulation: Simulation) -> dict[str, Any]:
    """The summary; nobody is lost."""
    facts = summarise(simulation, setup_s=0.0, loop_s=0.0)
    assert facts["created"] == facts["arrived"] + facts["active"] + facts["waiting"] + facts["stuck"]
    return facts


def trips_of(simulation: Simulation) -> dict[str, dict[str, Any]]:
    """The table of trips, by id."""
    book = Notebook()
    write_trips(book, simulation)
    table = book.table("trips")
    return {name: {key: table[key][row] for key in table} for row, name in enumerate(table["trip_id"])}


def entered(simulation: Simulation, name: str) -> int:
    """How many drove onto a link."""
    first, last = NETWORK.links.lane_start[NETWORK.link_row[name] :][:2]
    from citytwin.kernels import traffic_tables as table

    return int(simulation.model.fleet.cities.lane_i[0, table.CAME_IN, first:last].sum())
