"""Messages from frames, of which one message may have several."""

from websockets.frames import Frame, Opcode

_DATA = frozenset({Opcode.TEXT, Opcode.BINARY, Opcode.CONT})


class Assembly:
    """The message that is arriving; the library holds its size, and its frames to their order."""

    def __init__(self) -> None:
        self._parts: bytearray | None = None
        self._is_text = False

    @property
    def begun(self) -> bool:
        """Whether a frame of a message is here, and not its last one."""
        return self._parts is not None

    def add(self, frame: Frame) -> bytes | None:
        """Return the message that a frame ends, if it ends one.

        Raises:
            UnicodeDecodeError: when it says that it is text, and is not.
        """
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
