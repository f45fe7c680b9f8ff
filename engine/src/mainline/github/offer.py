"""The right lock that a pull request's run offers, as a stranger's word: what is taken of it, and why it is refused.

The run executed the pull request's code, so its artifact may hold anything. A lock is taken if it is the lock of the
pipeline that the commit declares: the same stages, commands, parameters and paths, with the hashes of the files that
git has and of the metrics beside it. What it cannot be held against is the content of data and model; the next run of
the pull request builds those again and compares.
"""

import hashlib
import io
import json
import re
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any

from mainline.errors import MainlineError
from mainline.github import strangers
from mainline.registry import runs
from mainline.remote import objects
from mainline.repository import checkout, git, lock

FOLDER = "metrics/"
"""Where alone files are taken to, beside the lock."""

_HASH = re.compile(r"[0-9a-f]{32}(?:\.dir)?")
_EXPONENT = re.compile(r"[-+]?\d+(?:\.\d+)?[eE][-+]?\d+")
_ITEM = {"path", "hash", "md5", "size", "nfiles", "isexec"}
_ENTRY = {"cmd", "deps", "params", "outs"}
_MAX_TEXT = 200  # characters of a cell in the record of runs


class OfferError(MainlineError):
    """What was offered is not the lock of this pipeline."""

    def __init__(self, found: str) -> None:
        super().__init__(
            f"the artifact 'lock' was refused: {found}. Nothing was committed. Run `make repro` on the branch and "
            "commit what it writes."
        )


def read(archive: bytes, commit: str) -> dict[str, str]:
    """Return the files to commit, by path, out of an artifact that is read in memory.

    Args:
        archive: the artifact's zip.
        commit: what the run was of; its pipeline, parameters and files are what the lock is held against.

    Raises:
        OfferError: naming the first thing that is not as this commit's pipeline would have written it.
    """
    pipeline = _mapping(objects.PIPELINE, _at(commit, objects.PIPELINE))
    kept = sorted(set(objects.kept_by_git(pipeline)))
    allowed = {str(lock.LOCK), str(runs.TABLE), *(path for path in kept if _is_plain(path))}
    offered = _unzip(archive, allowed)
    locked = offered.get(str(lock.LOCK))
    if locked is None:
        raise OfferError("it holds no dvc.lock")
    try:
        _check(locked, pipeline, commit, offered)
    except (AttributeError, KeyError, TypeError) as error:  # something is of another type than DVC writes it
        raise OfferError("dvc.lock or dvc.yaml is not formed as DVC has it") from error
    for path in kept:
        if _content(path, commit, offered) is None:
            raise OfferError(f"{path} is neither in it nor in the commit")
    if str(runs.TABLE) in offered:
        offered[str(runs.TABLE)] = _record(offered[str(runs.TABLE)], locked)
    return offered


def _unzip(archive: bytes, allowed: set[str]) -> dict[str, str]:
    try:
        with zipfile.ZipFile(io.BytesIO(archive)) as opened:
            names = opened.namelist()
            if len(names) != len(set(names)) or not set(names) <= allowed:
                raise OfferError("it holds files that the pipeline does not write")
            return {name: _text(opened, name) for name in names}
    except strangers.DAMAGED as error:
        raise OfferError("it is not an archive of texts that can be read") from error


def _text(opened: zipfile.ZipFile, name: str) -> str:
    with opened.open(name) as member:
        content = member.read(strangers.MAX_FILE + 1)
    if len(content) > strangers.MAX_FILE:
        raise OfferError(f"{name} has more than {strangers.MAX_FILE:,} bytes")
    if name.endswith(".json"):
        json.loads(content)
    return content.decode()


def _check(locked: str, pipeline: Mapping[str, Any], commit: str, offered: Mapping[str, str]) -> None:
    content = _mapping(str(lock.LOCK), locked)
    if set(content) != {"schema", "stages"} or content["schema"] != "2.0":
        raise OfferError("dvc.lock is not of the schema 2.0")
    try:
        stages = lock.entries(locked)
    except lock.LockError as error:
        raise OfferError("dvc.lock names no stages as DVC does") from error
    declared = _fill(pipeline.get("stages") or {}, pipeline.get("vars") or [])
    if set(stages) != set(declared):
        raise OfferError("dvc.lock has other stages than dvc.yaml")
    values = _mapping("params.yaml", _at(commit, "params.yaml"))
    for stage, entry in stages.items():
        wanted = {
            "cmd": declared[stage].get("cmd"), "deps": sorted(declared[stage].get("deps") or []),
            "outs": sorted(_paths(declared[stage])), "params": _params(declared[stage], values),
        }  # fmt: skip
        found = {
            "cmd": entry["cmd"], "deps": sorted(item["path"] for item in entry.get("deps") or []),
            "outs": sorted(item["path"] for item in entry.get("outs") or []),
            "params": _numbers(entry.get("params") or {}),
        }  # fmt: skip
        for part in wanted:
            if found[part] != wanted[part]:
                raise OfferError(f"{part} of the stage {stage} are not what the commit declares")
        if not set(entry) <= _ENTRY:
            raise OfferError(f"the stage {stage} has an unknown key")
    _check_hashes(stages, commit, offered)


