"""Requests without end: each worker keeps one connection and one key, and notes every answer."""

import http.client
import json
import threading
import time
from collections import Counter
from dataclasses import dataclass
from typing import Any

PATIENCE = 20.0  # seconds until an answer counts as failed


@dataclass(frozen=True)
class Answer:
    """One request: when it was sent and how long it took, in seconds; what came back ('' for no version)."""

    sent: float
    seconds: float
    status: int
    version: str
    client: int


class Load:
    """Workers that ask one server, each at most `rate` times a second."""

    def __init__(self, port: int, keys: list[str], rows: list[dict[str, Any]], rate: float = 50.0) -> None:
        self.answers: list[Answer] = []
        self._port, self._rows, self._rate = port, rows, rate
        self._ended = threading.Event()
        self._threads = [threading.Thread(target=self._work, args=item, daemon=True) for item in enumerate(keys)]

    def __enter__(self) -> "Load":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        for thread in self._threads:
            thread.join(PATIENCE + 5)

    @property
    def failed(self) -> list[Answer]:
        """Requests that got no prediction."""
        return [answer for answer in self.answers if answer.status != 200]

    def counts(self, since: float = 0.0, until: float = float("inf")) -> Counter[str]:
        """Count the predictions by version."""
        return Counter(one.version for one in self.answers if one.status == 200 and since <= one.sent < until)

    def last(self, version: str) -> float:
        """Return when the last answer of a version arrived."""
        return max((one.sent + one.seconds for one in self.answers if one.version == version), default=0.0)

    def _work(self, client: int, key: str) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=PATIENCE)
        headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
        number = client
        while not self._ended.is_set():
            body = json.dumps(self._rows[number % len(self._rows)])
            number += 1
            sent, began = time.time(), time.perf_counter()
            status, version = 0, ""
            try:
                connection.request("POST", "/predict", body, headers)
                reply = connection.getresponse()
                content = reply.read()
                status = reply.status
                version = json.loads(content).get("version", "") if status == 200 else ""
            except (OSError, http.client.HTTPException, ValueError):
                connection.close()  # the next request opens it again
            seconds = time.perf_counter() - began
            self.answers.append(Answer(sent, seconds, status, version, client))
            self._ended.wait(max(1 / self._rate - seconds, 0.0))
        connection.close()
