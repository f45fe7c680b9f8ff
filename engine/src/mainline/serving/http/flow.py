"""How fast a client is read from."""

import asyncio
from collections.abc import Collection

from uvicorn.protocols.http.flow_control import FlowControl


class Flow(FlowControl):
    """Reads no more from a client as long as requests wait that it sent without waiting for an answer."""

    def __init__(self, transport: asyncio.Transport, waiting: Collection[object]) -> None:
        super().__init__(transport)
        self._waiting = waiting

    def resume_reading(self) -> None:
        """Read on, unless requests wait: each that is read more takes memory, and who does not read frees none."""
        if not self._waiting:
            super().resume_reading()
