"""Each check says no when it should, and never passes what it could not compute."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import yaml

from mainline.contract import Field
from mainline.gate import checks, policy
from mainline.gate.evidence import Cost, Evidence
from mainline.gate.findings import Check, Verdict
from mainline.gate.holdout import Holdout
from mainline.gate.policy import Policy
from mainline.gate.production import Released
from mainline.registry.tags import Version
from tests.project import ROOT

DAYS, PER_DAY = 30, 100
ROWS = DAYS * PER_DAY
RELEASED = Version("v1.0.0", "c" * 40)


@pytest.fixture(scope="module")
def shipped() -> Policy:
    """The policy as it ships, with one fairness rule."""
    declared = yaml.safe_load((ROOT / "params.yaml").read_text())["gate"]
    return policy.load(declared | {"fairness": [{"slice": "carrier", "max_ratio": 1.5}]})


@pytest.fixture(scope="module")
def evidence() -> Evidence:
    """A candidate as good as production: the same errors on 3,000 rows of 30 days, in two segments."""
    random = np.random.default_rng(0)
    label = random.normal(size=ROWS) * 30
    error = random.normal(size=ROWS) * 10
    holdout = Holdout(
        request={"x": label},
        label=label,
        day=np.repeat(np.arange(DAYS), PER_DAY),
        slices={"carrier": np.where(np.arange(ROWS) % 2 == 0, "AA", "UA")},
    )
    predictor = _predictor()
    return Evidence(
        task="regression",
        holdout=holdout,
        candidate=predictor,
        predicted=label + error,
        baseline=label + 2 * error,
        production=Released(RELEASED, predictor, Path("package")),
        unfetched=None,
        other=label + error[::1],
        obstacle="",
        lock="",
        older={"v0.9.0": label + error},
        costs=(Cost(5.0, 1000, 100.0), Cost(5.0, 1000, 100.0)),
        skew={"temp": 0.9, "seats": 0.1},
        quarantined=(1, 10_000),
        slice_min_rows=500,
    )


def _predictor(*fields: Field, response: str = "minutes") -> Any:
    request = fields or (Field("x", "number", "a number", 1.0, minimum=0, maximum=10),)
    return SimpleNamespace(request=request, manifest={"response": {"unit": response}, "task": "regression"})


def _verdict(evidence: Evidence, shipped: Policy, name: str) -> Verdict:
    return _check(evidence, shipped, name).verdict


def _check(evidence: Evidence, shipped: Policy, name: str) -> Check:
    (found,) = (check for check in checks.run(evidence, shipped) if check.name == name)
    return found


def test_an_equal_candidate_passes_everything(evidence: Evidence, shipped: Policy) -> None:
    """With the same errors as production every check passes, and so does the whole."""
    found = checks.run(evidence, shipped)
    assert {check.name: check.verdict for check in found if check.verdict != "pass"} == {}
    assert checks.overall(found) == "pass"


def _worse(evidence: Evidence, factor: float) -> Evidence:
    error = evidence.predicted - evidence.holdout.label
    return replace(evidence, predicted=evidence.holdout.label + factor * error)


def _worse_in_one_segment(evidence: Evidence) -> Evidence:
    factor = np.where(evidence.holdout.slices["carrier"] == "AA", 3.0, 0.2)
    error = evidence.predicted - evidence.holdout.label
    return replace(evidence, predicted=evidence.holdout.label + factor * error)


def _nan(evidence: Evidence) -> Evidence:
    predicted = evidence.predicted.copy()
    predicted[7] = np.nan
    return replace(evidence, predicted=predicted)


def _short(evidence: Evidence) -> Evidence:
    rows = slice(0, 5 * PER_DAY)
    h = evidence.holdout
    holdout = Holdout({"x": h.request["x"][rows]}, h.label[rows], h.day[rows], {"carrier": h.slices["carrier"][rows]})
    return replace(
        evidence, holdout=holdout, predicted=evidence.predicted[rows], baseline=evidence.baseline[rows],
        other=evidence.other[rows], older={},
    )  # fmt: skip


def _released(evidence: Evidence, *fields: Field, response: str = "minutes") -> Evidence:
    return replace(evidence, production=Released(RELEASED, _predictor(*fields, response=response), Path("package")))


CHANGES: list[tuple[str, Callable[[Evidence], Evidence], Verdict]] = [
    ("lock", lambda e: replace(e, lock="train is stale"), "fail"),
    ("finite predictions", _nan, "fail"),
    ("holdout", _short, "cannot tell"),
    ("against production", lambda e: _worse(e, 1.03), "fail"),
    ("against production", _nan, "cannot tell"),
    ("against production", lambda e: replace(e, other=None, obstacle="gone"), "cannot tell"),
    ("sudden drop", lambda e: _worse(e, 1.08), "fail"),
    ("sudden drop", _nan, "cannot tell"),
    ("slow decay", lambda e: _worse(e, 1.04), "fail"),
    ("slow decay", lambda e: replace(e, unavailable=("v0.8.0",)), "cannot tell"),
    ("slow decay", _nan, "cannot tell"),
    ("against the baseline", lambda e: _worse(e, 1.95), "fail"),
    ("against the baseline", _nan, "cannot tell"),
    ("suspicious gain", lambda e: _worse(e, 0.7), "warn"),
    ("suspicious gain", _nan, "cannot tell"),
    ("bias", lambda e: replace(e, predicted=e.predicted + 6), "fail"),
    ("bias", _nan, "cannot tell"),
    ("slices against the whole", lambda e: _worse_in_one_segment(e), "pass"),
    ("slices against the whole", _nan, "cannot tell"),
    ("slices against production", _worse_in_one_segment, "fail"),
    ("slices against production", _nan, "cannot tell"),
    ("predict time", lambda e: replace(e, costs=(Cost(11.0, 1, 1.0), Cost(5.0, 1, 1.0))), "fail"),
    ("package size", lambda e: replace(e, costs=(Cost(1.0, 2100, 1.0), Cost(1.0, 1000, 1.0))), "fail"),
    ("memory", lambda e: replace(e, costs=(Cost(1.0, 1, 160.0), Cost(1.0, 1, 100.0))), "fail"),
    ("memory", lambda e: replace(e, costs=None), "cannot tell"),
    ("memory", lambda e: replace(e, costs=(Cost(1.0, 1, 1.0), None)), "cannot tell"),
    ("skew", lambda e: replace(e, skew={"seats": 0.9}), "warn"),
    ("skew", lambda e: replace(e, skew=None), "cannot tell"),
    ("quarantine", lambda e: replace(e, quarantined=(20, 10_000)), "fail"),
    ("quarantine", lambda e: replace(e, quarantined=(0, 0)), "cannot tell"),
    ("schema", lambda e: _released(e, Field("y", "number", "another", 1.0)), "warn"),
    ("schema", lambda e: _released(e, response="hours"), "warn"),
    ("fairness by carrier", _worse_in_one_segment, "fail"),
    ("fairness by carrier", _nan, "cannot tell"),
]


@pytest.mark.parametrize(
    ("name", "change", "verdict"), CHANGES, ids=[f"{n}-{v}-{i}" for i, (n, _, v) in enumerate(CHANGES)]
)
def test_a_check_says_what_it_sees(
    evidence: Evidence, shipped: Policy, name: str, change: Callable[[Evidence], Evidence], verdict: Verdict
) -> None:
    """The named check, and through it the whole, answers to what is wrong."""
    changed = change(evidence)
    assert _verdict(changed, shipped, name) == verdict


def test_every_check_was_seen_to_say_no(evidence: Evidence, shipped: Policy) -> None:
    """No check is in the gate that these tests have not seen refuse something; a threshold is declared apart."""
    seen = {name for name, _, verdict in CHANGES if verdict != "pass"}
    everything = {check.name for check in checks.run(evidence, shipped)}
    assert everything - seen == {"threshold"}


def test_a_threshold_is_held_where_it_is_declared(evidence: Evidence, shipped: Policy) -> None:
    """An absolute limit fails a model that misses it, and a model without a number cannot be told."""
    strict = shipped.model_copy(update={"threshold": 9.0})
    assert _verdict(evidence, strict, "threshold") == "fail"
    assert _verdict(_nan(evidence), strict, "threshold") == "cannot tell"
    assert _verdict(evidence, shipped.model_copy(update={"threshold": 11.0}), "threshold") == "pass"


def test_a_segment_much_worse_than_the_whole_fails(evidence: Evidence, shipped: Policy) -> None:
    """A segment with enough rows whose metric is beyond the declared ratio of the whole is named."""
    strict = shipped.model_copy(update={"slices": shipped.slices.model_copy(update={"relative_to_whole": 1.2})})
    found = _check(_worse_in_one_segment(evidence), strict, "slices against the whole")
    assert (found.verdict, found.observed.split(":")[0]) == ("fail", "carrier AA")


def test_thin_segments_are_never_gated(evidence: Evidence, shipped: Policy) -> None:
    """With fewer rows than declared a segment cannot fail the gate."""
    thin = replace(_worse_in_one_segment(evidence), slice_min_rows=ROWS)
    assert _verdict(thin, shipped, "slices against production") == "pass"


def test_an_unknown_slice_of_a_fairness_rule_cannot_be_told(evidence: Evidence, shipped: Policy) -> None:
    """A rule for a column that the use case does not slice by does not pass in silence."""
    rules = policy.Fairness(slice="gender", max_ratio=1.2)
    declared = shipped.model_copy(update={"fairness": (rules,)})
    assert _verdict(evidence, declared, "fairness by gender") == "cannot tell"


@pytest.mark.parametrize(
    ("verdicts", "whole"),
    [
        (["pass", "pass"], "pass"),
        (["pass", "warn"], "warn"),
        (["warn", "cannot tell"], "cannot tell"),
        (["cannot tell", "fail", "warn"], "fail"),
    ],
)
def test_the_whole_is_as_good_as_its_worst_check(verdicts: list[Verdict], whole: Verdict) -> None:
    """Failure outweighs ignorance, ignorance a warning, and only passes make a pass."""
    found = [Check(name="x", group="data", verdict=v, observed="", limit="", reason="") for v in verdicts]
    assert checks.overall(found) == whole
