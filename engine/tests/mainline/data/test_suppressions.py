"""Keys that are left out of every delivery: hashed in a file of the fork, and the same in columns of any type."""

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from mainline.data import suppressions
from mainline.errors import DataError, SourceError


@pytest.fixture(autouse=True)
def _here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    Path("dvc.yaml").write_text("stages: {ingest: {deps: [src/usecase/source.py]}}\n")


@pytest.mark.parametrize(
    "made",
    [int, float, str, lambda n: pd.Int64Dtype().type(n), np.float32, Decimal, lambda n: f"{n}.0"],
    ids=["int", "float", "str", "np", "float32", "decimal", "str of float"],
)
@pytest.mark.parametrize("key", ["17", "17.0"])
def test_rows_of_a_key_are_left_out_of_each_table_that_has_the_column(made: Callable[[int], Any], key: str) -> None:
    """A number is the same in each type, with a gap beside it too; tables without the column are as they were."""
    suppressions.write(suppressions.read().plus("customer", [key]))
    left = suppressions.read()
    rows = pd.DataFrame({"customer": [made(17), made(18), made(17)], "value": [1, 2, 3]})
    assert left.without(rows)["value"].tolist() == [2]
    assert left.without(pd.DataFrame({"customer": [17.0, np.nan]}))["customer"].isna().tolist() == [True]
    other = pd.DataFrame({"client": [17]})
    assert left.without(other) is other


def test_no_category_is_left_of_a_key() -> None:
    """A column of categories names those that rows have, so a file of it does not hold the key."""
    suppressions.write(suppressions.read().plus("name", ["Ada"]))
    left = suppressions.read().without(pd.DataFrame({"name": pd.Categorical(["Ada", "Grace"])}))
    assert left["name"].cat.categories.tolist() == ["Grace"]


def test_file_shows_no_key_and_adds_up() -> None:
    """The file holds hashes with a salt of its own; a key that is given twice is there once."""
    for keys in (["Ada", "Grace"], ["Ada"]):
        suppressions.write(suppressions.read().plus("name", keys))
    text = suppressions.FILE.read_text()
    assert "Ada" not in text
    assert len(suppressions.read().keys["name"]) == 2
    assert suppressions.read().hash("name", "Ada") != suppressions.read().model_copy(update={"salt": "0" * 32}).hash(
        "name", "Ada"
    )


def test_stage_that_does_not_see_the_file_refuses_it() -> None:
    """Without the line in dvc.yaml a change of the file would go unseen; without the file nothing is asked."""
    suppressions.check()
    suppressions.write(suppressions.read().plus("name", ["Ada"]))
    said = r"^dvc\.yaml: ingest does not depend on src/usecase/forgotten\.json; add `- src/usecase/forgotten\.json`"
    with pytest.raises(SourceError, match=said):
        suppressions.check()
    Path("dvc.yaml").write_text(f"stages: {{ingest: {{deps: [{suppressions.FILE}]}}}}\n")
    suppressions.check()


def test_damaged_file_is_refused_in_one_line() -> None:
    """A file that cannot be read hides nobody, so the stage stops."""
    suppressions.FILE.parent.mkdir(parents=True)
    suppressions.FILE.write_text("{")
    with pytest.raises(DataError, match=r"forgotten\.json"):
        suppressions.read()
