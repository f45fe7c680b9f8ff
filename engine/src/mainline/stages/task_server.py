"""The process that works on partitions for another one, through pipes.

It reads messages from its standard input, first what it is to do (`shipment`), then task after task, and writes an
answer to each. It has no thread but for one that ends it, so the watch on what the work does sees nothing else, and its
settings were there before Python started. It ends by itself when nothing is asked of it for a while.
"""

import os
import pickle
import select
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from mainline import parents
from mainline.stages import software

IDLE = 20.0
"""Seconds after which a process that is asked nothing gives its memory back; the next task starts another one."""
SIZE = 8
"""Bytes before each message that say how long it is."""


def main() -> None:
    """Answer until there is nothing to answer."""
    parents.end_with(int(sys.argv[1]))
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what a use case prints goes to the log of the worker
    for answer in _answers():
        content = pickle.dumps(answer)
        answers.write(len(content).to_bytes(SIZE) + content)
        answers.flush()


def _answers() -> Iterator[object]:
    """Yield the answer to each task: a line for all if something is another one here than where they come from."""
    content = _read()
    if not content:
        return
    wanted, held = pickle.loads(content)  # noqa: S301 - whoever sends it may run any code here
    there = os.environ.get(software.WORKER, "the worker")
    refused = software.difference(wanted, software.versions(wanted), there)
    perform = (lambda _: refused) if refused else _performing(held)
    while content := _read():
        yield perform(content)
        sys.stdout.flush()


def _performing(held: bytes) -> Callable[[bytes], object]:
    """Return what answers a task; with a failure to all if the work cannot be loaded."""
    from mainline.data import local_files
    from mainline.stages import failures, fingerprint, purity
    from mainline.stages.tasks import Outcome, Watch

    loaded = failures.caught(lambda: pickle.loads(held))  # noqa: S301 - as above
    if isinstance(loaded, failures.Failure):
        return lambda _: loaded
    work, watch, processor = loaded
    if watch:
        watch = Watch(watch.allowed, frozenset(Path(file).resolve() for file in watch.modules))
    is_foreign = fingerprint.processor() != processor
    local_files.so_far()  # ends the watches that modules begin when they are imported
    purity.so_far()

    def perform(content: bytes) -> object:
        task, inputs = pickle.loads(content)  # noqa: S301 - as above
        answer = failures.attempt(work, task, inputs, watch)
        return answer._replace(foreign=is_foreign) if isinstance(answer, Outcome) else answer

    return perform


def _read() -> bytes:
    """Read a message; nothing if none comes, or if its sender is gone."""
    if not select.select([sys.stdin], [], [], IDLE)[0]:
        return b""
    return _exactly(int.from_bytes(_exactly(SIZE)))


def _exactly(size: int) -> bytes:
    parts = []
    while size and (part := os.read(sys.stdin.fileno(), size)):
        parts.append(part)
        size -= len(part)
    return b"".join(parts)
