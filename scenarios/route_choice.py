"""Say in a scenario file how people find their way: on one day, or after they have got used to the streets."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo, WithJsonSchema, field_validator

from .drivers import VehicleClass
from .strict import Strict

NEVER_SCHEMA = WithJsonSchema({"anyOf": [{"type": "number", "minimum": 1}, {"const": "never"}, {"type": "null"}]})
ITERATIONS, GAP, INTERVAL_S, LEARNING_RATE = 20, 0.02, 300.0, 0.2  # where a scenario says nothing
USED_WITH = {  # keys that only some choices have a use for
    "iterations": ("equilibrium", "day_to_day"),
    "interval_s": ("equilibrium", "day_to_day"),
    "gap": ("equilibrium",),
    "learning_rate": ("day_to_day",),
}


def _never(value: object) -> object:
    return None if value == "never" else value


def _by_its_name(choice: str) -> str:
    return "known" if choice == "shortest" else choice


class Routes(Strict):
    """How routes are chosen."""

    choice: Annotated[
        Literal["known", "equilibrium", "day_to_day", "shortest"],
        AfterValidator(_by_its_name),
    ] = Field(
        "known",
        description="`known`: the one day, on the times that streets took lately; who learns of an event looks for "
        "another way. `equilibrium`: as everybody goes who has got used to the streets, nobody has a quicker way. "
        "`day_to_day`: as people learn from day to day. `shortest`: an older name for `known`.",
    )
    iterations: int | None = Field(
        None,
        ge=1,
        le=1000,
        description="`equilibrium`: the run is repeated so many times at most; `day_to_day`: days. Left out: 20.",
    )
    gap: float | None = Field(
        None,
        gt=0,
        le=0.5,
        description="`equilibrium`: the relative gap, as a share, at which it counts as reached. Left out: 2 %.",
    )
    interval_s: float | None = Field(
        None,
        ge=30,
        le=86_400,
        description="`equilibrium`, `day_to_day`: times of streets and turns are told apart by intervals of this "
        "length, s. Left out: 300.",
    )
    learning_rate: float | None = Field(
        None,
        gt=0,
        le=1,
        description="`day_to_day`: weight of a day's times against those remembered. Left out: 0.2.",
    )
    perception_noise: float = Field(
        0.1, ge=0, le=2, description="How differently people judge a street's time (0: all alike)."
    )
    plan_every_s: float = Field(300.0, ge=10, description="Departures are planned in batches of this length, s.")
    reroute_blocked_after_s: Annotated[float | None, BeforeValidator(_never), NEVER_SCHEMA] = Field(
        60.0,
        ge=1,
        description="Who has stood for so long before a blocked street looks for another way, s; or `never`.",
    )
    value_of_time_per_h: dict[VehicleClass, Annotated[float, Field(gt=0)]] = Field(
        default_factory=dict,
        description="What drivers would pay to save an hour, by vehicle class, in `currency`; needed for `car` with "
        "tolls, and for other classes that of `car` where it is left out.",
    )
    currency: str = Field("EUR", min_length=1, max_length=10, description="Of tolls and values of time.")

    @field_validator(*USED_WITH)
    @classmethod
    def _has_a_use(cls, value: float | None, info: ValidationInfo) -> float | None:
        choices = USED_WITH[info.field_name or ""]
        choice = info.data.get("choice")
        if value is not None and choice is not None and choice not in choices:
            wanted = " or ".join(f"`choice: {name}`" for name in choices)
            raise ValueError(f"is used with {wanted} only. Remove it; an inherited one is removed by `null`.")
        return value

    @property
    def adapts(self) -> bool:
        """Whether people have got used to the streets before the run, by repeating it."""
        return self.choice in USED_WITH["iterations"]
