"""Setting up from a lock: the same on every machine, whatever was released since."""

import contextlib
import hashlib
import importlib.util
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.project import ROOT
from tests.requirements import package_index
from tests.requirements.package_index import PackageIndex

BACKEND = """
import zipfile


def build_wheel(folder, settings=None, metadata=None):
    info = "style-1.0.dist-info"
    with zipfile.ZipFile(f"{folder}/style-1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr("style.py", "BUILT_BY = '{version}'")
        wheel.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\\nName: style\\nVersion: 1.0\\n")
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        wheel.writestr(f"{info}/RECORD", "")
    return "style-1.0-py3-none-any.whl"
"""
"""A build backend; it writes its own version into what it builds."""


@dataclass(frozen=True)
class Machine:
    """A machine with a Python and nothing else, in `path`, which sees `index` alone."""

    path: Path
    index: PackageIndex

    @property
    def venv(self) -> Path:
        """Where its environment is made."""
        return self.path / ".venv"

    def lock(self, *lines: str, name: str = "lock.txt") -> Path:
        """Write a lock file."""
        (self.path / name).write_text("".join(lines))
        return self.path / name

    def command(self, lock: Path) -> list[str]:
        """What the Makefile calls."""
        mark = f".ready-{hashlib.sha256(lock.read_bytes()).hexdigest()}"
        return ["bash", str(self.path / "requirements/install.sh"), ".venv", str(lock), "--mark", f".venv/{mark}"]

    def environment(self, **more: str) -> dict[str, str]:
        """An empty home, no settings of pip or uv but where the index is."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("PIP_", "UV_", "XDG_"))}
        return {
            **kept, "HOME": str(self.path), "UV_CACHE_DIR": str(self.path / "cache"), "PIP_INDEX_URL": self.index.url,
            "PIP_CONFIG_FILE": os.devnull, **more,
        }  # fmt: skip

    def install(self, lock: Path, *options: str, **more: str) -> subprocess.CompletedProcess[str]:
        """Set up from a lock."""
        return subprocess.run(
            [*self.command(lock), *options], cwd=self.path, env=self.environment(**more), timeout=300,
            capture_output=True, text=True,
        )  # fmt: skip

    def says(self, expression: str) -> str:
        """What the environment's Python says of an expression; the module before the first dot is imported."""
        code = f"import {expression.partition('.')[0]} as m; print(m.{expression.partition('.')[2]})"
        done = subprocess.run([self.venv / "bin/python", "-c", code], capture_output=True, text=True)
        return done.stdout.strip() or done.stderr.strip().splitlines()[-1]


@pytest.fixture(scope="module")
def uv() -> Path:
    """The pinned uv, which set up the environment that runs this test."""
    return Path(sys.prefix) / "bin/uv"


@contextlib.contextmanager
def bare(folder: Path, uv: Path) -> Iterator[Machine]:
    """Yield a machine where nothing is set up, in a path that has spaces and letters beyond ASCII."""
    place = folder / "Ein Ordner für Łukasz"
    with package_index.serve(folder / "index") as index:
        shutil.copytree(ROOT / "requirements", place / "requirements")
        version = subprocess.run([uv, "--version"], capture_output=True, text=True).stdout.split()[1]
        (place / "requirements/uv.txt").write_text(index.uv(uv, version))
        (place / "requirements/build.txt").write_text("")
        yield Machine(place, index)


@pytest.fixture
def machine(tmp_path: Path, uv: Path) -> Iterator[Machine]:
    """A machine where nothing is set up."""
    with bare(tmp_path, uv) as machine:
        yield machine


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory, uv: Path) -> Path:
    """An environment that was set up from an empty lock, to be copied."""
    with bare(tmp_path_factory.mktemp("made"), uv) as machine:
        machine.install(machine.lock(name="empty.txt"))
    return machine.venv


@pytest.fixture
def ready(machine: Machine, environment: Path) -> Machine:
    """A machine that has been set up from an empty lock."""
    shutil.copytree(environment, machine.venv, symlinks=True)
    return machine


def test_a_newer_release_of_what_is_asked_for_with_an_extra_changes_nothing(machine: Machine) -> None:
    """A complete lock is installed as it is, although what it asks for with an extra has a newer version."""
    lines = [
        machine.index.wheel("asks", "1.0", needs="given[email]"),
        machine.index.wheel("given", "1.0", extra="email"),
    ]
    machine.index.wheel("given", "2.0", extra="email")
    done = machine.install(machine.lock(*lines))
    assert (done.returncode, machine.says("asks.VERSION"), machine.says("given.VERSION")) == (0, "1.0", "1.0"), (
        done.stderr
    )


