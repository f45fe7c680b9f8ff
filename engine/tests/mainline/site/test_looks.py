"""How the site looks in a real browser: at every width, light and dark, and to those who do not see it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests import accessibility
from tests.browser import WIDTHS, Browser
from tests.mainline.registry.registries import Registry
from tests.mainline.serving.endpoints.test_monitor_page import found
from tests.mainline.site import world

PATHS = (
    "index.html", "versions.html", "metrics.html", "experiments.html", "environments.html",
    "environments/production.html",
    "monitoring/production.html", "delivery.html", "score.html", "guides.html", "guides/engine-docs-release.html",
    "search.html", "versions/v1.2.0.html", "versions/v1.2.0/report.html",
)  # fmt: skip


@pytest.fixture
def page(released: Registry) -> Callable[[str], str]:
    """Reads a page of a site that has all there is."""
    world.tune(released)
    world.monitor(released, found())
    evidence = {"model/v1.2.0/README.md": world.CARD, **world.report("v1.2.0")}
    world.keep(released, "evidence/releases", evidence)
    world.build()
    return world.read


def test_pages_fit_every_width(browser: Browser, page: Callable[[str], str]) -> None:
    """From a small phone to a wide screen nothing sticks out of a page."""
    measured = browser.measure([page(path) for path in PATHS])
    for place, one in enumerate(measured):
        path = PATHS[place // len(WIDTHS)]
        assert (path, one["scrolled"]) == (path, one["width"])


@pytest.mark.slow
@pytest.mark.parametrize("dark", [False, True])
def test_pages_keep_the_rules_of_accessibility(
    browser: Browser, page: Callable[[str], str], tmp_path: Path, dark: bool
) -> None:
    """Axe finds nothing on any page, light and dark, wide and narrow; a picture without a name is found."""
    script = accessibility.fetch(tmp_path)
    for path in PATHS:
        for width in (400, 1200):
            broken = accessibility.violations(browser, page(path), script, dark=dark, width=width)
            assert (path, width, broken) == (path, width, [])
    spoiled = page("index.html").replace("</main>", '<img src="data:,"></main>')
    broken = accessibility.violations(browser, spoiled, script, dark=dark, width=400)
    assert [one["rule"] for one in broken] == ["image-alt"]
