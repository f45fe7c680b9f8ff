"""Model types of a user's own: the one of the documentation, and others that are wrong in one way each."""

import re
import sys
from pathlib import Path

import pytest

import usecase
from tests.project import ENGINE

BOUNDED = "usecase.models.Bounded"


def documented() -> str:
    """Return the example of the documentation, as `src/usecase/models.py` holds it."""
    text = (ENGINE / "docs/estimators.md").read_text(encoding="utf-8")
    return re.findall(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)[0]


def changed(old: str, new: str) -> str:
    """Return the example with one text in the place of another, which is in it once."""
    text = documented()
    assert text.count(old) == 1, old
    return text.replace(old, new)


def offer(patch: pytest.MonkeyPatch, folder: Path, text: str) -> None:
    """Let `usecase.models` be a module of this text for one test."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "models.py").write_text(text, encoding="utf-8")
    patch.setattr(usecase, "__path__", [str(folder), *usecase.__path__])
    patch.setattr(usecase, "models", None, raising=False)
    patch.setitem(sys.modules, "usecase.models", sys)
    patch.delitem(sys.modules, "usecase.models")
