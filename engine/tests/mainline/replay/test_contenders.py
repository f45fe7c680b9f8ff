"""Which versions answer again: those that there are, and a reason where one is missing."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from mainline.errors import MainlineError
from mainline.registry import reference, tags
from mainline.replay import contenders
from tests.project import FLIGHTS


def test_environment_without_a_version_says_how_it_gets_one(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Nothing was promoted yet, so there is nothing to compare with; the reason names the command."""
    monkeypatch.chdir(FLIGHTS)
    monkeypatch.setattr(reference, "current", lambda *_: None)
    with pytest.raises(MainlineError, match=r"^production has no version yet, .*: `\./mainline promote`\.$"):
        contenders.find(None, "production", tmp_path)


def test_newest_version_is_not_compared_with_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """If production has the newest version, another one is asked for."""
    monkeypatch.setattr(tags, "newest", lambda _: [SimpleNamespace(name="v1.1.0")])
    assert contenders.newest(SimpleNamespace(name="v1.0.0")) == "v1.1.0"  # type: ignore[arg-type]
    with pytest.raises(MainlineError, match=r"^v1\.1\.0 is the newest version, .*; name another one\.$"):
        contenders.newest(SimpleNamespace(name="v1.1.0"))  # type: ignore[arg-type]