def _check_hashes(stages: lock.Entries, commit: str, offered: Mapping[str, str]) -> None:
    """Hold each hash against what it is of, where that is known: another stage's output, or a file of git."""
    made = {item["path"]: item["md5"] for entry in stages.values() for item in entry.get("outs") or []}
    for stage, entry in stages.items():
        for item in (*(entry.get("deps") or []), *(entry.get("outs") or [])):
            if not set(item) <= _ITEM or not _HASH.fullmatch(str(item["md5"])) or not _sizes(item):
                raise OfferError(f"an entry of the stage {stage} is not a hash with its size")
            known = made.get(item["path"], item["md5"])
            content = _content(item["path"], commit, offered)
            if content is not None and not checkout.is_pointer(content):
                known = hashlib.md5(content, usedforsecurity=False).hexdigest()
            if item["md5"] != known:
                raise OfferError(f"the hash of {item['path']} at the stage {stage} is of something else")


def _content(path: str, commit: str, offered: Mapping[str, str]) -> bytes | None:
    return offered[path].encode() if path in offered else git.blob(f"{commit}:{path}")


def _sizes(item: Mapping[str, Any]) -> bool:
    numbers = [item[key] for key in ("size", "nfiles") if key in item]
    return all(type(number) is int and number >= 0 for number in numbers) and item.get("hash", "md5") == "md5"


def _record(table: str, locked: str) -> str:
    """Keep the rows that belong to the lock, written anew; the other cells are words for people."""
    known = runs.of_lock(table, locked).values()
    if any(
        len(text) > _MAX_TEXT or not text.isprintable()
        for run in known
        for text in vars(run).values()
        if type(text) is str
    ):
        raise OfferError(f"{runs.TABLE} has a cell that is not a line of text")
    return runs.render(list(known))


def _mapping(name: str, text: str) -> dict[str, Any]:
    try:
        return strangers.load(text)
    except ValueError as error:
        raise OfferError(f"{name} cannot be read: {error}") from error


def _at(commit: str, name: str) -> str:
    content = git.blob(f"{commit}:{name}")
    if content is None:
        raise OfferError(f"the commit has no {name}")
    return content.decode(errors="replace")


def _fill(value: Any, variables: list[Any]) -> Any:
    """Put the pipeline's own variables in place of `${name}`."""
    known = {name: str(text) for item in variables if isinstance(item, dict) for name, text in item.items()}
    if isinstance(value, dict):
        return {_fill(key, variables): _fill(item, variables) for key, item in value.items()}
    if isinstance(value, list):
        return [_fill(item, variables) for item in value]
    if isinstance(value, str):
        return re.sub(r"\$\{(\w+)\}", lambda found: known.get(found[1], found[0]), value)
    return value


def _paths(stage: Mapping[str, Any]) -> Iterator[str]:
    for kind in ("outs", "metrics", "plots"):
        for item in stage.get(kind) or []:
            yield from ([item] if isinstance(item, str) else item)


def _params(stage: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters that a stage declares, with the values that the commit has."""
    found: dict[str, Any] = {}
    for name in stage.get("params") or []:
        value: Any = values
        for part in str(name).split("."):
            value = value.get(part) if isinstance(value, Mapping) else None
        found[str(name)] = _numbers(value)
    return {"params.yaml": found} if found else {}


def _numbers(value: Any) -> Any:
    """Read `1e-05` as the number that DVC wrote: YAML 1.1, which PyYAML speaks, takes it for a text."""
    if isinstance(value, Mapping):
        return {key: _numbers(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_numbers(item) for item in value]
    return float(value) if isinstance(value, str) and _EXPONENT.fullmatch(value) else value


def _is_plain(path: str) -> bool:
    """Whether a path leads to a table or a document in the folder of metrics, and nowhere else."""
    parts = PurePosixPath(path).parts
    return path.startswith(FOLDER) and not {"..", ".git"} & set(parts) and path.endswith((".json", ".csv"))
