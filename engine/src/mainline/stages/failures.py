"""A task that fails in another process: what of its error travels, and the error as it is raised here."""

import traceback
from bdb import BdbQuit
from collections.abc import Callable
from typing import NamedTuple, TypeVar

from mainline import faults
from mainline.errors import MainlineError, UseCaseError
from mainline.stages.tasks import Inputs, Outcome, Task, Watch, Work, perform

Result = TypeVar("Result")

_BREAKPOINT = (
    "a breakpoint stops no worker, which has no terminal. Run the stage alone, as in "
    "`./mainline stage prepare --debug`, or with MAINLINE_COMPUTE='processes: 1'."
)


class BugError(Exception):
    """An error that nobody expects came up in a worker; its cause is the traceback from there."""


class Failure(NamedTuple):
    """How a task failed in a worker: an expected error, or None for a bug, and its traceback."""

    error: MainlineError | None
    told: str


class _ToldError(Exception):
    """A traceback of another process, shown as the cause of an error."""

    def __str__(self) -> str:
        return f'\n"""\n{self.args[0]}"""'


def attempt(work: Work, task: Task, inputs: Inputs, watch: Watch | None) -> Outcome | Failure:
    """Do the work of a task in this process, or say how it failed."""
    return caught(lambda: perform(work, task, inputs, watch))


def caught(act: Callable[[], Result]) -> Result | Failure:
    """Return what comes of something, or how it failed."""
    try:
        return act()
    except SystemExit as error:
        return Failure(faults.ended(error), traceback.format_exc())
    except BdbQuit:
        return Failure(UseCaseError(_BREAKPOINT), traceback.format_exc())
    except Exception as error:
        return Failure(faults.explain(error), traceback.format_exc())


def raised(failure: Failure) -> Exception:
    """Return the error of a worker, as it is to be raised here."""
    error = failure.error or BugError(failure.told.strip().splitlines()[-1])
    error.__cause__ = _ToldError(failure.told)
    return error
