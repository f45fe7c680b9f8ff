"""What came to main between two of its commits."""

import hashlib
from itertools import count

import pytest

from mainline.registry import lineage
from mainline.registry.commits import Change, between, tip
from mainline.repository.git import GitError
from tests.mainline.registry.registries import Registry, at, lock


def changes(registry: Registry, older: str) -> list[Change]:
    """Return the changes until what is checked out, as production sees them."""
    return between(older, "HEAD", "production", registry.path)


def test_a_commit_that_is_not_utf8_is_told_as_any_other(empty: Registry) -> None:
    """Authors and messages of old clients are in other encodings, said or unsaid; changes are told all the same."""
    start = empty.git("rev-parse", "HEAD")
    for said in ("", "encoding ISO-8859-1\n"):
        tree, parent = empty.git("rev-parse", "HEAD^{tree}"), empty.git("rev-parse", "HEAD")
        who = f"Ren\u00e9e <r@example.org> {at(1)} +0000"
        text = (
            f"tree {tree}\nparent {parent}\nauthor {who}\ncommitter {who}\n{said}\nCaf\u00e9 reverts commit {start}\n"
        )
        file = empty.path.parent / "commit"
        file.write_bytes(text.encode("latin-1"))
        empty.git("update-ref", "refs/heads/main", empty.git("hash-object", "-t", "commit", "-w", str(file)))
    found = changes(empty, start)
    assert [(item.written, item.undone) for item in found] == [(at(1), frozenset({start}))] * 2
    empty.register("v1.0.0", 2)
    assert lineage.trace("v1.0.0", empty.path).commit.subject.startswith("Caf")


def test_a_merge_is_one_change_as_old_as_its_oldest_commit(empty: Registry) -> None:
    """Commits of a branch come with their merge, a commit of main by itself; main merged into the branch is not new."""
    start = empty.git("rev-parse", "HEAD")
    empty.git("checkout", "--quiet", "-b", "work")
    first = empty.commit(3, author=1.5)
    empty.git("checkout", "--quiet", "main")
    single = empty.commit(4, author=2)
    empty.git("checkout", "--quiet", "work")
    back = empty.merge(5, "main")
    empty.git("checkout", "--quiet", "main")
    merge = empty.merge(6, "work")
    found = changes(empty, start)
    assert [(item.commit, item.written, item.merged) for item in found] == [
        (single, at(2), at(4)),
        (merge, at(1.5), at(6)),
    ]
    assert [item.brought for item in found] == [{single}, {merge, back, first}]


def test_code_and_model_are_told_apart(empty: Registry) -> None:
    """Code is what serves the model; another model is another package in the lock, not another word in it."""
    start = empty.commit(1, dvc_dot_lock=lock("one"))
    empty.commit(2, README_dot_md="words")
    empty.commit(3, src__mainline__serving__server_dot_py="")
    empty.commit(4, requirements__serve_dot_txt="", dvc_dot_lock=lock("one").replace("python", "python -O"))
    empty.commit(5, deploy__production_dot_yaml="")
    empty.commit(6, deploy__staging_dot_yaml="", deploy__README_dot_md="words")
    empty.commit(7, dvc_dot_lock=lock("two"))
    empty.commit(8, dvc_dot_lock=lock("three"), deploy__mlem__build_dot_py="")
    empty.commit(9, dvc_dot_lock="damaged: [")
    found = changes(empty, start)
    assert [(item.machinery, item.model) for item in found] == [
        (False, False), (True, False), (True, False), (True, False), (False, False), (False, True), (True, True),
        (False, True),
    ]  # fmt: skip


def test_a_merge_counts_by_what_it_changed_on_main(empty: Registry) -> None:
    """Code that comes by a merge is the merge's, though no commit of main touched it directly."""
    start = empty.commit(1, dvc_dot_lock=lock("one"))
    empty.git("checkout", "--quiet", "-b", "work")
    empty.commit(2, src__mainline__serving__server_dot_py="")
    empty.git("checkout", "--quiet", "main")
    empty.merge(3, "work")
    assert [(item.machinery, item.model) for item in changes(empty, start)] == [(True, False)]


def test_a_revert_names_what_it_undoes(empty: Registry) -> None:
    """The words of `git revert` are read, of a commit and of a merge."""
    start = empty.git("rev-parse", "HEAD")
    commit = empty.commit(1, x="1")
    empty.git("revert", "--no-edit", commit, day=2)
    empty.git("checkout", "--quiet", "-b", "work")
    empty.commit(3, y="1")
    empty.git("checkout", "--quiet", "main")
    merge = empty.merge(4, "work")
    empty.git("revert", "--no-edit", "-m", "1", merge, day=5)
    undone = [item.undone for item in changes(empty, start)]
    assert undone == [set(), {commit}, set(), {merge}]


