"""A source reads declared files of the repository only."""

import os
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq
import pytest

from mainline.data.local_files import dependencies, watch
from mainline.errors import SourceError


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file of data in a repository."""
    path = tmp_path / "data/own/bikes.csv"
    path.parent.mkdir(parents=True)
    path.write_text("a,b\n1,2\n")
    return path


def test_an_undeclared_file_is_refused(tmp_path: Path, file: Path) -> None:
    """A file of the repository that is read and not declared is named, with the line that declares it."""
    said = (
        r"^src/usecase/source\.py reads data/own/bikes\.csv, which dvc\.yaml does not declare, .* "
        r"Add `- data/own/bikes\.csv` to the deps of ingest in dvc\.yaml"
    )
    with pytest.raises(SourceError, match=said), watch(["src/usecase/source.py"], tmp_path):
        pd.read_csv(file)


@pytest.mark.parametrize("declared", ["data/own/bikes.csv", "data/own", "data"])
def test_a_declared_file_is_read(tmp_path: Path, file: Path, declared: str) -> None:
    """A file that is declared, or that is in a declared folder, is read."""
    with watch([declared], tmp_path):
        assert len(pd.read_csv(file)) == 1


def test_however_python_opens_a_file_it_is_seen(tmp_path: Path, file: Path) -> None:
    """A file by its number, a relative name, bytes and a database are seen; so is what pandas reads as Parquet."""
    for letter in "abc":
        pd.DataFrame({"a": [1]}).to_parquet(tmp_path / f"{letter}.parquet")
    for letter in "ab":
        sqlite3.connect(tmp_path / f"{letter}.db").execute("create table a (b)").connection.close()
    opened: dict[str, Callable[[], object]] = {
        "data/own/bikes.csv": lambda: os.close(os.open(os.fsencode(file), os.O_RDONLY)),
        "a.parquet": lambda: pd.read_parquet(os.path.relpath(tmp_path / "a.parquet")),
        "b.parquet": lambda: pq.ParquetFile(tmp_path / "b.parquet").close(),
        "c.parquet": lambda: pq.read_table(source=tmp_path / "c.parquet"),
        "a.db": lambda: sqlite3.connect(tmp_path / "a.db").close(),
        "b.db": lambda: sqlite3.connect(f"file:{tmp_path}/b.db?mode=ro", uri=True).close(),
    }
    for name, read in opened.items():
        with pytest.raises(SourceError, match=f"reads {name}, which"), watch([], tmp_path):
            read()


def test_what_is_no_data_of_the_repository_is_not_asked_for(tmp_path: Path, file: Path) -> None:
    """Code, files elsewhere and what the source wrote itself need no declaration; nor does what is read afterwards."""
    (tmp_path / "helper.py").write_text("")
    with watch([], tmp_path):
        (tmp_path / "helper.py").read_text()
        Path(os.devnull).read_bytes()
        (tmp_path / "cache.json").write_text("{}")
        (tmp_path / "cache.json").read_text()
    file.read_text()
    with watch([], file.parent / "elsewhere"):
        file.read_text()


def test_what_a_source_made_earlier_is_its_own(tmp_path: Path) -> None:
    """A file that was written for one batch, and put in its place by a rename, is read for another one."""
    made: set[Path] = set()
    with watch([], tmp_path, made):
        (tmp_path / "cache.partial").write_text("{}")
        (tmp_path / "cache.partial").rename(tmp_path / "cache.json")
        sqlite3.connect(tmp_path / "cache.db").execute("create table a (b)").connection.close()
    with watch([], tmp_path, made):
        (tmp_path / "cache.json").read_text()
        sqlite3.connect(tmp_path / "cache.db").close()
    with pytest.raises(SourceError, match=r"reads cache\.json, which"), watch([], tmp_path):
        (tmp_path / "cache.json").read_text()


def test_a_file_that_is_only_added_to_is_not_made_by_the_source(tmp_path: Path, file: Path) -> None:
    """What stood in a file before is read with what is added to it; a file that is written alone is not read."""

    def add() -> None:
        with file.open("a") as log:
            log.write("3,4\n")

    with watch([], tmp_path):
        add()
    with pytest.raises(SourceError, match=r"reads data/own/bikes\.csv, which"), watch([], tmp_path):
        print(add(), file.read_text())
    with pytest.raises(SourceError, match=r"reads data/own/bikes\.csv, which"), watch([], tmp_path):
        file.open("a+").close()


def test_a_file_that_dvc_keeps_as_a_link_is_a_file_of_the_repository(tmp_path: Path, file: Path) -> None:
    """A link into DVC's cache is held to the declaration by its own name, and one to a declared file is declared."""
    cached = tmp_path / ".dvc/cache/files/md5/ab/cdef"
    cached.parent.mkdir(parents=True)
    file.rename(cached)
    file.symlink_to(cached)
    (tmp_path / "alias.csv").symlink_to(file)
    for name in ("data/own/bikes.csv", "alias.csv"):
        with pytest.raises(SourceError, match=f"reads {name}, which"), watch([], tmp_path):
            (tmp_path / name).read_text()
        with watch(["data/own/bikes.csv"], tmp_path):
            (tmp_path / name).read_text()


def test_a_database_in_memory_is_not_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither a database in memory nor a temporary one, which has no name, is in the repository."""
    monkeypatch.chdir(tmp_path)
    with watch([], tmp_path):
        for name in ("", ":memory:", "file::memory:"):
            sqlite3.connect(name, uri=True).close()


def test_dependencies_are_those_of_ingest(tmp_path: Path) -> None:
    """Declared is what dvc.yaml names under deps of ingest, also where DVC wants more said of a file."""
    (tmp_path / "dvc.yaml").write_text("stages: {ingest: {deps: [a.csv, b.csv: {hash: md5}]}, train: {deps: [c]}}\n")
    assert dependencies(tmp_path / "dvc.yaml") == ["a.csv", "b.csv"]


@pytest.mark.parametrize("read", [pd.read_csv, lambda path: path.read_text(encoding="utf-8")], ids=["pandas", "text"])
def test_a_file_of_another_encoding_is_named_with_the_byte(
    tmp_path: Path, file: Path, read: Callable[[Path], Any]
) -> None:
    """Text of an old Windows or of a spreadsheet is told in one line: which file, where, and what to write."""
    rows = "station,bikes\n" + "Oslo,1\n" * 50_000
    (tmp_path / "other.csv").write_text(rows)
    file.write_bytes((rows + "Troms\xf8,2\n").encode("latin-1"))
    said = (
        rf"^{file}, line 50002, byte 350020 is 0xf8, which is not utf-8\. Name its encoding where "
        r"src/usecase/source\.py reads it, such as `encoding='cp1252'`, or save it as UTF-8\.$"
    )
    with pytest.raises(SourceError, match=said), watch(["data", "other.csv"], tmp_path):
        _ = read(tmp_path / "other.csv"), read(file)


def test_bytes_that_no_file_has_keep_their_own_error(tmp_path: Path, file: Path) -> None:
    """What a source decodes that came from elsewhere, such as a network, is not blamed on a file."""
    with pytest.raises(UnicodeDecodeError, match="can't decode byte 0xf8"), watch(["data"], tmp_path):
        _ = pd.read_csv(file), b"Troms\xf8".decode()