def test_a_newer_build_backend_builds_nothing(ready: Machine) -> None:
    """What comes as source is built by the backend that is pinned, not by the newest."""
    pinned = ready.index.wheel("backend", "1.0", files={"backend.py": BACKEND.replace("{version}", "1.0")})
    ready.index.wheel("backend", "2.0", files={"backend.py": BACKEND.replace("{version}", "2.0")})
    (ready.path / "requirements/build.txt").write_text(pinned)
    done = ready.install(ready.lock(ready.index.source("style", "1.0", "backend")))
    assert (done.returncode, ready.says("style.BUILT_BY")) == (0, "1.0"), done.stderr


def test_a_uv_of_the_machine_is_not_asked(machine: Machine, tmp_path: Path) -> None:
    """A uv on the PATH, whatever it does, plays no part."""
    other = tmp_path / "bin/uv"
    other.parent.mkdir()
    other.write_text("#!/bin/sh\necho another uv >&2\nexit 1\n")
    other.chmod(0o755)
    done = machine.install(
        machine.lock(machine.index.wheel("given", "1.0")), PATH=f"{other.parent}{os.pathsep}{os.environ['PATH']}"
    )
    assert (done.returncode, machine.says("given.VERSION")) == (0, "1.0"), done.stderr


def test_settings_for_other_projects_play_no_part(ready: Machine) -> None:
    """Where pip would install, and what uv would leave out, is not asked for."""
    others = {"PIP_USER": "1", "PIP_TARGET": "elsewhere", "UV_EXCLUDE_NEWER": "2001-01-01", "UV_NO_BINARY": "1"}
    done = ready.install(ready.lock(ready.index.wheel("given", "1.0")), **others)
    assert (done.returncode, ready.says("given.VERSION")) == (0, "1.0"), done.stderr


