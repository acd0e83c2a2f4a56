"""Write down what happened to the air: concentrations, emissions, whose they are, and what people breathed."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from ..agents.air_doses import MODERATE
from ..agents.remembering import Remembers
from ..agents.sources import pollutants_of
from ..agents.weather import KELVIN, weather_of
from ..kernels.air_canyon import CLOSED
from ..scenarios.air import POLLUTANTS
from ..scenarios.trips import VEHICLE_CLASSES
from .network_facts import to_lon_lat

if TYPE_CHECKING:
    from ..agents.city_model import CityModel
    from ..scenarios.street_canyons import StreetSides
    from .air import AirWatch, Interval
    from .run_folder import RunFolder

Columns = dict[str, Any]
LINK_COLUMNS = ("nox_g", "no2_g", "pm_exhaust_g", "pm10_wear_g", "pm25_wear_g", "co_g", "voc_g", "co2_g", "energy_mj")


class AirTables(Remembers):
    """Closes an interval of the air in its rhythm, and writes its rows."""

    def __init__(self, folder: RunFolder, watch: AirWatch) -> None:
        self.every_s = watch.air.every_s
        self._folder, self._watch = folder, watch

    def observe(self, t_s: float, model: CityModel) -> None:
        """End the interval that began the last time."""
        closed = self._watch.close(t_s)
        if closed is None:
            return
        self._folder.writer("air_receptors").write(_receptors(self._watch, closed))
        self._folder.writer("air_links").write(_links(self._watch, closed))
        self._folder.writer("air_sources").write(_sources(self._watch, closed))


def write_air(folder: RunFolder, watch: AirWatch) -> None:
    """Write the tables that need the whole run, and what was assumed."""
    folder.writer("air_places").write(_places(watch))
    folder.writer("air_shares").write(_shares(watch))
    if watch.sides is not None:
        folder.writer("air_canyons").write(_canyons(watch.sides, watch))
    folder.writer("air_weather").write(_weather(watch))
    if watch.doses is not None:
        folder.writer("air_doses").write(_doses(watch))
    for text in watch.said():
        folder.warn(f"Air: {text}.")


def _wanted(watch: AirWatch) -> list[int]:
    """Rows of the pollutants whose concentrations are asked for."""
    return [row for row, name in enumerate(POLLUTANTS) if name in watch.air.pollutants]


def _receptors(watch: AirWatch, closed: Interval) -> Columns:
    wanted, first = _wanted(watch), len(VEHICLE_CLASSES) - 1
    ugm3 = closed.ugm3[:, wanted]
    count = ugm3.shape[0] * len(wanted)
    return {
        "interval_start_s": np.full(count, closed.start_s),
        "interval_end_s": np.full(count, closed.end_s),
        "receptor": np.repeat(np.array(watch.receptors.id, dtype=object), len(wanted)),
        "pollutant": [POLLUTANTS[row] for row in wanted] * ugm3.shape[0],
        "concentration_ugm3": ugm3.sum(axis=2).ravel(),
        "from_traffic_ugm3": ugm3[:, :, :first].sum(axis=2).ravel(),
        "from_sources_ugm3": ugm3[:, :, first:-1].sum(axis=2).ravel(),
        "from_elsewhere_ugm3": ugm3[:, :, -1].ravel(),
    }


def _links(watch: AirWatch, closed: Interval) -> Columns:
    grams = closed.species_g.sum(axis=0) if closed.species_g.size else np.zeros((0, len(LINK_COLUMNS)))
    rows = np.flatnonzero(grams.any(axis=1))
    return {
        "interval_start_s": np.full(rows.size, closed.start_s),
        "interval_end_s": np.full(rows.size, closed.end_s),
        "link": [watch.network.links.id[row] for row in rows],
        **{name: grams[rows, column] for column, name in enumerate(LINK_COLUMNS)},
    }


def _sources(watch: AirWatch, closed: Interval) -> Columns:
    names, kinds, grams = list[str](), list[str](), list[np.ndarray[Any, Any]]()
    if closed.species_g.size:
        for row, name in enumerate(VEHICLE_CLASSES[:-1]):
            if closed.species_g[row].any():
                names.append(name)
                kinds.append("traffic")
                grams.append(pollutants_of(closed.species_g[row].sum(axis=0)))
    for row, source in enumerate(watch.air.sources):
        names.append(source.id)
        kinds.append(source.kind)
        grams.append(closed.source_g[row])
    count = len(names) * len(POLLUTANTS)
    return {
        "interval_start_s": np.full(count, closed.start_s),
        "interval_end_s": np.full(count, closed.end_s),
        "source": np.repeat(np.array(names, dtype=object), len(POLLUTANTS)),
        "kind": np.repeat(np.array(kinds, dtype=object), len(POLLUTANTS)),
        "pollutant": list(POLLUTANTS) * len(names),
        "emitted_g": np.concatenate(grams) if grams else np.zeros(0),
    }


def _places(watch: AirWatch) -> Columns:
    places, entries = watch.receptors, watch.air.receptors
    lon, lat = np.zeros(0), np.zeros(0)
    if places.x_m.size:
        lon, lat = to_lon_lat(places.x_m, places.y_m, watch.network.epsg)
    return {
        "receptor": list(places.id),
        "entry": [entries[row].id for row in places.entry],
        "kind": [entries[row].kind for row in places.entry],
        "x_m": places.x_m,
        "y_m": places.y_m,
        "lon": lon,
        "lat": lat,
        "height_m": places.height_m,
        "people": places.people,
        "canyon": _canyon_of(watch),
    }


def _canyon_of(watch: AirWatch) -> list[str]:
    """Id of the street between whose houses each receptor lies; "" in the open."""
    found, canyons = [""] * len(watch.receptors.id), watch.field.canyons
    if canyons is not None:
        ids = watch.network.links.id
        for receptor, link in zip(np.asarray(canyons.receptor), np.asarray(canyons.link), strict=True):
            found[receptor] = found[receptor] or ids[link]
    return found


def _canyons(sides: StreetSides, watch: AirWatch) -> Columns:
    """Streets with houses on both sides."""
    rows = np.flatnonzero(np.isfinite(sides.ratio))
    return {
        "link": [watch.network.links.id[row] for row in rows],
        "canyon": sides.closed(CLOSED)[rows].astype(np.int64),
        "ratio": sides.ratio[rows],
        "width_m": sides.width_m[rows],
        "left_height_m": sides.height_m[rows, 0],
        "right_height_m": sides.height_m[rows, 1],
        "left_built_share": sides.built_share[rows, 0],
        "right_built_share": sides.built_share[rows, 1],
        "assumed_share": sides.assumed_share[rows].mean(axis=1),
        "unknown_share": sides.unknown_share[rows].mean(axis=1),
    }


def _shares(watch: AirWatch) -> Columns:
    """Whose the mean concentrations are; who added nothing anywhere has no rows."""
    wanted = _wanted(watch)
    mean = watch.total_ugm3_s[:, wanted] / max(watch.begun_s, 1.0)
    whole = mean.sum(axis=2, keepdims=True)
    share = np.divide(mean, whole, out=np.zeros_like(mean), where=whole > 0.0)
    own = np.flatnonzero(mean.any(axis=(0, 1)))
    mean, share = mean[:, :, own], share[:, :, own]
    receptor, pollutant, source = (axis.ravel() for axis in np.indices(mean.shape))
    names, ids = np.array(watch.contributors, dtype=object)[own], np.array(watch.receptors.id, dtype=object)
    return {
        "receptor": ids[receptor],
        "pollutant": np.array(POLLUTANTS, dtype=object)[wanted][pollutant],
        "source": names[source],
        "mean_ugm3": mean.ravel(),
        "share": share.ravel(),
    }


def _weather(watch: AirWatch) -> Columns:
    states = watch.inputs.weather
    found = [weather_of(states, row, watch.place) for row in range(states.t_s.size)]
    return {
        "t_s": states.t_s,
        "wind_mps": [one.wind_speed_mps for one in found],
        "wind_from_deg": [one.wind_from_deg for one in found],
        "temperature_c": [one.temperature_k - KELVIN for one in found],
        "friction_velocity_mps": [one.ustar_mps for one in found],
        "obukhov_length_m": [
            one.obukhov_length_m if math.isfinite(one.obukhov_length_m) else math.nan for one in found
        ],
        "mixing_height_m": [one.mixing_height_m for one in found],
    }


def _doses(watch: AirWatch) -> Columns:
    """A row for everybody who was seen, and each pollutant."""
    doses, walkers = watch.doses, watch.doses.model.walkers if watch.doses is not None else None
    assert doses is not None
    wanted = _wanted(watch)
    on_foot = () if walkers is None else walkers.trips.id
    breathes = np.full(len(on_foot), MODERATE)
    parts = (
        ("vehicle", doses.model.fleet.trips.id, doses.vehicle_s, doses.vehicle_ugm3_s, doses.breathes_m3ps),
        ("on_foot", on_foot, doses.walk_s, doses.walk_ugm3_s, breathes),
    )
    columns: dict[str, list[Any]] = {
        "person": [],
        "mode": [],
        "pollutant": [],
        "time_s": [],
        "mean_ugm3": [],
        "inhaled_ug": [],
    }
    for mode, ids, seconds, ugm3_s, m3ps in parts:
        seen = np.flatnonzero(seconds > 0.0)
        columns["person"] += [ids[row] for row in seen for _ in wanted]
        columns["mode"] += [mode] * (seen.size * len(wanted))
        columns["pollutant"] += [POLLUTANTS[row] for row in wanted] * seen.size
        columns["time_s"] += np.repeat(seconds[seen], len(wanted)).tolist()
        columns["mean_ugm3"] += (ugm3_s[seen][:, wanted] / seconds[seen, np.newaxis]).ravel().tolist()
        columns["inhaled_ug"] += (ugm3_s[seen][:, wanted] * m3ps[seen, np.newaxis]).ravel().tolist()
    return columns
