"""From evidence and checks to the findings: the sentence, the comparison, metrics and slices."""

from collections.abc import Iterator, Sequence

import numpy as np

from mainline.declared.gate import Policy
from mainline.documents import Verdict
from mainline.gate import classes, differences, history, plots
from mainline.gate.evidence import Evidence
from mainline.gate.findings import Accepted, Check, Findings, Model, Skew
from mainline.gate.scores import Comparison, Coverage, Metric, Slice
from mainline.gate.statistics import Difference, conclude
from mainline.gate.verdict import overall
from mainline.model import weights
from mainline.package.predictor import Predictor
from mainline.periods import told
from mainline.registry import changes as released

SLICES = 500
"""Slices that the findings hold at most: those with the most rows."""


def describe(evidence: Evidence, policy: Policy, found: list[Check], accepted: Sequence[Accepted] = ()) -> Findings:
    """Assemble the document."""
    verdict = overall(found)
    comparison = _comparison(evidence, policy)
    version = evidence.production.version if evidence.production else evidence.unfetched
    after = differences.read_params(None)
    before = differences.read_params(version) if version else after
    added, removed = released.features(before, after)
    return Findings(
        format=1,
        verdict=verdict,
        headline=headline(verdict, comparison, found, accepted),
        task=evidence.task,
        first_release=evidence.first_release,
        candidate=_candidate(evidence),
        production=_production(evidence),
        comparison=comparison,
        metrics=list(_metrics(evidence)),
        checks=found,
        accepted=list(accepted),
        slices=list(_slices(evidence, policy)),
        threshold=classes.describe_threshold(evidence),
        weights=_weights(evidence),
        coverage=_coverage(evidence),
        classes=classes.score(evidence),
        confusion=classes.confuse(evidence),
        parameters=differences.compare_params(before, after),
        features_added=added,
        features_removed=removed,
        code=differences.compare_code(version) if version else [],
        data=differences.compare_windows(evidence),
        skew=[Skew(column=name, index=index) for name, index in sorted((evidence.skew or {}).items())],
        plots=plots.draw(evidence, version),
        worth=list(evidence.worth),
        experiments=list(evidence.experiments),
        lineage=differences.compare_lineage(evidence),
        timings=differences.compare_timings(evidence),
    )


def headline(verdict: Verdict, comparison: Comparison, found: list[Check], accepted: Sequence[Accepted] = ()) -> str:
    """Say in one sentence what a manager needs to know."""
    decided = {item.check for item in accepted}
    others = [check for check in found if check.name not in decided]
    named = {
        v: ", ".join(check.name for check in others if check.verdict == v) for v in ("fail", "cannot tell", "warn")
    }
    look = f"a person should look at: {named['warn']}." if named["warn"] else "it may be released."
    by = ", ".join(dict.fromkeys(item.by for item in accepted))
    end = {
        "pass": "it may be released.",
        "warn": f"{by} accepted: {', '.join(item.check for item in accepted)}; {look}" if accepted else look,
        "fail": f"it must not be released: {named['fail']}.",
        "cannot tell": f"it cannot be released before this is known: {named['cannot tell']}.",
    }[verdict]
    return f"{_quality(comparison)}; {end}"[:600]


def _quality(comparison: Comparison) -> str:
    other = f"{comparison.other} in {comparison.compared or comparison.metric}"
    if comparison.identical:
        return f"The model predicts exactly what {comparison.other} does"
    if comparison.difference is None or comparison.low is None or comparison.high is None:
        return f"The model could not be compared with {comparison.other}"
    size = f"{abs(comparison.difference):.1%}"
    word = "better" if comparison.difference < 0 else "worse"
    if comparison.conclusion in ("better", "worse"):
        return f"The model is {size} {word} than {other}"
    chance = "may be chance" if comparison.low <= 0 <= comparison.high else "is within what is allowed"
    if comparison.conclusion == "no worse":
        return f"The model is no worse than {other} ({size} {word}, which {chance})"
    return f"The model looks {size} {word} than {other}, which {chance}"


