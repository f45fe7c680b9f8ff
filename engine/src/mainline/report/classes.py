"""How well each class is told from the others, and which is taken for which."""

from mainline.gate.findings import Findings
from mainline.gate.scores import ClassScore, Confusion
from mainline.report.blocks import Block, Code, Fold, Line, Matrix, Paragraph, Section, Table
from mainline.report.figures import cell, known, number


def describe_classes(findings: Findings) -> Section:
    """Score three or more classes, and count what is said for what; of two classes the counts alone."""
    blocks: list[Block] = []
    if findings.classes:
        rows = tuple(_row(score) for score in findings.classes)
        blocks.append(Table(("class", "rows", "precision", "recall", "F1"), rows, frozenset({1, 2, 3, 4})))
    if findings.confusion:
        blocks += _confusion(findings.confusion)
    if findings.classes:
        ranked = tuple(_ranked_row(score) for score in findings.classes)
        table = Table(("class", "ROC AUC", "average precision"), ranked, frozenset({1, 2}))
        blocks.append(Fold("ranking of classes", "Each class against all others, by its probability", (table,)))
    return Section("classes", "Classes", tuple(blocks))


def _row(score: ClassScore) -> tuple[Line, ...]:
    values = (number(score.precision), known(score.recall), known(score.f1))
    return ((Code(score.name),), (cell(score.rows),), *((value,) for value in values))


def _ranked_row(score: ClassScore) -> tuple[Line, ...]:
    return ((Code(score.name),), (known(score.roc_auc),), (known(score.average_precision),))


def _confusion(found: Confusion) -> list[Block]:
    counted = sum(map(sum, found.rows))
    right = sum(found.rows[place][place] for place in range(len(found.rows)))
    said = (
        f"Rows of the holdout by the class that is true (down) and the one that the candidate says (across): {right:,}"
    )
    return [
        Paragraph((f"{said} of {counted:,} are right.",)),
        Matrix(tuple(found.classes), tuple(map(tuple, found.rows))),
    ]
