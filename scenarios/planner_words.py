"""Say the values of a scenario in words: clock times, durations, quantities with their units, what a key is about."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path

from pydantic import BaseModel

from .street_words import listed

UNITS = {
    "_mps2": "m/s²",
    "_m2ps": "m²/s",
    "_per_m": "1/m",
    "_kmh": "km/h",
    "_mps": "m/s",
    "_w_per_kg": "W/kg",
    "_wpm2": "W/m²",
    "_g_per_m2": "g/m²",
    "_ugm3": "µg/m³",
    "_mgm3": "mg/m³",
    "_gps": "g/s",
    "_deg": "°",
    "temperature_c": "°C",
    "_s": "s",
    "_m": "m",
    "_kg": "kg",
    "per_hour": "departures an hour",
}
# What a key is about where its name without unit does not say it; "Model.key" before "key".
LABELS = {
    "Accident.height_m": "height",
    "Accident.lasts_s": "lasts",
    "Accident.released_g": "releases g of",
    "Air.cold_start": "cold engines where trips begin",
    "Air.limits_ugm3": "limits",
    "Air.occupants": "people in each",
    "Air.doses": "doses of people on the streets",
    "Air.emissions": "emissions by",
    "Air.every_s": "tables every",
    "Air.fleet": "vehicles",
    "Air.look_every_s": "vehicles seen every",
    "Air.no2_chemistry": "NO2 by",
    "Air.receptors": "air",
    "AirFleet.multiples": "emissions over those of the factors",
    "Air.silt_g_per_m2": "dust on the streets",
    "Air.sources": "air",
    "AirFleet.factors": "emission factors of",
    "AirFleet.file": "shares of",
    "StabilityWeather.stability": "class",
    "StreetCanyons.assumed_m": "houses whose height the map does not say",
    "StreetCanyons.heights": "heights of houses by",
    "Stack.exit_temperature_c": "gas of",
    "WeatherSeries.file": "by",
    "_OneWeather.temperature_c": "air of",
    "_OneWeather.wind_sideways_mps": "wind to the side",
    "_Measured.utc_offset_h": "hours ahead of UTC",
    "_Receptor.height_m": "height",
    "_Source.rates_file": "emits by",
    "_Source.rates_gps": "emits",
    "SourceCap.cut": "cut by a share of",
    "AirWarning.receptors": "breathed at",
    "AirDetour.concentrations": "concentrations",
    "AirDetour.follow_share": "of drivers who do",
    "AirDetour.s_per_km_ugm3": "seconds a km and µg/m³",
    "AirWarning.average_h": "hours of the mean",
    "AirWarning.combine": "of several stations counts the",
    "AirWarning.data_share": "a mean needs a share of",
    "AirWarning.every_s": "looks every",
    "AirWarning.hold_s": "a level is raised after",
    "AirWarning.levels": "warns at",
    "AirWarning.lower_after_s": "lowered after",
    "AirWarning.lowered_at": "lowered below a share of",
    "AirWarning.message": "message",
    "AirWarning.nowcast": "particles by the NowCast",
    "AirWarning.series": "measured in",
    "AirWarning.stale_after_s": "stale after",
    "AirWarning.stations": "at",
    "CancelledWalks.share": "of the walks",
    "PlateRestriction.exempt_share": "exempt",
    "PlateRestriction.may_drive": "plates that may drive",
    "PlateRestriction.other_mode_share": "of those kept from driving travel otherwise",
    "PlateRestriction.restricted": "restricts",
    "LowEmissionZone.least_euro": "Euro standards needed",
    "Timed.when": "only while",
    "WarningLevel.at": "from",
    "WarningLevel.name": "level",
    "WarningMessage.utc_offset": "ahead of UTC by",
    "CrowdMonitor.every_s": "tells every",
    "CrowdMonitor.least_per_m2": "leaves out fewer people per m² than",
    "CrowdMonitor.area_m2": "a level counts from m²",
    "CrowdMonitor.hold_s": "an alarm needs",
    "CrowdMonitor.ahead_s": "amber ahead by",
    "CrowdMonitor.pressure_per_s2": "red from a pressure of 1/s²",
    "CrowdLevels.watch": "watch from people per m²",
    "CrowdLevels.amber": "amber from",
    "CrowdLevels.red": "red from",
    "Checkpoint.every_s": "kept every",
    "Checkpoint.keep": "snapshots that stay",
    "City.osm": "OpenStreetMap file",
    "City.graphml": "GraphML file",
    "City.sumo_net": "SUMO net",
    "City.tntp": "TNTP net",
    "City.gmns": "GMNS folder",
    "Scenario.citytwin": "version of the file format",
    "Scenario.step_s": "step of the simulation",
    "_Between.start_s": "first departures",
    "_Between.end_s": "last departures",
    "CellBroadcast.seen_after_s": "seen on average after",
    "CurveTime.file": "shares of people ready by a time",
    "DesignatedRoute.links": "through",
    "DesignatedRoute.zones": "of zones",
    "DoorToDoor.households_per_h": "doors an hour",
    "Ambulances.loads_s": "stand where they take somebody up for",
    "Ambulances.places": "people in each",
    "Ambulances.start_s": "from",
    "Ambulances.to": "to",
    "Ambulances.unloads_s": "at the shelter for",
    "Evacuation.ambulances": "evacuation",
    "Evacuation.channels": "evacuation",
    "Evacuation.cue_factor": "preparation for each further warning times",
    "Evacuation.designated_routes": "evacuation",
    "Evacuation.exits": "evacuation",
    "Evacuation.gathering": "members of households who come home first",
    "Evacuation.groups": "evacuation",
    "Evacuation.modes": "of all households",
    "Evacuation.orders": "evacuation",
    "Evacuation.population_file": "inhabitants",
    "Evacuation.preparation": "people get ready by",
    "Evacuation.shadow": "leaving without an order",
    "Evacuation.shelters": "evacuation",
    "Evacuation.table_every_s": "table of counts every",
    "Evacuation.zones": "evacuation",
    "EvacuationZone.modes": "of its households",
    "Gathering.away": "elsewhere",
    "Gathering.comes_home": "home after a time that is",
    "Gathering.waits_s": "waited for at most",
    "Group.modes": "of its people",
    "Group.preparation": "people get ready by",
    "Households.mean_size": "people in a household on average",
    "Households.persons_per_car": "most people in a car",
    "Evacuation.pickups": "evacuation",
    "FetchedByUnits.loads_s": "stand where they take somebody up for",
    "FetchedByUnits.to": "to",
    "FetchedByUnits.unloads_s": "at the shelter for",
    "Modes.ambulance": "cannot walk, of the people",
    "Modes.bus": "take the bus",
    "Modes.car": "drive",
    "Pickup.headway_s": "one after the other by",
    "Pickup.start_s": "first bus",
    "Pickup.stays_s": "leaves at the latest after",
    "Pickup.to": "to",
    "Pickup.unloads_s": "stands at the shelter for",
    "OnCloud.at_mgm3": "is",
    "OnCloud.hazard": "",
    "OnCloud.zone": "in zone",
    "Order.action": "to",
    "Order.channels": "warned by",
    "Order.start_s": "given at",
    "Order.when": "waits until",
    "Order.zones": "to zones",
    "Shadow.within_m": "of those who live within",
    "Shelter.at": "at",
    "Shelter.by": "reached by",
    "Shelter.places": "places",
    "UniformTime.least_s": "from",
    "UniformTime.most_s": "to",
    "WayOut.by": "for",
    "WayOut.link": "at the end of",
    "_Time.most_s": "at most",
    "_Time.shift_s": "not before",
    "Impatience.after_s": "after a wait of",
    "Impatience.gap_share": "share of the critical gap that is enough",
    "Incident.duration_s": "stands for",
    "NetworkOptions.defaults": "assumed for road class",
    "NetworkOptions.keep": "nodes never merged",
    "NetworkOptions.merge": "nodes that are one junction",
    "Drivers.passing_clearance_m": "distance kept from bicycles that they pass",
    "Drivers.zebra_yield_share": "share that stops at zebras for people who wait",
    "NetworkOptions.pedestrians": "stages last until people are across",
    "NetworkOptions.pockets": "turn pockets that the source knows",
    "NetworkOptions.speed_factors": "free speed over the limit",
    "NetworkOptions.slopes": "vehicles feel that streets rise and fall",
    "_Control.pedestrians": "people cross",
    "Routes.gap": "equilibrium from a relative gap of",
    "Routes.interval_s": "travel times by intervals of",
    "Routes.iterations": "repeated at most",
    "Routes.learning_rate": "weight of the latest day",
    "Drivers.classes": "only for vehicle class",
    "Drivers.others": "drivers who differ",
    "HourValues.bus": "of a bus",
    "HourValues.car": "of a car",
    "HourValues.emergency": "of an emergency vehicle",
    "HourValues.truck": "of a truck",
    "NamedRoute.destination": "to",
    "NamedRoute.links": "over",
    "NamedRoute.origin": "from",
    "Flood.closes_roads_at_m": "closes roads from a depth of",
    "Flood.closes_walks_at_m": "closes ways on foot from a depth of",
    "Flood.incapacitates_at_m": "casualties from a depth of",
    "Flood.incapacitates_at_m2ps": "casualties from depth times speed of",
    "Gas.air_changes_per_h": "air in houses changes an hour",
    "Gas.at": "at",
    "Gas.closed_air_changes_per_h": "the same with all shut",
    "Gas.closes_at_mgm3": "closes everything from",
    "Gas.front_mgm3": "in the cloud from",
    "Gas.lasts_s": "released for",
    "Gas.released_kg": "released",
    "Gas.substance": "of",
    "Smoke.closes_at_per_m": "closes everything from an extinction of",
    "Smoke.incapacitates_at_dose": "casualties from a dose of",
    "_Hazard.every_s": "looked at every",
    "_Hazard.file": "polygons",
    "_Series.crs": "coordinate system",
    "Fire.crs": "coordinate system",
    "EmergencyCall.t_s": "at",
    "EmergencyCall.on_scene_s": "stay",
    "Responders.calls": "responders",
    "Responders.dispatch_delay_s": "units set out after",
    "Responders.handover_s": "mean time at hospital",
    "Responders.hospitals": "responders",
    "Responders.on_scene_s": "mean time on scene",
    "Responders.random_calls": "responders",
    "Responders.transport_share": "share taken to hospital",
    "Responders.units": "responders",
    "RandomCalls.per_hour": "calls an hour",
    "RasterAt.t_s": "at",
    "RasterAt.file": "",
    "Report.routes": "route",
    "Walking.hazard_weight": "a way through a hazard feels longer by the factor",
    "Walking.door_less_per_s": "people a second fewer through any narrow passage",
    "Walking.door_per_m_s": "people a second and metre through narrow passages",
    "Walking.links_every_s": "table of walk links every",
    "Walking.patches_above_per_m2": "people walk in the plane above",
    "Walking.preset": "people walk as",
    "Walking.speed_mps": "mean speed on foot",
    "Walking.speed_sd_mps": "standard deviation of speeds on foot",
    "Spread.least": "nobody has less than",
    "Spread.most": "nobody has more than",
    "Spread.sd": "standard deviation",
    "barriers": "barriers",
    "both_directions": "both directions",
    "access": "trips that begin or end there",
    "banned": "closed to",
    "compliant_share": "share of them that complies",
    "exempt": "nothing is paid by",
    "choice": "",
    "comfort_decel_mps2": "comfortable deceleration",
    "control": "signal control",
    "keep_lanes": "lanes that keep their direction",
    "critical_gap_s": "gap they accept",
    "departures": "departure profile",
    "detector_m": "detectors before the stop line",
    "BusLine.end_s": "last bus before",
    "BusLine.headway_s": "a bus every",
    "BusLine.route": "way",
    "BusLine.start_s": "first bus",
    "board_s_per_passenger": "time to get on (s a passenger)",
    "boarding_per_h": "passengers an hour",
    "dwell_min_s": "shortest stay at a stop",
    "Development.weights": "other ends by",
    "DemandScale.end_s": "last departures",
    "DemandScale.factor": "times as many",
    "DemandScale.start_s": "first departures",
    "diameter_m": "diameter",
    "end_s": "ends",
    "every_s": "every",
    "factor": "all trips times",
    "from_polygon": "from",
    "fcd_every_s": "rhythm of fcd",
    "fcd_links": "links in fcd",
    "from_link": "from",
    "green_s": "greens",
    "groups": "in step",
    "headway_s": "time gap to the vehicle in front",
    "join_within_m": "ends join what lies within",
    "junctions": "",
    "known_to": "known by",
    "lane_width_m": "width of a lane",
    "lanes_back": "lanes of the new direction",
    "lanes_oneway": "lanes of a one-way street",
    "lanes_twoway": "lanes in each direction",
    "leave_locks_after_s": "drivers turn off out of a lock after",
    "length_m": "length of a vehicle",
    "level": "level",
    "line": "course",
    "link_ids": "",
    "links": "",
    "links_every_s": "interval of the table of links",
    "max_accel_mps2": "acceleration",
    "max_decel_mps2": "strongest deceleration",
    "max_green_s": "longest green",
    "max_greens_s": "longest greens",
    "max_wait_s": "green waits at most",
    "min_distance_m": "shortest trip",
    "min_gap_m": "gap when standing",
    "min_green_s": "shortest green",
    "min_greens_s": "shortest greens",
    "model": "car following",
    "network_every_s": "interval of the table of the network",
    "observed": "what was counted",
    "one_way": "one-way",
    "open_to": "open to",
    "passage_s": "gap that ends green",
    "per_hour": "",
    "polygon": "",
    "perception_noise": "how differently streets are judged",
    "plan_every_s": "departures planned every",
    "position_m": "metres from the beginning of the link",
    "preemption": "pre-emption for",
    "priority": "priority for",
    "reach_m": "special vehicles noticed from",
    "reroute_blocked_after_s": "another way is looked for after standing",
    "side": "lanes come or go at the",
    "speed_factor_mean": "wanted speed as a share of the limit",
    "speed_factor_sd": "standard deviation of the wanted speed",
    "speed_kmh": "speed",
    "spread": "spread of",
    "start_s": "begins",
    "stops": "",
    "stuck_after_s": "stuck after standing",
    "sumo": "files in SUMO's formats",
    "sumo_gzip": "these files packed",
    "rates": "trip rates",
    "to_polygon": "to",
    "to_link": "into",
    "uses": "",
    "Values.cost_a_year": "cost of the plan a year",
    "Values.hour": "an hour",
    "announced_after_s": "known to all after",
    "capacity": "room for",
    "compliance": "followed by",
    "delay_s": "after",
    "doors": "",
    "persons": "people",
    "population": "people",
    "reaches": "reaches",
    "width_m": "width",
    "ways": "ways",
    "value_of_time_per_h": "value of an hour",
    "weights": "trips begin and end by",
}
USES = {"dwelling": "dwellings", "office_m2": "m² of offices", "shop_m2": "m² of shops"}
LEFT_OUT = {  # where the key's description does not say what holds without it; "Model.key" before "Model" and "key"
    "Routes.learning_rate": "0.2",
    "ClassDefaults": "as built in",
    "DriverChange": "as for all",
    "SignalPlan": "as it is",
    "reroute_blocked_after_s": "never",
    "GmnsOptions": "as in its config",
    "NetworkOptions.driving_side": "the country's",
    "NetworkOptions.country": "by place",
    "EmergencyCall.on_scene_s": "drawn",
    "Hospital.capacity": "everybody",
    "RandomCalls.polygon": "in the whole city",
    "_Hazard.end_s": "to the end of the run",
    "_Series.crs": "as expected",
    "Fire.crs": "longitude and latitude",
    "end_s": "the end of the run",
    "junctions": "all junctions",
    "rates": "ITE's",
    "NamedRoute.links": "the fastest way",
    "NamedRoute.origin": "the first link",
    "NamedRoute.destination": "the last link",
    "HourValues": "not valued",
    "exempt": "nobody",
    "Evacuation.preparation": "as by default",
    "announced_after_s": "never",
}
SHARES = ("ambulance", "away", "bus", "car", "compliance", "reaches", "share")  # told in per cent
RATES = ("per_hour", "factor", "trips")  # whose change is also told in per cent


def clock(start: dt.datetime, t_s: float) -> str:
    """Clock time of a second of the run, with the day where it is not that of the start.

    Examples
    --------
    >>> morning = dt.datetime(2026, 5, 4, 7)
    >>> clock(morning, 600), clock(morning, 90.5), clock(morning, 86_400)
    ('07:10', '07:01:30.5', 'Tuesday 5 May, 07:00')
    """
    at = start.replace(tzinfo=None) + dt.timedelta(seconds=t_s)
    text = f"{at:%H:%M}"
    if at.microsecond:
        text = f"{at:%H:%M:%S.%f}".rstrip("0")
    elif at.second:
        text = f"{at:%H:%M:%S}"
    return text if at.date() == start.date() else f"{at:%A} {at.day} {at:%B}, {text}"


def date_and_clock(at: dt.datetime) -> str:
    """A date with its day of the week and the time."""
    return f"{at:%A} {at.day} {at:%B %Y}, {clock(at, 0.0)}"


def window(start: dt.datetime, start_s: float, end_s: float | None) -> str:
    """From when to when, in clock times.

    Examples
    --------
    >>> window(dt.datetime(2026, 5, 4, 7), 600, 5400)
    '07:10-08:30'
    """
    if end_s is None:
        return f"from {clock(start, start_s)} to the end of the run"
    return f"{clock(start, start_s)}-{clock(start, end_s)}"


def lasting(seconds: float) -> str:
    """A duration.

    Examples
    --------
    >>> lasting(45), lasting(5400), lasting(7200), lasting(0.5)
    ('45 s', '1 h 30 min', '2 h', '0.5 s')
    """
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(int(minutes), 60)
    parts = [(hours, "h"), (minutes, "min"), (rest, "s")]
    return " ".join(f"{number(value)} {unit}" for value, unit in parts if value) or "0 s"


def number(value: float) -> str:
    """A number with commas between thousands, as exactly as it is written."""
    return f"{value:,.10g}"


def percent_change(before: float, after: float) -> str:
    """By how much something grew or shrank; "" where it was nothing.

    Examples
    --------
    >>> percent_change(50, 60), percent_change(3000, 2999), percent_change(0, 1)
    ('+20 %', '-0.0333 %', '')
    """
    return f"{100 * (after - before) / before:+.3g} %" if before else ""


def unit_of(key: str) -> str:
    """The unit in which a key is written, or ""."""
    return next((unit for ending, unit in UNITS.items() if key.endswith(ending)), "")


def label(model: type[BaseModel], key: str) -> str:
    """What a key is about; "" where its value says so itself."""
    for owner in model.__mro__:
        if found := LABELS.get(f"{owner.__name__}.{key}"):
            return found
    if key in LABELS:
        return LABELS[key]
    return plain_words(next((key.removesuffix(end) for end in UNITS if key.endswith(end)), key))


def left_out(model: type[BaseModel], key: str) -> str:
    """What holds where a key is left out: as its description says."""
    field = model.model_fields.get(key)
    said = re.search(r"Left out: ([^.]+)\.", field.description or "") if field is not None else None
    names = [name for owner in model.__mro__ for name in (f"{owner.__name__}.{key}", owner.__name__)]
    written = next((LEFT_OUT[name] for name in [*names, key] if name in LEFT_OUT), None)
    if written is not None:
        return written
    return said.group(1).strip() if said is not None else "none"


def plain_words(name: str) -> str:
    """A key or a kind without its underscores."""
    return name.replace("_", " ")


def value_words(model: type[BaseModel], key: str, value: object) -> str:
    """A value with its unit; lists in words, groups of a list with plus signs."""
    if value is None:
        return left_out(model, key)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dt.datetime):
        return date_and_clock(value)
    if isinstance(value, Path):
        return value.name
    if isinstance(value, dict):
        if not value:
            return left_out(model, key)
        return listed([f"{number(amount)} {USES.get(name, plain_words(name))}" for name, amount in value.items()])
    if isinstance(value, tuple):
        if not value:
            return left_out(model, key)
        if all(isinstance(item, (int, float)) for item in value):
            return f"{', '.join(number(item) for item in value)} {unit_of(key)}".rstrip()
        return listed(
            [" + ".join(item) if isinstance(item, tuple) else value_words(model, key, item) for item in value]
        )
    if isinstance(value, (int, float)):
        if key in SHARES and model.__module__.rpartition(".")[2] == "evacuation":
            return f"{number(round(100 * value, 10))} %"
        if key == "duration_s":
            return lasting(value)
        return f"{number(value)} {unit_of(key)}".rstrip()
    return str(value)
