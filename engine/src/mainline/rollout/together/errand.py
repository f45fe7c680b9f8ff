"""Something that may take long, such as fetching a package, done beside the looks at what was decided."""

import threading
from collections.abc import Callable

from mainline.serving.logs import warn


class Errand:
    """At most one thing at a time."""

    def __init__(self) -> None:
        self._thread: threading.Thread | None = None

    @property
    def is_busy(self) -> bool:
        """Whether the last one is under way."""
        return self._thread is not None and self._thread.is_alive()

    def run(self, job: Callable[[], object], seconds: float) -> None:
        """Begin a job unless one is under way, and wait for its end for so many seconds at most."""
        if not self.is_busy:
            self._thread = threading.Thread(target=_tried, args=(job,), name="errand", daemon=True)
            self._thread.start()
        self.wait(seconds)

    def wait(self, seconds: float) -> None:
        """Wait for the end of a job that is under way, for so many seconds at most."""
        if self._thread is not None:
            self._thread.join(seconds)


def _tried(job: Callable[[], object]) -> None:
    try:
        job()
    except Exception as error:  # whatever it is, what serves stays and it is tried again
        warn("looking at git failed; what serves stays", error=repr(error))
