"""Run `mainline` by a clock that a file sets: `python played_clock.py FILE COMMAND ...`, for stories that play time.

Several commands are run one after another, with the word `and` between them; the last one's status counts. What the
service writes into its log as the time of an answer, and what `issues` and `due` take for now, stands in the file. All
else goes by the machine's clock.
"""

import sys
from contextlib import ExitStack
from datetime import datetime, tzinfo
from itertools import groupby
from pathlib import Path
from typing import ClassVar, Self
from unittest import mock

from mainline import __main__
from mainline.commands import due
from mainline.github import issues
from mainline.serving.answering import model


class Played(datetime):
    """A time whose now is what the file says."""

    file: ClassVar[Path]

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> Self:
        """Return the time in the file."""
        return cls.fromisoformat(cls.file.read_text(encoding="ascii")).astimezone(tz)


def main() -> int:
    """Run the commands."""
    Played.file = Path(sys.argv[1])
    commands = [list(words) for is_between, words in groupby(sys.argv[2:], "and".__eq__) if not is_between]
    with ExitStack() as patches:
        for module in (model, issues, due):
            patches.enter_context(mock.patch.object(module, "datetime", Played))
        return [__main__.main(words) for words in commands][-1]


if __name__ == "__main__":
    sys.exit(main())
