"""What a history showed, as titled parts of sentences and tables: the terminal, the page and the docs show the same."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from mainline.backtest.advice import Advice
from mainline.backtest.alarms import Alarms, Episode
from mainline.backtest.budget import Budget
from mainline.backtest.correlation import LEAST
from mainline.backtest.lessons import History
from mainline.experiments.layout import interval, percent
from mainline.gate.statistics import Difference
from mainline.text import count

Table = tuple[tuple[str, ...], tuple[tuple[str, ...], ...]]
"""A header, and rows of as many cells."""


@dataclass(frozen=True)
class Part:
    """A question and its answer: sentences, tables and a change of files."""

    title: str
    sentences: tuple[str, ...]
    tables: tuple[Table, ...] = ()
    code: str = ""


@dataclass(frozen=True)
class Shown:
    """All that is shown of a history: the alarms of the life retrained each period, and of the one never retrained."""

    history: History
    each: Alarms
    never: Alarms
    budgets: tuple[Budget, ...]
    advice: Advice

    @property
    def parts(self) -> tuple[Part, ...]:
        """The four questions, in order, and what to change."""
        return (_policies(self), _gate(self), _alarms(self), _holdout(self), _advice(self))


def _policies(shown: Shown) -> Part:
    header = ("policy", "tried", "released", shown.history.metric.name, "against never", "interval")
    rows = tuple(
        (loss.policy.name, str(len(loss.policy.attempts)), str(loss.policy.released), f"{loss.metric:.5g}",
         *_difference(loss.against_never))
        for loss in shown.history.losses
    )  # fmt: skip
    said = (
        "Each policy lived on the same events. Less is better; the interval is over whole days.",
    )  # fmt: skip
    return Part("Which policy pays?", said, ((header, rows),))


def _gate(shown: Shown) -> Part:
    history = shown.history
    header = ("candidate", "against", "gate", "offline", "interval", "in life", "interval", "so it was")
    rows = []
    for one in history.outcomes:
        judged = one.attempt.judged
        offline = Difference(judged["estimate"], judged["low"], judged["high"], judged["days"])
        word = "released" if one.attempt.released else judged["verdict"]
        rows.append((one.attempt.through, one.attempt.against, "refused" if word == "fail" else word,
                     *_difference(offline), *_difference(one.online), history.conclusion(one.online)))  # fmt: skip
    return Part("Did the gate help?", tuple(_of_gate(history)), ((header, tuple(rows)),) if rows else ())


def _of_gate(history: History) -> Iterator[str]:
    refused = [one for one in history.outcomes if not one.attempt.released]
    better = [one for one in refused if one.online.estimate < 0]
    surely = [one for one in refused if one.online.high < 0]
    released = [one for one in history.outcomes if one.attempt.released]
    worse = [one for one in released if one.online.estimate > 0]
    yield (
        f"Of {count(len(history.outcomes), 'candidate')}, one for each period, it released {len(released)}, of which "
        f"{len(worse)} did worse in the first period than what was replaced."
    )
    yield (
        f"It did not release {len(refused)}; in the next period {len(refused) - len(better)} of them would have been "
        f"worse and {len(better)} better, {len(surely)} surely so."
    )
    rank = history.rank
    if not np.isfinite(rank.value):
        several = count(rank.groups, "candidate")
        more = f"; {LEAST} or more may" if rank.groups < LEAST else ""
        yield f"{several} cannot tell whether offline and online differences rank alike{more}."
        return
    bounds = f" ({rank.low:.2f} to {rank.high:.2f})" if np.isfinite(rank.low) else ""
    yield (
        f"Offline and online differences rank alike with Spearman's {rank.value:.2f}{bounds}: "
        f"{count(rank.pairs, 'pair')} of a candidate and an older version, of {count(rank.groups, 'candidate')}."
    )


def _alarms(shown: Shown) -> Part:
    header = ("life", "version", "known", "until", "checks", "observed", "so it was", "delay, days", "a newer model")
    rows = [(name, *_episode(one)) for name, alarms in (("each period", shown.each), ("never", shown.never))
            for one in alarms.quality]  # fmt: skip
    support = [
        (str(first), str(last), ", ".join(failed), next(iter(failed.values())))
        for first, last, failed in shown.each.support
    ]
    tables: list[Table] = [(header, tuple(rows))] if rows else []
    tables += [(("rows unlike training from", "through", "checks", "observed"), tuple(support))] if support else []
    return Part("Did the alarms help?", tuple(_of_alarms(shown)), tuple(tables))


def _of_alarms(shown: Shown) -> Iterator[str]:
    every = shown.history.plan.params.monitor.false_alarms_every_days
    for name, alarms in (("Retrained each period", shown.each), ("Never retrained", shown.never)):
        truths = [one.truth for one in alarms.quality]
        yield (
            f"{name}, {alarms.days} days had {count(len(truths), 'episode')} of quality: "
            f"{truths.count('true')} true, {truths.count('false')} false, {truths.count('too late to tell')} too late "
            f"to tell; declared is one false in {every} days, here {alarms.allowed:.1f}."
        )
        declared = sum(one.truth == "false" and not one.is_earned for one in alarms.quality)
        if declared:
            yield (
                f"{declared} of the false ones passed declared limits: the window of their version was too short to "
                "earn any, and monitor.margin does not move these."
            )
    yield (
        "An episode is true if the next window of days, of which the alarm has none, is beyond the limit as well, be "
        "it without the limit's margin. The delay is counted from where a step fits the daily mean error best."
    )


def _episode(one: Episode) -> tuple[str, ...]:
    delay = "-" if one.delay is None else str(one.delay)
    return (
        one.version, str(one.known), str(one.last), ", ".join(one.checks), one.observed, one.truth, delay, one.newer,
    )  # fmt: skip


def _holdout(shown: Shown) -> Part:
    header = ("tested through", "rows", "looks in git", "smallest difference shown", "last look that shows it")
    rows = tuple(
        (one.through, f"{one.rows:,}", str(one.looks), f"{one.smallest:.2%}".replace("%", " %"),
         "any" if one.last is None else "none" if one.last == 0 else str(one.last))
        for one in shown.budgets
    )  # fmt: skip
    used = [one for one in shown.budgets if one.is_used_up and one.last]
    never = [one for one in shown.budgets if one.last == 0]
    counted = (
        "Each test period was looked at once in this history; git says how often committed candidates were "
        "measured on it. With each look the interval is wider, so that only larger differences can be shown."
    )
    left = (
        f"{len(used)} of {len(rows)} are used up. {len(never)} could not even at a first look show, within "
        "gate.margin, that a candidate as good as production is no worse: more test periods would."
    )
    return Part("How much of the holdout is used up?", (counted, left), ((header, rows),) if rows else ())


def _advice(shown: Shown) -> Part:
    changed = shown.advice.diff
    last = "`./mainline backtest --write` would change:" if changed else "What is declared stays as it is."
    return Part("What to declare", (*shown.advice.reasons, last), (), changed)


def _difference(found: Difference) -> tuple[str, str]:
    if not np.isfinite(found.estimate):
        return "-", "-"
    return percent(found.estimate), interval(found.low, found.high)
