"""Tables, times and other people's words in a terminal."""

import pytest

from mainline import text


def test_columns_are_as_wide_as_their_content() -> None:
    """Rows stand under their titles, numbers flush right, no line ends with a space, and wide letters count twice."""
    assert text.table(("by", "n", ""), [("日本", "1", ""), ("Ada", "12", "x")], right=(1,)) == [
        "by     n",
        "日本   1",
        "Ada   12  x",
    ]


@pytest.mark.parametrize(
    ("words", "shown"),
    [(None, "-"), ("", "-"), ("Ada", "Ada"), ("Ada Lovelace", "Ada L…"), ("a\x1b[2J", "a�[2J"), ("日本日本", "日本…")],
)
def test_words_of_others_fit_and_do_nothing_to_a_terminal(words: str | None, shown: str) -> None:
    """Too long words end with a dot-dot-dot, control characters are replaced, and nothing is a dash."""
    assert text.clip(words, 6) == shown


@pytest.mark.parametrize(
    ("seconds", "written"),
    [(0, "0 s"), (89, "89 s"), (720, "12 min"), (12_600, "3.5 h"), (86_400, "24.0 h"), (216_000, "2.5 days")],
)
def test_a_length_of_time_has_the_unit_a_person_would_choose(seconds: float, written: str) -> None:
    """Seconds, minutes, hours and days, so that one or two figures are enough."""
    assert text.span(seconds) == written


def test_times_are_utc() -> None:
    """A moment is written in UTC, whatever the machine's zone."""
    assert (text.utc(1_767_225_600), text.minute(1_767_225_659)) == ("2026-01-01T00:00:00Z", "2026-01-01 00:00")


@pytest.mark.parametrize(
    ("number", "noun", "written"),
    [
        (1, "row", "1 row"),
        (27_010, "row", "27,010 rows"),
        (2, "group of rows", "2 groups of rows"),
        (3, "class", "3 classes"),
        (0, "entity", "0 entities"),
        (2, "day", "2 days"),
        (2, "different request", "2 different requests"),
    ],
)
def test_one_of_a_thing_is_not_several(number: int, noun: str, written: str) -> None:
    """A number and its noun agree."""
    assert text.count(number, noun) == written
