"""The report as one HTML file."""

import re
from html.parser import HTMLParser

import pytest
from hypothesis import HealthCheck, given, settings

from mainline.gate.findings import Findings
from mainline.report import markdown, page
from mainline.report.style import STYLE
from tests.mainline.report import examples, hostile, reading

ELEMENTS = {
    "html", "head", "meta", "title", "style", "body", "main", "header", "section", "h1", "h2", "p", "ul", "li", "table",
    "thead", "tbody", "tr", "th", "td", "code", "pre", "strong", "span", "bdi", "div", "details", "summary", "figure",
    "figcaption", "svg", "path", "polyline", "circle", "text",
}  # fmt: skip
ATTRIBUTES = {
    "lang", "charset", "http-equiv", "content", "name", "class", "scope", "open", "viewbox", "role", "aria-label",
    "aria-hidden", "d", "points", "cx", "cy", "r", "x", "y", "text-anchor", "stroke-width",
}  # fmt: skip


class Reader(HTMLParser):
    """Collects elements, attributes and text by the element around it; fails on tags that do not match."""

    def __init__(self, text: str) -> None:
        """Read a page."""
        super().__init__()
        self.elements: set[str] = set()
        self.attributes: set[str] = set()
        self.texts: list[tuple[str, str]] = []
        self.open: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        """Remember an element and what it says about itself."""
        self.elements.add(tag)
        self.attributes |= {name for name, _ in attributes}
        if tag != "meta":
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        """Remember an element without content."""
        self.handle_starttag(tag, attributes)
        self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        """Close the innermost element, which must be this one."""
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        """Remember a text."""
        self.texts.append((self.open[-1] if self.open else "", data))

    def handle_comment(self, data: str) -> None:
        """Refuse comments: the page has none."""
        raise AssertionError(data)


@pytest.mark.parametrize(
    "findings", [examples.passing(), examples.warning(), examples.failing(), examples.first(), examples.several()]
)
def test_page_has_the_sections_of_the_comment(findings: Findings) -> None:
    """Both reports have the same sections in the same order."""
    titles = re.findall("<h2>(.*?)</h2>", page.render(findings))
    assert titles == reading.headings(markdown.render(findings))


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(hostile.DOCUMENTS)
def test_nothing_from_outside_is_markup(findings: Findings) -> None:
    """No document brings an element, an attribute or a comment that the page does not use itself."""
    read = Reader(page.render(findings))
    assert read.elements <= ELEMENTS
    assert read.attributes <= ATTRIBUTES
    assert read.open == []


@pytest.mark.parametrize("text", hostile.CORPUS)
def test_no_field_is_forgotten(text: str) -> None:
    """A text that tries to break out is only ever text, wherever the document may hold it."""
    read = Reader(page.render(hostile.everywhere(text)))
    assert read.elements <= ELEMENTS
    assert read.attributes <= ATTRIBUTES
    assert read.open == []


def test_page_loads_nothing_and_runs_nothing() -> None:
    """There is no script, no address and no import, and a policy that would stop them."""
    text = page.render(examples.passing())
    policy = """<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">"""
    assert policy in text
    assert text.index(policy) < text.index("<title>") < text.index("<style>")
    assert not re.search(r"<script|src=|href=|url\(|@import|://|javascript:", text)


def test_whole_tables_are_in_the_page() -> None:
    """What a comment has to leave out is there."""
    text = page.render(hostile.largest("W"))
    assert text.count("<tr>") > 500 * 2
    assert text.count('<li class="fail">') == 98


def test_tables_and_drawings_are_accessible() -> None:
    """Every header cell has its scope, every drawing a title or is hidden, and there is one main heading."""
    text = page.render(examples.failing())
    assert len(re.findall(r"<th\b", text)) == len(re.findall(r"<th scope=\"(?:col|row)\"", text)) > 50
    drawings = re.findall(r"<svg.*?</svg>", text)
    assert len(drawings) > 30
    named = [svg for svg in drawings if 'role="img" aria-label="' in svg and "<title>" in svg]
    assert all('aria-hidden="true"' in svg for svg in drawings if svg not in named)
    assert text.count("<h1>") == 1
    assert '<html lang="en">' in text


def test_colours_follow_the_reader() -> None:
    """Light and dark are the system's choice, and every colour of the light theme has a dark one."""
    light, dark = re.findall(r":root \{([^}]*)\}", STYLE)
    assert set(re.findall(r"--\w+", light)) == set(re.findall(r"--\w+", dark))
    assert "prefers-color-scheme: dark" in STYLE


def test_failed_checks_are_before_the_fold() -> None:
    """What a person must see is not in a closed part."""
    visible = re.sub(r"<details>.*?</details>", "", page.render(examples.failing()), flags=re.DOTALL)
    states = re.findall(r'<span class="state">(.*?)</span> <strong><bdi>(.*?)</bdi>', visible)
    assert states == [("Fail", "against production"), ("Fail", "slices against production"), ("Cannot tell", "memory")]


def test_same_findings_give_the_same_page() -> None:
    """Neither time nor the order of keys changes the page."""
    findings = examples.first()
    reordered = Findings.model_validate(dict(reversed(findings.model_dump().items())))
    assert page.render(findings) == page.render(reordered)
