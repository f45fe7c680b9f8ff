"""What changed in production: who began to answer on which day, after whom, and what differs between the two."""

from pathlib import Path
from typing import Any

import pytest

from mainline.monitoring import marks, result, sections, tracks, verdict
from mainline.monitoring.marks import Commit
from mainline.monitoring.packages import Packaged
from mainline.monitoring.result import Changed, Mark, Monitored
from mainline.monitoring.store import Rolled
from mainline.report import markdown, page
from tests.mainline.monitoring import looks
from tests.mainline.monitoring import month as months
from tests.project import Project

OLD, NEW, NEXT = "a1" * 32, "b2" * 32, "c3" * 32
NAMES = {OLD: "v1.0.0", NEW: "v1.1.0", NEXT: "v1.2.0"}
LOCK = """
schema: '2.0'
stages:
  train:
    cmd: train
    deps:
    - {path: requirements/pipeline.txt, md5: %s}
    - {path: src/usecase/features.py, md5: %s}
    - {path: data/features, md5: %s}
"""


def answered(packaged: Packaged, *days: tuple[str, str, int]) -> list[Rolled]:
    """Return what was rolled up: a day, whose, and rows."""
    earned = packaged.earned
    assert earned is not None
    return [
        Rolled(
            day=day, version=NAMES[digest], digest=digest, columns="rows",
            sketch=earned.whole.model_copy(update={"rows": rows}), hours=[],
        )
        for day, digest, rows in days
    ]  # fmt: skip


def twin(packaged: Packaged, digest: str, contents: dict[str, bytes] | None = None, **manifest: Any) -> Packaged:
    """Return the package under another digest, with other parts."""
    return Packaged({**packaged.manifest, "digest": digest, **manifest}, {**packaged.contents, **(contents or {})})


def began(packaged: Packaged, *days: tuple[str, str, int]) -> list[tuple[str, str, str]]:
    """Return the marks of some days: the day, who began, and after whom."""
    found = marks.of_rolled(answered(packaged, *days), {}, lambda _: None)
    return [(mark.day, mark.version, mark.before) for mark in found]


def test_version_that_begins_to_answer_is_a_mark(packaged: Packaged) -> None:
    """The first day of all has none; a version that stays has one, on the day of its canary."""
    assert began(packaged, ("2026-03-01", OLD, 9), ("2026-03-02", OLD, 9)) == []
    rollout = [("2026-03-01", OLD, 9), ("2026-03-02", OLD, 8), ("2026-03-02", NEW, 1), ("2026-03-03", NEW, 9)]
    assert began(packaged, *rollout) == [("2026-03-02", "v1.1.0", "v1.0.0")]


def test_rollback_is_a_mark_again(packaged: Packaged) -> None:
    """A version that answers again after a day without it is marked with what it changes against the day before."""
    days = [("2026-03-01", OLD, 9), ("2026-03-02", NEW, 9), ("2026-03-05", OLD, 9)]
    assert began(packaged, *days) == [("2026-03-02", "v1.1.0", "v1.0.0"), ("2026-03-05", "v1.0.0", "v1.1.0")]


def test_version_before_is_the_one_that_answered_most(packaged: Packaged) -> None:
    """A canary that was taken back is not the version before."""
    days = [("2026-03-01", OLD, 90), ("2026-03-01", NEW, 10), ("2026-03-02", NEXT, 9)]
    assert began(packaged, *days) == [("2026-03-02", "v1.2.0", "v1.0.0")]


def changes(before: Packaged, after: Packaged, old: Commit | None = None, new: Commit | None = None) -> dict[str, str]:
    """Return what a mark says of two packages."""
    days = answered(before, ("2026-03-01", OLD, 9), ("2026-03-02", NEW, 9))
    (mark,) = marks.of_rolled(days, {OLD: before, NEW: after}, {OLD: old, NEW: new}.get)
    return {changed.kind: changed.what for changed in mark.changes}


