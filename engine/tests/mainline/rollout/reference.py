"""What a rollout should do, written once more and small: stages of (percent, seconds), one call per look."""

from mainline.declared.rollout import Policy
from mainline.rollout.records import Ref


class Reference:
    """Knows one server that takes at once what it is asked, and one metric."""

    def __init__(self) -> None:
        self.stable: Ref | None = None
        self.candidate: Ref | None = None
        self.under: Policy | None = None
        self.window: list[Ref] = []
        self.bad: set[tuple[Ref, str]] = set()
        self.told: list[tuple[str, str]] = []
        self.stage, self.restarts, self.failures = 0, 0, 0
        self.since: float | None = None
        self.last, self.passed, self.process = 0.0, False, ""

    def look(
        self, now: float, wanted: Ref | None, policy: Policy | None, verdict: str | None, process: str, taken: bool
    ) -> None:
        """Bring the rollout up to date; `process` is '' while no server runs, `taken` when git assigns nothing."""
        if self.stable is None:
            if wanted:
                self.stable = wanted
                self.told.append(("served", wanted.version))
            return
        self._drop(wanted, policy, taken)
        if self.candidate is None and not self._begin(now, wanted, policy, process):
            return
        self._go_on(now, verdict, process)

    def stages(self) -> list[tuple[float, float]]:
        """Return percent and seconds of each stage of the rollout."""
        assert self.under is not None
        values = [step.value for step in self.under.steps]
        return list(zip(values[::2], values[1::2], strict=True))

    def weight(self) -> float | None:
        """Percent that the candidate has; None without one."""
        return self.stages()[self.stage][0] if self.candidate else None

    def _drop(self, wanted: Ref | None, policy: Policy | None, taken: bool) -> None:
        if self.candidate is None or self.under is None:
            return
        if wanted == self.stable:
            self.told.append(("rolled back", self.candidate.version))
        if (wanted and wanted != self.candidate) or (policy and policy.hash != self.under.hash) or taken:
            self.candidate = None

    def _begin(self, now: float, wanted: Ref | None, policy: Policy | None, process: str) -> bool:
        assert self.stable is not None
        if wanted in (None, self.stable) or (policy and (wanted, policy.hash) in self.bad):
            return False
        assert wanted is not None
        if wanted in self.window:
            self.told += [("rolled back", self.stable.version), ("served", wanted.version)]
            self._settle(wanted)
            return False
        if policy is None:
            return False
        self.candidate, self.under, self.process = wanted, policy, process
        self._enter(0, now, process)
        return True

    def _go_on(self, now: float, verdict: str | None, process: str) -> None:
        assert self.under is not None
        assert self.candidate is not None
        analysis = self.under.declared.analysis
        if process and self.process and process != self.process:
            self.process, self.restarts = process, self.restarts + 1
            if self.restarts > 3:
                return self._abort()
            self._count_anew(now, process)
        if self.since is None and process:
            self.since, self.process = now, process
        if self.since is None:
            return None
        if verdict and now - max(self.since, self.last) >= analysis.interval:
            self.last, self.passed, self.failures = now, verdict == "pass", self.failures + (verdict == "fail")
            if self.failures > analysis.failure_limit:
                return self._abort()
        if process and self.passed and now - self.since >= self.stages()[self.stage][1]:
            if self.stage + 1 < len(self.stages()):
                return self._enter(self.stage + 1, now, process)
            self.told.append(("served", self.candidate.version))
            self._settle(self.candidate)
        return None

    def _enter(self, stage: int, now: float, process: str) -> None:
        self.stage, self.restarts = stage, 0
        self._count_anew(now, process)

    def _count_anew(self, now: float, process: str) -> None:
        self.since = now if process else None
        self.last, self.passed, self.failures = 0.0, False, 0

    def _settle(self, wanted: Ref) -> None:
        earlier = [one for one in (self.stable, *self.window) if one and one != wanted]
        self.stable, self.candidate, self.window = wanted, None, earlier[:3]

    def _abort(self) -> None:
        assert self.candidate is not None
        assert self.under is not None
        assert self.stable is not None
        self.bad.add((self.candidate, self.under.hash))
        self.told += [("aborted", self.candidate.version), ("revert", self.stable.version)]
        self.candidate = None
