"""Where kinds of storage differ: how much they are asked at a time, and how they say when an object was written."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from mainline.remote import s3

_JOBS = 8
_DATES = ("LastModified", "last_modified", "updated", "mtime")
"""What they call the time at which an object was written."""


def jobs(files: Any) -> int:
    """How many requests a place is asked at a time."""
    return s3.JOBS if s3.is_s3(files) else _JOBS


def changed(about: Mapping[str, Any]) -> float:
    """Return when an object was written, in seconds since 1970; in the future where its store does not say."""
    found = next((about[name] for name in _DATES if about.get(name)), None)
    if isinstance(found, str):
        found = datetime.fromisoformat(found)
    return float("inf") if found is None else float(found.timestamp() if isinstance(found, datetime) else found)
