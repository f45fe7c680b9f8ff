"""A fork takes a later version of the template: by one commit, or not at all."""

import re
import shutil
from typing import Any

import pytest

from mainline.commands.upgrade import upgrade
from mainline.repository.git import GitError
from tests.mainline.template.conftest import FIRST, OWN, SECOND, World, write


def _state(world: World) -> tuple[str, ...]:
    asked = (["rev-parse", "HEAD"], ["ls-files", "--stage"], ["status", "--porcelain"], ["branch", "--list"])
    return tuple(world.fork.run("git", *words).stdout for words in asked)


def test_one_commit_has_the_version_and_all_that_is_the_forks(changed: World) -> None:
    """Machinery is the version's to the last file, the fork's files keep every byte, the Makefile has both sides."""
    before = changed.fork.run("git", "rev-parse", "HEAD").stdout
    changed.upgrade()
    assert changed.fork.run("git", "rev-parse", "HEAD~1").stdout == before
    assert changed.fork.run("git", "status", "--porcelain").stdout == ""
    engine = [one.run("git", "rev-parse", "HEAD:engine").stdout for one in (changed.fork, changed.template)]
    assert engine[0] == engine[1]
    assert {name: changed.read(name) for name, text in OWN.items() if text} == {k: v for k, v in OWN.items() if v}
    assert "run second" in changed.read("Makefile")
    assert "mine:" in changed.read("Makefile")
    assert changed.read("requirements/pipeline.txt") == "alpha==1.1\nbeta==1.0\n"
    gone = ("engine/src/mainline/gone.py", ".github/workflows/retrain.yml", "tests/test_source.py")
    assert not [name for name in gone if (changed.fork.path / name).exists()]
    assert (changed.fork.path / "engine/stages/train/gate.py").is_symlink()


def test_what_is_new_is_told(changed: World) -> None:
    """The changelog since the fork's version, the edit that dvc.yaml needs, and the keys that came and went."""
    said = changed.upgrade()
    assert "New in 0.2.0:\n  The second.\n\nengine/CHANGELOG.md has all of it." in said
    assert "The first." not in said
    assert "  params.yaml: gate.strict is gone\n  params.yaml: 2 new keys; `git diff " in said
    assert " -- params.yaml` shows the comments\n    gate: power 0.8, steps.at [null, false]\n" in said
    assert "    +/engine/ @YOU" in said
    assert not re.search(r"\brate\b|README", said)
    assert "    +      - src/usecase/scoring.py" in said


def test_many_new_keys_are_a_few_lines(changed: World) -> None:
    """A section's keys share a line, of which the first are named; files to which the same keys came share them."""
    keys = "".join(f"  key_{number}: {{at: {number}}}\n" for number in range(9))
    names, plain = ("deploy/production.yaml", "deploy/staging.yaml"), "promotion: {approval: automatic}\n"
    for version, text in (("0.2.1", plain), ("0.3.0", f"{plain}service:\n{keys}limit: 7\n")):
        settings = FIRST["engine/pyproject.toml"].replace("0.1.0", version)
        changed.release(f"v{version}", {"engine/pyproject.toml": settings, **dict.fromkeys(names, text)})
    write(changed.fork, dict.fromkeys(names, plain))
    changed.fork.commit("Add an environment")
    changed.upgrade("v0.2.1", "--from", "../template")
    said = changed.upgrade("v0.3.0")
    told = said[said.index("  deploy/") :].splitlines()[:3]
    assert told[0].startswith(f"  {names[0]}, {names[1]}: 10 new keys; `git diff ")
    assert told[1:] == [
        "    service: key_0.at 0, key_1.at 1, key_2.at 2, key_3.at 3, key_4.at 4 and 4 more",
        "    limit 7",
    ]


LONG = """\
# Changes

## 0.3.0

### A folder of its own

To migrate: [the guide](docs/upgrade.md#from) brings a fork over, and [the standard](https://example.org/a) says
more.

- One.
- Two, over
  two lines; `docs/serving.md` has more.

### Added

- Three. To migrate: run `docs/x.sh`.
- Four. To migrate: nothing; it is there.
- Five, of which much is said. To migrate from four: edit it.

"""


def test_many_news_are_told_by_their_headlines(changed: World) -> None:
    """Entries are counted, what is left to do is said whole, and paths lead from the top of the repository."""
    settings = FIRST["engine/pyproject.toml"].replace("0.1.0", "0.3.0")
    changed.release("v0.3.0", {"engine/CHANGELOG.md": LONG, "engine/pyproject.toml": settings})
    said = changed.upgrade("v0.3.0", "--from", "../template")
    assert (
        """
New in 0.3.0:
  A folder of its own (2)
  Added (3)
  To migrate: `engine/docs/upgrade.md#from` brings a fork over, and [the standard](https://example.org/a) says more.
  Three.
    To migrate: run `engine/docs/x.sh`.
  Five, of which much is said.
    To migrate from four: edit it.

engine/CHANGELOG.md has all of it.
"""
        in said
    )


