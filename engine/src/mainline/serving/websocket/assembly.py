"""Messages from frames, of which one message may have several."""

from time import monotonic

from websockets.frames import Frame, Opcode

LITTLE = 1024
"""Bytes below which a frame brings little, unless it ends a message."""
MOST_LITTLE, LITTLE_SECONDS = 1000, 10.0
"""So many frames that bring little may come in so many seconds: each costs as much to read as a large one."""
_DATA = frozenset({Opcode.TEXT, Opcode.BINARY, Opcode.CONT})


class Assembly:
    """The message that is arriving; the library holds its size, and its frames to their order."""

    def __init__(self) -> None:
        self._parts: bytearray | None = None
        self._is_text = False
        self._little, self._since = 0, 0.0

    @property
    def begun(self) -> bool:
        """Whether a frame of a message is here, and not its last one."""
        return self._parts is not None

    @property
    def is_flooded(self) -> bool:
        """Whether too many frames came that bring little: pings, pongs, and small parts of messages."""
        return self._little > MOST_LITTLE

    def add(self, frame: Frame) -> bytes | None:
        """Return the message that a frame ends, if it ends one.

        Raises:
            UnicodeDecodeError: when it says that it is text, and is not.
        """
        if frame.opcode not in _DATA or (len(frame.data) < LITTLE and not frame.fin):
            self._note_little()
        if frame.opcode not in _DATA:
            return None
        if frame.opcode is not Opcode.CONT:
            self._is_text, self._parts = frame.opcode is Opcode.TEXT, bytearray()
        assert self._parts is not None  # the library refuses a frame that continues nothing
        self._parts += frame.data
        if not frame.fin:
            return None
        message, self._parts = bytes(self._parts), None
        if self._is_text:
            message.decode()
        return message

    def _note_little(self) -> None:
        now = monotonic()
        if now - self._since > LITTLE_SECONDS:
            self._little, self._since = 0, now
        self._little += 1
