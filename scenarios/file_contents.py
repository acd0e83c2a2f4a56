"""Tell files apart by what is in them, not by what they are called."""

from __future__ import annotations

import hashlib
from pathlib import Path

HASH_SHOWN = 8  # characters


def content_hash(file: Path) -> str | None:
    """SHA-256 of a file, or of the tables of a folder; None where there is none to read."""
    try:
        if not file.is_dir():
            with file.open("rb") as opened:
                return hashlib.file_digest(opened, "sha256").hexdigest()
        digest = hashlib.sha256()
        for table in sorted(file.glob("*.csv")):
            digest.update(table.name.encode() + b"\0" + hashlib.sha256(table.read_bytes()).digest())
        return digest.hexdigest()
    except OSError:
        return None


def same_contents(before: Path, after: Path) -> bool:
    """Whether two paths lead to the same contents; a file that cannot be read is like no other."""
    if before == after:
        return True
    hashes = content_hash(before), content_hash(after)
    return hashes[0] is not None and hashes[0] == hashes[1]


def file_change(before: Path, after: Path) -> str:
    """From which file to which: by name, or by contents where the names are the same."""
    if before.name != after.name:
        return f"{before.name} → {after.name}"
    hashes = [(content_hash(file) or "cannot be read")[:HASH_SHOWN] for file in (before, after)]
    return f"{before.name} with other contents (SHA-256 {hashes[0]}… → {hashes[1]}…)"


def file_facts(file: Path) -> dict[str, str | None]:
    """Path and contents of a file, for JSON."""
    return {"file": str(file), "sha256": content_hash(file)}
