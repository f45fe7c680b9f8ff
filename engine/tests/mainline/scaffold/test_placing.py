"""A use case comes into place whole, or nothing changes."""

import contextlib
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from mainline.scaffold import own_data, placing
from mainline.scaffold.dialect import TableError
from tests import kills
from tests.mainline.scaffold.samples import flats, write
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
        "README.md", "data/own/sold flats.csv", "dvc.yaml", "params.yaml", "src/usecase/card.yaml",
        *(f"src/usecase/{name}.py" for name in MODULES),
    }  # fmt: skip
    assert sorted(path.name for path in Path("tests").iterdir()) == [
        "test_contract.py", "test_features.py", "test_pipeline.py", "test_source.py", "test_training.py",
    ]  # fmt: skip
    assert "exactly the code they run" in place.run("python", "-P", "-m", "mainline", "deps").stdout
    assert not placing.ASIDE.exists()
    before = {name: Path(name).read_bytes() for name in _changed(place) if Path(name).is_file()}
    _new(place, str(dated), *PRICE)
    assert {name: Path(name).read_bytes() for name in before} == before


def test_folder_of_files_is_a_table(place: Project, tmp_path: Path) -> None:
    """Each file of a folder is declared; on the screen so many are one line."""
    folder = tmp_path / "days"
    folder.mkdir()
    for day in range(1, 7):
        flats(40 * day).tail(40).to_csv(folder / f"2024-01-{day:02d}.csv", index=False)
    said = _new(place, str(folder), *PRICE, "--key", "none").stdout
    assert ", 6 files in data/own/." in said
    assert Path("dvc.yaml").read_text().count("- data/own/2024-01-0") == 6


@pytest.mark.parametrize("kind", ["csv", "parquet", "named.parquet"])
def test_index_of_pandas_is_a_column(place: Project, tmp_path: Path, kind: str) -> None:
    """A table that pandas wrote with its row numbers, or with a column as its index, keeps the contract."""
    rows = flats().sample(frac=1.0, random_state=1)
    if "named" in kind:
        rows = rows.set_index("id")
    path = tmp_path / f"rows.{kind}"
    (rows.to_csv if kind == "csv" else rows.to_parquet)(path)
    said = _new(place, str(path), *PRICE).stdout
    assert "'id': sent and kept, never a feature" in said
    place.run("python", "-P", "-m", "pytest", "-q", "tests/test_source.py", "tests/test_features.py")


def test_cells_beyond_the_header_move_no_other(place: Project, tmp_path: Path) -> None:
    """A file whose lines have a cell more than its header is read from the left: no cell gets another's name."""
    _new(place, str(write(tmp_path, flats())), *PRICE)
    wide = flats().to_csv(index=False).replace(",price €", "", 1)
    path = write(tmp_path, wide, "wide.csv")
    code = f"from usecase import source; print(*source.read(source.Path({str(path)!r}))['id'])"
    assert place.run("python", "-W", "ignore", "-c", code).stdout.split() == flats()["id"].tolist()


def test_first_file_may_be_short(place: Project, tmp_path: Path) -> None:
    """The tests that are written ask for no more rows than the first file has."""
    files = [write(tmp_path, flats().iloc[:2], "a.csv"), write(tmp_path, flats().iloc[2:], "b.csv")]
    _new(place, *map(str, files), *PRICE)
    place.run("python", "-P", "-m", "pytest", "-q", "tests/test_source.py")


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


@pytest.mark.parametrize("name", ["${seed}.csv", "two\nlines.csv", "\u202evsc.csv"])
def test_file_name_that_cannot_be_declared_is_refused(place: Project, dated: Path, name: str) -> None:
    """What DVC would fill in, and what cannot be seen, is no name of a data file."""
    odd = dated.rename(dated.with_name(name))
    refused = _new(place, str(odd), *PRICE, succeed=False)
    assert f"the file name {name!r} has what dvc.yaml cannot hold as it is; rename the file." in refused.stderr
    assert refused.stderr.count("\n") == 1
    assert _changed(place) == []


def test_edited_use_case_is_not_overwritten(place: Project, dated: Path) -> None:
    """A use case that a person edited stays; --force writes over it, and names the commit that has it."""
    _new(place, str(dated), *PRICE)
    place.commit("Ours")
    edited = Path("src/usecase/scoring.py")
    edited.write_text(edited.read_text() + "# mine\n")
    refused = _new(place, str(dated), *PRICE, succeed=False).stderr
    assert "src/usecase/scoring.py is neither as the template ships it nor as this command wrote it" in refused
    said = _new(place, str(dated), *PRICE, "--force").stdout
    assert "# mine" not in edited.read_text()
    place.run("sh", "-c", _way_back(said))
    assert "# mine" in edited.read_text()


