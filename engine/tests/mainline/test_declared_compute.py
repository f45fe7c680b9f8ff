"""`compute.yaml`: what is taken, and what each refusal says."""

from pathlib import Path

import pytest

from mainline.declared import compute
from mainline.declared.compute import Compute
from mainline.errors import ParamsError


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """The place of the file, which is not there."""
    return tmp_path / "compute.yaml"


def test_without_a_file_one_process_works(file: Path) -> None:
    """What is left out is the default, and so is the file."""
    assert compute.load(file) == Compute(processes=1, retries=3)
    file.write_text("processes: 2\n")
    assert compute.load(file) == Compute(processes=2, retries=3)


def test_the_variable_takes_the_place_of_the_file(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It holds the same keys, and nothing of the file counts beside it; an empty one says nothing."""
    file.write_text("processes: 2\nretries: 0\n")
    monkeypatch.setenv(compute.SETTING, "{processes: 3}")
    assert compute.load(file) == Compute(processes=3, retries=3)
    monkeypatch.setenv(compute.SETTING, "")
    assert compute.load(file) == Compute(processes=2, retries=0)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("proceses: 2", r"compute\.yaml: proceses: is not a known key; did you mean 'processes'\?"),
        ("processes: 0", r"compute\.yaml: processes: is 0 \(int\); write a whole number from 1 to 256\."),
        ("processes: many", r"compute\.yaml: processes: is 'many' \(str\); write a whole number from 1 to 256\."),
        ("processes: true", r"compute\.yaml: processes: is True \(bool\); write a whole number from 1 to 256\."),
        ("processes: 1.5", r"compute\.yaml: processes: is 1\.5 \(float\); write a whole number from 1 to 256\."),
        ("processes:", r"compute\.yaml: processes: is None \(nothing\); write a whole number from 1 to 256\."),
        ("retries: -1", r"compute\.yaml: retries: is -1 \(int\); write a whole number from 0 to 100\."),
        ("processes: 1\nprocesses: 2", r"compute\.yaml: file: is not YAML \('processes' stands twice"),
        ("", r"compute\.yaml: file: is None \(nothing\); it must hold processes, retries\."),
    ],
)
def test_what_cannot_be_run_is_one_line(text: str, said: str, file: Path) -> None:
    """A typo, a wrong type or number, a key twice and an empty file name their place and what is allowed."""
    file.write_text(text)
    with pytest.raises(ParamsError, match=f"^{said}"):
        compute.load(file)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("2", "MAINLINE_COMPUTE: is '2'; write it as in compute.yaml, such as MAINLINE_COMPUTE='processes: 2'."),
        ("procs: 2", "MAINLINE_COMPUTE: procs: is not a known key; did you mean 'processes'?"),
        ("{processes", "MAINLINE_COMPUTE: is not YAML (while parsing a flow mapping"),
    ],
)
def test_what_is_wrong_with_the_variable_names_it(
    text: str, said: str, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The line names the variable, not the file."""
    monkeypatch.setenv(compute.SETTING, text)
    with pytest.raises(ParamsError) as caught:
        compute.load(file)
    assert str(caught.value).startswith(said)
