"""The registry's tags as git has them: name, commit, time and message. `tags` says what they mean."""

from dataclasses import dataclass
from pathlib import Path

from mainline.registry import origin
from mainline.repository.git import listed, raw

_FIELDS = (
    "refname:strip=2", "objecttype", "objectname", "*objecttype", "*objectname", "creatordate:unix", "taggername",
    "contents",
)  # fmt: skip
_LATEST = 253_402_300_799
"""The end of the year 9999, in seconds since 1970; what claims to be later was not made by a clock."""


@dataclass(frozen=True)
class Tag:
    """A tag; `meaning` is what follows the artifact's name."""

    name: str
    meaning: str
    kind: str
    commit: str
    when: int
    by: str
    message: str

    @property
    def place(self) -> str:
        """What it stands at, in words: a commit, or what else git lets a tag name."""
        return f"its commit {self.commit[:10]}" if self.kind == "commit" else f"what it stands at, a {self.kind},"


def read(repository: Path, line: str) -> tuple[list[Tag], list[str]]:
    """Read each tag of the registry with the commit it stands at, annotated or not; and say which cannot be read."""
    template = "%00".join(f"%({name})" for name in _FIELDS) + "%00%01"
    shown = raw("for-each-ref", f"--format={template}", *origin.tags(repository, line)[:2], at=repository)
    tags, skipped = [], []
    for entry in filter(None, shown.split(b"\0\1\n")):
        name = entry.partition(b"\0")[0]
        try:
            tags.append(_parse(entry, line))
        except ValueError as error:
            shown_name = name.decode("utf-8", errors="backslashreplace")
            skipped.append(f"tag {shown_name} is skipped: {error}")
    return tags, skipped


def merged(main: str, repository: Path, line: str) -> frozenset[str]:
    """Return the names of the registry's tags that stand at ancestors of the default branch."""
    commit = origin.commit(main, repository)
    if not commit:
        return frozenset()
    form = ["--format=%(refname:strip=2)", *origin.tags(repository, line)[:2]]
    return frozenset(listed("for-each-ref", f"--merged={commit}", *form, at=repository))


def _parse(entry: bytes, line: str) -> Tag:
    """Read one tag.

    Raises:
        ValueError: when it is not one that can be read; the message says why.
    """
    try:
        name, kind, own, peeled_kind, peeled, when, by, message = entry.decode("utf-8").split("\0")
    except UnicodeDecodeError as error:
        raise ValueError("its name or its message is not UTF-8") from error
    except ValueError as error:
        raise ValueError("it is not formed as git makes tags") from error
    seconds = int(when or 0)
    if not 0 <= seconds <= _LATEST:
        raise ValueError(f"it says that it was made {seconds} seconds after 1970")
    return Tag(name, name.removeprefix(line), peeled_kind or kind, peeled or own, seconds, by, message)
