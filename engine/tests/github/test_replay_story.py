"""A pull request says what it would have answered to production: the real server, its log, the real workflow files.

The tests go on from one another, in the order of this file. No store is declared: requests travel in a release, without
the field that is hidden. Its values are made up, so that whatever has one got it from the log.
"""

import io
import json
import re
import shutil
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
import yaml
from sklearn.datasets import load_breast_cancer

from mainline.monitoring import packages
from mainline.replay import finding
from tests.github.conftest import forked
from tests.github.world import World
from tests.mainline.serving import running
from tests.project import Project

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("act") is None, reason="act is not installed; the environment of the tests has it"),
]
REQUESTS, ASKED, MOVED = 150, 189, 0.02
LABELS = '''"""What the laboratory found, three days after each sample was measured."""

from datetime import datetime

import pandas as pd

from usecase import source


def fetch(since: datetime, until: datetime) -> pd.DataFrame:
    """Return all labels that there are."""
    rows = pd.concat([rows for table, _, rows in source.fetch(source.MONTHS) if table == "samples"])
    labels = rows[["measured_at", "malignant"]].copy()
    labels["known_at"] = labels["measured_at"] + pd.Timedelta(days=3)
    return labels.reset_index(drop=True)
'''


def prepare(copied: Project) -> None:
    """Declare what is replayed and what is hidden, who says the truth, and that a person promotes to production."""
    interface = copied.path / "src/usecase/interface.py"
    text = interface.read_text().replace('KEY = ("measured_at", "sample")', 'KEY = ("measured_at",)\nPERSONAL = {}')
    interface.write_text(text)
    (copied.path / "src/usecase/labels.py").write_text(LABELS)
    declare(copied, "replay", requests=REQUESTS, moved=MOVED, threshold=None, hide=["sample"], release=True)


def declare(project: Project, section: str, **keys: Any) -> None:
    """Change keys of a section of `deploy/production.yaml`."""
    file = project.path / "deploy/production.yaml"
    declared = yaml.safe_load(file.read_text())
    declared[section] |= keys
    file.write_text(yaml.safe_dump(declared, sort_keys=False))


def requests() -> list[dict[str, Any]]:
    """Return samples of May and June; their numbers are nowhere but here."""
    data = load_breast_cancer(as_frame=True).data.rename(columns=lambda name: name.replace(" ", "_"))
    rows = data[[name for name in data if name.startswith("mean_") and "area" not in name and "perim" not in name]]
    months = [("2024-05", rows.iloc[380:475]), ("2024-06", rows.iloc[475:569])]
    asked = []
    for month, part in months:
        moments = pd.date_range(f"{month}-01", periods=len(part), freq="7h")
        asked += [
            {"measured_at": f"{moment:%Y-%m-%dT%H:%M:%SZ}", **row}
            for moment, row in zip(moments, part.to_dict("records"), strict=True)
        ]
    return [{**row, "sample": f"S{9000 + 5 * number}"} for number, row in enumerate(asked)]


NUMBERS = [row["sample"] for row in requests()]
"""The raw values that nobody may find anywhere."""


