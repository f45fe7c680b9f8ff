"""A source reads declared files of the repository only."""

import os
import sqlite3
from pathlib import Path

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
    sqlite3.connect(tmp_path / "a.db").execute("create table a (b)").connection.close()
    opened = {
        "data/own/bikes.csv": lambda: os.close(os.open(os.fsencode(file), os.O_RDONLY)),
        "a.parquet": lambda: pd.read_parquet(os.path.relpath(tmp_path / "a.parquet")),
        "b.parquet": lambda: pq.ParquetFile(tmp_path / "b.parquet").close(),
        "c.parquet": lambda: pq.read_table(source=tmp_path / "c.parquet"),
        "a.db": lambda: sqlite3.connect(tmp_path / "a.db").close(),
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


def test_dependencies_are_those_of_ingest(tmp_path: Path) -> None:
    """Declared is what dvc.yaml names under deps of ingest, also where DVC wants more said of a file."""
    (tmp_path / "dvc.yaml").write_text("stages: {ingest: {deps: [a.csv, b.csv: {hash: md5}]}, train: {deps: [c]}}\n")
    assert dependencies(tmp_path / "dvc.yaml") == ["a.csv", "b.csv"]
