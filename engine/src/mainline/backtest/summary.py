"""What a lived history showed, for the terminal."""

from collections.abc import Sequence

import numpy as np

from mainline.backtest.lessons import History
from mainline.experiments.layout import Layout, interval, percent, wrap
from mainline.gate.statistics import Difference
from mainline.periods import told
from mainline.text import count


def write(history: History, seconds: float) -> str:
    """Say it in a few paragraphs and two tables."""
    plan = history.plan
    lines = ["", f"Lived {told(plan.lived)}, {count(len(plan.candidates), 'candidate')}, in {seconds:.0f} s.", ""]
    lines += ["Which policy pays", *_policies(history), "", "Did the gate help", *_gate(history), ""]
    return "\n".join(lines)


def _policies(history: History) -> list[str]:
    header = ["policy", "tried", "released", history.metric.name, "against never", "interval"]
    rows = [
        [
            loss.policy.name, str(len(loss.policy.attempts)), str(loss.policy.released), f"{loss.metric:.5g}",
            *_difference(loss.against_never),
        ]
        for loss in history.losses
    ]  # fmt: skip
    return _table(header, rows)


def _gate(history: History) -> list[str]:
    header = ["candidate", "against", "gate", "offline", "interval", "in life", "interval", "so it was"]
    rows = []
    for one in history.outcomes:
        judged = one.attempt.judged
        offline = Difference(judged["estimate"], judged["low"], judged["high"], judged["days"])
        shown = "released" if one.attempt.released else "refused"
        rows.append(
            [one.attempt.through, one.attempt.against, shown, *_difference(offline), *_difference(one.online),
             history.conclusion(one.online)]
        )  # fmt: skip
    rank = history.rank
    said = (
        f"Spearman's rank correlation of offline and online differences: {rank.value:.2f} ({rank.low:.2f} to "
        f"{rank.high:.2f}), {count(rank.pairs, 'pair')} of a candidate and an older version, "
        f"{count(rank.groups, 'candidate')}."
    )
    return [*(_table(header, rows) if rows else ["Nothing was judged."]), "", wrap(said)]


def _difference(found: Difference) -> list[str]:
    if not np.isfinite(found.estimate):
        return ["-", "-"]
    return [percent(found.estimate), interval(found.low, found.high)]


def _table(header: list[str], rows: Sequence[list[str]]) -> list[str]:
    layout = Layout(header, rows, left=(0, len(header) - 1), indent="")
    return [layout.header(), *map(layout.line, rows)]
