"""Keep the core free of licences that would bind whoever ships it."""

from __future__ import annotations

import licences
import pytest


def test_every_package_of_the_core_has_a_permitted_licence():
    found = {name: licences.licence_of(package) for name, package in licences.core_packages().items()}
    assert {"numpy", "numba", "llvmlite", "simpy", "mesa"} <= set(found)
    assert {name: text for name, text in found.items() if licences.verdict(text) != "fine"} == {}


@pytest.mark.parametrize(
    "licence, verdict",
    [
        ("MIT", "fine"),
        ("BSD License", "fine"),
        ("MPL-2.0 AND MIT", "fine"),
        ("GNU Lesser General Public License v3 (LGPLv3)", "fine"),
        ("LGPL-2.1-or-later", "fine"),
        ("BSD-3-Clause AND GPL-3.0-or-later WITH GCC-exception-3.1", "fine"),
        ("GPL-2.0-only OR MIT", "fine"),
        ("GPL-3.0-or-later", "forbidden"),
        ("GNU General Public License v2 (GPLv2)", "forbidden"),
        ("GNU Affero General Public License v3", "forbidden"),
        ("MIT AND AGPL-3.0", "forbidden"),
        ("unknown", "unclear"),
    ],
)
def test_verdicts(licence, verdict):
    assert licences.verdict(licence) == verdict
