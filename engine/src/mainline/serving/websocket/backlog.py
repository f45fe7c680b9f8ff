"""Messages of a connection that have no answer yet: those that wait, and those under way, whose answers keep order."""

from collections import deque
from collections.abc import Callable, Sequence
from typing import NamedTuple

from mainline.serving.answering.messages import Header
from mainline.serving.websocket.answers import Answers


class Answer(NamedTuple):
    """An answer, and its outcome: `ok`, or the kind of its problem."""

    body: bytes
    outcome: str


class Slot:
    """The place of an answer among those of its connection."""

    __slots__ = ("answer",)

    def __init__(self) -> None:
        self.answer: Answer | None = None


class Backlog:
    """The messages of one connection, and their answers in the same order."""

    def __init__(
        self, answers: Answers, headers: Sequence[Header], most_under_way: int, answered: Callable[[], None]
    ) -> None:
        """Begin without a message.

        Args:
            answers: who answers messages.
            headers: those of the handshake, which hold for each message.
            most_under_way: messages that are answered at a time.
            answered: called when an answer is here, at once or later.
        """
        self._answers, self._headers = answers, headers
        self._most, self._answered = most_under_way, answered
        self._waiting: deque[bytes] = deque()
        """Messages that have not begun: they came with others in one piece."""
        self._slots: deque[Slot] = deque()
        """Answers under way, in the order of their messages."""

    @property
    def waits(self) -> bool:
        """Whether a message has not begun."""
        return bool(self._waiting)

    @property
    def is_under_way(self) -> bool:
        """Whether a message has begun whose answer has not left."""
        return bool(self._slots)

    @property
    def is_full(self) -> bool:
        """Whether as many messages are here as may be under way."""
        return len(self._waiting) + len(self._slots) >= self._most

    def add(self, message: bytes) -> None:
        """Let a message wait for its turn."""
        self._waiting.append(message)

    def begin(self) -> None:
        """Begin as many messages as there is room for."""
        while self._waiting and self._has_room(self._waiting[0]):  # at most `most_under_way`; others have their turn
            self._begin(self._waiting.popleft())

    def next_answer(self) -> Answer | None:
        """Take the answer whose turn it is, if it is here."""
        return self._slots.popleft().answer if self._slots and self._slots[0].answer else None

    def drop_waiting(self) -> None:
        """Forget the messages that have not begun."""
        self._waiting.clear()

    def drop(self) -> None:
        """Forget all messages, and the answers that are still to come."""
        self._waiting.clear()
        self._slots.clear()

    def _has_room(self, message: bytes) -> bool:
        """Say whether a message can begin; while others of the connection are under way, it need not be refused."""
        if len(self._slots) >= self._most:
            return False
        return not self._slots or self._answers.have_room(message)

    def _begin(self, message: bytes) -> None:
        slot = Slot()
        self._slots.append(slot)

        def done(body: bytes, outcome: str) -> None:
            slot.answer = Answer(body, outcome)
            self._answered()

        self._answers.begin(self._headers, message, done)
