"""The seven tests of features and data."""

from collections.abc import Iterator
from itertools import pairwise

import yaml

from mainline.errors import MainlineError
from mainline.gate.tables import WORTH
from mainline.registry.tags import Version
from mainline.repository import record
from mainline.repository.git import ask, blob
from mainline.score.evidence import Evidence
from mainline.score.rubric import (
    ADD,
    DECLARE,
    EXPLAIN,
    FORGET,
    GATE,
    PROMOTE,
    REHEARSAL,
    LackError,
    Origin,
    Shown,
    Step,
    Test,
)
from mainline.text import count, span

SPEC = ("params.yaml", "src/usecase")


def schema(evidence: Evidence) -> Shown:
    """Every batch was held to the schema by `validate`, and impossible rows are few enough for the gate."""
    counts, quarantine = (evidence.measured(f"metrics/{name}.json") for name in ("data", "quarantine"))
    evidence.checks("quarantine")
    said = f"{count(counts['accepted'], 'row')} accepted, {counts['quarantined']:,} quarantined"
    said += f" by {count(len(quarantine), 'batch')}" if quarantine else ""
    return evidence.shown(said, evidence.lock, "./mainline lock")


def worth(evidence: Evidence) -> Shown:
    """Each feature was left out once; a whole point if each is proven to be worth something."""
    rows, origin = _worth(evidence)
    proven = sum(float(row["low"]) > 0 for row in rows)
    said = f"{proven} of {len(rows)} are proven to help"
    lacks = None if proven == len(rows) else Step(3, "leave out features that prove nothing, then `make repro`")
    return evidence.shown(said, origin, "./mainline explain", lacks)


def cost(evidence: Evidence) -> Shown:
    """Time and bytes of each feature are known, and none is too dear by `gate.budgets.feature_time`."""
    rows, measured = _worth(evidence)
    (check,), origin = evidence.checks("feature cost")
    if check.observed == "not measured":
        raise LackError("the gate ran before the features were measured", GATE)
    if check.verdict != "pass":
        raise LackError(f"too dear for what they prove: {check.observed}", Step(3, "leave out a dear feature"))
    dearest = max(rows, key=lambda row: float(row["microseconds"]))
    said = f"{float(dearest['microseconds']):.2g} µs a row at most ({dearest['feature']}), within {check.limit}"
    return evidence.shown(said, min(origin, measured, key=lambda one: one.when), "make gate")


def requirements(evidence: Evidence) -> Shown:
    """Banned names, fields that may reach no answer, and what is known too late were tried, and refused."""
    claims = (
        "no_banned_name_is_used", "a_banned_field_of_the_request_reaches_no_answer",
        "nothing_after_the_prediction_time_reaches_a_feature",
    )  # fmt: skip
    return evidence.shown("no banned name; the future was rewritten", evidence.claims(*claims), "make test")


def privacy(evidence: Evidence) -> Shown:
    """Personal columns, or that there are none, are declared; values were looked at, and no other column has any."""
    found = evidence.measured("metrics/personal.json")
    declared, undeclared = found["declared"], sorted(found["found"])
    if declared is None:
        raise LackError("nobody has said which columns are personal, if any", DECLARE)
    if undeclared:
        raise LackError(f"{undeclared[0]} looks personal and is not declared", DECLARE)
    evidence.checks("personal values")
    looked = f"{count(sum(found['looked_at'].values()), 'row')} looked at"
    if not declared:
        return evidence.shown(f"nothing is personal; {looked}", evidence.lock, "./mainline lock")
    evidence.claims("a_personal_field_is_a_feature_under_its_own_name_alone")
    said, tried = f"{', '.join(sorted(declared))} hidden in what is kept; {looked}", True
    try:
        evidence.ran(record.FORGET, FORGET)
    except MainlineError:
        tried = False
    return evidence.shown(said, evidence.lock, "./mainline lock", None if tried else FORGET)


def speed(evidence: Evidence) -> Shown:
    """A feature was added and released; how long that took is known from git, or of a rehearsal for half a point."""
    found = next(_added(evidence.registry.versions), None)
    if found is None:
        return _rehearsed_feature(evidence)
    version, name, seconds = found
    origin = evidence.fresh(Origin(f"version {version.name}", version.commit, version.when), PROMOTE)
    return evidence.shown(f"{name} was released {span(seconds)} after its first commit", origin, "engine/ci/promote")


def _rehearsed_feature(evidence: Evidence) -> Shown:
    """A rehearsal took a feature from an edit of params.yaml through fit, gate and rollout; no person's time is in it.

    Raises:
        LackError: when none did.
    """
    try:
        found, origin = evidence.rehearsed
    except LackError:
        found, origin = {}, None
    if not found.get("feature") or origin is None:
        raise LackError("no version has a feature that the one before lacks", ADD)
    said = f"rehearsed: {found['feature']} was declared, fitted and rolled out in {span(int(found['added']))}"
    return evidence.shown(said, origin, REHEARSAL, PROMOTE)


def code(evidence: Evidence) -> Shown:
    """The contract's claims on features hold; a whole point with tests of their values in tests/test_features.py."""
    names = ("every_declared_feature_is_computed", "a_row_alone_equals_the_same_row_in_a_batch",
             "the_order_of_rows_does_not_matter", "the_order_of_the_data_does_not_matter")  # fmt: skip
    origin, own = evidence.claims(*names), evidence.own_tests("tests/test_features.py")
    lacks = None if own else Step(3, "assert values of features in tests/test_features.py")
    return evidence.shown(
        f"4 claims of the contract and {count(own, 'test')} of your own pass", origin, "make test", lacks
    )


def _worth(evidence: Evidence) -> tuple[list[dict[str, str]], Origin]:
    rows, origin = evidence.table(WORTH, EXPLAIN)
    missing = sorted(set(evidence.params.features) - {row["feature"] for row in rows})
    if missing:
        raise LackError(f"{WORTH} lacks {', '.join(missing[:3])}", EXPLAIN)
    return rows, origin


def _added(versions: list[Version]) -> Iterator[tuple[Version, str, int]]:
    """Yield versions, newest first, with a feature that is new, and the seconds from commit to release."""
    for new, old in pairwise(versions):
        more = sorted(_features(new) - _features(old))
        begun = ask("log", "--reverse", "--format=%ct", f"{old.commit}..{new.commit}", "--", *SPEC).split()
        if more and begun:
            yield new, more[0], max(new.when - int(begun[0]), 0)


def _features(version: Version) -> set[str]:
    declared = yaml.safe_load(blob(f"{version.commit}:params.yaml") or b"")
    return set(map(str, declared.get("features") or ())) if isinstance(declared, dict) else set()


TESTS = tuple(
    Test("Data", number, title, short, check)
    for number, (title, short, check) in enumerate(
        (
            ("Feature expectations are captured in a schema", "schema", schema),
            ("All features are beneficial", "features help", worth),
            ("No feature's cost is too much", "features' cost", cost),
            ("Features adhere to meta-level requirements", "requirements", requirements),
            ("The data pipeline has appropriate privacy controls", "privacy", privacy),
            ("New features can be added quickly", "new features", speed),
            ("All input feature code is tested", "feature code", code),
        ),
        start=1,
    )
)
