"""What `make -C engine mutation` reads of a run of mutmut."""

import json
from pathlib import Path

import pytest

from tests import mutation

MODULE = """\
def x_f__mutmut_orig(a):
    return a > 1, "said"
def x_f__mutmut_1(a):
    return a >= 1, "said"
def x_f__mutmut_2(a):
    return a > 1, "XXsaidXX"
def x_f__mutmut_3(a):
    return a > 2, "said"
def x_f__mutmut_4(a):
    return a > 1, None
"""
CODES = {"1": 1, "2": 0, "3": 0, "4": 33, "5": None}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """One module with a change that was seen, one of words, two that nobody saw, and one that was not tested."""
    (tmp_path / "m.py").write_text(MODULE)
    codes = {f"a.m.x_f__mutmut_{number}": code for number, code in CODES.items()}
    (tmp_path / "m.py.meta").write_text(json.dumps({"exit_code_by_key": codes}))
    return tmp_path


def test_changes_of_words_are_told_from_others(folder: Path) -> None:
    """A text in place of a text is one of words; leaving it out, or another number, is not."""
    found = [(mutant.seen, mutant.words) for mutant in mutation.read(folder)]
    assert found == [(True, False), (False, True), (False, False), (False, False)]


def test_too_many_unseen_changes_fail(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Two of three are beyond the limit, and are shown by their lines; without any change nothing was tested."""
    monkeypatch.setattr("subprocess.run", lambda *_, **__: None)
    monkeypatch.setattr(mutation, "FOLDER", folder)
    assert mutation.main() == 1
    said = capsys.readouterr().out
    assert "+    return (a > 2, 'said')" in said
    assert "66.7% of 3 changes" in said
    monkeypatch.setattr(mutation, "LIMIT", 0.7)
    assert mutation.main() == 0
    (folder / "m.py.meta").unlink()
    assert mutation.main() == 1
