"""The registry: versions and assignments, read from real tags of a real repository."""

import re
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mainline.errors import MainlineError, UnknownError
from mainline.registry import records
from mainline.registry.tags import Version, assigned, assignments, find, next_number, read, versions
from tests.mainline.registry import registries
from tests.project import AUTHOR, Project


@pytest.fixture
def repository(tmp_path: Path) -> Project:
    """An empty repository with two commits, `one` and `two` by branch name."""
    made = Project(tmp_path / "repository")
    made.path.mkdir()
    made.run("git", "init", "--quiet", "--initial-branch=main")
    for name in ("one", "two"):
        made.run("git", *AUTHOR, "commit", "--quiet", "--allow-empty",
                 "--message", name)  # fmt: skip
        made.run("git", "branch", name)
    return made


def _commit(repository: Project, name: str) -> str:
    return repository.run("git", "rev-parse", name).stdout.strip()


def _tag(repository: Project, name: str, at: str) -> None:
    repository.run("git", *AUTHOR, "tag", "-a", name, at, "-m", name)


def test_without_tags_there_is_nothing(repository: Project) -> None:
    """Before the first release there are no versions and production has none."""
    assert versions(repository.path) == []
    assert assigned("production", repository.path) is None


def test_versions_come_newest_first_by_number(repository: Project) -> None:
    """v0.10.0 is newer than v0.9.1, whatever the alphabet says; other tags are not versions."""
    for name, at in (("model@v0.9.1", "one"), ("model@v0.10.0", "two"), ("v3", "two"), ("other@v9.0.0", "two")):
        _tag(repository, name, at)
    assert [version.name for version in versions(repository.path)] == ["v0.10.0", "v0.9.1"]


def test_the_newest_assignment_counts(repository: Project) -> None:
    """Production has the version at the commit of the highest number, also when that is an older version again."""
    for name, at in (("model@v0.1.0", "one"), ("model@v0.2.0", "two")):
        _tag(repository, name, at)
    for number, at in ((1, "one"), (2, "two"), (10, "one")):
        _tag(repository, f"model#production#{number}", at)
    assert assigned("production", repository.path) == Version("v0.1.0", _commit(repository, "one"))
    assert assigned("staging", repository.path) is None


def test_an_assignment_can_be_taken_back(repository: Project) -> None:
    """After an unassignment the environment has none."""
    for name in ("model@v0.1.0", "model#production#1", "model#production!#2"):
        _tag(repository, name, "one")
    assert assigned("production", repository.path) is None


def test_an_assignment_without_a_version_stops_nothing(repository: Project) -> None:
    """One at a commit that no version names, such as after the version's tag was deleted, is skipped and named."""
    for name, at in (("model@v0.1.0", "one"), ("model#production#1", "one"), ("model#production#2", "two")):
        _tag(repository, name, at)
    found = assigned("production", repository.path)
    assert found is not None
    assert found.name == "v0.1.0"
    (said,) = read(repository.path).skipped
    assert re.fullmatch(r"tag model#production#2 is skipped: it is at commit \w{10}, which no version was .*", said)


@pytest.mark.parametrize("annotated", [True, False])
def test_a_tag_at_a_commit_that_was_not_merged_does_not_count(repository: Project, annotated: bool) -> None:
    """Neither a version nor an assignment nor an archive mark counts before a person has merged its commit."""
    _tag(repository, "model@v0.1.0", "one")
    _tag(repository, "model#production#1", "one")
    repository.run("git", "switch", "--quiet", "--create", "stranger")
    made = ("-c", "user.name=S", "-c", "user.email=s@example.org")
    repository.run("git", *made, "commit", "--quiet", "--allow-empty", "--message", "Not merged")
    names = ("model@v9.0.0", "model#production#9", "model@v0.1.0!", "model#production!#10")
    for name in names:
        repository.run("git", *made, "tag", *(["-a", "-m", name] if annotated else []), name, "stranger")
    for _ in range(2):
        registry = read(repository.path)
        assert [(version.name, version.archived) for version in registry.versions] == [("v0.1.0", False)]
        assert [item.number for item in registry.assignments] == [1]
        assert len(registry.skipped) == len(names)
        assert all("is not on refs/heads/main" in line for line in registry.skipped)
        with pytest.raises(MainlineError, match=r"^tag model@v9\.0\.0 is skipped: its commit \w{10} is not on"):
            find("v9.0.0", repository.path)
        assert next_number("production", registry) == 11
        repository.run("git", "switch", "--quiet", "--detach", "main")
    repository.run("git", "switch", "--quiet", "main")
    repository.run("git", "merge", "--quiet", "stranger")
    assert versions(repository.path)[0].name == "v9.0.0"


@pytest.mark.parametrize("what", ["name", "message", "tagger", "date", "blob", "tree"])
def test_a_tag_that_cannot_be_read_is_skipped_and_named(repository: Project, what: str) -> None:
    """Whatever a stranger's tag is made of, all others are read, and the one is said in a line."""
    _tag(repository, "model@v0.1.0", "one")
    name, target = b"model@v0.2.0", _commit(repository, "two")
    text = {"message": "caf\u00e9", "tagger": "Ren\u00e9e"}.get(what, "plain")
    when = 10**13 if what == "date" else 1_700_000_000
    tag = f"object {target}\ntype commit\ntag model@v0.2.0\ntagger {text} <a@b> {when} +0000\n\n{text}\n"
    git = ["git", "-C", str(repository.path)]
    put = subprocess.run(
        [*git, "hash-object", "-t", "tag", "-w", "--stdin", "--literally"], input=tag.encode("latin-1"),
        capture_output=True, check=True,
    ).stdout.decode().strip()  # fmt: skip
    if what == "name":
        name, put = b"model@v0.2.0\xff", target
    elif what in ("blob", "tree"):
        put = repository.run("git", "rev-parse", "one^{tree}").stdout.strip()
        put = put if what == "tree" else repository.run("git", "hash-object", "-w", "/dev/null").stdout.strip()
    subprocess.run([*git, "update-ref", b"refs/tags/" + name, put], check=True)
    registry = read(repository.path)
    assert [version.name for version in registry.versions] == ["v0.1.0"]
    (said,) = registry.skipped
    assert said.startswith(f"tag {name.decode('utf-8', errors='backslashreplace')} is skipped: ")
    assert "\n" not in said
    said.encode("ascii")


