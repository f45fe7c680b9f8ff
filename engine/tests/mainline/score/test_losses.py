"""Each of the 28 tests of the score can be lost: its evidence is taken away, and its points sink."""

import csv
import io
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mainline.repository import lock, record
from mainline.score import rubric, total
from mainline.score.total import Mark
from tests.mainline.registry.registries import Registry
from tests.mainline.score import world
from tests.mainline.score.world import GATE, OWN, REPORT

Take = Callable[[Registry], object]
GIT_ALONE = {"Model 1": 0.5, "Data 6": 1, "Infra 7": 1}
"""What holds whatever model is here: it is of commits and tags."""


def of_gate(name: str, verdict: str = "fail") -> Take:
    """Let a check of the gate end otherwise; '' takes it away."""

    def change(document: dict[str, Any]) -> None:
        kept = [check for check in document["checks"] if check["name"] != name]
        (old,) = [check for check in document["checks"] if check["name"] == name]
        document["checks"] = kept + ([{**old, "verdict": verdict}] if verdict else [])

    return lambda _: world.edit(GATE, change)


def of_monitoring(name: str, **changed: str) -> Take:
    """Let a check of monitoring end otherwise."""

    def change(document: dict[str, Any]) -> None:
        (check,) = [one for one in document["versions"][0]["checks"] if one["name"] == name]
        check.update(changed)

    return lambda _: world.edit(REPORT, change)


def of_report(name: str, count: int) -> Take:
    """Leave so many entries of a list of monitoring's report."""
    return lambda _: world.edit(REPORT, lambda document: document.update({name: document[name][:count]}))


def of_tests(name: str) -> Take:
    """Let a test fail."""
    path = record.FOLDER / "tests.json"
    return lambda _: world.edit(path, lambda document: document["found"].update({name: "failed"}))


def of_table(name: str, **changed: str) -> Take:
    """Let a committed table be of something else."""

    def take(made: Registry) -> None:
        path = Path("metrics", name)
        rows = csv.DictReader(io.StringIO(path.read_text()))
        world.write(path, [{**row, **changed} for row in rows])
        made.commit(7)

    return take


def commit(day: float = 7, **files: str) -> Take:
    """Commit files."""
    return lambda made: made.commit(day, "Change", None, **files) and None


def untag(*names: str) -> Take:
    """Remove tags."""
    return lambda made: made.git("tag", "-d", *names) and None


def redeploy(made: Registry) -> None:
    """Declare that data of 13 years ago are too old."""
    path = Path("deploy/production.yaml")
    path.write_text(path.read_text().replace("age_days: 100000", "age_days: 75"))
    made.commit(7)


def of_personal(content: str) -> Take:
    """Let `validate` have found something else of persons."""

    def take(made: Registry) -> None:
        world.relock(Path(), "metrics/personal.json", content)
        made.commit(7)

    return take


LOSSES: dict[str, Take] = {
    "Data 1": lambda _: Path("metrics/data.json").write_text('{"accepted": 9, "quarantined": 0}') and None,
    "Data 2": of_table("worth.csv", trained="0123456789ab"),
    "Data 3": of_gate("feature cost", "warn"),
    "Data 4": of_tests(f"{record.CLAIM}no_banned_name_is_used"),
    "Data 5": of_personal('{"declared": {}, "looked_at": {}, "found": {"flights.note": {"mail addresses": 0.5}}}'),
    "Data 6": untag("model@v1.0.0"),
    "Data 7": of_tests(OWN),
    "Model 1": commit(src__usecase__features_dot_py="# nobody looked at this\n"),
    "Model 2": lambda made: (of_report("promises", 2)(made), of_table("ranks.csv", trained="0123456789ab")(made)),
    "Model 3": of_table("tuning.csv", search="0123456789ab"),
    "Model 4": of_table("staleness.csv", trained="0123456789ab"),
    "Model 5": of_gate("against the baseline"),
    "Model 6": of_gate("slices against the whole"),
    "Model 7": of_gate("fairness by carrier", ""),
    "Infra 1": lambda _: (record.FOLDER / "verify.json").unlink(),
    "Infra 2": of_gate("package", ""),
    "Infra 3": of_gate("served"),
    "Infra 4": lambda _: world.edit(GATE, lambda document: document.update(verdict="fail")),
    "Infra 5": lambda _: world.edit(
        record.FOLDER / "explain.json", lambda document: document["found"].update(digest="ab" * 32)
    ),
    "Infra 6": lambda made: world.tell(made, "aborted"),
    "Infra 7": untag("model#production#3", "model#production#4"),
    "Monitor 1": of_report("marks", 0),
    "Monitor 2": of_monitoring("unseen values", verdict="fail"),
    "Monitor 3": of_monitoring("skew of features", observed="0 events"),
    "Monitor 4": redeploy,
    "Monitor 5": of_gate("finite predictions"),
    "Monitor 6": of_gate("memory"),
    "Monitor 7": of_monitoring("skill", verdict="cannot tell"),
}


