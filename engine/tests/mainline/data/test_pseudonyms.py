"""Hashes in the place of personal values: of the same kind, the same for the same value, no use without a key."""

import stat
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mainline.contract import Field
from mainline.data import pseudonyms
from mainline.data.columns import from_rows
from mainline.data.pseudonyms import VARIABLE, Pseudonyms
from mainline.errors import MainlineError

ONE, OTHER = Pseudonyms(b"1" * 64), Pseudonyms(b"2" * 64)
NAME = Field("name", "string", "Who", "Ada", optional=True)
NUMBER = Field("customer", "integer", "Which", 4711)
WEIGHT = Field("weight", "number", "How heavy", 70.5, optional=True)
BORN = Field("born", "time", "When", "1980-01-01T00:00:00Z")
LOCAL = Field("born", "time", "When", "1980-01-01T00:00:00", zone="Europe/Berlin")


@pytest.fixture(autouse=True)
def _here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv(VARIABLE, raising=False)


@pytest.mark.parametrize(
    ("field", "value"),
    [(NAME, "Zoë"), (NUMBER, 17), (NUMBER, 17.0), (WEIGHT, 70.25), (WEIGHT, 70), (BORN, "1990-05-01T12:00:00+02:00"),
     (LOCAL, "1990-05-01T12:00:00"), (NAME, None), (WEIGHT, None)],
)  # fmt: skip
def test_log_holds_what_a_typed_column_is_hashed_to(field: Field, value: Any) -> None:
    """What a server logs of a value, read again, is the hash of the same value in a table of labels."""
    typed = from_rows([{field.name: value}], [field])[field.name]
    bare = Field(field.name, field.kind, "", "", optional=field.optional)
    logged = from_rows([{field.name: ONE.logged(field, [value])[0]}], [bare])[field.name]
    np.testing.assert_array_equal(logged, ONE.column(field, typed))


def test_hash_hides_its_value_and_tells_values_keys_and_fields_apart() -> None:
    """Another value, another key and another field each give another hash, and none shows what was hashed."""
    found = [ONE.text("name", "Ada"), ONE.text("name", "Adam"), OTHER.text("name", "Ada"), ONE.text("nick", "Ada")]
    assert len(set(found)) == 4
    assert all(text.startswith("#") and len(text) == 33 and "Ada" not in text for text in found)
    assert ONE.text("name", "Ada") == found[0]
    (number,) = ONE.logged(NUMBER, [17])
    assert number != 17
    assert 0 <= number < 2**53


def test_first_server_makes_a_key_that_only_its_user_reads() -> None:
    """Without a key one is made, of the user alone; the next one who asks gets the same."""
    assert pseudonyms.load() == ()
    made = pseudonyms.newest()
    assert pseudonyms.newest() == made
    assert stat.S_IMODE(pseudonyms.FILE.stat().st_mode) == 0o600
    assert [file.name for file in pseudonyms.FILE.parent.iterdir()] == [pseudonyms.FILE.name]


def test_variable_goes_before_the_file_and_may_hold_several_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """The variable counts where it is set; its first key hides what is new, and all of them are looked by."""
    made = pseudonyms.newest()
    monkeypatch.setenv(VARIABLE, f"{'n' * 32},{'o' * 32}")
    new, old = pseudonyms.load()
    assert pseudonyms.newest() == new
    monkeypatch.setenv(VARIABLE, "o" * 32)
    assert pseudonyms.load() == (old,)
    assert made not in (new, old)


def test_key_that_is_too_short_is_refused_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """A key that could be guessed hides nothing; the message does not repeat it."""
    monkeypatch.setenv(VARIABLE, "secret")
    with pytest.raises(
        MainlineError, match=rf"^{VARIABLE} holds a key of 6 characters; .* at least 32, such as `openss"
    ):
        pseudonyms.newest()


def test_place_that_keeps_no_key_is_refused_in_one_line() -> None:
    """Where the file cannot be written, the message names the variable."""
    Path(".mainline").write_text("a file")
    with pytest.raises(MainlineError, match=rf"^the prediction log hides .* Set {VARIABLE}, the same on every machine"):
        pseudonyms.newest()


def test_file_without_a_key_is_refused_in_one_line() -> None:
    """An empty file is no key that a server could hide by; the message says what to do with it."""
    pseudonyms.FILE.parent.mkdir()
    pseudonyms.FILE.write_text("\n")
    with pytest.raises(MainlineError, match=rf"^{pseudonyms.FILE} holds no key; .*{VARIABLE}"):
        pseudonyms.newest()
