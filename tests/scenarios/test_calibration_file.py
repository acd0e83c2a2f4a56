"""The documentation names every key of a description of a calibration."""

from __future__ import annotations

from typing import get_args

import pytest

from citytwin.scenarios.calibrated_kinds import DriverNumber, Number
from citytwin.scenarios.calibration_file import CalibrationFile, DemandChoice


@pytest.mark.parametrize("key", [*CalibrationFile.model_fields, *DriverNumber.model_fields])
def test_the_page_names_every_key(repository, key):
    assert key in (repository / "docs" / "calibration.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("key", DemandChoice.model_fields)
def test_the_page_explains_how_demand_may_change(repository, key):
    assert f"`demand.{key}`" in (repository / "docs" / "calibration.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("number", get_args(get_args(Number)[0]))
def test_the_page_names_every_kind_of_number_with_its_keys(repository, number):
    page = (repository / "docs" / "calibration.md").read_text(encoding="utf-8")
    kind = get_args(number.model_fields["kind"].annotation)[0]
    line = next(line for line in page.splitlines() if line.startswith(f"| `{kind}` |"))
    own = set(number.model_fields) - {"kind", "low", "high", "prior", "scale"}
    assert own <= set(line.replace("`", " ").replace(",", " ").split())
