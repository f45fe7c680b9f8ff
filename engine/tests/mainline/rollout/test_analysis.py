"""What is said of a candidate: by metric, by sample size, on the same period."""

from typing import Any

import numpy as np
import pytest

from mainline.declared import quantities, rollout
from mainline.declared.rollout import Analysis
from mainline.rollout import analysis, statistics

BOUNDS = (*map(str, quantities.THRESHOLDS), "inf")


def declared(name: str, limit: float, **more: Any) -> Analysis:
    """An analysis of one metric."""
    metric = {"name": name, "limit": limit, **({"threshold": 0.05} if name == "latency" else {})}
    return rollout.read({"analysis": {"metrics": [metric], "minimumSamples": 50, **more}}).declared.analysis


def counted(requests: int, failed: int = 0, slow: int = 0, invalid: int = 0, **more: Any) -> Any:
    """What a server counted of a version."""
    seconds = dict.fromkeys(BOUNDS, 0) | {"0.01": requests - slow, "0.1": slow}
    usual = {
        "mirrored": 0,
        "predictions": {"0": requests},
        "pairs": {"number": 0, "sum": 0.0, "squares": 0.0},
        "instance": "1",
    }
    return {"requests": requests, "failed": failed, "invalid": invalid, "seconds": seconds, **usual, **more}


def pairs(values: list[float]) -> dict[str, float]:
    """Count differences of pairs."""
    return {"number": len(values), "sum": sum(values), "squares": sum(value * value for value in values)}


@pytest.mark.parametrize(
    ("name", "limit", "candidate", "verdict"),
    [
        ("error-rate", 0.02, counted(2000, failed=4), "pass"),
        ("error-rate", 0.02, counted(2000, failed=100), "fail"),
        ("error-rate", 0.02, counted(2000, failed=45), "inconclusive"),
        ("error-rate", 0.02, counted(60), "inconclusive"),
        ("error-rate", 0.02, counted(49, failed=49), "inconclusive"),
        ("error-rate", 0.02, counted(60, failed=30), "fail"),
        ("invalid-outputs", 0.01, counted(5000, invalid=200), "fail"),
        ("latency", 0.05, counted(2000, slow=40), "pass"),
        ("latency", 0.05, counted(2000, slow=300), "fail"),
        ("prediction-drift", 0.2, counted(2000), "pass"),
        ("prediction-drift", 0.2, counted(2000, predictions={"0": 1000, "40": 1000}), "fail"),
        ("prediction-drift", 0.2, counted(60), "inconclusive"),
        ("prediction-difference", 2.0, counted(100, pairs=pairs([0.5, 1.0] * 50)), "pass"),
        ("prediction-difference", 2.0, counted(100, pairs=pairs([2.5, 4.0] * 50)), "fail"),
        ("prediction-difference", 2.0, counted(100, pairs=pairs([4.0] * 49)), "inconclusive"),
    ],
)
def test_verdict_needs_the_whole_interval(name: str, limit: float, candidate: Any, verdict: str) -> None:
    """A metric passes or fails only where its interval lies on one side of the limit, and enough was seen."""
    assert analysis.judge(declared(name, limit), candidate, counted(5000)).verdict == verdict


def test_failure_of_both_is_no_difference() -> None:
    """Where stable fails as often over the same period, the candidate is not to blame."""
    found = analysis.judge(declared("error-rate", 0.02), counted(2000, failed=400), counted(2000, failed=400))
    assert found.verdict != "fail"


def test_worst_metric_speaks_for_all() -> None:
    """One failed metric fails the measurement, one that cannot tell keeps it open, and the reason has the numbers."""
    metrics = [{"name": "error-rate", "limit": 0.02}, {"name": "invalid-outputs", "limit": 0.02}]
    chosen = rollout.read({"analysis": {"metrics": metrics}}).declared.analysis
    assert analysis.judge(chosen, counted(5000), counted(5000)).verdict == "pass"
    found = analysis.judge(chosen, counted(5000, invalid=500), counted(5000))
    assert found.verdict == "fail"
    assert "invalid-outputs: 0.1, 98% sure" in found.reason
    assert "limit 0.02, 5000 samples" in found.reason


def test_counting_begins_where_the_step_went_live() -> None:
    """What was counted before is taken off; a model that was loaded anew counts from zero."""
    before, now = counted(100, failed=5), counted(300, failed=6)
    assert analysis.since(now, before)["requests"] == 200
    assert analysis.since(now, before)["failed"] == 1
    now["instance"] = "2"
    assert analysis.since(now, before)["requests"] == 300