def test_all_that_can_be_read_earns_its_points(before: dict[str, float]) -> None:
    """Whole points, but for a test of which git can show half."""
    assert before == {test.name: 0.5 if test.name == "Model 1" else 1.0 for test in total.TESTS}


@pytest.mark.parametrize("name", [test.name for test in total.TESTS])
def test_a_point_sinks_without_its_evidence(name: str, earned: Registry, before: dict[str, float]) -> None:
    """Whatever is taken away, the test that it shows has less, and no other has more."""
    LOSSES[name](earned)
    after = world.points(world.measure())
    assert after[name] < before[name]
    assert {other for other in after if after[other] > before[other]} == set()


@pytest.mark.usefixtures("earned")
def test_evidence_that_is_too_old_earns_nothing() -> None:
    """After the declared days nothing is left of any point."""
    assert set(world.points(world.measure(day=world.NOW + 91)).values()) == {0.0}


def test_evidence_of_another_model_earns_nothing(earned: Registry) -> None:
    """With another model trained and packaged, only what commits and tags show is left."""
    locked = Path("dvc.lock").read_text()
    entries = [line.split("md5: ")[1] for line in locked.splitlines() if line.endswith(".dir")]
    for md5 in set(entries):
        locked = locked.replace(md5, f"{md5[::-1][4:]}.dir")
    Path("models/package/manifest.json").write_text(json.dumps({"digest": "7a" * 32}))
    earned.commit(7, dvc_dot_lock=locked)
    left = {name: found for name, found in world.points(world.measure()).items() if found}
    of_lock = {"Monitor 4": 1}  # the age of the data, which are the same
    assert {name: found for name, found in left.items() if name != "Model 3"} == GIT_ALONE | of_lock


@pytest.mark.usefixtures("earned")
def test_evidence_of_an_edited_checkout_earns_nothing() -> None:
    """If dvc.lock is not true of the code, only what commits and tags show is left, and what ran on this very code."""
    left = {name for name, found in world.points(world.measure(stale="train is stale")).items() if found}
    assert not left & {"Data 1", "Infra 1", "Infra 4", "Infra 5", "Infra 6", "Model 5", "Monitor 2", "Monitor 4"}


@pytest.mark.usefixtures("earned")
@pytest.mark.parametrize("content", [b"", b"\xff\xfe{", b"[1]", b"{}", b"null", b"a,b\n1\n"])
def test_a_damaged_file_is_a_reason_and_no_traceback(content: bytes) -> None:
    """Whatever stands in a file, its tests have no point, and a line that says why."""
    places = [GATE, REPORT, *record.FOLDER.glob("*.json"), Path("models/package/manifest.json")]
    for path in [*places, *Path("metrics").glob("*.csv"), *Path("metrics").glob("*.json"), Path("dvc.lock")]:
        path.write_bytes(content)
    found = world.measure()
    lost = {mark.test.name: mark.said for mark in found.marks if not mark.points}
    assert set(lost) >= {test.name for test in total.TESTS} - set(GIT_ALONE) - {"Data 5"}
    assert all(said and "\n" not in said for said in lost.values())


