"""The folder of the site: only what changed is made again, and whoever is killed leaves the site before."""

import os
import shutil
import signal
import subprocess
import sys

import pytest

from mainline import exclusion
from mainline.errors import MainlineError
from mainline.site import build as folders
from mainline.site.output import Page
from tests.mainline.registry.registries import Registry
from tests.mainline.site import world
from tests.project import ENGINE, LIMIT

SITE = world.SITE


def contents() -> dict[str, bytes]:
    """Return each file of the site by its path."""
    return {str(file.relative_to(SITE)): file.read_bytes() for file in SITE.rglob("*") if file.is_file()}


@pytest.mark.usefixtures("released")
def test_nothing_changed_and_nothing_is_made() -> None:
    """A second build makes no page and changes no byte."""
    world.build()
    before = contents()
    assert world.build().made == 0
    assert contents() == before


def test_a_new_version_makes_its_page_and_those_that_speak_of_it(released: Registry) -> None:
    """The pages of older versions and the guides stay; the one that lost production is made again."""
    world.build()
    inodes = {file: (SITE / file).stat().st_ino for file in contents()}
    world.release(released, "v1.3.0", 14)
    world.build()
    made = {file for file in contents() if (SITE / file).stat().st_ino != inodes.get(file)}
    assert made - {"site.json"} == {
        "index.html", "versions.html", "metrics.html", "environments.html", "environments/production.html",
        "delivery.html", "search.html", "versions/v1.3.0.html", "versions/v1.2.0.html",
    }  # fmt: skip


def test_another_build_gives_the_same_bytes(released: Registry) -> None:
    """A site that grew is the one that is built from nothing."""
    world.build()
    world.release(released, "v1.3.0", 14)
    world.build()
    grown = contents()
    shutil.rmtree(SITE)
    world.build()
    assert contents() == grown


@pytest.mark.usefixtures("released")
def test_other_code_makes_all_pages_again() -> None:
    """What another program made is not taken over."""
    pages = world.build().pages
    assert world.build(code="other").made == pages


@pytest.mark.usefixtures("released")
def test_a_page_that_somebody_removed_is_made_again() -> None:
    """The index alone does not count."""
    world.build()
    before = contents()
    (SITE / "versions/v1.0.0.html").unlink()
    assert world.build().made == 1
    assert contents() == before


@pytest.mark.usefixtures("released")
def test_a_damaged_index_costs_a_whole_build() -> None:
    """A file that was cut off stops nothing."""
    built = world.build()
    (SITE / "site.json").write_text('{"index.html": {"key"')
    assert world.build().made == built.pages


@pytest.mark.usefixtures("released")
def test_a_folder_of_something_else_is_not_touched() -> None:
    """The site never takes the place of somebody's files."""
    SITE.mkdir()
    (SITE / "thesis.txt").write_text("years")
    with pytest.raises(MainlineError, match=r"is not a site of `\./mainline site` \(it has no site.json\)"):
        world.build()
    assert contents() == {"thesis.txt": b"years"}
    assert [file.name for file in SITE.parent.glob(".*site*")] == []


@pytest.mark.usefixtures("released")
def test_a_link_to_a_folder_stays_one() -> None:
    """The site is where the link leads, again and again; the link is not taken for the folder."""
    real = SITE.with_name("elsewhere")
    real.mkdir(parents=True)
    SITE.symlink_to(real.name)
    for _ in range(2):
        world.build()
        assert SITE.is_symlink()
        assert (real / "index.html").is_file()
    assert not list(SITE.parent.glob(".*.partial"))


@pytest.mark.usefixtures("released")
def test_a_page_that_fails_leaves_the_site_before() -> None:
    """Half a site is never seen."""
    world.build()
    before = contents()

    def fail() -> str:
        raise MainlineError("no")

    with pytest.raises(MainlineError, match="no"):
        folders.build([Page("index.html", "other", fail)], lambda _: Page("s", "", str), SITE, "code", lambda _: None)
    assert contents() == before


KILLED = """
import os, signal, sys
from tests.mainline.site import world
from tests.project import ENGINE, LIMIT
from mainline.site import build
place = sys.argv[1]
if place == "page":
    build._take = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
elif place == "before":
    build._swap = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
elif place == "between":
    build._exchange = lambda *_: False
    rename = build.Path.rename
    def once(self, target):
        rename(self, target)
        os.kill(os.getpid(), signal.SIGKILL)
    build.Path.rename = once
else:
    build.shutil.rmtree = lambda path, ignore_errors=False: path.exists() and os.kill(os.getpid(), signal.SIGKILL)
world.build()
"""


@pytest.mark.parametrize("place", ["page", "before", "between", "after"])
def test_a_kill_at_any_moment_leaves_a_whole_site(released: Registry, place: str) -> None:
    """The site before, or the new one; where names cannot change places at once the next build mends it."""
    world.build()
    before = contents()
    world.release(released, "v1.3.0", 14)
    environment = os.environ | {"PYTHONPATH": f"{os.environ['PYTHONPATH']}:{ENGINE}"}
    ran = subprocess.run([sys.executable, "-P", "-c", KILLED, place], env=environment, timeout=LIMIT, check=False)
    assert ran.returncode == -signal.SIGKILL
    if place in ("page", "before"):
        assert contents() == before
    elif place == "after":
        assert "versions/v1.3.0.html" in contents()
    built = world.build()
    assert built.made < built.pages  # the site before was there, or is put back
    assert "v1.3.0" in world.read("index.html")
    assert [file.name for file in SITE.parent.glob(".site*")] == [".site.lock"]


@pytest.mark.usefixtures("released")
def test_one_build_at_a_time() -> None:
    """Two builds would take each other's folder away."""
    with exclusion.alone(SITE.with_name(".site.lock"), "it"), pytest.raises(MainlineError, match="another"):
        world.build()
