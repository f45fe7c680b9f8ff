"""Each check says no when it should, and never passes what it could not compute."""

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mainline.contract import Field
from mainline.declared import gate
from mainline.declared.gate import Policy, Support
from mainline.documents import Verdict
from mainline.gate import verdict
from mainline.gate.evidence import Evidence
from mainline.gate.footprint import Cost
from mainline.gate.production import Released
from mainline.model.metrics import scorer
from tests.mainline.gate import samples


def _verdict(evidence: Evidence, shipped: Policy, name: str) -> Verdict:
    return samples.check(evidence, shipped, name).verdict


def test_an_equal_candidate_passes_everything(evidence: Evidence, shipped: Policy) -> None:
    """With the same errors as production every check passes, and so does the whole."""
    found = verdict.run(evidence, shipped)
    assert {check.name: check.verdict for check in found if check.verdict != "pass"} == {}
    assert verdict.overall(found) == "pass"


def refitted(evidence: Evidence, factor: float) -> Evidence:
    """Let the served model be another one than the measured model, with the same errors times a factor."""
    found = samples.predictor()
    found.manifest["refit"] = {"rows": 12_345}
    error = evidence.predicted - evidence.holdout.label
    return replace(evidence, candidate=found, predicted_served=evidence.holdout.label + factor * error)


@pytest.mark.parametrize(
    ("factor", "verdict", "observed"),
    [(0.9, "pass", "-10.0%"), (1.009, "pass", "+0.9%"), (1.02, "fail", "+2.0%"), (np.nan, "fail", "not every")],
)
def test_a_refit_must_know_the_rows_that_it_was_fitted_on(
    evidence: Evidence, shipped: Policy, factor: float, verdict: Verdict, observed: str
) -> None:
    """The served model is at most the margin worse than the measured one on the holdout, and no number is missing."""
    found = samples.check(refitted(evidence, factor), shipped, "refit")
    assert found.verdict == verdict
    assert found.observed.startswith(observed)


def test_a_refit_is_said_to_be_unmeasured(evidence: Evidence, shipped: Policy) -> None:
    """The check says on how many rows it was fitted and that nothing measured it; without a refit there is no check."""
    reason = samples.check(refitted(evidence, 1.0), shipped, "refit").reason
    assert "all 12,345 rows" in reason
    assert "nothing measured it" in reason
    assert "refit" not in [check.name for check in verdict.run(evidence, shipped)]


def promising(evidence: Evidence, *ends: float, level: float = 0.9) -> Evidence:
    """Let the candidate promise that 90 % of all cases, or another share, are inside of an interval."""
    found = samples.predictor()
    found.manifest["interval"] = {"level": level, "ends": list(ends)}
    return replace(evidence, candidate=found)


def test_an_interval_is_held_to_its_level(evidence: Evidence, shipped: Policy) -> None:
    """Errors of a spread of 10 are inside of 16.4 in 90 % of all rows, and inside of 14 in 84 %."""
    wide, narrow = (samples.check(promising(evidence, -end, end), shipped, "coverage") for end in (16.4, 14.0))
    assert (wide.verdict, narrow.verdict) == ("pass", "fail")
    assert (narrow.observed, narrow.limit) == ("84.1%", "88.0%")
    assert "coverage" not in [check.name for check in verdict.run(evidence, shipped)]
    precise = samples.check(promising(evidence, -99.0, 99.0, level=0.975), shipped, "coverage")
    assert precise.reason.startswith("The interval of 97.5% on the holdout; ")


