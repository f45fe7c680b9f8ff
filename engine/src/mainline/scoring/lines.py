"""Predictions as lines come: JSON lines in, JSON lines out, in their order.

What has arrived is predicted together, so a slow source gets each answer at once and a fast one gets batches. Nothing
is read ahead while an answer waits to be written: a slow reader slows the source, and memory stays as it is.
"""

import os
import sys
from collections.abc import Callable, Iterator

import orjson

from mainline.errors import MainlineError
from mainline.scoring import row_answers
from mainline.serving.answering.model import Model

BLOCK = 2**16
"""Bytes that are read at once, at most."""


def run(
    model: Model, read: Callable[[int], bytes], write: Callable[[bytes], object], longest: int = row_answers.LONGEST
) -> int:
    """Answer lines until there are no more; return how many were refused.

    Args:
        model: who predicts.
        read: returns up to so many bytes as soon as there are some, b'' at the end.
        write: takes bytes and returns when they are taken.
        longest: bytes that a line may have.
    """
    refused, number = 0, 0
    for lines in _blocks(read, longest):
        answers = list(_answers(model, lines, number))
        refused += sum(b'"error"' in answer[:40] for answer in answers)
        number += len(lines)
        write(b"".join(answers))
    return refused


def through_standard_streams(model: Model) -> int:
    """Answer JSON lines of standard input on standard output; return how many were refused.

    Raises:
        MainlineError: when one of the two ends is closed.
    """
    if sys.stdin is None or sys.stdout is None:
        raise MainlineError(
            "standard input or output is closed; send JSON lines to one and read answers from the other."
        )
    try:
        return run(model, lambda size: os.read(sys.stdin.fileno(), size), _write)
    except OSError as error:
        # What could not be written would be tried again at the exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise MainlineError(
            f"the stream broke off ({error.strerror}); lines that have no answer yet are to be sent again."
        ) from error


def _write(content: bytes) -> None:
    sys.stdout.buffer.write(content)
    sys.stdout.buffer.flush()


def _blocks(read: Callable[[int], bytes], longest: int) -> Iterator[list[bytes | None]]:
    """Yield the whole lines that arrived together; None stands for a line that is too long."""
    rest, skipping = b"", False
    while block := read(BLOCK):
        *lines, rest = (rest + block).split(b"\n")
        found: list[bytes | None] = [None if len(line) > longest else line for line in lines]
        if found and skipping:
            found[0], skipping = None, False
        if len(rest) > longest:
            rest, skipping = b"", True
        if skipping:
            rest = b""
        if found:
            yield found
    if rest or skipping:
        yield [None if skipping else rest]


def _answers(model: Model, lines: list[bytes | None], first: int) -> Iterator[bytes]:
    for number, content in enumerate(row_answers.contents(model, lines), start=first + 1):
        yield orjson.dumps({"line": number, **content}, option=orjson.OPT_APPEND_NEWLINE)