def test_packages_alone_tell_libraries_data_features_code_and_clients(packaged: Packaged) -> None:
    """Without git the two packages are compared: each kind of change is named, and nothing else."""
    old = twin(packaged, OLD)
    model = packaged.manifest["model"]
    pins = packaged.contents["requirements.txt"].replace(b"numpy==", b"numpy==9.") + b"orjson==1.0\n"
    code = packaged.contents["code/scoring.py"] + b"# other"
    request = [{**field, "optional": True} for field in packaged.manifest["request"]]
    was = packaged.contents["requirements.txt"].decode().split("numpy==")[1].split()[0]
    cases: dict[str, tuple[Packaged, str]] = {
        "libraries": (
            twin(packaged, NEW, {"requirements.txt": pins}),
            f"numpy {was} became 9.{was}, orjson not there became 1.0",
        ),
        "data": (
            twin(packaged, NEW, window={"train": ["2013-02"], "validation": ["2013-03"], "test": ["2013-04"]}),
            "2013-01 to 2013-03 became 2013-02 to 2013-04",
        ),
        "features": (twin(packaged, NEW, model={**model, "numeric": [*model["numeric"][1:], "rain"]}), "+rain, -"),
        "code": (twin(packaged, NEW, {"code/scoring.py": code}), "code/scoring.py"),
        "clients": (twin(packaged, NEW, request=request), "the request changed, old clients fit"),
    }
    for kind, (new, expected) in cases.items():
        found = changes(old, new)
        assert found.keys() == {kind}
        assert found[kind].startswith(expected)
    made_from = {**packaged.manifest["made_from"], "data/features": "md5:other"}
    assert changes(old, twin(packaged, NEW, made_from=made_from)) == {
        "data": "other rows or features in 2013-01 to 2013-03"
    }
    assert changes(old, twin(packaged, NEW)) == {}


def test_commits_tell_parameters_sources_and_files(packaged: Packaged) -> None:
    """Where git has both versions, it names declared parameters, `.dvc` files, locked libraries, and code by path."""
    old = Commit({"seed": 1, "model": {"type": "a"}}, LOCK % ("1", "2", "3"), {"data/a.dvc": "1", "data/b.dvc": "1"})
    new = Commit({"seed": 1, "model": {"type": "b"}}, LOCK % ("9", "8", "7"), {"data/a.dvc": "2", "data/b.dvc": "1"})
    code = twin(packaged, NEW, {"code/features.py": b"other"})
    assert changes(twin(packaged, OLD), code, old, new) == {
        "libraries": "requirements/pipeline.txt",
        "sources": "data/a.dvc",
        "parameters": "model.type a became b",
        "code": "src/usecase/features.py",
    }
    assert changes(twin(packaged, OLD), twin(packaged, NEW), old, old) == {}


def test_commit_of_a_package_is_found_by_its_release(small_project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """A clone whose tags name no such package, and a folder that is no clone, know no commit."""
    monkeypatch.chdir(small_project.path)
    assert marks.committed(OLD) is None
    monkeypatch.chdir(small_project.path / "src")
    assert marks.committed(OLD) is None


def mark(day: str = "2026-03-02") -> Mark:
    """Return a mark."""
    said = [Changed(kind="libraries", what="numpy 2.4.5 became 2.4.6"), Changed(kind="data", what="a|b <c>")]
    return Mark(day=day, version="v1.1.0", digest=NEW, before="v1.0.0", changes=said)


def test_report_has_a_section_of_what_changed(tmp_path: Path) -> None:
    """The document, the page and Markdown name the day, both versions and each change; read again it is the same."""
    found = looks.look("2026-03-03", looks.version("v1.1.0", missing_values="pass"))
    found = found.model_copy(update={"marks": [mark()]})
    document = sections.describe(found)
    for text in (page.write(document), markdown.write(document)):
        assert "What changed in production" in text
        assert "libraries: numpy" in text
        assert "2026-03-02" in text
    assert "<c>" not in page.write(document)
    again = Monitored.model_validate_json(result.write(found, tmp_path).read_bytes())
    assert again.marks == [mark()]
    assert "What changed" not in markdown.write(sections.describe(found.model_copy(update={"marks": []})))


def test_pictures_of_days_have_the_marks_that_lie_within(packaged: Packaged, small_project: Project) -> None:
    """A mark stands at its day, counted from the last one; those outside of the picture are left out."""
    month = months.read(packaged, small_project.path)
    broken = month.change(dep_delay=lambda values: values / 60).production()
    days = list(broken.full_days)
    within = [mark(days[3]), mark(days[-1]), mark("2013-01-01"), mark("2026-01-01")]
    found = tracks.of_version(verdict.of_version(broken), broken, [], within)
    drawn = next(track for track in found if track.check == "whole numbers")
    assert [(place.x, place.version) for place in drawn.marks] == [(3.0 - len(days) + 1, "v1.1.0"), (0.0, "v1.1.0")]
    assert not any(track.marks for track in found if track.plot.name == "staleness")
