"""What `forget` changes of a fork's own files."""

from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from mainline.data import suppressions
from mainline.errors import MainlineError
from mainline.privacy import erasure
from mainline.privacy.erasure import Plan
from mainline.privacy.stored_objects import Search, Staying
from mainline.privacy.traces import Sought
from tests.mainline.scoring.test_sql_table import declare

SHIPPED = """stages:
  ingest:
    cmd: ingest
    deps:
      - src/usecase/source.py
    outs:
      - data/raw
"""


def deps(text: str) -> list[str]:
    """Return the dependencies of ingest."""
    return list(yaml.safe_load(text)["stages"]["ingest"]["deps"])


@pytest.fixture
def pipeline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file of stages in an empty folder."""
    monkeypatch.chdir(tmp_path)
    return erasure.PIPELINE


def test_ingest_is_made_to_depend_on_what_is_forgotten(pipeline: Path) -> None:
    """The line is added beside the source, once."""
    pipeline.write_text(SHIPPED)
    erasure._declare()
    erasure._declare()
    assert deps(pipeline.read_text()) == ["src/usecase/source.py", suppressions.FILE.as_posix()]


def test_other_layout_is_added_to_by_hand_once(pipeline: Path) -> None:
    """What is indented otherwise is left to a person; once the line is there, nothing is asked again."""
    other = yaml.safe_dump(yaml.safe_load(SHIPPED))
    pipeline.write_text(other)
    with pytest.raises(MainlineError, match=rf"^dvc.yaml: add `- {suppressions.FILE}` to the deps of ingest, and run"):
        erasure._declare()
    assert pipeline.read_text() == other
    added = yaml.safe_load(SHIPPED)
    added["stages"]["ingest"]["deps"].append(suppressions.FILE.as_posix())
    pipeline.write_text(yaml.safe_dump(added))
    erasure._declare()
    assert pipeline.read_text() == yaml.safe_dump(added)


def test_line_of_another_stage_does_not_count(pipeline: Path) -> None:
    """It is ingest that leaves out what is forgotten."""
    pipeline.write_text(f"{SHIPPED}  other:\n    cmd: other\n    deps:\n      - {suppressions.FILE}\n")
    erasure._declare()
    assert deps(pipeline.read_text()) == ["src/usecase/source.py", suppressions.FILE.as_posix()]


@pytest.mark.usefixtures("pipeline")
def test_key_that_nothing_held_is_said() -> None:
    """A typing error is not called forgotten in silence; a key that an earlier run removed is another thing."""
    nothing = Search((), {}, frozenset())
    plan = Plan(Sought("customer", ("17", "18"), None), {}, [], nothing, Staying())
    assert erasure.unmet(plan) == (
        "\nBefore, nothing here held any of these keys. If the data should have, look how it writes them."
    )
    assert erasure.unmet(replace(plan, files=[Path("data/raw/a.parquet")])) == ""
    assert erasure.unmet(replace(plan, stored=replace(nothing, held=frozenset({"ab"})))) == ""
    suppressions.write(suppressions.read().plus("customer", ["17"]))
    assert erasure.unmet(plan) != ""
    suppressions.write(suppressions.read().plus("customer", ["18"]))
    assert erasure.unmet(plan) == ""


def test_destinations_of_predictions_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was sent is out of reach: whoever forgets is told where, environment by environment."""
    monkeypatch.chdir(tmp_path)
    table = "table scoring.delays (SCORING_URL)"
    declare({"table": "scoring.delays", "url_from": "SCORING_URL", "key": ["id"]}, {"folder": "s3://scores/day"})
    stays = [f"what `predict --send` brought to {place} (production)" for place in (table, "s3://scores/day")]
    assert erasure.sent() == [f"{what}, which is not searched; remove the rows there" for what in stays]


def test_registries_of_packages_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Packages in a container registry are out of reach, too, and a registry of several environments is named once."""
    monkeypatch.chdir(tmp_path)
    for name in ("production", "staging"):
        declare()
        Path("deploy/production.yaml").rename(f"deploy/{name}.yaml")
        text = Path(f"deploy/{name}.yaml").read_text()
        Path(f"deploy/{name}.yaml").write_text(f"{text}\npackages: {{registry: ghcr.io/owner/model}}\n")
    assert erasure.sent() == [
        "what ghcr.io/owner/model has of packages, which is not searched; delete the versions there"
    ]
