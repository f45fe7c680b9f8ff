"""Text that comes from git cannot leave its place: subjects, authors, events, looks, cards and guides of anybody."""

import json
import re

import pytest

from tests.browser import WIDTHS, Browser
from tests.mainline.registry.registries import Registry, at, digest, lock
from tests.mainline.report import hostile
from tests.mainline.report.hostile import CORPUS
from tests.mainline.site import world

EVIL = '<script>alert(1)</script><img src=x onerror=alert(2)>"\' onload="x \u202edelrow {}'
LINKS = "[a](javascript:alert(1)) [b](data:text/html,x) [c](//evil.example) ![d](http://evil/x.png)"
MARKDOWN = f"# {EVIL}\n\n{LINKS}\n\n{EVIL}\n"


@pytest.fixture
def pages(released: Registry) -> dict[str, str]:
    """Every page of a site whose every text is hostile, by path."""
    released.commits["v1.3.0"] = _commit(released)
    released.register("v1.3.0", 13, headline=EVIL, reason=EVIL,
                      metrics={"test": {"rmse": 14.0, EVIL: 1.0}, EVIL: {"rmse": 1.0}})  # fmt: skip
    released.assign("v1.3.0", 13)
    event = {"time": "2026-01-14T12:00:00Z", "event": "aborted", "version": "v1.3.0", "digest": digest("v1.3.0")}
    released.events("production", json.dumps(event | {"reason": EVIL}) + "\n")
    world.monitor(released, world.look(EVIL), world.past(EVIL))
    evil = hostile.everywhere(EVIL).model_copy(update={"verdict": "pass"})
    evil = evil.model_copy(update={"candidate": evil.candidate.model_copy(update={"digest": digest("v1.3.0")})})
    files = {"model/v1.3.0/README.md": MARKDOWN, f"model/v1.3.0/{'<b>.json'}": "{}"}
    world.keep(released, "evidence/releases", files | world.report("v1.3.0", evil.model_dump_json()))
    world.build()
    found = (file for file in (released.path / world.SITE).rglob("*.html"))
    return {str(file.relative_to(released.path / world.SITE)): file.read_text(encoding="utf-8") for file in found}


def _commit(released: Registry) -> str:
    cell, text = EVIL.replace('"', '""'), json.dumps(EVIL)
    files = {
        "engine__docs__evil_dot_md": MARKDOWN,
        "metrics__slices_dot_csv": f'slice,value,rows,metric\n"{cell}",b,1,2\n',
        "src__usecase__card_dot_yaml": f"owner: {text}\n{text}: x\n",
    }
    released.commit(13, EVIL, None, **files)
    author = EVIL.replace("<", "(").replace(">", ")")
    released.git("commit", "--amend", "--quiet", "--no-edit", f"--author={author} <a@b>", day=13)
    return released.git("rev-parse", "HEAD")


def test_no_text_becomes_an_element_or_an_attribute(pages: dict[str, str]) -> None:
    """There is one script, which is ours; no foreign picture, no handler, no link of a kind that runs something."""
    assert "alert(1)" in "".join(pages.values())
    for path, page in pages.items():
        assert page.count("<script") == (1 if path == "search.html" else 0), path
        assert not re.search(r"<[^>]*\son\w+\s*=", re.sub(r'"[^"]*"', '""', page)), path
        assert re.findall(r'<img [^>]*src="(?!engine-docs-)', page) == [], path
        assert re.findall(r'href="(?:javascript|data|//)', page, re.IGNORECASE) == [], path


def test_characters_that_reorder_are_shown(pages: dict[str, str]) -> None:
    """Nobody writes a name that reads otherwise than it is."""
    assert [path for path, page in pages.items() if "\u202e" in page] == []


def test_no_page_may_load_or_run_anything(pages: dict[str, str]) -> None:
    """Whatever escaping missed would not run: the policy of each page allows nothing, that of search one script."""
    for path, page in pages.items():
        policy = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]+)"', page)
        assert len(policy) == 1, path
        assert policy[0].startswith("default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:"), path
        assert ("script-src" in policy[0]) == (path == "search.html"), path


@pytest.mark.parametrize("text", [
    "W" * 4_000, "\N{ARABIC LETTER SEEN}" * 300, "\N{FAMILY}\N{ZERO WIDTH JOINER}\N{WOMAN} " * 200,
    "a\N{COMBINING ACUTE ACCENT}" * 300, "\N{FULLWIDTH LATIN CAPITAL LETTER W}" * 300, "one \x01 two \x1b[31m three",
])  # fmt: skip
def test_no_text_breaks_the_layout(browser: Browser, released: Registry, text: str) -> None:
    """Words without an end, from right to left, emoji, marks and controls: no page is wider than its screen."""
    released.commit(20, text, None, dvc_dot_lock=lock("v1.3.0"))
    released.git("commit", "--amend", "--quiet", "--no-edit", f"--author={text[:500]} <a@b>", day=20)
    released.register("v1.3.0", 20, headline=text[:500], reason=text[:500])
    released.assign("v1.3.0", 20)
    world.monitor(released, world.look(text[:500]), world.past(text[:500]))
    world.build()
    paths = ("index.html", "versions.html", "versions/v1.3.0.html", "monitoring/production.html", "search.html")
    for place, found in enumerate(browser.measure([world.read(path) for path in paths])):
        assert (paths[place // len(WIDTHS)], found["scrolled"]) == (paths[place // len(WIDTHS)], found["width"])


def test_a_browser_sees_no_foreign_element(browser: Browser, pages: dict[str, str]) -> None:
    """A real parser agrees: the page of the version has no script, picture or frame, and its sections are ours."""
    for found in browser.measure([pages["versions/v1.3.0.html"], pages["index.html"]]):
        assert found["foreign"] == 0


def test_every_known_trick_as_a_subject(released: Registry) -> None:
    """No subject of a commit keeps the site from being built, or becomes an element."""
    subjects = [text for text in CORPUS if text.strip() and "\x00" not in text and "\n" not in text]
    for place, subject in enumerate(subjects[:60]):
        world.release(released, f"v2.{place}.0", 13 + place / 100, subject=subject)
    assert world.build(until=at(40)).pages > 60
    listed = world.read("versions.html")
    assert listed.count("<script") + listed.count("<img") == 0
