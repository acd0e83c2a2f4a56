"""Run every GPU kernel of dispersion beside its CPU loop and print, as JSON, by how much they differ, relatively.

Tests run it in a process of its own, because numba decides at import whether CUDA is simulated.
"""

from __future__ import annotations

import json

import numpy as np
from numba import cuda

from citytwin.agents.air_sources import StackSources
from citytwin.agents.air_stacks import cloud_plume, plume_of
from citytwin.agents.air_weather import Weather
from citytwin.kernels import air_canyon, air_grid, air_pairs, air_plumes, air_puffs, cuda_air
from citytwin.kernels.air_spread_table import COLUMNS, ROWS, fill_spreads
from citytwin.kernels.cuda_compile import grid_of

PLACES = 9
WEATHER = Weather(270.0, 3.0, 0.3, mixing_height_m=300.0)


def on_device(value):
    """An argument of a kernel; in tuples, simulated arrays are taken out of their wrapping."""
    if isinstance(value, cuda_air.Pairs | cuda_air.Cells):
        return type(value)(*(getattr(array, "_ary", array) for array in map(cuda.to_device, value)))
    return cuda.to_device(value) if isinstance(value, np.ndarray) else value


def worst(kernel, arguments, outputs, want) -> float:
    """Largest relative difference of what a kernel writes into zeros."""
    there = [cuda.to_device(np.zeros_like(array)) for array in outputs]
    sent = [on_device(each) for each in arguments]
    kernel.launch(*grid_of(outputs[0].size, 64), 0, *sent, *there)
    got = [array.copy_to_host() for array in there]
    return max(
        float(np.max(np.abs(g - w) / np.maximum(np.abs(w), 1e-30), initial=0.0)) for g, w in zip(got, want, strict=True)
    )


def lines_differ() -> float:
    rng = np.random.default_rng(5)
    layer = WEATHER.layer()
    tables = np.empty((2, ROWS, COLUMNS))
    fill_spreads(layer, 0.5, 1.3, tables[0])
    fill_spreads(layer, 3.0, 2.0, tables[1])
    start = rng.uniform(0.0, 300.0, (4, 2))
    lines = np.column_stack([start, start + rng.uniform(-90.0, 90.0, (4, 2)), [0.5, 0.5, 3.0, 3.0], np.ones(4)])
    table_of = np.array([0, 0, 1, 1])
    places = np.column_stack([rng.uniform(0.0, 400.0, (PLACES, 2)), np.full(PLACES, 1.5)])
    want = np.array(
        [
            [air_pairs.line_share(tables, table_of[s], layer.sigma_v_mps, lines[s], at) for s in range(4)]
            for at in places
        ]
    )
    pairs = cuda_air.Pairs(tables, table_of, lines, places)
    return worst(cuda_air.pair_lines, (pairs, layer.sigma_v_mps), [want], [want])


def at_places_differ(kernel, fill, *arguments) -> float:
    rng = np.random.default_rng(6)
    ahead, left, z = (
        rng.uniform(-300.0, 3000.0, PLACES),
        rng.uniform(-200.0, 200.0, PLACES),
        rng.uniform(0.0, 350.0, PLACES),
    )
    want = np.empty(PLACES)
    fill(*arguments, ahead, left, z, want)
    assert np.count_nonzero(want) > 3
    return worst(kernel, (*arguments, ahead, left, z), [want], [want])


def canyons_differ() -> float:
    rng = np.random.default_rng(7)
    low = [10.0, 10.0, 50.0, 0.0, -3.0, 0.0, 0.0, 0.0]
    high = [25.0, 25.0, 200.0, 6.0, 3.0, 0.5, 1.0, 10.0]
    streets, want = rng.uniform(low, high, (PLACES, air_canyon.STREET_COLUMNS)), np.empty(PLACES)
    air_canyon.fill_canyons(streets, want)
    return worst(cuda_air.place_canyons, (streets,), [want], [want])


def grid_differs(kernel, move, edge) -> float:
    rng = np.random.default_rng(8)
    cells = rng.uniform(0.0, 1.0, (5, 6)) ** 4
    shape = (5, 7) if edge == 0 else (6, 6)
    courant = rng.uniform(-0.4, 0.4, shape)
    then, gone = np.zeros_like(cells), np.zeros((5 if edge == 0 else 6, 2))
    move(cells, courant, 0.05, then, gone)
    return worst(kernel, (cuda_air.Cells(cells, courant), 0.05), [then, gone], [then, gone])


def main() -> dict[str, float]:
    """Difference by kernel."""
    stack = StackSources(0.0, 0.0, 30.0, 1.2, 12.0, 420.0)
    rising, cloud = plume_of(stack, 0, WEATHER, WEATHER.layer()), cloud_plume(WEATHER, 2.0, 1.0)
    return {
        "pair_lines": lines_differ(),
        "place_plume": at_places_differ(cuda_air.place_plume, air_plumes.fill_plume, rising, 0.0, 0.0),
        "place_puff": at_places_differ(cuda_air.place_puff, air_puffs.fill_puff, cloud, 300.0),
        "place_timed": at_places_differ(cuda_air.place_timed, air_puffs.fill_timed, cloud, 400.0, 120.0),
        "place_canyons": canyons_differ(),
        "move_cells_east": grid_differs(cuda_air.move_cells_east, air_grid.move_east, 0),
        "move_cells_north": grid_differs(cuda_air.move_cells_north, air_grid.move_north, 1),
    }


if __name__ == "__main__":
    print(json.dumps(main()))
