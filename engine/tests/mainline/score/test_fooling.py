"""What only looks like evidence earns nothing: it is there, it has the right name, and it shows nothing."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from mainline.repository import record
from mainline.score import assertions
from mainline.score.total import Mark
from tests.mainline.registry.registries import Registry
from tests.mainline.score import world

Fool = Callable[[Registry], object]


def of_record(**outcomes: str) -> Fool:
    """Let tests have ended otherwise; '' takes one away."""

    def change(document: dict[str, Any]) -> None:
        document["found"] = {name: found for name, found in (document["found"] | outcomes).items() if found}

    return lambda _: world.edit(record.FOLDER / "tests.json", change)


def of_metric(name: str, change: Callable[[str], str]) -> Fool:
    """Let a stage have written something else."""

    def fool(made: Registry) -> None:
        path = Path("metrics", name)
        world.relock(Path(), str(path), change(path.read_text()))
        made.commit(7)

    return fool


def reviewed(by: str) -> Fool:
    """Let a person review the last change of what shapes the model."""
    return lambda made: made.commit(7, f"Change\n\nReviewed-by: {by}", src__usecase__features_dot_py="# changed\n")


def switch_off(where: str) -> Fool:
    """Leave the workflow that runs `make gate`, and let nothing of it run."""

    def fool(made: Registry) -> None:
        for path in Path(".github/workflows").glob("*.yml"):
            workflow = yaml.safe_load(path.read_text())
            for job in workflow["jobs"].values():
                for part in [job] if where == "job" else job.get("steps", []):
                    part["if"] = False if where == "job" else "${{ false }}"
            path.write_text(yaml.safe_dump(workflow))
        made.commit(7)

    return fool


def again(made: Registry) -> None:
    """Let production have had v1.0.0, then v1.1.0, which was assigned once more after it was aborted."""
    for number in (3, 4):
        made.git("tag", "-d", f"model#production#{number}")
    message = made.git("tag", "-l", "--format=%(contents)", "model#production#2")
    made.tag("model#production#3", 5, message, "model#production#2^{commit}")


FOOLED: list[tuple[str, Fool, float, str]] = [
    ("Data 4", of_record(**{f"{record.CLAIM}no_banned_name_is_used": "",
                            "tests/test_contract.py::test_the_contract[no_banned_name_is_used]": record.PASSED}),
     0, "no_banned_name_is_used was not tried"),
    ("Data 7", of_record(**{world.OWN: record.SILENT}), 0.5, "4 claims of the contract and 0 tests of your own pass"),
    ("Infra 2", of_record(**{f"{record.CLAIM}a_tiny_set_is_memorised": "",
                             "tests/test_training.py::test_it": record.PASSED}), 0.5, "the loss fell"),
    ("Infra 3", of_record(**{f"{record.CLAIM}raw_data_become_an_answer_over_http": "",
                             "tests/test_pipeline.py::test_it": record.PASSED}), 0.5, "6 stages"),
    ("Infra 6", lambda made: world.tell(made, "served", ""), 0, "v1.1.0 was served without steps"),
    ("Infra 6", lambda made: world.tell(made, "served", "0123456789ab"), 0, "v1.1.0 was served under another policy"),
    ("Monitor 5", lambda made: world.tell(made, "served", ""), 0.5, "0 of"),
    ("Infra 7", again, 0, "no version ever returned"),
    ("Model 1", reviewed("ADA"), 0, "commit .{7} names no reviewer other than its author"),
    ("Model 1", reviewed("Countess <Ada@Example.org>"), 0, "commit .{7} names no reviewer other than its author"),
    ("Model 5", of_metric("baseline.json", lambda _: '{"constant": 16.9, "rule": 17.1}'), 0.5, ".* of a constant's"),
    ("Model 6", of_metric("slices.csv", lambda text: text.replace(",false\n", ",true\n")), 0, "no segment has enough"),
    ("Infra 4", switch_off("job"), 0.5, ".* checks: pass"),
    ("Infra 4", switch_off("step"), 0.5, ".* checks: pass"),
]  # fmt: skip
"""Which test of the score is to be fooled, by what, the points that are right, and how the reason begins."""


@pytest.mark.parametrize(("test", "fool", "points", "said"), FOOLED,
                         ids=[f"{place} {name}" for place, (name, *_) in enumerate(FOOLED)])  # fmt: skip
def test_what_only_looks_like_evidence_earns_nothing(
    test: str, fool: Fool, points: float, said: str, earned: Registry
) -> None:
    """The name, the file or the event is there; what it should show did not happen."""
    fool(earned)
    mark = marked(test)
    assert (mark.points, bool(re.match(said, mark.said))) == (points, True), mark.said


@pytest.mark.usefixtures("earned")
def test_a_search_that_tries_the_declared_model_alone_earns_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """One value of one hyperparameter, the declared one, is a table of one trial, and compares nothing."""
    monkeypatch.setattr(world, "SEARCH", (world.SEARCH[0], 1))
    mark = marked("Model 3")
    assert (mark.points, mark.said) == (0, "the declared search tries nothing but the declared model")


SOURCES = {
    "def test_it():\n    assert compute() == 1\n": True,
    "def test_it():\n    assert_allclose(compute(), 1)\n": True,
    "def test_it():\n    np.testing.assert_allclose(compute(), 1)\n": True,
    "class TestIt(TestCase):\n    def test_it(self):\n        self.assertEqual(compute(), 1)\n": True,
    "def test_it():\n    with pytest.raises(ValueError):\n        compute()\n": True,
    "def test_it():\n    if compute():\n        raise AssertionError\n": True,
    "def look(x):\n    assert x\ndef see(x):\n    look(x)\n@given(st.integers())\ndef test_it(x):\n    see(x)\n": True,
    "async def test_it():\n    assert await compute()\n": True,
    "def test_it():\n    pass\n": False,
    "def test_it():\n    assert True\n": False,
    "def test_it():\n    print(compute())\n": False,
    "def test_other():\n    assert compute()\ndef test_it():\n    ...\n": False,
    "def a():\n    b()\ndef b():\n    a()\ndef test_it():\n    a()\n": False,
}


@pytest.mark.parametrize(("source", "expected"), SOURCES.items())
def test_a_test_that_asserts_nothing_is_told_from_one_that_does(source: str, expected: bool, tmp_path: Path) -> None:
    """By its own assertions, those of a library, or those of a helper beside it."""
    (tmp_path / "test_it.py").write_text(source)
    assert assertions.has_any(tmp_path / "test_it.py", "test_it") == expected


def marked(test: str) -> Mark:
    """Return the mark of a test of the score."""
    (mark,) = [mark for mark in world.measure().marks if mark.test.name == test]
    return mark
