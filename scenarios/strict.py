"""Say what all parts of a scenario have in common: frozen, no unknown keys, nothing converted in silence."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo
from pydantic_core import PydanticCustomError

from .problems import closest_file
from .yaml_lines import WrittenText


class Strict(BaseModel):
    """Frozen; an unknown key is an error; ``"3"`` is not a number and NaN is none either."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False, validate_default=False)


FORGIVING = {"forgiving": True}  # context in which what is right of a file is looked for


def is_forgiving(info: ValidationInfo) -> bool:
    """Whether what is right of a file is looked for: then its parts need not go together."""
    return info.context == FORGIVING


def follow_path(value: object) -> Path:
    """The file a path means: relative to the file it was written in, or to the current folder where it was not read."""
    if isinstance(value, Path):
        return value
    if not isinstance(value, str):
        raise ValueError("must be the path of a file")
    if not value.strip():
        raise ValueError("is empty: name a file, or remove the key")
    if "\0" in value:
        raise ValueError("is not a file name")
    folder = value.folder if isinstance(value, WrittenText) else Path()
    return Path(os.path.normpath(folder / value))


def existing_file(value: object) -> Path:
    """``follow_path``, and the file must be there."""
    file = follow_path(value)
    try:
        if file.is_file():
            return file
        if file.is_dir():
            raise ValueError("is a folder, not a file")
    except OSError as error:
        raise ValueError(f"cannot be read: {error.strerror}") from None
    raise ValueError(f"no such file.{closest_file(file)}")


InputFile = Annotated[Path, BeforeValidator(existing_file)]
T = TypeVar("T")
Listed = Annotated[tuple[T, ...], Field(strict=False)]  # a list in the file, a tuple here
Seconds = Annotated[float, Field(ge=0)]


def _after_start(end_s: float | None, info: ValidationInfo) -> float | None:
    start_s = info.data.get("start_s")
    if end_s is not None and start_s is not None and end_s <= start_s:
        raise ValueError(f"must be after start_s ({start_s:g}). Did you swap them?")
    return end_s


EndSeconds = Annotated[Seconds | None, AfterValidator(_after_start)]  # of a window that begins at `start_s`


BEGINS_TOO_LATE = "begins_too_late"


def begins_in_run(part: T, info: ValidationInfo) -> T:
    """Refuse a part of a scenario whose ``start_s`` lies at or after the end of the run: it would never happen."""
    start_s, duration_s = getattr(part, "start_s", None), info.data.get("duration_s")
    if start_s is not None and duration_s is not None and start_s >= duration_s:
        said = "begins at {start_s} s, but the run ends at {duration_s} s (duration_s)"
        raise PydanticCustomError(BEGINS_TOO_LATE, said, {"start_s": start_s, "duration_s": duration_s})
    return part
