"""The pictures of the guide, which the demo draws."""

import struct
from pathlib import Path

import pytest

from tests.browser import Browser
from tests.end_to_end import demo_site
from tests.mainline.registry.registries import Registry
from tests.mainline.site import world
from tests.project import ENGINE

HEAD = slice(16, 24)
"""Where a PNG has its width and height."""


def size(picture: Path) -> tuple[int, int]:
    """Return width and height of a PNG in pixels."""
    width, height = struct.unpack(">II", picture.read_bytes()[HEAD])
    return width, height


@pytest.mark.parametrize("name", demo_site.PICTURES)
def test_the_guide_shows_what_the_demo_draws(name: str) -> None:
    """Each picture is there, small, as large as it is drawn, and shown."""
    picture = demo_site.DOCS / name
    _, width, height, _ = demo_site.PICTURES[name]
    assert picture.stat().st_size < demo_site.LARGEST
    assert size(picture) == (width, height)
    assert f"]({name})" in (ENGINE / "docs/site.md").read_text(encoding="utf-8")


def test_a_page_is_drawn_as_wide_as_asked_for(browser: Browser, released: Registry, tmp_path: Path) -> None:
    """Light and dark differ, and a phone is narrow."""
    world.build()
    page = (released.path / world.SITE / "index.html").resolve()
    light, dark = tmp_path / "light.png", tmp_path / "dark.png"
    browser.photograph(page, light, dark=False, width=390, height=700)
    browser.photograph(page, dark, dark=True, width=390, height=700)
    assert size(light) == size(dark) == (390, 700)
    assert light.read_bytes() != dark.read_bytes()
