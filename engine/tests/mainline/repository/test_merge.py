"""What merges do with generated files, on real git."""

import re
import subprocess
from pathlib import Path

import pytest

from mainline.commands import resolve as command
from mainline.commands.resolve import UnsettledError, install
from mainline.errors import MainlineError
from mainline.release import candidate
from mainline.repository import merge
from tests.project import ROOT

WRITTEN = ("dvc.lock", "metrics/test.json", "metrics/runs.csv", "metrics/plots/learning.csv")


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository whose branches `main` and `other` changed every generated file, as the current folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    _git("init", "--quiet", "--initial-branch=main")
    _git("config", "user.name", "Test")
    _git("config", "user.email", "test@example.org")
    (tmp_path / ".gitattributes").write_bytes((ROOT / ".gitattributes").read_bytes())
    (tmp_path / "params.yaml").write_text("a: 1\nb: 1\nc: 1\nd: 1\ne: 1\n")
    (tmp_path / "src").mkdir()
    (tmp_path / "src/code.py").write_text("pass\n")
    _write("base")
    _git("switch", "--quiet", "--create", "other")
    _write("other")
    _git("switch", "--quiet", "main")
    _write("main")
    return tmp_path


@pytest.mark.usefixtures("repository")
def test_the_driver_keeps_this_branchs_side_whole() -> None:
    """A merge does not stop at any generated file, keeps one side of each, and says once that the lock is not true."""
    install()
    merged = _git("merge", "--no-edit", "other")
    assert {Path(name).read_text() for name in WRITTEN} == {"begin\nmain\nend\n"}
    assert [line for line in merged.stderr.splitlines() if line.startswith("dvc.lock")] == [
        "dvc.lock: both sides changed it and one was kept; run make repro and commit what it writes."
    ]
    assert _git("status", "--porcelain").stdout == ""


@pytest.mark.usefixtures("repository")
def test_what_people_write_is_still_merged_by_git() -> None:
    """The driver takes no side of params.yaml: a conflict there stops the merge."""
    install()
    _edit("params.yaml", "a: 2\n")
    _git("switch", "--quiet", "other")
    _edit("params.yaml", "a: 3\n")
    assert _git("merge", "--no-edit", "main", succeed=False).returncode == 1
    assert _git("diff", "--name-only", "--diff-filter=U").stdout.split() == ["params.yaml"]


@pytest.mark.usefixtures("repository")
def test_registering_writes_this_clones_settings_once() -> None:
    """The second time there is nothing to write, and an older form is replaced."""
    assert merge.register()
    assert not merge.register()
    _git("config", f"merge.{merge.NAME}.driver", "true")
    assert merge.register()
    shown = _git("config", "--local", "--get-regexp", "^merge").stdout.splitlines()
    assert shown == [f"{name} {value}" for name, value in merge.SETTINGS.items()]


def test_outside_of_git_nothing_is_registered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder that is not a repository is told so, without an error."""
    monkeypatch.chdir(tmp_path)
    assert install() == "This is not a git repository, so no merge driver is needed."
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("repository")
def test_a_file_that_a_side_removed_is_left_to_the_pipeline() -> None:
    """A metric that one branch no longer makes is gone until a run of the pipeline writes it."""
    _git("rm", "--quiet", WRITTEN[1])
    _git("commit", "--quiet", "--message", "Remove")
    _git("merge", "other", succeed=False)
    conflicts = merge.in_conflict()
    assert conflicts[WRITTEN[1]] == {1, 3}
    merge.take(WRITTEN[1], conflicts[WRITTEN[1]])
    assert not Path(WRITTEN[1]).exists()


@pytest.mark.usefixtures("repository")
def test_markers_that_were_committed_are_found_and_taken_out() -> None:
    """A lock that somebody committed with both sides in it is one side again."""
    _git("merge", "other", succeed=False)
    _git("add", "--all")
    _git("commit", "--quiet", "--message", "Merge, unseen")
    assert merge.in_conflict() == {name: set() for name in WRITTEN}
    for name in WRITTEN:
        merge.take(name, set())
    assert {Path(name).read_text() for name in WRITTEN} == {"begin\nmain\nend\n"}


@pytest.mark.usefixtures("repository")
@pytest.mark.parametrize("style", ["merge", "diff3"])
def test_the_first_side_is_told_from_every_other(style: str) -> None:
    """Git's own markers are understood, also those that show the common version."""
    _git("-c", f"merge.conflictStyle={style}", "merge", "other", succeed=False)
    assert "".join(merge.first_side(Path("dvc.lock").read_text())) == "begin\nmain\nend\n"


