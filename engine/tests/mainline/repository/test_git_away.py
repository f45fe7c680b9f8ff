"""git behind a network that breaks: what passes is tried again, what lasts is one error, and nothing is done twice."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from mainline.registry import branches
from mainline.repository import git as program
from mainline.repository import tree
from mainline.repository.git import TRIES, GitAwayError, GitError, git
from mainline.repository.tree import Entry
from tests import git_server
from tests.faulty_proxy import Fault, FaultyProxy, Kind

COMMANDS = {
    "ls-remote": ["ls-remote", "origin", "refs/heads/main"],
    "fetch": ["fetch", "--quiet", "origin", "refs/heads/main:refs/remotes/origin/main"],
    "clone": ["clone", "--quiet", "URL", "../clone"],
    "push": ["push", "--quiet", "origin", "HEAD:refs/heads/other"],
}
BREAKS: tuple[Kind, ...] = ("error 500", "error 503", "reset", "truncate")


@dataclass
class World:
    """A clone, which is the current folder; its origin at `bare`, and the network between the two."""

    bare: Path
    url: str
    proxy: FaultyProxy

    def run(self, command: str) -> str:
        """Run one of the commands over the network."""
        return git(*(word.replace("URL", self.url) for word in COMMANDS[command]))


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """A repository with a commit, pushed to git's own server, which is reached through a proxy that breaks on demand.

    Nobody waits between tries.
    """
    monkeypatch.setattr(program, "WAIT", 0.0)
    bare, here = tmp_path / "served/origin.git", tmp_path / "here"
    git("init", "--quiet", "--bare", "--initial-branch=main", str(bare))
    git("config", "http.receivepack", "true", at=bare)
    git("init", "--quiet", "--initial-branch=main", str(here))
    monkeypatch.chdir(here)
    for name in ("user.name", "user.email"):
        git("config", name, "test@example.org")
    git("commit", "--quiet", "--allow-empty", "--message", "Start")
    with git_server.serve(bare.parent) as port, FaultyProxy(port) as proxy:
        url = f"{proxy.endpoint}/origin.git"
        git("remote", "add", "origin", url)
        git("push", "--quiet", "origin", "main")
        yield World(bare, url, proxy)


@pytest.mark.parametrize("kind", BREAKS)
@pytest.mark.parametrize("command", COMMANDS)
def test_fault_that_passes_is_not_noticed(world: World, command: str, kind: Kind) -> None:
    """Two answers in a row that fail or break off cost two more tries, whichever request of the command they hit."""
    for skip in (0, 1):
        world.proxy.fault = Fault(kind, times=2, skip=skip, after=10)
        world.run(command)
        assert world.proxy.injected == 2
        world.proxy.fault = None
        git("update-ref", "-d", "refs/heads/other", at=world.bare)
        git("init", "--quiet", "../clone")
        for file in sorted(Path("../clone").rglob("*"), reverse=True):
            file.rmdir() if file.is_dir() else file.unlink()


@pytest.mark.parametrize("command", COMMANDS)
def test_fault_that_lasts_is_one_error(world: World, command: str) -> None:
    """It says how often was tried and what the server said; the remote has nothing of what was pushed."""
    world.proxy.fault = Fault("error 503")
    with pytest.raises(GitAwayError, match=rf"`git {command}` was tried {TRIES} times\. It says: .*error: 503"):
        world.run(command)
    assert world.proxy.injected == TRIES
    assert git("for-each-ref", "--format=%(refname)", at=world.bare).split() == ["refs/heads/main"]


def test_refusal_is_asked_for_once(world: World) -> None:
    """A repository that is not there, or a push that is refused, is no fault of the network: no other try helps."""
    world.proxy.fault = Fault("delay", seconds=0)
    git("remote", "set-url", "origin", f"{world.proxy.endpoint}/another.git")
    with pytest.raises(GitError, match="not found") as refused:
        world.run("ls-remote")
    assert not isinstance(refused.value, GitAwayError)
    assert world.proxy.injected == 1


@pytest.mark.parametrize("kind", ["reset", "truncate"])
def test_push_whose_answer_is_lost_is_done_once(world: World, kind: Kind) -> None:
    """The branch has the change already at the next try, which finds that and adds nothing."""

    def change(tip: str) -> dict[str, Entry]:
        lines = git("cat-file", "blob", f"{tip}:events") if tip else ""
        return {"events": Entry("100644", tree.store(f"{lines}served\n".encode()))}

    branches.update("told", change, "First")
    world.proxy.fault = Fault("delay", seconds=0)
    branches.update("told", change, "Second")
    last = world.proxy.injected - 1  # the answer to the push itself
    world.proxy.fault = Fault(kind, times=1, skip=last, after=10)
    branches.update("told", change, "Third")
    assert world.proxy.injected == 1
    assert git("cat-file", "blob", "told:events", at=world.bare) == "served\n" * 3
