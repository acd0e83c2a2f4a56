"""Read a lone table of counts, with no description, and hold it against tables of other days that lie beside it."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from .problems import NO_VALUE, Problem, ScenarioError
from .sensor_files import Described, ObservationFile, read_described

DATES = {r"\d{4}-\d{2}-\d{2}": "%Y-%m-%d", r"\d{8}": "%Y%m%d", r"\d{6}": "%y%m%d"}


def read_lone_counts(file: Path, begins: dt.datetime | None = None, interval_s: float | None = None) -> Described:
    """Counts of one table, over one interval where the table itself has no times.

    Where the table's name has a date, tables of the same name with other dates are read too: what is usual on them
    shows what is not on this day. Findings are about the table alone.

    Parameters
    ----------
    file
        CSV or Parquet with a column for links or sensors and one for counts, or SUMO's edgeData.
    begins
        Clock of the place at which the counting began; of a table with a date in its name only the time of day matters.
    interval_s
        How long was counted, where the table has no times.

    Raises
    ------
    ScenarioError
        With every problem of the table.
    """
    edges = file.name.endswith((".xml", ".xml.gz"))
    keys: dict[str, Any] = {"layout": "edgedata"} if edges else {}
    files = [(file, _date_in(file.name)), *((path, date) for path, date in _beside(file))]
    parts = []
    for path, date in files:
        at = begins if begins is None or date is None else dt.datetime.combine(date, begins.time())
        parts.append({"file": str(path), **keys, **({} if at is None else {"begins": at.replace(tzinfo=None)})})
    try:
        asked = ObservationFile.model_validate({"observations": 1, "files": parts})
    except ValidationError as error:
        said = str(error.errors(include_url=False)[0]["msg"]).removeprefix("Value error, ")
        raise ScenarioError(Problem(file, None, "", NO_VALUE, said)) from None
    return read_described(file, asked, about=0, untimed_s=interval_s)


def _date_in(name: str) -> dt.date | None:
    """The date in a file's name, None where there is none."""
    for pattern, layout in DATES.items():
        found = re.search(rf"(?<!\d){pattern}(?!\d)", name)
        try:
            if found is not None:
                return dt.datetime.strptime(found.group(), layout).date()
        except ValueError:  # digits that are no date
            continue
    return None


def _beside(file: Path) -> list[tuple[Path, dt.date]]:
    """Files in the same folder that are called alike but for the date."""

    def without_date(name: str) -> str:
        return re.sub(rf"(?<!\d)({'|'.join(DATES)})(?!\d)", "", name, count=1)

    if _date_in(file.name) is None or not file.parent.is_dir():
        return []
    found = []
    for path in sorted(file.parent.iterdir()):
        date = _date_in(path.name)
        if path.name != file.name and date is not None and without_date(path.name) == without_date(file.name):
            found.append((path, date))
    return found
