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
from mainline.report.figures import UNKNOWN, cell, known, number, percent, relative, share, signed
from mainline.text import count

MOVERS = 8
"""Slices that are shown at once."""

PLAIN = (
    "Where more of a metric is better, the difference is that of the two numbers; every other difference is relative, "
    "and less is better."
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
    rows = tuple(row for metric in _primary_first(findings) for row in _metric_rows(metric, compared))
    blocks: list[Block] = [Table(head, rows, frozenset({1, 2, 3}))] if rows else []
    if any(is_better_if_higher(metric.name) for metric in findings.metrics):
        blocks.append(Paragraph((PLAIN,)))
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


def _metric_rows(metric: Metric, compared: Comparison) -> list[tuple[Line, ...]]:
    """Return the row of a metric; below the primary one, of which more is better, also that of what is compared."""
    unit: Line = (" ", Prose(metric.unit)) if metric.unit else ()
    values: tuple[Line, ...] = ((number(metric.candidate),), (known(metric.other),))
    plain: tuple[Line, ...] = ((_difference(metric, metric.other),), (UNKNOWN,))
    if metric.name != compared.metric:
        return [((Code(metric.name), *unit), *values, *plain)]
    whole = Difference(compared.difference, compared.low, compared.high)
    interval = Interval(compared.difference, compared.low, compared.high, _span([(compared.low, compared.high)]))
    sure: tuple[Line, ...] = ((Strong((whole,)),), (interval,))
    bold = tuple((Strong(value),) for value in values)
    primary: Line = (Strong((Code(metric.name),)), *unit, " (primary)")
    if compared.compared in ("", metric.name):
        return [(primary, *bold, *sure)]
    lacking = ((number(1 - metric.candidate),), (known(None if metric.other is None else 1 - metric.other),))
    return [(primary, *bold, *plain), ((Code(compared.compared), " (compared)"), *lacking, *sure)]


def _difference(metric: Metric, other: float | None) -> str:
    """Show the relative difference; of a metric of which more is better, that of the two numbers."""
    if other is None:
        return UNKNOWN
    if is_better_if_higher(metric.name):
        return signed(metric.candidate - other)
    difference = relative(metric.candidate, other)
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
    difference = _difference(metric, metric.baseline) if metric else UNKNOWN
    if findings.first_release or metric is None or difference == UNKNOWN:
        return ()
    has = f" The simple baseline has {known(metric.baseline)}"
    return (f"{has} in ", Code(metric.name), f"; against it the difference is {difference}.")


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
