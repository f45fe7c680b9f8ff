"""Two models one after the other on GitHub: main.yml releases each under its name, a server follows the one of main.

The tests go on from one another, in the order of this file. Real: the workflow files under act, git over HTTPS, DVC,
the service with its follower; standing in: GitHub.
"""

import contextlib
import json
import shutil
from collections.abc import Iterator

import pytest
import yaml

from mainline.package import manifest
from mainline.serving.answering import keys
from tests import project
from tests.end_to_end import whole_loop
from tests.github.conftest import forked
from tests.github.world import World

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("act") is None, reason="act is not installed; the environment of the tests has it"),
]


@pytest.fixture(scope="module")
def fork(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A fork with the small use case and a folder as its store, pushed and never released."""

    def prepare(copied: project.Project) -> None:
        copied.run("python", "-m", "mainline", "remote", str(copied.path.parent / "bucket"))
        _roll_out_at_once(copied)

    with forked(tmp_path_factory.mktemp("two"), prepare) as made:
        yield made


def push(fork: World, message: str) -> None:
    """Commit everything on main, with its objects, and push."""
    fork.project.run("python", "-m", "mainline", "push")
    fork.project.commit(message)
    fork.project.run("git", "push", "--quiet", "origin", "main")


def rename(fork: World, name: str) -> None:
    """Let main call its package by another name."""
    file = fork.project.path / "dvc.yaml"
    before, declared = file.read_text().split("artifacts:")
    old = yaml.safe_load(declared).popitem()[0]
    file.write_text(f"{before}artifacts:{declared.replace(f'{old}:', f'{name}:', 1)}")


def _roll_out_at_once(made: project.Project) -> None:
    file = made.path / "deploy/production.yaml"
    declared = yaml.safe_load(file.read_text())
    declared["rollout"] = {
        "strategy": "blue-green", "steps": [{"setWeight": 0}, {"setWeight": 100}], "follow": {"interval": 1.0},
    }  # fmt: skip
    file.write_text(yaml.safe_dump(declared, sort_keys=False))


@contextlib.contextmanager
def server(fork: World) -> Iterator[whole_loop.World]:
    """Run a server that follows production of the stand-in."""
    folder = fork.runner.folder
    held = folder / "keys.yaml"
    if not held.exists():
        keys.make(held, "client", "predict")
    (folder / "service.yaml").write_text(yaml.safe_dump({"service": {"port": 0, "keys": str(held)}}))
    origin = fork.project.run("git", "remote", "get-url", "origin").stdout.strip()
    environment = {"GIT_SSL_CAINFO": str(fork.github.authority)}
    followed = whole_loop.World(fork.project, folder, environment, origin=origin)
    with followed.service():
        yield followed


def digest(followed: whole_loop.World) -> str:
    """Return the digest of the package that serves, as the follower says it."""
    return (followed.status()["stable"] or {"digest": ""})["digest"]


def versions(fork: World, branch: str) -> list[str]:
    """Return the versions of the events that servers told on a branch."""
    told = fork.github.repository.git("show", f"{branch}:events.jsonl").splitlines()
    return [json.loads(line)["version"] for line in told]


def branches(fork: World) -> set[str]:
    """Name the branches of the stand-in that servers and workflows made."""
    listed = fork.github.repository.git("for-each-ref", "--format=%(refname:strip=2)", "refs/heads").split()
    return {name for name in listed if name.startswith(("deployments/", "rollback/"))}


def test_the_first_model_is_released_and_followed(fork: World) -> None:
    """Its tags and its branch have its name or, as they always had, none."""
    run = fork.release()
    assert run.succeeded, run.said
    with server(fork) as followed:
        followed.wait(lambda: followed.is_live("v1.0.0"), "the first version serves")
        followed.wait(lambda: branches(fork) == {"deployments/production"}, "the server reports")
    assert fork.tags() == {"model@v1.0.0", "model#staging#1", "model#production#1"}


def test_the_second_model_begins_a_line_of_its_own(fork: World) -> None:
    """Renamed on main and pushed, it is released as its first version; the server takes it in as another model."""
    fork.project.run("git", "fetch", "--quiet", "--tags", "origin")
    rename(fork, "bikes")
    fork.project.declare(model={"params": {"C": 0.5}})
    fork.project.run("python", "-m", "mainline", "repro")
    push(fork, "Another model")
    run = fork.release()
    assert run.succeeded, run.said
    line = {"bikes@v1.0.0", "bikes#staging#1", "bikes#production#1"}
    assert fork.tags() == {"model@v1.0.0", "model#staging#1", "model#production#1"} | line
    own = manifest.read(fork.project.path / "models/package")[0]["digest"]
    with server(fork) as followed:
        followed.wait(lambda: digest(followed) == own, "the second model serves")
        followed.wait(lambda: len(branches(fork)) == 2, "the server reports")
    assert branches(fork) == {"deployments/production", "deployments/bikes/production"}
    assert versions(fork, "deployments/production") == versions(fork, "deployments/bikes/production") == ["v1.0.0"]


def test_the_second_model_goes_back_without_touching_the_first(fork: World) -> None:
    """Its second version is aborted: the revert has its name, and merged, its first version serves again."""
    first = manifest.read(fork.project.path / "models/package")[0]["digest"]
    fork.project.declare(model={"params": {"C": 0.9}})
    fork.project.run("python", "-m", "mainline", "repro")
    push(fork, "A better one")
    released = fork.release()
    assert released.succeeded, released.said
    assert "bikes@v1.1.0" in fork.tags()
    fork.project.run("git", "fetch", "--quiet", "--tags", "origin")
    fork.project.run("python", "-m", "mainline", "rollback", "v1.0.0")
    assert "rollback/bikes/v1.0.0" in fork.project.run("git", "branch", "--list", "rollback/*").stdout
    fork.project.run("git", "merge", "--quiet", "rollback/bikes/v1.0.0")
    fork.project.run("git", "push", "--quiet", "origin", "main")
    released = fork.release()
    assert released.succeeded, released.said
    assert "v1.0.0 is back" in released.said
    with server(fork) as followed:
        followed.wait(lambda: digest(followed) == first, "the first version is back")
    assert {tag for tag in fork.tags() if tag.startswith("model")} == {
        "model@v1.0.0", "model#staging#1", "model#production#1",
    }  # fmt: skip
    assert "bikes#production#3" in fork.tags()
    told = fork.project.run("python", "-m", "mainline", "history", "--artifact", "model").stdout
    assert ("v1.0.0" in told, "v1.1.0" in told) == (True, False)
