"""The run of a pipeline as events."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from mainline import __main__ as command_line
from mainline.errors import DataError, MainlineError
from mainline.export import openlineage
from mainline.registry import runs
from tests.project import Project

STAGES = ["ingest", "validate", "prepare", "train", "evaluate", "package"]


@pytest.fixture
def copy(here: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A copy that a test may change, as the current folder."""
    made = here.twin(tmp_path / "project")
    monkeypatch.chdir(made.path)
    return made


def ends() -> dict[str, dict[str, Any]]:
    """Return the last event of each stage."""
    found, _ = openlineage.events("mine")
    return {event["job"]["name"]: event for event in found if event["eventType"] == "COMPLETE"}


def tags(event: dict[str, Any]) -> dict[str, str]:
    """Return the tags of an event's run."""
    return {tag["key"]: tag["value"] for tag in event["run"]["facets"]["tags"]["tags"]}


@pytest.mark.usefixtures("here")
def test_each_stage_starts_and_ends_once() -> None:
    """In the order of the lock, both under one number that no other stage has, as long apart as the stage ran."""
    found, silent = openlineage.events("mine")
    assert [(event["job"]["name"], event["eventType"]) for event in found] == [
        (stage, kind) for stage in STAGES for kind in ("START", "COMPLETE")
    ]
    assert len({event["run"]["runId"] for event in found}) == len(STAGES)
    assert silent == []
    seconds = {run.stage: run.seconds for run in runs.parse(runs.TABLE.read_text())}
    for start, end in zip(found[::2], found[1::2], strict=True):
        assert start["run"] == end["run"]
        took = datetime.fromisoformat(end["eventTime"]) - datetime.fromisoformat(start["eventTime"])
        assert took.total_seconds() == pytest.approx(seconds[start["job"]["name"]])


@pytest.mark.usefixtures("here")
def test_data_is_named_with_its_hash() -> None:
    """What one stage made is what the next one read; code is not among it."""
    found, locked = ends(), yaml.safe_load(Path("dvc.lock").read_text())["stages"]
    made = {one["name"]: one["facets"]["version"]["datasetVersion"] for one in found["ingest"]["outputs"]}
    assert made == {"data/raw": locked["ingest"]["outs"][0]["md5"]}
    assert {one["name"]: one["facets"]["version"]["datasetVersion"] for one in found["validate"]["inputs"]} == made
    statistics = found["ingest"]["outputs"][0]["outputFacets"]["outputStatistics"]
    assert statistics["size"] == locked["ingest"]["outs"][0]["size"]
    assert statistics["fileCount"] == locked["ingest"]["outs"][0]["nfiles"]


def test_code_and_parameters_are_told(here: Project) -> None:
    """Each file of the code with its hash, the commit that wrote the lock, and what the stage was given."""
    train, locked = ends()["train"], yaml.safe_load(Path("dvc.lock").read_text())["stages"]["train"]
    code = {dep["path"]: dep["md5"] for dep in locked["deps"] if dep["path"].startswith(("src/", "engine/", "req"))}
    assert code
    assert tags(train).items() >= code.items()
    assert tags(train)["commit"] == here.run("git", "log", "-1", "--format=%H", "--", "dvc.lock").stdout.strip()
    given = {one["key"]: one["value"] for one in train["run"]["facets"]["executionParameters"]["parameters"]}
    assert given["model.type"].startswith("sklearn.")
    assert json.loads(given["features"]) == locked["params"]["params.yaml"]["features"]


def test_the_declaration_is_linked_where_it_is_on_the_web(copy: Project) -> None:
    """With an origin on the web the job says where its stage is declared; a folder has no such place."""
    assert "sourceCodeLocation" not in ends()["train"]["job"]["facets"]
    copy.run("git", "remote", "set-url", "origin", "git@github.com:owner/name.git")
    commit = copy.run("git", "log", "-1", "--format=%H", "--", "dvc.lock").stdout.strip()
    found = ends()["train"]["job"]["facets"]["sourceCodeLocation"]
    assert found["url"] == f"https://github.com/owner/name/blob/{commit}/dvc.yaml"


def test_another_lock_has_no_commit(copy: Project) -> None:
    """What was run and not committed names no commit, since none has it."""
    with (copy.path / "dvc.lock").open("a") as file:
        file.write("# mine\n")
    assert "commit" not in tags(ends()["train"])


def test_a_stage_from_the_cache_is_said_to_be_left_out(copy: Project, capsys: pytest.CaptureFixture[str]) -> None:
    """Nobody knows when it ran."""
    kept = [line for line in runs.TABLE.read_text().splitlines(keepends=True) if not line.startswith("train,")]
    (copy.path / runs.TABLE).write_text("".join(kept))
    assert command_line.main(["export", "openlineage", "made/events.jsonl"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "made/events.jsonl: 10 events, the start and the end of each stage's run",
        "  left out, since its result came from the cache and no run is on record: train",
    ]
    assert len(Path("made/events.jsonl").read_text().splitlines()) == 10


@pytest.mark.usefixtures("copy")
@pytest.mark.parametrize(
    ("file", "change", "said"),
    [
        ("metrics/runs.csv", lambda text: text.splitlines()[0], r"runs.csv has no run of the stages as dvc.lock"),
        ("metrics/runs.csv", None, r"runs.csv has no run of the stages as dvc.lock"),
        ("metrics/runs.csv", lambda text: text.replace("Z,", ",", 1), r"started at '.*', which is not a time"),
        ("dvc.lock", None, r"dvc.lock cannot be read; `make repro` makes it"),
        ("dvc.yaml", lambda _: "[]", r"dvc.yaml declares no stages"),
    ],
)
def test_what_cannot_be_told_is_said(file: str, change: Any, said: str) -> None:
    """A table without runs, a time that is none, no lock, no stages."""
    if change is None:
        Path(file).unlink()
    else:
        Path(file).write_text(change(Path(file).read_text()))
    with pytest.raises((DataError, MainlineError), match=said):
        openlineage.events("mine")


@pytest.mark.usefixtures("here")
def test_the_same_lock_gives_the_same_lines(tmp_path: Path) -> None:
    """Twice the same bytes, in the namespace that is given."""
    for name in ("a", "b"):
        assert command_line.main(["export", "openlineage", str(tmp_path / name), "--namespace", "mine"]) == 0
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert {json.loads(line)["job"]["namespace"] for line in (tmp_path / "a").read_text().splitlines()} == {"mine"}
