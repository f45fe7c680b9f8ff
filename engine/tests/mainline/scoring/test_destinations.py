"""Predictions sent as files: into a folder, and into a bucket of a real S3 server."""

import json
import os
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest

from mainline.__main__ import main
from mainline.declared import environments
from mainline.errors import ParamsError
from mainline.package.manifest import opened
from mainline.scoring import files, outgoing
from tests.mainline.scoring.test_files import write_csv
from tests.mainline.scoring.test_sql_table import declare
from tests.object_store import ObjectStore

Say = Callable[..., str]


@pytest.fixture
def send(
    package_dir: Path, golden: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Say:  # fmt: skip
    """`mainline predict FILES --send`, of golden requests in the current folder; returns what it says."""
    monkeypatch.chdir(tmp_path)
    for number, folder in enumerate(("a", "b")):
        Path(folder).mkdir()
        write_csv(Path(folder, f"day-{number}.csv"), golden["requests"])

    def run(*names: str, code: int = 0) -> str:
        assert main(["predict", *names, "--send", "--package", str(package_dir)]) == code
        said = capsys.readouterr()
        return (said.err if code else said.out).strip()

    return run


@pytest.mark.parametrize(("form", "read"), [("parquet", pd.read_parquet), ("csv", pd.read_csv)])
def test_folder_gets_a_file_of_each_file(
    form: str, read: Callable[[Path], pd.DataFrame], send: Say, golden: dict[str, Any], package_dir: Path
) -> None:
    """Columns that are kept, predictions to the last bit, and the package; the same bytes again."""
    declare({"folder": "out/scored", "format": form, "keep": ["flight"]})
    said = [line for line in send("a/day-0.csv", "b/day-1.csv").splitlines() if line.startswith("20 ")]
    assert said == [f"20 predictions sent to out/scored/day-{number}.{form}" for number in range(2)]
    found = read(Path(f"out/scored/day-0.{form}"))
    assert list(found) == ["flight", "arr_delay", "package"]
    assert found["arr_delay"].tolist() == golden["predictions"]
    assert set(found["package"]) == {opened(package_dir)[0]["digest"]}
    before = Path(f"out/scored/day-0.{form}").read_bytes()
    send("a/day-0.csv", "b/day-1.csv")
    assert {path.name for path in Path("out/scored").iterdir()} == {f"day-0.{form}", f"day-1.{form}"}
    assert Path(f"out/scored/day-0.{form}").read_bytes() == before


def test_full_disk_leaves_the_file_of_before(send: Say, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that cannot be written whole is one line, and what was there is there."""
    declare({"folder": "out"})
    Path("out").mkdir()
    Path("out/day-0.parquet").write_text("of before")
    real = Path.with_name
    full = lambda path, name: Path("/dev/full") if name.endswith(".parquet.partial") else real(path, name)  # noqa: E731
    unlink = Path.unlink
    monkeypatch.setattr(Path, "with_name", full)
    monkeypatch.setattr(Path, "unlink", lambda path, **named: str(path) == "/dev/full" or unlink(path, **named))
    (line,) = send("a/day-0.csv", code=1).splitlines()
    assert "out/day-0.parquet did not take the predictions" in line
    assert "No space left on device" in line
    assert Path("out/day-0.parquet").read_text() == "of before"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_folder_without_rights_is_one_line(send: Say) -> None:
    """A folder of somebody else is named."""
    Path("out").mkdir(mode=0o500)
    declare({"folder": "out"})
    assert "or the folder not yours to write?" in send("a/day-0.csv", code=1)


@pytest.mark.usefixtures("send")
def test_what_was_sent_is_told_before_a_later_destination_fails(
    package_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whoever reads the output knows where the predictions are by now."""
    Path("file").touch()
    declare({"folder": "out"}, {"folder": "file/below"})
    assert main(["predict", "a/day-0.csv", "--send", "--package", str(package_dir)]) == 1
    assert "20 predictions sent to out/day-0.parquet\n" in capsys.readouterr().out


def test_folder_that_is_a_file_is_one_line(send: Say) -> None:
    """What is in the way is named."""
    Path("out").touch()
    declare({"folder": "out"})
    (line,) = send("a/day-0.csv", code=1).splitlines()
    assert "out/day-0.parquet did not take the predictions: [Errno 17] File exists: 'out'" in line


def test_files_of_one_name_are_refused_before_any_is_predicted(send: Say) -> None:
    """The second would take the place of the first."""
    declare({"folder": "out"})
    Path("b/day-1.csv").rename("b/day-0.csv")
    assert "a/day-0.csv and b/day-0.csv would be the same file of a destination" in send(
        "a/day-0.csv", "b/day-0.csv", code=1
    )
    assert not Path("a/day-0.predictions").exists()


def test_stream_is_not_sent(send: Say) -> None:
    """The line says what to do in its place."""
    assert "--send takes files, not a stream; pipe its output on" in send("--stream", code=1)


def test_column_that_is_not_there_is_one_line(send: Say) -> None:
    """What is declared and not in the file is named, beside what is."""
    declare({"folder": "out", "keep": ["region"]})
    (line,) = send("a/day-0.csv", code=1).splitlines()
    assert "the predictions of day-0 have no column 'region'" in line
    assert not Path("out").exists()


@pytest.mark.parametrize(
    ("declared", "said"),
    [
        ({}, "name a table (with url_from and key) or a folder"),
        ({"folder": "out", "table": "t"}, "name a table (with url_from and key) or a folder"),
        ({"table": "t", "url_from": "SCORING_URL"}, "a table needs url_from"),
        ({"folder": "out", "key": ["a"]}, "url_from and key are of a table"),
        ({"table": "t; drop", "url_from": "SCORING_URL", "key": ["a"]}, "destinations.0.table"),
        (
            {"table": "t", "url_from": "postgresql://me:secret@host/x", "key": ["a"]},
            "url_from is the name of a variable",
        ),
        ({"table": "t", "url_from": "SCORING_URL", "key": ["a"], "format": "csv"}, "format is of a folder"),
        ({"folder": "gs://bucket/x"}, "destinations.0.folder"),
    ],
)
def test_destination_that_is_neither_form_is_refused(
    declared: dict[str, Any], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half a table, half a folder, SQL in a name, an address in the place of a variable's name: one line."""
    monkeypatch.chdir(tmp_path)
    declare(declared)
    with pytest.raises(ParamsError) as refused:
        environments.load(Path("deploy/production.yaml"))
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)
    assert "secret" not in str(refused.value)


def test_bucket_gets_a_whole_file(
    send: Say, object_store: ObjectStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, golden: dict[str, Any]
) -> None:
    """A bucket of a real server has the rows; twice is as once; wrong keys and no server are one line each."""
    for name, value in {**object_store.environment, "AWS_ENDPOINT_URL": object_store.endpoint}.items():
        monkeypatch.setenv(name, value)
    prefix = f"scored-{tmp_path.parent.name}-{tmp_path.name}"
    declare({"folder": object_store.url(prefix)})
    key = f"{prefix}/day-0.parquet"
    for _ in range(2):
        assert send("a/day-0.csv").endswith(f"20 predictions sent to {object_store.url(key)}")
        assert object_store.keys(prefix) == [key]
        found = pd.read_parquet(BytesIO(object_store.read(key)[key]))
        assert found["arr_delay"].tolist() == golden["predictions"]
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "another-secret")
    (line,) = send("a/day-0.csv", code=1).splitlines()
    assert "Its keys need the right s3:PutObject there." in line
    assert "another-secret" not in line
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    (line,) = send("a/day-0.csv", code=1).splitlines()
    assert "Does the store answer" in line
    assert object_store.keys(prefix) == [key]


@pytest.mark.parametrize("name", ["arr_delay", "is_unusual"])
@pytest.mark.parametrize("marks", [[], ["unusual"]])
def test_what_was_added_is_known_whatever_a_label_is_called(
    name: str, marks: list[str], package_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A label whose name ends as the column of marks does is not taken for one: what is not kept stays here."""
    monkeypatch.setattr(outgoing, "Response", lambda _: SimpleNamespace(columns={name: "number"}))
    (tmp_path / files.PREDICTIONS).mkdir()
    (tmp_path / files.STATE).write_text(json.dumps({"run": {"slack": 0.1} if marks else {}}))
    header = ["note", name, *marks]
    (tmp_path / files.PREDICTIONS / "part-00000.csv").write_text(f"{','.join(header)}\nsecret,1.5{',' * len(marks)}\n")
    found = outgoing.gather(package_dir, tmp_path, "day")
    assert found.columns([], []) == [*header[1:], outgoing.PACKAGE]
    (table,) = found.tables([name])
    assert table.to_pylist() == [{name: 1.5}]
