"""`comment`: post what a pull request's run found. The run was a stranger's: all that it left is data to be checked.

The pull request is found by the commit that GitHub names, not by anything in the artifact, and the findings must be of
that very commit.
"""

import io
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from mainline.declared import score
from mainline.errors import MainlineError
from mainline.gate import findings as gate
from mainline.gate.findings import Findings, FindingsError
from mainline.github import api, judging, posting, strangers
from mainline.github.api import Api
from mainline.github.judging import Judging
from mainline.replay import finding
from mainline.replay import section as replay_section
from mainline.replay.finding import Replay, ReplayError
from mainline.report import markdown, sections
from mainline.report.escape import prose
from mainline.score import change, section
from mainline.score.change import Change, ChangeError

WORKFLOW = ".github/workflows/pull-request.yml"
QUEUE = "merge_group"
"""The event of a run that a merge queue waits for; it is of a commit that no pull request is at."""

Kept = TypeVar("Kept", Change, Replay)
ARTIFACT, MEMBER = "findings", "gate.json"
REPLAY, REPLAY_MEMBER = "replay", "replay.json"
SCORE, SCORE_MEMBER = "score", "score.json"
CHECK, SCORE_CHECK = "Gate", "Score"
MAX_ARCHIVE = 5_000_000  # bytes

UNTOLD = """\
### ❌ Fail: the run ended before the gate could say anything

{reason}

The log of [the run]({address}) has the command that stopped. A lock that is not true is mended by `make repro` and a
commit of `dvc.lock` and `metrics/`, or by the files of the run's artifact `lock`, which a maintainer has committed by
starting the workflow *Lock* with this pull request's number.
"""

UNSCORED = "The run left no score, and `score.yaml` of the default branch asks for {floor:g}.\n"


class RunError(MainlineError):
    """A run is not what this may speak about."""


@dataclass(frozen=True)
class Said:
    """What will be posted, and the check's conclusion in GitHub's words."""

    text: str
    conclusion: str


def post(run: int, head: str) -> str:
    """Post or update one comment at each open pull request of a commit, and set the check; for a queue the check alone.

    Args:
        run: of the workflow that looked at the pull request.
        head: the commit that GitHub says the run was of.

    Raises:
        MainlineError: when the run is of something else, or GitHub refuses.
    """
    github = api.connect()
    about = run_of(github, run, head)
    pulls = [pull for pull in github.pages("/pulls", state="open") if pull["head"]["sha"] == head]
    if not pulls and about["event"] != QUEUE:
        return f"No open pull request is at {head[:10]} any more; a newer run speaks for it."
    scored = _score(github, run, head)
    found, replayed = _findings(github, run, head), _replay(github, run, head)
    said = compose(about, found, scored, replayed)
    for pull in pulls:
        own = compose(about, found, scored, replayed, judging.compare(github, pull["base"]["sha"], head))
        posting.comment(github, pull["number"], own.text)
    posting.check(github, head, CHECK, said.conclusion, said.text)
    checks = [f"the check '{CHECK}' is {said.conclusion}"]
    judged = judge(scored)
    if judged is not None:
        posting.check(github, head, SCORE_CHECK, judged.conclusion, judged.text)
        checks.append(f"'{SCORE_CHECK}' is {judged.conclusion}")
    where = ", ".join(f"#{pull['number']}" for pull in pulls)
    return f"{f'Commented on {where}' if where else 'A merge queue asked'}; {', '.join(checks)}."


def compose(
    run: dict[str, Any], found: Findings | str, scored: Change | str | None = None,
    replayed: Replay | str | None = None, judges: Judging | None = None,
) -> Said:  # fmt: skip
    """Say what the findings say, or why there are none; success takes the run's success and a verdict that agrees.

    The score and the replay, if the run left them, are sections of it and decide nothing. What the pull request changes
    of what judges it is the first section.
    """
    if isinstance(found, str):
        untold = UNTOLD.format(reason=prose(found), address=run["html_url"])
        return Said(untold + (markdown.append(judging.describe(judges)) if judges else ""), "failure")
    document = sections.describe(found)
    if judges is not None:
        document = judging.add(document, judges)
    if isinstance(replayed, Replay) and replayed.digest != found.candidate.digest:
        replayed = "The replay was refused: it is of another package."
    if replayed is not None:
        document = replay_section.add(document, replayed)
    text = markdown.write(section.add(document, scored) if isinstance(scored, Change) else document)
    passed = found.verdict in ("pass", "warn")
    if passed and run["conclusion"] != "success":
        note = f"\nThe gate agrees, but [the run]({run['html_url']}) failed elsewhere; its log says where.\n"
        return Said(text + note, "failure")
    return Said(text, "success" if passed else "failure")


