"""Write down what happened to the air: concentrations, emissions, whose they are, and what people breathed."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from ..agents.air_above import GROUPS, HOUR_S
from ..agents.air_doses import MODERATE, RESTING
from ..agents.remembering import Remembers
from ..agents.sources import pollutants_of
from ..agents.weather import KELVIN, weather_of
from ..kernels.air_canyon import CLOSED
from ..scenarios.air import POLLUTANTS, ReceptorGrid, ReceptorResidents
from ..scenarios.trips import VEHICLE_CLASSES
from .network_facts import to_lon_lat
from .run_tables import SCHEMAS

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
    folder.writer("air_above").write(above_columns(watch))
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


def above_columns(watch: AirWatch) -> Columns:
    """Who had how much, and for how long more than the limit, by hour; points count as one person who stands there."""
    above, air, places = watch.above, watch.air, watch.receptors
    wanted = _wanted(watch)
    rows: list[tuple[float, str, str, int, float, float, float]] = []
    for entry, receptor in enumerate(air.receptors):
        own = np.flatnonzero(places.entry == entry)
        people = places.people[own] if isinstance(receptor, ReceptorResidents) else np.ones(own.size)
        if isinstance(receptor, ReceptorGrid):
            continue
        group = "residents" if isinstance(receptor, ReceptorResidents) else "point"
        for hour in np.flatnonzero(above.receptor_s > 0.0).tolist():
            person_s = float(people.sum() * above.receptor_s[hour])
            for row in wanted:
                ugm3_s, over_s = (
                    float(people @ table[hour, own, row]) for table in (above.receptor_ugm3_s, above.receptor_over_s)
                )
                rows.append((hour * HOUR_S, group, receptor.id, row, person_s, ugm3_s, over_s))
    for hour, group_row, zone in np.argwhere(above.street_s > 0.0).tolist():
        person_s = float(above.street_s[hour, group_row, zone])
        for row in wanted:
            at = hour, group_row, zone, row
            ugm3_s, over_s = float(above.street_ugm3_s[at]), float(above.street_over_s[at])
            rows.append((hour * HOUR_S, GROUPS[group_row], above.zones[zone], row, person_s, ugm3_s, over_s))
    limits = [float(above.limits[row[3]]) for row in rows]
    return {
        "hour_start_s": [row[0] for row in rows],
        "group": [row[1] for row in rows],
        "zone": [row[2] for row in rows],
        "pollutant": [POLLUTANTS[row[3]] for row in rows],
        "person_h": [row[4] / HOUR_S for row in rows],
        "mean_ugm3": [row[5] / row[4] for row in rows],
        "limit_ugm3": limits,
        "above_h": [
            math.nan if math.isnan(limit) else row[6] / HOUR_S for row, limit in zip(rows, limits, strict=True)
        ],
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
        "wind_sideways_mps": [one.layer().sigma_v_mps for one in found],
    }


def _doses(watch: AirWatch) -> Columns:
    """A row for everybody who was seen, for the people of each place of residents, and each pollutant."""
    doses, walkers = watch.doses, watch.doses.model.walkers if watch.doses is not None else None
    assert doses is not None
    wanted, homes = _wanted(watch), np.flatnonzero(watch.receptors.people > 0.0)
    on_foot = () if walkers is None else walkers.trips.id
    one = np.ones(len(on_foot))
    at_home = [watch.receptors.id[row] for row in homes]
    home_s, home_ugm3_s = np.full(homes.size, watch.begun_s), watch.total_ugm3_s[homes].sum(axis=2)
    of_homes = watch.receptors.people[homes], home_s, home_ugm3_s, np.full(homes.size, RESTING)
    of_trips = doses.occupants, doses.vehicle_s, doses.vehicle_ugm3_s, doses.breathes_m3ps
    parts = (
        ("vehicle", doses.model.fleet.trips.id, *of_trips),
        ("on_foot", on_foot, one, doses.walk_s, doses.walk_ugm3_s, MODERATE * one),
        ("home", at_home, *of_homes),
    )
    columns: dict[str, list[Any]] = {key: [] for key in SCHEMAS["air_doses"]}
    for mode, ids, people, seconds, ugm3_s, m3ps in parts:
        seen = np.flatnonzero(seconds > 0.0)
        columns["person"] += [ids[row] for row in seen for _ in wanted]
        columns["mode"] += [mode] * (seen.size * len(wanted))
        columns["people"] += np.repeat(people[seen], len(wanted)).tolist()
        columns["pollutant"] += [POLLUTANTS[row] for row in wanted] * seen.size
        columns["time_s"] += np.repeat(seconds[seen], len(wanted)).tolist()
        columns["mean_ugm3"] += (ugm3_s[seen][:, wanted] / seconds[seen, np.newaxis]).ravel().tolist()
        columns["inhaled_ug"] += (ugm3_s[seen][:, wanted] * m3ps[seen, np.newaxis]).ravel().tolist()
    return columns
