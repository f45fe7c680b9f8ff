"""`rebuild` brings nobody back who was forgotten since."""

from pathlib import Path

import pytest

from mainline.commands import rebuild
from mainline.data import suppressions
from mainline.data.suppressions import Forgotten
from mainline.errors import MainlineError
from mainline.registry import tags
from tests.mainline.registry import registries


@pytest.fixture
def forgetful(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Forgotten:
    """A repository, the current folder, whose version was built without one key."""
    made = registries.create(tmp_path / "fork")
    monkeypatch.chdir(made.path)
    forgotten = suppressions.read().plus("tailnum", ["N1"])
    suppressions.FILE.parent.mkdir(parents=True)
    suppressions.write(forgotten)
    made.commit(0, "Forget")
    made.register("v1.0.0", 1)
    return forgotten


def test_ends_of_lines_are_not_another_key(forgetful: Forgotten) -> None:
    """A checkout with Windows' line endings has forgotten whom git has, and the version may be built again."""
    suppressions.FILE.write_bytes(suppressions.FILE.read_bytes().replace(b"\n", b"\r\n"))
    rebuild.require_forgotten(tags.find("v1.0.0"))
    assert suppressions.read() == forgetful


def test_a_version_from_before_a_key_was_forgotten_is_refused(forgetful: Forgotten) -> None:
    """Building it again would bring that person back."""
    suppressions.write(forgetful.plus("tailnum", ["N2"]))
    with pytest.raises(MainlineError, match=r"v1\.0\.0 was built before keys were forgotten"):
        rebuild.require_forgotten(tags.find("v1.0.0"))
