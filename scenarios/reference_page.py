"""Write the documentation page of the scenario file from the descriptions of its keys."""

from __future__ import annotations

import json
from typing import Any

from . import injects  # noqa: F401  (all kinds are known from then on)
from .inject_kinds import KINDS
from .scenario import Scenario
from .sensor_files import observation_schema

# Sections of the page after the top level, in the order in which people meet them.
SECTIONS = (
    ("`city`", ("City",)),
    ("`network`", ("NetworkOptions", "ClassDefaults", "TntpOptions", "GmnsOptions")),
    (
        "`streets`",
        (
            "RoadAdded",
            "RoadRemoved",
            "RoadOpened",
            "LaneCount",
            "TurnPocket",
            "ParkingRemoved",
            "ParkingAdded",
            "BusLane",
            "CycleLane",
            "SpeedZone",
            "OneWay",
            "OneWayTurned",
            "TwoWay",
            "TurnBan",
            "TurnAllowed",
            "SignalAdded",
            "SignalRemoved",
            "Roundabout",
            "ModalFilter",
        ),
    ),
    ("`demand`", ("RandomTrips", "OdMatrix", "TripFile", "Development")),
    ("`demand_changes`", ("DemandScale",)),
    ("`events`", ("RoadClosure", "SpeedLimit", "SignalPlan", "Incident", "Contraflow")),
    (
        "`measures`",
        (
            "Toll",
            "LowEmissionZone",
            "PlateRestriction",
            "SlowZone",
            "AirDetour",
            "SourceCap",
            "CancelledWalks",
            "OnLevel",
        ),
    ),
    ("`air_warnings`", ("AirWarning", "WarningLevel", "WarningMessage")),
    ("`hazards`", ("Flood", "Smoke", "Gas", "Fire", "BlockedArea", "RasterAt")),
    ("`public_transport`", ("BusLine", "Stop")),
    ("`walking`", ("Walking",)),
    (
        "`evacuation`",
        (
            "Evacuation",
            "EvacuationZone",
            "Group",
            "Door",
            "Order",
            "OnCloud",
            "Shelter",
            "WayOut",
            "Pickup",
            "Ambulances",
            "FetchedByUnits",
            "DesignatedRoute",
            "Modes",
            "Households",
            "Gathering",
            "Shadow",
        ),
    ),
    ("`channels`: how people are warned", ("Siren", "CellBroadcast", "DoorToDoor", "Neighbours")),
    (
        "`preparation`: between warning and leaving",
        ("LognormalTime", "GammaTime", "WeibullTime", "RayleighTime", "SCurveTime", "UniformTime", "CurveTime"),
    ),
    ("`responders`", ("Responders", "ResponseUnit", "Hospital", "EmergencyCall", "RandomCalls")),
    (
        "`air`",
        (
            "Air",
            "AirFleet",
            "Stack",
            "AreaSource",
            "Accident",
            "ReceptorPoint",
            "ReceptorGrid",
            "ReceptorResidents",
            "StreetCanyons",
        ),
    ),
    ("`meteorology`: the weather of `air`", ("ConstantWeather", "StabilityWeather", "WeatherSeries")),
    ("`patches`", ("Patch",)),
    ("`crowd_monitor`", ("CrowdMonitor", "CrowdLevels")),
    ("`sensors`", ("Loop",)),
    (
        "`signals`",
        ("SignalControl", "FixedControl", "ActuatedControl", "MaxPressureControl", "PythonControl", "Coordination"),
    ),
    ("`outputs`", ("Outputs",)),
    ("`checkpoint`", ("Checkpoint",)),
    ("`drivers`", ("Drivers", "Spread", "DriverChange", "OtherDrivers")),
    ("`routes`", ("Routes",)),
    ("`remedies`", ("Remedies", "Impatience")),
    ("`report`", ("Report", "NamedRoute")),
    ("`values`", ("Values", "HourValues")),
)
TITLES = {
    "ClassDefaults": "A road class in `defaults`",
    "TntpOptions": "`tntp`",
    "GmnsOptions": "`gmns`",
    "OnLevel": "`when`",
    "WarningLevel": "One of `levels`",
    "WarningMessage": "`message`",
    "Ambulances": "One of `ambulances`",
    "FetchedByUnits": "`fetched_by_units`",
    "Coordination": "`coordination`",
    "Stop": "One of `stops`",
    "DesignatedRoute": "One of `designated_routes`",
    "Door": "One of `doors`",
    "EvacuationZone": "One of `zones`",
    "Gathering": "`gathering`",
    "Group": "One of `groups`",
    "Households": "`households`",
    "Modes": "`modes`",
    "Pickup": "One of `pickups`",
    "Order": "One of `orders`",
    "Shadow": "`shadow`",
    "Shelter": "One of `shelters`",
    "WayOut": "One of `exits`",
    "RasterAt": "One of `rasters`",
    "ResponseUnit": "One of `units`",
    "Hospital": "One of `hospitals`",
    "EmergencyCall": "One of `calls`",
    "RandomCalls": "One of `random_calls`",
    "AirFleet": "`fleet`",
    "Stack": "One of `sources`: `kind: stack`",
    "AreaSource": "One of `sources`: `kind: area`",
    "Accident": "One of `sources`: `kind: accident`",
    "ReceptorPoint": "One of `receptors`: `kind: point`",
    "ReceptorGrid": "One of `receptors`: `kind: grid`",
    "ReceptorResidents": "One of `receptors`: `kind: residents`",
    "StreetCanyons": "`canyons`",
    "Spread": "A parameter in `spread`",
    "DriverChange": "A vehicle class in `classes`",
    "OtherDrivers": "One of `others`",
    "Impatience": "`impatience`",
    "NamedRoute": "One of `routes`",
    "HourValues": "`hour`",
}


