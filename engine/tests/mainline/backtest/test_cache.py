"""Entries of the cache: whole or not at all, and for one process."""

import os
import time
from pathlib import Path

import pytest

from mainline.backtest import cache
from mainline.errors import MainlineError


def test_an_entry_that_failed_is_not_there(tmp_path: Path) -> None:
    """Nor is what it had begun."""
    entry = tmp_path / "models" / "key"

    def fill() -> None:
        with cache.making(entry) as folder:
            (folder / "half").write_text("")
            folder.write_text("")

    with pytest.raises(IsADirectoryError):
        fill()
    assert list(entry.parent.iterdir()) == []


def test_what_a_killed_process_left_is_removed(tmp_path: Path) -> None:
    """A folder and a file that were half done, and no whole one."""
    (tmp_path / "models/one.partial").mkdir(parents=True)
    (tmp_path / "models/two").mkdir()
    (tmp_path / "judged").mkdir()
    (tmp_path / "judged/.three.json.partial").write_text("")
    with cache.held(tmp_path):
        assert sorted(path.name for path in tmp_path.glob("*/*")) == ["two"]


def test_an_entry_that_nothing_uses_any_more_goes(tmp_path: Path) -> None:
    """A folder and a file of a month ago are removed; one that was used since stays, and so does a new one."""
    old = time.time() - (cache.KEPT_DAYS + 1) * 86_400
    for name in ("models/old", "models/used", "models/new"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "judged").mkdir()
    (tmp_path / "judged/old.json").write_text("{}")
    for name in ("models/old", "models/used", "judged/old.json"):
        os.utime(tmp_path / name, (old, old))
    cache.used(tmp_path / "models/used")
    with cache.held(tmp_path):
        assert sorted(path.name for path in tmp_path.glob("*/*")) == ["new", "used"]


def test_two_processes_do_not_play_at_once(tmp_path: Path) -> None:
    """The second is told to wait."""
    with cache.held(tmp_path), pytest.raises(MainlineError, match=r"another .* runs here"), cache.held(tmp_path):
        pass


def test_a_key_tells_other_contents_and_other_names_apart(tmp_path: Path) -> None:
    """A digest is of both; the order of files is not part of it."""
    (tmp_path / "a").write_text("1")
    (tmp_path / "b").write_text("2")
    found = cache.digest([tmp_path / "a", tmp_path / "b"], tmp_path)
    assert cache.digest([tmp_path / "b", tmp_path / "a"], tmp_path) == found
    (tmp_path / "b").write_text("3")
    assert cache.digest([tmp_path / "a", tmp_path / "b"], tmp_path) != found
    assert cache.key("a", 1) != cache.key("a", 2)
