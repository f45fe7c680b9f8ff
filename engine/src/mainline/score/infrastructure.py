"""The seven tests of the infrastructure that trains, releases and serves the model."""

from collections.abc import Iterable
from itertools import pairwise

from mainline.repository import lock, record
from mainline.repository.git import blob
from mainline.score.evidence import Evidence
from mainline.score.rubric import FOLLOW, ONE_ROW, REHEARSAL, VERIFY, LackError, Origin, Shown, Step, Test
from mainline.text import count

_TRAINS = (
    "a_tiny_set_is_memorised", "the_loss_falls_in_training", "a_fit_on_random_data_is_finite",
    "a_fit_that_is_done_again_gives_the_same_bytes", "an_own_model_keeps_the_interface_of_scikit_learn",
)  # fmt: skip
_WHOLE = ("raw_data_become_an_answer_over_http",)
_TRAIN = Step(6, "let every claim of tests/test_training.py hold")
_PIPELINE = Step(6, "let the claim of tests/test_pipeline.py hold")
_DRILL = Step(1, "`./mainline rehearse`, or roll back once and forth, as a drill")


def reproducible(evidence: Evidence) -> Shown:
    """The commit was rebuilt from nothing, and every output had the hash that dvc.lock names."""
    found, origin = evidence.ran(record.VERIFY, VERIFY)
    result = found.found.get("result", "damaged")
    if result != record.REPRODUCED:
        raise LackError(f"the last rebuild: {result}", VERIFY)
    if blob(f"{origin.commit}:{lock.LOCK}") != lock.LOCK.read_bytes() or not evidence.lock:
        raise LackError("the last rebuild was of another dvc.lock", VERIFY)  # so of other code or data
    return evidence.shown(found.found.get("said", result).partition(". ")[0].rstrip("."), origin, "./mainline verify")


def unit_tested(evidence: Evidence) -> Shown:
    """Loss fell in training and the package predicts the same; a whole point if it keeps all claims on training."""
    fell = _fell(evidence)
    _, origin = evidence.checks("package")
    lacks = _lacking(evidence, _TRAINS, _TRAIN)
    if not fell and lacks:
        raise LackError("no learning curve got better", lacks)
    said = f"the loss fell in {count(fell, 'step')}" if fell else f"{count(len(_TRAINS), 'claim')} on training hold"
    return evidence.shown(f"{said}, and the reloaded package predicts the same", origin, "make gate", lacks)


def integrated(evidence: Evidence) -> Shown:
    """From raw data to a server's own check; a whole point if few rows went all the way to an answer."""
    _, origin = evidence.checks("lock", "package", "served")
    lacks = _lacking(evidence, _WHOLE, _PIPELINE)
    said = f"{count(len(evidence.locked), 'stage')} from raw data, then the servers' check of the package"
    return evidence.shown(said, origin, "make gate", lacks)


def validated(evidence: Evidence) -> Shown:
    """The gate let this package pass."""
    found, origin = evidence.judged
    if found.verdict not in ("pass", "warn"):
        raise LackError(f"the gate says: {found.verdict}", Step(3, "make a model that passes `make gate`"))
    return evidence.shown(f"{len(found.checks)} checks: {found.verdict}", origin, "make gate")


def debugged(evidence: Evidence) -> Shown:
    """One request was taken through this package step by step."""
    found, origin = evidence.ran(record.EXPLAIN, ONE_ROW)
    if found.found.get("digest") != evidence.digest:
        raise LackError("another package was explained", ONE_ROW)
    # For a person, on demand: it is the tool that the rubric asks for.
    return Shown("a row was explained step by step", origin, "./mainline explain")


def canaried(evidence: Evidence) -> Shown:
    """A server took this package by the declared steps; half a point if no step compares it with stable first.

    Servers of production tell it; before they do, a rehearsal shows it.
    """
    strategy = evidence.deployed.rollout.declared.strategy
    lacks = Step(3, f"declare a canary in {evidence.place}") if strategy == "blue-green" else None
    said, origin, command = rollout(evidence)
    if command == REHEARSAL:
        return evidence.shown(said, origin, command, lacks)
    return Shown(f"{said} by {strategy}", origin, command, lacks)


