"""Finished trials as people compare them: a line for each, the best of all, and the best of each family."""

from collections.abc import Iterator, Sequence

from mainline.experiments import search
from mainline.experiments.candidates import Planned
from mainline.experiments.layout import Layout, interval, number, percent, wrap
from mainline.experiments.trials import TABLE, Trial
from mainline.model.metric import Metric

BEST = 5
_HEADER = ("difference", "interval", "seconds", "")
_WIDEST = ("-00.00 %", "-00.00 to +00.00 %", "00.0", "declared")


def is_of_families(trials: Sequence[Planned]) -> bool:
    """Whether more is compared than the declared model's hyperparameters."""
    return len({one.candidate for one in trials}) > 1


def legend(trials: Sequence[Planned]) -> Iterator[str]:
    """Yield what each candidate's values are of, since their columns would be too many."""
    if is_of_families(trials):
        for name in dict.fromkeys(one.candidate for one in trials):
            first = next(one for one in trials if one.candidate == name)
            values = f", values: {', '.join(first.tried)}" if first.tried else ""
            yield f"{name}: {first.params.model.type}{values}"


def table(trials: Sequence[Planned], metric: Metric) -> Layout:
    """Return the columns of a table of trials."""
    if is_of_families(trials):
        header = ["trial", "candidate", "values", metric.name, *_HEADER]
        rows = [["", one.candidate, _values(one), "00.0000", *_WIDEST] for one in trials]
        return Layout(header, rows, left=(1, 2, len(header) - 1), indent="", spare=(2,))
    stacked = [name.replace("_", "\n") for name in trials[0].tried]
    header = ["trial", *stacked, metric.name, *_HEADER]
    rows = [["", *map(str, one.tried.values()), "00.0000", *_WIDEST] for one in trials]
    return Layout(header, rows, left=(len(header) - 1,), indent="")


def cells(trial: Trial, trials: Sequence[Planned], note: str) -> list[str]:
    """Write a trial as a row of the table."""
    planned = trials[trial.number]
    tried = [planned.candidate, _values(planned)] if is_of_families(trials) else [*map(str, planned.tried.values())]
    if trial.refused:
        return [str(trial.number), *tried, "-", "-", "-", number(trial.seconds), "refused"]
    against = ["", ""] if trial.number == 0 else [percent(trial.difference), interval(trial.low, trial.high)]
    note = "stopped" if trial.stopped else note
    return [str(trial.number), *tried, f"{trial.metric:#.6g}", *against, f"{trial.seconds:.1f}", note]


def conclusion(
    metric: Metric, finished: Sequence[Trial], trials: Sequence[Planned], days: int, confidence: float
) -> list[str]:
    """Show the best, and say whether it is better beyond the chance of being picked from so many.

    Args:
        metric: the primary one.
        finished: trial 0 among them.
        trials: all that were planned.
        days: D clusters of the validation rows.
        confidence: of the intervals.
    """
    judged = search.ranked(finished, metric)
    layout = table(trials, metric)
    shown = [layout.line(cells(trial, trials, "declared" if trial.number == 0 else "")) for trial in judged[:BEST]]
    best, others = judged[0], sum(not trial.refused for trial in finished) - 1
    if best.number == 0:
        said = f"Nothing tried is better than what params.yaml declares ({metric.name} {best.metric:.6g})."
    else:
        wide = search.widen(best, others, days, confidence)
        proven = "significantly better" if wide.high < 0 else "not significantly better"
        bounds = f"the {confidence * 100:g} % interval is {interval(wide.low, wide.high)}"
        said = f"Best is trial {best.number}: {percent(best.difference)} in {metric.compared}, {proven} than declared. "
        said += f"It was picked from {others}, which flatters it; widened for that, {bounds}."
        if wide.high >= 0:
            said += " Keeping what is declared loses nothing that these rows could show."
    families = _families(metric, finished, trials, days, confidence) if is_of_families(trials) else []
    return [
        f"The best {len(shown)} of {len(finished)}, kept in {TABLE}:",
        "",
        layout.header(),
        *shown,
        "",
        *families,
        wrap(said),
    ]


def _families(
    metric: Metric, finished: Sequence[Trial], trials: Sequence[Planned], days: int, confidence: float
) -> list[str]:
    """Show the best trial of each candidate, with the interval that pays for all trials."""
    others = sum(not trial.refused for trial in finished) - 1
    header = ["candidate", "trials", "stopped", "best", metric.name, "difference", "widened interval", "seconds"]
    rows: list[tuple[int, list[str]]] = []
    order = {trial.number: place for place, trial in enumerate(search.ranked(finished, metric))}
    for name in dict.fromkeys(one.candidate for one in trials):
        own = [trial for trial in finished if trials[trial.number].candidate == name]
        head = [name, str(len(own)), str(sum(trial.stopped for trial in own))]
        spent = f"{sum(trial.seconds for trial in own):.1f}"
        best = min((trial for trial in own if trial.number in order), key=lambda one: order[one.number], default=None)
        if best is None:
            rows.append((len(order), [*head, "-", "-", "-", "-", spent]))
            continue
        wide = search.widen(best, others, days, confidence)
        against = ["", ""] if best.number == 0 else [percent(best.difference), interval(wide.low, wide.high)]
        rows.append((order[best.number], [*head, str(best.number), f"{best.metric:#.6g}", *against, spent]))
    layout = Layout(header, [cells for _, cells in sorted(rows, key=lambda row: row[0])], indent="")
    said = f"The best of each candidate; its interval is widened for {others} trials that could have been the best:"
    return [wrap(said), "", layout.render(), ""]


def _values(planned: Planned) -> str:
    return " ".join(map(str, planned.tried.values()))
