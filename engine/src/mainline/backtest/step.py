"""`python -m mainline.backtest.step`: one step of a history, in a folder and a process of its own.

It takes a JSON object from its standard input: `do` names the step, the other keys are its arguments.
"""

import json
import os
import sys
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from mainline import errand, interrupts, parents


def run(asked: dict[str, Any]) -> None:
    """Do a step in the current folder."""
    _STEPS[asked.pop("do")](**asked)


def _prepare() -> None:
    from mainline.backtest import rows

    rows.prepare()


def _fit(source: str, window: list[str]) -> None:
    from mainline.backtest import candidate

    candidate.link(Path(source), Path.cwd(), window)
    candidate.make()


def _answer(package: str, periods: dict[str, str]) -> None:
    from mainline.backtest import life

    loaded = life.load(Path(package))
    for period, file in periods.items():
        life.write(life.answer(loaded, period), Path(file))


def _judge(candidate: str, versions: dict[str, str], file: str) -> None:
    from mainline import files
    from mainline.backtest import judgement
    from mainline.declared import gate, params

    declared = params.load()
    packages = {name: Path(path) for name, path in versions.items()}
    found = judgement.judge(Path(candidate), packages, gate.load(declared.gate), declared.evaluation)
    files.replace(Path(file), json.dumps(found._asdict()))


def _watch(package: str, periods: list[str], environment: str, file: str) -> None:
    from mainline import files
    from mainline.backtest import life, watch
    from mainline.declared import environments, gate, params

    declared = params.load()
    loaded = life.load(Path(package))
    policy = environments.load(Path(environment)).monitoring
    limits = gate.load(declared.gate)
    found = watch.days(
        loaded, [life.answer(loaded, period) for period in periods], periods[-1], policy, declared.evaluation,
        policy.quality.bias or limits.max_bias, declared.evaluation.slice_min_rows,
    )  # fmt: skip
    files.replace(Path(file), json.dumps([day._asdict() for day in found]))


_STEPS: Mapping[str, Callable[..., None]] = {
    "prepare": _prepare,
    "fit": _fit,
    "answer": _answer,
    "judge": _judge,
    "watch": _watch,
}


if __name__ == "__main__":
    interrupts.catch()
    parents.end_with(os.getppid())
    asked = json.load(sys.stdin)
    parent = asked.pop("parent")
    if os.getppid() != parent:
        sys.exit(parents.STATUS)
    errand.do(partial(run, asked))
