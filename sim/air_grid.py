"""Turn a run's concentrations on a grid into an xarray data set by the CF conventions, for NetCDF and Zarr."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .run_folder import RunFolderError

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

    from .run_folder import Run

# CF standard names (version 85) of mass concentrations in air; where CF has none, only a long name.
STANDARD_NAMES = {
    "no2": "mass_concentration_of_nitrogen_dioxide_in_air",
    "pm10": "mass_concentration_of_pm10_ambient_aerosol_particles_in_air",
    "pm25": "mass_concentration_of_pm2p5_ambient_aerosol_particles_in_air",
    "co": "mass_concentration_of_carbon_monoxide_in_air",
}
TIME = {
    "standard_name": "time",
    "bounds": "time_bounds",
    "axis": "T",
    "units_metadata": "leap_seconds: none",  # the scenario's clock knows none
}
LONG_NAMES = {"nox": "NOx as NO2", "no2": "NO2", "pm10": "PM10", "pm25": "PM2.5", "co": "CO", "voc": "VOC"}


def air_grid(run: Run, entry: str) -> xr.Dataset:
    """Concentrations at the receptors of a grid, ``(time, y, x)``, with coordinates, bounds of time, units, projection.

    Needs the extra ``air`` (xarray, h5netcdf; for Zarr also zarr).

    Parameters
    ----------
    run
        A run, see ``read_run``.
    entry
        Id of the grid under ``air: receptors``.

    Raises
    ------
    RunFolderError
        When the run has no such grid.

    Examples
    --------
    >>> air_grid(read_run("runs/air"), "map").to_netcdf("air.nc", engine="h5netcdf")  # doctest: +SKIP
    >>> air_grid(read_run("runs/air"), "map").to_zarr("air.zarr")  # doctest: +SKIP
    """
    import xarray as xr
    from pyproj import CRS

    everywhere = run.table("air_places")
    grids = everywhere[everywhere["kind"] == "grid"]
    places = grids[grids["entry"] == entry]
    if places.empty:
        known = ", ".join(dict.fromkeys(grids["entry"])) or "none"
        raise RunFolderError(run.folder, f"has no grid of receptors called {entry!r}. It has: {known}.")
    table = run.table("air_receptors")
    table = table[table["receptor"].isin(places["receptor"])]
    x_m, y_m = np.unique(places["x_m"]), np.unique(places["y_m"])
    shape = len(y_m), len(x_m)
    start = np.datetime64(str(run.manifest["start"]))
    begins, ends = np.unique(table["interval_start_s"]), np.unique(table["interval_end_s"])
    bounds = np.column_stack([_times(start, begins), _times(start, ends)])
    at = {"dims": ("y", "x")}
    coordinates: dict[str, Any] = {
        "time": ("time", bounds[:, 1], TIME),
        "y": ("y", y_m, {"standard_name": "projection_y_coordinate", "units": "m", "axis": "Y"}),
        "x": ("x", x_m, {"standard_name": "projection_x_coordinate", "units": "m", "axis": "X"}),
        "lat": (
            at["dims"],
            places["lat"].to_numpy().reshape(shape),
            {"standard_name": "latitude", "units": "degrees_north"},
        ),
        "lon": (
            at["dims"],
            places["lon"].to_numpy().reshape(shape),
            {"standard_name": "longitude", "units": "degrees_east"},
        ),
        "height": ((), float(places["height_m"].iloc[0]), {"standard_name": "height", "units": "m", "positive": "up"}),
    }
    variables: dict[str, Any] = {
        str(pollutant): (("time", "y", "x"), _values(own, places, (len(ends), *shape)), _attributes(str(pollutant)))
        for pollutant, own in table.groupby("pollutant", sort=False)
    }
    variables["time_bounds"] = (("time", "bound"), bounds)
    variables["crs"] = ((), np.int32(0), CRS.from_epsg(int(run.manifest["epsg"])).to_cf())
    about = {
        "Conventions": "CF-1.11",
        "title": f"Concentrations at {entry}, {run.manifest.get('scenario', '')}",
        "source": f"citytwin {run.manifest.get('citytwin', '')}",
        "history": f"{run.manifest.get('started', '')} {run.manifest.get('command', '')}",
    }
    grid = xr.Dataset(variables, coordinates, about)
    for name in ("time", "time_bounds"):
        grid[name].encoding = {"units": f"milliseconds since {start}", "dtype": "int64"}
    for name in ("time_bounds", "crs"):
        grid[name].encoding["coordinates"] = None  # they lie nowhere
    for name in ("x", "y", "lat", "lon", "height"):
        grid[name].encoding = {"_FillValue": None}  # xarray would write one, and places are never missing
    return grid


def _times(start: np.datetime64, t_s: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    return start + (1000.0 * t_s).round().astype("timedelta64[ms]")


def _values(own: pd.DataFrame, places: pd.DataFrame, shape: tuple[int, ...]) -> np.ndarray[Any, Any]:
    """Concentrations in the order of the grid: times, rows from the south, columns from the west."""
    order = own.pivot(index="interval_end_s", columns="receptor", values="concentration_ugm3")
    return order[places["receptor"].tolist()].to_numpy().reshape(shape)


def _attributes(pollutant: str) -> dict[str, str]:
    named = {"standard_name": STANDARD_NAMES[pollutant]} if pollutant in STANDARD_NAMES else {}
    return {
        **named,
        "long_name": f"mean concentration of {LONG_NAMES[pollutant]}",
        "units": "ug m-3",
        "cell_methods": "time: mean",
        "coordinates": "lat lon height",
        "grid_mapping": "crs",
    }
