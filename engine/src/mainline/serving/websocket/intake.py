"""Bytes that have arrived and are not read yet: they are read in pieces, between which others have their turn."""

from websockets.frames import Frame
from websockets.server import ServerProtocol

PIECE = 2048
"""Bytes that are read at once: some 340 of the smallest frames, which take two milliseconds."""


class Intake:
    """What has arrived from one client."""

    def __init__(self, protocol: ServerProtocol) -> None:
        self._protocol = protocol
        self._came, self._place = b"", 0

    def __bool__(self) -> bool:
        """Whether something is not read yet."""
        return self._place < len(self._came)

    def add(self, data: bytes) -> None:
        """Take what has arrived."""
        self._came, self._place = (self._came[self._place :] + data if self else data), 0

    def drop(self) -> None:
        """Forget what is not read."""
        self._came, self._place = b"", 0

    def read(self) -> list[Frame]:
        """Read a piece; return the frames that it ends."""
        piece = self._came[self._place : self._place + PIECE]
        self._place += PIECE
        self._protocol.receive_data(piece)
        return [event for event in self._protocol.events_received() if isinstance(event, Frame)]
