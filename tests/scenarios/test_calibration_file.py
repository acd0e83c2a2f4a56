"""The documentation names every key of a description of a calibration."""

from __future__ import annotations

import pytest

from citytwin.scenarios.calibration_file import CalibrationFile, DemandChoice, DriverChoice


@pytest.mark.parametrize("key", [*CalibrationFile.model_fields, *DriverChoice.model_fields])
def test_the_page_names_every_key(repository, key):
    assert key in (repository / "docs" / "calibration.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("key", DemandChoice.model_fields)
def test_the_page_explains_how_demand_may_change(repository, key):
    assert f"`demand.{key}`" in (repository / "docs" / "calibration.md").read_text(encoding="utf-8")
