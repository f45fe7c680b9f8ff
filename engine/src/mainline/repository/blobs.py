"""What many files of commits held, by one call of git: a process for each is what a page of all versions waits for."""

from collections.abc import Iterable
from pathlib import Path

from mainline.repository.git import raw


def read(names: Iterable[str], at: Path | None = None) -> list[bytes | None]:
    """Return what several files held, as `git.blob` does one by one, by a single call of git.

    A name must not hold a line feed, which git would take for the end of it: there is none of such a name.

    Raises:
        GitError: when git ends before it has answered.
    """
    asked = list(names)
    printed = raw("cat-file", "--batch", at=at, given="".join(f"{one.replace(chr(10), chr(0))}\n" for one in asked))
    found: list[bytes | None] = []
    place = 0
    for _ in asked:
        end = printed.index(b"\n", place)
        about = printed[place:end].rsplit(b" ", 2)
        place = end + 1
        if len(about) < 3 or not about[2].isdigit():
            found.append(None)
            continue
        length = int(about[2])
        found.append(printed[place : place + length] if about[1] == b"blob" else None)
        place += length + 1
    return found
