"""Bring a virtual environment to exactly what a lock file says, the same way on every machine.

The lock is complete, so nothing is resolved: uv takes the files that it names, by their hashes. uv itself is pinned by
hash too (`uv.txt`), and the pip of the new environment brings it; a uv on the PATH is not asked. What has no wheel is
built by the setuptools of `build.txt`. So no later release of anything changes what is installed.

Only the standard library is imported: this runs before anything is installed.
"""

import argparse
import ast
import contextlib
import fcntl
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path

HERE = Path(__file__).parent
UNFINISHED = ".unfinished"
"""The file that stands in an environment as long as it is being changed."""
TOLD_EVERY = 10.0
"""Seconds between two lines of progress where lines cannot be overwritten."""

PIP_AND_UV = {
    "index-url": "UV_DEFAULT_INDEX",
    "extra-index-url": "UV_INDEX",
    "find-links": "UV_FIND_LINKS",
    "cert": "SSL_CERT_FILE",
    "proxy": "ALL_PROXY",
    "trusted-host": "UV_INSECURE_HOST",
    "timeout": "UV_HTTP_TIMEOUT",
    "no-index": "UV_OFFLINE",
}
"""Where pip's settings say packages come from, and uv's words for the same."""

OTHER_PACKAGES = (
    "UV_BUILD_CONSTRAINT", "UV_CONSTRAINT", "UV_EXCLUDE_NEWER", "UV_NO_BINARY", "UV_NO_BINARY_PACKAGE", "UV_NO_BUILD",
    "UV_NO_BUILD_ISOLATION", "UV_NO_BUILD_PACKAGE", "UV_OVERRIDE", "UV_PROJECT_ENVIRONMENT", "UV_PYTHON",
    "UV_REQUIRE_HASHES", "UV_SYSTEM_PYTHON", "UV_TARGET", "VIRTUAL_ENV",
)  # fmt: skip
"""What a person may have set for other projects, and what would change what is installed, or where."""


class InstallError(Exception):
    """The environment could not be made; its text says why and what to do."""


def main() -> int:
    """Make the environment; 0 if it is as the lock says, 1 after one message that says why it is not."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="of the virtual environment")
    parser.add_argument("lock", type=Path, help="a complete lock file with hashes")
    parser.add_argument("--mark", type=Path, action="append", default=[], help="made once it is done; its old ones go")
    parser.add_argument("--search", type=Path, action="append", default=[], help="a folder whose modules are found")
    parser.add_argument("--compile", action="store_true", help="compile to bytecode now instead of at the first import")
    given = parser.parse_args()
    try:
        with alone(given.folder):
            if not (given.mark and all(mark.exists() for mark in given.mark)) or not works(given.folder):
                install(given.folder, given.lock, given.search, given.compile or bool(sys.flags.dont_write_bytecode))
                replace_marks(given.folder, given.mark)
    except InstallError as error:
        return tell(str(error))
    except OSError as error:  # such as a disk that is full or read-only
        return tell(f"{error.filename or given.folder}: {error.strerror}.")
    except KeyboardInterrupt:
        print("\nSet-up was interrupted; the same command goes on.", file=sys.stderr)
        return 130
    return 0


def tell(why: str) -> int:
    """Say why there is no environment, and how to go on; the exit status."""
    print(f"\nSet-up did not finish: {why}\nWhat is there is kept; the same command goes on.", file=sys.stderr)
    return 1


@contextlib.contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Wait until nobody else sets up an environment in the same place, such as another worktree that shares it."""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        place = os.open(folder.parent, os.O_RDONLY)
    except OSError as error:
        raise InstallError(f"{folder.parent} cannot be used: {error.strerror}.") from error
    try:
        fcntl.flock(place, fcntl.LOCK_EX)
        yield
    finally:
        os.close(place)