@pytest.mark.parametrize(
    "name", ["params.yaml", "tests/test_contract.py", "tests/mine/rows.csv", "src/usecase/notes.md"]
)
def test_work_beside_the_shipped_example_is_not_lost(place: Project, dated: Path, name: str) -> None:
    """A file that a person edited or added stays, of whatever kind, and --force goes on only if git has it."""
    mine = Path(name)
    mine.parent.mkdir(exist_ok=True)
    with mine.open("a") as file:
        file.write("# mine\n")
    before = mine.read_bytes()
    refused = _new(place, str(dated), *PRICE, succeed=False).stderr
    assert f"{name} is neither as the template ships it nor as this command wrote it" in refused
    if "mine" in name or "notes" in name:
        refused = _new(place, str(dated), *PRICE, "--force", succeed=False).stderr
        assert f"{name} would be lost, since git does not have it. `git add {name}`, then say it again." in refused
        place.run("git", "add", name)
    assert mine.read_bytes() == before
    said = _new(place, str(dated), *PRICE, "--force").stdout
    place.run("sh", "-c", _way_back(said))
    assert mine.read_bytes() == before


def test_file_that_git_ignores_is_not_lost(place: Project, dated: Path) -> None:
    """A file beside the code that git ignores is in no commit, so --force does not remove it either."""
    mine = Path("src/usecase/partner.key")
    mine.write_text("secret")
    refused = _new(place, str(dated), *PRICE, "--force", succeed=False).stderr
    assert f"{mine} would be lost, since git ignores it. Move it elsewhere, then say it again." in refused
    assert mine.read_text() == "secret"


def test_only_one_run_is_at_work(place: Project, dated: Path) -> None:
    """A second run is refused in one line while the first is at work, and changes nothing."""
    with placing.alone():
        refused = _new(place, str(dated), *PRICE, succeed=False).stderr
    assert refused == "mainline: another `./mainline new` is at work here. Wait until it has ended.\n"
    assert _changed(place) == []
    _new(place, str(dated), *PRICE)


def test_data_of_others_is_not_overwritten(place: Project, dated: Path) -> None:
    """A file in data/own gives way to another of its name only if git has it, or if an earlier run put it there."""
    own = Path("data/own/sold flats.csv")
    own.parent.mkdir(parents=True)
    own.write_text("mine\n")
    refused = _new(place, str(dated), *PRICE, succeed=False).stderr
    assert f"{own} is another file than {dated}, and git does not have it. Rename one of the two" in refused
    assert refused.count("\n") == 1
    assert (own.read_text(), _changed(place)) == ("mine\n", [str(own)])
    place.commit("Mine")
    said = _new(place, str(dated), *PRICE).stdout
    assert own.read_bytes() == dated.read_bytes()
    back = _way_back(said)
    dated.write_text(dated.read_text() + dated.read_text().splitlines()[-1] + "\n")
    _new(place, str(dated), *PRICE)
    assert own.read_bytes() == dated.read_bytes()
    place.run("sh", "-c", back)
    assert own.read_text() == "mine\n"


def _way_back(said: str) -> str:
    """Return the command that `new` names for what was there."""
    return next(line for line in said.splitlines() if "brings back" in line).split("`")[1]


def test_way_back_brings_edits_that_were_never_committed(place: Project, tmp_path: Path) -> None:
    """README, dvc.yaml, use case, tests and data are as they stood, though git had none of them; what came is gone."""
    _new(place, str(write(tmp_path, flats())), *PRICE)
    Path("tests/test_source.py").unlink()
    Path("src/usecase/tables.py").rename("src/usecase/lags.py")
    for name in ("README.md", "dvc.yaml"):
        Path(name).write_text(Path(name).read_text(encoding="utf-8") + "# mine\n", encoding="utf-8")
    place.run("git", "add", "src/usecase/lags.py")
    own = Path("data/own/flats.csv")
    before, row = {**_content(), str(own): own.read_bytes()}, own.read_text(encoding="utf-8").splitlines()[-1]
    other = write(tmp_path, f"{own.read_text(encoding='utf-8')}{row}\n")
    said = _new(place, str(other), *PRICE, "--force").stdout
    assert own.read_bytes() == other.read_bytes()
    assert Path("tests/test_source.py").is_file()
    place.run("sh", "-c", _way_back(said))
    assert {**_content(), str(own): own.read_bytes()} == before


def test_way_back_brings_data_that_dvc_keeps(place: Project, dated: Path) -> None:
    """A data file that git ignores and DVC keeps comes back from DVC, committed or not."""
    own = Path("data/own/sold flats.csv")
    own.parent.mkdir(parents=True)
    own.write_text("mine\n")
    place.run("dvc", "add", "--quiet", str(own))
    place.run("git", "commit", "-qm", "Nothing of it", "--allow-empty")
    said = _new(place, str(dated), *PRICE).stdout
    assert own.read_bytes() == dated.read_bytes()
    place.run("sh", "-c", _way_back(said))
    assert own.read_text() == "mine\n"


