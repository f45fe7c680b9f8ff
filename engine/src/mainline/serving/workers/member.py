"""A worker as the process that started it knows it: its process, the channel to it, and what it said last."""

import asyncio
import contextlib
import signal
import socket
from collections.abc import Callable
from dataclasses import replace
from time import monotonic

from mainline import children
from mainline.serving.answering.metrics import Family
from mainline.serving.common import messages
from mainline.serving.common.messages import Message, Questions, Ready
from mainline.serving.task import Task

ANSWER_SECONDS = 1.0
"""How long a worker's page of metrics is waited for; after that what it said last counts."""


class Member:
    """One start of a worker."""

    def __init__(
        self, number: int, process: asyncio.subprocess.Process, reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:  # fmt: skip
        self.number, self.process = number, process
        self.ready: Ready | None = None
        self.failed = ""
        self.page: list[Family] = []
        self.began = self.heard = self.reported = monotonic()
        """When it began, last answered, and last said what it serves."""
        self._reader, self._writer = reader, writer
        self._questions = Questions()

    @classmethod
    async def start(cls, task: Task, listening: socket.socket) -> "Member":
        """Start a worker on a socket; it ends by itself when this process is gone."""
        here, there = socket.socketpair()
        with there:
            given = replace(task, listening=listening.fileno(), channel=there.fileno())
            # A group of its own: Ctrl-C is for the process that started it, which lets all workers finish.
            process = await asyncio.create_subprocess_exec(
                *children.command("mainline.serving.workers.worker", given.text()),
                stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL, env=children.environment(),
                pass_fds=(given.listening, given.channel, given.cells), process_group=0,
            )  # fmt: skip
        reader, writer = await asyncio.open_connection(sock=here, limit=messages.LONGEST)
        return cls(task.number, process, reader, writer)

    async def listen(self, said: "Callable[[Member, Message], None]") -> int:
        """Take in what it says until it ends; return how it ended.

        Args:
            said: called with each message that is not this worker's own affair.
        """
        while (message := await messages.receive(self._reader)) is not None:
            self.heard = monotonic()
            if "ready" in message:
                self.ready = message["ready"]
            elif "failed" in message:
                self.failed = message["failed"]
            elif "page" in message:
                self.page = message["page"]["families"]
                self._questions.answer(message["page"])
                continue
            elif "served" in message:
                self.reported = self.heard
            said(self, message)
        code = await self.process.wait()
        await self.close()
        return code

    async def close(self) -> None:
        """Give the channel back."""
        self._writer.close()
        with contextlib.suppress(OSError):
            await self._writer.wait_closed()

    async def ask(self) -> list[Family]:
        """Return its metrics, as of a moment ago if it does not answer."""
        with contextlib.suppress(TimeoutError, ConnectionError):
            return await self._questions.ask(self._writer, ANSWER_SECONDS)
        return self.page

    def say(self, message: Message) -> None:
        """Tell it something."""
        self._writer.write(messages.encode(message))

    def signal(self, number: signal.Signals) -> None:
        """Send a signal, unless it is gone."""
        with contextlib.suppress(ProcessLookupError):
            self.process.send_signal(number)


def ending(code: int) -> str:
    """Say how a process ended."""
    if code >= 0:
        return f"exit status {code}"
    with contextlib.suppress(ValueError):
        return f"killed by {signal.Signals(-code).name}"
    return f"killed by signal {-code}"
