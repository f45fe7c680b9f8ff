"""How good the candidate is: metrics, slices, and what the gate's checks say."""

from mainline.gate import next_steps
from mainline.gate.findings import Check, Findings
from mainline.gate.scores import Comparison, Coverage, Metric, Slice
from mainline.model.metrics import is_better_if_higher
from mainline.report.blocks import (
    Block,
    Bullets,
    CheckList,
    Code,
    Difference,
    Fold,
    Interval,
    Line,
    Mark,
    Paragraph,
    Prose,
    Section,
    Strong,
    Table,
)
from mainline.report.figures import UNKNOWN, cell, known, number, percent, relative, share
from mainline.text import count

MOVERS = 8
"""Slices that are shown at once."""

LACKING = (
    "Less is better in every difference; where more of a metric is better, it is the difference of 1 minus the metric."
)

WIDEST = 0.5
"""End of the scale on which intervals are drawn, at most."""

_LEGEND: Line = (Mark("better"), " better, ", Mark("worse"), " worse: the whole interval is on that side of zero")


def name_other(findings: Findings) -> str:
    """Name what the candidate is compared with."""
    return "baseline" if findings.first_release else "production"


def describe_metrics(findings: Findings) -> Section:
    """Set each metric beside production's, and say how sure the difference of the primary one is."""
    compared, other = findings.comparison, name_other(findings)
    head = ("metric", "candidate", other, "difference", f"{share(compared.confidence)} interval")
    rows = tuple(_metric_row(metric, compared) for metric in _primary_first(findings))
    blocks: list[Block] = [Table(head, rows, frozenset({1, 2, 3}))] if rows else []
    if any(is_better_if_higher(metric.name) for metric in findings.metrics):
        blocks.append(Paragraph((LACKING,)))
    if findings.threshold:
        blocks.append(Paragraph(("Threshold of accuracy, precision, recall and F1: ", Prose(findings.threshold), ".")))
    if findings.coverage:
        blocks.append(Paragraph((_coverage(findings.coverage),)))
    if findings.weights:
        blocks.append(Paragraph(("Metrics, intervals and slices are weighted by ", Prose(findings.weights))))
    blocks += [Paragraph(_conclusion(findings)), *_power(compared)]
    return Section("metrics", "Metrics", tuple(blocks))


def _power(compared: Comparison) -> list[Block]:
    """Say which difference these test rows could have shown, and at which look."""
    if not compared.shown:
        return []
    rows = f"{compared.rows:,} rows of {count(compared.days, compared.cluster)}"
    told = f"These {rows} can tell an improvement of {share(round(compared.shown, 4))} or more from chance."
    look = "" if compared.look == 1 else f" This is candidate {compared.look:,} on these test periods."
    return [Paragraph((told + look,))]


def _coverage(found: Coverage) -> str:
    return (
        f"The interval of {share(found.level)} around a prediction holds the truth of {share(found.share)} of the rows."
    )


def _primary_first(findings: Findings) -> list[Metric]:
    return sorted(findings.metrics, key=lambda metric: metric.name != findings.comparison.metric)


def _metric_row(metric: Metric, compared: Comparison) -> tuple[Line, ...]:
    unit: Line = (" ", Prose(metric.unit)) if metric.unit else ()
    values: tuple[Line, ...] = ((number(metric.candidate),), (known(metric.other),))
    if metric.name != compared.metric:
        difference = _difference(metric, metric.other)
        return ((Code(metric.name), *unit), *values, (_without_side(difference),), (UNKNOWN,))
    bold = tuple((Strong(value),) for value in values)
    whole = Difference(compared.difference, compared.low, compared.high)
    interval = Interval(compared.difference, compared.low, compared.high, _span([(compared.low, compared.high)]))
    return ((Strong((Code(metric.name),)), *unit, " (primary)"), *bold, (Strong((whole,)),), (interval,))


def _difference(metric: Metric, other: float | None) -> float | None:
    """Return the relative difference; of a metric of which more is better, that of what it lacks to 1."""
    if other is None or not is_better_if_higher(metric.name):
        return relative(metric.candidate, other)
    return relative(1 - metric.candidate, 1 - other)


def _without_side(difference: float | None) -> str:
    return UNKNOWN if difference is None else percent(difference)


def _conclusion(findings: Findings) -> Line:
    compared, other = findings.comparison, name_other(findings)
    margin = share(compared.margin)
    unknown = f"the interval includes zero and ends beyond the margin of {margin}"
    if compared.low is None or compared.high is None:
        unknown = "there is no interval"
    verdict, because = {
        "better": (f"better than {other}", "the whole interval is below zero"),
        "no worse": (f"no worse than {other}", f"the interval ends within the margin of {margin}"),
        "worse": (f"worse than {other}", f"the whole interval is above zero and ends beyond the margin of {margin}"),
        "cannot tell": ("neither shown to be worse nor shown not to be", unknown),
    }[compared.conclusion]
    if compared.identical:
        verdict, because = f"the same as {other}", "all predictions are identical"
    said: Line = (Strong((verdict,)), f": {because}.")
    return (
        "On ",
        Code(compared.compared or compared.metric),
        ", the candidate is ",
        *said,
        *_against_baseline(findings),
    )


