"""Where a check turns from yes to no: the very limit, a first release, one wrong among many."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from mainline.declared.gate import Policy
from mainline.gate import verdict
from mainline.gate.checks import slices
from mainline.gate.checks.outcome import at_most
from mainline.gate.evidence import Evidence
from tests.mainline.gate import samples

FIRST = {
    "schema": "first release", "sudden drop": "first release", "suspicious gain": "first release",
    "skew": "first release",
    "predict time": "5 µs a row", "package size": "1,000 bytes", "memory": "100 MiB",
    "training time": "8.0 s of CPU time",
}  # fmt: skip


@pytest.mark.parametrize(
    ("ratio", "shown"),
    [(1.25, "1.25"), (1.6, "1.60"), (1.6004, "1.6004"), (1.61, "1.61"), (1.596, "1.60"), (float("nan"), "nan")],
)
def test_a_ratio_shows_on_which_side_of_its_limit_it_is(ratio: float, shown: str) -> None:
    """1.60 that fails a limit of 1.6 is a riddle: more digits are shown where two do not tell."""
    assert slices.beside_limit(ratio, 1.6) == shown


def test_a_first_release_is_compared_with_nothing(evidence: Evidence, shipped: Policy) -> None:
    """What has no production to be held against passes, says so, and records what there is."""
    found = {check.name: check for check in verdict.run(replace(evidence, production=None), shipped)}
    assert {name: (found[name].verdict, found[name].observed) for name in FIRST} == {
        name: ("pass", observed) for name, observed in FIRST.items()
    }
    assert all(found[name].limit and found[name].reason for name in FIRST)


def test_a_production_that_cannot_be_had_is_no_first_release(evidence: Evidence, shipped: Policy) -> None:
    """Its requests and responses are not known, so nothing is said to be compatible."""
    gone = replace(evidence, production=None, unfetched=samples.RELEASED, other=None, obstacle="the store is away")
    found = samples.check(gone, shipped, "schema")
    assert (found.verdict, found.observed, found.limit) == ("cannot tell", "not comparable", "compatible")
    assert found.reason == "the store is away"


def test_the_limit_itself_passes() -> None:
    """A limit is what may be reached."""
    assert [at_most(value, 2.0) for value in (2.0, 2.0001, float("nan"))] == ["pass", "fail", "cannot tell"]


@pytest.mark.parametrize(
    ("rows", "days", "said"), [(0, 0, "pass"), (1, 0, "cannot tell"), (0, 1, "cannot tell"), (1, 1, "cannot tell")]
)
def test_a_holdout_needs_rows_and_days(evidence: Evidence, shipped: Policy, rows: int, days: int, said: str) -> None:
    """Exactly the declared rows on the declared days are enough; one too few of either is not."""
    limits = shipped.holdout.model_copy(update={"min_rows": samples.ROWS + rows, "min_days": samples.DAYS + days})
    assert samples.check(evidence, shipped.model_copy(update={"holdout": limits}), "holdout").verdict == said


def test_decay_is_held_against_the_best_of_the_last_versions(evidence: Evidence, shipped: Policy) -> None:
    """Worse than the best fails, also where an older and a newer one were worse still."""
    label, error = evidence.holdout.label, evidence.predicted - evidence.holdout.label
    older = {"v0.7.0": label + 2 * error, "v0.8.0": label + 0.9 * error, "v0.9.0": label + 1.5 * error}
    found = samples.check(replace(evidence, older=older), shipped, "slow decay")
    assert (found.verdict, found.observed) == ("fail", "+11.1%")
    assert "against v0.8.0, the best of 3" in found.reason


def test_a_segment_that_got_worse_fails_though_the_whole_got_better(
    evidence: Evidence, shipped: Policy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each segment is compared on its own rows, with an interval that is widened for their number."""
    factor = np.where(evidence.holdout.slices["carrier"] == "AA", 1.2, 0.5)
    error = evidence.predicted - evidence.holdout.label
    changed = replace(evidence, predicted=evidence.holdout.label + factor * error)
    asked, difference = [], Evidence.difference

    def spy(self: Evidence, other: Any, confidence: float, rows: Any = None) -> Any:
        asked.append(confidence)
        return difference(self, other, confidence, rows)

    monkeypatch.setattr(Evidence, "difference", spy)
    found = samples.check(changed, shipped, "slices against production")
    assert (found.verdict, found.observed) == ("fail", "carrier AA")
    assert asked.count(1 - (1 - shipped.confidence) / 2) == 2
    assert samples.check(changed, shipped, "against production").verdict == "pass"


def test_what_moved_most_is_named_first(evidence: Evidence, shipped: Policy) -> None:
    """Of many features the five that moved most are shown; of dear ones those that cost most."""
    skew = {name: 0.6 + number / 10 for number, name in enumerate("abcdef")}
    moved = samples.check(replace(evidence, skew={**skew, "still": 0.5}), shipped, "skew").observed
    assert moved == "f 1.10, e 1.00, d 0.90, c 0.80, b 0.70"
    assert samples.check(replace(evidence, skew={"still": 0.5}), shipped, "skew").observed == "none"
    measured = (samples.worth("seats", 0.0, 1.0), samples.worth("temp", -0.1, 3.0))
    dear = samples.check(replace(evidence, worth=measured), shipped, "feature cost")
    assert (dear.verdict, dear.observed) == ("warn", "temp 60%, seats 20%")
    assert "no worse without it" in dear.reason
    assert "no worse" not in samples.check(evidence, shipped, "feature cost").reason


def test_a_segment_without_a_number_is_not_hidden_by_another(
    evidence: Evidence, shipped: Policy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the metric of one segment cannot be computed, the worst of the others does not speak for it."""
    lack = Evidence.lack

    def one_is_unknown(self: Evidence, predicted: Any, rows: Any = None, scorer: Any = None) -> float:
        alone = rows is not None and bool((self.holdout.slices["carrier"][rows] == "AA").all())
        return float("nan") if alone else lack(self, predicted, rows, scorer)

    monkeypatch.setattr(Evidence, "lack", one_is_unknown)
    assert samples.check(evidence, shipped, "slices against the whole").verdict == "cannot tell"