def test_same_models_are_rarely_told_apart() -> None:
    """Of 300 rollouts of an identical model, each looked at 10 times, few fail by chance."""
    chosen, failed = declared("error-rate", 0.0), 0
    source = np.random.default_rng(7)
    for _ in range(300):
        first = second = 0
        verdicts = set()
        for look in range(1, 11):
            first += int(source.binomial(50, 0.02))
            second += int(source.binomial(50, 0.02))
            found = analysis.judge(chosen, counted(50 * look, failed=first), counted(50 * look, failed=second))
            verdicts.add(found.verdict)
        failed += "fail" in verdicts
    assert failed <= 15  # 5 %: 1 % each look, and looks at growing counts go together


def test_golden_requests_hold_the_candidate_to_what_it_was_sealed_with() -> None:
    """Another answer than the sealed one fails, and so does one too far from stable; where stable reads others, not."""
    metrics = declared("prediction-difference", 1.0).metrics
    assert analysis.golden(metrics, [1.0, 2.0], [1.0, 2.0], [1.5, 2.0]).verdict == "pass"
    assert analysis.golden(metrics, [1.0, 2.0], [1.0, 2.5], [1.0, 2.0]).verdict == "fail"
    assert analysis.golden(metrics, [1.0, 2.0], [1.0, 2.0], [9.0, 2.0]).reason == (
        "golden requests: mean difference 4, limit 1"
    )
    assert analysis.golden(metrics, [1.0], [1.0], None).verdict == "pass"


def test_nothing_declared_is_nothing_to_fail() -> None:
    """Without metrics there is a verdict all the same, and it says why."""
    found = analysis.judge(rollout.read({"analysis": {"metrics": []}}).declared.analysis, counted(1), counted(1))
    assert (found.verdict, found.reason, found.findings) == ("pass", "nothing is measured", ())


def test_a_finding_has_the_numbers_that_decided() -> None:
    """Metric, interval, limit and samples are those of the comparison, also where too little was seen."""
    (found,) = analysis.judge(declared("error-rate", 0.02), counted(2000, failed=100), counted(5000)).findings
    assert (found.metric, found.verdict, found.limit, found.samples) == ("error-rate", "fail", 0.02, 2000)
    assert found.low is not None
    assert found.high is not None
    assert found.estimate == pytest.approx(0.05)
    assert 0.02 < found.low < 0.05 < found.high
    (few,) = analysis.judge(declared("error-rate", 0.02), counted(49, failed=49), counted(5000)).findings
    assert (few.metric, few.estimate, few.limit, few.samples) == ("error-rate", None, 0.02, 49)
    assert "49" in few.said
    enough = analysis.judge(declared("error-rate", 0.02), counted(50, failed=50), counted(5000))
    assert enough.verdict == "fail", "the declared minimum itself is enough"


def test_counters_within_counters_begin_with_the_step_too() -> None:
    """Answers by duration are taken off one by one, and a duration that is new counts in full."""
    before, now = counted(100, slow=5), counted(300, slow=9, predictions={"0": 290, "7": 10})
    found = analysis.since(now, before)
    assert (found["seconds"]["0.1"], found["seconds"]["0.01"]) == (4, 196)
    assert found["predictions"] == {"0": 190, "7": 10}
    assert found["instance"] == "1"


def test_latency_at_the_threshold_is_not_beyond_it() -> None:
    """An answer counts as slow where it took longer than declared."""
    at = counted(2000) | {"seconds": dict.fromkeys(BOUNDS, 0) | {"0.05": 2000}}
    assert analysis.judge(declared("latency", 0.05), at, counted(2000)).verdict == "pass"


def test_golden_requests_are_compared_one_with_one() -> None:
    """Lists of another length are a mistake of the caller, and the limit itself passes."""
    metrics = declared("prediction-difference", 1.0).metrics
    with pytest.raises(ValueError, match="zip"):
        analysis.golden(metrics, [1.0], [1.0, 2.0], None)
    with pytest.raises(ValueError, match="zip"):
        analysis.golden(metrics, [1.0], [1.0], [1.0, 2.0])
    assert analysis.golden(metrics, [2.0], [2.0], [1.0]).verdict == "pass"
    beyond = analysis.golden(metrics, [2.5], [2.5], [1.0])
    assert (beyond.verdict, beyond.reason) == ("fail", "golden requests: mean difference 1.5, limit 1")
    assert analysis.golden(metrics, [1.0], [2.0], None).reason
    assert analysis.golden(metrics, [1.0], [1.0], None).reason


