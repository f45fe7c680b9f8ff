"""DVC's experiments in git: commits that `refs/exps` names, each on top of the commit that it began from."""

import re
from dataclasses import dataclass

from mainline.repository.git import ask, git, listed

_REF = re.compile(r"refs/exps/([0-9a-f]{2})/([0-9a-f]{38})/(\S+)")
_UNSAID = "dvc: commit experiment"
"""What DVC writes where a person gave no message."""
_BEHIND = 100
"""Commits that are searched for one that experiments began from."""


@dataclass(frozen=True)
class Experiment:
    """An experiment: its name, its commit, and what a person wrote about it with `-m`."""

    name: str
    commit: str
    note: str


def base() -> str:
    """Return the newest commit of this branch that experiments began from; '' if none has any.

    After `dvc exp apply` and a commit it is no longer the last one.
    """
    begun = {"".join(found.group(1, 2)) for found in _refs()}
    commits = ask("rev-list", "--first-parent", f"--max-count={_BEHIND}", "HEAD").split()
    return next((commit for commit in commits if commit in begun), "")


def begun_from(commit: str) -> list[Experiment]:
    """List the experiments that began from a commit, by name."""
    names = [found for found in _refs() if "".join(found.group(1, 2)) == commit]
    return [_read(found[3], found[0]) for found in names]


def _refs() -> list[re.Match[str]]:
    return [
        found for line in listed("for-each-ref", "--format=%(refname)", "refs/exps") if (found := _REF.fullmatch(line))
    ]


def _read(name: str, ref: str) -> Experiment:
    commit, _, message = git("log", "--max-count=1", "--format=%H%n%B", ref).partition("\n")
    note = " ".join(message.split())
    return Experiment(name, commit, "" if note.startswith(_UNSAID) else note)