def _comparison(evidence: Evidence, policy: Policy) -> Comparison:
    nothing = Difference(float("nan"), float("nan"), float("nan"), 0)
    found = nothing if evidence.other is None else evidence.difference(evidence.other, policy.confidence)
    return Comparison(
        metric=evidence.scorer.primary.name,
        compared=evidence.primary,
        unit=evidence.scorer.primary.unit_for(evidence.candidate.manifest["response"]["unit"])[:120],
        other=evidence.name_of_other,
        conclusion=conclude(found, policy.margin),
        difference=_number(found.estimate),
        low=_number(found.low),
        high=_number(found.high),
        margin=policy.margin,
        confidence=policy.confidence,
        rows=len(evidence.holdout.label),
        days=evidence.holdout.clusters,
        cluster=evidence.holdout.kind,
        identical=evidence.other is not None and bool(np.array_equal(evidence.predicted, evidence.other)),
        look=evidence.look,
        shown=_number(found.high - found.estimate),
    )


def _weights(evidence: Evidence) -> str:
    """Say by what metrics are weighted, in the words of the use case if it has any; '' where no row counts more."""
    weight = evidence.holdout.weight
    if weight is None:
        return ""
    said = " ".join((evidence.candidate.scoring.weight.__doc__ or "").partition("\n\n")[0].split())[:300]
    return (
        f"weight() in src/usecase/scoring.py{f', {said!r}' if said else ''}: from {weight.min():.4g} to "
        f"{weight.max():.4g}, so that {len(weight):,} rows tell as much as {weights.effective(weight):,.0f} that weigh "
        "the same. Counts of rows are not weighted."
    )


def _coverage(evidence: Evidence) -> Coverage | None:
    """Say what the interval around a prediction holds; None where there is none, or a prediction is not a number."""
    covered = evidence.covered
    if covered is None or not evidence.finite:
        return None
    return Coverage(level=covered.level, share=covered.share(np.ones(len(evidence.predicted), bool)))


def _metrics(evidence: Evidence) -> Iterator[Metric]:
    candidate, baseline = evidence.measure(evidence.predicted), evidence.measure(evidence.baseline)
    other = {} if evidence.other is None else evidence.measure(evidence.other, evidence.scorer_of_other)
    of_label = evidence.candidate.manifest["response"]["unit"]
    units = {one.name: one.unit_for(of_label) for one in (evidence.scorer.primary, *evidence.scorer.metrics)}
    for name, value in candidate.items():
        if np.isfinite([value, baseline[name]]).all():
            yield Metric(
                name=name,
                unit=units[name][:120],
                candidate=value,
                other=_number(other.get(name, float("nan"))),
                baseline=baseline[name],
            )


def _slices(evidence: Evidence, policy: Policy) -> Iterator[Slice]:
    if evidence.other is None or not evidence.finite:
        return
    covered = evidence.covered
    for part in sorted(evidence.segments, key=lambda part: -int(part.rows.sum()))[:SLICES]:
        found = evidence.difference(evidence.other, policy.confidence, part.rows)
        candidate = evidence.metric(evidence.predicted, part.rows)
        other = evidence.metric(evidence.other, part.rows, evidence.scorer_of_other)
        if not np.isfinite([candidate, other]).all():
            continue
        one, two = map(evidence.scorer.primary.lack, (candidate, other))
        yield Slice(
            column=part.column[:120],
            value=part.value[:120],
            rows=int(part.rows.sum()),
            thin=part.thin,
            candidate=candidate,
            other=other,
            difference=0.0 if one == two else one / max(two, 1e-12) - 1,
            low=_number(found.low),
            high=_number(found.high),
            bias=evidence.bias(evidence.predicted, part.rows),
            coverage=None if covered is None else _number(covered.share(part.rows)),
        )


def _candidate(evidence: Evidence) -> Model:
    """Name the candidate by its commit; changes beside it are in no commit, so it then has none."""
    head = history.head()
    clean = history.is_clean()
    version = f"{head[:7] if head else 'no commit'}{'' if clean else ' + changes'}"
    return _model(evidence.candidate, version, head if clean else None, evidence, 0)


def _production(evidence: Evidence) -> Model | None:
    if evidence.production is None:
        return None
    version = evidence.production.version
    return _model(evidence.production.predictor, version.name, version.commit, evidence, 1)


def _model(predictor: Predictor, version: str, commit: str | None, evidence: Evidence, which: int) -> Model:
    manifest = predictor.manifest
    window = manifest["window"]
    cost = evidence.costs[which] if evidence.costs else None
    return Model(
        version=version,
        digest=manifest["digest"],
        commit=commit,
        type=manifest["model"]["type"][:120],
        train=f"{told(window['train'])}{', served model: all rows' if 'refit' in manifest else ''}"[:120],
        test=", ".join(window["test"])[:120],
        size_bytes=cost.size_bytes if cost else 0,
    )


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
