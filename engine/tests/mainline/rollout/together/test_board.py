"""Notices in git: written whole, by whoever saw the last one."""

import os
import subprocess
from collections.abc import Callable

import pytest

from mainline.repository.git import GitError, git
from mainline.rollout import state
from mainline.rollout.records import State
from mainline.rollout.together.board import Board, LostError
from mainline.rollout.together.notices import Record, Report
from tests.mainline.rollout.together.machines import Machines, counters


def record(leader: str, beat: int = 0) -> Record:
    """A record of nothing yet."""
    return Record(1, leader, beat, 30.0, 5.0, "", state.written(State()))


def test_record_is_replaced_only_by_who_saw_the_last_one(machines: Callable[[int], Machines]) -> None:
    """Of two servers that write after the same record, one is refused, whether there was one before or not."""
    one, other = machines(2).all
    board = Board("production")
    os.chdir(one.place.clone)
    first = board.write_record(record("one"), "")
    os.chdir(other.place.clone)
    with pytest.raises(LostError, match="another server wrote refs/mainline/production/rollout/record first"):
        board.write_record(record("other"), "")
    second = board.write_record(record("other"), first)
    os.chdir(one.place.clone)
    with pytest.raises(LostError):
        board.write_record(record("one", 1), first, Report(revision=7))
    found = board.read(with_reports=True)
    assert found.record is not None
    assert (found.record_id, found.record.leader) == (second, "other")
    assert found.reports == {}, "nothing of a refused push is there"


def test_reports_of_all_are_read_at_once_and_taken_down(machines: Callable[[int], Machines]) -> None:
    """The record alone is read without them; a report that is another document is left out."""
    os.chdir(machines(1).all[0].place.clone)
    board = Board("production")
    report = Report(3, 1, ("d1",), "storage is away", {"v1.0.0": counters(5)}, {"v1.0.0": counters(9)}, 2)  # type: ignore[dict-item]
    for name in ("a", "b"):
        board.write_report(name, report)
    git("push", "--quiet", "origin", f"{git('hash-object', '-w', '--stdin', given='{}x').strip()}:{board.server('c')}")
    made = board.write_record(record("a"), "")
    assert board.read(with_reports=False).reports == {}
    assert {name: one for name, (_, one) in board.read(with_reports=True).reports.items()} == {"a": report, "b": report}
    board.write_record(record("a", 1), made, gone=("b",))
    assert set(board.read(with_reports=True).reports) == {"a"}


def test_push_whose_answer_was_lost_counts(
    machines: Callable[[int], Machines], monkeypatch: pytest.MonkeyPatch
) -> None:
    """If git took the record and the answer did not come back, the server knows by reading."""
    os.chdir(machines(1).all[0].place.clone)
    board = Board("production")
    push = board._push

    def lose(*words: str) -> None:
        push(*words)
        raise GitError("the line is cut")

    monkeypatch.setattr(board, "_push", lose)
    assert board.write_record(record("a"), "") == board.read(with_reports=False).record_id


def test_notices_are_in_no_clone_and_no_branch(machines: Callable[[int], Machines]) -> None:
    """People who clone the repository, or list its branches and tags, do not see them."""
    world = machines(1)
    os.chdir(world.all[0].place.clone)
    Board("production").write_record(record("a"), "")
    listed = subprocess.run(
        ["git", "ls-remote", "--heads", "--tags", str(world.origin)], capture_output=True, text=True, check=True
    )
    assert listed.stdout == ""
    git("clone", "--quiet", str(world.origin), str(world.path / "person"))
    assert git("for-each-ref", at=world.path / "person") == ""
