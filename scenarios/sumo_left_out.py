"""Count what of a foreign scenario is not expressed here, by kind, with an example of each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(slots=True)
class LeftOut:
    """What was read and not taken over, or taken over differently."""

    count: Counter[str] = field(default_factory=Counter)
    example: dict[str, str] = field(default_factory=dict)

    def note(self, kind: str, example: str = "", number: int = 1) -> None:
        """Count one more of a kind; the first example is kept."""
        if number > 0:
            self.count[kind] += number
            if example:
                self.example.setdefault(kind, example)

    def update(self, counts: Mapping[str, int]) -> None:
        """Add counts that have no examples."""
        for kind, number in counts.items():
            self.note(kind, number=number)

    def rows(self) -> list[dict[str, object]]:
        """Kind, number and example of each, most frequent first."""
        order = sorted(self.count, key=lambda kind: (-self.count[kind], kind))
        return [{"kind": kind, "count": self.count[kind], "example": self.example.get(kind, "")} for kind in order]

    def text(self) -> str:
        """The same for people, a line each."""
        lines = []
        for row in self.rows():
            example = f" (such as {row['example']})" if row["example"] else ""
            lines.append(f"{row['count']:>9,}  {row['kind']}{example}")
        return "\n".join(lines)
