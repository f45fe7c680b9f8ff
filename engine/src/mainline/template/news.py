"""What a person reads after an upgrade: what is new, and what the template changed in files that are theirs."""

import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import yaml

from mainline import display
from mainline.repository.git import blob, git
from mainline.repository.tree import Entry
from mainline.template import versions
from mainline.template.ownership import Ownership, below
from mainline.template.plan import Files
from mainline.text import clip, count, few

CHANGELOG = "engine/CHANGELOG.md"
FREE = ("model.params", "tune.space")
"""Sections of `params.yaml` whose keys are those of an estimator, and each fork's own."""
_SECTION = re.compile(r"^## ", re.MULTILINE)
_PART = re.compile(r"^### ", re.MULTILINE)
_ENTRY = re.compile(r"\n(?:\n|(?=- ))")
_MIGRATE = re.compile(r"To migrate\b(?!:?\s*nothing\b).*")
_ABOUT = 78
_KEYS, _VALUE, _FILES = 5, 24, 3
"""How many new keys of a section are named, columns that the value of each may take, and files that share a line."""
_PATH = re.compile(r"(?<=`)(?=docs/|deploy/container/)")
_LINK = re.compile(r"\[[^\]]*\]\((?!\w+:)([^)]*)\)")


def changelog(version: str, installed: str) -> str:
    """Return the headlines of a version's changelog that are newer than the version that was there; all for ''.

    A headline stands for its entries, which are counted; what a person has to do is said whole.
    """
    text = (blob(f"{versions.find(version)}:{CHANGELOG}") or b"").decode()
    found = []
    for section in _SECTION.split(text)[1:]:
        heading = f"v{section.split()[0].removeprefix('v')}"
        if not versions.VERSION.fullmatch(heading) or (
            installed and versions.order(heading) <= versions.order(installed)
        ):
            continue
        found.append(_headlines(section))
    return "\n\n".join([*found, f"{CHANGELOG} has all of it."] if found else [])


def _headlines(section: str) -> str:
    """Shorten the section of one version; paths in it are those from the top of the repository."""
    head, *parts = _PART.split(section)
    title, *own = _entries(head)
    lines = [f"New in {title}:", *(f"  {entry.removeprefix('- ')}" for entry in own if entry.startswith("- "))]
    for part in parts:
        heading, *entries = _entries(part)
        lines.append(f"  {heading} ({sum(entry.startswith('- ') for entry in entries)})")
    return "\n".join([*lines, *(line for entry in _entries(section) for line in _steps(entry))])


def _steps(entry: str) -> list[str]:
    """Return what an entry says is left to do, under the words by which it begins; [] if nothing is."""
    step = _MIGRATE.search(entry)
    if step is None:
        return []
    about = entry[: step.start()].removeprefix("- ").strip()
    return [f"  {clip(about, _ABOUT)}", f"    {step[0]}"] if about else [f"  {step[0]}"]


def _entries(text: str) -> list[str]:
    """Return the title, the paragraphs and the list's entries of a part, one line each."""
    entries = (" ".join(entry.split()) for entry in _ENTRY.split(text.strip()))
    return [_LINK.sub(r"`engine/\1`", _PATH.sub("engine/", entry)) for entry in entries if entry]


def differences(before: str, after: str, files: tuple[Files, Files, Files], ownership: Ownership) -> str:
    """Return what the template changed in its copy of files that are the fork's, and how that gets into the fork's.

    Args:
        before: the template's commit that the fork has the machinery of.
        after: the version's commit.
        files: those of `before`, of the fork as it is after the upgrade, and of `after`.
        ownership: what the version declares.
    """
    was, fork, comes = files
    found: list[str] = []
    keys: dict[tuple[tuple[str, ...], tuple[str, ...]], list[str]] = {}
    for path in sorted(fork.keys() & was.keys() & comes.keys()):
        if fork[path] == comes[path] or was[path] == comes[path]:
            continue
        if below(path, ownership.declared):
            keys.setdefault(_keys(was[path], fork[path], comes[path]), []).append(path)
        elif below(path, ownership.told):
            found.append(
                f"  {path}: `git diff {before[:12]} {after[:12]} -- {path} | git apply --3way` makes the same edit:"
            )
            diff = git("diff", "--unified=0", was[path].blob, comes[path].blob).splitlines()
            found += [f"    {line}" for line in diff if re.match(r"[-+](?![-+]{2} )", line)]
    told = [
        line for (new, gone), paths in keys.items() for line in _told(new, gone, paths, f"{before[:12]} {after[:12]}")
    ]
    return "\n".join([*told, *found])


def _told(new: tuple[str, ...], gone: tuple[str, ...], paths: list[str], between: str) -> list[str]:
    """Say in a few lines which keys of files came and went, and what shows them with their comments."""
    named = few(paths, _FILES)
    lines = [f"  {named}: {few(gone, _KEYS)} {'is' if len(gone) == 1 else 'are'} gone"] if gone else []
    if new:
        shown = f"`git diff {between} -- {' '.join(paths)}` shows the comments"
        lines.append(f"  {named}: {count(len(new), 'new key')}; {shown}")
        lines += [f"    {section}{few(keys, _KEYS)}" for section, keys in _by_section(new).items()]
    return [display.fold(line) for line in lines]


def _keys(was: Entry, here: Entry, comes: Entry) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the keys that are new in the template and not here, with their values, and those that only are here."""
    before, own, after = (
        dict(_flat(yaml.safe_load(git("cat-file", "blob", each.blob)))) for each in (was, here, comes)
    )
    new = [f"{key} {clip(_written(after[key]), _VALUE)}" for key in after if key not in before and key not in own]
    gone = [key for key in before if key not in after and key in own]
    return tuple(key for key in new if not key.startswith(FREE)), tuple(key for key in gone if not key.startswith(FREE))


def _by_section(keys: Sequence[str]) -> dict[str, list[str]]:
    """Put keys below the section that they begin with, such as `gate: `, or below ''."""
    found: dict[str, list[str]] = {}
    for key in keys:
        name, space, value = key.partition(" ")
        section, dot, rest = name.partition(".")
        found.setdefault(f"{section}: " if dot else "", []).append(f"{rest if dot else name}{space}{value}")
    return found


def _written(value: Any) -> str:
    """Write a value as it stands in a file of YAML."""
    return yaml.safe_dump(value, default_flow_style=True, width=sys.maxsize).removesuffix("...\n").strip()


def _flat(value: Any, at: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping) and value:
        for name, item in value.items():
            yield from _flat(item, f"{at}.{name}" if at else str(name))
    else:
        yield at, value