def test_the_command_that_is_told_edits_the_forks_pipeline(changed: World) -> None:
    """Nothing touches dvc.yaml by itself; the line that is printed adds what the template added."""
    command = re.search(r"dvc\.yaml: `(.*)` makes the same edit", changed.upgrade())
    assert command
    assert changed.read("dvc.yaml") == OWN["dvc.yaml"]
    # Both sides added a line at the same place, so git asks; what the fork added before stays.
    changed.fork.run("sh", "-c", command[1], succeed=None)
    assert "- src/usecase/scoring.py" in changed.read("dvc.yaml")
    assert "- data/bikes" in changed.read("dvc.yaml")


def test_a_fork_without_history_is_upgraded_too(changed: World) -> None:
    """`Use this template` gives files and no commits; what the machinery says it is, is enough."""
    shutil.rmtree(changed.fork.path / ".git")
    for words in (["init", "-q"], ["config", "user.name", "A"], ["config", "user.email", "a@b"]):
        changed.fork.run("git", *words)
    changed.fork.commit("Start")
    assert "New in 0.2.0:" in changed.upgrade()
    assert changed.read("params.yaml") == OWN["params.yaml"]


def test_a_fork_made_between_two_versions_has_edited_nothing(world: World) -> None:
    """Without history and at no version, it is found by its content; the template's own changes are not its edits."""
    world.template.run("git", "checkout", "--quiet", "-b", "between", "v0.1.0")
    write(world.template, {"engine/src/mainline/gate.py": "LIMIT = 1\n", ".ci/run": "between\n"})
    world.template.commit("Go on")
    shutil.rmtree(world.fork.path)
    world.template.run("git", "clone", "--quiet", ".", "../fork")
    shutil.rmtree(world.fork.path / ".git")
    for words in (["init", "-q"], ["config", "user.name", "A"], ["config", "user.email", "a@b"]):
        world.fork.run("git", *words)
    world.fork.commit("Start")
    world.template.run("git", "checkout", "--quiet", "main")
    world.template.run("git", "merge", "--quiet", "--strategy=ours", "--message", "Go on", "between")
    world.upgrade()
    assert world.read("engine/src/mainline/gate.py") == SECOND["engine/src/mainline/gate.py"]


def test_the_address_is_asked_for_once(changed: World) -> None:
    """Without one the message asks for it; what was given is remembered; a remote `upstream` will do."""
    assert "`./mainline upgrade VERSION --from URL`" in changed.upgrade("v0.2.0", succeed=False)
    assert "does not answer at ../nothing" in changed.upgrade("v0.2.0", "--from", "../nothing", succeed=False)
    changed.fork.run("git", "remote", "add", "upstream", "../template")
    assert "has no version 'v9.9.9'; newest first: v0.2.0, v0.1.0." in changed.upgrade("v9.9.9", succeed=False)
    assert changed.upgrade("--from", "../template").startswith("Later than v0.1.0: v0.2.0.")
    changed.fork.run("git", "remote", "remove", "upstream")
    changed.upgrade("v0.2.0")
    assert "No version of the template is later than v0.2.0." in changed.upgrade("--from", "../template")
    assert "is that of v0.2.0 already" in changed.upgrade("v0.2.0", succeed=False)


def test_a_template_that_says_where_it_is_need_not_be_named(changed: World) -> None:
    """A fork has the template's own word for its address, which is asked after all that a person chose."""
    file = "engine/pyproject.toml"
    says = f'{SECOND[file]}urls = {{template = "../template"}}\n'
    changed.release("v0.2.1", {file: says.replace("0.2.0", "0.2.1")})
    changed.upgrade("v0.2.1", "--from", "../template")
    changed.fork.run("git", "config", "--unset", "mainline.template")
    changed.release("v0.3.0", {file: says.replace("0.2.0", "0.3.0")})
    changed.upgrade("v0.3.0")
    assert changed.read(file) == says.replace("0.2.0", "0.3.0")
    changed.fork.run("git", "remote", "add", "upstream", "../nothing")
    assert "does not answer at ../nothing" in changed.upgrade("v0.3.0", succeed=False)


