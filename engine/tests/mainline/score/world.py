"""A repository that has earned all that a program can read of the 28 tests: real tables and tags, documents made up."""

import csv
import hashlib
import io
import json
import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from mainline.declared import environments
from mainline.gate.findings import Check
from mainline.monitoring.result import Monitored
from mainline.repository import lock, record
from mainline.score import total
from mainline.score.evidence import Evidence
from mainline.score.total import Score
from tests.mainline.registry import registries
from tests.mainline.registry.registries import Registry, at
from tests.mainline.report import examples
from tests.project import FLIGHTS, ROOT

DIGEST = "5e" * 32
NOW = 10
GATE, REPORT = Path("metrics/report/gate.json"), Path(".mainline/production/monitoring/report/monitoring.json")
_TRIALS = list(csv.DictReader((FLIGHTS / "metrics/tuning.csv").read_text(encoding="utf-8").splitlines()))
SEARCH = (_TRIALS[0]["search"], len(_TRIALS))
"""The search that the flights' table is of, and how many trials it has."""
CLAIMS = (
    "no_banned_name_is_used", "a_banned_field_of_the_request_reaches_no_answer",
    "nothing_after_the_prediction_time_reaches_a_feature", "every_declared_feature_is_computed",
    "a_row_alone_equals_the_same_row_in_a_batch", "the_order_of_rows_does_not_matter",
    "the_order_of_the_data_does_not_matter", "a_personal_field_is_a_feature_under_its_own_name_alone",
    "a_tiny_set_is_memorised", "the_loss_falls_in_training", "a_fit_on_random_data_is_finite",
    "a_fit_that_is_done_again_gives_the_same_bytes", "an_own_model_keeps_the_interface_of_scikit_learn",
    "raw_data_become_an_answer_over_http",
)  # fmt: skip
OWN = "tests/test_features.py::test_it"
OFTEN = """\
on: {schedule: [{cron: "0 0 * * 0"}]}
jobs:
  often:
    steps: [{run: ./mainline explain}, {run: ./mainline tune}, {run: ./mainline verify}]
"""


def measure(day: float = NOW, stale: str = "", strangers: tuple[str, ...] = ()) -> Score:
    """Return the score of the current folder at a day, without asking DVC and scikit-learn."""

    def make(*given: Any) -> Evidence:
        return replace(Evidence(*given), compare=lambda: (stale, strangers), search=lambda *_: SEARCH)

    return total.measure("production", at(day), make)


def points(found: Score) -> dict[str, float]:
    """Return the points of each test."""
    return {mark.test.name: mark.points for mark in found.marks}


def build(path: Path) -> None:
    """Make the repository. Two versions were released, the second was rolled back, and it returned."""
    made = registries.create(path)
    shutil.copytree(FLIGHTS, path, dirs_exist_ok=True, ignore=shutil.ignore_patterns("data", "models", "__pycache__"))
    shutil.copytree(ROOT / ".github/workflows", path / ".github/workflows")
    (path / ".gitignore").write_text("/.mainline/\n/metrics/report/\n/models/\n")
    params = (path / "params.yaml").read_text()
    (path / "params.yaml").write_text(params.replace("- seats\n", ""))
    made.commit(0, "Begin")
    made.register("v1.0.0", 1)
    made.assign("v1.0.0", 1)
    (path / "params.yaml").write_text(params)
    _improve(path)
    commit = made.commit(2, "Add the seats\n\nReviewed-by: Grace <grace@example.org>")
    done = f"evidence_days: 90\nby_hand:\n- {{test: Data 5, commit: {commit}, what: Names were hashed.}}\n"
    (path / "score.yaml").write_text(done)
    made.commit(2, "Write down what was done by hand")
    made.register("v1.1.0", 3)
    for version, day in (("v1.1.0", 3), ("v1.0.0", 4), ("v1.1.0", 5)):
        made.assign(version, day)
    tell(made, "served")
    _show(path, commit)


def tell(made: Registry, event: str, policy: str | None = None) -> None:
    """Let a server tell what became of v1.1.0: under the declared policy, another one, or, if '', without steps."""
    declared = environments.load(made.path / "deploy/production.yaml").rollout.hash
    line = {"time": "2026-01-06T01:00:00Z", "event": event, "version": "v1.1.0", "digest": DIGEST,
            "policy": declared if policy is None else policy}  # fmt: skip
    blob = made.git("hash-object", "-w", "--stdin", given=json.dumps(line) + "\n")
    tree = made.git("mktree", given=f"100644 blob {blob}\tevents.jsonl\n")
    made.git("update-ref", "refs/heads/deployments/production", made.git("commit-tree", tree, "-m", "Tell", day=6))


