"""A consumer of a Redis stream as a process of its own, which may kill itself at a moment that a test names."""

import json
import os
import signal
import sys
import threading
from collections.abc import Sequence
from types import FrameType
from typing import Any

from mainline.declared.streams import Stream
from mainline.scoring.redis_entries import Entry
from mainline.scoring.redis_stream import RedisStream

DEADLY = "deadly"


def double(rows: Sequence[bytes | None]) -> list[dict[str, Any]]:
    """Answer each row with its double; a row that is deadly kills whoever answers it."""
    found = [json.loads(row) if row else None for row in rows]
    if DEADLY in found:
        die()
    return [
        {"double": 2 * row} if isinstance(row, int) else {"error": "odd", "type": "malformed-json"} for row in found
    ]


def die() -> None:
    """End as a kill ends."""
    os.kill(os.getpid(), signal.SIGKILL)


def main(declared: Stream, moment: str) -> None:
    """Answer until told to stop; die at the second batch, at a moment of it."""
    stopped = threading.Event()

    def stop(_number: int, _frame: FrameType | None) -> None:
        stopped.set()

    signal.signal(signal.SIGTERM, stop)
    batches = 0

    def answer(rows: Sequence[bytes | None]) -> list[dict[str, Any]]:
        nonlocal batches
        batches += 1
        if batches > 1 and moment == "before predicting":
            die()
        return double(rows)

    stream = RedisStream(declared, answer, stopped)
    write = stream.entries.answer

    def killed_write(answers: Sequence[tuple[Entry, bytes]]) -> int:
        if batches > 1 and moment == "before writing":
            die()
        written = write(answers)
        if batches > 1 and moment == "after writing":
            die()
        return written

    stream.entries.answer = killed_write  # type: ignore[method-assign]
    stream.run()


if __name__ == "__main__":
    main(Stream.model_validate_json(sys.argv[1]), sys.argv[2])