@pytest.mark.usefixtures("earned")
def test_an_edit_since_the_tests_ran_takes_their_points() -> None:
    """What was tested is not what is here any more, committed or not."""
    Path("src/usecase/features.py").write_text("# edited\n")
    after = world.points(world.measure())
    assert (after["Data 4"], after["Data 7"]) == (0, 0)


def test_a_rebuild_counts_for_its_own_lock(earned: Registry) -> None:
    """The same package, made by code that dvc.lock names otherwise, was not rebuilt."""
    text = Path("dvc.lock").read_text()
    earned.commit(7, dvc_dot_lock=f"{text}# another\n")
    (mark,) = [mark for mark in world.measure().marks if mark.test.name == "Infra 1"]
    assert (mark.points, mark.said) == (0, "the last rebuild was of another dvc.lock")


def test_what_no_workflow_runs_earns_half(earned: Registry) -> None:
    """Without workflows the same results are those of a person."""
    for path in Path(".github/workflows").glob("*.yml"):
        path.unlink()
    earned.commit(7)
    after = world.points(world.measure())
    assert {after[name] for name in ("Data 1", "Data 2", "Model 6", "Infra 1", "Infra 4", "Monitor 2")} == {0.5}


def test_what_was_done_by_hand_counts_for_the_model_of_its_commit(earned: Registry) -> None:
    """A line in score.yaml gives half a point if no file shows more, and says nothing of a package that came later."""
    of_personal('{"declared": null, "looked_at": {}, "found": {}}')(earned)
    (mark,) = [mark for mark in world.measure().marks if mark.test.name == "Data 5"]
    assert (mark.points, mark.said) == (0.5, "by hand: Names were hashed.")
    text = Path("dvc.lock").read_text()
    md5 = lock.package(text)
    earned.commit(7, dvc_dot_lock=text.replace(md5, f"{md5[::-1][4:]}.dir"))
    (mark,) = [mark for mark in world.measure().marks if mark.test.name == "Data 5"]
    assert (mark.points, "of another model" in mark.said) == (0, True)


def test_personal_columns_earn_a_whole_point_once_somebody_was_looked_for(earned: Registry) -> None:
    """What is declared is hidden; that it can be removed is shown by a look of `./mainline forget` at this package."""
    of_personal('{"declared": {"tailnum": "to join"}, "looked_at": {"flights": 9}, "found": {}}')(earned)
    (mark,) = [mark for mark in world.measure().marks if mark.test.name == "Data 5"]
    assert (mark.points, mark.step) == (0.5, rubric.FORGET)
    record.keep(record.FORGET, record.begin(), {"found": "0"})
    (mark,) = [mark for mark in world.measure().marks if mark.test.name == "Data 5"]
    assert (mark.points, mark.said) == (1, "tailnum hidden in what is kept; 9 rows looked at")


@pytest.mark.usefixtures("earned")
def test_a_cost_that_the_gate_did_not_measure_earns_nothing() -> None:
    """The gate passed before `./mainline explain` ran, and found nothing to hold a feature to."""

    def change(document: dict[str, Any]) -> None:
        (check,) = [one for one in document["checks"] if one["name"] == "feature cost"]
        check["observed"] = "not measured"

    world.edit(GATE, change)
    (mark,) = [mark for mark in world.measure().marks if mark.test.name == "Data 3"]
    assert (mark.points, mark.step) == (0, rubric.GATE)


@pytest.mark.usefixtures("earned")
def test_tests_that_did_not_run_are_to_be_run() -> None:
    """Nobody is sent to write tests that are there already."""
    (record.FOLDER / "tests.json").unlink()
    steps = {mark.test.name: mark.step for mark in world.measure().marks}
    assert (steps["Infra 2"], steps["Infra 3"]) == (rubric.TEST, rubric.TEST)


