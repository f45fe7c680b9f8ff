"""The requests of a rehearsal: rows of the test periods, asked one by one without a pause, each answer counted."""

import http.client
import json
import threading
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import count
from typing import Any

from mainline.local_server import headers
from mainline.rehearsal.fork import RehearsalError

PATIENCE = 30.0
"""Seconds after which a request counts as failed."""
Row = Mapping[str, Any]


class Traffic:
    """A client with one connection that asks for one row after another until the block ends."""

    def __init__(self, address: str, key: str, asked: Sequence[Row]) -> None:
        self.answers: Counter[str] = Counter()
        """Answers by version."""
        self.last: dict[str, float] = {}
        """When the last answer of each version came, in seconds since 1970."""
        self.failed: list[str] = []
        """What was said of each request without a prediction."""
        self._bodies = [json.dumps(row) for row in asked]
        self._host, self._headers = address.removeprefix("http://"), headers(key)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._work, daemon=True)

    def __enter__(self) -> "Traffic":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join(PATIENCE)

    def check(self) -> None:
        """Stop at the first request that failed.

        Raises:
            RehearsalError: with what was said of it.
        """
        if self.failed:
            raise RehearsalError(f"a request failed while versions changed: {self.failed[0]}")

    def _work(self) -> None:
        connection = http.client.HTTPConnection(self._host, timeout=PATIENCE)
        for number in count():
            if self._ended.is_set():
                break
            try:
                connection.request("POST", "/predict", self._bodies[number % len(self._bodies)], self._headers)
                reply = connection.getresponse()
                said = reply.read()
                if reply.status != http.HTTPStatus.OK:
                    raise ValueError(f"{reply.status}, {said[:200]!r}")
                version = str(json.loads(said)["version"])
                self.answers[version] += 1
                self.last[version] = time.time()
            except (OSError, http.client.HTTPException, ValueError, KeyError) as error:
                self.failed.append(" ".join(f"{type(error).__name__}: {error}".split()))
                break
        connection.close()
