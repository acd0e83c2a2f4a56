"""Where compiled kernels are kept: a folder per content of their sources, the user's wish first, never a crash."""

from __future__ import annotations

import ast
import os
import subprocess
import sys

import numba
import pytest

from citytwin.kernels import numba_cache


@pytest.fixture
def sources(tmp_path, monkeypatch):
    """A folder of kernels: a imports b and, within a function, c; d stands alone; nobody has a cache yet."""
    folder = tmp_path / "kernels"
    folder.mkdir()
    (folder / "a.py").write_text("from .b import (\n    one,\n)\n\n\ndef f():\n    from . import c as d2\n")
    (folder / "b.py").write_text("one = 1\n")
    (folder / "c.py").write_text("two = 2\n")
    (folder / "d.py").write_text("three = 3\n")
    monkeypatch.setattr(numba_cache, "KERNELS", folder)
    monkeypatch.setattr(numba_cache.platformdirs, "user_cache_path", lambda _: tmp_path / "cache")
    return folder


@pytest.fixture(autouse=True)
def _forget(monkeypatch):
    remembered = (
        numba_cache.files_behind,
        numba_cache.cache_folder,
        numba_cache.shared_cache_folder,
        numba_cache.cache_root,
    )
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    for function in remembered:
        function.cache_clear()
    yield
    for function in remembered:
        function.cache_clear()


def folder_after(sources, edited):
    """Where the code of a.py is kept after an edit of another file."""
    (sources / edited).write_text("changed = 3\n")
    numba_cache.cache_folder.cache_clear()
    return numba_cache.cache_folder(sources / "a.py")


@pytest.mark.parametrize("edited, moves", [("b.py", True), ("c.py", True), ("d.py", False), ("new.py", False)])
def test_an_edit_moves_the_cache_of_what_is_made_of_it(sources, edited, moves):
    before = numba_cache.cache_folder(sources / "a.py")
    assert (folder_after(sources, edited) != before) == moves


def test_of_a_file_elsewhere_all_kernels_are_behind(sources, tmp_path):
    mine = tmp_path / "mine.py"
    mine.write_text("import citytwin.kernels.b\n")
    assert numba_cache.files_behind(mine) == {mine, *sources.glob("*.py")}


def test_imports_are_found_as_python_finds_them():
    for path in numba_cache.KERNELS.glob("*.py"):
        expected = set()
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and node.level == 1:
                names = [node.module] if node.module else [alias.name for alias in node.names]
                expected |= {path.with_name(f"{name}.py") for name in names}
        assert set(numba_cache._imported(path)) == expected, path.name


def test_kernels_are_kept_where_their_sources_say(sources):
    with numba_cache.caching(str(sources / "a.py")):
        inside = numba.config.CACHE_DIR
    assert inside == str(numba_cache.cache_folder(sources / "a.py"))
    assert numba.config.CACHE_DIR != inside


def test_the_users_cache_folder_is_used(sources, tmp_path):
    place = numba_cache.cache_folder(sources / "a.py")
    assert place.parent == tmp_path / "cache"
    assert place.is_dir()


def test_caches_unused_for_a_month_go(sources, tmp_path):
    root = tmp_path / "cache"
    old, recent, other = root / "numba-old", root / "numba-recent", root / "networks"
    for folder in (old, recent, other):
        folder.mkdir(parents=True)
    for folder in (old, other):
        os.utime(folder, (0, 0))
    place = numba_cache.cache_folder(sources / "a.py")
    assert {path.name for path in root.iterdir()} == {place.name, "numba-recent", "networks"}


def test_the_environment_variable_wins(sources, tmp_path, monkeypatch):
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "mine"))
    assert numba_cache.cache_folder(sources / "a.py") == tmp_path / "mine"


def test_a_home_that_cannot_be_written_is_no_error(sources, tmp_path, monkeypatch):
    blocked = tmp_path / "file"
    blocked.write_text("")  # a file where a folder should be: nobody can write below it, not even root
    monkeypatch.setattr(numba_cache.platformdirs, "user_cache_path", lambda _: blocked / "citytwin")
    assert numba_cache.cache_folder(sources / "a.py").is_dir()


def test_importing_the_kernels_prints_nothing():
    code = "import citytwin.kernels.chance"
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("", "")
