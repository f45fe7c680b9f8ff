"""`deps`: dvc.yaml names exactly the code that its stages run."""

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from mainline.declared import params
from mainline.errors import MainlineError
from mainline.pipeline import dependencies
from mainline.stages import own_code
from tests.project import FLIGHTS, Project

Change = Callable[[list[str]], object]


@pytest.fixture(autouse=True)
def at_root(whole_project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work from the root of a repository, as the command does."""
    monkeypatch.chdir(whole_project.path)


def changed(folder: Path, stage: str, change: Change) -> Path:
    """Write dvc.yaml with other dependencies for one stage."""
    pipeline = yaml.safe_load(Path("dvc.yaml").read_text(encoding="utf-8"))
    change(pipeline["stages"][stage]["deps"])
    (folder / "dvc.yaml").write_text(yaml.safe_dump(pipeline), encoding="utf-8")
    return folder / "dvc.yaml"


def test_shipped_pipeline_depends_on_what_it_runs() -> None:
    """The dvc.yaml that ships is exact."""
    assert re.fullmatch(r"\d+ stages depend on exactly the code they run\.", dependencies.check())


def test_shipped_pipeline_is_short() -> None:
    """A person reads all of dvc.yaml: at most 150 lines, none wider than code may be."""
    written = (FLIGHTS / "dvc.yaml").read_text().splitlines()
    assert (len(written) <= 150, max(map(len, written)) <= 120) == (True, True)


@pytest.mark.parametrize(
    ("stage", "path"),
    [
        ("ingest", "src/usecase/source.py"),
        ("validate", "engine/stages/validate"),
        ("prepare", "src/usecase/tables.py"),
        ("train", "engine/stages/train"),
        ("evaluate", "src/usecase/interface.py"),
        ("package", "src/usecase/features.py"),
        ("package", "src/usecase/scoring.py"),
        ("train", "requirements/pipeline.txt"),
    ],
)
def test_missing_dependency_is_found(tmp_path: Path, stage: str, path: str) -> None:
    """Code that a stage runs, copies or is locked to and does not name would leave it falsely fresh."""
    with pytest.raises(MainlineError, match=rf"^dvc.yaml does not name .*:\n  {stage}: add {re.escape(path)}$"):
        dependencies.check(changed(tmp_path, stage, lambda declared: declared.remove(path)))


@pytest.mark.parametrize(
    "path", ["engine/src/mainline/pipeline/summary.py", "src/usecase/gone.py", "requirements/dev.txt"]
)
def test_unneeded_dependency_is_found(tmp_path: Path, path: str) -> None:
    """Code that a stage names and does not run would run it for nothing."""
    with pytest.raises(MainlineError, match=rf":\n  train: remove {re.escape(path)}$"):
        dependencies.check(changed(tmp_path, "train", lambda declared: declared.append(path)))


def test_every_correction_is_listed(tmp_path: Path) -> None:
    """All lines to add and remove are said at once."""

    def swap(declared: list[str]) -> None:
        declared[declared.index("src/usecase/scoring.py")] = "src/usecase/source.py"

    corrections = r"\n  train: add src/usecase/scoring\.py\n  train: remove src/usecase/source\.py$"
    with pytest.raises(MainlineError, match=corrections):
        dependencies.check(changed(tmp_path, "train", swap))


def test_data_is_none_of_its_business(tmp_path: Path) -> None:
    """What a stage reads beside code is declared by hand and left alone."""
    assert "exactly" in dependencies.check(changed(tmp_path, "train", lambda declared: declared.append("data/more")))


def test_training_does_not_depend_on_serving() -> None:
    """A change of commands, packaging or the use case's source never retrains the model."""
    needed = {*dependencies.needed("train"), *map(str, dependencies.links("train"))}
    assert not [path for path in needed if "/commands/" in path or "/package/" in path or path.endswith("source.py")]
    assert {"src/usecase/scoring.py", "engine/stages/train/model/export.py"} <= needed


@pytest.fixture
def copied(whole_project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the code and of the stages' links, which a test may change."""
    for folder in ("engine/src", "engine/stages", "src"):
        shutil.copytree(whole_project.path / folder, tmp_path / folder, symlinks=True)
    for name in ("dvc.yaml", "engine/stage"):
        shutil.copy2(whole_project.path / name, tmp_path / name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def _add_import(_: Path) -> None:
    with Path("engine/src/mainline/stages/train.py").open("a") as code:
        code.write("\n\ndef later() -> None:\n    from mainline.registry import tags\n")


@pytest.fixture
def own(copied: Path) -> Path:
    """The same with a model type of the user's own, whose file imports another."""
    shutil.copy2(FLIGHTS / "params.yaml", copied / "params.yaml")
    text = re.sub(r"  type: .*", "  type: usecase.models.Bounded", Path("params.yaml").read_text(), count=1)
    Path("params.yaml").write_text(text)
    text = re.sub(r"  params:\n(    .*\n)+", "  params: {}\n", Path("params.yaml").read_text(), count=1)
    Path("params.yaml").write_text(text)
    Path("src/usecase/models.py").write_text("from .lines import line\n\n\nclass Bounded:\n    pass\n")
    Path("src/usecase/lines.py").write_text("")
    return copied


def test_an_own_model_is_named_where_it_is_fitted(own: Path) -> None:
    """Stages that fit it depend on its file, and on what that imports; the others do not."""
    lines = [
        rf"  {stage}: add src/usecase/{name}\.py" for stage in ("train", "package") for name in ("lines", "models")
    ]
    with pytest.raises(MainlineError, match="^dvc.yaml does not name .*:\n" + "\n".join(lines) + "$"):
        dependencies.check()
    with pytest.raises(
        MainlineError, match=r"lines\.py, which .*Bounded needs, is not among the deps of train in dvc\.ya"
    ):
        own_code.check(params.load(own / "params.yaml"), *own_code.STAGES)


def test_an_own_model_is_written_and_taken_out(own: Path) -> None:
    """The command adds its lines to dvc.yaml, and removes them when another model is declared; all else stays."""
    before = Path("dvc.yaml").read_text()
    assert "exactly" in dependencies.write()
    added = [line for line in Path("dvc.yaml").read_text().splitlines() if line not in before.splitlines()]
    assert sorted(added) == 2 * ["      - src/usecase/lines.py"] + 2 * ["      - src/usecase/models.py"]
    own_code.check(params.load(own / "params.yaml"), *own_code.STAGES)
    shutil.copy2(FLIGHTS / "params.yaml", own / "params.yaml")
    assert "exactly" in dependencies.write()
    assert Path("dvc.yaml").read_text() == before


@pytest.mark.usefixtures("own")
def test_stages_that_fit_are_known_by_what_they_import() -> None:
    """What refuses to fit without its lines asks the same stages that this check asks."""
    assert {stage for stage in yaml.safe_load(Path("dvc.yaml").read_text())["stages"]
            if "src/usecase/models.py" in dependencies.needed(stage)} == {*own_code.STAGES}  # fmt: skip


@pytest.mark.parametrize(
    "change",
    [
        lambda link: link.unlink(),
        lambda link: link.with_name("more.py").symlink_to("errors.py"),
        lambda link: (link.unlink(), link.symlink_to("errors.py")),
        lambda link: (link.unlink(), link.write_text("")),
        _add_import,
    ],
    ids=["missing", "more", "wrong", "a file", "a new import"],
)
def test_wrong_links_are_found_and_written_anew(copied: Path, change: Callable[[Path], object]) -> None:
    """A stage whose links are not exactly what it imports is named, and the command that it names mends them."""
    change(copied / "engine/stages/train/declared/params.py")
    with pytest.raises(MainlineError, match=r"does not have what train runs: `\./mainline deps --write`"):
        dependencies.check()
    assert "exactly" in dependencies.write()
    assert "exactly" in dependencies.check()


def test_the_code_behind_each_link_is_there() -> None:
    """Every link of the shipped stages leads to a file."""
    links = [path for path in Path("engine/stages").rglob("*") if path.is_symlink()]
    assert links
    assert [path for path in links if not path.is_file()] == []
