"""Hold the hand-written reference pages against the code they describe."""

from __future__ import annotations

import re

import pytest

from citytwin.sim.run_tables import SCHEMAS


def section(text: str, title: str) -> str:
    """Return a second-level section of a Markdown page."""
    (found,) = re.findall(rf"^## `{title}`.*?(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    return found


@pytest.mark.parametrize("table", SCHEMAS)
def test_the_run_folder_page_explains_every_column(repository, table):
    text = section((repository / "docs" / "run_folder.md").read_text(encoding="utf-8"), table)
    rows = re.findall(r"^\| (`[^|]+) \|", text, re.MULTILINE)
    assert re.findall(r"`(\w+)`", " ".join(rows)) == list(SCHEMAS[table])