def rollout(evidence: Evidence) -> tuple[str, Origin, str]:
    """Return what is known of a rollout that this package passed, from where, and by which command.

    Raises:
        LackError: when servers told last that it did not hold, or neither they nor a rehearsal told of one.
    """
    try:
        event, origin = evidence.rolled_out()
        return f"{event.version} was rolled out", origin, "./mainline serve --follow"
    except LackError as error:
        lacking = error
    about = [one for one in evidence.events if one.digest == evidence.digest]
    if about and about[-1].event != "served":
        raise LackError(f"production told that it was {about[-1].event}", FOLLOW) from lacking
    try:
        found, origin = evidence.rehearsed
    except LackError as error:
        raise LackError(f"{lacking}; {error}", error.step) from lacking
    answers = f"{int(found['answers']):,} answers, none failed"
    said = f"rehearsed: rolled out by {found['strategy']} in {found['rolled out']} s; {answers}"
    return said, origin, REHEARSAL


def is_serving(evidence: Evidence) -> bool:
    """Whether clients may have this package's answers: a server told so last, or monitoring saw some."""
    told = [one.event for one in evidence.events if one.digest == evidence.digest]
    try:
        return told[-1:] == ["served"] or any(one.digest == evidence.digest for one in evidence.looked.versions)
    except LackError:
        return False


def rolled_back(evidence: Evidence) -> Shown:
    """An earlier version took over again; half a point if no server told that it did. A rehearsal counts as a drill."""
    try:
        drilled = _drilled(evidence)
    except LackError:
        drilled = None
    if drilled and not drilled.lacks:
        return drilled
    try:
        found, origin = evidence.rehearsed
    except LackError:
        return drilled or _drilled(evidence)
    said = f"rehearsed: the last answer of the version came {found['rolled back']} s after its rollback"
    return evidence.shown(said, origin, REHEARSAL)


def _drilled(evidence: Evidence) -> Shown:
    """Return what the registry and production show of a version that returned.

    Raises:
        LackError: when none did.
    """
    given = [one for one in evidence.registry.assignments if one.environment == evidence.environment and one.version]
    returns = [one for before, one in pairwise(given) if one.version != before.version
               and one.version in [each.version for each in given if each.number < before.number]]  # fmt: skip
    if not returns:
        raise LackError("no version ever returned", _DRILL)
    last = returns[-1]
    version = last.version.name if last.version else ""
    origin = evidence.fresh(Origin(f"{evidence.environment} #{last.number}", "", last.when), _DRILL)
    told = [
        one for one in evidence.events if one.version == version and one.when >= last.when and one.event == "served"
    ]
    said = f"back to {version}" + (f", served {told[0].when - last.when} s later" if told else "")
    return Shown(said, origin, "./mainline rollback", None if told else FOLLOW)


def _lacking(evidence: Evidence, claims: Iterable[str], step: Step) -> Step | None:
    """Return what to do if a claim was not shown to hold on this code; None if all were."""
    try:
        evidence.tested  # noqa: B018 - tests that did not run are to be run, and not mended
    except LackError as error:
        return error.step
    try:
        evidence.claims(*claims)
    except LackError:
        return step
    return None


def _fell(evidence: Evidence) -> int:
    """Count the steps of the learning curve of training rows; 0 if it did not get better."""
    rows = evidence.measured("metrics/plots/learning.csv")
    losses = [float(row["metric"]) for row in rows if row["rows"] == "train"]
    return len(losses) if len(losses) > 1 and evidence.sign * (losses[-1] - losses[0]) < 0 else 0


TESTS = tuple(
    Test("Infra", number, title, short, check)
    for number, (title, short, check) in enumerate(
        (
            ("Training is reproducible", "reproducible", reproducible),
            ("Model specification code is unit tested", "training tests", unit_tested),
            ("The full ML pipeline is integration tested", "whole pipeline", integrated),
            ("Model quality is validated before attempting to serve it", "validated", validated),
            ("The model allows debugging by observing the step-by-step computation", "debugging", debugged),
            ("Models are tested via a canary process before they enter production", "canary", canaried),
            ("Models can be quickly and safely rolled back", "rollback", rolled_back),
        ),
        start=1,
    )
)
