"""The checks of the log and of each version, and the sentence that they make together."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Literal

from mainline.declared.monitoring import Severities
from mainline.documents import Verdict
from mainline.gate.checks.outcome import Outcome, bounded, soften
from mainline.gate.findings import Check, Group
from mainline.gate.verdict import overall
from mainline.monitoring import accuracy, counters, drift, estimate, promise, result, skew, support, wording
from mainline.monitoring.production import Production
from mainline.monitoring.result import Version
from mainline.monitoring.rollup import Summary
from mainline.text import clean, count, few

Kind = Literal["skew", "quality", "labels", "drift", "estimate"]

PACKAGES = "packages"
_BESIDES = 2
"""Checks that the sentence of an alarm names beside the first one."""
_OTHERS: tuple[tuple[str, Kind, Group, Callable[[Production], Outcome]], ...] = (
    (skew.CHECK, "skew", "data", skew.check_skew),
    ("labels", "labels", "integrity", accuracy.check_labels),
    ("skill", "quality", "quality", accuracy.check_skill),
    ("bias", "quality", "quality", accuracy.check_bias),
    ("bias by segment", "quality", "slices", accuracy.check_slices),
    (promise.CHECK, "estimate", "quality", promise.check_promise),
    (estimate.CHECK, "estimate", "quality", estimate.check_estimate),
    ("drift of features", "drift", "data", drift.check_features),
    ("drift of predictions", "drift", "data", drift.check_predictions),
)
"""Those that follow the checks of support, in the order in which a person wants to read them."""
_CAUSES = ("support", "range", "skew")
"""Kinds of checks that say why quality may be worse; drift of features is one more."""
KINDS: dict[str, str] = {name: kind for name, kind, *_ in support.CHECKS} | {name: kind for name, kind, *_ in _OTHERS}
"""The key of `monitoring.severity` that says whether a check is an alarm, by its name."""


def of_version(production: Production) -> list[Check]:
    """Run every check of a version; one that is only reported warns where an alarm would fail."""
    severity = production.policy.severity
    others = [bounded(name, group, soften(check(production), getattr(severity, kind)))
              for name, kind, group, check in _OTHERS]  # fmt: skip
    return _with_causes([*support.run(production.counted, severity), *others])


def _with_causes(checks: Sequence[Check]) -> list[Check]:
    """Let quality that does not pass name what moved with it: a broken feed is mended, and not learned by a retrain."""
    moved = [
        _measured(check) for check in checks
        if check.verdict in ("fail", "warn") and (KINDS[check.name] in _CAUSES or check.name == "drift of features")
    ]  # fmt: skip
    if not moved:
        return [*checks]
    first = f"Look first at what moved with it: {few(moved, _BESIDES)}."
    return [
        bounded(check.name, check.group, Outcome(check.verdict, check.observed, check.limit, f"{first} {check.reason}"))
        if KINDS[check.name] == "quality" and check.verdict in ("fail", "warn") else check
        for check in checks
    ]  # fmt: skip


def of_log(summary: Summary, written: Mapping[str, int], now: datetime, unfit: Sequence[str] = ()) -> Check:
    """Is every row that a server wrote rolled up, as far as files and the servers' own counters tell?

    `unfit` says of servers that they refused too many requests, which are in no log.
    """
    gaps = counters.lacking(summary, written)
    said = [f"Server {writer} wrote {count(rows, 'row')} more." for writer, rows in gaps.items()]
    troubles = [*said, *unfit, *wording.troubles(summary), *wording.of_days_to_come(summary, now)]
    lost = bool(gaps or summary.missing or summary.unread or summary.unknown)
    verdict: Verdict = "cannot tell" if lost else "warn" if troubles else "pass"
    observed = f"{count(summary.rows, 'row')} of {count(len(summary.records), 'file')}"
    observed += f", counted by {count(len(written), 'server')}" if written else ""
    reason = " ".join(troubles) or "Nothing is missing."
    return bounded("log", "integrity", Outcome(verdict, observed, "every row", reason))


def of_packages(lacking: Mapping[str, str]) -> list[Check]:
    """Return the check of versions, by digest, that answered and that nobody here has a package of; none without any.

    It is apart from that of the log, which machines without a log take over from one look to the next.
    """
    if not lacking:
        return []
    named = few([f"{clean(version)[:80]} ({digest[:12]})" for digest, version in lacking.items()], 3)
    reason = f"{named} answered, and no package of it is here. Next: name its folder (--package), or push its tag."
    observed = f"{count(len(lacking), 'version')} without a package"
    return [bounded(PACKAGES, "integrity", Outcome("cannot tell", observed, "every package", reason))]


def nothing(summary: Summary, checks: Sequence[Check]) -> str:
    """Say in one sentence why no version was looked at."""
    if checks[-1].name == PACKAGES:
        return f"Nobody can tell: {checks[-1].reason}"
    waiting = sum(summary.unknown.values())
    waits = f", {waiting:,} lines wait for their package" if waiting else ""
    which = "of a day that has come " if summary.rows else ""
    return f"Nobody can tell: no prediction {which}is rolled up{waits}."


def judge(checks: Iterable[Check], versions: Iterable[Version], severity: Severities) -> Verdict:
    """Join verdicts as the gate does; what could not be told of a check that is only reported leaves it as it is."""
    return overall([*checks, *(check for version in versions for check in version.checks if _counts(check, severity))])


def _counts(check: Check, severity: Severities) -> bool:
    return check.verdict != "cannot tell" or getattr(severity, KINDS[check.name]) == "alarm"


def headline(
    verdict: Verdict,
    environment: str,
    log: Check,
    versions: Sequence[Version],
    today: str,
    severity: Severities,
) -> str:
    """Say it in one sentence; days before `today` without an answer are part of it, since they prove nothing."""
    answering = result.answering(versions)
    named = [
        (version, check) for version in answering for check in version.checks
        if check.verdict == verdict and _counts(check, severity)
    ]  # fmt: skip
    if verdict == "cannot tell" and log.verdict == verdict:
        named = []  # what is lost is why nothing can be told of a version
    silence, well = _silence(versions, today), f"{environment.capitalize()} is as it was tested"
    if verdict == "pass":
        return f"{well}: {_answered(versions)}{silence}."
    if not named and verdict == "warn":
        return f"{well}, but look at the log: {log.reason}"
    if not named:
        lost = "" if log.name == PACKAGES else "part of the prediction log is lost or waits. "
        return f"Nobody can tell whether {environment} is as it was tested: {lost}{log.reason}"
    version, check = named[0]
    more = f" ({len(named) - 1} more)" if len(named) > 1 else ""
    where = f"{version.version}: {check.name}{more}"
    if verdict == "fail":
        found = f"{version.version} {wording.plain(check.name)} ({_measured(check)}; the limit is {check.limit})"
        return f"Alarm in {environment}: {found}{_besides(named)}{silence}."
    if verdict == "warn":
        too = "the log, and at " if log.verdict == "warn" else ""
        return f"{well}, but look at {too}{where}: {check.observed}{silence}."
    untold = f"Nobody can tell whether {environment} is as it was tested, {where}: {check.reason}"
    return f"{untold.removesuffix('.')}{silence}." if silence else untold


def _besides(named: Sequence[tuple[Version, Check]]) -> str:
    """Say what else fails: what was observed of the first ones, how many others, and of which version if of another."""
    (first, _), *others = named
    said = [
        _measured(check) if version.digest == first.digest else f"{version.version}: {_measured(check)}"
        for version, check in others
    ]
    return f"; also {few(said, _BESIDES)}" if said else ""


def _measured(check: Check) -> str:
    return f"{check.name}: {check.observed}"


def _silence(versions: Sequence[Version], today: str) -> str:
    """Say on how many whole days nobody was answered since the last traffic; '' if somebody was yesterday."""
    last = max(one.last for one in versions)
    days = (date.fromisoformat(today) - date.fromisoformat(last)).days - 1
    return f"; nobody was answered since {last}, for {count(days, 'whole day')}" if days > 0 else ""


def _answered(versions: Sequence[Version]) -> str:
    return "; ".join(f"{one.version} answered {count(one.rows, 'row')}, {one.first} to {one.last}" for one in versions)
