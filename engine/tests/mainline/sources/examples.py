"""The examples of the guide in a project of their own, and what they deliver."""

import re
import uuid
from collections.abc import Mapping

import pandas as pd

from tests.project import ENGINE, Project

GUIDE = ENGINE / "docs" / "sources.md"
MONTHS = ("2024-01", "2024-02", "2024-03")
PLANTED = uuid.uuid4().hex
"""A password that no file has by itself, so that it can be looked for."""

SCHEMA = """
from pandera.pandas import Column, DataFrameSchema

EVENTS, STATIC = "orders", ()
COLUMNS = {"id": Column(int), "at": Column(), "amount": Column(float), "label": Column(float, coerce=True)}
TABLES = {"orders": DataFrameSchema(COLUMNS, strict=True, name="orders")}
"""
INTERFACE = """
from mainline.contract import Field

NAME, TASK, LABEL, KEY = "orders", "regression", "label", ("id",)
REQUEST = (
    Field("id", "integer", "Number", 7),
    Field("at", "time", "When it came", "2024-01-01T00:00:00Z"),
    Field("amount", "number", "What it costs", 1.5),
)
RESPONSE = Field("label", "number", "What is predicted", 7.0)
BANNED = {"label": "it is the label"}
"""


def orders() -> pd.DataFrame:
    """Return the rows that each server has."""
    at = pd.date_range("2024-01-01", periods=90, freq="D", tz="UTC")
    return pd.DataFrame({"id": range(90), "at": at, "amount": [1.5 * n for n in range(90)], "label": range(90)})


def use(place: Project, name: str) -> None:
    """Take an example of the guide for the source."""
    (code,) = re.findall(rf"<!-- source: {name} -->\n```python\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
    (place.path / "src/usecase/source.py").write_text(code, encoding="utf-8")


def ingest(place: Project, variables: Mapping[str, str], succeed: bool = True) -> str:
    """Run the stage by itself; return what it says."""
    ran = place.run("python", "-m", "mainline", "stage", "ingest", succeed=succeed, env=variables)
    return ran.stdout + ran.stderr


def declare_version(place: Project, variables: Mapping[str, str]) -> str:
    """Write the version that the refusal names into params.yaml, as a person does."""
    said = ingest(place, variables, succeed=False)
    (found,) = re.findall(r"write version: '([^']+)'", said)
    place.declare(data={"version": found})
    return str(found)


def check_data(place: Project) -> None:
    """All rows are in their months."""
    read = [pd.read_parquet(place.path / f"data/raw/orders/{month}.parquet") for month in MONTHS]
    assert [len(rows) for rows in read] == [31, 29, 30]
    whole = pd.concat(read)
    assert whole["id"].tolist() == list(range(90))
    assert whole["amount"].tolist() == orders()["amount"].tolist()


def check_nothing_planted(place: Project, *said: str) -> None:
    """No file of the project, nor what was printed, has the credential."""
    files = [file for file in place.path.rglob("*") if file.is_file()]
    assert [file for file in files if PLANTED.encode() in file.read_bytes()] == []
    assert not [text for text in said if PLANTED in text]


def of_month(month: str) -> pd.DataFrame:
    """Return the rows of a month."""
    rows = orders()
    return rows[rows["at"].dt.strftime("%Y-%m") == month].reset_index(drop=True)


def check_refused(place: Project, variables: Mapping[str, str], line: str) -> str:
    """Check that `dvc repro` ends with one line that has a remedy, and that the data of before are whole.

    Args:
        place: a project whose lock names good data.
        variables: the way to the server.
        line: what the line must match.

    Returns:
        What was printed.
    """
    lock = place.path / "dvc.lock"
    before = lock.read_bytes()
    ran = place.run("dvc", "repro", "--force", "ingest", env=variables, succeed=False)
    said = ran.stdout + ran.stderr
    (found,) = re.findall(r"^ingest failed: (.*)$", said, re.MULTILINE)
    assert re.search(line, found), found
    assert re.search(r"wait for the rest|and ask again|Correct it, or what it reads", found)
    assert "`./mainline restore` puts back the last commit's results." in said
    assert "Traceback" not in said
    assert lock.read_bytes() == before
    place.run("dvc", "checkout", "--force", "data/raw")
    check_data(place)
    return said


def shorten(place: Project, limit: str, shorter: str) -> None:
    """Let the example wait less long than the guide says."""
    file = place.path / "src/usecase/source.py"
    code = file.read_text(encoding="utf-8")
    assert limit in code
    file.write_text(code.replace(limit, shorter), encoding="utf-8")


def use_schema(place: Project) -> None:
    """Declare the columns of the orders."""
    (place.path / "src/usecase/schema.py").write_text(SCHEMA, encoding="utf-8")
    (place.path / "src/usecase/interface.py").write_text(INTERFACE, encoding="utf-8")


def validate(place: Project, succeed: bool = True) -> str:
    """Run the stage by itself; return what it says."""
    ran = place.run("python", "-m", "mainline", "stage", "validate", succeed=succeed)
    return ran.stdout + ran.stderr
