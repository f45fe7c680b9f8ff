"""Ordinary histories of one person's repository, which has no remote: each model is released, and comes back."""

import re
from pathlib import Path

import pytest

from tests.end_to_end.test_first_month import Clone, allow_small_data
from tests.end_to_end.whole_loop import create
from tests.project import Project

SOURCE, SCHEMA, TABLES, FEATURES = (f"src/usecase/{name}.py" for name in ("source", "schema", "tables", "features"))
EDGES = [
    (SOURCE, '"texture error", "concavity error")\n', 'EDGES = ("worst radius",)\n'),
    (
        SOURCE,
        "ARCHIVED)], axis=1)\n",
        '    yield "edges", None, pd.concat([sample, _renamed(loaded.data, EDGES)], axis=1)\n',
    ),
    (SCHEMA, 'STATIC = ("archive",', ' "edges"'),
    (
        SCHEMA,
        'name="archive",\n)\n',
        'EDGES = DataFrameSchema({"sample": Column("str"), "worst_radius": Column("float64")})\n',
    ),
    (SCHEMA, '"archive": ARCHIVE', ', "edges": EDGES'),
    (TABLES, "static=True),\n", '    FeatureTable("edges", key="sample", columns=("worst_radius",), static=True),\n'),
    (TABLES, '.rename(columns={"sample": "key"})', ', "edges": batches["edges"].rename(columns={"sample": "key"})'),
    (FEATURES, '"texture_spread", "concavity_error"', ', "worst_radius"'),
    (FEATURES, 'archive["concavity_error"],\n', '        "worst_radius": tables["edges"]["worst_radius"],\n'),
    ("params.yaml", "  - concavity_error\n", "  - worst_radius\n"),
]
"""What adds a table and a feature that is looked up in it: file, what stands there once, and what comes after it."""

CANARY = {
    "strategy": "canary", "steps": [{"setWeight": 50}, {"pause": {"duration": 3600}}],
    "follow": {"interval": 1.0, "jitter": 0.1},
}  # fmt: skip
"""A rollout that stays half way."""

LESS = ("params.yaml", "  - texture_spread\n", "")


@pytest.fixture
def laptop(tmp_path: Path, other_project: Project) -> Clone:
    """A repository without any remote, whose first model is released."""
    made = Clone(other_project.twin(tmp_path / "laptop").path)
    allow_small_data(made)
    made.commit("Train")
    assert made.run("git", "remote").stdout == ""
    assert "v1.0.0 is released." in made.mainline("promote")
    return made


def change(laptop: Clone, *edits: tuple[str, str, str]) -> str:
    """Edit files, run the pipeline and commit; return the commit."""
    for file, before, after in edits:
        content = (laptop.path / file).read_text()
        assert content.count(before) == 1, (file, before)
        (laptop.path / file).write_text(content.replace(before, after))
    laptop.mainline("repro")
    return laptop.commit(f"{len(edits)} edits")


def released(laptop: Clone, version: str) -> None:
    """Promote, and where the gate refuses, accept what it names as it says; the model is a new version."""
    said = laptop.mainline("promote", succeed=None)
    if "must not be released" in said:
        laptop.follow(said, "mainline", "accept")
        laptop.commit("Accept it")
        said = laptop.mainline("promote")
    assert f"{version} is released." in said


def there_and_back(laptop: Clone, before: str, after: str) -> None:
    """Revert the newest commit, and revert that: each time the version of that model is back, and none is new."""
    for version in (before, after):
        laptop.run("git", "revert", "--no-edit", "HEAD")
        assert f"{version} is back: this model was released before." in laptop.mainline("promote")


@pytest.mark.slow
def test_each_release_comes_back_whatever_it_changed(laptop: Clone) -> None:
    """Seed, window, features and tables change between releases; a revert or a rollback brings each version back."""
    change(laptop, ("params.yaml", "seed: 2024", "seed: 7"))
    released(laptop, "v1.1.0")
    there_and_back(laptop, "v1.0.0", "v1.1.0")
    change(laptop, ("params.yaml", "from: 2024-01", "from: 2024-02"))
    released(laptop, "v1.1.1")
    there_and_back(laptop, "v1.1.0", "v1.1.1")
    change(laptop, *[(file, place, place + more) for file, place, more in EDGES])
    released(laptop, "v1.2.0")
    there_and_back(laptop, "v1.1.1", "v1.2.0")
    change(laptop, *[(file, place + more, place) for file, place, more in EDGES], LESS)
    released(laptop, "v1.3.0")
    assert "The revert is on branch rollback/v1.2.0" in laptop.mainline("rollback", "v1.2.0")
    laptop.run("git", "merge", "--quiet", "rollback/v1.2.0")
    assert "v1.2.0 is back" in laptop.mainline("promote")
    laptop.mainline("restore")
    assert "predicts exactly what production v1.2.0 does" in laptop.mainline("gate")


@pytest.mark.slow
def test_a_model_that_was_never_released_comes_back_by_a_revert(laptop: Clone) -> None:
    """Results of another commit are not judged: the refusal names what puts back the last commit's, and they are."""
    change(laptop, ("params.yaml", "C: 1.0", "C: 1.01"))
    newest = change(laptop, ("params.yaml", "C: 1.01", "C: 1.02"))
    released(laptop, "v1.1.0")
    laptop.run("git", "revert", "--no-edit", newest)
    said = laptop.mainline("promote", succeed=False)
    assert "models/package: not what dvc.lock names" in " ".join(said.split())
    laptop.follow(said, "mainline", "restore")
    released(laptop, "v1.2.0")


