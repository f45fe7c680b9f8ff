"""The program CML: brought from its release's source, checked by a hash of all its files, and kept under that hash.

`requirements/cml/package.json` declares version, source and hash; the lock beside it has the hash of each library.
"""

import hashlib
import http.client
import io
import json
import os
import re
import shutil
import subprocess
import tarfile
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from mainline import processes, progress
from mainline.errors import MainlineError

FOLDER = Path("requirements/cml")
ENTRY = "bin/cml.js"
TRIES = 4
SECONDS = 60.0  # until a download counts as lost
LIMIT = 600.0  # seconds until npm, or the program asked for its version, counts as hanging
MAX_BYTES = 20_000_000  # of the source; that of 0.20.6 has 0.2 MB
_WAIT = 1.0  # seconds before the second try; doubled before each other
_PASSED_ON = re.compile(
    r"PATH|HOME|LANG|TMPDIR|SYSTEMROOT|(https?|no)_proxy|npm_config_\w+|(NODE|SSL)\w*_CERT\w*", re.I
)
"""Variables that npm may see: where it looks and whom it trusts, but no token of the job."""


class ProgramError(MainlineError):
    """CML cannot be had as it is declared; none of it is run."""


@dataclass(frozen=True)
class Declared:
    """What CML is: its version, where its source is, and the SHA-256 of `digest` of everything that runs."""

    version: str
    source: str
    sha256: str

    @property
    def place(self) -> Path:
        """The folder that it is kept in, which its hash names."""
        cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
        return Path(cache) / "mainline" / "cml" / self.sha256


def read() -> Declared:
    """Read what is declared; the variable CML_SOURCE names another place to take the same source from.

    Raises:
        ProgramError: when the declaration cannot be read, or a hash is not one.
    """
    file = FOLDER / "package.json"
    try:
        found = json.loads(file.read_text(encoding="utf-8"))["cml"]
        declared = Declared(*(str(found[key]) for key in ("version", "source", "sha256")))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ProgramError(f"{file} does not declare CML's version, source and sha256 ({error!r:.200}).") from error
    if not re.fullmatch(r"[0-9a-f]{64}", declared.sha256):
        raise ProgramError(
            f"{file}: sha256 is {declared.sha256!r:.80}, which is not a SHA-256 (64 digits, 0-9 and a-f)."
        )
    return Declared(declared.version, os.environ.get("CML_SOURCE") or declared.source, declared.sha256)


def find() -> list[str] | None:
    """Return the command that runs the declared CML; None if it is not here, or a file of it is another."""
    declared, node = read(), shutil.which("node")
    if node is None or digest(declared.place) != declared.sha256:
        return None
    return [node, str(declared.place / ENTRY)]


def bring() -> str:
    """Bring the declared CML, unless it is here; it is put in place whole, after all of it was checked and tried.

    Raises:
        ProgramError: when a part cannot be had, or is not what is declared; then nothing is kept.
    """
    declared = read()
    if find():
        return f"CML {declared.version} is here already, as declared: sha256 {declared.sha256[:12]}."
    for name in ("node", "npm"):
        if shutil.which(name) is None:
            raise ProgramError(
                f"there is no `{name}` on the PATH; CML is a program for Node.js 16 or newer. Install it."
            )
    parent = declared.place.parent
    parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="bringing-", dir=parent) as partial:
        made = Path(partial) / "made"
        with progress.clock(f"fetching the source of CML {declared.version}"):
            _unpack(_download(declared.source), made)
        with progress.clock("fetching its libraries"):
            _install(made)
        found = digest(made)
        if found != declared.sha256:
            raise ProgramError(
                f"what was brought is not the declared CML {declared.version}: its files have sha256 {found}, "
                f"declared is {declared.sha256}. Nothing of it was kept or run. If you changed {FOLDER} on purpose, "
                f"declare the new hash in {FOLDER}/package.json; otherwise somebody changed the source or a library."
            )
        _try(made, declared.version)
        _place(made, declared, Path(partial) / "damaged")
    return f"CML {declared.version} is here, as declared: sha256 {declared.sha256[:12]}."


