"""The other workers of a server as one of them knows them: through the process that started them all."""

import asyncio
import os
import signal
import socket
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from mainline.exchange.server_report import Served
from mainline.serving.answering.metrics import Family
from mainline.serving.answering.problems import Problem
from mainline.serving.common import messages
from mainline.serving.common.cells import Cells
from mainline.serving.common.messages import Message, Questions
from mainline.serving.logs import warn

PATIENCE = 5.0
"""Seconds that a page of all workers may take."""
BEHIND = 2**22
"""Bytes that wait for a process that does not read; reports beyond are left out, since newer ones follow."""


class Colleagues:
    """One worker's end of the channel."""

    def __init__(self, number: int, channel: socket.socket, cells: Cells, folder: Path | None) -> None:
        """Speak as the worker of a number, from 0; `folder` is the worker's own beside the follower's files."""
        self.number, self.cells, self.folder = number, cells, folder
        self._channel = channel
        self._questions = Questions()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._writer: asyncio.StreamWriter | None = None

    def say(self, message: Message) -> None:
        """Say something before the event loop runs; if nobody is there to hear it, `talk` ends this worker."""
        with suppress(OSError):
            self._channel.sendall(messages.encode(message))

    def tell(self, report: Served, digests: dict[str, str]) -> None:
        """Say what is served, from any thread."""
        message: Message = {"served": {"report": report, "digests": digests}}
        if self._loop:
            self._loop.call_soon_threadsafe(self._send, message)

    async def add_up(self) -> list[Family]:
        """Return the metrics of all workers.

        Raises:
            Problem: not-ready, when they cannot be had: without them counters would seem to fall.
        """
        with suppress(TimeoutError, ConnectionError):
            if self._writer:
                return await self._questions.ask(self._writer, PATIENCE)
        raise Problem("not-ready", "The figures of the other workers cannot be had now; ask again.",
                      headers=[(b"retry-after", b"1")])  # fmt: skip

    async def talk(self, page: Callable[[], list[Family]]) -> None:
        """Answer questions until cancelled; without the process that started it this one stops."""
        self._loop = asyncio.get_running_loop()
        reader, self._writer = await asyncio.open_connection(sock=self._channel, limit=messages.LONGEST)
        while (message := await messages.receive(reader)) is not None:
            if "ask" in message:
                self._send({"page": {"number": message["ask"], "families": page()}})
            elif "page" in message:
                self._questions.answer(message["page"])
        warn("the process that started this worker is gone; it stops")
        os.kill(os.getpid(), signal.SIGTERM)

    def _send(self, message: Message) -> None:
        if self._writer and self._writer.transport.get_write_buffer_size() < BEHIND:
            self._writer.write(messages.encode(message))
