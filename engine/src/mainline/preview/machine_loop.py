"""One machine that serves branches: a thread looks at git and fetches, the loop starts and ends servers."""

import shutil
import time
from collections.abc import Collection
from dataclasses import dataclass, replace
from hashlib import blake2b
from pathlib import Path

from mainline import backoff, files
from mainline.declared.preview import Previews
from mainline.errors import MainlineError
from mainline.exchange.place import Place
from mainline.preview import arrival, front_page
from mainline.preview.branch_server import BranchServer
from mainline.preview.front_page import Line
from mainline.preview.heads import Head, Heads, plan
from mainline.preview.ports import Ports
from mainline.registry import addresses
from mainline.rounds import Rounds
from mainline.serving import logs, sockets
from mainline.text import utc

LONGEST = 600.0
"""The most seconds between two looks at git while it is away."""


@dataclass(frozen=True)
class Wanted:
    """What is known of a branch: its head, the package that its server is to have, or why there is none."""

    head: Head
    reason: str = ""
    package: Path | None = None
    digest: str = ""
    chosen: bool = True
    """Whether it is to be served, and so keeps its port although its package cannot be had."""


class Machine:
    """Serves the branches of one repository until told to stop."""

    def __init__(self, heads: Heads, declared: Previews, folder: Path, root: Path) -> None:
        """Begin with nothing.

        Args:
            heads: the repository.
            declared: which branches, and how.
            folder: this machine's own.
            root: where paths of the settings begin.
        """
        self.heads, self.declared, self.folder, self.root = heads, declared, folder, root
        self.wanted: dict[str, Wanted] = {}
        self.said = "Git was not looked at yet."
        self.servers: dict[str, BranchServer] = {}
        self.ending: dict[str, BranchServer] = {}
        """Servers that answer what is under way; their branches keep the port until they are gone."""
        self.ports = Ports(folder / "ports.json", declared.preview.first_port, declared.preview.most)
        self._rounds = Rounds(self._look_safely, self._drive)
        self.has_looked = False
        """Whether it is known which branches there are."""
        self._failures, self._shown = 0, ""

    def run(self) -> None:
        """Serve until SIGTERM or SIGINT; SIGHUP makes it look at once."""
        self._rounds.run(end=self._end)

    def _end(self) -> None:
        """Tell every server to end, and wait for each."""
        for server in self.servers.values():
            server.stop()
        for server in [*self.servers.values(), *self.ending.values()]:
            server.end()

    def look(self) -> None:
        """Look at git once, and bring what is wanted; a branch whose new package cannot be had keeps the one before."""
        on_main, heads = self.heads.look()
        planned = plan(heads, on_main, self.declared.preview)
        self.wanted = {name: self._expect(head, reason) for name, (head, reason) in planned.items()}
        self.has_looked = True
        for name, (head, reason) in planned.items():
            if not reason and not self._rounds.stopped.is_set():
                self.wanted = self.wanted | {name: self._bring(self.wanted[name], head)}
        self._put_away()

    def tick(self) -> None:
        """Start, turn and end servers as is wanted, and show them."""
        wanted = self.wanted
        if self.has_looked:
            self._end_all_but({name for name, one in wanted.items() if one.package})
            self.ports.keep({name for name, one in wanted.items() if one.chosen} | set(self.ending))
        for name, one in wanted.items():
            server = self._server(name) if one.package else None
            if one.package and server:
                server.serve(one.package, one.digest)
                server.tick()
        self._show([self._line(name, one) for name, one in wanted.items()])

    def _end_all_but(self, served: Collection[str]) -> None:
        """Tell servers of other branches to end, and go on meanwhile: what is under way may take them long."""
        for name in [name for name in self.servers if name not in served]:
            logs.say("a branch is not served any more", branch=name)
            self.ending[name] = self.servers.pop(name)
            self.ending[name].stop()
        self.ending = {name: server for name, server in self.ending.items() if not server.has_ended()}

    def _expect(self, head: Head, reason: str) -> Wanted:
        """Return what is known of a branch before its package is brought: what serves stays until then."""
        if reason:
            return Wanted(head, reason, chosen=False)
        before = self.wanted.get(head.name)
        return replace(before, head=head) if before and before.chosen else Wanted(head)

    def _bring(self, one: Wanted, head: Head) -> Wanted:
        target = self.folder / "packages" / head.package.removesuffix(".dir")
        if one.package == target:
            return replace(one, head=head, reason="")
        try:
            digest = arrival.bring(head.commit, target, self.heads.at)
        except MainlineError as error:
            return replace(one, reason=f"the package of its last commit cannot be had: {error}")
        return Wanted(head, "", target, digest)

    def _server(self, name: str) -> BranchServer | None:
        """Return the server of a branch; None as long as its folder or each port is one's that ends."""
        if name in self.ending:
            return None
        if name not in self.servers:
            port = self.ports.of(name)
            if port is None:
                return None
            place = blake2b(name.encode(errors="surrogateescape"), digest_size=8).hexdigest()
            settings = self.declared.service.model_copy(update={"port": port})
            memory = self.declared.preview.memory_mib
            self.servers[name] = BranchServer(name, self.folder / "servers" / place, settings, memory, self.root)
        return self.servers[name]

    def _line(self, name: str, one: Wanted) -> Line:
        server = self.servers.get(name)
        if server is None and one.package:
            return Line(name, one.head.commit, one.digest, "", "waits for a server that ends, since its port is taken")
        if server is None or one.package is None:
            return Line(name, one.head.commit, "", "", f"not served; {one.reason}" if one.reason else "being fetched")
        settings = self.declared.service
        scheme = "https" if settings.tls else "http"
        address = f"{scheme}://{sockets.written(settings.host, server.settings.port)}{settings.prefix}"
        state = f"{server.state()}; {one.reason}, so the package before stays" if one.reason else server.state()
        return Line(name, one.head.commit, one.digest, address, state)

    def _show(self, lines: list[Line]) -> None:
        page = front_page.render(lines, addresses.without_password(self.heads.url), self.said)
        if page != self._shown:
            files.replace(self.folder / "index.html", page.encode(errors="replace"))
            self._shown = page

    def _put_away(self) -> None:
        """Remove packages that no branch has any more."""
        kept = {one.package for one in self.wanted.values() if one.package}
        for package in (self.folder / "packages").glob("*"):
            if package not in kept:
                shutil.rmtree(package, ignore_errors=True)

    def _drive(self) -> None:
        try:
            self.tick()
        except (OSError, MainlineError) as error:  # such as a full disk; what serves stays
            logs.warn("the servers of branches wait", error=str(error))

    def _look_safely(self) -> float:
        """Look once, whatever comes of it; return the seconds until the next look."""
        interval = self.declared.preview.interval
        try:
            self.look()
            self._failures, self.said = 0, f"Last look at git: {utc(time.time())}."
        except Exception as error:  # whatever it is, what serves stays and it is tried again
            self._failures += 1
            self.said = f"Git cannot be read, so what serves stays: {' '.join(str(error).split())[:300]}"
            logs.warn("looking at git failed", error=repr(error))
        return backoff.wait(self._failures, interval, max(interval, LONGEST))


def run(url: str, declared: Previews, folder: Path) -> None:
    """Serve the branches of a repository.

    Raises:
        MainlineError: when another one works in the folder.
    """
    logs.set_up()
    place = Place(folder.absolute())
    with place.owned():
        place.sweep()
        shutil.rmtree(place.folder / "servers", ignore_errors=True)  # of a process that was killed; none outlives it
        where = str(Path(url).absolute()) if Path(url).is_dir() else url
        Machine(Heads(where, place.folder), declared, place.folder, Path.cwd()).run()
