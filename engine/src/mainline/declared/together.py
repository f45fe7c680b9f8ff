"""The key `rollout.together` of `deploy/<environment>.yaml`: one rollout for all servers of the environment."""

from typing import Annotated

from pydantic import BeforeValidator, Field

from mainline.declared.quantities import duration
from mainline.declared.reading import Section
from mainline.errors import ParamsError

KEY = "rollout.together"
INTERVALS = 3
"""Looks at git that a leader's lease lasts; a server that is silent for less may only be late."""


class Together(Section):
    """One server decides for all; a server that says nothing for `silent` seconds is left out."""

    silent: Annotated[float, BeforeValidator(duration), Field(gt=0)] = 300.0


def check(declared: Together | None, interval: float, has_outcome: bool, file: str) -> None:
    """Hold the section to the rest of the policy.

    Raises:
        ParamsError: when servers would be left out while they are well, or outcomes are to be compared.
    """
    if declared is None:
        return
    least = INTERVALS * interval
    if declared.silent < least:
        remedy = f"use at least {least:g}s: {INTERVALS} times follow.interval"
        raise ParamsError(f"{KEY}.silent", f"is {declared.silent:g} s", remedy, file)
    if has_outcome:
        remedy = "leave one of both out: outcomes are counted by each server alone"
        raise ParamsError(KEY, "stands beside analysis.outcome", remedy, file)