def _improve(path: Path) -> None:
    """Let every feature prove its worth, a rule be the baseline, and a workflow run what people ran."""
    table = path / "metrics/worth.csv"
    rows = list(csv.DictReader(io.StringIO(table.read_text())))
    write(table, [{**row, "low": "0.01", "trained": trained(path)} for row in rows])
    for name in ("staleness.csv", "ranks.csv"):
        kept = path / "metrics" / name
        write(kept, [{**row, "trained": trained(path)} for row in csv.DictReader(io.StringIO(kept.read_text()))])
    relock(path, "metrics/baseline.json", '{"constant": 17.1, "rule": 16.9}\n')
    (path / ".github/workflows/often.yml").write_text(OFTEN)
    deploy = path / "deploy/production.yaml"
    deploy.write_text(re.sub(r"age_days: \d+", "age_days: 100000", deploy.read_text()))


def trained(path: Path) -> str:
    """Name the trained model of dvc.lock."""
    outs = lock.entries((path / "dvc.lock").read_text())["train"]["outs"]
    return next(out["md5"][:12] for out in outs if out["path"] == "models/model")


def write(path: Path, rows: list[dict[str, str]]) -> None:
    """Write a table."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    path.write_text(text.getvalue())


def relock(path: Path, name: str, content: str) -> None:
    """Replace a metric, in dvc.lock as well."""
    old, new = (path / name).read_bytes(), content.encode()
    (path / name).write_bytes(new)
    before, after = (hashlib.md5(each, usedforsecurity=False).hexdigest() for each in (old, new))
    locked = (path / "dvc.lock").read_text()
    assert before in locked
    (path / "dvc.lock").write_text(locked.replace(before, after))


def _show(path: Path, commit: str) -> None:
    """Leave what gate, monitoring, tests, `verify` and `explain` leave."""
    (path / "models/package").mkdir(parents=True)
    (path / "models/package/manifest.json").write_text(json.dumps({"digest": DIGEST}))
    names = (
        "lock", "package", "served", "quarantine", "personal values", "feature cost", "memory", "training time",
        "slices against the whole",
    )  # fmt: skip
    more = [Check(name=name, group="data", verdict="pass", observed="1", limit="2", reason="") for name in names]
    found = examples.passing()
    kept = [check for check in found.checks if check.name not in names]
    candidate = found.candidate.model_copy(update={"digest": DIGEST, "commit": commit})
    judged = found.model_copy(update={"candidate": candidate, "checks": [*kept, *more]})
    _put(path / GATE, judged.model_dump_json())
    _put(path / REPORT, Monitored.model_validate(_monitored()).model_dump_json())


def _put(path: Path, content: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)


def run_all() -> None:
    """Leave the records of tests, `verify` and `explain` of the current folder."""
    outcomes = dict.fromkeys((OWN, *(f"{record.CLAIM}{name}" for name in CLAIMS)), record.PASSED)
    record.keep(record.TESTS, record.begin(), outcomes)
    record.keep(record.VERIFY, record.begin(committed=True), {"result": record.REPRODUCED, "said": "The lock is true."})
    record.keep(record.EXPLAIN, record.begin(), {"digest": DIGEST})


def _monitored() -> dict[str, Any]:
    names = ("missing values", "unseen values", "whole numbers", "constant values", "labels", "skill", "bias")
    checks = [_check(name, "0.1") for name in names] + [_check("skew of features", "0.00% of 1,200 events")]
    version = {"version": "v1.1.0", "digest": DIGEST, "rows": 1200, "first": "2026-01-06", "last": "2026-01-09",
               "metric": "rmse", "checks": checks, "days": [], "segments": []}  # fmt: skip
    promise = {"until": "2026-01-09T00:00:00Z", "metric": "rmse", "promised": 1.0, "came": 1.0, "events": 9, "age": 3}
    promises = [
        {
            **promise,
            "version": f"v1.{n}.0",
            "digest": digest,
            "promised_ratio": 0.8 + n / 10,
            "came_ratio": 0.9 + n / 10,
        }
        for n, digest in enumerate(("aa" * 32, DIGEST, "bb" * 32))
    ]
    mark = {"day": "2026-01-06", "version": "v1.1.0", "digest": DIGEST, "before": "v1.0.0",
            "changes": [{"kind": "libraries", "what": "numpy"}]}  # fmt: skip
    return {"verdict": "pass", "headline": "Quiet.", "environment": "production", "until": "2026-01-09T00:00:00Z",
            "rows": 1200, "checks": [], "versions": [version], "promises": promises, "marks": [mark]}  # fmt: skip


def _check(name: str, observed: str) -> dict[str, str]:
    return {"name": name, "group": "data", "verdict": "pass", "observed": observed, "limit": "1", "reason": ""}


def edit(path: Path, change: Callable[[Any], None]) -> None:
    """Change a JSON document in place."""
    document = json.loads(path.read_text())
    change(document)
    path.write_text(json.dumps(document))