def _against_baseline(findings: Findings) -> Line:
    metric = next((metric for metric in findings.metrics if metric.name == findings.comparison.metric), None)
    difference = _difference(metric, metric.baseline) if metric else None
    if findings.first_release or metric is None or difference is None:
        return ()
    return (f" The simple baseline has {number(metric.baseline)}; against it the difference is {percent(difference)}.",)


def describe_slices(findings: Findings) -> Section:
    """Show the sound slices that moved most, then all; few rows move far by chance, so thin ones come after."""
    ranked = sorted(findings.slices, key=lambda part: (part.thin, -abs(part.difference), part.column, part.value))
    if not ranked:
        return Section("slices", "Slices", ())
    movers, other = ranked[:MOVERS], name_other(findings)
    head = ("slice", "rows", "candidate", other, "difference")
    table = Table(head, tuple(_mover_row(part) for part in movers), frozenset({1, 2, 3, 4}))
    thin = sum(part.thin for part in ranked)
    chance = round((len(ranked) - thin) * (1 - findings.comparison.confidence))
    note = f", as with about {chance} of {len(ranked) - thin} by chance alone." if chance > 0 else "."
    note += f" {count(thin, 'slice')} marked thin: too few rows for a conclusion, so listed last." if thin else ""
    explained = Paragraph((*_LEGEND, note))
    everything = Fold("all slices", f"All {count(len(ranked), 'slice')}", (_slice_table(findings, ranked),))
    return Section("slices", "Slices that moved most", (table, explained, everything))


def _mover_row(part: Slice) -> tuple[Line, ...]:
    values: tuple[Line, ...] = ((number(part.candidate),), (number(part.other),))
    return (_slice_name(part), (cell(part.rows),), *values, (_slice_difference(part),))


def _slice_difference(part: Slice) -> Difference:
    """Mark a sound slice that is surely better or worse; a thin one allows no conclusion."""
    return Difference(part.difference) if part.thin else Difference(part.difference, part.low, part.high)


def _slice_table(findings: Findings, ranked: list[Slice]) -> Table:
    span = _span([(part.low, part.high) for part in ranked if not part.thin])
    rows = tuple(
        (
            _slice_name(part),
            (cell(part.rows),),
            (_slice_difference(part),),
            (Interval(part.difference, part.low, part.high, span),),
            (number(part.bias, 3),),
            *([(UNKNOWN if part.coverage is None else share(part.coverage),)] if findings.coverage else []),
        )
        for part in ranked
    )
    head = ("slice", "rows", "difference", f"{share(findings.comparison.confidence)} interval", "bias")
    covered = ("coverage",) if findings.coverage else ()
    return Table((*head, *covered), rows, frozenset({1, 2, 4, *([5] if covered else [])}))


def _slice_name(part: Slice) -> Line:
    return (Code(part.column), " ", Code(part.value), *((" thin",) if part.thin else ()))


def _span(bounds: list[tuple[float | None, float | None]]) -> float:
    ends = [abs(end) for pair in bounds for end in pair if end is not None]
    return min(max(ends, default=0.0) or WIDEST, WIDEST)


def describe_checks(findings: Findings) -> Section:
    """List what failed, what could not be told and warnings; what passed is folded."""
    order = ("fail", "cannot tell", "warn")
    urgent = sorted(
        (check for check in findings.checks if check.verdict in order), key=lambda c: order.index(c.verdict)
    )
    blocks: list[Block] = [Paragraph((_tally(findings.checks),)), CheckList(tuple(urgent))] if urgent else []
    passed = tuple(check for check in findings.checks if check.verdict == "pass")
    if passed:
        blocks.append(Fold("passed checks", f"{count(len(passed), 'check')} passed", (CheckList(passed),)))
    return Section("checks", "Checks of the gate", tuple(blocks))


def describe_next_steps(findings: Findings) -> Section:
    """Say what a person does next."""
    lines = tuple(
        (Prose(step.text), *((" ", Code(step.command)) if step.command else ())) for step in next_steps.of(findings)
    )
    return Section("next steps", "What to do next", (Bullets(lines),) if lines else ())


def _tally(checks: list[Check]) -> str:
    words = {"fail": "failed", "cannot tell": "cannot be told", "warn": "warn", "pass": "passed"}
    found = {verdict: sum(check.verdict == verdict for check in checks) for verdict in words}
    return ", ".join(f"{number_of} {words[verdict]}" for verdict, number_of in found.items() if number_of) + "."
