"""A use case comes into place whole, or nothing changes."""

import subprocess
from pathlib import Path

import pytest

from mainline.scaffold import placing
from mainline.scaffold.dialect import TableError
from tests.project import Project

MODULES = ("__init__", "features", "interface", "schema", "scoring", "source", "tables")
PRICE = ("--label", "price €")


def _new(place: Project, *options: str, succeed: bool = True) -> subprocess.CompletedProcess[str]:
    return place.run("python", "-P", "-m", "mainline", "new", *options, succeed=succeed)


def _changed(place: Project) -> list[str]:
    listed = place.run("git", "status", "--porcelain", "--untracked-files=all", "-z").stdout.split("\0")
    return sorted(line[3:] for line in listed if line)


def test_use_case_is_made_of_a_table(place: Project, dated: Path) -> None:
    """One command shows what it found, writes what a use case is, keeps the contract, and says what to type next."""
    said = _new(place, str(dated), *PRICE).stdout
    assert "'sold', written %d.%m.%Y" in said
    assert "./mainline predict 'data/own/sold flats.csv' --raw" in said
    written = {name for name in _changed(place) if Path(name).is_file()}
    assert {name for name in written if not name.startswith("tests/")} == {
        "README.md", "data/own/sold flats.csv", "dvc.yaml", "params.yaml",
        *(f"src/usecase/{name}.py" for name in MODULES),
    }  # fmt: skip
    assert sorted(path.name for path in Path("tests").iterdir()) == [
        "test_contract.py", "test_features.py", "test_source.py",
    ]  # fmt: skip
    assert "exactly the code they run" in place.run("python", "-P", "-m", "mainline", "deps").stdout
    assert not placing.ASIDE.exists()
    before = {name: Path(name).read_bytes() for name in _changed(place) if Path(name).is_file()}
    _new(place, str(dated), *PRICE)
    assert {name: Path(name).read_bytes() for name in before} == before


def test_plan_writes_nothing(place: Project, dated: Path) -> None:
    """--plan shows what is inferred, and leaves every file as it is."""
    assert "13 months" in _new(place, str(dated), *PRICE, "--plan").stdout
    assert _changed(place) == []


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("nothing.csv", "--label", "x"), "there is no file nothing.csv."),
        (("TABLE",), "name the column to predict: --label COLUMN."),
        (PRICE, "name a table, or say --sql URL QUERY; one of the two."),
        (("TABLE", "--label", "prize"), "has no column 'prize'; did you mean 'price €'?"),
        (("TABLE", *PRICE, "--time", "city"), "'city' is not a column of times; those are sold."),
        (("TABLE", "TABLE", *PRICE), "two files are called sold flats.csv; rename one"),
    ],
)
def test_refusal_changes_nothing(place: Project, dated: Path, options: tuple[str, ...], said: str) -> None:
    """What cannot be is said in one line, and no file is touched."""
    refused = _new(place, *[str(dated) if word == "TABLE" else word for word in options], succeed=False)
    assert said in refused.stderr
    assert refused.stderr.count("\n") == 1
    assert _changed(place) == []


def test_edited_use_case_is_not_overwritten(place: Project, dated: Path) -> None:
    """A use case that a person edited stays; --force writes over it, and names the commit that has it."""
    _new(place, str(dated), *PRICE)
    place.commit("Ours")
    edited = Path("src/usecase/scoring.py")
    edited.write_text(edited.read_text() + "# mine\n")
    refused = _new(place, str(dated), *PRICE, succeed=False).stderr
    assert "src/usecase/ is neither the shipped example nor what this command wrote here before" in refused
    said = _new(place, str(dated), *PRICE, "--force").stdout
    assert "# mine" not in edited.read_text()
    back = next(line for line in said.splitlines() if "brings back" in line).split("`")[1]
    place.run(*back.split())
    assert "# mine" in edited.read_text()


def test_contract_that_is_not_kept_changes_nothing(place: Project) -> None:
    """What does not keep the contract is refused with the reason before anything is moved."""
    files = {name: Path(name).read_text() for name in ("params.yaml", "dvc.yaml", "README.md")}
    code = {"src/usecase/__init__.py": "", "src/usecase/source.py": "import nothing_at_all\n"}
    with pytest.raises(TableError, match=r"does not keep the contract, and nothing was changed\. src/usecase"):
        placing.write(files | code, [])
    assert _changed(place) == []


def test_failure_half_way_is_undone(place: Project, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """If the disk refuses in the middle of the exchange, everything is back where it was."""
    data = tmp_path / "rows.csv"
    data.write_text("a,b\n")
    files = dict.fromkeys(("src/usecase/source.py", "params.yaml", "dvc.yaml", "README.md"), "new")
    monkeypatch.setattr(placing, "_prove", lambda _: None)
    rename = Path.rename

    def refuse(path: Path, target: Path) -> Path:
        if target == Path("dvc.yaml") and "tree" in path.parts:
            raise OSError("no space left")
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", refuse)
    with pytest.raises(OSError, match="no space left"):
        placing.write(files, [data])
    assert _changed(place) == []


def test_killed_exchange_is_undone_by_the_next_run(
    place: Project, monkeypatch: pytest.MonkeyPatch, dated: Path
) -> None:
    """What a killed run had taken out is put back first, whatever it had reached."""
    files = dict.fromkeys(("src/usecase/source.py", "params.yaml", "dvc.yaml", "README.md"), "new")
    monkeypatch.setattr(placing, "_prove", lambda _: None)
    monkeypatch.setattr(placing, "_restore", lambda _: None)
    monkeypatch.setattr(placing.shutil, "rmtree", lambda *_, **__: None)
    rename = Path.rename

    def die(path: Path, target: Path) -> Path:
        if target == Path("params.yaml"):
            raise KeyboardInterrupt
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", die)
    with pytest.raises(KeyboardInterrupt):
        placing.write(files, [])
    monkeypatch.undo()
    monkeypatch.chdir(place.path)
    assert "params.yaml" in _changed(place)
    _new(place, str(dated), *PRICE, "--plan")
    placing.recover()
    assert _changed(place) == []