@pytest.mark.parametrize(
    ("edit", "named"),
    [
        ({"engine/src/mainline/gate.py": "LIMIT = 1\n"}, "engine/src/mainline/gate.py: edited here"),
        ({"engine/src/mainline/own.py": "OWN = 1\n"}, "engine/src/mainline/own.py: edited here"),
        ({"engine/src/mainline/gone.py": None, "mainline": "#!/bin/bash\n"}, "engine/src/mainline/gone.py"),
        (
            {"Makefile": FIRST["Makefile"].replace("first", "mine")},
            "mainline: Makefile: edited here, and v0.2.0 changes the same lines or removes the file. Nothing",
        ),
        (
            {".ci/run": "mine\n", "mainline": "#!/bin/bash\n"},
            "mainline: edited here, and v0.2.0 replaces what is edited. .ci/run: edited here, and v0.2.0 changes the",
        ),
    ],
)
def test_what_would_be_lost_is_refused(changed: World, edit: dict[str, str | None], named: str) -> None:
    """An edit of the machinery, or one of ours at the same place as the version's, is named, and nothing changes."""
    write(changed.fork, edit)
    changed.fork.commit("Edit")
    before = _state(changed)
    if named == "engine/src/mainline/gone.py":  # deleted on both sides: only the other edit is left to name
        named = "mainline: mainline: edited here"
    said = changed.upgrade(succeed=False)
    assert named in said
    assert "`./mainline upgrade v0.2.0 --force`" in said
    assert _state(changed) == before


def test_force_replaces_an_edit_and_says_how_it_comes_back(changed: World) -> None:
    """The version's file is there, and the printed command puts the fork's edit onto it."""
    edit = FIRST["engine/src/mainline/gate.py"].replace("LIMIT_17 = 17", "LIMIT_17 = 71")
    write(changed.fork, {"engine/src/mainline/gate.py": edit})
    changed.fork.commit("Edit")
    said = changed.upgrade("v0.2.0", "--from", "../template", "--force")
    assert changed.read("engine/src/mainline/gate.py") == SECOND["engine/src/mainline/gate.py"]
    command = re.search(r"Your edits were replaced; `(.*)` does them again", said)
    assert command
    changed.fork.run("sh", "-c", command[1])
    assert "LIMIT_17 = 71" in changed.read("engine/src/mainline/gate.py")
    assert "LIMIT_3 = 30" in changed.read("engine/src/mainline/gate.py")


def test_uncommitted_work_and_older_versions_are_refused(changed: World) -> None:
    """An edit that is in no commit is not mixed with ours, and an upgrade never goes back."""
    write(changed.fork, {"params.yaml": "mine\n"})
    assert "params.yaml is not committed" in changed.upgrade(succeed=False)
    changed.fork.run("git", "checkout", "--quiet", "params.yaml")
    changed.upgrade()
    assert "here is v0.2.0, and v0.1.0 is older" in changed.upgrade("v0.1.0", succeed=False)


def test_a_tag_at_the_wrong_commit_is_refused(changed: World) -> None:
    """A version that says it is another one would be upgraded to again and again."""
    changed.release("v0.4.0", {"engine/src/mainline/new.py": "NEW = 2\n"})
    said = changed.upgrade("v0.4.0", "--from", "../template", succeed=False)
    assert "the template's tag v0.4.0 is at a commit whose engine/pyproject.toml says v0.2.0. Choose another" in said


def test_a_file_in_the_way_stops_it_before_anything_changes(changed: World) -> None:
    """A file that git does not know, where the version has one, is not overwritten."""
    write(changed.fork, {"engine/src/mainline/new.py": "MINE = True\n"})
    before = _state(changed)
    assert "would be overwritten" in changed.upgrade(succeed=False)
    assert _state(changed) == before
    assert changed.read("engine/src/mainline/new.py") == "MINE = True\n"


def test_interrupted_anywhere_the_fork_is_as_it_was(changed: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stopped before any of git's commands, nothing is half-written, and the same command goes on."""
    from mainline.repository import git

    monkeypatch.chdir(changed.fork.path)
    for name, value in changed.fork.environment().items():
        monkeypatch.setenv(name, value)
    before, run, left = _state(changed), git._run, 0

    def counted(*arguments: Any, **options: Any) -> object:
        nonlocal left
        left -= 1
        if left < 0:
            raise KeyboardInterrupt
        return run(*arguments, **options)

    monkeypatch.setattr(git, "_run", counted)
    for steps in range(1000):
        left = steps
        try:
            upgrade("v0.2.0", "../template", force=False)
            break
        except (KeyboardInterrupt, GitError):
            assert _state(changed) == before
    assert steps > 20
    assert changed.fork.run("git", "rev-list", "--count", f"{before[0].strip()}..HEAD").stdout == "1\n"
