"""Extras: libraries that a fork asks for by one line, and that the tests have beside all others."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.project import LIMIT, ROOT
from tests.requirements.package_index import PackageIndex, serve

REQUIREMENTS = ROOT / "requirements"
EXTRAS = sorted(path.stem for path in (REQUIREMENTS / "extras").glob("*.in"))
OF_SERVING = ["graphql", "grpc", "redis", "traces", "websocket"]
"""Those that only what answers requests needs."""


def pins(lock: Path) -> dict[str, str]:
    """Return the version of each package that a lock names."""
    return dict(re.findall(r"^([\w.-]+)==(\S+)", lock.read_text(), re.MULTILINE))


def names(extra: str) -> list[str]:
    """Return the packages that an extra's list names."""
    return re.findall(r"^([\w.-]+)", (REQUIREMENTS / f"extras/{extra}.in").read_text(), re.MULTILINE)


TESTED = {name: pins(REQUIREMENTS / "dev.txt")[name] for extra in EXTRAS for name in names(extra)}
"""The version of each that the tests run with."""


class Fork:
    """A fork's lists and locks, of which those of the template hold one library, `alpha`."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self.folder = folder / "requirements"
        self.environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", **environment}
        (folder / "engine/mlem").mkdir(parents=True)
        shutil.copytree(REQUIREMENTS / "extras", self.folder / "extras")
        shutil.copy2(REQUIREMENTS / "lock.sh", self.folder)
        asked = {"pipeline": "-r own.in\nalpha\n", "main": "-r pipeline.in\n-r serve.in\n", "own": "# Yours\n"}
        asked |= {"serve": "-r own-serving.in\nalpha\n", "follow": "-r serve.in\n", "own-serving": "# Yours\n"}
        asked["dev"] = "-r main.in\n" + "".join(f"-r extras/{name}.in\n" for name in EXTRAS)
        for name in ("uv", "build", "notebook", *asked):
            (self.folder / f"{name}.in").write_text(asked.get(name, "alpha\n"))
        (folder / "engine/mlem/requirements.in").write_text("alpha\n")
        (self.folder / "dev.txt").write_text("".join(f"{name}=={version}\n" for name, version in TESTED.items()))

    def lock(self) -> None:
        """Bring the locks in line with the lists."""
        subprocess.run([self.folder / "lock.sh"], env=self.environment, check=True, timeout=LIMIT)


@pytest.fixture
def index(tmp_path: Path) -> Iterator[PackageIndex]:
    """An index with what extras name, at the version that the tests run with and at a later patch release."""
    with serve(tmp_path / "index") as made:
        made.wheel("alpha", "1.0")
        for name in TESTED:
            made.wheel(name, TESTED[name])
            rest, _, last = TESTED[name].rpartition(".")
            made.wheel(name, f"{rest}.{int(last) + 1}")
        yield made


@pytest.fixture
def fork(tmp_path: Path, index: PackageIndex) -> Fork:
    """A fork that asks for no extra, with its locks."""
    made = Fork(tmp_path / "fork", {"UV_DEFAULT_INDEX": index.url, "UV_NO_CACHE": "1"})
    made.lock()
    return made


@pytest.mark.parametrize("extra", EXTRAS)
def test_an_extra_is_locked_where_it_is_asked_for(fork: Fork, extra: str) -> None:
    """One line in own.in brings the tested version, with hashes, into what stages depend on; without it nothing is."""
    before = (fork.folder / "pipeline.txt").read_bytes()
    assert not set(names(extra)) & pins(fork.folder / "pipeline.txt").keys()
    (fork.folder / "own.in").write_text(f"# Yours\n-r extras/{extra}.in\n")
    fork.lock()
    for lock in ("pipeline.txt", "main.txt", "dev.txt"):
        found = pins(fork.folder / lock)
        assert {name: found[name] for name in names(extra)} == {name: TESTED[name] for name in names(extra)}
    assert (fork.folder / "pipeline.txt").read_text().count("--hash=sha256:") == 1 + len(names(extra))
    assert not set(names(extra)) & pins(fork.folder / "serve.txt").keys()
    (fork.folder / "own.in").write_text("# Yours\n")
    fork.lock()
    assert (fork.folder / "pipeline.txt").read_bytes() == before


@pytest.mark.parametrize("extra", OF_SERVING)
def test_an_extra_of_serving_leaves_the_pipeline_as_it_is(fork: Fork, extra: str) -> None:
    """One line in own-serving.in brings it to what answers requests, also in a container, and no stage runs again."""
    before = (fork.folder / "pipeline.txt").read_bytes()
    (fork.folder / "own-serving.in").write_text(f"# Yours\n-r extras/{extra}.in\n")
    fork.lock()
    for lock in ("serve.txt", "follow.txt", "main.txt"):
        found = pins(fork.folder / lock)
        assert {name: found[name] for name in names(extra)} == {name: TESTED[name] for name in names(extra)}
    assert (fork.folder / "pipeline.txt").read_bytes() == before


@pytest.mark.parametrize("extra", EXTRAS)
def test_the_tests_have_every_extra(extra: str) -> None:
    """It is resolved with all other libraries, so its versions go together with ours; main.txt does without."""
    assert re.search(rf"^-r extras/{extra}\.in\b", (REQUIREMENTS / "dev.in").read_text(), re.MULTILINE)
    assert set(names(extra)) <= pins(REQUIREMENTS / "dev.txt").keys()
    own = (REQUIREMENTS / "own.in").read_text().splitlines()
    if f"-r extras/{extra}.in" not in own:
        assert not set(names(extra)) & pins(REQUIREMENTS / "main.txt").keys()
