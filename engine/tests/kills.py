"""A kill before each change that a piece of work makes, one after the other."""

from collections.abc import Callable
from typing import Any

import pytest


class Killed(BaseException):
    """Stands for a kill: nothing catches it."""


def before(stop: int, patch: pytest.MonkeyPatch, *calls: tuple[object, str]) -> None:
    """Let the first `stop` of these calls be made, and kill in place of each one after them."""
    made = 0

    def counted(call: Callable[..., Any]) -> Callable[..., Any]:
        def run(*arguments: Any, **named: Any) -> Any:
            nonlocal made
            if made == stop:
                raise Killed
            made += 1
            return call(*arguments, **named)

        return run

    for owner, name in calls:
        patch.setattr(owner, name, counted(getattr(owner, name)))
