"""Which branches are served, and why others are not."""

from typing import Any

from mainline.declared.preview import Preview
from mainline.preview.heads import Head, plan

NOW = 100 * 86_400.0


def planned(*heads: Head, **declared: Any) -> dict[str, str]:
    """Return the reason of each branch; '' where it is served."""
    return {name: why for name, (_, why) in plan(heads, "main.dir", Preview(**declared), NOW).items()}


def head(name: str, days: float, **more: Any) -> Head:
    """Return a branch whose last commit is so many days old."""
    return Head(name, "c" * 40, NOW - days * 86_400, **{"package": f"{name}.dir", **more})


def test_newest_branches_are_served_and_others_say_why_not() -> None:
    """Merged, the same as main, unreadable, too old, too many: each has its reason, and takes nobody's place."""
    found = planned(
        head("old", 15), head("c", 3), head("b", 2), head("a", 1), head("merged", 0, merged=True),
        head("same", 0, package="main.dir"), head("torn", 0, package="", problem="dvc.lock is cut off"), most=2,
    )  # fmt: skip
    assert list(found) == ["merged", "same", "torn", "a", "b", "c", "old"]
    assert found == {
        "merged": "main has its last commit",
        "same": "it has the same package as main",
        "torn": "dvc.lock is cut off",
        "a": "",
        "b": "",
        "c": "2 newer branches are served, which is the most (preview.most)",
        "old": "its last commit is older than 14 days (preview.days)",
    }


def test_pattern_chooses_by_the_whole_name() -> None:
    """A branch that does not match is not listed; a `*` also stands for slashes."""
    assert planned(head("try/a/b", 1), head("retry/a", 1), branches="try/*") == {"try/a/b": ""}


def test_later_commit_takes_the_place_of_the_oldest() -> None:
    """The count holds for those that are the newest now."""
    before = planned(head("a", 2), head("b", 3), most=1)
    after = planned(head("a", 2), head("b", 1), most=1)
    assert (before["a"], after["b"]) == ("", "")
    assert before["b"] == after["a"] != ""