def scenario_reference_markdown() -> str:
    """Every key of a scenario file with its type, range, default and meaning, as Markdown (headings from level 3)."""
    schema = Scenario.model_json_schema()
    models = schema["$defs"]
    lines = ["### Top level", "", *_about(schema), *_table(schema)]
    for title, names in SECTIONS:
        lines += ["", f"### {title}"]
        for name in names:
            kind = models[name]["properties"].get("kind", {}).get("const")
            if name in TITLES:
                lines += ["", f"#### {TITLES[name]}"]
            elif kind and len(names) > 1:
                lines += ["", f"#### `kind: {kind}`"]
            lines += ["", *_about(models[name]), *_table(models[name])]
    return "\n".join(lines) + "\n"


def inject_reference_markdown() -> str:
    """Every kind of inject with its keys, as Markdown (headings from level 3)."""
    lines: list[str] = []
    for kind, model in KINDS.items():
        schema = model.model_json_schema()
        lines += [f"### `kind: {kind}`", "", *_about(schema), *_table(schema), ""]
    return "\n".join(lines)


def observation_reference_markdown() -> str:
    """Every key of a description of observations, as Markdown (headings from level 3)."""
    schema = observation_schema()
    models = schema["$defs"]
    lines = ["### Top level", "", *_about(schema), *_table(schema)]
    for title, names in (("One of `files`", ("ReadingFile",)), ("`sensors`", ("SensorList",))):
        lines += [
            "",
            f"### {title}",
            *[line for name in names for line in ("", *_about(models[name]), *_table(models[name]))],
        ]
    lines += ["", "### One of `cleaning`"]
    for name in ("Drop", "Shift", "Scale", "Fill"):
        kind = models[name]["properties"]["kind"]["const"]
        lines += ["", f"#### `kind: {kind}`", "", *_about(models[name]), *_table(models[name])]
    return "\n".join(lines) + "\n"


def _about(model: dict[str, Any]) -> list[str]:
    return [*model["description"].splitlines(), ""]


def _table(model: dict[str, Any]) -> list[str]:
    required = set(model.get("required", ())) - {"name"}  # a file without name is called like the file
    rows = ["| Key | Value | Default | Meaning |", "| --- | --- | --- | --- |"]
    for key, value in sorted(model["properties"].items(), key=lambda entry: entry[0] != "kind"):
        if key in required:
            default = "needed"
        elif key == "name":
            default = "the file's"
        elif value.get("default") in (None, [], {}):
            default = "–"
        else:
            default = f"`{json.dumps(value['default'])}`"
        meaning = value.get("description", "").replace("|", "\\|")
        rows.append(f"| `{key}` | {_type(value)} | {default} | {meaning} |")
    return rows


def _type(schema: dict[str, Any]) -> str:
    """What may be written, in words."""
    if "const" in schema:
        return f"`{schema['const']}`"
    if "enum" in schema:
        return " or ".join(f"`{word}`" for word in schema["enum"])
    ways = [way for way in schema.get("anyOf", schema.get("oneOf", [])) if way.get("type") != "null"]
    if ways:
        return " or ".join(dict.fromkeys(_type(way) for way in ways))
    if schema.get("type") == "array":
        return f"list of: {_type(schema['items'])}"
    if schema.get("type") == "object":
        inner = schema.get("additionalProperties")
        return f"mapping to: {_type(inner)}" if isinstance(inner, dict) else "mapping"
    if "$ref" in schema:
        return "mapping"
    if schema.get("type") == "string":
        return (
            "file"
            if schema.get("format") == "path"
            else "date and time"
            if schema.get("format") == "date-time" or "T" in schema.get("pattern", "")
            else "text"
        )
    word = {"integer": "whole number", "number": "number", "boolean": "`true` or `false`"}[schema["type"]]
    return f"{word}{_range(schema)}"


def _range(schema: dict[str, Any]) -> str:
    low, high = schema.get("minimum"), schema.get("maximum")
    if low is not None and high is not None and high < 2**62:
        return f" {low:g} to {high:,.10g}"
    if low is not None:
        return f" ≥ {low:g}"
    above = schema.get("exclusiveMinimum")
    text = "" if above is None else f" > {above:g}"
    return text if high is None else f"{text}, ≤ {high:,.10g}"
