"""Hold the habits that keep the repository readable: names, first lines, papers beside the data."""

from __future__ import annotations

import ast
import re
import subprocess
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]
ROOMS = ("sim", "agents", "scenarios", "kernels")
MODULES = sorted(path for room in ROOMS for path in (REPOSITORY / room).rglob("*.py"))
NAMES_THAT_SAY_NOTHING = {"utils", "util", "helpers", "helper", "misc", "common", "tools"}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(REPOSITORY)))
def test_a_module_has_a_name_and_a_first_line_that_say_what_it_does(path):
    assert path.stem not in NAMES_THAT_SAY_NOTHING
    text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    first = text.splitlines()[0] if text else ""
    assert first[:1].isupper()
    assert first.endswith(".")
    assert first.split()[0] not in {"This", "The", "A", "An", "Module"}, "begin with a verb"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(REPOSITORY)))
def test_a_module_is_one_idea(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 500


def test_every_bundled_city_says_where_its_data_come_from(library):
    cities = [folder for folder in library.iterdir() if folder.is_dir()]
    assert {folder.name for folder in cities} >= {"monaco", "helsinki"}
    for folder in cities:
        text = (folder / "ATTRIBUTION.md").read_text(encoding="utf-8")
        assert "© OpenStreetMap contributors" in text
        for file in folder.glob("*"):
            if file.suffix in {".gz", ".csv", ".pbf"}:
                assert file.name in text, f"{folder.name}/ATTRIBUTION.md does not name {file.name}"


def test_every_bundled_city_shows_each_feature(library):
    for city in ("monaco", "helsinki"):
        files = {path.name for path in (library / city).glob("*.yaml")}
        assert files >= {"morning.yaml", "road_closed.yaml", "signals_retimed.yaml", "incident.yaml"}


def test_the_changelog_starts_with_what_is_not_released():
    text = (REPOSITORY / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.search(r"^## \[?Unreleased", text, re.MULTILINE)
    assert "Regression" in text
    assert "Migration" in text


def test_the_readme_names_the_two_commands():
    text = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    assert "make demo" in text
    assert "make test" in text


def test_no_path_of_one_machine_is_in_the_project():
    """Nor a package index: which one is used is the machine's business."""
    # A letter in brackets, or this file would find itself.
    pattern = r"/([w]ork|[r]oot|[h]ome)/[a-z]|--(extra-)?[i]ndex-url|[p]ythonhosted|[p]ypi\.org"
    found = subprocess.run(
        ["git", "grep", "-nIE", pattern], cwd=REPOSITORY, capture_output=True, text=True, check=False
    )
    if found.returncode > 1:
        pytest.skip("not a git checkout")
    assert found.stdout == ""