def judge(scored: Change | str | None) -> Said | None:
    """Return the check of the score: it can fail only if `score.yaml` of the default branch declares `at_least`.

    A run that left no score has no check, unless a floor is declared: a pull request may change what its run keeps.
    """
    floor = score.load().at_least
    if scored is None:
        return None if floor is None else Said(UNSCORED.format(floor=floor), "failure")
    if isinstance(scored, str):
        return Said(f"{prose(scored)}\n", "neutral" if floor is None else "failure")
    text = markdown.write(section.alone(scored))
    if floor is None:
        return Said(text, "neutral")
    asked = f"\n`score.yaml` of the default branch asks for {floor:g}.\n"
    return Said(text + asked, "success" if scored.points >= floor else "failure")


def read(archive: bytes, head: str) -> Findings | str:
    """Read findings out of an artifact, in memory; a text says why they are refused, and repeats nothing of them."""
    content = _member(archive, MEMBER, gate.MAX_BYTES)
    if isinstance(content, str):
        return content
    try:
        found = gate.read(content)
    except FindingsError as error:
        return f"The findings were refused: {error}"
    if found.candidate.commit != head:
        return "The findings were refused: they are of another commit, or of changes that no commit holds."
    return found


def read_score(archive: bytes, head: str) -> Change | str:
    """Read a score out of an artifact as `read` does findings."""
    return _of_commit(SCORE, _member(archive, SCORE_MEMBER, change.MAX_BYTES), change.read, head)


def read_replay(archive: bytes, head: str) -> Replay | str:
    """Read a replay out of an artifact as `read` does findings."""
    return _of_commit(REPLAY, _member(archive, REPLAY_MEMBER, finding.MAX_BYTES), finding.read, head)


def _of_commit(name: str, content: bytes | str, parse: Callable[[bytes], Kept], head: str) -> Kept | str:
    """Parse a document that says its commit; a text says why it is refused."""
    if isinstance(content, str):
        return content
    try:
        found = parse(content)
    except (ChangeError, ReplayError) as error:
        return f"The {name} was refused: {error}"
    return found if found.commit == head else f"The {name} was refused: it is of another commit."


def _member(archive: bytes, name: str, most: int) -> bytes | str:
    """Return the one file of an artifact, a byte more than `most` at most; a text says why it is refused."""
    try:
        with zipfile.ZipFile(io.BytesIO(archive)) as opened:
            if opened.namelist() != [name]:
                return f"The artifact was refused: it does not hold {name} and nothing else."
            with opened.open(name) as member:
                return member.read(most + 1)
    except strangers.DAMAGED:
        return "The artifact was refused: it is not an archive that can be read."


def run_of(github: Api, run: int, head: str) -> dict[str, Any]:
    """Return what GitHub knows of a run, if our workflow looked at this commit, for a pull request or a queue."""
    found: dict[str, Any] = github.ask("GET", f"/actions/runs/{run}")
    # GitHub's description shows the path with the repository before it and the branch behind it; it mostly has neither.
    path, own = found["path"].partition("@")[0], f"{github.name}/"
    found["path"] = path[len(own) :] if path.casefold().startswith(own.casefold()) else path
    for name, wanted in (("path", [WORKFLOW]), ("event", ["pull_request", QUEUE]), ("head_sha", [head])):
        if found[name] not in wanted:
            known = " or ".join(map(repr, wanted))
            raise RunError(f"run {run} has {name} {found[name]!r:.80}, not {known}. Nothing was posted.")
    return found


def artifact_of(github: Api, run: int, name: str) -> dict[str, Any] | None:
    """Return what a run kept under a name, if anything: the newest, since a run that is started again keeps another."""
    listed = github.pages(f"/actions/runs/{run}/artifacts", key="artifacts", name=name)
    kept = [artifact for artifact in listed if artifact["name"] == name and not artifact["expired"]]
    return max(kept, key=lambda artifact: int(artifact["id"]), default=None)


def download(github: Api, artifact: Mapping[str, Any]) -> bytes:
    """Return an artifact's zip, if it is not larger than any that we keep."""
    url = f"{github.url}/repos/{github.name}/actions/artifacts/{int(artifact['id'])}/zip"
    return github.download(url, MAX_ARCHIVE)


def _findings(github: Api, run: int, head: str) -> Findings | str:
    """Download the findings of a run; a text says why there are none."""
    kept = artifact_of(github, run, ARTIFACT)
    if kept is None:
        return "The run left no findings."
    if kept["size_in_bytes"] > MAX_ARCHIVE:
        return "The artifact was refused: it is too large to be findings."
    return read(download(github, kept), head)


def _score(github: Api, run: int, head: str) -> Change | str | None:
    """Download the score of a run; None if it left none, and a text says why it is refused."""
    archive = _optional(github, run, SCORE)
    return read_score(archive, head) if isinstance(archive, bytes) else archive


def _replay(github: Api, run: int, head: str) -> Replay | str | None:
    """Download the replay of a run; None if it left none, and a text says why it is refused."""
    archive = _optional(github, run, REPLAY)
    return read_replay(archive, head) if isinstance(archive, bytes) else archive


def _optional(github: Api, run: int, name: str) -> bytes | str | None:
    kept = artifact_of(github, run, name)
    if kept is None:
        return None
    if kept["size_in_bytes"] > MAX_ARCHIVE:
        return f"The artifact was refused: it is too large to be a {name}."
    return download(github, kept)