def test_a_copied_record_is_none(repository: Project) -> None:
    """A release's tag object under the name of another version says nothing about that version."""
    message = records.write(["model v0.1.0"], registries.release("v0.1.0", 14.0))
    repository.run("git", *AUTHOR, "tag", "-a", "model@v0.1.0", "one",
                   "-m", message)  # fmt: skip
    repository.run("git", "update-ref", "refs/tags/model@v9.0.0", "refs/tags/model@v0.1.0")
    assert [version.release is None for version in versions(repository.path)] == [True, False]


def test_outside_of_git_there_is_one_clear_error(tmp_path: Path) -> None:
    """Without a repository the error says what git says."""
    with pytest.raises(MainlineError, match=r"`git for-each-ref` says: fatal: not a git repository"):
        versions(tmp_path)


def test_a_version_says_when_by_whom_and_whether_it_was_archived(repository: Project) -> None:
    """What a tag says is the version's; only the version that an archive tag names is archived."""
    for name, at in (("model@v0.1.0", "one"), ("model@v0.2.0", "two"), ("model@v0.1.0!", "one")):
        _tag(repository, name, at)
    newer, older = versions(repository.path)
    assert (newer.archived, older.archived) == (False, True)
    assert (older.by, older.message.strip()) == ("T", "model@v0.1.0")
    assert older.when > 1_600_000_000


def test_assignments_of_other_environments_are_passed_over(repository: Project) -> None:
    """Each assignment bears its environment, number, person and time, whatever stands between them."""
    for name in ("model@v0.1.0", "model#production#1", "model#staging#1", "model#production#2", "model#production!#3"):
        _tag(repository, name, "one")
    _tag(repository, "unrelated", "two")
    found = assignments("production", repository.path)
    assert [(given.environment, given.number) for given in found] == [("production", n) for n in (1, 2, 3)]
    assert [given.version is None for given in found] == [False, False, True]
    assert {(given.by, given.when > 1_600_000_000) for given in found} == {("T", True)}
    assert found[0].message.strip() == "model#production#1"


def test_a_version_is_found_by_its_name(repository: Project) -> None:
    """One that is not there is refused with the nearest that is."""
    _tag(repository, "model@v0.1.0", "one")
    assert find("v0.1.0", repository.path).commit == _commit(repository, "one")
    with pytest.raises(UnknownError, match=r"v0\.1\.1.*version.*did you mean 'v0\.1\.0'"):
        find("v0.1.1", repository.path)


NUMBER = st.integers(0, 10**9 - 1).map(str)
NAMES = st.builds(
    lambda start, end: start + end,
    st.sampled_from(
        ["model@", "model@v", "model@v1.", "model#", "model#production#", "model#production!#", "approval/"]
    ),
    st.text("0123456789.v!#@-aZ\u0661\u00e9", min_size=1, max_size=12),
)
SOUND = st.builds("model@v{}.{}.{}".format, NUMBER, NUMBER, NUMBER) | st.builds("model#production#{}".format, NUMBER)


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(names=st.lists(NAMES | SOUND, min_size=30, max_size=60, unique=True).map(lambda names: ["model@v1.0.0", *names]))
def test_tags_beside_the_grammar_are_passed_over(repository: Project, names: list[str]) -> None:
    """Whatever tags somebody pushes, each version and assignment has plain numbers, written in one way."""
    commit = _commit(repository, "one")
    sound = [
        name
        for name in names
        if repository.run("git", "check-ref-format", f"tags/{name}", succeed=None).returncode == 0
    ]
    (repository.path / "tags").write_text("".join(f"create refs/tags/{name} {commit}\n" for name in sound))
    repository.run("sh", "-c", "git tag | xargs -r git tag --delete >tagged; git update-ref --stdin <tags")
    number = "(0|[1-9][0-9]{0,8})"
    found = {f"model@{version.name}" for version in versions(repository.path)}
    assert found == {name for name in sound if re.fullmatch(rf"model@v{number}\.{number}\.{number}", name)}
    numbers = [re.fullmatch(rf"model#production!?#{number}", name) for name in sound]
    assert {item.number for item in assignments(None, repository.path)} == {int(one[1]) for one in numbers if one}


@pytest.mark.parametrize(
    "name", ["model@v\u0661.0.0", "model@v01.0.0", "model@v1.0.00", "model#production#01", "model#production#\u0661"]
)
def test_numbers_are_written_in_one_way(repository: Project, name: str) -> None:
    """A tag with other digits, or with zeros before, is not one of the registry: two names would mean one version."""
    _tag(repository, "model@v1.0.0", "one")
    _tag(repository, name, "one")
    assert versions(repository.path) == [Version("v1.0.0", _commit(repository, "one"))]
    assert assignments(None, repository.path) == []
