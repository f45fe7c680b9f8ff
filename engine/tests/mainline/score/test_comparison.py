"""What a change does to the score: what git keeps at its base and at it, and nothing of what only ran."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from mainline.report import markdown, page
from mainline.report.sections import describe
from mainline.repository import record
from mainline.score import change, comparison, section
from mainline.score.change import Change, ChangeError
from tests.browser import WIDTHS, Browser
from tests.mainline.registry.registries import Registry, at
from tests.mainline.report import examples
from tests.mainline.score import world
from tests.mainline.score.test_losses import of_personal, of_table
from tests.project import Project

Make = Callable[[Registry], object]


def _moved(made: Registry, change_it: Make, day: float = 8) -> Change:
    """Make a change at the end of a branch, and compare it with the commit before."""
    since = made.git("rev-parse", "HEAD")
    change_it(made)
    made.commit(day, "Leave nothing uncommitted", note=f"{day}")
    return comparison.measure(world.measure(day), int(at(day)), since)


def _told(found: Change) -> dict[str, tuple[float | None, float]]:
    return {one.test: (one.before, one.after) for one in found.moved}


def test_a_table_of_another_model_is_lost_by_the_change(earned: Registry) -> None:
    """Points of a table that git keeps at both commits: what they were, what they are, and why."""
    found = _moved(earned, of_table("worth.csv", trained="0123456789ab"))
    assert _told(found)["Data 2"] == (1, 0)
    assert [one.why for one in found.moved if one.test == "Data 2"] == ["metrics/worth.csv is of another trained model"]


def test_a_table_that_was_made_again_is_earned(earned: Registry) -> None:
    """The other way round: the change brings what its base lacks."""
    of_table("staleness.csv", trained="0123456789ab")(earned)
    trained = world.trained(Path())
    assert _told(_moved(earned, of_table("staleness.csv", trained=trained)))["Model 4"] == (0, 1)


def test_half_a_point_says_what_is_lacking(earned: Registry) -> None:
    """A feature that proves nothing any more, and then the workflow that ran the measurement."""
    found = _moved(earned, of_table("worth.csv", low="-0.01"))
    assert [(one.test, one.before, one.after, one.why) for one in found.moved] == [
        ("Data 2", 1, 0.5, "lacking: leave out features that prove nothing, then `make repro`")]  # fmt: skip
    back = _moved(earned, of_table("worth.csv", low="0.01"), day=9)
    assert [one.why for one in back.moved] == ["done: leave out features that prove nothing, then `make repro`"]


def test_what_git_lacks_no_run_can_show(earned: Registry) -> None:
    """A column that looks personal takes the point of privacy, whatever it was: the base's gate ran elsewhere."""
    content = '{"declared": {}, "looked_at": {}, "found": {"flights.note": {"mail addresses": 0.5}}}'
    assert _told(_moved(earned, of_personal(content)))["Data 5"] == (None, 0.5), "half by hand"


def test_what_a_run_shows_of_what_git_lacked_is_earned(earned: Registry) -> None:
    """Nobody had said what is personal; now somebody has, and the gate of this commit looked."""
    of_personal('{"declared": null, "looked_at": {}, "found": {}}')(earned)
    Path("score.yaml").unlink()
    earned.commit(7, "Declare nothing by hand")
    declared = of_personal('{"declared": {}, "looked_at": {"flights": 9}, "found": {}}')
    assert _told(_moved(earned, declared))["Data 5"] == (0, 1)


def test_a_workflow_that_is_gone_takes_half_points(earned: Registry) -> None:
    """No workflow runs the gate any more: what it shows was a system's, and is a person's now."""
    found = _moved(earned, lambda _: Path(".github/workflows/pull-request.yml").unlink())
    told = _told(found)
    assert (told["Infra 4"], told["Model 6"]) == ((1, 0.5), (1, 0.5))
    assert "no workflow runs `make gate` any more" in {one.why for one in found.moved}


def test_what_only_ran_is_said_to_be_not_compared(earned: Registry) -> None:
    """Tests, gate and servers left nothing of the base here, so nothing is said of them: neither loss nor gain."""
    (record.FOLDER / "tests.json").unlink()
    found = _moved(earned, lambda _: None)
    assert found.moved == []
    assert {"Data 4", "Infra 1", "Infra 4", "Infra 6", "Monitor 2"} <= set(found.not_compared)
    assert not {"Data 2", "Model 4", "Monitor 4"} & set(found.not_compared)


def test_a_search_of_other_code_is_not_compared(earned: Registry) -> None:
    """The name of a search is of the bytes of its code, which are here of this commit alone."""
    earned.commit(7, "Search", engine__src__mainline__experiments__search_dot_py="")
    found = _moved(earned, lambda made: made.commit(7, "Edit", requirements__pipeline_dot_txt="numpy==2.4\n"))
    assert "Model 3" in found.not_compared
    assert "Model 3" not in _told(found)


def test_a_damaged_declaration_can_be_mended(earned: Registry) -> None:
    """What `score.yaml` of the base is not able to say counts for nothing; that of the change is read as ever."""
    right = Path("score.yaml").read_text()
    earned.commit(7, "Damage it", score_dot_yaml="by_hand: [\n")
    found = _moved(earned, lambda made: made.commit(7, "Mend it", score_dot_yaml=right))
    assert found.points > 0


