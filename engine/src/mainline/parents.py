"""A process that ends when the one that it works for is gone."""

import contextlib
import os
import threading
import time

STATUS = 130
_POLL = 0.2  # seconds


def end_with(parent: int, *others: int) -> None:
    """Exit, whatever goes on, once the parent is another one or one of other processes is gone."""

    def watch() -> None:
        while os.getppid() == parent and all(map(_runs, others)):
            time.sleep(_POLL)
        os._exit(STATUS)

    threading.Thread(target=watch, daemon=True).start()


def _runs(process: int) -> bool:
    with contextlib.suppress(PermissionError):  # it runs, as somebody else
        try:
            os.kill(process, 0)
        except ProcessLookupError:
            return False
    return True
