"""Make the JSON Schema of scenario files, for editors that complete and check while one types."""

from __future__ import annotations

import copy
from typing import Any

from pydantic import BaseModel

LISTS_BY_ID = (
    "streets",
    "demand",
    "demand_changes",
    "events",
    "measures",
    "air_warnings",
    "hazards",
    "units",
    "hospitals",
    "calls",
    "random_calls",
    "sources",
    "receptors",
    "public_transport",
    "walks",
    "sensors",
    "control",
    "zones",
    "groups",
    "orders",
    "channels",
    "shelters",
    "exits",
    "pickups",
)


def make_schema(model: type[BaseModel]) -> dict[str, Any]:
    """JSON Schema (2020-12) of a scenario file: complete, or with a `base` and only what changes.

    A file with a `base` need not say what it inherits, may remove a key by `null`, and may change the items of a list
    by a mapping from their id.
    """
    whole = _untitled(model.model_json_schema())
    parts: dict[str, Any] = whole.pop("$defs", {})
    whole["required"].remove("name")  # a file without name is called like the file
    change = _loosened(whole, parts)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "citytwin scenario",
        "description": whole["description"],
        "type": "object",
        "properties": {key: {"description": field.description} for key, field in model.model_fields.items()},
        "if": {"type": "object", "required": ["base"], "properties": {"base": {"type": "string"}}},
        "then": {"$ref": "#/$defs/Change"},
        "else": {"$ref": f"#/$defs/{model.__name__}"},
        "$defs": {
            **parts,
            **{f"{name}Change": _loosened(part, parts) for name, part in parts.items()},
            model.__name__: whole,
            "Change": change,
        },
    }


def _loosened(schema: dict[str, Any], parts: dict[str, Any]) -> dict[str, Any]:
    """The schema of a change to such a value: nothing is needed, `null` removes, parts are changes in turn."""
    loose: dict[str, Any] = _point_to_changes(copy.deepcopy(schema), parts)
    for demand in ("required", "minProperties", "maxProperties"):
        loose.pop(demand, None)
    for key, value in loose.get("properties", {}).items():
        ways = [value, {"type": "null"}]
        if key in LISTS_BY_ID and value.get("type") == "array" and value["items"].get("type") != "array":
            ways.append({"type": "object", "description": "Changes by the items' id; `null` removes one."})
        described = {word: value.pop(word) for word in ("description", "default") if word in value}
        loose["properties"][key] = {**described, "anyOf": ways}
    return loose


def _untitled(schema: Any) -> Any:
    """Without the titles that repeat the keys."""
    if isinstance(schema, list):
        return [_untitled(inner) for inner in schema]
    if not isinstance(schema, dict):
        return schema
    return {key: _untitled(inner) for key, inner in schema.items() if key != "title" or not isinstance(inner, str)}


def _point_to_changes(schema: Any, parts: dict[str, Any]) -> Any:
    """With every reference to a part pointing to the change of that part."""
    if isinstance(schema, list):
        return [_point_to_changes(inner, parts) for inner in schema]
    if not isinstance(schema, dict):
        return schema
    changed = {key: _point_to_changes(inner, parts) for key, inner in schema.items() if key != "discriminator"}
    if str(schema.get("$ref", "")).removeprefix("#/$defs/") in parts:
        changed["$ref"] = f"{schema['$ref']}Change"
    if "oneOf" in changed:  # without its kind a change may be one of several
        changed["anyOf"] = changed.pop("oneOf")
    return changed
