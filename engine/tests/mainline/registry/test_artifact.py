"""The model's name in `dvc.yaml` names its tags: another name is another line of versions."""

from pathlib import Path

import pytest

from mainline.errors import MainlineError
from mainline.registry import artifact, history, tags
from tests.mainline.registry import registries


def declare(folder: Path, *names: str) -> None:
    """Write a pipeline that calls the package by each of these names, and one other artifact."""
    lines = [f"  {name}: {{path: models/package}}\n" for name in names]
    (folder / "dvc.yaml").write_text("stages: {}\nartifacts:\n  report: {path: metrics/report}\n" + "".join(lines))


def test_the_name_is_that_of_the_package(tmp_path: Path) -> None:
    """Other artifacts do not count, and without a declaration the name is `model`."""
    assert artifact.name(tmp_path) == "model"
    declare(tmp_path)
    assert artifact.name(tmp_path) == "model"
    declare(tmp_path, "bike-rentals")
    assert artifact.name(tmp_path) == "bike-rentals"


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (("Bikes",), "'Bikes' cannot be in a tag; use a-z, 0-9, - and /"),
        (("a@b",), "'a@b' cannot be in a tag"),
        (("bikes", "rentals"), "declares models/package as bikes and rentals; keep one"),
    ],
)
def test_a_name_that_cannot_be_meant_is_refused(tmp_path: Path, names: tuple[str, ...], said: str) -> None:
    """A tag could not be read back by it, or it is not clear which one counts."""
    declare(tmp_path, *names)
    with pytest.raises(MainlineError, match=said):
        artifact.name(tmp_path)


def test_another_name_begins_another_line(tmp_path: Path) -> None:
    """The old line's versions and assignments are not the new one's, and are there again under the old name."""
    made = registries.create(tmp_path / "repository")
    made.release("v1.0.0", 1)
    declare(made.path, "bikes")
    assert (tags.versions(made.path), tags.assigned("production", made.path)) == ([], None)
    made.tag("bikes@v1.0.0", 2, "by hand")
    assert [version.name for version in tags.versions(made.path)] == ["v1.0.0"]
    declare(made.path, "model")
    assert tags.assigned("production", made.path) == tags.find("v1.0.0", made.path)


def test_the_old_line_is_told_by_its_name(tmp_path: Path) -> None:
    """Its versions and what each environment had are read under another name too; a misspelt one names the nearest."""
    made = registries.create(tmp_path / "repository")
    made.release("v1.0.0", 1)
    made.release("v1.1.0", 2)
    declare(made.path, "bikes")
    told = history.read("production", made.path, "model")
    assert [item.version for item in told.assignments] == ["v1.1.0", "v1.0.0"]
    assert [item.environments for item in told.versions] == [["production"], []]
    assert history.read(None, made.path).versions == []
    with pytest.raises(MainlineError, match=r"no versions of an artifact 'modle' here; did you mean 'model'\?"):
        history.read(None, made.path, "modle")