@pytest.mark.usefixtures("earned")
@pytest.mark.parametrize("text", ["on: 5", "on: [{push: 1}]", "on: push\njobs: {a: {steps: 5}}"])
def test_a_workflow_of_another_form_runs_nothing(text: str) -> None:
    """It takes no point from what other workflows run."""
    Path(".github/workflows/odd.yml").write_text(text)
    assert world.points(world.measure())["Infra 4"] == 1


def test_the_score_is_the_smallest_section(earned: Registry) -> None:
    """Seven whole points in three sections do not help the fourth."""
    assert (world.measure().points, world.measure().sum("Infra")) == (6.5, 7)
    of_gate("against the baseline")(earned)
    found = world.measure()
    assert (found.points, found.sum("Model"), found.band) == (5.5, 5.5, "exceptional")


def test_before_production_has_three_versions_replays_show_what_offline_metrics_foresee(earned: Registry) -> None:
    """Three periods in the order of those before them are a point, until production has an order of its own."""
    of_report("promises", 2)(earned)
    mark = online()
    assert (mark.points, mark.command) == (1, "./mainline explain")
    said = r"replayed: \d+ of 210 pairs of models in the order of 2013-08, \d+ of 2013-07 and \d+ of 2013-06"
    assert re.fullmatch(said, mark.said)


def test_two_replayed_periods_are_half_a_point(earned: Registry) -> None:
    """One month, or two, may be luck."""
    of_report("promises", 2)(earned)
    replay(earned, lambda rows: [row for row in rows if row["later_period"] != "2013-06"])
    mark = online()
    assert (mark.points, "replayed" in mark.said) == (0.5, True)
    assert mark.step is not None
    assert "until 3 periods can be replayed" in mark.step.text


@pytest.mark.parametrize(("later", "points", "said"), [
    ("2013-06", 0.5, "but not of 2013-06"), ("2013-08", 0, "of 2013-08, as chance might have it"),
])  # fmt: skip
def test_an_older_period_by_chance_leaves_half_and_the_newest_nothing(
    earned: Registry, later: str, points: float, said: str
) -> None:
    """A period that has the models up and down in turn has no order of them."""

    def shuffle(rows: list[dict[str, str]]) -> list[dict[str, str]]:
        rows = sorted(rows, key=lambda row: float(row["offline"]))
        return [{**row, "later": str(place % 2)} if row["later_period"] == later else row
                for place, row in enumerate(rows)]  # fmt: skip

    of_report("promises", 2)(earned)
    replay(earned, shuffle)
    mark = online()
    assert (mark.points, said in mark.said) == (points, True)


@pytest.mark.usefixtures("earned")
def test_no_replay_makes_up_for_what_production_put_in_another_order() -> None:
    """Three versions that came out the other way round are an answer, and no table asks again."""

    def change(document: dict[str, Any]) -> None:
        for place, one in enumerate(document["promises"]):
            one["came_ratio"] = 1 - place / 10

    world.edit(REPORT, change)
    (mark,) = [mark for mark in world.measure().marks if mark.test.name == "Model 2"]
    assert (mark.points, mark.said) == (0, "the test put only 0 of 3 pairs of versions in their order")


def online() -> Mark:
    """Measure the score and return what it says of offline and online metrics."""
    (mark,) = [mark for mark in world.measure().marks if mark.test.name == "Model 2"]
    return mark


def replay(made: Registry, change: Callable[[list[dict[str, str]]], list[dict[str, str]]]) -> None:
    """Change the table of replayed models, and commit it."""
    path = Path("metrics/ranks.csv")
    world.write(path, change(list(csv.DictReader(io.StringIO(path.read_text())))))
    made.commit(7)


def test_a_run_that_found_the_same_renews_the_table_that_git_did_not_change(earned: Registry) -> None:
    """What ages is the same bytes each time; the table of costs, which the same command writes, has the later date."""
    day = 95
    assert world.points(world.measure(day))["Model 4"] == 0
    of_table("worth.csv", microseconds="9.9")(earned)
    assert world.points(world.measure(day))["Model 4"] == 1
    of_table("worth.csv", trained="0123456789ab")(earned)
    assert world.points(world.measure(day))["Model 4"] == 0, "of another model it renews nothing"