def test_a_text_without_markers_is_kept_as_it_is() -> None:
    """Lines that only look like a marker's end are part of the text."""
    text = "a\n=======\n>>>>>>> b\n||||||| c\n"
    assert "".join(merge.first_side(text)) == text


@pytest.mark.usefixtures("repository")
@pytest.mark.parametrize("added", [False, True], ids=["unmerged", "added"])
def test_markers_in_code_are_refused_before_anything_is_touched(added: bool) -> None:
    """Code in conflict is named, even when somebody added it to git, and every file stays as it is."""
    _edit("src/code.py", "one = 1\n")
    _git("switch", "--quiet", "other")
    _edit("src/code.py", "two = 2\n")
    _git("merge", "main", succeed=False)
    if added:
        _git("add", "src/code.py")
    before = Path("dvc.lock").read_text()
    with pytest.raises(UnsettledError, match=r"^src/code.py: still in conflict. Only a person knows"):
        command.resolve()
    assert Path("dvc.lock").read_text() == before


@pytest.mark.usefixtures("repository")
def test_code_that_a_side_removed_is_for_a_person() -> None:
    """Removed here and changed there is in conflict although no file shows it."""
    _edit("src/code.py", "one = 1\n")
    _git("switch", "--quiet", "other")
    _git("rm", "--quiet", "src/code.py")
    _git("commit", "--quiet", "--message", "Remove")
    _git("merge", "main", succeed=False)
    assert merge.unsettled(merge.in_conflict()) == ["src/code.py"]


@pytest.mark.usefixtures("repository")
def test_an_edited_file_counts_as_settled() -> None:
    """A conflict from which a person took the markers does not stop `resolve`, added or not."""
    _edit("params.yaml", "a: 2\n")
    _git("switch", "--quiet", "other")
    _edit("params.yaml", "a: 3\n")
    _git("merge", "main", succeed=False)
    assert merge.unsettled(merge.in_conflict()) == ["params.yaml"]
    Path("params.yaml").write_text("a: 4\n")
    assert merge.unsettled(merge.in_conflict()) == []


def _write(side: str) -> None:
    """Commit another content of every generated file."""
    for name in WRITTEN:
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_text(f"begin\n{side}\nend\n")
    _git("add", "--all")
    _git("commit", "--quiet", "--message", side)


def _edit(name: str, content: str) -> None:
    Path(name).write_text(content)
    _git("commit", "--quiet", "--all", "--message", f"Edit {name}")


def _git(*arguments: str, succeed: bool = True) -> subprocess.CompletedProcess[str]:
    finished = subprocess.run(["git", *arguments], capture_output=True, text=True)
    assert (finished.returncode == 0) == succeed, finished.stderr
    return finished


ODD = "src/a\u2028b \u0085c.py"
"""A file whose name has what ends a line for Python, and for git does not."""


@pytest.mark.usefixtures("repository")
def test_a_file_with_an_odd_name_is_named_whole() -> None:
    """What git lists is taken apart by NUL alone: markers of a merge and edits are found in any file."""
    Path(ODD).write_text("<<<<<<< ours\n1\n=======\n2\n>>>>>>> theirs\n")
    _git("add", "--all")
    assert merge.unsettled({}) == [ODD]
    with pytest.raises(MainlineError, match=re.escape(f"{ODD} is not committed")):
        candidate.refuse_uncommitted()
    _git("commit", "--quiet", "--message", "Odd")
    candidate.refuse_uncommitted()


def test_a_line_ends_by_a_line_feed_alone() -> None:
    """A table whose cells hold other ends of lines keeps them, and text after one is not taken for a marker."""
    text = "a\u2028<<<<<<< b\n<<<<<<< ours\n1\n=======\n2\n>>>>>>> theirs\nlast"
    assert "".join(merge.first_side(text)) == "a\u2028<<<<<<< b\n1\nlast"
