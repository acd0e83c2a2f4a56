"""Choose where numba keeps compiled kernels, before any kernel is defined.

numba checks only a function's own file when it reuses machine code, so a helper edited in another file would leave its
callers stale. The folder is therefore named by a hash of all kernel sources. It is the user's cache folder, not the
package's: site-packages may be read-only.
"""

from __future__ import annotations

import atexit
import hashlib
import os
import shutil
import tempfile
import time
from pathlib import Path

import numba
import platformdirs

UNUSED_S = 30 * 86_400.0


def source_hash(folder: Path) -> str:
    """Twelve hex digits that change when any Python file directly in ``folder`` changes."""
    digest = hashlib.sha256()
    for path in sorted(folder.glob("*.py")):
        digest.update(path.name.encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def set_up(folder: Path) -> Path:
    """Tell numba where to keep the code compiled from ``folder``, and return that place.

    ``NUMBA_CACHE_DIR`` is respected. Where the user's cache folder cannot be written, a private temporary folder is
    used and removed at exit: kernels are then compiled in every process, but nothing fails and no stranger's files are
    loaded.
    """
    if os.environ.get("NUMBA_CACHE_DIR"):
        return Path(os.environ["NUMBA_CACHE_DIR"])
    place = platformdirs.user_cache_path("citytwin") / f"numba-{source_hash(folder)}"
    if _is_writable(place):
        _forget_unused(place)
    else:
        place = Path(tempfile.mkdtemp(prefix="citytwin-numba-"))
        atexit.register(shutil.rmtree, place, ignore_errors=True)
    numba.config.CACHE_DIR = str(place)
    return place


def prefer_safe_threads() -> None:
    """Order numba's threading layers so that a process that forks after a parallel call survives.

    GNU OpenMP ends the forked child; it stays as the last resort. The user's own choice is respected.
    """
    if not (os.environ.get("NUMBA_THREADING_LAYER") or os.environ.get("NUMBA_THREADING_LAYER_PRIORITY")):
        numba.config.THREADING_LAYER_PRIORITY = ["tbb", "workqueue", "omp"]


def _forget_unused(place: Path) -> None:
    """Mark a cache as used now, and remove those of other sources that nobody has used for a month."""
    try:
        os.utime(place)
        for other in place.parent.glob("numba-*"):
            if other != place and time.time() - other.stat().st_mtime > UNUSED_S:
                shutil.rmtree(other, ignore_errors=True)
    except OSError:
        pass  # another process is tidying up too


def _is_writable(place: Path) -> bool:
    try:
        place.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=place):
            return True
    except OSError:
        return False
