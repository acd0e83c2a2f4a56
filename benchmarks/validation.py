"""Measure the model against theory and the handbooks, and write docs/validation/traffic.md.

    python benchmarks/validation.py

Runs tests/validation, lists every comparison they make (our value, what is expected, whether it agrees) and draws the
pictures beside the page.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from validation_pictures import draw

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "validation" / "traffic.md"
HEAD = """# Distance to physics

Written by `python benchmarks/validation.py`: every figure was measured when it was run last. *ok* agrees within the
tolerance of its source, **misses** does not, and the reason is in the table below. *Skipped* cases are about what is
not built, or are measured by the tests of the feature they are about.

"""


class Listener:
    """Keeps what tests measured, and how they ended."""

    def __init__(self) -> None:
        self.rows: list[tuple[str, str, tuple]] = []
        self.ended: dict[str, Counter[str]] = {}
        self.reasons: list[tuple[str, str]] = []
        self.curves: dict[str, dict[str, tuple[list[float], list[float]]]] = {}
        self.measured: dict[str, Any] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note how a test ended."""
        if report.when != "call" and not (report.when == "setup" and report.skipped):
            return
        subject = Path(report.nodeid.split("::")[0]).stem.removeprefix("test_").replace("_", " ")
        name = report.nodeid.split("::")[-1]
        why = getattr(report, "wasxfail", "")
        word = "misses" if why else report.outcome
        self.ended.setdefault(subject, Counter())[word] += 1
        if why:
            self.reasons.append((name, why.removeprefix("reason: ")))
        elif report.skipped:
            self.reasons.append((name, str(report.longrepr[2]).removeprefix("Skipped: ")))
        self.rows += [(subject, name, value) for key, value in report.user_properties if key == "compared"]
        for key, value in report.user_properties:
            if key == "curve":
                picture, label, x, y = value
                points = self.curves.setdefault(picture, {}).setdefault(label, ([], []))
                points[0].extend(x)
                points[1].extend(y)
            elif key == "webster":
                self.measured.setdefault(key, []).append(value)
            elif key == "space_time":
                self.measured[key] = value


def number(value: object) -> str:
    """Four digits, or a band of them."""
    if isinstance(value, (list, tuple)):
        return " to ".join(number(end) for end in value if end is not None)
    return f"{value:.4g}" if isinstance(value, (int, float)) else str(value)


def cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def main() -> None:
    """Run the tests and write the page."""
    listener = Listener()
    pytest.main([str(ROOT / "tests" / "validation"), "-q", "--no-header", "-p", "no:cacheprovider"], plugins=[listener])
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    pictures = draw(listener.curves, listener.measured, PAGE.parent)
    lines = [
        HEAD,
        "## Summary",
        "",
        "| Subject | passed | misses | skipped | failed |",
        "| --- | --: | --: | --: | --: |",
    ]
    for subject, ended in listener.ended.items():
        lines.append(
            f"| {subject} | " + " | ".join(str(ended[w]) for w in ("passed", "misses", "skipped", "failed")) + " |"
        )
    lines += ["", "## Pictures", ""]
    for picture in pictures:
        lines += [f"**{picture.says}.**", "", f"![{picture.says}.]({picture.file})", ""]
    lines += ["", "## What misses or was skipped, and why", "", "| Case | Reason |", "| --- | --- |"]
    lines += [f"| `{cell(name)}` | {cell(why)} |" for name, why in listener.reasons]
    for subject in listener.ended:
        lines += [
            "",
            f"## {subject.capitalize()}",
            "",
            "| Case | Quantity | Ours | Expected | Unit | |",
            "| --- | --- | --: | --: | --- | --- |",
        ]
        for own, name, (quantity, ours, wanted, unit, good) in listener.rows:
            if own == subject:
                verdict = "ok" if good else "**misses**"
                lines.append(
                    f"| `{cell(name)}` | {quantity} | {number(ours)} | {number(wanted)} | {unit} | {verdict} |"
                )
    PAGE.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(PAGE.relative_to(ROOT))


if __name__ == "__main__":
    main()
