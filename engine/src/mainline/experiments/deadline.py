"""Trials in processes of this machine, which end when the time is over."""

import multiprocessing
import os
import signal
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from mainline import parents
from mainline.stages.pool import METHOD


def run(attempt: Callable[[int], Any], numbers: Sequence[int], processes: int, until: float) -> Iterator[Any]:
    """Yield what comes of each number, in any order; at the end of the time, what is being fitted is given up.

    Args:
        attempt: called with each number, in another process.
        numbers: in the order in which they are begun.
        processes: how many at a time.
        until: the end, as `time.monotonic` counts.
    """
    context: Any = multiprocessing.get_context(METHOD)
    with warnings.catch_warnings():  # Python warns of a fork beside threads; ours only sleeps
        warnings.simplefilter("ignore", DeprecationWarning)
        pool = context.Pool(min(processes, len(numbers)), _begin, (attempt, os.getpid()))
    with pool:  # at its end the processes are ended
        found = pool.imap_unordered(_work, numbers)
        for _ in numbers:
            try:
                yield found.next(max(until - time.monotonic(), 0))
            except multiprocessing.TimeoutError:
                return


_attempt: Callable[[int], Any]


def _begin(attempt: Callable[[int], Any], driver: int) -> None:
    """Take the rows once, with the fork, and not with each number; Ctrl-C is the driver's, and so is the end."""
    global _attempt
    _attempt = attempt
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    parents.end_with(driver)


def _work(number: int) -> Any:
    return _attempt(number)
