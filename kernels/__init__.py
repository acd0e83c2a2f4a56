"""Numbers in, numbers out: one scalar function per formula, thin loops over arrays."""

from pathlib import Path

from .numba_cache import prefer_safe_threads, set_up

CACHE_FOLDER = set_up(Path(__file__).parent)  # before any kernel is defined: numba reads it at decoration
prefer_safe_threads()
