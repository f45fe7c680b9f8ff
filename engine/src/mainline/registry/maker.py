"""Which repository made a tag: a tag counts where it was made, and where somebody took it over.

A fork gets the tags of the repository that it was made from, but neither its releases nor its store.

A repository is known by the path of its origin, such as `owner/name`, whatever the protocol, the user and the host's
alias. A folder on this machine has no such name, and every tag counts there.
"""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import yaml
from pydantic import Field

from mainline import files
from mainline.declared import reading
from mainline.declared.reading import Section
from mainline.registry import origin
from mainline.registry.records import MARK
from mainline.repository.git import ask

FILE = Path("registry.yaml")
HEAD = "# Repositories whose versions count here as well: this one's old names, or what it was forked from.\n"

_URL = re.compile(r"(?:[a-z+]+://(?!/)[^/]+/|[^/:@]+@[^/:]+:|[A-Za-z0-9.-]{2,}:(?!/))(?P<path>.+)")
_MADE = re.compile(r'"registry":"([^"\\]{1,300})"')


class _Adopted(Section):
    adopted: tuple[Annotated[str, Field(max_length=300)], ...] = Field(strict=False)


def name(repository: Path = Path()) -> str | None:
    """Return this repository's name, by its origin; None where that is a folder or there is none."""
    remote = origin.remote(repository)
    matched = _URL.fullmatch(ask("config", "--get", f"remote.{remote}.url", at=repository)) if remote else None
    return matched["path"].strip("/").removesuffix(".git").lower() if matched else None


def adopted(repository: Path = Path()) -> tuple[str, ...]:
    """Return the names of the repositories whose tags count here as well.

    Raises:
        ParamsError: when the file that declares them is not as `adopt` writes it.
    """
    file = repository / FILE
    return reading.load(file, _Adopted).adopted if file.exists() else ()


def adopt(names: Iterable[str]) -> None:
    """Declare that the tags of other repositories count here."""
    kept = sorted({*adopted(), *names})
    files.replace(FILE, HEAD + yaml.safe_dump({"adopted": kept}, sort_keys=False))


def of_message(message: str) -> str | None:
    """Return the repository that a record names; None where it names none, as before records did."""
    found = _MADE.search(message.partition(f"\n{MARK}\n")[2])
    return found[1] if found else None
