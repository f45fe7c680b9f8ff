"""One issue for each alarm, opened, updated and closed by a machine; and the message that starts a retraining.

What happened is read from the branch `monitoring/<environment>`. An issue is known by a mark in its text, and only if a
machine of this repository wrote it: anybody can open an issue with the same mark.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from mainline.declared import environments, params
from mainline.declared.environments import Environment
from mainline.declared.window import Data
from mainline.github import api
from mainline.github.api import Api
from mainline.github.posting import BOT
from mainline.monitoring import alarms, sections, sharing, wording
from mainline.monitoring.result import Alarm, Monitored
from mainline.monitoring.verdict import PACKAGES
from mainline.pipeline import retraining
from mainline.pipeline.retraining import Decision
from mainline.registry import tags
from mainline.release import backlog
from mainline.report import markdown
from mainline.report.escape import clip, prose
from mainline.repository.lock import LockError
from mainline.seconds import DAY
from mainline.text import clean

LABEL = "monitoring"
_TITLE = 256
"""Characters that GitHub takes for a title; one that is longer would stop the issues behind it."""
_RUN_SECONDS = 3 * 3_600
"""How long *Main* may take, with the run before it, until what it has not released is said."""
_PASSING = ("silence ", "retraining ", "release ")
"""Marks of issues that close once nothing speaks for them any more; an alarm says itself when it is closed."""
_MARK = "<!-- mainline-monitoring: {} -->"
_UNENDING = str.maketrans("<>", "()")
"""Keeps the words of a branch from ending or beginning a comment: text behind it could mention anybody."""


@dataclass(frozen=True)
class Issue:
    """An issue as it should be; `mark` tells it from all others, and one that is closed is never opened."""

    mark: str
    title: str
    text: str
    closed: bool = False

    @property
    def body(self) -> str:
        """Its text with its mark."""
        return f"{self.text}\n\n{_MARK.format(self.mark)}\n"


def follow(now: datetime | None = None) -> str:
    """Bring all issues up to date, and start a retraining if one is due; say what was done.

    Raises:
        MainlineError: when git or GitHub refuses.
    """
    now = now or datetime.now(UTC)
    github, declared = api.connect(), environments.load_all()
    decision = retraining.decide(declared, params.load().data, "message", "", now)
    wanted = [issue for name, one in declared.items() for issue in _of(name, one, now)]
    wanted += [_undeclared(name) for name in sharing.environments() if name not in declared]
    wanted += _unreleased(declared, now)
    if decision.waits:
        wanted.append(_waiting(decision, params.load().data))
    said = _settle(github, wanted)
    if decision.due:
        github.ask("POST", "/dispatches", {"event_type": decision.event})
        said.append(f"A retraining was started: {decision.reason}")
    return "\n".join(said) or "There is nothing to say: no alarm, and no retraining is due."


def _of(name: str, environment: Environment, now: datetime) -> Iterator[Issue]:
    """Yield the issues of an environment: for each alarm that there ever was, for a lost log, and if nobody looks."""
    found, lines = sharing.result(name)
    if found is not None:
        yield from (_alarm(found, alarm) for alarm in alarms.fold(lines))
        yield from _lost(name, found)
    if found is None or not found.versions:
        if environment.service.log.directory and tags.assigned(name) is not None:
            yield _unseen(name)
        return
    newest = max((version.last for version in found.versions), default=found.until[:10])
    heard = min(found.until, f"{newest}T23:59:59Z")
    days = (now - datetime.fromisoformat(heard)).total_seconds() / DAY
    allowed = environment.monitoring.silent_days
    if days <= allowed:
        return
    what = (
        f"Nobody has looked at `{name}` since {heard[:10]}" if heard == found.until
        else f"Who looks at `{name}` has seen no row since {newest}"
    )  # fmt: skip
    text = (
        f"{what}; {allowed} days are declared (`monitoring.silent_days`). Until that changes, no alarm can open. Look "
        "at what runs `./mainline monitor --share` beside the log, and at whether servers write one."
    )
    yield Issue(f"silence {name} {heard[:10]}", f"Nobody looks at {name}", text)


def _unseen(name: str) -> Issue:
    text = (
        f"`{name}` has a version and a declared log, and no prediction of it was ever looked at, so no alarm "
        "can open. Run `./mainline monitor --share` beside the log; engine/docs/monitoring.md shows how. Close this "
        "issue if nobody is to look."
    )
    return Issue(f"silence {name} never", f"Nobody looks at {name}", text)


def _lost(name: str, found: Monitored) -> Iterator[Issue]:
    """Yield what nobody can tell of the rows: an issue a month if some are lost or wait, one if a package is not here.

    What is lost never comes back, so a person closes the first; the second closes once the package is here.
    """
    for check in found.checks:
        if check.verdict == "cannot tell" and check.name == PACKAGES:
            text = f"{prose(check.reason)}\n\nNo check looks at what it answers, so no alarm of it can open."
            yield Issue(f"silence {name} {PACKAGES}", f"A version that answers in {name} has no package here", text)
        elif check.verdict == "cannot tell":
            text = (
                f"{prose(check.reason)}\n\nRolled up: {prose(check.observed)}. What is lost counts in no check, so an "
                "alarm may open late, or never. This issue is brought up to date each day, and a person closes it."
            )
            yield Issue(f"log {name} {found.until[:7]}", f"Part of the prediction log of {name} is lost or waits", text)


def _undeclared(name: str) -> Issue:
    text = (
        f"The branch `{sharing.branch(name)}` has what somebody monitors, and `deploy/{name}.yaml` is not there, so "
        "its alarms open no issue. Declare the environment, or delete the branch."
    )
    return Issue(f"silence {name} undeclared", f"{name} is monitored and not declared", text)


def _alarm(found: Monitored, alarm: Alarm) -> Issue:
    version, check = clean(alarm.version), clean(alarm.check)
    return Issue(
        f"{found.environment} {alarm.digest[:12]} {check.translate(_UNENDING)} {alarm.opened}",
        clip(f"Alarm: {version} in {found.environment} {wording.plain(alarm.check)}", _TITLE),
        markdown.write(sections.of_alarm(found, alarm)),
        closed=bool(alarm.closed),
    )


def _unreleased(declared: dict[str, Environment], now: datetime) -> Iterator[Issue]:
    """Yield an issue if main has had a model for hours that environments could take, and no run gave it to them."""
    try:
        found = backlog.find(declared)
    except LockError:  # *Main* fails for it and says so; alarms have their issues all the same
        return
    if found is None or now.timestamp() - found.when < _RUN_SECONDS:
        return
    start = "start *Main* by hand (Actions, Main, Run workflow)"
    step = "Look at the run of *Main* for the newest commit: if it failed or waits, it says why. Without one,"
    if found.skips:
        step = f"GitHub starts no run for the newest commit, since its message says `{found.skips}`:"
    text = (
        f"The default branch {found.told}, so git does not say what serves.\n\n**What to do**\n\n- {step} {start}."
        "\n- If this model is not to be released, revert its merge.\n\nThis issue closes by itself once the two agree."
    )
    yield Issue(f"release {found.commit[:12]}", "The model of the default branch is not released", text)


def _waiting(decision: Decision, data: Data) -> Issue:
    text = (
        f"{prose(decision.reason)}\n\nA retraining on the same data would give the same model. This issue closes by "
        "itself once the source has newer data, or the reason is gone."
    )
    return Issue(f"retraining {data.through or data.snapshot}", "A retraining waits for newer data", text)


def _settle(github: Api, wanted: list[Issue]) -> list[str]:
    """Open, update and close; what a person closed stays closed, and the next run makes up for one that was killed."""
    there = _known(github)
    marks = {issue.mark for issue in wanted}
    said = []
    for issue in wanted:
        known = there.get(issue.mark) or _of_later_opening(there, issue.mark, marks)
        if known is None and not issue.closed:
            made = {"title": issue.title, "body": issue.body, "labels": [LABEL]}
            said.append(f"opened {github.ask('POST', '/issues', made)['html_url']}: {issue.title}")
        elif known is not None and known["state"] == "open":
            said += _update(github, known, issue)
    for mark, known in there.items():
        if mark.startswith(_PASSING) and mark not in marks and known["state"] == "open":
            said += _update(github, known, Issue(mark, known["title"], _bare(known), closed=True))
    return said


def _of_later_opening(there: dict[str, dict[str, Any]], mark: str, marks: set[str]) -> dict[str, Any] | None:
    """Return the issue of an alarm that opened earlier than was known, since the line of a machine came late."""
    about = mark.rpartition(" ")[0]
    if mark.startswith(_PASSING):
        return None
    later = sorted(one for one in there if one not in marks and one.rpartition(" ")[0] == about and one > mark)
    return there[later[0]] if later else None


def _update(github: Api, known: dict[str, Any], issue: Issue) -> list[str]:
    """Write what is other than it should be."""
    changed = {key: text for key, text in (("title", issue.title), ("body", issue.body)) if known[key] != text}
    if issue.closed:
        changed |= {"state": "closed", "state_reason": "completed"}
    if not changed:
        return []
    github.ask("PATCH", f"/issues/{int(known['number'])}", changed)
    return [f"{'closed' if issue.closed else 'updated'} {known['html_url']}: {issue.title}"]


def _known(github: Api) -> dict[str, dict[str, Any]]:
    """Return our issues by their marks; of two with one mark, the open one, else the newest."""
    found: dict[str, dict[str, Any]] = {}
    for issue in github.pages("/issues", state="all", labels=LABEL):
        text = issue["body"] or ""
        start = text.rfind(_MARK.partition("{}")[0])
        if start < 0 or "pull_request" in issue or issue["user"]["login"] != BOT:
            continue
        mark = text[start:].removeprefix(_MARK.partition("{}")[0]).partition(" -->")[0]
        if mark not in found or (found[mark]["state"] != "open" and issue["state"] == "open"):
            found[mark] = issue
    return found


def _bare(known: dict[str, Any]) -> str:
    return str(known["body"]).rpartition("\n\n<!-- ")[0]
