"""Make the JSON Schema of a scenario file."""

from __future__ import annotations

from pydantic import BaseModel


def make_schema(model: type[BaseModel]) -> dict[str, object]:
    """The model's schema."""
    return model.model_json_schema()
