"""The report's sections in the order in which they are read: what a manager needs first, lineage last."""

from mainline.gate.findings import Findings
from mainline.report.appendix import describe_lineage, describe_plots, describe_reproduction
from mainline.report.blocks import Code, Document, Line
from mainline.report.changes import describe_changes
from mainline.report.classes import describe_classes
from mainline.report.quality import describe_checks, describe_metrics, describe_next_steps, describe_slices
from mainline.text import count


def describe(findings: Findings) -> Document:
    """Put the findings into words and tables; the same findings give the same document."""
    sections = (
        describe_metrics(findings),
        describe_changes(findings),
        describe_classes(findings),
        describe_slices(findings),
        describe_checks(findings),
        describe_next_steps(findings),
        describe_plots(findings),
        describe_lineage(findings),
        describe_reproduction(findings),
    )
    return Document(
        verdict=findings.verdict,
        headline=findings.headline,
        lead=_lead(findings),
        sections=tuple(section for section in sections if section.blocks),
    )


def _lead(findings: Findings) -> Line:
    compared = findings.comparison
    measured = f", measured on {count(compared.rows, 'row')} of {count(compared.days, compared.cluster)}"
    version = Code(findings.candidate.version)
    if findings.first_release:
        return ("Candidate ", version, " against the baseline: a first release", measured, ".")
    against = Code(findings.production.version) if findings.production else "whose package could not be had"
    return ("Candidate ", version, " against production ", against, measured, ".")