def digest(folder: Path) -> str:
    """Return the SHA-256 of what `sha256sum` says of all files, with names below the folder, sorted by byte."""
    names = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    lines = (f"{hashlib.sha256((folder / name).read_bytes()).hexdigest()}  {name}\n" for name in names)
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def _download(url: str) -> bytes:
    """Read a file over https, or from this machine; a connection that drops is tried again."""
    if not url.startswith(("https://", "file://")):
        raise ProgramError(f"{url} is neither https:// nor file://.")
    for attempt in range(TRIES):
        try:
            with urllib.request.urlopen(url, timeout=SECONDS) as answer:  # noqa: S310 - one of two schemes, as checked
                content: bytes = answer.read(MAX_BYTES + 1)
                if len(content) > MAX_BYTES:
                    raise ProgramError(f"{url} has more than {MAX_BYTES:,} bytes, which is the limit.")
                if _is_whole(content, answer.headers):
                    return content
                reason = "the connection dropped"
        except (OSError, http.client.HTTPException) as error:
            reason = " ".join(str(error).split())[:200] or type(error).__name__
            if isinstance(error, urllib.error.HTTPError) and error.code < 500 and error.code != 429:
                break
        if attempt < TRIES - 1:
            progress.say(f"{reason}; trying again")
            time.sleep(_WAIT * 2**attempt)
    raise ProgramError(f"{url} cannot be had: {reason}. Try again, or name a copy by CML_SOURCE=file:///... .")


def _is_whole(content: bytes, headers: Mapping[str, str]) -> bool:
    return len(content) >= int(headers.get("Content-Length") or 0)


def _unpack(archive: bytes, target: Path) -> None:
    """Unpack the files below the one folder that an archive of source has."""
    try:
        with tarfile.open(fileobj=io.BytesIO(archive), mode="r:*") as opened:
            members = [member for member in opened if member.isfile()]
            for member in members:
                parts = PurePosixPath(member.name).parts[1:]
                if not parts or ".." in parts:
                    raise ProgramError(f"the source has a file named {member.name!r:.100}, which it may not have.")
                file = target / Path(*parts)
                file.parent.mkdir(parents=True, exist_ok=True)
                content = opened.extractfile(member)
                file.write_bytes(content.read() if content else b"")
    except (tarfile.TarError, EOFError, OSError, ValueError) as error:
        raise ProgramError(f"the source is not an archive that can be read ({error}).") from error


def _install(made: Path) -> None:
    """Put the locked libraries beside the source; no script of theirs is run, and npm's own notes are not kept."""
    own = made / "libraries"
    own.mkdir(parents=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copy2(FOLDER / name, own)
    options = (
        "--ignore-scripts",
        "--omit=optional",
        "--no-bin-links",
        "--no-audit",
        "--no-fund",
        f"--fetch-retries={TRIES}",
    )
    environment = {name: value for name, value in os.environ.items() if _PASSED_ON.fullmatch(name)}
    said = _run(["npm", "ci", *options], own, environment, "the libraries of CML cannot be had")
    libraries = own / "node_modules"
    if libraries.is_dir():
        (libraries / ".package-lock.json").unlink(missing_ok=True)
        libraries.rename(made / "node_modules")
    elif "dependencies" in json.loads((FOLDER / "package.json").read_text(encoding="utf-8")):
        raise ProgramError(f"npm brought no library: {said[-300:]}")
    shutil.rmtree(own)


def _try(made: Path, version: str) -> None:
    """Ask the program for its version, so that one that this Node.js cannot run is known before it is needed."""
    said = _run(["node", str(made / ENTRY), "--version"], made, {"PATH": os.environ["PATH"]}, "CML cannot be run")
    if said.split()[-1:] != [version]:
        raise ProgramError(f"CML calls itself {said[-80:]!r}, declared is {version}.")


def _run(command: list[str], folder: Path, environment: Mapping[str, str], wrong: str) -> str:
    program = shutil.which(command[0])
    try:
        finished = processes.run(
            [program or command[0], *command[1:]], LIMIT, cwd=folder, env=dict(environment), text=True, errors="replace"
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ProgramError(f"{wrong}: {' '.join(str(error).split())[:300]}.") from error
    if finished.returncode != 0:
        said = " ".join((finished.stderr or finished.stdout).split())
        raise ProgramError(f"{wrong}: `{command[0]}` ended with {finished.returncode}: {said[:300]}")
    return str(finished.stdout)


def _place(made: Path, declared: Declared, aside: Path) -> None:
    """Rename what was checked into its place, past what is damaged there; somebody faster is as good."""
    if declared.place.exists() and digest(declared.place) != declared.sha256:
        declared.place.rename(aside)
    try:
        made.rename(declared.place)
    except OSError as error:
        if digest(declared.place) != declared.sha256:
            raise ProgramError(f"CML cannot be put into {declared.place}: {error.strerror}.") from error
