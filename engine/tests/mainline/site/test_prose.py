"""Markdown as HTML."""

import pytest

from mainline.site import prose


def shown(text: str) -> str:
    """Return the HTML of a document without links and pictures."""
    return prose.render(text, str, str).html


@pytest.mark.parametrize("text", ["<!-- begin -->\nabove the fold\n", "above <!-- a\nb --> the fold", "above the fold"])
def test_a_comment_is_not_shown(text: str) -> None:
    """The README marks its example by comments, which GitHub does not show either."""
    assert " ".join(shown(text).split()) in ("<p>above the fold</p>", "above the fold")


@pytest.mark.parametrize(
    "text", ["<b>x</b>", "a <b>x</b>", "<!--><b>x</b>", "<!-- a --><b>x</b>", "<b<!-- a -->>x</b>"]
)
def test_other_html_is_text(text: str) -> None:
    """Nobody writes an element, also not around a comment."""
    assert "<b" not in shown(text)
    assert "&lt;b" in shown(text)


def test_code_keeps_its_comments() -> None:
    """An example of HTML is shown as it is written."""
    assert "&lt;!-- a --&gt;" in shown("```html\n<!-- a -->\n```\n")
