"""A module that runs as a process of its own: what it refuses is one marked line, which whoever sent it reads."""

import os
import sys
from collections.abc import Callable, Sequence

from mainline import interrupts, parents

_MARK = "mainline: "


def do(work: Callable[[], None]) -> None:
    """Do the work, and end; `interrupts.catch` was called before.

    Ends with 1 and a marked line after an error that is expected, and as the parent does if it was interrupted.
    """
    from mainline import faults

    try:
        interrupts.allow()
        work()
    except KeyboardInterrupt:
        sys.exit(parents.STATUS)
    except Exception as error:
        expected = faults.explain(error)
        if expected is None or os.environ.get(faults.TRACEBACK):
            raise
        sys.exit(_MARK + " ".join(str(expected).split()))
    finally:
        interrupts.end()


def refusal(said: str) -> tuple[str | None, Sequence[str]]:
    """Return the line with which an errand was refused, None if it ended otherwise, and all lines of what it said."""
    lines = said.strip().splitlines() or [""]
    return (lines[-1].removeprefix(_MARK) if lines[-1].startswith(_MARK) else None), lines
