"""How often the test periods were looked at: each candidate that was committed with its figures is one look.

Whoever tries candidates on one holdout and keeps what looks better fits it without a fit. git has each look on a
branch, a remote's branch or a tag: the predictions that a committed `dvc.lock` names. Nobody has to write them down,
and nobody can forget to.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

from mainline import periods
from mainline.gate import history
from mainline.repository import lock
from mainline.repository.git import GitError, listed, raw
from mainline.repository.lock import LockError

STAGE, PREDICTIONS = "package", "data/predictions"
"""The stage that has parameters and test predictions together, and where those lie."""
_HEAD = "stages:\n"


class Span(NamedTuple):
    """The rows that were predicted: from a day until before another one, or those of a snapshot in one version."""

    begins: date
    ends: date
    snapshot: str = ""

    def overlaps(self, other: "Span") -> bool:
        """Whether some of the rows are the same."""
        return self.snapshot == other.snapshot and self.begins < other.ends and other.begins < self.ends


class Look(NamedTuple):
    """Test predictions that somebody committed: their content, what they are of, and when.

    `when` is seconds since 1970 and a place in the history, which tells commits of the same second apart.
    """

    predictions: str
    span: Span
    when: tuple[int, int]


def count() -> int:
    """Return which look at its test periods the workspace's candidate is; 1 for the first.

    A candidate that was committed keeps its number whatever is tried after it. Looks at other periods do not count;
    those at some of the same periods do.

    Raises:
        GitError: when the history cannot be read whole: whoever cannot count must not take it for the first look.
    """
    text = lock.LOCK.read_text(encoding="utf-8") if lock.LOCK.is_file() else ""
    own = _look(text, (0, 0))
    if own is None:
        return 1
    first: dict[str, tuple[int, int]] = {}
    for look in _committed():
        if look.span.overlaps(own.span):
            first[look.predictions] = min(look.when, first.get(look.predictions, look.when))
    now = first.pop(own.predictions, None)
    return 1 + sum(now is None or when < now for when in first.values())


def over(spans: Sequence[Span]) -> list[int]:
    """Count for each span how many candidates were committed that were measured on some of its rows."""
    found = {(look.predictions, look.span) for look in _committed()}
    return [len({name for name, other in found if other.overlaps(span)}) for span in spans]


def _committed() -> Iterator[Look]:
    """Yield the look of each different lock in the history of branches and tags, at its earliest commit."""
    if not history.head():  # before the first commit
        return
    log = listed(
        "log", "--branches", "--remotes", "--tags", "HEAD", "--date-order", "--reverse", "-m", "--raw", "--no-abbrev",
        "--no-renames", "--format=%ct", "--", str(lock.LOCK),
    )  # fmt: skip
    when, earliest = (0, 0), dict[str, tuple[int, int]]()
    for place, line in enumerate(log):
        if line.startswith(":"):
            blob = line.split()[3]
            earliest[blob] = min(when, earliest.get(blob, when))
        else:
            when = (int(line), place)
    for blob, text in _contents([blob for blob in earliest if set(blob) != {"0"}]):
        look = _look(text, earliest[blob])
        if look is not None:
            yield look


def _contents(blobs: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield the name and the text of each blob, by one call of git.

    Raises:
        GitError: when one is not here.
    """
    content, begins = raw("cat-file", "--batch", given="".join(f"{blob}\n" for blob in blobs)), 0
    while begins < len(content):
        ends = content.index(b"\n", begins)
        blob, kind, *size = content[begins:ends].decode().split()
        if not size:
            raise GitError(
                f"a version of {lock.LOCK} that the history names is {kind} ({blob[:12]}), so that nobody can count "
                "how often the test periods were looked at. `git fetch --refetch` brings it."
            )
        begins = ends + 1 + int(size[0]) + 1
        yield blob, content[ends + 1 : begins - 1].decode(errors="replace")


def _look(text: str, when: tuple[int, int]) -> Look | None:
    """Read a lock; None if it names no test predictions, such as one of another pipeline or with a conflict."""
    try:
        entry = lock.entries(_HEAD + _section(text))[STAGE]
        predictions = next(dep["md5"] for dep in entry["deps"] if dep["path"] == PREDICTIONS)
        params = entry["params"]["params.yaml"]
        return Look(predictions, _span(params["data"], params["split"]), when)
    except (LockError, KeyError, StopIteration, TypeError, ValueError):
        return None


def _section(text: str) -> str:
    """Return the lines of the stage: reading a whole lock takes five times as long."""
    _, begins, rest = text.partition(f"\n  {STAGE}:\n")
    return begins.lstrip("\n") + re.split(r"^ ? ?(?=[^ \n])", rest, maxsplit=1, flags=re.MULTILINE)[0]


def _span(data: Mapping[str, Any], split: Mapping[str, Any]) -> Span:
    """Return the rows of the test part."""
    if "snapshot" in data:
        return Span(date.min, date.max, f"{data['snapshot']} {data.get('version', '')}")
    first = periods.shift(str(data["through"]), 1 - int(split["test"]))
    return Span(periods.span(first)[0], periods.span(str(data["through"]))[1])
