"""Editing `params.yaml`: the values change, and nothing else."""

import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from mainline.errors import MainlineError
from mainline.experiments.edit import diff, set_hyperparameters, set_sections, set_values

TEXT = """\
# Keep me.
features:                # odd  spacing
- a
model:
  type: x.y.Z
  params:
    rate: 0.1            # how fast
    leaves: 31
    early: false

tune: {trials: 3}
"""


def test_only_the_value_changes() -> None:
    """Comments, order and spacing stay; the one line that changes keeps its comment."""
    edited = set_hyperparameters(TEXT, {"rate": 0.05})
    assert edited == TEXT.replace("rate: 0.1 ", "rate: 0.05 ")


@pytest.mark.parametrize("value", [0.001, 1e-05, 10, None, True, "log2", "yes", "1"])
def test_every_kind_of_value_is_read_back(value: Any) -> None:
    """A value is written so that YAML reads the same."""
    assert yaml.safe_load(set_hyperparameters(TEXT, {"leaves": value}))["model"]["params"]["leaves"] == value


@pytest.mark.parametrize(
    "params",
    [
        "model:\n  params:\n    rate: 0.1  # comment\n\nseed: 1\n",
        "model:\n  params:\n    rate: 0.1",
        "model:\n  params:\n    rate:\nseed: 1\n",
        "model: {params: {rate: 0.1}}\n",
        "model:\n  params: {}\nseed: 1\n",
    ],
)
def test_new_hyperparameters_are_added(params: str) -> None:
    """What is not declared yet is added to model.params, however it is written and whatever follows."""
    edited = set_hyperparameters(params, {"depth": 3, "rate": 0.2})
    assert yaml.safe_load(edited)["model"]["params"] == {"depth": 3, "rate": 0.2}
    assert ("seed: 1" in edited) == ("seed: 1" in params)


def test_what_cannot_be_edited_safely_is_refused() -> None:
    """Where a value is shared by an anchor, the file is left to a person."""
    text = "shared: &rate 0.1\nmodel:\n  params:\n    rate: *rate\n"
    with pytest.raises(MainlineError, match=r"cannot be edited safely.*by hand: \{'model\.params\.rate': 0\.5\}"):
        set_hyperparameters(text, {"rate": 0.5})


def test_diff_applies(tmp_path: Path) -> None:
    """What is shown is the exact edit: git applies it."""
    edited = set_hyperparameters(TEXT, {"rate": 0.05, "depth": 3})
    (tmp_path / "params.yaml").write_text(TEXT)
    subprocess.run(["git", "apply"], input=diff(TEXT, edited) + "\n", cwd=tmp_path, text=True, check=True)
    assert (tmp_path / "params.yaml").read_text() == edited


def test_no_change_has_no_diff() -> None:
    """The same text shows nothing."""
    assert diff(TEXT, TEXT) == ""


FAMILY: dict[str, dict[str, Any]] = {
    "model": {"type": "a.B", "params": {"alpha": 1.0}},
    "preprocessing": {"categorical": "one-hot"},
}


@pytest.mark.parametrize("before", ["preprocessing: {categorical: ordinal}\n", "preprocessing:\n  categorical: x\n"])
def test_whole_sections_are_replaced(before: str) -> None:
    """What stands before, between and after them stays, with its comments; how they are written does not matter."""
    text = TEXT.replace("tune:", f"# Numbers of text.\n{before}\ntune:")
    edited = set_sections(text, FAMILY)
    assert yaml.safe_load(edited) == {**yaml.safe_load(text), **FAMILY}
    assert edited.startswith(TEXT[: TEXT.index("  type")])
    assert "# Numbers of text.\npreprocessing:" in edited
    assert edited.endswith("\n\ntune: {trials: 3}\n")


def test_sections_that_share_a_value_are_refused() -> None:
    """An anchor that another place needs would be lost."""
    text = "model: &m\n  type: a\npreprocessing: {categorical: x}\nother: *m\n"
    with pytest.raises(MainlineError, match="cannot be edited safely"):
        set_sections(text, FAMILY)


def test_keys_of_other_sections_are_changed_where_they_stand() -> None:
    """A flow mapping deep in an environment's file, and nothing else of it."""
    before = "monitoring:\n  retrain:   # why\n    when: {new_data: true, age: true}   # reasons\n    age_days: 75\n"
    after = set_values(before, {("monitoring", "retrain", "when", "age"): False}, "deploy/production.yaml")
    assert after == before.replace("age: true", "age: false")


def test_a_section_that_is_not_there_is_left_to_a_person() -> None:
    """The message names the file and the whole key."""
    with pytest.raises(MainlineError, match=r"^deploy/x\.yaml cannot .*\{'monitoring\.retrain\.age_days': 30\}"):
        set_values("service: {}\n", {("monitoring", "retrain", "age_days"): 30}, "deploy/x.yaml")