def test_data_of_which_dvc_lost_the_bytes_is_not_overwritten(place: Project, dated: Path) -> None:
    """A .dvc file whose bytes are in no cache brings nothing back, so the data file stays."""
    own = Path("data/own/sold flats.csv")
    own.parent.mkdir(parents=True)
    own.write_text("mine\n")
    place.run("dvc", "add", "--quiet", str(own))
    own.unlink()
    shutil.rmtree(".dvc/cache/files")
    own.write_text("mine\n")
    refused = _new(place, str(dated), *PRICE, succeed=False).stderr
    assert f"{own} is another file than {dated}, and DVC's cache does not have it. Rename one of the two, or" in refused
    assert own.read_text() == "mine\n"


def test_data_that_is_no_longer_read_is_named(place: Project, dated: Path, tmp_path: Path) -> None:
    """What an earlier run put into data/own stays there, and the next one says that no model reads it."""
    _new(place, str(write(tmp_path, flats())), *PRICE)
    said = _new(place, str(dated), *PRICE).stdout
    assert "No longer read: data/own/flats.csv; remove what you do not need." in said
    assert Path("data/own/flats.csv").is_file()
    assert "data/own/flats.csv" not in Path("dvc.yaml").read_text()


def test_names_that_differ_by_case_are_refused(place: Project, dated: Path, tmp_path: Path) -> None:
    """Names that are one on the disks of macOS and Windows cannot stand side by side."""
    other = write(tmp_path, flats(), "FLATS.csv")
    refused = _new(place, str(write(tmp_path, flats())), str(other), *PRICE, succeed=False).stderr
    assert "flats.csv and FLATS.csv are one name where a disk does not tell small letters from capitals" in refused
    _new(place, str(dated), *PRICE)
    large = dated.rename(tmp_path / "Sold Flats.csv")
    refused = _new(place, str(large), *PRICE, succeed=False).stderr
    assert "data/own/sold flats.csv and Sold Flats.csv are one name" in refused
    assert refused.count("\n") == 1


@pytest.mark.parametrize("large", [False, True])
def test_what_dvc_keeps_stays_with_dvc(
    tmp_path: Path, dated: Path, monkeypatch: pytest.MonkeyPatch, large: bool
) -> None:
    """A large file is DVC's, and so is a smaller one that takes its place: git would pass over it."""
    monkeypatch.chdir(tmp_path)
    own = Path("data/own/sold flats.csv")
    own.parent.mkdir(parents=True)
    own.write_text("before")
    monkeypatch.setattr(own_data, "LARGE", 5 if large else 10**6)
    assert own_data.of_dvc([str(own)]) == ([str(own)] if large else [])
    own.with_name(f"{own.name}.dvc").write_text("outs:\n- md5: 6f2ad1bf1da3f3ddb5c0d3bb1b3c3d4a\n")
    assert own_data.of_dvc([str(own)]) == [str(own)]
    with pytest.raises(TableError, match="DVC's cache does not have it"):
        own_data.check_place([dated], {})


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
    monkeypatch.setattr(placing, "_restore", lambda: None)
    monkeypatch.setattr(shutil, "rmtree", lambda *_, **__: None)
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


REPLACED = dict.fromkeys(("src/usecase/source.py", "params.yaml", "dvc.yaml", "README.md", placing.RETRAIN), "new")
"""The least that is written in one go."""


CHANGES = [(os, name) for name in ("rename", "replace", "unlink", "rmdir", "mkdir")]
"""What changes the disk."""


def _content() -> dict[str, bytes]:
    """Return what stands in the places that are written."""
    files = [file for name in placing.REPLACED for file in [Path(name), *Path(name).rglob("*")] if file.is_file()]
    return {file.as_posix(): file.read_bytes() for file in files if "__pycache__" not in file.parts}


def test_kill_at_any_moment_leaves_one_whole_use_case(place: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever change of the disk a kill comes before, and another in what puts things back: the old or the new."""
    monkeypatch.setattr(placing, "_prove", lambda _: None)
    shutil.copytree(place.path, place.path.parent / "kept")
    old, ends = _content(), set()
    for step in range(200):
        with monkeypatch.context() as first:
            kills.before(step, first, *CHANGES)
            try:
                placing.write(REPLACED, [])
            except kills.Killed:
                pass
            else:
                break
        with monkeypatch.context() as second, contextlib.suppress(kills.Killed):
            kills.before(step % 7, second, *CHANGES)
            placing.recover()
        placing.recover()
        now = _content()
        ends.add(now == old)
        assert now == old or now["params.yaml"] == b"new", step
        assert len(now) in (len(old), len(REPLACED) + len(placing.KEPT)), step
        for name in placing.REPLACED:
            path = Path(name)
            shutil.rmtree(path) if path.is_dir() else path.unlink()
            kept = place.path.parent / "kept" / name
            shutil.copytree(kept, path) if kept.is_dir() else shutil.copy2(kept, path)
    assert ends == {True, False}
