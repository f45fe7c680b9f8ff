"""Servers that roll out together; what makes a package sound is tested elsewhere."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mainline.rollout import driver
from mainline.rollout.together import circle
from tests.mainline.rollout.together.machines import Machines


@pytest.fixture
def machines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[int], Machines]]:
    """Make so many servers."""
    here = Path.cwd()
    for module in (circle, driver):
        monkeypatch.setattr(module, "is_sound", lambda folder, _digest: folder.is_dir())
    yield lambda number: Machines(tmp_path, number)
    os.chdir(here)