@pytest.fixture(scope="module")
def fork(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A fork with one release, whose server has answered real requests, and whose log is rolled up and shared."""
    with forked(tmp_path_factory.mktemp("replay"), prepare) as made:
        released = made.release()
        assert released.succeeded, released.said
        made.project.run("git", "fetch", "--quiet", "--tags", "origin")
        serve(made)
        yield made


def serve(fork: World) -> None:
    """Answer every request by the released package, one connection each, into a log."""
    log = {"directory": str(fork.project.path.parent / "log"), "flush_seconds": 0.05}
    folder = fork.project.path.parent / "server"
    with running.running(folder, fork.project.path / "models/package", "--version", "v1.0.0", log=log) as server:
        for row in requests():
            status, said = server.ask("/predict", row)
            assert status == 200, said
        server.stop()


def monitor(fork: World) -> str:
    """Roll the log up and share what was found, as the machine with the log does."""
    token = fork.github.grant("server", {"contents": "write"})
    given = fork.github.environment(token)
    log = str(fork.project.path.parent / "log")
    command = ("python", "-m", "mainline", "monitor", "--share", "--logs", log)
    done = fork.project.run(*command, succeed=None, env=given)
    return done.stdout + done.stderr


def asset(fork: World) -> bytes:
    """Return the one excerpt of the requests that a release has."""
    found = [body for _, item, body in fork.github.repository.assets.values() if item["name"].startswith("requests-")]
    (content,) = found
    return content


def replay(fork: World, number: int) -> finding.Replay:
    """Return the document that a run kept."""
    return finding.read((fork.github.repository.files / str(number) / "replay" / "replay.json").read_bytes())


def test_the_machine_with_the_log_puts_an_excerpt_into_a_release(fork: World) -> None:
    """As many requests as are declared, of those that were answered; the hidden field is empty."""
    said = monitor(fork)
    assert "of requests are in the release requests/production" in said, said
    with zipfile.ZipFile(io.BytesIO(asset(fork))) as archive:
        rows = pd.concat(
            pq.read_table(io.BytesIO(archive.read(name))).to_pandas()
            for name in archive.namelist() if name.endswith(".parquet")
        )  # fmt: skip
    assert len(rows) == REQUESTS
    assert rows["input.sample"].isna().all()
    assert rows["input.mean_radius"].notna().all()


def test_the_comment_says_what_the_candidate_would_have_answered(fork: World) -> None:
    """How many answers move, where, which ones, and who was right: as both packages say it when they are asked here."""
    before = answers(fork.project)
    commit = fork.change("other", C=0.3)
    after = answers(fork.project)
    run = fork.look(fork.github.repository.open("other", "Another C"))
    told = fork.tell(run)
    assert told.succeeded, told.said
    found = replay(fork, run.number).answers
    assert found is not None, run.said
    moved = int((np.abs(after - before) > MOVED).sum())
    crossed = int(((after >= 0.5) != (before >= 0.5)).sum())
    assert (found.requests, found.logged, found.moved, found.crossed) == (REQUESTS, ASKED, moved, crossed)
    assert 0 < moved < REQUESTS
    assert (len(found.rows), found.hidden, found.is_logged) == (10, ["sample"], True)
    assert {one.column for one in found.segments} == {"size"}
    assert found.truth is not None, found.without_truth
    assert found.truth.requests == REQUESTS
    (comment,) = fork.comments(1)
    assert "Replay on real requests" in comment
    assert f"**{moved} of {REQUESTS} answers**" in comment
    assert "10 requests that would move most" in comment
    assert f"On the {REQUESTS} requests whose truth is known by now" in comment
    assert commit[:7] in comment
    picture(fork, comment)


def answers(project: Project) -> Any:
    """Ask the package of a working tree for the newest requests, whose hidden field is empty."""
    (package,) = packages.find([project.path / "models/package"]).values()
    rows = requests()[-REQUESTS:]
    columns = {
        field.name: np.array([row[field.name] for row in rows], np.float64)
        for field in package.request if field.kind == "number"
    }  # fmt: skip
    columns["sample"] = np.array([""] * len(rows), object)
    moments = [np.datetime64(row["measured_at"].removesuffix("Z"), "m").astype(np.int64) for row in rows]
    columns["measured_at"] = np.array(moments)
    return package.predictor.predict_columns(columns)


def picture(fork: World, comment: str) -> None:
    """Keep the comment, for a person who looks at it."""
    (fork.runner.folder / "comment.md").write_text(comment)


def readable(file: Path) -> Iterator[str]:
    """Return what can be read of a file, also within Parquet and archives."""
    content = file.read_bytes()
    yield content.decode(errors="replace")
    parts: Mapping[str, bytes] = {}
    if zipfile.is_zipfile(io.BytesIO(content)):
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            parts = {name: archive.read(name) for name in archive.namelist()}
    for part in (content, *parts.values()):
        yield part.decode(errors="replace")
        if part[:4] == b"PAR1":
            for column in pq.read_table(io.BytesIO(part)).columns:
                yield json.dumps(column.to_pylist(), default=str)


def leaked(texts: Iterator[str]) -> set[str]:
    """Return the raw values of the hidden field that some texts have."""
    return {number for text in texts if "S9" in text for number in NUMBERS if number in text}


def test_no_raw_value_of_the_hidden_field_leaves(fork: World, tmp_path: Path) -> None:
    """Not by the comment, an artifact, the release, the shared branch, or any file of a machine that replays.

    act clears the folder of a run, so the steps of the job that bring and replay requests are run once more here, and
    everything that they leave is looked at: the folder of the clone with its caches, and that for temporary files.
    """
    comments = (item["body"] for item in fork.github.repository.comments)
    assert leaked(comments) == set()
    machine = fork.project.twin(tmp_path / "machine")
    shutil.rmtree(machine.path / ".mainline")
    (tmp_path / "temporary").mkdir()
    reader = fork.github.environment(fork.github.grant("reader", {"contents": "read"}))
    for step in (("released",), ("replay", "--if-any")):
        machine.run("python", "-m", "mainline", *step, env={**reader, "TMPDIR": str(tmp_path / "temporary")})
    here = [path for path in tmp_path.rglob("*") if path.is_file() and ".git/objects" not in str(path)]
    assert {"requests.zip", "replay.html"} < {path.name for path in here}
    assert [str(path) for path in here if leaked(readable(path))] == []
    kept = [path for path in fork.github.repository.files.rglob("*") if path.is_file()]
    assert [path.name for path in kept if path.name == "replay.json"]
    assert [str(path) for path in kept if leaked(readable(path))] == []
    released = fork.runner.folder / "released.zip"
    released.write_bytes(asset(fork))
    assert leaked(readable(released)) == set()
    branch = fork.project.run(
        "bash", "-c", "git fetch -q origin monitoring/production && git grep -h '' FETCH_HEAD --"
    ).stdout
    assert leaked(iter([branch])) == set()
    log = next((fork.project.path.parent / "log").glob("*.jsonl"))
    assert len(leaked(readable(log))) == ASKED, "the log has them, so the test can see"


def test_the_newest_version_answers_in_the_shadow_once_a_day(fork: World) -> None:
    """A version that a person has not promoted yet is held to production's; the run's summary and artifact say how."""
    here = fork.project
    here.run("git", "switch", "--quiet", "other")
    declare(here, "promotion", approval="manual")
    here.commit("Let a person promote")
    here.run("git", "push", "--quiet", "origin", "other")
    fork.github.repository.current(fork.github.repository.pulls[0])
    fork.merge(1)
    released = fork.release()
    assert released.succeeded, released.said
    assert "model@v1.1.0" in fork.tags()
    assert "model#production#2" not in fork.tags()
    run = fork.start("monitor.yml", "schedule", {})
    assert run.succeeded, run.said
    page = (fork.github.repository.files / str(run.number) / "replay" / "replay.html").read_text()
    assert "v1.1.0" in page
    assert "would move by more than" in page
    assert leaked(iter([page, run.said])) == set()
    assert "identity unknown" not in run.said, "what was seen is shared, though nobody is configured on the runner"
    assert re.search(r"Summary - .*Replay on real requests: \d+ answers of 150 would move", run.said), "act shows it"
