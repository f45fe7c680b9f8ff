"""Which policy to declare, and with which margin of alarms; as a change of the two files that declare them."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mainline import files
from mainline.backtest.correlation import LEAST
from mainline.backtest.lessons import UNGATED, History, Loss
from mainline.backtest.margin import Rate
from mainline.backtest.timetable import PARAMS
from mainline.declared.environments import FOLDER
from mainline.experiments import edit
from mainline.limits import playback
from mainline.text import count

Keys = Mapping[tuple[str, ...], Any]
REASONS = ("schedule", "new_data", "age", "quality", "drift")
NAMED = {"each period": "new_data", "on age": "age", "on quality": "quality", "on drift": "drift"}
NEAR = 0.05
"""Margins this near to the declared one are the same: a history tells a rate only roughly."""


@dataclass(frozen=True)
class Advice:
    """The policy to declare ('' for none) and why, and the change of each file by its path: before and after."""

    policy: str
    reasons: tuple[str, ...]
    changes: Mapping[Path, tuple[str, str]]

    @property
    def diff(self) -> str:
        """The change, as `git apply` takes it; '' if there is none."""
        found = (edit.diff(before, after, str(path)) for path, (before, after) in self.changes.items())
        return "\n".join(text for text in found if text)

    def write(self) -> None:
        """Change the files."""
        for path, (before, after) in self.changes.items():
            if before != after:
                files.replace(path, after)


def advise(history: History, rate: Rate) -> Advice:
    """Recommend the policy with the fewest retrainings among those that are not surely worse than the best.

    With fewer than `correlation.LEAST` candidates none is recommended.

    Raises:
        MainlineError: when a file cannot be edited safely; it names the keys.
    """
    name, reason = _policy(history)
    reasons = [reason]
    environment = FOLDER / f"{history.plan.environment_name}.yaml"
    wanted: dict[Path, Keys] = {environment: _reasons(history, name) if name else {}}
    margin, said = _margin(rate)
    reasons.append(said)
    if margin is not None:
        wanted[PARAMS] = {("monitor", "margin"): margin}
    changes = {}
    for path, keys in wanted.items():
        before = path.read_text(encoding="utf-8")
        changes[path] = (before, edit.set_values(before, keys, str(path)))
    return Advice(name, tuple(reasons), changes)


def _margin(rate: Rate) -> tuple[float | None, str]:
    """Return the margin to declare, None if it stays, and say why."""
    watched = f"{count(rate.candidates, 'candidate')} with earned limits, on {count(rate.days, 'day')} after them"
    if rate.margin is None:
        least = f"{playback.PROVEN_DAYS} are needed to say anything of monitor.margin"
        return None, f"Watched were {watched}; {least}." if rate.days else f"No candidate has earned limits; {least}."
    passed = f"{watched}, passed their limits {count(rate.episodes, 'time')}; declared are {rate.allowed:.1f}"
    asked = max(1.0, math.ceil(100 * rate.margin) / 100)
    if abs(asked - rate.declared) <= NEAR:
        return None, f"{passed}. So monitor.margin {rate.declared:g} stays."
    least = ", which is the least that can be declared" if rate.margin < 1 else ""
    return asked, f"{passed}. monitor.margin {asked:g} would have been enough for that{least}."


def _policy(history: History) -> tuple[str, str]:
    """Name the policy to declare, '' if too few candidates were judged to tell, and say why."""
    judged = len(history.outcomes)
    if judged < LEAST:
        several = f"{count(judged, 'candidate')} {'is' if judged == 1 else 'are'}"
        return "", f"{several} too few to recommend a policy of retraining; {LEAST} or more may. Live more periods."
    losses = [loss for loss in history.losses if loss.policy.name != UNGATED]
    best = min(losses, key=lambda loss: (history.metric.lack(loss.metric), len(loss.policy.attempts)))
    chosen = min((loss for loss in losses if _is_near(history, loss, best)), key=lambda loss: len(loss.policy.attempts))
    name = chosen.policy.name
    others = ", ".join(f"'{loss.policy.name}'" for loss in losses if not _is_near(history, loss, best)) or "none"
    best_was = f"The best policy was '{best.policy.name}'; surely worse were {others}."
    return name, f"{best_was} Of all others '{name}' retrains least."


def _is_near(history: History, loss: Loss, best: Loss) -> bool:
    """Say whether a policy is not surely worse than the best one."""
    if loss is best:
        return True
    found = history.compare(history.of_policy(loss.policy.name), history.of_policy(best.policy.name))
    return not found.low > 0


def _reasons(history: History, policy: str) -> Keys:
    """Return the keys of `monitoring.retrain.when` that have to change."""
    declared = history.plan.environment.monitoring.retrain.when
    wanted = {name: name == NAMED.get(policy) for name in REASONS}
    if policy == "each period":  # which every other reason only brings forward
        wanted = {name: getattr(declared, name) or wanted[name] for name in REASONS}
    changed = {name: value for name, value in wanted.items() if value != getattr(declared, name)}
    return {("monitoring", "retrain", "when", name): value for name, value in changed.items()}
