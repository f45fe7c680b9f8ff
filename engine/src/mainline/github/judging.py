"""What a pull request changes of what judges it: the gate's limits, the machinery, the pipeline, the environments.

Its own run made the findings by these limits and with this code, so they cannot be asked about it. Here both commits
are compared by code of the default branch; the pull request's files are data, and GitHub says which they are.
"""

import base64
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from mainline.errors import MainlineError
from mainline.github import strangers
from mainline.github.api import Api
from mainline.registry import changes
from mainline.report.blocks import Block, Bullets, Code, Document, Line, Names, Paragraph, Prose, Section, Table
from mainline.report.figures import UNKNOWN
from mainline.text import count

FOLDERS = (".ci/", ".dvc/", ".github/", "deploy/", "engine/", "requirements/")
FILES = (
    ".gitattributes", "Makefile", "accepted.yaml", "dvc.yaml", "mainline", "pyproject.toml", "score.yaml",
    "src/usecase/scoring.py",
)  # fmt: skip
"""What judges a model, releases and serves it, beside the limits in `params.yaml`."""
SOURCES, OWN = "src/", "src/usecase/"
"""Python looks in the first before its own modules, so a file there that is not the use case's may change any program:
`sitecustomize.py` is run by each of them, `json.py` is taken for Python's."""

PARAMS, LIMITS = "params.yaml", "gate"
"""The file and its section with the limits."""
TOLD = (
    "The pull request's own run judged it by its own limits and code. A person should first decide about these "
    "changes, by their diff:"
)
MOST = 100
"""Limits that are listed at most."""


@dataclass(frozen=True)
class Judging:
    """Limits that differ, by dotted name with both values, and files that do; `problem` says what cannot be told."""

    limits: tuple[changes.Difference, ...] = ()
    files: tuple[str, ...] = ()
    problem: str = ""


def compare(github: Api, base: str, head: str) -> Judging:
    """Compare a pull request's commit with the one of its base that it began from; what cannot be told is said."""
    files: tuple[str, ...] = ()
    try:
        began = github.ask("GET", f"/compare/{base}...{head}?per_page=1")["merge_base_commit"]["sha"]
        before, after = _files(github, began), _files(github, head)
        changed = sorted(path for path in before.keys() | after.keys() if before.get(path) != after.get(path))
        files = tuple(filter(_judges, changed))
        limits = _compare_limits(github, before, after) if PARAMS in changed else ()
    except MainlineError as error:
        return Judging(files=files, problem=str(error))
    return Judging(limits, files)


def add(document: Document, found: Judging) -> Document:
    """Return a report in which a person reads first what was changed of what judges; the same one if nothing was."""
    section = describe(found)
    return replace(document, sections=(section, *document.sections)) if section.blocks else document


def describe(found: Judging) -> Section:
    """Say what was changed; without blocks if nothing was."""
    blocks: list[Block] = []
    if found.limits or found.files:
        blocks.append(Paragraph((TOLD,)))
    if found.limits:
        rows = tuple(((Code(one.key),), _value(one.before), _value(one.after)) for one in found.limits)
        blocks.append(Table(("limit", "before", "now"), rows))
    if found.files:
        blocks.append(Bullets(((f"{count(len(found.files), 'file')}: ", Names(found.files)),)))
    if found.problem:
        blocks.append(Paragraph(("Whether it changes limits or machinery cannot be told: ", Prose(found.problem))))
    return Section("what judges it", "⚠️ It changes what judges it", tuple(blocks))


def _judges(path: str) -> bool:
    """Whether a file is of what judges."""
    return path in FILES or path.startswith(FOLDERS) or (path.startswith(SOURCES) and not path.startswith(OWN))


def _value(value: Any) -> Line:
    return (UNKNOWN,) if value is None else (Code(str(value)),)


def _files(github: Api, commit: str) -> dict[str, tuple[str, str]]:
    """Return the mode and the content's hash of each file of a commit, without the commit.

    Raises:
        MainlineError: when GitHub refuses, or does not list all.
    """
    found = github.ask("GET", f"/git/trees/{commit}?recursive=1")
    if found["truncated"]:
        raise MainlineError(f"GitHub does not list all files of {commit[:10]}.")
    return {item["path"]: (item["mode"], item["sha"]) for item in found["tree"] if item["type"] != "tree"}


def _compare_limits(
    github: Api, before: Mapping[str, tuple[str, str]], after: Mapping[str, tuple[str, str]]
) -> tuple[changes.Difference, ...]:
    old, new = (dict(changes.flat(_limits(github, listed))) for listed in (before, after))
    names = sorted(name for name in old.keys() | new.keys() if old.get(name) != new.get(name))
    return tuple(changes.Difference(name, old.get(name), new.get(name)) for name in names[:MOST])


def _limits(github: Api, listed: Mapping[str, tuple[str, str]]) -> dict[str, Any]:
    """Read the limits of a commit by its files; {} if it has none.

    Raises:
        MainlineError: when they cannot be read.
    """
    if PARAMS not in listed:
        return {}
    content = base64.b64decode(github.ask("GET", f"/git/blobs/{listed[PARAMS][1]}")["content"])
    if len(content) > strangers.MAX_FILE:
        raise MainlineError(f"{PARAMS} has {len(content):,} bytes, allowed are {strangers.MAX_FILE:,}.")
    try:
        return {LIMITS: strangers.load(content.decode(errors="replace")).get(LIMITS)}
    except ValueError as error:
        raise MainlineError(f"{PARAMS} cannot be read: {error}.") from error
