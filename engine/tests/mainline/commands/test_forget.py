"""What `./mainline forget` asks before it looks anywhere."""

from argparse import Namespace
from pathlib import Path

import pytest

from mainline.__main__ import main
from mainline.commands import forget
from mainline.contract import Field
from mainline.declared import privacy
from mainline.errors import MainlineError, ParamsError
from mainline.privacy import erasure
from tests.project import FLIGHTS
from usecase import interface


@pytest.mark.parametrize(
    ("declared", "words", "said"),
    [
        ({}, ["N1"], "no column is declared as personal, so keys have no column"),
        (
            {"tailnum": "a", "dest": "b"},
            ["N1"],
            "personal columns are dest, tailnum (src/usecase/interface.py: PERSONAL); name",
        ),
        ({"tailnum": "a"}, ["N1", "--by", "dest"], "'dest' is not one of them."),
        ({"tailnum": "a"}, [], "name who is forgotten: keys, or a file of them (--from)."),
        ({"tailnum": "a"}, ["--from", "no.txt"], "--from: no.txt cannot be read as lines of text"),
    ],
)
def test_who_is_forgotten_must_be_said(
    declared: dict[str, str],
    words: list[str],
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Without a key, a file that can be read, or one column that is meant, one line says what is missing."""
    monkeypatch.setattr(interface, "PERSONAL", declared, raising=False)
    monkeypatch.setattr("mainline.repository.checkout.require_repository", lambda: None)
    assert main(["forget", *words]) != 0
    (line,) = capsys.readouterr().err.splitlines()
    assert said in line


def test_time_says_of_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """A column of times is refused before anything is looked for: several persons may share one."""
    monkeypatch.chdir(FLIGHTS)
    born = (*interface.REQUEST, Field("born", "time", "Birth", "1980-01-01T00:00:00Z"))
    monkeypatch.setattr(interface, "REQUEST", born)
    with pytest.raises(MainlineError, match=r"^forget: 'born' is a time, which several may share; name a column that"):
        erasure.plan("born", ["1980-01-01"])


def test_versions_are_kept_for_a_reason(tmp_path: Path) -> None:
    """A retention without a reason is refused; without the file nothing is kept."""
    assert privacy.load(tmp_path / "none.yaml").keep_versions_days == 0
    file = tmp_path / "privacy.yaml"
    file.write_text("keep_versions_days: 30\n")
    with pytest.raises(ParamsError, match=r"privacy\.yaml: reason: is missing; say why"):
        privacy.load(file)
    file.write_text("keep_versions_days: 30\nreason: audits ask for it\n")
    assert privacy.load(file).reason == "audits ask for it"


def test_file_of_keys_may_be_of_windows(tmp_path: Path) -> None:
    """A byte order mark and carriage returns are no part of a key."""
    file = tmp_path / "keys.txt"
    file.write_bytes("\ufeffN1\r\nN2\r\n".encode())
    assert forget._keys(Namespace(file=file, keys=["N0"])) == ["N0", "N1", "N2"]
