"""Hold the four rooms to their directions, also where import-linter does not look: inside functions and per file."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]
ROOMS = ("sim", "agents", "scenarios", "kernels")
MAY_IMPORT = {
    "sim": {"sim", "agents", "scenarios", "kernels"},
    "agents": {"agents", "scenarios", "kernels"},
    "scenarios": {"scenarios"},
    "kernels": {"kernels"},
}
NEVER = {"scenarios": {"numba", "mesa", "simpy"}, "agents": {"simpy"}}
# Kernels are numbers only. The exceptions are no kernels: they find the folder of the compiled code, set
# compilers up, and ask the GPU's assembler for registers.
KERNELS_MAY_USE = {"numpy", "numba", "math", "__future__", "collections", "dataclasses", "enum", "typing", "types"}
KERNELS_SETTING_UP = {"__init__.py", "numba_cache.py", "indexing.py", "cuda_compile.py", "cuda_resources.py"}

MODULES = [path for room in ROOMS for path in sorted((REPOSITORY / room).rglob("*.py"))]


def imports_of(path: Path) -> set[str]:
    """Return top-level packages that a module imports anywhere; the project's own as ``citytwin.<room>``."""
    found = set()
    package = ("citytwin", *path.relative_to(REPOSITORY).parts[:-1])
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            start = ".".join((*base, *((node.module,) if node.module else ())))
            names = [f"{start}.{alias.name}" for alias in node.names] if start == "citytwin" else [start]
        else:
            continue
        for name in names:
            parts = name.split(".")
            found.add(".".join(parts[:2]) if parts[0] == "citytwin" else parts[0])
    return found


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(REPOSITORY)))
def test_a_module_imports_only_what_its_room_may(path):
    room = path.relative_to(REPOSITORY).parts[0]
    imported = imports_of(path)
    rooms = {name.removeprefix("citytwin.") for name in imported if name.startswith("citytwin.")}
    assert rooms <= MAY_IMPORT[room]
    assert not imported & NEVER.get(room, set())
    if room == "kernels" and path.name not in KERNELS_SETTING_UP:
        assert {name for name in imported if not name.startswith("citytwin.")} <= KERNELS_MAY_USE


def test_imports_are_read_from_every_form(tmp_path, monkeypatch):
    monkeypatch.setattr(sys.modules[__name__], "REPOSITORY", tmp_path)
    module = tmp_path / "agents" / "deep" / "module.py"
    module.parent.mkdir(parents=True)
    module.write_text(
        "import os.path\nfrom ...kernels import follow\nfrom ... import sim\nfrom . import near\n"
        "def late():\n    from citytwin.scenarios.network import Control\n    import simpy\n"
    )
    expected = {"os", "simpy", "citytwin.kernels", "citytwin.sim", "citytwin.agents", "citytwin.scenarios"}
    assert imports_of(module) == expected


def test_importing_the_command_line_is_silent_offline_and_loads_nothing_heavy():
    """Start-up time is a promise: `citytwin --help` must not load the numerical stack."""
    code = """
import socket, sys
def refuse(*args, **kwargs):
    raise AssertionError("an import opened a socket")
socket.socket.connect = refuse
import citytwin.sim.cli, citytwin.scenarios
slow = {"osmnx", "geopandas", "matplotlib", "pyarrow", "scipy", "pandas", "numba", "networkx", "mesa"}
heavy = slow & set(sys.modules)
assert not heavy, f"imported at start: {sorted(heavy)}"
"""
    result = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, cwd=REPOSITORY.parent, check=False
    )
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