def of_classes(**shares: int) -> Any:
    """What a server counted of a version that predicts classes."""
    counts = {f"class {name}": count for name, count in shares.items()}
    return counted(sum(shares.values()), predictions=counts)


@pytest.mark.parametrize(
    ("candidate", "verdict"),
    [
        (of_classes(a=2000, b=2000, c=1000), "pass"),
        (of_classes(a=1000, b=2000, c=2000), "inconclusive"),
        (of_classes(a=500, b=2000, c=2500), "fail"),
        (of_classes(a=2000, b=2000, c=0, d=1000), "inconclusive"),
        (of_classes(a=2000, b=0, c=1000, d=2000), "fail"),
        (of_classes(a=20, b=20, c=10), "inconclusive"),
    ],
)
def test_drift_of_classes_is_by_their_names(candidate: Any, verdict: str) -> None:
    """Shares of the same class are compared, and a class that only one of the two has is all difference."""
    stable = of_classes(a=2000, b=2000, c=1000)
    assert analysis.judge(declared("prediction-drift", 0.2), candidate, stable).verdict == verdict


def test_drift_of_classes_does_not_depend_on_their_order() -> None:
    """Half of the requests moved from one class to another are a distance of a half, wherever the two stand."""
    for moved in ({"a": 0, "b": 500, "c": 500}, {"a": 0, "b": 1000, "c": 0}):
        (found,) = analysis.judge(
            declared("prediction-drift", 0.2), of_classes(**moved), of_classes(a=500, b=500, c=0)
        ).findings
        assert found.estimate == pytest.approx(0.5)


def test_drift_of_numbers_is_by_their_order() -> None:
    """A distribution of numbers that moved by one bin is nearer than one that has another in every bin."""
    moved, stable = counted(1000, predictions={"1": 500, "3": 500}), counted(1000, predictions={"0": 500, "2": 500})
    (found,) = analysis.judge(declared("prediction-drift", 0.2), moved, stable).findings
    assert found.estimate == pytest.approx(0.5)


def test_band_of_two_classes_is_that_of_a_distribution_function() -> None:
    """The bound for classes has that of Dvoretzky, Kiefer and Wolfowitz as its case of two."""
    classes, places = ({f"{name}{n}": c for n, c in ((0, 300), (1, 700))} for name in ("class ", ""))
    other, others = ({f"{name}{n}": c for n, c in ((0, 500), (1, 400))} for name in ("class ", ""))
    found, expected = (
        statistics.compare_classes(classes, other, 0.99),
        statistics.compare_distributions(places, others, 0.99),
    )
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high))


def test_same_classes_are_rarely_told_apart() -> None:
    """Of two versions that predict alike the interval holds 0 as often as it says, or more; also with many classes."""
    random = np.random.default_rng(7)
    for number in (3, 10, 2000):
        missed = 0
        for _ in range(200):
            drawn = [random.multinomial(400, np.full(number, 1 / number)).tolist() for _ in range(2)]
            first, second = ({f"class {code}": count for code, count in enumerate(counts)} for counts in drawn)
            missed += statistics.compare_classes(first, second, 0.9).low > 0
        assert missed <= 200 * 0.1


def test_golden_requests_of_classes_are_held_to_every_probability() -> None:
    """Another probability is another answer; of stable they may differ by the limit in half the sum of differences."""
    metrics = declared("prediction-difference", 0.2).metrics

    def said(a: float, b: float) -> list[Any]:
        return [{"class": "a" if a >= b else "b", "probabilities": {"a": a, "b": b, "c": 1 - a - b}}]

    assert analysis.golden(metrics, said(0.5, 0.3), said(0.5, 0.3), said(0.6, 0.2)).verdict == "pass"
    assert analysis.golden(metrics, said(0.5, 0.3), said(0.5, 0.31), None).verdict == "fail"
    assert analysis.golden(metrics, said(0.5, 0.3), said(0.5, 0.31), None, tolerance=0.02).verdict == "pass"
    assert analysis.golden(metrics, said(0.5, 0.3), [0.5], None).verdict == "fail"
    assert analysis.golden(metrics, said(0.5, 0.3), said(0.5, 0.3), said(0.2, 0.6)).reason == (
        "golden requests: mean difference 0.3, limit 0.2"
    )
