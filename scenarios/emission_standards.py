"""Say which emission standard a vehicle keeps, as rules for low-emission zones ask for it."""

from __future__ import annotations

import re
from typing import Literal

from .emission_factors import Technology
from .vehicle_fleets import no_exhaust

FuelGroup = Literal["diesel", "petrol", "gas"]
ROMAN = {"I": 1, "II": 2, "III": 3, "IV": 4, "V": 5, "VI": 6, "VII": 7}


def fuel_group(technology: Technology) -> FuelGroup | None:
    """What rules call its fuel; None for vehicles without exhaust."""
    if no_exhaust(technology):
        return None
    if technology.fuel.startswith(("CNG", "LPG")):
        return "gas"
    return "diesel" if "diesel" in technology.fuel.casefold() else "petrol"


def euro_number(technology: Technology) -> int:
    """Number of its Euro standard; 0 where it is older than all of them.

    Examples
    --------
    >>> euro_number(Technology("Buses", "Diesel", "", "Euro VI")), euro_number(Technology("", "", "", "Euro 6 2020+"))
    (6, 6)
    """
    found = re.match(r"Euro (\d+|[IV]+)\b", technology.euro)
    if found is None:
        return 0
    return int(found[1]) if found[1].isdigit() else ROMAN[found[1]]
