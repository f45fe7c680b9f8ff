"""What is here of a connection and not answered: messages begin as there is room, and answers keep their order."""

from collections.abc import Sequence
from typing import Any, cast

import pytest

from mainline.serving.websocket.answers import Answers, Done
from mainline.serving.websocket.backlog import Answer, Backlog


class LateAnswers:
    """Answers that come when the test says so."""

    def __init__(self) -> None:
        self.begun: dict[bytes, Done] = {}
        self.full = False

    def have_room(self, _: bytes) -> bool:
        """Say whether rows may wait for a prediction."""
        return not self.full

    def begin(self, _: Sequence[Any], body: bytes, done: Done) -> None:
        """Keep what is to be called."""
        self.begun[body] = done


@pytest.fixture
def answers() -> LateAnswers:
    """Answers that have not come."""
    return LateAnswers()


@pytest.fixture
def answered() -> list[str]:
    """What was said each time that an answer came."""
    return []


@pytest.fixture
def backlog(answers: LateAnswers, answered: list[str]) -> Backlog:
    """Four messages, of which three may be under way."""
    made = Backlog(cast("Answers", answers), [], 3, lambda: answered.append("came"))
    for message in (b"1", b"2", b"3", b"4"):
        made.add(message)
    made.begin()
    return made


def test_answers_leave_in_the_order_of_their_messages(
    backlog: Backlog, answers: LateAnswers, answered: list[str]
) -> None:
    """A second answer that comes first waits for the first one, and each that comes is told."""
    answers.begun[b"2"](b"b", "ok")
    assert backlog.next_answer() is None
    answers.begun[b"1"](b"a", "throttled")
    assert [backlog.next_answer(), backlog.next_answer(), backlog.next_answer()] == [
        Answer(b"a", "throttled"), Answer(b"b", "ok"), None,
    ]  # fmt: skip
    assert answered == ["came", "came"]


def test_no_more_begin_than_may_be_under_way(backlog: Backlog, answers: LateAnswers) -> None:
    """The fourth message begins once an answer has left, and not once it is there."""
    assert list(answers.begun) == [b"1", b"2", b"3"]
    assert backlog.is_full
    answers.begun[b"1"](b"a", "ok")
    backlog.begin()
    assert backlog.waits
    backlog.next_answer()
    backlog.begin()
    assert list(answers.begun) == [b"1", b"2", b"3", b"4"]
    assert not backlog.waits


def test_message_waits_for_room_only_behind_others_of_its_connection(answers: LateAnswers) -> None:
    """Without room the first message begins all the same, so that it is refused; the second one waits."""
    answers.full = True
    backlog = Backlog(cast("Answers", answers), [], 3, lambda: None)
    backlog.add(b"1")
    backlog.add(b"2")
    backlog.begin()
    assert list(answers.begun) == [b"1"]


def test_what_is_dropped_is_not_answered(backlog: Backlog, answers: LateAnswers) -> None:
    """What waits is dropped alone, or with what is under way; an answer that comes then is nobody's."""
    backlog.drop_waiting()
    assert (backlog.waits, backlog.is_under_way) == (False, True)
    backlog.drop()
    assert not backlog.is_under_way
    answers.begun[b"1"](b"a", "ok")
    assert backlog.next_answer() is None
