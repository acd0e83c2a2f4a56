"""Write down what hazards did: over time, to streets, and to everybody they reached; lists of people for a map too."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..scenarios.hazards import Flood, Smoke
from .gas_tables import gas_casualties, gas_facts, write_gases
from .network_facts import to_lon_lat
from .run_folder import PEOPLE_FILES
from .run_tables import SCHEMAS

if TYPE_CHECKING:
    from ..agents.exposure import Exposure
    from ..agents.gas_exposure import GasExposure
    from ..agents.hazard_field import HazardField
    from .hazards import HazardWatch
    from .run_folder import RunFolder
    from .simulation import Simulation

Longs = NDArray[np.int64]
Columns = dict[str, Any]


def write_hazards(folder: RunFolder, simulation: Simulation) -> None:
    """Write the tables of hazards, and who is stranded or incapacitated as CSV and GeoJSON."""
    watch = simulation.hazards
    assert watch is not None, "hazards are written where there are some"
    names = [field.threat.name for field in watch.hazards.fields]
    folder.writer("hazards").write(_counts(watch, names))
    folder.writer("hazard_links").write(_links(simulation, watch, names))
    folder.writer("exposure").write(_joined([_exposure(*one, names) for one in _modes(simulation)]))
    stranded = _joined([_stranded(simulation, *one, names) for one in _modes(simulation)])
    parts = [_casualties(simulation, *one, names) for one in _modes(simulation)]
    casualties = _joined([*parts, *(_of_gas(simulation, gas) for gas in watch.hazards.gases.values())])
    write_gases(folder, simulation, watch)
    folder.writer("trapped").write(stranded)
    folder.writer("casualties").write(casualties)
    _write_lists(folder, stranded, casualties)


def hazard_facts(simulation: Simulation) -> dict[str, Any]:
    """What hazards add to the summary."""
    watch = simulation.hazards
    assert watch is not None, "there are hazards where they are told of"
    facts: dict[str, Any] = {}
    for number, field in enumerate(watch.hazards.fields):
        own = [count for count in watch.counts if count.hazard == number]
        exposed = [int((one.inside_s[number] > 0.0).sum()) for _, one, _ in _modes(simulation)]
        lost = [int((one.lost_to == number).sum()) for _, one, _ in _modes(simulation)]
        stranded = [int((one.stranded_by == number).sum()) for _, one, _ in _modes(simulation)]
        facts[field.threat.name] = {
            "kind": field.hazard.kind,
            "exposed": dict(zip(("vehicle", "on_foot"), exposed, strict=True)),
            "incapacitated": dict(zip(("vehicle", "on_foot"), lost, strict=True)),
            "stranded": dict(zip(("vehicle", "on_foot"), stranded, strict=True)),
            "detours_on_foot": int(watch.detours_taken[number]),
            "most_streets_closed": max((count.streets_closed for count in own), default=0),
        }
        if number in watch.hazards.gases:
            facts[field.threat.name]["gas"] = gas_facts(watch.hazards.gases[number])
    return {"hazards": facts}


def _modes(simulation: Simulation) -> list[tuple[str, Exposure, tuple[str, ...]]]:
    """How people travel, what they felt, and their ids."""
    watch, walkers = simulation.hazards, simulation.model.walkers
    assert watch is not None
    on_foot = () if walkers is None else walkers.trips.id
    hazards = watch.hazards
    return [("vehicle", hazards.in_vehicles, simulation.model.fleet.trips.id), ("on_foot", hazards.on_foot, on_foot)]


def _counts(watch: HazardWatch, names: list[str]) -> Columns:
    rows = [{**count._asdict(), "hazard": names[count.hazard]} for count in watch.counts]
    return {key: [row[key] for row in rows] for key in SCHEMAS["hazards"]}


def _links(simulation: Simulation, watch: HazardWatch, names: list[str]) -> Columns:
    walkers = simulation.model.walkers
    ids = {
        "road": np.array(simulation.model.network.links.id, dtype=object),
        "walk": np.array([] if walkers is None else walkers.network.links.id, dtype=object),
    }
    parts = [
        {
            "t_s": np.full(one.link.size, one.t_s),
            "hazard": [names[one.hazard]] * one.link.size,
            "network": [one.network] * one.link.size,
            "link": ids[one.network][one.link],
            "level": one.level,
            "closed": one.closed.astype(np.int64),
            "safe_speed_mps": one.safe_speed_mps,
        }
        for one in watch.reached
    ]
    return _joined(parts) if parts else {key: [] for key in SCHEMAS["hazard_links"]}


def _exposure(mode: str, felt: Exposure, ids: tuple[str, ...], names: list[str]) -> Columns:
    hazard, person = np.nonzero(felt.inside_s > 0.0)
    return {
        "person": [ids[row] for row in person],
        "mode": [mode] * person.size,
        "hazard": [names[row] for row in hazard],
        "first_s": felt.first_s[hazard, person],
        "last_s": felt.last_s[hazard, person],
        "inside_s": felt.inside_s[hazard, person],
        "worst": felt.worst[hazard, person],
        "dose": felt.dose[person],
        "rating_m2ps": felt.rating[person],
    }


def _stranded(simulation: Simulation, mode: str, felt: Exposure, ids: tuple[str, ...], names: list[str]) -> Columns:
    watch = simulation.hazards
    assert watch is not None
    out, place = watch.hazards.vehicles_out() if mode == "vehicle" else watch.hazards.people_out()
    known = felt.stranded_by[out] >= 0
    out, place = out[known], place[known]
    by = felt.stranded_by[out]
    fields = watch.hazards.fields
    causes = [_why_stranded(fields[row], mode, int(at)) for row, at in zip(by, place, strict=True)]
    return {
        "person": [ids[row] for row in out],
        "mode": [mode] * out.size,
        "hazard": [names[row] for row in by],
        **_places(simulation, mode, place),
        "since_s": felt.stranded_s[out],
        "cause": causes,
        **_nearest_units(simulation, mode, place),
    }


def _casualties(simulation: Simulation, mode: str, felt: Exposure, ids: tuple[str, ...], names: list[str]) -> Columns:
    watch = simulation.hazards
    assert watch is not None
    people = np.flatnonzero((felt.lost_to >= 0) & ~np.isin(felt.lost_to, list(watch.hazards.gases)))
    by = felt.lost_to[people]
    causes = [
        _why_lost(watch.hazards.fields[row], float(felt.worst[row, person]), float(felt.dose[person]))
        for row, person in zip(by, people, strict=True)
    ]
    return {
        "person": [ids[row] for row in people],
        "mode": [mode] * people.size,
        "hazard": [names[row] for row in by],
        **_places(simulation, mode, felt.lost_place[people]),
        "t_s": felt.lost_s[people],
        "cause": causes,
        **_nearest_units(simulation, mode, felt.lost_place[people]),
    }


def _of_gas(simulation: Simulation, gas: GasExposure) -> Columns:
    """Whom a gas incapacitated."""
    name = gas.hazards.fields[gas.number].threat.name
    rows = gas_casualties(gas, name, simulation.model.network.epsg)
    people = np.flatnonzero(~np.isnan(gas.lost_s))
    return {**rows, **_units_near(simulation, gas.lost_x_m[people], gas.lost_y_m[people])}


def _nearest_units(simulation: Simulation, mode: str, place: Longs) -> Columns:
    """Who of the responders is nearest to places, where there are any."""
    if not place.size:
        return _units_near(simulation, np.zeros(0), np.zeros(0))
    return _units_near(simulation, *_coordinates(simulation, mode, place))


def _units_near(simulation: Simulation, x_m: NDArray[np.float64], y_m: NDArray[np.float64]) -> Columns:
    if simulation.responders is None or not x_m.size:
        return {"nearest_unit": [""] * x_m.size, "nearest_unit_m": np.full(x_m.size, np.nan)}
    from .responder_tables import nearest_units

    units, away_m = nearest_units(simulation.responders, x_m, y_m)
    return {"nearest_unit": units, "nearest_unit_m": away_m}


def _coordinates(simulation: Simulation, mode: str, place: Longs) -> tuple[Any, Any]:
    """Where pieces of streets or cells are, m."""
    watch = simulation.hazards
    assert watch is not None
    hazards = watch.hazards
    if mode == "vehicle":
        return hazards.pieces.x_m[place], hazards.pieces.y_m[place]
    return hazards.cell_x_m[place], hazards.cell_y_m[place]


def _places(simulation: Simulation, mode: str, place: Longs) -> Columns:
    """Link and coordinates of pieces of streets or of cells."""
    watch, network, walkers = simulation.hazards, simulation.model.network, simulation.model.walkers
    assert watch is not None
    hazards = watch.hazards
    if mode == "vehicle" or walkers is None:
        links = [network.links.id[link] for link in hazards.pieces.link[place]]
    else:
        links = [walkers.network.links.id[link] for link in walkers.link_of[place]]
    lon, lat = np.zeros(0), np.zeros(0)
    if place.size:
        lon, lat = to_lon_lat(*_coordinates(simulation, mode, place), network.epsg)
    return {"link": links, "lon": lon, "lat": lat}


def _why_stranded(field: HazardField, mode: str, place: int) -> str:
    """What keeps somebody from going on, as people say it."""
    values, shut = (field.road, field.shuts_pieces) if mode == "vehicle" else (field.walk, field.shuts_cells)
    if not shut[place]:
        return f"the way on is closed by {field.threat.name}"
    if isinstance(field.hazard, Flood):
        return f"in water {values[0, place]:.2f} m deep"
    return f"inside {field.threat.name}"


def _why_lost(field: HazardField, worst: float, dose: float) -> str:
    """What incapacitated somebody."""
    if isinstance(field.hazard, Flood):
        return f"lost the footing in water {worst:.2f} m deep"
    if isinstance(field.hazard, Smoke):
        return f"smoke, dose {dose:.2f}"
    return "caught by fire"


def _joined(parts: list[Columns]) -> Columns:
    """Rows of several tables one after the other."""
    return {key: [value for part in parts for value in part[key]] for key in parts[0]}


def _write_lists(folder: RunFolder, stranded: Columns, casualties: Columns) -> None:
    import pandas as pd

    pd.DataFrame(stranded).to_csv(folder.path / PEOPLE_FILES[0], index=False)
    pd.DataFrame(casualties).to_csv(folder.path / PEOPLE_FILES[1], index=False)
    features = []
    for state, columns in (("stranded", stranded), ("incapacitated", casualties)):
        for row in pd.DataFrame(columns).to_dict("records"):
            point = {"type": "Point", "coordinates": [row.pop("lon"), row.pop("lat")]}
            row = {key: value for key, value in row.items() if value == value and value != ""}
            features.append({"type": "Feature", "geometry": point, "properties": {"state": state, **row}})
    text = json.dumps({"type": "FeatureCollection", "features": features}, indent=1, ensure_ascii=False)
    (folder.path / PEOPLE_FILES[2]).write_text(text + "\n", encoding="utf-8")