def test_nothing_is_checked_out(earned: Registry) -> None:
    """Work tree, index and HEAD are as they were."""
    asked = (("status", "--porcelain"), ("rev-parse", "HEAD"), ("ls-files", "--stage"))
    before = [earned.git(*words) for words in asked]
    comparison.measure(world.measure(), int(at(world.NOW)), earned.git("rev-parse", "HEAD~1"))
    assert [earned.git(*words) for words in asked] == before


@pytest.mark.usefixtures("earned")
def test_a_base_that_is_not_here_is_refused() -> None:
    """A typo is named, and is not a change without effect."""
    with pytest.raises(ChangeError, match="'nowhere' has no commit in common"):
        comparison.base("nowhere")


def test_a_base_that_a_shallow_clone_lacks_is_brought(
    earned: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As workflows check out: what is missing is the history, and not the name."""
    earned.git("clone", "-q", "--depth=1", f"file://{earned.path}", str(tmp_path / "shallow"))
    monkeypatch.chdir(tmp_path / "shallow")
    with pytest.raises(ChangeError, match=r"lacks older commits.* `git fetch --unshallow`"):
        comparison.base("HEAD~1")


def test_the_base_is_where_the_branch_began(earned: Registry) -> None:
    """What came to the other branch since then is not of this change."""
    began = earned.git("rev-parse", "HEAD")
    earned.git("branch", "other")
    earned.commit(8, "Here", here="1")
    mine = earned.git("rev-parse", "HEAD")
    earned.git("checkout", "-q", "other")
    earned.commit(8, "There", there="1")
    earned.git("checkout", "-q", mine)
    assert comparison.base("other") == began


def test_the_report_has_the_score_of_its_commit_and_no_other(
    other_project: Project, tmp_path: Path, browser: Browser
) -> None:
    """`score --against` leaves it, `report` shows it, as text and on the page; one of another commit is left out."""
    project = other_project.twin(tmp_path / "twin")
    project.commit("Keep what the pipeline made")
    project.run("python", "-m", "mainline", "gate", succeed=None)
    said = project.run("python", "-m", "mainline", "score", "--against", "HEAD").stdout
    assert "This change, since" in said
    scored = json.loads((project.path / change.FILE).read_text())
    judged = json.loads((project.path / world.GATE).read_text())
    assert scored["commit"] == judged["candidate"]["commit"]
    project.run("python", "-m", "mainline", "report")
    folder = (project.path / change.FILE).parent
    assert "#### ML test score" in (folder / "report.md").read_text()
    drawn = (folder / "report.html").read_text()
    assert "<h2>ML test score</h2>" in drawn
    for width, found in zip(WIDTHS, browser.measure([drawn]), strict=True):
        assert found["scrolled"] <= found["width"] == width
    (project.path / change.FILE).write_text(json.dumps(scored | {"commit": "ab" * 20}))
    project.run("python", "-m", "mainline", "report")
    assert "ML test score" not in (folder / "report.md").read_text()


def test_the_section_stands_before_what_a_reader_looks_up() -> None:
    """After the verdict, the metrics and the checks; each test that moved has its line, whole."""
    names = [one.name for one in section.add(describe(examples.passing()), _example()).sections]
    assert names.index("score") == names.index("plots and features") - 1
    text = markdown.write(section.add(describe(examples.passing()), _example()))
    assert "- **Data 2**: 0, before 1; `metrics/worth.csv` is of another model" in text
    assert "- **Model 4**: 0, before not known; " in text
    assert page.write(section.alone(_example())).count("<li>") == 2


def _example() -> Change:
    return Change.model_validate({
        "format": 1, "commit": "ab" * 20, "base": "cd" * 20,
        "sums": {"data": 5.5, "model": 3.5, "infra": 4.5, "monitor": 1.0},
        "moved": [{"test": "Data 2", "before": 1.0, "after": 0.0, "why": "metrics/worth.csv is of another model"},
                  {"test": "Model 4", "before": None, "after": 0.0, "why": "there is no metrics/staleness.csv"}],
        "not_compared": ["Infra 4"],
    })  # fmt: skip


HOSTILE = {
    "no JSON": b"\xff{",
    "a key too many": b'{"evil": "<script>"}',
    "a sum too high": _example().model_dump_json().replace("5.5", "70.0").encode(),
    "NaN": _example().model_dump_json().replace("5.5", "NaN").encode(),
    "another test": _example().model_dump_json().replace("Infra 4", "Infra 9").encode(),
    "a long reason": _example().model_dump_json().replace("another model", "x" * 400).encode(),
    "too large": _example().model_dump_json().encode() + b" " * change.MAX_BYTES,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_document_that_does_not_fit_is_refused(name: str) -> None:
    """What a stranger's run left is checked, and nothing of it is repeated."""
    with pytest.raises(ChangeError, match="the score is") as refused:
        change.read(HOSTILE[name])
    assert "script" not in str(refused.value)


def test_a_document_is_read_as_it_was_written() -> None:
    """What `score` writes is what the report takes."""
    assert change.read(_example().model_dump_json().encode()) == _example()
