"""Numbers in, numbers out: one scalar function per formula, thin loops over arrays."""

from .numba_cache import prefer_safe_threads

prefer_safe_threads()
