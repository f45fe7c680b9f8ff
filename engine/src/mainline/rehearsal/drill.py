"""The rehearsal from beginning to end: two versions, the way from one to the other under requests, and the way back."""

import json
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from mainline import progress
from mainline.claims import integration
from mainline.claims.declarations import module
from mainline.declared import environments, params
from mainline.errors import MainlineError
from mainline.gate import findings
from mainline.package import manifest
from mainline.package.responses import Response
from mainline.rehearsal import copy_server, monitored_rows, planted_faults, version_before
from mainline.rehearsal import fork as forks
from mainline.rehearsal.copy_server import Service
from mainline.rehearsal.fork import Fork, RehearsalError
from mainline.rehearsal.traffic import Traffic
from mainline.repository import lock, record

MOST = 5000
"""Rows that are asked again and again while versions change."""
KNOWN = 3600.0
"""Seconds for which the labels are said to have been known; in truth they were before the package was made."""


@dataclass(frozen=True)
class Result:
    """What a rehearsal came to: of which package, by which strategy and steps, in how many seconds and answers."""

    digest: str
    strategy: str
    metrics: tuple[str, ...]
    golden: int
    """The golden requests that the server answered as the pipeline did."""
    answers: int
    rolled_out: float
    """Seconds from the promotion until all requests were the version's."""
    rolled_back: float
    """Seconds from the start of `./mainline rollback` until the last answer of the version that went."""
    monitored: Mapping[str, str]
    """What each check of monitoring said of the package's answers to labelled test rows, by name."""
    alarms: Mapping[str, str]
    """What was said of each fault in a copy of the log, by the name under which it is on record."""
    costs: Mapping[str, str]
    """What the gate said of what the package costs beside the version before, by check."""
    feature: str
    """The feature that the version before lacked; '' if it was the same model."""
    added: float
    """Seconds from the first edit of params.yaml until all requests were the version's."""

    def lines(self) -> dict[str, str]:
        """Return what is on record of it, by name."""
        return {
            "digest": self.digest,
            "strategy": self.strategy,
            "metrics": " ".join(self.metrics),
            "golden": str(self.golden),
            "answers": str(self.answers),
            "rolled out": f"{self.rolled_out:.1f}",
            "rolled back": f"{self.rolled_back:.1f}",
            "feature": self.feature,
            "added": f"{self.added:.0f}",
            **self.alarms,
            **{f"{record.GATE}{name}": said for name, said in self.costs.items()},
            **{f"{record.MONITOR}{name}": said for name, said in self.monitored.items()},
        }


def rehearse(folder: Path, environment: str, feature: str | None = None) -> Result:
    """Play it in an empty folder; nothing of the repository here changes.

    Args:
        folder: where the copy goes.
        environment: whose declarations hold.
        feature: which one the version before lacks; '' for one that is sure to help, None for none.

    Raises:
        MainlineError: as soon as a part does not do what it should.
    """
    progress.say("copy the last commit, its data and its package")
    fork = forks.make(folder, environment)
    _, asked = monitored_rows.rows(fork, MOST)
    digest = fork.digest
    older = version_before.make(fork, feature)
    kind = f"a model without {older.feature}" if older.feature else "the same model with another card"
    progress.say(f"release a package that stands in for the version before: {kind}")
    before = fork.release()
    if fork.digest == digest:
        raise RehearsalError(
            "the version before is the same package: its card or feature does not go into it. Was engine/ edited? "
            "`git log --oneline engine` tells."
        )
    with copy_server.serve(fork) as server:
        server.wait(before)
        progress.say(f"{before} serves; release the package of the last commit under requests")
        began = time.time()
        older.renew(fork)
        edited = time.time() - began
        found = _play(fork, server, asked, before, digest)
    found = replace(found, feature=older.feature, added=edited + found.rolled_out)
    checks = monitored_rows.look(fork, digest)
    progress.say(f"monitoring looked at what the package answered: {verdicts(checks)}")
    return replace(found, monitored=checks, alarms=_alarms(fork, digest))


