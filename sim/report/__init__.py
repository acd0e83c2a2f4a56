"""Write the report of a run: words first, then pictures, all in one file that opens offline."""

from .page import write_report

__all__ = ["write_report"]
