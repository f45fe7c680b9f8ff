"""The server of one branch: an ordinary `./mainline serve` as a child, started again if it ends, without secrets."""

import shutil
import subprocess
import time
from contextlib import suppress
from pathlib import Path

import psutil
import yaml

from mainline import backoff, children, files
from mainline.declared.service import Settings
from mainline.exchange import routes, server_report
from mainline.exchange.place import Place
from mainline.exchange.routes import Route, Routes
from mainline.serving.logs import say, warn

SHORTEST, LONGEST = 1.0, 60.0
_SOUND = 60.0
"""A server that ran for so many seconds was well when it ended."""
_MIB = 2**20
_SPARE = 5.0
"""Seconds beyond `service.limits.drain_seconds` until a server that does not end is killed."""
_LINE = 300


class BranchServer:
    """A server at one port whose package is replaced by another one without a request being lost."""

    def __init__(self, name: str, folder: Path, settings: Settings, memory_mib: float, root: Path) -> None:
        """Nothing runs yet.

        Args:
            name: the branch, for the log.
            folder: this server's own: its settings, its routes and what it says.
            settings: with the port.
            memory_mib: a server that takes more is ended.
            root: where paths of the settings begin.
        """
        self.name, self.place, self.settings = name, Place(folder), settings
        self._memory, self._root = memory_mib, root
        self._process: subprocess.Popen[bytes] | None = None
        self._failures, self._began, self._again = 0, 0.0, 0.0
        self._revision, self.version, self.reason = 0, "", ""
        self._last_moment: float | None = None
        """When a server that was told to end is killed."""

    @property
    def words(self) -> Path:
        """What the server says."""
        return self.place.folder / "words"

    def serve(self, package: Path, digest: str) -> None:
        """Serve a package: the server loads it, turns to it, and puts the one before away."""
        version = digest[:12]
        if version == self.version:
            return
        self.version, self._revision = version, self._revision + 1
        self._failures, self._again, self.reason = 0, 0.0, ""
        self.place.make()
        named = Route(version=version, package=package, weight=1)
        routes.write(self.place.routing, Routes(revision=self._revision, routes=[named]))

    def tick(self) -> None:
        """Start the server where it does not run, and end it where it takes too much memory."""
        if self._process is None:
            if self.version and time.monotonic() >= self._again:
                self._start()
            return
        code = self._process.poll()
        if code is None:
            self._hold_memory()
            return
        self._failures = 1 if time.monotonic() - self._began > _SOUND else self._failures + 1
        wait = backoff.wait(self._failures, SHORTEST, LONGEST)
        self._again = time.monotonic() + wait
        self.reason = self.reason or f"its server ended with {code}: {self._last_line()}"
        warn("the server of a branch ended", branch=self.name, reason=self.reason, again_in_seconds=wait)
        self._forget()

    def state(self) -> str:
        """Say `serves`, `starts` or `ended`, and the reason where it does not serve what it should."""
        if self._process is None:
            return f"ended; {self.reason}" if self.reason else "starts"
        with suppress(OSError):
            said = server_report.parse(self.place.served.read_bytes())
            if said and self.version in said["versions"]:
                self.reason = ""
                return "serves"
        return f"starts; {self._last_line()}" if time.monotonic() - self._began > SHORTEST else "starts"

    def stop(self) -> None:
        """Tell the server to answer what is under way and to end; `has_ended` says when it did, `end` waits for it."""
        self._last_moment = time.monotonic() + self.settings.limits.drain_seconds + _SPARE
        if self._process and self._process.poll() is None:
            self._process.terminate()

    def has_ended(self) -> bool:
        """Whether a server that was told to end is gone; its folder goes then. One that takes too long is killed."""
        if self._process and self._process.poll() is None:
            if self._last_moment is not None and time.monotonic() > self._last_moment:
                self._process.kill()
            return False
        self._forget()
        shutil.rmtree(self.place.folder, ignore_errors=True)
        return True

    def end(self) -> None:
        """Wait until a server that was told to end is gone."""
        if self._process and self._last_moment is not None:
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(max(self._last_moment - time.monotonic(), 0))
            self._process.kill()
            self._process.wait()
        self.has_ended()

    def _start(self) -> None:
        file = self.place.folder / "server.yaml"
        files.replace(file, yaml.safe_dump({"service": self.settings.model_dump(mode="json")}))
        self.place.served.unlink(missing_ok=True)
        command = children.command(
            "mainline.tether", "serve", "--routing", str(self.place.routing), "--settings", str(file),
            "--state", str(self.place.folder),
        )  # fmt: skip
        with self.words.open("wb") as words:
            self._process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=words, stderr=words, cwd=self._root,
                env=children.without_secrets(),
            )  # fmt: skip
        self._began, self.reason = time.monotonic(), ""
        say("the server of a branch starts", branch=self.name, port=self.settings.port, version=self.version)

    def _hold_memory(self) -> None:
        assert self._process
        with suppress(psutil.Error):
            taken = psutil.Process(self._process.pid).memory_info().rss / _MIB
            if taken > self._memory:
                self.reason = f"it took {taken:.0f} MiB, more than {self._memory:g} (preview.memory_mib)"
                self._process.kill()

    def _forget(self) -> None:
        if self._process and self._process.stdin:
            self._process.stdin.close()
        self._process = None

    def _last_line(self) -> str:
        try:
            with self.words.open("rb") as words:
                words.seek(max(words.seek(0, 2) - 4096, 0))
                lines = words.read().decode(errors="replace").strip().splitlines()
        except OSError:
            lines = []
        return lines[-1][:_LINE] if lines else "it said nothing"
