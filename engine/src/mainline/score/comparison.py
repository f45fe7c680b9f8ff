"""A score held to what git keeps at the commit that the change began from."""

from mainline.declared.score import Scoring
from mainline.errors import MainlineError, ParamsError
from mainline.registry.origin import is_shallow
from mainline.repository.git import ask
from mainline.score import commit_evidence, workflows
from mainline.score.change import FORMAT, Change, ChangeError, Moved, Sums
from mainline.score.commit_evidence import ByRunError, Kept, UnknownSearchError
from mainline.score.rubric import Test, workflow
from mainline.score.total import TESTS, Mark, Score, by_hand


def base(against: str) -> str:
    """Return the commit at which this branch left another.

    Raises:
        ChangeError: when there is no such commit here.
    """
    found = ask("merge-base", against, "HEAD")
    if not found and is_shallow():
        raise ChangeError(
            f"this clone lacks older commits, so where this branch left '{against}' is not known here. Bring them: "
            "`git fetch --unshallow`."
        )
    if not found:
        raise ChangeError(f"'{against}' has no commit in common with this one here. `git fetch` it, or name another.")
    return found


def measure(found: Score, now: int, since: str) -> Change:
    """Compare a score with what git keeps at the commit that the change began from.

    Raises:
        ParamsError: when `score.yaml` of this commit is not as it should be.
    """
    before = commit_evidence.open_at(found.environment, now, since, _declared(since))
    after = commit_evidence.open_at(found.environment, now, found.commit, commit_evidence.scoring(found.commit))
    moved, not_compared = [], []
    for test, real in zip(TESTS, found.marks, strict=True):
        one, other = _mark(test, before), _mark(test, after)
        change = _moved(one, other, real, before)
        if change:
            moved.append(change)
        elif not (isinstance(one, Mark) and isinstance(other, Mark)):
            not_compared.append(test.name)
    sums = {name.lower(): found.sum(name) for name in ("Data", "Model", "Infra", "Monitor")}
    return Change(
        format=FORMAT, commit=found.commit, base=since, sums=Sums(**sums), moved=moved, not_compared=not_compared
    )


def _declared(since: str) -> Scoring:
    """Return what `score.yaml` declared; nothing if it was damaged, or no change could mend it."""
    try:
        return commit_evidence.scoring(since)
    except ParamsError:
        return Scoring()


def _mark(test: Test, evidence: Kept) -> Mark | ByRunError | UnknownSearchError:
    """Give points for a test by what git keeps, or say that git alone does not tell."""
    try:
        found = test.check(evidence)
    except (ByRunError, UnknownSearchError) as error:
        return error
    except Exception as error:
        return by_hand(test, evidence, error)
    return Mark(test, found.points, found.said, found.origin, found.lacks, found.command)


def _moved(one: Mark | MainlineError, other: Mark | MainlineError, real: Mark, before: Kept) -> Moved | None:
    """Return what moved between two commits, of which `real` has what ran at the second; None if nothing surely did."""
    name = real.test.name
    if isinstance(one, UnknownSearchError) or isinstance(other, UnknownSearchError):
        return None
    if isinstance(one, Mark) and isinstance(other, Mark):
        if one.points == other.points:
            return None
        return _say(name, one.points, other.points, _why(one, other))
    if isinstance(other, Mark):  # git lacks now what it had, and no run can show it
        return _say(name, None, other.points, other.said) if other.points < 1 else None
    if isinstance(one, Mark):  # no run could show it before
        return _say(name, one.points, real.points, real.said) if real.points > one.points else None
    lost = real.command and real.step == workflow(real.command) and workflows.runs(real.command, before.scheduled)
    return _say(name, 1.0, real.points, f"no workflow runs `{real.command}` any more") if lost else None


def _why(one: Mark, other: Mark) -> str:
    """Say what became other between two marks; of half a point, what was lacking or is."""
    if other.points < one.points:
        return f"lacking: {other.step.text}" if other.points and other.step else other.said
    return f"done: {one.step.text}" if one.points and one.step else other.said


def _say(name: str, before: float | None, after: float, why: str) -> Moved:
    return Moved.model_validate({"test": name, "before": before, "after": after, "why": why[:300]})