REHEARSED = {
    "result": record.REHEARSED, "digest": world.DIGEST, "environment": "production", "strategy": "canary",
    "metrics": "error-rate", "golden": "20", "answers": "1234", "rolled out": "46.3", "rolled back": "4.1",
    **{f"monitor: {name}": "pass: 0.1" for name in ("missing values", "unseen values", "whole numbers",
                                                    "constant values", "labels", "skill", "bias")},
    "monitor: skew of features": "pass: 0.00% of 1,200 events", "alarm": "unseen values: fail: carrier: 100%",
    "library": "raised: libraries: numpy 0 became 2.1", "age": "raised: quiet on the day after them; too old",
    "feature": "seats", "added": "75",
    **{f"gate: {name}": "pass: 1.01" for name in ("predict time", "package size", "memory", "training time")},
}  # fmt: skip
BY_REHEARSAL = {
    "Infra 6": 1, "Infra 7": 1, "Monitor 1": 1, "Monitor 2": 1, "Monitor 3": 1, "Monitor 5": 1, "Monitor 7": 0.5,
}  # fmt: skip
"""What a rehearsal that a workflow runs again and again is worth; half of what only clients of production can show."""


def rehearse(made: Registry) -> None:
    """Leave the record of a rehearsal, and nothing of production."""
    made.git("update-ref", "-d", "refs/heads/deployments/production")
    untag("model#production#3", "model#production#4")(made)
    REPORT.unlink()
    made.commit(7, "Begin anew")
    record.keep(record.REHEARSE, record.begin(), REHEARSED)


def of_rehearsal(**changed: str) -> Take:
    """Let the rehearsal have come out otherwise."""
    path = record.FOLDER / "rehearse.json"
    return lambda _: world.edit(path, lambda document: document["found"].update(changed))


def test_a_rehearsal_shows_what_production_has_not_shown_yet(earned: Registry) -> None:
    """A canary and a rollback of this package in a copy, again and again by a workflow, are a whole point each."""
    rehearse(earned)
    whole = world.points(world.measure())
    assert {name: whole[name] for name in BY_REHEARSAL} == BY_REHEARSAL
    found = world.measure()
    told = {mark.test.name: (mark.points, mark.said, mark.command) for mark in found.marks}
    assert told["Infra 6"][::2] == (1, "./mainline rehearse")
    assert told["Infra 6"][1] == "rehearsed: rolled out by canary in 46.3 s; 1,234 answers, none failed"
    assert told["Infra 7"][1] == "rehearsed: the last answer of the version came 4.1 s after its rollback"
    Path(".github/workflows/measure.yml").unlink()
    halves = world.points(world.measure())
    assert {halves[name] for name in BY_REHEARSAL} == {0.5, 1}
    assert [name for name in BY_REHEARSAL if halves[name] == 1] == ["Monitor 5"], "the gate shows that, in a workflow"


@pytest.mark.parametrize(
    "take",
    [
        of_rehearsal(result="not finished, or it failed"),
        of_rehearsal(digest="aa" * 32),
        of_rehearsal(environment="staging"),
        lambda _: (record.FOLDER / "rehearse.json").unlink(),
        lambda _: Path("src/usecase/features.py").write_text("edited\n"),
        lambda made: world.tell(made, "aborted"),
    ],
    ids=["it failed", "another package", "another environment", "none", "edited code", "aborted in production"],
)
def test_a_rehearsal_is_lost(take: Take, earned: Registry) -> None:
    """What is not of this package, code and environment shows nothing, and production's own word comes first."""
    rehearse(earned)
    take(earned)
    left = world.points(world.measure())
    assert left["Infra 6"] == 0
    assert left["Monitor 5"] < 1