def _alarms(fork: Fork, digest: str) -> dict[str, str]:
    """Try alarms on copies of the log; what cannot be tried is said, and ends nothing."""
    said = {}
    for name, plant, told in (
        (record.ALARM, planted_faults.of_values, "a fault"),
        (record.LIBRARY, planted_faults.of_library, "another library on the day before"),
        (record.AGE, planted_faults.of_age, "the time when data get too old"),
    ):
        try:
            said[name] = plant(fork, digest)[:500]
        except MainlineError as error:
            said[name] = f"not tried: {error}"[:500]
        progress.say(f"with {told} in a copy of the log: {said[name]}")
    return said


def verdicts(checks: Mapping[str, str]) -> str:
    """Count the checks by what they said, such as `9 pass, 2 warn, 3 unknown`."""
    found = Counter(said.partition(":")[0] for said in checks.values())
    return ", ".join(f"{number} {verdict}" for verdict, number in found.items())


def _play(fork: Fork, server: Service, asked: list[dict[str, Any]], before: str, digest: str) -> Result:
    """Roll the package out, ask it for rows whose labels are known, and roll it back."""
    if fork.digest != digest:
        raise RehearsalError(
            "the package of the last commit did not come back . `./mainline verify` says what it is made "
            "of that does not repeat."
        )
    with Traffic(server.server.address, server.key, asked) as requests:
        began = time.time()
        version = fork.release()
        server.wait(version, requests.check)
        rolled_out = time.time() - began
        requests.check()
    costs = _costs(fork)
    detail = (server.last("served", version) or {"detail": ""})["detail"]
    progress.say(f"{version} has all requests, {rolled_out:.1f} s after its promotion began: {detail}")
    golden = _golden(fork, server, version)
    labelled = monitored_rows.ask(fork, server, module("interface"), time.time() - KNOWN)
    progress.say(f"it answers {golden} golden requests as the pipeline did, and {labelled:,} labelled rows; roll back")
    with Traffic(server.server.address, server.key, asked) as others:
        _settle(others, version)
        began = time.time()
        fork.run("rollback", before, "--now", "--environment", fork.environment)
        server.wait(before, others.check)
        _settle(others, before)
        rolled_back = max(others.last[version] - began, 0.0)
    progress.say(
        f"{before} answers again; the last answer of {version} came {rolled_back:.1f} s after the rollback began"
    )
    policy = environments.load(fork.path / environments.FOLDER / f"{fork.environment}.yaml").rollout.declared
    names = tuple(metric.name for metric in policy.analysis.metrics)
    total = sum((requests.answers + others.answers).values())
    return Result(digest, policy.strategy, names, golden, total, rolled_out, rolled_back, {}, {}, costs, "", 0.0)


def _costs(fork: Fork) -> dict[str, str]:
    """Return what the gate of the last promotion said of what the package costs, by check."""
    found = findings.read((fork.path / findings.FILE).read_bytes())
    return {
        check.name: f"{check.verdict}: {check.observed}"[:500] for check in found.checks if check.group == "budgets"
    }


def _golden(fork: Fork, server: Service, version: str) -> int:
    """Count the golden requests; each must be answered by the version as the pipeline answered it.

    Raises:
        UseCaseError: naming the first that differs.
    """
    package = fork.path / lock.PACKAGE
    golden = json.loads((package / "golden.json").read_text(encoding="utf-8"))
    document = server.ask(golden["requests"])
    if document["version"] != version:
        raise RehearsalError(f"{document['version']} answers, although {version} has all requests{copy_server.MORE}")
    response = Response(json.loads((package / manifest.NAME).read_bytes()))
    expected = [response.members(prediction) for prediction in golden["predictions"]]
    integration.compare(document["predictions"], expected, params.load(fork.path / "params.yaml").limits.parity)
    return len(expected)


def _settle(requests: Traffic, version: str) -> None:
    """Let some more requests be answered by a version, so that a late answer of the other would be seen."""
    wanted, ends = requests.answers[version] + 100, time.monotonic() + copy_server.LIMIT
    while requests.answers[version] < wanted:
        requests.check()
        if time.monotonic() > ends:
            raise RehearsalError(f"{version} does not answer any more{copy_server.MORE}")
        time.sleep(0.05)
