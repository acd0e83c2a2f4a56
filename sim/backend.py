"""Choose where the traffic is computed, the CPU or an NVIDIA GPU, and say why."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from ..scenarios.problems import InputError

if TYPE_CHECKING:
    from ..agents.fleet import Fleet

Backend = Literal["auto", "cpu", "cuda"]
BACKENDS: tuple[Backend, ...] = ("auto", "cpu", "cuda")

# Vehicles of all members from which a GPU is worth its start. Reckoned, not measured: a recorded step of ten launches
# takes it some 0.1 ms however few vehicles there are, in which one core moves a few thousand; about one trip in
# twenty is on the road at a time, and the transfers for whoever looks come on top.
PAYS_FROM_VEHICLES = 200_000
EXTRA_OF_DRIVER = ((580, "cuda13"), (525, "cuda12"))  # the lowest driver that an extra's toolkit runs on


@dataclass(frozen=True, slots=True)
class Choice:
    """Where to compute, and the reason in words."""

    name: Literal["cpu", "cuda"]
    why: str
    device: str = "cpu"  # its name, for the run folder


def choose_backend(wanted: Backend, *, vehicles: int) -> Choice:
    """Decide where to compute.

    Parameters
    ----------
    wanted
        ``auto`` takes the GPU where there is one and the problem is large enough.
    vehicles
        Trips times members.

    Raises
    ------
    InputError
        When a GPU is asked for and cannot be used; says what to install.
    """
    if wanted == "cpu":
        return Choice("cpu", "asked for")
    if wanted == "auto" and vehicles < PAYS_FROM_VEHICLES:
        return Choice("cpu", f"{vehicles:,} vehicles; a GPU is worth its start from about {PAYS_FROM_VEHICLES:,}")
    lacks = what_cuda_lacks()
    if wanted == "auto":
        if lacks:
            return Choice("cpu", f"{vehicles:,} vehicles would be worth a GPU, but {lacks}")
        return Choice("cuda", f"{vehicles:,} vehicles, and there is a GPU", device_name())
    if lacks:
        msg = f"--backend cuda cannot be used: {lacks}"
        raise InputError(msg)
    return Choice("cuda", "asked for", device_name())


def on_backend(fleet: Fleet, name: Literal["cpu", "cuda"]) -> Fleet:
    """The same fleet with its state where it is computed."""
    if name == "cpu":
        return fleet
    from .device_fleet import DeviceFleet

    return DeviceFleet(fleet)


def what_cuda_lacks() -> str:
    """What is missing before a GPU can be used, with the way out; "" when nothing is."""
    if is_simulated():
        return ""
    driver = driver_version()
    if driver is None:
        return (
            "no NVIDIA driver was found. Where there is an NVIDIA GPU: install its driver (525 or newer), then "
            "pip install 'citytwin[cuda12]'"
        )
    extra = extra_for(driver)
    if extra is None:
        oldest = EXTRA_OF_DRIVER[-1][0]
        return f"the NVIDIA driver is {driver}: update it to {oldest} or newer, then pip install 'citytwin[cuda12]'"
    if importlib.util.find_spec("numba_cuda") is None:
        return f"numba-cuda is not installed: pip install 'citytwin[{extra}]'"
    try:
        from numba import cuda
        from numba.cuda.cudadrv.nvvm import NVVM

        NVVM()
    except Exception as error:  # whatever is missing of the toolkit, or does not fit
        return f"the CUDA toolkit cannot be loaded ({_first_line(error)}): pip install 'citytwin[{extra}]'"
    try:
        cuda.current_context()
    except Exception as error:
        return f"the driver (version {driver}) gives no GPU: {_first_line(error)}"
    return ""


def is_simulated() -> bool:
    """Whether numba's CUDA simulator stands in for a GPU: for tests, it is slow."""
    return os.environ.get("NUMBA_ENABLE_CUDASIM", "0") not in ("", "0")


def extra_for(driver: int) -> str | None:
    """The extra whose toolkit runs on a driver of this major version; None when it is too old for any."""
    return next((extra for oldest, extra in EXTRA_OF_DRIVER if driver >= oldest), None)


def driver_version() -> int | None:
    """Major version of the NVIDIA driver; None when there is none."""
    told = Path("/proc/driver/nvidia/version")
    if told.exists():
        found = re.search(r"\b(\d{3})\.\d+", told.read_text(encoding="utf-8"))
        if found:
            return int(found[1])
    if shutil.which("nvidia-smi") is None:
        return None
    ask = ["nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader"]
    said = subprocess.run(ask, capture_output=True, text=True, check=False)
    found = re.match(r"(\d+)\.", said.stdout)
    return int(found[1]) if found else None


def device_name() -> str:
    """Name of the GPU that is used."""
    if is_simulated():
        return "numba's CUDA simulator"
    from numba import cuda

    device = cuda.get_current_device()
    name = device.name.decode() if isinstance(device.name, bytes) else str(device.name)
    capability = ".".join(map(str, device.compute_capability))
    return f"{name} (compute capability {capability})"


def _first_line(error: Exception) -> str:
    text = next((line for line in str(error).splitlines() if line.strip()), "")
    return f"{type(error).__name__}: {text}"
