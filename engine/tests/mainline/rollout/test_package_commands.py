"""Commands on packages in processes of their own: ended if they hang, and their words kept."""

import sys
from pathlib import Path

import pytest

from mainline import children
from mainline.errors import MainlineError
from mainline.rollout import package_commands


def plays(monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """Let a script stand for every command."""
    monkeypatch.setattr(children, "command", lambda *_: [sys.executable, "-c", script])


def test_store_that_hangs_is_named_with_what_asks_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A fetch without an end is ended, and the message says so, that it is tried again, and what tries the store."""
    plays(monkeypatch, "import time; time.sleep(600)")
    monkeypatch.setattr(package_commands, "SECONDS", 0.2)
    said = r"^`mainline fetch` took more than 0\.2 s and was ended; it is tried again\. The command `remote` says"
    with pytest.raises(MainlineError, match=said):
        package_commands.fetch("v1.0.0", tmp_path / "package", "production", is_signed=False)


def test_words_of_a_command_are_those_of_its_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What a command says is the message; one that fails without a word is named by its exit status."""
    plays(monkeypatch, "import sys; sys.exit('mainline: there is no version')")
    with pytest.raises(MainlineError, match=r"^there is no version$"):
        package_commands.fetch("v1.0.0", tmp_path / "package", "production", is_signed=False)
    plays(monkeypatch, "raise SystemExit(3)")
    with pytest.raises(MainlineError, match=r"^`mainline check-package` ended with 3\.$"):
        package_commands.check(tmp_path / "package", "v1.0.0", "production")
