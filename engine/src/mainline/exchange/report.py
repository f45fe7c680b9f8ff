"""What monitoring leaves for the server: its report as a page, and beside it the document that `/metrics` reads.

`./mainline monitor` replaces both files whole; the page is written last.
"""

from dataclasses import dataclass
from datetime import datetime
from html import escape
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field, TypeAdapter, ValidationError
from typing_extensions import TypedDict

from mainline.documents import Text, Verdict
from mainline.seconds import DAY

NAME = "monitoring"
"""The files that are written: `monitoring.json`, `.md` and `.html`."""
PAGE = f"{NAME}.html"
LARGEST = 20_000_000
"""Bytes of a file that are held, at most."""
_BEGIN = b"<main>\n"


def _check_time(value: str) -> str:
    if datetime.fromisoformat(value).tzinfo is None:
        raise ValueError("a time without a zone")
    return value


Moment = Annotated[str, AfterValidator(_check_time)]


class Alarm(TypedDict):
    """An open alarm: the check of a version, and when it was first seen to fail; '' or when it passed again."""

    version: Text
    check: Text
    opened: Moment
    quiet_since: str


class Summary(TypedDict):
    """The part of the document that the server reads: when production was looked at, and what came of it."""

    environment: Text
    until: Moment
    verdict: Verdict
    alarms: Annotated[list[Alarm], Field(max_length=1000)]


_SUMMARY = TypeAdapter(Summary)


@dataclass(frozen=True)
class Report:
    """A report: the page as bytes, and its summary."""

    page: bytes
    summary: Summary

    @property
    def looked(self) -> float:
        """When production was looked at, in seconds since 1970."""
        return datetime.fromisoformat(self.summary["until"]).timestamp()

    def shown(self, now: float, silent_days: int) -> bytes:
        """Return the page; one that is older than declared says so first."""
        days = (now - self.looked) / DAY
        if days <= silent_days:
            return self.page
        said = (
            f"Nobody has looked at {escape(self.summary['environment'])} for {days:.0f} days; {silent_days} are "
            "declared (monitoring.silent_days). What follows is old."
        )
        late = f'<header class="unknown"><p class="verdict">Old</p><p>{said}</p></header><br>\n'
        return self.page.replace(_BEGIN, _BEGIN + late.encode(), 1)


def read(page: Path) -> Report | None:
    """Read a report by its page; None if there is none.

    Raises:
        ValueError: when a file is too large, or the document is not one; the message has several lines.
        OSError: when a file is there and cannot be read.
    """
    document = page.with_suffix(".json")
    try:
        sizes = [path.stat().st_size for path in (page, document)]
        contents = [path.read_bytes() for path in (page, document)] if max(sizes) <= LARGEST else []
    except FileNotFoundError:
        return None
    if not contents:
        raise ValueError(f"{page} or {document.name} has more than {LARGEST:,} bytes")
    try:
        return Report(contents[0], _SUMMARY.validate_json(contents[1]))
    except ValidationError as error:
        raise ValueError(f"{document} is not a report of monitoring: {error.errors()[0]['msg']}") from error
