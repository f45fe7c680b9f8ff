"""What a worker and the process that started it say to each other: JSON lines over a pair of sockets.

A worker says once that it is `ready`, or why it `failed`; then again and again what it has `served`. Either end may
`ask` for a page of metrics, by a number that the answer has too: the worker's own, or that of all.
"""

import asyncio
from typing import Any

import orjson
from typing_extensions import TypedDict

from mainline.exchange.server_report import Served
from mainline.serving.answering.metrics import Family

LONGEST = 2**26
"""Bytes of a message."""


class Ready(TypedDict):
    """A worker answers from now on: what it serves, the digest of a fixed package, and whether there are keys."""

    served: str
    digest: str
    keys: bool


class Word(TypedDict):
    """What a worker serves, with the digests of its packages by version."""

    report: Served
    digests: dict[str, str]


class Page(TypedDict):
    """A page of metrics, and the question that it answers."""

    number: int
    families: list[Family]


class Message(TypedDict, total=False):
    """One of these."""

    ready: Ready
    failed: str
    served: Word
    ask: int
    page: Page


def encode(message: Message) -> bytes:
    """Return a line."""
    return orjson.dumps(message, option=orjson.OPT_APPEND_NEWLINE)


async def receive(reader: asyncio.StreamReader) -> Message | None:
    """Return the next message; None at the end of the other process."""
    try:
        line = await reader.readline()
    except (ConnectionError, ValueError):
        return None
    found: Any = orjson.loads(line) if line.endswith(b"\n") else None
    return found


class Questions:
    """Questions that wait for their answer."""

    def __init__(self) -> None:
        self._waiting: dict[int, asyncio.Future[list[Family]]] = {}
        self._number = 0

    async def ask(self, writer: asyncio.StreamWriter, seconds: float) -> list[Family]:
        """Ask the other end for a page.

        Raises:
            TimeoutError: when it does not come in time.
        """
        self._number += 1
        number = self._number
        self._waiting[number] = future = asyncio.get_running_loop().create_future()
        try:
            writer.write(encode({"ask": number}))
            return await asyncio.wait_for(future, seconds)
        finally:
            del self._waiting[number]

    def answer(self, page: Page) -> None:
        """Hand an answer to whoever waits for it."""
        future = self._waiting.get(page["number"])
        if future and not future.done():
            future.set_result(page["families"])
