"""A plane of the flights forgotten: data, model, logs and every stored object, whenever the command is killed."""

import io
import json
import shutil
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from mainline.data.pseudonyms import VARIABLE
from mainline.declared.service import Settings
from mainline.serving.answering import keys, routing
from mainline.serving.answering.model import Model
from mainline.serving.service import Service
from tests.mainline.serving.asking import Client
from tests.project import Project

pytestmark = pytest.mark.slow
KEY = "k" * 32
LOG, MONITORING = "logs/predictions", ".mainline/production/monitoring"
STEPS = (
    "mainline.data.suppressions:write", "mainline.stages.entries:forget", "mainline.pipeline.reproduction:reproduce",
    "mainline.privacy.logs:_replace", "mainline.privacy.logs:Kept._remove_rolled",
    "mainline.remote.store:Store._remove", "mainline.privacy.stored_objects:remove",
    "mainline.monitoring.sharing:withdraw",
)  # fmt: skip
"""What the command does, in order; each is killed once it has begun to change something."""
KILLED = """
import os, sys
from importlib import import_module
from mainline.__main__ import main

module, _, name = sys.argv.pop(1).partition(":")
owner = import_module(module)
*path, last = name.split(".")
for part in path:
    owner = getattr(owner, part)
whole = getattr(owner, last)

def once(*given, **named):
    whole(*given, **named)
    os._exit(9)

setattr(owner, last, once)
sys.exit(main(sys.argv[1:]))
"""


