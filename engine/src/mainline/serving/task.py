"""What a server serves, and how: read by the process that serves, and passed on as text to workers."""

import json
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Task:
    """What a process serves, and how; the last four are a worker's own number and descriptors.

    `package` is what is served without a routing file, `digest` what the other workers serve: '' if nobody does yet.
    """

    settings: dict[str, Any]
    version: str
    package: str
    routing: str
    followed: bool
    report: str
    silent_days: int
    started: float
    digest: str = ""
    number: int = 0
    listening: int = -1
    channel: int = -1
    cells: int = -1

    def text(self) -> str:
        """Return it as an argument."""
        return json.dumps(asdict(self))
