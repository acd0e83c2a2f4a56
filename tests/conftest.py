"""Set up what all tests share: hypothesis profiles, the real extracts, a random generator."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, settings

REPOSITORY = Path(__file__).resolve().parents[1]

# No deadline: the first call of a kernel compiles it. In CI the cases are the same in every run, so that a red build
# means a changed program; at a desk they are new each time and go on finding things.
settings.register_profile("desk", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("ci", settings.get_profile("desk"), derandomize=True, print_blob=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci" if os.environ.get("CI") else "desk"))


@pytest.fixture(scope="session")
def repository() -> Path:
    """Folder that holds pyproject.toml."""
    return REPOSITORY


@pytest.fixture(scope="session")
def library() -> Path:
    """Folder of the bundled cities."""
    return REPOSITORY / "scenarios" / "library"


@pytest.fixture(scope="session")
def data() -> Path:
    """Folder of the real extracts and counts beside the repository; the test is skipped where it is missing."""
    folder = REPOSITORY.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip(f"the real extracts are not on this machine ({folder} is missing)")
    return folder


@pytest.fixture
def rng() -> np.random.Generator:
    """Return random numbers that are the same in every run."""
    return np.random.default_rng(20260504)
