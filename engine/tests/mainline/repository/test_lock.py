"""`dvc.lock`: read whole or refused."""

import pytest

from mainline.repository import lock
from mainline.repository.lock import LockError
from tests.project import FLIGHTS

SHIPPED = (FLIGHTS / "dvc.lock").read_text(encoding="utf-8")


def test_entries_are_those_of_the_stages() -> None:
    """The shipped lock has one entry per stage, each with its own name."""
    found = lock.entries(SHIPPED)
    assert list(found) == ["ingest", "validate", "prepare", "train", "evaluate", "package"]
    assert len({lock.name(entry) for entry in found.values()}) == 6


def test_an_entry_has_a_name_whatever_yaml_makes_of_a_parameter() -> None:
    """A date among the parameters is part of the name like everything else."""
    first = "{stages: {train: {cmd: python, params: {params.yaml: {since: 2013-01-01}}}}}"
    second = first.replace("2013-01-01", "2013-01-02")
    assert lock.name(lock.entries(first)["train"]) != lock.name(lock.entries(second)["train"])


def test_a_lock_cut_off_anywhere_is_refused_or_holds_whole_entries() -> None:
    """Of every prefix of a lock, what is accepted names a command and a hash for each file it lists."""
    whole = lock.entries(SHIPPED)
    refused = 0
    for length in range(0, len(SHIPPED), 97):
        try:
            found = lock.entries(SHIPPED[:length])
        except LockError:
            refused += 1
            continue
        assert set(found) <= set(whole)
    assert refused > len(SHIPPED) / 97 / 4


@pytest.mark.parametrize("text", ["", "schema: '2.0'\n", "- stages\n", "stages: [\n", "stages:\n  train: text\n", "\0"])
def test_what_is_no_lock_is_refused(text: str) -> None:
    """Anything but DVC's own form is one line that says how to go on."""
    with pytest.raises(LockError, match=r"^dvc.lock cannot be read: it is cut off or damaged. `make repro` mends it.$"):
        lock.entries(text)


def test_a_merge_conflict_is_an_error_of_its_own() -> None:
    """Both sides of a merge in one file are named as what they are."""
    with pytest.raises(lock.ConflictError, match="holds a merge conflict"):
        lock.entries(f"<<<<<<< HEAD\n{SHIPPED}=======\n{SHIPPED}>>>>>>> other\n")