def test_an_interval_is_held_in_each_segment_where_that_is_declared(evidence: Evidence, shipped: Policy) -> None:
    """Errors three times as large in one segment are covered less there, which a declared limit refuses."""
    uneven = promising(samples.worse_in_one_segment(evidence), -35.0, 35.0)
    found = samples.check(uneven, shipped, "coverage by slice")
    assert (found.verdict, found.limit) == ("pass", "none declared")
    assert samples.check(uneven, shipped, "coverage").verdict == "pass"
    strict, lax = (shipped.model_copy(update={"coverage_by_slice": limit}) for limit in (0.05, 0.2))
    refused = samples.check(uneven, strict, "coverage by slice")
    assert (refused.verdict, refused.observed) == ("fail", found.observed)
    assert refused.observed.startswith("carrier AA: 7")
    assert refused.reason.endswith("; too narrow in carrier AA.")
    assert samples.check(uneven, lax, "coverage by slice").verdict == "pass"
    few = replace(samples.short(uneven), slice_min_rows=10**6)
    assert samples.check(few, strict, "coverage by slice").observed == "no segment with enough rows"


def test_coverage_of_weighted_rows_is_a_share_of_weight(evidence: Evidence, shipped: Policy) -> None:
    """Rows of the segment with the larger errors count nine times, so the interval holds less."""
    uneven = promising(samples.worse_in_one_segment(evidence), -35.0, 35.0)
    weight = np.where(uneven.holdout.slices["carrier"] == "AA", 9.0, 1.0)
    weighed = replace(uneven, holdout=replace(uneven.holdout, weight=weight))
    inside = np.abs(uneven.predicted - uneven.holdout.label) <= 35
    expected = f"{np.average(inside, weights=weight):.1%}"
    assert samples.check(weighed, shipped, "coverage").observed == expected
    assert samples.check(uneven, shipped, "coverage").observed != expected


