"""List the licences of everything that `pip install citytwin` brings, and say which of them we must not ship with.

Walks the installed distributions from citytwin's own requirements (extras left out): the core has to stay usable under
a permissive licence. Weak copyleft (MPL, LGPL used as a library) is fine, GPL and AGPL are not.
"""

from __future__ import annotations

import re
import sys
from importlib.metadata import Distribution, PackageNotFoundError, distribution

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

PERMITTED = re.compile(
    r"\b(MIT|BSD|0BSD|Apache|ISC|PSF|PSFL|Python Software Foundation|HPND|Historical Permission|MPL|Mozilla|Zlib|"
    r"Unlicense|CC0|LGPL|Lesser General Public)\b",
    re.IGNORECASE,
)
# Alone or joined by AND these bind whoever ships them; "LGPL" and "Lesser General Public License" do not match.
FORBIDDEN = re.compile(
    r"\b(A?GPL|Affero|(?<!Lesser )(?<!Library )General Public License|SSPL|non-?commercial)", re.IGNORECASE
)
# Parts of a wheel that carry a copyleft licence with an exception for linking, looked at by a person.
LOOKED_AT = re.compile(r"GPL-[\d.]+(-or-later|-only)?(-|\s+WITH\s+)GCC-exception-[\d.]+", re.IGNORECASE)


def licence_of(package: Distribution) -> str:
    """Short licence text: the SPDX expression, else the classifiers, else the first line of the License field."""
    meta = package.metadata
    expression = meta.get("License-Expression")
    if expression:
        return str(expression)
    classifiers = [
        line.rsplit(" :: ", 1)[-1] for line in meta.get_all("Classifier") or [] if line.startswith("License ::")
    ]
    named = [name for name in classifiers if name != "OSI Approved"]
    if named:
        return "; ".join(named)
    lines = str(meta.get("License") or "").strip().splitlines()
    return lines[0] if lines else "unknown"


def core_packages(root: str = "citytwin") -> dict[str, Distribution]:
    """Installed distributions that ``root`` needs, directly or through others, by canonical name."""
    found: dict[str, Distribution] = {}
    waiting: list[tuple[str, frozenset[str]]] = [(root, frozenset())]
    while waiting:
        name, extras = waiting.pop()
        key = canonicalize_name(name)
        if key in found and not extras:
            continue
        try:
            found[key] = distribution(name)
        except PackageNotFoundError:
            continue  # for another platform or Python
        for line in found[key].requires or []:
            need = Requirement(line)
            wanted = [need.marker is None or need.marker.evaluate({"extra": extra}) for extra in ("", *extras)]
            if any(wanted) and (canonicalize_name(need.name) not in found or need.extras):
                waiting.append((need.name, frozenset(need.extras)))
    del found[canonicalize_name(root)]
    return found


def verdict(licence: str) -> str:
    """Judge a licence: "fine", "forbidden" or "unclear"."""
    text = LOOKED_AT.sub("", licence)
    choices = re.split(r"\s+OR\s+", text)
    if any(PERMITTED.search(choice) and not FORBIDDEN.search(choice) for choice in choices):
        return "fine"
    return "forbidden" if FORBIDDEN.search(text) else "unclear"


def main() -> int:
    """Print one line a package; 1 when one is not fine."""
    rows = [(name, p.version, licence_of(p)) for name, p in sorted(core_packages().items())]
    for name, version, licence in rows:
        print(f"{name:24} {version:18} {verdict(licence):10} {licence}")
    return int(any(verdict(licence) != "fine" for *_, licence in rows))


if __name__ == "__main__":
    sys.exit(main())