@pytest.fixture(scope="module")
def released(small_project: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The flights with planes as persons: in production, pushed to a folder, with answers that were rolled up."""
    made = small_project.twin(tmp_path_factory.mktemp("forget") / "project")
    (made.path / ".dvc/config.local").unlink(missing_ok=True)
    interface = made.path / "src/usecase/interface.py"
    declared = 'PERSONAL: dict[str, str] = {"tailnum": "it finds the plane"}'
    interface.write_text(interface.read_text().replace("PERSONAL: dict[str, str] = {}", declared))
    mainline(made, "remote", str(made.path.parent / "store"))
    mainline(made, "repro")
    made.commit("Declare that planes are persons")
    for tag in ("model@v1.0.0", "model#production#1"):
        made.run("git", "tag", "--annotate", "--message", tag, tag)
    mainline(made, "push")
    shutil.copytree(made.path / "models/package", made.path.parent / "served")
    answer(made)
    return made


def mainline(project: Project, *words: str, succeed: bool | None = True, **environment: str) -> str:
    """Run a command; return all that it says."""
    ran = project.run("python", "-m", "mainline", *words, succeed=succeed, env={VARIABLE: KEY, **environment})
    return ran.stdout + ran.stderr


def answer(project: Project, *more: str, **environment: str) -> None:
    """Serve a request of each plane alone and one of all, note outcomes, and roll the log up."""
    golden = json.loads((project.path / "models/package/golden.json").read_bytes())["requests"]
    rows = [{**row, "tailnum": name} for row, name in zip(golden, planes(project), strict=False)]
    file = project.path / ".mainline/keys.yaml"
    file.parent.mkdir(exist_ok=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(VARIABLE, KEY)
        key = keys.make(file, "client", "predict")
        settings = Settings.model_validate({"keys": file, "log": {"directory": project.path / LOG}})
        service = Service(settings, routing.single(Model.load(project.path / "models/package", "v1.0.0")))
        service.start()
        for number, request in enumerate([rows[:1], rows[1:2], rows]):
            answered = Client(service, key).predict(request, headers={"x-request-id": f"r{number}"})
            assert answered.status == 200
        service.stop()
    outcomes = project.path / ".mainline/production/outcomes/step.jsonl"
    outcomes.parent.mkdir(parents=True)
    outcomes.write_text("".join(f'{{"request_id":"r{number}","value":1.0}}\n' for number in range(3)))
    mainline(project, "monitor", *more, succeed=None, **environment)


def planes(project: Project) -> list[str]:
    """Return planes that flew in every month, beginning with the one that is forgotten."""
    months = [pd.read_parquet(file) for file in sorted((project.path / "data/raw/flights").glob("*.parquet"))]
    often = set.intersection(*(set(month["tailnum"].dropna()) for month in months))
    known = set(pd.read_parquet(project.path / "data/raw/planes.parquet")["tailnum"])
    return sorted(often & known)[:20]


def holding(project: Project, plane: str) -> set[str]:
    """Return the objects of cache and store, and the files beside them, that hold a plane; read without the command."""
    places = [project.path / ".dvc/cache", project.path.parent / "store", project.path / ".dvc/tmp"]
    places += [project.path / name for name in ("data", "models", "metrics", "logs", ".mainline")]
    return {
        str(path.relative_to(project.path.parent)) for place in places for path in place.rglob("*")
        if path.is_file() and any(plane in text for text in texts(path.read_bytes()))
    }  # fmt: skip


def texts(content: bytes) -> Iterator[str]:
    """Yield what a file says, read without the command: its bytes, a table as lines, the parts of an archive."""
    yield content.decode("latin-1")
    if content.startswith(b"PAR1"):
        yield pd.read_parquet(io.BytesIO(content)).to_csv()
    elif content.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            for name in archive.namelist():
                part = archive.read(name)
                yield (
                    " ".join(map(str, np.load(io.BytesIO(part)).ravel()))
                    if name.endswith(".npy")
                    else part.decode("latin-1")
                )


def rows_of(project: Project) -> list[Any]:
    """Return the planes of the log, as hashes."""
    files = sorted((project.path / LOG).glob("*.jsonl"))
    return [
        name
        for file in files
        for line in file.read_text().splitlines()
        for name in json.loads(line)["inputs"]["tailnum"]
    ]


def test_a_dry_run_shows_what_there_is_and_changes_nothing(released: Project, tmp_path: Path) -> None:
    """Files, rows of the log, rolled rows, outcomes and objects are counted, and what stays has its reason.

    That it was tried is noted for the score, without the key.
    """
    made = released.twin(tmp_path / "project")
    plane = planes(made)[0]
    before = {path: path.read_bytes() for path in made.path.rglob("*") if path.is_file() and ".git" not in path.parts}
    said = mainline(made, "forget", plane, "--dry-run")
    after = {path: path.read_bytes() for path in made.path.rglob("*") if path.is_file() and ".git" not in path.parts}
    assert "Of 1 key of tailnum there is:" in said
    assert (
        "production: prediction log: 2 rows in 1 files, rows rolled up: 2 rows in 1 files, outcomes: 2 rows in 1 files"
        in said
    )
    assert "stays: the package of v1.0.0: production has it; promote another version, and run this again" in said
    assert "Nothing was changed." in said
    assert plane not in said
    noted = {made.path / ".dvc/tmp/btime", made.path / ".mainline/_evidence/forget.json"}
    assert {path for path in after if after[path] != before.get(path)} <= noted


def test_a_plane_is_forgotten_whenever_the_command_is_killed(released: Project) -> None:
    """Killed after each of its steps, and run again, it leaves the plane nowhere but in the package that is served."""
    plane, other, *_ = planes(released)
    flown = holding(released, plane)
    assert any(".dvc/cache" in name for name in flown)
    assert any(name.startswith("store/") for name in flown)
    hashed = rows_of(released)
    for step in STEPS:
        ran = released.run(sys.executable, "-P", "-c", KILLED, step, "forget", plane, succeed=None, env={VARIABLE: KEY})
        assert ran.returncode == 9, (step, ran.stdout, ran.stderr)
    said = mainline(released, "forget", plane)
    assert "Forgotten: 1 key of tailnum." in said
    assert "Stays: the package of v1.0.0: production has it; promote another version, and run this again." in said
    left = {Path(name).name for name in holding(released, plane)}
    served = {Path(name).name for name in flown} & left
    assert left == served
    assert len(left) == 1  # the table of planes of v1.0.0, in cache and store
    assert rows_of(released) == [name for name in hashed if name != hashed[0]]
    outcomes = (released.path / ".mainline/production/outcomes/step.jsonl").read_text()
    assert outcomes == '{"request_id":"r1","value":1.0}\n'
    assert any(other in text for text in texts((released.path / "data/raw/planes.parquet").read_bytes()))
    _look_again(released, len(hashed) - 2)
    _replace_the_served(released, plane)


def _look_again(project: Project, rows: int) -> None:
    """The next look counts the rows that are left, each once."""
    mainline(project, "monitor", "--package", "../served", succeed=None)
    report = json.loads((project.path / f"{MONITORING}/report/monitoring.json").read_bytes())
    assert report["rows"] == rows
    assert "lost" not in json.dumps(report["checks"])


def _replace_the_served(project: Project, plane: str) -> None:
    """Once another version is in production, nothing has to stay; the source may deliver the plane again."""
    project.commit("Forget a plane")
    for tag in ("model@v1.0.1", "model#production#2"):
        project.run("git", "tag", "--annotate", "--message", tag, tag)
    said = mainline(project, "forget", plane)
    assert "Stays" not in said
    assert holding(project, plane) == set()
    assert "was built before keys were forgotten" in mainline(project, "rebuild", "v1.0.0", succeed=False)
    project.run("dvc", "repro", "--force", "--single-item", "ingest")
    assert not any(
        plane in text for file in (project.path / "data/raw").rglob("*.parquet") for text in texts(file.read_bytes())
    )
    assert project.run("git", "status", "--porcelain", "dvc.lock").stdout == ""
