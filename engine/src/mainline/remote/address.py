"""Where a store in a folder is, for this clone: written absolute into `.dvc/config.local`, which git does not see.

DVC takes a relative address from wherever it reads `.dvc/config`. For `dvc exp push` that is a commit, whose root it
takes for the root of the file system, so git holds no relative address: a clone that declares no store gets one here.
A worktree has no folder `.git`, so an address below it is one in the folder that all worktrees of a clone share.
"""

import contextlib
import json
import os
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from mainline import files, progress
from mainline.repository.git import ask

FOLDER = Path(".dvc")
NAME = "storage"
DEFAULT = "../.git/mainline/storage"
"""The store of a clone that declares none, from `.dvc`: where `git clean` does not reach."""

BEFORE = FOLDER / "storage"
"""Where it was in earlier versions of this template."""

WRITTEN = FOLDER / "tmp" / "addresses.json"
"""What was written here, by remote."""

_SCHEME = re.compile(r"\w+://")
_FORMER = "before-"
_TAIL = DEFAULT.removeprefix("..")


def settle() -> None:
    """Write the absolute address of each store in a folder, and bring the objects of the earlier default there.

    Without a declaration that is the default store; if one is declared later, the default store is kept as `before-1`.
    An address in `.dvc/config.local` that a person wrote stays; one of ours goes when its declaration does.
    """
    from dvc.config import Config, ConfigError

    if not (FOLDER / "config").is_file():
        return
    with contextlib.suppress(ConfigError):  # DVC says itself what is wrong with it
        config = Config(str(FOLDER), validate=False)
        own = _addresses(config, FOLDER / "config.local")
        declared = _addresses(config, FOLDER / "config")
        ours = _ours(own)
        wanted = {name: _absolute(url) for name, url in declared.items() if _is_relative(url)}
        default = _absolute(DEFAULT)
        wanted |= {name: default for name in ours if name.startswith(_FORMER) and own[name].endswith(_TAIL)}
        is_declared = any(config.load_config_to_level("local").get("remote", {}))
        if not is_declared and not own.keys() - ours:
            wanted[NAME] = default
        elif NAME in ours and NAME not in wanted and Path(default).is_dir():
            wanted[former(own | declared)] = default
        for name in (wanted.keys() | ours) - (own.keys() - ours):
            if own.get(name) != wanted.get(name):
                _write(config, name, wanted.get(name), is_default=name not in declared and name == NAME)
        if declared.get(NAME, DEFAULT) == DEFAULT and NAME in wanted and BEFORE.is_dir():
            _move(BEFORE, Path(wanted[NAME]))


def former(names: Mapping[str, Any]) -> str:
    """Name a store whose place another one takes: the first such name that none of these has."""
    return next(name for number in range(1, 100) if (name := f"{_FORMER}{number}") not in names)


def kept() -> str:
    """Name the remote under which this clone's default store is kept since another one was declared; '' if none is."""
    from dvc.config import Config

    own = _addresses(Config(str(FOLDER), validate=False), FOLDER / "config.local")
    return next((name for name in own if name.startswith(_FORMER) and own[name].endswith(_TAIL)), "")


def is_shared() -> bool:
    """Whether the repository declares a store that other machines reach too, such as a bucket."""
    from dvc.config import Config

    declared = Config(str(FOLDER), validate=False).load_file(str(FOLDER / "config"))
    address = declared.get("remote", {}).get(declared.get("core", {}).get("remote", ""), {}).get("url", "")
    return "://" in address and not address.startswith("file://")


def _addresses(config: Any, file: Path) -> dict[str, str]:
    remotes = config.load_file(str(file)).get("remote", {}) if file.is_file() else {}
    return {name: str(about["url"]) for name, about in remotes.items() if "url" in about}


def _is_relative(url: str) -> bool:
    return not (_SCHEME.match(url) or Path(url).is_absolute())


def _ours(own: Mapping[str, str]) -> set[str]:
    """Name the remotes of this clone whose address was written here, and not by a person."""
    try:
        written = json.loads(WRITTEN.read_bytes())
    except (OSError, ValueError):
        written = {}
    return {name for name, url in own.items() if written.get(name) == url or url.endswith(_TAIL)}


def _write(config: Any, name: str, place: str | None, *, is_default: bool) -> None:
    """Write the address of a remote into `.dvc/config.local`, or remove it; the default store is declared there too."""
    with contextlib.suppress(OSError):  # a clone that may only be read is left as it is
        written = json.loads(WRITTEN.read_bytes()) if WRITTEN.is_file() else {}
        files.replace(WRITTEN, json.dumps({**written, name: place}))
        with _beyond_ascii(), config.edit("local", validate=False) as edited:
            about = edited.setdefault("remote", {}).setdefault(name, {})
            core = edited.setdefault("core", {})
            about.pop("url", None)
            if place is not None:
                about["url"] = place
            if place is not None and is_default:
                about["verify"], core["remote"] = True, name
            elif core.get("remote") == name:
                about.pop("verify", None)
                del core["remote"]
            if not about:
                del edited["remote"][name]


@contextlib.contextmanager
def _beyond_ascii() -> Iterator[None]:
    """Have DVC write its settings in the encoding in which it reads them; it writes ASCII, and fails on other paths."""
    from configobj import ConfigObj

    usual = ConfigObj.write

    def write(settings: Any, *where: Any, **more: Any) -> Any:
        settings.encoding = sys.getfilesystemencoding()
        return usual(settings, *where, **more)

    ConfigObj.write = write
    try:
        yield
    finally:
        ConfigObj.write = usual


def _absolute(url: str) -> str:
    """Resolve an address that begins in `.dvc`."""
    inside = Path(os.path.normpath(FOLDER / url))
    common = ask("rev-parse", "--git-common-dir")
    if inside.parts[:1] == (".git",) and common:
        return str(Path(common).resolve().joinpath(*inside.parts[1:]))
    return os.path.normpath(Path.cwd() / inside)


def _move(before: Path, now: Path) -> None:
    """Rename each file into its new place; killed anywhere, the next call goes on."""
    files = [file for file in before.rglob("*") if file.is_file()]
    for file in files:
        target = now / file.relative_to(before)
        target.parent.mkdir(parents=True, exist_ok=True)
        file.replace(target)
    for folder in sorted((path for path in [before, *before.rglob("*")] if path.is_dir()), reverse=True):
        folder.rmdir()
    if files:
        progress.say(f"The store moved from {before} to {now}, where `git clean` does not reach.")