CHANGES: list[tuple[str, Callable[[Evidence], Evidence], Verdict]] = [
    ("lock", lambda e: replace(e, lock="train is stale"), "fail"),
    ("lock", lambda e: replace(e, strangers=("models/package",)), "fail"),
    ("finite predictions", samples.nan, "fail"),
    ("package", lambda e: replace(e, kept=e.kept + 1e-9), "fail"),
    ("package", lambda e: replace(e, kept=e.kept[:-1]), "fail"),
    ("package", samples.nan, "fail"),
    ("served", lambda e: replace(e, refusals={"staging": "", "production": "golden requests: 12 differ"}), "fail"),
    ("served", lambda e: replace(e, refusals={}), "cannot tell"),
    ("holdout", samples.short, "cannot tell"),
    ("looks", lambda e: replace(samples.another(e), look=20, widening=20), "pass"),
    ("looks", lambda e: replace(samples.another(e), look=200, widening=200), "warn"),
    ("looks", lambda e: replace(samples.another(e), look=200), "warn"),
    ("looks", lambda e: replace(e, look=200, widening=200), "pass"),
    ("looks", samples.nan, "cannot tell"),
    ("same production", lambda e: replace(e, moved=(10, 1000)), "pass"),
    ("same production", lambda e: replace(e, moved=(11, 1000)), "cannot tell"),
    ("against production", lambda e: samples.worse(e, 1.03), "fail"),
    ("against production", samples.nan, "cannot tell"),
    ("against production", lambda e: replace(e, other=None, obstacle="gone"), "cannot tell"),
    ("sudden drop", lambda e: samples.worse(e, 1.08), "fail"),
    ("sudden drop", samples.nan, "cannot tell"),
    ("slow decay", lambda e: samples.worse(e, 1.04), "fail"),
    ("slow decay", lambda e: replace(e, unavailable=("v0.8.0",)), "cannot tell"),
    ("slow decay", samples.nan, "cannot tell"),
    ("against the baseline", lambda e: samples.worse(e, 1.95), "fail"),
    ("against the baseline", samples.nan, "cannot tell"),
    ("suspicious gain", lambda e: samples.worse(e, 0.7), "warn"),
    ("suspicious gain", samples.nan, "cannot tell"),
    ("bias", lambda e: replace(e, predicted=e.predicted + 6), "fail"),
    ("bias", samples.nan, "cannot tell"),
    ("slices against the whole", lambda e: samples.worse_in_one_segment(e), "pass"),
    ("slices against the whole", samples.nan, "cannot tell"),
    ("slices against production", samples.worse_in_one_segment, "fail"),
    ("slices against production", samples.nan, "cannot tell"),
    ("predict time", lambda e: replace(e, costs=(Cost(11.0, 1, 1.0), Cost(5.0, 1, 1.0))), "fail"),
    ("package size", lambda e: replace(e, costs=(Cost(1.0, 2100, 1.0), Cost(1.0, 1000, 1.0))), "fail"),
    ("memory", lambda e: replace(e, costs=(Cost(1.0, 1, 160.0), Cost(1.0, 1, 100.0))), "fail"),
    ("memory", lambda e: replace(e, costs=None), "cannot tell"),
    ("memory", lambda e: replace(e, costs=(Cost(1.0, 1, 1.0), None)), "cannot tell"),
    ("training time", lambda e: replace(e, runs={"train": samples.run(17.0)}), "fail"),
    ("training time", lambda e: replace(e, runs={"train": samples.run(17.0, "another")}), "warn"),
    ("training time", lambda e: replace(e, runs={}), "warn"),
    ("training time", lambda e: replace(e, production_runs={}), "warn"),
    ("training time", lambda e: replace(e, runs={"train": samples.run(float("nan"))}), "cannot tell"),
    (
        "feature cost",
        lambda e: replace(e, worth=(samples.worth("temp", 0.1, 3.0), samples.worth("seats", -0.1, 0.6))),
        "warn",
    ),
    ("feature cost", lambda e: replace(e, worth=(samples.worth("seats", 0.1, 0.4),)), "pass"),
    ("feature cost", lambda e: replace(e, costs=None), "cannot tell"),
    ("skew", lambda e: replace(e, skew={"seats": 0.9}), "warn"),
    ("skew", lambda e: replace(e, skew={"seats": float("nan")}), "warn"),
    ("skew", lambda e: replace(e, skew=None), "cannot tell"),
    ("support", lambda e: replace(e, support={"2013-02": {"not_whole": {"seats": (0.06, 0.0)}}}), "fail"),
    ("support", lambda e: replace(e, support={"2013-02": {"not_whole": {"seats": (0.05, 0.0)}}}), "pass"),
    ("support", lambda e: replace(e, support={"2013-02": {"missing": {"temp": (0.2, 0.14)}}}), "fail"),
    ("support", lambda e: replace(e, support={"2013-02": {"missing": {"temp": (0.2, 0.16)}}}), "pass"),
    ("support", lambda e: replace(e, support={"2013-02": {"outside": {"temp": (1.0, 0.0)}}}), "pass"),
    ("support", lambda e: replace(e, support={"2013-02": {"unseen": {"carrier": (1.0, 0.0)}}}), "pass"),
    ("support", lambda e: replace(e, support={"2013-02": {"constant": {"temp": (1.0, 0.0)}}}), "fail"),
    ("quarantine", lambda e: replace(e, quarantined=(20, 10_000)), "fail"),
    ("quarantine", lambda e: replace(e, quarantined=(0, 0)), "cannot tell"),
    ("personal values", lambda e: replace(e, identified={"orders.note": {"mail addresses": 0.02}}), "warn"),
    ("personal values", lambda e: replace(e, identified=None), "cannot tell"),
    ("schema", lambda e: samples.released(e, Field("y", "number", "another", 1.0)), "warn"),
    ("schema", lambda e: samples.released(e, unit="hours"), "warn"),
    ("schema", lambda e: samples.released(e, description="in other words"), "pass"),
    ("fairness by carrier", samples.worse_in_one_segment, "fail"),
    ("fairness by carrier", samples.nan, "cannot tell"),
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
    seen = {name for name, _, answer in CHANGES if answer != "pass"}
    everything = {check.name for check in verdict.run(evidence, shipped)}
    assert everything - seen == {"threshold"}


def test_the_looks_that_a_holdout_allows_do_not_depend_on_how_many_there_were(
    evidence: Evidence, shipped: Policy
) -> None:
    """The limit is the last look at which the interval of a candidate without any difference ends within the margin."""
    other, production = samples.another(evidence), evidence.kept
    most = int(samples.check(other, shipped, "looks").limit.removeprefix("up to "))
    assert samples.check(replace(other, look=7, widening=7), shipped, "looks").limit == f"up to {most}"
    for look, is_within in ((most, True), (most + 1, False)):
        found = replace(other, look=look, widening=look).difference(production, shipped.confidence)
        assert (found.high - found.estimate <= shipped.margin) == is_within


def test_a_holdout_of_which_no_look_tells_enough_says_so(evidence: Evidence, shipped: Policy) -> None:
    """That there is no limit would be the opposite."""
    found = samples.check(samples.another(evidence), shipped.model_copy(update={"margin": 1e-9}), "looks")
    assert (found.verdict, found.limit) == ("pass", "not even the first")


def test_a_later_look_has_a_wider_interval_of_the_whole_alone(evidence: Evidence, shipped: Policy) -> None:
    """A hundred looks widen the difference to production, and no segment's, which would then pass more easily."""
    first, production = samples.another(evidence), evidence.kept
    later = replace(first, look=100, widening=100)
    rows = first.holdout.slices["carrier"] == "AA"
    whole = [each.difference(production, shipped.confidence) for each in (first, later)]
    part = [each.difference(production, shipped.confidence, rows) for each in (first, later)]
    assert whole[1].high - whole[1].low > 5 * (whole[0].high - whole[0].low)
    assert part[0] == part[1]


def test_a_threshold_is_held_where_it_is_declared(evidence: Evidence, shipped: Policy) -> None:
    """An absolute limit fails a model that misses it, and a model without a number cannot be told."""
    strict = shipped.model_copy(update={"threshold": 9.0})
    assert _verdict(evidence, strict, "threshold") == "fail"
    assert _verdict(samples.nan(evidence), strict, "threshold") == "cannot tell"
    assert _verdict(evidence, shipped.model_copy(update={"threshold": 11.0}), "threshold") == "pass"


@pytest.mark.parametrize(("least", "verdict"), [(0.95, "fail"), (0.85, "pass")])
def test_a_threshold_of_which_more_is_better_is_a_least_one(
    evidence: Evidence, shipped: Policy, least: float, verdict: Verdict
) -> None:
    """A declared R squared is what the model must reach."""
    found = samples.check(
        replace(evidence, scorer=scorer("regression", "r2")),
        shipped.model_copy(update={"threshold": least}),
        "threshold",
    )
    assert (found.verdict, found.limit) == (verdict, f"at least {least}")


def test_a_released_version_is_measured_at_its_own_threshold(evidence: Evidence, shipped: Policy) -> None:
    """Of two models that say yes to the same rows, each from its own threshold on, neither is better by F1."""
    random = np.random.default_rng(1)
    label = (random.random(samples.ROWS) < 0.4).astype(float)
    shy = np.clip(0.15 + 0.2 * label + random.normal(0, 0.1, samples.ROWS), 0.01, 0.49)  # says yes from 0.25 on
    own, cut = scorer("classification", "f1", threshold=0.25), scorer("classification", "f1", threshold=0.5)
    holdout = replace(evidence.holdout, label=label)
    found = replace(
        evidence, scorer=cut, holdout=holdout, predicted=2 * shy, other=shy, other_scorer=own,
        older={"v0.9.0": shy}, older_scorers={"v0.9.0": own},
    )  # fmt: skip
    assert found.metric(shy, scorer=own) == found.metric(2 * shy)
    assert samples.check(found, shipped, "against production").observed == "+0.0% (+0.0% to +0.0%)"
    assert samples.check(found, shipped, "slow decay").observed == "+0.0%"
    assert samples.check(replace(found, other_scorer=None), shipped, "suspicious gain").verdict == "warn"


def test_a_segment_much_worse_than_the_whole_fails(evidence: Evidence, shipped: Policy) -> None:
    """A segment with enough rows whose metric is beyond the declared ratio of the whole is named."""
    strict = shipped.model_copy(update={"slices": shipped.slices.model_copy(update={"relative_to_whole": 1.2})})
    found = samples.check(samples.worse_in_one_segment(evidence), strict, "slices against the whole")
    assert (found.verdict, found.observed.split(":")[0]) == ("fail", "carrier AA")


def test_thin_segments_are_never_gated(evidence: Evidence, shipped: Policy) -> None:
    """With fewer rows than declared a segment cannot fail the gate."""
    thin = replace(samples.worse_in_one_segment(evidence), slice_min_rows=samples.ROWS)
    assert _verdict(thin, shipped, "slices against production") == "pass"


def test_an_unknown_slice_of_a_fairness_rule_cannot_be_told(evidence: Evidence, shipped: Policy) -> None:
    """A rule for a column that the use case does not slice by does not pass in silence."""
    rules = gate.Fairness(slice="gender", max_ratio=1.2)
    declared = shipped.model_copy(update={"fairness": (rules,)})
    assert _verdict(evidence, declared, "fairness by gender") == "cannot tell"


def test_formatting_is_named_as_a_reason_of_a_stale_lock(evidence: Evidence, shipped: Policy) -> None:
    """Whoever only formatted a file reads that this counts."""
    found = samples.check(replace(evidence, lock="train is stale"), shipped, "lock")
    assert found.reason.endswith("Code that was only formatted counts as changed, too.")


def test_cost_of_features_says_whose_it_is(evidence: Evidence, shipped: Policy) -> None:
    """What was measured on an earlier model, or by another metric, is marked as such."""
    assert samples.check(evidence, shipped, "feature cost").reason == "By `./mainline explain`."
    old = replace(evidence, worth=tuple(worth.model_copy(update={"stale": True}) for worth in evidence.worth))
    assert (
        samples.check(old, shipped, "feature cost").reason == "By `./mainline explain`, of an earlier model or metric."
    )


def test_a_perfect_candidate_is_looked_at_and_no_ratio_fails(evidence: Evidence, shipped: Policy) -> None:
    """Errors of exactly zero, the surest sign of a leak, ask for a person; nothing is divided by them."""
    perfect = replace(evidence, predicted=evidence.holdout.label, kept=evidence.holdout.label)
    assert verdict.overall(verdict.run(perfect, shipped)) == "warn"
    assert _verdict(perfect, shipped, "suspicious gain") == "warn"


def test_an_error_beside_versions_without_any_fails(evidence: Evidence, shipped: Policy) -> None:
    """Where an older version or the baseline has no error at all, any error is too much."""
    label = evidence.holdout.label
    found = verdict.run(replace(evidence, older={"v0.9.0": label}, baseline=label), shipped)
    verdicts = {check.name: check.verdict for check in found}
    assert (verdicts["slow decay"], verdicts["against the baseline"]) == ("fail", "fail")


def test_fairness_looks_at_the_declared_column_alone(evidence: Evidence, shipped: Policy) -> None:
    """A column whose name begins like the declared one is not taken for it."""
    holdout = samples.worse_in_one_segment(evidence).holdout
    other = replace(
        holdout, slices={"carrier": np.full(samples.ROWS, "AA"), "carrier group": holdout.slices["carrier"]}
    )
    changed = replace(samples.worse_in_one_segment(evidence), holdout=other)
    assert samples.check(changed, shipped, "fairness by carrier").observed == "1 segment"


def test_production_that_knew_the_answers_is_named(evidence: Evidence, shipped: Policy) -> None:
    """A candidate of an older window is held against a model that was fitted on its holdout, and the reason says so."""
    window = {"train": ["2013-03", "2013-04"], "validation": ["2013-05"], "test": ["2013-06"]}
    production = samples.predictor()
    production.manifest["window"] = window
    assert evidence.production is not None
    later = replace(evidence, production=replace(evidence.production, predictor=production))
    reason = samples.check(samples.worse(later, 1.03), shipped, "against production").reason
    assert "Production was fitted on 2013-04" in reason
    assert "fitted on" not in samples.check(samples.worse(evidence, 1.03), shipped, "against production").reason


def test_data_without_time_has_groups_of_rows_and_no_days(evidence: Evidence, shipped: Policy) -> None:
    """The limit of days is said not to apply, and findings count groups of rows."""
    timeless = replace(evidence, holdout=replace(evidence.holdout, timed=False))
    found = samples.check(timeless, shipped, "holdout")
    assert (found.verdict, found.observed) == ("pass", "3,000 rows, 30 groups of rows")
    assert found.limit == "at least 2,000 rows"
    assert "min_days does not apply: the data has no time." in found.reason


def test_days_need_not_be_limited(evidence: Evidence, shipped: Policy) -> None:
    """Without `min_days` only rows are asked for."""
    policy = shipped.model_copy(update={"holdout": shipped.holdout.model_copy(update={"min_days": None})})
    assert samples.check(samples.short(evidence), shipped, "holdout").verdict == "cannot tell"
    assert samples.check(evidence, policy, "holdout").limit == "at least 2,000 rows"


def test_a_package_may_differ_by_what_it_states_and_no_further(evidence: Evidence, shipped: Policy) -> None:
    """Last bits that move with the batch pass up to the stated bound, and rows that the package counts apart."""
    package = samples.predictor()
    package.tolerance = 1e-5
    moved = replace(evidence, candidate=package, kept=evidence.kept + 1e-6)
    assert _verdict(moved, shipped, "package") == "pass"
    package.tolerance = 0.0
    package.manifest["parity"] = {"batch": 0.0, "strangers": 2}
    for wrong, said in ((2, "pass"), (3, "fail")):
        strange = evidence.kept + np.where(np.arange(samples.ROWS) < wrong, 1.0, 0.0)
        assert _verdict(replace(moved, kept=strange), shipped, "package") == said


@pytest.mark.parametrize("question", ["unseen", "outside"])
def test_texts_and_ranges_are_looked_at_where_a_limit_is_declared(
    evidence: Evidence, shipped: Policy, question: str
) -> None:
    """A first winter is out of the range before it, a second day the first Tuesday: only who asked is refused."""
    found = replace(evidence, support={"2013-02": {question: {"temp": (0.06, 0.0)}}})
    declared = shipped.model_copy(update={"support": Support.model_validate({question: 0.05})})
    assert samples.check(found, declared, "support").verdict == "fail"
    assert samples.check(found, shipped, "support").verdict == "pass"


def test_texts_from_outside_never_outgrow_the_findings(evidence: Evidence, shipped: Policy) -> None:
    """A long message of a storage or a long name of a column is cut, not a crash."""
    declared = shipped.model_copy(update={"fairness": (gate.Fairness(slice="s" * 900, max_ratio=1.2),)})
    found = verdict.run(replace(evidence, other=None, obstacle="x" * 9000), declared)
    assert max(len(check.reason) for check in found) == 600
    assert max(len(check.name) for check in found) == 120


def test_period_that_is_unlike_those_before_is_named_with_the_limit_and_the_way_on() -> None:
    """The worst column is said with its period and share, the others are named, and what is accepted counts no more."""
    noted = {"2013-02": {"missing": {"temp": (1.0, 0.01), "seats": (0.5, 0.1)}, "unseen": {"carrier": (0.005, 0.0)}}}
    evidence = replace(samples.equal(), support=noted)
    found = samples.check(evidence, samples.shipped(), "support")
    assert (found.observed, found.limit) == ("temp in 2013-02: 100.00%", "as the periods before")
    assert found.reason == (
        "100.00% of the rows of temp in 2013-02 have no value; before, at most 1.00% did, and gate.support.missing "
        "allows 5.00% more. So are: seats in 2013-02. Mend the source; what is right goes into gate.support.accept."
    )
    accepted = samples.shipped().model_copy(update={"support": gate.Support(accept=("temp", "seats"))})
    assert samples.check(evidence, accepted, "support").verdict == "pass"


@pytest.mark.parametrize(
    ("rows", "days", "missing"),
    [(5, 2, "5 rows and 2 days more"), (1, 0, "1 row more"), (-1, 1, "1 day more"), (1200, -1, "1,200 rows more")],
)
def test_too_small_a_holdout_says_what_is_missing(
    evidence: Evidence, shipped: Policy, rows: int, days: int, missing: str
) -> None:
    """How many rows and days are missing until there are enough is said; what there is enough of is not."""
    there = len(evidence.holdout.label), evidence.holdout.clusters
    wanted = shipped.holdout.model_copy(update={"min_rows": there[0] + rows, "min_days": there[1] + days})
    found = samples.check(evidence, shipped.model_copy(update={"holdout": wanted}), "holdout")
    assert found.reason == f"Too little to conclude from: {missing} are needed; widen split.test, or wait."


def _uneven(evidence: Evidence, known: float) -> Evidence:
    """Two classes, of which one segment of 900 rows has 40 % and the rest 3 %; `known` is what is predicted there."""
    random = np.random.default_rng(2)
    many = np.arange(samples.ROWS) % 10 < 3
    label = (random.random(samples.ROWS) < np.where(many, 0.4, 0.03)).astype(float)
    predicted = np.where(many, known, 0.03)
    holdout = replace(evidence.holdout, label=label, slices={"buyers": np.where(many, "many", "few")})
    return replace(evidence, scorer=scorer("classification"), holdout=holdout, predicted=predicted, kept=predicted)


def test_a_segment_that_is_hard_for_any_model_is_not_refused(evidence: Evidence, shipped: Policy) -> None:
    """Log loss follows the share of the rarer class: a segment in which it is frequent is held to its own share."""
    right, wrong = (
        samples.check(_uneven(evidence, known), shipped, "slices against the whole") for known in (0.4, 0.03)
    )
    assert (right.verdict, right.observed.split(":")[0]) == ("pass", "buyers many")
    assert (wrong.verdict, wrong.observed.split(":")[0]) == ("fail", "buyers many")
    said = r"log_loss is \d\.\d\d times the whole's, 1\.\d\d times beside what each one's best constant has\."
    assert re.match(said, right.reason)


def test_a_segment_whose_labels_are_more_spread_is_not_refused(evidence: Evidence, shipped: Policy) -> None:
    """Errors four times as large where labels are spread four times as far say nothing against the model."""
    far = np.where(evidence.holdout.slices["carrier"] == "AA", 4.0, 1.0)
    error, label = evidence.predicted - evidence.holdout.label, evidence.holdout.label
    strict = shipped.model_copy(update={"slices": shipped.slices.model_copy(update={"relative_to_whole": 1.2})})
    for spread, expected in ((far, "pass"), (1.0, "fail")):
        holdout = replace(evidence.holdout, label=label * spread)
        found = replace(evidence, holdout=holdout, predicted=label * spread + error * far)
        assert _verdict(found, strict, "slices against the whole") == expected


def test_a_segment_of_one_label_is_held_to_the_whole(evidence: Evidence, shipped: Policy) -> None:
    """Where every label is the same, its own mean has no error at all, and only the error itself can be large."""
    still = evidence.holdout.slices["carrier"] == "AA"
    holdout = replace(evidence.holdout, label=np.where(still, 0.0, evidence.holdout.label))
    strict = shipped.model_copy(update={"slices": shipped.slices.model_copy(update={"relative_to_whole": 1.2})})
    for error, expected in ((1.0, "pass"), (40.0, "fail")):
        found = replace(evidence, holdout=holdout, predicted=np.where(still, error, evidence.predicted))
        assert _verdict(found, strict, "slices against the whole") == expected


def _half_known(evidence: Evidence, known: float, metric: str) -> Evidence:
    """Numbers that are about known, but for a tenth of the rows: 8 % of those are 100, the rest 0, and all `known`."""
    random = np.random.default_rng(3)
    rare = np.arange(samples.ROWS) % 10 == 0
    label = np.where(
        rare, np.where(random.random(samples.ROWS) < 0.08, 100.0, 0.0), random.normal(size=samples.ROWS) * 10
    )
    predicted = np.where(rare, known, label + random.normal(size=samples.ROWS) * 6)
    holdout = replace(evidence.holdout, label=label, slices={"rare": np.where(rare, "yes", "no")})
    found = replace(evidence, scorer=scorer("regression", metric), holdout=holdout, predicted=predicted)
    return replace(found, slice_min_rows=200)


@pytest.mark.parametrize(("metric", "known"), [("mae", 15.0), ("pinball_0.1", 9.0)])
def test_a_segment_is_held_to_the_best_constant_of_its_metric(
    evidence: Evidence, shipped: Policy, metric: str, known: float
) -> None:
    """By a MAE the median is that constant, which errs half as much as the mean: what knows no more is refused."""
    assert _verdict(_half_known(evidence, known, metric), shipped, "slices against the whole") == "fail"
    assert _verdict(_half_known(evidence, 0.0, metric), shipped, "slices against the whole") == "pass"


@pytest.mark.parametrize(("says", "expected"), [(1.0, "fail"), (0.0, "pass")])
def test_a_segment_is_held_to_the_class_that_most_of_its_rows_have(
    evidence: Evidence, shipped: Policy, says: float, expected: Verdict
) -> None:
    """A low threshold turns a segment's share into a yes for each row; saying yes to all is not as good as it gets."""
    random = np.random.default_rng(3)
    rare = np.arange(samples.ROWS) % 10 == 0
    label = (random.random(samples.ROWS) < np.where(rare, 0.08, 0.02)).astype(float)
    holdout = replace(evidence.holdout, label=label, slices={"rare": np.where(rare, "yes", "no")})
    measured = scorer("classification", "accuracy", threshold=0.05)
    found = replace(evidence, scorer=measured, holdout=holdout, predicted=np.where(rare, says, 0.0), slice_min_rows=200)
    assert _verdict(found, shipped, "slices against the whole") == expected


def test_a_whole_that_is_worse_than_a_constant_excuses_no_segment(evidence: Evidence, shipped: Policy) -> None:
    """A segment with twice the error of its own mean is bad, also if the whole is not better than that."""
    rare = np.arange(samples.ROWS) % 10 == 0
    label = evidence.holdout.label * np.where(rare, 4.0, 1.0)
    predicted = label + np.random.default_rng(4).normal(size=samples.ROWS) * 30 * np.where(rare, 8.0, 1.5)
    holdout = replace(evidence.holdout, label=label, slices={"rare": np.where(rare, "yes", "no")})
    found = replace(evidence, holdout=holdout, predicted=predicted, slice_min_rows=200)
    assert _verdict(found, shipped, "slices against the whole") == "fail"


def test_only_a_new_feature_must_be_measured(evidence: Evidence, shipped: Policy) -> None:
    """A first release, and features that production has as well, are no matter of a pull request that changes none."""
    unmeasured = replace(evidence, worth=())
    for found in (replace(unmeasured, production=None), unmeasured):
        check = samples.check(found, shipped, "feature cost")
        assert (check.verdict, check.observed) == ("pass", "not measured")
        assert check.reason == "`./mainline explain` measures what each feature is worth; it did not yet."
    before = samples.predictor()
    before.manifest["model"]["numeric"] = ["temp"]
    released = replace(unmeasured, production=Released(samples.RELEASED, before, Path("package")))
    check = samples.check(released, shipped, "feature cost")
    assert (check.verdict, check.observed) == ("warn", "1 new feature not measured")
    assert check.reason == "Run `./mainline explain`; metrics/worth.csv lacks seats."
    partly = replace(evidence, worth=(samples.worth("temp", -0.1, 3.0),))
    assert samples.check(partly, shipped, "feature cost").observed == "temp 60%"