@pytest.mark.slow
def test_a_run_that_the_cache_spared_is_recorded_by_what_the_gate_names(laptop: Clone) -> None:
    """A result of DVC's cache has no time of training; the two commands of the warning give it one."""
    first = (laptop.path / "params.yaml").read_text()
    for text in (first.replace("C: 1.0", "C: 1.01"), first.replace("C: 1.0", "C: 1.02"), first.replace("1.0", "1.01")):
        (laptop.path / "params.yaml").write_text(text)
        laptop.mainline("repro")
    laptop.commit("Train as before")
    said = laptop.mainline("gate", succeed=None)
    assert "training time not recorded" in " ".join(said.split())
    laptop.follow(said, "dvc", "repro")
    laptop.follow(said, "make", "repro")
    assert re.search(r"training time +[0-9.]+ s of CPU time", laptop.mainline("gate", succeed=None))


@pytest.mark.slow
def test_a_rollback_ends_a_live_canary(tmp_path: Path, other_project: Project) -> None:
    """Taken back while half of the requests are its, a version gets none; given once more, it begins anew."""
    world = create(tmp_path, other_project.twin(tmp_path / "project"), None, CANARY)
    allow_small_data(world.project)
    world.release("Train")
    with world.service():
        world.wait(lambda: world.stable() == "v1.0.0" and world.is_live("v1.0.0"), "the first version serves")
        world.release("Train a little longer", model={"params": {"C": 1.01}})
        world.wait(lambda: world.is_live("v1.1.0"), "half of the requests are the canary's")
        world.run("python", "-m", "mainline", "rollback", "--now")
        world.wait(lambda: world.status()["candidate"] is None and not world.is_live("v1.1.0"), "it gets none")
        assert (world.stable(), world.status()["quarantined"]) == ("v1.0.0", [])
        world.run("python", "-m", "mainline", "rollback", "v1.1.0", "--now")
        world.wait(lambda: world.is_live("v1.1.0"), "it begins anew")
        assert world.stable() == "v1.0.0"


@pytest.mark.slow
def test_months_of_refusals_end_in_a_release(tmp_path: Path, other_project: Project) -> None:
    """Production grows old while a moving window brings refusals; a good model is released over it in the end."""
    made = Clone(other_project.twin(tmp_path / "laptop").path)
    allow_small_data(made)
    made.declare(data={"through": "2024-03"})
    made.mainline("repro")
    made.commit("Train on the first quarter")
    assert "v1.0.0 is released." in made.mainline("promote")
    for first, last in (("2024-02", "2024-04"), ("2024-03", "2024-05")):
        made.declare(data={"from": first, "through": last}, model={"params": {"C": 0.0001}})
        made.mainline("repro")
        made.commit(f"Move to {last}")
        assert "it must not be released" in made.mainline("promote", succeed=False)
    made.declare(data={"from": "2024-04", "through": "2024-06"}, model={"params": {"C": 1.0}})
    made.mainline("repro")
    made.commit("Move to 2024-06, and train as before")
    said = made.mainline("promote", succeed=None)
    print(said)
    assert "No period that production was trained on is in the window" in " ".join(said.split())
    made.follow(said, "mainline", "accept")
    made.commit("Accept it")
    assert "v1.0.1 is released." in made.mainline("promote")


@pytest.mark.slow
def test_a_rollback_across_machineries_is_trained_with_todays(laptop: Clone) -> None:
    """Where no branch can mix a version with today's machinery, the second way that is named has its model on main."""
    machinery = laptop.path / "engine/src/mainline/errors.py"
    machinery.write_text(f"{machinery.read_text()}\nNEEDED = 1\n")
    change(laptop, ("params.yaml", "C: 1.0", "C: 1.01"))
    released(laptop, "v1.1.0")
    said = laptop.mainline("rollback", "v1.0.0", succeed=False)
    laptop.follow(said, "git", "checkout")
    laptop.follow(said, "make", "repro")
    laptop.commit("Train the parameters of v1.0.0 with today's machinery")
    assert "v1.0.0 is back" in laptop.mainline("promote")


@pytest.mark.slow
def test_small_steps_down_add_up(laptop: Clone) -> None:
    """Each model is half a percent worse than the one before, which is allowed; the fourth is refused for the sum."""
    laptop.declare(gate={"margin": 0.1, "slices": {"relative_to_whole": 3.0, "relative_to_production": 1.0}})
    for step, (before, after) in enumerate([("1.0", "0.8"), ("0.8", "0.75"), ("0.75", "0.7")], 1):
        change(laptop, ("params.yaml", f"C: {before}", f"C: {after}"))
        assert f"v1.{step}.0 is released." in laptop.mainline("promote")
    change(laptop, ("params.yaml", "C: 0.7", "C: 0.65"))
    said = laptop.mainline("promote", succeed=False)
    assert "must not be released: slow decay." in said
    laptop.follow(said, "mainline", "accept", "slow decay")
    laptop.commit("Accept it")
    assert "v1.4.0 is released." in laptop.mainline("promote")
