"""What the findings say of classes: the threshold of two, the scores of each of more, and what is taken for what."""

import math

from mainline.gate.evidence import Evidence
from mainline.gate.scores import ClassScore, Confusion
from mainline.model import diagnostics

SCORES, CONFUSED = 100, 20
"""Classes that are scored, and that a table of who is taken for whom has, at most."""


def describe_threshold(evidence: Evidence) -> str:
    """Say from which probability on a row of two classes counts as positive, and where that comes from."""
    model, names = evidence.candidate.manifest["model"], evidence.candidate.manifest.get("classes", [0, 1])
    if evidence.task != "classification" or "threshold" not in model:
        return ""
    return f"{model['threshold']:.4g} or more counts as {names[1]}; {model.get('threshold_source', 'declared')}"[:600]


def score(evidence: Evidence) -> list[ClassScore]:
    """Score each of three or more classes against the others; nothing where a prediction is not a number."""
    scorer, label = evidence.scorer, evidence.holdout.label
    if not scorer.by_class or not evidence.finite:
        return []
    measured = scorer.measure_classes(label, evidence.predicted, evidence.holdout.weight)
    said = scorer.say(evidence.predicted)
    return [
        ClassScore(
            name=str(name)[:120],
            rows=int((label == code).sum()),
            said=int((said == code).sum()),
            precision=_number(measured[f"precision of {name}"]) or 0.0,
            recall=_number(measured[f"recall of {name}"]),
            f1=_number(measured[f"f1 of {name}"]),
            roc_auc=_number(measured[f"roc_auc of {name}"]),
            average_precision=_number(measured[f"average_precision of {name}"]),
        )
        for code, name in enumerate(evidence.candidate.manifest["classes"][:SCORES])
    ]


def confuse(evidence: Evidence) -> Confusion | None:
    """Count the holdout's rows by true and said class; None for numbers, and for more classes than fit a page."""
    names = tuple(evidence.candidate.manifest.get("classes", (0, 1)))
    said = evidence.scorer.say(evidence.predicted)
    if not len(said) or not evidence.finite or len(names) > CONFUSED:
        return None
    cells = diagnostics.confusion(evidence.holdout.label, said, names)
    counts = [int(cell["rows"]) for cell in cells]
    width = len(names)
    return Confusion(
        classes=[str(name)[:120] for name in names],
        rows=[counts[first : first + width] for first in range(0, len(counts), width)],
    )


def _number(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
