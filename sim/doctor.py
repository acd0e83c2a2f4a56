"""Examine this machine: what a run can use here, and which extra to install for what is missing."""

from __future__ import annotations

import importlib.util
import os
import platform
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

PACKAGES = ("numpy", "numba", "scipy", "mesa", "simpy", "osmnx", "geopandas", "pyarrow", "pydantic", "matplotlib")

# extra -> (module that proves it, what it is for)
EXTRAS = {
    "pbf": ("osmium", "reading .osm.pbf files"),
    "cuda12": ("numba_cuda", "running on an NVIDIA GPU, driver r525 or newer"),
    "cuda13": ("numba_cuda", "the same, driver r580 or newer"),
}


def examine_machine() -> dict[str, Any]:
    """Find out what works here.

    Returns
    -------
    dict
        ``python``, ``platform``, ``cores``, ``memory_gib``, ``versions``, ``numba`` (threading layer, threads, cache),
        ``gpu``, ``extras`` and ``advice`` (sentences; empty when all is well). It can be dumped as JSON.
    """
    numba = _numba()
    extras = {
        name: {"installed": _is_installed(name, module), "for": purpose} for name, (module, purpose) in EXTRAS.items()
    }
    gpu = _gpu()
    answer: dict[str, Any] = {
        "citytwin": metadata.version("citytwin"),
        "python": platform.python_version(),
        "executable": sys.executable,
        "platform": platform.platform(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "memory_gib": _memory_gib(),
        "versions": {name: _version(name) for name in PACKAGES},
        "numba": numba,
        "gpu": gpu,
        "extras": extras,
    }
    answer["advice"] = _advice(answer)
    return answer


def as_text(answer: dict[str, Any]) -> str:
    """Say it to a person, one line a fact."""
    numba, gpu = answer["numba"], answer["gpu"]
    memory = f"{answer['memory_gib']:.0f} GiB memory" if answer["memory_gib"] else "memory unknown"
    writable = "writable" if numba["cache_writable"] else "NOT writable"
    lines = [
        f"citytwin   {answer['citytwin']}",
        f"python     {answer['python']}  ({answer['executable']})",
        f"machine    {answer['platform']}, {answer['cores']} cores, {memory}",
        f"numba      {numba['version']}, {numba['threads']} threads, threading layer {numba['threading_layer']}",
        f"cache      {numba['cache_folder']}  ({writable}, {numba['cache_mib']:.1f} MiB)",
        f"GPU        {gpu['name'] if gpu['usable'] else 'none: ' + gpu['reason']}",
    ]
    for name, extra in answer["extras"].items():
        state = "installed" if extra["installed"] else "not installed"
        lines.append(f"extra      [{name}] {state}, for {extra['for']}")
    lines.append("packages   " + ", ".join(f"{name} {version}" for name, version in answer["versions"].items()))
    lines.extend(f"advice     {sentence}" for sentence in answer["advice"])
    if not answer["advice"]:
        lines.append("All that a run needs works here.")
    return "\n".join(lines)


def _numba() -> dict[str, Any]:
    """Compile and run two lines in parallel, the only way to learn which threading layer numba gets."""
    import numba
    import numpy as np

    from ..kernels.numba_cache import cache_root

    folder = cache_root()
    facts: dict[str, Any] = {
        "version": numba.__version__,
        "threads": numba.config.NUMBA_NUM_THREADS,
        "threading_layer": "",
        "cache_folder": str(folder),
        "cache_writable": os.access(_nearest(folder), os.W_OK),
        "cache_mib": sum(path.stat().st_size for path in folder.glob("numba-*/**/*") if path.is_file()) / 2**20,
        "error": "",
    }
    try:

        @numba.njit(parallel=True)
        def fill(out: Any) -> None:
            for i in numba.prange(out.size):
                out[i] = i

        fill(np.zeros(8))
        facts["threading_layer"] = numba.threading_layer()
    except Exception as error:  # whatever breaks the compiler here is what the person wants to read
        facts["error"] = f"{type(error).__name__}: {error}"
    return facts


def _gpu() -> dict[str, Any]:
    """Look for a GPU that a run can use; never an error."""
    from .backend import device_name, what_cuda_lacks

    lacks = what_cuda_lacks()
    return {"usable": not lacks, "name": "" if lacks else device_name(), "reason": lacks}


def _advice(answer: dict[str, Any]) -> list[str]:
    from .backend import driver_version

    numba, extras = answer["numba"], answer["extras"]
    advice = []
    if numba["error"]:
        advice.append(
            f"numba cannot compile here ({numba['error']}). Reinstall it: pip install --force-reinstall numba"
        )
    if not numba["cache_writable"]:
        advice.append(
            f"compiled kernels cannot be kept in {numba['cache_folder']}: every start compiles again, about a minute. "
            "Set NUMBA_CACHE_DIR to a folder you may write to."
        )
    if not extras["pbf"]["installed"]:
        advice.append("For .osm.pbf files: pip install 'citytwin[pbf]'")
    if not answer["gpu"]["usable"] and driver_version() is not None:
        advice.append(f"This machine has an NVIDIA driver, but {answer['gpu']['reason']}")
    return advice


def _is_installed(extra: str, module: str) -> bool:
    """Whether an extra is there; those for GPUs differ in the version of CUDA's bindings only."""
    there = importlib.util.find_spec(module) is not None
    return there and (module != "numba_cuda" or _version("cuda-bindings").startswith(extra.removeprefix("cuda")))


def _memory_gib() -> float | None:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    except (AttributeError, ValueError, OSError):  # not on Windows
        return None


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "missing"


def _nearest(folder: Path) -> Path:
    """The folder itself or its nearest ancestor that exists."""
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return folder
