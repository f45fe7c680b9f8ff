"""What a reader looks up: plots, skew, the worth of features, lineage, timings, and how to repeat it all."""

from mainline.gate.findings import Findings, Model
from mainline.report.blocks import (
    Block,
    Chart,
    Code,
    Commands,
    Fold,
    Line,
    Paragraph,
    Section,
    Table,
)
from mainline.report.changes import tabulate
from mainline.report.figures import interval, number, percent, size
from mainline.text import count

SKEWED = 10
"""Features whose skew is shown."""


def describe_plots(findings: Findings) -> Section:
    """Draw what is there, and tabulate skew and the worth of features."""
    blocks: list[Block] = []
    if findings.plots:
        charts = tuple(Chart(plot) for plot in findings.plots)
        # Open, since Mermaid measures its labels when it draws, and in a closed part they have no size.
        blocks.append(Fold("plots", count(len(charts), "plot"), charts, is_open=True))
    blocks += [*_skew(findings), *_worth(findings)]
    return Section("plots and features", "Plots and features", tuple(blocks))


def _skew(findings: Findings) -> list[Block]:
    ranked = sorted(findings.skew, key=lambda skew: (-skew.index, skew.column))[:SKEWED]
    if not ranked:
        return []
    rows = tuple(((Code(skew.column),), (number(skew.index, 2),)) for skew in ranked)
    custom = "by custom, up to 0.1 is stable and over 0.25 is a large move"
    explained = Paragraph((f"Population stability index against production's training rows; {custom}.",))
    table = Table(("feature", "index"), rows, frozenset({1}))
    return [Fold("skew of features", f"Features that moved most ({len(rows)})", (explained, table))]


def _worth(findings: Findings) -> list[Block]:
    ranked = sorted(findings.worth, key=lambda worth: (-worth.loss, worth.feature))
    if not ranked:
        return []
    rows = tuple(
        (
            (Code(worth.feature),),
            (percent(worth.loss),),
            (interval(worth.low, worth.high),),
            (number(worth.microseconds, 2),),
        )
        for worth in ranked
    )
    said: Line = ("How much worse the primary metric is without the feature, and what it costs per row.",)
    if any(worth.stale for worth in ranked):
        said = (
            *said,
            " Measured on an earlier model or by another metric; ",
            Code("./mainline explain"),
            " measures this one.",
        )
    explained = Paragraph(said)
    table = Table(("feature", "worth", "interval", "µs"), rows, frozenset({1, 3}))
    return [Fold("worth of features", f"What {count(len(ranked), 'feature')} are worth", (explained, table))]


def describe_lineage(findings: Findings) -> Section:
    """Say from which commit, data and environment the candidate came, and how long it took."""
    before, after = ("before", "now") if findings.first_release else ("production", "candidate")
    blocks: list[Block] = [Fold("models", "Models", (_models(findings),))]
    if findings.lineage:
        blocks.append(Fold("lineage", "Lineage", (tabulate(findings.lineage, ("input", before, after)),)))
    if findings.timings:
        blocks.append(Fold("timings", "Timings", (tabulate(findings.timings, ("stage", before, after)),)))
    return Section("lineage and timings", "Lineage", tuple(blocks))


def _models(findings: Findings) -> Table:
    models = [findings.candidate] if findings.production is None else [findings.production, findings.candidate]
    head = ("model", "candidate") if findings.production is None else ("model", "production", "candidate")
    titles = ("version", "type", "trained on", "tested on", "size", "digest", "commit")
    columns = [_model(model) for model in models]
    return Table(head, tuple(((title,), *cells) for title, *cells in zip(titles, *columns, strict=True)))


def _model(model: Model) -> list[Line]:
    named = (model.version, model.type.rpartition(".")[2], model.train, model.test)
    hashes = (model.digest[:12], (model.commit or "")[:12])
    return [*((Code(text),) for text in named), (size(model.size_bytes),), *((Code(text),) for text in hashes)]


def describe_reproduction(findings: Findings) -> Section:
    """Give the commands that make the same model and the same report."""
    commit = findings.candidate.commit
    explained: Line = ("The same commit makes the same model and metrics on your machine:",)
    if commit is None:
        explained = ("No commit holds this candidate. Commit and push what changed; then, on any machine:",)
        lines = ("git fetch origin", "git switch --detach origin/BRANCH")
    else:
        lines = (f"git fetch origin {commit}", f"git switch --detach {commit}")
    commands = Commands((*lines, "make repro", "make report"))
    folded = Fold("how to reproduce", "Make this model on your machine", (Paragraph(explained), commands))
    return Section("how to reproduce", "Reproduce", (folded,))