@pytest.mark.parametrize(
    ("check", "test"),
    [
        ("missing values", "Monitor 2"),
        ("skew of features", "Monitor 3"),
        ("labels", "Monitor 7"),
        ("bias", "Monitor 7"),
    ],
)
@pytest.mark.parametrize("said", ["fail: 12%", "cannot tell: no labels", ""])
def test_what_monitoring_did_not_pass_in_a_rehearsal_is_lost(
    check: str, test: str, said: str, earned: Registry
) -> None:
    """A check that fails, that cannot tell, or that nobody looked at takes its own test's points and no other's."""
    rehearse(earned)
    of_rehearsal(**{f"monitor: {check}": said})(earned)
    left = world.points(world.measure())
    assert {name: left[name] for name in BY_REHEARSAL} == BY_REHEARSAL | {test: 0}


@pytest.mark.parametrize("alarm", ["unseen values: pass: 0.00%", "unseen values: pass: carrier: fail: 0.10%"])
def test_an_alarm_that_was_not_raised_takes_half(alarm: str, earned: Registry) -> None:
    """A check that saw nothing in a log with a fault in it is not known to see one in production."""
    rehearse(earned)
    of_rehearsal(alarm=alarm)(earned)
    assert world.points(world.measure())["Monitor 2"] == 0.5


def first_release(_: Registry) -> None:
    """Let the gate have had no model in production to compare with."""
    world.edit(GATE, lambda document: document.update(first_release=True, production=None))


def both(*several: Take) -> Take:
    """Take several things away."""
    return lambda made: [one(made) for one in several] and None


STANDS_IN: dict[str, tuple[Take, float, list[tuple[Take, float]]]] = {
    "Data 6": (untag("model@v1.0.0"), 0.5, [(of_rehearsal(feature=""), 0)]),
    "Monitor 1": (both(), 1, [(of_rehearsal(library="not raised: "), 0), (of_rehearsal(library="not tried: x"), 0)]),
    "Monitor 4": (
        redeploy, 0.5,
        [(of_rehearsal(age="not raised: Not due"), 0), (lambda made: world.tell(made, "served"), 0)],
    ),
    "Monitor 6": (
        first_release, 1,
        [(of_rehearsal(feature=""), 0.5), (of_rehearsal(**{"gate: memory": "fail: 9"}), 0.5),
         (of_rehearsal(**{"gate: memory": ""}), 0.5)],
    ),
}  # fmt: skip
"""What is taken from production, the points that a rehearsal gives then, and what takes these, with what is left."""


@pytest.mark.parametrize("name", STANDS_IN)
def test_a_rehearsal_stands_in_for_what_production_would_show(name: str, earned: Registry) -> None:
    """A feature that was added, a library that changed, data too old that serve nobody, costs beside another model."""
    take, given, losses = STANDS_IN[name]
    rehearse(earned)
    take(earned)
    record.keep(record.REHEARSE, record.begin(), REHEARSED)
    (mark,) = [mark for mark in world.measure().marks if mark.test.name == name]
    assert (mark.points, mark.command) == (given, "./mainline rehearse")
    for lose, left in losses:
        record.keep(record.REHEARSE, record.begin(), REHEARSED)
        lose(earned)
        assert world.points(world.measure())[name] == left


@pytest.mark.usefixtures("earned")
def test_a_change_that_production_named_is_not_lost_for_a_rehearsal() -> None:
    """A library that changed in a rehearsal is asked for only where monitoring of production named no change."""
    record.keep(record.REHEARSE, record.begin(), {**REHEARSED, "library": "not raised: "})
    (mark,) = [mark for mark in world.measure().marks if mark.test.name == "Monitor 1"]
    assert (mark.points, mark.said) == (1, "changed after v1.0.0: libraries")


def test_no_rehearsal_makes_up_for_an_alarm_of_production(earned: Registry) -> None:
    """What monitoring says of clients comes before what it said of a rehearsal."""
    record.keep(record.REHEARSE, record.begin(), REHEARSED)
    of_monitoring("missing values", verdict="fail")(earned)
    assert world.points(world.measure())["Monitor 2"] == 0


def test_a_rehearsal_that_is_too_old_is_lost(earned: Registry) -> None:
    """As all evidence that is of a commit."""
    rehearse(earned)
    assert {world.points(world.measure(200))[name] for name in BY_REHEARSAL} == {0}