def test_a_revert_that_its_own_merge_takes_back_undoes_nothing(empty: Registry) -> None:
    """A branch may try a revert and go back to what was there; its merge changed nothing of that."""
    start = empty.git("rev-parse", "HEAD")
    commit = empty.commit(1, x="1")
    empty.git("checkout", "--quiet", "-b", "work")
    for day in (2, 3):
        empty.git("revert", "--no-edit", "HEAD", day=day)
    empty.git("checkout", "--quiet", "main")
    empty.merge(4, "work")
    assert commit not in changes(empty, start)[-1].undone


@pytest.mark.parametrize(
    "subject",
    ["Merge pull request #12 from team/better\n\nBetter", "Better (#12)", 'Revert "Worse (#3)" (#12)'],
)
@pytest.mark.parametrize("line", ["Reverts team/fork#12", "Because of #11.\n\nReverts #12\r\n"])
def test_a_squashed_revert_names_the_pull_request(empty: Registry, subject: str, line: str) -> None:
    """GitHub's button names only a pull request in its description, which is what a squash may keep of the revert."""
    start = empty.commit(1, "Worse (#3)")
    empty.commit(2, "Something else (#11)")
    bad = empty.commit(3, subject)
    empty.commit(4, f'Revert "Better" (#13)\n\n{line}')
    assert [item.undone for item in changes(empty, start)] == [set(), set(), {bad}]


def test_a_sentence_about_a_pull_request_reverts_nothing(empty: Registry) -> None:
    """Only a line that is nothing else counts, and only the number at the end of a subject is that of its own."""
    start = empty.git("rev-parse", "HEAD")
    empty.commit(1, "Better (#12)")
    empty.commit(2, "Follow (#12) with more (#14)\n\nReverts #12 in part, reverts #12.")
    empty.commit(3, "Go back (#15)\n\nReverts #1")
    assert [item.undone for item in changes(empty, start)] == [set()] * 3


def test_a_revert_by_a_short_name_is_found(empty: Registry) -> None:
    """`git revert --reference` shortens the commit's name; one that is not among the changes stays as it was said."""
    start = empty.git("rev-parse", "HEAD")
    commit = empty.commit(1, x="1")
    empty.git("revert", "--no-edit", "--reference", commit, day=2)
    empty.commit(3, "Back\n\nThis reverts commit 1234567 (Change, 2020-01-01).")
    assert [item.undone for item in changes(empty, start)] == [set(), {commit}, {"1234567"}]


def test_a_short_name_that_fits_two_commits_stays_as_it_was_said(empty: Registry) -> None:
    """Of which of the two it is cannot be told, so neither is called undone."""
    start = empty.git("rev-parse", "HEAD")
    one, other = twins(empty, start)
    assert one[:7] == other[:7]
    merge = empty.git("commit-tree", "-p", one, "-p", other, "-m", "Merge", f"{start}^{{tree}}")
    empty.git("update-ref", "refs/heads/main", merge)
    empty.commit(2, f"Back\n\nThis reverts commit {one[:7]} (Change, 2020-01-01).")
    empty.commit(3, f"Back\n\nThis reverts commit {one[:-1]} (Change, 2020-01-01).")
    assert [item.undone for item in changes(empty, start)][-2:] == [{one[:7]}, {one}]


def twins(registry: Registry, parent: str) -> tuple[str, str]:
    """Return two commits whose names begin with the same seven digits: among some 20,000 there are such."""
    tree, who = registry.git("rev-parse", "HEAD^{tree}"), f"T <t@example.org> {at(1)} +0000"
    seen: dict[str, str] = {}
    for number in count():
        text = f"tree {tree}\nparent {parent}\nauthor {who}\ncommitter {who}\n\nTry {number}\n"
        name = hashlib.sha1(f"commit {len(text)}\0{text}".encode(), usedforsecurity=False).hexdigest()
        if name[:7] in seen:
            break
        seen[name[:7]] = text
    one, other = (
        registry.git("hash-object", "-t", "commit", "-w", "--stdin", given=content)
        for content in (seen[name[:7]], text)
    )
    return one, other


def test_the_tip_is_that_of_origin_where_it_is_known(empty: Registry) -> None:
    """What was pushed counts before what is only here."""
    start = empty.git("rev-parse", "HEAD")
    ahead = empty.commit(1)
    assert tip(empty.path) == ahead
    empty.git("remote", "add", "origin", "nowhere")
    empty.git("update-ref", "refs/remotes/origin/main", start)
    assert tip(empty.path) == start


def test_a_commit_that_is_not_here_is_an_error(empty: Registry) -> None:
    """A shallow clone's missing history is refused in git's words."""
    with pytest.raises(GitError, match="`git rev-parse` says"):
        between("1" * 40, "HEAD", "production", empty.path)
