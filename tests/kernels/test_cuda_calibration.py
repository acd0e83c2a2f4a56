"""CPU and GPU weigh, count and mend slopes to the same bits: in numba's simulator, and on a GPU where there is one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from citytwin.sim.backend import what_cuda_lacks

TESTS = Path(__file__).parents[1]
CASES = ("L1", "L2", "POISSON", "GEH", "count_passings", "mend_slopes")


def agree(**environment: str) -> dict[str, bool]:
    """What has the same bits on both; numba decides at import whether CUDA is simulated."""
    done = subprocess.run(
        [sys.executable, str(TESTS / "cuda_calibration_cases.py")],
        env=os.environ | {"PYTHONPATH": os.pathsep.join((str(TESTS), os.environ.get("PYTHONPATH", "")))} | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, bool] = json.loads(done.stdout.splitlines()[-1])
    return found


@pytest.fixture(scope="module")
def simulated() -> dict[str, bool]:
    return agree(NUMBA_ENABLE_CUDASIM="1")


@pytest.mark.parametrize("case", CASES)
def test_the_simulated_gpu_computes_what_the_cpu_does(simulated: dict[str, bool], case: str) -> None:
    assert simulated[case]


@pytest.fixture(scope="module")
def on_gpu() -> dict[str, bool]:
    lacks = what_cuda_lacks()
    if lacks:
        pytest.skip(lacks)
    return agree()


@pytest.mark.parametrize("case", CASES)
def test_a_gpu_computes_what_the_cpu_does(on_gpu: dict[str, bool], case: str) -> None:
    assert on_gpu[case]
