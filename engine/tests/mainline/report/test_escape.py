"""Text from outside is shown, and does nothing."""

import html
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mainline.report.escape import clip, code, hypertext, hypertext_prose, label, prose
from mainline.text import UNSEEN, clean
from tests.mainline.report import reading
from tests.mainline.report.hostile import CORPUS


@pytest.mark.parametrize("text", CORPUS)
def test_code_is_one_code_span_whatever_it_holds(text: str) -> None:
    """A parser finds a single code span, or a dash where there is nothing to see, and no other construct."""
    (block,) = [token for token in reading.PARSER.parse(f"x {code(text)} y") if token.type == "inline"]
    assert [child.type for child in block.children or []] in (["text", "code_inline", "text"], ["text"])


@given(st.text() | st.sampled_from(CORPUS))
def test_code_stays_in_its_cell(text: str) -> None:
    """Two texts side by side in a table are two cells of one row, whichever way a parser splits rows."""
    row = f"| {code(text)} | {code(text)} |"
    assert row.count("|") == 3
    found = [token.type for token in reading.PARSER.parse(f"| a | b |\n|---|---|\n{row}\n")]
    assert (found.count("td_open"), found.count("tr_open")) == (2, 2)


@pytest.mark.parametrize("text", CORPUS)
def test_prose_is_plain_words_and_code(text: str) -> None:
    """Nothing outside code can be a mention, a reference, a link, a tag or any other construct."""
    assert reading.strange(f"x {prose(text)} y {prose(f'Really {text} and')}") == []


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Better by 2.5% (rmse 14.23 against 14.60 minutes).", "Better by 2.5% (rmse 14.23 against 14.60 minutes)."),
        ("Run `make repro` and commit dvc.lock.", "Run `make repro` and commit `dvc.lock`."),
        ("rmse against v1.3.0: no worse, déjà vu", "rmse against `v1.3.0`: no worse, déjà vu"),
        ("thanks to @user in 4b825dc and 12345678", "thanks to `@user` in `4b825dc` and `12345678`"),
        ("11.3 µs a row", "11.3 µs a row"),
        ("", "–"),  # noqa: RUF001
    ],
)
def test_sentences_stay_readable(text: str, shown: str) -> None:
    """Words and numbers are as they were; names, mentions and anything like a commit become code."""
    assert prose(text) == shown


@given(st.text() | st.sampled_from(CORPUS))
def test_nothing_hides_or_reorders(text: str) -> None:
    """No control, format, blank or unassigned character is left, and no line break."""
    assert clean(text).isprintable()
    assert not re.search("[\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\u3164\u00ad\ufe0f]", clean(text))


def test_what_cannot_be_seen_is_shown_to_be_there() -> None:
    """Trojan Source: an override is replaced by a mark, not dropped without trace."""
    assert clean("a\u202eb\x00c") == f"a{UNSEEN}b{UNSEEN}c"
    assert clean("a" + "\u0300" * 50 + "b") == "a\u0300\u0300b"


@given(st.text() | st.sampled_from(CORPUS))
def test_hypertext_holds_no_markup(text: str) -> None:
    """No character of HTML is left, and a browser reads back what was shown."""
    assert not set(hypertext(text)) & set("<>\"'")
    assert html.unescape(hypertext(text)) == clean(text)


def test_backquotes_are_code_on_the_page() -> None:
    """A command in a reason looks like one; what it holds stays text."""
    assert hypertext_prose("Run `make <b>`, a `lone one") == "Run <code>make &lt;b&gt;</code>, a `lone one"


@given(st.text() | st.sampled_from(CORPUS))
def test_label_cannot_leave_its_quotes(text: str) -> None:
    """The inside of a Mermaid string is letters, digits, commas, points and parentheses, and never empty."""
    assert re.fullmatch(r"[A-Za-z0-9(),. ]{1,40}", label(text))


def test_clip_says_that_it_cut() -> None:
    """A text that fits is whole; another ends with an ellipsis, within the length."""
    assert (clip("abcd", 4), clip("abcde", 4)) == ("abcd", "abc…")
