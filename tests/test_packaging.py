"""Build the wheel, look inside, install it into an empty environment and run the bundled city from there, offline.

The environment is empty but for the wheel; what citytwin depends on comes from the environment that runs the tests, so
that the test needs no package index.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tomllib
import venv
import zipfile
from pathlib import Path

import pytest

ROOMS = ("sim", "agents", "scenarios", "kernels")

BLOCK_SOCKETS = """
import socket

def refuse(*args, **kwargs):
    raise OSError("this test runs offline")

socket.socket.connect = socket.socket.connect_ex = socket.getaddrinfo = refuse
"""


@pytest.fixture(scope="module")
def wheel(repository, tmp_path_factory) -> Path:
    """Build a wheel from a copy of the sources, so that no leftover of an earlier build gets into it."""
    source = tmp_path_factory.mktemp("source") / "citytwin"
    leftovers = shutil.ignore_patterns("__pycache__", "*.egg-info")
    for room in ROOMS:
        shutil.copytree(repository / room, source / room, ignore=leftovers)
    for name in ("pyproject.toml", "README.md", "LICENSE", "NOTICE"):
        shutil.copy(repository / name, source)
    target = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(target), str(source)]
    subprocess.run(command, check=True, capture_output=True, text=True)
    (built,) = target.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory) -> Path:
    """Put the wheel into a new environment; returns its folder."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, with_pip=False)
    python = folder / "bin" / "python"
    pip = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet", "--no-deps", "--no-index"]
    subprocess.run([*pip, str(wheel)], check=True, capture_output=True, text=True)
    site = next(folder.glob("lib/python*/site-packages"))
    # A path in a .pth file is searched, but the .pth files there are not read: the editable install stays out of sight.
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    (site / "sitecustomize.py").write_text(BLOCK_SOCKETS)
    return folder


def run(installed: Path, *command: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run a program of the new environment outside the repository."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    program = installed / "bin" / command[0]
    return subprocess.run(
        [program, *command[1:]], capture_output=True, text=True, cwd=cwd, env=environment, check=False
    )


def test_every_folder_with_code_is_a_package(repository):
    """Add a new folder to [tool.setuptools] packages in pyproject.toml when this fails."""
    folders = {path.parent.relative_to(repository) for room in ROOMS for path in (repository / room).rglob("*.py")}
    with (repository / "pyproject.toml").open("rb") as file:
        listed = tomllib.load(file)["tool"]["setuptools"]["packages"]
    assert sorted(listed) == sorted("citytwin." + ".".join(folder.parts) for folder in folders)


def test_the_wheel_holds_nothing_but_citytwin(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    top = {name.split("/")[0] for name in names}
    assert {name for name in top if not name.endswith(".dist-info")} == {"citytwin"}
    assert not [name for name in names if "__pycache__" in name or name.startswith("citytwin/tests")]


def test_the_wheel_holds_every_file_of_the_rooms(repository, wheel):
    """Templates, bundled cities and type markers are as necessary as the modules."""
    names = set(zipfile.ZipFile(wheel).namelist())
    files = {
        "citytwin/" + path.relative_to(repository).as_posix()
        for room in ROOMS
        for path in (repository / room).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert files - names == set()
    licences = {Path(name).name for name in names if ".dist-info/licenses/" in name}
    assert licences == {"LICENSE", "NOTICE"}


def test_the_bundled_data_fit_a_package(wheel):
    assert wheel.stat().st_size < 6_000_000


def test_the_installed_package_is_the_one_from_the_wheel(installed, tmp_path):
    code = "import citytwin.sim, citytwin.kernels; print(citytwin.sim.__file__); import agents"
    result = run(installed, "python", "-c", code, cwd=tmp_path)
    assert Path(result.stdout.strip()).is_relative_to(installed)
    assert "ModuleNotFoundError: No module named 'agents'" in result.stderr


@pytest.mark.slow  # it compiles all kernels of the installed package
def test_the_demo_runs_from_the_wheel_offline(installed, tmp_path):
    """The bundled morning, cut to its first five minutes."""
    site = next(installed.glob("lib/python*/site-packages"))
    morning = site / "citytwin" / "scenarios" / "library" / "monaco" / "morning.yaml"
    assert morning.is_file()
    scenario = tmp_path / "short.yaml"
    scenario.write_text(f'citytwin: 1\nname: The first five minutes\nbase: "{morning}"\nduration_s: 300\n')
    result = run(installed, "citytwin", "run", str(scenario), "-o", str(tmp_path / "out"), "--json", cwd=tmp_path)
    assert result.returncode == 0, result.stderr + result.stdout
    summary = json.loads(result.stdout)
    assert summary["created"] > 0
    assert summary["created"] == sum(summary[name] for name in ("arrived", "active", "waiting", "stuck"))
    report = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert "OpenStreetMap contributors" in report