def works(folder: Path) -> bool:
    """Say whether the environment has a Python that starts, with a pip, and whether its last set-up was finished."""
    if (folder / UNFINISHED).exists():
        return False
    try:
        asked = [folder / "bin/python", "-m", "pip", "--version"]
        return subprocess.run(asked, capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def install(folder: Path, lock: Path, search: list[Path], compiled: bool) -> None:
    """Bring what the lock names, and nothing else; an environment that works is changed in place, never taken away."""
    begin = time.monotonic()
    version = ".".join(map(str, sys.version_info[:3]))
    again = works(folder)
    print(
        f"{'Updating' if again else 'Setting up'} {folder} from {lock} (Python {version})", file=sys.stderr, flush=True
    )
    if not again:
        create(folder)
    (folder / UNFINISHED).touch()
    uv = bring_uv(folder)
    environment = uv_environment(folder)
    build = ["--build-constraints", str(HERE / "build.txt"), "--python", str(folder / "bin/python")]
    compiling = ["--compile-bytecode"] if compiled else []
    run_uv([uv, "pip", "sync", "--require-hashes", *compiling, *build, str(lock)], environment, begin)
    if search:
        write_search_path(folder, search)
    (folder / UNFINISHED).unlink()
    names = len(re.findall(r"^\S+==", lock.read_text("utf-8"), re.MULTILINE))
    print(f"Ready in {time.monotonic() - begin:.0f} s: the {names} packages of {lock}", file=sys.stderr, flush=True)


def write_search_path(folder: Path, search: list[Path]) -> None:
    """Have the environment's Python find the modules of these folders as they are edited.

    Python 3.11 and 3.12 read the file in the encoding of the locale, and do not start if they cannot: it is ASCII.
    """
    asked = [folder / "bin/python", "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]
    place = Path(os.fsdecode(subprocess.run(asked, capture_output=True, check=True).stdout.strip()))
    folders = [os.fsencode(path.resolve()) for path in search]
    line = f"import os, sys; sys.path.extend(map(os.fsdecode, {folders}))\n"
    (place / "mainline.pth").write_text(line, "ascii")


def create(folder: Path) -> None:
    """Make an empty environment with the pip that this Python comes with."""
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        raise InstallError(f"{folder} is not a folder. Remove it, or name another one by VENV=.")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    (folder / UNFINISHED).touch()
    python = getattr(sys, "_base_executable", sys.executable)
    done = subprocess.run([python, "-m", "venv", folder], capture_output=True, text=True, errors="replace", check=False)
    if done.returncode:
        said = (done.stdout + done.stderr).strip()
        if "non-zero exit status" in said:  # venv keeps to itself what ensurepip said
            said = f"Python's ensurepip brings no pip: {ask_ensurepip(folder)}"
        shutil.rmtree(folder, ignore_errors=True)
        advice = "Python's venv module is missing; on Debian and Ubuntu: apt install python3-venv."
        raise InstallError(advice if re.search("ensurepip is not available|No module named", said) else said)


def ask_ensurepip(folder: Path) -> str:
    """Return why ensurepip brings no pip: what the system refused, such as a full disk, or else its last line."""
    asked = [folder / "bin/python", "-m", "ensurepip", "--default-pip"]
    try:
        done = subprocess.run(asked, capture_output=True, text=True, errors="replace", check=False)
    except OSError as error:
        return str(error)
    refused = re.search(r"\[Errno .*", done.stderr)
    return refused[0] if refused else done.stderr.strip().rpartition("\n")[2]


def bring_uv(folder: Path) -> Path:
    """The path of the pinned uv in the environment; pip downloads its wheel by hash, unless it is there already.

    The wheel is downloaded and opened, not installed: settings of pip that say where to install play no part.
    """
    pinned = re.search(r"^uv==(\S+)", (HERE / "uv.txt").read_text("utf-8"), re.MULTILINE)
    assert pinned, "uv.txt names a version of uv"
    uv = folder / "bin/uv"
    if uv.exists():
        said = subprocess.run([uv, "--version"], capture_output=True, text=True, check=False).stdout
        if said.split()[1:2] == [pinned[1]]:
            return uv
    with tempfile.TemporaryDirectory() as scratch:
        asked = [
            folder / "bin/python", "-m", "pip", "--disable-pip-version-check", "--quiet", "download", "--no-deps",
            "--require-hashes", "--only-binary", ":all:", "--dest", scratch, "--requirement", HERE / "uv.txt",
        ]  # fmt: skip
        done = subprocess.run(asked, capture_output=True, text=True, errors="replace", check=False)
        wheels = list(Path(scratch).glob("uv-*.whl"))
        if done.returncode or not wheels:
            raise InstallError(f"pip could not bring uv {pinned[1]}, which installs the rest:\n{advise(done.stderr)}")
        with zipfile.ZipFile(wheels[0]) as wheel:
            name = next(name for name in wheel.namelist() if name.endswith(".data/scripts/uv"))
            partial = uv.with_name("uv.partial")
            partial.write_bytes(wheel.read(name))
            partial.chmod(0o755)
            partial.replace(uv)
    return uv


def uv_environment(folder: Path) -> dict[str, str]:
    """The variables that uv is started with: where pip is told to look for packages, uv looks too."""
    environment = {name: value for name, value in os.environ.items() if name not in OTHER_PACKAGES}
    python = folder / "bin/python"
    listed = subprocess.run([python, "-m", "pip", "config", "list"], capture_output=True, text=True, check=False).stdout
    for name, value in read_pip_settings(listed).items():
        environment.setdefault(name, value)
    # Everything is pinned by its hash, so it does not matter which index has it.
    environment.setdefault("UV_INDEX_STRATEGY", "unsafe-best-match")
    environment["UV_NO_PROGRESS"] = "1"
    # uv reads what Python prints of its paths as UTF-8, and any other locale than C may have Python print Latin-1.
    environment["LC_ALL"] = "C"
    environment.setdefault("UV_LINK_MODE", "clone" if sys.platform == "darwin" else "hardlink")
    cache = Path(
        environment.get("UV_CACHE_DIR") or Path(environment.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "uv"
    )
    with contextlib.suppress(OSError):
        cache.mkdir(parents=True, exist_ok=True)
    if not os.access(cache, os.W_OK):
        environment["UV_NO_CACHE"] = "1"
    return environment


def read_pip_settings(listed: str) -> Mapping[str, str]:
    """Translate what `pip config list` prints; settings of a command come after global ones, variables last."""
    found = {}
    for line in listed.splitlines():
        key, _, quoted = line.partition("=")
        name = key.rpartition(".")[2]
        if name not in PIP_AND_UV:
            continue
        with contextlib.suppress(ValueError, SyntaxError):
            value = str(ast.literal_eval(quoted))
            many = "," if name == "find-links" else " "
            found[PIP_AND_UV[name]] = many.join(value.split())
    return found


def run_uv(command: list[str | Path], environment: Mapping[str, str], begin: float) -> None:
    """Run uv and tell what it does; raise InstallError with uv's own words if it fails."""
    with (
        Progress(begin) as progress,
        subprocess.Popen(
            command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, errors="replace"
        ) as process,
    ):
        assert process.stderr is not None
        text = "".join(line for line in process.stderr if not progress.take(line)).strip()
    if process.returncode:
        raise InstallError(advise(text))


def advise(said: str) -> str:
    """What pip or uv said, without its retries, and what to do if the disk is full or no index gave the file."""
    text = "\n".join(line for line in said.strip().splitlines() if not line.startswith("WARNING: Retrying"))
    if re.search(r"no space left|disk quota", said, re.IGNORECASE):
        return f"{text}\nThe disk is full, or the folder of temporary files. Make room, or name another: TMPDIR=FOLDER."
    if not re.search(r"fetch|connect|download|network|not found|from versions: none", said):
        return text
    return (
        f"{text}\nIs there a network? If packages come from an index of your own, name it as pip does: "
        "pip config set global.index-url URL."
    )


class Progress:
    """One line that says what is being brought: overwritten on a terminal, else at most one in ten seconds."""

    KNOWN = re.compile(
        r"\s*(Downloading|Downloaded|Building|Built|Resolved|Prepared|Installed|Uninstalled|Using|[-+~]) (.*)"
    )

    def __init__(self, begin: float) -> None:
        self.begin = begin
        self.coming: dict[str, str] = {}
        self.brought = 0
        self.terminal = sys.stderr.isatty()
        self.ended = threading.Event()
        self.teller = threading.Thread(target=self._tell, daemon=True)

    def __enter__(self) -> "Progress":
        self.teller.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.ended.set()
        self.teller.join()
        if self.terminal:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)

    def take(self, line: str) -> bool:
        """Take a line of uv; False if it is not about progress."""
        known = self.KNOWN.match(line)
        if known is None:
            return False
        verb, rest = known[1], known[2].strip()
        name = re.split(r"[ =]", rest)[0]
        if verb in ("Downloading", "Building"):
            self.coming[name] = f"{verb.lower()} {rest}"
        elif verb in ("Downloaded", "Built"):
            self.brought += self.coming.pop(name, None) is not None
        return True

    def _tell(self) -> None:
        """Tell the state twice a second on a terminal, and every ten seconds elsewhere, until all is done."""
        while not self.ended.wait(0.5 if self.terminal else TOLD_EVERY):
            coming = list(self.coming.values())
            doing = (
                f"{coming[0]}; of the large packages {self.brought} are here, {len(coming)} to come"
                if coming
                else "working"
            )
            text = f"  {time.monotonic() - self.begin:.0f} s: {doing}"
            if self.terminal:
                text = f"\r\x1b[K{text[: shutil.get_terminal_size().columns - 1]}"
            print(text, end="" if self.terminal else "\n", file=sys.stderr, flush=True)


def replace_marks(folder: Path, marks: list[Path]) -> None:
    """Leave the marks of this lock and take away those of others."""
    for old in folder.glob(".ready*"):
        if old not in marks:
            old.unlink()
    for mark in marks:
        mark.touch()


if __name__ == "__main__":
    sys.exit(main())
