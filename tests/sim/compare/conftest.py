"""One comparison of a town for all tests here: nothing changes, a street is closed."""

from __future__ import annotations

from pathlib import Path

import pytest
from comparison_case import Stages, write_plans

from citytwin.sim.compare import Comparison, compare

SEEDS = 4


@pytest.fixture(scope="session")
def plans(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return write_plans(tmp_path_factory.mktemp("town"))


@pytest.fixture(scope="session")
def said() -> Stages:
    """What the comparison said while it ran."""
    return Stages()


@pytest.fixture(scope="session")
def found(plans: list[Path], said: Stages, tmp_path_factory: pytest.TempPathFactory) -> Comparison:
    return compare(plans, seeds=SEEDS, out=tmp_path_factory.mktemp("out") / "comparison", progress=said)
