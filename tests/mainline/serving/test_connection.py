"""What a client may make the server hold."""

import asyncio

from mainline.serving.connection import Flow


class Reading(asyncio.Transport):
    """A transport that notes whether it is read from."""

    on = True

    def pause_reading(self) -> None:
        """Read no more."""
        self.on = False

    def resume_reading(self) -> None:
        """Read on."""
        self.on = True


def test_nothing_is_read_while_requests_wait() -> None:
    """A handler that asks for its body does not let a client that reads no answers send ever more requests."""
    transport, waiting = Reading(), ["a request"]
    flow = Flow(transport, waiting)
    flow.pause_reading()
    flow.resume_reading()
    assert not transport.on
    waiting.clear()
    flow.resume_reading()
    assert transport.on
