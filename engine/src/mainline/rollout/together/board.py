"""The board in git where servers of an environment leave their notices: refs that are not branches, each to a blob."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from mainline.errors import MainlineError
from mainline.repository import tree
from mainline.repository.git import GitAwayError, GitError, git, listed, raw
from mainline.rollout.clone import REMOTE
from mainline.rollout.together import notices
from mainline.rollout.together.notices import Record, Report


class LostError(MainlineError):
    """Another server wrote the record first."""


class RefusedError(GitError):
    """The repository did not take a push, which is not said of a disk here that is full, or of an answer too late."""


@dataclass(frozen=True)
class Notices:
    """What hangs at the board; ids tell one content from the next, '' where there is none."""

    record_id: str = ""
    record: Record | None = None
    reports: Mapping[str, tuple[str, Report]] = field(default_factory=dict)
    """The id and the report of each server that was asked for."""


class Board:
    """The refs `refs/mainline/ENVIRONMENT/` of the repository that is followed. The current folder is the clone."""

    def __init__(self, environment: str) -> None:
        self._base = f"refs/mainline/{environment}"
        self.record = f"{self._base}/rollout/record"

    def server(self, name: str) -> str:
        """Name the ref of a server's report."""
        return f"{self._base}/servers/{name}"

    def read(self, with_reports: bool, name: str = "") -> Notices:
        """Take what hangs there now: the record, and the reports of all servers, of one, or none.

        Raises:
            GitError: when git does not answer.
        """
        if with_reports:
            asked, kept = [f"{self._base}/*"], [f"{self._base}/"]
        else:  # that of one server as a pattern, since git has an error for a ref that is not there
            asked, kept = [f"{self.record}*"], [self.record]
            if name:
                asked, kept = [*asked, f"{self.server(name)}*"], [*kept, self.server(name)]
        git("fetch", "--quiet", "--force", "--prune", "--no-tags", "--no-write-fetch-head", REMOTE,
            *(f"+{pattern}:{pattern}" for pattern in asked))  # fmt: skip
        shown = listed("for-each-ref", "--format=%(objectname) %(refname)", *kept)
        named = {name: made for made, _, name in (line.partition(" ") for line in shown)}
        contents = _contents(list(named.values()))
        servers = self.server("")
        reports = {
            name.removeprefix(servers): (made, report)
            for name, made in named.items()
            if name.startswith(servers) and (report := notices.parse_report(contents.get(made, b"")))
        }
        found = named.get(self.record, "")
        return Notices(found, notices.parse_record(contents.get(found, b"")), reports)

    def write_report(self, name: str, report: Report) -> None:
        """Hang up a server's report; nobody else writes there.

        Raises:
            GitError: when git does not take it.
        """
        self._push(f"+{_store_report(report)}:{self.server(name)}")

    def write_record(
        self, record: Record, before: str, report: Report | None = None, gone: tuple[str, ...] = ()
    ) -> str:
        """Replace the record if it is still the one of an id, all or nothing; return its new id.

        Args:
            record: the new one.
            before: the id of the one that it follows; '' if there must be none.
            report: the leader's own, which goes with it.
            gone: servers whose reports are taken down.

        Raises:
            LostError: when another one hangs there.
            GitError: when git does not take it.
        """
        made = tree.store(notices.RECORD.dump_json(record))
        more = [f"+{_store_report(report)}:{self.server(record.leader)}"] if report else []
        more += [f":{self.server(name)}" for name in gone]
        try:
            self._push(f"--force-with-lease={self.record}:{before}", f"{made}:{self.record}", *more)
        except GitError as error:
            there = self.read(with_reports=False).record_id
            if there == made:  # the answer was lost, not the push
                return made
            if there != before:
                raise LostError(f"another server wrote {self.record} first.") from error
            raise
        return made

    def remove_record(self, before: str) -> None:
        """Take the record down if it is still the one of an id.

        Raises:
            GitError: when git does not take it.
        """
        self._push(f"--force-with-lease={self.record}:{before}", f":{self.record}")

    def _push(self, *words: str) -> None:
        options = [word for word in words if word.startswith("--")]
        try:
            git("push", "--quiet", "--atomic", *options, REMOTE, *(word for word in words if word not in options))
        except GitAwayError:
            raise
        except GitError as error:
            raise RefusedError(str(error)) from error


def _store_report(report: Report) -> str:
    return tree.store(notices.REPORT.dump_json(report))


def _contents(ids: list[str]) -> dict[str, bytes]:
    """Return what objects hold, by id, from one run of git."""
    if not ids:
        return {}
    printed = raw("cat-file", "--batch", given="".join(f"{made}\n" for made in ids))
    contents = {}
    while printed:
        line, _, rest = printed.partition(b"\n")
        words = line.decode("ascii", errors="replace").split()
        if len(words) != 3:  # such as `ID missing`
            printed = rest
            continue
        size = int(words[2])
        contents[words[0]] = rest[:size]
        printed = rest[size + 1 :]
    return contents
