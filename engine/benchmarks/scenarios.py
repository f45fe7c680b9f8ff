"""What the gate says of known changes, on the shipped data: `python -m benchmarks.scenarios`.

In a copy of the repository the shipped model is released; then each change is made, trained and held against it.
Prints a table for `engine/docs/gate.md`; exits with 1 when a change gets another conclusion than it should.
"""

import json
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests import project
from tests.project import Project

RECENT = ("origin_departures", "origin_delay", "origin_gain", "dest_gain")


@dataclass(frozen=True)
class Scenario:
    """A change to the released project and what the gate should conclude; `base` prepares another production."""

    name: str
    expected: str
    change: Callable[[Project], None]
    base: Callable[[Project], None] = lambda _: None


def drop_recent(made: Project) -> None:
    """Leave out the features on recent operations."""
    features = yaml.safe_load((made.path / "params.yaml").read_text())["features"]
    made.declare(features=[name for name in features if name not in RECENT])


def restore(made: Project) -> None:
    """Take the shipped parameters."""
    (made.path / "params.yaml").write_text((project.FLIGHTS / "params.yaml").read_text())


def overfit(made: Project) -> None:
    """Let the trees learn single flights by heart."""
    made.declare(model={"params": {"learning_rate": 0.5, "max_leaf_nodes": 255, "min_samples_leaf": 1, "max_iter": 150,
                                   "l2_regularization": 1.0, "early_stopping": False}})  # fmt: skip


def predict_label(made: Project) -> None:
    """Fit on the arrival delay itself instead of what was gained on the way."""
    scoring = made.path / "src/usecase/scoring.py"
    text = scoring.read_text()
    text = text.replace('return label - columns["dep_delay"]', "return label")
    scoring.write_text(text.replace('return raw + columns["dep_delay"]', "return raw"))


def one_month_more(made: Project) -> None:
    """Move the end of the window by a month."""
    made.declare(data={"through": "2013-10"})


SCENARIOS = (
    Scenario("the same commit again", "no worse", lambda _: None),
    Scenario("recent operations as features", "better", restore, base=drop_recent),
    Scenario("learning rate 0.5, 255 leaves, 1 row a leaf", "worse", overfit),
    Scenario("predict arr_delay directly", "worse", predict_label),
    Scenario("one month more", "no worse", one_month_more),
)


def main() -> int:
    """Run every scenario and print its line."""
    wrong = 0
    print("| change | conclusion | difference | 95 % interval | verdict |\n|---|---|---|---|---|")
    with tempfile.TemporaryDirectory(prefix="mainline-scenarios-") as folder:
        for number, scenario in enumerate(SCENARIOS):
            found = run(scenario, Path(folder) / str(number))
            compared = found["comparison"]
            print(
                f"| {scenario.name} | {compared['conclusion']}{', identical' if compared['identical'] else ''} "
                f"| {compared['difference']:+.1%} | {compared['low']:+.1%} to {compared['high']:+.1%} "
                f"| {found['verdict']} |",
                flush=True,
            )
            harmless = {"better", "no worse"}
            expected = harmless if scenario.expected == "no worse" else {scenario.expected}
            wrong += compared["conclusion"] not in expected
    return int(wrong > 0)


def run(scenario: Scenario, path: Path) -> dict[str, Any]:
    """Release the base, make the change, and return the gate's findings."""
    made = project.copy(path)
    scenario.base(made)
    release(made, "v0.1.0")
    scenario.change(made)
    made.run("python", "-m", "mainline", "repro")
    made.run("python", "-m", "mainline", "gate", succeed=None)
    return json.loads((made.path / "metrics/report/gate.json").read_text())


def release(made: Project, version: str, number: int = 1) -> None:
    """Train, commit and tag: what promotion will do."""
    made.run("python", "-m", "mainline", "repro")
    made.run("git", "add", "--all")
    made.run("git", "commit", "--quiet", "--allow-empty", "--message", f"Release {version}")
    made.run("git", "tag", f"model@{version}")
    made.run("git", "tag", f"model#production#{number}")


if __name__ == "__main__":
    sys.exit(main())
