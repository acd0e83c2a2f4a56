"""CPU and GPU find the same concentrations: in numba's CUDA simulator, and on a GPU where there is one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from citytwin.sim.backend import what_cuda_lacks

TESTS = Path(__file__).parents[1]
KERNELS = (
    *("pair_lines", "place_plume", "place_puff", "place_timed", "place_canyons"),
    *("move_cells_east", "move_cells_north"),
)
EXACT = {"move_cells_east", "move_cells_north"}


def differences(**environment: str) -> dict[str, float]:
    """Largest relative difference between CPU and GPU by kernel; numba decides at import whether CUDA is simulated."""
    done = subprocess.run(
        [sys.executable, str(TESTS / "cuda_air_cases.py")],
        env=os.environ | {"PYTHONPATH": os.pathsep.join((str(TESTS), os.environ.get("PYTHONPATH", "")))} | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


@pytest.fixture(scope="module")
def simulated() -> dict[str, float]:
    return differences(NUMBA_ENABLE_CUDASIM="1")


@pytest.mark.parametrize("kernel", KERNELS)
def test_the_simulated_gpu_computes_what_the_cpu_does(simulated: dict[str, float], kernel: str) -> None:
    assert simulated[kernel] == 0.0


@pytest.fixture(scope="module")
def on_gpu() -> dict[str, float]:
    lacks = what_cuda_lacks()
    if lacks:
        pytest.skip(lacks)
    return differences()


@pytest.mark.parametrize("kernel", KERNELS)
def test_a_gpu_computes_what_the_cpu_does(on_gpu: dict[str, float], kernel: str) -> None:
    assert on_gpu[kernel] <= (0.0 if kernel in EXACT else 1e-9)
