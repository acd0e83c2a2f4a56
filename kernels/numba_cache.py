"""Choose where numba keeps compiled kernels, by what each of them is made of.

numba checks only a function's own file when it reuses machine code, so a helper edited in another file would leave its
callers stale. The code of a file is therefore kept in a folder named by a hash of that file and of all that it imports,
directly or not. It lies in the user's cache folder, not in the package's: site-packages may be read-only.
"""

from __future__ import annotations

import atexit
import hashlib
import os
import re
import shutil
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import numba
import platformdirs

UNUSED_S = 30 * 86_400.0
KERNELS = Path(__file__).parent
IMPORT = re.compile(r"^[ ]*from \.(\w*) import (\([^)]*\)|.*)", re.MULTILINE)


def source_hash(folder: Path = KERNELS) -> str:
    """Twelve hex digits that change when any Python file directly in ``folder`` changes."""
    return _hash(folder.glob("*.py"))


@cache
def files_behind(path: Path) -> frozenset[Path]:
    """Return a Python file and the files beside it that it imports, directly or not.

    Only relative imports count: of a file that lies elsewhere than the kernels, all kernels are behind.
    """
    if path.parent != KERNELS:
        return frozenset({path, *KERNELS.glob("*.py")})
    found, new = set[Path](), {path}
    while new:
        found |= new
        new = {other for one in new for other in _imported(one)} - found
    return frozenset(found)


@cache
def cache_folder(path: Path) -> Path:
    """Folder for the compiled code of a Python file.

    ``NUMBA_CACHE_DIR`` is respected. Where the user's cache folder cannot be written, a private temporary folder is
    used and removed at exit: kernels are then compiled in every process, but nothing fails and no stranger's files are
    loaded.
    """
    return _folder_of(_hash(files_behind(path)))


@cache
def shared_cache_folder() -> Path:
    """Folder for what is compiled from all kernels at once, as ``cache_folder``."""
    return _folder_of(source_hash())


@cache
def cache_root() -> Path:
    """Folder that holds those of all sources, their names beginning with ``numba-``."""
    place = platformdirs.user_cache_path("citytwin")
    if _is_writable(place):
        _forget_unused(place)
        return place
    place = Path(tempfile.mkdtemp(prefix="citytwin-numba-"))
    atexit.register(shutil.rmtree, place, ignore_errors=True)
    return place


@contextmanager
def caching(path: str) -> Iterator[None]:
    """Have numba keep what is decorated meanwhile, the code of a file, in that file's folder."""
    before = numba.config.CACHE_DIR
    numba.config.CACHE_DIR = str(cache_folder(Path(path)))
    try:
        yield
    finally:
        numba.config.CACHE_DIR = before


def prefer_safe_threads() -> None:
    """Order numba's threading layers so that a process that forks after a parallel call survives.

    GNU OpenMP ends the forked child; it stays as the last resort. The user's own choice is respected.
    """
    if not (os.environ.get("NUMBA_THREADING_LAYER") or os.environ.get("NUMBA_THREADING_LAYER_PRIORITY")):
        numba.config.THREADING_LAYER_PRIORITY = ["tbb", "workqueue", "omp"]


@cache
def _imported(path: Path) -> tuple[Path, ...]:
    found = []
    for module, names in IMPORT.findall(path.read_text()):
        wanted = [module] if module else re.findall(r"(\w+)(?: as \w+)?", names)
        for name in wanted:
            other = path.parent / f"{name}.py"
            if other.is_file():
                found.append(other)
    return tuple(found)


def _hash(paths: Iterable[Path]) -> str:
    digest = hashlib.sha256()
    for path in sorted(paths):
        digest.update(path.name.encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def _folder_of(sources: str) -> Path:
    if os.environ.get("NUMBA_CACHE_DIR"):
        return Path(os.environ["NUMBA_CACHE_DIR"])
    place = cache_root() / f"numba-{sources}"
    place.mkdir(exist_ok=True)
    os.utime(place)
    return place


def _forget_unused(root: Path) -> None:
    """Remove the caches of other sources that nobody has used for a month."""
    try:
        for place in root.glob("numba-*"):
            if time.time() - place.stat().st_mtime > UNUSED_S:
                shutil.rmtree(place, ignore_errors=True)
    except OSError:
        pass  # another process is tidying up too


def _is_writable(place: Path) -> bool:
    try:
        place.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=place):
            return True
    except OSError:
        return False
