"""`propose` and `aborted`: open or update a pull request by a machine."""

import os
from collections.abc import Mapping

from mainline.declared import environments, params
from mainline.errors import MainlineError
from mainline.gate import findings as gate
from mainline.gate.findings import FindingsError
from mainline.github import api, posting
from mainline.github.api import Api
from mainline.monitoring import sections, sharing
from mainline.periods import told
from mainline.pipeline import retraining
from mainline.registry import artifact, events, origin, publication, tags
from mainline.registry.events import Event
from mainline.release import rollback
from mainline.report import markdown, shortening
from mainline.report.escape import prose
from mainline.repository.git import ask, git

AUTHOR = {"user.name": "github-actions[bot]", "user.email": "41898282+github-actions[bot]@users.noreply.github.com"}
MEASURE, MEASURED = "measure", "Measure the model of "
"""The branch on which tables of a measurement are proposed, and how the subject of its commit begins."""
ROOM = 120_000
"""Bytes of a body: it is an argument of a program, and Linux allows 131,072 for one."""


def propose(branch: str) -> str:
    """Commit what changed, push it to a branch of its own, and open or update its pull request.

    On the branch `measure` it is a measurement of the model that is here; on any other, a retraining.

    The report is its text, so what is proposed is known before a check has run.

    Raises:
        MainlineError: when git or GitHub refuses.
    """
    github = api.connect()
    sign()
    git("add", "--all")
    if not ask("diff", "--cached", "--name-only"):
        return "Nothing changed, so there is nothing to propose."
    data = params.load().data
    title = f"{MEASURED if branch == MEASURE else retraining.SUBJECT}{told(data.periods)}"
    git("commit", "--quiet", "--message", title)
    body = _body()
    option = _lease(github, branch)
    origin.push(origin.remote(), {f"{origin.HEADS}{branch}": git("rev-parse", "HEAD").strip()}, option)
    return _open(github, branch, title, body)


def _lease(github: Api, branch: str) -> str:
    """Return the option by which a push replaces what an earlier run proposed, and nothing that came since this look.

    Raises:
        MainlineError: when somebody else committed to the open proposal, naming it and the ways on.
    """
    pull = posting.open_pull_request(github, branch)
    if pull is None:
        return "--force"  # what is left of a proposal that was closed or merged
    origin.fetch()
    git("fetch", "--quiet", "--no-tags", origin.remote(), f"{origin.HEADS}{branch}")
    authors = git("log", "--no-merges", "--format=%ae", f"{origin.main()}..FETCH_HEAD").split("\n")
    if set(filter(None, authors)) - {ask("config", "user.email"), AUTHOR["user.email"]}:
        raise MainlineError(
            f"{pull['html_url']} has commits of people, which a new proposal would replace. Merge or close it, then "
            "run this again."
        )
    return f"--force-with-lease={origin.HEADS}{branch}:{git('rev-parse', 'FETCH_HEAD').strip()}"


def aborted() -> str:
    """Open a pull request that goes back from each version whose rollout a server aborted, unless a person closed it.

    main can go back to a version once, so environments that go back to the same one share a pull request. What happened
    is read from git, where servers write it: a message that starts this says only when to look.

    Raises:
        MainlineError: when git or GitHub refuses.
    """
    publication.fetch()
    sign()
    said: list[str] = []
    returning: dict[str, dict[str, Event]] = {}
    for name in environments.load_all():
        abort = _abort(name)
        try:
            if abort:
                returning.setdefault(_prepare(name), {})[name] = abort
        except MainlineError as error:
            said.append(f"{name}: {error}")
    said += [_revert(version, aborts) for version, aborts in returning.items()]
    return "\n".join(said) or "No environment has a version whose rollout was aborted."


def sign() -> None:
    """Name who commits, where nobody is named."""
    for name, value in AUTHOR.items():
        if not ask("config", name):
            git("config", name, value)


def _abort(environment: str) -> Event | None:
    """Return a server's abort of the environment's version, if there is one; that another one served it is nothing."""
    given = tags.assignments(environment)
    current = given[-1] if given else None
    if current is None or current.version is None:
        return None
    version = current.version
    about = [event for event in events.read(environment).events if event.version == version.name]
    return events.standing_abort(about, [item for item in given if item.version == version])


def _prepare(environment: str) -> str:
    """Commit the revert of an environment's version, and return the version that it goes back to."""
    version, _ = rollback.choose(None, environment)
    rollback.prepare(version.name, environment)
    return version.name


def _revert(version: str, aborts: Mapping[str, Event]) -> str:
    """Open the pull request that goes back to a version, for each environment that has to, by its abort."""
    github, branch = api.connect(), artifact.branch("rollback", version)
    bad = " and ".join(dict.fromkeys(abort.version for abort in aborts.values()))
    closed = posting.declined(github, branch, max(abort.when for abort in aborts.values()))
    if closed:
        return f"{', '.join(aborts)}: {closed} was closed since {bad} was aborted. Reopen it to go back to {version}."
    rollback.share(version)
    told = [f"The rollout of {abort.version} in {name} was aborted." for name, abort in aborts.items()]
    body = " ".join([*told, f"Merged, this brings {version} back."])
    return _open(github, branch, f"Roll back from {bad} to {version}", body)


def _open(github: Api, branch: str, title: str, body: str) -> str:
    address = posting.pull_request(github, branch, origin.branch(), title, body)
    return f"{title}: {address}"


def _body() -> str:
    """Return why there is a proposal, what monitoring found, and what the gate found; as much of it as has room."""
    reason = os.environ.get("REASON", "")
    why = [f"**Why:** {prose(reason)}"] if reason else []
    parts = [*why, *_monitoring(), _report()]
    while len(parts) > 1 and not _fits("\n\n".join(parts)):
        parts.pop(-2)  # the gate's report, at the end, decides
    return "\n\n".join(parts)


def _monitoring() -> list[str]:
    """Return what monitoring found in each environment in which not everything passes."""
    found = [sharing.result(name)[0] for name in environments.load_all()]
    return [markdown.write(sections.brief(one)) for one in found if one and (one.alarms or one.verdict != "pass")]


def _fits(text: str) -> bool:
    return len(text.encode()) <= ROOM and shortening.length(text) <= shortening.ROOM


def _report() -> str:
    try:
        found = gate.read(gate.FILE.read_bytes())
    except (OSError, FindingsError) as error:
        raise MainlineError(f"there is no report to propose this with ({error}). Run `make report` first.") from error
    text = markdown.render(found)
    if len(text.encode()) <= ROOM:
        return text
    return f"{prose(found.headline)}\n\nThe report is too long to stand here; the comment has it."
