"""What of the environment is taken out of a text."""

from pathlib import Path

import pytest

from mainline import credentials


@pytest.mark.parametrize(
    ("name", "value", "text", "shown"),
    [
        ("DB_PASSWORD", "open-sesame", "no open-sesame here", "no *** here"),
        ("API_TOKEN", "t0ken", "Bearer t0ken", "Bearer ***"),
        ("AWS_SECRET_ACCESS_KEY", "a/b+c=", "signed by a/b+c=", "signed by ***"),
        ("WAREHOUSE_URL", "postgresql://me:p%40ss@host/db", "me:p%40ss@host", "me:***@host"),
        ("WAREHOUSE_URL", "postgresql://me:p%40ss@host/db", "password p@ss of me", "password *** of me"),
        ("FILE_URL", "https://host/file?token=abcdef&n=2000", "GET ?token=abcdef&n=2000", "GET ?token=***&n=2000"),
        ("FILE_URL", "https://host/file", "https://host/file is gone", "https://host/file is gone"),
        ("PIN_KEY", "abc", "abc", "abc"),
        ("LANGUAGE", "english", "english", "english"),
        ("MONKEYS", "chimpanzee", "chimpanzee", "chimpanzee"),
    ],
)  # fmt: skip
def test_values_of_credentials_are_hidden(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, text: str, shown: str
) -> None:
    """Passwords, tokens and keys are stars; addresses lose their password alone, and short or other values nothing."""
    monkeypatch.setenv(name, value)
    assert credentials.hide(text) == shown


def test_the_place_of_a_key_is_shown(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A variable that names the file of a key does not hide the file's name, which an error needs."""
    file = tmp_path / "key.pem"
    file.touch()
    monkeypatch.setenv("SIGNING_KEY", str(file))
    assert credentials.hide(f"{file} is empty") == f"{file} is empty"