@pytest.mark.parametrize("surroundings", [{"LC_ALL": "C.UTF-8"}, {"LC_ALL": "C"}, {"LC_ALL": "C", "PYTHONUTF8": "0"}])
def test_python_starts_and_finds_the_code_in_any_locale(ready: Machine, surroundings: dict[str, str]) -> None:
    """Letters of a path that a locale does not have neither stop the environment's Python nor hide the code there."""
    (ready.path / "code").mkdir()
    (ready.path / "code/searched.py").write_text("")
    lock = ready.lock(ready.index.wheel("given", "1.0"))
    done = ready.install(lock, "--search", "code", **surroundings)
    assert done.returncode == 0, done.stderr
    started = subprocess.run(
        [ready.venv / "bin/python", "-c", "import searched"], env=ready.environment(**surroundings),
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (started.returncode, started.stderr) == (0, "")


def test_a_second_call_does_nothing(ready: Machine) -> None:
    """What is as the lock says is left alone, and no index is asked."""
    lock = ready.lock(ready.index.wheel("given", "1.0"))
    ready.install(lock)
    ready.index.asked.clear()
    done = ready.install(lock)
    assert (done.returncode, done.stderr, ready.index.asked) == (0, "", [])


def test_another_lock_changes_what_differs_and_takes_nothing_away(ready: Machine) -> None:
    """An environment follows its lock in place: versions change, what is not named goes, the rest stays untouched."""
    same, gone = ready.index.wheel("same", "1.0"), ready.index.wheel("gone", "1.0")
    ready.install(ready.lock(same, gone, ready.index.wheel("given", "1.0")))
    kept = next(ready.venv.glob("lib/*/site-packages/same.py")).stat()
    # Longer than 1.0: Python takes bytecode for that of any file of the same size and second.
    done = ready.install(ready.lock(same, ready.index.wheel("given", "2.0.0")))
    now = next(ready.venv.glob("lib/*/site-packages/same.py")).stat()
    assert (done.returncode, ready.says("given.VERSION")) == (0, "2.0.0"), done.stderr
    assert ready.says("gone.VERSION").startswith("ModuleNotFoundError")
    assert (now.st_ino, now.st_mtime_ns) == (kept.st_ino, kept.st_mtime_ns)


def test_without_a_network_wheels_in_a_folder_will_do(machine: Machine, tmp_path: Path) -> None:
    """Settings of pip that say "these files and no network" hold for everything."""
    lock = machine.lock(machine.index.wheel("given", "1.0"))
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    for file in machine.index.folder.glob("*/*.whl"):
        file.rename(wheels / file.name)
    done = machine.install(lock, PIP_NO_INDEX="1", PIP_FIND_LINKS=str(wheels))
    assert (done.returncode, machine.says("given.VERSION")) == (0, "1.0"), done.stderr
    assert machine.index.asked == []


def test_another_file_under_the_same_name_is_refused(ready: Machine) -> None:
    """A file whose hash is not the lock's is not installed; one message names it, and the next call tries again."""
    lock = ready.lock(ready.index.wheel("given", "1.0"))
    ready.index.wheel("given", "1.0", files={"given.py": "VERSION = 'forged'"})
    first, second = ready.install(lock), ready.install(lock)
    assert (first.returncode, second.returncode) == (1, 1)
    assert "Hash mismatch for `given==1.0`" in first.stderr
    assert "Traceback" not in first.stderr
    assert ready.says("given.VERSION").startswith("ModuleNotFoundError")


@pytest.mark.parametrize("said", ["OSError(28, 'No space left on device')", "[Errno 122] Disk quota exceeded"])
def test_full_disk_is_not_taken_for_a_network(said: str) -> None:
    """A small folder of temporary files breaks a download, and nothing is wrong with the network."""
    told = _module().advise(f"Downloading uv\nConnection broken: {said}")
    assert "Is there a network?" not in told
    assert told.endswith("Make room, or name another: TMPDIR=FOLDER.")


def test_without_any_index_the_network_is_named(machine: Machine) -> None:
    """Where no index answers, the message asks for the network and leaves out pip's retries."""
    nobody = "http://127.0.0.1:9/simple"
    done = machine.install(machine.lock(), PIP_INDEX_URL=nobody, PIP_RETRIES="1")
    assert done.returncode == 1
    assert "Is there a network? If packages come from an index of your own" in done.stderr
    assert "Retrying" not in done.stderr


def test_what_the_disk_refuses_is_one_line(machine: Machine) -> None:
    """An environment that cannot be written ends in a line that names it, not in a traceback."""
    command = machine.command(machine.lock())
    command[2] = "n" * 300
    done = subprocess.run(command, cwd=machine.path, env=machine.environment(), capture_output=True, text=True)
    assert done.returncode == 1
    assert f"Set-up did not finish: {'n' * 300}" in done.stderr
    assert "File name too long" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_forged_uv_is_not_started(machine: Machine, tmp_path: Path) -> None:
    """The program that installs the rest is held to its hash as well."""
    forged = tmp_path / "forged"
    forged.write_text(f"#!/bin/sh\ntouch '{tmp_path}/started'\n")
    version = (machine.path / "requirements/uv.txt").read_text().split("==")[1].split()[0]
    machine.index.uv(forged, version)
    done = machine.install(machine.lock(machine.index.wheel("given", "1.0")))
    assert done.returncode == 1
    assert f"pip could not bring uv {version}" in done.stderr
    assert not (tmp_path / "started").exists()


def test_killed_in_the_middle_the_next_call_ends_well(ready: Machine) -> None:
    """A set-up that was killed while a package was on its way is taken for unfinished and made anew."""
    lock = ready.lock(ready.index.wheel("given", "1.0"), ready.index.wheel("other", "1.0"))
    ready.install(ready.lock(ready.index.wheel("first", "1.0"), name="before.txt"))
    ready.index.asked.clear()
    ready.index.held.clear()
    process = subprocess.Popen(
        ready.command(lock), cwd=ready.path, env=ready.environment(), start_new_session=True, stderr=subprocess.DEVNULL
    )
    limit = time.monotonic() + 120
    while not any(path.endswith(".whl") for path in ready.index.asked):
        assert time.monotonic() < limit, "it never asked for a package"
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    ready.index.held.set()
    assert ready.command(lock)[-1] not in [f".venv/{path.name}" for path in ready.venv.glob(".ready-*")]
    done = ready.install(lock)
    assert (done.returncode, ready.says("given.VERSION"), ready.says("other.VERSION")) == (0, "1.0", "1.0"), done.stderr
    assert ready.says("first.VERSION").startswith("ModuleNotFoundError")


def test_killed_before_the_environment_has_a_pip_the_next_call_ends_well(machine: Machine) -> None:
    """An environment that was killed while it was made is made anew, though its Python starts already."""
    lock = machine.lock(machine.index.wheel("given", "1.0"))
    process = subprocess.Popen(
        machine.command(lock), cwd=machine.path, env=machine.environment(), start_new_session=True,
        stderr=subprocess.DEVNULL,
    )  # fmt: skip
    limit = time.monotonic() + 120
    while not (machine.venv / "bin/python").exists():
        assert time.monotonic() < limit, "it never made an environment"
        time.sleep(0.002)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert (machine.venv / ".unfinished").exists()
    done = machine.install(lock)
    assert (done.returncode, machine.says("given.VERSION")) == (0, "1.0"), done.stderr


def test_why_there_is_no_pip_is_said(machine: Machine) -> None:
    """A disk that takes no pip, as this limit does, is named; nobody is told to install what is there."""
    limited = ["bash", "-c", 'ulimit -f 500 && exec "$@"', "bash", *machine.command(machine.lock())]
    done = subprocess.run(limited, cwd=machine.path, env=machine.environment(), capture_output=True, text=True)
    assert done.returncode == 1
    assert "File too large" in done.stderr
    assert "apt install" not in done.stderr


def test_an_environment_without_pip_is_made_anew(machine: Machine) -> None:
    """An environment that uv made has no pip; it is replaced by one that has, instead of failing for good."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", machine.venv], check=True)
    done = machine.install(machine.lock(machine.index.wheel("given", "1.0")))
    assert (done.returncode, machine.says("given.VERSION")) == (0, "1.0"), done.stderr


@pytest.mark.parametrize(
    ("listed", "expected"),
    [
        ("global.index-url='https://a.example/simple'", {"UV_DEFAULT_INDEX": "https://a.example/simple"}),
        (
            "global.extra-index-url='https://a.example https://b.example'",
            {"UV_INDEX": "https://a.example https://b.example"},
        ),
        (":env:.find-links='/one /two'", {"UV_FIND_LINKS": "/one,/two"}),
        ("global.cert='/ca.pem'\nglobal.user='true'", {"SSL_CERT_FILE": "/ca.pem"}),
        ("global.timeout='60'\n:env:.timeout='90'", {"UV_HTTP_TIMEOUT": "90"}),
        ("no setting at all\nglobal.proxy=unquoted", {}),
        ("", {}),
    ],
)
def test_where_pip_looks_uv_looks(listed: str, expected: dict[str, str]) -> None:
    """Settings of pip about where packages come from are translated; the others are not."""
    assert _module().read_pip_settings(listed) == expected


def test_python_speaks_utf_8_to_uv_in_any_locale(ready: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    """The paths that Python prints are UTF-8, as uv reads them; Latin-1 letters would name another folder."""
    monkeypatch.setenv("LC_ALL", "de_DE.ISO-8859-1")
    environment = _module().uv_environment(ready.venv)
    asked = [str(ready.venv / "bin/python"), "-I", "-c", "print('\u0141')"]
    assert subprocess.run(asked, env=environment, capture_output=True, check=True).stdout == "\u0141\n".encode()
    assert environment["LC_ALL"] == "C"


@pytest.mark.parametrize(("told", "mode"), [({}, "1"), ({"PYTHONUTF8": "0"}, "0")])
def test_commands_speak_utf_8_in_any_locale(told: dict[str, str], mode: str) -> None:
    """Git's paths and the repository's files are UTF-8, so commands read them so, unless somebody says otherwise."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    command = [str(ROOT / "engine/run"), "main", "python", "-c", "import sys; print(sys.flags.utf8_mode)"]
    environment = plain | {"LC_ALL": "C.UTF-8", "VENV": sys.prefix, **told}
    assert subprocess.run(command, env=environment, capture_output=True, check=True).stdout.decode().strip() == mode


def _module() -> Any:
    """Load `requirements/install.py`."""
    spec = importlib.util.spec_from_file_location("install", ROOT / "requirements/install.py")
    assert spec is not None
    assert spec.loader is not None
    install = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(install)
    return install


def test_time_stamps_decide_nothing(tmp_path: Path) -> None:
    """A worktree whose files are newer sets nothing up again if it shares an environment of the same content."""
    shutil.copytree(ROOT / "requirements", tmp_path / "requirements")
    (tmp_path / "requirements/install.sh").write_text('#!/bin/sh\necho "install.sh $*" >&2; exit 1\n')
    (tmp_path / "engine").mkdir()
    shutil.copy2(ROOT / "engine/run", tmp_path / "engine/run")
    python = tmp_path / ".venv/bin/python"
    python.parent.mkdir(parents=True)
    python.symlink_to(sys.executable)

    def mark() -> str | None:
        command = ["engine/run", "main", "true"]
        done = subprocess.run(
            command, cwd=tmp_path, env={**os.environ, "VENV": ".venv"}, capture_output=True, text=True
        )
        asked = re.search(r"install\.sh .*?--mark=(\S+)", done.stderr)
        return asked and asked[1]

    wanted = mark()
    assert wanted is not None
    (tmp_path / wanted).touch()
    assert mark() is None
    for file in tmp_path.rglob("*.txt"):
        os.utime(file, (time.time() + 3600, time.time() + 3600))
    assert mark() is None
    with (tmp_path / "requirements/main.txt").open("a") as lock:
        lock.write("# another content\n")
    assert mark() not in (None, wanted)
    python.unlink()
    assert mark() is not None, "a Python that is gone"
