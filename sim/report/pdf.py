"""Print a report as a PDF, with the browser that a machine has: the page is drawn as people see it."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

from ...scenarios.problems import NO_VALUE, InputError, Problem
from . import write_report

BROWSERS = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome",
    "microsoft-edge",
    "msedge",
)
MOST_S = 120


def write_both(folder: Path, *, pdf: bool) -> dict[str, Path]:
    """Write the report of a run folder, and print it if asked to; the files by what they are.

    Raises
    ------
    InputError
        There is nothing to print with.
    """
    page = write_report(folder)
    return {"report": page, **({"pdf": print_pdf(page)} if pdf else {})}


def print_pdf(page: Path) -> Path:
    """Print a page beside it, under the same name.

    Raises
    ------
    InputError
        No such browser is on the path, or it did not print.
    """
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        said = f"no browser on the path that prints ({', '.join(BROWSERS[:3])}, …). Open the page and print it there."
        raise _wrong(page, said)
    pdf = page.with_suffix(".pdf").resolve()
    pdf.unlink(missing_ok=True)
    with tempfile.TemporaryDirectory() as profile:
        keys = ["--headless", "--disable-gpu", "--no-sandbox", f"--user-data-dir={profile}", "--no-pdf-header-footer"]
        command = [browser, *keys, f"--print-to-pdf={pdf}", page.resolve().as_uri()]
        try:
            answer = subprocess.run(command, capture_output=True, text=True, timeout=MOST_S, check=False)
        except subprocess.TimeoutExpired:
            raise _wrong(page, f"{browser} did not print it within {MOST_S} s.") from None
    if not pdf.is_file():
        last = (answer.stderr.strip().splitlines() or ["it said nothing"])[-1]
        raise _wrong(page, f"{browser} did not print it: {last}")
    return pdf


def _wrong(page: Path, text: str) -> InputError:
    return InputError(Problem(page, None, "", NO_VALUE, text))
