"""What a pack is written from, where it cannot be read."""

from types import SimpleNamespace

import pytest

from mainline.errors import MainlineError
from mainline.evidence import facts


def test_damaged_lock_of_a_version_is_named_by_its_commit(monkeypatch: pytest.MonkeyPatch) -> None:
    """A version whose lock cannot be read has no evidence; the line says where the lock is seen."""
    monkeypatch.setattr(facts, "_text", lambda *_: "stages: [")
    traced = SimpleNamespace(version="v1.0.0", commit=SimpleNamespace(commit="c" * 40))
    said = r"^dvc\.lock of v1\.0\.0 is damaged, .* `git show c{10}:dvc\.lock` shows it; a version of a commit"
    with pytest.raises(MainlineError, match=said):
        facts._locked(traced)  # type: ignore[arg-type]
