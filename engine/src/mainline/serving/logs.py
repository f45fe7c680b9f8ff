"""Events of the service, as one JSON object a line on standard error."""

import logging
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from time import monotonic
from typing import Any

import orjson

BURST, SECONDS = 20, 10.0
"""Lines of one event that are written at once, and the seconds until there is another one."""
LOGGER = logging.getLogger("mainline.serving")


class JsonLines(logging.Formatter):
    """Formats a record as one line of JSON: time, level, event, and what was given as `fields`."""

    def __init__(self, **always: object) -> None:
        """Give every line some fields more."""
        super().__init__()
        self._always = always

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        content: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "event": record.getMessage(),
            **self._always,
            **getattr(record, "fields", {}),
        }
        if record.exc_info:
            content["exception"] = self.formatException(record.exc_info)
        return orjson.dumps(content, default=str).decode()


class Bounded(logging.Filter):
    """Lets the first lines of an event pass, then one from time to time that says how many were left out.

    What clients do again and again, also those without a key, would fill the disk otherwise.
    """

    def __init__(self) -> None:
        super().__init__()
        self._events: dict[tuple[str, str], _Event] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Say whether a record is written."""
        now = monotonic()
        event = self._events.setdefault((record.name, str(record.msg)), _Event(BURST, now))
        event.left = min(BURST, event.left + (now - event.at) / SECONDS)
        event.at = now
        if event.left < 1:
            event.left_out += 1
            return False
        event.left -= 1
        if event.left_out:
            record.fields = {**getattr(record, "fields", {}), "left_out": event.left_out}
            event.left_out = 0
        return True


@dataclass
class _Event:
    """Lines of one kind that may still be written, as of when, and how many were not."""

    left: float
    at: float
    left_out: int = 0


def set_up(**always: object) -> None:
    """Send the records of the service and of its libraries to standard error, and nothing of single requests.

    Args:
        always: fields that every line has, such as the number of a worker.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.addFilter(Bounded())
    handler.setFormatter(JsonLines(**always))
    levels = {"mainline.serving": logging.INFO} | dict.fromkeys(("uvicorn", "asyncio", "websockets"), logging.WARNING)
    for name, level in levels.items():
        logger = logging.getLogger(name)
        logger.handlers, logger.propagate = [handler], False
        logger.setLevel(level)


def say(event: str, **fields: object) -> None:
    """Record an event with its fields."""
    LOGGER.info(event, extra={"fields": fields})


def warn(event: str, **fields: object) -> None:
    """Record an event that somebody should look at."""
    LOGGER.error(event, extra={"fields": fields})
