"""Where it is computed, and why; what to install where a GPU cannot be used."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from citytwin.scenarios.problems import InputError
from citytwin.sim import backend
from citytwin.sim.backend import PAYS_FROM_VEHICLES, choose_backend, driver_version, extra_for, what_cuda_lacks


@pytest.fixture(autouse=True)
def no_simulator(monkeypatch):
    monkeypatch.delenv("NUMBA_ENABLE_CUDASIM", raising=False)


@pytest.fixture
def machine(monkeypatch):
    """A machine with a driver and packages of our choice."""

    def make(driver: int | None, *, installed: bool) -> None:
        monkeypatch.setattr(backend, "driver_version", lambda: driver)
        monkeypatch.setattr(backend.importlib.util, "find_spec", lambda name: object() if installed else None)

    return make


@pytest.fixture
def gpu(monkeypatch):
    monkeypatch.setattr(backend, "what_cuda_lacks", lambda: "")
    monkeypatch.setattr(backend, "device_name", lambda: "GPU of the test")


def test_a_small_problem_stays_on_the_cpu_and_no_gpu_is_looked_for(monkeypatch):
    monkeypatch.setattr(backend, "what_cuda_lacks", lambda: pytest.fail("it looked"))
    choice = choose_backend("auto", vehicles=12_345)
    assert choice.name == "cpu"
    assert "12,345" in choice.why
    assert choose_backend("cpu", vehicles=10**7).name == "cpu"


def test_a_large_problem_goes_to_the_gpu(gpu):
    choice = choose_backend("auto", vehicles=PAYS_FROM_VEHICLES)
    assert (choice.name, choice.device) == ("cuda", "GPU of the test")


def test_whoever_asks_for_it_gets_it_however_small_the_problem(gpu):
    assert choose_backend("cuda", vehicles=1).name == "cuda"


def test_a_large_problem_without_a_gpu_says_what_is_missing(machine):
    machine(560, installed=False)
    choice = choose_backend("auto", vehicles=10**6)
    assert choice.name == "cpu"
    assert "pip install 'citytwin[cuda12]'" in choice.why


@pytest.mark.parametrize(
    "driver, extra", [(520, None), (525, "cuda12"), (575, "cuda12"), (580, "cuda13"), (600, "cuda13")]
)
def test_the_extra_fits_the_driver(driver, extra, machine):
    assert extra_for(driver) == extra
    machine(driver, installed=False)
    lacks = what_cuda_lacks()
    if extra is None:
        assert "update it to 525" in lacks
    else:
        assert f"pip install 'citytwin[{extra}]'" in lacks


def test_asked_for_without_a_driver_it_is_wrong_input(machine):
    machine(None, installed=True)
    with pytest.raises(InputError, match=r"no NVIDIA driver.*pip install 'citytwin\[cuda12\]'"):
        choose_backend("cuda", vehicles=1)


def test_the_simulator_needs_nothing(monkeypatch):
    monkeypatch.setenv("NUMBA_ENABLE_CUDASIM", "1")
    assert what_cuda_lacks() == ""
    assert "simulator" in choose_backend("cuda", vehicles=1).device


@pytest.mark.parametrize(
    "text, version",
    [
        ("NVRM version: NVIDIA UNIX x86_64 Kernel Module  535.104.05  Sat Aug 19 01:15:15 UTC 2023\n", 535),
        ("NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  580.65.06  Release Build\n", 580),
    ],
)
def test_the_driver_is_read_from_its_own_file(tmp_path, monkeypatch, text, version):
    told = tmp_path / "version"
    told.write_text(text)
    monkeypatch.setattr(backend, "Path", lambda _: told)
    assert driver_version() == version


def test_else_from_its_tool(tmp_path, monkeypatch):
    monkeypatch.setattr(backend, "Path", lambda _: tmp_path / "missing")
    monkeypatch.setattr(backend.shutil, "which", lambda _: "/usr/bin/nvidia-smi")
    monkeypatch.setattr(backend.subprocess, "run", lambda *_, **__: SimpleNamespace(stdout="550.54.15\n"))
    assert driver_version() == 550
    monkeypatch.setattr(backend.shutil, "which", lambda _: None)
    assert driver_version() is None
