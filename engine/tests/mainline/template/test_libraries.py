"""Libraries of a fork's own come along: they are declared in one file, and resolved with those of the version."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.mainline.template.conftest import World, write
from tests.requirements.package_index import PackageIndex, serve

LOCK = "requirements/pipeline.txt"
PINNED = "alpha==1.0\nholidays==1.1 \\\n    --hash=sha256:" + "0" * 64 + "\n"


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[PackageIndex]:
    """An index with several releases of what the template needs, and of what the fork adds."""
    with serve(tmp_path / "index") as made:
        for version in ("1.0", "1.1", "1.2"):
            for name in ("alpha", "beta", "holidays"):
                made.wheel(name, version)
        made.wheel("picky", "1.0", needs="alpha<1.1")
        monkeypatch.setenv("UV_DEFAULT_INDEX", made.url)
        monkeypatch.setenv("UV_NO_CACHE", "1")
        yield made


def _declare(world: World, line: str) -> None:
    locks = [f"requirements/{name}.txt" for name in ("dev", "pipeline", "main", "serve", "follow")]
    locked = dict.fromkeys(locks, PINNED)
    write(world.fork, {"requirements/own.in": f"# Yours\n{line}\n", **locked})
    world.fork.commit("Add a library")


def _pins(world: World, name: str = LOCK) -> list[str]:
    return [line.split(" ")[0] for line in world.read(name).splitlines() if "==" in line]


@pytest.mark.usefixtures("index")
def test_a_library_of_the_forks_own_is_kept(changed: World) -> None:
    """It keeps its release, the others have those that the version pins, and every file has its hash."""
    _declare(changed, "holidays")
    changed.upgrade()
    assert changed.read("requirements/own.in") == "# Yours\nholidays\n"
    assert _pins(changed) == ["alpha==1.1", "beta==1.0", "holidays==1.1"]
    assert _pins(changed, "requirements/serve.txt") == ["alpha==1.1"]
    assert changed.read(LOCK).count("--hash=sha256:") == 3
    assert changed.fork.run("git", "status", "--porcelain").stdout == ""


def test_without_libraries_of_its_own_nothing_is_resolved(changed: World, index: PackageIndex) -> None:
    """The lock is the version's to the last byte, and no index is asked."""
    changed.upgrade()
    assert changed.read(LOCK) == "alpha==1.1\nbeta==1.0\n"
    assert index.asked == []


@pytest.mark.usefixtures("index")
def test_libraries_that_do_not_go_together_are_refused(changed: World) -> None:
    """What cannot be resolved, or is nowhere, is told in uv's words, and nothing changes."""
    _declare(changed, "picky\nalpha>=1.2")
    before = changed.fork.run("git", "rev-parse", "HEAD").stdout
    said = changed.upgrade(succeed=False)
    assert "do not resolve together" in said
    assert "picky" in said
    assert changed.fork.run("git", "rev-parse", "HEAD").stdout == before
    assert changed.fork.run("git", "status", "--porcelain").stdout == ""
