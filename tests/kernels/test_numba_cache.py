"""Where compiled kernels are kept: one folder per content of the sources, the user's wish first, never a crash."""

from __future__ import annotations

import os
import subprocess
import sys

import numba
import pytest

from citytwin.kernels import numba_cache


@pytest.fixture
def sources(tmp_path):
    folder = tmp_path / "kernels"
    folder.mkdir()
    (folder / "a.py").write_text("x = 1\n")
    return folder


@pytest.fixture(autouse=True)
def _restore(monkeypatch):
    monkeypatch.setattr(numba.config, "CACHE_DIR", numba.config.CACHE_DIR)
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)


def test_any_edit_moves_the_cache(sources):
    before = numba_cache.source_hash(sources)
    (sources / "b.py").write_text("helper = 2\n")
    assert numba_cache.source_hash(sources) != before


def test_the_users_cache_folder_is_used(sources, tmp_path, monkeypatch):
    monkeypatch.setattr(numba_cache.platformdirs, "user_cache_path", lambda _: tmp_path / "cache")
    place = numba_cache.set_up(sources)
    assert place.parent == tmp_path / "cache"
    assert place.is_dir()
    assert str(place) == numba.config.CACHE_DIR


def test_caches_unused_for_a_month_go(sources, tmp_path, monkeypatch):
    monkeypatch.setattr(numba_cache.platformdirs, "user_cache_path", lambda _: tmp_path)
    old, recent, other = tmp_path / "numba-old", tmp_path / "numba-recent", tmp_path / "networks"
    for folder in (old, recent, other):
        folder.mkdir()
    for folder in (old, other):
        os.utime(folder, (0, 0))
    place = numba_cache.set_up(sources)
    assert {path.name for path in tmp_path.iterdir()} == {place.name, "numba-recent", "networks", "kernels"}


def test_the_environment_variable_wins(sources, tmp_path, monkeypatch):
    before = numba.config.CACHE_DIR
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "mine"))
    assert numba_cache.set_up(sources) == tmp_path / "mine"
    assert before == numba.config.CACHE_DIR


def test_a_home_that_cannot_be_written_is_no_error(sources, tmp_path, monkeypatch):
    blocked = tmp_path / "file"
    blocked.write_text("")  # a file where a folder should be: nobody can write below it, not even root
    monkeypatch.setattr(numba_cache.platformdirs, "user_cache_path", lambda _: blocked / "citytwin")
    assert numba_cache.set_up(sources).is_dir()


def test_importing_the_kernels_prints_nothing():
    code = "import citytwin.kernels.chance"
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("", "")
