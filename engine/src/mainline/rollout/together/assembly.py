"""All servers as the rollout sees them: one that serves what all serve, and counted what all counted."""

from collections.abc import Mapping
from dataclasses import dataclass

from mainline.rollout import machine
from mainline.rollout.records import Live, Ref, State
from mainline.rollout.together.notices import Report, Server
from mainline.rollout.together.tally import ALL, total

APART = -1
"""The revision of servers that do not all serve the same."""


@dataclass(frozen=True)
class Assembly:
    """The reports of all servers, and the names of those that say nothing any more."""

    reports: Mapping[str, Report]
    silent: frozenset[str] = frozenset()

    @property
    def _serving(self) -> dict[str, Report]:
        """Those whose word counts: a server that serves nothing yet comes into the present step when it does."""
        return {name: one for name, one in self.reports.items() if one.revision and name not in self.silent}

    def live(self, revision: int) -> Live | None:
        """Return what they serve and counted under the routes of a revision; None if none of them serves.

        What a server counted before it fell silent stays in the sum.
        """
        serving = self._serving
        if not serving:
            return None
        agreed = all(one.revision == revision for one in serving.values())
        counted = [one for one in self.reports.values() if one.revision == revision]
        names = dict.fromkeys(name for one in counted for name in one.whole)
        whole = {name: total([one.whole[name] for one in counted if name in one.whole]) for name in names}
        recent = {name: total([one.recent[name] for one in counted if name in one.recent]) for name in names}
        return Live(ALL, revision if agreed else APART, whole, recent)

    def lacking(self, wanted: Ref) -> str:
        """Say which servers do not have a package, and why; '' if all have it."""
        without = {name: one for name, one in self._serving.items() if wanted.digest not in one.ready}
        if not without:
            return ""
        name, one = next(iter(sorted(without.items(), key=lambda item: (not item[1].problem, item[0]))))
        why = f": {one.problem}" if one.problem else " yet"
        return (
            f"{len(without)} of {len(self._serving)} servers have no package of {wanted.version}, such as {name}{why}"
        )

    def unfit(self, state: State) -> str:
        """Say why servers cannot go on with the candidate; '' if they can."""
        for name, one in sorted(self._serving.items()):
            if one.revision == state.revision and one.restarts > machine.RESTARTS:
                return f"server {name} started anew {one.restarts} times in this step"
        return ""

    def listed(self) -> tuple[Server, ...]:
        """Say for people what each server does."""
        return tuple(
            Server(name, one.revision, name in self.silent, one.problem[:200])
            for name, one in sorted(self.reports.items())
        )
