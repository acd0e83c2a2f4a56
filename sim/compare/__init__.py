"""Compare scenarios: the same trips and the same chance in all, what the plan changes, and how sure that is."""

from .comparison import Comparison, compare

__all__ = ["Comparison", "compare"]
