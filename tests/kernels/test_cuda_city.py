"""CPU and GPU compute the same, bit for bit: in numba's CUDA simulator, and on a GPU where there is one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from citytwin.sim.backend import what_cuda_lacks

TESTS = Path(__file__).parents[1]
CASES = ("signals", "short streets", "shared merges", "random", "bicycles", "simulation", "calibration")


def answers_of(**environment: str) -> dict[str, list[str]]:
    """What differs between CPU and GPU, case by case; numba decides at import whether CUDA is simulated."""
    done = subprocess.run(
        [sys.executable, str(TESTS / "cuda_cases.py")],
        env=os.environ | {"PYTHONPATH": str(TESTS)} | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    answers: dict[str, list[str]] = json.loads(done.stdout.splitlines()[-1])
    return answers


@pytest.fixture(scope="module")
def simulated() -> dict[str, list[str]]:
    return answers_of(NUMBA_ENABLE_CUDASIM="1")


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES)
def test_the_simulated_gpu_computes_what_the_cpu_does(simulated: dict[str, list[str]], case: str) -> None:
    assert simulated[case] == []


@pytest.fixture(scope="module")
def on_gpu() -> dict[str, list[str]]:
    lacks = what_cuda_lacks()
    if lacks:
        pytest.skip(lacks)
    return answers_of()


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES)
def test_a_gpu_computes_what_the_cpu_does(on_gpu: dict[str, list[str]], case: str) -> None:
    assert on_gpu[case] == []
